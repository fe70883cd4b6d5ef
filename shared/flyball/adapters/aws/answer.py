"""What do the fields of an answer of AWS say, which may be absent or absurd?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flyball.core.model import Capacity, Missing, MissingCause, Status

Answer = Mapping[str, Any]
"""An answer as the SDK parsed it; any field may be absent."""
PAGES_LIMIT = 20
"""Pages of one question; a service that never ends its list is not followed for ever."""


def read_capacity(
    whose: str, desired: object, ready: object, status: Status, told: tuple[str, ...]
) -> Capacity | Missing:
    """Make a capacity of two counts.

    Args:
        whose: The resource, for the message.
        desired: The count asked for, as it was answered.
        ready: The count in service, as it was answered.
        status: Folded.
        told: The provider's word for the status, and remarks; empty ones are left out.

    Returns:
        The capacity; Missing, with what was told, where a count is no whole number of 0 or more.
    """
    detail = join(told)
    counts = []
    for name, count in (("desired", desired), ("current", ready)):
        if not isinstance(count, int) or isinstance(count, bool):
            return Missing(MissingCause.NO_DATA, join((f"{whose}: no {name} count", detail)))
        if count < 0:
            return Missing(MissingCause.NEGATIVE, join((f"{whose}: {name} count {count}", detail)))
        counts.append(count)
    return Capacity(counts[0], counts[1], status, detail=detail)


def join(told: tuple[str, ...]) -> str:
    """Put remarks into one line."""
    return "; ".join(each for each in told if each)


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


def read_pages(
    call: Any,  # noqa: ANN401  (the SDK's method)
    field: str,
    limit: int = PAGES_LIMIT,
    **arguments: Any,  # noqa: ANN401  (the operation's)
) -> list[Answer]:
    """Ask for a list that comes in pages, of which so many are read at most.

    Raises:
        botocore.exceptions.ClientError: A page was refused.
    """
    return read_some(call, field, limit, **arguments)[0]


def read_some(
    call: Any,  # noqa: ANN401  (the SDK's method)
    field: str,
    limit: int,
    **arguments: Any,  # noqa: ANN401  (the operation's)
) -> tuple[list[Answer], bool]:
    """Ask for a list as read_pages does.

    Returns:
        What was read, and whether that is all: the limit did not end it.
    """
    items: list[Answer] = []
    for _ in range(limit):
        answer = call(**arguments)
        items += read_list(answer, field)
        token = answer.get("NextToken")
        if not token:
            return items, True
        arguments["NextToken"] = token
    return items, False
