"""What are a sized endpoint's policies set to?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from flyball.sizing.benchmark import Resource
from flyball.sizing.settings import (
    Cooldowns,
    Kind,
    choose_gauge,
    derive_cooldowns,
    derive_rises,
    derive_settings,
    read_use,
)
from tests.unit.sizing.sized import measure, publish


def test_the_published_example_comes_out() -> None:
    """1 to 8 instances at 5,000 a minute, 10 s out and 100 s in, +1, +3 and +4."""
    found = derive_settings(publish())
    assert (found.min_capacity, found.max_capacity) == (1, 8)
    assert found.invocations == pytest.approx(5_000.0)
    assert found.cooldowns == Cooldowns(timedelta(seconds=10), timedelta(seconds=100))
    assert [each.add for each in found.rises] == [1, 3, 4]
    assert [each.begin_ratio for each in found.rises] == [0.0, 0.05, 0.8]
    assert found.kind is Kind.TRACKING
    assert not found.why


@dataclass(frozen=True)
class Wait:
    """A lead time, and what is waited in seconds."""

    id: str
    lead_s: float
    out: int
    into: int


WAITS = (
    Wait("published", 100, 10, 100),
    Wait("four minutes", 240, 24, 240),
    Wait("rounded up", 95.5, 10, 96),
    Wait("at once", 0, 0, 0),
    Wait("a float's last bit", 30, 3, 30),
)


@pytest.mark.parametrize("case", WAITS, ids=lambda case: case.id)
def test_scale_in_waits_a_lead_time_and_scale_out_a_tenth(case: Wait) -> None:
    """In whole seconds."""
    found = derive_cooldowns(timedelta(seconds=case.lead_s))
    assert found.scale_out == timedelta(seconds=case.out)
    assert found.scale_in == timedelta(seconds=case.into)


def test_steps_add_no_more_than_there_may_be() -> None:
    """Of two instances at most none adds three."""
    assert [each.shown for each in derive_rises(2)] == ["+1", "+2", "+2"]


def test_steps_of_a_large_fleet_grow_with_it() -> None:
    """In percent of what there is, as one, three and four are of four."""
    assert [each.shown for each in derive_rises(9)] == ["+25%", "+75%", "+100%"]
    assert [each.shown for each in derive_rises(8)] == ["+1", "+3", "+4"]


def test_steps_follow_each_other_without_a_gap() -> None:
    """Each begins where the one before ends, and the last has no end."""
    first, middle, last = derive_rises(8)
    assert first.end_ratio == middle.begin_ratio
    assert middle.end_ratio == last.begin_ratio
    assert last.end_ratio is None


def test_what_holds_things_is_not_tracked() -> None:
    """More instances free none of the memory of one."""
    assert choose_gauge(publish(measure(Resource.MEMORY))) is None
    assert choose_gauge(publish(measure(None))) is None
    assert choose_gauge(publish()) is Resource.CPU


def test_use_is_read_off_the_load_test() -> None:
    """A quarter of what is carried uses a quarter; at the limit, what the limit says."""
    sizing = publish()
    assert read_use(sizing, Resource.CPU, 2_500.0) == pytest.approx(0.25)
    assert read_use(sizing, Resource.CPU, sizing.limit.invocations.middle) == 0.5


def test_a_change_keeps_why() -> None:
    """The newest reason of each, and those of others."""
    found = derive_settings(publish()).change("slow", min_capacity=2).change("far", max_capacity=9)
    again = found.change("slower", min_capacity=3)
    assert (again.min_capacity, again.max_capacity) == (3, 9)
    assert again.why == {"min_capacity": "slower", "max_capacity": "far"}
