"""What do Google's metrics say, for many scalable targets in as few calls as the API allows?

One call reads one statistic of one metric type in one project, of every resource that is wanted;
what comes back is told apart by its labels. What is computed from several is computed here.

A datapoint is of a whole period and stands at the period's end. The period that is still running is
not asked for. Google shows some values minutes late, so much more is asked for than is looked at,
and the newest one's age is the engine's to judge. A series that is not in the answer has no data,
which is not zero.

Source: Google Cloud Monitoring API v3, projects.timeSeries.list (newest first, pages,
executionErrors); "Monitoring filters" (one metric type a filter, one_of).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, Protocol

from flyball.adapters.gcp.answer import (
    Answers,
    Batch,
    Found,
    Line,
    Page,
    count_reporting,
    split_series,
)
from flyball.adapters.gcp.query import Query, make_recipe
from flyball.adapters.gcp.session import LATE as NO_TIME
from flyball.adapters.gcp.session import UNREACHABLE
from flyball.adapters.gcp.units import compare_units
from flyball.core.model import Missing, MissingCause, Series
from flyball.core.shape import NamedTuple
from flyball.meter import LATE
from flyball.metricmath import Values
from flyball.ports import MetricRead
from flyball.recipe import Recipe, SourceError, count_back, find_span, make_series

QUERIES_A_CALL = 100
"""Values that one_of takes."""
PAGES_LIMIT = 100
"""A call that goes on for longer is broken off."""
LEAST_BACK = timedelta(minutes=10)
"""So far back is asked at least: a value may be shown 6 minutes late."""
WITHIN_S = 10.0
"""Seconds for a read in all, however many calls it takes: others wait with their leases held."""
CALL_S = 5.0
"""Seconds for all tries of a call, to its last page."""
AT_ONCE = 8
"""Projects that are asked at the same time: what one of them is refused costs no other's time."""
INVALID = "INVALID_ARGUMENT"
"""Refusal of a whole call for one value in it."""
SILENT = frozenset({"DEADLINE_EXCEEDED", "UNAVAILABLE", UNREACHABLE, NO_TIME})
"""After all tries: nobody answers, and nothing else is asked in the same read."""
EXHAUSTED = "RESOURCE_EXHAUSTED"
"""After all tries: nothing else of the same project is asked in the same read."""


Left = Callable[[], float]
"""Says how many seconds are left."""


class Trouble(NamedTuple):
    """Why a call was of no use: Google's status, or the error's name, and its words."""

    status: str
    message: str


class Listing(Protocol):
    """A way to call projects.timeSeries.list. Nothing is loaded or reached before the first call.

    There are two, and nothing but how a call travels differs between them: see client.py, rest.py.
    """

    def fetch(self, batch: Batch, left_s: Left) -> Iterator[Page]:
        """List the series of a batch, a page each time that one is asked for.

        Args:
            batch: What is asked for.
            left_s: Says how many seconds are left, for this page and all that follow.

        Raises:
            Exception: Why there is no page; explain reads it.
        """
        ...

    def explain(self, error: Exception) -> Trouble:
        """Read what fetch raised."""
        ...

    def close(self) -> None:
        """Let go of what it opened; a later call opens it again."""
        ...


