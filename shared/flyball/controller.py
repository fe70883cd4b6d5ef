"""How does one wake-up become at most one change of capacity, with a row written before it?

    claim ── observe ── decide ── record intent ── apply ── record outcome
      │                               │              │
      │ conditional write of the      │ append-only  │ absolute capacity, sent once,
      │ lease; a second delivery is   │ row, on con- │ only if it differs and the
      │ turned away here              │ dition of    │ lease still holds
      │                               │ token and
      │                               │ generation

A crash between intent and outcome leaves the intent pending; the next wake asks the provider what
is true and closes it. Nothing is sent twice, and no row is lost.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple

from flyball.core.chain import name_row
from flyball.core.codec import canonical, decode, decode_instant, encode, encode_instant, parse
from flyball.core.decide import decide
from flyball.core.model import (
    Action,
    Decision,
    Direction,
    History,
    Missing,
    MissingCause,
    Observation,
    Pause,
)
from flyball.core.policy import ScheduledPolicy, TrackingPolicy
from flyball.core.record import DECISION, FOREIGN, OUTCOME, PAUSE, RESUME, DecisionRecord
from flyball.core.remember import (
    Notice,
    Noticed,
    absorb,
    note_applied,
    note_pause,
    note_quota,
    note_resume,
    note_shortage,
    remember,
)
from flyball.core.target import ScalableTarget
from flyball.ports import (
    CapacityControl,
    Claim,
    Clock,
    ItemUpdate,
    LeaseHeldError,
    LeaseLostError,
    Ledger,
    MetricRead,
    MetricSource,
    NewRow,
    Outcome,
    OutcomeKind,
    Trigger,
    TriggerKind,
    UnknownTargetError,
)

LEASE = timedelta(seconds=120)
"""Longer than a function may run, so that a lease never ends under a living holder."""
SAFETY = timedelta(seconds=5)
"""Nothing is sent to the provider with less than this left of the lease."""
SOURCES_LIMIT = 64
"""Trigger sources whose newest state timestamp is kept for each target."""


class WakeKind(Enum):
    """How a wake ended."""

    DECIDED = "decided"
    TURNED_AWAY = "turned_away"
    """Another run has the lease."""
    DUPLICATE = "duplicate"
    """This event, or a newer one of its source, was handled already."""
    NOT_DUE = "not_due"
    UNKNOWN_TARGET = "unknown_target"
    LEASE_LOST = "lease_lost"
    """Another holder or a new config came between; what was not written was not applied."""
    UNRESOLVED = "unresolved"
    """Sent, but it is not known whether it landed: the next wake asks the provider."""
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
    """

    kind: WakeKind
    scalable_target_id: str
    decision: Decision | None = None
    outcome: Outcome | None = None
    row_id: str = ""
    noticed: tuple[Noticed, ...] = ()
    detail: str = ""


def _no_step(name: str) -> None:
    """Nobody watches the steps."""


