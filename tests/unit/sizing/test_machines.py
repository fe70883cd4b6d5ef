"""Is the cheapest instance type found, and the load from which another one is?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.sizing.benchmark import BenchmarkError, Machine
from flyball.sizing.expectation import Expectation, Shape, Spike, count_instances, expect_trace
from flyball.sizing.machines import Candidate, Turn, compare_machines


def offer(name: str, price: float | None, invocations: float, gpus: int = 0) -> Candidate:
    """Offer an instance type."""
    return Candidate(Machine(name, gpus=gpus, price_per_hour=price), invocations)


SMALL = offer("small", 0.1, 600.0)
"""10 requests a second."""
BIG = offer("big", 0.36, 2_400.0)
"""Four times as much, for 3.6 times the price."""
FAST = offer("fast", 0.7, 12_000.0, gpus=1)
"""Twenty times as much, for seven times the price."""
POOR = offer("poor", 0.1, 300.0)
DEAR = offer("dear", 0.5, 2_400.0)


@dataclass(frozen=True)
class Case:
    """Constant requests a second, the cheapest type, and what is said."""

    id: str
    per_s: float
    candidates: tuple[Candidate, ...]
    cheapest: str
    hourly: float
    said: tuple[str, ...]


CASES = (
    Case("alone", 15.0, (SMALL,), "small", 0.2, ("small is cheapest: 0.20 an hour",)),
    Case(
        "little load: the big one stands idle",
        15.0,
        (BIG, SMALL),
        "small",
        0.2,
        ("Scale out", "44% less than with big", "Where all instances are full big is cheaper"),
    ),
    Case(
        "just full",
        40.0,
        (SMALL, BIG),
        "big",
        0.36,
        ("Scale up, to a bigger one: that is 10% less", "big is never dearer than small from 30.0"),
    ),
    Case(
        "one request more",
        41.0,
        (SMALL, BIG),
        "small",
        0.5,
        ("Scale out", "big is dearer than small at the most"),
    ),
    Case(
        "an accelerated one",
        200.0,
        (SMALL, BIG, FAST),
        "fast",
        0.7,
        ("Scale up, to an accelerated one", "fast is never dearer than small from 60.0 requests"),
    ),
    Case(
        "in the middle",
        40.0,
        (SMALL, BIG, DEAR),
        "big",
        0.36,
        (
            "Scale up, to a bigger one: that is 10% less than with small.",
            "dear is dearer than small",
        ),
    ),
    Case(
        "in the middle, and the smallest the dearest",
        40.0,
        (POOR, BIG, FAST),
        "big",
        0.36,
        ("a bigger one: that is 55% less than with poor, and 49% less than with fast, the next.",),
    ),
    Case(
        "accelerated already",
        40.0,
        (POOR._replace(machine=Machine("slow", 1, 1, 0.1)), FAST),
        "fast",
        0.7,
        ("Scale up, to a bigger one: that is 13% less than with slow.",),
    ),
    Case("never", 500.0, (SMALL, DEAR), "small", 5.0, ("dear is dearer than small",)),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_the_cheapest_is_that_of_whole_instances(case: Case) -> None:
    """For the same requests, and it says when another one would be."""
    found = compare_machines(case.candidates, Expectation(case.per_s, case.per_s))
    assert found.options[0].candidate.machine.instance_type == case.cheapest
    assert found.options[0].hourly == pytest.approx(case.hourly)
    for each in case.said:
        assert each in " ".join(found.sentences)


def test_an_option_says_what_is_paid_for_nothing() -> None:
    """A million requests of a fleet that stands half idle cost twice those of a full one."""
    (option,) = compare_machines([SMALL], Expectation(5.0, 5.0)).options
    assert option.per_million == pytest.approx(0.1 / 36_000 * 1e6)
    assert option.paid_per_million == pytest.approx(2 * option.per_million)


def test_least_and_most_are_priced_as_well_as_the_course() -> None:
    """Between one and ten instances, mostly one: spikes of six minutes an hour."""
    expected = Expectation(5.0, 100.0, shape=Shape.SPIKY, spike=Spike(60, 6))
    (option,) = compare_machines([SMALL], expected).options
    assert option.hourly_least == pytest.approx(0.1)
    assert option.hourly_most == pytest.approx(1.0)
    assert option.hourly == pytest.approx(0.9 * 0.1 + 0.1 * 1.0)


def test_a_promise_of_two_is_paid_for() -> None:
    """Two of the big ones are dearer than two of the small ones, and always there."""
    found = compare_machines([SMALL, BIG], Expectation(1.0, 20.0), at_least=2)
    assert [each.hourly for each in found.options] == pytest.approx([0.2, 0.72])
    assert found.turns == (Turn("big", "small", None),)


def test_a_trace_is_priced_whole() -> None:
    """Also what comes after its first day, and its gaps not at all."""
    quiet: list[float | None] = [0.0] * 1_440
    expected = expect_trace([*quiet, None, *[6_000.0] * 1_440])
    (option,) = compare_machines([SMALL], expected).options
    assert option.hourly == pytest.approx((0.1 + 1.0) / 2)


def test_spikes_that_are_rarer_than_days_are_priced() -> None:
    """One of them at least."""
    expected = Expectation(0.0, 100.0, shape=Shape.SPIKY, spike=Spike(2_000, 1_000))
    (option,) = compare_machines([SMALL], expected).options
    assert option.hourly == pytest.approx((0.1 + 1.0) / 2)


@pytest.mark.parametrize(
    ("other", "turn"), [(offer("twice", 0.2, 1_201.0), 0.0), (offer("dense", 0.21, 1_200.0), None)]
)
def test_in_a_very_large_fleet_the_full_price_decides(other: Candidate, turn: float | None) -> None:
    """A hundred thousand instances are not looked at one by one."""
    found = compare_machines([SMALL, other], Expectation(1.0, 1e6, shape=Shape.SPIKY))
    assert found.turns[0].requests_per_s == turn


def test_a_type_that_is_always_as_cheap_has_no_turn() -> None:
    """The same price, and more for it."""
    found = compare_machines([SMALL, offer("better", 0.1, 700.0)], Expectation(1.0, 100.0))
    assert found.options[0].candidate.machine.instance_type == "better"
    assert found.turns == (Turn("better", "small", 0.0),)
    assert "better is never dearer than small up to the most that is expected." in found.sentences


@pytest.mark.parametrize(
    ("candidates", "told"),
    [
        ([offer("a", 0.1, 600.0), offer("b", 0.2, 1_200.0)], ("b and a cost the same: ",)),
        (
            [offer("a", 0.1, 600.0), offer("b", 0.2, 1_200.0), offer("c", 0.4, 2_400.0)],
            ("c and b cost the same: ", "So does a, the smallest: scaling out comes to the same."),
        ),
        (
            [offer("a", 0.1, 300.0), offer("b", 0.2, 1_200.0), offer("c", 0.4, 2_400.0)],
            ("c and b cost the same: ", "Scale up, to a bigger one: that is 50% less than with a."),
        ),
    ],
)
def test_what_costs_the_same_is_not_called_cheaper(
    candidates: list[Candidate], told: tuple[str, ...]
) -> None:
    """Nor 0% less."""
    level = Expectation(400.0, 400.0)
    sentences = compare_machines(candidates, level).sentences
    for said, wanted in zip(sentences, told, strict=False):
        assert said.startswith(wanted)
    assert not any(each.startswith("Where all instances are full") for each in sentences)
    assert "0% less" not in " ".join(each for each in sentences if "50%" not in each)
    assert sum(each.startswith(("Scale", "So does")) for each in sentences) == len(told) - 1


@given(
    st.floats(0.05, 2.0),
    st.floats(1.0, 10.0),
    st.floats(60.0, 6_000.0),
    st.floats(1.0, 20.0),
    st.floats(1.0, 300.0),
    st.floats(0.0, 1.0),
)
def test_from_its_turn_on_a_type_is_never_dearer(
    price: float, dearer: float, carries: float, better: float, most: float, place: float
) -> None:
    """At any load between it and the most expected."""
    small = offer("small", price, carries)
    big = offer("big", price * dearer * 1.001, carries * better)
    (turn,) = compare_machines([small, big], Expectation(1.0, most)).turns

    def cost(candidate: Candidate, load: float) -> float:
        count = max(1, count_instances(load, candidate.invocations_per_instance))
        return count * (candidate.machine.price_per_hour or math.nan)

    if turn.requests_per_s is None:
        assert cost(big, most) > cost(small, most)
        return
    load = turn.requests_per_s + place * (most - turn.requests_per_s)
    if load > turn.requests_per_s * (1 + 1e-6):
        assert cost(big, load) <= cost(small, load)
    if turn.requests_per_s:
        assert cost(big, turn.requests_per_s) > cost(small, turn.requests_per_s)


@given(st.floats(1.0, 100.0), st.floats(1.0, 3.0))
def test_more_load_is_never_cheaper(most: float, factor: float) -> None:
    """On any type, by the hour."""
    before = compare_machines([SMALL, BIG, FAST], Expectation(1.0, most))
    after = compare_machines([SMALL, BIG, FAST], Expectation(factor, most * factor))
    assert after.options[0].hourly >= before.options[0].hourly
    names = {each.candidate.machine.instance_type: each.hourly for each in after.options}
    for option in before.options:
        assert names[option.candidate.machine.instance_type] >= option.hourly


@pytest.mark.parametrize(
    ("candidates", "message"),
    [
        ([], "there is none to compare"),
        ([SMALL, SMALL], "instance_type: 'small' is missing or comes twice"),
        ([offer("", 1.0, 60.0)], "instance_type: '' is missing"),
        ([offer("a", None, 60.0)], "a: price_per_hour: None is none above 0"),
        ([offer("a", 0.0, 60.0)], "a: price_per_hour: 0.0"),
        ([offer("a", math.inf, 60.0)], "a: price_per_hour: inf"),
        ([offer("a", 1.0, 0.0)], "invocations_per_instance: 0 a minute"),
    ],
)
def test_types_that_cannot_be_compared_are_refused(
    candidates: list[Candidate], message: str
) -> None:
    """The type and the field are named."""
    with pytest.raises(ValueError, match=message):
        compare_machines(candidates, Expectation(1.0, 2.0))


def test_a_type_that_is_refused_is_a_load_test_s_error() -> None:
    """Its file is what has to be mended."""
    with pytest.raises(BenchmarkError):
        compare_machines([offer("a", None, 60.0)], Expectation(1.0, 2.0))
