"""How many requests arrived in each minute, as a CSV or Parquet file tells it?

Every resolution from 10 s to an hour becomes minutes, since a minute is what alarms and decisions
see: finer slots are summed, and a minute with a slot missing is a gap; a coarser slot's requests
are spread evenly over its minutes. Of a metric that is a level, such as requests in flight, finer
slots give their mean, and a coarser slot its value in each minute. A gap stays a gap: it is never a
zero.
"""

from __future__ import annotations

import codecs
import csv
import difflib
import io
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from flyball.core.zone import zone
from flyball.sim.parquet import ParquetError, is_parquet, open_columns
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
MILLISECONDS_FROM = 100_000_000_000
"""A Unix time above this (year 5138 in seconds) is in milliseconds."""
SERVED_RATIO = 0.99
"""Where instances are known, one serves as much as one did in this part of the minutes at most."""
PEAK_RATIO = 0.9995
PEAK_INSTANCES = 20
"""Where no capacity is given, this many instances carry the trace's 99.95th percentile."""


class TraceError(ValueError):
    """A file that is not a trace; the message names file, line, column and remedy."""


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
        timestamp: Name of the column of slot starts: ISO 8601, or Unix seconds or milliseconds.
        requests: Name of the column of requests in the slot, or of a level.
        timezone: IANA zone of timestamps without an offset. In the hour that comes twice in
            autumn, rows that go back in time are of the second one.
        instances: Name of the column of instances in service; "" for none; None: of counts, the
            column INSTANCES where there is one. A level is of each of them, and is multiplied by
            their number.
        level: The values are a level, not a count.

    Returns:
        The trace by minutes, with `notes` on what was odd.

    Raises:
        TraceError: The file cannot be read, or has no such columns, or a cell is not a time or a
            number, or the resolution cannot be told.
    """
    if instances is None:
        instances = INSTANCES if not level and INSTANCES in _read_names(path) else ""
    columns = (timestamp, requests, instances) if instances else (timestamp, requests)
    source = _Source(path, columns, _find_zone(path, timezone), level)
    notes: Counter[str] = Counter()
    rows = list(_read_rows(source))
    if not rows:
        raise TraceError(f"{path}: no rows below the header; expected one row for each slot")
    if any(later.at < earlier.at for earlier, later in pairwise(rows)):
        notes["unsorted rows"] = sum(b.at < a.at for a, b in pairwise(rows))
        rows.sort(key=lambda row: row.at)
    slots: dict[float, _Row] = {}
    for row in rows:
        notes["duplicate timestamps"] += row.at in slots
        notes["values that are no count"] += row.value is None
        slots[row.at] = row
    resolution_s = _find_resolution(path, list(slots))
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


class _Source(NamedTuple):
    path: Path
    columns: Sequence[str]
    """Of times, values, and perhaps instances"""
    zone: tzinfo
    level: bool


class _Row(NamedTuple):
    at: float
    """Unix seconds"""
    value: float | None
    line: int
    instances: float | None = None


def _find_zone(path: Path, timezone: str) -> tzinfo:
    try:
        return zone(timezone)
    except ValueError as error:
        raise TraceError(f"{path}: time zone of its timestamps: {error}") from error


def _read_text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise TraceError(f"{path}: {reason}; give a CSV file that can be read") from error
    wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = raw.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise TraceError(f"{path}:{line}: not text in UTF-8; save it as CSV UTF-8") from error
    if not text.strip():
        raise TraceError(f"{path}: the file is empty; expected a header line and rows")
    return text


def _read_rows(source: _Source) -> Iterator[_Row]:
    if is_parquet(source.path):
        try:
            names, rows = open_columns(source.path, source.columns)
            for name in source.columns:
                find_column(source.path, names, name)
            yield from _read_cells(source, enumerate(rows, start=1), range(len(source.columns)))
        except ParquetError as error:
            raise TraceError(f"{source.path}: {error}") from error
        return
    reader = _open_csv(source.path)
    try:
        names = [name.strip() for name in next(reader)]
        columns = [find_column(source.path, names, name) for name in source.columns]
        yield from _read_cells(source, enumerate(reader, start=2), columns)
    except csv.Error as error:
        raise TraceError(f"{source.path}:{reader.line_num}: {error}; expected plain CSV") from error


def _open_csv(path: Path) -> Any:  # noqa: ANN401  (the library does not say what it makes)
    text = _read_text(path)
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def _read_names(path: Path) -> list[str]:
    """List a file's columns; of one that is none, which is said when it is read, none."""
    try:
        names = open_columns(path, ())[0] if is_parquet(path) else next(_open_csv(path))
    except (ParquetError, csv.Error):
        return []
    return [name.strip() for name in names]


