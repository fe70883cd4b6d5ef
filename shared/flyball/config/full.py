"""What does a metric show where an instance carries no more, if its source says so?

The key `full` changes nothing of what is read: a simulation goes by it, which has no machine to
look at. It is written as a policy's target value is, of one instance.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from flyball.core.target import FULL

__all__ = ("FULL", "look_at_full", "read_full")


def read_full(source: Mapping[str, str]) -> float | None:
    """Read what a metric shows of an instance that carries no more; None: it is not said.

    Raises:
        ValueError: It is no number above 0.
    """
    text = source.get(FULL)
    if text is None:
        return None
    value = float(text)
    if not 0.0 < value < math.inf:
        raise ValueError(f"got {text}, expected a number above 0")
    return value


def look_at_full(source: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Give (key, what is wrong, hint)."""
    try:
        read_full(source)
    except ValueError:
        hint = "it is what the metric shows where an instance carries no more"
        yield FULL, f"got {source[FULL]}, expected a number above 0", hint
