"""Does every wake go the same way: look, decide, write the intent, act, write the outcome?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from flyball.controller import LEASE, SAFETY, Controller
from flyball.core.model import (
    Action,
    Capacity,
    CapacityRange,
    Datapoint,
    Missing,
    MissingCause,
    Reason,
    Status,
)
from flyball.core.policy import (
    DatapointsRule,
    ScheduledPolicy,
    Step,
    StepPolicy,
    TrackingPolicy,
)
from flyball.core.record import replay
from flyball.core.remember import Notice
from flyball.core.schedule import Schedule
from flyball.core.target import Metric, Mode, ScalableTarget
from flyball.ports import Ledger, OutcomeKind, TriggerKind
from flyball.wake import WakeKind
from tests.rig import ALARM, ENGINE, MINUTE, NAME, SECOND, T0, Rig, make_target, outcome_of


def test_no_change_of_capacity_without_a_row_written_before_it(rig: Rig) -> None:
    """When the provider is asked, the intent is in the ledger, and pending."""
    rig.metrics.load = 200.0
    found: list[str | None] = []
    rig.provider.on_apply = lambda: found.append(rig.store.status(NAME).pending)
    wake = rig.wake()
    assert found == [wake.row_id]
    assert rig.store.row(wake.row_id) is not None
    assert rig.provider.applied == [(NAME, CapacityRange(4, 4))]


def test_a_change_is_an_intent_and_then_its_outcome(rig: Rig) -> None:
    """Two rows: what was going to be done, and what the provider said."""
    rig.metrics.load = 200.0
    wake = rig.wake()
    assert wake.kind is WakeKind.DECIDED
    assert wake.outcome is not None
    assert rig.kinds() == ["decision", "outcome"]
    assert outcome_of(rig.rows()[1]) == wake.outcome
    assert rig.rows()[1].body.startswith(f'{{"decision":"{wake.row_id}"')
    assert rig.is_free()
    rig.check()


def test_the_steps_come_in_their_order(rig: Rig) -> None:
    """A hold ends after the intent's write; a change goes on."""
    rig.wake()
    assert rig.steps == ["claim", "observe", "decide", "intent", "done"]
    rig.steps.clear()
    rig.metrics.load = 200.0
    rig.wake()
    assert rig.steps == ["claim", "observe", "decide", "intent", "apply", "outcome", "done"]


def test_a_wake_that_nobody_watches_goes_the_same_way(rig: Rig) -> None:
    """Watching the steps is a choice."""
    alone = Controller(
        ledger=rig.ledger,
        metrics=rig.metrics,
        control=rig.provider,
        clock=rig.clock,
        token=lambda: "alone",
        engine=ENGINE,
    )
    assert alone.wake(rig.trigger()).kind is WakeKind.DECIDED


def test_a_row_holds_all_that_the_decision_was_made_from(rig: Rig) -> None:
    """Trigger, engine, config, observation, history, notices: enough to decide again."""
    rig.metrics.load = 250.0
    rig.wake(ALARM, source="high", state="ALARM")
    (record,) = rig.records()
    assert record.engine == ENGINE
    assert record.config_hash == rig.store.status(NAME).config_hash
    assert record.trigger == {
        "at": "2026-11-21T12:00:00Z",
        "kind": "alarm",
        "scalable_target_id": NAME,
        "source": "high",
        "state": "ALARM",
        "trigger_id": "alarm:2026-11-21T12:00:00+00:00",
    }
    assert record.observation.capacity == Capacity(2, 2)
    assert record.observation.metrics == {"load": (Datapoint(T0, 250.0),)}
    assert (record.history.desired, record.noticed) == (2, ())
    assert record.decision.desired == 5
    assert all(again.same for again in replay(rig.store.rows(NAME)))


def test_the_same_capacity_is_not_sent_again(rig: Rig) -> None:
    """An absolute capacity is sent only if it differs."""
    rig.metrics.load = 200.0
    rig.wake()
    rig.metrics.load = 100.0
    rig.pass_time(MINUTE)
    rig.wake()
    assert len(rig.provider.asked) == 1
    assert rig.last().action is Action.HOLD


