"""Is what a clairvoyant orders the cheapest of all ways?"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.sim.foresight import cut_layers, plan_ahead, plan_at_price, plan_within
from flyball.sim.score import foresee

needs_of = st.lists(st.integers(0, 4), max_size=12)
leads = st.integers(0, 4)


@dataclass(frozen=True)
class Case:
    """Needs by the slot, a lead, and what is ordered."""

    id: str
    needs: list[int]
    lead: int
    expect: list[int]


CASES = [
    Case("nothing", [], 3, []),
    Case("nobody", [0, 0, 0], 3, [0, 0, 0]),
    Case("no lead", [1, 3, 0, 2], 0, [1, 3, 0, 2]),
    Case("ordered one lead before", [0, 0, 0, 2, 0], 2, [0, 2, 2, 2, 0]),
    Case("a gap as long as the lead is bridged", [1, 0, 0, 1], 2, [1, 1, 1, 1]),
    Case("a longer one is not", [1, 0, 0, 0, 1], 2, [1, 0, 1, 1, 1]),
    Case("each layer by itself", [2, 1, 1, 1, 2], 2, [2, 1, 2, 2, 2]),
    Case("a lead longer than all", [0, 1], 9, [1, 1]),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_clairvoyant_orders_the_largest_need_of_one_lead_on(case: Case) -> None:
    """Slot by slot."""
    assert plan_ahead(case.needs, case.lead) == case.expect


@given(needs=needs_of, lead=leads)
def test_the_layers_optimum_is_that_of_a_dynamic_programme(needs: list[int], lead: int) -> None:
    """Over all counts of all slots: the least Σ n + lead × Σ growth with n at least the need."""
    best = dict.fromkeys(range(5), 0.0)
    for index, need in enumerate(needs):
        best = {
            after: min(
                cost + after + (lead * max(0, after - before) if index else 0)
                for before, cost in best.items()
            )
            for after in range(need, 5)
        }
    assert sum(plan_ahead(needs, lead)) == min(best.values())


@given(needs=needs_of, lead=leads)
def test_the_plans_sum_is_what_the_score_compares_with(needs: list[int], lead: int) -> None:
    """One number by two ways."""
    assert sum(plan_ahead(needs, lead)) == foresee(needs, lead)


@given(needs=needs_of, lead=leads)
def test_what_is_ordered_ahead_is_in_service_when_it_is_needed(needs: list[int], lead: int) -> None:
    """In service is the least that was ordered within one lead."""
    ordered = plan_ahead(needs, lead)
    for slot, need in enumerate(needs):
        assert min(ordered[max(0, slot - lead) : slot + 1]) >= need


def test_a_demand_falls_into_what_each_instance_serves() -> None:
    """The first serves up to one, the second what is over it."""
    first, second = cut_layers([0.0, 1.5, 0.5, 2.0])
    assert first == ((1, 2, 3), (1.0, 0.5, 1.0))
    assert second == ((1, 3), (0.5, 1.0))


def try_all(loads: list[float], lead: int) -> list[tuple[int, float]]:
    """Give cost and excess of every course of instances in service."""
    most = math.ceil(max(loads))
    found = []
    for counts in itertools.product(range(most + 1), repeat=len(loads)):
        growth = 0
        for before, after in itertools.pairwise(counts):
            growth += max(0, after - before)
        excess = sum(max(0.0, load - n) for load, n in zip(loads, counts, strict=True))
        found.append((sum(counts) + lead * growth, excess))
    return found


quarters = st.integers(0, 8).map(lambda each: each / 4)


@given(
    loads=st.lists(quarters, min_size=1, max_size=6),
    lead=st.integers(0, 2),
    price=st.sampled_from([0.5, 1.5, 3.0, 7.0, 50.0]),
)
def test_at_a_price_no_way_is_cheaper(loads: list[float], lead: int, price: float) -> None:
    """Instance-slots and the price of what is left, against every way that there is."""
    plan = plan_at_price(cut_layers(loads), len(loads), lead, price)
    best = min(cost + price * excess for cost, excess in try_all(loads, lead))
    assert plan.cost + price * plan.excess == pytest.approx(best)
    assert plan.cost == sum(plan.ordered)


@given(loads=st.lists(quarters, min_size=1, max_size=6), lead=st.integers(0, 2))
def test_a_plan_leaves_no_more_than_it_says(loads: list[float], lead: int) -> None:
    """What is in service by its orders, against the demand."""
    plan = plan_at_price(cut_layers(loads), len(loads), lead, 1.5)
    left = 0.0
    for slot, load in enumerate(loads):
        left += max(0.0, load - min(plan.ordered[max(0, slot - lead) : slot + 1]))
    assert left <= plan.excess + 1e-9


@given(
    loads=st.lists(quarters, min_size=1, max_size=6),
    lead=st.integers(0, 2),
    allowance=st.sampled_from([0.0, 0.25, 0.75, 1.5]),
)
def test_the_optimum_within_an_allowance_lies_between_the_plan_and_the_bound(
    loads: list[float], lead: int, allowance: float
) -> None:
    """Against the best of every way that keeps to it."""
    found = plan_within(loads, lead, allowance)
    best = min(cost for cost, excess in try_all(loads, lead) if excess <= allowance)
    assert found.plan.excess <= allowance
    assert found.bound <= best + 1e-9
    assert found.plan.cost >= best


def test_plan_and_bound_meet_where_a_price_spends_the_allowance() -> None:
    """A slot that is a quarter over two instances: the third saves 5, and nothing is in between."""
    found = plan_within([2.0, 2.0, 2.25, 2.0, 2.0, 2.0, 2.0], 2, 0.25)
    assert (found.plan.cost, found.plan.excess) == (14, 0.25)
    assert found.bound == pytest.approx(14, abs=0.01)


def test_what_is_held_to_the_allowance_may_be_more_than_the_excess() -> None:
    """Where every plan that leaves something is held to be too late, nothing is left."""
    found = plan_within([1.0, 1.25, 1.0], 1, 1.0, lambda plan: 9.0 if plan.excess else 0.0)
    assert (found.plan.ordered, found.plan.excess) == ((2, 2, 1), 0.0)
    assert found.bound < found.plan.cost
