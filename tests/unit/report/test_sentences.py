"""Does every reason have words, and do the words say what happened?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from typing import Any

import pytest

from flyball.core.model import (
    Action,
    Capacity,
    Decision,
    Direction,
    Fired,
    Foreign,
    History,
    Limit,
    LimitKind,
    Missing,
    MissingCause,
    Pause,
    Reason,
    Recommendation,
    Status,
)
from flyball.core.policy import Adjustment
from flyball.core.remember import Notice, Noticed
from flyball.core.target import ScalableTarget
from flyball.core.window import Window
from flyball.ports import Outcome, OutcomeKind
from flyball.report import sentences
from flyball.report.noticed import NOTICES, tell_noticed
from flyball.report.sentences import (
    because,
    headline,
    tell,
    tell_fired,
    tell_limit,
    tell_outcome,
    tell_recommendation,
    tell_wake,
    tell_why,
)
from tests.unit.report.scenes import (
    MINUTE,
    NOON,
    STEPS,
    TRACK,
    decided,
    make_decision,
    make_target,
    see,
)

TARGET = make_target()


@pytest.mark.parametrize(
    ("words", "enum"),
    [
        (sentences.REASONS, Reason),
        (sentences.CAUSES, MissingCause),
        (sentences.KINDS, LimitKind),
        (sentences.OUTCOMES, OutcomeKind),
        (NOTICES, Notice),
    ],
)
def test_every_member_has_words(words: dict[Any, str], enum: type[Enum]) -> None:
    """A reason that was added without words would be a hole in an explanation."""
    assert set(words) == set(enum)
    assert all(words.values())
    assert len(set(words.values())) == len(words), "two members say the same"


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_can_be_told_anywhere(reason: Reason) -> None:
    """Also where no engine would put it: a ledger of another version may."""
    rec = Recommendation("p", 12, reason, "m", 1.0, 2.0, 3, 4.0, MissingCause.NO_DATA)
    limit = Limit(LimitKind.RATE, 12, 11, reason, NOON, "x")
    decision = make_decision(
        reason=reason,
        wake_reason=reason,
        recommendations=(rec,),
        limits=(limit, limit._replace(by="", until=None)),
        fired=(Fired("f", NOON, reason, 1, 2),),
        policies=("p",),
        wanted=12,
    )
    told = tell(decision, TARGET)
    assert told.endswith(".")
    assert "{" not in told


@dataclass(frozen=True)
class Case:
    """A decision, and what is said of it."""

    id: str
    decision: Decision
    said: str
    target: ScalableTarget | None = TARGET


TOP = make_target(max_capacity=12)
FLOOR = make_target(
    windows=(Window("office", "cron(0 8 * * ? *)", duration=timedelta(hours=8), floor=14),)
)
CASES = [
    Case(
        "held at the maximum",
        decided(TOP),
        "Scale out 10 → 12: invocations was 150 per instance on 10 instances, target 100 "
        "(policy track). Held at 12 by max capacity. 3 more are wanted than may be had. "
        "Looked at again at 12:01 UTC because the update lasts.",
        TOP,
    ),
    Case(
        "a step, in percent",
        decided(observation=see(100.0, 0.95)),
        "Scale out 10 → 15: gpu was 95 %, threshold 80 %, step +50 % (policy steps). "
        "Looked at again at 12:01 UTC because the update lasts.",
    ),
    Case(
        "without its config there are no units",
        decided(observation=see(100.0, 0.95)),
        "Scale out 10 → 15: gpu was 95, threshold 80, step +50 (policy steps). "
        "Looked at again at 12:01 UTC because the update lasts.",
        None,
    ),
    Case(
        "blind",
        decided(observation=see(None, 0.5)),
        "Hold 10: invocations is missing: no data (policy track). "
        "Looked at again at 12:01 UTC because the breach lasts.",
    ),
    Case(
        "the capacity is not known",
        decided(observation=see(capacity=Missing(MissingCause.SOURCE_FAILED))),
        "Hold 10: the capacity cannot be read. "
        "Looked at again at 12:01 UTC because a metric is missing.",
    ),
    Case(
        "a window raises what no policy asked for",
        decided(FLOOR, see(100.0)),
        "Scale out 10 → 14: raised to 14 by the floor of window office until 16:00 UTC. "
        "Looked at again at 12:01 UTC because the update lasts.",
        FLOOR,
    ),
    Case(
        "a maximum that was lowered",
        decided(make_target(max_capacity=8), see(100.0)),
        "Scale in 10 → 8: lowered to 8 by max capacity. 2 more are wanted than may be had. "
        "Looked at again at 12:01 UTC because the update lasts.",
    ),
    Case(
        "deferred",
        decided(observation=see(capacity=Capacity(10, 10, Status.BUSY))),
        "Scale out 10 → 15, deferred: the endpoint is being updated; invocations was 150 per "
        "instance on 10 instances, target 100 (policy track). "
        "Looked at again at 12:01 UTC because the update lasts.",
    ),
    Case(
        "somebody else's",
        decided(observation=see(capacity=Capacity(10, 10, owner="native"))),
        "Scale out 10 → 15, not sent: something else scales this resource; invocations was 150 per "
        "instance on 10 instances, target 100 (policy track). "
        "Looked at again at 12:01 UTC because the breach lasts.",
    ),
    Case(
        "paused by a person with an odd name",
        decided(
            history=History(
                desired=10, pauses=(Pause(Direction.OUT, NOON + 5 * MINUTE, "a\x1b[31mn", "x"),)
            )
        ),
        "Hold 10: invocations was 150 per instance on 10 instances, target 100 (policy track). "
        "Held at 10 by the pause of a�[31mn until 12:05 UTC. "
        "Looked at again at 12:01 UTC because the breach lasts.",
    ),
    Case(
        "scale-in held by a foreign change",
        decided(
            observation=see(50.0), history=History(10, foreign=Foreign(NOON, 12, 10, NOON + MINUTE))
        ),
        "Hold 10: invocations was 50 per instance on 10 instances, target 100 (policy track). "
        "Held at 10 because somebody else changed the capacity until 12:01 UTC. "
        "Looked at again at 12:01 UTC because the breach lasts.",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_decision_is_told(case: Case) -> None:
    """What, why, what limited it, and when it is looked at again."""
    assert tell(case.decision, case.target) == case.said


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"action": Action.SET, "desired": 1_500}, "Scale out 10 → 1,500"),
        ({"action": Action.SET, "desired": 8}, "Scale in 10 → 8"),
        ({"action": Action.SET, "desired": 12, "ceiling": 20}, "Scale out 10 → 12–20"),
        ({"action": Action.SET, "ceiling": 20}, "Range 10–20"),
        ({"action": Action.HOLD, "ceiling": 20}, "Hold 10–20"),
        ({"action": Action.BLOCK, "desired": 12}, "Scale out 10 → 12, not sent"),
        ({"current": None}, "Hold 10"),
    ],
)
def test_a_headline_says_what_is_done(fields: dict[str, Any], said: str) -> None:
    """In a few words."""
    assert headline(make_decision(**fields)) == said


def test_a_hold_that_nothing_explains_says_its_reason() -> None:
    """A target without policies has no evidence to show."""
    assert because(make_decision()) == "no policy asks for anything"
    assert tell_why(make_decision()) == ("no policy asks for anything", [])


def test_a_held_hold_shows_what_was_asked_for() -> None:
    """The recommendation that the first limit stopped is the evidence."""
    decision = make_decision(
        reason=Reason.NOT_ALL_AGREE,
        recommendations=(
            Recommendation("a", 8, Reason.BELOW_TARGET, "m", 50.0, 100.0, 10),
            Recommendation("b", 10, Reason.WITHIN_TOLERANCE, "n", 1.0, 1.0, 10),
        ),
        limits=(Limit(LimitKind.AGREEMENT, 8, 10, Reason.NOT_ALL_AGREE, by="b"),),
    )
    why, limits = tell_why(decision)
    assert why == "m was 50 on 10 instances, target 100 (policy a)"
    assert limits == ["Held at 10 because policy b is against it"]


@pytest.mark.parametrize(
    ("before", "after", "current", "verb"),
    [
        (15, 12, 10, "Held at 12"),
        (3, 6, 10, "Held at 6"),
        (3, 10, 10, "Held at 10"),
        (10, 12, 10, "Raised to 12"),
        (10, 8, 10, "Lowered to 8"),
        (3, 12, 10, "Raised to 12"),
        (15, 8, 10, "Lowered to 8"),
    ],
)
def test_a_limit_holds_raises_or_lowers(before: int, after: int, current: int, verb: str) -> None:
    """Towards what is there it holds; beyond, it raises or lowers."""
    limit = Limit(LimitKind.BOUNDS, before, after, Reason.ABOVE_MAX)
    told = tell_limit(limit, make_decision(current=current))
    assert told == f"{verb} by max capacity"


@pytest.mark.parametrize(
    ("adjustment", "number", "said"),
    [
        (Adjustment.CHANGE_IN_CAPACITY, 2.0, "step +2"),
        (Adjustment.CHANGE_IN_CAPACITY, -2.0, "step −2"),
        (Adjustment.CHANGE_IN_CAPACITY, 0.0, "step 0"),
        (Adjustment.PERCENT_CHANGE_IN_CAPACITY, -25.0, "step −25 %"),
        (Adjustment.EXACT_CAPACITY, 5.0, "step to exactly 5"),
        (Adjustment.EXACT_CAPACITY, None, "step ?"),
    ],
)
def test_a_step_says_what_its_number_means(
    adjustment: Adjustment, number: float | None, said: str
) -> None:
    """Instances, percent, or an exact capacity."""
    policy = replace(STEPS, adjustment=adjustment)
    target = make_target(policies=(TRACK, policy))
    rec = Recommendation("steps", 12, Reason.STEP, "gpu", 90.0, 80.0, adjustment=number)
    assert f", {said} (policy steps)" in tell_recommendation(rec, target)


def test_what_the_engine_adds_is_no_policy() -> None:
    """Nobody looks for `fallback` in a config's policies."""
    rec = Recommendation("fallback", 12, Reason.FALLBACK, "gpu")
    assert tell_recommendation(rec, TARGET) == "gpu has been missing for too long"


