"""The audit: whatever is done to its entries afterwards is found, and named."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from storage.audit import Act, Audit
from storage.database import Connection, Database
from storage.engines import POSTGRESQL, SQLITE

ACTS = [
    Act(1.0, "saltmarsh", "message.remove", "cardiology", "m1", "names a patient"),
    Act(2.0, "saltmarsh", "message.pin", "cardiology", "m2"),
    Act(3.0, "", "person.add", target="p7", reason="kestrel: member"),
    Act(4.0, "juniper", "token.revoke", target="t3"),
]

UNLOCK = {
    SQLITE: ["DROP TRIGGER audit_no_update", "DROP TRIGGER audit_no_delete"],
    POSTGRESQL: ["SET LOCAL session_replication_role = replica"],
}


@pytest.fixture
def kept(database: Database) -> Database:
    """Return a database whose audit has four entries, made in two transactions."""
    database.write(lambda sql: Audit(sql).add([ACTS[0]._asdict()]))
    database.write(lambda sql: Audit(sql).add([act._asdict() for act in ACTS[1:]]))
    return database


def fault_after(database: Database, *statements: str) -> str | None:
    """Return what is found once somebody who owns the file has run some statements."""

    def tamper(sql: Connection) -> str | None:
        for statement in UNLOCK[sql.dialect.name]:
            sql.execute(text(statement))
        for statement in statements:
            sql.execute(text(statement))
        return Audit(sql).fault()

    return database.write(tamper)


def test_what_was_recorded_is_whole(kept: Database) -> None:
    assert kept.write(lambda sql: Audit(sql).fault()) is None
    assert kept.write(lambda sql: Audit(sql).head()).seq == len(ACTS)
    assert fault_after(kept) is None


def test_an_empty_audit_is_whole(database: Database) -> None:
    assert database.write(lambda sql: Audit(sql).fault()) is None
    assert database.write(lambda sql: Audit(sql).head()) == (0, b"")


@pytest.mark.parametrize(
    ("statements", "fault"),
    [
        (["UPDATE audit SET reason = '' WHERE seq = 1"], "entry 1 is not what was recorded"),
        (["UPDATE audit SET \"by\" = 'juniper' WHERE seq = 2"], "entry 2 is not what was recorded"),
        (
            ["UPDATE audit SET hash = (SELECT hash FROM audit WHERE seq = 1) WHERE seq = 3"],
            "entry 3 is not what was recorded",
        ),
        (["DELETE FROM audit WHERE seq = 1"], "entry 1 is missing"),
        (["DELETE FROM audit WHERE seq = 3"], "entry 3 is missing"),
        (["DELETE FROM audit WHERE seq = 4"], "entry 4 is missing"),
        (
            [
                "UPDATE audit SET seq = 9 WHERE seq = 2", "UPDATE audit SET seq = 2 WHERE seq = 3",
                "UPDATE audit SET seq = 3 WHERE seq = 9",
            ],
            "entry 2 is not what was recorded",
        ),
        (
            ["DELETE FROM audit WHERE seq = 4", "UPDATE audit_head SET seq = 3"],
            "the head is not that of entry 3",
        ),
        (
            ["INSERT INTO audit SELECT 5, at, \"by\", action, room, target, reason, hash FROM audit"
             " WHERE seq = 4"],
            "entry 5 is not what was recorded",
        ),
        (["DELETE FROM audit_head"], "the head is not that of entry 4"),
    ],
)  # fmt: skip
def test_tampering_is_found_and_the_entry_named(
    kept: Database, statements: list[str], fault: str
) -> None:
    assert fault_after(kept, *statements) == fault


@pytest.mark.parametrize("statement", ["UPDATE audit SET reason = ''", "DELETE FROM audit"])
def test_the_database_refuses_to_change_an_entry(kept: Database, statement: str) -> None:
    with pytest.raises(DBAPIError, match="only added to"):
        kept.write(lambda sql: sql.execute(text(statement)))

    assert kept.write(lambda sql: Audit(sql).fault()) is None


def test_more_entries_than_a_page_are_looked_through(
    kept: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.audit.PAGE", 2)

    assert kept.write(lambda sql: Audit(sql).fault()) is None
    assert fault_after(kept, "DELETE FROM audit WHERE seq = 4") == "entry 4 is missing"
