"""Do both configs run alike, whoever carries them out?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from flyball.config.amended import Pair
from flyball.sim.backtest import Backtest, Subject
from flyball.sim.diff import Asked, Task, diff, is_same, list_tasks, run_task, run_tasks
from flyball.sim.lead import parse_leads
from flyball.sim.meaning import MeaningError
from flyball.sim.slots import Plant
from tests.unit.sim.courses import make_course, make_target

OLD = make_target()
NEW = make_target("[{name: keep, kind: target_tracking, metric: calls, target_value: 250}]")
PLANT = Plant(parse_leads("2m..8m"), max_capacity=60, seed=3)


def ask(old: object = OLD, new: object = NEW, minutes: int = 600) -> Asked:
    """Ask for a scalable target as it was and as it is, or None."""
    course = make_course(minutes)
    pair = Pair(old, new)  # type: ignore[arg-type]
    sides = [None if each is None else Subject(each, course, PLANT) for each in pair]
    return Asked(pair, sides[0], sides[1])


def test_the_same_config_differs_in_nothing() -> None:
    """It runs once for both, and would come to the same if it ran twice."""
    found = diff([ask(OLD, OLD)])
    assert found.stretches == ()
    assert not found.is_amended
    ((old, new),) = found.both
    assert old is new
    renamed = replace(OLD, id="talk")
    twice = diff([ask(OLD, renamed)])
    assert twice.stretches == ()
    assert twice.is_amended
    ((old, new),) = twice.both
    assert old is not new
    assert old.ours.marks == new.ours.marks


def test_another_config_differs_in_the_same_way_each_time() -> None:
    """With the lead times of the same draw."""
    one, other = diff([ask()]), diff([ask()])
    assert one == other
    assert one.stretches
    assert [each.name for each in one.targets[0].amended] == ["policies.keep.target_value"]


def test_what_one_config_lacks_runs_alone() -> None:
    """And is held against nothing."""
    found = diff([ask(None, NEW), ask(OLD, None)])
    assert found.both == []
    assert found.is_amended
    added, removed = found.targets
    assert (added.old, removed.new) == (None, None)
    assert added.new is not None
    assert removed.old is not None


def test_peers_run_once_beside_the_new_config() -> None:
    """They know nothing of either."""
    asked = [ask(), ask(OLD, OLD)]
    tasks = list_tasks(asked, "static,optimum")
    assert [None if each is None else each.against for each in tasks] == [
        "", "static,optimum", None, "static,optimum",
    ]  # fmt: skip
    assert [is_same(each) for each in asked] == [False, True]
    ((_, new),) = diff(asked[:1], "static,optimum").both
    assert [each.name for each in new.peers] == ["static", "optimum"]


def test_a_task_tells_how_much_of_it_is_done() -> None:
    """Its peers' slots are part of it."""
    (_, task) = list_tasks([ask()], "static")
    assert task is not None
    told: list[float] = []
    run_task(task, told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_what_runs_elsewhere_is_put_in_its_place() -> None:
    """Whoever carries tasks out is given all of them, and what it gives back is believed."""
    given: list[Task] = []

    def carry_out(tasks: Sequence[Task]) -> list[Backtest]:
        given.extend(tasks)
        return run_tasks(tasks)

    asked = [ask(), ask(OLD, OLD)]
    assert diff(asked, carry_out=carry_out) == diff(asked)
    assert given == [each for each in list_tasks(asked, "") if each]


def test_a_fault_of_one_ends_all() -> None:
    """With its own words."""
    course = make_course(60)
    strange = replace(OLD, metrics=(replace(OLD.metrics[0], source={"metric": "oddity"}),))
    tasks = [Task(Subject(each, course, PLANT)) for each in (OLD, strange)]
    with pytest.raises(MeaningError, match="calls"):
        run_tasks(tasks)
