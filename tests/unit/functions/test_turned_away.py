"""Is an alarm lost that arrives while another run has the lease?"""

from __future__ import annotations

from datetime import timedelta

from flyball.ports import ItemUpdate
from flyball.wiring.function import WAITS_S
from tests.unit.functions.stage import Stage, load


def hold(stage: Stage) -> None:
    """Let another run take the lease of `churn`, and give it back at the second knock."""
    now = stage.clock.at
    claim = stage.ledger.claim("churn", "another", now, now + timedelta(minutes=2))

    def release() -> None:
        if len(stage.rested) == 2:
            stage.ledger.write(claim, (), ItemUpdate(release=True))

    stage.while_resting = release


def test_an_alarm_that_is_turned_away_knocks_again(stage: Stage) -> None:
    """The other run may have looked just before; an alarm tells once."""
    hold(stage)
    stage.handle("wake", load("eventbridge-alarm"))
    assert stage.rested == list(WAITS_S[:2])
    assert stage.decided() == {"churn": 1}


def test_it_does_not_knock_for_ever(stage: Stage) -> None:
    """The target is due again by itself, and others wait for this function."""
    now = stage.clock.at
    stage.ledger.claim("churn", "another", now, now + timedelta(minutes=2))
    assert stage.handle("wake", load("eventbridge-alarm")) == {"wakes": 1}
    assert stage.rested == list(WAITS_S)
    assert stage.decided() == {}
    assert [line["kind"] for line in stage.said()[0]] == ["turned_away"]


def test_it_does_not_knock_without_time(stage: Stage) -> None:
    """What is left of the function's time is for those who are already in."""
    now = stage.clock.at
    stage.ledger.claim("churn", "another", now, now + timedelta(minutes=2))
    stage.context.passes_ms = 25_000
    stage.handle("wake", load("eventbridge-alarm"))
    assert stage.rested == []


def test_what_the_timer_finds_does_not_knock(stage: Stage) -> None:
    """It stays due."""
    now = stage.clock.at
    for name in ("churn", "batch-gpu"):
        stage.ledger.claim(name, "another", now, now + timedelta(minutes=2))
    stage.handle("wake", load("sqs-own"))
    assert stage.rested == []


def test_two_alarms_of_one_target_in_one_batch_are_one_look(stage: Stage) -> None:
    """The second is turned away by the first, which looks after both have arrived."""
    event = load("sqs-sns-alarm")
    (first,) = event["Records"]
    other = first["body"].replace("/high", "/low")
    second = {**first, "messageId": "another", "body": other}
    stage.handle("wake", {"Records": [first, second]})
    assert stage.rested == []
    assert stage.decided() == {"churn": 1}
