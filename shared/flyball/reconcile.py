"""What became of a change that was sent, and what is learned from the provider's answer?

An intent whose outcome was never written is closed by what the provider shows:

    shows what was asked for            LANDED       it counts as applied, when it was decided
    shows what was there before         NOT_LANDED   nothing happened; decide anew
      … but its change there failed     FAILED       it was taken, and came to nothing
      … but it was sent a moment ago    (too early)  a reading may be behind; look again in a tick
      … while a range is being changed  (too early)  it may be ours, and show only once it is done
    shows anything else                 OVERTAKEN    somebody else came after it
    is of another deployment by now     OVERTAKEN    what was decided is carried over to that
    cannot be read                      (unknown)    nothing is sent until it can

A provider that names its changes says more: one that it accepted after the intent was decided is
the intent's, and is followed by its name until it is done.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta

from flyball.core.ceiling import find_retry, moves_ceiling_only, note_ceiling_failure
from flyball.core.chain import Row
from flyball.core.codec import canonical, decode, encode
from flyball.core.model import Capacity, Change, Decision, History, Missing, Operation, Status
from flyball.core.record import OUTCOME
from flyball.core.redeploy import is_redeployed
from flyball.core.refusal import count_failure, note_quota, note_shortage, wait_after_failure
from flyball.core.remember import find_lag, note_applied
from flyball.core.scene import find_bounds
from flyball.core.shape import NamedTuple
from flyball.core.target import ScalableTarget
from flyball.ports import NewRow, Outcome, OutcomeKind, Underway

SKEW = timedelta(seconds=10)
"""So far may the provider's clock be behind ours."""


class Closed(NamedTuple):
    """An intent whose fate is known now.

    Attributes:
        outcome: What became of it.
        history: What is remembered with that.
    """

    outcome: Outcome
    history: History


class Open(NamedTuple):
    """An intent whose fate is not known yet: nothing may be sent until it is.

    Attributes:
        cause: Why it is not known, for people.
        operation: The provider's name of the change that the intent has become; "" where that is
            not known: then it may not even have been taken.
    """

    cause: str
    operation: str = ""


def reconcile(
    target: ScalableTarget,
    intent: Row | None,
    capacity: Capacity | Missing,
    history: History,
    now: datetime,
) -> Closed | Open:
    """Say what became of a pending intent.

    Args:
        target: Whose.
        intent: Its decision row; None where the ledger does not have it.
        capacity: What the provider shows.
        history: What is remembered, as it was before the intent was sent.
        now: Aware UTC.
    """
    if isinstance(capacity, Missing):
        return Open(f"the provider cannot be read: {capacity.detail}", history.operation)
    decision = _read(intent)
    history, known = replace(history, operation=""), history.operation
    if decision is None:
        detail = "the intent's row is gone or cannot be read: run `flyball ledger verify`"
        return Closed(Outcome(OutcomeKind.OVERTAKEN, detail), history)
    if is_redeployed(history, capacity):  # what becomes of it concerns nobody any more
        decided = replace(history, desired=decision.desired)
        detail = "another deployment has come in its place, which is to have what was decided"
        return Closed(Outcome(OutcomeKind.OVERTAKEN, detail), decided)
    ours = _find_ours(decision, capacity, known)
    if capacity.desired == decision.desired and (
        not moves_ceiling_only(decision) or capacity.ceiling in (None, decision.ceiling)
    ):
        applied = note_applied(history, decision, decision.at)
        return Closed(Outcome(OutcomeKind.LANDED, _tell(known, ours)), applied)
    if capacity.desired != decision.current:
        return Closed(Outcome(OutcomeKind.OVERTAKEN, f"found {capacity.desired}"), history)
    sent = f"it was sent {tell_span(now - decision.at)} ago"
    if capacity.status is Status.BUSY and capacity.ceiling is not None:
        if ours is not None:
            return Open(f"{sent}, and {ours.name} has it", ours.name)
        return Open(f"{sent}, and a change is under way that may be it", known)
    if ours is not None and ours.failed:
        kind = OutcomeKind.SHORTAGE if capacity.short else OutcomeKind.FAILED
        outcome = Outcome(kind, ours.failed)
        return Closed(outcome, learn(target, history, decision, outcome, now)[0])
    if abs(now - decision.at) < find_lag(target):
        return Open(f"{sent}, and the provider does not show it yet", known)
    return Closed(Outcome(OutcomeKind.NOT_LANDED, _tell(known, ours)), history)


