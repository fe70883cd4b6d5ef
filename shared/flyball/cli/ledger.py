"""What stands in a ledger?"""

from __future__ import annotations

import json as json_module
from collections.abc import Iterator
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flyball.cli.options import (
    Database,
    Json,
    LedgerPath,
    LedgerProject,
    LedgerStack,
    TargetName,
    read_instant,
)

if TYPE_CHECKING:
    from pathlib import Path

    from flyball.core.chain import Row
    from flyball.ports import Ledger

SET = '"action":"set"'
"""What the canonical body of a decision to change holds."""


class Kind(Enum):
    """Kinds of row."""

    DECISION = "decision"
    OUTCOME = "outcome"
    CONFIG = "config"
    PAUSE = "pause"
    RESUME = "resume"
    FOREIGN = "foreign"


Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="INSTANT",
        help="Only rows from this instant on; a time of day, in UTC, is the last such one.",
    ),
]
RowKind = Annotated[Kind | None, typer.Option("--kind", help="Only rows of this kind.")]


def list_rows(
    ledger: LedgerPath = None,
    stack: LedgerStack = None,
    project: LedgerProject = None,
    database: Database = None,
    target: TargetName = None,
    kind: RowKind = None,
    since: Since = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many, the newest.")] = 20,
    changes_only: Annotated[
        bool, typer.Option("--changes-only", help="Only decisions to change the capacity.")
    ] = False,
    json: Json = False,
) -> None:
    """List the newest rows of a ledger, the newest last.

    With --json one row a line, each whole.
    """
    from flyball.cli import screen
    from flyball.cli.store import Configs, find_recorded, opened
    from flyball.report.rows import tell_row
    from flyball.wiring.local import SystemClock

    now = SystemClock().now()
    earliest = None if since is None else read_instant("--since", since, now, is_past=True)
    with opened(ledger, stack=stack, project=project, database=database) as found:
        if target is not None:
            find_recorded(found, target)  # an unknown one is an error, not an empty list
        chosen = _choose(found, target, kind, earliest, changes_only=changes_only)
        rows = [row for row, _ in zip(chosen, range(limit), strict=False)][::-1]
        if json:
            for row in rows:
                screen.say_json(as_json(row), lines=True)
            return
        if not rows:
            screen.say("no such rows")
            return
        configs = Configs(found)
        same = len({row.scalable_target_id for row in rows}) == 1
        columns = (
            screen.Column("UTC", style="dim"),
            screen.Column("row"),
            screen.Column("what", style="bold"),
            screen.Column("why", wraps=True),
        )
        days = len({row.at.date() for row in rows}) > 1
        lines = [(row, tell_row(row, configs.get)) for row in rows]
        screen.say_table(
            columns,
            [(_time(row.at, days=days), name_row(row, same), *line) for row, line in lines],
        )
        if same and screen.is_terminal():
            where = _name_ledger(ledger, stack)
            command = f"flyball explain {name_row(rows[-1], False)}{where}"
            screen.say_wrapped(f"Ask why: {command}", style="dim")


def show(
    row: Annotated[
        str, typer.Argument(metavar="ROW", help="An id, its beginning, or TARGET@SEQUENCE.")
    ],
    ledger: LedgerPath = None,
    stack: LedgerStack = None,
    project: LedgerProject = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Show one row of a ledger whole: what was seen, remembered and decided."""
    from flyball.cli import screen
    from flyball.cli.store import Configs, find_row, opened
    from flyball.report.plain import plain
    from flyball.report.rows import tell_row

    with opened(ledger, stack=stack, project=project, database=database) as found:
        wanted = find_row(found, row)
        if json:
            screen.say_json(as_json(wanted))
            return
        line = tell_row(wanted, Configs(found).get)
    facts = (
        ("row", name_row(wanted, False)),
        ("id", plain(wanted.id)),
        ("at", f"{wanted.at:%Y-%m-%d %H:%M:%S} UTC"),
        ("kind", plain(wanted.kind)),
        ("hash", plain(wanted.hash)),
        ("previous", plain(wanted.previous_hash)),
        ("what", line.what),
        ("why", line.why),
    )
    for name, value in facts:
        screen.say_wrapped(f"{name:<9}{value}")
    screen.say_heading("Body")
    screen.say_json(as_json(wanted)["body"])


def as_json(row: Row) -> dict[str, Any]:
    """Turn a row into JSON material, its body as material too where it is JSON."""
    from flyball.core.codec import encode

    body: Any
    try:
        body = json_module.loads(row.body)
    except ValueError:
        body = row.body
    return {**row._asdict(), "at": encode(row.at), "body": body}


def name_row(row: Row, short: bool) -> str:
    """Name a row so that it can be typed: TARGET@SEQUENCE."""
    from flyball.report.plain import plain

    return f"@{row.sequence}" if short else f"{plain(row.scalable_target_id)}@{row.sequence}"


def _name_ledger(ledger: Path | None, stack: str | None) -> str:
    """Write which ledger was named as the end of a command."""
    from flyball.report.plain import plain

    if stack is not None:
        return f" --stack {plain(stack)}"
    return "" if ledger is None else f" --ledger {plain(str(ledger))}"


def _choose(
    ledger: Ledger,
    target: str | None,
    kind: Kind | None,
    earliest: datetime | None,
    *,
    changes_only: bool,
) -> Iterator[Row]:
    from flyball.cli.store import newest

    name = Kind.DECISION.value if changes_only else None if kind is None else kind.value
    for row in newest(ledger, target, name):
        if earliest is not None and row.at < earliest:
            return
        if not changes_only or (SET in row.body and kind in (None, Kind.DECISION)):
            yield row


def _time(at: datetime, *, days: bool) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" if days else f"{at:%H:%M:%S}"
