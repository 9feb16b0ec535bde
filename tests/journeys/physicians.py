"""Physicians: those who act without a window of their own, over HTTP, to set a scene quickly."""

from typing import Any, Self

import httpx2

from chat.identifiers import new_id
from tests.journeys.servers import Server


class Physician:
    """One of the demo's people, signed in."""

    def __init__(self, server: Server, handle: str) -> None:
        self.handle = handle
        self.name = handle.title()
        self.password = ""
        self.id = ""
        self._client = httpx2.AsyncClient(
            base_url=server.origin, headers={"Origin": server.origin, "X-Curbside": "1"}
        )

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
        self, title: str, *members: "Physician", private: bool = False
    ) -> str:  # fmt: skip
        """Open a room of its own for a test, and return its id."""
        slug = f"{title.lower().replace(' ', '-')}-{new_id()[-8:]}"
        opened = await self.do(
            "room.create", room=slug, title=title, private=private, cid=new_id()
        )  # fmt: skip
        for member in members:
            await self.do("member.add", room=opened["room"], person=member.id, cid=new_id())
        room: str = opened["room"]
        return room

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
