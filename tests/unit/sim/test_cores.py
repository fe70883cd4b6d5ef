"""Does work give the same answers wherever it is done?"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

from flyball.sim.cores import ALL, DASK, LOKY, RAY, Cores, CoresError, open_cores, run_all

PIECES = (5, 3, 8, 1, 4, 9, 2)


def square(piece: int) -> int:
    """Be a piece of work."""
    return piece * piece


def find_process(_: int) -> int:
    """Say in which process it is done."""
    return os.getpid()


def break_at_eight(piece: int) -> int:
    """Be work that cannot be done."""
    if piece == 8:
        raise ValueError("eight")
    return piece


@pytest.mark.parametrize("jobs", [1, 2, ALL])
def test_answers_come_in_the_order_of_the_pieces(jobs: int) -> None:
    """Whoever has finished first."""
    cores = Cores(jobs)
    open_cores(cores)
    assert list(run_all(cores, square, PIECES)) == [each**2 for each in PIECES]


def test_one_job_needs_no_other_process() -> None:
    """Nor a library; two have processes of their own."""
    assert set(run_all(Cores(1), find_process, PIECES)) == {os.getpid()}
    assert os.getpid() not in set(run_all(Cores(2), find_process, PIECES))


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_the_work_raises_is_raised(jobs: int) -> None:
    """As it was."""
    with pytest.raises(ValueError, match=r"^eight$"):
        list(run_all(Cores(jobs), break_at_eight, PIECES))


@pytest.mark.parametrize("jobs", [1, 2])
def test_pieces_are_taken_as_there_is_room(jobs: int) -> None:
    """A thousand of them are never in memory together."""
    taken: list[int] = []

    def give() -> Iterator[int]:
        for each in range(1_000):
            taken.append(each)
            yield each

    answers = run_all(Cores(jobs), square, give())
    assert next(answers) == 0
    assert len(taken) <= 4 * jobs
    answers.close()  # type: ignore[attr-defined]  # a generator's


@pytest.mark.parametrize(
    ("backend", "module", "remedy"),
    [
        (LOKY, "joblib", "pip install 'flyball[tune]'"),
        (DASK, "distributed", "pip install 'flyball[tune]' distributed"),
        (RAY, "ray.util.joblib", "pip install 'flyball[tune]' 'ray[default]'"),
    ],
)
def test_a_library_that_is_not_there_is_named(
    backend: str, module: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what installs it."""
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(CoresError) as found:
        open_cores(Cores(2, backend))
    assert str(found.value) == f"{module.partition('.')[0]} is not installed: {remedy}"
