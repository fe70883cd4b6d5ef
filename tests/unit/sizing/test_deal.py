"""Is the least billed, of all the ways in which rounds can be dealt?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations_with_replacement

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.sizing.deal import Terms, deal_rounds, deal_soonest

HOURLY = Terms(start=0, each=20, by=60, least=0, most=6)


def bill(terms: Terms, dealt: dict[int, int]) -> int:
    """Add up what is billed, as a person would: whole increments, and the least."""
    total = 0
    for rounds, machines in dealt.items():
        increments, more = divmod(terms.start + rounds * terms.each, terms.by)
        total += machines * max(terms.least, (increments + bool(more)) * terms.by)
    return total


def try_all(machines: int, rounds: int, terms: Terms) -> int:
    """Try every deal there is."""
    shares = combinations_with_replacement(range(1, terms.most + 1), machines)
    return min(bill(terms, Counter(each)) for each in shares if sum(each) == rounds)


@dataclass(frozen=True)
class Case:
    """So many rounds for so many machines, and machines by their rounds."""

    id: str
    terms: Terms
    machines: int
    rounds: int
    dealt: dict[int, int]


CASES = (
    Case("one machine", HOURLY, 1, 5, {5: 1}),
    Case("evenly, where that fills whole hours", HOURLY, 2, 6, {3: 2}),
    Case("evenly, where nothing is cheaper", HOURLY, 2, 7, {4: 1, 3: 1}),
    Case("one hour less is begun", HOURLY, 2, 8, {5: 1, 3: 1}),
    Case("some for two hours, and others for one", HOURLY, 7, 28, {6: 1, 5: 2, 3: 4}),
    Case(
        "the start takes of each hour",
        Terms(start=10, each=20, by=60, least=0, most=6),
        3,
        9,
        {5: 1, 2: 2},
    ),
    Case(
        "the least is filled up",
        Terms(start=0, each=20, by=1, least=60, most=6),
        3,
        7,
        {3: 1, 2: 2},
    ),
    Case(
        "the deadline leaves no time for more",
        Terms(start=0, each=20, by=60, least=0, most=4),
        2,
        8,
        {4: 2},
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_whole_increments_are_filled(case: Case) -> None:
    """As cheap as any deal, and of these one that ends soon."""
    dealt = deal_soonest(case.machines, case.rounds, case.terms)
    assert bill(case.terms, dict(dealt)) == try_all(case.machines, case.rounds, case.terms)
    assert dict(dealt) == case.dealt


TERMS = st.builds(
    Terms,
    start=st.integers(0, 20),
    each=st.integers(1, 100),
    by=st.sampled_from([1, 6, 10, 60, 100]),
    least=st.sampled_from([0, 10, 60, 75]),
    most=st.integers(1, 8),
)


@given(TERMS, st.integers(1, 5), st.data())
def test_no_deal_is_cheaper(terms: Terms, machines: int, data: st.DataObject) -> None:
    """All of them are tried; each round is dealt, and none after the deadline."""
    rounds = data.draw(st.integers(machines, machines * terms.most))
    for dealt in (deal_rounds(machines, rounds, terms), deal_soonest(machines, rounds, terms)):
        assert sum(dealt.values()) == machines
        assert sum(each * count for each, count in dealt.items()) == rounds
        assert 1 <= min(dealt) <= max(dealt) <= terms.most
        least = try_all(machines, rounds, terms)
        assert terms.bound(machines, rounds) <= least
        assert bill(terms, dict(dealt)) == least


@pytest.mark.parametrize("machines", [400, 999, 5_000])
def test_many_machines_are_dealt_as_cheap_as_may_be(machines: int) -> None:
    """Too many to compare all deals: it comes to the bound, which none is below."""
    terms = Terms(start=180, each=420, by=3_600, least=60, most=33)
    rounds = 17 * machines + 5
    dealt = deal_rounds(machines, rounds, terms)
    assert sum(each * count for each, count in dealt.items()) == rounds
    even = bill(terms, {18: 5, 17: machines - 5})
    assert terms.bound(machines, rounds) <= bill(terms, dict(dealt)) < even


def test_so_many_choices_are_not_listed() -> None:
    """By the second for a day, of items that fit into none: it ends soon, and is no dearer."""
    terms = Terms(start=0, each=1_337_000, by=1_000_000, least=0, most=60_000)
    dealt = deal_rounds(50, 1_000_003, terms)
    even = bill(terms, {20_001: 3, 20_000: 47})
    assert terms.bound(50, 1_000_003) <= bill(terms, dict(dealt)) <= even
