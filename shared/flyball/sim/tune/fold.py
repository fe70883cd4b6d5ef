"""Which days choose, and which days after them judge what was chosen?"""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import NamedTuple

from flyball.sim.backtest import Subject
from flyball.sim.judge import DAY

USUAL = 3
MOST = 12
LEAST_SLOTS = 60
"""Of a part: in less than an hour of minutes nothing can be judged."""


class Part(NamedTuple):
    """Slots of a course.

    Attributes:
        begin: The first.
        end: The first that is no longer one of them.
    """

    begin: int
    end: int


class Fold(NamedTuple):
    """A past, and the future that follows it.

    Attributes:
        past: What chooses.
        future: What judges.
    """

    past: Part
    future: Part


def split(subject: Subject, count: int | None = None) -> list[Fold]:
    """Split what is scored of a course, so that every past ends where its future begins.

    The futures are of one length, one after the other to the end; the first past is at least as
    long as one of them, and each later one has all that was before it. They end at midnight in UTC
    where there are days enough.

    Args:
        subject: What is backtested.
        count: How many; 0: none; None: as many as there are days, less one, but no more than USUAL.
    """
    slot, total = subject.course.slot, len(subject.course.demand)
    scored = total - subject.begin
    days = scored * slot // DAY
    wanted = min(USUAL, max(1, days - 1)) if count is None else count
    wanted = min(wanted, max(0, scored // LEAST_SLOTS - 1))
    if not wanted:
        return []
    begins = [subject.begin + scored * each // (wanted + 1) for each in range(1, wanted + 1)]
    if days > wanted:
        begins = [_find_midnight(subject, each) for each in begins]
    ends = [*begins[1:], total]
    return [
        Fold(Part(subject.begin, begin), Part(begin, end))
        for begin, end in zip(begins, ends, strict=True)
        if subject.begin < begin < end
    ]


def _find_midnight(subject: Subject, index: int) -> int:
    """Find the slot that begins at the midnight that is nearest to one."""
    course = subject.course
    at = (course.start + index * course.slot).astimezone(UTC) + DAY / 2
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    since = midnight - course.start
    return -(-since // course.slot) if since > timedelta() else index
