"""What did one wake-up come to?"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TypeVar

from flyball.core.model import Decision, History
from flyball.core.remember import Noticed
from flyball.core.shape import NamedTuple
from flyball.core.target import ScalableTarget
from flyball.ports import Claim, Due, LedgerUnavailableError, Outcome, Trigger, TriggerKind

T = TypeVar("T")


class WakeKind(Enum):
    """How a wake ended."""

    DECIDED = "decided"
    TURNED_AWAY = "turned_away"
    """Another run has the lease."""
    DUPLICATE = "duplicate"
    """This event, or a newer one of its source, was handled already."""
    NOT_DUE = "not_due"
    QUIET = "quiet"
    """Its alarms say that nothing is going on: it was not looked at."""
    UNKNOWN_TARGET = "unknown_target"
    LEASE_LOST = "lease_lost"
    """Another holder or a new config came between; what was not written was not applied."""
    UNRESOLVED = "unresolved"
    """Sent, but it is not known whether it landed: the next wake asks the provider."""
    TAKEN = "taken"
    """Sent, and the answer was lost; the provider is at it, and the next wake follows it."""
    FAILED = "failed"


class Wake(NamedTuple):
    """What one wake-up came to.

    Attributes:
        kind: How it ended.
        scalable_target_id: Whose.
        decision: With DECIDED, LEASE_LOST and UNRESOLVED: what was decided.
        outcome: The provider's answer, where something was sent.
        row_id: Id of the decision row, "" where none was written.
        noticed: What happened to the capacity since the last wake.
        detail: For people; never parsed.
        lasts: With FAILED: it is not for want of time, nor is the ledger just out of reach.
    """

    kind: WakeKind
    scalable_target_id: str
    decision: Decision | None = None
    outcome: Outcome | None = None
    row_id: str = ""
    noticed: tuple[Noticed, ...] = ()
    detail: str = ""
    lasts: bool = False


class Held(NamedTuple):
    """A scalable target whose lease is ours and which is about to be looked at.

    Attributes:
        trigger: What woke it.
        claim: Its item.
        target: Read from the claim's config.
        history: Read from the claim.
        seen: What the item's `seen` becomes.
    """

    trigger: Trigger
    claim: Claim
    target: ScalableTarget
    history: History
    seen: str


def wake_due(due: Due) -> Trigger:
    """Make the wake-up of a target whose time has come; the same for every tick that finds it."""
    name = f"timer:{due.scalable_target_id}:{due.wake_at.isoformat()}"
    return Trigger(due.scalable_target_id, name, TriggerKind.TIMER, due.wake_at)


def safely(trigger: Trigger, step: Callable[[], T]) -> T | Wake:
    """Take a step; whatever goes wrong is this target's Wake."""
    try:
        return step()
    except Exception as error:  # noqa: BLE001  (the boundary between one target and the next)
        return fail_by(trigger, error)


def fail(trigger: Trigger, detail: str) -> Wake:
    """Say that a wake-up could not be handled; it may be tried again."""
    return Wake(WakeKind.FAILED, trigger.scalable_target_id, detail=detail)


def fail_by(trigger: Trigger, error: Exception) -> Wake:
    """Say which error kept a wake-up from being handled."""
    failed = fail(trigger, f"{type(error).__name__}: {error}")
    return failed._replace(lasts=not isinstance(error, LedgerUnavailableError))
