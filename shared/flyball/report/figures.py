"""How are numbers, instants and durations written for people?"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

DIGITS = 4
"""Significant digits of a measured value."""


def number(value: float) -> str:
    """Write a measured value: 150, 162.3, 0.07, 1,234,567."""
    if not math.isfinite(value):
        return str(value)
    if float(value).is_integer() and abs(value) < 1e15:  # noqa: PLR2004  (beyond it, every float is whole)
        return f"{int(value):,}"
    places = max(0, DIGITS - 1 - math.floor(math.log10(abs(value))))
    if places > 9:  # noqa: PLR2004  (0.0000000001 is read more easily with an exponent)
        return f"{value:.{DIGITS}g}"
    text = f"{value:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(ratio: float) -> str:
    """Write a change of `ratio` (0.082) as +8.2 %; a true minus sign."""
    shown = 100 * ratio
    digits = 2 if abs(shown) < 1 else 1 if abs(shown) < 100 else 0  # noqa: PLR2004  (more is noise)
    return f"{'+' if ratio >= 0 else '−'}{abs(shown):,.{digits}f} %"


def counted(count: int, one: str = "instance") -> str:
    """Write a count with its noun: 1 instance, 2 instances."""
    return f"{count:,} {one}{'' if count == 1 else 's'}"


def instant(at: datetime, beside: datetime | None = None, *, zone: bool = True) -> str:
    """Write an instant in UTC; its date only where it is not that of `beside`."""
    at = at.astimezone(UTC)
    clock = f"{at:%H:%M:%S}" if at.second else f"{at:%H:%M}"
    same_day = beside is not None and at.date() == beside.astimezone(UTC).date()
    return f"{'' if same_day else f'{at:%Y-%m-%d} '}{clock}{' UTC' if zone else ''}"


def duration(length: timedelta) -> str:
    """Write a duration by its two largest units: 45 s, 5 min, 1 h 30 min, 2 d 4 h."""
    seconds = round(abs(length.total_seconds()))
    if not seconds:
        return "0 s"
    parts = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count:,} {unit}")
    return " ".join(parts[:2])