class Controller:
    """Turns wake-ups into at most one change of capacity each.

    Args:
        ledger: Rows and items.
        metrics: Where metrics come from.
        control: Where capacity is read and set.
        clock: Where `now` comes from.
        token: Makes a fresh lease token, unique among all runs.
        engine: The engine's version, for the rows.
        lease: How long a lease lasts; longer than one run may take.
        on_step: Told the name of each step as it begins, for timing and tracing.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        metrics: MetricSource,
        control: CapacityControl,
        clock: Clock,
        token: Callable[[], str],
        engine: str,
        lease: timedelta = LEASE,
        on_step: Callable[[str], None] = _no_step,
    ) -> None:
        self._ledger = ledger
        self._metrics = metrics
        self._control = control
        self._clock = clock
        self._token = token
        self._engine = engine
        self._lease = lease
        self._on_step = on_step
        self._configs: dict[str, ScalableTarget] = {}

    def tick(self, limit: int = 1_000) -> list[Wake]:
        """Wake what is due; one bad target never stops the others.

        Raises:
            LedgerUnavailableError: Not even the index of what is due can be read.
        """
        now = self._clock.now()
        wakes = []
        for due in self._ledger.due(now, limit):
            target_id = due.scalable_target_id
            trigger = Trigger(
                target_id,
                f"timer:{target_id}:{due.wake_at.isoformat()}",
                TriggerKind.TIMER,
                due.wake_at,
            )
            wakes.append(self.wake_safely(trigger))
        return wakes

    def wake_safely(self, trigger: Trigger) -> Wake:
        """Handle one wake-up; whatever goes wrong is its Wake, and no other target's concern."""
        try:
            return self.wake(trigger)
        except Exception as error:  # noqa: BLE001  (the boundary between one target and the next)
            return Wake(
                WakeKind.FAILED,
                trigger.scalable_target_id,
                detail=f"{type(error).__name__}: {error}",
            )

    def wake(self, trigger: Trigger) -> Wake:
        """Handle one wake-up.

        Raises:
            LedgerUnavailableError: Nothing was written, hence nothing was applied; try again.
            ValueError: The stored config or history cannot be read; the lease was given back.
        """
        self._on_step("claim")
        now = self._clock.now()
        target_id = trigger.scalable_target_id
        try:
            claim = self._ledger.claim(target_id, self._token(), now, now + self._lease)
        except LeaseHeldError as error:
            return Wake(WakeKind.TURNED_AWAY, target_id, detail=str(error))
        except UnknownTargetError as error:
            return Wake(WakeKind.UNKNOWN_TARGET, target_id, detail=str(error))
        seen = json.loads(claim.seen)
        stale = _is_stale(trigger, claim, seen, now)
        if stale is not None:
            self._ledger.write(claim, (), ItemUpdate(release=True))
            return Wake(stale, target_id)
        try:
            target = self._config(claim)
            history = parse(History, claim.history)
        except ValueError as error:
            self._ledger.write(claim, (), ItemUpdate(wake_at=now + LEASE, release=True))
            message = (
                f"{target_id}: the ledger's config or history cannot be read: {error}; "
                "register the config again"
            )
            raise ValueError(message) from error
        return self._look(trigger, claim, target, history, _note_seen(seen, trigger))

    def _config(self, claim: Claim) -> ScalableTarget:
        """Build the scalable target once a config."""
        found = self._configs.get(claim.config_hash)
        if found is None:
            found = parse(ScalableTarget, claim.config)
            if len(self._configs) >= 4096:  # noqa: PLR2004  (a bound, so that a long-lived function does not grow)
                self._configs.clear()
            self._configs[claim.config_hash] = found
        return found

    def _look(
        self, trigger: Trigger, claim: Claim, target: ScalableTarget, history: History, seen: str
    ) -> Wake:
        """Observe, close what is pending, decide, and act."""
        self._on_step("observe")
        now = self._clock.now()
        observation = self._observe(target, now)
        rows: list[NewRow] = []
        if claim.pending is not None:
            closing, history = self._reconcile(claim.pending, observation, history, now)
            rows += closing
            if not closing:  # the provider cannot be read, so neither can the intent's fate
                return self._hold_pending(claim, target, now)
        history, noticed = absorb(target, history, observation, now)
        rows += [
            NewRow(FOREIGN, now, canonical(each))
            for each in noticed
            if each.notice is Notice.FOREIGN
        ]
        self._on_step("decide")
        decision = decide(target, observation, history, now)
        record = DecisionRecord(
            self._engine,
            claim.config_hash,
            encode(trigger),
            observation,
            history,
            noticed,
            decision,
        )
        rows.append(NewRow(DECISION, now, canonical(record)))
        after = remember(target, history, decision)
        self._on_step("intent")
        acts = decision.action is Action.SET
        update = ItemUpdate(canonical(after), acts, seen, decision.wake_at, release=not acts)
        try:
            claim = self._ledger.write(claim, rows, update)
        except LeaseLostError as error:
            return Wake(
                WakeKind.LEASE_LOST, target.id, decision, noticed=noticed, detail=str(error)
            )
        row_id = name_row(target.id, claim.sequence, now)
        if not acts:
            self._on_step("done")
            return Wake(WakeKind.DECIDED, target.id, decision, None, row_id, noticed)
        return self._act(claim, target, after, decision, row_id, noticed)

    def _observe(self, target: ScalableTarget, now: datetime) -> Observation:
        """Read metrics and capacity; whatever fails is Missing, never a number."""
        reads = [
            MetricRead(target, metric, _periods(target, metric.name)) for metric in target.metrics
        ]
        try:
            answers: Sequence[object] = self._metrics.read(reads, now) if reads else ()
        except Exception as error:  # noqa: BLE001  (a source that breaks its contract must not stop the hold)
            answers = [
                Missing(MissingCause.SOURCE_FAILED, f"{type(error).__name__}: {error}")
            ] * len(reads)
        try:
            capacity = self._control.describe(target, now)
        except Exception as error:  # noqa: BLE001
            capacity = Missing(MissingCause.SOURCE_FAILED, f"{type(error).__name__}: {error}")
        series = {read.metric.name: answer for read, answer in zip(reads, answers, strict=True)}
        return Observation(now, capacity, series)  # type: ignore[arg-type]

    def _act(
        self,
        claim: Claim,
        target: ScalableTarget,
        history: History,
        decision: Decision,
        row_id: str,
        noticed: tuple[Noticed, ...],
    ) -> Wake:
        """Send an absolute capacity, once, and record the answer."""
        self._on_step("apply")
        now = self._clock.now()
        if now + SAFETY >= claim.lease_until:
            outcome = Outcome(
                OutcomeKind.ABORTED,
                f"only {(claim.lease_until - now).total_seconds():.0f} s of the lease were left",
            )
        else:
            try:
                outcome = self._control.apply(target, decision.range, now)
            except Exception as error:  # noqa: BLE001  (it may have landed: the intent stays pending)
                self._ledger.write(claim, (), ItemUpdate(wake_at=now + target.tick, release=True))
                return Wake(
                    WakeKind.UNRESOLVED,
                    target.id,
                    decision,
                    None,
                    row_id,
                    noticed,
                    f"{type(error).__name__}: {error}",
                )
        self._on_step("outcome")
        now = self._clock.now()
        history, wake_at = _note_outcome(target, history, decision, outcome, now)
        row = NewRow(OUTCOME, now, canonical({"decision": row_id, "outcome": encode(outcome)}))
        try:
            self._ledger.write(
                claim,
                (row,),
                ItemUpdate(canonical(history), pending=False, wake_at=wake_at, release=True),
            )
        except LeaseLostError as error:
            return Wake(
                WakeKind.LEASE_LOST, target.id, decision, outcome, row_id, noticed, str(error)
            )
        self._on_step("done")
        return Wake(WakeKind.DECIDED, target.id, decision, outcome, row_id, noticed)

    def _reconcile(
        self, pending: str, observation: Observation, history: History, now: datetime
    ) -> tuple[list[NewRow], History]:
        """Ask the provider what became of an intent whose outcome was never written.

        Returns:
            The outcome row that closes it, none while the provider cannot be read; the history.
        """
        capacity = observation.capacity
        row = self._ledger.row(pending)
        if isinstance(capacity, Missing):
            return [], history
        if row is None:
            outcome = Outcome(
                OutcomeKind.OVERTAKEN, "the intent's row is gone: run `flyball ledger verify`"
            )
            return [_closing_row(pending, outcome, now)], history
        decision = decode(Decision, json.loads(row.body)["decision"])
        ceiling_landed = capacity.ceiling is None or capacity.ceiling == decision.ceiling
        if capacity.desired == decision.desired and ceiling_landed:
            history = note_applied(history, decision, decision.at)
            outcome = Outcome(OutcomeKind.LANDED)
        elif capacity.desired == decision.current:
            outcome = Outcome(OutcomeKind.NOT_LANDED)
        else:
            outcome = Outcome(OutcomeKind.OVERTAKEN, f"found {capacity.desired}")
        return [_closing_row(pending, outcome, now)], history

    def _hold_pending(self, claim: Claim, target: ScalableTarget, now: datetime) -> Wake:
        """Leave a pending intent as it is until the provider can be read."""
        self._ledger.write(claim, (), ItemUpdate(wake_at=now + target.tick, release=True))
        return Wake(
            WakeKind.UNRESOLVED,
            target.id,
            detail="an intent is pending and the provider cannot be read",
        )

    def pause(self, scalable_target_id: str, pause: Pause) -> str:
        """Pause a direction (or both), as a row in the ledger.

        Returns:
            The row's id.

        Raises:
            UnknownTargetError: No such target.
            LeaseHeldError: A wake is at work; try again in a moment.
        """
        return self._edit(
            scalable_target_id, PAUSE, canonical(pause), lambda history: note_pause(history, pause)
        )

    def resume(
        self, scalable_target_id: str, direction: Direction | None, by: str, reason: str
    ) -> str:
        """Lift the pauses of a direction (None: all), as a row in the ledger; see pause."""
        body = canonical({"direction": encode(direction), "by": by, "reason": reason})
        return self._edit(
            scalable_target_id, RESUME, body, lambda history: note_resume(history, direction)
        )

    def _edit(
        self, scalable_target_id: str, kind: str, body: str, change: Callable[[History], History]
    ) -> str:
        now = self._clock.now()
        claim = self._ledger.claim(scalable_target_id, self._token(), now, now + self._lease)
        history = change(parse(History, claim.history))
        written = self._ledger.write(
            claim,
            (NewRow(kind, now, body),),
            ItemUpdate(canonical(history), wake_at=now, release=True),
        )
        return name_row(scalable_target_id, written.sequence, now)


