"""How does what a config made go again, with nobody left out of charge by default?"""

from __future__ import annotations

from typing import Annotated

import typer

from flyball.cli.deployment import (
    Config,
    HandBack,
    Region,
    Stack,
    Yes,
    draft_shown,
    make_request,
    opened_stores,
)
from flyball.cli.execution import carry_out_shown
from flyball.cli.failure import FOUND, refusing_with
from flyball.cli.options import Database, Json, LocalLedger, Project, TargetNames


def destroy(
    config: Config,
    target: TargetNames = None,
    hand_back: HandBack = None,
    everything: Annotated[
        bool,
        typer.Option("--all", help="Remove every registered target, also what no file names."),
    ] = False,
    yes: Yes = False,
    stack: Stack = None,
    region: Region = None,
    project: Project = None,
    database: Database = None,
    ledger: LocalLedger = None,
    json: Json = False,
) -> None:
    """Remove the alarms and the items of a config's scalable targets; the ledger's rows stay.

    Capacity is left as it is. Native scaling that a take-over suspended is resumed with
    --hand-back, before anything of ours goes; who is to be in charge is never left open. Exit code
    0: it is gone; 1: it is not, and what was done is said. `flyball plan --destroy` shows it first.
    """
    from flyball.plan.model import Choices, Purpose

    with refusing_with(FOUND):
        choices = Choices(prune=everything, targets=tuple(target or ()), hand_back=hand_back)
        request = make_request(config, Purpose.DESTROY, choices)
        with opened_stores(
            request, ledger, stack, region, project=project, database=database
        ) as stores:
            carry_out_shown(draft_shown(request, stores), stores, asks=not yes, json=json)
