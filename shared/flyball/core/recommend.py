"""What capacity would each policy have by itself: a number or "I cannot know", with its reason.

Nothing is held back here; that is constrain's. Only a policy's own rule speaks.
"""

from __future__ import annotations

import math

from flyball.core.advise import adapt, foretell
from flyball.core.breach import PAST, TOLERANCE, Breach, believe, breached, evaluated_values
from flyball.core.check import CAPACITY_LIMIT
from flyball.core.model import Carried, Missing, MissingCause, Reason, Recommendation, Series
from flyball.core.policy import (
    AdaptivePolicy,
    Adjustment,
    Aggregation,
    Comparison,
    PredictivePolicy,
    Step,
    StepPolicy,
    TrackingPolicy,
)
from flyball.core.scene import Scene, ready_between
from flyball.core.silent import doubt, fill_in
from flyball.core.target import CapacityKind, Metric, Profile

ROUNDING = 1e-9
"""Relative slack of a ceiling: 3 × 0.07 × 100 ÷ 7 is 3 instances, not 4."""


def recommend(scene: Scene) -> list[Recommendation]:
    """Ask every policy, in the config's order, then the built-in ones."""
    found = []
    for policy in scene.target.policies:
        if type(policy) is TrackingPolicy:
            found.append(track(policy, scene))
        elif type(policy) is StepPolicy:
            found.append(step(policy, scene))
        elif type(policy) is PredictivePolicy:
            found.append(foretell(policy, scene))
        elif type(policy) is AdaptivePolicy:
            found.append(adapt(policy, scene))
    target = scene.target
    if target.capacity_kind is CapacityKind.RANGE and not target.measured:
        found.append(let_go(scene))
    if target.zero is not None:
        found.append(activate(scene))
    if scene.history.carried is not None:
        found.append(carry_over(scene.history.carried))
    if target.fallback is not None:
        fallback = fall_back(scene)
        if fallback is not None:
            found.append(fallback)
    return found


def track(policy: TrackingPolicy, scene: Scene) -> Recommendation:
    """Keep the metric at its target value: ceil(in service when measured × value ÷ target value).

    It scales out only while the newest value breaches and M of N do; the same for scale-in. A
    value between low and high keeps what is there. No scale-in rests on a datapoint in which an
    instance in service was silent.

    Returns:
        desired above, at or below current; None where the metric is missing or, with no instance
        in service, a value per instance means nothing.

    Source: Application Auto Scaling User Guide, "Target tracking scaling policies"; Kubernetes,
        "Horizontal Pod Autoscaling: Algorithm details".
    """
    target = scene.target
    metric = target.metric_by_name[policy.metric]
    series = believe(scene.observation.metrics.get(policy.metric), metric, scene.now)
    if isinstance(series, Missing):
        at_zero = metric.per_instance and not scene.current and not scene.capacity.serving
        cause = MissingCause.UNDEFINED_AT_ZERO if at_zero else series.cause
        return _missing(policy.name, policy.metric, cause, policy.target_value)
    asked = _track(policy, metric, series, scene)
    if target.profile is Profile.HPA and metric.per_instance:
        return asked  # it has counted the silent as full
    return doubt(asked, metric, series, scene, lambda whole: _track(policy, metric, whole, scene))


def _track(policy: TrackingPolicy, metric: Metric, series: Series, scene: Scene) -> Recommendation:
    """Say what a tracking policy asks for by a believable series."""
    target, point = scene.target, series[-1]
    if point.ready is None:
        least, most = ready_between(scene.history, scene.capacity, point.at, metric.period)
    else:
        least = most = point.ready
    if metric.per_instance and most:
        least = max(1, least)  # somebody was in service, or there were no value
    if not most and metric.per_instance:
        if target.profile is Profile.HPA and not scene.current:
            return _leave_zero(policy, metric, point.value)
        cause = MissingCause.UNDEFINED_AT_ZERO
        return _missing(policy.name, policy.metric, cause, policy.target_value)
    value: float | None = point.value
    if target.profile is Profile.HPA and metric.per_instance:
        value = fill_in(point, metric, policy.target_value, most)
    if value is None:
        value, desired, reason = point.value, scene.current, Reason.FLIPPED_BY_MISSING_INSTANCES
        ready = most
    else:
        desired, reason, ready = _weigh(policy, metric, series, value, (least, most), scene.current)
    shown = value * metric.scale
    return Recommendation(
        policy.name, desired, reason, policy.metric, shown, policy.target_value, ready
    )


