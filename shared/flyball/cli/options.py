"""Which options do several commands share, and what may be written in them?"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from flyball.cli.failure import refuse

T = TypeVar("T")
FAR = timedelta(hours=12)
"""A time of day that is past today is tomorrow's without a question for so long ahead."""

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for other programs.")]
LedgerPath = Annotated[
    Path | None,
    typer.Option(
        "--ledger",
        metavar="PATH",
        help="The ledger's file, or dynamodb:TARGETS/LEDGER, the names of its two tables, or "
        "firestore:PROJECT/DATABASE.  "
        "[default: $FLYBALL_LEDGER, else .flyball/ledger.db]",
        show_default=False,
    ),
]
LocalLedger = Annotated[
    Path | None,
    typer.Option(
        "--ledger",
        metavar="PATH",
        help="The ledger's file, of scalable targets at home on this machine.  "
        "[default: $FLYBALL_LEDGER, else .flyball/ledger.db]",
        show_default=False,
    ),
]
LedgerStack = Annotated[
    str | None,
    typer.Option(
        "--stack",
        metavar="NAME",
        help="In place of --ledger: the CloudFormation stack whose ledger is meant.",
    ),
]
LedgerProject = Annotated[
    str | None,
    typer.Option(
        "--project",
        metavar="ID",
        help="In place of --ledger: Google's project whose deployment's ledger is meant.",
    ),
]
Project = Annotated[
    str | None,
    typer.Option(
        "--project",
        metavar="ID",
        help="Google's, whose deployment of Flyball is meant: its functions say the rest.  "
        "[default: as $FLYBALL_GCP_PROJECT and the like say]",
        show_default=False,
    ),
]
Database = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="ID",
        help="With --project: of the ledger in Firestore.  [default: the only deployment's there]",
        show_default=False,
    ),
]
ConfigPath = Annotated[Path, typer.Argument(metavar="FILE", help="A flyball.yaml.")]
TargetName = Annotated[
    str | None,
    typer.Option("--target", metavar="NAME", help="Only this scalable target."),
]
TargetNames = Annotated[
    list[str] | None,
    typer.Option("--target", metavar="ID", help="Only this scalable target; may be repeated."),
]

CapacityPerInstance = Annotated[
    float | None,
    typer.Option(
        "--capacity-per-instance",
        metavar="REQUESTS",
        help="What one instance serves in a minute.  [default: a twentieth of the peak]",
    ),
]
Until = Annotated[
    str | None,
    typer.Option(
        "--until",
        metavar="INSTANT",
        help="Its end; without one it lasts. A time of day, in UTC, is the next such one; it needs "
        "a date where that is tomorrow's and more than 12 hours ahead.",
    ),
]
For = Annotated[
    str | None, typer.Option("--for", metavar="DURATION", help="Or how long: 90s, 5m, 2h.")
]


class Way(Enum):
    """A direction, as it is typed."""

    OUT = "out"
    IN = "in"
    BOTH = "both"


def read_duration(option: str, text: str) -> timedelta:
    """Read `90`, `90s`, `5m` or `1h30m`.

    Raises:
        CommandError: It is something else; the message names the option.
    """
    from flyball.config.duration import parse_duration

    return _read(option, text, parse_duration)


def read_instant(option: str, text: str, now: datetime, *, is_past: bool = False) -> datetime:
    """Read an instant; without an offset it is UTC.

    A time of day alone is the next such one, or, of what is past, the last one.

    Raises:
        CommandError: It is something else; the message names the option.
    """
    return _read(option, text, lambda each: _parse_instant(each, now, is_past=is_past))


def check_capacity_per_instance(value: float | None) -> None:
    """Refuse what is no number above 0."""
    if value is not None and not 0 < value < math.inf:
        refuse(f"--capacity-per-instance: got {value}, expected a number above 0")


def choose_end(
    until: str | None, length: str | None, now: datetime, names: tuple[str, str]
) -> datetime | None:
    """Read an end that is given as an instant or as a duration from now; None: not given.

    Raises:
        CommandError: Both are given, or the end is not after now, or it is a time of day that is
            past today and so far off tomorrow that it may be a slip.
    """
    if until is not None and length is not None:
        refuse(f"{names[0]} and {names[1]}: give one of the two")
    if length is not None:
        return now + read_duration(names[1], length)
    if until is None:
        return None
    end = read_instant(names[0], until, now)
    if end <= now:
        refuse(f"{names[0]}: {end:%Y-%m-%d %H:%M:%S} UTC is past; give an instant to come")
    if _is_clock(until) and end.date() > now.date() and end - now > FAR:
        from flyball.report.figures import duration

        refuse(
            f"{names[0]}: {until} UTC is past today, and tomorrow's is {duration(end - now)} "
            f"ahead; if that is meant, give its date: {end:%Y-%m-%dT%H:%M}"
        )
    return end


def _read(option: str, text: str, parse: Callable[[str], T]) -> T:
    try:
        return parse(text)
    except (ValueError, OverflowError) as error:
        refuse(f"{option}: got {text!r}, expected {error}")


def _is_clock(text: str) -> bool:
    """Say whether a text is a time of day, without a date."""
    return len(text) <= len("18:00:00") and ":" in text


def _parse_instant(text: str, now: datetime, *, is_past: bool) -> datetime:
    expected = "an instant such as 2026-11-21T18:00Z, 18:00 (UTC), 2026-11-21 or now"
    if text == "now":
        return now
    try:
        if _is_clock(text):
            clock = datetime.strptime(text, "%H:%M" if text.count(":") == 1 else "%H:%M:%S")  # noqa: DTZ007
            today = now.replace(hour=clock.hour, minute=clock.minute, second=clock.second)
            today = today.replace(microsecond=0)
            if is_past:
                return today if today <= now else today - timedelta(days=1)
            return today if today > now else today + timedelta(days=1)
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(expected) from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
