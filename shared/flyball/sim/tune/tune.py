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
from typing import TYPE_CHECKING, NamedTuple

from flyball.config.edit import Edit
from flyball.config.space import Dimension, Point, list_edits
from flyball.core.codec import canonical
from flyball.core.target import ScalableTarget
from flyball.sim.backtest import Subject
from flyball.sim.tune.fold import Fold, Part, split
from flyball.sim.tune.run import Piece, Spread
from flyball.sim.tune.score import Score, Tried, find_frontier, pick
from flyball.sim.tune.search import BATCH, Goal, Search

SLACK_RATIO = 0.002
"""A change that saves less of the hours is not worth a reader's time."""

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
    """

    goal: Goal = Goal()
    trials: int = 64
    folds: int | None = None
    seed: int = 0
    choose: int | None = None
    engine: str = ""

    @property
    def rounds(self) -> int:
        """How many rounds there are."""
        return -(-self.trials // BATCH)


class Walk(NamedTuple):
    """A fold, and what was chosen in its past.

    Attributes:
        fold: It.
        chosen: What its past chose, and what that came to there.
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
        chosen: One of them, or one that is as good with fewer fields changed.
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
    plainest: Tried | None = None

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
        end_round: Told of the end of each round.

    Raises:
        ValueError: No point of the frontier has the number that is to be chosen.
    """
    courses = [_begin(each, rules, storage) for each in asked]
    interrupted = over = False
    try:
        _run_peers(courses, spread)
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
        search = Search(name, asked.dimensions, rules.goal, rules.seed, storage)
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
    )
    digest = hashlib.sha256(repr(decides).encode()).hexdigest()[:16]
    return f"{subject.scalable_target.id} {part.begin}-{part.end} {digest}"


def _lacks_rounds(course: _Course, rules: Rules) -> bool:
    return any(search.rounds < rules.rounds for _, search in course.searches)


def _run_round(courses: Sequence[_Course], rules: Rules, spread: Spread) -> None:
    """Let every search that is not done take one more round."""
    waiting = [
        (course, part, search, search.ask())
        for course in courses
        for part, search in course.searches
        if search.rounds < rules.rounds
    ]
    wanted = [(course, part, points) for course, part, _, points in waiting]
    _run_points(wanted, spread)
    for course, part, search, points in waiting:
        search.tell([course.known[point][part] for point in points])


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
    """Run what was chosen, and what holds now, over each future."""
    wanted: list[tuple[_Course, Part, Sequence[Point]]] = []
    for course in courses:
        budget = _find_budget(course, rules)
        now = tuple(each.now for each in course.asked.dimensions)
        for fold, (_, search) in zip(course.folds, course.searches[1:], strict=True):
            points = [_pick(search, budget).point, now]
            wanted.append((course, fold.future, points))
    _run_points(wanted, spread)
    for course in courses:
        _simplify(course, rules, spread)


def _simplify(course: _Course, rules: Rules, spread: Spread) -> None:
    """Leave every field as it is whose change is worth next to nothing, the least first."""
    best = _choose(course, rules)
    budget = _find_budget(course, rules)
    limit = course.searches[0][1].tried[0].score.late_ratio if budget is None else budget
    late, hours = max(limit, best.score.late_ratio), best.score.hours * (1 + SLACK_RATIO)
    now = [each.now for each in course.asked.dimensions]
    fit = [best]
    while fit:
        best = min(fit, key=lambda each: (each.score.hours, each.score.late))
        points = [
            (*best.point[:index], value, *best.point[index + 1 :])
            for index, value in enumerate(now)
            if best.point[index] != value
        ]
        _run_points([(course, course.whole, points)], spread)
        made = [Tried(point, course.known[point][course.whole]) for point in points]
        fit = [each for each in made if each.score.late_ratio <= late and each.score.hours <= hours]
    course.plainest = best


def _finish(course: _Course, rules: Rules) -> Tuned:
    search = course.searches[0][1]
    frontier = find_frontier(search.tried)
    budget = _find_budget(course, rules)
    chosen = course.plainest or _choose(course, rules)
    now = search.tried[0]
    walks = []
    for fold, (_, inner) in zip(course.folds, course.searches[1:], strict=True):
        best = _pick(inner, budget)
        futures: Mapping[Point, Score | None] = {
            point: course.known.get(point, {}).get(fold.future) for point in (best.point, now.point)
        }
        walks.append(Walk(fold, best, futures[best.point], futures[now.point]))
    return Tuned(
        course.asked,
        tuple(search.tried),
        tuple(frontier),
        chosen,
        now.score.late_ratio if budget is None else budget,
        tuple(walks),
        tuple((name, course.peers[name]) for name in course.asked.peers if name in course.peers),
        search.rounds,
    )


def _choose(course: _Course, rules: Rules) -> Tried:
    tried = course.searches[0][1].tried
    if rules.choose is not None:
        return find_frontier(tried)[rules.choose - 1]
    return _pick(course.searches[0][1], rules.goal.late_budget)


def _find_budget(course: _Course, rules: Rules) -> float | None:
    """Say within what is chosen; None: within what each search's own days show of the config."""
    if rules.choose is not None:
        frontier = find_frontier(course.searches[0][1].tried)
        if rules.choose > len(frontier):
            target = course.asked.subject.scalable_target.id
            raise ValueError(
                f"got {rules.choose}, but the frontier of {target} has {len(frontier)} points"
            )
        return frontier[rules.choose - 1].score.late_ratio
    return rules.goal.late_budget


def _pick(search: Search, budget: float | None) -> Tried:
    return pick(search.tried, search.tried[0].score.late_ratio if budget is None else budget)
