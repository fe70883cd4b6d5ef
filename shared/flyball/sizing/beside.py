"""How many instances does the queue ask for, beside the rule, and why not as many?"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from flyball.core.shape import NamedTuple
from flyball.core.word import Word
from flyball.sizing.arrivals import learn_arrivals
from flyball.sizing.benchmark import Benchmark, BenchmarkError
from flyball.sizing.expectation import Expectation, Shape, count_instances, round_up
from flyball.sizing.plan import Sizing
from flyball.sizing.queueing import (
    EXPONENTIAL_SCV,
    POISSON_SCV,
    Queue,
    Service,
    WaitObjective,
    compare_fleet,
    size_fleet,
)
from flyball.sizing.saturation import (
    Bound,
    LatencyObjective,
    Saturation,
    find_saturation,
    queues,
)
from flyball.sizing.variability import Services, find_services, learn_instance

RULE, MARKOV, GENERAL = "rule", "M/M/c", "G/G/c"
QUANTILE = 0.95
MS_PER_S = 1_000.0


class Fleet(NamedTuple):
    """Instances by one way of counting.

    Attributes:
        name: Of the way.
        least: For the least that is expected.
        most: For the most.
        grown: For the most, grown.
        used_ratio: Share of the time that each is busy at the most, 0–1.
    """

    name: str
    least: int
    most: int
    grown: int
    used_ratio: float


class Arrivals(Word):
    """Whence it is how irregular arrivals are."""

    MEASURED = "measured"
    """From a trace."""
    UNASKED = "unasked"
    """There is no trace: they are taken to know nothing of each other."""
    UNKNOWN = "unknown"
    """A trace does not tell; they are taken likewise."""


@dataclass(frozen=True, slots=True)
class Beside:
    """The rule's fleet and those of its queue.

    Attributes:
        fleets: The rule's; that of M/M/c, if one keeps the objective; that of G/G/c with what was
            measured.
        service: Of one instance, as it was measured.
        arrival_scv: Squared coefficient of variation of the time between arrivals.
        arrivals: Whence that is.
        objective: What the queues' fleets keep, for people.
        sentence: The difference, for people.
        without: Why there is none of M/M/c; "": there is.
        caution: Why the service is not known, but taken; "": it is known.
        services: Whence it is how irregular services are.
    """

    fleets: tuple[Fleet, ...]
    service: Service
    arrival_scv: float
    arrivals: Arrivals
    objective: str
    sentence: str
    without: str = ""
    caution: str = ""
    services: Services = Services.MEASURED

    @property
    def is_measured(self) -> bool:
        """Whether it is known how irregular arrivals are."""
        return self.arrivals is Arrivals.MEASURED


def size_beside(sizing: Sizing) -> Beside:
    """Count by the rule and by the queue.

    The queue keeps the latency objective; without one, that 95 % of the requests wait no longer
    than one is served.

    Raises:
        BenchmarkError: The load test has no latency.
        ValueError: No fleet keeps the objective.
    """
    # Where a latency is passed an instance still answers more: waiting is what makes it late.
    saturation = find_saturation(sizing.benchmark)
    service = learn_instance(sizing.benchmark, saturation)
    asked, expected = sizing.wish.objective, sizing.wish.expectation
    arrival_scv, arrivals = _learn_arrivals(expected)
    objective: WaitObjective | LatencyObjective = WaitObjective(service.mean_s, QUANTILE)
    words = f"{QUANTILE:.0%} of the waits within {service.mean_s * MS_PER_S:,.0f} ms"
    if isinstance(asked, LatencyObjective):
        objective = asked
        words = f"p{100 * asked.quantile:g} within {asked.latency_ms:,g} ms"
    capacity = sizing.capacity
    queue = Queue(expected.most_per_s, service, capacity.most_instances)
    ruled = count_instances(expected.least_per_s, sizing.limit.invocations.middle)
    found = [
        Fleet(
            RULE,
            max(sizing.wish.at_least, ruled),
            max(sizing.wish.at_least, capacity.most_instances),
            capacity.max_capacity,
            queue.used_ratio,
        )
    ]
    without = ""
    try:
        like_chance = service._replace(scv=EXPONENTIAL_SCV)
        found.append(_size(sizing, MARKOV, like_chance, objective, POISSON_SCV))
    except BenchmarkError as error:  # services that vary less may keep it all the same
        without = str(error)
    found.append(_size(sizing, GENERAL, service, objective, arrival_scv))
    queue = size_fleet(expected.most_per_s, service, objective, arrival_scv)
    sentence = compare_fleet(queue, capacity.most_instances, words).sentence
    caution = _warn(sizing.benchmark, saturation)
    services = find_services(sizing.benchmark, saturation)
    return Beside(
        tuple(found), service, arrival_scv, arrivals, words, sentence, without, caution, services
    )


def _learn_arrivals(expected: Expectation) -> tuple[float, Arrivals]:
    if expected.shape is not Shape.TRACE:
        return POISSON_SCV, Arrivals.UNASKED
    learned = learn_arrivals(expected.trace, expected.slot_minutes)
    if learned is None:
        return POISSON_SCV, Arrivals.UNKNOWN
    return learned, Arrivals.MEASURED


def _warn(benchmark: Benchmark, saturation: Saturation) -> str:
    if saturation.bound is Bound.AT_LEAST:
        return (
            "That is a bound: the load test ended before it was saturated, so an instance may "
            "serve more at a time, and fewer instances may do"
        )
    if queues(benchmark, saturation):
        return (
            "One at a time is taken: the load test has no load below saturation, so its latencies "
            "have waiting in them; fewer instances may do"
        )
    return ""


def _size(
    sizing: Sizing,
    name: str,
    service: Service,
    objective: WaitObjective | LatencyObjective,
    arrival_scv: float,
) -> Fleet:
    """Count by a queue.

    Raises:
        BenchmarkError: No fleet keeps the objective.
    """
    expected, at_least = sizing.wish.expectation, sizing.wish.at_least
    try:
        least = size_fleet(expected.least_per_s, service, objective, arrival_scv)
        most = size_fleet(expected.most_per_s, service, objective, arrival_scv)
    except ValueError as error:
        said = str(error).removeprefix("objective: ")
        raise BenchmarkError(f"{name}: {said}") from error
    grown = round_up(most.instances * Fraction(str(expected.growth_factor)))
    low = max(at_least, least.instances)
    return Fleet(
        name, low, max(low, most.instances), max(low, most.instances, grown), most.used_ratio
    )
