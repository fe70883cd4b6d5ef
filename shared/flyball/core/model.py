"""What does a decision see, remember and say: the values that everything else is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from operator import lt

from flyball.core.advice import Advice, Learned
from flyball.core.past import (
    Carried,
    Ceiling,
    Change,
    Deployed,
    Failure,
    Foreign,
    Pause,
    Quota,
    ReadySample,
    Recommended,
    Shortage,
)
from flyball.core.shape import NamedTuple, dataclass
from flyball.core.word import (
    Action,
    Direction,
    LimitKind,
    MissingCause,
    Reason,
    Status,
    Word,
)

__all__ = [
    "Action",
    "Advice",
    "Capacity",
    "CapacityRange",
    "Carried",
    "Ceiling",
    "Change",
    "Datapoint",
    "Decision",
    "Deployed",
    "Direction",
    "Failure",
    "Fired",
    "Foreign",
    "History",
    "Learned",
    "Limit",
    "LimitKind",
    "Missing",
    "MissingCause",
    "Observation",
    "Operation",
    "Pause",
    "Quota",
    "ReadySample",
    "Reason",
    "Recommendation",
    "Recommended",
    "Series",
    "Shortage",
    "Status",
    "Word",
]


class Datapoint(NamedTuple):
    """One period's value.

    Attributes:
        at: The period's END, aware UTC.
        value: In the metric's unit.
        ready: Instances in service in that period, where the source knows it.
        reporting: Instances that reported a value, where the source knows it.
    """

    at: datetime
    value: float
    ready: int | None = None
    reporting: int | None = None


class Missing(NamedTuple):
    """A number that could not be known, and why."""

    cause: MissingCause
    detail: str = ""


Series = tuple[Datapoint, ...]
"""Datapoints of one metric, oldest first, one a period; a gap is a period without one."""


class Operation(NamedTuple):
    """A change that the provider carries out by itself, or has failed to of late.

    Attributes:
        name: The provider's own name of it.
        since: When it was accepted, by the provider's clock, aware UTC; None: it does not say.
        failed: What it failed of; "" while it runs.
    """

    name: str
    since: datetime | None = None
    failed: str = ""


class Capacity(NamedTuple):
    """What the provider has now.

    Attributes:
        desired: The provider's setting, instances (on Google: the range's floor).
        ready: Instances in service whose warm-up is over, where the provider knows a warm-up.
        status: Whether a change is accepted.
        ceiling: The range's upper end where the service picks inside a range, else None.
        detail: The provider's own word for the status.
        owner: Who else scales this resource (native auto scaling), "" for nobody.
        warming: Instances in service beside `ready` that still warm up: what is measured of all in
            service includes them, what was asked for has not arrived before they are warm.
        least: The provider's own lower bound, beyond which it takes no change; None: it has none.
        most: The provider's own upper bound; as least.
        short: The provider says that it has no machines for what is desired.
        picked: What the service chose inside its range, in service or on its way, where it says so.
        operation: The change that runs, or the newest where that has failed; None where it is not
            known whose it is.
        deployed: What has this capacity, where a new deployment is another one; None: it never is.
        among: Of how many that could be meant it was chosen, by what is called most.
    """

    desired: int
    ready: int
    status: Status = Status.IN_SERVICE
    ceiling: int | None = None
    detail: str = ""
    owner: str = ""
    warming: int = 0
    least: int | None = None
    most: int | None = None
    short: bool = False
    picked: int | None = None
    operation: Operation | None = None
    deployed: Deployed | None = None
    among: int = 1

    @property
    def serving(self) -> int:
        """Instances in service, those that still warm up included."""
        return self.ready + self.warming


class CapacityRange(NamedTuple):
    """What is asked of the provider; SageMaker's is a range of one number."""

    floor: int
    ceiling: int


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen at one instant.

    Attributes:
        at: When it was read, aware UTC.
        capacity: The provider's capacity, or why it is not known.
        metrics: By the metric's name: its series, or why there is none.
    """

    at: datetime
    capacity: Capacity | Missing
    metrics: Mapping[str, Series | Missing] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, series in self.metrics.items():
            if not isinstance(series, Missing):
                _check_order(name, series)


def find_unordered(instants: Sequence[datetime]) -> int:
    """Give the index of the first instant that is not after the one before it; 0: there is none."""
    later = list(map(lt, instants, instants[1:]))
    return later.index(False) + 1 if False in later else 0


def _check_order(name: str, series: Series) -> None:
    index = find_unordered([point.at for point in series])
    if index:
        message = (
            f"metrics.{name}[{index}].at: got {series[index].at.isoformat()}, "
            f"expected an instant after {series[index - 1].at.isoformat()}"
        )
        raise ValueError(message)


@dataclass(frozen=True, slots=True)
class History:
    """What a target remembers from one wake to the next; bounded.

    Attributes:
        desired: What we last knew the provider's setting to be; None before the first look.
        changes: Accepted changes, oldest first, as long as a cooldown or rate limit needs them.
        recommendations: Merged recommendations inside the stabilization windows, oldest first.
        ready: When the instances in service changed, oldest first.
        bounds: Bounds set by scheduled actions; None: the configured ones.
        bounds_over: The configured bounds that they were set over; void once those change.
        scheduled_until: Scheduled actions up to here have been applied.
        missing_since: By metric: since when it has been missing without a break.
        active_at: When the activation metric was last above its threshold, or unknown.
        pauses: Pauses in force.
        foreign: The last foreign change while it is respected.
        quota: A learned quota.
        shortage: A capacity shortage that is being waited out.
        settled: Hash of the config by which the last decision held with nothing to wait for but
            the heartbeat; "" where it did not.
        failure: The changes that failed of late.
        rested_at: When a quiet rest last confirmed what the last look decided; None: not since.
        ceiling: Of the range's upper end; None where there is none, or before the first look.
        operation: The provider's name of the change that a pending intent has become; "" where
            that is not known, or none is pending.
        policies: By name, what policies that learn have learned; bounded each.
        lead_times: Of the newest scale-outs, from accepted to in service, oldest first, where a
            policy learns.
        deployed: What the capacity was last seen of; None where that was never told.
        carried: The floor that is still to be set on it, as it came in place of another.
    """

    desired: int | None = None
    changes: tuple[Change, ...] = ()
    recommendations: tuple[Recommended, ...] = ()
    ready: tuple[ReadySample, ...] = ()
    bounds: CapacityRange | None = None
    bounds_over: CapacityRange | None = None
    scheduled_until: datetime | None = None
    missing_since: Mapping[str, datetime] = field(default_factory=dict)
    active_at: datetime | None = None
    pauses: tuple[Pause, ...] = ()
    foreign: Foreign | None = None
    quota: Quota | None = None
    shortage: Shortage | None = None
    settled: str = ""
    failure: Failure | None = None
    rested_at: datetime | None = None
    ceiling: Ceiling | None = None
    operation: str = ""
    policies: Mapping[str, Learned] = field(default_factory=dict)
    lead_times: tuple[timedelta, ...] = ()
    deployed: Deployed | None = None
    carried: Carried | None = None


class Recommendation(NamedTuple):
    """One policy's number, or that it cannot know, with its reason and its evidence.

    Attributes:
        policy: The policy's name ("range", "activation", "idle" and "fallback" for the built-in
            ones, and "carried").
        desired: Instances; None when it has no number to give.
        reason: Why.
        metric: The metric it looked at, "" for none.
        value: The value it used, in the policy's unit (per instance where the metric is).
        target: The target value or threshold it was held against.
        ready: The instances in service that the value was measured on.
        adjustment: The step's number, for a step policy that found its step.
        missing: Why it cannot know, where that is the reason.
        advice: What a policy that learns has found out.
    """

    policy: str
    desired: int | None
    reason: Reason
    metric: str = ""
    value: float | None = None
    target: float | None = None
    ready: int | None = None
    adjustment: float | None = None
    missing: MissingCause | None = None
    advice: Advice | None = None


class Limit(NamedTuple):
    """A step of the pipeline that changed the number.

    Attributes:
        kind: Which step.
        before: The number it was given.
        after: The number it gave on.
        reason: Why.
        until: When it may end by itself, where that is known.
        by: What it was: the window's, policy's or metric's name, the person who paused.
    """

    kind: LimitKind
    before: int
    after: int
    reason: Reason
    until: datetime | None = None
    by: str = ""


class Fired(NamedTuple):
    """A scheduled action that was due, and the bounds after it (unchanged where rejected)."""

    policy: str
    at: datetime
    reason: Reason
    min_capacity: int
    max_capacity: int


class Decision(NamedTuple):
    """The final number for one scalable target at one instant, with all that led to it.

    Attributes:
        scalable_target_id: Whose.
        at: `now` of the decision, aware UTC.
        action: What is done about it.
        reason: The reason that decided: of the winning recommendation, or of the last limit.
        current: The provider's desired capacity when decided; None: unknown.
        wanted: What the policies asked for together, before any limit.
        desired: The decision, instances.
        ceiling: The range's upper end; equal to desired where the provider takes one number.
        policies: Names of the policies that asked for `wanted`.
        min_capacity: Effective bound of this instant, windows and budget included.
        max_capacity: As min_capacity.
        unmet: Instances wanted beyond what bounds, quota, budget and the provider's own maximum
            allow.
        cost_delta_per_hour: Price of the change an hour, in the config's currency; None: no price.
            Where a service picks inside a range: of what is forced, and the most that is permitted.
        recommendations: Every policy's.
        limits: Every step that changed the number, in order.
        fired: Scheduled actions that were due.
        wake_at: When this target must next be looked at.
        wake_reason: Why then.
    """

    scalable_target_id: str
    at: datetime
    action: Action
    reason: Reason
    current: int | None
    wanted: int
    desired: int
    ceiling: int
    policies: tuple[str, ...]
    min_capacity: int
    max_capacity: int
    unmet: int
    cost_delta_per_hour: float | None
    recommendations: tuple[Recommendation, ...]
    limits: tuple[Limit, ...]
    fired: tuple[Fired, ...]
    wake_at: datetime
    wake_reason: Reason

    @property
    def range(self) -> CapacityRange:
        """What is asked of the provider."""
        return CapacityRange(self.desired, self.ceiling)
