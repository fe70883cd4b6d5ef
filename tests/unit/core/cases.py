"""How is a decision's case written down, and what must hold for every decision at all?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from flyball.core.decide import decide
from flyball.core.model import (
    Action,
    Capacity,
    Change,
    Datapoint,
    Decision,
    History,
    LimitKind,
    Missing,
    MissingCause,
    Observation,
    Reason,
    Recommendation,
    Series,
    Status,
)
from flyball.core.policy import (
    Adjustment,
    DatapointsRule,
    MissingRule,
    MissingRules,
    Policy,
    ScheduledPolicy,
    Step,
    StepPolicy,
    TrackingPolicy,
)
from flyball.core.remember import Noticed, absorb, note_applied, remember
from flyball.core.target import Metric, Profile, ScalableTarget

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
FIVE_MINUTES = timedelta(seconds=300)
NO_DATA = Missing(MissingCause.NO_DATA)
AWS_MISSING = MissingRules(scale_out=MissingRule.IGNORE, scale_in=MissingRule.BLOCK_SCALE_IN)
ABSTAIN = MissingRules(scale_out=MissingRule.IGNORE, scale_in=MissingRule.IGNORE)

Seen = float | Series | Missing
"""A metric as a test writes it: one fresh value, a series, or that there is none."""


def at(seconds: float) -> datetime:
    """Give the instant so many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


def seconds(number: float) -> timedelta:
    """Give a duration."""
    return timedelta(seconds=number)


def series(*values: float | None, end: datetime = NOON, every: float = 60, **fields: Any) -> Series:
    """Make a series that ends at an instant; None leaves a gap."""
    count = len(values)
    return tuple(
        Datapoint(end - timedelta(seconds=every * (count - 1 - index)), value, **fields)
        for index, value in enumerate(values)
        if value is not None
    )


def tracking(name: str = "A", target_value: float = 100.0, **fields: Any) -> TrackingPolicy:
    """Make a tracking policy on the metric of its own name, in lower case."""
    return TrackingPolicy(name, fields.pop("metric", name.lower()), target_value, **fields)


def aws_tracking(name: str = "A", target_value: float = 100.0, **fields: Any) -> TrackingPolicy:
    """Make a tracking policy with the defaults of Application Auto Scaling but for datapoints."""
    defaults: dict[str, Any] = {
        "scale_out_cooldown": FIVE_MINUTES,
        "scale_in_cooldown": FIVE_MINUTES,
        "missing": AWS_MISSING,
    }
    return tracking(name, target_value, **(defaults | fields))


def stepping(
    name: str, threshold: float, *steps: tuple[float | None, float | None, float], **fields: Any
) -> StepPolicy:
    """Make a step policy on the metric of its own name, in lower case."""
    fields.setdefault("missing", ABSTAIN)
    return StepPolicy(
        name,
        fields.pop("metric", name.lower()),
        threshold,
        tuple(Step(*each) for each in steps),
        **fields,
    )


def percent(
    name: str, threshold: float, *steps: tuple[float | None, float | None, float], **fields: Any
) -> StepPolicy:
    """Make a step policy by percent."""
    return stepping(
        name, threshold, *steps, adjustment=Adjustment.PERCENT_CHANGE_IN_CAPACITY, **fields
    )


def exact(
    name: str, threshold: float, *steps: tuple[float | None, float | None, float], **fields: Any
) -> StepPolicy:
    """Make a step policy of exact capacities."""
    return stepping(name, threshold, *steps, adjustment=Adjustment.EXACT_CAPACITY, **fields)


def of(breaching: int, evaluated: int) -> DatapointsRule:
    """Make an M-of-N rule."""
    return DatapointsRule(breaching, evaluated)


def scale(*policies: Policy, low: int = 0, high: int = 100, **fields: Any) -> ScalableTarget:
    """Make a scalable target with a metric for each that its policies name."""
    metrics: tuple[Metric, ...] = fields.pop("metrics", ())
    known = {metric.name for metric in metrics}
    for policy in policies:
        if not isinstance(policy, ScheduledPolicy) and policy.metric not in known:
            metrics = (*metrics, Metric(policy.metric))
            known.add(policy.metric)
    return ScalableTarget("churn", low, high, policies=policies, metrics=metrics, **fields)


def see(
    current: int,
    metrics: Mapping[str, Seen] | None = None,
    now: datetime = NOON,
    **fields: Any,
) -> Observation:
    """Make an observation; a bare number is one fresh datapoint."""
    found = {
        name: (Datapoint(now, float(value)),) if isinstance(value, (int, float)) else value
        for name, value in (metrics or {}).items()
    }
    fields.setdefault("ready", current)
    return Observation(now, Capacity(current, **fields), found)


def changed(
    before: int, after: int, done: float | None, *policies: str, begun: float | None = None
) -> Change:
    """Make a change that was completed so many seconds after noon; None: still in flight."""
    start = at(begun if begun is not None else (0 if done is None else done))
    return Change(start, before, after, policies, None if done is None else at(done))


def after(*changes: Change) -> History:
    """Remember changes, oldest first."""
    return History(changes=changes)


