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
    # SQLAlchemy offers no cache of several engines: each keeps its own in this attribute …
    cache = property(lambda engine: shared[type(engine.dialect)], lambda *_: None)
    Engine._compiled_cache = cache  # type: ignore[assignment]  # where each engine has a cache
    # … under keys that name the engine's dialect, which are to be one for all of its kind.
    kind_hash, is_of_kind = lambda it: hash(type(it)), lambda it, other: type(it) is type(other)
    DefaultDialect.__hash__ = kind_hash  # type: ignore[method-assign]  # that of any object
    DefaultDialect.__eq__ = is_of_kind  # type: ignore[method-assign]  # that of any object
