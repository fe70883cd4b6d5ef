"""How long do requests wait for one of so many servers, and how many keep an objective?

A rule of thumb keeps a part of each instance free, whatever the size of the fleet. Requests that
come at random wait in a small fleet longer than in a large one that is used as much; how much
longer depends on how irregular arrivals and services are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from flyball.core.shape import NamedTuple
from flyball.sizing.rounding import show_figure
from flyball.sizing.saturation import LatencyObjective

POISSON_SCV = 1.0
"""Arrivals that know nothing of each other."""
EXPONENTIAL_SCV = 1.0
SLICES = 500
"""A service time is one of so many of the lower part, or of the upper one."""
UPPER_RATIO = 0.05
"""The longest services are cut more finely: it is they that are late."""
IRREGULAR = 1.5
"""Waits that are so many times those of M/M/c come of what is irregular."""
SHARPEST, FLATTEST = 0.1, 200.0
"""Shapes of a Weibull distribution: squared coefficients from 10^5 to 4 · 10^-5."""
NOTHING = 1e-20
"""Terms that fall are left out from here on: a float can not tell them from none."""
SERVERS_LIMIT = 1_000_000_000
"""More of them are not counted one by one in a moment, and are nobody's."""
HALVINGS = 60
"""Of an interval, until it is no longer than a float can tell."""


class Service(NamedTuple):
    """How one instance serves.

    Attributes:
        mean_s: Seconds that a request is in service, > 0.
        scv: Squared coefficient of variation of that: variance ÷ mean², >= 0.
        servers: How many are in service at a time on an instance, >= 1.
    """

    mean_s: float
    scv: float = EXPONENTIAL_SCV
    servers: int = 1


@dataclass(frozen=True, slots=True)
class Queue:
    """Requests that wait in one row for the next free server.

    Attributes:
        arrivals_per_s: Requests a second, >= 0.
        service: Of one instance.
        instances: How many of these, >= 1.
        arrival_scv: Squared coefficient of variation of the time between arrivals, >= 0.
    """

    arrivals_per_s: float
    service: Service
    instances: int
    arrival_scv: float = POISSON_SCV

    def __post_init__(self) -> None:
        _check("arrivals_per_s", self.arrivals_per_s, 0.0)
        _check("arrival_scv", self.arrival_scv, 0.0)
        _check("service: scv", self.service.scv, 0.0)
        _check("service: mean_s", self.service.mean_s, 0.0)
        if not self.service.mean_s or self.service.servers < 1 or self.instances < 1:
            raise ValueError(
                f"service: {self.service} on {self.instances} instances serves nobody; "
                "give a time above 0, and one server and instance or more"
            )

    @property
    def servers(self) -> int:
        """Of all instances."""
        return self.instances * self.service.servers

    @property
    def load(self) -> float:
        """Servers that are busy on the average, in erlang."""
        return self.arrivals_per_s * self.service.mean_s

    @property
    def used_ratio(self) -> float:
        """Share of all servers that is busy; 1 and more: the queue grows without end."""
        return self.load / self.servers

    @property
    def wait_ratio(self) -> float:
        """Share of requests that wait, 0–1."""
        return find_wait_ratio(self.servers, self.load)

    @property
    def mean_wait_s(self) -> float:
        """Seconds from arrival to service, of all requests; infinite where the queue grows.

        Source: Allen, "Probability, Statistics, and Queueing Theory" (2nd edition, 1990): the
            approximation of Allen and Cunneen, exact for M/M/c; for M/G/1 it is that of
            Pollaczek and Khinchine.
        """
        waits = self.wait_ratio
        return waits * self._scale_s if waits else 0.0

    @property
    def _scale_s(self) -> float:
        """Mean wait of those who wait."""
        free = self.servers / self.service.mean_s - self.arrivals_per_s
        spread = (self.arrival_scv + self.service.scv) / 2
        return spread / free if free > 0.0 else math.inf

    def wait_s(self, quantile: float) -> float:
        """Give the wait that this share of requests does not exceed.

        Exponential for those who wait, with the mean of Allen and Cunneen; exact for M/M/c.
        """
        waits = self.wait_ratio
        if waits <= 1.0 - quantile:
            return 0.0
        return self._scale_s * math.log(waits / (1.0 - quantile))

    def late_ratio(self, latency_s: float) -> float:
        """Give the share of requests whose wait and service together take longer.

        The service time has a Weibull distribution of its mean and its variation: exponential
        where that is 1, so exact for M/M/c up to its slices.
        """
        waits, scale = self.wait_ratio, self._scale_s
        if math.isinf(scale):
            return 1.0
        late = 0.0
        for served, part in _slice_service(self.service.scv):
            left = latency_s - served * self.service.mean_s
            if left < 0.0:
                late += part
            elif scale:
                late += part * waits * math.exp(-left / scale)
        return late

    def latency_s(self, quantile: float) -> float:
        """Give the wait and service that this share of requests does not exceed.

        Infinite where the queue grows, or floats cannot tell that it does not.
        """
        if self.used_ratio >= 1.0 or math.isinf(self._scale_s):
            return math.inf
        low, high = 0.0, self.wait_s(quantile) + self.service.mean_s
        while self.late_ratio(high) > 1.0 - quantile:
            high *= 2.0
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            if self.late_ratio(middle) > 1.0 - quantile:
                low = middle
            else:
                high = middle
        return high