def _is_stale(
    trigger: Trigger, claim: Claim, seen: dict[str, str], now: datetime
) -> WakeKind | None:
    """Say whether a wake-up has nothing new to tell: repeated, late, reordered, or not yet due."""
    if trigger.kind is TriggerKind.TIMER:
        return WakeKind.NOT_DUE if claim.wake_at is not None and claim.wake_at > now else None
    if not trigger.source:
        return None
    newest = seen.get(trigger.source)
    return (
        WakeKind.DUPLICATE if newest is not None and trigger.at <= decode_instant(newest) else None
    )


def _note_seen(seen: dict[str, str], trigger: Trigger) -> str:
    """Note the newest state timestamp of the trigger's source; forget the oldest of too many."""
    if trigger.source:
        seen[trigger.source] = encode_instant(trigger.at)
        for source in sorted(seen, key=lambda each: decode_instant(seen[each]))[:-SOURCES_LIMIT]:
            del seen[source]
    return canonical(seen)


def _periods(target: ScalableTarget, metric: str) -> int:
    """How many periods back any policy looks on a metric."""
    longest = 1
    for policy in target.policies:
        if isinstance(policy, ScheduledPolicy) or policy.metric != metric:
            continue
        if isinstance(policy, TrackingPolicy):
            longest = max(longest, policy.out_datapoints.evaluated, policy.in_datapoints.evaluated)
        else:
            longest = max(longest, policy.datapoints.evaluated)
    return longest


def _closing_row(pending: str, outcome: Outcome, now: datetime) -> NewRow:
    return NewRow(
        OUTCOME,
        now,
        canonical({"decision": pending, "outcome": encode(outcome), "reconciled": True}),
    )


def _note_outcome(
    target: ScalableTarget, history: History, decision: Decision, outcome: Outcome, now: datetime
) -> tuple[History, datetime]:
    """Learn from the provider's answer, and say when to look again.

    Only APPLIED starts a change, and so a cooldown; a refusal leaves the last applied capacity.
    """
    soon = now + target.tick
    match outcome.kind:
        case OutcomeKind.APPLIED:
            return note_applied(history, decision, now), min(decision.wake_at, soon)
        case OutcomeKind.QUOTA_EXCEEDED:
            granted = outcome.quota if outcome.quota is not None else decision.current or 0
            return note_quota(history, granted, now), soon
        case OutcomeKind.SHORTAGE:
            return note_shortage(history, target.tick, now), soon
        case OutcomeKind.DENIED:  # only a human can mend it; others go on
            return history, now + target.heartbeat
        case _:
            return history, soon
