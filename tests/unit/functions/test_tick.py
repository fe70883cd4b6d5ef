"""What does the deployed tick do about what is due, and what is left when something fails?"""

from __future__ import annotations

from typing import Any

import pytest

from flyball.ports import LedgerUnavailableError
from tests.unit.functions.stage import Context, Stage, load

NO_FAILURES: dict[str, Any] = {"batchItemFailures": []}


def fill(stage: Stage, count: int) -> list[str]:
    """Register more targets, all due."""
    names = [f"t{number:03}" for number in range(count)]
    for name in names:
        stage.add(name)
    return names


@pytest.mark.parametrize(
    "event",
    [
        load("scheduler-tick"),
        load("scheduler-tick-keywords"),
        load("scheduler-default"),
        load("eventbridge-alarm"),
        {},
        "",
    ],
)
def test_a_tick_looks_at_what_is_due(event: object, stage: Stage) -> None:
    """Whatever it was called with: nothing in it is believed."""
    assert stage.handle("tick", event) == {"due": 3, "handled": 3, "queued": 0}
    assert set(stage.decided()) == {"batch-gpu", "churn", "churn-blue"}
    lines, metrics = stage.said()
    assert metrics["DueTargets"] == [3]
    assert metrics["QueuedTargets"] == [0]
    assert [len(reads) for reads in stage.metrics.reads] == [3]
    assert lines[-1]["message"] == "tick"


def test_a_tick_says_how_late_it_came(stage: Stage) -> None:
    """By the schedule's own time, where it was told."""
    stage.handle("tick", load("scheduler-tick"))
    line = stage.said()[0][-1]
    assert line["late_s"] == 180.0
    assert line["schedule"].startswith("arn:aws:scheduler:")


def test_a_tick_that_comes_again_changes_nothing(stage: Stage) -> None:
    """The Scheduler tries again, under another execution id."""
    stage.handle("tick", load("scheduler-tick"))
    again = stage.handle("tick", load("scheduler-tick-second-attempt"))
    assert again == {"due": 0, "handled": 0, "queued": 0}
    assert set(stage.decided().values()) == {1}


def test_more_than_a_handful_is_handed_on(stage: Stage) -> None:
    """And each is decided once, in messages of 25, whoever handles them."""
    names = fill(stage, 200)
    stage.variables = {"FLYBALL_HANDFUL": "7"}
    assert stage.handle("tick", load("scheduler-tick")) == {"due": 203, "handled": 7, "queued": 196}
    assert len(stage.decided()) == 7
    batches = list(stage.delivered())
    assert sum(len(batch["Records"]) for batch in batches) == 8
    for batch in batches:
        assert stage.handle("wake", batch) == NO_FAILURES
        assert stage.handle("wake", batch) == NO_FAILURES  # at least once is what SQS promises
    assert stage.decided() == dict.fromkeys([*names, "batch-gpu", "churn", "churn-blue"], 1)
    assert stage.metrics.reads[0][0].scalable_target.id
    assert max(len(reads) for reads in stage.metrics.reads) == 25


def test_without_a_queue_a_tick_does_it_all(stage: Stage) -> None:
    """As long as there is time."""
    fill(stage, 30)
    answer = stage.handle("tick", load("scheduler-tick"), wakes="")
    assert answer == {"due": 33, "handled": 33, "queued": 0}
    assert len(stage.decided()) == 33


def test_what_the_queue_does_not_take_is_done_here(stage: Stage) -> None:
    """A queue that is gone stops no decision."""
    fill(stage, 30)
    answer = stage.handle("tick", load("scheduler-tick"), wakes=f"{stage.wakes}-gone")
    assert answer == {"due": 33, "handled": 33, "queued": 0}
    assert len(stage.decided()) == 33
    (line,) = [each for each in stage.said()[0] if each["level"] == "ERROR"]
    assert line["left"] == 23


def test_a_tick_whose_ledger_is_out_of_reach_raises(stage: Stage) -> None:
    """Lambda calls again, and its alarm on errors sees it."""
    stage.ledger.out_of_reach = {"due"}
    with pytest.raises(LedgerUnavailableError):
        stage.handle("tick", load("scheduler-tick"))
    assert sum(stage.said()[1]["Failed"]) == 1


def test_one_bad_target_stops_no_tick(stage: Stage) -> None:
    """It is told, and looked at again by the next one."""
    stage.ledger.out_of_reach = {"churn"}
    assert stage.handle("tick", load("scheduler-tick"))["handled"] == 3
    assert set(stage.decided()) == {"batch-gpu", "churn-blue"}
    assert sum(stage.said()[1]["Failed"]) == 1
    stage.ledger.out_of_reach = set()
    stage.handle("tick", load("scheduler-tick"))
    assert stage.decided()["churn"] == 1


def test_what_is_left_of_a_tick_is_the_next_ones(stage: Stage) -> None:
    """Earliest first, in chunks of 25; nothing is lost when time runs out."""
    names = fill(stage, 60)
    stage.context = Context(left_ms=60_000, passes_ms=600)
    stage.handle("tick", load("scheduler-tick"), wakes="")
    assert len(stage.decided()) == 25
    assert [stage.ledger.status(name).lease_until for name in names] == [None] * 60
    stage.said()
    stage.context = Context()
    assert stage.handle("tick", load("scheduler-tick"), wakes="")["due"] == 38
    assert stage.decided() == dict.fromkeys([*names, "batch-gpu", "churn", "churn-blue"], 1)
