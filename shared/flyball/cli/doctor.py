"""What is wrong with a deployment, and what is the remedy?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flyball.cli.deployment import Region, Stack
from flyball.cli.failure import FOUND, refuse
from flyball.cli.options import Json, LocalLedger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flyball.plan.model import Check
    from flyball.wiring.doctor import Doctor


GCP = "gcp"
Project = Annotated[
    str | None,
    typer.Option(
        "--project",
        metavar="ID",
        help="Google's, in which the ledger is.  [default: $FLYBALL_GCP_PROJECT, else that of the "
        "scalable targets or credentials]",
        show_default=False,
    ),
]


def doctor(
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", metavar="FILE", help="A flyball.yaml.  [default: what is registered]"
        ),
    ] = None,
    stack: Stack = None,
    region: Region = None,
    project: Project = None,
    ledger: LocalLedger = None,
    policy: Annotated[
        bool,
        typer.Option(
            "--policy",
            help="Print the IAM policy that plan, apply, destroy and doctor need, and end.",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Check credentials, clock, permissions, tables, tick, configs, alarms, metrics and endpoints.

    One line a check: ok, warn or fail, with its remedy; nothing is changed. Without --config it
    looks at what a deployment on AWS has registered, or with --project one on Google Cloud. Exit
    code 1 if anything fails.

    With --policy nothing is checked: it prints the least that somebody needs who plans, applies,
    destroys and asks the doctor in this deployment, as one policy document of IAM, for his role.
    """
    from flyball.cli import screen
    from flyball.cli.execution import show_lines
    from flyball.plan.model import Level
    from flyball.report.plan import tell_check

    if policy:
        if any(each is not None for each in (config, ledger, project)):
            refuse("--policy is of a whole deployment on AWS: leave out --config and the like")
        screen.say_json(_list_permissions(stack, region))
        return
    checks: list[Check] = []
    for check in _examine(config, stack, region, project, ledger):  # each is shown as it is found
        checks.append(check)
        if not json:
            show_lines(tell_check(check))
    failed = [each for each in checks if each.level is Level.FAIL]
    warned = [each for each in checks if each.level is Level.WARN]
    if json:
        listed = [each._asdict() for each in checks]
        screen.say_json({"ok": not failed, "checks": listed})
    else:
        fine = len(checks) - len(failed) - len(warned)
        screen.say()
        screen.say(f"{fine} ok, {len(warned)} to look at, {len(failed)} failed")
    if failed:
        raise typer.Exit(FOUND)


def _list_permissions(stack: str | None, region: str | None) -> dict[str, Any]:
    from flyball.wiring.doctor import Doctor
    from flyball.wiring.machine import SystemClock

    return Doctor(None, "", stack, region, SystemClock().now()).list_permissions()


def _examine(
    config: Path | None,
    stack: str | None,
    region: str | None,
    project: str | None,
    ledger: Path | None,
) -> Iterator[Check]:
    from flyball.wiring.doctor import Doctor
    from flyball.wiring.machine import SystemClock

    now = SystemClock().now()
    if config is None:
        doctor = Doctor(None, "", stack, region, now)
        yield from doctor.examine_aws() if project is None else doctor.examine_gcp(project)
        return
    from flyball.cli.deployment import make_request
    from flyball.plan.model import Choices, Purpose
    from flyball.wiring.deploy import homes_of
    from flyball.wiring.stack import AWS, LOCAL

    request = make_request(config, Purpose.APPLY, Choices())
    homes = homes_of(request.wanted)
    if LOCAL in homes:
        yield from _examine_local(Doctor(homes[LOCAL], str(config), stack, region, now), ledger)
    if AWS in homes:
        yield from Doctor(homes[AWS], str(config), stack, region, now).examine_aws()
    if GCP in homes:
        yield from Doctor(homes[GCP], str(config), stack, region, now).examine_gcp(project)


def _examine_local(doctor: Doctor, path: Path | None) -> Iterator[Check]:
    from flyball.cli.store import name_local, opened

    with opened(name_local(path)) as ledger:
        yield from doctor.examine_local(ledger)
