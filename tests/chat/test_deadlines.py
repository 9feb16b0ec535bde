"""Deadlines: nothing waits for Redis without one, as its own text shows."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import chat

ROOT = Path(chat.__path__[0]).parent
MODULES = {ROOT / "chat" / f"redis_{name}.py" for name in ("bus", "channels", "lanes", "links")}
CALLS = {
    "connect", "send_command", "send_packed_command", "read_response", "find",
    "discover_master", "publish", "subscribe", "execute_command",
}  # fmt: skip
"""What waits for the other side: redis-py's names for it, and ours for what calls them."""

DEADLINES_ELSEWHERE = {
    "Subscriber.read: read_response": "the canary's watch ends it with its link",
    "Lane._use: subscribe": "Subscriber._ask has one for each command",
    "connected: find": "Sentinels.find has one for each sentinel",
    "Sentinels.find: discover_master": "its client was given one",
    "Cluster.find: find": "it only makes the connection that is yet to be made",
    "Slot.find: find": "it only makes the connection that is yet to be made",
    "Sentinels.find: find": "it only makes the connection that is yet to be made",
}


def calls_without(tree: ast.AST, where: str = "", *, is_timed: bool = False) -> Iterator[str]:
    """Yield each awaited call of CALLS that is in no ``asyncio.timeout``, after its function's name."""
    for node in ast.iter_child_nodes(tree):
        inner, timed = where, is_timed
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            inner, timed = f"{where}.{node.name}".lstrip("."), False
        if isinstance(node, ast.AsyncWith):
            timed = is_timed or any("timeout(" in ast.unparse(item) for item in node.items)
        if isinstance(node, ast.Await) and isinstance(node.value, ast.Call) and not timed:
            name = ast.unparse(node.value.func).rpartition(".")[2]
            if name in CALLS:
                yield f"{where}: {name}"
        yield from calls_without(node, inner, is_timed=timed)


def test_every_call_to_redis_has_a_deadline() -> None:
    found = {call for file in MODULES for call in calls_without(ast.parse(file.read_text()))}

    assert found == set(DEADLINES_ELSEWHERE)


def test_nothing_else_speaks_to_redis() -> None:
    folders = ("chat", "rooms", "presence", "storage", "web")
    files = {file for folder in folders for file in (ROOT / folder).rglob("*.py")}
    imports = re.compile(r"^\s*(from|import) redis\b", re.MULTILINE)
    speaking = {file for file in files if imports.search(file.read_text())}

    assert files >= MODULES
    assert speaking <= MODULES


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("async def f(c):\n  await c.connect()", ["f: connect"]),
        ("async def f(c):\n  async with asyncio.timeout(1):\n    await c.connect()", []),
        ("async def f(c):\n  async with other():\n    await c.connect()", ["f: connect"]),
        ("class A:\n  async def f(c):\n    return await c.x.read_response()", ["A.f: read_response"]),
        ("async def f(c):\n  await c.disconnect()", []),
    ],
)  # fmt: skip
def test_a_call_without_one_is_found(text: str, found: list[str]) -> None:
    assert list(calls_without(ast.parse(text))) == found
