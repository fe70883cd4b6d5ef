"""How are time series listed by the session alone? This is how metrics are read where one waits.

A wake has made the session already, for its ledger and its range, so nothing more is loaded.

Source: Google Cloud Monitoring API v3, projects.timeSeries.list and its discovery document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from flyball.adapters.gcp.answer import Batch, Line, Page
from flyball.adapters.gcp.fields import (
    NOTHING,
    Answer,
    read_instant,
    read_list,
    read_part,
    read_text,
)
from flyball.adapters.gcp.monitoring import Left, Trouble, make_request
from flyball.adapters.gcp.session import CallError, Session

SERVICE = "monitoring"
NUMBERS = ("doubleValue", "int64Value", "boolValue")


class SessionListing:
    """Time series by REST. Thread safe, as the session is.

    Args:
        session: Tries again by itself.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def fetch(self, batch: Batch, left_s: Left) -> Iterator[Page]:
        """List the series of a batch, page by page; see Listing."""
        request = make_request(batch)
        path, query = f"v3/{request['name']}/timeSeries", write_query(request)
        token, goes_on = "", True
        while goes_on:
            asked = query | {"pageToken": token} if token else query
            answer = self._session.call(
                SERVICE, path, method="GET", query=asked, within_s=max(left_s(), 0.0)
            )
            if not isinstance(answer, Mapping):
                raise CallError(0, "no answer", f"expected a page, got {type(answer).__name__}")
            token = read_text(answer, "nextPageToken")
            goes_on = bool(token)
            yield Page(
                [_read_line(series) for series in read_list(answer, "timeSeries")],
                read_text(answer, "unit"),
                _read_error(answer),
                goes_on=goes_on,
            )

    def explain(self, error: Exception) -> Trouble:
        """Read an error of the session's: Google's status and words, or the error's own."""
        if isinstance(error, CallError):
            return Trouble(error.status or str(error.code), error.message)
        return Trouble(type(error).__name__, str(error))

    def close(self) -> None:
        """Leave the session to whoever made it."""


def write_query(request: Mapping[str, Any]) -> dict[str, str | Sequence[str]]:
    """Write a request as the parameters of a URL; a list is a parameter for each of its values."""
    interval, aggregation = request["interval"], request["aggregation"]
    query: dict[str, str | Sequence[str]] = {
        "filter": request["filter"],
        "interval.startTime": _write_instant(interval["start_time"]),
        "interval.endTime": _write_instant(interval["end_time"]),
        "aggregation.alignmentPeriod": f"{aggregation['alignment_period']['seconds']}s",
        "aggregation.perSeriesAligner": aggregation["per_series_aligner"],
        "view": request["view"],
    }
    if "cross_series_reducer" in aggregation:
        query["aggregation.crossSeriesReducer"] = aggregation["cross_series_reducer"]
        query["aggregation.groupByFields"] = aggregation["group_by_fields"]
    return query


def _write_instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _read_error(answer: Answer) -> str:
    """Say why an answer is not whole; "": it is."""
    errors = read_list(answer, "executionErrors")
    return (read_text(errors[0], "message") or "it does not say why") if errors else ""


def _read_line(series: Answer) -> Line:
    resource, metric = (
        read_part(read_part(series, of) or NOTHING, "labels") or NOTHING
        for of in ("resource", "metric")
    )
    points = []
    for point in read_list(series, "points"):
        ended = read_instant(read_part(point, "interval") or NOTHING, "endTime")
        number = _read_number(read_part(point, "value") or NOTHING)
        if ended is not None and number is not None:
            points.append((ended, number))
    return Line(resource, metric, points, read_text(series, "unit"))


def _read_number(value: Answer) -> float | None:
    """Read a number, which is a text where it is an int64, or none that JSON knows."""
    for kind in NUMBERS:
        if kind in value:
            try:
                return float(value[kind])
            except (TypeError, ValueError):
                return None
    return None
