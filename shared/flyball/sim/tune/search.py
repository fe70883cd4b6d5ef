"""Which points are to be tried next, by what those before came to?

Optuna proposes, in rounds of a fixed number of points: a round does not know how many cores there
are, so neither do its points. Each round has a sampler of its own, seeded by its number: a search
that goes on from a file proposes what it would have proposed without the interruption.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from flyball.config.space import Dimension, Point
from flyball.sim.tune.score import Score, Tried

if TYPE_CHECKING:
    from optuna import Study
    from optuna.samplers import BaseSampler
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial, Trial

BATCH = 8
"""Points of a round, unless somebody says otherwise."""
ASKS = 4
"""Most proposals for a point: near its end a search proposes what it has tried already."""
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
        return JournalStorage(JournalFileBackend(str(path)))
    except (ValueError, KeyError, TypeError) as error:
        raise SearchError(f"{path}: it is no study of Optuna's; name another file") from error


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
            self._study.sampler = self._make_sampler()
            if not self.rounds:
                now = {each.name: each.now for each in self._dimensions}
                self._study.enqueue_trial(now)
            for _ in range(ASKS * self._batch):
                if len(self._asked) == self._batch:
                    break
                trial = self._study.ask(self._kinds)
                point = tuple(int(trial.params[each.name]) for each in self._dimensions)
                asked = any(point == other for _, other in self._asked)
                if asked or point in self._known or not is_sound(point):
                    self._give_up(trial.number)
                else:
                    self._asked.append((trial, point))
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

        digest = hashlib.sha256(f"{self._seed} {self.rounds}".encode()).digest()
        seed = int.from_bytes(digest[:4], "big")
        keeps = None if self._goal.late_budget is None else self._exceed
        if self._goal.sampler == NSGA:
            return NSGAIISampler(population_size=2 * self._batch, seed=seed, constraints_func=keeps)
        return TPESampler(
            n_startup_trials=self._batch, constant_liar=True, seed=seed, constraints_func=keeps
        )

    def _exceed(self, trial: FrozenTrial) -> tuple[float]:
        """Say by how much the budget is exceeded."""
        return (trial.user_attrs["late_ratio"] - (self._goal.late_budget or 0.0),)


@contextmanager
def _quietly() -> Iterator[None]:
    """Let a library say nothing of what it calls experimental."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
