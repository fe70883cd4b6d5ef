"""What was learned is learned again from the rows alone, and what was altered says so."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest

from flyball.adapters.local.clock import JumpingClock
from flyball.adapters.local.memory import MemoryLedger
from flyball.controller import Controller
from flyball.core.advice import Began
from flyball.core.chain import Row
from flyball.core.codec import canonical, parse
from flyball.core.learner import AdaptivePolicy, PredictivePolicy
from flyball.core.model import (
    Capacity,
    Datapoint,
    History,
    Missing,
    MissingCause,
    Observation,
    Series,
)
from flyball.core.policy import Policy
from flyball.core.record import replay
from flyball.core.relearn import abridge, relearn
from flyball.core.remember import absorb
from flyball.core.target import Metric, Per, ScalableTarget
from flyball.ports import MetricRead
from tests.unit.core.cases import NOON, scale, tracking
from tests.unit.core.desk import Cloud

MINUTE = timedelta(minutes=1)
CALLS = Metric("calls", per=Per.TOTAL)
ADAPT = AdaptivePolicy("a", "calls", 10.0)
AHEAD = PredictivePolicy("f", "calls", 10.0)


def aim(*policies: Policy) -> ScalableTarget:
    """Make a target with a total of calls."""
    return scale(*policies, low=1, metrics=(CALLS,), lead_time=4 * MINUTE)


class Waves(Cloud):
    """A cloud whose demand rises and falls, with a gap."""

    gap = range(25, 28)

    def read(self, reads: Sequence[MetricRead], now: datetime) -> Sequence[Series | Missing]:
        """Show the newest minutes, as many as are asked for."""
        minute = (now - NOON) // MINUTE
        if minute in self.gap:
            return [Missing(MissingCause.SOURCE_FAILED)] * len(reads)
        return [
            tuple(
                Datapoint(NOON + n * MINUTE, 80.0 + 40.0 * math.sin(n / 9.0))
                for n in range(minute - each.periods + 1, minute + 1)
                if n not in self.gap
            )
            for each in reads
        ]


class Stage:
    """A controller whose config may change, on a ledger in memory."""

    def __init__(self, target: ScalableTarget) -> None:
        self.ledger = MemoryLedger()
        self.clock = JumpingClock(NOON)
        self.cloud = Waves(Capacity(9, 9), {})
        self.tokens = count()
        self.start()
        self.register(target, "one")

    def start(self) -> None:
        """Run anew, as after a deployment: nothing is in the process that was not written."""
        self.controller = Controller(
            ledger=self.ledger,
            metrics=self.cloud,
            control=self.cloud,
            clock=self.clock,
            token=lambda: f"token-{next(self.tokens)}",
            engine="test",
        )

    def register(self, target: ScalableTarget, config_hash: str) -> None:
        """Say what is wanted from now on."""
        self.ledger.register(target.id, canonical(target), config_hash, self.clock.now())

    def live(self, minutes: int) -> None:
        """Look every minute; what was asked for is in service at the next look."""
        for _ in range(minutes):
            self.clock.jump(self.clock.now() + MINUTE)
            desired = self.cloud.capacity.desired
            self.cloud.capacity = Capacity(desired, desired)
            self.controller.tick()

    @property
    def rows(self) -> list[Row]:
        """All rows, oldest first."""
        return sorted(self.ledger.rows("churn"), key=lambda row: row.sequence)

    @property
    def history(self) -> History:
        """What is remembered."""
        return parse(History, self.ledger.status("churn").history)


@pytest.fixture(scope="module")
def stage() -> Stage:
    """Live through forty minutes, with a gap and a new process."""
    made = Stage(aim(ADAPT, AHEAD))
    made.live(22)
    made.start()
    made.live(40)
    return made


def decided(rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    """Give what the decision rows hold."""
    return (json.loads(row.body) for row in rows if row.kind == "decision")


def test_every_row_decides_and_learns_the_same_again(stage: Stage) -> None:
    """From the rows alone."""
    answers = list(replay(stage.rows))
    assert len(answers) == 62
    assert all(each.same for each in answers), next(each for each in answers if not each.same)


def test_a_state_stands_whole_once_in_a_quarter_of_an_hour(stage: Stage) -> None:
    """First of all, and then in each quarter's first row; the advice stands in all."""
    policies = [body["history"]["policies"]["a"] for body in decided(stage.rows)]
    whole = [index for index, each in enumerate(policies) if "state" in each]
    assert len(whole) == 5
    assert whole[0] == 0
    assert all(each["chosen"]["desired"] >= 1 for each in policies)
    assert all(len(each["digest"]) == 32 for each in policies)


def test_the_item_has_the_whole(stage: Stage) -> None:
    """So the next look goes on from it."""
    learned = stage.history.policies
    assert {name: bool(each.state) for name, each in learned.items()} == {"a": True, "f": True}
    assert {each.since for each in learned.values()} == {NOON + MINUTE}


