"""How does Flyball come to a project of Google Cloud, and go again?

    python -m deploy.gcp deploy  --project P --region R [--mode advise|apply] [--dry-run]
    python -m deploy.gcp destroy --project P --region R [--delete-ledger] [--force] [--dry-run]
    python -m deploy.gcp build   [--runtime python313]       the folder that is uploaded, alone

Each step is found first and changed only where it differs, so a second run changes nothing, and one
that broke off goes on. What is deployed keeps each option that is not given. With --dry-run nothing
is run: a script of every command is printed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from deploy.aws.build import compile_all
from deploy.gcp.failure import CommandError
from deploy.gcp.functions import list_variables
from deploy.gcp.leave import LeftError, list_targets, refuse_leaving
from deploy.gcp.place import MODES, RUNTIME, Place, PlaceError, check_place, check_runtime
from deploy.gcp.present import ElsewhereError, keep, look, refuse_elsewhere, settle, tell_kept
from deploy.gcp.run import FixedError, Say, UndoError, ask_gcloud, make, undo
from deploy.gcp.step import UnknownError, fill, write_script
from deploy.gcp.steps import KEEPS, list_steps
from deploy.stage import StagingError, digest_tree, stage

ROOT = Path(__file__).resolve().parents[2]
SOURCE = "build/gcp"
FOR_PEOPLE = (
    "FLYBALL_GCP_PROJECT",
    "FLYBALL_GCP_REGION",
    "FLYBALL_FIRESTORE_DATABASE",
    "FLYBALL_ALERT_CHANNEL",
    "FLYBALL_TICK_AUDIENCE",
    "FLYBALL_TICK_ACCOUNT",
    "FLYBALL_ALARM_PREFIX",
    "FLYBALL_MODE",
)
"""Variables that commands on a person's machine need, too."""
DIGEST = "${digest}"
"""Stands for it in a dry run, which stages nothing: its script does, and learns it."""
NAME = "flyball"
OPTIONS = ("mode", "runtime", "max_instances", "handful", "email", "channels", "ai_platform")
"""That a deployment keeps where they are not given: fields of a Place."""
GOES_ON = {
    "deploy": "What was done stays: the same command goes on from here.",
    "destroy": "What was undone stays so: the same command does the rest.",
    "build": "",
}
"""By what is done: how it can go on."""
CLOSED = 141
"""Ends a program whose pipe was closed, as a shell says it."""
IGNORE = ".gcloudignore"
IGNORED = "# All of this folder is uploaded, the compiled modules too; gcloud asks no other file.\n"


def build(runtime: str, out: Path) -> str:
    """Build the folder that is uploaded, and give the digest of its sources.

    Every module is compiled: a function's folder can be written by nobody, so what is not compiled
    here is compiled again on each cold start.

    Raises:
        StagingError: Something needed is missing.
        subprocess.CalledProcessError: A module cannot be compiled.
    """
    stage("gcp", ROOT, out)
    digest = digest_tree(out)
    (out / IGNORE).write_text(f"{IGNORED}{IGNORE}\n", encoding="utf-8")
    compile_all(out, f"{runtime[:7]}.{runtime[7:]}", "install it, or name another --runtime")
    return digest


