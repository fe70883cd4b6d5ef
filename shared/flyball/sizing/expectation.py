"""How many requests are expected, and between how many instances is that?

The least and the most requests a second bound the capacity; the shape says how they come, minute
by minute.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from flyball.core.check import CAPACITY_LIMIT
from flyball.core.shape import NamedTuple
from flyball.core.word import Word

MINUTE_S = 60
DAY_MINUTES = 24 * 60
PROMISED_INSTANCES = 2
"""So many at least, where a service promises anything only of several, or over several zones."""
ROUNDING = Fraction(1, 10**9)
"""An instance more for a billionth of one is a rounding error of what was read off."""

NEAR_RATIO = 1e-6
"""Further from a whole number than this, floats are exact enough."""


LARGEST_SHOWN = 1e13
"""From here on only as a power of ten."""


class Shape(Word):
    """How requests come."""

    SMOOTH = "smooth"
    """From the least to the most and back once a day, without a jump."""
    SPIKY = "spiky"
    """The least, and at once the most, again and again."""
    RAMP = "ramp"
    """More users every minute up to the most, which then stays."""
    TRACE = "trace"
    """As they were recorded."""


class Spike(NamedTuple):
    """How spikes come: whole minutes, 1 <= lasts < every."""

    every: int = 60
    lasts: int = 5


HOURLY = Spike()


class Ramp(NamedTuple):
    """How users come.

    Attributes:
        users_per_minute: New ones, > 0.
        requests_per_user: That each of them sends in a minute, > 0.
    """

    users_per_minute: float
    requests_per_user: float


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is expected of an endpoint.

    Attributes:
        least_per_s: Requests a second, >= 0.
        most_per_s: Requests a second, >= least_per_s, > 0.
        growth_factor: By how much more instances the most may come to be, >= 1.
        shape: How they come.
        spike: How spikes come, of a spiky shape.
        ramp: How users come, of a ramp.
        trace: Requests in each minute, None in a gap, of a trace.
        slot_minutes: Over which each of its counts was spread evenly, >= 1.
    """

    least_per_s: float
    most_per_s: float
    growth_factor: float = 1.0
    shape: Shape = Shape.SMOOTH
    spike: Spike = HOURLY
    ramp: Ramp | None = None
    trace: tuple[float | None, ...] = field(default=(), repr=False)
    slot_minutes: int = 1

    def __post_init__(self) -> None:
        _check("least_per_s", self.least_per_s, 0.0)
        _check("most_per_s", self.most_per_s, self.least_per_s)
        _check("growth_factor", self.growth_factor, 1.0)
        if not self.most_per_s:
            raise ValueError("most_per_s: 0 requests need no instance; give the most expected")
        if self.shape is Shape.SPIKY and not 1 <= self.spike.lasts < self.spike.every:
            raise ValueError(f"spike: {self.spike}; it lasts a minute or more, and less than every")
        if self.shape is Shape.RAMP and (self.ramp is None or min(self.ramp) <= 0.0):
            raise ValueError("ramp: say how many new users a minute, and what each sends in one")
        if self.shape is Shape.TRACE and not self.trace:
            raise ValueError("trace: give the requests of each minute, or another shape")


class Range(NamedTuple):
    """Between how many instances an endpoint scales.

    Attributes:
        min_capacity: For the least.
        max_capacity: For the most, grown.
        most_instances: For the most, not grown.
        reason: Why the minimum is more than the least needs; "": it is not.
    """

    min_capacity: int
    max_capacity: int
    most_instances: int
    reason: str = ""


def bound_capacity(
    expectation: Expectation, invocations_per_instance: float, at_least: int = 1
) -> Range:
    """Say between how many instances an endpoint scales.

    Rounding errors of floats never add an instance: 500 requests a second at 5,000 a minute and
    instance are 6, and not a little more.

    Args:
        expectation: Requests a second.
        invocations_per_instance: A minute, > 0; what one is held at, not what it carries.
        at_least: Instances; PROMISED_INSTANCES where a service promises anything only of two.

    Raises:
        ValueError: One carries nothing, or fewer than one are wanted, or more than CAPACITY_LIMIT.

    Source: AWS's published method of sizing an endpoint in three steps:
        MinCapacity = ceil(least / (invocations per instance / 60)),
        MaxCapacity = ceil(ceil(most / (invocations per instance / 60)) × growth factor).
    """
    _check("invocations_per_instance", invocations_per_instance, 0.0)
    if not invocations_per_instance:
        raise ValueError("invocations_per_instance: 0 a minute carry nothing; give more")
    if not 1 <= at_least <= CAPACITY_LIMIT:
        raise ValueError(
            f"at_least: {at_least:,}; an endpoint that answers has 1 or more, and no fleet more "
            f"than {CAPACITY_LIMIT:,}"
        )
    _check_fleet(expectation, invocations_per_instance)
    least = count_instances(expectation.least_per_s, invocations_per_instance)
    most = count_instances(expectation.most_per_s, invocations_per_instance)
    grown = round_up(most * Fraction(str(expectation.growth_factor)))
    low = max(at_least, least)
    reason = ""
    if low > least:
        reason = f"{least} would do for the least load; {low} are there in any case"
    return Range(low, max(low, grown), most, reason)