class WaitObjective(NamedTuple):
    """How long a request may wait before it is served.

    Attributes:
        wait_s: Seconds, >= 0; 0: it finds a free server.
        quantile: Of the requests, 0–1: so many of them are to keep it; None: their mean.
    """

    wait_s: float
    quantile: float | None = 0.95


@dataclass(frozen=True, slots=True)
class Sized:
    """The smallest fleet that keeps an objective.

    Attributes:
        queue: With its number of instances.
        sentence: What it says beside the rule of thumb; "" where there is none.
    """

    queue: Queue
    sentence: str = ""


def find_wait_ratio(servers: int, load: float) -> float:
    """Say which share of requests waits, in M/M/c.

    Args:
        servers: >= 1; a million are counted in milliseconds: see Source.
        load: Arrivals a second times seconds of service, in erlang.

    Returns:
        0–1; 1 where the load is the servers or more.

    Source: Erlang, "Solution of some problems in the theory of probabilities of significance in
        automatic telephone exchanges" (1917), his second formula; counted by the inverse of the
        first one, 1/B(n) = 1 + n/load · (1 + (n-1)/load · (1 + …)), which only adds what is
        positive, and of which the terms beyond some square roots of n are nothing: Jagerman, "Some
        properties of the Erlang loss function" (1974).
    """
    if load >= servers:
        return 1.0
    if not load:
        return 0.0
    return _wait_of(servers, load, _invert_loss(servers, load))


def find_loss_ratio(servers: int, load: float) -> float:
    """Say which share of requests is turned away where none can wait, in M/M/c/c.

    Source: Erlang (1917), his first formula; see find_wait_ratio.
    """
    return 1.0 / _invert_loss(servers, load) if load else 0.0


@lru_cache(maxsize=1_024)
def _invert_loss(servers: int, load: float) -> float:
    inverse = term = 1.0
    for each in range(servers, 0, -1):
        term *= each / load
        inverse += term
        if math.isinf(inverse) or (each < load and term < NOTHING * inverse):
            break
    return inverse


def _wait_of(servers: int, load: float, inverse: float) -> float:
    used = load / servers
    return 1.0 / (used + (1.0 - used) * inverse)


def size_fleet(
    arrivals_per_s: float,
    service: Service,
    objective: WaitObjective | LatencyObjective,
    arrival_scv: float = POISSON_SCV,
) -> Queue:
    """Find the smallest fleet that keeps an objective.

    Args:
        arrivals_per_s: Requests a second, >= 0.
        service: Of one instance.
        objective: A wait or a latency, at a quantile.
        arrival_scv: Of the time between arrivals.

    Raises:
        ValueError: No fleet keeps it, since the service alone takes longer or more servers than
            SERVERS_LIMIT are needed; or a value is none.
    """
    _check_objective(service, objective)
    load = arrivals_per_s * service.mean_s
    low = max(1, math.floor(load / service.servers))

    def keeps(instances: int) -> bool:
        queue = Queue(arrivals_per_s, service, instances, arrival_scv)
        if queue.servers > SERVERS_LIMIT:
            raise ValueError(
                f"service: {queue.servers:.3g} servers are more than any fleet has; is a request "
                f"in service for {service.mean_s:.3g} s?"
            )
        return queue.used_ratio < 1.0 and _keeps(queue, objective)

    if keeps(low):
        return Queue(arrivals_per_s, service, low, arrival_scv)
    step = 1
    while not keeps(low + step):
        low, step = low + step, 2 * step
    high = low + step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if keeps(middle) else (middle, high)
    return Queue(arrivals_per_s, service, high, arrival_scv)


