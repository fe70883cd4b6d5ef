"""How does a config come into force, from a plan that is still true?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flyball.cli.deployment import (
    AllowScaleIn,
    MaybeConfig,
    Prune,
    Region,
    Stack,
    TakeOver,
    Yes,
    draft_shown,
    make_request,
    opened_stores,
)
from flyball.cli.execution import carry_out_shown
from flyball.cli.failure import FOUND, complain, refuse, refusing_with
from flyball.cli.options import Json, LedgerPath

if TYPE_CHECKING:
    from flyball.plan.model import Plan
    from flyball.wiring.deploy import Request


SHOWN = 20
"""Most of what moved that is named."""


def apply(
    plan: Annotated[
        Path | None,
        typer.Argument(metavar="[PLAN]", help="What `flyball plan --out` wrote."),
    ] = None,
    config: MaybeConfig = None,
    yes: Yes = False,
    stack: Stack = None,
    region: Region = None,
    ledger: LedgerPath = None,
    prune: Prune = False,
    take_over: TakeOver = False,
    allow_scale_in: AllowScaleIn = False,
    json: Json = False,
) -> None:
    """Make the changes of a plan, or plan a config and ask.

    A plan is refused when what it was made from has moved; what moved is named. What is done is
    found again by name and tag: a second apply changes nothing, and one that broke off goes on.
    Exit code 0: it is as wanted; 1: it is not, and what was done is said.
    """
    from flyball.plan.model import Choices, Purpose

    choices = Choices(prune=prune, take_over=take_over, allow_scale_in=allow_scale_in)
    with refusing_with(FOUND):
        if (plan is None) == (config is None):
            refuse("give a PLAN, or --config FILE: one of the two")
        if plan is not None:
            if choices != Choices():
                refuse("--prune, --take-over and --allow-scale-in are decided when PLAN is made")
            saved = _read(plan)
            with opened_stores(_again(saved), ledger, stack, region) as stores:
                fresh = draft_shown(_again(saved), stores)
                _check_moved(plan, saved, fresh)
                carry_out_shown(fresh, stores, asks=False, json=json)
        elif config is not None:
            request = make_request(config, Purpose.APPLY, choices)
            with opened_stores(request, ledger, stack, region) as stores:
                carry_out_shown(draft_shown(request, stores), stores, asks=not yes, json=json)


def _read(path: Path) -> Plan:
    from flyball.plan.model import PlanError
    from flyball.plan.stale import read_plan

    if path.suffix in {".yaml", ".yml"}:
        refuse(f"{path}: this is a config; name it with --config")
    try:
        return read_plan(path.read_text(encoding="utf-8"))
    except (PlanError, UnicodeDecodeError) as error:
        refuse(f"{path}: {error}")


def _again(plan: Plan) -> Request:
    from flyball.wiring.deploy import Request
    from flyball.wiring.machine import engine_version

    return Request(plan.purpose, plan.wanted, plan.choices, plan.file, engine_version())


def _check_moved(path: Path, saved: Plan, fresh: Plan) -> None:
    """Refuse a plan that is not true any more, also because its config's file says otherwise."""
    from flyball.plan.stale import moved
    from flyball.report.plain import plain

    found = list(moved(saved, fresh))
    found += _compare_file(saved)
    if found:
        lines = "\n  ".join(map(plain, found[:SHOWN]))
        complain(f"{path}: this plan is stale; nothing was changed:\n  {lines}")
        refuse(f"{path}: plan again: `flyball plan --config {saved.file} --out {path}`")


def _compare_file(saved: Plan) -> list[str]:
    """Say which targets the config's file would compile otherwise, if it is there."""
    from flyball.cli.validate import load_config
    from flyball.config.load import compile_config

    file = Path(saved.file)
    if not file.is_file():
        return []
    now = {each.id: each.config_hash for each in compile_config(load_config(file))}
    planned = {each.id: each.config_hash for each in saved.wanted}
    changed = sorted(name for name in {*now, *planned} if now.get(name) != planned.get(name))
    return [f"{file}: scalable target {name} was changed since" for name in changed]
