"""How does the plan of a batch read: which fleet of which type, and what do more machines buy?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from itertools import pairwise

from flyball.core.shape import NamedTuple
from flyball.report.figures import counted, duration, number
from flyball.sizing.batch import (
    Fleet,
    Job,
    Offer,
    Plan,
    count_done,
    count_needed,
)
from flyball.sizing.remedy import find_remedies

HOUR = timedelta(hours=1)
TENTHS_BELOW = timedelta(seconds=10)
NOTHING = "–"
BEST = "*"
CENT = 0.01
CERTAIN_RATIO = 0.9999
UNLIKELY_RATIO = 0.0001


class Kind(NamedTuple):
    """A type of machine, and the plan of the batch on it.

    Attributes:
        name: Of the type; "" where there is only one.
        job: With the time that an item takes on it.
        offer: With its price.
        plan: What comes of both.
    """

    name: str
    job: Job
    offer: Offer
    plan: Plan


def rank(kinds: Sequence[Kind]) -> list[Kind]:
    """Order types: those that end in time by cost, then the others by how soon they end at best."""
    return sorted(kinds, key=_order)


def tell_job(kind: Kind) -> str:
    """Say what is to be done, and on what."""
    job, offer = kind.job, kind.offer
    each = length(job.time_per_item)
    work = length(-(-job.items // offer.at_a_time) * job.time_per_item)
    many = f", {offer.at_a_time:,} at a time" if offer.at_a_time > 1 else ""
    told = [
        f"{counted(job.items, 'item')} of {each}{many}, {work} of work for one machine",
        f"{length(job.deadline)} to the deadline",
        f"{number(offer.price_per_hour)} an hour and machine",
    ]
    if offer.start_up:
        told.append(f"{length(offer.start_up)} to start one, paid")
    return "; ".join(told)


def heads(job: Job) -> list[str]:
    """Name the columns of a table of fleets."""
    late = ["late end"] if job.cv else []
    return ["", "machines", "time", "cost", "an hour saved", "utilization", *late, "in time"]


def rows(kind: Kind) -> list[list[str]]:
    """Give the table of fleets: what more machines buy."""
    plan = kind.plan
    saved = [None, *(price_hour(*pair) for pair in pairwise(plan.table))]
    return [
        [
            BEST if fleet == plan.best else "",
            f"{fleet.machines:,}",
            length(fleet.time),
            money(fleet.cost),
            NOTHING if each is None else money(each),
            f"{fleet.used_ratio:.1%}",
            *([risk(fleet.late_ratio)] if kind.job.cv else []),
            "yes" if fleet.in_time else "no",
        ]
        for fleet, each in zip(plan.table, saved, strict=True)
    ]


def compared_heads(kinds: Sequence[Kind]) -> list[str]:
    """Name the columns of a table of types."""
    own = [name for name, _ in _differ(kinds)]
    return ["", "type", *own, "machines", "time", "cost", "utilization", "in time"]


def compared_rows(kinds: Sequence[Kind]) -> list[list[str]]:
    """Give the table of types, ranked: of each the best fleet, or the one that ends soonest."""
    found = []
    for index, kind in enumerate(kinds):
        fleet = kind.plan.best or find_soonest(kind.plan)
        found.append(
            [
                BEST if not index and kind.plan.best else "",
                kind.name,
                *(show(kind.offer) for _, show in _differ(kinds)),
                f"{fleet.machines:,}",
                length(fleet.time),
                money(fleet.cost),
                f"{fleet.used_ratio:.1%}",
                "yes" if kind.plan.best else "no",
            ]
        )
    return found


def _differ(kinds: Sequence[Kind]) -> list[tuple[str, Callable[[Offer], str]]]:
    """Name what types do not have in common, and how it is shown."""
    shown: list[tuple[str, Callable[[Offer], str]]] = [
        ("start-up", lambda offer: length(offer.start_up)),
        ("at a time", lambda offer: f"{offer.at_a_time:,}"),
    ]
    return [each for each in shown if len({each[1](kind.offer) for kind in kinds}) > 1]


def conclude(kinds: Sequence[Kind]) -> list[str]:
    """Say what follows, of types that are ranked: a paragraph each."""
    first = kinds[0]
    told = [_conclude(first)]
    if len(kinds) > 1:
        told.insert(0, _compare(kinds))
    if first.job.cv:
        told.append(
            f"Items' times differ by {number(100 * first.job.cv)}% of their mean: the risk is that "
            "of the slowest place, with items dealt out beforehand. Machines that draw items from "
            "one queue as they become free end closer together, and the risk is less."
        )
    return told


def as_json(kinds: Sequence[Kind]) -> Mapping[str, object]:
    """Give all of it for other programs, of types that are ranked."""
    return {
        "in_time": kinds[0].plan.best is not None,
        "cheapest": kinds[0].name or None,
        "types": [_kind(kind) for kind in kinds],
    }


def price_hour(before: Fleet, fleet: Fleet) -> float | None:
    """Say what an hour sooner costs, with these machines in place of the ones before.

    Returns:
        None where it ends no sooner; below 0 where it is cheaper as well.
    """
    saved = (before.time - fleet.time) / HOUR
    return (fleet.cost - before.cost) / saved if saved > 0 else None


def find_soonest(plan: Plan) -> Fleet:
    """Give the fleet that ends soonest; of several the smallest."""
    return min(plan.table, key=lambda fleet: (fleet.time, fleet.machines))


def length(time: timedelta) -> str:
    """Write a length of time; short ones with what is below a second."""
    if time < TENTHS_BELOW:
        return f"{number(time.total_seconds())} s"
    return duration(time)


def money(value: float) -> str:
    """Write money; a true minus sign, and what is less than a cent is never called nothing."""
    if 0.0 < value < CENT:
        return f"< {CENT}"
    told = f"{abs(value):,.2f}"
    return f"−{told}" if value <= -CENT / 2 else told


def risk(ratio: float) -> str:
    """Write how likely something is, where chance decides; nothing is called sure."""
    if ratio < UNLIKELY_RATIO:
        return "< 0.01%"
    if ratio > CERTAIN_RATIO:
        return "> 99.99%"
    return f"{ratio:.2%}"


def _order(kind: Kind) -> tuple[bool, float, timedelta]:
    best = kind.plan.best
    if best is not None:
        return False, best.cost, best.time
    return True, 0.0, find_soonest(kind.plan).time


def _conclude(kind: Kind) -> str:
    best, job, name = kind.plan.best, kind.job, _of(kind.name)
    if best is None:
        return _refuse(kind)
    count = _count(best.machines)
    told = (
        f"{count}{name} {'ends' if best.machines == 1 else 'end'} in {length(best.time)} of "
        f"{length(job.deadline)}, for {money(best.cost)}"
    )
    told += f"; a late end is {risk(best.late_ratio)} likely." if job.cv else "."
    if best.cost < best.even_cost:
        told += _tell_deal(best)
    fast = find_soonest(kind.plan)
    if fast.time < best.time:
        told += (
            f" The most that help, {_count(fast.machines)}, would take {length(fast.time)} and "
            f"cost {money(fast.cost)}."
        )
    return told


def _tell_deal(fleet: Fleet) -> str:
    """Say how items are dealt, where that is not evenly."""
    parts = [
        f"{counted(items, 'item')} to {'each of ' if many > 1 else ''}{_count(many)}"
        for items, many in fleet.shares
    ]
    last = f", and {parts[-1]}"
    return (
        f" Deal {', '.join(parts[:-1])}{last}: dealt evenly they would cost "
        f"{money(fleet.even_cost)}."
    )


def _refuse(kind: Kind) -> str:
    """Say why no fleet ends in time, and what could be instead."""
    _, job, offer, plan = kind
    most = min(offer.most_machines, -(-job.items // offer.at_a_time))
    each, needed, allowed = count_done(job, offer), count_needed(job, offer), length(job.deadline)
    if not each:
        why = (
            f"{allowed} cannot be kept by any number of machines: an item takes "
            f"{length(job.time_per_item)}, and starting a machine {length(offer.start_up)}."
        )
    elif needed > most:
        why = (
            f"{allowed} cannot be kept with {_count(most)}: {min(job.items, each * most):,} of "
            f"{job.items:,} items are done by then"
            f"{' in the mean' if job.cv else ''}."
        )
    else:
        ratio = plan.table[-1].late_ratio
        why = (
            f"{allowed} cannot be kept surely enough with {_count(most)}: a late end is "
            f"{risk(ratio)} likely, and {risk(job.risk_ratio)} is allowed."
        )
    could = _offer(kind)
    if not could:
        return f"{why} Only fewer items could be, or other machines."
    return f"{why} What could be: {', or '.join(could)}."


def _offer(kind: Kind) -> list[str]:
    """Say what would be enough, as options take it."""
    deadline, machines, time, ratio = find_remedies(kind.job, kind.offer, kind.plan)
    could = []
    if deadline is not None:
        could.append(f"--deadline {_write(deadline)}")
    if machines is not None:
        could.append(f"--most-machines {machines}")
    if time is not None:
        could.append(f"a type that takes {_seconds(time)} s an item")
    if ratio is not None:
        could.append(f"--risk {ratio:g}")
    return could


def _compare(kinds: Sequence[Kind]) -> str:
    first, second = kinds[:2]
    if first.plan.best is None:
        return f"None of {len(kinds)} types ends in time; {first.name} ends soonest."
    if second.plan.best is None:
        return f"Only {first.name} ends in time."
    low, high = first.plan.best.cost, second.plan.best.cost
    if low >= high:
        return f"{first.name} and {second.name} cost the same; {first.name} ends no later."
    return f"{first.name} is cheapest: {1 - low / high:.0%} less than {second.name}."


def _kind(kind: Kind) -> Mapping[str, object]:
    plan = kind.plan
    saved = [None, *(price_hour(*pair) for pair in pairwise(plan.table))]
    return {
        "type": kind.name or None,
        "items": kind.job.items,
        "seconds_per_item": kind.job.time_per_item.total_seconds(),
        "deadline_s": kind.job.deadline.total_seconds(),
        "cv": kind.job.cv,
        "risk_ratio": kind.job.risk_ratio if kind.job.cv else None,
        "price_per_hour": kind.offer.price_per_hour,
        "start_up_s": kind.offer.start_up.total_seconds(),
        "at_a_time": kind.offer.at_a_time,
        "best": None if plan.best is None else _fleet(plan.best),
        "fleets": [
            {**_fleet(fleet), "cost_of_an_hour_saved": each}
            for fleet, each in zip(plan.table, saved, strict=True)
        ],
    }


def _fleet(fleet: Fleet) -> Mapping[str, object]:
    return {
        "machines": fleet.machines,
        "time_s": fleet.time.total_seconds(),
        "cost": fleet.cost,
        "used_ratio": fleet.used_ratio,
        "late_ratio": fleet.late_ratio,
        "in_time": fleet.in_time,
        "deal": [each._asdict() for each in fleet.shares],
        "cost_dealt_evenly": fleet.even_cost,
    }


def _of(name: str) -> str:
    return f" of {name}" if name else ""


def _count(machines: int) -> str:
    return "1 machine" if machines == 1 else f"{machines:,} machines"


def _seconds(time: timedelta) -> str:
    """Write seconds without an exponent."""
    return f"{time.total_seconds():.6f}".rstrip("0").rstrip(".")


def _write(time: timedelta) -> str:
    """Write whole seconds as an option takes them."""
    hours, rest = divmod(time // timedelta(seconds=1), 3_600)
    minutes, rest = divmod(rest, 60)
    parts = [f"{n}{unit}" for n, unit in ((hours, "h"), (minutes, "m"), (rest, "s")) if n]
    return "".join(parts)