def main(arguments: list[str] | None = None) -> int:
    """Deploy, or undo it; 0: it is as wanted, 1: it is not, 141: nobody reads what is printed."""
    chosen = _read(arguments)
    changes: list[str] = []

    def say(line: str) -> None:
        changes.append(line)
        print(line, flush=True)

    goes_on = GOES_ON[chosen.action]
    try:
        _act(chosen, say)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if changes:
            print(f"deploy: nobody reads what is printed. {goes_on}", file=sys.stderr)
        return CLOSED
    except (PlaceError, StagingError, FixedError, UndoError, ElsewhereError, LeftError) as error:
        print(f"deploy: {error}", file=sys.stderr)
        return 1
    except (CommandError, UnknownError) as error:
        after = goes_on if changes else "Nothing was changed."
        print(f"deploy: {error}\n{after}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"deploy: a module cannot be compiled: {error}", file=sys.stderr)
        return 1
    return 0


def _act(chosen: argparse.Namespace, say: Say) -> None:
    """Do what was asked for."""
    given = {field: getattr(chosen, field) for field in OPTIONS}
    given = {
        field: tuple(value) if field == "channels" else value
        for field, value in given.items()
        if value is not None
    }
    usual = Place(chosen.project, chosen.region, chosen.name, source=SOURCE)
    place = usual._replace(**given)
    if chosen.action == "build":
        check_runtime(place.runtime)
        print(f"{build(place.runtime, ROOT / SOURCE)}  {SOURCE}")
        return
    check_place(place)
    deletes = chosen.action == "destroy"
    if chosen.dry_run:
        place = place._replace(digest=DIGEST)
        steps = list_steps(place, undoing=deletes, deletes_ledger=chosen.delete_ledger)
        _print_script(place, list(write_script(steps, deletes=deletes)), deletes=deletes)
        return
    present = look(place, ask_gcloud, undoing=deletes)
    refuse_elsewhere(place, present)
    if deletes:
        how = {"forced": chosen.force, "deletes_ledger": chosen.delete_ledger}
        left = refuse_leaving(place, present, list_targets, **how)
        _destroy(place, say, deletes_ledger=chosen.delete_ledger)
        if left:
            print(f"Left behind: {left}")
        return
    kept = keep(place, present, ask_gcloud)
    place = settle(usual, given, kept)
    told = tell_kept(place, usual, [each for each in kept if each not in given])
    if told:
        print(f"Kept: {told}", flush=True)
    check_place(place)
    digest = build(place.runtime, ROOT / SOURCE)
    _deploy(place._replace(digest=digest, source=str(ROOT / SOURCE)), say)


def _deploy(place: Place, say: Say) -> None:
    known: dict[str, str] = {}
    steps = list_steps(place)
    count = make(steps, ask_gcloud, say, known)
    print(f"Done: {count} of {len(steps)} steps changed something.")
    told = ", ".join([*([place.email] if place.email else []), *place.channels])
    if told:
        print(f"Told of trouble: {told}")
    else:
        print("Nobody is told of trouble: name --email or --notify, or watch the console.")
    print("For `flyball plan`, `apply` and `destroy` on this machine:")
    for name in FOR_PEOPLE:
        print(f"export {name}={fill((list_variables(place)[name],), known)[0]}")


def _destroy(place: Place, say: Say, *, deletes_ledger: bool) -> None:
    steps = list_steps(place, undoing=True, deletes_ledger=deletes_ledger)
    undone: list[str] = []

    def note(line: str) -> None:
        undone.append(line)
        say(line)

    count = undo(steps, ask_gcloud, note)
    print(f"Done: {count} of {len(steps)} steps changed something.")
    if f"- {KEEPS}" in undone:
        print(f"Gone: what was put aside in {place.quarantine}, if anything was.")
    kept = "" if deletes_ledger else f"the database {place.name} with the ledger, "
    print(f"Kept: {kept}the services that were enabled, and what Cloud Build keeps of sources.")


def _read(arguments: list[str] | None) -> argparse.Namespace:
    what = (
        "Deploy Flyball to a project of Google Cloud, or undo it. What is deployed already keeps "
        "each option that is not given."
    )
    parser = argparse.ArgumentParser(prog="python -m deploy.gcp", description=what)
    parser.add_argument("action", choices=tuple(GOES_ON))
    parser.add_argument("--project", default="", help="its id")
    parser.add_argument("--region", default="", help="of the functions, the job, the database")
    parser.add_argument("--name", default=NAME, help="first part of every name")
    _add_options(parser)
    parser.add_argument("--delete-ledger", action="store_true", help="destroy: the database too")
    parser.add_argument(
        "--force",
        action="store_true",
        help="destroy: also where scalable targets are in force, which stay as they are",
    )
    parser.add_argument("--dry-run", action="store_true", help="print every command, run none")
    chosen = parser.parse_args(arguments)
    for option in ("delete_ledger", "force"):
        if getattr(chosen, option) and chosen.action != "destroy":
            parser.error(f"--{option.replace('_', '-')}: only `destroy` deletes anything")
    missing = [f"--{each}" for each in ("project", "region") if not getattr(chosen, each)]
    if missing and chosen.action != "build":
        parser.error(f"{' and '.join(missing)}: expected with `{chosen.action}`")
    return chosen


def _add_options(parser: argparse.ArgumentParser) -> None:
    """Add what a deployment keeps where it is not given."""
    add = parser.add_argument_group("kept where they are not given").add_argument
    add("--mode", choices=MODES, help="at first: advise")
    add("--runtime", help=f"of the functions; at first: {RUNTIME}")
    add("--max-instances", type=int, help="of each function; at first: 10")
    add("--handful", type=int, help="due targets that a tick handles; at first: 10")
    add("--email", help="whom the alerts for people tell")
    add("--no-email", dest="email", action="store_const", const="", help="and nobody any more")
    add(
        "--notify",
        dest="channels",
        action="append",
        metavar="CHANNEL",
        help="channels that are there, such as projects/P/notificationChannels/7, which they tell "
        "too: these and no others; repeatable",
    )
    add("--no-notify", dest="channels", action="store_const", const=[], help="and none any more")
    add(
        "--ai-platform",
        action=argparse.BooleanOptionalAction,
        help="scale versions of AI Platform, too",
    )


def _print_script(place: Place, lines: list[str], *, deletes: bool) -> None:
    print("#!/bin/sh")
    print("# Printed by a dry run; nothing was run and nothing was asked. It may be run as it is,")
    print("# from the repository's root.")
    if deletes:
        print("# The program looks first whether the deployment is in this region, and whether")
        print("# scalable targets are in force.")
    else:
        print("# The program changes only what differs. Of what is deployed already it keeps each")
        print("# option that is not given, which has its usual value here.")
    print("set -eu")
    if not deletes:
        print("\n# The folder that is uploaded, and the digest of its sources")
        print(f'digest="$(python -m deploy.gcp build --runtime={place.runtime})"')
        print('digest="$(printf %.40s "$digest")"')
    print("\n".join(lines))


if __name__ == "__main__":
    sys.exit(main())
