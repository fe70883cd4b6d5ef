"""Which scalable target does the engine get from one entry of a file?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, NamedTuple

from flyball.config.adopt import adopt_action, adopt_policy
from flyball.config.amazon import (
    AwsScalingPolicies,
    AwsScalingPolicy,
    AwsScheduledAction,
    AwsScheduledActions,
)
from flyball.config.fields import Blank, Strict
from flyball.config.google import adopt_nodes
from flyball.config.make import (
    make_direction,
    make_metric,
    make_scheduled,
    make_step,
    make_tracking,
    make_window,
)
from flyball.config.models import Settings, TargetSettings
from flyball.config.policies import ScheduledSettings, StepSettings, TrackingSettings
from flyball.config.pool import Metrics
from flyball.config.problem import suggest
from flyball.config.profile import DEFAULTS, Defaults
from flyball.config.report import Report
from flyball.config.source import Place, Source
from flyball.config.validate import Checked
from flyball.core.policy import Policy, ScheduledPolicy
from flyball.core.target import (
    CapacityKind,
    Fallback,
    Metric,
    Mode,
    Profile,
    ScalableTarget,
    ZeroRule,
)
from flyball.core.window import Window
from flyball.core.zone import zone

Open = Callable[[str, type[Strict]], tuple[Source, Checked]]
"""Reads a file that another one names and holds it against a model; raises ConfigError."""
_TIMES = ("heartbeat", "tick", "foreign_hold", "lead_time")


class Built(NamedTuple):
    """A scalable target, and where its author wrote what.

    Attributes:
        scalable_target: The engine's value.
        places: By (kind, name): metrics, policies and windows; by ("key", name): other keys.
    """

    scalable_target: ScalableTarget
    places: Mapping[tuple[str, str], Place]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a file, over the file's defaults.

    Attributes:
        own: What it says.
        place: Where it stands.
        shared: What `defaults` says.
        shared_place: Where that stands.
        report: Takes its problems.
        open_file: Reads the files that it names.
        places: Filled while it is built.
    """

    own: TargetSettings
    place: Place
    shared: Settings
    shared_place: Place
    report: Report
    open_file: Open
    places: dict[tuple[str, str], Place] = field(default_factory=dict)

    def get(self, key: str) -> tuple[Any, Place]:
        """Give what the entry says of a key, or else the defaults, and where; None for nothing."""
        for settings, place in ((self.own, self.place), (self.shared, self.shared_place)):
            value = getattr(settings, key, None)
            if value is not None:
                found = place.at(settings.written(key))
                self.places["key", key] = found
                return value, found
        return None, self.place

    def items(self, key: str) -> Iterator[tuple[Any, Place]]:
        """Give the sound items of a list, each with its place."""
        value, place = self.get(key)
        for index, item in enumerate(value or ()):
            if not isinstance(item, Blank):
                yield item, place.at(index)

    def is_whole(self, *keys: str) -> bool:
        """Say whether nothing of these keys was left out because of problems."""
        for key in keys:
            value, place = self.get(key)
            if isinstance(value, list) and any(isinstance(item, Blank) for item in value):
                return False
            if self.report.is_removed(place if value is not None else self.place.at(key)):
                return False
        return True


def build(entry: Entry) -> Built | None:
    """Make the engine's scalable target; None where something is wrong with it.

    Every problem goes to the entry's report.
    """
    before = len(entry.report.problems)
    profile = Profile(entry.get("profile")[0] or "flyball")
    home = entry.get("home")[0] or "local"
    defaults = DEFAULTS[profile]
    declared = list(_build_metrics(entry, home))
    metrics = Metrics(declared)
    time_zone = _find_zone(entry)
    policies = list(_build_policies(entry, time_zone, metrics, defaults))
    windows = list(_build_windows(entry, time_zone))
    bounds = _build_bounds(entry, policies)
    _check_references(entry, policies, metrics)
    rest = _build_rest(entry, home, profile, defaults)
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
            yield metric


def _build_windows(entry: Entry, time_zone: str) -> Iterator[Window]:
    for settings, place in entry.items("windows"):
        window = make_window(settings, place, time_zone, entry.report)
        if window is not None and _is_new(entry, "window", window.name, place.at("name")):
            yield window


def _build_policies(
    entry: Entry, time_zone: str, metrics: Metrics, defaults: Defaults
) -> Iterator[Policy]:
    for settings, place in _list_policies(entry):
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


