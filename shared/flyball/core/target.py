"""What is scaled, between which bounds, and what holds each direction back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import timedelta

from flyball.core.check import (
    CAPACITY_LIMIT,
    check_duration,
    check_finite,
    check_name,
    check_unique,
    check_whole,
    fail,
)
from flyball.core.learner import LEARNERS_LIMIT, LONGEST_HORIZON, MINUTE, Learner
from flyball.core.model import Word
from flyball.core.policy import (
    AdaptivePolicy,
    Policy,
    PredictivePolicy,
    ScheduledPolicy,
    StepPolicy,
    TrackingPolicy,
)
from flyball.core.shape import dataclass
from flyball.core.window import Window

LONGEST_PERIOD = timedelta(days=366)
"""A day's worth of periods of it still lies inside the calendar."""
EARLIEST = timedelta(days=1)
"""No window's floor holds longer than that before it begins."""


class Profile(Word):
    """Whose rules are followed where the services differ."""

    FLYBALL = "flyball"
    AWS = "aws"
    HPA = "hpa"


class Unit(Word):
    """The unit that a metric's source emits."""

    NUMBER = "number"
    PERCENT = "percent"
    """0–100 (times cores or devices, where the source does so)."""
    RATIO = "ratio"
    """0–1; policies on it are written in percent, and values are multiplied by 100."""


class Per(Word):
    """What one value of a metric is of."""

    INSTANCE = "instance"
    TOTAL = "total"


class CapacityKind(Word):
    """Whether the provider takes one number or a range in which it picks."""

    COUNT = "count"
    RANGE = "range"


class Mode(Word):
    """Whether decisions are applied."""

    APPLY = "apply"
    ADVISE = "advise"


class Select(Word):
    """Which of several rate rules holds. MAX: the one that allows the largest change."""

    MAX = "max"
    MIN = "min"
    DISABLED = "disabled"


class RateKind(Word):
    """Whether a rate rule counts instances or percent of the period's start."""

    COUNT = "count"
    PERCENT = "percent"


FULL = "full"
"""Key of a metric's source: what it shows where an instance carries no more, for simulations."""


@dataclass(frozen=True, slots=True)
class Metric:
    """Something measured.

    Attributes:
        name: Unique in its scalable target.
        unit: What the source emits.
        per: One instance's value (mean, or sum divided by instances), or the whole endpoint's.
        period: Length of one datapoint.
        max_age: A newest datapoint older than this is stale, hence missing.
        source: How the home's adapter finds it; opaque to the engine.
    """

    name: str
    unit: Unit = Unit.NUMBER
    per: Per = Per.INSTANCE
    period: timedelta = timedelta(seconds=60)
    max_age: timedelta = timedelta(seconds=300)
    source: Mapping[str, str] = field(default_factory=dict)
    per_instance: bool = field(init=False, repr=False, compare=False)
    scale: float = field(init=False, repr=False, compare=False)
    """From the source's unit to the policies' unit."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "per_instance", self.per is Per.INSTANCE)
        object.__setattr__(self, "scale", 100.0 if self.unit is Unit.RATIO else 1.0)
        check_name("metric.name", self.name)
        check_duration("metric.period", self.period, positive=True)
        if self.period > LONGEST_PERIOD:
            fail("metric.period", self.period, f"at most {LONGEST_PERIOD.days} days")
        check_duration("metric.max_age", self.max_age, positive=True)


@dataclass(frozen=True, slots=True)
class RateRule:
    """At most `amount` instances, or percent of the period's start, in `period`."""

    kind: RateKind
    amount: float
    period: timedelta

    def __post_init__(self) -> None:
        check_finite("rate.amount", self.amount)
        if self.amount <= 0:
            fail(
                "rate.amount", self.amount, "a number above 0 (select: disabled stops a direction)"
            )
        if self.kind is RateKind.COUNT and self.amount != int(self.amount):
            fail("rate.amount", self.amount, "a whole number of instances")
        check_duration("rate.period", self.period, positive=True)


@dataclass(frozen=True, slots=True)
class DirectionRules:
    """What holds back one direction.

    Attributes:
        stabilization_window: Scale-out takes the least recommendation in it, scale-in the most.
        rates: Rate rules; none: unlimited.
        select: Which of them holds, or that the direction is disabled.
    """

    stabilization_window: timedelta = timedelta()
    rates: tuple[RateRule, ...] = ()
    select: Select = Select.MAX

    def __post_init__(self) -> None:
        check_duration("stabilization_window", self.stabilization_window)


