"""Are lines and metrics written as Cloud Logging takes them?"""

from __future__ import annotations

import json
from logging import DEBUG, ERROR
from typing import Any

import pytest

from flyball.wiring.lines import Lines, find_trace
from flyball.wiring.tell import COUNT, MILLISECONDS

TRACE = "105445aa7843bc8bf206b12000100000"
SPAN = "2201d6e0a5f1c62b"


class Page:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.text: list[str] = []

    def lines(self) -> list[dict[str, Any]]:
        """Read it."""
        return [json.loads(line) for line in "".join(self.text).splitlines()]


def test_a_line_has_a_severity_and_a_message_that_nothing_replaces() -> None:
    """In ASCII, and whole."""
    page = Page()
    say = Lines(page.text.append, "acme-ml")
    say(ERROR, "failed", extra={"severity": "INFO", "detail": "\u202e\x1b"})
    say(DEBUG, "seen", extra={})
    say(7, "odd", extra={})
    assert page.text[0] == ('{"severity":"ERROR","detail":"\\u202e\\u001b","message":"failed"}\n')
    assert [line["severity"] for line in page.lines()] == ["ERROR", "DEBUG", "DEFAULT"]


def test_a_calls_metrics_are_one_line_at_its_end() -> None:
    """Counts are summed; of times the longest is kept; what fails is told too."""
    page = Page()
    lines = Lines(page.text.append, "acme-ml")
    lines.add_metric("Wakes", COUNT, 9)  # of no call

    def call() -> None:
        with lines.calling({}):
            lines.add_metric("Wakes", COUNT, 1)
            lines.add_metric("Wakes", COUNT, 2)
            lines.add_metric("DecisionTime", MILLISECONDS, 5)
            lines.add_metric("DecisionTime", MILLISECONDS, 3)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        call()
    with lines.calling({}):
        pass
    metrics = {"Wakes": 3, "DecisionTime": 5}
    assert page.lines() == [{"metrics": metrics, "severity": "INFO", "message": "metrics"}]


@pytest.mark.parametrize(
    ("headers", "trace"),
    [
        ({}, ""),
        ({"traceparent": f"00-{TRACE}-{SPAN}-01"}, TRACE),
        ({"traceparent": f"00-{TRACE}-{SPAN}-01\n"}, ""),
        ({"traceparent": "evil", "X-Cloud-Trace-Context": f"{TRACE}/7;o=1"}, TRACE),
        ({"X-Cloud-Trace-Context": TRACE.upper()}, TRACE),
        ({"X-Cloud-Trace-Context": f"{TRACE}/x;o=1"}, ""),
        ({"X-Cloud-Trace-Context": '"}\n{"severity":"ERROR"'}, ""),
    ],
)
def test_a_line_bears_the_trace_of_its_call(headers: dict[str, str], trace: str) -> None:
    """And of no other one; what is no trace is none."""
    assert find_trace(headers) == trace
    page = Page()
    lines = Lines(page.text.append, "acme-ml")
    with lines.calling(headers):
        lines(ERROR, "inside", extra={})
    lines(ERROR, "outside", extra={})
    name = "logging.googleapis.com/trace"
    expected = f"projects/acme-ml/traces/{trace}" if trace else None
    assert [line.get(name) for line in page.lines()] == [expected, None]
