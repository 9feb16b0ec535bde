"""Physicians: those who act without a window of their own, over HTTP, to set a scene quickly."""

from typing import Any, Self

from chat.identifiers import new_id
from tests.journeys.servers import DemoServer
from tests.processes import http_client

# Of each of their rooms a page that is loaded reads the last messages: a third of what a test took.
KEPT = ("cardiology", "cath-lab-review", "@me")


class Physician:
    """One of the demo's people, signed in."""

    def __init__(self, server: DemoServer, handle: str) -> None:
        self.handle = handle
        self.name = handle.title()
        self.password = ""
        self.id = ""
        self._rooms: list[str] = []
        self._client = http_client(server.origin, {"Origin": server.origin, "X-Curbside": "1"})

    async def sign_in(self, password: str) -> Self:
        self.password = password
        person = await self.do("session.open", handle=self.handle, password=password)
        self.id, self.name = person["person"]["id"], person["person"]["name"]
        return self

    @property
    def cookies(self) -> list[tuple[str, str]]:
        """What a browser of this person's sends."""
        return [(cookie.name, cookie.value or "") for cookie in self._client.cookies.jar]

    async def do(self, command: str, **payload: Any) -> Any:
        """Run a command and return its answer."""
        response = await self._client.post(f"/api/{command}", json=payload)
        assert response.status_code == 200, (command, response.text)
        return response.json()

    async def open_room(
        self, title: str, *members: "Physician", private: bool = False, stays: bool = False
    ) -> str:
        """Open a room of its own for a test, or for several where it stays, and return its id."""
        slug = f"{title.lower().replace(' ', '-')}-{new_id()[-8:]}"
        opened = await self.write("room.create", room=slug, title=title, private=private)
        room: str = opened["room"]
        for member in members:
            await self.write("member.add", room=room, person=member.id)
        if not stays:
            for one in (self, *members):
                one._rooms.append(room)
        return room

    async def leave_demo_rooms(self) -> None:
        """Leave what the demo made one a member of, but for KEPT."""
        for room in (await self.do("room.list"))["rooms"]:
            if room["member"] and room["room"] not in KEPT:
                await self.write("member.leave", room=room["room"])

    async def leave_rooms(self) -> None:
        """Leave the rooms that were opened for a test, so that the next one's rail is short."""
        while self._rooms:
            await self.write("member.leave", room=self._rooms.pop())

    async def post(self, room: str, text: str, **more: Any) -> Any:
        """Post, and return the answer: the message's id, number and time."""
        return await self.do("message.post", room=room, text=text, cid=new_id(), **more)

    async def post_many(self, room: str, count: int, of: str = "Ward round note") -> list[Any]:
        """Post numbered messages, the first of them number 1."""
        return [await self.post(room, f"{of} {number}") for number in range(1, count + 1)]

    async def write(self, command: str, **payload: Any) -> Any:
        """Run a command that writes."""
        return await self.do(command, cid=new_id(), **payload)

    async def close(self) -> None:
        await self._client.aclose()


class Staff:
    """Asked for somebody by handle, returns them, signed in once for all tests."""

    def __init__(self, server: DemoServer) -> None:
        self._server = server
        self._known: dict[str, Physician] = {}

    async def __call__(self, handle: str) -> Physician:
        if handle not in self._known:
            physician = Physician(self._server, handle)
            self._known[handle] = await physician.sign_in(self._server.password(handle))
            await physician.leave_demo_rooms()
        return self._known[handle]

    async def leave_rooms(self) -> None:
        """Have everybody leave what was opened for a test."""
        for physician in self._known.values():
            await physician.leave_rooms()

    async def close(self) -> None:
        for physician in self._known.values():
            await physician.close()
