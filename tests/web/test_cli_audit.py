"""``curbside audit verify``: beside a running server or without one, it finds what was changed."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.processes import curbside, http_client, served
from tests.web.command_lines import add, is_one_line, ok, rows, run


def tamper(data: Path, statement: str) -> None:
    """Change the audit, as who owns the file can."""
    with closing(sqlite3.connect(data / "curbside.db")) as database, database:
        database.execute("DROP TRIGGER audit_no_update")
        database.execute("DROP TRIGGER audit_no_delete")
        database.execute(statement)


def test_an_audit_is_whole_until_somebody_changes_it(data: Path) -> None:
    add(data, "kestrel")
    whole = ok(run(data, "audit", "verify"))
    [(head,)] = rows(data, "SELECT hex(hash) FROM audit_head")

    tamper(data, "UPDATE audit SET reason = 'kestrel: admin' WHERE action = 'person.add'")
    found = run(data, "audit", "verify")

    assert whole == f"2 entries, whole; head {head.lower()}"
    assert found.code == 1
    assert is_one_line(found.err)
    assert "entry 1 is not what was recorded" in found.err


async def test_it_is_looked_through_beside_a_running_server(data: Path) -> None:
    headers = add(data, "kestrel")
    async with served(data) as server, http_client(server.origin) as client:
        asked = {"scopes": ["read"]}
        refused = await client.post("/api/token.create", json=asked, headers=headers)
        whole = ok(await curbside(data, "audit", "verify"))

    assert refused.status_code == 403  # tokens make no tokens, and a refusal is no act
    assert whole.startswith("2 entries, whole; head ")


def test_where_there_is_no_database_one_line_says_so(data: Path) -> None:
    found = run(data, "audit", "verify")

    assert found.code == 1
    assert is_one_line(found.err)
    assert not (data / "curbside.db").exists()


def test_what_was_restored_says_so_in_the_audit(data: Path, tmp_path: Path) -> None:
    add(data, "kestrel")
    assert run(data, "backup", str(tmp_path / "copy.age")).code == 0

    ok(run(data, "restore", str(tmp_path / "copy.age"), "--force"))

    actions = [action for (action,) in rows(data, "SELECT action FROM audit ORDER BY seq")]
    assert actions == ["person.add", "token.create", "database.restore"]
    assert ok(run(data, "audit", "verify")).startswith("3 entries, whole")
