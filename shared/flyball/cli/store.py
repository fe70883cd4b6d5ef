"""Which ledger is meant, and which row of it?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from flyball.cli.failure import refuse
from flyball.core.chain import Row
from flyball.core.codec import decode
from flyball.core.record import CONFIG, DECISION, OUTCOME, DecisionRecord
from flyball.core.target import ScalableTarget
from flyball.ports import Ledger, Outcome, UnknownTargetError
from flyball.report.plain import plain
from flyball.wiring.local import Settings, open_ledger

DYNAMODB, FIRESTORE = "dynamodb:", "firestore:"
LAST = "last"
NEARBY = 16
"""Rows after a decision among which its outcome is looked for."""
PAGE = 256


class Told(NamedTuple):
    """A decision row, with what belongs to it.

    Attributes:
        row: The row.
        record: Its body.
        target: The scalable target as the decision's config had it; None: its config row is gone.
        outcome: The provider's answer, where there is one.
    """

    row: Row
    record: DecisionRecord
    target: ScalableTarget | None
    outcome: Outcome | None


@contextmanager
def opened(
    path: Path | None,
    settings: Settings | None = None,
    *,
    stack: str | None = None,
    project: str | None = None,
    database: str | None = None,
) -> Iterator[Ledger]:
    """Open a ledger that exists, for the length of a block.

    Args:
        path: As `--ledger` names it; None: as the environment says.
        settings: None: the environment's.
        stack: The CloudFormation stack whose ledger is meant, in place of a path.
        project: Google's, whose deployment's ledger is meant, likewise.
        database: That ledger's; None: the only deployment's there.

    Raises:
        CommandError: There is no such file, or both are named.
        LedgerError: It cannot be used.
        SettingsError: It is in a cloud, and its name is none, or that cloud's SDK is not installed.
        StackError: There is no such stack.
    """
    settings = Settings.from_env() if settings is None else settings
    given = {"--ledger": path, "--stack": stack, "--project": project}
    named = [name for name, value in given.items() if value is not None]
    if len(named) > 1:
        refuse(f"{' and '.join(named)}: give one of {'the two' if len(named) == 2 else 'them'}")  # noqa: PLR2004
    if database is not None and project is None:
        refuse("--database: give --project with it, whose database it is")
    if stack is not None or project is not None:
        opens = _open_stack(stack) if stack is not None else _open_project(project, database)
        with closing(opens) as ledger:
            yield ledger
        return
    chosen = settings.ledger if path is None else path
    if not is_remote(chosen) and not chosen.exists():
        refuse(
            f"{chosen}: there is no ledger; name one with --ledger "
            "(`flyball demo` makes .flyball/demo.db, `flyball run` makes .flyball/ledger.db)"
        )
    ledger = open_any(chosen, settings)
    try:
        yield ledger
    finally:
        ledger.close()


def name_local(path: Path | None, settings: Settings | None = None) -> Path:
    """Name the ledger of scalable targets at home on this machine: a file.

    Raises:
        CommandError: What is named are two tables.
    """
    settings = Settings.from_env() if settings is None else settings
    chosen = settings.ledger if path is None else path
    if is_remote(chosen):
        where = "FLYBALL_LEDGER" if path is None else "--ledger"
        refuse(
            f"{where}: got {chosen}, expected a file for scalable targets at home on this machine; "
            "name one with --ledger (those in AWS are found by --stack)"
        )
    return chosen


def is_remote(chosen: Path) -> bool:
    """Say whether a ledger is in a cloud: dynamodb:<targets>/<ledger>, firestore:<project>."""
    return str(chosen).startswith((DYNAMODB, FIRESTORE))


def open_any(chosen: Path, settings: Settings) -> Ledger:
    """Open a ledger wherever it is; a file is made where there is none.

    Raises:
        LedgerError: It cannot be used.
        SettingsError: It is in a cloud, and its name is none, or that cloud's SDK is not installed.
    """
    name = str(chosen)
    if name.startswith(DYNAMODB):
        from flyball.wiring import aws

        return aws.open_ledger(name)
    if name.startswith(FIRESTORE):
        from flyball.wiring import gcp

        return gcp.open_ledger(name)
    return open_ledger(chosen, settings)


def _open_stack(name: str) -> Ledger:
    from flyball.wiring.stack import Settings, find_stack, make_clients, open_tables

    clients = make_clients(None)
    return open_tables(clients, find_stack(clients, Settings.from_env(), name))


def _open_project(project: str | None, database: str | None) -> Ledger:
    """Open the ledger of a deployment in a project: of a database, or of the only one there."""
    from flyball.wiring.gcp import DATABASE, SCHEME, check_sdk, open_ledger
    from flyball.wiring.gcp_deploy import find_variables

    check_sdk()
    named = database or find_variables(project)[DATABASE]
    return open_ledger(f"{SCHEME}{project}/{named}")


def newest(
    ledger: Ledger, scalable_target_id: str | None = None, kind: str | None = None
) -> Iterator[Row]:
    """Read rows newest first, without reading much more of the ledger than is asked for.

    Rows that are appended meanwhile are left out.
    """
    limit, last = PAGE, None
    while True:
        rows = ledger.latest(limit, scalable_target_id, kind)
        ids = [row.id for row in rows]
        yield from rows if last is None else rows[ids.index(last) + 1 :]
        if len(rows) < limit:
            return
        last, limit = ids[-1], limit * 4


def find_row(ledger: Ledger, wanted: str) -> Row:
    """Find the row that is meant by an id, the beginning of one, TARGET, TARGET@SEQUENCE or last.

    TARGET and last mean the newest decision.

    Raises:
        CommandError: There is none, or there are several.
    """
    if wanted in ledger.scalable_target_ids():
        return _first(ledger, wanted, wanted)
    if wanted == LAST:
        return _first(ledger, None, wanted)
    target, _, sequence = wanted.rpartition("@")
    if target and sequence.isascii() and sequence.isdigit():
        row = next(ledger.rows(target, int(sequence) - 1, 1), None)
        if row is not None and row.sequence == int(sequence):
            return row
        if _has_rows(ledger, target):
            refuse(f"{plain(target)} has no row {sequence}; `flyball ledger list` shows the rows")
    if _has_rows(ledger, wanted):
        return _first(ledger, wanted, wanted)
    return ledger.row(wanted) or _find_prefix(ledger, wanted)


def find_recorded(ledger: Ledger, wanted: str | None) -> Sequence[str]:
    """List the scalable targets whose rows are meant: one, or all that have any, retired or not.

    Raises:
        UnknownTargetError: The one that is meant has neither rows nor an item.
    """
    if wanted is None:
        return sorted({*ledger.scalable_target_ids(), *ledger.recorded_ids()})
    return [wanted if _has_rows(ledger, wanted) else ledger.status(wanted).scalable_target_id]


def find_sequence(ledger: Ledger, target: str) -> int | None:
    """Give the newest sequence that the target's item knows; None where the item is gone."""
    try:
        return ledger.status(target).sequence
    except UnknownTargetError:
        return None