def _list_policies(entry: Entry) -> Iterator[tuple[Any, Place]]:
    yield from entry.items("policies")
    yield from _list_printed(entry, "aws_scaling_policies", AwsScalingPolicies, "ScalingPolicies")
    yield from _list_printed(
        entry, "aws_scheduled_actions", AwsScheduledActions, "ScheduledActions"
    )


def _list_printed(
    entry: Entry, key: str, model: type[Strict], inner: str
) -> Iterator[tuple[Any, Place]]:
    """List what AWS printed, in a file or inline, of this scalable target alone."""
    value, place = entry.get(key)
    if value is None:
        return
    if isinstance(value, str):
        source, checked = entry.open_file(value, model)
        entry.report.problems.extend(checked.problems)
        if checked.model is None:
            return
        value, place = checked.model, Place(source)
    if isinstance(value, model):
        value, place = getattr(value, inner), place.at(inner)
    listed = [
        (item, place.at(index)) for index, item in enumerate(value) if not isinstance(item, Blank)
    ]
    yield from _choose_own(entry, listed, place)


def _choose_own(
    entry: Entry, listed: Sequence[tuple[Any, Place]], place: Place
) -> Sequence[tuple[Any, Place]]:
    """Choose the elements whose ResourceId is this scalable target's."""
    named = sorted({item.ResourceId for item, _ in listed if item.ResourceId is not None})
    own = _resource_id(entry.own.resource)
    if own in named or (own is None and len(named) <= 1) or not named:
        return [
            (item, at) for item, at in listed if item.ResourceId in {None, own or item.ResourceId}
        ]
    shown = ", ".join(named[:5]) + (", …" if len(named) > 5 else "")  # noqa: PLR2004
    if own is None:
        hint = "say which one: `resource: {endpoint: …, variant: …}`"
        entry.report.add(
            entry.place.at("resource"), f"AWS's output is about several resources ({shown})", hint
        )
    else:
        entry.report.add(
            place, f"nothing here is about {own}, only about {shown}", suggest(own, named)
        )
    return []


def _resource_id(resource: Mapping[str, str]) -> str | None:
    if "resource_id" in resource:
        return resource["resource_id"]
    if "endpoint" in resource and "variant" in resource:
        return f"endpoint/{resource['endpoint']}/variant/{resource['variant']}"
    if "inference_component" in resource:
        return f"inference-component/{resource['inference_component']}"
    return None


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


def _build_bounds(entry: Entry, policies: Sequence[Policy]) -> dict[str, Any] | None:
    """Find the four bounds and see that they are in order."""
    report = entry.report
    block = entry.get("auto_scaling")[0]
    found: dict[str, tuple[int | None, Place]] = {}
    for key, node_key in (("min_capacity", "min_nodes"), ("max_capacity", "max_nodes")):
        value, place = entry.get(key)
        nodes = None if block is None else getattr(block, node_key)
        if nodes is not None and getattr(entry.own, key) is not None:
            report.add(
                place,
                f"given twice: also by autoScaling.{block.written(node_key)}",
                "keep one of the two",
                key=True,
            )
        if nodes is not None:
            value, place = nodes, entry.place.at("autoScaling", block.written(node_key))
            entry.places["key", key] = place
        found[key] = value, place
    (least, least_at), (most, _) = found["min_capacity"], found["max_capacity"]
    if least is None and block is not None:
        least = 1
    for key, value in (("min_capacity", least), ("max_capacity", most)):
        if value is None:
            report.add(entry.place.at(key), "this key is missing", "give it here or in defaults")
    if least is None or most is None:
        return None
    hard_min, hard_min_at = entry.get("hard_min_capacity")
    hard_max, hard_max_at = entry.get("hard_max_capacity")
    scheduled = [
        p.max_capacity
        for p in policies
        if isinstance(p, ScheduledPolicy) and p.max_capacity is not None
    ]
    bounds: dict[str, Any] = {
        "min_capacity": least,
        "max_capacity": most,
        "hard_min_capacity": hard_min or 0,
        "hard_max_capacity": max([most, *scheduled]) if hard_max is None else hard_max,
    }
    if least > most:
        report.add(least_at, f"got {least}, expected at most max_capacity ({most})")
    if hard_max is not None and hard_max < most:
        report.add(hard_max_at, f"got {hard_max}, expected at least max_capacity ({most})")
    if hard_min is not None and hard_min > least:
        report.add(hard_min_at, f"got {hard_min}, expected at most min_capacity ({least})")
    return bounds


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


def _with_time(rule: Any, key: str, given: timedelta | None) -> Any:
    return rule if given is None else replace(rule, **{key: given})
