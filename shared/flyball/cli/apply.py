"""How does a config come into force, from a plan that is still true?"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from flyball.cli.deployment import (
    AllowScaleIn,
    HandBack,
    MaybeConfig,
    Prune,
    Region,
    Stack,
    TakeOver,
    Unseen,
    Yes,
    draft_shown,
    make_request,
    opened_stores,
)
from flyball.cli.execution import carry_out_shown, write_options
from flyball.cli.failure import FOUND, complain, refuse, refusing_with
from flyball.cli.options import Database, Json, LocalLedger, Project, TargetNames

if TYPE_CHECKING:
    from flyball.plan.model import Plan
    from flyball.wiring.deploy import Request, Store


class Named(NamedTuple):
    """Which deployments the command line names; None: it does not."""

    stack: str | None
    region: str | None
    project: str | None
    database: str | None


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
    project: Project = None,
    database: Database = None,
    ledger: LocalLedger = None,
    target: TargetNames = None,
    prune: Prune = False,
    take_over: TakeOver = False,
    hand_back: HandBack = None,
    unseen: Unseen = False,
    allow_scale_in: AllowScaleIn = False,
    json: Json = False,
) -> None:
    """Make the changes of a plan, or plan a config and ask.

    A plan is for the deployment where it was made, and is refused when what it was made from
    has moved; what moved is named. What is done is found again by name and tag: a second apply
    changes nothing, and one that broke off goes on. It ends by saying who is in charge.
    Exit code 0: it is as wanted; 1: it is not, and what was done is said.
    """
    from flyball.plan.model import Choices, Purpose

    choices = Choices(
        prune=prune,
        targets=tuple(target or ()),
        take_over=take_over,
        hand_back=hand_back,
        allow_scale_in=allow_scale_in,
        unseen=unseen,
    )
    with refusing_with(FOUND):
        if (plan is None) == (config is None):
            refuse("give a PLAN, or --config FILE: one of the two")
        if plan is not None:
            if choices != Choices():
                given = write_options(choices, {})
                refuse(f"{given}: that is decided when PLAN is made: say it to `flyball plan`")
            _apply_saved(plan, ledger, Named(stack, region, project, database), json=json)
        elif config is not None:
            request = make_request(config, Purpose.APPLY, choices)
            with opened_stores(
                request, ledger, stack, region, project=project, database=database
            ) as stores:
                carry_out_shown(draft_shown(request, stores), stores, asks=not yes, json=json)


def _apply_saved(path: Path, ledger: Path | None, given: Named, *, json: bool) -> None:
    """Make a saved plan's changes where it was made, if nothing has moved."""
    from flyball.cli import screen
    from flyball.plan.model import Choices

    saved = _read(path)
    request = _again(saved)
    aws = saved.place.get("aws", {})
    stack, region = given.stack or aws.get("stack"), given.region or aws.get("region")
    project, database = _find_google(saved, given)
    with opened_stores(
        request,
        ledger or _find_ledger(path, saved),
        stack or None,
        region or None,
        project=project,
        database=database,
    ) as stores:
        _check_place(path, saved, stores)
        fresh = draft_shown(request, stores)
        _check_moved(path, saved, fresh)
        said = {
            "aws": {"stack": given.stack or "", "region": given.region or ""},
            "gcp": {"project": given.project or "", "database": given.database or ""},
        }
        words = [screen.name_program(), "apply", shlex.quote(str(path))]
        again = f"`{' '.join([*words, write_options(Choices(), said)]).rstrip()}`"
        carry_out_shown(fresh, stores, asks=False, json=json, again=again)


def _find_google(saved: Plan, given: Named) -> tuple[str | None, str | None]:
    """Say which deployment on Google Cloud is meant: one that is named, the environment's, its."""
    from flyball.wiring.stack import is_google_named

    place = saved.place.get("gcp", {})
    if given.project is not None or is_google_named():
        return given.project, given.database
    return place.get("project"), place.get("database")


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


def _check_place(path: Path, saved: Plan, stores: Mapping[str, Store]) -> None:
    """Refuse a plan that is for another place, before anything is looked at there."""
    from flyball.plan.stale import compare_places

    here = {name: {} if each.home is None else each.home.place for name, each in stores.items()}
    _refuse_stale(path, saved, list(compare_places(saved, here)), "for another place")


def _check_moved(path: Path, saved: Plan, fresh: Plan) -> None:
    """Refuse a plan that is not true any more, also because its config's file says otherwise."""
    from flyball.plan.stale import moved

    found = [*moved(saved, fresh), *_compare_file(path, saved)]
    _refuse_stale(path, saved, found, "stale")


def _refuse_stale(path: Path, saved: Plan, found: list[str], what: str) -> None:
    """Say what moved, and which command plans the same again."""
    from flyball.cli.store import name_local
    from flyball.plan.model import Purpose
    from flyball.report.plain import plain

    if not found:
        return
    lines = "\n  ".join(map(plain, found[:SHOWN]))
    complain(f"{path}: this plan is {what}; nothing was changed:\n  {lines}")
    options = ["--destroy"] if saved.purpose is Purpose.DESTROY else []
    options += [each for each in (write_options(saved.choices, _name_again(saved)),) if each]
    ledger = _find_ledger(path, saved)
    if ledger is not None and ledger != name_local(None):
        options += ["--ledger", shlex.quote(str(ledger))]
    words = ["plan", "--config", shlex.quote(str(_find_file(path, saved))), *options]
    refuse(f"{path}: plan again: `flyball {' '.join(words)} --out {shlex.quote(str(path))}`")


def _name_again(saved: Plan) -> dict[str, Mapping[str, str]]:
    """Say where a plan was made, as far as the environment does not."""
    from flyball.wiring.stack import is_google_named

    hides = {"gcp"} if is_google_named() else set()
    return {home: place for home, place in saved.place.items() if home not in hides}


def _find_file(path: Path, saved: Plan) -> Path:
    """Find a plan's config: it is named as it was found from the plan's own file."""
    return Path(os.path.normpath(path.parent / saved.file))


def _find_ledger(path: Path, saved: Plan) -> Path | None:
    """Find the ledger of a plan's targets at home on this machine, named likewise."""
    named = saved.place.get("local", {}).get("ledger")
    return None if named is None else Path(os.path.normpath(path.parent / named))


def _compare_file(path: Path, saved: Plan) -> list[str]:
    """Say which targets the config's file would compile otherwise, if it is there."""
    from flyball.cli.validate import load_config
    from flyball.config.load import compile_config

    file = _find_file(path, saved)
    if not file.is_file():
        complain(f"{file}: not found, so whether it was changed since the plan is not known")
        return []
    chosen = saved.choices.targets
    compiled = compile_config(load_config(file))
    now = {each.id: each.config_hash for each in compiled if not chosen or each.id in chosen}
    planned = {each.id: each.config_hash for each in saved.wanted}
    changed = sorted(name for name in {*now, *planned} if now.get(name) != planned.get(name))
    return [f"{file}: scalable target {name} was changed since" for name in changed]