@dataclass(frozen=True, slots=True)
class ZeroRule:
    """When a target may go to zero and how it comes back.

    Attributes:
        metric: The metric that says whether anybody is there (a total, or a backlog).
        activation_threshold: Active while the value is above this.
        idle_after: To zero after this long without activity.
    """

    metric: str
    activation_threshold: float = 0.0
    idle_after: timedelta = timedelta(seconds=300)

    def __post_init__(self) -> None:
        check_finite("zero.activation_threshold", self.activation_threshold)
        check_duration("zero.idle_after", self.idle_after)


@dataclass(frozen=True, slots=True)
class Fallback:
    """What to have when a metric has been missing for a while: max(current, capacity)."""

    capacity: int
    after: timedelta = timedelta(seconds=180)

    def __post_init__(self) -> None:
        check_whole("fallback.capacity", self.capacity, 0, CAPACITY_LIMIT)
        check_duration("fallback.after", self.after)


@dataclass(frozen=True, slots=True)
class ScalableTarget:
    """The resource that is scaled, and everything that says how.

    Attributes:
        id: Unique in a ledger.
        min_capacity: Lower bound; scheduled actions may move it inside the hard bounds.
        max_capacity: Upper bound; as min_capacity.
        hard_min_capacity: Never below, whatever says so.
        hard_max_capacity: Never above, whatever says so; None: max_capacity, or what a
            scheduled action may raise it to.
        home: Where it lives: local, aws or gcp.
        resource: The home's address of it; opaque to the engine.
        profile: Whose rules are followed where the services differ.
        capacity_kind: One number or a range.
        mode: Apply, or only advise.
        metrics: What is measured.
        policies: What is asked for.
        windows: Floors and ceilings by the calendar.
        scale_out: What holds back scale-out.
        scale_in: What holds back scale-in.
        zero: To and from zero.
        fallback: What to have when blind.
        price_per_hour: One instance's price an hour, in any one currency.
        spend_limit_per_hour: Most to spend an hour, same currency.
        heartbeat: A quiet target is looked at this often.
        tick: While something lasts it is looked at this often.
        foreign_hold: How long a change by somebody else is respected.
        lead_time: From request to in service, as expected.
        early: A window's floor holds from so long before the window begins, so that its instances
            serve when it does; a lead time is enough.
    """

    id: str
    min_capacity: int
    max_capacity: int
    hard_min_capacity: int = 0
    hard_max_capacity: int | None = None
    home: str = "local"
    resource: Mapping[str, str] = field(default_factory=dict)
    profile: Profile = Profile.FLYBALL
    capacity_kind: CapacityKind = CapacityKind.COUNT
    mode: Mode = Mode.APPLY
    metrics: tuple[Metric, ...] = ()
    policies: tuple[Policy, ...] = ()
    windows: tuple[Window, ...] = ()
    scale_out: DirectionRules = DirectionRules()
    scale_in: DirectionRules = DirectionRules()
    zero: ZeroRule | None = None
    fallback: Fallback | None = None
    price_per_hour: float | None = None
    spend_limit_per_hour: float | None = None
    heartbeat: timedelta = timedelta(seconds=300)
    tick: timedelta = timedelta(seconds=60)
    foreign_hold: timedelta = timedelta(seconds=900)
    lead_time: timedelta = timedelta(seconds=300)
    early: timedelta = timedelta()
    metric_by_name: Mapping[str, Metric] = field(init=False, repr=False, compare=False)
    hard_max: int = field(init=False, repr=False, compare=False)
    """hard_max_capacity, or what stands for it where it is not given."""
    scheduled: tuple[ScheduledPolicy, ...] = field(init=False, repr=False, compare=False)
    trackers: Mapping[str, TrackingPolicy] = field(init=False, repr=False, compare=False)
    agreeing: Mapping[str, TrackingPolicy | AdaptivePolicy] = field(
        init=False, repr=False, compare=False
    )
    """By name, the policies of which all must agree to a scale-in."""
    measured: Mapping[str, TrackingPolicy | StepPolicy | Learner] = field(
        init=False, repr=False, compare=False
    )
    """By name, the policies that look at a metric."""
    learners: Mapping[str, Learner] = field(init=False, repr=False, compare=False)
    """By name, the policies that learn; where there is one, every tick is looked at."""
    longest_cooldown: timedelta = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_name("id", self.id)
        check_whole("min_capacity", self.min_capacity, 0, CAPACITY_LIMIT)
        check_whole("max_capacity", self.max_capacity, 0, CAPACITY_LIMIT)
        check_whole("hard_min_capacity", self.hard_min_capacity, 0, CAPACITY_LIMIT)
        hard_max = self.hard_max_capacity
        if hard_max is None:  # scheduled actions may move the bounds
            moved = (p.max_capacity or 0 for p in self.policies if isinstance(p, ScheduledPolicy))
            hard_max = max([self.max_capacity, *moved])
        check_whole("hard_max_capacity", hard_max, 0, CAPACITY_LIMIT)
        if not self.min_capacity <= self.max_capacity <= hard_max:
            fail(
                "min_capacity, max_capacity",
                (self.min_capacity, self.max_capacity),
                f"min_capacity <= max_capacity <= hard_max_capacity ({hard_max})",
            )
        if self.hard_min_capacity > self.min_capacity:
            fail(
                "hard_min_capacity",
                self.hard_min_capacity,
                f"at most min_capacity ({self.min_capacity})",
            )
        for label in ("heartbeat", "tick"):
            check_duration(label, getattr(self, label), positive=True)
        check_duration("foreign_hold", self.foreign_hold)
        check_duration("lead_time", self.lead_time)
        check_duration("early", self.early)
        if self.early > EARLIEST:
            fail("early", self.early, "at most a day")
        _check_price(self.price_per_hour, self.spend_limit_per_hour)
        derived = {
            "hard_max": hard_max,
            "metric_by_name": {metric.name: metric for metric in self.metrics},
            "scheduled": tuple(p for p in self.policies if isinstance(p, ScheduledPolicy)),
            "trackers": {p.name: p for p in self.policies if isinstance(p, TrackingPolicy)},
            "agreeing": {
                p.name: p for p in self.policies if isinstance(p, (TrackingPolicy, AdaptivePolicy))
            },
            "learners": {
                p.name: p
                for p in self.policies
                if isinstance(p, (PredictivePolicy, AdaptivePolicy))
            },
            "measured": {p.name: p for p in self.policies if not isinstance(p, ScheduledPolicy)},
            "longest_cooldown": max((_cooldown(p) for p in self.policies), default=timedelta()),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)
        self._check_names()
        if self.learners:
            _check_learners(self)

    def _check_names(self) -> None:
        check_unique("metrics", (metric.name for metric in self.metrics))
        check_unique("policies", (policy.name for policy in self.policies))
        check_unique("windows", (window.name for window in self.windows))
        wanted = [(policy.name, policy.metric) for policy in self.measured.values()]
        wanted += [
            (f"{policy.name}.latency_objective", policy.latency_objective.metric)
            for policy in self.policies
            if isinstance(policy, AdaptivePolicy) and policy.latency_objective is not None
        ]
        if self.zero is not None:
            wanted.append(("zero", self.zero.metric))
        for owner, metric in wanted:
            if metric not in self.metric_by_name:
                fail(f"{owner}.metric", metric, f"one of {sorted(self.metric_by_name)}")


