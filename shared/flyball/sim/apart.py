"""How do backtests that know nothing of each other run in several processes, told as one?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from multiprocessing import get_context
from multiprocessing.sharedctypes import Synchronized
from typing import NamedTuple

from flyball.sim.backtest import Backtest, Subject, backtest, ignore
from flyball.sim.peers import Baseline, make

SOON = 0.2
"""Seconds between two looks at how far they are."""


class Task(NamedTuple):
    """A backtest to run.

    Attributes:
        subject: What is backtested.
        against: Who runs beside it, as it is typed; nobody where it is blank.
    """

    subject: Subject
    against: str = ""


_done: list[Synchronized[int]] = []
"""In a process that was started here: the count that all of them share."""


def run_apart(
    tasks: Sequence[Task], jobs: int = 1, *, advance: Callable[[int], None] = ignore
) -> list[Backtest]:
    """Run backtests, the result of each as if it ran alone.

    Args:
        tasks: What to run.
        jobs: How many processes at a time; with 1 it is this one.
        advance: Told how many slots more are done.

    Raises:
        MeaningError: As backtest.
        BrokenError: As backtest.
        ImportError: As backtest.
    """
    if min(jobs, len(tasks)) <= 1:
        return [_run(each, advance) for each in tasks]
    context = get_context("spawn")  # a fork would copy the threads that draw the progress
    count: Synchronized[int] = context.Value("q", 0)
    with ProcessPoolExecutor(min(jobs, len(tasks)), context, _share, (count,)) as pool:
        futures = [pool.submit(_run_there, each) for each in tasks]
        try:
            _watch(futures, count, advance)
            return [each.result() for each in futures]
        finally:
            pool.shutdown(cancel_futures=True)


def count_slots(task: Task) -> int:
    """Count the slots that it runs, of each that runs."""
    return len(task.subject.course.demand) * (1 + len(_make_peers(task)))


def _watch(
    futures: Sequence[Future[Backtest]], count: Synchronized[int], advance: Callable[[int], None]
) -> None:
    told, waiting = 0, set(futures)
    while waiting:
        done, waiting = wait(waiting, SOON)
        reached = count.value
        advance(reached - told)
        told = reached
        if any(each.exception() for each in done):
            return


def _run(task: Task, advance: Callable[[int], None]) -> Backtest:
    return backtest(task.subject, _make_peers(task), advance=advance)


def _make_peers(task: Task) -> tuple[Baseline, ...]:
    return make(task.against, task.subject.scalable_target.windows) if task.against else ()


def _share(count: Synchronized[int]) -> None:
    _done.append(count)


def _run_there(task: Task) -> Backtest:
    return _run(task, _add)


def _add(slots: int) -> None:
    count = _done[0]
    with count.get_lock():
        count.value += slots
