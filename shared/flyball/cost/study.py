"""What do these scalable targets cost a month each, where nothing happens and where much does?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

from flyball.core.target import ScalableTarget
from flyball.cost.cloud import Cloud, Rivals
from flyball.cost.month import MINUTES
from flyball.cost.plant import MINUTE, Demand
from flyball.cost.usage import Usage
from flyball.price import Prices
from flyball.sim.trace import PEAK_INSTANCES, Trace

START = datetime(2026, 1, 5, tzinfo=UTC)
"""A Monday: a month that begins then has the same number of each weekday but two."""
PEAK_RATIO = 0.8
"""Where nobody says what an instance serves: the peak takes this part of the most instances."""
CALM_RATIO = 0.6
"""A quiet target's demand, as a part of its least capacity: nothing to add, nothing to remove."""
TARGETS_MOST = 25
"""More are not simulated: as many of them, evenly chosen, stand for all; one chunk shares reads."""
TARGET_DAYS = 30.0
"""Simulated in all, where nobody says how long: some twenty seconds."""
BUSY_EACH = 10
DAY_MINUTES = 1_440


class Case(NamedTuple):
    """A month of one scalable target, on average.

    Attributes:
        name: quiet, busy or mixed.
        usage: Calls, what is charged, and wake-ups.
        groups: Dollars by what people ask for.
        later: Dollars beside them, of what is not charged yet and will be.
        together: Dollars of all targets and the deployment, beyond the free tier.
    """

    name: str
    usage: Usage
    groups: Mapping[str, float]
    later: float
    together: float

    @property
    def usd(self) -> float:
        """Dollars in all."""
        return sum(self.groups.values())


class Study(NamedTuple):
    """What a deployment costs a month.

    Attributes:
        cloud: Where it is.
        targets: How many it scales.
        simulated: How many of them were simulated.
        minutes: For how long; it was stretched to a month.
        cases: Of one target.
        standing: Dollars by group of the deployment itself, which grow with nothing.
        standing_later: Dollars beside them, as a case's.
        standing_usage: What was counted for it.
        rivals: Of one target.
    """

    cloud: Cloud
    targets: int
    simulated: int
    minutes: int
    cases: Sequence[Case]
    standing: Mapping[str, float]
    standing_later: float
    standing_usage: Usage
    rivals: Rivals


def study(
    cloud: Cloud,
    targets: Sequence[ScalableTarget],
    trace: Trace,
    prices: Prices,
    *,
    minutes: int | None = None,
    capacity_per_instance: float | None = None,
    names: Sequence[str] = ("quiet", "busy"),
    most: int = TARGETS_MOST,
    advance: Callable[[int], None] = lambda _: None,
) -> Study:
    """Live through a month of a deployment, once for each case, and price it.

    Args:
        cloud: Where.
        targets: What is scaled, all of it there, one or more.
        trace: Requests that reach a busy target; it begins again where it ends.
        prices: The table.
        minutes: How long to simulate; None: a month, or less where there are many targets.
        capacity_per_instance: Requests an instance serves in a minute; None: so that each target's
            peak takes 80 % of its most instances.
        names: Which cases: quiet, busy, or mixed, where each tenth is busy.
        most: How many targets to simulate at most.
        advance: Told how many simulated minutes more are done.
    """
    chosen = choose(targets, most)
    length = minutes or find_length(len(chosen))
    live = partial(_live, cloud, prices=prices, minutes=length)
    base = live((), {}, is_steady=True)
    lived = []
    for name in names:
        busy = {"quiet": [], "busy": chosen, "mixed": chosen[::BUSY_EACH]}[name]
        demands = {each.id: _stand_still(each) for each in chosen}
        demands |= {each.id: _follow(each, trace, capacity_per_instance) for each in busy}
        lived.append(live(chosen, demands, is_steady=name == "quiet", advance=advance))
        base.metrics |= lived[-1].metrics
    stretch = MINUTES / length
    standing = base.scaled(stretch)
    cloud.stand(standing, prices)
    stands = cloud.complete(standing, prices)
    each = [found.less(base).scaled(stretch / len(chosen)) for found in lived]
    _share_alarms(cloud, each, targets, prices)
    cases = [
        _price(cloud, name, usage, stands, len(targets), prices)
        for name, usage in zip(names, each, strict=True)
    ]
    rivals = Rivals(*(usd / len(targets) for usd in cloud.price_rivals(targets, prices)))
    stand, later = cloud.bill(stands, prices), prices.usd_later(stands)
    return Study(cloud, len(targets), len(chosen), length, cases, stand, later, standing, rivals)


def choose(targets: Sequence[ScalableTarget], most: int) -> Sequence[ScalableTarget]:
    """Choose targets that stand for all, evenly."""
    step = max(1.0, len(targets) / most)
    return [targets[int(index * step)] for index in range(min(most, len(targets)))]


def find_length(targets: int) -> int:
    """Say for how many minutes so many targets are simulated: whole days, at most a month."""
    days = max(1, int(TARGET_DAYS / min(targets, TARGETS_MOST)))
    return MINUTES if targets == 1 else days * DAY_MINUTES


def _share_alarms(
    cloud: Cloud, usages: Sequence[Usage], targets: Sequence[ScalableTarget], prices: Prices
) -> None:
    """Charge each case a target's part of all alarms."""
    cloud.charge_alarms(alarms := Usage(), targets, prices)
    for usage in usages:
        for charged, amount in alarms.amounts.items():
            usage.charge(charged, amount / len(targets))


def _price(
    cloud: Cloud,
    name: str,
    usage: Usage,
    stands: Mapping[str, float],
    count: int,
    prices: Prices,
) -> Case:
    """Price a target's month, and that of so many of them with the deployment."""
    amounts = cloud.complete(usage, prices)
    together = {
        charged: count * amounts.get(charged, 0.0) + stands.get(charged, 0.0)
        for charged in amounts.keys() | stands.keys()
    }
    beyond = prices.usd_beyond_free(together)
    return Case(name, usage, cloud.bill(amounts, prices), prices.usd_later(amounts), beyond)


def _live(
    cloud: Cloud,
    targets: Sequence[ScalableTarget],
    demands: Mapping[str, Demand],
    *,
    prices: Prices,
    minutes: int,
    is_steady: bool,
    advance: Callable[[int], None] = lambda _: None,
) -> Usage:
    usage = Usage()
    month = cloud.month(targets, demands, START, usage, prices, is_steady=is_steady)
    month.run(minutes, advance)
    return usage


def _stand_still(target: ScalableTarget) -> Demand:
    return lambda _: CALM_RATIO * target.min_capacity


def _follow(target: ScalableTarget, trace: Trace, capacity_per_instance: float | None) -> Demand:
    """Let a target's demand follow a trace; in a gap it is what it was."""
    known = [0.0]
    for each in trace.requests:
        known.append(known[-1] if each is None else each)
    requests = known[1:]
    if capacity_per_instance is None:
        peak = trace.capacity_per_instance() * PEAK_INSTANCES
        capacity_per_instance = peak / max(1.0, PEAK_RATIO * target.max_capacity)

    def find(at: datetime) -> float:
        return requests[int((at - START) / MINUTE) % len(requests)] / capacity_per_instance

    return find
