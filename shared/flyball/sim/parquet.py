"""What stands in some columns of a Parquet file, as the text that a CSV file would have?

By pyarrow, which is an extra: it is loaded only where such a file is read.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

MAGIC = b"PAR1"
ROWS_AT_ONCE = 65_536
NANOSECONDS = "timestamp[ns"
EXTRA = "pip install 'flyball[parquet]', or save it as CSV"


class ParquetError(ValueError):
    """The file cannot be read; the message says why, with the remedy."""


def is_parquet(path: Path) -> bool:
    """Say whether a file begins as a Parquet file does; one that cannot be read does not."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def open_columns(
    path: Path, columns: Sequence[str]
) -> tuple[Sequence[str], Iterator[tuple[str, ...]]]:
    """Open a file.

    Args:
        path: A Parquet file.
        columns: Names of the columns that are wanted.

    Returns:
        The names of all of its columns, and the wanted ones' rows, each cell as text: an instant
        in ISO 8601, nothing for a null.

    Raises:
        ParquetError: pyarrow is not installed, or cannot read the file.
    """
    parquet = _load()
    try:
        file = parquet.ParquetFile(path)
    except (OSError, ValueError) as error:  # pyarrow's own are of these
        raise ParquetError(f"not a Parquet file that can be read: {_tell(error)}") from error
    return list(file.schema_arrow.names), _read(file, columns)


def _load() -> Any:  # noqa: ANN401  (a library without types)
    try:
        return importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise ParquetError(f"a Parquet file needs pyarrow: {EXTRA}") from error


def _read(file: Any, columns: Sequence[str]) -> Iterator[tuple[str, ...]]:  # noqa: ANN401
    batches = file.iter_batches(batch_size=ROWS_AT_ONCE, columns=list(columns))
    try:
        for batch in batches:
            cells = [_coarsen(batch.column(name)).to_pylist() for name in columns]
            for row in zip(*cells, strict=True):
                yield tuple(map(_write, row))
    except (OSError, ValueError) as error:  # as above: a page that is damaged is found only here
        raise ParquetError(
            f"it cannot be read to its end: {_tell(error)}; save it again"
        ) from error


def _coarsen(column: Any) -> Any:  # noqa: ANN401
    """Leave nanoseconds out, which Python's own times have not."""
    kind = column.type
    if not str(kind).startswith(NANOSECONDS):
        return column
    arrow = importlib.import_module("pyarrow")
    return column.cast(arrow.timestamp("us", tz=kind.tz), safe=False)


def _write(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, (date, datetime)):
        return cell.isoformat()
    return str(cell)


def _tell(error: Exception) -> str:
    """Write on one line what the library writes on several."""
    return " ".join(str(error).split()).rstrip(".")
