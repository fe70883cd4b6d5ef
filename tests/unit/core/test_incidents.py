"""Would the engine have been in the incidents that others had?

Each test names the guard that was lacking.
"""

from __future__ import annotations

import pytest

from flyball.core.model import (
    Action,
    History,
    LimitKind,
    Missing,
    MissingCause,
    Observation,
    Pause,
    Reason,
    Series,
)
from flyball.core.remember import note_pause
from flyball.core.target import (
    DirectionRules,
    Fallback,
    Profile,
    RateKind,
    RateRule,
)
from tests.unit.core.cases import (
    NO_DATA,
    NOON,
    Story,
    at,
    aws_tracking,
    expect,
    scale,
    seconds,
    see,
    tracking,
)

A = aws_tracking("A")


def test_incident_reddit_2016_a_paused_target_is_not_scaled_in_by_half_migrated_data() -> None:
    """The pause is in the history that every decision reads, with owner and end."""
    story = Story(scale(A, low=1), 20)

    pause = Pause(None, at(3600), "the migration", "half of the data has moved")
    story.history = note_pause(story.history, pause)
    held = story.look(60, a=1)
    assert (held.desired, held.reason, held.limits[-1].by) == (20, Reason.PAUSED, "the migration")
    assert story.look(3601, a=1).desired == 1


def test_incident_reddit_2016_removal_is_bounded_by_percent_in_a_window() -> None:
    """However wrong the data, at most a tenth goes in ten minutes."""
    rules = DirectionRules(rates=(RateRule(RateKind.PERCENT, 10, seconds(600)),))
    story = Story(scale(tracking("A"), low=1, scale_in=rules), 20)
    assert story.settle(0, a=1).desired == 18
    assert story.settle(60, a=1).desired == 18
    assert story.settle(599, a=1).desired == 18
    assert story.settle(600, a=1).desired == 16


def test_incident_slack_2021_idle_cpu_does_not_scale_in_what_is_saturated() -> None:
    """A network fault lowered CPU use; the saturation signal disagrees, so nothing goes in."""
    target = scale(tracking("Cpu"), tracking("Threads"), low=1)
    seen = {"cpu": 20, "threads": 99}
    expect(target, see(40, seen), desired=40, reason=Reason.NOT_ALL_AGREE)


def test_incident_slack_2021_a_surge_is_a_ramp() -> None:
    """+1,200 at once is asked for in steps that provisioning can carry."""
    rules = DirectionRules(rates=(RateRule(RateKind.COUNT, 100, seconds(60)),))
    target = scale(tracking("A"), low=1, high=5000, scale_out=rules)
    expect(target, see(400, {"a": 400}), desired=500, wanted=1600, reason=Reason.RATE_LIMITED)


@pytest.mark.parametrize("missing", [(), NO_DATA, Missing(MissingCause.SOURCE_FAILED)])
def test_incident_kubernetes_104387_a_metrics_outage_is_not_zero_load(
    missing: Series | Missing,
) -> None:
    """Every service went to its minimum; here everything stays as it is."""
    for profile in Profile:
        target = scale(tracking("A"), tracking("B"), low=1, profile=profile)
        expect(target, see(30, {"a": missing, "b": missing}), desired=30, action=Action.HOLD)


@pytest.mark.parametrize("profile", Profile)
def test_incident_kubernetes_99394_an_invalid_metric_blocks_scale_in(profile: Profile) -> None:
    """And only that: the same metrics with the invalid one below its target do scale in."""
    target = scale(tracking("A"), tracking("B"), low=1, profile=profile)
    expect(
        target, see(30, {"a": 50, "b": NO_DATA}), desired=30, wanted=15, limits=(LimitKind.MISSING,)
    )
    expect(target, see(30, {"a": 50, "b": 50}), desired=15)
    expect(target, see(30, {"a": 200, "b": NO_DATA}), desired=60)


def test_incident_keda_6659_a_fallback_never_scales_in() -> None:
    """A fallback of 5 under a current of 30 is 30."""
    target = scale(tracking("A"), low=1, fallback=Fallback(5, after=seconds(180)))
    story = Story(target, 30)
    for minute in range(10):
        assert story.look(60 * minute, a=NO_DATA).desired == 30
    small = Story(target, 2)
    assert small.look(0, a=NO_DATA).desired == 2
    assert small.look(179, a=NO_DATA).desired == 2
    fired = small.look(180, a=NO_DATA)
    assert (fired.desired, fired.reason) == (5, Reason.FALLBACK)


def test_incident_spanner_an_empty_series_is_not_zero() -> None:
    """The autoscaler took it for 0 and went from 10 to 1."""
    target = scale(tracking("A", 65.0), low=1)
    expect(target, see(10, {"a": ()}), desired=10, reason=Reason.MISSING_DATA)


def test_incident_aws_2021_when_monitoring_is_lost_capacity_is_held() -> None:
    """Neither metric nor capacity can be read: hold, and look again in a moment."""
    target = scale(tracking("A"), low=1)
    unread = Observation(NOON, Missing(MissingCause.SOURCE_FAILED), {"a": NO_DATA})
    expect(
        target,
        unread,
        History(desired=7),
        desired=7,
        action=Action.HOLD,
        reason=Reason.CAPACITY_UNKNOWN,
        current=None,
        wake_in=60.0,
    )


def test_incident_phantomjscloud_2024_a_short_dip_is_ridden_out() -> None:
    """Scale-in takes the most of the last half hour; and goes in once the dip lasts."""
    rules = DirectionRules(stabilization_window=seconds(1800))
    story = Story(scale(tracking("A"), low=2, scale_in=rules), 20)
    assert story.look(0, a=95).desired == 20
    for minute in range(1, 30):
        assert story.look(60 * minute, a=5).desired == 20
    assert story.look(1800, a=5).desired == 2


def test_incident_a_manifest_field_removed_never_falls_to_a_default() -> None:
    """60 → 1: a target without any policy asks for nothing and keeps what is there."""
    expect(scale(low=1), see(60), desired=60, action=Action.HOLD, reason=Reason.NOTHING_ASKED)
