"""What do CloudWatch's metrics say, for many scalable targets in as few calls as it allows?

Every distinct statistic is asked for once, up to 500 in a call, whoever needs it; what is computed
from them is computed here.

A datapoint is of a whole period and stands at the period's end. The period that is still running is
not asked for: half a minute's sum is half as large. A datapoint that CloudWatch has not published
yet is not there, and `max_age` says how long that is no news. One that is there may still grow, as
each instance reports by itself: see leave_out_unsettled.

Source: Amazon CloudWatch API Reference, GetMetricData (limits, paging, StatusCode, rounding of
StartTime); User Guide, "Metrics concepts" (statistics are aggregations over what was reported).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from flyball.adapters.aws.clients import Clients, error_code, error_message
from flyball.adapters.aws.query import Query, make_recipe
from flyball.core.model import Missing, MissingCause, Series
from flyball.metricmath import LATE, Values
from flyball.ports import MetricRead
from flyball.recipe import Recipe, SourceError, Span, count_back, find_span, make_series

QUERIES_A_CALL = 500
POINTS_A_CALL = 100_800
PAGES_LIMIT = 100
"""A call that goes on for longer is broken off."""
GROWING = frozenset({"Maximum", "SampleCount", "Sum"})
"""Statistics that a further report can only raise.

An early Average or percentile may be off to either side, so that being lower says nothing of it. An
early Minimum is too high, which errs towards more capacity.
"""
SETTLE = timedelta(seconds=60)
"""How long after its period a datapoint may still grow; of a shorter period, for one period."""
INVALID = frozenset({"ValidationError", "InvalidParameterValue", "InvalidParameterCombination"})
"""Refusals of a whole call for one query in it."""

Answers = dict[Query, Values | Missing]


class Batch(NamedTuple):
    """What one call asks for: one length of period, one span."""

    queries: Sequence[Query]
    span: Span


class CloudWatchMetrics:
    """Metrics of scalable targets, by GetMetricData."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def read(self, reads: Sequence[MetricRead], now: datetime) -> Sequence[Series | Missing]:
        """Read several series, for one or many targets, in as few calls as CloudWatch allows.

        Args:
            reads: What is wanted.
            now: Aware UTC.

        Returns:
            One answer a read, in order; a failure is Missing, and no other read's concern.
        """
        recipes = [find_recipe(read) for read in reads]
        found: Answers = {}
        for batch in plan_calls(reads, recipes, now):
            found |= self._ask(batch.queries, batch.span)
        found = {query: leave_out_unsettled(query, each, now) for query, each in found.items()}
        return [
            recipe if isinstance(recipe, Missing) else make_series(read, recipe, found, now, LATE)
            for read, recipe in zip(reads, recipes, strict=True)
        ]

    def _ask(self, queries: Sequence[Query], span: Span) -> Answers:
        """Ask for one batch; one query that CloudWatch refuses is found and left out."""
        try:
            return self.fetch(queries, span)
        except Exception as error:  # noqa: BLE001  (the SDK's errors share no class; none may pass)
            if error_code(error) not in INVALID or len(queries) == 1:
                return {query: _fail(query, error) for query in queries}
        half = len(queries) // 2
        return self._ask(queries[:half], span) | self._ask(queries[half:], span)

    def fetch(self, queries: Sequence[Query], span: Span) -> Answers:
        """Call GetMetricData to its last page.

        Args:
            queries: At most QUERIES_A_CALL, all of the span's period.
            span: Of at most POINTS_A_CALL datapoints in all.

        Returns:
            By the ends of their periods; Missing where an answer is not whole.

        Raises:
            botocore.exceptions.BotoCoreError: There are no credentials, or there was no answer.
            botocore.exceptions.ClientError: It was refused.
        """
        by_id = {f"q{index}": query for index, query in enumerate(queries)}
        asked = {
            "MetricDataQueries": [
                {"Id": each, "MetricStat": make_stat(query), "ReturnData": True}
                for each, query in by_id.items()
            ],
            "StartTime": span.start,
            "EndTime": span.end,
            "ScanBy": "TimestampDescending",  # said, since local engines differ in what they assume
        }
        values: dict[str, Values] = {each: {} for each in by_id}
        told: dict[str, str] = {}
        client = self._clients.get("cloudwatch")
        token: str | None = None
        for _ in range(PAGES_LIMIT):
            page = client.get_metric_data(**asked, **({"NextToken": token} if token else {}))
            for line in page.get("MetricDataResults", ()):
                if line.get("Id") in by_id:
                    values[line["Id"]] |= _read_values(line, span)
                    told[line["Id"]] = _read_trouble(line)
            token = page.get("NextToken")
            if not token:
                break
        else:
            told = dict.fromkeys(by_id, f"more than {PAGES_LIMIT} pages")
        return {
            query: Missing(MissingCause.SOURCE_FAILED, f"{query}: {told[each]}")
            if told.get(each)
            else values[each]
            for each, query in by_id.items()
        }


