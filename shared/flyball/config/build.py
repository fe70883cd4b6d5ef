"""Which scalable target does the engine get from one entry of a file?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from flyball.config import cloudwatch, monitoring
from flyball.config.adopt import adopt_action, adopt_policy
from flyball.config.amazon import (
    AwsScalingPolicy,
    AwsScheduledAction,
)
from flyball.config.bounds import find_bounds
from flyball.config.cloud import check_resource
from flyball.config.entry import Built, Entry
from flyball.config.google import adopt_nodes
from flyball.config.learning import (
    check_learners,
    fit_rest,
    list_learners,
    make_learner,
)
from flyball.config.make import (
    make_direction,
    make_metric,
    make_scheduled,
    make_step,
    make_tracking,
    make_window,
)
from flyball.config.policies import (
    AdaptiveSettings,
    PredictiveSettings,
    ScheduledSettings,
    StepSettings,
    TrackingSettings,
)
from flyball.config.pool import Metrics
from flyball.config.printed import list_policies
from flyball.config.problem import suggest
from flyball.config.profile import DEFAULTS, Defaults
from flyball.config.report import Report
from flyball.config.source import Place
from flyball.core.policy import Policy, ScheduledPolicy, TrackingPolicy
from flyball.core.target import (
    CapacityKind,
    Fallback,
    Metric,
    Mode,
    Per,
    Profile,
    ScalableTarget,
    ZeroRule,
)
from flyball.core.window import Window
from flyball.core.zone import zone

TICK = timedelta(seconds=60)
"""How often what lasts is looked at, unless it is given."""
LEAD_TIME, GPU_LEAD_TIME = timedelta(minutes=5), timedelta(minutes=8)
"""Of a machine, and on Google of one whose GPU is measured, unless it is given."""
_TIMES = ("heartbeat", "tick", "foreign_hold", "lead_time", "early")


def build(entry: Entry) -> Built | None:
    """Make the engine's scalable target; None where something is wrong with it.

    Every problem goes to the entry's report.
    """
    before = len(entry.report.problems)
    entry.places["key", "id"] = entry.place.at("id")
    profile = Profile(entry.get("profile")[0] or "flyball")
    home = entry.get("home")[0] or "local"
    defaults = DEFAULTS[profile]
    declared = list(_build_metrics(entry, home))
    metrics = Metrics(declared)
    time_zone = _find_zone(entry)
    policies = list(_build_policies(entry, time_zone, metrics, defaults))
    windows = list(_build_windows(entry, time_zone))
    bounds = find_bounds(entry, policies)
    _check_references(entry, policies, metrics)
    _check_resource(entry, home)
    _check_sources(entry, home, metrics)
    rest = _build_rest(entry, home, profile, defaults)
    if "heartbeat" not in rest and _is_polled(home, policies, metrics):
        rest["heartbeat"] = rest.get("tick", TICK)
    fit_rest(entry, policies, rest)
    if home == "gcp":
        _lead(rest, metrics, has_windows=bool(windows))
    check_learners(entry, policies, metrics.found, rest)
    if bounds is None or len(entry.report.problems) > before:
        return None
    made = entry.report.attempt(
        entry.place,
        {},
        lambda: ScalableTarget(
            id=entry.own.id,
            **bounds,
            **rest,
            metrics=tuple(metrics.found.values()),
            policies=tuple(policies),
            windows=tuple(windows),
        ),
    )
    return None if made is None else Built(made, entry.places)


def _lead(rest: dict[str, Any], metrics: Metrics, *, has_windows: bool) -> None:
    """Say what Google's nodes take, and let floors by the calendar hold so much early."""
    has_gpu = any("duty_cycle" in each.source.get("metric", "") for each in metrics.found.values())
    if has_gpu:
        rest.setdefault("lead_time", GPU_LEAD_TIME)
    if has_windows:
        rest.setdefault("early", rest.get("lead_time", LEAD_TIME))


def _find_zone(entry: Entry) -> str:
    """Give the time zone of schedules and windows without their own."""
    name, place = entry.get("time_zone")
    if name is None or entry.report.attempt(place, {"time_zone": ()}, lambda: zone(name)) is None:
        return "UTC"
    return str(name)


def _build_metrics(entry: Entry, home: str) -> Iterator[Metric]:
    for settings, place in entry.items("metrics"):
        metric = make_metric(settings, place, home, entry.report)
        if metric is not None and _is_new(entry, "metric", metric.name, place.at("name")):
            entry.places["metric", metric.name] = place
            yield metric


def _build_windows(entry: Entry, time_zone: str) -> Iterator[Window]:
    for settings, place in entry.items("windows"):
        window = make_window(settings, place, time_zone, entry.report)
        if window is not None and _is_new(entry, "window", window.name, place.at("name")):
            entry.places["window", window.name] = place
            yield window


def _build_policies(
    entry: Entry, time_zone: str, metrics: Metrics, defaults: Defaults
) -> Iterator[Policy]:
    home = entry.get("home")[0] or "local"
    for settings, place in list_policies(entry):
        policy: Policy | None
        if isinstance(settings, (PredictiveSettings, AdaptiveSettings)):
            policy = make_learner(settings, place, home, defaults, entry.report)
        else:
            policy = _build_policy(settings, place, time_zone, metrics, defaults, entry.report)
        if policy is None:
            continue
        if isinstance(settings, AwsScalingPolicy) and not (settings.name or settings.PolicyName):
            policy = replace(policy, name=_free_name(entry, policy.name))
        if _is_new(entry, "policy", policy.name, place.at(_name_key(settings))):
            entry.places["policy", policy.name] = place
            yield policy
    block, place = entry.get("auto_scaling")
    if block is not None:
        for policy, here in adopt_nodes(block, place, metrics, defaults, entry.report):
            entry.places.setdefault(("metric", policy.metric), here)
            if _is_new(entry, "policy", policy.name, here):
                yield policy


