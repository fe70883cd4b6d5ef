"""What would nobody look after any more, if a deployment went now?

Its scalable targets stay where they are, and the alert policies that wake it for them stay and are
charged for. `flyball destroy` takes both out, and finds them by the deployment's functions: so it
comes first.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from deploy.gcp.place import Place
from deploy.gcp.present import Present

SHOWN = 5
"""So many are named."""


class LeftError(Exception):
    """Something would be left behind; the message says what, and the order that mends it."""


class UnaskedError(Exception):
    """The ledger cannot be asked; the message says why."""


def list_targets(place: Place) -> tuple[str, ...]:
    """List the scalable targets that are in force, by the ledger.

    Raises:
        UnaskedError: It cannot be asked.
    """
    try:
        from flyball.ports import LedgerError  # noqa: PLC0415  (gcloud alone is enough for the rest)
        from flyball.wiring.gcp import open_ledger  # noqa: PLC0415
        from flyball.wiring.settings import SettingsError  # noqa: PLC0415
    except ImportError as error:
        raise UnaskedError(f"{error}: pip install '.[gcp]'") from None
    try:
        with closing(open_ledger(f"firestore:{place.project}/{place.name}")) as ledger:
            return tuple(ledger.scalable_target_ids())
    except (LedgerError, SettingsError) as error:
        raise UnaskedError(str(error)) from None


def refuse_leaving(
    place: Place,
    present: Present,
    ask: Callable[[Place], tuple[str, ...]],
    *,
    forced: bool,
    deletes_ledger: bool,
) -> str:
    """Refuse to undo a deployment that has scalable targets, unless it is forced.

    Where the ledger cannot be asked, alert policies stand for targets; and no ledger is deleted.

    Args:
        place: Which.
        present: What is there of it.
        ask: Lists the targets in force; raises UnaskedError.
        forced: It is undone all the same.
        deletes_ledger: The ledger goes, too.

    Returns:
        What is left behind, for people, with the commands that delete it; "": nothing.

    Raises:
        LeftError: There are targets, and nothing is forced.
    """
    unasked, targets = "", tuple[str, ...]()
    if present.database:
        try:
            targets = ask(place)
        except UnaskedError as error:
            unasked = f"which scalable targets are in force is not known ({error})"
    alarms = present.alarms
    said = [unasked] if unasked else []
    if targets:
        said.append(
            f"{_count(len(targets), 'scalable target is', 'scalable targets are')} in force"
            f" ({_name(targets)}), which nobody would look at any more"
        )
    if alarms:
        policies = _count(len(alarms), "alert policy stays", "alert policies stay")
        said.append(f"{policies}, charged for and heard by nobody ({_name(tuple(alarms))})")
    if not said:
        return ""
    left = "; ".join(said)
    if not forced and (targets or (unasked and (alarms or deletes_ledger))):
        raise LeftError(
            f"{left}. Nothing was changed.\n{_advise(place, present)}\n"
            "Or --force, which leaves all of that as it is"
        )
    delete = f"  gcloud alpha monitoring policies delete --project={place.project} --quiet"
    if targets and deletes_ledger:
        were = _count(len(targets), "scalable target was", "scalable targets were")
        told = f"{were} in force ({_name(targets)}), and what is scaled stays as it was set last"
        left = "; ".join([told, *said[1:]])
    return "\n".join([left, *(f"{delete} {name}" for name in alarms.values())])


def _advise(place: Place, present: Present) -> str:
    """Write the commands that leave nothing, in their order."""
    where = f"--project {place.project} --region {place.region}"
    named = "" if place.name == "flyball" else f" --name {place.name}"
    database = f" --database {place.name}" if named else ""
    lines = [
        f"  flyball destroy --config flyball.yaml --all --project {place.project}{database}",
        f"  python -m deploy.gcp destroy {where}{named}",
    ]
    title = "Remedy, in this order"
    if not present.functions:
        title += "; the functions are gone, without which --project finds no deployment"
        lines.insert(0, f"  python -m deploy.gcp deploy {where}{named}")
    return "\n".join([f"{title}:", *lines])


def _count(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _name(names: tuple[str, ...]) -> str:
    more = len(names) - SHOWN
    return ", ".join([*names[:SHOWN], *([f"{more} more"] if more > 0 else [])])
