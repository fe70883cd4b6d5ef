"""Which decision does somebody want to see: what is scaled, what is seen, remembered, and when?

A scenario is a file `{scalable_target, observation, history, now}`; the engine is then a
calculator. The scalable target is an entry of flyball.yaml, or compiled canonical JSON.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path as FilePath
from typing import Any, NamedTuple, TypeVar

from flyball.config.build import build
from flyball.config.duration import parse_duration
from flyball.config.entry import Entry
from flyball.config.fields import read_instant
from flyball.config.load import open_from
from flyball.config.models import Settings
from flyball.config.problem import ConfigError, Path
from flyball.config.report import Report
from flyball.config.seen import CapacitySeen, PointSeen, ScenarioSettings
from flyball.config.source import Place, Source, get, read_content, read_file
from flyball.config.validate import validate
from flyball.core.breach import count_periods
from flyball.core.codec import decode
from flyball.core.model import (
    Capacity,
    Datapoint,
    History,
    Missing,
    MissingCause,
    Observation,
    Series,
    Status,
)
from flyball.core.target import Metric, ScalableTarget

T = TypeVar("T")

_RELATIVE = re.compile(r"^now(?:([+-])(.+))?$")
_WORDS = frozenset({"by", "reason", "policies"})
"""Keys of a history whose text is never an instant."""


class Scenario(NamedTuple):
    """Everything that `decide` takes."""

    scalable_target: ScalableTarget
    observation: Observation
    history: History
    now: datetime


def read(path: str | FilePath) -> Scenario:
    """Read a scenario from a YAML or JSON file.

    Raises:
        ConfigError: With every problem of it.
    """
    return _read(read_file(path), FilePath(path).parent)


def reads(content: bytes | str, file: str = "<stdin>", folder: str | FilePath = ".") -> Scenario:
    """Read a scenario from the content of a file, as `read`.

    Args:
        content: YAML or JSON.
        file: How problems call it.
        folder: Where the files that it names are looked for.
    """
    return _read(read_content(content, file), FilePath(folder))


def _read(source: Source, folder: FilePath) -> Scenario:
    root = Place(source)
    value = source.value
    compiled = _is_compiled(value)
    if compiled and "scalable_target" in value:
        value = {**value, "compiled_target": value["scalable_target"]}
        del value["scalable_target"]
    checked = validate(root, value, ScenarioSettings)
    problems = list(checked.problems)
    settings: ScenarioSettings | None = checked.model
    report = Report(checked.removed)
    if settings is not None:
        target = _find_target(settings, root, report, folder)
        now = _find_now(settings, root, report)
        if now is not None:
            history = _find_history(settings, root, now, report)
            observation = None
            if target is not None:
                observation = _find_observation(settings, target, now, root, report)
            if target and observation and history is not None and not problems + report.problems:
                return Scenario(target, observation, history, now)
    problems += report.problems
    raise ConfigError(sorted(dict.fromkeys(problems), key=lambda p: (p.file, p.line, p.column)))


def _is_compiled(value: Any) -> bool:
    """Say whether the scalable target is what `compile_config` gives, by what only that has."""
    policies = get(value, ("scalable_target", "policies"))
    return isinstance(policies, list) and any(
        isinstance(policy, dict)
        and (policy.get("kind") == "tracking" or isinstance(policy.get("schedule"), dict))
        for policy in policies
    )


def _find_target(
    settings: ScenarioSettings, root: Place, report: Report, folder: FilePath
) -> ScalableTarget | None:
    if settings.compiled_target is not None:
        key = (
            "compiled_target" if get(root.source.value, ("compiled_target",)) else "scalable_target"
        )
        compiled = settings.compiled_target
        return _attempt(lambda: decode(ScalableTarget, compiled), root.at(key), report)
    if settings.scalable_target is None:
        return None
    place = root.at("scalable_target")
    entry = Entry(settings.scalable_target, place, Settings(), place, report, open_from(folder))
    built = build(entry)
    return None if built is None else built.scalable_target


def _find_now(settings: ScenarioSettings, root: Place, report: Report) -> datetime | None:
    """Find the instant of the decision: `now`, or else when the observation was made."""
    if settings.now is not None:
        return settings.now
    at = settings.observation.at
    if at is not None:
        return at
    hint = "write it: a decision reads no clock"
    report.add(root.at("now"), "this key is missing", hint)
    return None


def _find_history(
    settings: ScenarioSettings, root: Place, now: datetime, report: Report
) -> History | None:
    place = root.at("history")
    value = _resolve(settings.history, place, now, report)
    return _attempt(lambda: decode(History, value), place, report)


def _resolve(value: Any, place: Place, now: datetime, report: Report) -> Any:
    """Write `now-5m` and the like as instants."""
    if isinstance(value, dict):
        return {
            key: item if key in _WORDS else _resolve(item, place.at(key), now, report)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_resolve(item, place.at(i), now, report) for i, item in enumerate(value)]
    found = _RELATIVE.match(value) if isinstance(value, str) else None
    if found is None:
        return value
    try:
        length = parse_duration(found[2]) if found[2] else timedelta()
    except ValueError as error:
        report.add(place, f"got {value}, expected now-5m or the like: {error}")
        return now.isoformat()
    return (now - length if found[1] == "-" else now + length).isoformat()


def _attempt(make: Callable[[], T], place: Place, report: Report) -> T | None:
    """Make a value of the engine's; its objection is noted at the field that it is about."""
    try:
        return make()
    except (ValueError, TypeError, OverflowError) as error:
        where, _, message = str(error).partition(": ")
        if not message or not re.fullmatch(r"[\w.\[\]-]+", where):
            where, message = "", str(error)
        report.add(place.at(*_split(where)), message)
        return None


