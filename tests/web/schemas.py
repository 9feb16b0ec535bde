"""Schemas: whether a value is as a document describes it; no library of ours reads JSON Schema."""

import math
import re
from typing import Any

TELLING = {"title", "description", "default", "discriminator"}
TYPES: dict[str, Any] = {
    "object": dict, "array": list, "string": str, "boolean": bool, "null": type(None),
    "integer": int, "number": (int, float),
}  # fmt: skip


class Document:
    """One API document."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document

    def find(self, ref: str) -> Any:
        """Return what a ``$ref`` refers to. Raises KeyError."""
        assert ref.startswith("#/"), ref
        found: Any = self.document
        for name in ref.removeprefix("#/").split("/"):
            found = found[name.replace("~1", "/").replace("~0", "~")]
        return found

    def refs(self) -> list[str]:
        """Return every ``$ref``, wherever it stands."""
        return [ref for ref in _refs(self.document) if isinstance(ref, str)]

    def check(self, value: Any, schema: Any, place: str = "") -> None:
        """Hold that a value is as described, and that no key of it goes without description."""
        unknown = schema.keys() - _CHECKS.keys() - TELLING
        assert not unknown, f"{place}: this does not know {unknown}"
        for keyword, wanted in schema.items():
            if keyword in _CHECKS:
                _CHECKS[keyword](self, value, wanted, schema, place)

    def _ref(self, value: Any, ref: str, schema: Any, place: str) -> None:
        self.check(value, self.find(ref), place)

    def _type(self, value: Any, wanted: str, schema: Any, place: str) -> None:
        is_number = wanted in ("integer", "number")
        assert isinstance(value, TYPES[wanted]), f"{place}: {value!r} is no {wanted}"
        assert not (is_number and isinstance(value, bool)), f"{place}: {value!r} is no {wanted}"
        assert not is_number or math.isfinite(value), f"{place}: {value!r} is no {wanted}"

    def _properties(self, value: Any, wanted: Any, schema: Any, place: str) -> None:
        if isinstance(value, dict):
            assert value.keys() <= wanted.keys(), f"{place}: {value.keys() - wanted.keys()}"
            for name, item in value.items():
                self.check(item, wanted[name], f"{place}.{name}")

    def _required(self, value: Any, wanted: list[str], schema: Any, place: str) -> None:
        assert set(wanted) <= value.keys(), f"{place}: lacks {set(wanted) - value.keys()}"

    def _items(self, value: Any, wanted: Any, schema: Any, place: str) -> None:
        for number, item in enumerate(value):
            self.check(item, wanted, f"{place}[{number}]")

    def _additional(self, value: Any, wanted: Any, schema: Any, place: str) -> None:
        if isinstance(wanted, dict):
            for name in value.keys() - schema.get("properties", {}).keys():
                self.check(value[name], wanted, f"{place}.{name}")

    def _any(self, value: Any, wanted: list[Any], schema: Any, place: str) -> None:
        faults = []
        for each in wanted:
            try:
                self.check(value, each, place)
            except AssertionError as fault:
                faults.append(str(fault))
            else:
                return
        raise AssertionError(f"{place}: is none of these: {faults}")

    def _enum(self, value: Any, wanted: list[Any], schema: Any, place: str) -> None:
        assert value in wanted, f"{place}: {value!r} is none of {wanted}"

    def _pattern(self, value: Any, wanted: str, schema: Any, place: str) -> None:
        assert re.search(wanted, value), f"{place}: {value!r} is not {wanted}"

    def _bound(self, value: Any, wanted: float, schema: Any, place: str) -> None:
        size = len(value) if isinstance(value, str | list | dict) else value
        least = schema.get("minimum", schema.get("minLength", schema.get("minItems", -math.inf)))
        most = schema.get("maximum", schema.get("maxLength", schema.get("maxItems", math.inf)))
        assert least <= size <= most, f"{place}: {value!r} is out of bounds"


_CHECKS: dict[str, Any] = {
    "$ref": Document._ref, "type": Document._type, "properties": Document._properties,
    "required": Document._required, "items": Document._items, "anyOf": Document._any,
    "additionalProperties": Document._additional, "enum": Document._enum,
    "pattern": Document._pattern, "minimum": Document._bound, "maximum": Document._bound,
    "minLength": Document._bound, "maxLength": Document._bound, "minItems": Document._bound,
    "maxItems": Document._bound,
}  # fmt: skip


def _refs(value: Any) -> list[Any]:
    if isinstance(value, list):
        return [ref for item in value for ref in _refs(item)]
    if isinstance(value, dict):
        own = [value["$ref"]] if "$ref" in value else []
        return own + [ref for item in value.values() for ref in _refs(item)]
    return []