class MonitoringMetrics:
    """Metrics of scalable targets, by projects.timeSeries.list. Thread safe.

    Args:
        listing: How that is called.
        within_s: Seconds for a read in all.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        listing: Listing,
        *,
        within_s: float = WITHIN_S,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._listing = listing
        self._within_s = within_s
        self._clock = clock

    def read(self, reads: Sequence[MetricRead], now: datetime) -> Sequence[Series | Missing]:
        """Read several series, for one or many targets, in as few calls as the API allows.

        Args:
            reads: What is wanted.
            now: Aware UTC.

        Returns:
            One answer a read, in order; a failure is Missing, and no other read's concern.
        """
        recipes = [find_recipe(read) for read in reads]
        by_project: dict[str, list[Batch]] = {}
        for batch in plan_calls(reads, recipes, now):
            by_project.setdefault(batch.queries[0].project, []).append(batch)
        ask = _Asking(self._listing, self._within_s, self._clock).ask_all
        found: Answers = {}
        if len(by_project) > 1:
            from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  (only then)

            with ThreadPoolExecutor(min(len(by_project), AT_ONCE)) as pool:
                for answers in pool.map(ask, by_project.values()):
                    found |= answers
        for batches in by_project.values() if len(by_project) == 1 else ():
            found |= ask(batches)
        return [
            recipe if isinstance(recipe, Missing) else _finish(read, recipe, found, now)
            for read, recipe in zip(reads, recipes, strict=True)
        ]

    def close(self) -> None:
        """Let go of the connection; a later read makes another."""
        self._listing.close()


class _Asking:
    """One read: it has so many seconds, and knows who has not answered in it. Thread safe."""

    def __init__(self, listing: Listing, within_s: float, clock: Callable[[], float]) -> None:
        self._listing = listing
        self._clock = clock
        self._ends = clock() + within_s
        self._silence: Trouble | None = None

    def ask_all(self, batches: Sequence[Batch]) -> Answers:
        """Ask for the batches of one project, as long as there is anybody who answers."""
        found: Answers = {}
        trouble: Trouble | None = None
        for batch in batches:
            trouble = trouble or self._silence
            if trouble is None:
                answers, trouble = self._ask(batch)
            else:
                answers = _fail(batch.queries, trouble)
            found |= answers
        return found

    def _ask(self, batch: Batch) -> tuple[Answers, Trouble | None]:
        """Ask for one batch; a query that is refused is found and left out.

        Returns:
            What was found; and why nothing more need be asked of the project, where that is so.
        """
        try:
            return self._call(batch), None
        except Exception as error:  # noqa: BLE001  (its errors share no class; none may pass)
            trouble = self._listing.explain(error)
        if trouble.status in SILENT:
            self._silence = trouble
        queries = batch.queries
        if trouble.status != INVALID or len(queries) == 1:
            lasts = trouble.status in SILENT or trouble.status == EXHAUSTED
            return _fail(queries, trouble), trouble if lasts else None
        half = len(queries) // 2
        one, lasting = self._ask(batch._replace(queries=queries[:half]))
        if lasting is not None:
            return one | _fail(queries[half:], lasting), lasting
        other, lasting = self._ask(batch._replace(queries=queries[half:]))
        return one | other, lasting

    def _call(self, batch: Batch) -> Answers:
        """Call the API to its last page."""
        ends = min(self._ends, self._clock() + CALL_S)

        def left_s() -> float:
            return ends - self._clock()

        if left_s() <= 0:
            return _fail(batch.queries, Trouble(NO_TIME, "the other calls took all the time"))
        lines: list[Line] = []
        unit = ""
        for count, page in enumerate(self._listing.fetch(batch, left_s), start=1):
            if page.error:
                return _fail(batch.queries, Trouble("incomplete", page.error))
            lines += page.lines
            unit = unit or page.unit
            if page.goes_on and left_s() <= 0:
                return _fail(batch.queries, Trouble("incomplete", f"no end after {count} pages"))
            if page.goes_on and count == PAGES_LIMIT:
                return _fail(batch.queries, Trouble("incomplete", f"more than {count} pages"))
        return split_series(batch, lines, unit)


def find_recipe(read: MetricRead) -> Recipe[Query] | Missing:
    """Say how a metric is made of what Google has; Missing: its source is not understood."""
    try:
        return make_recipe(read.metric, read.scalable_target)
    except SourceError as error:
        return Missing(MissingCause.SOURCE_FAILED, f"{read.metric.name}: {error}")


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
            least = math.ceil(LEAST_BACK.total_seconds() / query.period_s)
            back = max(count_back(read, query.period_s), least)
            wanted[query] = max(back, wanted.get(query, 0))
    alike: dict[Query, list[Query]] = {}
    for query in wanted:
        shape = query._replace(labels=tuple((path, "") for path, _ in query.labels))
        alike.setdefault(shape, []).append(query)
    for shape, queries in alike.items():
        span = find_span(shape.period_s, max(wanted[query] for query in queries), now)
        for start in range(0, len(queries), QUERIES_A_CALL):
            yield Batch(queries[start : start + QUERIES_A_CALL], span)


def make_request(batch: Batch) -> dict[str, Any]:
    """Write a batch as projects.timeSeries.list takes it, in the fields' names of the client.

    The labels of different queries are named apart from each other, so series of a combination that
    nobody wants may come back too; they are dropped.
    """
    query, span = batch.queries[0], batch.span
    aggregation: dict[str, Any] = {
        "alignment_period": {"seconds": query.period_s},
        "per_series_aligner": query.aligner,
    }
    if not query.by_replica:
        aggregation["cross_series_reducer"] = query.reducer
        aggregation["group_by_fields"] = [path for path, _ in query.labels]
    return {
        "name": f"projects/{query.project}",
        "filter": write_filter(batch.queries),
        "interval": {"start_time": span.start, "end_time": span.end},
        "aggregation": aggregation,
        "view": "FULL",
    }


def write_filter(queries: Sequence[Query]) -> str:
    """Write the filter that the series of all these queries pass."""
    first = queries[0]
    parts = [f"metric.type = {_quote(first.metric_type)}"]
    if first.resource_type:
        parts.append(f"resource.type = {_quote(first.resource_type)}")
    for index, (path, _) in enumerate(first.labels):
        values = [_quote(value) for value in dict.fromkeys(q.labels[index][1] for q in queries)]
        said = values[0] if len(values) == 1 else f"one_of({','.join(values)})"
        parts.append(f"{path} = {said}")
    return " AND ".join(parts)


def _finish(
    read: MetricRead, recipe: Recipe[Query], found: Mapping[Query, Found | Missing], now: datetime
) -> Series | Missing:
    """Compute a metric's series of what was read."""
    answers = {query: found[query] for query in recipe.queries}
    seen = {query: each for query, each in answers.items() if isinstance(each, Found)}
    confused = compare_units(
        read.metric, recipe, {query: each.unit for query, each in seen.items()}
    )
    if confused is not None and len(seen) == len(answers):
        return confused
    values: dict[Query, Values | Missing] = {
        query: answer if isinstance(answer, Missing) else answer.values
        for query, answer in answers.items()
    }
    return make_series(read, recipe, values, now, LATE, count_reporting(seen.values()))


def _fail(queries: Sequence[Query], trouble: Trouble) -> Answers:
    said = f"{trouble.status}: {trouble.message}"
    return {query: Missing(MissingCause.SOURCE_FAILED, f"{query}: {said}") for query in queries}


def _quote(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
