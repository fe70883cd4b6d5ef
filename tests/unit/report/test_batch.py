"""Is every figure of a batch's plan said as it is?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise

import pytest

from flyball.report.batch import (
    Kind,
    compared_rows,
    conclude,
    find_soonest,
    heads,
    length,
    money,
    price_hour,
    rank,
    risk,
    rows,
    tell_job,
)
from flyball.sizing.batch import Job, Offer, plan_batch

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
JOB = Job(36_000, SECOND, HOUR)
OFFER = Offer(1.0, start_up=10 * MINUTE)


def make(name: str = "", job: Job = JOB, offer: Offer = OFFER) -> Kind:
    """Plan a batch on a type."""
    return Kind(name, job, offer, plan_batch(job, offer))


@dataclass(frozen=True)
class Case:
    """A plan, and what is concluded of it."""

    id: str
    kind: Kind
    said: str


CASES = (
    Case(
        "in time",
        make(offer=replace(OFFER, most_machines=100)),
        "12 machines end in 1 h of 1 h, for 12.00. The most that help, 100 machines, would take "
        "16 min and cost 26.67.",
    ),
    Case(
        "one machine", make(job=Job(1, MINUTE, HOUR), offer=Offer(6.0)), "1 machine ends in 1 min"
    ),
    Case(
        "a type",
        make("gpu", Job(1, MINUTE, HOUR), Offer(6.0)),
        "1 machine of gpu ends in 1 min of 1 h, for 0.10.",
    ),
    Case(
        "quota",
        make(offer=replace(OFFER, most_machines=5)),
        "1 h cannot be kept with 5 machines: 15,000 of 36,000 items are done by then. What could "
        "be: --deadline 2h10m, or --most-machines 12, or a type that takes 0.416 s an item.",
    ),
    Case(
        "start-up",
        make(job=replace(JOB, deadline=10 * MINUTE)),
        "10 min cannot be kept by any number of machines: an item takes 1 s, and starting a "
        "machine 10 min. What could be: --deadline 10m36s.",
    ),
    Case(
        "risk",
        make(job=Job(10, MINUTE, 2 * MINUTE, cv=0.5), offer=Offer(1.0)),
        "2 min cannot be kept surely enough with 10 machines: a late end is 35.15% likely, and "
        "5.00% is allowed. What could be: --deadline 2m45s, or --risk 0.36.",
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_what_follows_is_said(case: Case) -> None:
    """Or why not, and what could be."""
    assert conclude([case.kind])[0].startswith(case.said)


def test_the_batch_is_said_first() -> None:
    """With its work, its deadline, its price and its start."""
    assert tell_job(make()) == (
        "36,000 items of 1 s, 10 h of work for one machine; 1 h to the deadline; "
        "1 an hour and machine; 10 min to start one, paid"
    )
    assert tell_job(make(offer=Offer(0.5))).endswith("0.5 an hour and machine")


def test_an_hour_saved_has_its_price() -> None:
    """Cheaper and sooner is below nothing; no sooner has none."""
    table = make(offer=replace(OFFER, billed_by=HOUR)).plan.table
    prices = [price_hour(*pair) for pair in pairwise(table)]
    assert min(each for each in prices if each is not None) < 0
    assert price_hour(table[1], table[0]) is None
    assert price_hour(table[0], table[1]) == pytest.approx(
        (table[1].cost - table[0].cost) / ((table[0].time - table[1].time) / HOUR)
    )


def test_tables_have_as_many_cells_as_heads() -> None:
    """Also with a risk."""
    for kind in (make(), make(job=replace(JOB, cv=1.0))):
        assert {len(row) for row in rows(kind)} == {len(heads(kind.job))}
        assert [row[0] for row in rows(kind)].count("*") == 1


def test_types_are_ranked_by_cost_and_those_too_late_by_time() -> None:
    """The star is at the first, if it ends in time."""
    late = make("late", replace(JOB, time_per_item=HOUR))
    later = make("later", replace(JOB, time_per_item=2 * HOUR))
    dear, cheap = make("dear", offer=replace(OFFER, price_per_hour=2.0)), make("cheap")
    ranked = rank([later, dear, late, cheap])
    assert [each.name for each in ranked] == ["cheap", "dear", "late", "later"]
    assert [row[0] for row in compared_rows(ranked)] == ["*", "", "", ""]
    assert [row[0] for row in compared_rows([late, later])] == ["", ""]
    assert find_soonest(late.plan).machines == 1_000


@pytest.mark.parametrize(
    ("ratio", "said"),
    [
        (0.0, "< 0.01%"),
        (1e-9, "< 0.01%"),
        (0.05, "5.00%"),
        (0.99999, "> 99.99%"),
        (1.0, "> 99.99%"),
    ],
)
def test_what_is_not_sure_is_never_called_so(ratio: float, said: str) -> None:
    """Nor what is possible impossible."""
    assert risk(ratio) == said


def test_lengths_and_money_are_read_easily() -> None:
    """Short times by tenths and less; a true minus."""
    assert [length(each * SECOND) for each in (0.0005, 2.5, 60, 3_660)] == [
        "0.0005 s",
        "2.5 s",
        "1 min",
        "1 h 1 min",
    ]
    assert (money(-10.8), money(1_234.5)) == ("−10.80", "1,234.50")
    assert (money(0.0), money(-0.004), money(0.004), money(0.01)) == (
        "0.00",
        "0.00",
        "< 0.01",
        "0.01",
    )