def test_the_metric_of_a_busy_endpoint_is_not_counted_twice(rig: Rig) -> None:
    """Updating to 8 with 4 in service, 140 each for a target value of 70: already desired."""
    rig = Rig(rig.store, make_target("busy", policies=(TrackingPolicy("track", "load", 70.0),)))
    rig.provider.capacity = Capacity(8, 4, Status.BUSY, detail="Updating")
    rig.metrics.load = 140.0
    assert rig.wake().kind is WakeKind.DECIDED
    assert (rig.last().action, rig.last().desired) == (Action.HOLD, 8)
    rig.metrics.load = 175.0
    rig.pass_time(MINUTE)
    rig.wake()
    assert (rig.last().action, rig.last().desired) == (Action.DEFER, 10)
    assert rig.provider.asked == []
    assert rig.wake_in() == 60
    rig.provider.capacity = Capacity(8, 8)
    rig.metrics.load = 90.0
    rig.pass_time(MINUTE)
    rig.wake()
    assert rig.provider.asked == []  # of that minute nobody knows how long all eight were there
    rig.pass_time(MINUTE)
    rig.wake()
    assert rig.provider.applied == [("busy", CapacityRange(11, 11))]


def test_advice_is_recorded_and_never_sent(store: Ledger) -> None:
    """Mode advise: the row says what would have been done."""
    rig = Rig(store, make_target(mode=Mode.ADVISE))
    rig.metrics.load = 200.0
    rig.wake()
    assert (rig.last().action, rig.last().desired) == (Action.BLOCK, 4)
    assert rig.provider.asked == []
    rig.check()


def test_an_endpoint_of_another_owner_is_left_alone(rig: Rig) -> None:
    """Native auto scaling on the same resource: two governors on one shaft would fight."""
    rig.provider.capacity = Capacity(2, 2, owner="application-autoscaling")
    rig.metrics.load = 200.0
    rig.wake()
    assert (rig.last().action, rig.last().reason) == (Action.BLOCK, Reason.FOREIGN_OWNER)
    assert rig.provider.asked == []


def test_too_little_of_the_lease_left_aborts_before_the_provider_is_asked(rig: Rig) -> None:
    """A run that was held up must not act beside the next holder; its intent is closed."""
    rig.metrics.load = 200.0

    def hold_up(step: str) -> None:
        if step == "apply":
            rig.pass_time(LEASE - SAFETY)

    rig.on_step = hold_up
    wake = rig.wake()
    assert wake.outcome is not None
    assert wake.outcome.kind is OutcomeKind.ABORTED
    assert "5 s of the lease" in wake.outcome.detail
    assert rig.provider.asked == []
    assert rig.history().changes == ()
    assert rig.wake_in() == 60
    rig.check()


def test_just_enough_of_the_lease_left_is_enough(rig: Rig) -> None:
    """The limit itself is too little, anything more is not."""
    rig.metrics.load = 200.0
    rig.on_step = lambda step: rig.pass_time(LEASE - SAFETY - SECOND) if step == "apply" else None
    rig.wake()
    assert rig.outcomes() == [OutcomeKind.APPLIED]


def test_a_rolled_back_change_starts_no_cooldown(store: Ledger) -> None:
    """RollingBack to in service at the old count: read again, no success, no cooldown."""
    tracking = TrackingPolicy("track", "load", 100.0, scale_out_cooldown=timedelta(hours=1))
    rig = Rig(store, make_target(policies=(tracking,)))
    rig.provider.busy_after = True
    rig.metrics.load = 200.0
    rig.wake()
    rig.pass_time(MINUTE)
    rig.provider.capacity = Capacity(2, 2, Status.BUSY, detail="RollingBack")
    rig.wake()
    assert rig.last().action is Action.DEFER
    rig.provider.capacity = Capacity(2, 2)
    rig.pass_time(MINUTE)
    rig.wake()
    record = rig.records()[-1]
    assert [each.notice for each in record.noticed] == [Notice.ROLLED_BACK]
    assert record.decision.limits == ()
    assert "foreign" not in rig.kinds()
    assert rig.provider.applied[1:] == [(NAME, CapacityRange(4, 4))]  # once more, in full
    rig.check()


def test_a_stalled_change_is_told_and_waited_for_no_more(store: Ledger) -> None:
    """In service with fewer than asked for, three lead times later."""
    rig = Rig(store, make_target(lead_time=timedelta(minutes=5)))
    rig.metrics.load = 200.0
    rig.wake()
    rig.provider.capacity = Capacity(4, 3)
    rig.metrics.load = 100.0
    rig.pass_time(timedelta(minutes=15))
    rig.wake()
    assert rig.records()[-1].noticed == ()
    rig.pass_time(SECOND)
    rig.wake()
    assert [each.notice for each in rig.records()[-1].noticed] == [Notice.STALLED]