def test_a_scheduled_action_says_what_became_of_it() -> None:
    """Applied, or rejected and why."""
    applied = Fired("morning", NOON, Reason.SCHEDULE_APPLIED, 5, 20)
    assert tell_fired(applied) == "Scheduled action morning set the bounds to 5–20"
    rejected = applied._replace(reason=Reason.SCHEDULE_REJECTED)
    assert "was rejected" in tell_fired(rejected)


def test_an_answer_shows_the_providers_words_and_quota() -> None:
    """Without what could steer a terminal."""
    answer = Outcome(OutcomeKind.QUOTA_EXCEEDED, "limit\x07 is 8", 8)
    assert tell_outcome(answer) == (
        "The provider refused it: its quota is exceeded (8 instances at most): limit� is 8"
    )
    assert tell_outcome(Outcome(OutcomeKind.APPLIED)) == "The provider accepted it"


def test_a_wake_on_another_day_has_its_date() -> None:
    """Midnight is not far for a decision at 23:59."""
    told = tell_wake(make_decision(wake_at=NOON + timedelta(days=1)))
    assert told == (
        "Looked at again at 2026-06-02 12:00 UTC because every target is looked at now and then"
    )


def test_what_was_noticed_names_both_capacities() -> None:
    """Before and after."""
    told = tell_noticed(Noticed(Notice.FOREIGN, NOON, 10, 4))
    assert told == "Somebody else changed the capacity 10 → 4"
