"""Can CloudWatch be asked for what a metric names, and is the resource one of AWS's?

Source: Amazon CloudWatch User Guide, "Statistics definitions"; API Reference, MetricStat.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from flyball.config.cloud import check_resource as check_shape
from flyball.config.full import FULL, look_at_full
from flyball.config.problem import suggest
from flyball.config.report import Report
from flyball.config.source import Place
from flyball.core.target import Metric
from flyball.metricmath import LATE, MathError, read_expression

KEYS = ("namespace", "metric", "statistic", "unit")
DEVICES = ("cores", "gpus")
SIMPLE = ("Average", "Maximum", "Minimum", "SampleCount", "Sum", "IQM")
HIGH_RESOLUTION_S = (10, 20, 30)
PERCENT = "Percent"
"""CloudWatch's unit of SageMaker's and EC2's utilizations."""
UNSAID = ("", "None")
"""Units that tell nothing."""
MINUTE_S = 60

_STATISTIC = re.compile(
    r"(p|tm|wm|tc|ts)(100|[0-9]{1,2})(\.[0-9]{1,10})?"
    r"|(PR|TM|WM|TC|TS)\([0-9.]*%?:[0-9.]*%?\)"
)
_FILL = re.compile(r"\bFILL\s*\(")
_EXPECTED = "Average, Sum, Minimum, Maximum, SampleCount, or a percentile such as p99"


def check_metric(metric: Metric, place: Place, report: Report) -> None:
    """Note what is wrong with a metric's source; `place` is that of the metric."""
    source, here = metric.source, place.at("source")
    for key, message, hint in _look(source, round(metric.period.total_seconds())):
        report.add(here.at(*key.split(".")) if key else here, message, hint)
    seconds = metric.period.total_seconds()
    if seconds not in HIGH_RESOLUTION_S and (seconds < MINUTE_S or seconds % MINUTE_S):
        hint = "CloudWatch has no other periods"
        report.add(
            place.at("period"), f"got {seconds:g}s, expected 10s, 20s, 30s or whole minutes", hint
        )
    youngest = LATE + metric.period
    computed = source.get("expression", "") + source.get("metrics", "")
    if metric.max_age < youngest and _FILL.search(computed):
        message = (
            f"got {metric.max_age.total_seconds():g}s, expected at least "
            f"{youngest.total_seconds():g}s where FILL is used"
        )
        hint = (
            f"FILL leaves the last {LATE.total_seconds():g}s open, since a datapoint may only be "
            "late: what it fills would be stale"
        )
        report.add(place.at("max_age"), message, hint)


def check_resource(resource: Mapping[str, str], place: Place, report: Report) -> None:
    """Note what is wrong with a resource; it may also be an id of Application Auto Scaling."""
    given = resource.keys() - {"resource_id"}
    if not given and "resource_id" in resource:
        hint = "write `resource: {endpoint: …, variant: …}`: the id is only used to find policies"
        report.add(place, "resource_id alone says not what is scaled", hint)
        return
    check_shape("aws", {key: resource[key] for key in resource if key in given}, place, report)


def name_statistics(source: Mapping[str, str]) -> dict[str, str]:
    """Name the service's metrics that one of ours is made of, each with CloudWatch's unit or ""."""
    if "metrics" in source:
        try:
            stats = [line.get("MetricStat") for line in json.loads(source["metrics"])]
            return {stat["Metric"]["MetricName"]: stat.get("Unit") or "" for stat in stats if stat}
        except (
            ValueError,
            AttributeError,
            TypeError,
            KeyError,
        ):  # another home's, not CloudWatch's
            return {}
    parts = [key.rpartition(".") for key in source]
    return {
        source[f"{head}{dot}metric"]: source.get(f"{head}{dot}unit", "")
        for head, dot, last in parts
        if last == "metric" and not head.endswith("dimensions")
    }


