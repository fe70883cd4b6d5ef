"""How many requests arrived in each minute, as a CSV or Parquet file tells it?

Every resolution from 10 s to an hour becomes minutes, since a minute is what alarms and decisions
see: finer slots are summed, and a minute with a slot missing is a gap; a coarser slot's requests
are spread evenly over its minutes. Of a metric that is a level, such as requests in flight, finer
slots give their mean, and a coarser slot its value in each minute. A gap stays a gap: it is never a
zero.
"""

from __future__ import annotations

import csv
import math
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from flyball.sim.cells import Rows, Source, TraceError, find_zone, read_names, read_rows
from flyball.sim.quantile import find_quantile

MINUTE = timedelta(minutes=1)
FINEST_S = 10
COARSEST_S = 3_600
DIVISORS = (10, 12, 15, 20, 30, 60)
"""Resolutions of a minute and below, in seconds."""
WAVER_RATIO = 0.07
"""Rows may come this much too early or too late."""
COMMON_RATIO = 0.2
"""A distance is common that occurs this often, as a part of the most common one's times."""
SPAN_LIMIT = timedelta(days=460)
"""A longer file is a wrong year in one of its rows, more often than a long history."""
INSTANCES = "instances"
"""A column of counts' that is taken where it is there."""
SERVED_RATIO = 0.99
"""Where instances are known, one serves as much as one did in this part of the minutes at most."""
PEAK_RATIO = 0.9995
PEAK_INSTANCES = 20
"""Where no capacity is given, this many instances carry the trace's 99.95th percentile."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Requests by the minute.

    Attributes:
        start: Of the first minute, aware UTC.
        requests: One a minute, shape (n,), n >= 1; None is a gap.
        resolution: Of the file that it was read from.
        notes: What was odd in the file, by kind, with how often.
        instances: In service in each minute, shape (n,), where the file tells it; else empty.
    """

    start: datetime
    requests: tuple[float | None, ...]
    resolution: timedelta = MINUTE
    notes: Mapping[str, int] = field(default_factory=dict)
    instances: tuple[float | None, ...] = ()

    @property
    def end(self) -> datetime:
        """The end of the last minute."""
        return self.start + len(self.requests) * MINUTE

    def at(self, minute: datetime) -> float | None:
        """Tell the requests of the minute that begins at an instant; None in a gap and outside."""
        index = (minute - self.start) // MINUTE
        return self.requests[index] if 0 <= index < len(self.requests) else None

    def begin_at(self, start: datetime) -> Trace:
        """Move it in time, so that its first minute begins at `start`."""
        return replace(self, start=start)

    def capacity_per_instance(self) -> float:
        """Propose what one instance serves in a minute: 99.95th percentile ÷ 20, at least 1."""
        known = [value for value in self.requests if value is not None]
        return max(1.0, find_quantile(known, PEAK_RATIO) / PEAK_INSTANCES) if known else 1.0

    def served_per_instance(self) -> float | None:
        """Learn what one instance served in a minute: the 99th percentile; None: nobody can tell.

        What an instance could have served besides is not seen: it errs on the small side.
        """
        pairs = zip(self.requests, self.instances, strict=False)
        served = [requests / instances for requests, instances in pairs if requests and instances]
        return find_quantile(served, SERVED_RATIO) if served else None


def read_trace(
    path: Path,
    *,
    timestamp: str = "timestamp",
    requests: str = "requests",
    timezone: str = "UTC",
    instances: str | None = "",
    level: bool = False,
) -> Trace:
    """Read a CSV file with a header line, or a Parquet file.

    Args:
        path: UTF-8 (or UTF-16 with a byte-order mark), `,` `;` or tab between columns; or Parquet.
            Rows may be unsorted; a timestamp that comes twice counts once, with its last value. An
            empty, negative or non-finite value is a gap.
        timestamp: Name of the column of slot starts: ISO 8601, or Unix seconds or finer.
        requests: Name of the column of requests in the slot, or of a level.
        timezone: IANA zone of timestamps without an offset. In the hour that comes twice in
            autumn, rows that go back in time are of the second one; where the newest row stands
            first, those that go back are of the first one.
        instances: Name of the column of instances in service; "" for none; None: of counts, the
            column INSTANCES where there is one. A level is of each of them, and is multiplied by
            their number.
        level: The values are a level, not a count.

    Returns:
        The trace by minutes, with `notes` on what was odd.

    Raises:
        TraceError: As read_rows, or the resolution cannot be told.
    """
    if instances is None:
        instances = INSTANCES if not level and INSTANCES in read_names(path) else ""
    columns = (timestamp, requests, instances) if instances else (timestamp, requests)
    source = Source(path, columns, find_zone(path, timezone), level)
    rows = read_rows(source)
    if not rows.stamps:
        raise TraceError(f"{path}: no rows below the header; expected one row for each slot")
    notes = {"unsorted rows": sum(b < a for a, b in pairwise(rows.stamps))}
    slots = _sort(rows) if notes["unsorted rows"] else rows
    slots = _leave_out_doubles(slots)
    notes["duplicate timestamps"] = len(rows.stamps) - len(slots.stamps)
    notes["values that are no count"] = sum(map(math.isnan, rows.values))
    resolution_s = _find_resolution(path, slots.stamps)
    trace = _make_minutes(source, slots, resolution_s)
    notes["minutes without a value"] = sum(value is None for value in trace.requests)
    return replace(trace, notes={k: n for k, n in notes.items() if n})


