"""How many requests does a user send in a minute, as a load test of users tells it?"""

from __future__ import annotations

from statistics import median

from flyball.core.shape import NamedTuple
from flyball.sizing.benchmark import Benchmark, Step
from flyball.sizing.saturation import find_saturation, list_sound, read_latency

MS_PER_MINUTE = 60_000.0
BUSY_RATIO = 0.8
"""Of the time: who waits for answers so much of it does not pause between them."""


class Users(NamedTuple):
    """What those of a load test do.

    Attributes:
        requests: That each sends in a minute, > 0.
        pauses: Whether they do so between an answer and the next request; where no latency was
            measured, they are taken to.
    """

    requests: float
    pauses: bool


def learn_users(benchmark: Benchmark) -> Users | None:
    """Learn what a user of a load test does while the instance is not saturated.

    Past saturation they wait for their answers, and send less.

    Returns:
        Of the median step below saturation, or of the least load; None: the load was a rate, or
        nobody sent anything.
    """
    steps = [step for step in list_sound(benchmark) if step.users and step.offered]
    if not steps or any(step.users is None for step in benchmark.steps):
        return None
    load = find_saturation(benchmark).load
    below = [step for step in steps if (step.users or 0.0) < load] or steps[:1]
    busy = [ratio for step in below if (ratio := _wait(step)) is not None]
    pauses = not busy or median(busy) < BUSY_RATIO
    return Users(median(step.offered / (step.users or 1.0) for step in below), pauses)


def _wait(step: Step) -> float | None:
    """Say which share of the time a user waits for answers; None: no latency is known."""
    latency = read_latency(step, 0.5)
    return None if latency is None else step.offered / (step.users or 1.0) * latency / MS_PER_MINUTE