def _weigh(
    policy: TrackingPolicy,
    metric: Metric,
    series: Series,
    value: float,
    ready: tuple[int, int],
    current: int,
) -> tuple[int, Reason, int]:
    """Hold a believable value against the target value.

    Returns:
        The capacity it asks for, why, and how many instances it was counted on.
    """
    least, most = ready
    setpoint = policy.target_value / metric.scale
    high = setpoint * policy.high_ratio * (1 + TOLERANCE)
    low = setpoint * policy.low_ratio * (1 - TOLERANCE)
    if not metric.per_instance:  # held against what the instances in service carry at the target
        high *= least
        low *= most
    if value > high:
        rule, comparison, counted = policy.out_datapoints, Comparison.GREATER, least
        threshold, direction = high, Reason.ABOVE_TARGET
    elif value < low:
        if policy.disable_scale_in:
            return current, Reason.SCALE_IN_DISABLED, most
        rule, comparison, counted = policy.in_datapoints, Comparison.LESS, most
        threshold, direction = low, Reason.BELOW_TARGET
    else:
        return current, Reason.WITHIN_TOLERANCE, most
    values = evaluated_values(series, rule, metric.period)
    values[-1] = value  # the newest, as the profile counts it
    if breached(values, rule, comparison, threshold) is not Breach.YES:
        return current, Reason.BREACH_TOO_SHORT, counted
    wanted = _instances((value * counted if metric.per_instance else value) / setpoint)
    if wanted > current if comparison is Comparison.GREATER else wanted < current:
        return wanted, direction, counted
    return current, Reason.ALREADY_DESIRED, counted


def _leave_zero(policy: TrackingPolicy, metric: Metric, value: float) -> Recommendation:
    """Have ceil(ratio) at zero, where nobody is ready and no tolerance counts.

    Source: Kubernetes, replica_calculator.go (getUsageRatioReplicaCount).
    """
    shown = value * metric.scale
    wanted = _instances(shown / policy.target_value)
    reason = Reason.ABOVE_TARGET if wanted else Reason.WITHIN_TOLERANCE
    return Recommendation(policy.name, wanted, reason, policy.metric, shown, policy.target_value, 0)


def _instances(raw: float) -> int:
    """Round up to instances, with a limit instead of an overflow."""
    return math.ceil(raw * (1 - ROUNDING)) if raw < CAPACITY_LIMIT else CAPACITY_LIMIT


def step(policy: StepPolicy, scene: Scene) -> Recommendation:
    """Change capacity by the step in which the metric lies past the threshold.

    As of a tracking policy, no scale-in rests on a datapoint in which an instance was silent.

    Source: Application Auto Scaling User Guide, "Step scaling policies".
    """
    metric = scene.target.metric_by_name[policy.metric]
    series = believe(scene.observation.metrics.get(policy.metric), metric, scene.now)
    if isinstance(series, Missing):
        return _missing(policy.name, policy.metric, series.cause, policy.threshold)
    asked = _step(policy, metric, series, scene)
    return doubt(asked, metric, series, scene, lambda whole: _step(policy, metric, whole, scene))


def _step(policy: StepPolicy, metric: Metric, series: Series, scene: Scene) -> Recommendation:
    """Say what a step policy asks for by a believable series."""
    newest = series[-1].value
    scale = metric.scale
    threshold = policy.threshold / scale
    comparison = policy.comparison
    if comparison is None:
        comparison = Comparison.GREATER_OR_EQUAL if newest >= threshold else Comparison.LESS
    below = comparison in (Comparison.LESS, Comparison.LESS_OR_EQUAL)
    shown = newest * scale
    values = evaluated_values(series, policy.datapoints, metric.period)
    base = _base(policy, scene)
    calm = policy.comparison is None and not _looks_there(policy.steps, below=below)
    if calm or breached(values, policy.datapoints, comparison, threshold) is not Breach.YES:
        lasting = not calm and PAST[comparison](newest, threshold)
        reason = Reason.BREACH_TOO_SHORT if lasting else Reason.NO_BREACH
        return Recommendation(policy.name, None, reason, policy.metric, shown, policy.threshold)
    value = _aggregate(policy, values)
    if scale != 1:  # 0.57 is 57 %, not 56.99999999999999
        value = round(value * scale, 9)
    found = _choose(policy, round(value - policy.threshold, 9), base, below=below)
    if found is None:
        return Recommendation(
            policy.name, None, Reason.NO_STEP, policy.metric, value, policy.threshold
        )
    return _take(policy, found, value, base, scene.current)


def _base(policy: StepPolicy, scene: Scene) -> int:
    """Say what a step starts from; an exact capacity is what the setting is to be."""
    return scene.current if policy.adjustment is Adjustment.EXACT_CAPACITY else scene.base


def _looks_there(steps: tuple[Step, ...], *, below: bool) -> bool:
    """Say whether any step lies on that side of the threshold."""
    if below:
        return steps[0].lower is None or steps[0].lower < 0
    return steps[-1].upper is None or steps[-1].upper > 0


def _choose(policy: StepPolicy, excess: float, base: int, *, below: bool) -> Step | None:
    """Find the aggregate's step; with a calm datapoint among the breaching, at least the first.

    Enough datapoints breach, but their aggregate lies on the threshold's other side: the step at
    the threshold itself is taken if it scales out. Nothing is scaled in by such a mixture.
    """
    found = find_step(policy.steps, excess, below=below)
    if found is None and (excess > 0 if below else excess < 0):
        found = find_step(policy.steps, 0.0, below=below)
        if found is not None and adjust(policy, found.adjustment, base) <= base:
            return None
    return found


