"""How does Flyball come to a project of Google Cloud, and go again?

    python -m deploy.gcp deploy  --project P --region R [--mode advise|apply] [--dry-run]
    python -m deploy.gcp destroy --project P --region R [--delete-ledger] [--dry-run]

Each step is found first and changed only where it differs, so a second run changes nothing, and one
that broke off goes on. With --dry-run nothing is run: a script of every command is printed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from deploy.aws.build import compile_all
from deploy.gcp.functions import list_variables
from deploy.gcp.place import MODES, RUNTIME, Place, PlaceError, check_place
from deploy.gcp.run import CommandError, ask_gcloud, make, undo
from deploy.gcp.step import UnknownError, fill, write_script
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
    compile_all(out, f"{runtime[:7]}.{runtime[7:]}")
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
    )
    deletes = chosen.action == "destroy"
    try:
        check_place(place)
        if not deletes and not chosen.dry_run:
            place = place._replace(digest=build(place.runtime, ROOT / SOURCE))
            place = place._replace(source=str(ROOT / SOURCE))
        steps = list_steps(place, undoing=deletes, deletes_ledger=chosen.delete_ledger)
        if chosen.dry_run:
            _print_script(place, list(write_script(steps, deletes=deletes)), deletes=deletes)
            return 0
        known: dict[str, str] = {}
        count = undo(steps, ask_gcloud, _say) if deletes else make(steps, ask_gcloud, _say, known)
    except (PlaceError, StagingError, CommandError, UnknownError) as error:
        print(f"deploy: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"deploy: a module cannot be compiled: {error}", file=sys.stderr)
        return 1
    print(f"Done: {count} of {len(steps)} steps changed something.")
    if deletes:
        kept = "" if chosen.delete_ledger else f"the database {place.name} with the ledger, and "
        print(f"Kept: {kept}the services that were enabled.")
    else:
        print("For `flyball plan`, `apply` and `destroy` on this machine:")
        for name in FOR_PEOPLE:
            print(f"export {name}={fill((list_variables(place)[name],), known)[0]}")
    return 0


def _read(arguments: list[str] | None) -> argparse.Namespace:
    what = "Deploy Flyball to a project of Google Cloud, or undo it."
    parser = argparse.ArgumentParser(prog="python -m deploy.gcp", description=what)
    parser.add_argument("action", choices=("deploy", "destroy"))
    parser.add_argument("--project", required=True)
    parser.add_argument("--region", required=True, help="of the functions, the job, the database")
    parser.add_argument("--name", default="flyball", help="first part of every name")
    parser.add_argument("--mode", choices=MODES, default="advise")
    parser.add_argument("--runtime", default=RUNTIME)
    parser.add_argument("--max-instances", type=int, default=10, help="of each function")
    parser.add_argument("--email", default="", help="whom the dead-man alert tells")
    parser.add_argument("--ai-platform", action="store_true", help="scale its versions, too")
    parser.add_argument("--delete-ledger", action="store_true", help="destroy: the database too")
    parser.add_argument("--dry-run", action="store_true", help="print every command, run none")
    chosen = parser.parse_args(arguments)
    if chosen.delete_ledger and chosen.action == "deploy":
        parser.error("--delete-ledger: only `destroy` deletes anything")
    return chosen


def _print_script(place: Place, lines: list[str], *, deletes: bool) -> None:
    print("#!/bin/sh")
    print("# Printed by a dry run; nothing was run. It is what the program does, and may be run as")
    print("# it is, from the repository's root. The program changes only what differs.")
    if not deletes:
        print("# First: python deploy/stage.py gcp")
        print(f"# The label flyball-source is then a digest of {place.source}.")
    print("set -eu")
    print("\n".join(lines))


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
