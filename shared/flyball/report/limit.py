"""Is a change more than is allowed?"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from flyball.report.backtest import Line

EXPECTED = (
    "such as cost>+5%, late>+0.2%, late>1%, changes>+3 or chat:late>+0.1%; of cost, hours, excess, "
    "late, changes and undone"
)
SHARES = frozenset({"late", "excess"})
"""What is a share of the requests: its percent are percentage points."""
FIELDS = ("cost", "hours", "excess", "late", "changes", "undone")
ALL, EACH = "all", "each"
_FORM = re.compile(
    r"(?:(?P<who>.+):)?(?P<field>[a-z]+)\s*>\s*(?P<sign>\+?)(?P<number>\d+(?:\.\d+)?)"
    r"(?P<unit>%|pp)?"
)


class Limit(NamedTuple):
    """What is allowed.

    Attributes:
        text: As it was typed.
        who: ALL together, EACH, or the id of one scalable target.
        field: One of FIELDS.
        number: Exceeded by more than this; a ratio, 0–1 and more, where it is `relative`.
        is_change: It is held against the change, not against the new value.
        is_relative: A change in parts of the old value; of what is a share of the requests, points.
    """

    text: str
    who: str
    field: str
    number: float
    is_change: bool
    is_relative: bool


class Verdict(NamedTuple):
    """What came of a limit.

    Attributes:
        limit: It.
        who: The scalable target, or ALL.
        value: What is held against it: in its unit.
        is_exceeded: Whether it is more.
    """

    limit: Limit
    who: str
    value: float
    is_exceeded: bool


class LimitError(ValueError):
    """A limit cannot be read or judged; the message says what was expected."""


def parse_limit(text: str) -> Limit:
    """Read a limit: FIELD>NUMBER of the new value, FIELD>+NUMBER of the change, with % or without.

    Raises:
        LimitError: It is something else.
    """
    found = _FORM.fullmatch(text.strip())
    if found is None or found["field"] not in FIELDS:
        raise LimitError(f"got {text!r}, expected a limit {EXPECTED}")
    field, unit, is_change = found["field"], found["unit"], bool(found["sign"])
    number = float(found["number"])
    if field in SHARES and unit is None:
        raise LimitError(f"got {text!r}; {field} is a share of the requests: write % after it")
    if field not in SHARES and unit and (unit == "pp" or not is_change):
        raise LimitError(f"got {text!r}; of {field} write >+{number:g}% or >{number:g}")
    scaled = number / 100 if unit else number
    return Limit(text.strip(), found["who"] or ALL, field, scaled, is_change, bool(unit))


def judge_limit(limit: Limit, who: str, old: Line, new: Line) -> Verdict:
    """Hold a limit against what the old and the new config came to.

    Raises:
        LimitError: It is about money, and there is no price.
    """
    before, after = (_measure(limit, each) for each in (old, new))
    value = after - before if limit.is_change else after
    if limit.is_change and limit.is_relative and limit.field not in SHARES:
        value = relate(value, before)
    return Verdict(limit, who, value, value > limit.number)


def relate(change: float, before: float) -> float:
    """Say a change in parts of what was before; of nothing, any change is without bounds."""
    if before:
        return change / before
    return math.copysign(math.inf, change) if change else 0.0


def share(part: float, whole: float) -> float:
    """Say a part as a share, 0–1; of nothing it is 0."""
    return part / whole if whole else 0.0


def _measure(limit: Limit, line: Line) -> float:
    if limit.field == "cost":
        if line.cost is None:
            message = f"{limit.text}: no price_per_hour in the config; limit the hours instead"
            raise LimitError(message)
        return line.cost
    if limit.field == "hours":
        return line.instance_hours
    if limit.field == "changes":
        return line.changes_a_day
    if limit.field == "undone":
        return float(line.reversals)
    return share(line.late if limit.field == "late" else line.excess, line.requests)
