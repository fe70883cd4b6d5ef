"""Can Cloud Monitoring be asked for what a metric names, and is it of the resource that is scaled?

Source: Google Cloud Monitoring API v3, Aggregation; "Google Cloud metrics: aiplatform" and "ml".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from flyball.config.full import FULL, look_at_full
from flyball.config.problem import suggest
from flyball.config.report import Report
from flyball.config.source import Place
from flyball.core.target import Metric, Per, Unit
from flyball.dimension import MixedError, find_unit
from flyball.meter import (
    ACROSS,
    LATE,
    METERS,
    NEVER_SAID,
    PERCENTILES,
    STATISTICS,
    Kind,
    Meter,
    find_site,
)
from flyball.metricmath import MathError, read_expression

KEYS = ("metric", "statistic", "across", "project", "resource_type")
NESTED = ("labels", "resource_labels")
MINUTE_S = 60
SCALED = ("endpoint", "deployment_resource_pool", "model", "version")
"""What of a resource names what is scaled."""

_TYPE = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+/\S+")
_FILL = re.compile(r"\bFILL\s*\(")
_DOTTED = tuple(f"{each}." for each in NESTED)
Problems = Iterator[tuple[str, str, str]]
"""Of a source: (key, what is wrong, hint)."""


def check_metric(metric: Metric, resource: Mapping[str, str], place: Place, report: Report) -> None:
    """Note what is wrong with a metric's source; `place` is that of the metric."""
    source, here = metric.source, place.at("source")
    for key, message, hint in _look(source, resource):
        report.add(here.at(*key.split(".")) if key else here, message, hint)
    seconds = metric.period.total_seconds()
    if seconds < MINUTE_S or seconds % MINUTE_S:
        hint = "Google samples once a minute, and aligns to no shorter period"
        report.add(place.at("period"), f"got {seconds:g}s, expected whole minutes", hint)
    for key, message, hint in _look_at_age(metric):
        report.add(place.at(key), message, hint)
    if "expression" in source:
        for key, message, hint in _look_at_units(metric):
            report.add(place.at(*key.split(".")), message, hint)
    meter = METERS.get(source.get("metric", ""))
    if meter is not None and "expression" not in source:
        for key, message, hint in _look_at_meaning(metric, meter):
            report.add(place.at(key), message, hint)


def _look(source: Mapping[str, str], resource: Mapping[str, str]) -> Problems:
    if "cores" in source:
        yield from _look_at_cores(source["cores"])
    yield from look_at_full(source)
    rest = {key: value for key, value in source.items() if key not in ("cores", FULL)}
    if "expression" in rest:
        yield from _look_at_named(rest, resource)
    else:
        yield from _look_at_plain(rest, resource)


def _look_at_plain(
    source: Mapping[str, str], resource: Mapping[str, str], prefix: str = ""
) -> Problems:
    metric_type = source.get("metric", "")
    if not metric_type:
        yield prefix.rstrip("."), "metric is missing", "add the metric's type to the source"
    else:
        if not _TYPE.fullmatch(metric_type):
            whole = next((each for each in METERS if each.endswith(f"/{metric_type}")), "")
            hint = f"did you mean {whole}?" if whole else "custom ones: custom.googleapis.com/…"
            yield f"{prefix}metric", f"got {metric_type}, expected a whole metric type", hint
        yield from _look_at_statistic(source, METERS.get(metric_type), prefix)
        yield from _look_at_resource(source, resource, prefix)
    heads = [key.partition(".")[0] if key.startswith(_DOTTED) else key for key in source]
    yield from _look_for_unknown(sorted(set(heads)), (*KEYS, *NESTED), prefix)


def _look_at_statistic(source: Mapping[str, str], meter: Meter | None, prefix: str) -> Problems:
    given = source.get("statistic", "")
    allowed = tuple(STATISTICS) if meter is None else meter.statistics
    statistic = given or (meter.usual if meter else "")
    if not statistic:
        near = suggest(source["metric"], list(METERS)) if meter is None else ""
        hint = near or "a latency has none that is usual" if meter else near
        expected = f"statistic is missing, expected one of {', '.join(allowed)}"
        yield prefix.rstrip("."), expected, hint
    elif statistic not in allowed:
        message = f"got {statistic}, expected one of {', '.join(allowed)}"
        yield f"{prefix}statistic", message, suggest(statistic, allowed)
    across = source.get("across", "")
    if across and statistic in PERCENTILES:
        message = f"got {across}, but a percentile is of all series together"
        yield f"{prefix}across", message, "remove it"
    elif across and across not in ACROSS:
        message = f"got {across}, expected one of {', '.join(ACROSS)}"
        yield f"{prefix}across", message, suggest(across, ACROSS)


