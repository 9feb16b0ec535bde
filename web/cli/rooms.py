"""``curbside room``: where people talk."""

from typing import Annotated

import typer

from rooms import directory, membership
from rooms.directory import AddRoom
from rooms.membership import TellAdded
from rooms.permissions import Actor
from storage.people import People
from web.office import Desk, office, one_line_errors

room = typer.Typer(no_args_is_help=True, help="Rooms: add them, with their first members.")


@room.callback()
def _room() -> None:
    pass


@room.command("add")
def add_room(
    slug: Annotated[str, typer.Argument(help="The room's id: a-z, 0-9 and -.")],
    title: Annotated[str, typer.Option(help="What people read.")],
    topic: Annotated[str, typer.Option(help="What it is for.")] = "",
    private: Annotated[bool, typer.Option("--private")] = False,
    member: Annotated[list[str] | None, typer.Option(help="A handle; may be repeated.")] = None,
) -> None:
    """Add a room, with members."""
    payload = {
        "room": slug, "title": title, "topic": topic, "private": private,
        "members": [f"@{handle.removeprefix('@')}" for handle in member or []],
    }  # fmt: skip
    with one_line_errors(), office() as opened:
        request = directory.internal.find("room.add").convert(payload)
        opened.write(lambda desk: _add(desk, request))
        typer.echo(slug)


def _add(desk: Desk, request: AddRoom) -> None:
    """Add the room, and tell its members in ``@me``, who may be connected."""
    desk.run(directory.internal, "room.add", request)
    told = TellAdded(room=request.room)
    for name in dict.fromkeys(request.members):
        person = People(desk.connection).find(name)
        assert person is not None, "room.add refuses those whom it does not find"
        desk.run(membership.internal, "member.tell_added", told, actor=Actor.of(person))
