"""What stands in the rows of a file of traffic: when, how much, and of how many instances?

Rows are kept as columns of plain numbers: a year of ten-second slots is four million of them.
"""

from __future__ import annotations

import codecs
import csv
import difflib
import io
import math
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

from flyball.core.zone import zone
from flyball.sim.parquet import ParquetError, is_parquet, open_columns

FINER_FROM = 100_000_000_000
"""A Unix time above this (year 5138 in seconds) is in a finer unit."""
FINER = ("milliseconds", "microseconds", "nanoseconds")
DELIMITERS = ",;\t"
NAMED_UTC = " UTC"
"""As BigQuery writes it behind its times."""


class TraceError(ValueError):
    """A file that is not a trace; the message names file, line, column and remedy."""


class Source(NamedTuple):
    """A file, and what is read of it.

    Attributes:
        path: CSV or Parquet.
        columns: Names of those of times, of values, and perhaps of instances.
        zone: Of times without an offset.
        level: The values are a level, not a count.
    """

    path: Path
    columns: Sequence[str]
    zone: tzinfo
    level: bool


class Rows(NamedTuple):
    """Columns of one length, in the file's order; NaN is not known.

    Attributes:
        stamps: Unix seconds.
        values: Counts or levels, 0 or more.
        instances: In service; empty where no column of them is read.
        lines: Of the file, for whoever has to look there.
    """

    stamps: array[float]
    values: array[float]
    instances: array[float]
    lines: array[int]


Line = tuple[int, Sequence[str]]


def find_zone(path: Path, name: str) -> tzinfo:
    """Find the time zone of a file's times by its IANA name.

    Raises:
        TraceError: There is none.
    """
    try:
        return zone(name)
    except ValueError as error:
        raise TraceError(f"{path}: time zone of its timestamps: {error}") from error


def read_names(path: Path) -> list[str]:
    """List a file's columns; of one that is none, which is said when it is read, none."""
    try:
        if is_parquet(path):
            return [name.strip() for name in open_columns(path, ())[0]]
        with _open_csv(path) as (names, _):
            return names
    except (ParquetError, TraceError):
        return []


def read_rows(source: Source) -> Rows:
    """Read each row.

    Where a clock was put back, an hour comes twice: rows in the order of time have the first of
    them first, and rows in the opposite order the second.

    Raises:
        TraceError: The file cannot be read, or has no such columns, or a cell is not a time or a
            number, or a time is one that no clock showed.
    """
    path = source.path
    if is_parquet(path):
        try:
            names, cells = open_columns(path, source.columns)
            for name in source.columns:
                find_column(path, names, name)
            count = len(source.columns)
            return _read_lines(source, enumerate(cells, start=1), range(count), count)
        except ParquetError as error:
            raise TraceError(f"{path}: {error}") from error
    with _open_csv(path) as (names, lines):
        columns = [find_column(path, names, name) for name in source.columns]
        return _read_lines(source, lines, columns, len(names))


