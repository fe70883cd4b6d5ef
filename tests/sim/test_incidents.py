"""Would the incidents that others had to live through have happened here?"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta

from flyball.core.codec import canonical
from flyball.core.model import Direction, Pause, Reason
from flyball.core.policy import TrackingPolicy
from flyball.core.target import DirectionRules, Fallback, RateKind, RateRule, ScalableTarget
from flyball.sim.day import Cloud
from flyball.sim.faults import FaultKind
from flyball.sim.trace import MINUTE
from tests.sim.story import START, TARGET, TRACK, fault, open_cloud, tell

FALL = [*[1_400.0] * 20, *[350.0] * 60]
SATURATION = TrackingPolicy("saturation", "invocations", 70.0)
SLOWLY = DirectionRules(rates=(RateRule(RateKind.PERCENT, 20, timedelta(minutes=10)),))


def test_reddit_2016_a_pause_outlives_the_process_that_was_told() -> None:
    """Paused by a human, then restarted again and again: no scale-in until the pause ends."""
    until = START + 60 * MINUTE

    def pause(minute: int, cloud: Cloud) -> None:
        if minute == 15:
            cloud.controller.pause("chat", Pause(Direction.IN, until, "ann", "migration"))

    restarts = [fault(FaultKind.CRASH, at, at + 1, where="claim") for at in range(20, 60, 7)]
    story = tell(FALL, *restarts, initial=20, at=pause)
    assert all(minute >= 60 for minute, _, _ in story.steps())
    assert story.minutes[-1].desired < 20
    (row,) = story.bodies("pause")
    assert (row["by"], row["reason"]) == ("ann", "migration")


def test_reddit_2016_no_window_removes_more_than_its_share() -> None:
    """A fifth in ten minutes, however low the metric reads."""
    target = replace(TARGET, scale_in=SLOWLY)
    lowered = fault(FaultKind.METRIC_LOWERED, 10, 40, amount=0.01)
    story = tell([1_400.0] * 40, lowered, target=target, initial=20)
    removed = [(minute, before - after) for minute, before, after in story.steps()]
    assert removed
    for begin in range(30):
        window = [count for minute, count in removed if begin <= minute < begin + 10]
        assert sum(window) <= 4


def test_slack_2021_idle_looking_servers_are_kept_while_the_load_says_otherwise() -> None:
    """A network fault lowers utilization; the total says that everybody is still there."""
    target = replace(TARGET, policies=(TRACK, SATURATION))
    lowered = fault(FaultKind.METRIC_LOWERED, 20, 60, amount=0.1, where="utilization")
    assert tell([1_400.0] * 60, lowered, target=target, initial=20).steps() == []


def test_slack_2021_a_ramp_never_orders_everything_at_once() -> None:
    """Twelvefold demand: at most eight more in five minutes."""
    ramp = DirectionRules(rates=(RateRule(RateKind.COUNT, 8, timedelta(minutes=5)),))
    target = replace(TARGET, scale_out=ramp, max_capacity=120)
    story = tell([*[300.0] * 10, *[3_600.0] * 60], target=target, initial=5)
    steps = story.steps()
    assert len(steps) > 3
    assert all(after - before <= 8 for _, before, after in steps)


def test_kubernetes_104387_an_outage_is_not_read_as_zero() -> None:
    """Every metric gone for an hour at full load: not one instance is taken."""
    story = tell([1_400.0] * 90, fault(FaultKind.METRIC_EMPTY, 15, 75), initial=20)
    assert story.steps() == []


def test_keda_6659_a_fallback_is_no_scale_in() -> None:
    """Twenty are there, the fallback says four."""
    target = replace(TARGET, fallback=Fallback(4, after=timedelta(minutes=1)))
    story = tell([1_400.0] * 60, fault(FaultKind.METRIC_FAILED, 15, 60), target=target, initial=20)
    assert story.steps() == []
    recommended = {
        rec.desired
        for decision in story.decisions(20)
        for rec in decision.recommendations
        if rec.policy == "fallback"
    }
    assert recommended == {20}


def test_aws_2021_blind_in_the_middle_of_a_surge_it_holds_what_it_has() -> None:
    """Monitoring is lost while demand climbs: no step that was not decided on what was seen."""
    surge = [*[650.0] * 10, *[650.0 + 100 * n for n in range(40)]]
    blind = [fault(kind, 20, 50) for kind in (FaultKind.METRIC_RAISES, FaultKind.METRIC_STALE)]
    story = tell(surge, *blind)
    assert [step for step in story.steps() if step[0] >= 27] == []
    assert all(after > before for _, before, after in story.steps())


def test_github_2026_new_thresholds_hold_from_the_next_tick_on() -> None:
    """The minimum is raised to twelve in the middle of a scale-in: it never goes below again."""
    fresh = replace(TARGET, min_capacity=12)

    def raise_minimum(minute: int, cloud: Cloud) -> None:
        if minute == 22:
            config = canonical(fresh)
            config_hash = hashlib.sha256(config.encode()).hexdigest()
            cloud._ledger.register("chat", config, config_hash, cloud.clock.now())

    story = tell(FALL, initial=20, at=raise_minimum)
    assert story.minutes[-1].desired == 12
    assert min(minute.desired for minute in story.minutes) == 12


def test_phantomjscloud_2024_a_short_dip_takes_nothing_away() -> None:
    """Four minutes of silence in an hour of load: in takes five in a row."""
    dip = [*[1_400.0] * 20, *[10.0] * 4, *[1_400.0] * 40]
    assert tell(dip, initial=20).steps() == []


def test_a_removed_field_never_falls_to_a_default() -> None:
    """A config without its policies asks for nothing: what is there stays."""
    bare = ScalableTarget("chat", 1, 60)
    story = tell([1_400.0] * 60, target=bare, initial=20)
    assert story.steps() == []
    assert {decision.reason for decision in story.decisions()} == {Reason.NOTHING_ASKED}


def test_handing_over_from_another_owner_starts_from_what_is_there() -> None:
    """First seen at 37 with nothing remembered: followed from there, not from a minimum."""
    cloud, _ = open_cloud([2_600.0] * 30, initial=38)
    minutes = list(cloud.minutes())
    assert {minute.desired for minute in minutes} == {38}
