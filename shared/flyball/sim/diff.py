"""What would another config have done with the same traffic?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from flyball.config.amended import Amended, Pair, list_amended
from flyball.sim.backtest import Backtest, Subject, backtest
from flyball.sim.peers import make
from flyball.sim.stretch import Stretch, find_stretches, make_scale, rank

TOLD = 10


class Asked(NamedTuple):
    """A scalable target to compare.

    Attributes:
        pair: As it was and as it is.
        old: What is backtested of the old one; None: it was not there, or has no trace.
        new: As old.
    """

    pair: Pair
    old: Subject | None
    new: Subject | None


class Task(NamedTuple):
    """A backtest to run.

    Attributes:
        subject: What is backtested.
        against: Who runs beside it, as it is typed; nobody where it is blank.
    """

    subject: Subject
    against: str = ""


class Compared(NamedTuple):
    """A scalable target, and what both configs did.

    Attributes:
        pair: As it was and as it is.
        amended: The fields that are not as they were.
        old: What the old config did; None: it was not run.
        new: As old.
        stretches: Where the two differed, in the order of time.
    """

    pair: Pair
    amended: tuple[Amended, ...]
    old: Backtest | None
    new: Backtest | None
    stretches: tuple[Stretch, ...] = ()


class Diff(NamedTuple):
    """What became of all scalable targets.

    Attributes:
        targets: Each of them, in the order asked for.
        stretches: Of all of them, those first that mattered most.
        told: How many of these are told.
    """

    targets: tuple[Compared, ...]
    stretches: tuple[Stretch, ...]
    told: int = TOLD

    @property
    def both(self) -> list[tuple[Backtest, Backtest]]:
        """The backtests of those that both configs have."""
        return [(each.old, each.new) for each in self.targets if each.old and each.new]

    @property
    def is_amended(self) -> bool:
        """Whether the configs say anything else than each other."""
        return any(each.amended or None in each.pair for each in self.targets)


def run_task(task: Task, tell: Callable[[float], None]) -> Backtest:
    """Run a backtest.

    Args:
        task: What to run.
        tell: Told how much of it is done, as a ratio.

    Raises:
        MeaningError: It is not known what a metric measures.
        BrokenError: The controller failed.
        ImportError: A peer's library is not installed.
    """
    windows = task.subject.scalable_target.windows
    peers = make(task.against, windows) if task.against else ()
    total, done = len(task.subject.course.demand) * (1 + len(peers)), 0

    def advance(slots: int) -> None:
        nonlocal done
        done += slots
        tell(done / total)

    return backtest(task.subject, peers, advance=advance)


def run_tasks(tasks: Sequence[Task]) -> list[Backtest]:
    """Run backtests one after the other."""
    return [run_task(each, lambda _: None) for each in tasks]


def diff(
    asked: Sequence[Asked],
    against: str = "",
    *,
    carry_out: Callable[[Sequence[Task]], Sequence[Backtest]] = run_tasks,
) -> Diff:
    """Run both configs over the same traffic, and hold them against each other.

    A scalable target that is as it was runs once.

    Args:
        asked: What to compare.
        against: Who else runs, as it is typed.
        carry_out: Runs backtests, in whichever order, and gives them in that of the tasks.

    Raises:
        MeaningError: As run_task.
        BrokenError: As run_task.
        ImportError: As run_task.
    """
    tasks = list_tasks(asked, against)
    backtests = iter(carry_out([each for each in tasks if each]))
    found = [None if each is None else next(backtests) for each in tasks]
    runs = []
    for index, each in enumerate(asked):
        old, new = found[2 * index], found[2 * index + 1]
        runs.append((new if is_same(each) else old, new))
    scale = make_scale([(old, new) for old, new in runs if old and new])
    targets = [
        Compared(
            each.pair,
            _amend(each.pair),
            old,
            new,
            tuple(find_stretches(old, new, scale)) if old and new else (),
        )
        for each, (old, new) in zip(asked, runs, strict=True)
    ]
    return Diff(tuple(targets), tuple(rank([s for each in targets for s in each.stretches])))


def list_tasks(asked: Sequence[Asked], against: str) -> list[Task | None]:
    """List what runs: the old and the new of each, or None; peers run beside the new."""
    tasks: list[Task | None] = []
    for each in asked:
        runs_old = each.old is not None and not is_same(each)
        tasks.append(Task(each.old) if runs_old and each.old else None)
        tasks.append(None if each.new is None else Task(each.new, against))
    return tasks


def is_same(asked: Asked) -> bool:
    """Say whether one run stands for both."""
    return asked.new is not None and asked.old is not None and asked.pair.old == asked.pair.new


def _amend(pair: Pair) -> tuple[Amended, ...]:
    if pair.old is None or pair.new is None:
        return ()
    return tuple(list_amended(pair.old, pair.new))
