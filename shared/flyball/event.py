"""How is a foreign event read so that what is wrong with it is said by field?

Nothing in an event is trusted: every field is asked for by type, and an error quotes what was there
escaped and cut.
"""

from __future__ import annotations

import json
import reprlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NoReturn


class EventError(ValueError):
    """An event that cannot be understood.

    Attributes:
        field: Path of the field at fault; "" is the event itself.
    """

    def __init__(self, field: str, got: object, expected: str) -> None:
        self.field = field
        shown = reprlib.repr(got).encode("ascii", "backslashreplace").decode()
        super().__init__(f"event{'.' if field else ''}{field}: got {shown}, expected {expected}")


def parse_json(event: object) -> object:
    """Read an event that may come as its JSON text.

    Raises:
        EventError: It is text, but no JSON.
    """
    if not isinstance(event, (str, bytes, bytearray)):
        return event
    try:
        parsed: object = json.loads(event)
    except (ValueError, RecursionError):  # bytes that are no UTF-8 raise a ValueError too
        refuse("", event, "a JSON object")
    return parsed


def read_mapping(field: str, value: object) -> Mapping[object, object]:
    """See that a field holds an object."""
    if not isinstance(value, Mapping):
        refuse(field, value, "an object")
    return value


def read_text(field: str, value: object) -> str:
    """See that a field holds text, at least one character."""
    if not isinstance(value, str) or not value:
        refuse(field, value, "text")
    return value


def read_instant(field: str, value: object) -> datetime:
    """Read an instant with its offset, as aware UTC."""
    text = read_text(field, value)
    expected = "an instant with an offset, such as 2026-11-21T00:24:11.000+0000"
    try:
        instant = datetime.fromisoformat(text)
        utc = instant.astimezone(UTC)
    except (ValueError, OverflowError):
        refuse(field, value, expected)
    if instant.tzinfo is None:
        refuse(field, value, expected)
    return utc


def refuse(field: str, got: object, expected: str) -> NoReturn:
    """Say what a field held and what was expected."""
    raise EventError(field, got, expected) from None
