"""How are lines and metrics written so that Cloud Logging takes them?

One line of JSON each, to standard output, with the trace of the call that it belongs to. There is
no agent for metrics: a call's are one line at its end, of which log-based metrics are made.

Source: Cloud Logging, "Structured logging", special fields in JSON payloads; Google Cloud Trace,
"Trace context".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from logging import CRITICAL, DEBUG, ERROR, INFO, WARNING
from typing import Protocol

from flyball.core.shape import NamedTuple
from flyball.wiring.tell import COUNT, serialize

SEVERITIES: Mapping[int, str] = {
    DEBUG: "DEBUG",
    INFO: "INFO",
    WARNING: "WARNING",
    ERROR: "ERROR",
    CRITICAL: "CRITICAL",
}
TRACE = "logging.googleapis.com/trace"
METRICS = "metrics"
"""Message of the line of metrics, and the field that they are in, by name."""

_PARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_CONTEXT = re.compile(r"([0-9a-fA-F]{32})(/[0-9]{1,20})?(;o=[0-9])?")


class Headers(Protocol):
    """Headers of a call, by name in any case."""

    def get(self, key: str, default: str, /) -> str:
        """Give a header; the default where it is not there."""
        ...


class _Call(NamedTuple):
    """What is written of one call."""

    trace: str
    metrics: dict[str, float]


class Lines:
    """Writes what a function tells: its say and its meter. Thread safe.

    Args:
        write: Takes a whole line with its end.
        project: Whose traces.
    """

    def __init__(self, write: Callable[[str], object], project: str) -> None:
        self._write = write
        self._project = project
        self._call: ContextVar[_Call | None] = ContextVar("call", default=None)

    def __call__(self, level: int, msg: str, /, *, extra: Mapping[str, object]) -> None:
        """Write a line of a level of `logging`, with these fields beside its message."""
        line = {**extra, "severity": SEVERITIES.get(level, "DEFAULT"), "message": msg}
        call = self._call.get()
        if call is not None and call.trace:
            line[TRACE] = f"projects/{self._project}/traces/{call.trace}"
        self._write(f"{serialize(line)}\n")

    def add_metric(self, name: str, unit: str, value: float) -> None:
        """Add to a metric of this call: counts are summed, of times the longest is kept."""
        call = self._call.get()
        if call is not None:
            before = call.metrics.get(name, 0)
            call.metrics[name] = before + value if unit == COUNT else max(before, value)

    @contextmanager
    def calling(self, headers: Headers) -> Iterator[None]:
        """Let lines bear the trace of a call, and write its metrics at its end.

        Args:
            headers: Of the call.
        """
        token = self._call.set(_Call(find_trace(headers), {}))
        try:
            yield
        finally:
            call = self._call.get()
            if call is not None and call.metrics:
                self(INFO, METRICS, extra={METRICS: call.metrics})
            self._call.reset(token)


def find_trace(headers: Headers) -> str:
    """Find the id of the trace that a call belongs to; "" where it has none."""
    found = _PARENT.fullmatch(headers.get("traceparent", ""))
    found = found or _CONTEXT.fullmatch(headers.get("X-Cloud-Trace-Context", ""))
    return found[1].lower() if found else ""
