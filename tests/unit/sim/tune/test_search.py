"""Does a search find what is good, the same each time, and go on where it was ended?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from flyball.config.space import Dimension, Point
from flyball.sim.tune.score import Score, Tried, find_frontier, pick
from flyball.sim.tune.search import (
    BATCH,
    NSGA,
    SAMPLERS,
    TPE,
    Goal,
    Search,
    SearchError,
    open_storage,
)

SIZE = 12
NAMES = ("a", "b", "c")
DIMENSIONS = tuple(Dimension(name, (name,), tuple(range(SIZE)), 6) for name in NAMES)
BUDGET = 0.02


def judge(point: Point) -> Score:
    """Let the first field trade cost for lateness, the second do harm off 4, the third nothing."""
    first, second, _ = point
    off = abs(second - 4)
    hours = 100.0 - 5 * first + 3 * off
    return Score(hours, 10.0, 1_000.0, 0.0, first**2 / 2 + 2 * off, 0, 1.0)


def search(
    goal: Goal,
    rounds: int = 8,
    *,
    seed: int = 0,
    batch: int = BATCH,
    study: Path | None = None,
    is_sound: Callable[[Point], bool] = lambda _: True,
) -> list[Tried]:
    """Take rounds, or those that are missing."""
    found = Search("s", DIMENSIONS, goal, seed, open_storage(study), batch)
    while found.rounds < rounds:
        found.tell([judge(point) for point in found.ask(is_sound)])
    return found.tried


GOALS = {
    f"{sampler}, {name}": Goal(budget, sampler)
    for sampler in SAMPLERS
    for name, budget in (("within a budget", BUDGET), ("the whole frontier", None))
}


@pytest.mark.parametrize("goal", GOALS.values(), ids=GOALS)
def test_each_sampler_finds_what_is_nearly_best(goal: Goal) -> None:
    """By 96 of 1,728 points, now first: within 8 % of the best within the budget."""
    tried = search(goal, 12)
    assert tried[0].point == (6, 6, 6)
    every = [judge((first, second, 0)) for first in range(SIZE) for second in range(SIZE)]
    best = min(each.hours for each in every if each.late_ratio <= BUDGET)
    chosen = pick(tried, BUDGET)
    assert chosen.score.late_ratio <= BUDGET
    assert chosen.score.hours <= 1.08 * best


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_the_whole_frontier_is_drawn_from_end_to_end(sampler: str) -> None:
    """Without a budget: what is cheap and late is there, what is dear and in time, and between."""
    frontier = find_frontier(search(Goal(None, sampler), 12))
    assert len(frontier) >= 6
    assert frontier[0].score.hours <= 60
    assert frontier[-1].score.late_ratio <= 0.005


@pytest.mark.parametrize("goal", GOALS.values(), ids=GOALS)
def test_no_point_is_tried_twice_and_a_seed_decides(goal: Goal) -> None:
    """The same seed the same points in the same order; another one others."""
    tried = search(goal, 6)
    points = [each.point for each in tried]
    assert len(set(points)) == len(points) == 6 * BATCH
    assert search(goal, 6) == tried
    assert search(goal, 1, seed=1) != tried[:BATCH]


@pytest.mark.parametrize("goal", GOALS.values(), ids=GOALS)
def test_a_search_that_was_ended_goes_on_as_if_it_had_not_been(goal: Goal, tmp_path: Path) -> None:
    """After a whole round, and after one that was asked for and never told."""
    study = tmp_path / "study"
    search(goal, 3, study=study)
    killed = Search("s", DIMENSIONS, goal, 0, open_storage(study))
    assert killed.rounds == 3
    assert len(killed.ask()) == BATCH
    whole = search(goal, 4)
    assert search(goal, 4, study=study) == whole
    assert search(goal, 4, study=study) == whole  # nothing is left to be asked


@pytest.mark.parametrize("batch", [1, 3, 20])
def test_a_round_has_as_many_points_as_are_wanted(batch: int) -> None:
    """Of two searches with other rounds neither is the beginning of the other."""
    assert len(search(Goal(BUDGET), 4, batch=batch)) == 4 * batch


def test_a_small_space_is_tried_whole_and_then_ends() -> None:
    """Rounds get shorter, and at last empty."""
    few = (Dimension("a", ("a",), (0, 1, 2), 1), Dimension("b", ("b",), (0, 1), 0))
    found = Search("s", few, Goal(BUDGET), 0, open_storage(None))
    sizes = []
    for _ in range(4):
        points = found.ask()
        sizes.append(len(points))
        found.tell([judge((*point, 0)) for point in points])
    assert sum(sizes) == len({each.point for each in found.tried}) == 6
    assert sizes[-1] == 0
    assert found.rounds == 4


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_what_cannot_be_set_is_never_tried(sampler: str) -> None:
    """What is now is: it was."""
    tried = search(Goal(BUDGET, sampler), 4, is_sound=lambda point: point[0] >= 6)
    assert len(tried) == 4 * BATCH
    assert min(each.point[0] for each in tried) >= 6


@pytest.mark.parametrize("content", [b"timestamp,requests\n1,2\n", b'{"a": 1}\n', b"[]\n", b"7\n"])
def test_a_file_that_is_no_study_is_refused(tmp_path: Path, content: bytes) -> None:
    """With what to do."""
    study = tmp_path / "study"
    study.write_bytes(content)
    with pytest.raises(SearchError, match=r"no study of Optuna's; name another file"):
        open_storage(study)


@pytest.mark.parametrize("lost", [1, 40])
def test_a_study_whose_last_line_was_torn_goes_on(tmp_path: Path, lost: int) -> None:
    """As by a machine that stopped in the middle of a word."""
    study = tmp_path / "study"
    goal = Goal(BUDGET, TPE)
    search(goal, 2, study=study)
    study.write_bytes(study.read_bytes()[:-lost])
    again = search(goal, 3, study=study)
    assert again[:BATCH] == search(goal, 1)
    assert len({each.point for each in again}) == len(again)


def test_other_goals_are_kept_apart(tmp_path: Path) -> None:
    """By the name, which its caller makes of everything that decides."""
    storage = open_storage(tmp_path / "study")
    for sampler in (TPE, NSGA):
        found = Search(sampler, DIMENSIONS, Goal(BUDGET, sampler), 0, storage)
        assert (found.rounds, found.tried) == (0, [])
        found.tell([judge(point) for point in found.ask()])
    assert Search(TPE, DIMENSIONS, Goal(BUDGET, TPE), 0, storage).rounds == 1
