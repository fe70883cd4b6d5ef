"""Is what k6 writes read?"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from flyball.sizing.benchmark import Benchmark, BenchmarkError
from flyball.sizing.formats.recognize import recognize

FILES = Path(__file__).parent / "files"
HEADER = "metric_name,timestamp,metric_value,error,error_code,status"
BEGIN = 1_795_282_400


def read(tmp_path: Path, rows: list[str], header: str = HEADER) -> Benchmark:
    """Read a CSV of these rows."""
    path = tmp_path / "k.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return recognize(path)


def call(at: object, took_ms: float, failed: int | None, code: str = "") -> list[str]:
    """Write what k6 does of a request; without http_req_failed where nothing is expected."""
    rows = [f"http_reqs,{at},1,,{code},200", f"http_req_duration,{at},{took_ms},,{code},200"]
    return rows if failed is None else [*rows, f"http_req_failed,{at},{failed},,{code},200"]


@pytest.mark.parametrize(
    "form",
    [
        lambda second: f"{BEGIN + second}",
        lambda second: f"{(BEGIN + second) * 1_000}",
        lambda second: f"{(BEGIN + second) * 1_000_000}",
        lambda second: f"{(BEGIN + second) * 1_000_000_000}",
        lambda second: f"2026-11-21T17:00:{second:02}Z",
        lambda second: f"2026-11-21T17:00:{second:02}",
    ],
    ids=["unix", "milli", "micro", "nano", "rfc3339", "no zone"],
)
def test_times_are_read_in_any_form(tmp_path: Path, form: Any) -> None:
    """As K6_CSV_TIME_FORMAT asks for them."""
    rows = [row for second in range(40) for row in call(form(second), 20, 0) * 5]
    (step,) = read(tmp_path, rows).steps
    assert (step.offered, step.duration) == (300, timedelta(seconds=29))


def test_columns_may_stand_in_any_order(tmp_path: Path) -> None:
    """A tool between may have sorted them."""
    header = "error_code,metric_name,metric_value,timestamp"
    rows = [f",http_req_duration,20,{BEGIN + second}" for second in range(40)]
    (step,) = read(tmp_path, [f",vus,3,{BEGIN}", *rows], header).steps
    assert (step.offered, step.users) == (60, 3)


def test_who_failed_is_what_http_req_failed_says(tmp_path: Path) -> None:
    """A 404 that is expected is none, whatever its error code."""
    rows = [row for at in range(40) for row in (*call(at, 20, 0, "1404"), *call(at, 500, 1))]
    (step,) = read(tmp_path, rows).steps
    assert step.failed_ratio == 0.5
    assert step.latency_ms[0.9] == 20


def test_without_it_an_error_code_says_it(tmp_path: Path) -> None:
    """As after setResponseCallback(null)."""
    rows = [row for at in range(40) for row in (*call(at, 20, None), *call(at, 9, None, "1500"))]
    assert read(tmp_path, rows).steps[0].failed_ratio == 0.5


@pytest.mark.parametrize(
    ("rows", "header", "told"),
    [
        ([], HEADER, r"k\.csv: no row 'http_req_duration'; give a run that sends"),
        (["vus,1,x,,,"], HEADER, r"k\.csv:2: column 'metric_value': got 'x'"),
        (call("noon", 1, 0), HEADER, r"k\.csv:3: column 'timestamp': got 'noon'; expected Unix"),
        (call("2026-11-21T99:00", 1, 0), HEADER, r"k\.csv:3: column 'timestamp': got '2026"),
        (call(1, -1, 0), HEADER, r"k\.csv:3: .*got '-1'; expected milliseconds"),
        ([], "metric_name,metric_value", r"k\.csv:1: no column 'timestamp'; give what `k6 run"),
        (["http_req_failed,1,1,,,"], HEADER, r"no row 'http_req_duration'"),
    ],
)
def test_a_csv_that_is_none_names_line_and_column(
    tmp_path: Path, rows: list[str], header: str, told: str
) -> None:
    """And what to do."""
    with pytest.raises(BenchmarkError, match=told):
        read(tmp_path, rows, header)


def summarize(tmp_path: Path, **changed: Any) -> Benchmark:
    """Read the exported summary with other metrics."""
    path = tmp_path / "k.json"
    summary = json.loads((FILES / "k6_summary.json").read_text())
    summary["metrics"] |= changed
    summary["metrics"] = {name: each for name, each in summary["metrics"].items() if each}
    path.write_text(json.dumps(summary))
    return recognize(path)


def test_a_summary_tells_whose_latency_it_has(tmp_path: Path) -> None:
    """Of those answered well, where it has them."""
    name = "http_req_duration{expected_response:true}"
    took = {"med": 1, "p(99.9)": 8, "p(90)": 5, "max": 9, "avg": 3, "count": 8}
    assert summarize(tmp_path, **{name: took}).steps[0].latency_ms == {
        0.5: 1,
        0.9: 5,
        0.999: 8,
        1.0: 9,
    }
    assert "errors too" in summarize(tmp_path, **{name: None}).notes[1]
    bare = {name: None, "http_req_duration": None, "vus": None}
    assert summarize(tmp_path, **bare).steps[0].latency_ms == {}
    assert summarize(tmp_path, **bare).steps[0].users is None


def test_a_summary_that_does_not_tell_failures_says_so(tmp_path: Path) -> None:
    """Whatever was answered counts."""
    benchmark = summarize(tmp_path, http_req_failed=None)
    assert benchmark.steps[0].failed_ratio == 0
    assert "no http_req_failed" in benchmark.notes[1]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"http_reqs": None}, r"k\.json: metrics: no 'http_reqs'; give the summary of a run"),
        ({"http_reqs": {"count": 3}}, r"k\.json: metrics\.http_reqs\.rate: it is not there"),
        ({"http_reqs": {"count": 0, "rate": 0}}, r"metrics\.http_reqs: no request"),
        ({"http_req_failed": {"passes": 3}}, r"metrics\.http_req_failed\.value: it is not there"),
    ],
)
def test_a_summary_that_is_none_names_its_field(
    tmp_path: Path, changed: dict[str, Any], told: str
) -> None:
    """The file, the field and the remedy."""
    with pytest.raises(BenchmarkError, match=told):
        summarize(tmp_path, **changed)
