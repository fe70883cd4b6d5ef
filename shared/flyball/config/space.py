"""Which fields of a scalable target's policies can be searched, and between which values?

One table for each kind of policy, in the words of the file. Every field has a few values in order,
such as a person would write; what the file says now is one of them. What is a fact (a capacity, a
lead time) or a wish in hours (a schedule) is in no table.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from pathlib import Path as FilePath
from typing import Any, NamedTuple

from flyball.config.duration import format_duration, parse_duration
from flyball.config.edit import Edit, Value
from flyball.config.entry import Built
from flyball.config.load import loads
from flyball.config.problem import Path, format_path
from flyball.config.source import Source, get
from flyball.core.policy import AdaptivePolicy
from flyball.core.target import ScalableTarget, Unit

LEAST, MOST, FINEST = Decimal("0.5"), Decimal("1.5"), Decimal("0.05")
"""Of the number that is there now: between which others are tried, and at most how finely."""
MOST_PERCENT = 95
FACTORS = (0.5, 0.75, 1.5, 2.0, 3.0)
"""Of a count that is there now."""
OUT = ("1 of 1", "2 of 2", "2 of 3", "3 of 3")
IN = ("3 of 3", "5 of 5", "10 of 10", "15 of 15", "30 of 30")
SOON = ("0s", "1m", "3m", "5m")
LATER = ("0s", "2m", "5m", "10m", "15m", "30m")
STEPPING = ("1m", "2m", "3m", "5m", "10m")
QUANTILES = ("60%", "70%", "75%", "80%", "85%", "90%", "95%", "97%", "99%")
BUDGETS = ("0.1%", "0.2%", "0.3%", "0.5%", "0.7%", "1%", "1.5%", "2%", "3%", "5%")


class Form(Enum):
    """How a value is written, and which others there are."""

    NUMBER = "number"
    """A measured value: others around it."""
    COUNT = "count"
    """Instances or percent, whole: multiples of it."""
    DATAPOINTS = "datapoints"
    DURATION = "duration"
    SECONDS = "seconds"
    SHARE = "share"


class Space(NamedTuple):
    """A field of one kind of policy.

    Attributes:
        keys: Under which it is written, in the policy.
        attribute: Of the engine's policy: what it is now, defaults too.
        form: How it is written.
        values: Others, as text; empty: found from what it is now.
        usual: Searched where nobody says what is to be.
    """

    keys: tuple[str, ...]
    attribute: str
    form: Form
    values: tuple[str, ...] = ()
    usual: bool = True


TRACKING, STEP = "TargetTrackingScalingPolicyConfiguration", "StepScalingPolicyConfiguration"
SPACES: Mapping[str, tuple[Space, ...]] = {
    "target_tracking": (
        Space(("target_value",), "target_value", Form.NUMBER),
        Space(("scale_out", "datapoints"), "out_datapoints", Form.DATAPOINTS, OUT),
        Space(("scale_out", "cooldown"), "scale_out_cooldown", Form.DURATION, SOON),
        Space(("scale_in", "datapoints"), "in_datapoints", Form.DATAPOINTS, IN),
        Space(("scale_in", "cooldown"), "scale_in_cooldown", Form.DURATION, LATER),
    ),
    "step": (
        Space(("threshold",), "threshold", Form.NUMBER),
        Space(("datapoints",), "datapoints", Form.DATAPOINTS, OUT),
        Space(("cooldown",), "cooldown", Form.DURATION, STEPPING),
    ),
    "predictive": (
        Space(("target_value",), "target_value", Form.NUMBER),
        Space(("quantile",), "quantile_ratio", Form.SHARE, QUANTILES),
    ),
    "adaptive": (Space(("late_budget",), "late_budget_ratio", Form.SHARE, BUDGETS),),
    "scheduled": (Space(("min_capacity",), "min_capacity", Form.COUNT, usual=False),),
    TRACKING: (
        Space((TRACKING, "TargetValue"), "target_value", Form.NUMBER),
        Space((TRACKING, "ScaleOutCooldown"), "scale_out_cooldown", Form.SECONDS, SOON),
        Space((TRACKING, "ScaleInCooldown"), "scale_in_cooldown", Form.SECONDS, LATER),
    ),
    STEP: (Space((STEP, "Cooldown"), "cooldown", Form.SECONDS, STEPPING),),
}
"""By kind, or by the key by which a policy in AWS's form is known."""
STEPS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "step": (("steps",), ("add", "remove", "percent", "adjustment")),
    STEP: ((STEP, "StepAdjustments"), ("ScalingAdjustment",)),
}
"""Where steps are listed, and by which keys they say how far they go."""
RESTS = Space(("scale_in", "stabilization_window"), "stabilization_window", Form.DURATION, LATER)
FLOOR = Space(("floor",), "floor", Form.COUNT, usual=False)


