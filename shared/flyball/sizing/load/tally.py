"""What was sent and answered while a load was held?

A generator tells, some times a second, what has happened since it told last. A step of a benchmark
is made of what it told while the load was held, the settling before it left out.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from flyball.sizing.benchmark import Resource, Step

WIDTH = 0.01
"""Latencies within 1 % of each other are counted together: a quantile is right within 0.5 %."""
SHORTEST_MS = 0.01
QUANTILES = (0.5, 0.9, 0.95, 0.99)
PILE_RATIO = 0.05
"""Of what was due in a step: if more than this piled up, it was not answered; less is its edges."""
MINUTE_S = 60.0


REFUSED = "connection refused"
TIMED_OUT = "timed out"
BROKEN = "connection broken"
UNKNOWN_HOST = "unknown host"
UNTRUSTED = "certificate not trusted"
DROPPED = "not sent"
"""It was due, and as many as are allowed were under way."""


@dataclass(frozen=True, slots=True)
class Tick:
    """What happened in a moment.

    Attributes:
        span_s: How long it was.
        sent: Requests.
        due: Those that a rate asked for; 0 where load is users.
        answered: As was expected.
        failed: Others, by cause; those that were due and not sent among them.
        bins: Answered ones by the bin of their latency; see `find_bin`.
        waiting: Under way at its end.
        stuck: Of these, how many have been for so long as a step is held.
        cpu_s: CPU that the generator itself used, of one core.
        limited: A hard limit held some back.
    """

    span_s: float
    sent: int = 0
    due: int = 0
    answered: int = 0
    failed: Mapping[str, int] = field(default_factory=dict)
    bins: Mapping[int, int] = field(default_factory=dict)
    waiting: int = 0
    stuck: int = 0
    cpu_s: float = 0.0
    limited: bool = False

    @property
    def failures(self) -> int:
        """Calls that were no answers, for whatever cause."""
        return sum(self.failed.values())

    @property
    def failed_ratio(self) -> float:
        """Share of what ended that was no answer, 0–1."""
        ended = self.answered + self.failures
        return self.failures / ended if ended else 0.0


def merge(ticks: Sequence[Tick]) -> Tick:
    """Add up ticks that follow each other; shape (n,), n >= 1."""
    failed: Counter[str] = Counter()
    bins: Counter[int] = Counter()
    for tick in ticks:
        failed.update(tick.failed)
        bins.update(tick.bins)
    return Tick(
        span_s=math.fsum(tick.span_s for tick in ticks),
        sent=sum(tick.sent for tick in ticks),
        due=sum(tick.due for tick in ticks),
        answered=sum(tick.answered for tick in ticks),
        failed=dict(failed),
        bins=dict(bins),
        waiting=ticks[-1].waiting,
        stuck=ticks[-1].stuck,
        cpu_s=math.fsum(tick.cpu_s for tick in ticks),
        limited=any(tick.limited for tick in ticks),
    )


def make_step(
    held: Tick,
    users: int | None,
    before: int,
    used_ratio: Mapping[Resource, float],
    quantiles: Sequence[float] = QUANTILES,
) -> Step:
    """Make a benchmark's step of what happened while a load was held.

    Args:
        held: All of that time.
        users: How many there were; None: the load was a rate.
        before: How many were under way when it began.
        used_ratio: Of each resource that was measured, 0–1.
        quantiles: Of the latency, 0–1.
    """
    ended = held.answered + held.failures
    if users is None:
        piled = held.waiting - before
        offered = max(held.due if piled > PILE_RATIO * held.due else ended, ended)
    else:
        offered = ended + held.stuck
    a_minute = MINUTE_S / held.span_s
    return Step(
        answered=held.answered * a_minute,
        offered=offered * a_minute,
        users=None if users is None else float(users),
        duration=timedelta(seconds=held.span_s),
        latency_ms={each: found for each in quantiles if (found := find_quantile(held.bins, each))},
        used_ratio=used_ratio,
    )


def find_bin(latency_ms: float) -> int:
    """Give the bin that a latency is counted in."""
    return round(math.log(max(latency_ms, SHORTEST_MS)) / math.log1p(WIDTH))


def find_quantile(bins: Mapping[int, int], quantile: float) -> float | None:
    """Give the latency that so many keep, by the nearest rank.

    Returns:
        Milliseconds; None where nothing was answered.
    """
    rank = max(1, math.ceil(quantile * sum(bins.values())))
    seen = 0
    for each in sorted(bins):
        seen += bins[each]
        if seen >= rank:
            return math.exp(each * math.log1p(WIDTH))
    return None


def encode_tick(tick: Tick) -> dict[str, object]:
    """Write a tick as JSON's values."""
    return {
        "span_s": tick.span_s,
        "sent": tick.sent,
        "due": tick.due,
        "answered": tick.answered,
        "failed": dict(tick.failed),
        "bins": {str(each): count for each, count in tick.bins.items()},
        "waiting": tick.waiting,
        "stuck": tick.stuck,
        "cpu_s": tick.cpu_s,
        "limited": tick.limited,
    }


def decode_tick(stored: Mapping[str, object]) -> Tick:
    """Read what `encode_tick` wrote."""
    bins = json.loads(json.dumps(stored["bins"]))
    return Tick(**{**stored, "bins": {int(each): bins[each] for each in bins}})  # type: ignore[arg-type]  # the keys are encode_tick's
