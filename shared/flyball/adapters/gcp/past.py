"""What does Cloud Monitoring remember of the requests that reached a model?

Requests are the count that the scalable target's own metrics count, else `prediction_count`. It is
of the whole endpoint unless a deployed model is named by its id, which each redeploy changes. How
many replicas there were, and that somebody was there to count, their own gauge says.

Source: Google Cloud Monitoring, "Data retention" (24 months or 6 weeks: Google's own metrics 6
weeks); "Google Cloud metrics: aiplatform" and "ml".
"""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from datetime import timedelta
from time import monotonic

from flyball.adapters.gcp.answer import Batch, Found, Line, split_series
from flyball.adapters.gcp.monitoring import PAGES_LIMIT
from flyball.adapters.gcp.platform import fetch_nodes
from flyball.adapters.gcp.query import Query, make_recipe
from flyball.adapters.gcp.resource import (
    DeployedModel,
    Pool,
    Resource,
    ResourceError,
    Version,
    name_resource,
    read_resource,
)
from flyball.adapters.gcp.rest import SERVICE, SessionListing
from flyball.adapters.gcp.session import NO_CREDENTIALS, CallError, Session
from flyball.adapters.gcp.vertex import fetch_vertex
from flyball.core.model import Missing
from flyball.core.target import Metric, Per, ScalableTarget
from flyball.history import Count, HistoryError, Keep, count_requests, widen
from flyball.meter import PLATFORM, VERTEX
from flyball.metricmath import Values
from flyball.recipe import Span

KEEPS = (Keep(timedelta(minutes=1), timedelta(days=42)),)
COUNTS = ("prediction_count", "response_count")
"""What counts requests, the usual one first."""
WITHIN_S = 60.0
"""For all pages of a call: a person waits, and nobody's lease."""
AGAIN = "what was pulled is kept: run it again"
NEEDED = "monitoring.timeSeries.list"
NOT_FOUND, FORBIDDEN = "NOT_FOUND", "PERMISSION_DENIED"


class MonitoringPast:
    """Traffic of Vertex AI's endpoints and AI Platform's versions, by timeSeries.list alone.

    Args:
        session: With monitoring.timeSeries.list; aiplatform.endpoints.get and ml.versions.get only
            make the answer better where nothing is found.
    """

    name = "cloud-monitoring"
    home = "gcp"
    keeps: Sequence[Keep] = KEEPS

    def __init__(self, session: Session) -> None:
        self._session = session
        self._listing = SessionListing(session)

    def find_place(self, known: MutableMapping[str, str]) -> str:  # noqa: ARG002  (others need it)
        """Say where it is asked; whose metrics they are, the resource says."""
        return self._session.base(SERVICE)

    def name_series(self, scalable_target: ScalableTarget) -> str:
        """Name the metrics, with their labels and project."""
        return " ".join(map(str, _make_queries(scalable_target, KEEPS[0].period)))

    def pull(self, scalable_target: ScalableTarget, span: Span) -> Sequence[Count]:
        """Ask for a span, each metric in one call with its pages."""
        counts, replicas = (
            self._ask(scalable_target, query, widen(span))
            for query in _make_queries(scalable_target, span.period)
        )
        return count_requests(span, counts, replicas, replicas)

    def tell_nothing(self, scalable_target: ScalableTarget) -> str:
        """Look whether what is asked for is there at all."""
        resource = read_resource(scalable_target.resource)
        try:
            if isinstance(resource, Version):
                nodes = fetch_nodes(self._session, resource)
                if isinstance(nodes, Missing):
                    return nodes.detail
            else:
                fetch_vertex(self._session, resource)
        except CallError as error:
            if error.status == NOT_FOUND:
                return f"there is no {name_resource(resource)}; see its project and location"
            return f"whether it exists could not be seen ({error})"
        return "it exists, and nothing reached it then"

    def _ask(self, target: ScalableTarget, query: Query, span: Span) -> Values:
        """Read one series to its last page; a metric that nobody ever wrote has no values."""
        ends = monotonic() + WITHIN_S
        batch, lines, unit = Batch((query,), span), list[Line](), ""
        try:
            pages = self._listing.fetch(batch, lambda: ends - monotonic())
            for count, page in enumerate(pages, start=1):
                if page.error or (page.goes_on and count == PAGES_LIMIT):
                    told = page.error or f"more than {count} pages"
                    raise HistoryError(
                        f"{target.id}: Google's answer is not whole: {told}; {AGAIN}"
                    )
                lines += page.lines
                unit = unit or page.unit
        except CallError as error:
            if error.status == NOT_FOUND:
                return {}
            raise HistoryError(f"{target.id}: {_explain(error, query.project)}") from error
        found = split_series(batch, lines, unit)[query]
        return found.values if isinstance(found, Found) else {}


def _make_queries(target: ScalableTarget, period: timedelta) -> tuple[Query, Query]:
    """Say what is asked for: requests, and replicas."""
    try:
        resource = read_resource(target.resource)
    except ResourceError as error:
        raise HistoryError(f"{target.id}: {error}") from error
    if isinstance(resource, Pool):
        raise HistoryError(
            f"{target.id}: a deployment resource pool counts no requests of its own; save those of "
            f"its endpoints as CSV, and give --trace {target.id}=FILE"
        )
    return (
        _make_query(target, _choose_count(target, resource), "sum", period),
        _make_query(target, _name_replicas(resource), "mean", period),
    )


def _make_query(
    target: ScalableTarget, metric_type: str, statistic: str, period: timedelta
) -> Query:
    source = {"metric": metric_type, "statistic": statistic}
    metric = Metric("past", per=Per.TOTAL, period=period, source=source)
    (query,) = make_recipe(metric, target).queries
    return query


def _choose_count(target: ScalableTarget, resource: DeployedModel | Version) -> str:
    """Name what the target's own metrics count, so that the trace is in their unit."""
    prefix = PLATFORM if isinstance(resource, Version) else VERTEX
    own = {
        value
        for metric in target.metrics
        for key, value in metric.source.items()
        if key.rpartition(".")[2] == "metric"
    }
    known = [f"{prefix}{name}" for name in COUNTS]
    return next((name for name in known if name in own), known[0])


def _name_replicas(resource: Resource) -> str:
    return f"{PLATFORM}online/replicas" if isinstance(resource, Version) else f"{VERTEX}replicas"


def _explain(error: CallError, project: str) -> str:
    """Say why nothing was answered, and the remedy."""
    if error.status == NO_CREDENTIALS:
        return f"Google Cloud: {error}"
    if error.status == FORBIDDEN:
        return (
            f"Google Cloud: metrics may not be read: {error.message}; grant {NEEDED} in project "
            f"{project}, as roles/monitoring.viewer does, which only reads"
        )
    return f"Google Cloud: {error}; {AGAIN}"
