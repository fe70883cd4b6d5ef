"""How does a batch deal its items, so that its fleet is the cheapest?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from flyball.sizing.batch import Job, Offer, plan_batch

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Dealt:
    """A batch whose cheapest fleet is dealt so: items and machines."""

    id: str
    job: Job
    offer: Offer
    shares: list[tuple[int, int]]
    cost: float
    even_cost: float


TWENTY = Job(8, 20 * MINUTE, 2 * HOUR)
DEALT = (
    Dealt(
        "whole hours: the odd one begins a second",
        TWENTY,
        Offer(1.0, billed_by=HOUR, most_machines=2),
        [(5, 1), (3, 1)],
        3.0,
        4.0,
    ),
    Dealt(
        "evenly where that is as cheap",
        TWENTY,
        Offer(1.0, most_machines=3),
        [(3, 2), (2, 1)],
        8 / 3,
        8 / 3,
    ),
    Dealt(
        "evenly where times differ",
        replace(TWENTY, cv=0.1, risk_ratio=0.9),
        Offer(1.0, billed_by=HOUR, most_machines=2),
        [(4, 2)],
        4.0,
        4.0,
    ),
    Dealt(
        "whole rounds of three",
        Job(8, HOUR, 2 * HOUR),
        Offer(1.0, at_a_time=3, most_machines=2),
        [(6, 1), (2, 1)],
        3.0,
        4.0,
    ),
    Dealt(
        "of those that cost the same, one that ends sooner",
        Job(40, 20 * MINUTE, 9 * HOUR),
        Offer(1.0, billed_by=HOUR, most_machines=4),
        [(11, 2), (9, 2)],
        14.0,
        16.0,
    ),
)


@pytest.mark.parametrize("case", DEALT, ids=lambda case: case.id)
def test_items_are_dealt_so_that_the_least_is_billed(case: Dealt) -> None:
    """To the largest fleet that may be."""
    fleet = plan_batch(case.job, case.offer).table[-1]
    assert list(fleet.shares) == case.shares
    assert fleet.cost == pytest.approx(case.cost)
    assert fleet.even_cost == pytest.approx(case.even_cost)
