"""How does Flyball come to a project of Google Cloud, and go again?

    python -m deploy.gcp deploy  --project P --region R [--mode advise|apply] [--dry-run]
    python -m deploy.gcp destroy --project P --region R [--delete-ledger] [--dry-run]
    python -m deploy.gcp build   [--runtime python313]       the folder that is uploaded, alone

Each step is found first and changed only where it differs, so a second run changes nothing, and one
that broke off goes on. With --dry-run nothing is run: a script of every command is printed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.aws.build import compile_all
from deploy.gcp.failure import CommandError
from deploy.gcp.functions import list_variables
from deploy.gcp.place import MODES, RUNTIME, Place, PlaceError, check_place
from deploy.gcp.run import FixedError, UndoError, ask_gcloud, make, undo
from deploy.gcp.step import Step, UnknownError, fill, write_script
from deploy.gcp.steps import list_steps
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
DIGEST = "the-digest-of-the-staged-folder"
"""Stands for it in a dry run, which stages nothing."""
GOES_ON = "What was done stays: the same command goes on from here."
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
    """Deploy, or undo it; 0: it is as wanted, 1: it is not."""
    chosen = _read(arguments)
    place = Place(
        chosen.project,
        chosen.region,
        chosen.name,
        chosen.mode,
        chosen.runtime,
        chosen.max_instances,
        chosen.email,
        SOURCE,
        DIGEST,
        chosen.ai_platform,
        tuple(chosen.notify),
        chosen.handful,
    )
    deletes = chosen.action == "destroy"
    try:
        if chosen.action == "build":
            print(f"{build(chosen.runtime, ROOT / SOURCE)}  {SOURCE}")
            return 0
        check_place(place)
        if not deletes and not chosen.dry_run:
            place = place._replace(digest=build(place.runtime, ROOT / SOURCE))
            place = place._replace(source=str(ROOT / SOURCE))
        steps = list_steps(place, undoing=deletes, deletes_ledger=chosen.delete_ledger)
        if chosen.dry_run:
            _print_script(place, list(write_script(steps, deletes=deletes)), deletes=deletes)
        elif deletes:
            _destroy(place, steps, deletes_ledger=chosen.delete_ledger)
        else:
            _deploy(place, steps)
    except (PlaceError, StagingError, FixedError, UndoError) as error:
        print(f"deploy: {error}", file=sys.stderr)
        return 1
    except (CommandError, UnknownError) as error:
        print(f"deploy: {error}\n{GOES_ON}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"deploy: a module cannot be compiled: {error}", file=sys.stderr)
        return 1
    return 0


def _deploy(place: Place, steps: Sequence[Step]) -> None:
    known: dict[str, str] = {}
    count = make(steps, ask_gcloud, _say, known)
    print(f"Done: {count} of {len(steps)} steps changed something.")
    if not place.email and not place.channels:
        print("Nobody is told of trouble: name --email or --notify, or watch the console.")
    print("For `flyball plan`, `apply` and `destroy` on this machine:")
    for name in FOR_PEOPLE:
        print(f"export {name}={fill((list_variables(place)[name],), known)[0]}")


def _destroy(place: Place, steps: Sequence[Step], *, deletes_ledger: bool) -> None:
    count = undo(steps, ask_gcloud, _say)
    print(f"Done: {count} of {len(steps)} steps changed something.")
    kept = "" if deletes_ledger else f"the database {place.name} with the ledger, "
    print(f"Kept: {kept}the services that were enabled, and what Cloud Build keeps of sources.")


def _read(arguments: list[str] | None) -> argparse.Namespace:
    what = "Deploy Flyball to a project of Google Cloud, or undo it."
    parser = argparse.ArgumentParser(prog="python -m deploy.gcp", description=what)
    parser.add_argument("action", choices=("deploy", "destroy", "build"))
    parser.add_argument("--project", default="", help="its id")
    parser.add_argument("--region", default="", help="of the functions, the job, the database")
    parser.add_argument("--name", default="flyball", help="first part of every name")
    parser.add_argument("--mode", choices=MODES, default="advise")
    parser.add_argument("--runtime", default=RUNTIME, help=f"of the functions: {RUNTIME}")
    parser.add_argument("--max-instances", type=int, default=10, help="of each function")
    parser.add_argument("--handful", type=int, default=10, help="due targets that a tick handles")
    parser.add_argument("--email", default="", help="whom the alerts for people tell")
    parser.add_argument(
        *("--notify",),
        action="append",
        default=[],
        metavar="CHANNEL",
        help="and a channel that is there, such as projects/P/notificationChannels/7; repeatable",
    )
    parser.add_argument("--ai-platform", action="store_true", help="scale its versions, too")
    parser.add_argument("--delete-ledger", action="store_true", help="destroy: the database too")
    parser.add_argument("--dry-run", action="store_true", help="print every command, run none")
    chosen = parser.parse_args(arguments)
    if chosen.delete_ledger and chosen.action != "destroy":
        parser.error("--delete-ledger: only `destroy` deletes anything")
    missing = [f"--{each}" for each in ("project", "region") if not getattr(chosen, each)]
    if missing and chosen.action != "build":
        parser.error(f"{' and '.join(missing)}: expected with `{chosen.action}`")
    return chosen


def _print_script(place: Place, lines: list[str], *, deletes: bool) -> None:
    print("#!/bin/sh")
    print("# Printed by a dry run; nothing was run. It is what the program does, and may be run as")
    print("# it is, from the repository's root. The program changes only what differs.")
    if not deletes:
        print(f"# First: python -m deploy.gcp build --runtime={place.runtime}")
        print(f"# It prints the digest of {place.source} that the label flyball-source then has.")
    print("set -eu")
    print("\n".join(lines))


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