def compare_fleet(queue: Queue, rule_instances: int, objective_words: str) -> Sized:
    """Say in words how a fleet sized by its queue differs from one by the rule of thumb.

    Args:
        queue: The smallest that keeps the objective.
        rule_instances: By the rule, for the same load, >= 1.
        objective_words: What it keeps, such as "p95 under 200 ms".
    """
    needs, used = queue.instances, queue.used_ratio
    ruled = Queue(queue.arrivals_per_s, queue.service, rule_instances, queue.arrival_scv)
    if needs == rule_instances:
        said = f"The rule and the queue come to the same: {_count(needs)}."
    elif needs > rule_instances:
        said = (
            f"The rule's {_count(rule_instances)} would be busy {ruled.used_ratio:.0%} of the "
            f"time, and {objective_words} would not be kept: {_count(needs)} are needed. "
            + _tell_why(queue)
        )
    else:
        said = (
            f"{_count(needs)} keep {objective_words}, busy {used:.0%} of the time; the rule's "
            f"{_count(rule_instances)} would be busy {ruled.used_ratio:.0%}. Many servers share "
            "their peaks, so a larger fleet may be used more. What the rule keeps free besides "
            "is for load that grows while new instances start, and for one that fails: the queue "
            "knows of neither."
        )
    return Sized(queue, said)


def _keeps(queue: Queue, objective: WaitObjective | LatencyObjective) -> bool:
    if isinstance(objective, LatencyObjective):
        return queue.late_ratio(objective.latency_ms / 1_000.0) <= 1.0 - objective.quantile
    if objective.quantile is None:
        return queue.mean_wait_s <= objective.wait_s
    return queue.wait_s(objective.quantile) <= objective.wait_s


def _check_objective(service: Service, objective: WaitObjective | LatencyObjective) -> None:
    least, quantile = objective
    _check("objective", least, 0.0)
    if quantile is not None and not 0.0 < quantile < 1.0:
        raise ValueError(f"objective: quantile {quantile!r} is not between 0 and 1")
    if isinstance(objective, LatencyObjective):
        alone = Queue(0.0, service, 1).latency_s(objective.quantile)
        if alone > objective.latency_ms / 1_000.0:
            raise ValueError(
                f"objective: p{100 * objective.quantile:g} is {1_000 * alone:,.0f} ms with nobody "
                f"waiting, over {objective.latency_ms:g} ms: no number of instances keeps it; "
                "take a faster instance type, or allow more"
            )
    elif quantile is None and not least:
        raise ValueError("objective: a mean wait of 0 is kept by no fleet; give a quantile")


def _tell_why(queue: Queue) -> str:
    spread = (queue.arrival_scv + queue.service.scv) / 2
    if spread > IRREGULAR:
        both = {"arrivals": queue.arrival_scv, "services": queue.service.scv}
        odd = {name: scv for name, scv in both.items() if scv > IRREGULAR}
        scvs = " and ".join(map(show_figure, odd.values()))
        return (
            f"{' and '.join(odd).capitalize()} are irregular (squared coefficient"
            f"{'s' if len(odd) > 1 else ''} of variation {scvs}): waits are {show_figure(spread)} "
            "times those of independent arrivals and exponential services."
        )
    return (
        f"With {queue.servers} servers each is seldom free just when another request comes: a "
        "small fleet must be used less than a large one for the same wait."
    )


def _count(instances: int) -> str:
    return "1 instance" if instances == 1 else f"{instances:,} instances"


@lru_cache(maxsize=64)
def _slice_service(scv: float) -> tuple[tuple[float, float], ...]:
    """Cut a Weibull distribution of mean 1 into slices: times, and how likely each is."""
    if not scv:
        return ((1.0, 1.0),)
    low, high = SHARPEST, FLATTEST
    for _ in range(HALVINGS):
        middle = math.sqrt(low * high)
        if math.lgamma(1 + 2 / middle) - 2 * math.lgamma(1 + 1 / middle) > math.log1p(scv):
            low = middle
        else:
            high = middle
    scale = 1.0 / math.gamma(1 + 1 / high)
    found = []
    for most, width in ((1.0, 1.0 - UPPER_RATIO), (UPPER_RATIO, UPPER_RATIO)):
        for index in range(SLICES):
            longer = most - width * (index + 0.5) / SLICES
            found.append((scale * (-math.log(longer)) ** (1 / high), width / SLICES))
    return tuple(found)


def _check(name: str, value: float, least: float) -> None:
    if not least <= value < math.inf:
        raise ValueError(f"{name}: {value!r} is not a number of {least:g} or more")
