"""Which policies let workers follow their queue, and how is that said in flyball.yaml?

Backlog per instance bounds how long a message waits for those that are there already. It is a poor
guide alone: where workers keep up nothing waits, so they are taken away until something does. So
what arrives is tracked beside it, at what an instance does in a minute, and a scale-in waits until
both agree.
"""

from __future__ import annotations

import json
import math
import re
import textwrap
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction

from flyball.core.shape import NamedTuple
from flyball.sizing.batch import Backlog
from flyball.sizing.expectation import round_up
from flyball.sizing.queueing import find_wait_ratio

MINUTE = timedelta(minutes=1)
COLUMNS = 88
PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")
WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
"""Which YAML takes for something else than text."""
BACKLOG, ARRIVALS, WAITING = "backlog-per-instance", "arrivals", "waiting"
"""Names of metrics."""
MEANINGS = {BACKLOG: "backlog", ARRIVALS: "requests", WAITING: "backlog"}
"""What each of them measures at a simulated fleet."""
LEAST_USED_RATIO = 0.5
"""Emptier workers than this cost much: a message waits less, but its own time stays."""
COUNTED_SERVERS = 10_000
"""Of more it is not counted how many messages wait: all are taken to, which errs on their side."""
NEARLY = 1.005
"""So near is the same, as a percentage is written."""


class Group(NamedTuple):
    """Workers in an EC2 Auto Scaling group, and their queue in SQS."""

    group: str = "workers"
    queue: str = "jobs"


class Pool(NamedTuple):
    """A deployment resource pool of Vertex AI, and a subscription of Pub/Sub that it works off."""

    project: str
    location: str
    pool: str
    subscription: str = "jobs"


@dataclass(frozen=True, slots=True)
class Workers:
    """What is written.

    Attributes:
        place: What is scaled, and what it follows.
        backlog: Bounds and target value; min_capacity is 1 or more of a pool.
        acceptable_latency: From a message's arrival to its end.
        time_per_message: Of a worker, mean.
        at_a_time: Messages in work on an instance.
        kept_ratio: Share of messages that have to keep the latency.
        follows_arrivals: Whether what arrives is tracked too; never of a pool, whose subscription
            has no metric that counts it.
        price_per_hour: Of an instance; None: not known.
    """

    place: Group | Pool
    backlog: Backlog
    acceptable_latency: timedelta
    time_per_message: timedelta
    at_a_time: int = 1
    kept_ratio: float = 0.99
    follows_arrivals: bool = True
    price_per_hour: float | None = None

    def __post_init__(self) -> None:
        if isinstance(self.place, Pool) and not self.backlog.min_capacity:
            raise ValueError("min_capacity: 0; a pool of Vertex AI has 1 or more")
        if isinstance(self.place, Pool) and self.follows_arrivals:
            raise ValueError("follows_arrivals: a subscription of Pub/Sub does not count them")
        if not 0.0 < self.kept_ratio < 1.0:
            raise ValueError(f"kept_ratio: {self.kept_ratio!r} is not between 0 and 1")

    @property
    def per_minute(self) -> float:
        """Messages that an instance does in a minute."""
        return self.at_a_time * (MINUTE / self.time_per_message)


def find_used_ratio(workers: Workers) -> float:
    """Say how full workers may be kept so that chance alone makes too few messages wait too long.

    Of c servers of one queue a message waits longer than t with a probability of at most
    exp(−c (1 − use) t ÷ time per message). The smallest fleet needs the most room: c is its.

    Returns:
        From LEAST_USED_RATIO to below 1.

    Source: Kleinrock, "Queueing Systems", volume 1, M/M/m: the waiting time's tail, with the
        probability to wait at all taken for 1.
    """
    servers = max(1, workers.backlog.min_capacity) * workers.at_a_time
    wait = workers.acceptable_latency / workers.time_per_message - 1.0
    if wait <= 0.0:
        return LEAST_USED_RATIO
    room = -math.log(1.0 - workers.kept_ratio) / (servers * wait)
    return max(LEAST_USED_RATIO, 1.0 - room)