def write_trace(trace: Trace, path: Path) -> None:
    """Write a trace as a CSV file; a gap is a row without a value."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["timestamp", "requests"])
        for index, value in enumerate(trace.requests):
            at = f"{trace.start + index * MINUTE:%Y-%m-%dT%H:%M:%SZ}"
            writer.writerow([at, "" if value is None else f"{value:.17g}"])


def _sort(rows: Rows) -> Rows:
    """Put rows in the order of time; those of one time stay as they are."""
    order = sorted(range(len(rows.stamps)), key=rows.stamps.__getitem__)
    return _pick(rows, order)


def _leave_out_doubles(rows: Rows) -> Rows:
    """Leave the last of those of one time."""
    last = len(rows.stamps) - 1
    stamps = rows.stamps
    kept = [index for index in range(last) if stamps[index] != stamps[index + 1]]
    return rows if len(kept) == last else _pick(rows, [*kept, last])


def _pick(rows: Rows, places: Sequence[int]) -> Rows:
    stamps, values, instances = (
        array("d", [column[each] for each in places] if column else ())
        for column in (rows.stamps, rows.values, rows.instances)
    )
    return Rows(stamps, values, instances, array("q", [rows.lines[each] for each in places]))


def _find_resolution(path: Path, stamps: Sequence[float]) -> int:
    """Take the finest distance between rows that is common; it must fit into minutes."""
    if len(stamps) < 2:  # noqa: PLR2004  (a distance needs two)
        raise TraceError(f"{path}: one timestamp; expected two or more, to tell the resolution")
    distances: Counter[int] = Counter()
    for distance, times in Counter(b - a for a, b in pairwise(stamps)).items():
        distances[_snap(distance)] += times
    common = COMMON_RATIO * max(distances.values())
    resolution = min(distance for distance, times in distances.items() if times >= common)
    fits = resolution and (60 % resolution == 0 or resolution % 60 == 0)
    if not FINEST_S <= resolution <= COARSEST_S or not fits:
        expected = f"{FINEST_S} s to {COARSEST_S} s that divide a minute or are whole minutes"
        remedy = "sum the requests to minutes first"
        if resolution > COARSEST_S:
            remedy = "within an hour too much is not seen; record it by the minute"
        raise TraceError(f"{path}: rows are {resolution} s apart, expected {expected}; {remedy}")
    return resolution


def _snap(distance_s: float) -> int:
    """Let a distance that wavers by a few seconds be the one that was meant."""
    meant = min(DIVISORS, key=lambda each: abs(each - distance_s))
    if distance_s > DIVISORS[-1]:
        meant = round(distance_s / 60) * 60
    return meant if abs(meant - distance_s) <= WAVER_RATIO * meant else round(distance_s)


def _make_minutes(source: Source, slots: Rows, resolution_s: int) -> Trace:
    stamps = slots.stamps
    origin = math.floor(stamps[0] / 60) * 60
    span_s = stamps[-1] - origin
    if span_s > SPAN_LIMIT.total_seconds():
        raise TraceError(_tell_span(source.path, slots, span_s))
    begin = stamps[0]
    firsts = array(
        "q",
        (
            math.floor((begin + round((at - begin) / resolution_s) * resolution_s - origin) / 60)
            for at in stamps
        ),
    )
    width, per_minute = max(1, resolution_s // 60), max(1, 60 // resolution_s)
    count = (math.floor(span_s / 60) // width + 2) * width
    shape = (width, per_minute)
    requests = _spread(firsts, slots.values, count, shape, level=source.level)
    start, end = _trim(requests)
    if start == end:
        raise TraceError(_tell_nothing(source, slots, per_minute))
    instances: Sequence[float | None] = ()
    if slots.instances:
        instances = _spread(firsts, slots.instances, count, shape, level=True)[start:end]
    first_minute = datetime.fromtimestamp(origin, UTC) + start * MINUTE
    resolution = timedelta(seconds=resolution_s)
    known = tuple(requests[start:end])
    return Trace(first_minute, known, resolution, instances=tuple(instances))


def _tell_span(path: Path, slots: Rows, span_s: float) -> str:
    stamps = slots.stamps
    gap = max(range(1, len(stamps)), key=lambda index: stamps[index] - stamps[index - 1])
    one, other = sorted((slots.lines[gap - 1], slots.lines[gap]))
    return (
        f"{path}: {span_s / 86_400:.0f} days, expected at most {SPAN_LIMIT.days}; "
        f"the widest gap is between lines {one} and {other}"
    )


def _tell_nothing(source: Source, slots: Rows, per_minute: int) -> str:
    if all(map(math.isnan, slots.values)):
        column = f"column {source.columns[1]!r}"
        return f"{source.path}: {column}: no row has a number of 0 or more; expected one at least"
    return f"{source.path}: no minute is complete; expected {per_minute} rows a minute"


def _spread(
    firsts: Iterable[int],
    values: Iterable[float],
    count: int,
    shape: tuple[int, int],
    *,
    level: bool,
) -> list[float | None]:
    """Make minutes of slots.

    Args:
        firsts: The first minute of each slot.
        values: As firsts; NaN is not known.
        count: Minutes.
        shape: Minutes in a slot, and slots in a minute; one of them is 1.
        level: They are a level, not a count.
    """
    width, per_minute = shape
    divisor = 1 if level else width
    sums, known = [0.0] * count, [0] * count
    for first, value in zip(firsts, values, strict=True):
        if value == value:  # noqa: PLR0124  (NaN is not itself, and this is the quickest way)
            for minute in range(first, first + width):
                sums[minute] += value / divisor
                known[minute] += 1
    return [
        (total / slots if level else total) if slots >= per_minute else None
        for total, slots in zip(sums, known, strict=True)
    ]


def _trim(requests: Sequence[float | None]) -> tuple[int, int]:
    """Leave out gaps at both ends: a half minute at which a recording began or ended."""
    known = [index for index, value in enumerate(requests) if value is not None]
    return (known[0], known[-1] + 1) if known else (0, 0)
