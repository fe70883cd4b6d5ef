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

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from flyball.alarm import PREFIX, AlarmWatch
from flyball.core.chain import name_row
from flyball.core.codec import canonical, encode
from flyball.core.decide import decide
from flyball.core.model import (
    Action,
    Decision,
    Direction,
    History,
    Pause,
)
from flyball.core.record import DECISION, FOREIGN, PAUSE, RESUME
from flyball.core.remember import (
    Notice,
    absorb,
    believe_capacity,
    note_pause,
    note_resume,
    remember,
)
from flyball.core.target import ScalableTarget
from flyball.lease import Leases
from flyball.observe import SeriesByName, observe, passes, read_metrics
from flyball.ports import (
    CapacityControl,
    Claim,
    Clock,
    Deadline,
    ItemUpdate,
    LeaseLostError,
    Ledger,
    LedgerError,
    MetricSource,
    NewRow,
    Outcome,
    OutcomeKind,
    Trigger,
)
from flyball.quiet import find_resting
from flyball.recall import read_history
from flyball.reconcile import Open, close, find_underway, learn, reconcile
from flyball.scribe import Scribe
from flyball.wake import Held, Wake, WakeKind, fail, safely, wake_due

T = TypeVar("T")

LEASE = timedelta(seconds=120)
"""Longer than a function may run, so that a lease never ends under a living holder."""
SAFETY = timedelta(seconds=5)
"""Nothing is sent to the provider with less than this left of the lease."""
CHUNK = 25
"""Scalable targets whose metrics are read together: their leases are all held meanwhile."""
NO_TIME = "no time left"


def _unwatched(name: str) -> None:
    """Let nobody watch the steps."""


