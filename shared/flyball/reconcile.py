"""What became of a change that was sent, and what is learned from the provider's answer?

An intent whose outcome was never written is closed by what the provider shows:

    shows what was asked for            LANDED       it counts as applied, when it was decided
    shows what was there before         NOT_LANDED   nothing happened; decide anew
      … but it was sent a moment ago    (too early)  a reading may be behind; look again in a tick
      … while a range is being changed  (too early)  it may be ours, and show only once it is done
    shows anything else                 OVERTAKEN    somebody else came after it
    cannot be read                      (unknown)    nothing is sent until it can
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from flyball.core.chain import Row
from flyball.core.codec import canonical, decode, encode
from flyball.core.model import Capacity, Decision, History, Missing, Status
from flyball.core.record import OUTCOME
from flyball.core.refusal import count_failure, note_quota, note_shortage, wait_after_failure
from flyball.core.remember import note_applied
from flyball.core.scene import find_bounds
from flyball.core.target import ScalableTarget
from flyball.ports import NewRow, Outcome, OutcomeKind


class Closed(NamedTuple):
    """An intent whose fate is known now.

    Attributes:
        outcome: What became of it.
        history: What is remembered with that.
    """

    outcome: Outcome
    history: History


def reconcile(
    intent: Row | None,
    capacity: Capacity | Missing,
    history: History,
    lag: timedelta,
    now: datetime,
) -> Closed | None:
    """Say what became of a pending intent.

    Args:
        intent: Its decision row; None where the ledger does not have it.
        capacity: What the provider shows.
        history: What is remembered, as it was before the intent was sent.
        lag: For so long after a change is sent, a reading may still be of before it.
        now: Aware UTC.

    Returns:
        Its outcome; None while that cannot be known: nothing may be sent until then.
    """
    if isinstance(capacity, Missing):
        return None
    decision = _read(intent)
    if decision is None:
        detail = "the intent's row is gone or cannot be read: run `flyball ledger verify`"
        return Closed(Outcome(OutcomeKind.OVERTAKEN, detail), history)
    if capacity.desired == decision.desired and (
        decision.desired != decision.current or capacity.ceiling in (None, decision.ceiling)
    ):
        return Closed(Outcome(OutcomeKind.LANDED), note_applied(history, decision, decision.at))
    if capacity.desired == decision.current:
        is_moving = capacity.status is Status.BUSY and capacity.ceiling is not None
        if is_moving or abs(now - decision.at) < lag:
            return None
        return Closed(Outcome(OutcomeKind.NOT_LANDED), history)
    return Closed(Outcome(OutcomeKind.OVERTAKEN, f"found {capacity.desired}"), history)


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
            return note_applied(history, decision, now), min(decision.wake_at, soon)
        case OutcomeKind.QUOTA_EXCEEDED if outcome.quota is not None:
            return note_quota(history, outcome.quota, now), soon
        case OutcomeKind.QUOTA_EXCEEDED | OutcomeKind.SHORTAGE:
            return note_shortage(history, target.tick, now), soon
        case OutcomeKind.FAILED:
            failure = count_failure(history, decision, now)
            again = now + wait_after_failure(target, failure)
            boundary = find_bounds(target, history, now)[1].until
            if boundary is not None:
                again = min(again, boundary)
            return replace(history, failure=failure), again
        case OutcomeKind.DENIED:  # only a human can mend it; others go on
            return history, now + target.heartbeat
        case _:
            return history, soon