def find_column(path: Path, names: Sequence[str], wanted: str) -> int:
    """Find a column by its name.

    Raises:
        TraceError: There is none.
    """
    if wanted in names:
        return names.index(wanted)
    close = difflib.get_close_matches(wanted, names, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    found = ", ".join(map(repr, names))
    raise TraceError(f"{path}:1: no column {wanted!r}; the columns are {found}{hint}")


def _read_cells(
    source: _Source, rows: Iterable[tuple[int, Sequence[str]]], columns: Sequence[int]
) -> Iterator[_Row]:
    last = max(columns)
    before = -math.inf
    for line, cells in rows:
        if not cells or (len(cells) == 1 and not cells[0].strip()):
            continue
        if len(cells) <= last:
            where = f"{source.path}:{line}"
            raise TraceError(f"{where}: {len(cells)} columns, expected at least {last + 1}")
        before = _read_instant(source, line, cells[columns[0]], before)
        value, *more = (
            _read_count(source, line, name, cells[column])
            for name, column in zip(source.columns[1:], columns[1:], strict=True)
        )
        each = more[0] if more else None
        if more and source.level:
            value = None if value is None or each is None else value * each
        yield _Row(before, value, line, each)


def _read_instant(source: _Source, line: int, cell: str, before: float) -> float:
    try:
        at = datetime.fromisoformat(cell)
    except ValueError:
        return _read_unix(source, line, cell.strip())
    if at.tzinfo is not None:
        return at.timestamp()
    local = at.replace(tzinfo=source.zone)
    first = local.timestamp()
    if first > before:
        return first
    second = local.replace(fold=1).timestamp()
    return max(first, second)  # where the clock was put back, the second one is later


def _read_unix(source: _Source, line: int, cell: str) -> float:
    try:
        number = float(cell)
        if abs(number) >= MILLISECONDS_FROM:
            number /= 1_000
        datetime.fromtimestamp(number, UTC)
    except (ValueError, OverflowError, OSError):
        try:
            return datetime.fromisoformat(cell).replace(tzinfo=source.zone).timestamp()
        except ValueError:
            expected = "a time such as 2026-11-21T00:24:00Z, or Unix seconds"
            where = f"{source.path}:{line}: column {source.columns[0]!r}"
            raise TraceError(f"{where}: got {cell!r}, expected {expected}") from None
    return number


def _read_count(source: _Source, line: int, name: str, cell: str) -> float | None:
    try:
        value = float(cell) if cell.strip() else math.nan
    except ValueError:
        where = f"{source.path}:{line}: column {name!r}"
        remedy = "expected a number of requests, or nothing for a gap"
        raise TraceError(f"{where}: got {cell!r}, {remedy}") from None
    return value if 0 <= value < math.inf else None


def _find_resolution(path: Path, stamps: Sequence[float]) -> int:
    """Take the finest distance between rows that is common; it must fit into minutes."""
    if len(stamps) < 2:  # noqa: PLR2004  (a distance needs two)
        raise TraceError(f"{path}: one timestamp; expected two or more, to tell the resolution")
    distances = Counter(_snap(b - a) for a, b in pairwise(stamps))
    common = COMMON_RATIO * max(distances.values())
    resolution = min(distance for distance, times in distances.items() if times >= common)
    fits = resolution and (60 % resolution == 0 or resolution % 60 == 0)
    if not FINEST_S <= resolution <= COARSEST_S or not fits:
        expected = f"{FINEST_S} s to {COARSEST_S} s that divide a minute or are whole minutes"
        remedy = "sum the requests to minutes first"
        raise TraceError(f"{path}: rows are {resolution} s apart, expected {expected}; {remedy}")
    return resolution


def _snap(distance_s: float) -> int:
    """Let a distance that wavers by a few seconds be the one that was meant."""
    meant = min(DIVISORS, key=lambda each: abs(each - distance_s))
    if distance_s > DIVISORS[-1]:
        meant = round(distance_s / 60) * 60
    return meant if abs(meant - distance_s) <= WAVER_RATIO * meant else round(distance_s)


def _make_minutes(source: _Source, slots: Mapping[float, _Row], resolution_s: int) -> Trace:
    path, stamps = source.path, list(slots)
    origin = math.floor(stamps[0] / 60) * 60
    span_s = stamps[-1] - origin
    if span_s > SPAN_LIMIT.total_seconds():
        gap = max(range(1, len(stamps)), key=lambda index: stamps[index] - stamps[index - 1])
        lines = f"{slots[stamps[gap - 1]].line} and {slots[stamps[gap]].line}"
        raise TraceError(
            f"{path}: {span_s / 86_400:.0f} days, expected at most {SPAN_LIMIT.days}; "
            f"the widest gap is between lines {lines}"
        )
    places = {at: stamps[0] + round((at - stamps[0]) / resolution_s) * resolution_s for at in slots}
    firsts = {at: math.floor((place - origin) / 60) for at, place in places.items()}
    width, per_minute = max(1, resolution_s // 60), max(1, 60 // resolution_s)
    count = (math.floor(span_s / 60) // width + 2) * width
    values = ((firsts[at], row.value) for at, row in slots.items())
    requests = _spread(values, count, (width, per_minute), level=source.level)
    start, end = _trim(requests)
    if start == end:
        raise TraceError(f"{path}: no minute is complete; expected {per_minute} rows a minute")
    instances: Sequence[float | None] = ()
    if len(source.columns) > 2 and not source.level:  # noqa: PLR2004  (times and values)
        values = ((firsts[at], row.instances) for at, row in slots.items())
        instances = _spread(values, count, (width, per_minute), level=True)[start:end]
    first_minute = datetime.fromtimestamp(origin, UTC) + start * MINUTE
    resolution = timedelta(seconds=resolution_s)
    known = tuple(requests[start:end])
    return Trace(first_minute, known, resolution, instances=tuple(instances))


def _spread(
    values: Iterable[tuple[int, float | None]], count: int, shape: tuple[int, int], *, level: bool
) -> list[float | None]:
    """Make minutes of slots, given by their first minute.

    Args:
        values: (minute, value) of each slot.
        count: Minutes.
        shape: Minutes in a slot, and slots in a minute; one of them is 1.
        level: They are a level, not a count.
    """
    width, per_minute = shape
    divisor = 1 if level else width
    sums, known = [0.0] * count, [0] * count
    for first, value in values:
        if value is not None:
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
