"""What does a search over a config's policies find, and does it hold on the days that follow?

Each scalable target has one search over all of its days, and one more for each fold, which is
shown the fold's past alone: what that one chooses is judged on the fold's future. All of them take
their rounds together, so that every core has something to do; a run that several of them ask for
is made once, and each is told of its own days only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from flyball.config.edit import Edit
from flyball.config.problem import ConfigError
from flyball.config.space import Dimension, Point, list_edits
from flyball.core.codec import canonical
from flyball.core.target import ScalableTarget
from flyball.sim.backtest import Subject
from flyball.sim.tune.fold import Fold, Part, split
from flyball.sim.tune.plain import Plain
from flyball.sim.tune.run import Piece, Spread
from flyball.sim.tune.score import Score, Tried, find_frontier, pick
from flyball.sim.tune.search import BATCH, Goal, Search

if TYPE_CHECKING:
    from optuna.storages import BaseStorage


class Asked(NamedTuple):
    """A scalable target to tune.

    Attributes:
        subject: What is backtested.
        dimensions: What is searched, one or more.
        make: Gives the scalable target with values set.
        peers: Who else runs, each as it is typed.
        notes: What is to be known about it, for people.
    """

    subject: Subject
    dimensions: tuple[Dimension, ...]
    make: Callable[[Sequence[Edit]], ScalableTarget]
    peers: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class Rules(NamedTuple):
    """How is searched.

    Attributes:
        goal: What for.
        trials: How many points each search tries.
        folds: How many futures judge; None: what suits the days.
        seed: Of what is drawn.
        choose: The number on the frontier, from 1, of the point that is chosen; None: by the goal.
        engine: Its version.
        batch: How many points a search proposes at a time; none of them knows of another.
    """

    goal: Goal = Goal()
    trials: int = 64
    folds: int | None = None
    seed: int = 0
    choose: int | None = None
    engine: str = ""
    batch: int = BATCH

    @property
    def rounds(self) -> int:
        """How many rounds there are."""
        return -(-self.trials // self.batch)


class Walk(NamedTuple):
    """A fold, and what was chosen in its past.

    Attributes:
        fold: It.
        chosen: What its past chose, made plain as for all days, and what that came to there.
        future: What it came to on the future; None: it was interrupted before.
        now: What the config as it is came to on the future; None: likewise.
    """

    fold: Fold
    chosen: Tried
    future: Score | None
    now: Score | None


@dataclass(frozen=True, slots=True)
class Tuned:
    """What a search found.

    Attributes:
        asked: What was tuned.
        tried: Every point, in order; the first is the config as it is.
        frontier: Those than which no other is both cheaper and less late; the cheapest first.
        chosen: One of them, or one that is as good with fewer fields changed; see Plain.
        late_budget: Within which it was chosen, as a share.
        walks: How each past's choice did on its future.
        peers: (name, score) of each who ran beside it.
        rounds: How many rounds ended.
    """

    asked: Asked
    tried: tuple[Tried, ...]
    frontier: tuple[Tried, ...]
    chosen: Tried
    late_budget: float
    walks: tuple[Walk, ...]
    peers: tuple[tuple[str, Score], ...]
    rounds: int

    @property
    def now(self) -> Tried:
        """The config as it is."""
        return self.tried[0]

    @property
    def edits(self) -> list[Edit]:
        """What is to be set."""
        return list_edits(self.asked.dimensions, self.chosen.point)


class Outcome(NamedTuple):
    """What became of all searches.

    Attributes:
        targets: In the order asked for; none where it was interrupted before a round had ended.
        is_interrupted: Somebody ended it before its time.
        is_over: The time for it was over.
    """

    targets: tuple[Tuned, ...]
    is_interrupted: bool = False
    is_over: bool = False


@dataclass
class _Course:
    """One scalable target's searches, and every run that was made."""

    asked: Asked
    whole: Part
    folds: list[Fold]
    searches: list[tuple[Part, Search]]
    known: dict[Point, dict[Part, Score]] = field(default_factory=dict)
    peers: dict[str, Score] = field(default_factory=dict)
    plainest: dict[Part, Tried] = field(default_factory=dict)

    @property
    def parts(self) -> list[Part]:
        """All that is ever judged."""
        return [self.whole, *(part for fold in self.folds for part in fold)]

    def lacks(self, point: Point, part: Part) -> bool:
        """Say whether a point was not yet run so far."""
        return part not in self.known.get(point, {})


