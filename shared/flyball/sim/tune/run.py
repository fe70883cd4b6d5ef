"""What does one point of a search, or one peer, come to on each part of a course?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from flyball.sim.backtest import Subject, backtest
from flyball.sim.judge import DAY, Marks, Slots, judge_each
from flyball.sim.peers import make
from flyball.sim.slots import Run
from flyball.sim.tune.fold import Part
from flyball.sim.tune.score import Score, score_marks

Tell = Callable[[float], None]


class Piece(NamedTuple):
    """A run that knows nothing of any other.

    Attributes:
        number: Its number among those that run together.
        subject: What is backtested; of its course no more is run than the parts need.
        parts: What is judged, each by itself.
        peer: Who runs in place of the config, as it is typed; "": the config.
    """

    number: int
    subject: Subject
    parts: tuple[Part, ...]
    peer: str = ""


Answer = tuple[int, tuple[Score, ...]]
"""A piece's number, and a score for each of its parts."""
Spread = Callable[[Sequence[Piece]], Iterator[Answer]]
"""Runs pieces somewhere, and gives the answers in any order."""


def run_piece(piece: Piece, tell: Tell) -> Answer:
    """Run it, and judge its parts.

    Nothing after the last part is in the course, so that nobody can know of it. Each part is judged
    as if the course ended there: what it comes to is the same, however far the run went on.

    Args:
        piece: What to run.
        tell: Told how much is done, as a ratio.

    Raises:
        MeaningError: As backtest.
        BrokenError: As backtest.
        ImportError: As backtest.
    """
    subject = piece.subject
    end = max(part.end for part in piece.parts)
    course = replace(subject.course, demand=subject.course.demand[:end])
    found = _run(replace(subject, course=course), piece.peer, tell)
    slot_days = course.slot / DAY
    marks = _judge(found, piece.parts)
    return piece.number, tuple(score_marks(marks[each], slot_days) for each in piece.parts)


def _judge(found: Run, parts: Sequence[Part]) -> dict[Part, Marks]:
    lead_slots = found.plant.lead_slots(found.course.slot)
    marks: dict[Part, Marks] = {}
    for end in {part.end for part in parts}:
        ended = [part for part in parts if part.end == end]
        marks |= zip(ended, judge_each(_cut(found.slots, end), lead_slots, ended), strict=True)
    return marks


def _cut(slots: Slots, end: int) -> Slots:
    """Leave out the demand after a part: who knows the future would order for it."""
    return slots._replace(
        demand=slots.demand[:end], capacity_per_instance=slots.capacity_per_instance[:end]
    )


def _run(subject: Subject, peer: str, tell: Tell) -> Run:
    if peer:
        (baseline,) = make([peer], subject.scalable_target.windows)
        return baseline.run(subject.course, subject.plant)
    done, total = 0, len(subject.course.demand)

    def advance(slots: int) -> None:
        nonlocal done
        done += slots
        tell(done / total)

    return backtest(subject, advance=advance).ours.run