def leave_room(workers: Workers, most_per_s: float, growth_factor: float = 1.0) -> Workers:
    """Let there be so many workers at most that none is fuller than find_used_ratio says.

    Where the most arrives and all of them are full, what waits by chance grows without end.

    Args:
        workers: With bounds that just keep up.
        most_per_s: Messages a second that arrive at most, >= 0.
        growth_factor: By how much more workers the most may come to be, >= 1.
    """
    each_per_s = workers.per_minute * find_used_ratio(workers) / MINUTE.total_seconds()
    needed = round_up(Fraction(most_per_s / each_per_s))
    most = round_up(needed * Fraction(str(growth_factor)))
    bounds = workers.backlog
    return replace(workers, backlog=replace(bounds, max_capacity=max(bounds.max_capacity, most)))


def find_late_ratio(workers: Workers) -> float:
    """Say how many messages take too long by chance alone, where workers are kept so full.

    Of the smallest fleet, of messages that come by chance and take exponential times; a message's
    own time counts too. More of them than may are late where the formula of find_used_ratio asks
    for emptier workers than there are to be, or where that own time alone is often too long.

    Returns:
        0-1.

    Source: Kleinrock, "Queueing Systems", volume 1, M/M/m: the time in the system.
    """
    servers = max(1, workers.backlog.min_capacity) * workers.at_a_time
    load = servers * find_used_ratio(workers)
    waits = find_wait_ratio(servers, load) if servers <= COUNTED_SERVERS else 1.0
    free = servers - load
    longest = workers.acceptable_latency / workers.time_per_message
    alone, row = math.exp(-longest), math.exp(-longest * free)
    if math.isclose(free, 1.0):
        return alone * (1.0 + waits * longest)
    return min(1.0, alone + waits * (alone - row) / (free - 1.0))


def exceeds_chance(workers: Workers) -> bool:
    """Say whether chance alone makes more messages late than may be."""
    return find_late_ratio(workers) > (1.0 - workers.kept_ratio) * NEARLY


def write_workers(workers: Workers) -> str:
    """Write a flyball.yaml of one scalable target, which flyball.config.loads takes."""
    bounds = workers.backlog
    at_zero = not bounds.min_capacity
    aws = isinstance(workers.place, Group)
    lines = [
        "version: 1",
        "",
        "scalable_targets:",
        *_place(workers.place),
        f"    min_capacity: {bounds.min_capacity}",
        f"    max_capacity: {bounds.max_capacity}",
    ]
    if workers.price_per_hour is not None:
        lines.append(f"    price_per_hour: {_number(workers.price_per_hour)}")
    lines += ["", "    metrics:", *(_sqs if aws else _pub_sub)(workers)]
    lines += [
        "",
        "    policies:",
        *_say(
            f"So many may wait for each: {_seconds(workers.acceptable_latency)} that are "
            f"acceptable ÷ {_seconds(workers.time_per_message)} that one takes"
            + (f" × {workers.at_a_time} at a time" if workers.at_a_time > 1 else "")
        ),
        "      - name: backlog",
        "        kind: target_tracking",
        f"        metric: {BACKLOG}",
        f"        target_value: {bounds.per_instance}",
    ]
    if workers.follows_arrivals:
        used = find_used_ratio(workers)
        lines += [
            *_say(_explain(used, workers)),
            "      - name: keep-up",
            "        kind: target_tracking",
            f"        metric: {ARRIVALS}",
            f"        target_value: {_number(workers.per_minute * used)}",
        ]
    if at_zero:
        lines += ["", f"    zero: {{metric: {WAITING}, idle_after: 15m}}"]
    return "\n".join(lines) + "\n"


def _explain(used: float, workers: Workers) -> str:
    does = f"An instance does {_number(workers.per_minute)} a minute; it is kept {used:.0%} full"
    allowed = f"{1.0 - workers.kept_ratio:.2%}"
    if not exceeds_chance(workers):
        return f"{does}, so that by chance no more than {allowed} take too long"
    floor = ", and none is kept emptier" if used == LEAST_USED_RATIO else ""
    return (
        f"{does}{floor}. While the fewest serve, {find_late_ratio(workers):.2%} take too long by "
        f"chance, and {allowed} may: a longer latency or a faster type lowers that"
    )