def plan_calls(
    reads: Sequence[MetricRead], recipes: Sequence[Recipe[Query] | Missing], now: datetime
) -> Iterator[Batch]:
    """Say which calls read all that is wanted: every statistic once, whoever needs it.

    Args:
        reads: What is wanted.
        recipes: How each is made, in the same order; what is Missing is left out.
        now: Aware UTC.
    """
    wanted: dict[Query, int] = {}
    for read, recipe in zip(reads, recipes, strict=True):
        if isinstance(recipe, Missing):
            continue
        for query in recipe.queries:
            back = count_back(read, query.period_s)
            wanted[query] = max(back, wanted.get(query, 0))
    by_period: dict[int, list[Query]] = {}
    for query in wanted:
        by_period.setdefault(query.period_s, []).append(query)
    for period_s, queries in by_period.items():
        span = find_span(period_s, max(wanted[query] for query in queries), now)
        most = max(1, min(QUERIES_A_CALL, POINTS_A_CALL // span.periods))
        for start in range(0, len(queries), most):
            yield Batch(queries[start : start + most], span)


def leave_out_unsettled(query: Query, values: Values | Missing, now: datetime) -> Values | Missing:
    """Leave out the newest datapoint where it may only be lower because not all have reported yet.

    One that is higher than the datapoint before it is kept: it can only be too low. So a rise is
    seen at once, and a fall when it has settled.

    Args:
        query: Whose values; other statistics than GROWING are left as they are.
        values: By the ends of their periods, as they were read.
        now: Aware UTC.
    """
    if isinstance(values, Missing) or query.statistic not in GROWING or len(values) <= 1:
        return values
    before, newest = sorted(values)[-2:]
    settled_at = newest + min(SETTLE, timedelta(seconds=query.period_s))
    if values[newest] >= values[before] or settled_at <= now:
        return values
    return {at: value for at, value in values.items() if at != newest}


def find_recipe(read: MetricRead) -> Recipe[Query] | Missing:
    """Say how a metric is made of what CloudWatch has; Missing: its source is not understood."""
    try:
        return make_recipe(read.metric, read.scalable_target)
    except SourceError as error:
        return Missing(MissingCause.SOURCE_FAILED, f"{read.metric.name}: {error}")


def make_stat(query: Query) -> dict[str, Any]:
    """Write a query as GetMetricData and PutMetricAlarm take it."""
    stat: dict[str, Any] = {
        "Metric": {
            "Namespace": query.namespace,
            "MetricName": query.name,
            "Dimensions": [{"Name": name, "Value": value} for name, value in query.dimensions],
        },
        "Period": query.period_s,
        "Stat": query.statistic,
    }
    return {**stat, "Unit": query.unit} if query.unit else stat


def _read_values(line: Mapping[str, Any], span: Span) -> Values:
    """Read a result's values by the ends of their periods; what is not of the span is dropped."""
    pairs = zip(line.get("Timestamps", ()), line.get("Values", ()), strict=True)
    return {
        at.astimezone(UTC) + span.period: float(value)
        for at, value in pairs
        if span.start <= at < span.end
    }


def _read_trouble(line: Mapping[str, Any]) -> str:
    """Say what was wrong with a result: "" where it is complete, or goes on on the next page."""
    status = line.get("StatusCode", "Complete")
    if status == "Complete":
        return ""
    words = "; ".join(
        f"{each.get('Code')}: {each.get('Value')}" for each in line.get("Messages", ())
    )
    return f"{status} {words}".strip()


def _fail(query: Query, error: Exception) -> Missing:
    code = error_code(error) or type(error).__name__
    return Missing(MissingCause.SOURCE_FAILED, f"{query}: {code}: {error_message(error)}")
