"""What did Locust find out?

Its history tells the users at each moment, so its steps are found. Its statistics are of the whole
run, ramps and all: one step.

Source: docs.locust.io, "Retrieve test statistics in CSV format", and locust/stats.py of 2.47: the
counts of a history are totals since the begin, of requests failed or not; its percentiles are of
the last 10 s with `--csv-full-history`, and else, other than that page says, since the begin too;
response times are milliseconds, rounded to two digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, TextIO

from flyball.sizing.benchmark import BenchmarkError, Step
from flyball.sizing.formats.stretch import CUT, Sample, Stretch, find_stretches
from flyball.sizing.formats.tally import ERRORS_TOO, MINUTE_S
from flyball.sizing.formats.text import Row, need_columns, read_rows

HISTORY = ("Timestamp", "User Count", "Name", "Total Request Count", "Total Failure Count")
STATISTICS = ("Name", "Request Count", "Failure Count", "Requests/s", "Failures/s")
ALL = frozenset({"Aggregated", "Total"})
"""How it calls the row of all requests together, now and until 2019."""
LEAST = "Total Min Response Time"
WINDOW_S = 10.0
NONE = "N/A"
UNMIXED = (
    "the history's percentiles are since the begin of the run; those of each step are reckoned "
    "from them. With --csv-full-history they are measured"
)
WHOLE = (
    "the statistics are of the whole run, ramps and all, and tell no users: give the "
    "_stats_history.csv beside it for steps"
)


class Moment(NamedTuple):
    """A row of a history.

    Attributes:
        at: Unix seconds.
        users: There at the time.
        requests: Since the begin, failed or not.
        failures: Since the begin.
        latency_ms: By quantile, of the last 10 s or since the begin; 0 is the least.
    """

    at: float
    users: float
    requests: float
    failures: float
    latency_ms: dict[float, float]


def read_history(
    path: Path, text: TextIO, names: Sequence[str], settle: timedelta
) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    """Read a history's steps, and what is odd about it.

    Raises:
        BenchmarkError: A column is not there, a cell is no number, or there are no two moments.
    """
    remedy = "give a *_stats_history.csv of Locust 1.0 or later"
    need_columns(path, names, HISTORY, remedy)
    moments, full = list[Moment](), False
    for row in read_rows(path, text):
        if row.text("Name") in ALL:
            moment = _read_moment(row)
            if not moments or moment.at > moments[-1].at:
                moments.append(moment)
            else:  # two rows within a second
                moments[-1] = moment
        else:
            full = True
    samples = [_sample(one, other) for one, other in pairwise(moments)]
    if not any(sample.sent for sample in samples):
        raise BenchmarkError(
            f"{path}: no request between two rows; give the history of a whole run"
        )
    found = find_stretches(samples, settle.total_seconds())
    steps = tuple(_measure(moments, each, full=full) for each in found)
    notes = [ERRORS_TOO] if any(each.failed_ratio for each in steps) else []
    notes += [] if full else [UNMIXED]
    notes += [CUT] if any(each.ramp for each in found) else []
    return tuple(each for each in steps if each.offered), tuple(notes)


def read_statistics(
    path: Path, text: TextIO, names: Sequence[str]
) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    """Read the statistics of a whole run, and what is odd about them.

    Raises:
        BenchmarkError: A column or the row of all requests is not there, or a cell is no number.
    """
    need_columns(path, names, STATISTICS, "give a *_stats.csv of Locust 1.0 or later")
    for row in read_rows(path, text):
        if row.text("Name") in ALL and row.text("Type") in {"", "None"}:
            rate, failed = row.number("Requests/s"), row.number("Failures/s")
            count = row.number("Request Count")
            if not rate or not count:
                raise BenchmarkError(f"{row.where}: no request; is the endpoint there?")
            step = Step(
                answered=max(0.0, rate - failed) * MINUTE_S,
                offered=rate * MINUTE_S,
                duration=timedelta(seconds=count / rate),
                latency_ms=_read_quantiles(row),
            )
            return (step,), (WHOLE, ERRORS_TOO) if failed else (WHOLE,)
    raise BenchmarkError(f"{path}: no row 'Aggregated'; did Locust end before it wrote it?")


def _read_moment(row: Row) -> Moment:
    latencies = _read_quantiles(row)
    if latencies and row.text(LEAST):
        latencies = {0.0: min(row.number(LEAST), *latencies.values()), **latencies}
    return Moment(
        at=row.number("Timestamp", "expected Unix seconds"),
        users=row.number("User Count"),
        requests=row.number("Total Request Count"),
        failures=row.number("Total Failure Count"),
        latency_ms=latencies,
    )


def _read_quantiles(row: Row) -> dict[float, float]:
    """Read the columns 50% to 100%."""
    return {
        round(float(name[:-1]) / 100, 9): row.number(name, "expected milliseconds")
        for name in row.cells
        if name.endswith("%") and name[:-1].replace(".", "", 1).isdecimal()
        if row.text(name) not in {NONE, ""}
    }


def _sample(one: Moment, other: Moment) -> Sample:
    level = other.users if one.users == other.users else None
    return Sample(one.at, other.at, level, _count(one.requests, other.requests))


def _count(before: float, after: float) -> float:
    """Count since then; `--reset-stats` begins again at 0."""
    return after - before if after >= before else after


def _measure(moments: Sequence[Moment], found: Stretch, *, full: bool) -> Step:
    """Measure a stretch; sample i is what lies between the moments i and i + 1."""
    span = moments[found.first : found.end + 1]
    seconds = span[-1].at - span[0].at
    sent = sum(_count(one.requests, other.requests) for one, other in pairwise(span))
    failed = sum(_count(one.failures, other.failures) for one, other in pairwise(span))
    begin = moments[found.begin].at
    latencies = (
        _average([each for each in span if each.at >= begin + WINDOW_S] or [span[-1]])
        if full
        else _unmix(span[0], span[-1])
    )
    return Step(
        answered=max(0.0, sent - failed) * MINUTE_S / seconds,
        offered=sent * MINUTE_S / seconds,
        users=None if found.ramp else span[-1].users,
        duration=timedelta(seconds=seconds),
        latency_ms=latencies,
    )


def _average(moments: Sequence[Moment]) -> dict[float, float]:
    """Average the percentiles of windows; of the greatest take the greatest."""
    found = dict[float, float]()
    for quantile in moments[-1].latency_ms:
        values = [each.latency_ms[quantile] for each in moments if quantile in each.latency_ms]
        found[quantile] = max(values) if quantile == 1.0 else sum(values) / len(values)
    found.pop(0.0, None)  # of the whole run, not of the window
    return found


def _unmix(begin: Moment, end: Moment) -> dict[float, float]:
    """Reckon the percentiles of what came between two moments, from those since the begin of both.

    What lies below x at the end less what lay there at the begin came between. Between the
    percentiles that are known, each distribution is taken for straight.
    """
    count = end.requests - begin.requests
    if count < 0 or not begin.latency_ms or not end.latency_ms:
        return {each: value for each, value in end.latency_ms.items() if each}
    knots = sorted({*begin.latency_ms.values(), *end.latency_ms.values()})
    below, most = list[float](), 0.0
    for knot in knots:
        between = end.requests * _share(end, knot) - begin.requests * _share(begin, knot)
        most = max(most, between / count if count else 0.0)
        below.append(most)
    found = dict[float, float]()
    for quantile in end.latency_ms:
        place = next((each for each, share in enumerate(below) if share >= quantile - 1e-9), -1)
        if quantile:
            found[quantile] = _between(knots, below, place, quantile)
    return found


def _share(moment: Moment, latency: float) -> float:
    """Tell which part of all requests took no longer than this."""
    shares = sorted((value, quantile) for quantile, value in moment.latency_ms.items())
    at_most = [each for each in shares if each[0] <= latency]
    if not at_most:
        return 0.0
    value, share = at_most[-1]
    if len(at_most) == len(shares):
        return share
    above, other = shares[len(at_most)]
    return share + (other - share) * (latency - value) / (above - value)


def _between(knots: Sequence[float], below: Sequence[float], place: int, quantile: float) -> float:
    """Find where a quantile lies before the knot that is past it; -1 is the last."""
    if place <= 0:
        return knots[place]
    gained = below[place] - below[place - 1]
    part = (quantile - below[place - 1]) / gained
    return knots[place - 1] + (knots[place] - knots[place - 1]) * min(1.0, part)
