"""How does the sizing of a queue's workers read?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from flyball.report.batch import length, money
from flyball.report.figures import counted, number
from flyball.sizing.batch import Backlog
from flyball.sizing.follow import Tried
from flyball.sizing.worker import (
    LEAST_USED_RATIO,
    Pool,
    Workers,
    exceeds_chance,
    find_late_ratio,
)

UNTOLD = (
    "Say what arrives, --most with --least, or --trace, for the bounds, a config, and what becomes "
    "of the messages."
)
FLUID = (
    "Messages are a fluid that comes evenly within each minute: waits for too few workers are in "
    "these figures; what waits by chance, or comes back from a worker that ended, is not."
)
PICKED = (
    "The policy moves the range's floor; inside it Google's own service picks, by the use of CPU "
    "and GPU."
)
SURE_RATIO = 0.9999
NEVER = "never"
QUANTILES: Mapping[float, str] = {0.5: "p50", 0.95: "p95", 0.99: "p99", 1.0: "longest"}


@dataclass(frozen=True, slots=True)
class Sizing:
    """What is told.

    Attributes:
        workers: What was asked for.
        arrivals: What comes, for people; "": that was not said.
        least_per_s: Messages a second that arrive, and most_per_s.
        most_per_s: As least_per_s.
        timing: Lead time and delay of metrics, for people.
        tried: What became of the messages: first with the config as it is.
        target_values: Of a config that there is already: what its policies track as backlog, by
            the policy's name; None: the config is made here.
        config: That was made; "": none was.
    """

    workers: Workers
    arrivals: str = ""
    least_per_s: float = 0.0
    most_per_s: float = 0.0
    timing: str = ""
    tried: tuple[Tried, ...] = ()
    target_values: Mapping[str, float] | None = None
    config: str = ""


def tell_backlog(sizing: Sizing) -> list[str]:
    """Say how many messages may wait for each worker, and why: a line each."""
    workers, bounds = sizing.workers, sizing.workers.backlog
    at_a_time = f" × {workers.at_a_time} at a time" if workers.at_a_time > 1 else ""
    allowed, each = length(workers.acceptable_latency), length(workers.time_per_message)
    waiting = counted(bounds.per_instance, "message")
    told = [
        f"{waiting} may wait for each instance: {allowed} ÷ {each} a message{at_a_time}.",
        f"The last of them waits {length(_wait(workers))}, and ends {each} later.",
        f"An instance does {number(workers.per_minute)} a minute.",
    ]
    for name, value in (sizing.target_values or {}).items():
        told.append(f"Policy {name} lets {number(value)} wait: {_judge(value, bounds)}.")
    if sizing.arrivals:
        told.append(
            f"{sizing.arrivals}: {number(sizing.least_per_s)} to {number(sizing.most_per_s)} "
            f"messages a second. {sizing.timing}."
        )
    return told


def heads() -> list[str]:
    """Name the columns of the table of what became of the messages."""
    return ["", "at least", "kept", *QUANTILES.values(), "hours", "cost", "changes"]


def rows(sizing: Sizing) -> list[list[str]]:
    """Give the table of what became of the messages."""
    price = sizing.workers.price_per_hour
    return [
        [
            each.name,
            f"{each.min_capacity:,}",
            share(each.kept_ratio),
            *(_latency(each.latency_s[ratio]) for ratio in QUANTILES),
            f"{each.instance_hours:,.1f}",
            "–" if price is None else money(each.instance_hours * price),
            f"{each.changes:,}",
        ]
        for each in sizing.tried
    ]


def conclude(sizing: Sizing, least: Tried | None) -> list[str]:
    """Say what follows: a paragraph each.

    Args:
        sizing: What was found.
        least: With how many workers at least it is kept, where it is not kept by the first; None:
            with none, or it is kept.
    """
    workers = sizing.workers
    if not sizing.tried:
        return [UNTOLD]
    first, wanted = sizing.tried[0], f"{number(100 * workers.kept_ratio)}%"
    told = f"{share(first.kept_ratio)} of the messages are done within "
    told += f"{length(workers.acceptable_latency)}, and {wanted} are wanted."
    if least is not None:
        told += (
            f" What comes all at once waits until metrics show it and workers have started. With "
            f"--at-least {least.min_capacity} it is kept, for {least.instance_hours:,.1f} instance "
            f"hours in place of {first.instance_hours:,.1f}. A window that raises the minimum "
            "before the load comes costs less, where it comes by the clock."
        )
    elif not first.keeps:
        told += (
            " All workers at all times would not do either. Allow a longer --acceptable-latency, "
            "more --growth, or take a faster type."
        )
    pool = [PICKED] if isinstance(workers.place, Pool) and not sizing.target_values else []
    by_chance = _leaves_room(sizing) and exceeds_chance(workers)
    chance = [_tell_chance(workers)] if by_chance else []
    return [told, *pool, FLUID, *chance]


def as_json(sizing: Sizing, least: Tried | None) -> Mapping[str, object]:
    """Give all of it for other programs."""
    workers = sizing.workers
    return {
        "backlog_per_instance": workers.backlog.per_instance,
        "acceptable_latency_s": workers.acceptable_latency.total_seconds(),
        "seconds_per_message": workers.time_per_message.total_seconds(),
        "messages_per_minute_and_instance": workers.per_minute,
        "min_capacity": workers.backlog.min_capacity if sizing.arrivals else None,
        "max_capacity": workers.backlog.max_capacity if sizing.arrivals else None,
        "wanted_ratio": workers.kept_ratio,
        "target_values": sizing.target_values,
        "tried": [_tried(each, workers.price_per_hour) for each in sizing.tried],
        "keeps": sizing.tried[0].keeps if sizing.tried else None,
        "at_least": None if least is None else least.min_capacity,
        "late_by_chance_ratio": find_late_ratio(workers) if _leaves_room(sizing) else None,
        "config": sizing.config or None,
    }


def share(ratio: float) -> str:
    """Write a share; what is not all is never called so."""
    return "> 99.99%" if SURE_RATIO < ratio < 1.0 else f"{ratio:.2%}"


def _leaves_room(sizing: Sizing) -> bool:
    """Say whether the config that was made tracks what arrives, and so leaves room for chance."""
    return bool(sizing.config) and sizing.workers.follows_arrivals


def _wait(workers: Workers) -> timedelta:
    """Say how long the last of those that may wait does."""
    return workers.backlog.per_instance // workers.at_a_time * workers.time_per_message


def _tell_chance(workers: Workers) -> str:
    fewest = counted(max(1, workers.backlog.min_capacity))
    verb = "serves" if fewest.startswith("1 ") else "serve"
    return (
        f"By chance {share(find_late_ratio(workers))} take too long while {fewest} {verb}, and "
        f"{share(1.0 - workers.kept_ratio)} may. Workers are kept no emptier than "
        f"{LEAST_USED_RATIO:.0%} full; a longer latency or a faster type lowers that."
    )


def _judge(value: float, bounds: Backlog) -> str:
    if value > bounds.per_instance:
        return f"too many for this latency, write target_value: {bounds.per_instance}"
    return "no more than may" if value == bounds.per_instance else "fewer than may"


def _tried(each: Tried, price: float | None) -> Mapping[str, object]:
    latency_s = {QUANTILES[ratio]: found for ratio, found in each.latency_s.items()}
    return {
        "name": each.name,
        "min_capacity": each.min_capacity,
        "kept_ratio": each.kept_ratio,
        "latency_s": {k: None if math.isinf(v) else round(v, 3) for k, v in latency_s.items()},
        "instance_hours": each.instance_hours,
        "cost": None if price is None else each.instance_hours * price,
        "changes": each.changes,
    }


def _latency(seconds: float) -> str:
    return NEVER if math.isinf(seconds) else length(timedelta(seconds=seconds))
