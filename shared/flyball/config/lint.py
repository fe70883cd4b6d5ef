"""What in a valid file is probably not what its author meant?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from flyball.config.calendar import check_calendar
from flyball.config.cloud import check_cloud
from flyball.config.cloudwatch import is_utilization, name_statistics
from flyball.config.entry import Built
from flyball.config.learning import doubt_learners
from flyball.config.load import Config
from flyball.config.problem import Problem, Severity
from flyball.config.quarrel import check_quarrels
from flyball.config.source import Place
from flyball.core.policy import (
    AdaptivePolicy,
    MissingRule,
    PredictivePolicy,
    ScheduledPolicy,
    TrackingPolicy,
)
from flyball.core.target import ScalableTarget, Unit

IN_VAIN = "NoCapacityInvocationFailures"


def lint(config: Config, now: datetime) -> tuple[Problem, ...]:
    """Name what is doubtful in a file.

    Args:
        config: A file without errors.
        now: Aware; schedules are looked at from here on.

    Returns:
        Problems of severity warning, in the file's order.
    """
    problems = [
        place.problem(message, hint, Severity.WARNING)
        for built in config.built
        for place, message, hint in _look(built, now)
    ]
    problems += _find_shared(config)
    return tuple(sorted(dict.fromkeys(problems), key=lambda p: (p.file != config.file, *p[:3])))


def _look(built: Built, now: datetime) -> Iterator[tuple[Place, str, str]]:
    yield from check_calendar(built, now)
    yield from check_quarrels(built.scalable_target, built.places)
    yield from check_cloud(built.scalable_target, built.places)
    yield from _check_bounds(built.scalable_target, built.places)
    yield from _check_zero(built.scalable_target, built.places)
    yield from _check_load(built.scalable_target, built.places)
    yield from _check_money(built.scalable_target, built.places)
    yield from _check_metrics(built.scalable_target, built.places)
    yield from _check_missing(built)
    yield from doubt_learners(built.scalable_target, built.places)


def _check_bounds(
    target: ScalableTarget, places: Mapping[tuple[str, str], Place]
) -> Iterator[tuple[Place, str, str]]:
    most = f"max_capacity ({target.max_capacity})"
    for window in target.windows:
        place = places["window", window.name]
        lowest, highest = window.lowest, window.highest
        if lowest is not None and lowest > target.hard_max:
            message = f"its floor ({lowest}) is above hard_max_capacity ({target.hard_max})"
            yield place, message, "it will never be reached: raise hard_max_capacity"
        elif lowest is not None and lowest > target.max_capacity:
            yield place, f"its floor ({lowest}) is above {most}", "raise max_capacity"
        if highest is not None and highest < target.min_capacity:
            message = f"its ceiling ({highest}) is below min_capacity ({target.min_capacity})"
            yield place, message, "the minimum counts: lower min_capacity"
    if target.fallback is not None and target.fallback.capacity > target.max_capacity:
        message = f"its capacity ({target.fallback.capacity}) is above {most}"
        yield places["key", "fallback"], message, "it will not be reached: raise max_capacity"
    least = places.get(("key", "min_capacity"))
    if least is not None and target.min_capacity == 0 and target.zero is None:
        hint = "add `zero: {metric: …}`: most metrics say nothing when no instance is there"
        yield least, "0 without a `zero` rule", hint
    if target.zero is not None and target.min_capacity > 0:
        message = f"without effect: min_capacity is {target.min_capacity}"
        yield places["key", "zero"], message, "set min_capacity: 0"


def _check_zero(
    target: ScalableTarget, places: Mapping[tuple[str, str], Place]
) -> Iterator[tuple[Place, str, str]]:
    """Find a rule that sees only the calls that fail in vain: they are none while a copy serves.

    Source: Amazon SageMaker Developer Guide, "Scale an endpoint to zero instances".
    """
    rule = target.zero
    if rule is None:
        return
    metric = target.metric_by_name[rule.metric]
    if set(name_statistics(metric.source)) != {IN_VAIN}:
        return
    place = places["key", "zero"]
    if "FILL(" not in metric.source.get("expression", metric.source.get("metrics", "")):
        message = f"it never comes to zero: {IN_VAIN} is missing while no call fails"
        yield place, message, "say that silence means none: `expression: FILL(failed, 0)`"
    others = (target.metric_by_name[each.metric] for each in target.agreeing.values())
    if not any(each.unit is Unit.NUMBER and each.name != metric.name for each in others):
        message = f"{IN_VAIN} does not say whether anybody is served"
        yield place, message, "track the calls too, such as InvocationsPerCopy"


def _check_load(
    target: ScalableTarget, places: Mapping[tuple[str, str], Place]
) -> Iterator[tuple[Place, str, str]]:
    """Find a utilization that counts as load: what idles has some too, so it never goes to zero."""
    if target.zero is None:
        return
    for name in dict.fromkeys(each.metric for each in target.agreeing.values()):
        metric = target.metric_by_name[name]
        if metric.unit is not Unit.NUMBER or name == target.zero.metric:
            continue
        if "utilization" in name.lower() or is_utilization(metric.source):
            place = places.get(("metric", name), places["key", "zero"])
            message = (
                f"it never comes to zero: as a number, what {name} shows of an idle machine is load"
            )
            yield place, message, "set `unit: percent`, or `ratio` where it is 0 to 1"


def _check_money(
    target: ScalableTarget, places: Mapping[tuple[str, str], Place]
) -> Iterator[tuple[Place, str, str]]:
    price, limit = target.price_per_hour, target.spend_limit_per_hour
    if price is not None and limit is not None and limit < price * target.min_capacity:
        place = places["key", "spend_limit_per_hour"]
        message = f"below min_capacity × price_per_hour ({price * target.min_capacity:g})"
        yield place, message, "raise it, or lower min_capacity"


def _check_metrics(
    target: ScalableTarget, places: Mapping[tuple[str, str], Place]
) -> Iterator[tuple[Place, str, str]]:
    used = {p.metric for p in target.policies if not isinstance(p, ScheduledPolicy)}
    used |= {
        policy.latency_objective.metric
        for policy in target.policies
        if isinstance(policy, AdaptivePolicy) and policy.latency_objective is not None
    }
    if target.zero is not None:
        used.add(target.zero.metric)
    for metric in target.metrics:
        if metric.name not in used and ("metric", metric.name) in places:
            yield places["metric", metric.name], "no policy uses this metric", "remove it"
    for policy in target.policies:
        if isinstance(policy, (ScheduledPolicy, PredictivePolicy, AdaptivePolicy)):
            continue
        if isinstance(policy, TrackingPolicy):
            word, value = "target_value", policy.target_value
        else:
            word, value = "threshold", policy.threshold
        if target.metric_by_name[policy.metric].unit is Unit.RATIO and 0 < value <= 1:
            hint = f"policies on a ratio are written in percent: did you mean {value * 100:g}?"
            place = places["policy", policy.name].at(word)
            yield place, f"{value:g} % of a metric whose unit is ratio", hint


def _check_missing(built: Built) -> Iterator[tuple[Place, str, str]]:
    target, places = built
    policies = [
        p for p in target.policies if not isinstance(p, (ScheduledPolicy, PredictivePolicy))
    ]
    if policies and all(p.missing.scale_in is MissingRule.IGNORE for p in policies):
        hint = "set `missing: {scale_in: hold}` on one of them at least"
        message = "every policy ignores missing data: one may scale in while the others are blind"
        yield places["policy", policies[0].name], message, hint
    if not target.policies and not target.windows and target.zero is None:
        place = built.places["key", "id"]
        yield place, "no policy and no window: its capacity will never change", "add policies"


def _find_shared(config: Config) -> Iterator[Problem]:
    """Find two scalable targets with one address: they would undo each other's changes."""
    seen: dict[tuple[str, tuple[tuple[str, str], ...]], Built] = {}
    for built in config.built:
        target = built.scalable_target
        if target.home == "local" or not target.resource:
            continue
        first = seen.setdefault((target.home, tuple(sorted(target.resource.items()))), built)
        if first is not built:
            message = f"{first.scalable_target.id} has the same resource"
            hint = "merge the two: they would undo each other's changes"
            yield built.places["key", "id"].problem(message, hint, Severity.WARNING)
