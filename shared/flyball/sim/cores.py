"""How does work in pieces that know nothing of each other run on all cores, or on a cluster?

By joblib, which is an extra; Dask or Ray take over by another backend's name. The answers come in
the order of the pieces, whoever has finished first, so what is made of them is the same on any
number of cores. With one job there is no other process, and nothing is loaded.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeVar

Piece = TypeVar("Piece")
Answer = TypeVar("Answer")

LOKY, DASK, RAY = "loky", "dask", "ray"
BACKENDS = (LOKY, DASK, RAY)
ALL = -1


class CoresError(Exception):
    """Work cannot be spread as it was asked for; the message says why, with the remedy."""


class Cores(NamedTuple):
    """Where work runs.

    Attributes:
        jobs: How many pieces at a time, 1 or more; ALL: as many as there are cores.
        backend: One of BACKENDS: processes on this machine, or a cluster that is running.
    """

    jobs: int = ALL
    backend: str = LOKY

    @property
    def is_alone(self) -> bool:
        """Whether this process does it all."""
        return self.jobs == 1 and self.backend == LOKY


def open_cores(cores: Cores, extra: str = "tune") -> None:
    """Load what spreads the work, and reach the cluster, before there is anything to spread.

    Args:
        cores: Where work is to run.
        extra: Which of ours brings joblib along.

    Raises:
        CoresError: A library is not installed, or nothing answers.
    """
    if cores.is_alone:
        return
    remedy = f"pip install 'flyball[{extra}]'"
    _load("joblib", remedy)
    if cores.backend == DASK:
        distributed = _load("distributed", f"{remedy} distributed")
        try:
            distributed.Client()  # of DASK_SCHEDULER_ADDRESS; else of this machine's own workers
        except (OSError, ValueError) as error:
            remedy = "start a scheduler, and give its address in DASK_SCHEDULER_ADDRESS"
            raise CoresError(f"--backend dask: no scheduler answers: {error}; {remedy}") from None
    elif cores.backend == RAY:
        _load("ray.util.joblib", f"{remedy} 'ray[default]'").register_ray()


def run_all(
    cores: Cores, work: Callable[[Piece], Answer], pieces: Iterable[Piece]
) -> Iterator[Answer]:
    """Do the work of every piece.

    Pieces are taken as there is room for them, twice as many as run, so that memory is bounded by
    the number of jobs.

    Args:
        cores: As open_cores was given it.
        work: A function of a module, so that another process finds it.
        pieces: What can be sent there.

    Yields:
        Its answers, in the order of the pieces. What it raises is raised here.
    """
    if cores.is_alone:
        yield from map(work, pieces)
        return
    joblib = importlib.import_module("joblib")
    with joblib.parallel_config(backend=cores.backend, n_jobs=cores.jobs):
        spread = joblib.Parallel(return_as="generator", batch_size=1, pre_dispatch="2 * n_jobs")
    answers = spread(joblib.delayed(work)(piece) for piece in pieces)
    try:
        for answer in answers:  # noqa: UP028  (`yield from` would end it before `finally` does)
            yield answer
    finally:  # who stops early is not warned of work that was thrown away
        with warnings.catch_warnings(action="ignore", category=UserWarning):
            answers.close()


def _load(module: str, remedy: str) -> Any:  # noqa: ANN401  (libraries without types)
    try:
        return importlib.import_module(module)
    except ImportError:
        name = module.partition(".")[0]
        raise CoresError(f"{name} is not installed: {remedy}") from None
