"""What may a policy ask for that learns from what it sees, minute by minute?"""

from __future__ import annotations

from datetime import timedelta

from flyball.core.check import check_duration, check_finite, check_name, fail
from flyball.core.rule import MissingRule, MissingRules
from flyball.core.shape import dataclass

MINUTE = timedelta(seconds=60)
LEARNERS_LIMIT = 4
"""Most of them in one scalable target: each keeps up to some 16 kB in its item."""
LONGEST_HORIZON = timedelta(minutes=60)
"""Lead time and delay together. Of what starts more slowly, no forecast of minutes is of use."""
LEAST_VALUE = 1e-100
"""Less is a mistake in a unit, and not safe to divide by."""
ABSTAINS = MissingRules(MissingRule.IGNORE, MissingRule.IGNORE)


@dataclass(frozen=True, slots=True)
class LatencyObjective:
    """A minute is late whose latency is above this.

    Attributes:
        metric: The latency metric's name.
        at_most: In its unit.
    """

    metric: str
    at_most: float

    def __post_init__(self) -> None:
        check_name("policy.latency_objective.metric", self.metric)
        check_finite("policy.latency_objective.at_most", self.at_most)
        if self.at_most <= 0:
            fail("policy.latency_objective.at_most", self.at_most, "a number above 0")


@dataclass(frozen=True, slots=True)
class PredictivePolicy:
    """Have at least what a forecast of the demand one lead time ahead needs; it only raises.

    Attributes:
        name: Unique in its scalable target.
        metric: The demand metric's name: a number a minute, of all or per instance.
        target_value: Demand per instance and minute that one instance is to carry.
        quantile_ratio: Share of minutes in which demand is to be at most what was forecast.
        metric_delay: From a minute's end until its value is shown.
    """

    name: str
    metric: str
    target_value: float
    quantile_ratio: float = 0.9
    metric_delay: timedelta = MINUTE

    def __post_init__(self) -> None:
        check_name("policy.name", self.name)
        _check_positive("policy.target_value", self.target_value)
        check_finite("policy.quantile", self.quantile_ratio)
        if not 0.5 <= self.quantile_ratio <= 0.999:  # noqa: PLR2004  (a median, and 1 in 1,000)
            fail("policy.quantile", self.quantile_ratio, "a share from 0.5 to 0.999")
        _check_delay(self.metric_delay)

    @property
    def missing(self) -> MissingRules:
        """Say nothing while the metric is missing."""
        return ABSTAINS

    @property
    def per_instance(self) -> float:
        """What one instance carries in a minute, in the metric's unit."""
        return self.target_value


@dataclass(frozen=True, slots=True)
class AdaptivePolicy:
    """Keep a budget of lateness at the least cost; how, it finds out by itself.

    Attributes:
        name: Unique in its scalable target.
        metric: The demand metric's name: a number a minute, of all or per instance.
        capacity_per_instance: Demand that one instance can carry in a minute.
        late_budget_ratio: Share of demand (with a latency objective: of minutes) that may be late.
        cost_limit: Most to spend an hour in the mean of some days, in the currency of the scalable
            target's price_per_hour; None: any.
        latency_objective: What is late; None: what arrives over capacity or behind a backlog.
        metric_delay: From a minute's end until its value is shown.
        missing: What happens while the metric is missing.
    """

    name: str
    metric: str
    capacity_per_instance: float
    late_budget_ratio: float = 0.01
    cost_limit: float | None = None
    latency_objective: LatencyObjective | None = None
    metric_delay: timedelta = MINUTE
    missing: MissingRules = MissingRules()

    def __post_init__(self) -> None:
        check_name("policy.name", self.name)
        _check_positive("policy.capacity_per_instance", self.capacity_per_instance)
        check_finite("policy.late_budget", self.late_budget_ratio)
        if not 0.0001 <= self.late_budget_ratio <= 0.5:  # noqa: PLR2004  (1 in 10,000, and half)
            fail("policy.late_budget", self.late_budget_ratio, "a share from 0.0001 to 0.5")
        if self.cost_limit is not None:
            check_finite("policy.cost_limit", self.cost_limit)
            if self.cost_limit <= 0:
                fail("policy.cost_limit", self.cost_limit, "a number above 0")
        _check_delay(self.metric_delay)

    @property
    def disable_scale_in(self) -> bool:
        """It scales both ways."""
        return False

    @property
    def per_instance(self) -> float:
        """What one instance carries in a minute, in the metric's unit."""
        return self.capacity_per_instance


Learner = PredictivePolicy | AdaptivePolicy


def _check_positive(where: str, value: float) -> None:
    check_finite(where, value)
    if value < LEAST_VALUE:
        fail(where, value, "a number above 0")


def _check_delay(delay: timedelta) -> None:
    check_duration("policy.metric_delay", delay)
    if delay > LONGEST_HORIZON / 2:
        fail("policy.metric_delay", delay, "at most 30 minutes")
