"""What do the fields of an answer of Google say, which may be absent or absurd?

In its JSON a field with its type's zero is left out, and an int64 is a text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

Answer = Mapping[str, Any]
"""An answer as it was parsed from JSON; any field may be absent."""
NOTHING: Answer = {}


def read_part(answer: Answer, field: str) -> Answer | None:
    """Read a structure; None where it is absent, which is not the same as an empty one."""
    part = answer.get(field)
    return part if isinstance(part, Mapping) else None


def read_list(answer: Answer, field: str) -> list[Answer]:
    """Read a list of structures; absent is empty, and what is no structure is left out."""
    items = answer.get(field)
    if not isinstance(items, list):
        return []
    return [item for item in items if isinstance(item, Mapping)]


def read_text(answer: Answer, field: str) -> str:
    """Read a text; absent is empty."""
    text = answer.get(field)
    return text if isinstance(text, str) else ""


def read_count(answer: Answer, field: str) -> int | None:
    """Read a whole number of 0 or more, also one that is written as a text; None for any other."""
    count = answer.get(field)
    if isinstance(count, str) and count.isascii() and count.isdigit():
        return int(count)
    if isinstance(count, int) and not isinstance(count, bool) and count >= 0:
        return count
    return None


def read_instant(answer: Answer, field: str) -> datetime | None:
    """Read an instant in RFC 3339; None for anything else."""
    try:
        at = datetime.fromisoformat(read_text(answer, field))
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


def join(told: Iterable[str]) -> str:
    """Put remarks into one line; empty ones are left out."""
    return "; ".join(each for each in told if each)