class Dimension(NamedTuple):
    """A field that can be searched.

    Attributes:
        name: Such as `keep.scale_in.cooldown`.
        path: From the root of the file.
        values: As they are written, from the least to the most; two or more.
        now: Which of them holds now, by its index.
        usual: As of a Space.
    """

    name: str
    path: Path
    values: tuple[Value, ...]
    now: int
    usual: bool = True


Point = tuple[int, ...]
"""Of each dimension, the index of a value."""


def find_dimensions(built: Built, source: Source) -> tuple[list[Dimension], list[str]]:
    """Find what can be searched of a scalable target, and say what cannot for where it stands.

    Args:
        built: It, with its places.
        source: The file in which it is.
    """
    target, own = built.scalable_target, _find_entry(built, source)
    found: list[Dimension] = []
    notes: list[str] = []
    for policy in target.policies:
        place = built.places.get(("policy", policy.name))
        if place is None or place.path[: len(own)] != own or place.source.file != source.file:
            notes.append(f"{policy.name} is not searched: it is not written in {target.id} itself")
            continue
        written = get(source.value, place.path)
        unit = _find_unit(target, policy)
        found.extend(_search_policy(policy, written, place.path, unit))
    found.extend(_search_rest(target, source, own))
    for window in target.windows:
        place = built.places.get(("window", window.name))
        if place is not None and place.path[: len(own)] == own:
            written = get(source.value, place.path)
            found.extend(_search(FLOOR, window, window.name, written, place.path, Unit.NUMBER))
    return found, notes


def list_edits(dimensions: Sequence[Dimension], point: Point) -> list[Edit]:
    """List what a point says otherwise than the file."""
    return [
        Edit(each.path, each.values[index])
        for each, index in zip(dimensions, point, strict=True)
        if index != each.now
    ]


def make_target(
    source: Source, folder: FilePath, index: int, edits: Sequence[Edit]
) -> ScalableTarget:
    """Read one scalable target of a file as if values were set in it.

    Args:
        source: The file, sound.
        folder: Where the files that it names are.
        index: Which of its scalable targets.
        edits: What is set, all of it in that one.

    Raises:
        ConfigError: It is not sound with them.
    """
    entry = json.loads(json.dumps(source.value["scalable_targets"][index]))
    for path, value in edits:
        inner = entry
        for key in path[2:-1]:
            inner = inner[key] if isinstance(key, int) else inner.setdefault(key, {})
        inner[path[-1]] = value
    kept = {key: source.value[key] for key in ("version", "defaults") if key in source.value}
    document = json.dumps({**kept, "scalable_targets": [entry]})
    return loads(document, source.file, folder).scalable_targets[0]


def find_index(source: Source, target_id: str) -> int:
    """Find which scalable target of a file has an id."""
    return [each.get("id") for each in source.value["scalable_targets"]].index(target_id)


def _find_entry(built: Built, source: Source) -> Path:
    return ("scalable_targets", find_index(source, built.scalable_target.id))


def _find_unit(target: ScalableTarget, policy: Any) -> Unit:
    metric = target.metric_by_name.get(getattr(policy, "metric", ""))
    return Unit.NUMBER if metric is None else metric.unit


