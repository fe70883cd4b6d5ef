"""Is this value one that a policy or target may hold, and if not, what is wrong with it?"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import timedelta
from typing import NoReturn

NAME_LIMIT = 256
LONGEST = timedelta(days=3_660)
"""No cooldown, age or window is longer; now plus or minus a few of them is still a date."""
CAPACITY_LIMIT = 1_000_000
"""No endpoint has more instances; a number past it is a mistake in a unit."""


def check_name(where: str, value: str) -> None:
    """Refuse a name that is empty, too long or not printable."""
    if not value or not value.isprintable() or len(value) > NAME_LIMIT:
        fail(where, value, "1 to 256 printable characters")


def check_whole(where: str, value: int, least: int, most: int) -> None:
    """Refuse what is not a whole number from least to most."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        fail(where, value, f"a whole number from {least} to {most}")


def check_finite(where: str, value: float) -> None:
    """Refuse what is not a finite number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        fail(where, value, "a finite number")


def check_duration(where: str, value: timedelta, *, positive: bool = False) -> None:
    """Refuse a negative duration, one past all use, and none at all where it must be positive."""
    if value < timedelta() or (positive and not value):
        fail(where, value, "a duration above 0" if positive else "a duration of 0 or more")
    if value > LONGEST:
        fail(where, value, f"at most {LONGEST.days} days")


def check_unique(where: str, names: Iterable[str]) -> None:
    """Refuse a name that is given twice."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            fail(where, name, "each name once")
        seen.add(name)


def fail(where: str, value: object, expected: str) -> NoReturn:
    """Raise the one kind of error: which field, what it holds, what was expected."""
    message = f"{where}: got {value!r}, expected {expected}"
    raise ValueError(message)
