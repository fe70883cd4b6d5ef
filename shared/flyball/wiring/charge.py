"""Who holds native scaling suspended, on record, and how does that change hands under a lease?

A row of kind `native` says what is about to be done, or what came of it, and every resource whose
native scaling its scalable target holds from then on. So the newest row of a target is enough.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from flyball.core.codec import canonical, decode, parse
from flyball.core.model import Missing
from flyball.core.record import DECISION, DecisionRecord
from flyball.core.target import Mode, ScalableTarget
from flyball.plan.model import HAND_OVER, HELD_FOR, ID, Change, Held, Home, Sight, Verb, Wanted
from flyball.ports import (
    Claim,
    ItemUpdate,
    LeaseHeldError,
    Ledger,
    LedgerError,
    NewRow,
    TargetStatus,
    UnknownTargetError,
)

LEASE = timedelta(seconds=60)
"""Longer than a call to a cloud takes with its retries, twice."""
PATIENCE = timedelta(seconds=30)
RETRY_S = 0.2
NOTHING = "{}"
"""The history of a target that has learned nothing."""
INTENDED, DONE, REFUSED, UNKNOWN = "intended", "done", "refused", "unknown"
"""Stages of a hand-over, as its rows name them."""


class Bench(NamedTuple):
    """What a hand-over is done with.

    Attributes:
        ledger: The home's.
        clock: Gives now.
        token: The lease's holder.
        patience: How long to wait for a wake that is at work.
    """

    ledger: Ledger
    clock: Callable[[], datetime]
    token: str
    patience: timedelta = PATIENCE


class Records:
    """What a ledger remembers of who is in charge; read where it is asked for.

    Args:
        ledger: The home's.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.held = cache(self._read_held)
        self._retired = cache(self._list_retired)

    def _read_held(self, scalable_target_id: str) -> Mapping[str, Held]:
        return read_held(self._ledger, scalable_target_id)

    def _list_retired(self) -> tuple[str, ...]:
        in_force = set(self._ledger.scalable_target_ids())
        return tuple(each for each in self._ledger.recorded_ids() if each not in in_force)

    def holder(self, resource: str) -> str | None:
        """Name a target out of service for which we still hold a resource's native scaling."""
        return next((each for each in self._retired() if resource in self.held(each)), None)

    def seen(self, scalable_target_id: str) -> Sight | None:
        """Give the newest decision on a target; None: there is none."""
        rows = self._ledger.latest(1, scalable_target_id, DECISION)
        if not rows:
            return None
        body = json.loads(rows[0].body)
        status = self._ledger.status(scalable_target_id)
        is_current = body.get("config_hash") == status.config_hash
        at = max(rows[0].at, _find_rest(status) or rows[0].at)
        return Sight(at, is_current, _find_blind(rows[0].body))


def read_held(ledger: Ledger, scalable_target_id: str) -> dict[str, Held]:
    """Give the native scaling that we hold suspended for a target, by its resource."""
    rows = ledger.latest(1, scalable_target_id, HAND_OVER)
    if not rows:
        return {}
    body = json.loads(rows[0].body)
    if "held" in body:
        return {name: decode(Held, each) for name, each in body["held"].items()}
    if body["verb"] != Verb.SUSPEND.value:  # from here on: rows of versions before this one
        return {}
    return {body["resource"]: Held(body["before"], rows[0].at)}