def tune(
    asked: Sequence[Asked],
    rules: Rules,
    spread: Spread,
    storage: BaseStorage | None = None,
    *,
    is_over: Callable[[], bool] = lambda: False,
    end_round: Callable[[], None] = lambda: None,
) -> Outcome:
    """Search each scalable target's policies.

    An interruption (KeyboardInterrupt) ends it with what was found by then. The same rules give the
    same outcome, whoever runs the pieces, and also where a storage was interrupted before.

    Args:
        asked: What to tune.
        rules: How.
        spread: Runs pieces.
        storage: Where searches are kept; None: in memory.
        is_over: Asked after each round whether there is no more time.
        end_round: Told of the end of each round, also of those that a storage has; and of the runs
            after the last.

    Raises:
        ValueError: No point of the frontier has the number that is to be chosen.
    """
    courses = [_begin(each, rules, storage) for each in asked]
    interrupted = over = False
    try:
        _run_peers(courses, spread)
        for _ in range(
            min(rules.rounds, *(s.rounds for each in courses for _, s in each.searches))
        ):
            end_round()
        while any(_lacks_rounds(each, rules) for each in courses):
            _run_round(courses, rules, spread)
            end_round()
            if is_over():
                over = True
                break
    except KeyboardInterrupt:
        interrupted = True
    if not all(search.tried for each in courses for _, search in each.searches):
        return Outcome((), interrupted, over)
    for each in courses:
        _find_budget(each, rules)  # refuses a number that the frontier has not
    try:
        if not interrupted:
            _run_rest(courses, rules, spread)
            end_round()
    except KeyboardInterrupt:
        interrupted = True
    return Outcome(tuple(_finish(each, rules) for each in courses), interrupted, over)


def _begin(asked: Asked, rules: Rules, storage: BaseStorage | None) -> _Course:
    subject = asked.subject
    whole = Part(subject.begin, len(subject.course.demand))
    folds = split(subject, rules.folds)
    course = _Course(asked, whole, folds, [])
    for part in [whole, *(fold.past for fold in folds)]:
        name = _name_search(asked, part, rules)
        search = Search(name, asked.dimensions, rules.goal, rules.seed, storage, rules.batch)
        course.searches.append((part, search))
        for point, score in search.tried:
            course.known.setdefault(point, {})[part] = score
    return course


def _name_search(asked: Asked, part: Part, rules: Rules) -> str:
    """Name a search by everything that decides what it finds, but how long it lasts."""
    subject, plant = asked.subject, asked.subject.plant
    course = subject.course
    decides = (
        canonical(subject.scalable_target),
        course,
        plant,
        sorted(subject.said.items()),
        asked.dimensions,
        part,
        rules.goal,
        rules.seed,
        rules.engine,
        rules.batch,
    )
    digest = hashlib.sha256(repr(decides).encode()).hexdigest()[:16]
    return f"{subject.scalable_target.id} {part.begin}-{part.end} {digest}"


def _lacks_rounds(course: _Course, rules: Rules) -> bool:
    return any(search.rounds < rules.rounds for _, search in course.searches)


def _run_round(courses: Sequence[_Course], rules: Rules, spread: Spread) -> None:
    """Let every search that is not done take one more round."""
    waiting = [
        (course, part, search, search.ask(partial(_is_sound, course.asked)))
        for course in courses
        for part, search in course.searches
        if search.rounds < rules.rounds
    ]
    wanted = [(course, part, points) for course, part, _, points in waiting]
    _run_points(wanted, spread)
    for course, part, search, points in waiting:
        search.tell([course.known[point][part] for point in points])


def _is_sound(asked: Asked, point: Point) -> bool:
    """Say whether values can be set together."""
    try:
        asked.make(list_edits(asked.dimensions, point))
    except ConfigError:
        return False
    return True