def _split(where: str) -> Path:
    """Read `.changes[0].at` as a path."""
    parts = re.findall(r"\[(\d+)\]|\.?([^.\[\]]+)", where)
    return tuple(int(index) if index else key for index, key in parts)


def _find_observation(
    settings: ScenarioSettings, target: ScalableTarget, now: datetime, root: Place, report: Report
) -> Observation | None:
    place = root.at("observation", "metrics")
    series: dict[str, Series | Missing] = {}
    for name, seen in settings.observation.metrics.items():
        metric = target.metric_by_name.get(name)
        if metric is None:
            known = ", ".join(sorted(target.metric_by_name)) or "none"
            report.add(place.at(name), f"there is no metric {name}", f"known: {known}", key=True)
            continue
        series[name] = _find_series(seen, metric, target, now, place.at(name), report)
    if report.problems:
        return None
    capacity = _find_capacity(settings.observation.capacity)
    at = settings.observation.at or now
    return _attempt(lambda: Observation(at, capacity, series), root.at("observation"), report)


def _find_capacity(seen: Any) -> Capacity | Missing:
    if isinstance(seen, int):
        return Capacity(seen, seen)
    if isinstance(seen, CapacitySeen):
        return Capacity(
            desired=seen.desired,
            ready=max(0, seen.desired - seen.warming) if seen.ready is None else seen.ready,
            status=Status(seen.status),
            ceiling=seen.ceiling,
            detail=seen.detail,
            owner=seen.owner,
            warming=seen.warming,
            least=seen.least,
            most=seen.most,
            short=seen.short,
            picked=seen.picked,
        )
    return Missing(MissingCause(seen.missing), seen.detail)


def _find_series(
    seen: Any, metric: Metric, target: ScalableTarget, now: datetime, place: Place, report: Report
) -> Series | Missing:
    """Make a series: of one number for every period, of numbers or of points; or a Missing."""
    if isinstance(seen, float):
        return tuple(_spread([seen] * count_periods(target, metric.name), metric, now))
    if not isinstance(seen, list):
        return Missing(MissingCause(seen.missing), seen.detail)
    if not any(isinstance(item, PointSeen) for item in seen):
        return tuple(_spread(seen, metric, now))
    points: list[Datapoint] = []
    for index, item in enumerate(seen):
        here = place.at(index)
        if not isinstance(item, PointSeen):
            report.add(here, "numbers and datapoints in one list", "write all of them one way")
            continue
        at = _find_instant(item.at, now, here.at("at"), report)
        if at is None:
            continue
        points.append(Datapoint(at, item.value, item.ready, item.reporting))
    return tuple(points)


def _spread(values: list[float | None], metric: Metric, now: datetime) -> list[Datapoint]:
    """Give one value a period, the newest ending now; None is a gap."""
    last = len(values) - 1
    return [
        Datapoint(now - metric.period * (last - index), value)
        for index, value in enumerate(values)
        if value is not None
    ]


def _find_instant(value: Any, now: datetime, place: Place, report: Report) -> datetime | None:
    resolved = _resolve(value, place, now, report)
    try:
        return read_instant(
            resolved.replace("+00:00", "Z") if isinstance(resolved, str) else resolved
        )
    except ValueError as error:
        report.add(place, f"got {value}, expected {error}, or now-5m and the like")
        return None
