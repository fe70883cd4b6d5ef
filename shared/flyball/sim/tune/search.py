"""Which points are to be tried next, by what those before came to?

Optuna proposes, in rounds of a fixed number of points: a round does not know how many cores there
are, so neither do its points. Each round has a sampler of its own, seeded by its number: a search
that goes on from a file proposes what it would have proposed without the interruption.
"""

from __future__ import annotations

import hashlib
import json
import random
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from flyball.config.space import Dimension, Point
from flyball.sim.tune.score import Score, Tried, find_frontier

if TYPE_CHECKING:
    from optuna import Study
    from optuna.samplers import BaseSampler
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial, Trial

BATCH = 8
"""Points of a round, unless somebody says otherwise."""
ASKS = 2
"""Most proposals for a point: near its end a search proposes what it has tried already."""
STEPS = 16
"""The same, of points beside the frontier and anywhere, when the sampler has no more."""
TPE, NSGA = "tpe", "nsga2"
SAMPLERS = (TPE, NSGA)
ROUNDS, SCORE = "rounds", "score"
REMEDY = "pip install 'flyball[tune]'"


class SearchError(Exception):
    """No search can be made; the message says why, with the remedy."""


class Goal(NamedTuple):
    """What is searched for.

    Attributes:
        late_budget: Most requests that may be late, as a share: the cheapest within it is searched
            for; None: the whole frontier of cost against lateness.
        sampler: One of SAMPLERS.
    """

    late_budget: float | None = None
    sampler: str = TPE


def open_storage(path: Path | None) -> BaseStorage | None:
    """Open the file in which searches are kept; None: in memory.

    Raises:
        SearchError: Optuna is not installed, or the file is none of its own.
    """
    try:
        import optuna  # noqa: PLC0415  (an extra)
        from optuna.storages import JournalStorage  # noqa: PLC0415
        from optuna.storages.journal import JournalFileBackend  # noqa: PLC0415
    except ImportError as error:
        raise SearchError(f"a search needs optuna: {REMEDY}") from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if path is None:
        return None
    try:
        _mend(path)
        return JournalStorage(JournalFileBackend(str(path)))
    except (ValueError, KeyError, TypeError) as error:
        raise SearchError(f"{path}: it is no study of Optuna's; name another file") from error


def _mend(path: Path) -> None:
    """Cut off a last line that was torn: Optuna would write on behind it, and never read it again.

    Raises:
        ValueError: It is no journal.
    """
    if not path.exists() or not path.stat().st_size:
        return
    with path.open("rb+") as file:
        first = json.loads(file.readline())
        if not isinstance(first, dict) or "op_code" not in first:
            raise ValueError("no journal")
        content = file.read()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            file.truncate(file.tell() - len(content) + whole)


