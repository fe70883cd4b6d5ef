"""How does Google's own client list time series? This is how metrics are read where nobody waits.

Importing the client takes a tenth of a second, as it brings gRPC and all eight services of Cloud
Monitoring. So the first listing does that; what must answer soon lists by rest.py.

Source: google-cloud-monitoring 2.x, MetricServiceClient.list_time_series.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flyball.adapters.gcp.answer import Batch, Line, Page
from flyball.adapters.gcp.lazy import Lazy
from flyball.adapters.gcp.monitoring import Left, Trouble, make_request

if TYPE_CHECKING:
    from google.cloud.monitoring_v3 import MetricServiceClient

TRY_S = 5.0
"""Seconds for one try; where less is left than for two of them, half of it."""
FIRST_WAIT_S, LONGEST_WAIT_S = 0.2, 3.2
AGAIN = ("DeadlineExceeded", "InternalServerError", "ResourceExhausted", "ServiceUnavailable")
"""What a later try may cure; the client by itself tries again after the last one only."""
NUMBERS = frozenset({"double_value", "int64_value", "bool_value"})


class ClientListing:
    """Time series by google-cloud-monitoring, over gRPC. Thread safe.

    Args:
        endpoint: URL, or host and port, of a server that is not Google's: it is spoken to in the
            clear and without credentials. "": Google's.
    """

    def __init__(self, endpoint: str = "") -> None:
        self._lazy = Lazy(load_client, endpoint)

    def fetch(self, batch: Batch, left_s: Left) -> Iterator[Page]:
        """List the series of a batch, page by page; see Listing."""
        from google.api_core import exceptions, retry, timeout  # noqa: PLC0415  (when first needed)

        client = self._lazy.find()
        again = retry.if_exception_type(*(getattr(exceptions, name) for name in AGAIN))
        request, goes_on = make_request(batch), True
        while goes_on:
            within_s = max(left_s(), 0.0)
            try_s = min(TRY_S, within_s / 2)
            pager = client.list_time_series(
                request=request,
                retry=retry.Retry(
                    predicate=again,
                    initial=FIRST_WAIT_S,
                    maximum=LONGEST_WAIT_S,
                    multiplier=2.0,
                    timeout=within_s - try_s,  # its last try begins by then
                ),
                timeout=timeout.ConstantTimeout(try_s),  # type: ignore[no-untyped-call]
            )
            page = next(iter(pager.pages))
            goes_on = bool(page.next_page_token)
            request = request | {"page_token": page.next_page_token}
            yield Page(
                [_read_line(series) for series in page.time_series],
                page.unit,
                next((str(error.message) for error in page.execution_errors), ""),
                goes_on=goes_on,
            )

    def explain(self, error: Exception) -> Trouble:
        """Read an error of the client's: Google's status and words, or the error's own."""
        cause = getattr(error, "cause", None) or error  # of a RetryError: why it tried again
        code = getattr(cause, "grpc_status_code", None)
        said = getattr(cause, "message", "") or str(cause)
        return Trouble(code.name if code is not None else type(cause).__name__, str(said))

    def close(self) -> None:
        """Let go of the connection; a later listing makes another."""
        self._lazy.close()


def load_client() -> type[MetricServiceClient]:
    """Import the class of Google's client."""
    from google.cloud.monitoring_v3 import MetricServiceClient  # noqa: PLC0415  (a tenth of a s)

    return MetricServiceClient


def _read_line(series: Any) -> Line:  # noqa: ANN401  (a TimeSeries)
    points = []
    for point in series.points:
        number = _read_number(point.value)
        if number is not None:
            points.append((_read_end(point), number))
    return Line(series.resource.labels, series.metric.labels, points, series.unit)


def _read_end(point: Any) -> datetime:  # noqa: ANN401  (a Point)
    ended: datetime = point.interval.end_time.replace(tzinfo=UTC)
    return ended


def _read_number(value: Any) -> float | None:  # noqa: ANN401  (a TypedValue)
    pb = type(value).pb(value)
    kind = pb.WhichOneof("value")
    return float(getattr(pb, kind)) if kind in NUMBERS else None