def hand_over(bench: Bench, home: Home | None, change: Change) -> None:
    """Suspend or resume native scaling while no wake is at work, and have the target looked at.

    How it was is written before it is suspended, and what came of it afterwards: so one that breaks
    off in between can be done again, and one that was refused leaves nothing behind. A second one
    keeps what the first remembered.

    Raises:
        LedgerError: A ledger cannot be written, or a wake does not end.
        Exception: Whatever the home raises; the lease is given back.
    """
    who, resource = change.scalable_target_id, change.name
    with _leased(bench, who) as lease:
        held = read_held(bench.ledger, who)
        after = {name: each for name, each in held.items() if name != resource}
        rows = _tell(change, DONE, after)
        if change.verb is Verb.SUSPEND:
            before = {each.name: each.before or "" for each in change.fields}
            after = {**held, resource: held.get(resource) or Held(before, bench.clock())}
            lease.write(_tell(change, INTENDED, after))
            rows = _tell(change, DONE, after)
        try:
            if home is not None:
                home.carry_out(change, bench.clock())
        except BaseException as error:
            is_refused = home is not None and home.is_refusal(error)
            stage = REFUSED if is_refused else UNKNOWN
            kept = held if is_refused or change.verb is Verb.RESUME else after
            lease.leave(error, _tell(change, stage, kept))
            raise
        lease.write(rows)


def move_target(bench: Bench, home: Home | None, old: str, wanted: Wanted) -> None:
    """Put a target in force in the place of another on its resource, with what that one holds.

    The old one's lease is held meanwhile, so it decides nothing once the new one is there. What the
    old one had learned goes along, such as its pauses and cooldowns.

    Raises:
        LedgerError: A ledger cannot be written, or a wake does not end; only the old one is in
            force there then, and the new one where it was before, as far as the ledger can be
            written.
    """
    with _leased(bench, old) as lease:
        was = _find_former(bench.ledger, home, wanted)
        try:
            bench.ledger.register(*wanted, bench.clock())
            _adopt(bench, lease, wanted.id, read_held(bench.ledger, old), lease.history)
        except BaseException as error:
            try:
                if was is None:
                    bench.ledger.retire(wanted.id, bench.clock())
                else:
                    bench.ledger.register(*was, bench.clock())
            except LedgerError as other:
                error.add_note(f"{wanted.id} could not be put back to what it was: {other}")
            raise
        bench.ledger.retire(old, bench.clock())
        lease.is_gone = True


def move_held(bench: Bench, change: Change) -> None:
    """Let a target hold from now on what one out of service holds on its resource.

    Raises:
        LedgerError: A ledger cannot be written, or a wake does not end.
    """
    (old,) = [each.before or "" for each in change.fields if each.name == HELD_FOR]
    with _leased(bench, old) as lease:
        held = read_held(bench.ledger, old)
        moved = {name: each for name, each in held.items() if name == change.name}
        _adopt(bench, lease, change.scalable_target_id, moved)


def replaced_by(change: Change) -> str:
    """Name the target that a moved one replaces."""
    return next(each.before or "" for each in change.fields if each.name == ID)


