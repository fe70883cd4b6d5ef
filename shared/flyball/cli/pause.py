"""How does a human stop changes of a scalable target for a while?"""

from __future__ import annotations

import getpass
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from flyball.cli.failure import refuse
from flyball.cli.options import (
    Database,
    For,
    Json,
    LedgerPath,
    LedgerProject,
    LedgerStack,
    Until,
    Way,
    choose_end,
)

if TYPE_CHECKING:
    from datetime import timedelta
    from pathlib import Path

    from flyball.controller import Controller
    from flyball.core.model import Direction

TEXT_LIMIT = 500
RETRY_S = 0.2

Target = Annotated[str, typer.Argument(metavar="TARGET", help="The scalable target's name.")]
WhichWay = Annotated[Way, typer.Option("--direction", help="Which changes.")]
By = Annotated[
    str | None, typer.Option("--by", metavar="NAME", help="Who.  [default: who is logged in]")
]


def pause(
    target: Target,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why.")],
    until: Until = None,
    length: For = None,
    direction: WhichWay = Way.BOTH,
    by: By = None,
    ledger: LedgerPath = None,
    stack: LedgerStack = None,
    project: LedgerProject = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Stop the changes of a scalable target, with a reason and an end.

    What would have been decided is still recorded. The hard bounds still hold.
    """
    from flyball.cli import screen
    from flyball.core.codec import encode
    from flyball.core.model import Pause
    from flyball.report.plain import plain
    from flyball.report.rows import tell_pause
    from flyball.wiring.local import SystemClock

    now = SystemClock().now()
    end = choose_end(until, length, now, ("--until", "--for"))
    asked = Pause(_direction(direction), end, _name(by), _text("--reason", reason))
    where = _Where(ledger, stack, project, database)
    row_id = _edit(where, lambda controller: controller.pause(target, asked))
    if json:
        screen.say_json({"row": row_id, "scalable_target_id": target, "pause": encode(asked)})
        return
    screen.say(f"{plain(target)}: paused {tell_pause(asked, now=now)}")


def resume(
    target: Target,
    direction: WhichWay = Way.BOTH,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why.")] = "",
    by: By = None,
    ledger: LedgerPath = None,
    stack: LedgerStack = None,
    project: LedgerProject = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """End a pause before its time."""
    from flyball.cli import screen
    from flyball.cli.store import opened
    from flyball.core.codec import parse
    from flyball.core.model import History
    from flyball.report.plain import plain

    way, who, why = _direction(direction), _name(by), _text("--reason", reason)
    with opened(ledger, stack=stack, project=project, database=database) as found:
        pauses = parse(History, found.status(target).history).pauses
    lifted = [each for each in pauses if way in (None, each.direction)]
    row_id = ""
    if lifted:
        where = _Where(ledger, stack, project, database)
        row_id = _edit(where, lambda each: each.resume(target, way, who, why))
    left = len(pauses) - len(lifted)
    if json:
        summary = {"row": row_id, "scalable_target_id": target}
        screen.say_json({**summary, "lifted": len(lifted), "left": left})
        return
    if not lifted:
        screen.say(f"{plain(target)}: no such pause; nothing is changed")
    else:
        rest = " A pause of the other direction, or of both, lasts." if left else ""
        screen.say(f"{plain(target)}: resumed.{rest}")


def _direction(way: Way) -> Direction | None:
    from flyball.core.model import Direction

    return {Way.OUT: Direction.OUT, Way.IN: Direction.IN}.get(way)


def _name(by: str | None) -> str:
    if by is not None:
        return _text("--by", by)
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "unknown"


def _text(option: str, text: str) -> str:
    if len(text) > TEXT_LIMIT or not text.isprintable():
        refuse(f"{option}: expected at most {TEXT_LIMIT} printable characters on one line")
    return text


class _Where(NamedTuple):
    """Which ledger the command line names; None: it does not."""

    ledger: Path | None
    stack: str | None
    project: str | None
    database: str | None


def _edit(where: _Where, act: Callable[[Controller], str]) -> str:
    """Have the controller write a row, waiting for a wake that is at work."""
    from flyball.adapters.local.endpoint import LocalEndpoints
    from flyball.cli.store import opened
    from flyball.wiring.local import Settings, build

    settings = Settings.from_env()
    ledger, stack, project, database = where
    with opened(ledger, settings, stack=stack, project=project, database=database) as found:
        controller = build(found, LocalEndpoints(), {}, settings=settings)
        return _retry(lambda: act(controller), settings.wait)


def _retry(act: Callable[[], str], wait: timedelta) -> str:
    from flyball.ports import LeaseHeldError

    ends = time.monotonic() + wait.total_seconds()
    while True:
        try:
            return act()
        except LeaseHeldError:
            if time.monotonic() >= ends:
                raise
            time.sleep(RETRY_S)
