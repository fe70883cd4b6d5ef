"""Which fleet ends a batch in time for the least money, and what would more machines buy?

Every machine starts up first and is paid for meanwhile, so more of them end sooner and cost more.
Of workers of a queue: how many messages may wait for each of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from flyball.core.shape import NamedTuple
from flyball.sizing.deal import Terms, deal_soonest
from flyball.sizing.expectation import round_up
from flyball.sizing.late import find_budget, find_risk

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
UNIT = timedelta.resolution
HOUR_UNITS = HOUR // UNIT
MOST_MACHINES = 1_000
FEW_MACHINES = 8
"""Below that the table of fleets has each of them."""
MOST_CV = 100.0
WORTH_RATIO = 0.001
"""A deal that is not even and saves less than this is not worth it."""
USUAL_RISK_RATIO = 0.05
"""A late end may be so likely, where it is not said."""


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done.

    Attributes:
        items: Of equal work, >= 1.
        time_per_item: On one machine, with as many others as are in work there at a time; a mean.
        deadline: From the order of machines to the last item.
        cv: Of the items' times: standard deviation ÷ mean, >= 0; 0: they are all alike.
        risk_ratio: A late end may be so likely, 0 < it < 1; of no matter where cv is 0.
    """

    items: int
    time_per_item: timedelta
    deadline: timedelta
    cv: float = 0.0
    risk_ratio: float = USUAL_RISK_RATIO

    def __post_init__(self) -> None:
        if self.items < 1:
            raise ValueError(f"items: {self.items}; give 1 or more")
        _check_positive("time_per_item", self.time_per_item)
        _check_positive("deadline", self.deadline)
        if not 0.0 <= self.cv <= MOST_CV:
            raise ValueError(f"cv: {self.cv!r} is not between 0 and {MOST_CV:g}")
        if not 0.0 < self.risk_ratio < 1.0:
            raise ValueError(f"risk_ratio: {self.risk_ratio!r} is not between 0 and 1")


@dataclass(frozen=True, slots=True)
class Offer:
    """What it can be done on.

    Attributes:
        price_per_hour: Of a machine, >= 0.
        start_up: From the order to the first item; paid.
        at_a_time: Items in work on a machine, >= 1.
        billed_by: Time is billed in whole ones of these.
        billed_least: So much at least, of each machine.
        most_machines: Quota, >= 1.
    """

    price_per_hour: float
    start_up: timedelta = timedelta(0)
    at_a_time: int = 1
    billed_by: timedelta = SECOND
    billed_least: timedelta = MINUTE
    most_machines: int = MOST_MACHINES

    def __post_init__(self) -> None:
        if not 0.0 <= self.price_per_hour < math.inf:
            raise ValueError(f"price_per_hour: {self.price_per_hour!r} is not a number >= 0")
        if min(self.start_up, self.billed_least) < timedelta(0):
            raise ValueError("start_up, billed_least: give a time of 0 or more")
        _check_positive("billed_by", self.billed_by)
        if min(self.at_a_time, self.most_machines) < 1:
            raise ValueError("at_a_time, most_machines: give 1 or more")


class Share(NamedTuple):
    """So many items on each of so many machines."""

    items: int
    machines: int


class Fleet(NamedTuple):
    """So many machines, and what comes of them.

    Attributes:
        machines: >= 1, each with an item at least.
        time: From the order to the last item, if each takes its mean.
        cost: Of all of them, likewise.
        faster: Than one machine, this many times.
        dearer: Than one machine, this many times.
        in_time: Whether it ends by the deadline, and a late end is not too likely.
        used_ratio: Share of what is billed in which items are in work, in all places for them.
        late_ratio: How likely a late end is, 0-1.
        shares: How items are dealt, most of them first.
        even_cost: If they were dealt evenly; cost, where that is as cheap.
    """

    machines: int
    time: timedelta
    cost: float
    faster: float
    dearer: float
    in_time: bool
    used_ratio: float
    late_ratio: float
    shares: tuple[Share, ...]
    even_cost: float


@dataclass(frozen=True, slots=True)
class Plan:
    """How a batch is done.

    Attributes:
        best: The cheapest that ends in time; None: none does.
        table: Fleets from one machine to the most that shorten it, shape (n,), rising.
    """

    best: Fleet | None
    table: tuple[Fleet, ...]


