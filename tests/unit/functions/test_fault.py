"""Does a version that can handle nothing end as failed, so that a gradual deployment stops it?

What Lambda counts by version is an invocation's error. A failure of one target among others, or a
ledger that is out of reach for a moment, is none: that is the metric Failed, and is tried again.
"""

from __future__ import annotations

from typing import Any

import pytest

from flyball.core.decide import decide
from flyball.core.target import ScalableTarget
from flyball.wiring.function import Fault
from tests.unit.functions.stage import Stage, load

TICK = {"flyball": "tick"}


def break_engine(monkeypatch: pytest.MonkeyPatch, *spared: str) -> None:
    """Let every decision end in an error, as in a version that cannot read what is stored."""

    def broken(target: ScalableTarget, *given: Any, **more: Any) -> object:
        if target.id in spared:
            return decide(target, *given, **more)
        raise TypeError("history: got a list")

    monkeypatch.setattr("flyball.controller.decide", broken)


def test_a_tick_that_can_handle_nothing_fails(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And tells of each target all the same."""
    break_engine(monkeypatch)
    with pytest.raises(Fault, match="none of 3 could be handled; the first: TypeError"):
        stage.handle("tick", TICK)
    _, metrics = stage.said()
    assert sum(metrics["Failed"]) == 3


def test_a_batch_of_which_nothing_can_be_handled_fails(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it comes again, as it would message by message."""
    break_engine(monkeypatch)
    with pytest.raises(Fault, match="none of 1 could be handled"):
        stage.handle("wake", load("sqs-sns-alarm"))


def test_one_that_is_handled_is_enough(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it is a target's own fault."""
    break_engine(monkeypatch, "batch-gpu")
    assert stage.handle("tick", TICK)["handled"] == 3


def test_poison_beside_it_is_not_buried_twice(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was handled must not come again with what was not."""
    break_engine(monkeypatch)
    answer = stage.handle("wake", load("sqs-batch-one-poison"))
    assert len(answer["batchItemFailures"]) == 2
    assert len(stage.buried()) == 1


def test_a_ledger_out_of_reach_is_no_fault_of_a_version(stage: Stage) -> None:
    """It is tried again, and a deployment goes on."""
    stage.ledger.out_of_reach.update(("churn", "churn-blue", "batch-gpu"))
    assert stage.handle("tick", TICK)["handled"] == 3


def test_no_time_left_is_no_fault_of_a_version(stage: Stage) -> None:
    """The next tick finds them all."""
    stage.context.left_ms, stage.context.passes_ms = 900, 900
    assert stage.handle("tick", TICK)["handled"] == 3