def _take(policy: StepPolicy, found: Step, value: float, base: int, current: int) -> Recommendation:
    """Apply a step to what is there; a step in never raises a range's floor."""
    number = adjust(policy, found.adjustment, base)
    wanted: int | None = number
    reason = Reason.STEP
    if current <= number < base:
        wanted, reason = current, Reason.RANGE_PERMITS
    elif number == base:
        percent = policy.adjustment is Adjustment.PERCENT_CHANGE_IN_CAPACITY
        stuck = percent and not base and found.adjustment > 0
        wanted = None
        reason = Reason.CANNOT_LEAVE_ZERO_BY_PERCENT if stuck else Reason.STEP_IS_ZERO
    return Recommendation(
        policy.name,
        wanted,
        reason,
        policy.metric,
        value,
        policy.threshold,
        adjustment=found.adjustment,
    )


def _aggregate(policy: StepPolicy, values: list[float]) -> float:
    if policy.aggregation is Aggregation.MINIMUM:
        return min(values)
    if policy.aggregation is Aggregation.MAXIMUM:
        return max(values)
    try:
        return math.fsum(values) / len(values)
    except OverflowError:
        return max(values)


def find_step(steps: tuple[Step, ...], excess: float, *, below: bool) -> Step | None:
    """Find the step for a distance from the threshold.

    Args:
        steps: Sorted.
        excess: Value minus threshold.
        below: Whether the alarm looks below the threshold.

    Returns:
        The step whose interval holds it: above the threshold [lower, upper), below it
        (lower, upper]. None where an aggregate lies on the side that the alarm does not look at:
        a low alarm never scales by a high value.
    """
    if excess > 0 if below else excess < 0:
        return None
    for each in steps:
        lower = -math.inf if each.lower is None else each.lower
        upper = math.inf if each.upper is None else each.upper
        if lower < excess <= upper if below else lower <= excess < upper:
            return each
    return None


def adjust(policy: StepPolicy, adjustment: float, base: int) -> int:
    """Apply a step's number to a capacity.

    A percent's change is rounded toward zero, but to at least one instance: 12.7 → 12, 0.4 → 1,
    −0.4 → −1, −6.67 → −6; then it is at least the minimum magnitude.

    Returns:
        Instances, 0 or more.

    Source: Application Auto Scaling User Guide, "Scaling adjustment types".
    """
    if policy.adjustment is Adjustment.EXACT_CAPACITY:
        return int(adjustment)
    change = int(adjustment)
    if policy.adjustment is Adjustment.PERCENT_CHANGE_IN_CAPACITY:
        exact = base * adjustment / 100
        change = math.trunc(exact * (1 + ROUNDING))
        if not change and exact:
            change = 1 if exact > 0 else -1
        if adjustment and abs(change) < policy.min_adjustment_magnitude:
            change = (
                policy.min_adjustment_magnitude
                if adjustment > 0
                else -policy.min_adjustment_magnitude
            )
    return min(max(0, base + change), CAPACITY_LIMIT)


def let_go(scene: Scene) -> Recommendation:
    """Have no more than the bounds' floor, where no policy measures anything.

    What windows and scheduled actions have raised nobody else could lower again; the service scales
    inside the range.
    """
    floor = min(scene.current, scene.bounds.floor)
    return Recommendation("range", floor, Reason.FLOOR_UNCLAIMED)


def carry_over(carried: Carried) -> Recommendation:
    """Have the floor of the deployment before on the one that came in its place."""
    return Recommendation("carried", carried.floor, Reason.CARRIED_OVER)


def activate(scene: Scene) -> Recommendation:
    """Wake a target that is at zero as soon as its activation metric is above the threshold.

    Source: KEDA, "Scaling deployments: activation and scaling thresholds".
    """
    rule = scene.target.zero
    assert rule is not None  # noqa: S101  (recommend asks only then)
    series = believe(
        scene.observation.metrics.get(rule.metric),
        scene.target.metric_by_name[rule.metric],
        scene.now,
    )
    if isinstance(series, Missing):
        return _missing("activation", rule.metric, series.cause, rule.activation_threshold)
    value = series[-1].value * scene.target.metric_by_name[rule.metric].scale
    if value <= rule.activation_threshold:
        return Recommendation(
            "activation", None, Reason.IDLE, rule.metric, value, rule.activation_threshold
        )
    wanted = max(1, scene.bounds.floor) if not scene.current else None
    return Recommendation(
        "activation", wanted, Reason.ACTIVATED, rule.metric, value, rule.activation_threshold
    )


def fall_back(scene: Scene) -> Recommendation | None:
    """Have max(current, the fallback's capacity) once a metric has been missing for long."""
    rule = scene.target.fallback
    assert rule is not None  # noqa: S101  (recommend asks only then)
    for metric in scene.target.metrics:  # the config's order: a stored mapping comes back sorted
        since = scene.history.missing_since.get(metric.name)
        if since is not None and scene.now - since >= rule.after:
            wanted = max(scene.current, rule.capacity)
            return Recommendation("fallback", wanted, Reason.FALLBACK, metric.name)
    return None


def _missing(policy: str, metric: str, cause: MissingCause, target: float) -> Recommendation:
    return Recommendation(
        policy, None, Reason.MISSING_DATA, metric, None, target, None, None, cause
    )
