"""Is a request for metrics that came by gRPC one that Google documents over REST?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf.json_format import MessageToDict

from tests.gcp.discovery import check_request, find_method


def check(request: Any, more: Mapping[str, str] | None = None) -> None:
    """Hold a request to the document, in its form over REST."""
    fields = MessageToDict(type(request).pb(request))
    method = find_method(("monitoring.v3",), "GET", f"/v3/{fields.pop('name')}/timeSeries")
    check_request(method, dict(flatten(fields)) | dict(more or {}), None)
    enums = method.given["parameters"]
    for name in ("perSeriesAligner", "crossSeriesReducer"):
        value = fields["aggregation"].get(name)
        assert value is None or value in enums[f"aggregation.{name}"]["enum"]


def flatten(fields: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Write nested fields as the parameters of a URL."""
    for name, value in fields.items():
        if isinstance(value, dict):
            yield from flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value[0] if isinstance(value, list) else str(value)