def test_one_read_asks_for_as_many_periods_as_any_policy_looks_back_on(store: Ledger) -> None:
    """One metric, one read, the longest look."""
    steps = (Step(0, None, 1),)
    target = ScalableTarget(
        NAME,
        1,
        9,
        metrics=(Metric("load"), Metric("queue"), Metric("idle")),
        policies=(
            TrackingPolicy("a", "load", 1.0, out_datapoints=DatapointsRule(3, 5)),
            TrackingPolicy("b", "load", 1.0, in_datapoints=DatapointsRule(15, 15)),
            StepPolicy("c", "queue", 1.0, steps, datapoints=DatapointsRule(2, 3)),
            StepPolicy("d", "load", 1.0, steps, datapoints=DatapointsRule(1, 4)),
            ScheduledPolicy(
                "e", Schedule("rate(1 day)", start=datetime(2026, 1, 1, tzinfo=UTC)), 1
            ),
        ),
    )
    rig = Rig(store, target)
    rig.wake()
    (reads,) = rig.metrics.reads
    assert [(read.metric.name, read.periods) for read in reads] == [
        ("load", 15),
        ("queue", 3),
        ("idle", 1),
    ]


def test_a_target_without_metrics_asks_no_source(store: Ledger) -> None:
    """Bounds alone are a config too."""
    rig = Rig(store, make_target(low=3, metrics=(), policies=()))
    rig.metrics.error = AssertionError("asked")
    rig.wake()
    assert rig.provider.applied == [(NAME, CapacityRange(3, 3))]


@dataclass(frozen=True)
class Broken:
    """A way for a source of metrics to break its contract, and what is then said."""

    id: str
    detail: str
    error: Exception | None = None
    answers: tuple[object, ...] | None = None


NAIVE = T0.replace(tzinfo=None)
BROKEN = (
    Broken("raises", "ConnectionError: gone", error=ConnectionError("gone")),
    Broken("answers_nothing", "0 answers to 1 reads", answers=()),
    Broken("answers_too_much", "2 answers to 1 reads", answers=((), ())),
    Broken("is_no_series", "TypeError", answers=(3.5,)),
    Broken("has_no_time_zone", "datapoint 0 has no time zone", answers=((Datapoint(NAIVE, 1.0),),)),
    Broken(
        "repeats_an_instant",
        "datapoint 1 is not after",
        answers=((Datapoint(T0, 9e9), Datapoint(T0, 1.0)),),
    ),
)


@pytest.mark.parametrize("load", [20.0, 500.0], ids=["would_scale_in", "would_scale_out"])
@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.id)
def test_a_source_that_breaks_its_contract_blinds_one_look_and_changes_nothing(
    rig: Rig, case: Broken, load: float
) -> None:
    """What it does is never a number, above all not a zero."""
    rig.metrics.load, rig.metrics.error, rig.metrics.answers = load, case.error, case.answers
    assert rig.wake().kind is WakeKind.DECIDED
    series = rig.records()[-1].observation.metrics["load"]
    assert isinstance(series, Missing)
    assert series.cause is MissingCause.SOURCE_FAILED
    assert case.detail in series.detail
    assert rig.provider.asked == []
    rig.check()
    rig.metrics.error = rig.metrics.answers = None
    rig.pass_time(MINUTE)
    rig.wake()
    assert len(rig.provider.applied) == 1


@pytest.mark.parametrize(
    "shown",
    [Missing(MissingCause.SOURCE_FAILED, "denied"), OSError("denied")],
    ids=["says", "raises"],
)
def test_a_provider_that_cannot_be_read_holds_everything(
    rig: Rig, shown: Missing | Exception
) -> None:
    """Without knowing what is there, nothing is set; it is looked at again in a tick."""
    rig.metrics.load = 900.0
    rig.provider.shows = shown
    assert rig.wake().kind is WakeKind.DECIDED
    assert (rig.last().action, rig.last().reason) == (Action.HOLD, Reason.CAPACITY_UNKNOWN)
    assert rig.provider.asked == []
    assert rig.wake_in() == 60
    rig.check()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
def test_a_value_that_is_no_value_is_recorded_and_changes_nothing(rig: Rig, value: float) -> None:
    """Its row decides the same again, bit for bit."""
    rig.metrics.load = value
    rig.wake()
    assert rig.provider.asked == []
    rig.check()


def test_bounds_that_a_schedule_set_hold_at_the_next_wake(store: Ledger) -> None:
    """A scheduled action fires once and its bounds stay."""
    at_noon = ScheduledPolicy("noon", Schedule("cron(0 12 * * ? *)"), 6, 10)
    rig = Rig(store, make_target(policies=(at_noon,)))
    rig.wake(TriggerKind.TIMER)
    assert rig.provider.applied == [(NAME, CapacityRange(6, 6))]
    assert [fired.policy for fired in rig.last().fired] == ["noon"]
    rig.pass_time(MINUTE)
    rig.wake()
    assert (rig.last().fired, rig.last().min_capacity) == ((), 6)
    rig.check()
