"""Write docs/ranges.md's figures: live through days with a range, a pin, and a floor alone.

python docs/ranges.py            # a minute
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from flyball.adapters.local.endpoint import LocalEndpoints
from flyball.adapters.local.memory import MemoryLedger
from flyball.adapters.local.timeline import OrderKind
from flyball.config import load
from flyball.core.learner import AdaptivePolicy, PredictivePolicy
from flyball.core.target import CapacityKind, Metric, Per, ScalableTarget, Unit
from flyball.sim.backtest import OURS, Contender, Subject, backtest
from flyball.sim.day import GPU_LEAD, expect, run_day
from flyball.sim.generate import DAY_MINUTES, generate_day
from flyball.sim.peers import make
from flyball.sim.score import Tally
from flyball.sim.service import choose_service
from flyball.sim.slots import Plant, course_of
from flyball.sim.trace import Trace

PAGE = Path(__file__).with_name("ranges.md")
EXAMPLE = PAGE.parents[1] / "examples" / "ranges.yaml"
START = datetime(2026, 1, 5, tzinfo=UTC)
"""A Monday."""
DAYS = 2
TESTED_DAYS = 4
"""Of a backtest; the first is not counted."""
PEERS = "google,google:target=0.75,hpa,static,optimum"
EACH = 1_000.0
"""Requests that one node serves in a minute."""
BACKTESTED = "**{}, in a backtest**"
BEGIN, END = "<!-- figures: python docs/ranges.py -->\n", "<!-- end of figures -->\n"


class Figures(NamedTuple):
    """What one way came to.

    Attributes:
        way: Its name.
        node_hours: Billed, a day.
        late_ratio: Share of the requests that had to wait.
        peak_backlog: Most that waited at once.
        ours: Ranges that Flyball set, a day.
        picks: Counts that the service picked, a day.
    """

    way: str
    node_hours: float
    late_ratio: float
    peak_backlog: float
    ours: float
    picks: float


def main() -> None:
    """Write the figures into the page."""
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(write(page, tables()), encoding="utf-8")
    sys.stdout.write(f"{PAGE.name} has the figures of now\n")


def write(page: str, figures: str) -> str:
    """Put figures into the page's text, in place of those that are there."""
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{figures}\n{END}{tail}"


def tables() -> str:
    """Live through every kind of day in every way, and write a table for each kind."""
    target = load(EXAMPLE).scalable_targets[0]
    parts = []
    for title, trace in traces().items():
        found = [measure(way, each, trace) for way, each in ways(target)]
        parts.append(f"**{title}**\n\n{table(found)}")
    for title, trace in traces(TESTED_DAYS).items():
        parts.append(f"{BACKTESTED.format(title)}\n\n{backtest_table(contend(target, trace))}")
    return "\n\n".join(parts) + "\n"


def traces(days: int = DAYS) -> dict[str, Trace]:
    """Make the days: one kind that nobody can foretell wholly, and one that a calendar can."""
    return {
        "A daily cycle with a crowd at some time of the evening": generate_day(
            START, seed=1, minutes=days * DAY_MINUTES
        ),
        "An office that opens at nine: 25 times as much within ten minutes": make_office(days),
    }


def make_office(days: int) -> Trace:
    """Make days of an office that opens at nine and closes at six."""
    office = [
        400.0 + 9_600.0 * max(0.0, min(1.0, (minute - 540) / 10, (1_080 - minute) / 30))
        for minute in range(DAY_MINUTES)
    ]
    return Trace(START, tuple(office * days))


def ways(target: ScalableTarget) -> Iterator[tuple[str, ScalableTarget]]:
    """Give the example in each way: its floor by load, its floor by schedule, both, or neither."""
    follow = target.trackers["overload"]
    duty = Metric("gpu", unit=Unit.PERCENT, source={"metric": "duty_cycle"})
    by_duty = replace(follow, metric="gpu", target_value=75.0)
    yield "the service alone, in a wide range", replace(target, policies=(), windows=())
    yield (
        "a floor by GPU duty cycle, 75 %",
        replace(target, metrics=(duty,), policies=(by_duty,), windows=()),
    )
    yield "a floor by calls, 75 %", replace(target, windows=())
    yield (
        "a pin by calls, 60 %",
        replace(
            target,
            windows=(),
            policies=(replace(follow, target_value=600.0),),
            capacity_kind=CapacityKind.COUNT,
        ),
    )
    yield "a floor by schedule alone", replace(target, policies=())
    yield "a floor by schedule and calls: the example", target


