"""Values: the frozen, keyword-only structs that requests, replies, events and signals are."""

from typing import Any, dataclass_transform

import msgspec


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class ValueMeta(msgspec.StructMeta):
    """Make every subclass frozen and keyword-only, whether or not it says so itself."""

    def __new__(  # noqa: D102  # the class's docstring says it
        mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **config: Any
    ) -> Any:
        return super().__new__(mcls, name, bases, namespace, **{"kw_only": True, **config})


class Value(msgspec.Struct, metaclass=ValueMeta, frozen=True):
    """A frozen struct whose fields are given by name."""
