"""What would applying a config change?"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flyball.cli.deployment import (
    CHANGES,
    AllowScaleIn,
    Config,
    HandBack,
    Prune,
    Region,
    Stack,
    TakeOver,
    Unseen,
    draft_shown,
    make_request,
    opened_stores,
)
from flyball.cli.execution import show
from flyball.cli.failure import FOUND, refuse, refusing_with
from flyball.cli.options import Database, Json, LocalLedger, Project, TargetNames

if TYPE_CHECKING:
    from flyball.plan.model import Plan


def plan(
    config: Config,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="PLAN", help="Write the plan, for `flyball apply PLAN`."),
    ] = None,
    stack: Stack = None,
    region: Region = None,
    project: Project = None,
    database: Database = None,
    ledger: LocalLedger = None,
    target: TargetNames = None,
    prune: Prune = False,
    take_over: TakeOver = False,
    hand_back: HandBack = None,
    unseen: Unseen = False,
    allow_scale_in: AllowScaleIn = False,
    destroys: Annotated[
        bool, typer.Option("--destroy", help="Plan what `flyball destroy` would remove.")
    ] = False,
    json: Json = False,
) -> None:
    """Show what applying a config would change; nothing is changed.

    Scalable targets, alarms field by field with their cost, and native scaling; what else was
    seen, each with a remedy. Exit code 0: nothing to change; 2: changes; 1: an error, or a plan
    that cannot be applied.
    """
    from flyball.plan.model import Choices, Purpose
    from flyball.plan.stale import seal, write_plan

    with refusing_with(FOUND):
        choices = Choices(
            prune=prune,
            targets=tuple(target or ()),
            take_over=take_over,
            hand_back=hand_back,
            allow_scale_in=allow_scale_in,
            unseen=unseen,
        )
        if destroys and (take_over or allow_scale_in):
            refuse(
                "--destroy: nothing is taken over or scaled in by it; leave the other option out"
            )
        request = make_request(config, Purpose.DESTROY if destroys else Purpose.APPLY, choices)
        with opened_stores(
            request, ledger, stack, region, project=project, database=database, makes=False
        ) as stores:
            drafted = draft_shown(request, stores)
        if out is not None:
            drafted = seal(_locate(drafted, out, config, ledger))
            out.write_text(write_plan(drafted), encoding="utf-8")
        _show(drafted, out, json=json)
    if drafted.problems:
        raise typer.Exit(FOUND)
    if drafted.changes:
        raise typer.Exit(CHANGES)


def _show(drafted: Plan, out: Path | None, *, json: bool) -> None:
    """Show a plan to people, or to programs."""
    from flyball.cli import screen
    from flyball.plan.stale import write_plan

    if json:
        screen.say(write_plan(drafted).rstrip())
        return
    show(drafted)
    if out is not None and drafted.changes and not drafted.problems:
        screen.say(f"Written: `{screen.name_program()} apply {out}` does exactly this.")


def _locate(drafted: Plan, out: Path, config: Path, ledger: Path | None) -> Plan:
    """Name a plan's files as they are found from its own, wherever all are moved to together."""
    from flyball.cli.store import name_local
    from flyball.wiring.stack import LOCAL

    place = dict(drafted.place)
    if LOCAL in place:
        place[LOCAL] = {"ledger": _seen_from(out, name_local(ledger))}
    return drafted._replace(file=_seen_from(out, config), place=place)


def _seen_from(out: Path, file: Path) -> str:
    return os.path.relpath(file.parent.resolve() / file.name, out.parent.resolve())
