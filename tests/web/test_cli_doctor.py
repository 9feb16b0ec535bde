"""What the doctor says."""

from pathlib import Path

from tests.web.command_lines import ok, run
from web.cli.locks import hold


def test_the_doctor_says_whether_all_is_well(data: Path) -> None:
    before = run(data, "doctor")
    ok(run(data, "migrate"))
    with hold(data):
        beside = run(data, "doctor")
    after = run(data, "doctor")

    assert before.code == 1
    assert "NO  database: none at" in before.out
    assert beside.code == 0
    lines = beside.out.splitlines()
    assert all(line.startswith("ok  ") for line in lines)
    assert {line[4:].partition(":")[0] for line in lines} >= {
        "schema", "journal", "synchronous", "integrity", "disk", "server"
    }  # fmt: skip
    assert "ok  server: running" in lines
    assert "ok  server: not running" in after.out.splitlines()
