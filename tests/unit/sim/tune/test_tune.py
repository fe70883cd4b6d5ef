"""Is what is chosen on a past chosen by it alone, run once, and told however it ends?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from flyball.config.edit import Edit
from flyball.config.problem import ConfigError, Problem
from flyball.config.space import Dimension
from flyball.core.target import ScalableTarget
from flyball.sim.backtest import Subject
from flyball.sim.slots import Course, Plant
from flyball.sim.tune import Asked, Part, Rules, Score, tune
from flyball.sim.tune.run import Answer, Piece
from flyball.sim.tune.search import Goal, open_storage
from tests.unit.sim.courses import MONDAY, make_target

TARGET = make_target()
SIZE = 9
SLOTS = 600
RULES = Rules(Goal(0.05), trials=24, folds=2)


def make(edits: Sequence[Edit]) -> ScalableTarget:
    """Write a point into a price; ninths of the first field are not sound with a second of 0."""
    values = {str(each.path[0]): int(each.value) for each in edits}
    first, second = values.get("a", 4), values.get("b", 4)
    if (first, second) == (8, 0):
        raise ConfigError([Problem("f", 1, 1, "a", "not with b")])
    return replace(TARGET, price_per_hour=float(100 + 10 * first + second))


def ask() -> Asked:
    """Ask for ten hours, of which one is not counted."""
    dimensions = tuple(Dimension(name, (name,), tuple(range(SIZE)), 4) for name in "ab")
    subject = Subject(TARGET, Course(MONDAY, (10.0,) * SLOTS, 1.0), Plant())
    return Asked(subject, dimensions, make, ("static",))


@dataclass
class World:
    """Runs pieces by a formula; what is good before a slot is bad after it.

    Attributes:
        turns: The slot.
        dies: At which call somebody ends it.
        order: In which answers come.
        ran: (price, slots) of each run of ours.
    """

    turns: int = SLOTS
    dies: int = 10**6
    order: Callable[[list[Answer]], list[Answer]] = list
    calls: int = 0
    ran: list[tuple[float, int]] = field(default_factory=list)

    def spread(self, pieces: Sequence[Piece]) -> Iterator[Answer]:
        """Run them."""
        self.calls += 1
        if self.calls == self.dies:
            raise KeyboardInterrupt
        yield from self.order([self._run(piece) for piece in pieces])

    def _run(self, piece: Piece) -> Answer:
        price = piece.subject.scalable_target.price_per_hour
        assert price is not None
        if not piece.peer:
            self.ran.append((price, max(part.end for part in piece.parts)))
        return piece.number, tuple(self._score(price, part) for part in piece.parts)

    def _score(self, price: float, part: Part) -> Score:
        first, second = divmod(int(price) - 100, 10)
        before = max(0, min(part.end, self.turns) - part.begin)
        after = part.end - part.begin - before
        hours = before * (20 - first) + after * (12 + first)
        late = before * (second / 100) + after * ((8 - second) / 100)
        return Score(hours, 1.0 * (before + after), before + after, 0, late, 0, 1.0)


def run(world: World, rules: Rules = RULES, rounds: list[int] | None = None) -> object:
    """Search it."""
    told = [] if rounds is None else rounds
    return tune([ask()], rules, world.spread, end_round=lambda: told.append(world.calls))


def test_what_is_chosen_on_a_past_is_chosen_by_it_alone() -> None:
    """A world that turns where the past ends changes the future's judgement, not the choice."""
    same = tune([ask()], RULES, World().spread).targets[0]
    (first, second) = same.walks
    turned = tune([ask()], RULES, World(first.fold.past.end).spread).targets[0]
    assert turned.walks[0].chosen == first.chosen
    assert turned.walks[0].future != first.future
    assert turned.walks[1].chosen != second.chosen  # its past saw the turn
    assert first.future is not None
    assert first.now is not None
    assert first.future.hours < first.now.hours
    (worse,) = [each for each in turned.walks[:1] if each.future and each.now]
    assert worse.future is not None
    assert worse.now is not None
    assert worse.future.hours > worse.now.hours


def test_nothing_is_run_twice_nor_further_than_somebody_asks() -> None:
    """Each point at most once for each end, and the longer run serves the shorter part."""
    world = World()
    found = tune([ask()], RULES, world.spread).targets[0]
    assert len(set(world.ran)) == len(world.ran)
    ends = {end for _, end in world.ran}
    assert ends <= {SLOTS, *(each.fold.past.end for each in found.walks)}
    assert dict(found.peers).keys() == {"static"}


def test_the_order_of_answers_and_an_interruption_change_nothing(tmp_path: Path) -> None:
    """As many cores give them; and as a study is gone on with."""
    whole = tune([ask()], RULES, World().spread)
    assert [each.tried for each in whole.targets] == [
        each.tried for each in tune([ask()], RULES, World(order=lambda x: x[::-1]).spread).targets
    ]
    path = tmp_path / "study"
    tune([ask()], RULES, World(dies=4).spread, open_storage(path))
    gone_on = tune([ask()], RULES, World().spread, open_storage(path))
    assert [each.tried for each in gone_on.targets] == [each.tried for each in whole.targets]
    assert [each.walks for each in gone_on.targets] == [each.walks for each in whole.targets]


def test_what_is_not_sound_is_never_run() -> None:
    """Values that exclude one another are no end of a search."""
    world = World()
    tune([ask()], RULES._replace(trials=72, folds=0), world.spread)
    assert 180.0 not in {price for price, _ in world.ran}
    assert len(world.ran) > 60


@pytest.mark.parametrize(
    ("dies", "has_targets", "has_futures"),
    [(1, False, False), (2, False, False), (3, True, False), (4, True, False), (99, True, True)],
)
def test_an_interruption_tells_what_was_found_by_then(
    dies: int, has_targets: bool, has_futures: bool
) -> None:
    """Nothing before the first whole round; after it all but what had not been run."""
    found = tune([ask()], RULES, World(dies=dies).spread)
    assert found.is_interrupted is (dies < 99)
    assert bool(found.targets) is has_targets
    for each in found.targets:
        if has_futures:
            assert all(walk.future and walk.now for walk in each.walks)
        assert each.chosen.score.late_ratio <= 0.05


def test_every_round_is_told_and_what_is_run_after_them() -> None:
    """Three of eight points, and the rest."""
    rounds: list[int] = []
    run(World(), rounds=rounds)
    assert len(rounds) == RULES.rounds + 1 == 4
    assert rounds == sorted(rounds)


def test_no_more_rounds_begin_when_the_time_is_over() -> None:
    """What was chosen by then is judged all the same."""
    found = tune([ask()], RULES, World().spread, is_over=lambda: True)
    (each,) = found.targets
    assert (found.is_over, each.rounds) == (True, 1)
    assert all(walk.future for walk in each.walks)


def test_a_number_that_the_frontier_has_not_is_refused() -> None:
    """By its scalable target, and how many there are."""
    with pytest.raises(ValueError, match=r"got 99, but the frontier of chat has \d+ points"):
        tune([ask()], RULES._replace(choose=99), World().spread)
    found = tune([ask()], RULES._replace(choose=1), World().spread).targets[0]
    assert found.chosen.score.hours <= found.frontier[0].score.hours * 1.002