def _cooldown(policy: Policy) -> timedelta:
    if isinstance(policy, StepPolicy):
        return policy.cooldown
    if isinstance(policy, TrackingPolicy):
        return max(policy.scale_out_cooldown, policy.scale_in_cooldown)
    return timedelta()


def _check_learners(target: ScalableTarget) -> None:
    """Refuse what cannot be learned from: it is learned minute by minute, from amounts."""
    check_whole("policies that learn (how many)", len(target.learners), 1, LEARNERS_LIMIT)
    if target.tick > MINUTE:
        fail("tick", target.tick, "at most a minute: a policy learns minute by minute")
    for policy in target.learners.values():
        metric = target.metric_by_name[policy.metric]
        if metric.unit is not Unit.NUMBER:
            expected = "number: a utilization does not show what is over capacity"
            fail(f"{policy.name}.metric (unit of {metric.name})", metric.unit.value, expected)
        minutely = [metric]
        if isinstance(policy, AdaptivePolicy):
            if policy.latency_objective is not None:
                minutely.append(target.metric_by_name[policy.latency_objective.metric])
            if policy.cost_limit is not None and target.price_per_hour is None:
                fail("price_per_hour", None, f"a price, since {policy.name} has a cost_limit")
        for each in minutely:
            if each.period != MINUTE:
                where = f"{policy.name}.metric (period of {each.name})"
                fail(where, each.period, "a minute")
        if target.lead_time + policy.metric_delay > LONGEST_HORIZON:
            expected = f"with the metric_delay of {policy.name} at most an hour"
            fail("lead_time", target.lead_time, expected)


def _check_price(price: float | None, spend_limit: float | None) -> None:
    if price is not None:
        check_finite("price_per_hour", price)
        if price <= 0:
            fail("price_per_hour", price, "a number above 0")
    if spend_limit is not None:
        check_finite("spend_limit_per_hour", spend_limit)
        if spend_limit < 0:
            fail("spend_limit_per_hour", spend_limit, "a number of 0 or more")
        if price is None:
            fail("price_per_hour", None, "a price, since spend_limit_per_hour is set")