def _always() -> bool:
    """There is time."""
    return True


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
        watch: Where the alarms' states are read, so that a quiet target's metrics need not be.
        alarm_prefix: First part of the alarms' names.
        scribe: Writes rows and histories; None: as canonical JSON.
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
        on_step: Callable[[str], None] | None = None,
        watch: AlarmWatch | None = None,
        alarm_prefix: str = PREFIX,
        scribe: Scribe | None = None,
    ) -> None:
        self._ledger = ledger
        self._metrics = metrics
        self._control = control
        self._clock = clock
        self._engine = engine
        self._on_step = on_step or _unwatched
        self._watch = watch
        self._alarm_prefix = alarm_prefix
        self._scribe = scribe or Scribe()
        self._leases = Leases(ledger, clock, token, lease, self._scribe)

    def tick(self, limit: int = 1_000) -> list[Wake]:
        """Wake what is due; one bad target never stops the others.

        Raises:
            LedgerUnavailableError: Not even the index of what is due can be read.
        """
        return self.wake_all([wake_due(due) for due in self._ledger.due(self._clock.now(), limit)])

    def wake_all(
        self, triggers: Sequence[Trigger], *, keep_going: Callable[[], bool] = _always
    ) -> list[Wake]:
        """Handle many wake-ups, and read the metrics of each chunk of them in one go.

        Args:
            triggers: Whom; one scalable target named twice is handled once and turned away once.
            keep_going: Asked before each scalable target is begun; where it says no, the rest has
                FAILED, and the leases that were taken for it are given back.

        Returns:
            One Wake a trigger, in order; whatever goes wrong with one is no other's concern.
        """
        wakes: list[Wake] = []
        for start in range(0, len(triggers), CHUNK):
            wakes += self._wake_chunk(triggers[start : start + CHUNK], keep_going)
        return wakes

    def _wake_chunk(
        self, chunk: Sequence[Trigger], keep_going: Callable[[], bool]
    ) -> Iterator[Wake]:
        """Take every lease, read all metrics, then look at one after the other."""
        taken = [
            safely(trigger, partial(self._take, trigger))
            if keep_going()
            else fail(trigger, NO_TIME)
            for trigger in chunk
        ]
        taken = self._spare(taken, keep_going)
        targets = [each.target for each in taken if isinstance(each, Held)]
        in_time = keep_going()
        read = iter(read_metrics(targets, self._metrics, self._clock.now()) if in_time else ())
        for each in taken:
            if isinstance(each, Wake):
                yield each
                continue
            series = next(read, None)
            if series is not None and keep_going():
                yield safely(each.trigger, partial(self._carry, each, series))
            else:
                told = self._leases.give_back(each.claim)
                yield fail(each.trigger, "; ".join(filter(None, (NO_TIME, told))))

    def _spare(
        self, taken: Sequence[Wake | Held], keep_going: Callable[[], bool]
    ) -> list[Wake | Held]:
        """Let those wait, unread, whose alarms say that nothing is going on."""
        if self._watch is None:
            return list(taken)
        held = [each for each in taken if isinstance(each, Held)]
        now = self._clock.now()
        resting = find_resting(
            held, self._watch, self._control, self._alarm_prefix, now, keep_going
        )
        spared: list[Wake | Held] = []
        for each in taken:
            rest = resting.get(each.target.id) if isinstance(each, Held) else None
            if rest is None or not isinstance(each, Held):
                spared.append(each)
                continue
            history = self._scribe.write_history(each.target.id, rest.history)
            update = ItemUpdate(history, wake_at=rest.until, release=True)
            write = partial(self._ledger.write, each.claim, (), update)
            wrote = safely(each.trigger, partial(self._leases.guard, each.claim, now, write))
            quiet = Wake(WakeKind.QUIET, each.target.id)
            spared.append(wrote if isinstance(wrote, Wake) else quiet)
        return spared

    def wake_safely(self, trigger: Trigger) -> Wake:
        """Handle one wake-up; whatever goes wrong is its Wake, and no other target's concern."""
        return safely(trigger, partial(self.wake, trigger))

    def wake(self, trigger: Trigger) -> Wake:
        """Handle one wake-up.

        Raises:
            LedgerError: The ledger failed before the intent was in it: nothing was applied. The
                lease ends by itself; then try again.
            ValueError: The stored config or history cannot be read; the lease was given back.
        """
        held = self._take(trigger)
        return held if isinstance(held, Wake) else self._carry(held, None)

    def _carry(self, held: Held, series: SeriesByName | None) -> Wake:
        """Look at what is held, and do what follows."""
        now = self._clock.now()
        return self._leases.guard(held.claim, now, partial(self._look, held, series))

    def _take(self, trigger: Trigger) -> Wake | Held:
        """Take the lease, if there is anything to do."""
        self._on_step("claim")
        return self._leases.take(trigger)

    def _look(self, held: Held, series: SeriesByName | None) -> Wake:
        """Observe, close what is pending, decide, and act."""
        _, claim, target, history, seen = held
        self._on_step("observe")
        now = self._clock.now()
        if series is None:
            (series,) = read_metrics([target], self._metrics, now)
        intent = None if claim.pending is None else self._ledger.row(claim.pending)
        underway = find_underway(intent, history)
        observation = observe(target, series, self._control, now, underway)
        rows: list[NewRow] = []
        if claim.pending is not None:
            closed = reconcile(target, intent, observation.capacity, history, now)
            if isinstance(closed, Open):
                return self._hold_pending(held, closed, now)
            rows.append(close(claim.pending, closed.outcome, now, is_reconciled=True))
            history = closed.history
        capacity = believe_capacity(target, history, observation.capacity, now)
        if capacity is not observation.capacity:
            observation = replace(observation, capacity=capacity)
        history, noticed = absorb(target, history, observation, now, writes=self._scribe.writes)
        rows += [
            NewRow(FOREIGN, now, canonical(each))
            for each in noticed
            if each.notice in (Notice.FOREIGN, Notice.CEILING_FOREIGN)
        ]
        self._on_step("decide")
        decision = decide(target, observation, history, now)
        row = self._scribe.write_decision(
            self._engine, held, observation, history, noticed, decision
        )
        rows.append(NewRow(DECISION, now, row))
        after = remember(target, history, decision, claim.config_hash)
        self._on_step("intent")
        acts = decision.action is Action.SET
        noted = None if passes(observation.capacity) else seen  # nobody could look
        text = self._scribe.write_history(target.id, after)
        update = ItemUpdate(text, acts, noted, decision.wake_at, release=not acts)
        wake = Wake(WakeKind.DECIDED, target.id, decision, noticed=noticed)
        try:
            claim = self._ledger.write(claim, rows, update)
        except LeaseLostError as error:
            return wake._replace(kind=WakeKind.LEASE_LOST, detail=str(error))
        wake = wake._replace(row_id=name_row(target.id, claim.sequence, now))
        if acts:
            return self._act(claim, target, after, decision, wake)
        self._on_step("done")
        return wake

    def _act(
        self, claim: Claim, target: ScalableTarget, history: History, decision: Decision, wake: Wake
    ) -> Wake:
        """Send an absolute capacity, once, and record the answer."""
        self._on_step("apply")
        now = self._clock.now()
        deadline = Deadline(claim.lease_until - SAFETY, self._clock)
        if deadline.left_s() <= 0:
            left_s = (claim.lease_until - now).total_seconds()
            outcome = Outcome(OutcomeKind.ABORTED, f"only {left_s:.0f} s of the lease were left")
        else:
            try:
                outcome = self._control.apply(target, decision.range, now, deadline)
            except Exception as error:  # noqa: BLE001  (it may have landed: the intent stays pending)
                detail = f"{type(error).__name__}: {error}"
                return self._leave_pending(
                    claim, target, now, wake._replace(kind=WakeKind.UNRESOLVED, detail=detail)
                )
        self._on_step("outcome")
        now = self._clock.now()
        history, wake_at = learn(target, history, decision, outcome, now)
        row = close(wake.row_id, outcome, now)
        text = self._scribe.write_history(target.id, history)
        update = ItemUpdate(text, pending=False, wake_at=wake_at, release=True)
        wake = wake._replace(outcome=outcome)
        try:
            self._ledger.write(claim, (row,), update)
        except LeaseLostError as error:
            return wake._replace(kind=WakeKind.LEASE_LOST, detail=str(error))
        except LedgerError as error:  # the intent stays pending, and the lease ends by itself
            return wake._replace(kind=WakeKind.UNRESOLVED, detail=str(error))
        self._on_step("done")
        return wake

    def _hold_pending(self, held: Held, found: Open, now: datetime) -> Wake:
        """Leave a pending intent as it is until it can be known what became of it.

        One that the provider is known to have taken is kept with the provider's name of it, and
        the event is handled: what is left is to look again.
        """
        _, claim, target, history, seen = held
        detail = f"an intent is pending, and {found.cause}"
        if not found.operation:
            wake = Wake(WakeKind.UNRESOLVED, target.id, detail=detail)
            return self._leave_pending(claim, target, now, wake)
        kept = replace(history, operation=found.operation)
        text = self._scribe.write_history(target.id, kept)
        update = ItemUpdate(text, seen=seen, wake_at=now + target.tick, release=True)
        self._ledger.write(claim, (), update)
        return Wake(WakeKind.TAKEN, target.id, detail=detail)

    def _leave_pending(
        self, claim: Claim, target: ScalableTarget, now: datetime, wake: Wake
    ) -> Wake:
        """Give the lease back and look again in a tick; if even that fails, the lease ends."""
        told = self._leases.give_back(claim, now + target.tick)
        return wake._replace(detail=f"{wake.detail}; {told}") if told else wake

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
        claim = self._leases.claim(scalable_target_id, now)
        try:
            update = ItemUpdate(canonical(change(read_history(claim))), wake_at=now, release=True)
            written = self._ledger.write(claim, (NewRow(kind, now, body),), update)
        except (ValueError, LedgerError):
            self._leases.give_back(claim)
            raise
        return name_row(scalable_target_id, written.sequence, now)