def _check_fleet(expectation: Expectation, invocations_per_instance: float) -> None:
    """Refuse, before anything is counted, what no fleet carries."""
    most, growth = expectation.most_per_s, expectation.growth_factor
    needs = most * MINUTE_S / invocations_per_instance
    if needs > CAPACITY_LIMIT:
        raise ValueError(
            f"most_per_s: {_show(most)} requests a second need {_show(needs)} "
            f"instances at {invocations_per_instance:,.4g} a minute each, and no fleet has over "
            f"{CAPACITY_LIMIT:,}; is it a number of requests a second?"
        )
    if math.ceil(needs) * growth > CAPACITY_LIMIT:
        raise ValueError(
            f"growth_factor: {_show(growth)} times as many instances as {math.ceil(needs):,} are "
            f"more than the {CAPACITY_LIMIT:,} that a fleet may have; give less"
        )


def _show(value: float) -> str:
    return f"{value:.3g}" if value >= LARGEST_SHOWN else f"{value:,.14g}"


def count_instances(requests_per_s: float, invocations_per_instance: float) -> int:
    """Count the instances that so many requests a second need, each so many a minute."""
    rough = requests_per_s * MINUTE_S / invocations_per_instance
    if abs(rough - round(rough)) > NEAR_RATIO * max(1.0, rough):
        return math.ceil(rough)
    # So near a whole number floats may err on its other side.
    asked = Fraction(str(requests_per_s)) * MINUTE_S
    return round_up(asked / Fraction(str(invocations_per_instance)))


def round_up(value: Fraction) -> int:
    """Give the next whole number, but for a rounding error."""
    return math.ceil(value * (1 - ROUNDING))


def expect_trace(
    requests: Sequence[float | None], growth_factor: float = 1.0, slot_minutes: int = 1
) -> Expectation:
    """Expect what was recorded: its least and its most minute, and its course.

    Args:
        requests: In each minute, shape (n,); None is a gap.
        growth_factor: As in Expectation.
        slot_minutes: Likewise.

    Raises:
        ValueError: No minute is known, or nothing was asked in any.
    """
    known = [each for each in requests if each is not None]
    if not known:
        raise ValueError("trace: no minute of it is known; give one with requests")
    return Expectation(
        least_per_s=min(known) / MINUTE_S,
        most_per_s=max(known) / MINUTE_S,
        growth_factor=growth_factor,
        shape=Shape.TRACE,
        trace=tuple(requests),
        slot_minutes=slot_minutes,
    )


def draw_course(expectation: Expectation, minutes: int = DAY_MINUTES) -> tuple[float | None, ...]:
    """Say how many requests arrive in each minute; growth is not in it.

    Args:
        expectation: Least, most and shape.
        minutes: So many, >= 1; a trace that is shorter begins again.

    Returns:
        Requests a minute, shape (minutes,), between the least and the most; None in a gap.

    Raises:
        ValueError: There is no minute.
    """
    if minutes < 1:
        raise ValueError(f"minutes: {minutes}; give 1 or more")
    least, most = expectation.least_per_s * MINUTE_S, expectation.most_per_s * MINUTE_S
    match expectation.shape:
        case Shape.TRACE:
            trace = expectation.trace
            return tuple(trace[minute % len(trace)] for minute in range(minutes))
        case Shape.RAMP:
            step = math.prod(expectation.ramp or (0.0,))
            return tuple(min(most, least + minute * step) for minute in range(minutes))
        case Shape.SPIKY:
            every, lasts = expectation.spike
            quiet = every - lasts
            return tuple(least if at % every < quiet else most for at in range(minutes))
        case _:
            turns = [2 * math.pi * minute / DAY_MINUTES for minute in range(minutes)]
            high = [(1 - math.cos(turn)) / 2 for turn in turns]
            return tuple(min(most, least + (most - least) * part) for part in high)


def _check(name: str, value: float, least: float) -> None:
    if not least <= value < math.inf:
        raise ValueError(f"{name}: {value!r} is not a number of {least:g} or more")