def _place(place: Group | Pool) -> list[str]:
    if isinstance(place, Group):
        return [
            f"  - id: {_text(place.group)}",
            "    home: aws",
            f"    resource: {{auto_scaling_group: {_text(place.group)}}}",
        ]
    return [
        f"  - id: {_text(place.pool)}",
        "    home: gcp",
        "    resource:",
        f"      project: {_text(place.project)}",
        f"      location: {_text(place.location)}",
        f"      deployment_resource_pool: {_text(place.pool)}",
    ]


def _sqs(workers: Workers) -> list[str]:
    """Give the metrics of SQS; a queue at rest has none: no load, where it may be zero."""
    assert isinstance(workers.place, Group)  # noqa: S101  (see write_workers)
    group, queue = _text(workers.place.group), _text(workers.place.queue)
    at_zero = not workers.backlog.min_capacity
    waiting = [
        "            namespace: AWS/SQS",
        "            metric: ApproximateNumberOfMessagesVisible",
        "            statistic: Average",
        f"            dimensions: {{QueueName: {queue}}}",
    ]
    lines = [
        *_say("The group has to publish its own metrics: aws autoscaling"),
        *_say(f"enable-metrics-collection --granularity 1Minute --auto-scaling-group-name {group}"),
        f"      - name: {BACKLOG}",
        "        source:",
        f"          expression: {'FILL(queued, 0)' if at_zero else 'queued'} / ready",
        "          queued:",
        *waiting,
        "          ready:",
        "            namespace: AWS/AutoScaling",
        "            metric: GroupInServiceInstances",
        "            statistic: Average",
        f"            dimensions: {{AutoScalingGroupName: {group}}}",
    ]
    if workers.follows_arrivals:
        lines += [
            f"      - name: {ARRIVALS}",
            "        per: total",
            "        source:",
            f"          full: {_number(workers.per_minute)}",
            *(["          expression: FILL(sent, 0)", "          sent:"] if at_zero else []),
            *_indent(
                [
                    "          namespace: AWS/SQS",
                    "          metric: NumberOfMessagesSent",
                    "          statistic: Sum",
                    f"          dimensions: {{QueueName: {queue}}}",
                ],
                2 if at_zero else 0,
            ),
        ]
    if at_zero:
        lines += [
            *_say("It wakes the group at zero, where nothing can be divided by the instances"),
            f"      - name: {WAITING}",
            "        per: total",
            "        source:",
            "          expression: FILL(queued, 0)",
            "          queued:",
            *waiting,
        ]
    return lines


def _pub_sub(workers: Workers) -> list[str]:
    """Give the metric of Pub/Sub; a total is held against the replicas in service."""
    assert isinstance(workers.place, Pool)  # noqa: S101  (see write_workers)
    return [
        *_say("A total: it is held against the replicas in service"),
        f"      - name: {BACKLOG}",
        "        per: total",
        "        source:",
        "          metric: pubsub.googleapis.com/subscription/num_undelivered_messages",
        "          statistic: mean",
        "          resource_type: pubsub_subscription",
        f"          resource_labels: {{subscription_id: {_text(workers.place.subscription)}}}",
    ]


def _say(text: str) -> list[str]:
    """Write a comment, in lines that fit."""
    return [f"      # {line}" for line in textwrap.wrap(text, COLUMNS, break_long_words=False)]


def _indent(lines: list[str], by: int) -> list[str]:
    return [" " * by + each for each in lines]


def _text(value: str) -> str:
    """Write text as YAML takes it: in quotes where it could be taken for something else."""
    return value if PLAIN.fullmatch(value) and value.lower() not in WORDS else json.dumps(value)


def _number(value: float) -> str:
    return f"{value:.6g}" if value < 1e6 else f"{value:.0f}"  # noqa: PLR2004  (no exponent)


def _seconds(time: timedelta) -> str:
    return f"{time.total_seconds():g} s"
