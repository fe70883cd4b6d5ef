"""What did a load test find out about one instance?

However it was made, a load test is a row of steps: so much was asked of one instance, so much it
answered, so long that took, and so busy it was meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from flyball.core.shape import NamedTuple
from flyball.core.word import Word

COARSEST_QUANTILE, FINEST_QUANTILE = 0.0, 1.0
LARGEST = 1e15
"""No figure of a load test is more; floats tell whole numbers up to there."""


class BenchmarkError(ValueError):
    """A load test that cannot be used; the message names the file, the line, the field and why."""


class Resource(Word):
    """What an instance may run out of."""

    CPU = "cpu"
    MEMORY = "memory"
    DISK = "disk"
    GPU = "gpu"
    GPU_MEMORY = "gpu_memory"


class Machine(NamedTuple):
    """An instance type.

    Attributes:
        instance_type: As the cloud names it, such as "ml.c5.large"; "" where nobody said.
        cores: Virtual CPUs, >= 1.
        gpus: Accelerators, >= 0.
        price_per_hour: In whatever currency all machines of a comparison have; None: unknown.
    """

    instance_type: str = ""
    cores: int = 1
    gpus: int = 0
    price_per_hour: float | None = None


UNKNOWN = Machine()
"""Where nobody said what a load test ran on."""


@dataclass(frozen=True, slots=True)
class Step:
    """One load on one instance, for some time.

    Attributes:
        answered: Requests that were answered without an error, a minute.
        offered: Requests that were sent, a minute; >= answered.
        users: Who sent them at the same time; None where the load was a rate.
        duration: How long it was held.
        latency_ms: Milliseconds from request to answer, by quantile (0–1), of those answered.
        used_ratio: Mean use of the whole resource, 0–1: of all cores, of all accelerators.
        instances: Of which it is, a mean, > 0; None: of one, or nobody counted them.
    """

    answered: float
    offered: float
    users: float | None = None
    duration: timedelta = timedelta(minutes=1)
    latency_ms: Mapping[float, float] = field(default_factory=dict)
    used_ratio: Mapping[Resource, float] = field(default_factory=dict)
    instances: float | None = None

    def __post_init__(self) -> None:
        _check("offered", self.offered, 0.0, LARGEST)
        _check("answered", self.answered, 0.0, self.offered)
        if self.users is not None:
            _check("users", self.users, 0.0, LARGEST)
        if self.instances is not None:
            _check("instances", self.instances, 0.0, LARGEST)
            if not self.instances:
                raise BenchmarkError("instances: 0 answer nothing; give how many served")
        if self.duration <= timedelta(0):
            raise BenchmarkError(f"duration: {self.duration} is no time; give how long it was held")
        for quantile, latency in self.latency_ms.items():
            _check("latency_ms: quantile", quantile, COARSEST_QUANTILE, FINEST_QUANTILE)
            _check(f"latency_ms: p{100 * quantile:g}", latency, 0.0, LARGEST)
        for resource, used in self.used_ratio.items():
            _check(f"used_ratio: {resource.value}", used, 0.0, 1.0)

    @property
    def failed_ratio(self) -> float:
        """Share of what was sent that was not answered, 0–1."""
        return 1.0 - self.answered / self.offered if self.offered else 0.0


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A load test of one instance.

    Attributes:
        steps: From the least load to the most, shape (n,), n >= 1.
        machine: What it ran on.
        source: Where it was read from and what it was taken for, for messages.
        notes: What a reader should know of how it was read or ended, such as what was left out.
        is_peak: Who made it raised the load until it was too much, and tells only of the most.
        broke: The server answered nothing any more at its end.
        setup: Until a new instance's model is ready, as who made it measured; 0: nobody did.
        held: The steps in the order in which they were held, as they were read; made of them.
    """

    steps: tuple[Step, ...]
    machine: Machine = UNKNOWN
    source: str = ""
    notes: tuple[str, ...] = ()
    is_peak: bool = False
    broke: bool = False
    setup: timedelta = timedelta()
    held: tuple[Step, ...] = field(default=(), repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.steps:
            raise BenchmarkError(
                f"{self.source or 'the load test'}: it has no step with any request; "
                "give one with at least one load that was held"
            )
        ordered = tuple(sorted(self.steps, key=lambda step: step.offered))
        if ordered != tuple(sorted(self.held, key=lambda step: step.offered)):
            object.__setattr__(self, "held", self.steps)
        object.__setattr__(self, "steps", ordered)


def _check(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        bounds = f"{least:g} or more" if value <= least else f"from {least:g} to {most:g}"
        raise BenchmarkError(f"{name}: {value!r} is not a number {bounds}")