class _Lease:
    """A lease that is held, and written under."""

    def __init__(self, bench: Bench, claim: Claim) -> None:
        self.is_gone = False
        self._bench = bench
        self._claim = claim

    @property
    def who(self) -> str:
        """Name the target."""
        return self._claim.scalable_target_id

    @property
    def history(self) -> str:
        """Give what it has learned, canonical JSON."""
        return self._claim.history

    def write(self, rows: Sequence[Mapping[str, Any]], history: str | None = None) -> None:
        """Append rows of a hand-over, and let it have learned something."""
        now = self._bench.clock()
        made = [NewRow(HAND_OVER, now, canonical(each)) for each in rows]
        self._claim = self._bench.ledger.write(self._claim, made, ItemUpdate(history))

    def leave(self, error: BaseException, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write what came of it; that even this fails is a note of the error."""
        try:
            self.write(rows)
        except LedgerError as other:
            error.add_note(f"this could not be recorded: {other}")

    def give_back(self) -> None:
        """Give it back, and have the target looked at."""
        update = ItemUpdate(wake_at=self._bench.clock(), release=True)
        self._bench.ledger.write(self._claim, [], update)


@contextmanager
def _leased(bench: Bench, who: str) -> Iterator[_Lease]:
    """Hold a target's lease; one out of service is in it for so long, and only advises."""
    is_back = _bring_back(bench, who)
    lease = _Lease(bench, _claim(bench, who))
    try:
        yield lease
    except BaseException as error:
        try:
            lease.give_back()
        except LedgerError as other:
            error.add_note(f"the lease of {who} ends by itself: {other}")
        raise
    else:
        if not lease.is_gone:
            lease.give_back()
    finally:
        if is_back:
            bench.ledger.retire(who, bench.clock())


def _bring_back(bench: Bench, who: str) -> bool:
    status = bench.ledger.status(who)
    if status.config_hash:
        return False
    config = canonical(replace(parse(ScalableTarget, status.config), mode=Mode.ADVISE))
    config_hash = hashlib.sha256(config.encode()).hexdigest()
    bench.ledger.register(who, config, config_hash, bench.clock())
    return True


def _claim(bench: Bench, who: str) -> Claim:
    ends = bench.clock() + bench.patience
    while True:
        now = bench.clock()
        try:
            return bench.ledger.claim(who, bench.token, now, now + LEASE)
        except LeaseHeldError:
            if now >= ends:
                raise
            time.sleep(RETRY_S)


def _adopt(
    bench: Bench, lease: _Lease, new: str, moved: Mapping[str, Held], history: str = NOTHING
) -> None:
    """Write to the new one what it holds from now on, then to the old one that it does not."""
    old = lease.who
    if not moved and history == NOTHING:
        return
    with _leased(bench, new) as other:
        taken = {**moved, **read_held(bench.ledger, new)}
        learned = history if other.history == NOTHING else None
        other.write([_tell_move(each, old, new, taken) for each in moved], learned)
    kept = read_held(bench.ledger, old)
    left = {name: each for name, each in kept.items() if name not in moved}
    lease.write([_tell_move(each, old, new, left) for each in moved])


def _tell(change: Change, stage: str, held: Mapping[str, Held]) -> list[dict[str, Any]]:
    return [
        {
            "verb": change.verb.value,
            "resource": change.name,
            "stage": stage,
            "before": {each.name: each.before for each in change.fields},
            "after": {each.name: each.after for each in change.fields},
            "held": held,
        }
    ]


def _tell_move(resource: str, old: str, new: str, held: Mapping[str, Held]) -> dict[str, Any]:
    body = {"verb": Verb.MOVE.value, "resource": resource, "stage": DONE}
    return {**body, "from": old, "to": new, "held": held}


def _find_former(ledger: Ledger, home: Home | None, wanted: Wanted) -> Wanted | None:
    """Give a target as it is in force, to be so again where it cannot move; None: nowhere.

    Where it is in charge of the same resource already, an earlier move was broken off.
    """
    try:
        status = ledger.status(wanted.id)
    except UnknownTargetError:
        return None
    if not status.config_hash:
        return None
    was = Wanted(wanted.id, status.config, status.config_hash)
    try:
        target = parse(ScalableTarget, was.config)
    except ValueError:  # another version's: it has to be as it was all the more
        return was
    place = home and home.key(parse(ScalableTarget, wanted.config))
    is_there = home and home.key(target) == place and target.mode is Mode.APPLY
    return None if is_there else was


def _find_rest(status: TargetStatus) -> datetime | None:
    """Say when a quiet rest, which leaves no row, confirmed the newest decision by this config.

    Only a rest sets that instant; when the target is due says nothing, as a look that failed moves
    it too.
    """
    learned = json.loads(status.history)
    at = learned.get("rested_at")
    if at is None or learned.get("settled") != status.config_hash:
        return None
    return decode(datetime, at)


def _find_blind(body: str) -> str:
    """Say what a decision could not see; of one of another version that is not known."""
    try:
        seen = parse(DecisionRecord, body).observation
    except ValueError:
        return ""
    if isinstance(seen.capacity, Missing):
        return f"its capacity: {seen.capacity.detail or seen.capacity.cause.value}"
    if seen.metrics and all(
        isinstance(each, Missing) or not each for each in seen.metrics.values()
    ):
        return f"any of its metrics: {', '.join(seen.metrics)}"
    return ""
