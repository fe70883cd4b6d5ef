"""How long is `1h30m`?"""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

LONGEST = timedelta(days=3_650)
EXPECTED = "a duration such as 300, 300s, 5m, 1h30m or PT5M"

_NUMBER = r"\d{1,12}(?:\.\d{1,6})?"
_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_WORDS = "".join(f"(?:{_NUMBER}{unit})?" for unit in _UNITS)
_ISO = f"P(?:{_NUMBER}D)?(?:T(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?"

PATTERN = rf"^(?:{_NUMBER}|(?=\d){_WORDS}|(?=P.*\d){_ISO})$"
"""What a duration may look like as text; the same in JSON Schema."""
_FORM = re.compile(PATTERN.removesuffix("$") + r"\Z", re.ASCII)


def parse_duration(value: object) -> timedelta:
    """Read a duration.

    Args:
        value: Seconds, or text.

    Raises:
        ValueError: It is neither, is negative or is longer than ten years; says what was expected.
    """
    seconds: Decimal | int
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError(EXPECTED)
    if isinstance(value, str):
        if _FORM.match(value) is None:
            raise ValueError(EXPECTED)
        parts = re.findall(rf"({_NUMBER})([A-Za-z]?)", value)
        seconds = sum(
            (Decimal(number) * _UNITS[unit.lower() or "s"] for number, unit in parts), Decimal(0)
        )
    else:
        seconds = Decimal(value) if isinstance(value, int) else Decimal(repr(value))
        if not seconds.is_finite() or seconds < 0:
            raise ValueError(f"{EXPECTED}, of 0 or more")
    if seconds > int(LONGEST.total_seconds()):
        raise ValueError(f"{EXPECTED}, of at most {LONGEST.days} days")
    return timedelta(microseconds=int(seconds * 1_000_000))


def format_duration(value: timedelta) -> str:
    """Write a duration as people do: 5m, 1h30m, 90s as 1m30s, 0.5s."""
    seconds = value // timedelta(seconds=1)
    out = ""
    for unit, length in _UNITS.items():
        if unit != "s" and seconds >= length:
            out += f"{seconds // length}{unit}"
            seconds %= length
    rest = Decimal(seconds) + Decimal(value.microseconds) / 1_000_000
    return f"{out}{rest.normalize():f}s" if rest or not out else out