def _run_points(wanted: Sequence[tuple[_Course, Part, Sequence[Point]]], spread: Spread) -> None:
    """Run what is not known yet, each point of a course once, as far as anybody asks for it."""
    ends: dict[tuple[int, Point], int] = {}
    courses = {id(course): course for course, _, _ in wanted}
    for course, part, points in wanted:
        for point in points:
            if course.lacks(point, part):
                key = (id(course), point)
                ends[key] = max(part.end, ends.get(key, 0))
    pieces: list[Piece] = []
    for (owner, point), end in ends.items():
        asked = courses[owner].asked
        target = asked.make(list_edits(asked.dimensions, point))
        parts = tuple(part for part in courses[owner].parts if part.end <= end)
        subject = replace(asked.subject, scalable_target=target)
        pieces.append(Piece(len(pieces), subject, parts))
    asked_for = list(ends)
    for number, scores in spread(pieces):
        owner, point = asked_for[number]
        known = courses[owner].known.setdefault(point, {})
        known.update(zip(pieces[number].parts, scores, strict=True))


def _run_peers(courses: Sequence[_Course], spread: Spread) -> None:
    pieces: list[Piece] = []
    whose: list[_Course] = []
    for course in courses:
        for name in course.asked.peers:
            pieces.append(Piece(len(pieces), course.asked.subject, (course.whole,), name))
            whose.append(course)
    for number, (score,) in spread(pieces):
        whose[number].peers[pieces[number].peer] = score


def _run_rest(courses: Sequence[_Course], rules: Rules, spread: Spread) -> None:
    """Make plain what was chosen, and run it over each future beside what holds now."""
    plains = [
        (course, part, Plain(_choose(course, search, rules), now, limit))
        for course in courses
        for part, search in course.searches
        for now, limit in [(search.tried[0].point, _find_limit(course, search, rules))]
    ]
    while left := [each for each in plains if each[2].points]:
        _run_points([(course, part, plain.points) for course, part, plain in left], spread)
        for course, part, plain in left:
            plain.take([course.known[point][part] for point in plain.points])
    for course, part, plain in plains:
        course.plainest[part] = plain.best
    _run_points(
        [
            (course, fold.future, [course.plainest[fold.past].point, search.tried[0].point])
            for course in courses
            for fold, (_, search) in zip(course.folds, course.searches[1:], strict=True)
        ],
        spread,
    )


def _finish(course: _Course, rules: Rules) -> Tuned:
    search = course.searches[0][1]
    now = search.tried[0]
    walks = []
    for fold, (_, inner) in zip(course.folds, course.searches[1:], strict=True):
        best = course.plainest.get(fold.past) or _choose(course, inner, rules)
        futures: Mapping[Point, Score | None] = {
            point: course.known.get(point, {}).get(fold.future) for point in (best.point, now.point)
        }
        walks.append(Walk(fold, best, futures[best.point], futures[now.point]))
    return Tuned(
        course.asked,
        tuple(search.tried),
        tuple(find_frontier(search.tried)),
        course.plainest.get(course.whole) or _choose(course, search, rules),
        _find_limit(course, search, rules),
        tuple(walks),
        tuple((name, course.peers[name]) for name in course.asked.peers if name in course.peers),
        search.rounds,
    )


def _choose(course: _Course, search: Search, rules: Rules) -> Tried:
    """Take what a search chooses; a number on the frontier is one of all days'."""
    if rules.choose is not None and search is course.searches[0][1]:
        return find_frontier(search.tried)[rules.choose - 1]
    return pick(search.tried, _find_limit(course, search, rules))


def _find_limit(course: _Course, search: Search, rules: Rules) -> float:
    """Say within what a search chooses: without a budget, what its own days show of the config."""
    budget = _find_budget(course, rules)
    return search.tried[0].score.late_ratio if budget is None else budget


def _find_budget(course: _Course, rules: Rules) -> float | None:
    """Say within what is chosen on any days, if that is said."""
    if rules.choose is None:
        return rules.goal.late_budget
    frontier = find_frontier(course.searches[0][1].tried)
    if rules.choose > len(frontier):
        target = course.asked.subject.scalable_target.id
        raise ValueError(
            f"got {rules.choose}, but the frontier of {target} has {len(frontier)} points"
        )
    return frontier[rules.choose - 1].score.late_ratio
