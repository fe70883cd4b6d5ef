"""What is wrong with a deployment, and what is the remedy?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from flyball.cli.deployment import Region, Stack
from flyball.cli.failure import FOUND, refuse
from flyball.cli.options import Database, Json, LocalLedger, Project

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flyball.plan.model import Check
    from flyball.wiring.doctor import Doctor


class Google(NamedTuple):
    """Which deployment on Google Cloud the command line names; None: it does not."""

    project: str | None
    database: str | None


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
    database: Database = None,
    ledger: LocalLedger = None,
    policy: Annotated[
        bool,
        typer.Option(
            "--policy",
            help="Print what grants all that plan, apply, destroy and doctor need, and end.",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Check credentials, permissions, the deployment's parts, configs, alarms, metrics, resources.

    One line a check: ok, warn or fail, with its remedy; nothing is changed. Without --config it
    looks at what a deployment on AWS has registered, or with --project (or where only
    $FLYBALL_GCP_PROJECT names one) at one on Google Cloud. Exit code 1 if anything fails.

    With --policy nothing is checked: it prints the least that somebody needs who plans, applies,
    destroys and asks the doctor in this deployment. On AWS that is one policy document of IAM, for
    his role; on Google Cloud the gcloud commands that make a custom role and give it to him.
    """
    from flyball.cli import screen
    from flyball.cli.execution import show_lines
    from flyball.plan.model import Level
    from flyball.report.plan import tell_check

    google = Google(project, database)
    if database is not None and project is None:
        refuse("--database: give --project with it, whose database it is")
    if policy:
        if ledger is not None:
            refuse("--policy is of a whole deployment in a cloud: leave out --ledger")
        _print_policy(config, stack, region, google, json=json)
        return
    checks: list[Check] = []
    for check in _examine(config, stack, region, google, ledger):  # each is shown as it is found
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


def _print_policy(
    config: Path | None, stack: str | None, region: str | None, google: Google, *, json: bool
) -> None:
    """Print what grants all that the commands need: IAM's document, or gcloud's commands."""
    from flyball.cli import screen
    from flyball.wiring.doctor import Doctor
    from flyball.wiring.machine import SystemClock

    now = SystemClock().now()
    if not _is_google(google, stack):
        if config is not None:
            refuse("--policy is of a whole deployment on AWS: leave out --config and the like")
        screen.say_json(Doctor(None, "", stack, region, now).list_permissions())
        return
    from flyball.cli.deployment import make_request
    from flyball.plan.model import Choices, Purpose
    from flyball.wiring.google import list_permissions

    wanted = None if config is None else make_request(config, Purpose.APPLY, Choices()).wanted
    needs, commands = list_permissions(Doctor(wanted, "", None, None, now), *google)
    if json:
        listed = [{"project": each.project, "permissions": each.asks} for each in needs]
        screen.say_json({"needs": listed, "commands": commands})
        return
    screen.say("# What flyball plan, apply, destroy and doctor need; only the functions scale.")
    screen.say("# Put whom it is for after --member, and run it as somebody who may grant it.")
    for command in commands:
        screen.say(command)


def _is_google(google: Google, stack: str | None) -> bool:
    """Say whether a deployment on Google Cloud is meant, where no file says it."""
    from flyball.wiring.stack import is_google_named, is_named

    return google.project is not None or (is_google_named() and not is_named(stack))


def _examine(
    config: Path | None,
    stack: str | None,
    region: str | None,
    google: Google,
    ledger: Path | None,
) -> Iterator[Check]:
    from flyball.wiring.doctor import Doctor
    from flyball.wiring.machine import SystemClock

    now = SystemClock().now()
    if config is None:
        doctor = Doctor(None, "", stack, region, now)
        is_google = _is_google(google, stack)
        yield from doctor.examine_gcp(*google) if is_google else doctor.examine_aws()
        return
    from flyball.cli.deployment import make_request
    from flyball.plan.model import Choices, Purpose
    from flyball.wiring.deploy import homes_of
    from flyball.wiring.stack import AWS, GCP, LOCAL

    request = make_request(config, Purpose.APPLY, Choices())
    homes = homes_of(request.wanted)
    if LOCAL in homes:
        yield from _examine_local(Doctor(homes[LOCAL], str(config), stack, region, now), ledger)
    if AWS in homes:
        yield from Doctor(homes[AWS], str(config), stack, region, now).examine_aws()
    if GCP in homes:
        yield from Doctor(homes[GCP], str(config), stack, region, now).examine_gcp(*google)


def _examine_local(doctor: Doctor, path: Path | None) -> Iterator[Check]:
    from flyball.cli.store import name_local, opened

    with opened(name_local(path)) as ledger:
        yield from doctor.examine_local(ledger)