def _build_policy(
    settings: Any,
    place: Place,
    time_zone: str,
    metrics: Metrics,
    defaults: Defaults,
    report: Report,
) -> Policy | None:
    if isinstance(settings, TrackingSettings):
        return make_tracking(settings, place, defaults, report)
    if isinstance(settings, StepSettings):
        return make_step(settings, place, defaults, report)
    if isinstance(settings, ScheduledSettings):
        return make_scheduled(settings, place, time_zone, report)
    if isinstance(settings, AwsScheduledAction):
        return adopt_action(settings, place, report)
    return adopt_policy(settings, place, metrics, report)


def _name_key(settings: Any) -> str:
    for key in ("PolicyName", "ScheduledActionName"):
        if key in settings.model_fields_set:
            return key
    return "name"


def _free_name(entry: Entry, name: str) -> str:
    number, free = 1, name
    while ("policy", free) in entry.places:
        number += 1
        free = f"{name}-{number}"
    return free


def _is_new(entry: Entry, kind: str, name: str, place: Place) -> bool:
    first = entry.places.setdefault((kind, name), place)
    if first is not place:
        line, _ = first.source.locate(first.path)
        entry.report.add(
            place,
            f"another {kind} has this name already",
            f"first on line {line}: name this one differently",
        )
    return first is place


def _check_references(entry: Entry, policies: Sequence[Policy], metrics: Metrics) -> None:
    """See that every metric that is named is there."""
    if not entry.is_whole("metrics", "policies"):
        return
    names = sorted(metrics.found)
    wanted = [
        (p.metric, entry.places["policy", p.name])
        for p in policies
        if not isinstance(p, ScheduledPolicy)
    ]
    zero, place = entry.get("zero")
    if zero is not None:
        wanted.append((zero.metric, place))
    for name, place in wanted:
        if name not in metrics.found:
            known = ", ".join(names) if names else "none: list them under metrics"
            entry.report.add(
                place.at("metric"),
                f"there is no metric {name}",
                suggest(name, names) or f"known: {known}",
            )


def _check_resource(entry: Entry, home: str) -> None:
    """See that the home could have what is named."""
    place = entry.place.at("resource")
    if home == "aws":
        cloudwatch.check_resource(entry.own.resource, place, entry.report)
    elif home == "gcp":
        check_resource(home, entry.own.resource, place, entry.report)
    entry.places["key", "resource"] = place


def _check_sources(entry: Entry, home: str, metrics: Metrics) -> None:
    """See that the home can be asked for every metric."""
    for metric in metrics.found.values():
        place = entry.places.get(("metric", metric.name), entry.place)
        if home == "aws":
            cloudwatch.check_metric(metric, place, entry.report)
        elif home == "gcp":
            monitoring.check_metric(metric, entry.own.resource, place, entry.report)


def _build_rest(entry: Entry, home: str, profile: Profile, defaults: Defaults) -> dict[str, Any]:
    zero, _ = entry.get("zero")
    fallback, _ = entry.get("fallback")
    price, _ = entry.get("price_per_hour")
    limit, limit_at = entry.get("spend_limit_per_hour")
    if limit is not None and price is None and entry.is_whole("price_per_hour"):
        entry.report.add(
            limit_at,
            "price_per_hour is missing beside it",
            "give one instance's price an hour",
            key=True,
        )
    rest: dict[str, Any] = {
        "home": home,
        "profile": profile,
        "resource": entry.own.resource,
        "mode": Mode(entry.get("mode")[0] or "apply"),
        "capacity_kind": CapacityKind(
            entry.get("capacity_kind")[0] or ("range" if home == "gcp" else "count")
        ),
        "scale_out": make_direction(entry.get("scale_out")[0], defaults.scale_out),
        "scale_in": make_direction(entry.get("scale_in")[0], defaults.scale_in),
        "price_per_hour": price,
        "spend_limit_per_hour": limit,
    }
    if zero is not None:
        rest["zero"] = _with_time(
            ZeroRule(zero.metric, zero.activation_threshold), "idle_after", zero.idle_after
        )
    if fallback is not None:
        rest["fallback"] = _with_time(Fallback(fallback.capacity), "after", fallback.after)
    rest.update({key: entry.get(key)[0] for key in _TIMES if entry.get(key)[0] is not None})
    return rest


def _is_polled(home: str, policies: Sequence[Policy], metrics: Metrics) -> bool:
    """Say whether a policy has no alarm that could tell, so that only looks can.

    A total that is tracked has none whose threshold moves with the instances, and on Google an
    expression has none at all. What learns looks at every minute.
    """
    if list_learners(policies):
        return True
    if home not in ("aws", "gcp"):
        return False
    measured = [each for each in policies if not isinstance(each, ScheduledPolicy)]
    for policy in measured:
        metric = metrics.found.get(policy.metric)
        if metric is None:
            continue
        if isinstance(policy, TrackingPolicy) and metric.per is Per.TOTAL:
            return True
        if home == "gcp" and "expression" in metric.source:
            return True
    return False


def _with_time(rule: Any, key: str, given: timedelta | None) -> Any:
    return rule if given is None else replace(rule, **{key: given})