def _has_rows(ledger: Ledger, target: str) -> bool:
    """Say whether a target has ever been here; one that was retired, or lost its item, was."""
    return bool(target) and next(ledger.rows(target, 0, 1), None) is not None


def _first(ledger: Ledger, target: str | None, wanted: str) -> Row:
    rows = ledger.latest(1, target, DECISION)
    if not rows:
        refuse(f"{plain(wanted)}: nothing has been decided yet; wait for the next wake")
    return rows[0]


def _find_prefix(ledger: Ledger, wanted: str) -> Row:
    found: list[Row] = []
    if wanted:
        for row in newest(ledger):
            if row.id.startswith(wanted):
                found.append(row)
            elif row.id < wanted:
                break
    if not found:
        refuse(
            f"{plain(wanted)}: no such row or scalable target; `flyball ledger list` shows them "
            "(a row's id or its beginning, TARGET, TARGET@SEQUENCE and last are understood)"
        )
    if len(found) > 1:
        some = ", ".join(row.id for row in found[:3])
        refuse(f"{plain(wanted)}: {len(found)} rows begin with it ({some} …); type more of it")
    return found[0]


def read_decision(ledger: Ledger, row: Row) -> Told:
    """Read a decision row with its config and outcome.

    Raises:
        CommandError: It is of another kind, or cannot be read.
    """
    if row.kind != DECISION:
        refuse(f"{row.id} is a {plain(row.kind)} row; name a decision (--kind decision lists them)")
    try:
        record = decode(DecisionRecord, json.loads(row.body))
    except (ValueError, TypeError) as error:
        refuse(f"{row.id} cannot be read: {error}; run `flyball ledger verify`")
    target = find_target(ledger, row.scalable_target_id, record.config_hash)
    return Told(row, record, target, find_outcome(ledger, row))


def find_target(ledger: Ledger, scalable_target_id: str, config_hash: str) -> ScalableTarget | None:
    """Find a scalable target as one of its configs had it."""
    for row in newest(ledger, scalable_target_id, CONFIG):
        body = json.loads(row.body)
        if body["config_hash"] == config_hash:
            return decode(ScalableTarget, body["config"])
    return None


def find_outcome(ledger: Ledger, decision: Row) -> Outcome | None:
    """Find the provider's answer to a decision."""
    for row in ledger.rows(decision.scalable_target_id, decision.sequence, NEARBY):
        if row.kind == OUTCOME:
            body = json.loads(row.body)
            if body["decision"] == decision.id:
                return decode(Outcome, body["outcome"])
    return None


class Configs:
    """Scalable targets by the hash of their config, each read once."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._found: dict[tuple[str, str], ScalableTarget | None] = {}

    def get(self, scalable_target_id: str, config_hash: str) -> ScalableTarget | None:
        """Give it; None where its config row is gone."""
        key = scalable_target_id, config_hash
        if key not in self._found:
            self._found[key] = find_target(self._ledger, *key)
        return self._found[key]
