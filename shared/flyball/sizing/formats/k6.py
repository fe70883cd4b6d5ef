"""What did k6 find out?

Its CSV has a row a metric of each request, and the users by the second, so its steps are found. Its
summaries are of the whole run: one step.

Source: grafana.com/docs/k6, "CSV", "Custom summary" and "Built-in metrics", and k6's
output/csv/output.go and internal/js/summary*.js: `http_reqs` counts requests when they ended,
`http_req_duration` is milliseconds, `http_req_failed` is 1 of a failed one, so that the `passes` of
a summary are those that failed, `vus` are the users at work.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TextIO

from flyball.sizing.benchmark import BenchmarkError, Step
from flyball.sizing.formats.tally import ERRORS_TOO, MINUTE_S, Listed, Tally, list_steps
from flyball.sizing.formats.text import Node, Row, need_columns, read_rows

CSV = ("metric_name", "timestamp", "metric_value")
REQUESTS, TOOK, FAILED, USERS = "http_reqs", "http_req_duration", "http_req_failed", "vus"
ANSWERED_TOOK = "http_req_duration{expected_response:true}"
FINER_FROM = 100_000_000_000
"""A Unix time above this is in milliseconds or finer, as K6_CSV_TIME_FORMAT asks for."""
MS_PER_S = 1_000
WHOLE = "the summary is of the whole run, ramps and all; `--out csv=FILE` tells its steps"
NO_FAILED = "it has no http_req_failed: whatever was answered counts as answered well"
MOVED = "the users went from {:g} to {:g} in it"


def read_csv(path: Path, text: TextIO, names: Sequence[str], settle: timedelta) -> Listed:
    """Read the steps of a CSV.

    Raises:
        BenchmarkError: A column is not there, a cell is no number or time, or there is no request.
    """
    need_columns(path, names, CSV, "give what `k6 run --out csv=FILE` writes")
    tally, users = Tally(), dict[int, float]()
    took: tuple[int, float, bool] | None = None
    only = {TOOK, FAILED, USERS} if names[0] == CSV[0] else None
    for row in read_rows(path, text, only=only):
        name = row.cells["metric_name"]
        if name == USERS:
            users[_read_second(row)] = row.number("metric_value")
        elif name == TOOK:
            if took:
                tally.add(took[0], took[0], took[1], answered=took[2])
            well = not (row.text("error_code") or row.text("error"))
            took = _read_second(row), row.number("metric_value", "expected milliseconds"), well
        elif name == FAILED and took:
            failed = row.number("metric_value", "expected 0 or 1")
            tally.add(took[0], took[0], took[1], answered=not failed)
            took = None
    if took:
        tally.add(took[0], took[0], took[1], answered=took[2])
    if not tally.sent:
        raise BenchmarkError(f"{path}: no row {TOOK!r}; give a run that sends requests by HTTP")
    return list_steps(tally, settle, users)


def read_summary(node: Node) -> tuple[Step, tuple[str, ...]]:
    """Read a summary of any of its three forms, and what is odd about it.

    `--summary-export`, what handleSummary() is handed, or the machine-readable one of k6 1.0 on.

    Raises:
        BenchmarkError: A field is not there, or is no number.
    """
    metrics = _list_metrics(node)
    if REQUESTS not in metrics:
        remedy = "give the summary of a run that sends requests by HTTP"
        raise BenchmarkError(f"{node.at('metrics').where}: no {REQUESTS!r}; {remedy}")
    count, seconds = metrics[REQUESTS].at("count").number(), _read_duration(node, metrics)
    if not count or not seconds:
        raise BenchmarkError(f"{metrics[REQUESTS].where}: no request; is the endpoint there?")
    notes, failed_ratio = [WHOLE], 0.0
    if FAILED in metrics:
        failed = metrics[FAILED]
        failed_ratio = min(1.0, failed.at("rate" if "rate" in failed.names() else "value").number())
    else:
        notes.append(NO_FAILED)
    if ANSWERED_TOOK not in metrics and failed_ratio:
        notes.append(ERRORS_TOO)
    users = metrics.get(USERS)
    least, most = (users.at("min").known(), users.at("max").known()) if users else (None, None)
    if least is not None and most is not None and least != most:
        notes.append(MOVED.format(least, most))
    step = Step(
        answered=count * (1 - failed_ratio) * MINUTE_S / seconds,
        offered=count * MINUTE_S / seconds,
        users=most if least == most else None,
        duration=timedelta(seconds=seconds),
        latency_ms=_read_quantiles(metrics),
    )
    return step, tuple(notes)


def _list_metrics(node: Node) -> dict[str, Node]:
    """Find the values of each metric, wherever the form has them."""
    listed = node.at("results", "metrics").each()
    if listed:
        return {each.at("name").text(): each.at("values") for each in listed}
    metrics = node.at("metrics")
    found = {name: metrics.at(name) for name in metrics.names()}
    return {
        name: each.at("values") if isinstance(each.at("values").value, dict) else each
        for name, each in found.items()
    }


def _read_duration(node: Node, metrics: dict[str, Node]) -> float:
    """Read how long the run took, in seconds."""
    if (lasted := node.at("config", "duration").known()) is not None:
        return lasted
    if (lasted := node.at("state", "testRunDurationMs").known()) is not None:
        return lasted / MS_PER_S
    requests = metrics[REQUESTS]
    rate = requests.at("rate").number()
    return requests.at("count").number() / rate if rate else 0.0


def _read_quantiles(metrics: dict[str, Node]) -> dict[float, float]:
    """Read med, p(90) and p90 and their like, and max; of those answered, where it tells that."""
    values = metrics.get(ANSWERED_TOOK) or metrics.get(TOOK)
    found = dict[float, float]()
    for name in values.names() if values else ():
        percent = {"med": "50", "max": "100"}.get(name, name.removeprefix("p").strip("()"))
        known = values.at(name).known() if values else None
        if percent.replace(".", "", 1).isdecimal() and known is not None:
            found[round(float(percent) / 100, 9)] = known
    return dict(sorted(found.items()))


def _read_second(row: Row) -> int:
    """Read a time in any of its six forms: Unix in four units, and RFC 3339 in two."""
    cell = row.text("timestamp")
    if not cell.isdecimal() and "T" in cell:
        try:
            at = datetime.fromisoformat(cell)
        except ValueError:
            remedy = "expected Unix seconds, or a time in RFC 3339"
            raise BenchmarkError(
                f"{row.where}: column 'timestamp': got {cell!r}; {remedy}"
            ) from None
        return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())
    number = row.number("timestamp", "expected Unix seconds, or a time in RFC 3339")
    while number >= FINER_FROM:
        number /= MS_PER_S
    return int(number)
