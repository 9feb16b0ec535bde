"""Authority: who may no longer be here is sent away, whoever took it from them."""

from functools import partial
from typing import Any

import pytest

from chat.errors import Close, Unavailable
from storage.authority import Authority
from storage.credentials import Credentials
from storage.database import Connection as SqlConnection
from storage.database import Database, DatabaseAway
from storage.tokens import Tokens
from tests.builders import Ward
from tests.clients import Client
from web.curbside import Curbside


@pytest.fixture
async def signed_in(ward: Ward) -> Ward:
    """Return a ward whose node has looked at it once, so that only what is new is looked at."""
    await check(ward.curbside)
    return ward


async def check(curbside: Curbside) -> None:
    await curbside.connections.authority.check()


async def beside(ward: Ward, sql: str, *tells_of: str) -> None:
    """Change the database as another process would, and tell of some people."""

    def change(connection: SqlConnection) -> None:
        connection.exec_driver_sql(sql)
        for handle in tells_of:
            Authority(connection).advance(ward.id(handle))

    await ward.curbside.database.transaction(change)


async def test_a_session_that_another_process_ended_is_closed_here(signed_in: Ward) -> None:
    ana, ben = Client(signed_in, "ana"), Client(signed_in, "ben")
    end = partial(_close_sessions, signed_in.id("ana"))
    await signed_in.curbside.database.transaction(end)

    await check(signed_in.curbside)

    assert (ana.link.code, ben.link.code) == (Close.SIGNED_OUT, None)


def _close_sessions(person: str, connection: SqlConnection) -> int:
    return Credentials(connection).close_sessions(person)


async def test_whoever_is_not_who_they_were_connects_again(signed_in: Ward) -> None:
    ana, ben = Client(signed_in, "ana"), Client(signed_in, "ben")
    await beside(signed_in, "UPDATE people SET role = 'moderator' WHERE handle = 'ana'", "ana")

    await check(signed_in.curbside)

    assert (ana.link.code, ben.link.code) == (Close.RIGHTS_CHANGED, None)


async def test_a_token_whose_scopes_changed_connects_again(signed_in: Ward) -> None:
    for handle in ("pager", "feed"):
        await signed_in.admit(handle, kind="bot", scopes=frozenset(("read", "post")))
    pager, feed = Client(signed_in, "pager"), Client(signed_in, "feed")
    only_reads = f"UPDATE tokens SET scopes = 'read' WHERE person = '{signed_in.id('pager')}'"
    await beside(signed_in, only_reads, "pager", "feed")

    await check(signed_in.curbside)

    assert (pager.link.code, feed.link.code) == (Close.RIGHTS_CHANGED, None)


async def test_a_session_that_has_expired_is_to_be_opened_again(signed_in: Ward) -> None:
    ana, ben = Client(signed_in, "ana"), Client(signed_in, "ben")
    ana.connection.expires = 1.0
    await beside(
        signed_in, f"DELETE FROM sessions WHERE person = '{signed_in.id('ana')}'", "ana", "ben"
    )

    await check(signed_in.curbside)

    assert (ana.link.code, ben.link.code) == (Close.SESSION_EXPIRED, None)


async def test_a_session_that_ended_while_somebody_connected_is_found(signed_in: Ward) -> None:
    await beside(signed_in, "DELETE FROM sessions", "ana")
    await check(signed_in.curbside)  # before the socket, which was identified earlier, is added
    ana = Client(signed_in, "ana")

    await check(signed_in.curbside)

    assert ana.link.code == Close.SIGNED_OUT


async def test_only_those_who_changed_are_looked_at(signed_in: Ward) -> None:
    ana, ben = Client(signed_in, "ana"), Client(signed_in, "ben")
    await check(signed_in.curbside)
    await beside(signed_in, "DELETE FROM sessions")

    await check(signed_in.curbside)
    codes = [ana.link.code, ben.link.code]
    await beside(signed_in, "SELECT 1", "ana")
    await check(signed_in.curbside)

    assert codes == [None, None]
    assert (ana.link.code, ben.link.code) == (Close.SIGNED_OUT, None)


async def test_a_look_that_failed_is_taken_again(
    signed_in: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = Client(signed_in, "ana")
    await check(signed_in.curbside)
    await beside(signed_in, "DELETE FROM sessions", "ana")

    def away(_credentials: Credentials, _digests: list[bytes], _now: float) -> None:
        raise DatabaseAway("for now")

    with monkeypatch.context() as patch:
        patch.setattr(Credentials, "live", away)
        with pytest.raises(Unavailable):
            await check(signed_in.curbside)
    code = ana.link.code
    await check(signed_in.curbside)

    assert (code, ana.link.code) == (None, Close.SIGNED_OUT)


async def test_more_people_than_one_page_are_looked_at(
    signed_in: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.authority.PAGE", 2)
    clients = [Client(signed_in, handle) for handle in ("ana", "ben", "linden", "stranger", "ana")]
    await beside(
        signed_in, f"DELETE FROM sessions WHERE person = '{signed_in.id('ana')}'", *signed_in.actors
    )

    await check(signed_in.curbside)

    assert [client.link.code for client in clients] == [4204, None, None, None, 4204]


def test_the_number_moves_with_every_end_and_with_nothing_else(database: Database) -> None:
    def open_all(connection: SqlConnection) -> None:
        credentials = Credentials(connection)
        for name, person in ((b"one", "ana"), (b"two", "ana"), (b"three", "ben")):
            credentials.open_session(name, person, at=0.0, expires=10.0)
        credentials.add_token(b"four", "t", "ben", frozenset({"read"}), at=0.0, expires=None)

    def state(connection: SqlConnection) -> list[Any]:
        authority = Authority(connection)
        return [authority.revision(), *(authority.changed(since) for since in (0, 1, 2))]

    ends = [
        lambda connection: Credentials(connection).close_session(b"one"),
        lambda connection: Tokens(connection).remove("t"),
        lambda connection: Credentials(connection).close_sessions("ana"),
        lambda connection: Credentials(connection).close_session(b"one"),
    ]
    database.write(open_all)

    states = [database.write(state)]
    for end in ends:
        database.write(end)
        states.append(database.write(state))

    assert states == [
        [0, set(), set(), set()],
        [1, {"ana"}, set(), set()],
        [2, {"ana", "ben"}, {"ben"}, set()],
        [3, {"ana", "ben"}, {"ana", "ben"}, {"ana"}],
        [3, {"ana", "ben"}, {"ana", "ben"}, {"ana"}],
    ]
