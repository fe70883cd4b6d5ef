"""What does the controller need from outside: four Protocols and the values that cross them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import Enum
from typing import Protocol

from flyball.core.chain import Row
from flyball.core.model import Capacity, CapacityRange, Deployed, Missing, Series
from flyball.core.shape import NamedTuple
from flyball.core.target import Metric, ScalableTarget


class TriggerKind(Enum):
    """What woke the controller."""

    ALARM = "alarm"
    TIMER = "timer"
    ENDPOINT = "endpoint"
    MANUAL = "manual"


class Trigger(NamedTuple):
    """A wake-up. It carries no capacity: it only says whom to look at.

    Attributes:
        scalable_target_id: Whom.
        trigger_id: The same for every delivery of one event.
        kind: What sort of event.
        at: The event's own state timestamp, aware UTC.
        source: What it came from (an alarm's name); an older `at` from the same source is ignored.
        state: The source's word, kept as evidence only.
    """

    scalable_target_id: str
    trigger_id: str
    kind: TriggerKind
    at: datetime
    source: str = ""
    state: str = ""


class OutcomeKind(Enum):
    """What the provider did about a decision."""

    APPLIED = "applied"
    DEFERRED = "deferred"
    """Busy: it refused because another update is in progress."""
    THROTTLED = "throttled"
    QUOTA_EXCEEDED = "quota_exceeded"
    SHORTAGE = "shortage"
    """It has no machines of this type now."""
    DENIED = "denied"
    """Permission lost: terminal until a human acts."""
    FAILED = "failed"
    ABORTED = "aborted"
    """We did not send it: lease or time ran out, or the config changed."""
    LANDED = "landed"
    """Found by reconciliation: an intent without an outcome had taken effect."""
    NOT_LANDED = "not_landed"
    """Found by reconciliation: it had not."""
    OVERTAKEN = "overtaken"
    """Found by reconciliation: the provider shows a capacity that is neither before nor after."""


class Outcome(NamedTuple):
    """The provider's answer.

    Attributes:
        kind: What it did.
        detail: Its own words, for evidence.
        quota: With QUOTA_EXCEEDED: the most instances that it grants, where it said so.
        operation: With APPLIED: the provider's own name of the change, where it gave one.
    """

    kind: OutcomeKind
    detail: str = ""
    quota: int | None = None
    operation: str = ""


class Underway(NamedTuple):
    """A change of ours that is not known to be done.

    Attributes:
        since: When it was decided or accepted, aware UTC.
        floor: What was asked for, instances; None: that was not changed.
        ceiling: Likewise, of the range's upper end.
        operation: The provider's own name of it; "" where that is not known.
        deployed: What it was asked of; None where a new deployment is no other one.
    """

    since: datetime
    floor: int | None = None
    ceiling: int | None = None
    operation: str = ""
    deployed: Deployed | None = None


class Deadline(NamedTuple):
    """Until when something may be sent: whoever sends asks right before, and before each retry.

    Attributes:
        at: Aware UTC.
        clock: By which that is judged; a program may have stood still since it was last asked.
    """

    at: datetime
    clock: Clock

    def left_s(self) -> float:
        """Say how many seconds are left; 0 or less: nothing may be sent any more."""
        return (self.at - self.clock.now()).total_seconds()


class AlarmState(Enum):
    """What an alarm says."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


class MetricRead(NamedTuple):
    """One series wanted: the newest `periods` datapoints of one target's metric."""

    scalable_target: ScalableTarget
    metric: Metric
    periods: int


class Claim(NamedTuple):
    """A target's item as it was when its lease was taken; the lease is ours until `lease_until`.

    Attributes:
        scalable_target_id: Whose.
        token: The lease's holder.
        lease_until: After this somebody else may take it.
        generation: Grows with every config change; an intent of an older one is refused.
        config: The compiled config, canonical JSON.
        config_hash: SHA-256 of `config`, hex.
        history: The History, canonical JSON; "{}" at first.
        pending: Id of the decision row whose outcome is not known, None for none.
        seen: Canonical JSON object: by trigger source the newest state timestamp that was handled.
        wake_at: When it is due; None: not scheduled.
        sequence: Of the newest ledger row; 0 for none.
        head: Hash of the newest ledger row; chain.GENESIS for none.
    """

    scalable_target_id: str
    token: str
    lease_until: datetime
    generation: int
    config: str
    config_hash: str
    history: str
    pending: str | None
    seen: str
    wake_at: datetime | None
    sequence: int
    head: str


class NewRow(NamedTuple):
    """A row to append; the ledger gives it its sequence, id and hashes.

    Attributes:
        kind: decision, outcome, config, pause, resume, foreign, ….
        at: Aware UTC.
        body: Canonical JSON.
    """

    kind: str
    at: datetime
    body: str


class ItemUpdate(NamedTuple):
    """What changes in the target's item together with appended rows; None leaves a field as it is.

    Attributes:
        history: New History, canonical JSON.
        pending: True: the last appended row is a pending intent; False: none is pending.
        seen: As in Claim.
        wake_at: As in Claim.
        release: Give the lease back in the same write.
    """

    history: str | None = None
    pending: bool | None = None
    seen: str | None = None
    wake_at: datetime | None = None
    release: bool = False


class TargetStatus(NamedTuple):
    """A target's item as anybody may read it, without a lease; config_hash is "" once retired."""

    scalable_target_id: str
    generation: int
    config: str
    config_hash: str
    history: str
    pending: str | None
    wake_at: datetime | None
    lease_until: datetime | None
    sequence: int
    head: str


class Due(NamedTuple):
    """A target whose time has come."""

    scalable_target_id: str
    wake_at: datetime


class LedgerError(Exception):
    """The ledger could not do it; the message says what, where and the remedy."""


class UnknownTargetError(LedgerError):
    """No such scalable target is registered."""


class LeaseHeldError(LedgerError):
    """Somebody else has the lease."""


class LeaseLostError(LedgerError):
    """The lease was ours and is not any more, or the generation has moved: nothing was written."""


class LedgerUnavailableError(LedgerError):
    """Locked, full, unreachable or throttled: nothing was written; a later try may succeed."""


class LedgerVersionError(LedgerError):
    """The ledger was written by another version of its format."""


class Clock(Protocol):
    """Where `now` comes from."""

    def now(self) -> datetime:
        """Return the present instant, aware UTC."""
        ...


class MetricSource(Protocol):
    """Where metrics come from."""

    def read(self, reads: Sequence[MetricRead], now: datetime) -> Sequence[Series | Missing]:
        """Read several series, for one or many targets, in as few calls as the service allows.

        Args:
            reads: What is wanted.
            now: Aware UTC.

        Returns:
            One answer a read, in order; a failure is Missing, never a number and never raised.
        """
        ...


class CapacityControl(Protocol):
    """Where capacity is read and set."""

    def describe(
        self, scalable_target: ScalableTarget, now: datetime, underway: Underway | None = None
    ) -> Capacity | Missing:
        """Read what the provider has now; a failure is Missing.

        Args:
            scalable_target: Whose.
            now: Aware UTC.
            underway: What we asked for and do not know to be done, None for nothing: where it
                cannot be told whether a change runs, then one does.
        """
        ...

    def apply(
        self,
        scalable_target: ScalableTarget,
        capacity: CapacityRange,
        now: datetime,
        deadline: Deadline | None = None,
    ) -> Outcome:
        """Set an absolute capacity once, without retries of its own across wakes.

        A refusal is an Outcome, not an exception.

        Args:
            scalable_target: Whose.
            capacity: What it is to have.
            now: Aware UTC.
            deadline: Nothing is sent after it (ABORTED), nor waited for; None: there is none.
        """
        ...


class Ledger(Protocol):
    """The append-only rows and the one mutable item a target, in one store."""

    def register(
        self, scalable_target_id: str, config: str, config_hash: str, now: datetime
    ) -> int:
        """Create the target's item, or change its config, and append a `config` row.

        The same hash again changes nothing. wake_at becomes `now`, so that it is looked at.

        Returns:
            The generation that is now in force.
        """
        ...

    def retire(self, scalable_target_id: str, now: datetime) -> int:
        """Take a target out of service and append a `retired` row.

        It is not listed, due or claimed any more; `status` and its rows stay, and `register`
        brings it back with what it has learned. A second time changes nothing.

        Returns:
            The generation that is now in force: a wake that is at work writes nothing more.

        Raises:
            UnknownTargetError: It was never registered.
        """
        ...

    def claim(self, scalable_target_id: str, token: str, now: datetime, until: datetime) -> Claim:
        """Take the lease in one conditional write.

        Raises:
            UnknownTargetError: It is not registered.
            LeaseHeldError: The lease is somebody else's and has not expired.
            LedgerUnavailableError: The store cannot be reached.
        """
        ...

    def write(self, claim: Claim, rows: Sequence[NewRow], update: ItemUpdate) -> Claim:
        """Append rows and change the item in one transaction, on condition of token and generation.

        Returns:
            The claim as it is after the write.

        Raises:
            LeaseLostError: Another holder or generation; nothing was written.
            LedgerUnavailableError: Nothing was written.
        """
        ...

    def due(self, now: datetime, limit: int) -> Sequence[Due]:
        """Find targets with wake_at <= now, earliest first, by the sparse index."""
        ...

    def status(self, scalable_target_id: str) -> TargetStatus:
        """Read one target's item without a lease.

        Raises:
            UnknownTargetError: It is not registered.
        """
        ...

    def scalable_target_ids(self) -> Sequence[str]:
        """List every registered target, sorted."""
        ...

    def recorded_ids(self) -> Sequence[str]:
        """List every target that has rows, sorted; also one whose item somebody removed."""
        ...

    def rows(
        self, scalable_target_id: str, after: int = 0, limit: int | None = None
    ) -> Iterator[Row]:
        """Read rows with a sequence above `after`, in order; without loading them all at once."""
        ...

    def row(self, row_id: str) -> Row | None:
        """Read one row by its id."""
        ...

    def latest(
        self, limit: int, scalable_target_id: str | None = None, kind: str | None = None
    ) -> Sequence[Row]:
        """Read the newest rows of one target or of all, newest first."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...