def find_underway(intent: Row | None, history: History) -> Underway | None:
    """Say which change of ours is not known to be done: a pending intent's, or one in flight.

    Args:
        intent: The pending intent's decision row; None where none is pending.
        history: What is remembered.
    """
    decision = _read(intent)
    if decision is not None:
        return Underway(
            decision.at, decision.desired, decision.ceiling, history.operation, history.deployed
        )
    of_ceiling = history.ceiling.change if history.ceiling is not None else None
    flying = next((each for each in reversed(history.changes) if each.completed_at is None), None)
    newest = max((each for each in (flying, of_ceiling) if each is not None), default=None, key=_at)
    if newest is None:
        return None
    return Underway(
        newest.at,
        None if flying is None else flying.after,
        None if of_ceiling is None else of_ceiling.after,
        newest.operation,
        history.deployed,
    )


def tell_span(span: timedelta) -> str:
    """Say how long something took, to the second."""
    seconds = int(abs(span).total_seconds())
    parts = ((seconds // 3600, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 s"


def _find_ours(decision: Decision, capacity: Capacity, known: str) -> Operation | None:
    """Find the provider's change that the intent has become.

    It takes one at a time, and none ran when the intent was decided: so the next one that was
    accepted is it, or went before it, and then what it comes to is shown.
    """
    found = capacity.operation
    if found is None:
        return None
    after = found.since is not None and found.since >= decision.at - SKEW
    return found if after or found.name == known else None


def _at(change: Change) -> datetime:
    return change.at


def _tell(known: str, ours: Operation | None) -> str:
    """Name the change that it was, where that is known."""
    name = known if ours is None else ours.name
    return f"it was {name}" if name else ""


def _read(intent: Row | None) -> Decision | None:
    """Read the decision out of an intent's row."""
    if intent is None:
        return None
    try:
        return decode(Decision, json.loads(intent.body)["decision"])
    except (ValueError, KeyError, TypeError):
        return None


def close(
    intent_id: str, outcome: Outcome, now: datetime, *, is_reconciled: bool = False
) -> NewRow:
    """Make the row that closes an intent."""
    body = {"decision": intent_id, "outcome": encode(outcome)}
    if is_reconciled:
        body["reconciled"] = True
    return NewRow(OUTCOME, now, canonical(body))


def learn(
    target: ScalableTarget, history: History, decision: Decision, outcome: Outcome, now: datetime
) -> tuple[History, datetime]:
    """Learn from the provider's answer, and say when to look again.

    Only APPLIED starts a change, and so a cooldown; a refusal leaves the last applied capacity. A
    quota of unknown size is treated as a shortage: less may still be granted.
    """
    soon = now + target.tick
    match outcome.kind:
        case OutcomeKind.APPLIED:
            applied = note_applied(history, decision, now, outcome.operation)
            return applied, min(decision.wake_at, soon)
        case OutcomeKind.QUOTA_EXCEEDED if outcome.quota is not None:
            return note_quota(history, outcome.quota, now), soon
        case OutcomeKind.QUOTA_EXCEEDED | OutcomeKind.SHORTAGE | OutcomeKind.FAILED:
            return _learn_refusal(target, history, decision, outcome.kind, now)
        case OutcomeKind.DENIED:  # only a human can mend it; others go on
            return history, now + target.heartbeat
        case _:
            return history, soon


def _learn_refusal(
    target: ScalableTarget, history: History, decision: Decision, kind: OutcomeKind, now: datetime
) -> tuple[History, datetime]:
    """Learn from a refusal that may last: a ceiling waits by itself, and holds no floor up."""
    history = note_ceiling_failure(history, decision, now)
    soon = now + target.tick
    if moves_ceiling_only(decision):
        again = find_retry(target, history.ceiling, now) or soon
    elif kind is not OutcomeKind.FAILED:
        return note_shortage(history, target.tick, now), soon
    else:
        failure = count_failure(history, decision, now)
        history = replace(history, failure=failure)
        again = now + wait_after_failure(target, failure)
    boundary = find_bounds(target, history, now)[1].until
    return history, again if boundary is None else min(again, boundary)
