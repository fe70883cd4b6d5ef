"""How does a config that people wrote come to say what was changed, and else what it said?

Only values that were changed are set, each where it stands, below a comment that says why. What is
not of the sizing stays: other targets, policies, windows, a fallback, names, comments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from flyball import config
from flyball.config.amend import amend
from flyball.config.edit import Edit, EditError, Value
from flyball.config.full import FULL
from flyball.config.problem import ConfigError
from flyball.core.policy import AdaptivePolicy, Policy, StepPolicy, TrackingPolicy
from flyball.core.rule import Adjustment
from flyball.core.shape import NamedTuple
from flyball.core.target import Metric, ScalableTarget
from flyball.sizing.beneath import comment_above
from flyball.sizing.gauges import WrittenError
from flyball.sizing.layout import show_length, show_number
from flyball.sizing.plan import Sizing
from flyball.sizing.rounding import show_figure
from flyball.sizing.settings import Settings
from flyball.sizing.written import write_config

CARRIED = "capacity_per_instance"
"""What an adaptive policy says in place of what each is held at."""
ADDED = {
    Adjustment.CHANGE_IN_CAPACITY: "add",
    Adjustment.PERCENT_CHANGE_IN_CAPACITY: "percent",
}


Kept = TypeVar("Kept", TrackingPolicy, StepPolicy, AdaptivePolicy)


class State(NamedTuple):
    """What the method found, and what the policies are set to."""

    sizing: Sizing
    settings: Settings


def set_in_place(text: str, place: Path, name: str, before: State, after: State) -> str:
    """Set what was changed in a config that was in force.

    A value that people made stricter than it would be now stays as it is.

    Args:
        text: The config, sound.
        place: Where it is, for problems and for the files that it names.
        name: The scalable target's id.
        before: What was in force.
        after: What is to be.

    Returns:
        The config, which says nothing else that is new.

    Raises:
        WrittenError: A change has no place in it, or cannot be set there alone; nothing is set.
    """
    read = config.loads(text, str(place), place.parent)
    index = [each.id for each in read.scalable_targets].index(name)
    target = read.scalable_targets[index]
    was, now = (_write(target, each) for each in (before, after))
    changes = _Changes()
    wanted = changes.go_through(target, was, now)
    lost = [each for each in dict.fromkeys(_list_changed(was, now)) if each not in changes.settled]
    if lost:
        told = "; ".join(_show(each, after) for each in lost)
        raise WrittenError(f"nothing in it says this as it would be written here: {told}")
    begin = ("scalable_targets", index)
    edits = [each._replace(path=(*begin, *each.path)) for each in changes.edits]
    try:
        made = amend(read, text, place.parent, edits, {name: wanted})
    except EditError as error:
        raise WrittenError(str(error)) from error
    why = {CARRIED: after.settings.why.get("invocations", ""), **after.settings.why}
    told_at = {(*begin, *path): why[each] for each, path in changes.first.items() if why.get(each)}
    return comment_above(made, told_at)


def _write(target: ScalableTarget, state: State) -> ScalableTarget:
    """Give the scalable target as it would be written anew."""
    sizing, settings = state
    plain = replace(settings, habits=())
    text = write_config(sizing, target.id, target.home, target.resource, plain)
    try:
        (written,) = config.loads(text).scalable_targets
    except ConfigError as error:
        raise WrittenError(str(error)) from error
    return written


def _list_changed(was: ScalableTarget, now: ScalableTarget) -> Iterator[str]:
    """Give each setting that is written otherwise; a home may have no value that shows one."""
    for field in ("min_capacity", "max_capacity"):
        if getattr(was, field) != getattr(now, field):
            yield field
    fields = {
        "target_value": "invocations",
        "scale_out_cooldown": "cooldowns",
        "cooldown": "cooldowns",
        CARRIED: CARRIED,
    }
    for before, after in zip(was.policies, now.policies, strict=False):
        for field, setting in fields.items():
            if getattr(before, field, None) != getattr(after, field, None):
                yield setting
        added = (
            [step.adjustment for step in one.steps] if isinstance(one, StepPolicy) else []
            for one in (before, after)
        )
        if len({tuple(each) for each in added}) > 1:
            yield "rises"


class _Changes:
    """What has to be set, found by holding against each other what would be written.

    Attributes:
        edits: In order; their paths begin at the scalable target.
        first: By the name of a setting, the first path that it is set at.
        settled: Settings that the config says, though perhaps stricter than they would be now.
        names: By a metric's name, how it would be called here; its own, where it is none of them.
    """

    def __init__(self) -> None:
        self.edits: list[Edit] = []
        self.first: dict[str, tuple[str | int, ...]] = {}
        self.settled: set[str] = set()
        self.names: Mapping[str, str] = {}

    def go_through(
        self, target: ScalableTarget, was: ScalableTarget, now: ScalableTarget
    ) -> ScalableTarget:
        """Give the target as it is to be."""
        self.names = {each.name: _find_name(each, was) for each in target.metrics}
        hard = target.hard_max_capacity
        for field in ("min_capacity", "max_capacity"):
            value = getattr(now, field)
            if value != getattr(was, field):
                self._set((field,), value, field)
        low, high = (
            getattr(now if field in self.settled else target, field)
            for field in ("min_capacity", "max_capacity")
        )
        if hard == target.max_capacity:  # it follows, unless it stands there: then it is refused
            hard = high
        metrics = tuple(
            self._go_on(index, each, was, now) for index, each in enumerate(target.metrics)
        )
        pairs = list(zip(was.policies, now.policies, strict=False))
        policies = []
        for index, policy in enumerate(target.policies):
            pair = next((each for each in pairs if _is_same(policy, each[0], self.names)), None)
            if pair is not None:
                pairs.remove(pair)
                policy = self._adjust(("policies", index), policy, *pair)  # noqa: PLW2901
            policies.append(policy)
        return replace(
            target,
            min_capacity=low,
            max_capacity=high,
            hard_max_capacity=hard,
            metrics=metrics,
            policies=tuple(policies),
        )

    def _set(self, path: tuple[str | int, ...], value: Value, setting: str = "") -> None:
        self.edits.append(Edit(path, value))
        if setting:
            self.first.setdefault(setting, path)
            self.settled.add(setting)

    def _go_on(
        self, index: int, metric: Metric, was: ScalableTarget, now: ScalableTarget
    ) -> Metric:
        """Say anew where an instance carries no more."""
        name = self.names[metric.name]
        before, after = (
            one.metric_by_name[name].source.get(FULL) if name in one.metric_by_name else None
            for one in (was, now)
        )
        if after is None or before == after or metric.source.get(FULL) != before:
            return metric
        self._set(("metrics", index, "source", FULL), after)
        return replace(metric, source={**metric.source, FULL: after})

    def _adjust(
        self, path: tuple[str | int, ...], policy: Policy, was: Policy, now: Policy
    ) -> Policy:
        match policy, was, now:
            case TrackingPolicy(), TrackingPolicy(), TrackingPolicy():
                return self._track(path, policy, was, now)
            case StepPolicy(), StepPolicy(), StepPolicy():
                return self._step(path, policy, was, now)
            case AdaptivePolicy(), AdaptivePolicy(), AdaptivePolicy():
                return self._lower(path, policy, was, now, CARRIED, show_number, CARRIED)
            case _:
                return policy

    def _track(
        self,
        path: tuple[str | int, ...],
        policy: TrackingPolicy,
        was: TrackingPolicy,
        now: TrackingPolicy,
    ) -> TrackingPolicy:
        name, setting = "target_value", "invocations"
        found = self._lower(path, policy, was, now, name, show_number, setting)
        if found != policy and policy.name == was.name:
            self._set((*path, "name"), now.name)
            found = replace(found, name=now.name)
        name, key = "scale_out_cooldown", ("scale_out", "cooldown")
        return self._lower(path, found, was, now, name, show_length, "cooldowns", key)

    def _step(
        self, path: tuple[str | int, ...], policy: StepPolicy, was: StepPolicy, now: StepPolicy
    ) -> StepPolicy:
        found = self._lower(path, policy, was, now, "cooldown", show_length, "cooldowns")
        if len(policy.steps) != len(now.steps) or policy.adjustment is not now.adjustment:
            return found
        key, steps = ADDED[now.adjustment], list(policy.steps)
        is_ours = policy.threshold == was.threshold and all(
            (mine.lower, mine.upper) == (old.lower, old.upper)
            for mine, old in zip(policy.steps, was.steps, strict=True)
        )
        if is_ours and policy.threshold != now.threshold:
            self._set((*path, "threshold"), show_number(now.threshold))
            found = replace(found, threshold=now.threshold)
        for index, (mine, old, new) in enumerate(
            zip(policy.steps, was.steps, now.steps, strict=True)
        ):
            at = (*path, "steps", index)
            if new.adjustment != old.adjustment:
                self.settled.add("rises")
            if new.adjustment != old.adjustment and mine.adjustment < new.adjustment:
                self._set((*at, key), round(new.adjustment), "rises")
                steps[index] = replace(steps[index], adjustment=new.adjustment)
            for side, field in (("from", "lower"), ("to", "upper")):
                value = getattr(new, field)
                if is_ours and value is not None and value != getattr(old, field):
                    self._set((*at, side), show_number(value))
                    steps[index] = replace(steps[index], **{field: value})
        return replace(found, steps=tuple(steps))

    def _lower(
        self,
        path: tuple[str | int, ...],
        policy: Kept,
        was: Policy,
        now: Policy,
        field: str,
        show: Callable[[Any], str],
        setting: str = "",
        key: tuple[str, ...] = (),
    ) -> Kept:
        """Set what is less than before, unless it is less still."""
        value = getattr(now, field)
        if value == getattr(was, field):
            return policy
        if setting:
            self.settled.add(setting)
        if getattr(policy, field) <= value:
            return policy
        self._set((*path, *(key or (field,))), show(value), setting)
        return replace(policy, **{field: value})


def _find_name(metric: Metric, written: ScalableTarget) -> str:
    """Say how a metric of the same source would be called."""
    source = dict(metric.source) | {FULL: ""}
    same = (each.name for each in written.metrics if dict(each.source) | {FULL: ""} == source)
    return next(same, metric.name)


def _is_same(policy: Policy, written: Policy, names: Mapping[str, str]) -> bool:
    """Say whether it does what a policy does that would be written here."""
    kinds = (TrackingPolicy, StepPolicy, AdaptivePolicy)
    if not isinstance(policy, kinds) or not isinstance(written, kinds):
        return False
    if isinstance(policy, StepPolicy) and isinstance(written, StepPolicy):
        if policy.comparison is not written.comparison:
            return False
    elif type(policy) is not type(written):
        return False
    return names.get(policy.metric) == written.metric


def _show(name: str, after: State) -> str:
    """Say what a setting is to be, for people who set it by hand."""
    sizing, settings = after
    match name:
        case "invocations":
            return f"InvocationsPerInstance {show_figure(settings.invocations)}"
        case "cooldowns":
            return f"cooldown of scale-out {show_length(settings.cooldowns.scale_out)}"
        case "rises":
            return f"steps {'/'.join(each.shown for each in settings.rises)}"
        case _ if name == CARRIED:
            return f"{CARRIED} {show_number(sizing.saturation.invocations)}"
        case _:
            return f"{name} {getattr(settings, name)}"
