"""What do plan, apply and destroy share: their options, and what they ask of which homes?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flyball.cli.failure import refuse

if TYPE_CHECKING:
    from flyball.plan.model import Choices, Plan, Purpose, Wanted
    from flyball.wiring.deploy import Request, Store

CHANGES = 2
"""Exit code of a plan: there is something to change."""

Config = Annotated[Path, typer.Option("--config", metavar="FILE", help="A flyball.yaml.")]
MaybeConfig = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="A flyball.yaml; in place of PLAN.")
]
Stack = Annotated[
    str | None,
    typer.Option(
        "--stack",
        metavar="NAME",
        help="The CloudFormation stack of Flyball.  [default: $FLYBALL_TARGETS_TABLE and "
        "$FLYBALL_LEDGER_TABLE, else the stack $FLYBALL_STACK or flyball]",
        show_default=False,
    ),
]
Region = Annotated[
    str | None,
    typer.Option("--region", metavar="NAME", help="AWS's.  [default: as AWS's SDK finds it]"),
]
Prune = Annotated[
    bool,
    typer.Option("--prune", help="Remove registered targets that the file does not name."),
]
TakeOver = Annotated[
    bool,
    typer.Option(
        "--take-over",
        help="Suspend native scaling of targets in mode apply; it can be handed back.",
    ),
]
AllowScaleIn = Annotated[
    bool,
    typer.Option("--allow-scale-in", help="Apply also where it scales in at once, to the bounds."),
]
Unseen = Annotated[
    bool,
    typer.Option(
        "--unseen", help="Take over, or begin to apply, also what no function has looked at lately."
    ),
]
HandBack = Annotated[
    bool | None,
    typer.Option(
        "--hand-back/--no-hand-back",
        help="Resume native scaling that was suspended by a take-over, where Flyball goes; or "
        "leave it suspended.",
        show_default=False,
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def make_request(config: Path, purpose: Purpose, choices: Choices) -> Request:
    """Read a config, and say what is planned for it.

    Raises:
        ConfigError: With every problem of the file.
        CommandError: The file has no target of a name.
    """
    from flyball.cli.validate import load_config
    from flyball.config.load import compile_config
    from flyball.plan.model import Wanted
    from flyball.wiring.deploy import Request
    from flyball.wiring.machine import engine_version

    loaded = load_config(config)
    wanted = tuple(Wanted(*each) for each in compile_config(loaded))
    if choices.targets:
        wanted = _choose(config, wanted, choices)
    return Request(purpose, wanted, choices, str(config), engine_version())


def _choose(config: Path, wanted: Sequence[Wanted], choices: Choices) -> tuple[Wanted, ...]:
    """Keep the targets that are named."""
    from flyball.config.problem import suggest

    if choices.prune:
        refuse("--target names what is meant, and --prune what is not: give one of the two")
    ids = [each.id for each in wanted]
    for name in choices.targets:
        if name not in ids:
            near = suggest(name, ids)
            refuse(f"{config}: --target {name}: no such scalable target{near and f'; {near}'}")
    return tuple(each for each in wanted if each.id in choices.targets)


@contextmanager
def opened_stores(
    request: Request,
    ledger: Path | None,
    stack: str | None,
    region: str | None,
    *,
    project: str | None = None,
    database: str | None = None,
    makes: bool = True,
) -> Iterator[Mapping[str, Store]]:
    """Open every home that a request is about; a deployment that is named is one of them."""
    from flyball.cli.folder import make_folder
    from flyball.cli.store import name_local
    from flyball.wiring.deploy import homes_of
    from flyball.wiring.stack import AWS, GCP, LOCAL, is_google_named, is_named, open_stores

    if database is not None and project is None:
        refuse("--database: give --project with it, whose database it is")
    homes = set(homes_of(request.wanted)) | ({AWS} if is_named(stack) else set())
    homes |= {GCP} if project is not None or is_google_named() else set()
    if LOCAL in homes:
        ledger = name_local(ledger)
        if makes:
            make_folder(ledger)
    elif ledger is not None:
        refuse(
            f"--ledger: no scalable target of {request.file} is at home on this machine; those in "
            "AWS are found by --stack, those on Google Cloud by --project"
        )
    google = {"project": project, "database": database}
    with open_stores(homes, ledger, stack, region, makes=makes, **google) as stores:
        yield stores


def draft_shown(request: Request, stores: Mapping[str, Store]) -> Plan:
    """Make a plan, with its progress on a terminal."""
    from flyball.cli import screen
    from flyball.wiring.deploy import draft
    from flyball.wiring.machine import SystemClock

    with screen.progress("Looking at what is there", len(request.wanted)) as advance:
        return draft(request, stores, SystemClock().now(), advance)
