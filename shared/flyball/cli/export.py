"""How do the rows of a ledger reach other programs?"""

from __future__ import annotations

import csv
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from flyball.cli.failure import refuse
from flyball.cli.ledger import Kind, RowKind, Since, as_json
from flyball.cli.options import (
    Database,
    LedgerPath,
    LedgerProject,
    LedgerStack,
    TargetName,
    read_instant,
)

if TYPE_CHECKING:
    from datetime import datetime

    from flyball.core.chain import Row
    from flyball.ports import Ledger

DECIDED = (
    *("action", "reason", "current", "wanted", "desired", "ceiling"),
    *("min_capacity", "max_capacity", "unmet", "cost_delta_per_hour", "wake_at", "wake_reason"),
)
"""Fields of a decision that have a column of their own."""
COLUMNS = (
    *("scalable_target_id", "sequence", "id", "at", "kind"),
    *DECIDED,
    *("policies", "limits", "outcome", "detail", "previous_hash", "hash"),
)


class Format(Enum):
    """How rows are written."""

    JSONL = "jsonl"
    CSV = "csv"


def export(
    ledger: LedgerPath = None,
    stack: LedgerStack = None,
    project: LedgerProject = None,
    database: Database = None,
    form: Annotated[
        Format, typer.Option("--format", help="Whole rows, or columns for a spreadsheet.")
    ] = Format.JSONL,
    output: Annotated[
        Path | None, typer.Option("--output", metavar="PATH", help="A file.  [default: stdout]")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the file if there is one.")
    ] = False,
    target: TargetName = None,
    kind: RowKind = None,
    since: Since = None,
) -> None:
    """Write the rows of a ledger for other programs, each target's in order.

    A text that a spreadsheet would read as a formula gets a ' before it in CSV.
    """
    from flyball.cli import screen
    from flyball.cli.store import find_recorded, find_sequence, opened
    from flyball.wiring.local import SystemClock

    now = SystemClock().now()
    earliest = None if since is None else read_instant("--since", since, now, is_past=True)
    with opened(ledger, stack=stack, project=project, database=database) as found:
        targets = find_recorded(found, target)
        total = sum(find_sequence(found, each) or 0 for each in targets)
        if output is not None and output.exists() and not overwrite:
            refuse(f"{output}: this file exists; name another, or give --overwrite")
        with _opened_output(output) as stream, screen.progress("Writing", total) as advance:
            rows = _choose(found, targets, kind, earliest)
            write = _write_csv if form is Format.CSV else _write_lines
            for _ in write(rows, stream):
                advance(1)


@contextmanager
def _opened_output(path: Path | None) -> Iterator[TextIO]:
    """Open what is written to; a file appears whole or not at all."""
    if path is None:
        yield sys.stdout
        return
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("w", encoding="utf-8", newline="") as stream:
            yield stream
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _choose(
    ledger: Ledger, targets: Sequence[str], kind: Kind | None, earliest: datetime | None
) -> Iterator[Row]:
    for target in targets:
        for row in ledger.rows(target):
            if (kind is None or row.kind == kind.value) and (
                earliest is None or row.at >= earliest
            ):
                yield row


def _write_lines(rows: Iterator[Row], stream: TextIO) -> Iterator[None]:
    for row in rows:
        stream.write(json.dumps(as_json(row)) + "\n")
        yield


def _write_csv(rows: Iterator[Row], stream: TextIO) -> Iterator[None]:
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(value) for name, value in flatten(row).items()})
        yield


def flatten(row: Row) -> dict[str, Any]:
    """Give a row's columns; those that its kind does not have are absent."""
    whole = as_json(row)
    body = whole.pop("body")
    if not isinstance(body, dict):
        return {**whole, "detail": body}
    flat = {name: value for name, value in whole.items() if name in COLUMNS}
    decision, outcome = body.get("decision"), body.get("outcome")
    if isinstance(decision, dict):
        flat |= {name: decision.get(name) for name in DECIDED}
        flat["policies"] = " ".join(decision.get("policies", ()))
        flat["limits"] = " ".join(
            f"{limit['kind']}:{limit['before']}>{limit['after']}" for limit in decision["limits"]
        )
    elif isinstance(outcome, dict):
        flat |= {"outcome": outcome.get("kind"), "detail": outcome.get("detail", "")}
    else:
        flat["detail"] = json.dumps(body)
    return flat


def _cell(value: object) -> object:
    from flyball.report.plain import cell

    return cell(value) if isinstance(value, str) else value