def _search_policy(policy: Any, written: Any, path: Path, unit: Unit) -> Iterator[Dimension]:
    kind = next((each for each in (TRACKING, STEP) if each in written), written.get("kind", ""))
    for space in SPACES.get(kind, ()):
        scales_in = "in" in space.attribute.split("_")
        if not (scales_in and getattr(policy, "disable_scale_in", False)):
            yield from _search(space, policy, policy.name, written, path, unit)
    where, keys = STEPS.get(kind, ((), ()))
    for index, step in enumerate(get(written, where) or () if where else ()):
        for key in keys:
            if step.get(key):
                here: Path = (*where, index, key)
                values, now = _order(Form.COUNT, _multiply(int(step[key])), int(step[key]))
                name = f"{policy.name}.{format_path(here)}"
                yield Dimension(name, (*path, *here), values, now)


def _search_rest(target: ScalableTarget, source: Source, own: Path) -> Iterator[Dimension]:
    """Search how long a scale-in rests, where the scalable target itself can say it."""
    written = get(source.value, own)
    shared = get(source.value, ("defaults", "scale_in"))
    adapts = any(isinstance(each, AdaptivePolicy) for each in target.policies)
    follows = any(not getattr(each, "disable_scale_in", False) for each in target.agreeing.values())
    if follows and not adapts and ("scale_in" in written or shared is None):
        yield from _search(RESTS, target.scale_in, "", written, own, Unit.NUMBER)


def _search(
    space: Space, owner: Any, name: str, written: Any, path: Path, unit: Unit
) -> Iterator[Dimension]:
    value = getattr(owner, space.attribute)
    if value is None or (not space.usual and space.keys[-1] not in written):
        return
    now = _write(value, space.form)
    others: list[Value] = list(space.values)
    if space.form is Form.SECONDS:
        others = [int(parse_duration(each).total_seconds()) for each in space.values]
    elif space.form is Form.NUMBER:
        others = _spread(Decimal(str(now)), unit)
    elif space.form is Form.COUNT:
        others = _multiply(int(value))
    values, index = _order(space.form, others, now)
    if len(values) > 1:
        full = ".".join(filter(None, (name, *space.keys)))
        yield Dimension(full, (*path, *space.keys), values, index, space.usual)


def _write(value: Any, form: Form) -> Value:
    """Write a value of the engine's as a file does."""
    if form is Form.DATAPOINTS:
        return f"{value.breaching} of {value.evaluated}"
    if form is Form.DURATION:
        return format_duration(value)
    if form is Form.SECONDS:
        return int(value.total_seconds())
    if form is Form.SHARE:
        return f"{(Decimal(str(value)) * 100).normalize():f}%"
    return int(value) if float(value).is_integer() else float(value)


def _spread(now: Decimal, unit: Unit) -> list[Value]:
    """Give round numbers around one; none around what is not above 0."""
    if now <= 0:
        return []
    step = _find_step(now * FINEST)
    least, most = now * LEAST, now * MOST
    if unit is not Unit.NUMBER:
        most = min(most, Decimal(MOST_PERCENT))
    counts = range(math.ceil(least / step), int(most // step) + 1)
    values = [count * step for count in counts]
    return [int(each) if each == int(each) else float(each) for each in values]


def _find_step(most: Decimal) -> Decimal:
    """Give the largest of 1, 2 and 5, times a power of ten, that is no more than that."""
    power = Decimal(1).scaleb(most.adjusted())
    return max(each * power for each in (1, 2, 5) if each * power <= most)


def _multiply(now: int) -> list[Value]:
    return [max(1, round(abs(now) * factor)) * (1 if now > 0 else -1) for factor in FACTORS]


def _order(form: Form, others: Sequence[Value], now: Value) -> tuple[tuple[Value, ...], int]:
    """Put values in order, each once, and say where the one is that holds now."""
    key = _KEYS[form]
    by_key = {key(each): each for each in (*others, now)}
    ordered = sorted(by_key)
    return tuple(by_key[each] for each in ordered), ordered.index(key(now))


def _read_datapoints(value: Any) -> tuple[int, int]:
    breaching, _, evaluated = value.partition(" of ")
    return int(evaluated), int(breaching)


_KEYS: Mapping[Form, Callable[[Any], Any]] = {
    Form.NUMBER: Decimal,
    Form.COUNT: int,
    Form.DATAPOINTS: _read_datapoints,
    Form.DURATION: parse_duration,
    Form.SECONDS: int,
    Form.SHARE: lambda value: Decimal(value.removesuffix("%")),
}
