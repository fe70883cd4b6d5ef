"""What is learned follows from what is shown, is kept where it fits, and says where it was not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from flyball.core.advice import Began, Follows, Learned
from flyball.core.breach import count_periods
from flyball.core.codec import canonical
from flyball.core.forward import parse_known
from flyball.core.learn import learn
from flyball.core.learner import AdaptivePolicy, LatencyObjective, PredictivePolicy
from flyball.core.model import Datapoint, History, Missing, MissingCause, ReadySample
from flyball.core.policy import Policy
from flyball.core.remember import absorb
from flyball.core.target import Metric, Per, ScalableTarget
from tests.unit.core.cases import NOON, at, scale, see, tracking

CALLS = Metric("calls", per=Per.TOTAL)
LATENCY = Metric("latency")
ADAPT = AdaptivePolicy("a", "calls", 10.0)
AHEAD = PredictivePolicy("f", "calls", 10.0)
SLOW = replace(ADAPT, latency_objective=LatencyObjective("latency", 500.0))


def aim(*policies: Policy, **fields: Any) -> ScalableTarget:
    """Make a target with a total of calls, and a latency."""
    return scale(*policies, low=1, metrics=(CALLS, LATENCY), **fields)


def calls(value: float, now: datetime) -> tuple[Datapoint, ...]:
    """Show the last three minutes of the same demand."""
    return tuple(Datapoint(now - timedelta(minutes=2 - n), value) for n in range(3))


def live(
    target: ScalableTarget,
    minutes: int,
    value: float = 85.0,
    *,
    before: Mapping[str, Learned] | None = None,
    latency: float | None = None,
    start: int = 0,
) -> dict[str, Learned]:
    """Look once a minute."""
    learned = dict(before or {})
    for minute in range(start, start + minutes):
        now = at(60 * minute)
        seen: dict[str, Any] = {"calls": calls(value, now)}
        if latency is not None:
            seen["latency"] = (Datapoint(now, latency),)
        learned = learn(target, learned, see(9, seen, now), History(), now)
    return learned


def test_a_forecast_says_what_it_rests_on() -> None:
    """Whose it is, for when, and what it needs."""
    (learned,) = live(aim(AHEAD, lead_time=timedelta(minutes=4)), 40).values()
    advice = learned.foresight
    assert advice is not None
    assert learned.chosen is None
    assert advice.at == at(39 * 60)
    assert advice.horizon == timedelta(minutes=6)  # four to start, one late, one to know
    assert advice.demand == 8.5
    assert advice.forecast == pytest.approx(8.5, abs=0.1)
    assert advice.upper > 8.5
    assert advice.desired >= 9
    assert advice.quantile_ratio == 0.9
    assert advice.judged > 30
    assert not advice.is_trusted


def test_an_adaptive_policy_says_whom_it_follows() -> None:
    """At first a careful shadow; after a day the cheapest that keeps the budget."""
    (first,) = live(aim(ADAPT), 5).values()
    assert first.chosen is not None
    assert first.chosen.follows is Follows.COLD
    (later,) = live(aim(ADAPT), 1_450, before={"a": first}, start=5).values()
    chosen = later.chosen
    assert chosen is not None
    assert chosen.follows is Follows.CHEAPEST
    assert chosen.runner_up
    assert chosen.desired >= 9
    assert chosen.forecast == pytest.approx(8.5, abs=0.1)
    assert (chosen.budget_ratio, chosen.over_ratio) == (0.01, None)
    assert later.since == first.since == NOON


def test_what_is_not_written_is_learned_all_the_same() -> None:
    """The same advice each minute, of the same states; only text and mark are left out."""
    target = aim(ADAPT, AHEAD)
    held: dict[str, Learned] = {}
    for minute in range(40):
        now = at(60 * minute)
        seen = see(9, {"calls": calls(85.0, now)}, now)
        held = learn(target, held, seen, History(), now, writes=False)
    written = live(target, 40)
    assert [each.state for each in held.values()] == ["", ""]
    assert held == {name: each._replace(state="", digest="") for name, each in written.items()}
    now = at(40 * 60)
    seen = see(9, {"calls": calls(85.0, now)}, now)
    assert learn(target, held, seen, History(), now) == live(target, 1, before=written, start=40)


def test_what_is_shown_again_teaches_nothing() -> None:
    """Nor does it change a bit of the state."""
    target = aim(ADAPT, AHEAD)
    once = live(target, 30)
    seen = see(9, {"calls": calls(85.0, at(29 * 60))}, at(29 * 60 + 20))
    assert learn(target, once, seen, History(), seen.at) == once


@pytest.mark.parametrize(
    "series",
    [
        None,
        (),
        Missing(MissingCause.SOURCE_FAILED),
        (Datapoint(at(-400), 85.0),),
        (Datapoint(at(11), 85.0),),
        (Datapoint(NOON, float("nan")),),
        (Datapoint(NOON, -1.0),),
    ],
    ids=["unread", "empty", "failed", "stale", "future", "nan", "negative"],
)
def test_missing_data_teach_nothing(series: Any) -> None:
    """No forecast, and nothing learned."""
    target = aim(ADAPT, AHEAD)
    seen = see(9, {} if series is None else {"calls": series})
    assert learn(target, {}, seen, History(), NOON) == {}
    known = live(target, 5, start=-300)
    assert learn(target, known, seen, History(), NOON) == known


def test_a_minute_before_the_epoch_is_none() -> None:
    """A clock may be that wrong."""
    then = datetime(1969, 12, 31, 23, 59, tzinfo=NOON.tzinfo)
    seen = see(9, {"calls": (Datapoint(then, 1.0),)}, then)
    assert learn(aim(AHEAD), {}, seen, History(), then) == {}


PER = Metric("calls")
HISTORY = History(ready=(ReadySample(at(-600), 4), ReadySample(at(-30), 8)))


@pytest.mark.parametrize(
    ("point", "history", "demand"),
    [
        (Datapoint(NOON, 10.0, 5), HISTORY, 5.0),
        (Datapoint(NOON, 10.0), HISTORY, 6.0),  # between four and eight
        (Datapoint(at(-60), 10.0), HISTORY, 6.0),
        (Datapoint(at(-120), 10.0), replace(HISTORY, ready=HISTORY.ready[:1]), 4.0),
        (Datapoint(NOON, 10.0), History(), None),
        (Datapoint(NOON, 10.0, 0), HISTORY, None),
    ],
)
def test_a_value_per_instance_counts_those_that_were_in_service(
    point: Datapoint, history: History, demand: float | None
) -> None:
    """Where nobody was, or nobody knows, the minute is unknown."""
    target = scale(AHEAD, low=1, metrics=(PER,))
    learned = learn(target, {}, see(9, {"calls": (point,)}), history, NOON)
    found = [each.foresight.demand for each in learned.values() if each.foresight is not None]
    assert found == ([] if demand is None else [demand])


def test_of_two_datapoints_in_a_minute_the_older_one_counts() -> None:
    """For forecasts and for latencies."""
    target = aim(AHEAD, SLOW)
    known = live(target, 30, latency=100.0)
    now = at(1810)
    demand, latency = Datapoint(at(1800), 85.0), Datapoint(at(1800), 100.0)
    once = {"calls": (demand,), "latency": (latency,)}
    more = {name: (*each, each[0]._replace(at=now)) for name, each in once.items()}
    twice = learn(target, known, see(9, more, now), History(), now)
    assert twice == learn(target, known, see(9, once, now), History(), now)


@pytest.mark.parametrize(("latency", "tighter"), [(900.0, True), (100.0, False)])
def test_a_latency_moves_what_is_aimed_at(latency: float, tighter: bool) -> None:
    """Over its objective too often: less may be late; never: a little more."""
    (learned,) = live(aim(SLOW), 60, latency=latency).values()
    assert learned.chosen is not None
    assert (learned.chosen.budget_ratio < 0.01) is tighter
    assert learned.chosen.over_ratio == (1.0 if tighter else 0.0)


def test_a_latency_is_counted_once_a_minute() -> None:
    """However often it is shown, and also where no demand is."""
    target = aim(SLOW)
    known = live(target, 20, latency=100.0)
    seen = see(9, {"latency": (Datapoint(at(19 * 60), 100.0),)}, at(19 * 60 + 10))
    assert learn(target, known, seen, History(), seen.at) == known
    later = see(9, {"latency": (Datapoint(at(20 * 60), 900.0),)}, at(20 * 60))
    after = learn(target, known, later, History(), later.at)["a"].chosen
    assert after is not None
    assert after.over_ratio == pytest.approx(1 / 21, abs=0.001)


def test_a_latency_alone_begins_nothing() -> None:
    """Without demand there is nothing to order for."""
    seen = see(9, {"latency": (Datapoint(NOON, 900.0),)})
    assert learn(aim(SLOW), {}, seen, History(), NOON) == {}


def test_a_limit_of_money_becomes_one_of_instances() -> None:
    """By the price of one."""
    target = aim(replace(ADAPT, cost_limit=3.0), price_per_hour=1.5)
    chosen = live(target, 400)["a"].chosen
    assert chosen is not None
    assert chosen.cost_limit is not None
    assert chosen.cost_limit <= 2.0
    assert chosen.follows is Follows.CAPPED


def test_the_lead_time_that_was_seen_is_foreseen() -> None:
    """By its ninety-fifth percentile, less the minute in which nobody looked."""
    now = NOON
    history = History(lead_times=(timedelta(minutes=10),) * 5)
    learned = learn(aim(AHEAD, ADAPT), {}, see(9, {"calls": calls(85.0, now)}), history, now)
    assert learned["f"].foresight is not None
    assert learned["f"].foresight.horizon == timedelta(minutes=11)
    assert learned["a"].chosen is not None
    assert learned["a"].chosen.horizon == timedelta(minutes=11)


@pytest.mark.parametrize(
    ("delay", "horizon"), [(0, 5), (1, 6), (60, 6), (61, 7), (180, 8)], ids=str
)
def test_a_metric_that_is_late_is_foreseen_for_longer(delay: float, horizon: int) -> None:
    """By whole minutes."""
    target = aim(
        replace(AHEAD, metric_delay=timedelta(seconds=delay)), lead_time=timedelta(minutes=4)
    )
    advice = live(target, 1)["f"].foresight
    assert advice is not None
    assert advice.horizon == timedelta(minutes=horizon)


@pytest.mark.parametrize("policy", [ADAPT, AHEAD], ids=["adaptive", "predictive"])
@pytest.mark.parametrize("change", ["capacity", "kind", "metric", "source"])
def test_what_does_not_fit_is_forgotten_and_that_is_said(policy: Any, change: str) -> None:
    """An instance that carries twice as much, another kind, another metric, another source."""
    before = live(aim(policy), 5)
    field = "capacity_per_instance" if policy is ADAPT else "target_value"
    changed: Any = replace(policy, **{field: 20.0})
    metrics = (CALLS, replace(CALLS, name="others"))
    if change == "kind":
        changed = replace(AHEAD if policy is ADAPT else ADAPT, name=policy.name)
    elif change == "metric":
        changed = replace(policy, metric="others")
    elif change == "source":
        changed, metrics = policy, (replace(CALLS, source={"metric": "other"}), metrics[1])
    target = scale(changed, low=1, metrics=metrics)
    seen = see(9, {each: calls(85.0, at(300)) for each in ("calls", "others")}, at(300))
    (after,) = learn(target, before, seen, History(), at(300)).values()
    assert (after.began, after.since) == (Began.CHANGED, at(300))


@pytest.mark.parametrize("policy", [ADAPT, AHEAD], ids=["adaptive", "predictive"])
def test_what_fits_is_kept(policy: Any) -> None:
    """Another budget, quantile or bound is no reason to forget, nor is another name."""
    before = live(aim(policy), 5)
    field = {"late_budget_ratio": 0.02} if policy is ADAPT else {"quantile_ratio": 0.95}
    target = aim(replace(policy, name="renamed", **field), lead_time=timedelta(minutes=9))
    after = live(target, 1, before=before, start=5)
    assert set(after) == {"renamed"}
    assert after["renamed"].since == NOON
    assert after["renamed"].began is Began.FIRST


@pytest.mark.parametrize("policy", [ADAPT, AHEAD], ids=["adaptive", "predictive"])
def test_what_only_a_simulation_reads_is_no_other_source(policy: Any) -> None:
    """What a metric shows of a full instance may be written later, or measured again."""
    before = live(aim(policy), 5)
    full = replace(CALLS, source={**CALLS.source, "full": "900"})
    seen = see(9, {"calls": calls(85.0, at(300))}, at(300))
    (after,) = learn(
        scale(policy, low=1, metrics=(full,)), before, seen, History(), at(300)
    ).values()
    assert (after.began, after.since) == (Began.FIRST, NOON)


@pytest.mark.parametrize("policy", [ADAPT, AHEAD], ids=["adaptive", "predictive"])
@pytest.mark.parametrize("state", ["", "{}", "no JSON", '{"portfolio":{}}', "[" * 100_000])
def test_what_cannot_be_read_is_begun_again(policy: Any, state: str) -> None:
    """Another version wrote it."""
    before = {name: each._replace(state=state) for name, each in live(aim(policy), 5).items()}
    (after,) = live(aim(policy), 1, before=before, start=5).values()
    assert (after.began, after.since) == (Began.UNREADABLE, at(300))


def test_of_a_policy_that_is_gone_nothing_is_kept() -> None:
    """With the last of them goes the lead time too."""
    target = aim(ADAPT, AHEAD)
    known = live(target, 5)
    only = learn(aim(AHEAD), known, see(9), History(), at(300))
    assert set(only) == {"f"}
    history = History(policies=known, lead_times=(timedelta(minutes=4),))
    after, _ = absorb(aim(tracking("a", metric="calls")), history, see(9), NOON)
    assert (after.policies, after.lead_times) == ({}, ())


def test_an_older_version_reads_the_history_and_forgets() -> None:
    """It knows no field of that name; one that knows it keeps it to the bit."""
    history = History(desired=9, policies=live(aim(ADAPT, AHEAD), 30))
    text = canonical(history)
    assert parse_known(History, text) == history
    later = text.replace('"foresight":{', '"foresight":{"of_a_later_version":1,')
    assert parse_known(History, later) == history


def test_a_state_is_bounded() -> None:
    """Both together take a twentieth of what an item may."""
    learned = live(aim(ADAPT, AHEAD, lead_time=timedelta(minutes=8)), 1_500)
    assert all(len(each.state) < 10_000 for each in learned.values())


def test_a_policy_that_learns_is_shown_five_minutes() -> None:
    """So a few looks may be missed; of its latency too."""
    target = aim(SLOW)
    assert [count_periods(target, name) for name in ("calls", "latency")] == [5, 5]
    assert count_periods(aim(ADAPT), "latency") == 1
    assert count_periods(aim(AHEAD), "calls") == 5