def _look_at_resource(
    source: Mapping[str, str], resource: Mapping[str, str], prefix: str
) -> Problems:
    """See that the resource says whose series are meant, unless the source does."""
    if not (source.get("project") or resource.get("project")):
        yield f"{prefix}metric", "the resource names no project", "add project to the resource"
    site = find_site(source["metric"])
    if site is None or any(key.startswith("resource_labels.") for key in source):
        return
    needed = [key for key in site.labels.values() if key not in site.optional]
    missing = [key for key in needed if not resource.get(key)]
    if missing and not any(resource.get(key) for key in SCALED):
        return  # it names nothing that is scaled, which is said of the resource itself
    if missing:
        message = f"it is found by {', '.join(needed)}; the resource has no {', '.join(missing)}"
        hint = "name them there, take the metric of what is scaled, or give resource_labels"
        yield f"{prefix}metric", message, hint


def _look_at_named(source: Mapping[str, str], resource: Mapping[str, str]) -> Problems:
    """Look at an expression and at what describes its ids."""
    try:
        ids = sorted(read_expression(source["expression"]).ids)
    except MathError as error:
        yield "expression", str(error), ""
        return
    for each in ids:
        prefix = f"{each}."
        own = {k.removeprefix(prefix): v for k, v in source.items() if k.startswith(prefix)}
        if own:
            yield from _look_at_plain(own, resource, prefix)
        else:
            yield "", f"{each} is not described", f"add `{each}: {{metric: …}}`"
    heads = {key.partition(".")[0] for key in source}
    yield from _look_for_unknown(sorted(heads), ("expression", *ids))


def _look_at_cores(text: str) -> Problems:
    try:
        good = 0 < float(text) < 1e9  # noqa: PLR2004
    except ValueError:
        good = False
    if not good:
        yield "cores", f"got {text}, expected a number above 0", ""


def _look_at_age(metric: Metric) -> Problems:
    """See that what Google shows late is not stale by then."""
    source, delay = metric.source, LATE
    if _FILL.search(source.get("expression", "")):
        why = "FILL leaves the last 6 minutes open, since a value may only be late"
    else:
        types = [value for key, value in source.items() if key.split(".")[-1] == "metric"]
        delay = max((METERS[each].delay for each in types if each in METERS), default=NEVER_SAID)
        why = f"Google shows it up to {delay.total_seconds():g}s late"
    youngest = delay + metric.period
    if delay and metric.max_age < youngest:
        age = metric.max_age.total_seconds()
        message = f"got {age:g}s, expected at least {youngest.total_seconds():g}s"
        yield "max_age", message, f"{why}: it would be stale whenever it is seen"


def _look_at_meaning(metric: Metric, meter: Meter) -> Problems:
    """See that a ratio is not taken for a percentage, nor one replica's value for all replicas'."""
    if meter.is_ratio and metric.unit is not Unit.RATIO:
        hint = "Google writes it as 0-1; policies on a ratio are written in percent"
        yield "unit", f"got {metric.unit.value}, expected ratio", hint
    if not meter.is_ratio and metric.unit is not Unit.NUMBER:
        yield "unit", f"got {metric.unit.value}, expected number", "it is a plain number"
    if meter.is_ratio and metric.per is Per.TOTAL:
        yield "per", "got total, expected instance", "a utilization is of each replica"
    counted = not meter.by_replica and meter.kind is not Kind.DISTRIBUTION
    if counted and metric.per is Per.INSTANCE:
        hint = "Google counts it over all replicas; write `per: total`"
        yield "per", "got instance, expected total", hint


def _look_at_units(metric: Metric) -> Problems:
    """See that an expression over ratios is not taken for a percentage, nor for a plain number."""
    units: dict[str, Unit] = {}
    for key, value in metric.source.items():
        name, _, last = key.partition(".")
        if last == "metric" and value in METERS and METERS[value].is_ratio:
            units[name] = Unit.RATIO
    try:
        found = find_unit(read_expression(metric.source["expression"]), units)
    except MathError:
        return  # it is told elsewhere
    except MixedError as error:
        yield "source.expression", str(error), "bring both to one unit: `a * 100` of a ratio"
        return
    if found is not None and found is not metric.unit:
        shown = ", ".join(sorted(units))
        hint = f"Google writes {shown} as 0-1; policies on a ratio are written in percent"
        yield "unit", f"got {metric.unit.value}, expected {found.value}", hint


def _look_for_unknown(keys: Iterable[str], known: Sequence[str], prefix: str = "") -> Problems:
    for key in keys:
        if key not in known:
            choices = (*known, "cores", FULL)
            hint = suggest(key, choices) or f"known: {', '.join(choices)}"
            yield prefix + key, f"unknown key {key}", hint
