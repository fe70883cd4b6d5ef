"""What stands in a load test's file, and where is it wrong?

Files may be gzipped. Whatever is refused is refused with the file, the line or the field, and what
to do.
"""

from __future__ import annotations

import csv
import gzip
import json
import math
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TextIO, cast

from flyball.sizing.benchmark import BenchmarkError

GZIP_BEGIN = b"\x1f\x8b"
SMALLEST_MOST = 64 * 1024 * 1024
"""Characters of a file that is read as a whole; summaries have thousands, not millions."""


class Row(NamedTuple):
    """A line of a file with a header.

    Attributes:
        where: The file and the line, for messages.
        cells: By the header's name.
    """

    where: str
    cells: dict[str, str]

    def text(self, column: str) -> str:
        """Give a cell's text without spaces around it; "" where the row is too short."""
        return self.cells.get(column, "").strip()

    def number(self, column: str, remedy: str = "expected a number, 0 or more") -> float:
        """Read a cell.

        Raises:
            BenchmarkError: It is no number of 0 or more.
        """
        return read_number(f"{self.where}: column {column!r}", self.cells.get(column, ""), remedy)


class Node(NamedTuple):
    """A value somewhere in a JSON file.

    Attributes:
        path: The file.
        field: Where it stands in it, such as `metrics.http_reqs.count`; "" is the whole.
        value: As JSON has it; None is also what is not there.
    """

    path: Path
    field: str
    value: object

    @property
    def where(self) -> str:
        """The file and the field, for messages."""
        return f"{self.path}: {self.field}" if self.field else f"{self.path}"

    def at(self, *names: str) -> Node:
        """Go to a member; of what is no object, and where there is none, it is None."""
        node = self
        for name in names:
            inner = node.value.get(name) if isinstance(node.value, dict) else None
            node = Node(self.path, f"{node.field}.{name}" if node.field else name, inner)
        return node

    def each(self) -> list[Node]:
        """List a list's items; of what is no list, none."""
        items = cast("list[object]", self.value) if isinstance(self.value, list) else []
        return [Node(self.path, f"{self.field}[{place}]", item) for place, item in enumerate(items)]

    def names(self) -> list[str]:
        """List an object's members; of what is no object, none."""
        return [str(name) for name in self.value] if isinstance(self.value, dict) else []

    def text(self) -> str:
        """Give a string; "" where there is none."""
        return self.value if isinstance(self.value, str) else ""

    def number(self, remedy: str = "expected a number, 0 or more") -> float:
        """Read it.

        Raises:
            BenchmarkError: It is no number of 0 or more, or is not there.
        """
        value = self.value
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf:
            return float(value)
        got = "it is not there" if value is None else f"got {value!r}"
        raise BenchmarkError(f"{self.where}: {got}; {remedy}")

    def known(self) -> float | None:
        """Read it, where it is known: not there and NaN are None.

        Raises:
            BenchmarkError: It is something else.
        """
        if self.value is None or (isinstance(self.value, float) and math.isnan(self.value)):
            return None
        return self.number()


def read_number(where: str, cell: str, remedy: str) -> float:
    """Read a finite number of 0 or more.

    Raises:
        BenchmarkError: It is none.
    """
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise BenchmarkError(f"{where}: got {cell.strip()!r}; {remedy}")
    return value


@contextmanager
def open_text(path: Path) -> Iterator[TextIO]:
    """Open a file that is read line by line, gzipped or not.

    Raises:
        BenchmarkError: It cannot be read, or is no text.
    """
    try:
        with path.open("rb") as raw:
            packed = raw.read(len(GZIP_BEGIN)) == GZIP_BEGIN
        opened = gzip.open if packed else open
        with opened(path, "rt", encoding="utf-8-sig", newline="") as text:
            yield cast("TextIO", text)
    except UnicodeDecodeError as error:
        remedy = "is it a tool's own binary file, as vegeta's? `vegeta encode -to csv` makes a text"
        raise BenchmarkError(f"{path}: not text in UTF-8; {remedy}") from error
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BenchmarkError(f"{path}: {reason}; give a load test's file") from error


def read_text(path: Path) -> str:
    """Read the whole of a small file.

    Raises:
        BenchmarkError: It cannot be read, or is too big for what it was taken for.
    """
    with open_text(path) as text:
        whole = text.read(SMALLEST_MOST + 1)
    if len(whole) > SMALLEST_MOST:
        raise BenchmarkError(
            f"{path}: over {SMALLEST_MOST // 1024 // 1024} MiB; give the tool's summary, or its CSV"
        )
    return whole


def read_documents(path: Path) -> list[Node]:
    """Read a JSON file, of one value or of one a line or one after the other.

    NaN, as Python writes it, is a number that is not known.

    Raises:
        BenchmarkError: It is no JSON.
    """
    whole = read_text(path)
    decoder, found, place = json.JSONDecoder(), list[Node](), 0
    while place < len(whole):
        if whole[place].isspace():
            place += 1
            continue
        try:
            value, place = decoder.raw_decode(whole, place)
        except json.JSONDecodeError as error:
            where = f"{path}:{error.lineno}"
            raise BenchmarkError(
                f"{where}: {error.msg}; expected JSON, and the whole of it"
            ) from error
        found.append(Node(path, "", value))
    return found


def read_rows(
    path: Path, text: TextIO, *, delimiter: str = ",", only: Container[str] | None = None
) -> Iterator[Row]:
    """Read a CSV file's rows by its header; empty lines are left out.

    Args:
        path: For messages.
        text: With the header.
        delimiter: What stands between cells.
        only: Rows whose first cell is among these; None: all. Most of k6's rows are none of ours.

    Raises:
        BenchmarkError: It is no CSV.
    """
    for line, names, cells in _split(path, text, delimiter):
        if only is None or cells[0] in only:
            yield Row(f"{path}:{line}", dict(zip(names, cells, strict=False)))


def read_names(line: str, delimiter: str = ",") -> list[str]:
    """List the names of a header."""
    return [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])]


def need_columns(path: Path, names: Sequence[str], wanted: Sequence[str], remedy: str) -> None:
    """Refuse a header that lacks a column.

    Raises:
        BenchmarkError: It does.
    """
    lacking = [name for name in wanted if name not in names]
    if lacking:
        columns = ", ".join(map(repr, lacking))
        raise BenchmarkError(f"{path}:1: no column {columns}; {remedy}")


def _split(path: Path, text: TextIO, delimiter: str) -> Iterator[tuple[int, list[str], list[str]]]:
    reader = csv.reader(text, delimiter=delimiter)
    names: list[str] = []
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if names:
                yield reader.line_num, names, cells
            else:
                names = [cell.strip() for cell in cells]
    except csv.Error as error:
        raise BenchmarkError(f"{path}:{reader.line_num}: {error}; expected plain CSV") from error
