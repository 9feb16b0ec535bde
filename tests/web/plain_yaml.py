"""Plain YAML: as much of it as our deployment files are written in, for there is no reader in Python.

Blocks of maps and lists, flow lists, quoted and bare scalars, comments, anchors of maps and their
merging. Whatever else is in a file is an error: it is to be written plainly, or this to be extended.
"""

import json
import re
from typing import Any

_KEY = re.compile(r"""("[^"]*"|[A-Za-z0-9_./<-]+):(?: +(.*))?$""")
_UNKNOWN = tuple("{}|>%@`!?")


class NotPlain(Exception):
    """The text is no YAML, or none of the kind that is read here."""


def parse(text: str) -> Any:
    """Return what a document holds. Raises NotPlain."""
    lines = [
        (number, len(line) - len(line.lstrip()), line.strip())
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.strip().startswith("#")
    ]
    reader = _Reader(lines)
    value = reader.block(0)
    reader.require(not lines, "ends too early")
    return value


class _Reader:
    def __init__(self, lines: list[tuple[int, int, str]]) -> None:
        self._lines = lines
        self._anchors: dict[str, Any] = {}

    def require(self, is_so: bool, what: str) -> None:
        if not is_so:
            raise NotPlain(f"line {self._lines[0][0] if self._lines else 'last'}: {what}")

    def block(self, least: int) -> Any:
        """Return the map or list that begins in the next line, indented by ``least`` or more."""
        if not self._lines or self._lines[0][1] < least:
            return None
        indent = self._lines[0][1]
        return self._list(indent) if self._lines[0][2].startswith("- ") else self._map(indent)

    def _list(self, indent: int) -> list[Any]:
        found: list[Any] = []
        while self._lines and self._lines[0][1] == indent and self._lines[0][2].startswith("- "):
            number, _, text = self._lines[0]
            item = text[2:].lstrip()
            if _KEY.match(item) and not item.startswith('"'):
                self._lines[0] = (number, indent + 2, item)
                found.append(self._map(indent + 2))
            else:
                found.append(self._scalar(item))
                self._lines.pop(0)
        return found

    def _map(self, indent: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        while self._lines and self._lines[0][1] == indent:
            match = _KEY.match(self._lines[0][2])
            self.require(match is not None, "a key was expected")
            assert match is not None
            key, rest = match[1].strip('"'), match[2] or ""
            self.require(key not in found, f"{key} is there twice")
            if key == "<<":
                self.require(rest[1:] in self._anchors, "no such anchor")
                merged = self._anchors[rest[1:]]
                self._lines.pop(0)
            else:
                found[key] = self._value(rest, indent)
        self.require(not self._lines or self._lines[0][1] < indent, "indented too far")
        return {**merged, **found}

    def _value(self, rest: str, indent: int) -> Any:
        anchor = re.fullmatch(r"&(\w+)", rest)
        if rest and anchor is None:
            value = self._scalar(rest)
            self._lines.pop(0)
            return value
        self._lines.pop(0)
        value = self.block(indent + 1)
        if anchor is not None:
            self._anchors[anchor[1]] = value
        return value

    def _scalar(self, text: str) -> Any:
        quoted = re.fullmatch(r'("(?:[^"\\]|\\.)*")(?:\s+#.*)?', text)
        if quoted is not None:
            return json.loads(quoted[1])
        text = re.sub(r"\s+#.*", "", text)
        if text.startswith("["):
            self.require(text.endswith("]"), "a list ends in its line")
            items = re.findall(r'"(?:[^"\\]|\\.)*"|[^,\s][^,]*', text[1:-1])
            return [self._scalar(item.strip()) for item in items]
        self.require(not text.startswith(('"', "'", "&", "*", *_UNKNOWN)), "not plain")
        self.require(": " not in text and not text.endswith(":"), "a map within a line")
        if text in ("true", "false"):
            return text == "true"
        return int(text) if re.fullmatch(r"-?\d+", text) else text