def measure(way: str, target: ScalableTarget, trace: Trace) -> Figures:
    """Live through the days in one way, on an endpoint that takes a range."""
    settings = expect(replace(target, capacity_kind=CapacityKind.RANGE), seed=0)
    endpoints, tally = LocalEndpoints(), Tally()
    days = run_day(
        trace,
        target,
        MemoryLedger(),
        capacity_per_instance=EACH,
        settings=settings,
        endpoints=endpoints,
    )
    for minute in days:
        tally.add(minute)
    score, length = tally.score(0), len(trace.requests) / DAY_MINUTES
    kinds = [order.kind for order in endpoints.orders(target.id)]
    return Figures(
        way,
        score.instance_hours / length,
        score.late_ratio,
        score.peak_backlog,
        kinds.count(OrderKind.RANGE) / length,
        kinds.count(OrderKind.PICK) / length,
    )


def table(found: list[Figures]) -> str:
    """Write figures as a table of Markdown."""
    heads = ["way", "node hours a day", "requests that waited", "most at once"]
    heads += ["ranges set a day", "picks a day"]
    lines = [f"| {' | '.join(heads)} |", f"|---|{'---:|' * (len(heads) - 1)}"]
    lines += [
        f"| {each.way} | {each.node_hours:,.0f} | {each.late_ratio:.1%} "
        f"| {each.peak_backlog:,.0f} | {each.ours:,.0f} | {each.picks:,.0f} |"
        for each in found
    ]
    return "\n".join(lines)


def floors(target: ScalableTarget) -> Iterator[tuple[str, ScalableTarget]]:
    """Give the example with each way to move its floor."""
    total = Metric("all", per=Per.TOTAL, source={"metric": "invocations"})
    ranged = replace(
        target, capacity_kind=CapacityKind.RANGE, metrics=(*target.metrics, total), windows=()
    )
    ahead = PredictivePolicy("ahead", "calls", target.trackers["overload"].target_value)
    budget = AdaptivePolicy("budget", "all", EACH)
    yield "a floor by calls", ranged
    yield "and by a forecast", replace(ranged, policies=(*target.policies, ahead))
    yield "a floor by `adaptive`, 1 % late", replace(ranged, policies=(budget,))
    yield "a floor by schedule and calls", replace(ranged, windows=target.windows)


def contend(target: ScalableTarget, trace: Trace) -> list[Contender]:
    """Backtest the example with each floor, beside the service alone and others."""
    plant = Plant(
        (GPU_LEAD,),
        timedelta(minutes=1),
        target.min_capacity,
        target.hard_max,
        service=choose_service(target),
    )
    course, peers = course_of(trace, EACH), make(PEERS)
    found: list[Contender] = []
    for way, each in floors(target):
        tested = backtest(Subject(each, course, plant), () if found else peers)
        found.append(tested.ours._replace(title=way))
        found += tested.peers
    return sorted(found, key=lambda each: each.name != OURS)


def backtest_table(found: list[Contender]) -> str:
    """Write what each came to as a table of Markdown."""
    heads = ["way", "node hours", "÷ best", "excess", "late", "changes a day"]
    lines = [f"| {' | '.join(heads)} |", f"|---|{'---:|' * (len(heads) - 1)}"]
    lines += [
        f"| {each.title if each.name == OURS else f'`{each.name}`'} "
        f"| {each.marks.instance_hours:,.0f} | {each.marks.clairvoyant_ratio:.2f} "
        f"| {each.marks.excess_ratio:.1%} | {each.marks.late_ratio:.1%} "
        f"| {each.marks.changes_a_day:.0f} |"
        for each in found
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
