"""Typing: who is writing in a room, as the whole set, at most once a second a room."""

from collections.abc import Iterator

from chat.events import Signal

SHOWN_FOR = 6.0  # seconds after the last word of it; twice what clients repeat it in


class PersonTyping(Signal, signal="person.typing"):
    """Everybody who is typing; it replaces the set told before."""

    people: list[str]


class TypingSignals:
    """Who types where, as one node knows it, in memory."""

    def __init__(self) -> None:
        self._until: dict[str, dict[str, float]] = {}
        self._changed: set[str] = set()
        self._news: dict[str, dict[str, bool]] = {}

    def start(self, room: str, person: str, now: float) -> None:
        """Note that a person types. ``now`` is the loop's time."""
        self._start(room, person, now)
        self._news.setdefault(room, {})[person] = True

    def stop(self, room: str, person: str | None) -> None:
        """Note that a person has done something else: posted, say."""
        if person and self._stop(room, person):
            self._news.setdefault(room, {})[person] = False

    def take_over(self, room: str, news: dict[str, bool], now: float) -> None:
        """Note who types, or no longer does, by what another node told."""
        for person, is_typing in news.items():
            if is_typing:
                self._start(room, person, now)
            else:
                self._stop(room, person)

    def news(self) -> dict[str, dict[str, bool]]:
        """Return by room who typed, or stopped, on this node since the last call."""
        news, self._news = self._news, {}
        return news

    def _start(self, room: str, person: str, now: float) -> None:
        typing = self._until.setdefault(room, {})
        if person not in typing:
            self._changed.add(room)
        typing[person] = now + SHOWN_FOR

    def _stop(self, room: str, person: str) -> bool:
        """Return whether they typed until now."""
        if self._until.get(room, {}).pop(person, None) is None:
            return False
        self._changed.add(room)
        return True

    def stop_everywhere(self, person: str) -> None:
        """Note that a person is not to be seen."""
        for room in self._until:
            self.stop(room, person)

    def changes(self, now: float) -> Iterator[tuple[str, PersonTyping]]:
        """Yield the set of each room in which it changed since the last call."""
        for room, typing in self._until.items():
            for person in [person for person, until in typing.items() if until <= now]:
                del typing[person]
                self._changed.add(room)
        for room in self._changed:
            yield room, PersonTyping(people=sorted(self._until[room]))
            if not self._until[room]:
                del self._until[room]
        self._changed.clear()
