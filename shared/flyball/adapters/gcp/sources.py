"""Is what a config measures there in Cloud Monitoring, of that kind and with those labels?

Source: Google Cloud Monitoring API v3, metricDescriptors.list, timeSeries.list and Aggregation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches

from flyball.adapters.gcp.fields import Answer, read_list, read_part, read_text
from flyball.adapters.gcp.heard import Heard
from flyball.adapters.gcp.monitoring import write_filter
from flyball.adapters.gcp.query import Query, make_recipe
from flyball.adapters.gcp.units import compare_units
from flyball.core.target import Metric, ScalableTarget
from flyball.meter import METERS, PERCENTILES
from flyball.plan.model import Check, Level
from flyball.plan.remark import ALIKE, SHOWN
from flyball.recipe import Recipe, SourceError

BACK = timedelta(hours=24)
"""What had no value for so long is not there."""
FEW = "20"
NUMBERS = frozenset({"DOUBLE", "INT64"})
Descriptors = dict[tuple[str, str], Answer | None]
"""By project and metric type; None: nobody may say."""


def check_sources(
    session: Heard, targets: Sequence[ScalableTarget], now: datetime
) -> Iterator[Check]:
    """Look for every metric of every target; a wrong name gets the likely right one.

    Args:
        session: How Google is asked; of what is refused nothing is said here.
        targets: Whose metrics.
        now: Aware UTC.
    """
    seen: Descriptors = {}
    found = missing = 0
    for target in targets:
        for metric in target.metrics:
            recipe = _find_recipe(metric, target)
            for query in recipe.queries:
                check = _check(session, seen, (metric, recipe), query, now)
                if check is None:
                    found += 1
                    continue
                missing += 1
                if check.text:
                    yield check._replace(scalable_target_id=target.id)
    if found and not missing:
        yield Check("metrics", Level.OK, f"{found} of {found} had values in the last 24 hours")


def _find_recipe(metric: Metric, target: ScalableTarget) -> Recipe[Query]:
    try:
        return make_recipe(metric, target)
    except SourceError:
        return Recipe({}, "")  # `flyball validate` says it


def _check(
    session: Heard,
    seen: Descriptors,
    made: tuple[Metric, Recipe[Query]],
    query: Query,
    now: datetime,
) -> Check | None:
    """Look for one series; None: it is there, without a text: nobody may say."""
    metric, recipe = made
    key = query.project, query.metric_type
    if key not in seen:
        seen[key] = _describe(session, *key)
    descriptor = seen[key]
    if descriptor is None:
        return Check("metrics", Level.WARN, "")
    if not descriptor:
        return _tell_unknown(session, metric, query)
    wrong = _find_wrong(metric, recipe, query, descriptor)
    if wrong:
        return Check("metrics", Level.FAIL, f"{metric.name}: {wrong[0]}", wrong[1])
    whole = _find_series(session, query, now)
    if whole is None:
        return Check("metrics", Level.WARN, "")
    if whole:
        return None
    text = f"{metric.name}: {query} had no value in the last 24 hours"
    others = _find_series(session, query._replace(labels=()), now) or []
    named = list(dict.fromkeys(_tell_labels(query, each) for each in others))[:SHOWN]
    remedy = f"there is {'; '.join(named)}" if named else "has it had any traffic?"
    return Check("metrics", Level.WARN, text, remedy)


def _describe(session: Heard, project: str, metric_type: str) -> Answer | None:
    """Ask what a metric type is; an empty answer: there is no such type."""
    found = _list_types(session, project, f'metric.type = "{metric_type}"')
    return None if found is None else next(iter(found), {})


def _list_types(session: Heard, project: str, wanted: str) -> list[Answer] | None:
    query = {"filter": wanted, "pageSize": "1000"}
    answer = session.ask(
        "monitoring.metricDescriptors.list",
        lambda: session.call(
            "monitoring", f"v3/projects/{project}/metricDescriptors", method="GET", query=query
        ),
        None,
    )
    return None if answer is None else read_list(answer, "metricDescriptors")


def _tell_unknown(session: Heard, metric: Metric, query: Query) -> Check:
    """Say that there is no such metric type, and which are alike."""
    service = query.metric_type.partition("/")[0]
    listed = _list_types(session, query.project, f'metric.type = starts_with("{service}/")') or []
    known = {read_text(each, "type") for each in listed} | METERS.keys()
    text = f"{metric.name}: there is no metric type {query.metric_type} in {query.project}"
    if query.metric_type in METERS:
        remedy = "Google makes it with its first value: has it had any traffic?"
        return Check("metrics", Level.WARN, text, remedy)
    near = get_close_matches(query.metric_type, sorted(known - {query.metric_type}), SHOWN, ALIKE)
    remedy = f"is it {' or '.join(near)}?" if near else "nobody has written it yet, or its name"
    return Check("metrics", Level.WARN, text, remedy if near else f"{remedy} is another")


def _find_wrong(
    metric: Metric, recipe: Recipe[Query], query: Query, descriptor: Answer
) -> tuple[str, str] | None:
    """Say why a metric of that kind cannot be read so."""
    kind, value = read_text(descriptor, "metricKind"), read_text(descriptor, "valueType")
    told = f"{query.metric_type} is {kind} of {value}"
    if query.statistic in PERCENTILES:
        if value != "DISTRIBUTION":
            return f"{told}, and has no {query.statistic}", "take mean, min or max"
    elif value == "DISTRIBUTION":
        if query.statistic not in {"mean", "delta", "sum"}:
            return f"{told}, and has no {query.statistic}", "take p50, p95, p99 or mean"
    elif value not in NUMBERS:
        return f"{told}, and no number", "measure something else"
    elif kind == "GAUGE" and query.statistic in {"delta", "rate"}:
        return f"{told}, and has no {query.statistic}", "take mean, min, max or sum"
    elif kind == "CUMULATIVE" and query.statistic not in {"delta", "rate"}:
        return f"{told}, which only grows", "take rate or delta"
    confused = compare_units(metric, recipe, {query: read_text(descriptor, "unit")})
    return None if confused is None else (confused.detail, "")


def _find_series(session: Heard, query: Query, now: datetime) -> list[Answer] | None:
    """List a few series that had values lately, without their values."""
    asked = {
        "filter": write_filter([query]),
        "interval.startTime": _write(now - BACK),
        "interval.endTime": _write(now),
        "view": "HEADERS",
        "pageSize": FEW,
    }
    path = f"v3/projects/{query.project}/timeSeries"
    answer = session.ask(
        "monitoring.timeSeries.list",
        lambda: session.call("monitoring", path, method="GET", query=asked),
        None,
    )
    return None if answer is None else read_list(answer, "timeSeries")


def _tell_labels(query: Query, series: Answer) -> str:
    """Name of a series what the config names, as it is there."""
    told = []
    for path, _ in query.labels:
        of, _, name = path.split(".", 2)
        labels = read_part(read_part(series, of) or {}, "labels") or {}
        told.append(f"{name}={read_text(labels, name)}")
    return ", ".join(told)


def _write(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
