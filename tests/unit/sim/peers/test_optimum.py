"""Is the clairvoyant the cheapest, in the plant, with nobody late or with a share of them?"""

from __future__ import annotations

import itertools
import math
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flyball.sim.foresight import plan_ahead
from flyball.sim.peers import make
from flyball.sim.peers.optimum import Planned, Settings, find_optimum, foresee
from flyball.sim.peers.tick import Bounds
from flyball.sim.picked import carry_out
from flyball.sim.slots import MOST, Course, Plant, run, score
from tests.unit.sim.peers.story import EACH, MINUTE, NOON

FREE = Bounds(0, MOST)


def course(*loads: float | None) -> Course:
    """Make a course of loads."""
    demand = tuple(None if load is None else load * EACH for load in loads)
    return Course(NOON, demand, EACH)


WAVE = [1.5 + (n % 40) / 16 + (6.0 if n % 97 in {50, 51} else 0.0) for n in range(600)]


@given(
    loads=st.lists(st.integers(0, 16).map(lambda each: each / 4), min_size=2, max_size=80),
    lead=st.integers(0, 4),
)
def test_peer_optimum_leaves_nothing_over_capacity_at_a_ratio_of_one(
    loads: list[float], lead: int
) -> None:
    """After the warm-up, which the first slot's own number may mar."""
    over = course(*[max(loads)] * (len(loads) // 2), *loads)
    plant = Plant((lead * MINUTE,), min_capacity=0)
    marks = score(run(over, plant, foresee(Settings(), FREE, over, plant)))
    assert marks.excess == 0
    assert marks.clairvoyant_ratio in {0.0, 1.0}


def test_peer_optimum_keeps_to_the_bounds() -> None:
    """A least of two costs what it costs."""
    over = course(*[1.0, 3.0, 1.0, 0.0] * 4)
    plant = Plant((timedelta(),))
    assert set(foresee(Settings(), Bounds(2, 9), over, plant).ordered) == {2, 3}


def test_peer_optimum_fills_gaps() -> None:
    """An unknown slot needs what the one before it did."""
    plant = Plant((timedelta(),))
    assert foresee(Settings(), FREE, course(2.0, None, 1.0), plant).ordered == [2, 2, 1]


@pytest.mark.parametrize("late", [0.02, 0.1])
def test_peer_optimum_within_an_allowance_keeps_to_it_and_is_bounded(late: float) -> None:
    """Cheaper than with nobody late, and not cheaper than the bound."""
    over, plant = course(*WAVE), Plant(min_capacity=0)
    found = find_optimum(over, plant, late)
    assert 0 < found.marks.late_ratio <= late
    assert found.marks.clairvoyant_ratio < 1
    assert 0 < found.bound <= found.marks.instance_hours * 60
    again = run(over, plant, foresee(Settings(late), FREE, over, plant))
    assert score(again).late_ratio == found.marks.late_ratio
    assert score(again).instance_hours == found.marks.instance_hours


def try_all(over: Course, plant: Plant, late: float, begin: int) -> float:
    """Find the least that is billed from a slot on by any orders with no more than that late."""
    needs = [math.ceil(load or 0.0) for load in over.loads()]
    before = plan_ahead(needs, plant.lead_slots(over.slot))[:begin]
    least = math.inf
    for orders in itertools.product(range(max(needs) + 1), repeat=len(needs) - begin):
        if sum(orders) < least:
            found = run(over, plant, Planned([*before, *orders]))
            if score(found, begin).late_ratio <= late:
                least = sum(orders)
    return least


@given(
    loads=st.lists(st.integers(0, 8).map(lambda each: each / 4), min_size=2, max_size=4),
    lead=st.integers(0, 2),
    late=st.sampled_from([0.0, 0.05, 0.1, 0.2, 0.3]),
)
@settings(deadline=None, max_examples=50)
def test_the_cheapest_of_all_orders_lies_between_the_plan_and_the_bound(
    loads: list[float], lead: int, late: float
) -> None:
    """In the plant, with all the waiting that orders cause, against every way to order."""
    calm = len(loads)
    over = course(*[2.0] * calm, *loads)
    plant = Plant((lead * MINUTE,), min_capacity=0, initial=2)
    found = find_optimum(over, plant, late, calm)
    least = try_all(over, plant, late, calm)
    assert found.marks.late_ratio <= late
    assert found.bound <= least + 1e-9
    assert least <= sum(found.ordered[calm:])
    if not late:
        assert least == sum(found.ordered[calm:])


def test_peer_optimum_keeps_to_the_allowance_where_it_is_scored() -> None:
    """Whatever is left out at the beginning."""
    over, plant = course(*WAVE), Plant(min_capacity=0)
    for begin in (0, 60, 300, 500):
        (baseline,) = make("optimum:late=0.05")
        found = carry_out(over, plant, baseline.start(over, plant, begin))
        assert 0 < score(found, begin).late_ratio <= 0.05


def test_peer_optimum_with_an_allowance_of_nothing_is_the_optimum() -> None:
    """Plan and bound meet."""
    found = find_optimum(course(*WAVE), Plant(min_capacity=0), 0.0)
    assert (found.marks.clairvoyant_ratio, found.marks.late) == (1.0, 0.0)
    assert found.bound == pytest.approx(found.marks.instance_hours * 60, rel=0.01)


def test_peer_optimum_refuses_a_share_of_all() -> None:
    """By name, with what was expected."""
    with pytest.raises(ValueError, match="late: got 1, expected a share from 0 to below 1"):
        Settings(1.0)
