"""Which instance type carries the same requests for the least money: up or out?

A bigger instance may carry more for its price, or an accelerated one; but a fleet is of whole
instances, so that at little load a big one stands idle and is paid for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flyball.core.shape import NamedTuple
from flyball.sizing.benchmark import BenchmarkError, Machine
from flyball.sizing.expectation import (
    DAY_MINUTES,
    MINUTE_S,
    Expectation,
    Range,
    bound_capacity,
    count_instances,
    draw_course,
)

MILLION = 1_000_000.0
HOUR_MINUTES = 60
UP_TO = "up to the most that is expected"
STEPS_LIMIT = 10_000
"""More instances than that of one type are not compared one by one."""


class Candidate(NamedTuple):
    """An instance type, and what one of it is held at.

    Attributes:
        machine: With its price.
        invocations_per_instance: A minute, > 0, from its own load test and the same objective.
    """

    machine: Machine
    invocations_per_instance: float


@dataclass(frozen=True, slots=True)
class Option:
    """What the expected load costs on one instance type.

    Attributes:
        candidate: Of which type.
        capacity: Between how many instances it scales.
        hourly: Price of an hour of the expected course, as instances follow it at once.
        hourly_least: Of an hour at the least load.
        hourly_most: Of an hour at the most.
        per_million: Price of a million requests where all instances are full.
        paid_per_million: Price of a million of those expected; more than that by what is idle.
    """

    candidate: Candidate
    capacity: Range
    hourly: float
    hourly_least: float
    hourly_most: float
    per_million: float
    paid_per_million: float


class Turn(NamedTuple):
    """From which load on, up to the most that is expected, one type is never dearer than another.

    Attributes:
        cheaper: Instance type.
        other: Instance type.
        requests_per_s: From there on; 0: from none. None: at the most it is dearer.
    """

    cheaper: str
    other: str
    requests_per_s: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Instance types by price.

    Attributes:
        options: From the cheapest to the dearest, shape (n,).
        turns: Of each other type, when it is as cheap as the smallest, shape (n - 1,).
        sentences: What follows, for people.
    """

    options: tuple[Option, ...]
    turns: tuple[Turn, ...]
    sentences: tuple[str, ...]


def compare_machines(
    candidates: Sequence[Candidate], expectation: Expectation, at_least: int = 1
) -> Comparison:
    """Compare instance types for the same requests.

    Args:
        candidates: Shape (n,), n >= 1, all prices of one currency; of different names.
        expectation: Requests, and how they come.
        at_least: Instances in any case; see bound_capacity.

    Raises:
        BenchmarkError: A price is not known or not above 0, or a name is missing or comes twice.
        ValueError: One instance carries nothing.
    """
    _check(candidates)
    # Of a trace all of it, of spikes one at least.
    minutes = len(expectation.trace) or max(DAY_MINUTES, expectation.spike.every)
    course = [each for each in draw_course(expectation, minutes) if each is not None]
    options = [_price(each, expectation, course, at_least) for each in candidates]
    options.sort(key=lambda each: (each.hourly, each.capacity.max_capacity))
    small = min(options, key=_unit_price)
    turns = tuple(
        _find_turn(each.candidate, small.candidate, expectation, at_least)
        for each in options
        if each is not small
    )
    return Comparison(tuple(options), turns, _tell(options, small, turns))


def _check(candidates: Sequence[Candidate]) -> None:
    if not candidates:
        raise BenchmarkError("instance types: there is none to compare; give a load test of one")
    seen: set[str] = set()
    for machine, _ in candidates:
        name = machine.instance_type
        if not name or name in seen:
            raise BenchmarkError(
                f"instance_type: {name!r} is missing or comes twice; name each load test's own"
            )
        seen.add(name)
        price = machine.price_per_hour
        if price is None or not 0.0 < price < math.inf:
            raise BenchmarkError(
                f"{name}: price_per_hour: {price!r} is none above 0; give the price of an hour"
            )


def _price(
    candidate: Candidate, expectation: Expectation, course: Sequence[float], at_least: int
) -> Option:
    carries = candidate.invocations_per_instance
    capacity = bound_capacity(expectation, carries, at_least)
    price = _hour(candidate)
    counts = [max(at_least, count_instances(each / MINUTE_S, carries)) for each in course]
    hourly = price * math.fsum(counts) / len(counts)
    requests = math.fsum(course) / len(course) * HOUR_MINUTES
    return Option(
        candidate=candidate,
        capacity=capacity,
        hourly=hourly,
        hourly_least=price * capacity.min_capacity,
        hourly_most=price * max(at_least, capacity.most_instances),
        per_million=price / HOUR_MINUTES / carries * MILLION,
        paid_per_million=hourly / requests * MILLION,
    )