@dataclass(frozen=True)
class Case:
    """An alteration of the last row but one, and where it shows."""

    id: str
    alter: Callable[[dict[str, Any]], None]
    path: str


def _point(body: dict[str, Any]) -> None:
    body["observation"]["metrics"]["calls"][-1][1] += 1.0


def _advice(body: dict[str, Any]) -> None:
    body["history"]["policies"]["a"]["chosen"]["late_ratio"] = 0.5


def _digest(body: dict[str, Any]) -> None:
    body["history"]["policies"]["f"]["digest"] = "0" * 32


CASES = (
    Case("value", _point, "history.policies.a.digest"),
    Case("advice", _advice, "history.policies.a.chosen.late_ratio"),
    Case("digest", _digest, "history.policies.f.digest"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_what_was_altered_says_so(stage: Stage, case: Case) -> None:
    """By the state's mark, or by the advice itself."""
    rows = stage.rows
    body = json.loads(rows[-2].body)
    case.alter(body)
    rows[-2] = rows[-2]._replace(body=json.dumps(body))
    found = [each for each in replay(rows) if not each.same]
    assert found[0].sequence == rows[-2].sequence
    assert case.path in {path for path, _, _ in found[0].differences}


def test_rows_without_their_beginning_are_learned_from_the_next_whole_state(stage: Stage) -> None:
    """Until then they decide the same, and say nothing of what was learned."""
    config = [row for row in stage.rows if row.kind == "config"]
    late = [row for row in stage.rows if row.sequence > 25]
    body = json.loads(late[1].body)
    body["history"]["policies"]["a"]["chosen"]["late_ratio"] = 0.5
    for each in body["decision"]["recommendations"]:
        if each["policy"] == "a":
            each["advice"]["late_ratio"] = 0.5
    unseen = [*config, late[0], late[1]._replace(body=json.dumps(body)), *late[2:]]
    assert all(each.same for each in replay(unseen))
    body = json.loads(late[-1].body)
    body["history"]["policies"]["a"]["digest"] = "0" * 32
    seen = [*config, *late[:-1], late[-1]._replace(body=json.dumps(body))]
    assert [each.same for each in replay(seen)].count(False) == 1


def test_a_config_that_changes_is_followed() -> None:
    """What fits goes on, what does not begins anew, what is gone is gone."""
    made = Stage(aim(ADAPT, AHEAD))
    made.live(20)
    made.register(aim(replace(ADAPT, name="renamed"), replace(AHEAD, target_value=7.0)), "two")
    made.live(20)
    learned = made.history.policies
    assert set(learned) == {"renamed", "f"}
    assert (learned["renamed"].began, learned["renamed"].since) == (Began.FIRST, NOON + MINUTE)
    assert (learned["f"].began, learned["f"].since) == (Began.CHANGED, NOON + 21 * MINUTE)
    assert all(each.same for each in replay(made.rows))
    made.register(aim(tracking("T", 10.0, metric="calls")), "three")
    made.live(3)
    assert made.history.policies == {}
    assert all(each.same for each in replay(made.rows))


def test_nothing_is_abridged_where_nothing_was_learned() -> None:
    """It is the same history."""
    history = History(desired=3)
    assert abridge({}, history) is history


def test_a_state_without_advice_stands_whole_in_its_first_row() -> None:
    """Whatever wrote it."""
    made = Stage(aim(AHEAD))
    made.live(1)
    known = made.history.policies
    bare = {"f": known["f"]._replace(foresight=None)}
    history = History(policies=bare)
    assert abridge({}, history).policies["f"].state
    assert not abridge(bare, history).policies["f"].state
    assert abridge(known, history).policies["f"].state


@pytest.mark.parametrize(
    ("ahead", "began"),
    [(timedelta(minutes=59), Began.FIRST), (timedelta(days=1), Began.UNREADABLE)],
    ids=["an hour is waited for", "a day is not"],
)
def test_a_clock_that_was_ahead_silences_nobody_for_long(ahead: timedelta, began: Began) -> None:
    """Its last advice would stand for so long; the policies begin anew, and row by row again."""
    target, now = aim(ADAPT, AHEAD), NOON + MINUTE
    first, _ = absorb(target, History(desired=9), _show(NOON + ahead), NOON + ahead)
    before, observation = first.policies, _show(now)
    history, _ = absorb(target, first, observation, now)
    assert {each.began for each in history.policies.values()} == {began}
    advised = [each.foresight or each.chosen for each in history.policies.values()]
    late = [each for each in advised if each is not None and each.at > now]
    assert len(late) == (2 if began is Began.FIRST else 0)
    kept = abridge(before, history)
    states, told, found = relearn(target, before, observation, kept)
    assert told == found
    assert states == history.policies


def _show(now: datetime) -> Observation:
    points = tuple(Datapoint(now - n * MINUTE, 80.0) for n in (2, 1, 0))
    return Observation(now, Capacity(9, 9), {"calls": points})
