"""What does one point of a search, or one peer, come to on each part of a course?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from flyball.sim.backtest import Subject, backtest
from flyball.sim.judge import DAY, judge_each
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

    Nothing after the last part is in the course, so that nobody can know of it.

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
    marks = judge_each(found.slots, found.plant.lead_slots(course.slot), piece.parts)
    return piece.number, tuple(score_marks(each, slot_days) for each in marks)


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
