"""Does down-sampling keep every peak, gap and late minute, in the room that there is?"""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import pairwise

import pytest

from flyball.report.page.model import Segment, Series
from flyball.report.page.sample import AROUND, Bucket, buckets, divide, gather


@dataclass(frozen=True)
class Case:
    """Slots, where they are late, and room."""

    name: str
    slots: int
    late: tuple[int, ...]
    room: int


CASES = [
    Case("one slot", 1, (), 2),
    Case("all of them fit", 100, (5,), 100),
    Case("one too many", 101, (), 100),
    Case("nothing is late", 5_000, (), 300),
    Case("late at both ends", 5_000, (0, 4_999), 700),
    Case("more late than there is room for", 5_000, tuple(range(0, 5_000, 7)), 300),
    Case("a width of its own", 400_000, (10,), 130),
    Case("a year", 525_600, (100, 300_000, 525_599), 9_000),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_slot_is_in_one_bucket(case: Case) -> None:
    """In order, and no more of them than there is room for."""
    late = [float(index in case.late) for index in range(case.slots)]
    found = buckets(divide(late, case.room), case.slots)
    assert found[0].begin == 0
    assert found[-1].end == case.slots
    assert all(one.end == other.begin for one, other in pairwise(found))
    assert all(each.begin < each.end for each in found)
    assert len(found) <= case.room


def test_what_was_late_is_shown_by_the_minute() -> None:
    """The worst places first, with an hour around them."""
    late = [0.0] * 20_000
    late[5_000], late[12_000] = 3.0, 8.0
    segments = divide(late, 1_000)
    found = {each.begin for each in buckets(segments, 20_000) if each.end - each.begin == 1}
    assert set(range(12_000 - AROUND, 12_000 + AROUND + 1)) <= found
    narrow = divide(late, 600)
    left = {each.begin for each in buckets(narrow, 20_000) if each.end - each.begin == 1}
    assert 12_000 in left
    assert 5_000 not in left


def test_a_bucket_keeps_its_least_greatest_and_newest() -> None:
    """A gap alone is a gap."""
    values = [3.0, None, 9.0, 1.0, None, None, 4.0]
    found = gather(values, [Bucket(0, 4), Bucket(4, 6), Bucket(6, 7)])
    assert found == Series((1.0, None, 4.0), (9.0, None, 4.0), (1.0, None, 4.0))


def test_a_segment_may_end_early() -> None:
    """Where the next begins, or the slots end."""
    segments = (Segment(0, 4, 2), Segment(6, 1, 2), Segment(8, 4, 1))
    assert buckets(segments, 10) == [(0, 4), (4, 6), (6, 7), (7, 8), (8, 10)]


def test_no_peak_is_lost() -> None:
    """Whatever the room: the greatest of the whole is the greatest of what is shown."""
    chance = random.Random(4)
    values = [chance.paretovariate(1.2) for _ in range(30_000)]
    into = buckets(divide([0.0] * 30_000, 250), 30_000)
    found = gather(values, into)
    assert max(each for each in found.high if each is not None) == max(values)
    assert min(each for each in found.low if each is not None) == min(values)
    assert found.last[-1] == values[-1]