@dataclass(frozen=True, slots=True)
class Backlog:
    """How a fleet of workers follows its queue.

    Attributes:
        per_instance: Messages that may wait for each: the target value of backlog per instance.
        min_capacity: That keep up with the least that arrives.
        max_capacity: That keep up with the most, grown.
    """

    per_instance: int
    min_capacity: int
    max_capacity: int


def plan_batch(job: Job, offer: Offer) -> Plan:
    """Find the cheapest fleet that ends in time.

    Items are dealt out beforehand, so that a fleet that ends in time costs the least; evenly where
    nothing is cheaper by WORTH_RATIO, or items' times differ. Each machine is paid from its order
    until its last item.

    Returns:
        Of fleets that cost the same, that of the fewest machines.
    """
    most = min(offer.most_machines, -(-job.items // offer.at_a_time))
    one = _try_fleet(job, offer, 1, None)
    best: Fleet | None = None
    for machines in range(count_sure(job, offer, most), most + 1):
        if best is not None and _least_cost(job, offer, machines) >= best.cost:
            break
        fleet = _try_fleet(job, offer, machines, one)
        if fleet.in_time and (best is None or fleet.cost < best.cost):
            best = fleet
    counts = {each for each in (2**power for power in range(most.bit_length())) if each < most}
    counts |= {each for each in range(1, FEW_MACHINES) if each < most} | {most}
    if best is not None:
        counts.add(best.machines)
    table = tuple(_try_fleet(job, offer, each, one) for each in sorted(counts))
    return Plan(best, table)


def count_needed(job: Job, offer: Offer) -> int:
    """Count the fewest machines that end in time, whatever the quota; 0 items a machine: none can.

    Returns:
        More than items where a machine has no time for one.
    """
    each = count_done(job, offer)
    return -(-job.items // each) if each else job.items + 1


def count_sure(job: Job, offer: Offer, most: int) -> int:
    """Count the fewest machines that end in time with no more than the risk, whatever the quota.

    More machines have less to do each, so that what is enough stays enough.

    Returns:
        More than most, or than items, where so many do not either.
    """
    low, high = count_needed(job, offer), min(most, -(-job.items // offer.at_a_time)) + 1
    if not job.cv:
        return low
    while low < high:
        middle = (low + high) // 2
        if _find_risk(job, offer, middle) <= job.risk_ratio:
            high = middle
        else:
            low = middle + 1
    return low


def find_deadline(job: Job, offer: Offer, machines: int) -> timedelta:
    """Say by which deadline so many machines end, or are late with no more than the risk."""
    places = machines * offer.at_a_time
    budget = float(-(-job.items // places))
    if job.cv:  # the mean has to end in time too, however much may be risked
        budget = max(budget, find_budget(job.items, places, job.cv, job.risk_ratio))
    return offer.start_up + budget * job.time_per_item


def count_done(job: Job, offer: Offer) -> int:
    """Count the items that one machine does by the deadline, >= 0."""
    return max(0, (job.deadline - offer.start_up) // job.time_per_item) * offer.at_a_time


def size_backlog(
    acceptable_latency: timedelta,
    time_per_message: timedelta,
    *,
    least_per_s: float = 0.0,
    most_per_s: float = 0.0,
    growth_factor: float = 1.0,
    at_a_time: int = 1,
    at_least: int = 1,
) -> Backlog:
    """Say how many messages may wait for each worker, and between how many workers that is.

    Args:
        acceptable_latency: From a message's arrival to its end.
        time_per_message: Of a worker, mean.
        least_per_s: Messages a second that arrive, >= 0.
        most_per_s: Messages a second that arrive, >= least_per_s.
        growth_factor: By how much more workers the most may come to be, >= 1.
        at_a_time: Messages in work on an instance, >= 1.
        at_least: Instances, >= 0; 0 where the fleet may go to zero.

    Raises:
        ValueError: A message takes longer than is acceptable, or a value is none.

    Source: Amazon EC2 Auto Scaling User Guide, "Scaling policy based on Amazon SQS": acceptable
        backlog per instance = acceptable latency ÷ time per message.
    """
    _check_positive("acceptable_latency", acceptable_latency)
    _check_positive("time_per_message", time_per_message)
    rates = (least_per_s, most_per_s, growth_factor)
    if not (0.0 <= least_per_s <= most_per_s < math.inf and 1.0 <= growth_factor < math.inf):
        raise ValueError(
            f"least_per_s, most_per_s, growth_factor: {rates}; give 0 <= least <= most, and 1 or "
            "more to grow by"
        )
    if at_a_time < 1 or at_least < 0:
        raise ValueError("at_a_time, at_least: give 1 or more, and 0 or more")
    per_instance = acceptable_latency // time_per_message * at_a_time
    if not per_instance:
        raise ValueError(
            f"acceptable_latency: {acceptable_latency} is less than the {time_per_message} that "
            "one message takes: no fleet keeps it; take a faster machine, or accept more"
        )
    # What one instance does in a second, exactly.
    done = Fraction(SECOND // timedelta(microseconds=1), time_per_message // timedelta.resolution)
    done *= at_a_time
    low = max(at_least, round_up(Fraction(str(least_per_s)) / done))
    grown = round_up(Fraction(str(most_per_s)) / done) * Fraction(str(growth_factor))
    return Backlog(per_instance, low, max(low, 1, round_up(grown)))


def _find_risk(job: Job, offer: Offer, machines: int) -> float:
    """Say how likely a late end is; with even times it is sure or impossible."""
    places = machines * offer.at_a_time
    budget = (job.deadline - offer.start_up) / job.time_per_item
    if not job.cv:
        return float(-(-job.items // places) > (job.deadline - offer.start_up) // job.time_per_item)
    return find_risk(job.items, places, budget, job.cv)


def _try_fleet(job: Job, offer: Offer, machines: int, one: Fleet | None) -> Fleet:
    shares = even = _deal_evenly(job.items, machines)
    billed = even_billed = _bill(job, offer, even)
    longest, worth = _last(job, offer, even[0].items), billed * (1.0 - WORTH_RATIO)
    risk = _find_risk(job, offer, machines)
    in_time = longest <= job.deadline and (not job.cv or risk <= job.risk_ratio)
    if in_time and not job.cv and _least_billed(job, offer, machines) <= worth:
        found = _deal(job, offer, machines)
        less = _bill(job, offer, found)
        if less <= worth:
            shares, billed, longest = found, less, _last(job, offer, found[0].items)
    cost = offer.price_per_hour * (billed / HOUR_UNITS)
    faster = one.time / longest if one else 1.0
    dearer = cost / one.cost if one and one.cost else 1.0
    used = job.items * (job.time_per_item // UNIT) / (billed * offer.at_a_time)
    even_cost = offer.price_per_hour * (even_billed / HOUR_UNITS)
    return Fleet(machines, longest, cost, faster, dearer, in_time, used, risk, shares, even_cost)


def _deal_evenly(items: int, machines: int) -> tuple[Share, ...]:
    share, more = divmod(items, machines)
    found = (Share(share + 1, more), Share(share, machines - more))
    return tuple(each for each in found if each.machines)


def _deal(job: Job, offer: Offer, machines: int) -> tuple[Share, ...]:
    """Deal so that the least is billed, in whole rounds; what the last round lacks, lacks one."""
    rounds = -(-job.items // offer.at_a_time)
    dealt = sorted(deal_soonest(machines, rounds, _terms(job, offer)).items(), reverse=True)
    found = [Share(each * offer.at_a_time, count) for each, count in dealt]
    lacking = rounds * offer.at_a_time - job.items
    if lacking:
        items, count = found.pop()
        found += [Share(items, count - 1)] * (count > 1) + [Share(items - lacking, 1)]
    return tuple(found)


def _terms(job: Job, offer: Offer) -> Terms:
    return Terms(
        start=offer.start_up // UNIT,
        each=job.time_per_item // UNIT,
        by=offer.billed_by // UNIT,
        least=offer.billed_least // UNIT,
        most=max(1, (job.deadline - offer.start_up) // job.time_per_item),
    )


def _least_cost(job: Job, offer: Offer, machines: int) -> float:
    """Say what so many machines cost at least, which more of them never cost less than."""
    return offer.price_per_hour * (_least_billed(job, offer, machines) / HOUR_UNITS)


def _least_billed(job: Job, offer: Offer, machines: int) -> int:
    rounds = -(-job.items // offer.at_a_time)
    return _terms(job, offer).bound(machines, rounds)


def _last(job: Job, offer: Offer, share: int) -> timedelta:
    return offer.start_up + -(-share // offer.at_a_time) * job.time_per_item


def _bill(job: Job, offer: Offer, shares: tuple[Share, ...]) -> int:
    """Say what is billed for all machines, in units of time."""
    terms = _terms(job, offer)
    return sum(count * terms.bill(-(-items // offer.at_a_time)) for items, count in shares)


def _check_positive(name: str, value: timedelta) -> None:
    if value <= timedelta(0):
        raise ValueError(f"{name}: {value} is no time; give more than 0")
