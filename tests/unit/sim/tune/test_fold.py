"""Does every past end where its future begins, on any length of trace?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.sim.backtest import Subject
from flyball.sim.slots import Course, Plant
from flyball.sim.tune.fold import LEAST_SLOTS, Fold, Part, split
from tests.unit.sim.courses import make_target

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
NOON = MONDAY + timedelta(hours=12)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TARGET = make_target()


def make_subject(
    slots: int, start: datetime = MONDAY, slot: timedelta = MINUTE, warm_up: int | None = None
) -> Subject:
    """Make what is split."""
    return Subject(TARGET, Course(start, (1.0,) * slots, 1.0, slot), Plant(), warm_up)


class Case(NamedTuple):
    """A trace, and where its futures begin and end.

    Attributes:
        subject: It.
        wanted: Folds that are asked for.
        past: The first slot that any past has.
        futures: Of each fold.
    """

    subject: Subject
    wanted: int | None
    past: int
    futures: tuple[tuple[int, int], ...]


CASES = {
    "two days have one, in their middle": Case(
        make_subject(2 * 1_440), None, 60, ((1_470, 2_880),)
    ),
    "three days have one, from the midnight nearest to their middle": Case(
        make_subject(3 * 1_440), None, 60, ((2_880, 4_320),)
    ),
    "four days have two, the first not counted": Case(
        make_subject(4 * 1_440), None, 1_440, ((2_880, 4_320), (4_320, 5_760))
    ),
    "a fortnight has three, each from midnight": Case(
        make_subject(14 * 1_440), None, 1_440, ((5_760, 11_520), (11_520, 15_840), (15_840, 20_160))
    ),
    "from noon on, too": Case(
        make_subject(6 * 1_440, NOON), 2, 1_440, ((3_600, 6_480), (6_480, 8_640))
    ),
    "none is none": Case(make_subject(2 * 1_440), 0, 60, ()),
    "an hour and a half has none": Case(make_subject(90), None, 45, ()),
    "six days of hours are too few for three": Case(
        make_subject(6 * 24, slot=HOUR), 3, 24, ((96, 144),)
    ),
    "a warm-up of one's own": Case(make_subject(300, warm_up=0), 1, 0, ((150, 300),)),
    "nothing but warm-up": Case(make_subject(300, warm_up=900), 3, 300, ()),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_futures_follow_one_another_to_the_end(case: Case) -> None:
    """And every past is all that was scored before them."""
    expected = [
        Fold(Part(case.past, begin), Part(begin, end)) for begin, end in case.futures
    ]  # fmt: skip
    assert split(case.subject, case.wanted) == expected


@given(
    slots=st.integers(1, 9_000),
    offset=st.integers(0, 1_439),
    count=st.none() | st.integers(0, 12),
    slot=st.sampled_from([timedelta(seconds=10), MINUTE, timedelta(minutes=5), HOUR]),
    warm_up=st.none() | st.integers(0, 2_000),
)
def test_no_future_is_in_its_past(
    slots: int, offset: int, count: int | None, slot: timedelta, warm_up: int | None
) -> None:
    """Whatever the trace: futures touch, none is empty, and each past ends where one begins."""
    subject = make_subject(slots, MONDAY + offset * MINUTE, slot, warm_up)
    folds = split(subject, count)
    for fold in folds:
        assert fold.past.begin == subject.begin < fold.past.end == fold.future.begin
        assert fold.future.begin < fold.future.end
    ends = [fold.future.end for fold in folds]
    assert ends[:-1] == [fold.future.begin for fold in folds[1:]]
    assert ends[-1:] == [slots][: len(ends)]
    assert len(folds) <= (3 if count is None else count)
    if folds:
        assert slots - subject.begin >= 2 * LEAST_SLOTS
