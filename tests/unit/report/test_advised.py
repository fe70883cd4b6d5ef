"""What a policy has learned is said in words, with whom it follows and what came next."""

from __future__ import annotations

from datetime import timedelta

import pytest

from flyball.core.advice import Began, Chosen, Follows, Foresight, Learned
from flyball.core.learner import AdaptivePolicy, PredictivePolicy
from flyball.core.model import History, Reason
from flyball.report.advised import BEGAN, FOLLOWS, tell_advice, tell_learned
from flyball.report.sentences import tell
from tests.unit.core.cases import NOON, at, expect, scale, see

FORESIGHT = Foresight(
    NOON, 10, timedelta(minutes=6), 8.0, "day", 9.04, 9.5, 0.9, 0.823, 1_500, is_trusted=True
)
CHOSEN = Chosen(
    NOON,
    8,
    timedelta(minutes=6),
    Follows.CHEAPEST,
    "blend + 2 errors, hold 10 min",
    late_ratio=0.0081,
    cost=5.72,
    runner_up="last + 4 errors, hold 40 min",
    runner_up_late_ratio=0.002,
    runner_up_cost=6.1,
    budget_ratio=0.01,
    allowed_ratio=0.0094,
    budget_left=116.4,
)


def test_nothing_was_found_out() -> None:
    """Then nothing is said."""
    assert tell_advice(None) == ""


def test_a_forecast_is_told_with_its_expert_and_how_it_does() -> None:
    """For when, how much, by whom, and against the last value."""
    assert tell_advice(FORESIGHT) == (
        "in 6 min demand will keep 9.04 instances busy, and in 90 % of the cases at most 9.5, says "
        "expert day: 10 are needed; its loss is 0.823 × the last value's, by 1,500 minutes: "
        "trusted while that is at most 0.98"
    )


@pytest.mark.parametrize(
    ("advice", "end"),
    [
        (
            FORESIGHT._replace(is_trusted=False),
            "by 1,500 minutes: on probation until that is below 0.95",
        ),
        (
            FORESIGHT._replace(is_trusted=False, judged=119),
            "by 119 minutes: on probation for the first 120",
        ),
        (FORESIGHT._replace(error_ratio=None), "10 are needed; nothing could be judged yet"),
    ],
)
def test_probation_is_told(advice: Foresight, end: str) -> None:
    """And that nothing is known of it."""
    assert tell_advice(advice).endswith(end)


def test_a_choice_is_told_with_the_runner_up() -> None:
    """Who, how late, at what cost; who came next; what is allowed, and what is left."""
    assert tell_advice(CHOSEN) == (
        "the cheapest shadow that keeps the budget is followed: blend + 2 errors, hold 10 min; in "
        "the last days 0.81 % of its demand was late, at 5.72 instances; next is last + 4 errors, "
        "hold 40 min with 0.2 % at 6.1; 0.94 % is allowed now; 116 instance-minutes of budget are "
        "saved up"
    )


@pytest.mark.parametrize(
    ("advice", "part"),
    [
        (CHOSEN._replace(budget_left=-3.0), "; 3 instance-minutes of budget are owed"),
        (
            CHOSEN._replace(over_ratio=0.2, budget_ratio=0.005),
            "; the latency was over its objective in 20 % of the minutes, so 0.5 % is aimed at",
        ),
        (CHOSEN._replace(cost_limit=7.5), "; it may cost 7.5 instances"),
        (
            CHOSEN._replace(forecast=6.2, error_ratio=0.06),
            "; 6.2 instances' worth is expected in 6 min, give or take 6 %",
        ),
        (CHOSEN._replace(floor=11.0), "; 11 was reached before and is kept for"),
        (CHOSEN._replace(backlog=2.5), "; 2.5 instance-minutes wait"),
    ],
)
def test_what_else_counts_is_told(advice: Chosen, part: str) -> None:
    """Where it counts."""
    assert part in tell_advice(advice)
    assert part not in tell_advice(CHOSEN)


def test_in_the_first_hours_no_shadow_has_a_past() -> None:
    """So none is told."""
    cold = CHOSEN._replace(follows=Follows.COLD, budget_left=0.0, late_ratio=0.0, cost=0.0)
    assert tell_advice(cold) == (
        "too little was seen to choose, so a careful shadow is followed: blend + 2 errors, hold "
        "10 min"
    )


def test_without_a_runner_up_none_is_told() -> None:
    """One may be alone."""
    assert "next is" not in tell_advice(CHOSEN._replace(runner_up=""))


def test_every_word_can_be_told() -> None:
    """None is left out."""
    assert set(FOLLOWS) == set(Follows)
    assert set(BEGAN) == set(Began)


def test_a_name_from_a_row_reaches_no_terminal_as_it_is() -> None:
    """A row may hold anything."""
    assert "\x1b" not in tell_advice(CHOSEN._replace(shadow="\x1b[2J", runner_up="\x1b"))
    assert "\x1b" not in tell_advice(FORESIGHT._replace(expert="\x1b"))


def test_since_when_it_learns_is_told() -> None:
    """And why then, and the lead time."""
    target = scale(AdaptivePolicy("a", "calls", 10.0), lead_time=timedelta(minutes=4))
    history = History(policies={"a": Learned("fits", at(-3_600), Began.CHANGED)})
    assert tell_learned(target, history, NOON) == [
        (
            "Policy a learns since 11:00 UTC, since what it had learned before was of another "
            "metric, capacity or kind"
        ),
        "Scale-outs are taken to last 4 min, as the config says",
    ]
    seen = History(lead_times=tuple(timedelta(minutes=n) for n in (3, 4, 5, 6, 9)))
    assert tell_learned(target, seen, NOON) == [
        "Scale-outs took 5 min, and 19 of 20 at most 9 min, by the newest 5"
    ]
    assert tell_learned(scale(), History(), NOON) == []


def test_a_decision_says_it_all() -> None:
    """On one line."""
    target = scale(PredictivePolicy("f", "calls", 10.0))
    history = History(policies={"f": Learned("fits", NOON, foresight=FORESIGHT)})
    decision = expect(target, see(8, {"calls": 9.0}), history, reason=Reason.FORECAST_ABOVE)
    told = tell(decision, target)
    assert told.startswith("Scale out 8 → 10: calls was 9 per instance, and in 6 min demand will")
    decision = expect(target, see(8, {"calls": 9.0}), None, reason=Reason.NOTHING_LEARNED)
    assert "nothing has been learned yet" in tell(decision, target)
