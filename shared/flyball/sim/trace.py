"""How many requests arrived in each minute, as a CSV file tells it?

Every resolution from 10 s to an hour becomes minutes, since a minute is what alarms and decisions
see: finer slots are summed, and a minute with a slot missing is a gap; a coarser slot's requests
are spread evenly over its minutes. A gap stays a gap: it is never a zero.
"""

from __future__ import annotations

import codecs
import csv
import difflib
import io
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from flyball.core.zone import zone

MINUTE = timedelta(minutes=1)
FINEST_S = 10
COARSEST_S = 3_600
DIVISORS = (10, 12, 15, 20, 30, 60)
"""Resolutions of a minute and below, in seconds."""
WAVER_RATIO = 0.07
"""Rows may come this much too early or too late."""
COMMON_RATIO = 0.2
"""A distance is common that occurs this often, as a part of the most common one's times."""
SPAN_LIMIT = timedelta(days=400)
"""A longer file is a wrong year in one of its rows, more often than a long history."""
MILLISECONDS_FROM = 100_000_000_000
"""A Unix time above this (year 5138 in seconds) is in milliseconds."""
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
    """

    start: datetime
    requests: tuple[float | None, ...]
    resolution: timedelta = MINUTE
    notes: Mapping[str, int] = field(default_factory=dict)

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
        return Trace(start, self.requests, self.resolution, self.notes)

    def capacity_per_instance(self) -> float:
        """Propose what one instance serves in a minute: 99.95th percentile ÷ 20, at least 1."""
        known = sorted(value for value in self.requests if value is not None)
        if not known:
            return 1.0
        return max(1.0, known[math.ceil(PEAK_RATIO * len(known)) - 1] / PEAK_INSTANCES)


def read_trace(
    path: Path,
    *,
    timestamp: str = "timestamp",
    requests: str = "requests",
    timezone: str = "UTC",
) -> Trace:
    """Read a CSV file with a header line.

    Args:
        path: UTF-8 (or UTF-16 with a byte-order mark), `,` `;` or tab between columns. Rows may be
            unsorted; a timestamp that comes twice counts once, with its last value. An empty,
            negative or non-finite value is a gap.
        timestamp: Name of the column of slot starts: ISO 8601, or Unix seconds or milliseconds.
        requests: Name of the column of requests in the slot.
        timezone: IANA zone of timestamps without an offset. In the hour that comes twice in
            autumn, rows that go back in time are of the second one.

    Returns:
        The trace by minutes, with `notes` on what was odd.

    Raises:
        TraceError: The file cannot be read, or has no such columns, or a cell is not a time or a
            number, or the resolution cannot be told.
    """
    source = _Source(path, timestamp, requests, _find_zone(path, timezone))
    notes: Counter[str] = Counter()
    rows = list(_read_rows(source, _read_text(path)))
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
    trace = _make_minutes(path, slots, resolution_s)
    notes["minutes without a value"] = sum(value is None for value in trace.requests)
    return Trace(
        trace.start, trace.requests, trace.resolution, {k: n for k, n in notes.items() if n}
    )


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
    timestamp: str
    requests: str
    zone: tzinfo


class _Row(NamedTuple):
    at: float
    """Unix seconds"""
    value: float | None
    line: int


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


def _read_rows(source: _Source, text: str) -> Iterator[_Row]:
    header = text[: text.find("\n")] if "\n" in text else text
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        names = [name.strip() for name in next(reader)]
        columns = [_find_column(source.path, names, name) for name in source[1:3]]
        yield from _read_cells(source, reader, columns[0], columns[1])
    except csv.Error as error:
        raise TraceError(f"{source.path}:{reader.line_num}: {error}; expected plain CSV") from error


def _find_column(path: Path, names: Sequence[str], wanted: str) -> int:
    if wanted in names:
        return names.index(wanted)
    close = difflib.get_close_matches(wanted, names, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    found = ", ".join(map(repr, names))
    raise TraceError(f"{path}:1: no column {wanted!r}; the columns are {found}{hint}")


def _read_cells(
    source: _Source, reader: Iterator[list[str]], time_column: int, value_column: int
) -> Iterator[_Row]:
    last = max(time_column, value_column)
    before = -math.inf
    for line, cells in enumerate(reader, start=2):
        if not cells or (len(cells) == 1 and not cells[0].strip()):
            continue
        if len(cells) <= last:
            where = f"{source.path}:{line}"
            raise TraceError(f"{where}: {len(cells)} columns, expected at least {last + 1}")
        before = _read_instant(source, line, cells[time_column], before)
        yield _Row(before, _read_count(source, line, cells[value_column]), line)


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
            where = f"{source.path}:{line}: column {source.timestamp!r}"
            raise TraceError(f"{where}: got {cell!r}, expected {expected}") from None
    return number


def _read_count(source: _Source, line: int, cell: str) -> float | None:
    try:
        value = float(cell) if cell.strip() else math.nan
    except ValueError:
        where = f"{source.path}:{line}: column {source.requests!r}"
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


def _make_minutes(path: Path, slots: Mapping[float, _Row], resolution_s: int) -> Trace:
    stamps = list(slots)
    origin = math.floor(stamps[0] / 60) * 60
    span_s = stamps[-1] - origin
    if span_s > SPAN_LIMIT.total_seconds():
        gap = max(range(1, len(stamps)), key=lambda index: stamps[index] - stamps[index - 1])
        lines = f"{slots[stamps[gap - 1]].line} and {slots[stamps[gap]].line}"
        raise TraceError(
            f"{path}: {span_s / 86_400:.0f} days, expected at most {SPAN_LIMIT.days}; "
            f"the widest gap is between lines {lines}"
        )
    per_minute = max(1, 60 // resolution_s)
    width = max(1, resolution_s // 60)
    count = (math.floor(span_s / 60) // width + 2) * width
    sums = [0.0] * count
    known = [0] * count
    for at, row in slots.items():
        slot = round((at - stamps[0]) / resolution_s) * resolution_s + stamps[0]
        first = math.floor((slot - origin) / 60)
        if row.value is not None:
            for minute in range(first, first + width):
                sums[minute] += row.value / width
                known[minute] += 1
    requests = [
        total if slots_known >= per_minute else None
        for total, slots_known in zip(sums, known, strict=True)
    ]
    start, end = _trim(requests)
    if start == end:
        raise TraceError(f"{path}: no minute is complete; expected {per_minute} rows a minute")
    first_minute = datetime.fromtimestamp(origin, UTC) + start * MINUTE
    resolution = timedelta(seconds=resolution_s)
    return Trace(first_minute, tuple(requests[start:end]), resolution)


def _trim(requests: Sequence[float | None]) -> tuple[int, int]:
    """Leave out gaps at both ends: a half minute at which a recording began or ended."""
    known = [index for index, value in enumerate(requests) if value is not None]
    return (known[0], known[-1] + 1) if known else (0, 0)
