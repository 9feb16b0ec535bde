"""The rules themselves: who may, and who, standing beside them, may not."""

import pytest

from chat.errors import EditWindowClosed, Forbidden, NotFound
from rooms import permissions
from rooms.permissions import Actor, Rights
from storage.messages import Message

ROLES = {"owner": "owner", "keeper": "moderator", "ana": "member"}
PUBLIC = Rights(room="cardiology", private=False, revision=1, roles=ROLES)
PRIVATE = Rights(room="c0ffee", private=True, revision=1, roles=ROLES)
MESSAGE = Message(
    id="m1", seq=1, at=1_000.0, by="ana", kind="text", text="ECG attached.", version=1, reactions=[]
)


def _actor(
    name: str, role: str = "member", kind: str = "person", scopes: frozenset[str] | None = None
) -> Actor:
    return Actor(id=name, handle=name, kind=kind, role=role, verified=True, scopes=scopes)


@pytest.mark.parametrize(
    ("actor", "rights", "may"),
    [
        (_actor("stranger"), PUBLIC, True),
        (_actor("stranger"), PRIVATE, False),
        (_actor("head", "moderator"), PRIVATE, False),
        (_actor("root", "admin"), PRIVATE, False),
        (_actor("ana"), PRIVATE, True),
    ],
)
def test_a_private_room_is_known_to_its_members_alone(
    actor: Actor, rights: Rights, may: bool
) -> None:
    assert permissions.may_know(actor, rights) is may


def test_what_is_not_there_and_what_one_may_not_know_of_is_refused_in_the_same_words() -> None:
    with pytest.raises(NotFound) as missing:
        permissions.require_may_know(_actor("stranger"), None)
    with pytest.raises(NotFound) as hidden:
        permissions.require_may_know(_actor("stranger"), PRIVATE)

    assert missing.value.detail == hidden.value.detail


@pytest.mark.parametrize(
    ("actor", "rights", "may"),
    [
        (_actor("ana"), PUBLIC, False),
        (_actor("keeper"), PUBLIC, True),
        (_actor("owner"), PRIVATE, True),
        (_actor("head", "moderator"), PUBLIC, True),
        (_actor("head", "moderator"), PRIVATE, False),
        (_actor("head", "moderator", scopes=frozenset({"post"})), PUBLIC, False),
        (_actor("head", "moderator", scopes=frozenset({"post", "moderate"})), PUBLIC, True),
        (_actor("ana", scopes=frozenset({"moderate"})), PUBLIC, False),
    ],
)
def test_order_is_kept_by_moderators_and_owners_with_the_scope(
    actor: Actor, rights: Rights, may: bool
) -> None:
    assert permissions.may_moderate(actor, rights) is may


def test_only_who_joined_writes_and_nobody_in_their_own_room() -> None:
    permissions.require_may_write(_actor("ana"), PUBLIC)

    with pytest.raises(Forbidden):
        permissions.require_may_write(_actor("stranger"), PUBLIC)
    own = Rights(room="@ana", private=True, revision=1, roles={"ana": "owner"})
    with pytest.raises(Forbidden):
        permissions.require_may_write(_actor("ana"), own)


def test_an_author_edits_within_the_window_and_nobody_else_ever() -> None:
    permissions.require_may_edit(_actor("ana"), MESSAGE, now=1_600.0, seconds=600.0)

    with pytest.raises(EditWindowClosed):
        permissions.require_may_edit(_actor("ana"), MESSAGE, now=1_600.1, seconds=600.0)
    with pytest.raises(Forbidden):
        permissions.require_may_edit(_actor("owner"), MESSAGE, now=1_000.0, seconds=600.0)


@pytest.mark.parametrize(
    ("bot", "may"),
    [
        (_actor("labs", kind="bot", scopes=frozenset({"post", "pin"})), True),
        (_actor("labs", kind="bot", scopes=frozenset({"post"})), False),
        (_actor("ana", scopes=frozenset({"post", "pin"})), False),
    ],
)
def test_of_bots_those_with_the_scope_pin(bot: Actor, may: bool) -> None:
    if may:
        permissions.require_may_pin(bot, PUBLIC)
        return
    with pytest.raises(Forbidden):
        permissions.require_may_pin(bot, PUBLIC)


def test_a_token_may_do_what_its_scopes_name() -> None:
    reader = _actor("ana", scopes=frozenset({"read"}))
    permissions.require_scope(reader, "read")

    for scope in ("post", None):
        with pytest.raises(Forbidden):
            permissions.require_scope(reader, scope)
    permissions.require_scope(_actor("ana"), None)


@pytest.mark.parametrize(
    ("role", "may"), [("member", False), ("moderator", False), ("admin", True)]
)
def test_how_the_server_fares_is_shown_to_administrators(role: str, may: bool) -> None:
    assert permissions.may_see_metrics(_actor("okafor", role)) is may
