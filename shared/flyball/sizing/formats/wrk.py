"""What did wrk or wrk2 find out?

A run is a step. Of several, in one file or in several, each is one.

Source: wrk's README and its src/wrk.c (4.2): "requests" are answers of any status; those above 399
are "Non-2xx or 3xx responses"; a "timeout" is an answer later than the limit, so it is among the
requests; errors to connect, read or write are not. wrk2's README and src/wrk.c: it sends at a rate
that its output does not tell, measures from when a request was due, and its distribution is
HdrHistogram's.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

from flyball.sizing.benchmark import BenchmarkError, Step
from flyball.sizing.formats.tally import ERRORS_TOO, MINUTE_S

UNITS_MS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4, "h": 3.6e6}
RUN = re.compile(r"^Running .+ test @ ", re.MULTILINE)
CONNECTIONS = re.compile(r"^\s*\d+ threads and (\d+) connections", re.MULTILINE)
COUNT = re.compile(r"^\s*(\d+) requests in ([\d.]+)([a-z]+),", re.MULTILINE)
RATE = re.compile(r"^Requests/sec:\s+([\d.]+)", re.MULTILINE)
SOCKET = re.compile(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)")
STATUS = re.compile(r"Non-2xx or 3xx responses: (\d+)")
MOST = re.compile(r"^\s*Latency\s+\S+\s+\S+\s+([\d.]+)(us|ms|s|m|h)\s", re.MULTILINE)
QUANTILE = re.compile(r"^\s*([\d.]+)%\s+([\d.]+)(us|ms|s|m|h)\s*$", re.MULTILINE)
SPECTRUM = re.compile(r"^\s*([\d.]+)\s+(0\.950000)\s+\d+\s+[\d.]+\s*$", re.MULTILINE)
UNCORRECTED = "Uncorrected Latency"
CALIBRATED = "Thread calibration:"
HDR = "HdrHistogram"
UNTOLD = "wrk2 does not write the rate it was told: what it reached is taken for it"
ONLY_MOST = "no latency but the greatest: run it again with --latency"


def read_runs(path: Path, whole: str) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    """Read what wrk or wrk2 printed, and what is odd about it.

    Raises:
        BenchmarkError: A run has no result.
    """
    begins = [match.start() for match in RUN.finditer(whole)]
    steps, notes = list[Step](), dict[str, None]()
    for begin, end in zip(begins, [*begins[1:], len(whole)], strict=True):
        text = whole[begin:end]
        step, remarks = _read_run(f"{path}:{whole.count(chr(10), 0, begin) + 1}", text)
        steps.append(step)
        notes.update(dict.fromkeys(remarks))
    return tuple(steps), tuple(notes)


def _read_run(where: str, text: str) -> tuple[Step, list[str]]:
    count, rate, connections = (COUNT.search(text), RATE.search(text), CONNECTIONS.search(text))
    if not count or not rate or not connections:
        lacking = "requests in …" if not count else "Requests/sec" if not rate else "connections"
        remedy = "give the whole of what wrk printed"
        raise BenchmarkError(f"{where}: the run has no line with {lacking!r}; {remedy}")
    open_load = CALIBRATED in text or HDR in text
    requests, per_minute = int(count[1]), float(rate[1]) * MINUTE_S
    if not requests:
        raise BenchmarkError(f"{where}: 0 requests; is the endpoint there, and does it answer?")
    connect, read, write, late = (
        map(int, sockets.groups()) if (sockets := SOCKET.search(text)) else (0, 0, 0, 0)
    )
    refused = int(status[1]) if (status := STATUS.search(text)) else 0
    sent, answered = requests + connect + read + write, max(0, requests - refused - late)
    latency_ms = _read_latencies(text)
    notes = [UNTOLD] if open_load else []
    notes += [ERRORS_TOO] if refused else []
    notes += [ONLY_MOST] if set(latency_ms) <= {1.0} else []
    step = Step(
        answered=per_minute * answered / requests,
        offered=per_minute * sent / requests,
        users=None if open_load else float(connections[1]),
        duration=timedelta(milliseconds=float(count[2]) * UNITS_MS[count[3]]),
        latency_ms=latency_ms,
    )
    return step, notes


def _read_latencies(text: str) -> dict[float, float]:
    """Read percentiles, of wrk2 those of the latency from when a request was due."""
    text = text.partition(UNCORRECTED)[0]
    found = {}
    if most := MOST.search(text):
        found[1.0] = float(most[1]) * UNITS_MS[most[2]]
    for percent, value, unit in QUANTILE.findall(text):
        found[round(float(percent) / 100, 9)] = float(value) * UNITS_MS[unit]
    if precise := SPECTRUM.search(text):
        found[0.95] = float(precise[1])
    return dict(sorted(found.items()))