def _find_turn(
    candidate: Candidate, small: Candidate, expectation: Expectation, at_least: int
) -> Turn:
    """Find the load from which on a type is never dearer than the smallest.

    Both prices rise in steps: that of the smallest is too low for the last time where one more
    instance of it would come to the other's price, so only the ends of its steps are looked at.
    """
    names = (candidate.machine.instance_type, small.machine.instance_type)
    carries = small.invocations_per_instance
    most = expectation.most_per_s
    count = max(at_least, count_instances(most, carries))
    if count > STEPS_LIMIT:
        # In so large a fleet the whole instance is nothing: the price when full decides.
        dear = _full(candidate) > _full(small)
        return Turn(*names, None if dear else 0.0)
    load = most
    while _cost(candidate, load, at_least) <= _hour(small) * count:
        if count == at_least:
            return Turn(*names, 0.0)
        count -= 1
        load = count * carries / MINUTE_S
    return Turn(*names, None if load >= most else load)


def _cost(candidate: Candidate, load: float, at_least: int) -> float:
    count = count_instances(load, candidate.invocations_per_instance)
    return _hour(candidate) * max(at_least, count)


def _hour(candidate: Candidate) -> float:
    return candidate.machine.price_per_hour or 0.0


def _full(candidate: Candidate) -> float:
    return _hour(candidate) / candidate.invocations_per_instance


def _unit_price(option: Option) -> tuple[float, float]:
    """Order by what one instance costs: the smallest is what one scales out with."""
    return _hour(option.candidate), option.candidate.invocations_per_instance


def _tell(options: Sequence[Option], small: Option, turns: Sequence[Turn]) -> tuple[str, ...]:
    best = options[0]
    name = best.candidate.machine.instance_type
    price = f"{best.hourly:.2f} an hour for the expected requests."
    said = [f"{name} is cheapest: {price}"]
    if len(options) > 1:
        second = options[1].candidate.machine.instance_type
        if _is_even(best, options[1]):
            said = [f"{name} and {second} cost the same: {price}"]
        said.extend(_tell_way(best, options[1], small))
    full = min(options, key=lambda each: each.per_million)
    prices = f"{full.per_million:.2f}", f"{best.per_million:.2f}"
    if full is not best and prices[0] != prices[1]:
        dense = full.candidate.machine.instance_type
        said.append(
            f"Where all instances are full {dense} is cheaper, {prices[0]} against {prices[1]} a "
            "million requests; but instances are whole, and at this load too much of it would "
            "stand idle."
        )
    said.extend(_tell_turn(turn) for turn in turns)
    return tuple(said)


def _tell_way(best: Option, other: Option, small: Option) -> Iterator[str]:
    """Say whether to scale up or out, where that is not the same."""
    second, least = (each.candidate.machine for each in (other, small))
    if best is small:
        if not _is_even(best, other):
            saved = f"{_spare(best, other)} less than with {second.instance_type}"
            yield f"Scale out, with more of the smallest: that is {saved}."
        return
    if _is_even(best, small):
        if other is not small:
            yield f"So does {least.instance_type}, the smallest: scaling out comes to the same."
        return
    is_faster = best.candidate.machine.gpus and not least.gpus
    way = f"up, to {'an accelerated' if is_faster else 'a bigger'} one"
    saved = f"{_spare(best, small)} less than with {least.instance_type}"
    if other is not small and not _is_even(best, other):
        saved += f", and {_spare(best, other)} less than with {second.instance_type}, the next"
    yield f"Scale {way}: that is {saved}."


def _spare(best: Option, other: Option) -> str:
    """Say how much less it costs."""
    return f"{1.0 - best.hourly / other.hourly:.0%}"


def _is_even(best: Option, other: Option) -> bool:
    """Say whether the difference is none that a percent shows."""
    return _spare(best, other) == f"{0.0:.0%}"


def _tell_turn(turn: Turn) -> str:
    if turn.requests_per_s is None:
        return f"{turn.cheaper} is dearer than {turn.other} at the most that is expected."
    if not turn.requests_per_s:
        return f"{turn.cheaper} is never dearer than {turn.other} {UP_TO}."
    return (
        f"{turn.cheaper} is never dearer than {turn.other} from {turn.requests_per_s:,.1f} "
        f"requests a second {UP_TO}."
    )
