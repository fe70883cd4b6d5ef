"""Whose rows are whose, in one long file of many scalable targets' traffic?

The file is read once, row by row, and what belongs to one target becomes a file of its own: so a
thousand targets need no more memory than one.
"""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from flyball.sim.cells import TraceError, find_column
from flyball.sim.parquet import ParquetError, is_parquet, open_columns

AT_ONCE = 100_000
"""Rows that are held before they are written."""


class Split(NamedTuple):
    """What a long file was split into.

    Attributes:
        files: By the id of the scalable target whose traffic it is, a CSV file.
        others: Ids in it that nobody asked for, with how many rows each has.
    """

    files: Mapping[str, Path]
    others: Mapping[str, int]


def split(
    path: Path,
    column: str,
    ids: Collection[str],
    folder: Path,
    advance: Callable[[int], None],
) -> Split:
    """Split a long file into one for each scalable target.

    Args:
        path: CSV in UTF-8 with a header line, or Parquet.
        column: Its column of ids.
        ids: Those that are wanted.
        folder: An empty one, for the files; each has the long one's name in a folder of its own.
        advance: Told how many rows more were read.

    Raises:
        TraceError: The file cannot be read, or has no such column.
    """
    files: dict[str, Path] = {}
    others: Counter[str] = Counter()
    held: defaultdict[str, list[Sequence[str]]] = defaultdict(list)
    count = 0
    with _open(path) as (names, rows):
        place = find_column(path, names, column)
        for line, row in rows:
            if not row:
                continue
            if len(row) <= place:
                where = f"{path}:{line}"
                raise TraceError(f"{where}: {len(row)} columns, expected at least {place + 1}")
            whose = row[place].strip()
            if whose in ids:
                held[whose].append(row)
            else:
                others[whose] += 1
            count += 1
            if count == AT_ONCE:
                _flush(held, files, folder, path.name, names)
                advance(count)
                count = 0
    _flush(held, files, folder, path.name, names)
    advance(count)
    return Split(files, others)


@contextmanager
def _open(path: Path) -> Iterator[tuple[Sequence[str], Iterable[tuple[int, Sequence[str]]]]]:
    if is_parquet(path):
        try:
            names = open_columns(path, ())[0]
            yield names, enumerate(open_columns(path, names)[1], start=1)
        except ParquetError as error:
            raise TraceError(f"{path}: {error}") from error
        return
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            first = file.readline()
            file.seek(0)
            reader = csv.reader(file, delimiter=max(",;\t", key=first.count))
            names = [each.strip() for each in next(reader, [])]
            yield names, ((reader.line_num, row) for row in reader)
    except OSError as error:
        raise TraceError(
            f"{path}: {error.strerror or error}; give a file that can be read"
        ) from error
    except UnicodeDecodeError as error:
        raise TraceError(f"{path}: not text in UTF-8; save it as CSV UTF-8") from error
    except csv.Error as error:
        raise TraceError(f"{path}: {error}; expected plain CSV") from error


def _flush(
    held: dict[str, list[Sequence[str]]],
    files: dict[str, Path],
    folder: Path,
    name: str,
    names: Sequence[str],
) -> None:
    for whose, rows in held.items():
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if whose not in files:
            place = folder / f"{len(files)}"
            place.mkdir()
            files[whose] = (place / name).with_suffix(".csv")
            writer.writerow(names)
        writer.writerows(rows)
        with files[whose].open("a", encoding="utf-8", newline="") as file:
            file.write(text.getvalue())
    held.clear()
