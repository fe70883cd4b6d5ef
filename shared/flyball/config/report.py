"""Which problems came up while a scalable target was made, and at which fields?"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from flyball.config.problem import Path, Problem
from flyball.config.source import Place

T = TypeVar("T")
Names = Mapping[str, Path]
"""Where the author wrote what the engine calls by another name."""

_PREFIX = re.compile(r"^(?:policy|window|metric|rate)\.")


class Report:
    """Collects problems; those at what was already found wrong are left out."""

    def __init__(self, removed: frozenset[Path] = frozenset()) -> None:
        self.removed = removed
        self.problems: list[Problem] = []

    def add(self, place: Place, message: str, hint: str = "", *, key: bool = False) -> None:
        """Note a problem at a field."""
        if not self.is_removed(place):
            self.problems.append(place.problem(message, hint, key=key))

    def is_removed(self, place: Place) -> bool:
        """Say whether a field, or what is around it, was left out."""
        return any(place.path[:end] in self.removed for end in range(1, len(place.path) + 1))

    def attempt(self, place: Place, names: Names, make: Callable[[], T]) -> T | None:
        """Make a value of the engine's; note its objection at the field that it is about."""
        try:
            return make()
        except ValueError as error:
            where, message = _split(str(error))
            self.add(_find(place, where, names), message)
            return None


def _split(message: str) -> tuple[str, str]:
    """Divide an objection of the engine's into its field and its words."""
    head, _, rest = message.partition(": ")
    head = _PREFIX.sub("", head)
    if head.startswith("schedule "):
        return "schedule", message
    if message.startswith("unknown time zone"):
        return "time_zone", message
    if message.startswith("end "):
        return "end", message
    return head, rest or message


def _find(place: Place, where: str, names: Names) -> Place:
    if where in names:
        return place.at(*names[where])
    field = re.match(r"\w*", where)
    first = field[0] if field else ""
    return place.at(*names.get(first, (first,)))
