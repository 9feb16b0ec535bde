"""Statements: compiled once for all engines of a kind, where SQLAlchemy would for each engine anew.

Every test has a database of its own, and so an engine: without this an eighth of what tests of rooms
cost was spent on compiling (measured).
"""

from collections import defaultdict
from typing import Any

from sqlalchemy import util
from sqlalchemy.engine import Dialect, Engine
from sqlalchemy.engine.default import DefaultDialect


def share_compiled() -> None:
    """Have all engines share. Ours of one kind differ in nothing that is compiled."""
    shared: defaultdict[type[Dialect], Any] = defaultdict(lambda: util.LRUCache(2_000))
    cache = property(lambda engine: shared[type(engine.dialect)], lambda *_: None)
    Engine._compiled_cache = cache  # type: ignore[assignment]
    # The cache's keys name the dialect.
    DefaultDialect.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign]
    DefaultDialect.__eq__ = lambda self, other: type(self) is type(other)  # type: ignore[method-assign]