def expect(
    target: ScalableTarget,
    observation: Observation,
    history: History | None = None,
    now: datetime | None = None,
    without: frozenset[LimitKind] = frozenset(),
    **expected: Any,
) -> Decision:
    """Decide, hold the decision to what every decision owes, and to the fields given here.

    Besides the decision's own fields: `limits` as the kinds in order, `by` the last limit's.
    """
    instant = observation.at if now is None else now
    decision = decide(target, observation, history or History(), instant, without)
    check_sound(target, decision, without)
    shown: dict[str, Any] = {
        "limits": tuple(limit.kind for limit in decision.limits),
        "by": decision.limits[-1].by if decision.limits else None,
        "wake_in": (decision.wake_at - instant).total_seconds(),
    }
    found = {key: shown[key] if key in shown else getattr(decision, key) for key in expected}
    assert found == expected, decision
    return decision


def check_sound(
    target: ScalableTarget, decision: Decision, without: frozenset[LimitKind] = frozenset()
) -> None:
    """Check what holds for every decision, whatever was asked."""
    assert decision.at < decision.wake_at <= decision.at + target.heartbeat
    assert decision.desired <= decision.ceiling
    if LimitKind.HARD not in without:
        assert decision.desired <= target.hard_max
        assert decision.ceiling <= target.hard_max
    limits = decision.limits
    assert all(limit.before != limit.after for limit in limits)
    assert all(one.after == other.before for one, other in pairwise(limits))
    if limits:
        assert limits[-1].after == decision.desired
        first = limits[0]
        if LimitKind.AGREEMENT not in without:
            assert decision.wanted == (
                first.after if first.kind is LimitKind.AGREEMENT else first.before
            )
    elif not without:
        assert decision.wanted == decision.desired
    if decision.action is Action.HOLD:
        assert decision.current in (None, decision.desired)


def recommended(decision: Decision, policy: str) -> Recommendation:
    """Find one policy's recommendation."""
    return next(each for each in decision.recommendations if each.policy == policy)


@dataclass(frozen=True)
class Case:
    """One row of a table: what is there and what is seen, and what must be decided.

    Attributes:
        id: What it shows.
        policies: Of the scalable target.
        current: Desired capacity, and ready unless that is given.
        seen: By metric.
        desired: What must be decided.
        reason: Why, where the row is about that.
        wanted: What the policies ask for together, where the row is about that.
        limits: Kinds of limit in order, where the row is about that.
        ready: Instances in service.
        low: min_capacity.
        high: max_capacity.
        target: Further fields of the scalable target.
        history: What is remembered.
    """

    id: str
    policies: tuple[Policy, ...]
    current: int
    seen: Mapping[str, Seen]
    desired: int
    reason: Reason | None = None
    wanted: int | None = None
    limits: tuple[LimitKind, ...] | None = None
    ready: int | None = None
    low: int = 0
    high: int = 100
    target: Mapping[str, Any] = field(default_factory=dict)
    history: History = field(default_factory=History)


def name(case: Case) -> str:
    """Name a row in the list of tests."""
    return case.id


def check(case: Case, profile: Profile = Profile.FLYBALL) -> Decision:
    """Decide a row's case and hold it to the row."""
    target = scale(
        *case.policies, low=case.low, high=case.high, **({"profile": profile} | dict(case.target))
    )
    expected = {
        key: value
        for key in ("reason", "wanted", "limits")
        if (value := getattr(case, key)) is not None
    }
    ready = case.current if case.ready is None else case.ready
    observation = see(case.current, case.seen, ready=ready)
    return expect(target, observation, case.history, desired=case.desired, **expected)


class Story:
    """One scalable target through time: the engine with its memory, without ledger or cloud.

    Every look absorbs what is seen, decides, and remembers; a decision to set is applied at once,
    and is in service when the story says so.
    """

    def __init__(self, target: ScalableTarget, capacity: int) -> None:
        self.target = target
        self.capacity = Capacity(capacity, capacity)
        self.history = History()
        self.noticed: tuple[Noticed, ...] = ()

    def look(self, when: float, **metrics: Seen) -> Decision:
        """Look at an instant, decide, and apply what is to be set."""
        now = at(when)
        observation = see(0, metrics, now)
        observation = Observation(now, self.capacity, observation.metrics)
        self.history, self.noticed = absorb(self.target, self.history, observation, now)
        decision = decide(self.target, observation, self.history, now)
        check_sound(self.target, decision)
        self.history = remember(self.target, self.history, decision)
        if decision.action is Action.SET:
            self.history = note_applied(self.history, decision, now)
            self.capacity = self.capacity._replace(desired=decision.desired, status=Status.BUSY)
        return decision

    def arrive(self) -> None:
        """Let the change in flight be in service from the next look on."""
        desired = self.capacity.desired
        self.capacity = Capacity(desired, desired)

    def show(
        self, desired: int, ready: int | None = None, status: Status = Status.IN_SERVICE
    ) -> None:
        """Let the provider show something else from the next look on."""
        self.capacity = Capacity(desired, desired if ready is None else ready, status)

    def settle(self, when: float, **metrics: Seen) -> Decision:
        """Look, and let what was set be in service at once."""
        decision = self.look(when, **metrics)
        self.arrive()
        return decision