def is_utilization(source: Mapping[str, str]) -> bool:
    """Say whether a metric is made of utilizations alone, as far as units and names tell."""
    stats = name_statistics(source)
    return bool(stats) and all(
        unit == PERCENT if unit not in UNSAID else "utilization" in name.lower()
        for name, unit in stats.items()
    )


def _look(source: Mapping[str, str], period_s: int) -> Iterator[tuple[str, str, str]]:
    """Give (key, what is wrong, hint)."""
    yield from _look_at_devices(source)
    yield from look_at_full(source)
    rest = {key: value for key, value in source.items() if key not in (*DEVICES, FULL)}
    if "metrics" in rest:
        yield from _look_at_lines(rest["metrics"], period_s)
        yield from _look_for_unknown(rest.keys(), ("metrics", "expression"))
    elif "expression" in rest:
        yield from _look_at_named(rest)
    else:
        yield from _look_at_plain(rest)


def _look_at_plain(source: Mapping[str, str], prefix: str = "") -> Iterator[tuple[str, str, str]]:
    for key in KEYS[:3]:
        if not source.get(key):
            yield prefix.rstrip("."), f"{key} is missing", f"add {key} to the source"
    statistic = source.get("statistic", "")
    if statistic and statistic not in SIMPLE and not _STATISTIC.fullmatch(statistic):
        hint = suggest(statistic, SIMPLE)
        yield f"{prefix}statistic", f"got {statistic}, expected {_EXPECTED}", hint
    named = [key for key in source if not key.startswith("dimensions.")]
    for key, message, hint in _look_for_unknown(named, KEYS):
        yield prefix + key, message, hint


def _look_at_named(source: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Look at an expression and at what describes its ids."""
    try:
        ids = sorted(read_expression(source["expression"]).ids)
    except MathError as error:
        yield "expression", str(error), ""
        return
    for each in ids:
        prefix = f"{each}."
        own = {k.removeprefix(prefix): v for k, v in source.items() if k.startswith(prefix)}
        if not own:
            yield "", f"{each} is not described", f"add `{each}: {{namespace: …, metric: …}}`"
            continue
        yield from _look_at_plain(own, prefix)
    heads = {key.partition(".")[0] for key in source}
    yield from _look_for_unknown(sorted(heads), ("expression", *ids))


def _look_at_lines(text: str, period_s: int) -> Iterator[tuple[str, str, str]]:
    """Look at AWS's own lines; their form was looked at where they were read."""
    try:
        lines = json.loads(text)
        expressions = [each.get("Expression") for each in lines]
        periods = [
            (each.get("Id"), stated)
            for each in lines
            for stated in (each.get("Period"), (each.get("MetricStat") or {}).get("Period"))
        ]
    except (ValueError, AttributeError, TypeError):
        hint = "write `expression:` and describe its ids beside it"
        yield "metrics", "got no JSON list of MetricDataQueries", hint
        return
    for each in expressions:
        if each:
            try:
                read_expression(each)
            except MathError as error:
                yield "metrics", str(error), ""
    for line_id, stated in periods:
        if stated and stated != period_s:
            message = f"{line_id} has a Period of {stated}, expected {period_s} like the metric"
            hint = "give all lines one Period, and the metric the same: no two are joined"
            yield "metrics", message, hint


def _look_at_devices(source: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    given = [key for key in DEVICES if key in source]
    if len(given) > 1:
        yield "gpus", "cores is there too, expected one of them", ""
    for key in given:
        try:
            good = 0 < float(source[key]) < 1e9  # noqa: PLR2004
        except ValueError:
            good = False
        if not good:
            yield key, f"got {source[key]}, expected a number above 0", ""


def _look_for_unknown(keys: Iterable[str], known: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    for key in keys:
        if key not in known:
            choices = (*known, *DEVICES, FULL, "dimensions")
            yield key, f"unknown key {key}", suggest(key, choices) or f"known: {', '.join(choices)}"
