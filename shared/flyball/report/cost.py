"""What does a month cost, said to the person who pays for it?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import NamedTuple

from flyball.cost.month import MINUTES
from flyball.cost.study import Study
from flyball.price import Prices
from flyball.report.figures import counted, duration

CENT = 0.01
POLLING = "polling every minute: its metric reads alone"
TOTAL = "in all"
BEYOND = "the same beyond the free tier, where nothing else uses it"


class Row(NamedTuple):
    """A line of a table: what, and one figure for each case."""

    name: str
    figures: Sequence[str]


def tell_basis(study: Study, prices: Prices) -> str:
    """Say what the figures rest on."""
    whole = "" if study.minutes >= MINUTES else ", stretched to a month"
    some = "" if study.simulated == study.targets else f" {study.simulated} of them"
    length = duration(timedelta(minutes=study.minutes))
    return (
        f"{counted(study.targets, 'scalable target')};{some} simulated for {length}{whole}. "
        f"A month has 730 hours; list prices of {prices.region}, {prices.as_of}, no free tier."
    )


def tell_money(study: Study, prices: Prices) -> Iterator[Row]:
    """Say dollars a month, section by section: a target's, others', the deployment's, and all."""
    yield from _open("a scalable target, a month", study)
    for group in study.cloud.groups:
        figures = [case.groups.get(group, 0.0) for case in study.cases]
        if any(figures):
            yield _row(group, figures)
    yield _row(TOTAL, [case.usd for case in study.cases])
    later = f"from {prices.begins} on besides: alert policies"
    if any(case.later for case in study.cases):
        yield _row(later, [case.later for case in study.cases])
    yield from _open("beside it: others, a scalable target", study)
    yield _row(POLLING, [study.rivals.polling] * len(study.cases))
    yield _row(study.cloud.native, [study.rivals.native] * len(study.cases))
    yield from _open("the deployment itself, whatever it scales", study)
    for group, dollars in study.standing.items():
        yield _row(group, [dollars] * len(study.cases))
    standing = sum(study.standing.values())
    yield _row(TOTAL, [standing] * len(study.cases))
    if study.standing_later:
        yield _row(later, [study.standing_later] * len(study.cases))
    yield from _open("together", study)
    name = f"{counted(study.targets, 'scalable target')} and the deployment"
    yield _row(name, [case.usd * study.targets + standing for case in study.cases])
    if prices.has_free_tier:
        yield _row(BEYOND, [case.together for case in study.cases])


def tell_calls(study: Study) -> Iterator[Row]:
    """Say how often each operation is called for a target in a month."""
    names = sorted({name for case in study.cases for name in case.usage.calls})
    for name in names:
        figures = [case.usage.calls.get(name, 0.0) for case in study.cases]
        if any(figures):
            yield Row(name, [_count(each) for each in figures])


def tell_wakes(study: Study) -> Iterator[Row]:
    """Say what the wake-ups of a target come to in a month."""
    names = sorted({name for case in study.cases for name in case.usage.wakes})
    for name in names:
        figures = [case.usage.wakes.get(name, 0.0) for case in study.cases]
        yield Row(name.replace("_", " "), [_count(each) for each in figures])


def usd(dollars: float) -> str:
    """Write dollars and cents; what is below half a cent is said to be so, not nothing."""
    return "<0.01" if 0 < dollars < CENT / 2 else f"{dollars:,.2f}"


def _open(heading: str, study: Study) -> Iterator[Row]:
    yield Row(heading, [""] * len(study.cases))


def _row(name: str, dollars: Sequence[float]) -> Row:
    return Row(f"  {name}", [usd(each) for each in dollars])


def _count(value: float) -> str:
    return f"{value:,.0f}"