def find_column(path: Path, names: Sequence[str], wanted: str) -> int:
    """Find a column by its name.

    Raises:
        TraceError: There is none, or there are two.
    """
    if names.count(wanted) > 1:
        raise TraceError(f"{path}:1: two columns {wanted!r}; rename the one that is not meant")
    if wanted in names:
        return names.index(wanted)
    close = difflib.get_close_matches(wanted, names, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    found = ", ".join(map(repr, names))
    raise TraceError(f"{path}:1: no column {wanted!r}; the columns are {found}{hint}")


@contextmanager
def _open_csv(path: Path) -> Iterator[tuple[list[str], Iterator[Line]]]:
    """Open a file that is read as it is wanted, never as a whole: its columns, and its rows."""
    try:
        with path.open("rb") as raw:
            wide = raw.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
            raw.seek(0)
            text = io.TextIOWrapper(raw, "utf-16" if wide else "utf-8-sig", newline="")
            first = text.readline()
            rest: Iterable[str] = text
            if not first.strip() and not any(line.strip() for line in text):
                raise TraceError(f"{path}: the file is empty; expected a header line and rows")
            if not first.strip():
                text.seek(0)
                first, rest = "\n", islice(text, 1, None)
            reader = csv.reader(chain((first,), rest), delimiter=max(DELIMITERS, key=first.count))
            try:
                names = [name.strip() for name in next(reader)]
                yield names, ((reader.line_num, cells) for cells in reader)
            except csv.Error as error:
                where = f"{path}:{reader.line_num}"
                raise TraceError(f"{where}: {error}; expected plain CSV") from error
    except UnicodeDecodeError as error:
        line = _find_undecodable(path)
        raise TraceError(f"{path}:{line}: not text in UTF-8; save it as CSV UTF-8") from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise TraceError(f"{path}: {reason}; give a CSV file that can be read") from error


def _find_undecodable(path: Path) -> int:
    """Find the first line that is no text; what reads ahead does not know it."""
    raw = path.read_bytes()
    wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        raw.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        return raw[: error.start].count(b"\n") + 1
    return 1


def _read_lines(source: Source, lines: Iterable[Line], columns: Sequence[int], width: int) -> Rows:
    rows = Rows(array("d"), array("d"), array("d"), array("q"))
    last, before = max(columns), -math.inf
    filled = (each for each in lines if each[1] and (len(each[1]) > 1 or each[1][0].strip()))
    begin = list(islice(filled, 2))
    falls = _falls(begin, columns[0])
    for line, cells in chain(begin, filled):
        if not last < len(cells) <= width:
            _check_width(f"{source.path}:{line}", cells, last, width)
        before = _read_instant(source, line, cells[columns[0]], before, falls=falls)
        value = _read_count(source, line, 1, cells[columns[1]])
        if len(columns) > 2:  # noqa: PLR2004  (times and values)
            instances = _read_count(source, line, 2, cells[columns[2]])
            if source.level:
                value *= instances
            else:
                rows.instances.append(instances)
        rows.stamps.append(before)
        rows.values.append(value)
        rows.lines.append(line)
    return rows


def _falls(begin: Sequence[Line], column: int) -> bool:
    """Say whether the newest row stands first, by what the first two rows' clocks show."""
    try:
        first, second = (datetime.fromisoformat(cells[column]) for _, cells in begin)
        falls = second < first
    except (ValueError, IndexError, TypeError):  # Unix times, or what is refused when it is read
        return False
    return falls


def _check_width(where: str, cells: Sequence[str], last: int, width: int) -> None:
    """Refuse a row with too few cells, or with more than the header, as 1,000 makes two."""
    if len(cells) <= last:
        raise TraceError(f"{where}: {len(cells)} columns, expected at least {last + 1}")
    if any(cell.strip() for cell in cells[width:]):
        raise TraceError(
            f"{where}: {len(cells)} columns, and the header names {width}; is it a number such as "
            "1,000? Write it as 1000"
        )


def _read_instant(source: Source, line: int, cell: str, before: float, *, falls: bool) -> float:
    try:
        at = datetime.fromisoformat(cell)
    except ValueError:
        text = cell.strip()
        if text.endswith(NAMED_UTC):
            text = f"{text.removesuffix(NAMED_UTC)}+00:00"
        elif text == cell:
            return _read_unix(source, line, text)
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            return _read_unix(source, line, cell.strip())
    if at.tzinfo is not None:
        return at.timestamp()
    local = at.replace(tzinfo=source.zone)
    first = local.timestamp()
    if source.zone is UTC:
        return first
    second = local.replace(fold=1).timestamp()
    if second < first:
        where = f"{source.path}:{line}: column {source.columns[0]!r}"
        raise TraceError(
            f"{where}: got {cell!r}, and no clock in {source.zone} showed that: it was put forward "
            "then; give the time zone in which it was written, such as UTC"
        )
    if falls:
        return second if second < before or before == -math.inf else first
    return first if first > before else second  # where it was put back, the second is later


def _read_unix(source: Source, line: int, cell: str) -> float:
    try:
        number = float(cell)
        for _ in FINER:
            if abs(number) >= FINER_FROM:
                number /= 1_000
        datetime.fromtimestamp(number, UTC)
    except (ValueError, OverflowError, OSError):
        expected = "a time such as 2026-11-21T00:24:00Z, or Unix seconds"
        where = f"{source.path}:{line}: column {source.columns[0]!r}"
        raise TraceError(f"{where}: got {cell!r}, expected {expected}") from None
    return number


def _read_count(source: Source, line: int, column: int, cell: str) -> float:
    try:
        value = float(cell) if cell.strip() else math.nan
    except ValueError:
        where = f"{source.path}:{line}: column {source.columns[column]!r}"
        remedy = "expected a number of requests, or nothing for a gap"
        raise TraceError(f"{where}: got {cell!r}, {remedy}") from None
    return value if 0 <= value < math.inf else math.nan
