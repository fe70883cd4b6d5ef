"""Is a ledger as it was written, and does the engine still decide the same?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import typer

from flyball.cli.failure import FOUND
from flyball.cli.options import Database, Json, LedgerPath, LedgerProject, LedgerStack, TargetName

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flyball.core.chain import Fault, Row
    from flyball.core.record import Replayed
    from flyball.ports import Ledger

SHOWN = 20
"""Most differences that are listed; all of them with --json."""


def verify(
    ledger: LedgerPath = None,
    stack: LedgerStack = None,
    project: LedgerProject = None,
    database: Database = None,
    target: TargetName = None,
    json: Json = False,
) -> None:
    """Walk the hash chain, and name any row that was changed, removed or moved.

    Exit code 1 if there is any.
    """
    from flyball.cli import screen
    from flyball.cli.store import find_recorded, find_sequence, opened
    from flyball.report.figures import counted
    from flyball.report.plain import plain

    faults: list[Fault] = []
    count = 0
    with opened(ledger, stack=stack, project=project, database=database) as found:
        targets = find_recorded(found, target)
        total = sum(find_sequence(found, each) or 0 for each in targets)
        with screen.progress("Verifying", total) as advance:
            for each in targets:
                rows = _Counted(_rows_until_now(found, each), advance)
                faults += _verify_chain(found, each, rows)
                count += rows.count
    if json:
        listed = [fault._asdict() for fault in faults]
        summary = {"ok": not faults, "scalable_targets": len(targets), "rows": count}
        screen.say_json({**summary, "faults": listed})
    else:
        for fault in faults:
            row = f"{plain(fault.scalable_target_id)}@{fault.sequence}"
            screen.say(f"{row}: {fault.kind}: {plain(fault.detail, 2_000)}")
        what = f"{counted(count, 'row')} of {counted(len(targets), 'scalable target')}"
        if faults:
            screen.say(f"{what}: {counted(len(faults), 'fault')}")
        elif count:
            screen.say(f"{what}: each is as it was written, and none is missing")
        else:
            screen.say("no rows: there is nothing to verify")
    if faults:
        raise typer.Exit(FOUND)


def replay(
    ledger: LedgerPath = None,
    stack: LedgerStack = None,
    project: LedgerProject = None,
    database: Database = None,
    target: TargetName = None,
    json: Json = False,
) -> None:
    """Decide every row again from the inputs that it holds, and compare bit for bit.

    Exit code 1 if any decision differs.
    """
    from flyball.cli import screen
    from flyball.cli.store import find_recorded, find_sequence, opened
    from flyball.core.record import replay as replay_rows

    engines: Counter[str] = Counter()
    different: list[Replayed] = []
    with opened(ledger, stack=stack, project=project, database=database) as found:
        targets = find_recorded(found, target)
        total = sum(find_sequence(found, each) or 0 for each in targets)
        with screen.progress("Deciding again", total) as advance:
            for each in targets:
                for answer in replay_rows(_Counted(found.rows(each), advance)):
                    engines[answer.engine] += 1
                    if not answer.same:
                        different.append(answer)
    if json:
        screen.say_json(_sum_up(engines, different))
    else:
        _say_replayed(engines, different)
    if different:
        raise typer.Exit(FOUND)


class _Counted:
    """Rows, counted as they go by."""

    def __init__(self, rows: Iterator[Row], advance: Callable[[int], None]) -> None:
        self._rows = rows
        self._advance = advance
        self.count = 0

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            self.count += 1
            self._advance(1)
            yield row


def _verify_chain(ledger: Ledger, target: str, rows: _Counted) -> Iterator[Fault]:
    from flyball.cli.store import find_sequence
    from flyball.core.chain import REMOVED, Fault
    from flyball.core.chain import verify as verify_chain

    if find_sequence(ledger, target) is None:
        detail = "the target's item is gone, and with it the head that its newest row is held to"
        yield Fault(target, 0, "", REMOVED, detail)
        yield from verify_chain(rows, head=None, sequence=None, scalable_target_id=target)
        return
    status = ledger.status(target)
    yield from verify_chain(
        rows, head=status.head, sequence=status.sequence, scalable_target_id=target
    )


def _rows_until_now(ledger: Ledger, target: str) -> Iterator[Row]:
    """Read the rows that the item knows; what is appended meanwhile is for the next time."""
    from flyball.cli.store import find_sequence

    last = find_sequence(ledger, target)
    for row in ledger.rows(target):
        if (
            last is not None
            and row.sequence > last
            and ledger.status(target).sequence >= row.sequence
        ):
            return
        yield row


def _sum_up(engines: Counter[str], different: Sequence[Replayed]) -> dict[str, Any]:
    from flyball.core.codec import encode

    return {
        "ok": not different,
        "decisions": engines.total(),
        "same": engines.total() - len(different),
        "engines": dict(engines),
        "different": [encode(each) for each in different],
    }


def _say_replayed(engines: Counter[str], different: Sequence[Replayed]) -> None:
    from flyball.cli import screen
    from flyball.report.figures import counted
    from flyball.report.plain import plain

    for each in different[:SHOWN]:
        row = f"{plain(each.scalable_target_id)}@{each.sequence}"
        if each.error:
            screen.say(f"{row}: {plain(each.error, 2_000)}")
        for path, stored, again in each.differences[:SHOWN]:
            screen.say(f"{row}: {path}: {plain(stored)}, now {plain(again)}")
    if len(different) > SHOWN:
        screen.say(f"… and {counted(len(different) - SHOWN, 'row')} more; --json has all of them")
    what = f"{counted(engines.total(), 'decision')}, decided again"
    if not engines:
        screen.say("no decisions: there is nothing to decide again")
    elif different:
        screen.say(f"{what}: {counted(len(different), 'difference')}")
    else:
        screen.say(f"{what}: each is the same, bit for bit")
    if len(engines) > 1 or different:
        for engine, count in engines.most_common():
            screen.say(f"  {count:,} by {plain(engine) or 'an unknown engine'}")