class Search:
    """One search, round by round.

    Attributes:
        tried: What was tried so far, in order.
        rounds: How many rounds have ended.
    """

    def __init__(
        self,
        name: str,
        dimensions: Sequence[Dimension],
        goal: Goal,
        seed: int,
        storage: BaseStorage | None,
        batch: int = BATCH,
    ) -> None:
        """Begin, or go on where a search of this name ended.

        Args:
            name: Of everything that decides what it finds; in the storage.
            dimensions: One or more.
            goal: What is searched for.
            seed: Of what is drawn.
            storage: Where it is kept; None: in memory.
            batch: Points of a round; the first one is drawn at random.
        """
        import optuna  # noqa: PLC0415  (an extra)

        self._goal, self._seed, self._batch = goal, seed, batch
        self._dimensions = dimensions
        count = 1 if goal.late_budget is not None and goal.sampler == TPE else 2
        self._single = count == 1
        with _quietly():
            self._study: Study = optuna.create_study(
                storage=storage,
                study_name=name,
                directions=["minimize"] * count,
                load_if_exists=True,
            )
        self._kinds: dict[str, optuna.distributions.BaseDistribution] = {
            each.name: optuna.distributions.IntDistribution(0, len(each.values) - 1)
            for each in dimensions
        }
        self._known: dict[Point, Score] = {}
        self._asked: list[tuple[Trial, Point]] = []
        self.tried: list[Tried] = []
        self.rounds = int(self._study.user_attrs.get(ROUNDS, 0))
        self._recall()

    def ask(self, is_sound: Callable[[Point], bool] = lambda _: True) -> list[Point]:
        """Propose a round's points: none that was tried; fewer than a batch where they run out.

        Args:
            is_sound: Says whether a point can be tried at all.
        """
        with _quietly():
            if self._goal.sampler == NSGA:  # it orders parents that it has just chosen otherwise
                self._study.sampler = self._make_sampler()
                self._give_up(self._study.ask(self._kinds).number)
            self._study.sampler = self._make_sampler()
            if not self.rounds:
                self._study.enqueue_trial(self._name(tuple(each.now for each in self._dimensions)))
            for _ in range(ASKS * self._batch):
                if len(self._asked) < self._batch:
                    self._take(is_sound)
            for point in self._wander():
                if len(self._asked) == self._batch:
                    break
                if self._is_new(point) and is_sound(point):
                    self._study.enqueue_trial(self._name(point))
                    self._take(is_sound)
        return [point for _, point in self._asked]

    def tell(self, scores: Sequence[Score]) -> None:
        """Say what the round's points came to, in order."""
        with _quietly():
            for (trial, point), score in zip(self._asked, scores, strict=True):
                trial.set_user_attr(SCORE, list(score))
                self._tell(trial, score)
                self._keep(point, score)
            self._asked = []
            self.rounds += 1
            self._study.set_user_attr(ROUNDS, self.rounds)

    def _take(self, is_sound: Callable[[Point], bool]) -> None:
        """Take the next proposal, unless it is none."""
        trial = self._study.ask(self._kinds)
        point = tuple(int(trial.params[each.name]) for each in self._dimensions)
        if self._is_new(point) and is_sound(point):
            self._asked.append((trial, point))
        else:
            self._give_up(trial.number)

    def _is_new(self, point: Point) -> bool:
        return point not in self._known and all(point != other for _, other in self._asked)

    def _name(self, point: Point) -> dict[str, int]:
        return {each.name: index for each, index in zip(self._dimensions, point, strict=True)}

    def _wander(self) -> Iterator[Point]:
        """Propose where the sampler only repeats itself: beside the frontier, and anywhere."""
        draw = random.Random(self._draw_seed())  # noqa: S311  (a simulation)
        sizes = [len(each.values) for each in self._dimensions]
        best = [each.point for each in find_frontier(self.tried)]
        for _ in range(STEPS * self._batch):
            point = [draw.randrange(size) for size in sizes]
            if best:
                here, index = draw.choice(best), draw.randrange(len(sizes))
                yield (*here[:index], point[index], *here[index + 1 :])
            yield tuple(point)

    def _recall(self) -> None:
        """Take up what was tried before; a round that did not end is proposed again."""
        from optuna.trial import TrialState  # noqa: PLC0415

        with _quietly():
            for trial in self._study.get_trials(deepcopy=False):
                if trial.state is TrialState.COMPLETE and SCORE in trial.user_attrs:
                    point = tuple(int(trial.params[each.name]) for each in self._dimensions)
                    self._keep(point, Score(*trial.user_attrs[SCORE]))
                elif trial.state is TrialState.RUNNING:
                    self._give_up(trial.number)

    def _keep(self, point: Point, score: Score) -> None:
        if point not in self._known:
            self._known[point] = score
            self.tried.append(Tried(point, score))

    def _tell(self, trial: Trial, score: Score) -> None:
        values = [score.hours] if self._single else [score.hours, score.late_ratio]
        trial.set_user_attr("late_ratio", score.late_ratio)
        self._study.tell(trial, values)

    def _give_up(self, number: int) -> None:
        from optuna.trial import TrialState  # noqa: PLC0415

        self._study.tell(number, state=TrialState.FAIL)

    def _make_sampler(self) -> BaseSampler:
        from optuna.samplers import NSGAIISampler, TPESampler  # noqa: PLC0415

        seed = self._draw_seed()
        keeps = None if self._goal.late_budget is None else self._exceed
        if self._goal.sampler == NSGA:
            return NSGAIISampler(population_size=2 * self._batch, seed=seed, constraints_func=keeps)
        return TPESampler(
            n_startup_trials=self._batch, constant_liar=True, seed=seed, constraints_func=keeps
        )

    def _draw_seed(self) -> int:
        digest = hashlib.sha256(f"{self._seed} {self.rounds}".encode()).digest()
        return int.from_bytes(digest[:4], "big")

    def _exceed(self, trial: FrozenTrial) -> tuple[float]:
        """Say by how much the budget is exceeded."""
        return (trial.user_attrs["late_ratio"] - (self._goal.late_budget or 0.0),)


@contextmanager
def _quietly() -> Iterator[None]:
    """Let a library say nothing of what it calls experimental."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
