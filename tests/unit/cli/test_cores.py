"""Is work done on many cores as on one, told as it goes, and ended at once?"""

from __future__ import annotations

import os
import signal
import time
from contextlib import closing
from pathlib import Path

import pytest

from flyball.cli.cores import (
    STEPS,
    Cores,
    CoresError,
    Tell,
    _Counts,
    choose_cores,
    spread,
    write_steps,
)
from flyball.cli.failure import CommandError


def square(number: int, tell: Tell) -> int:
    """Do a part, and say so halfway."""
    tell(0.5)
    return number * number


def die(number: int, tell: Tell) -> int:
    """Be ended from outside, as for want of memory."""
    tell(number)
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def last(number: int, tell: Tell) -> int:
    """Say at once who does it, or last for long."""
    if number:
        tell(0.1)
        time.sleep(60)
    return os.getpid()


def fail(number: int, tell: Tell) -> int:
    """Fail."""
    tell(0.0)
    raise ValueError(f"part {number}")


def ignore(_: int) -> None:
    """Count nothing."""


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_part_is_done_once_and_counted_whole(jobs: int) -> None:
    """Whoever does it, and in whatever order."""
    told: list[int] = []
    found = list(spread(square, iter(range(9)), Cores(jobs), told.append))
    assert sorted(found) == [number * number for number in range(9)]
    assert sum(told) == 9 * STEPS
    assert min(told) >= 0


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_a_part_raises_ends_the_work(jobs: int) -> None:
    """As it was raised."""
    with pytest.raises(ValueError, match="part"):
        list(spread(fail, [1, 2, 3], Cores(jobs), ignore))


@pytest.mark.parametrize("path", ["/dev/full", "/no/such/file", "/"])
def test_no_work_fails_for_want_of_a_count(path: str) -> None:
    """On a full disk, or where it is gone."""
    write_steps(Path(path), 3, 0.5)


def test_a_count_that_was_cut_short_is_read_as_far_as_it_goes() -> None:
    """As a full disk leaves it."""
    told: list[int] = []

    counts = _Counts(told.append)
    with counts:
        write_steps(counts.path, 1, 0.5)
        counts.path.write_bytes(counts.path.read_bytes() + b"\1\2")
        counts.end(0)
        counts.path.unlink()
        counts.end(1)
    assert sum(told) == STEPS + STEPS // 2


def test_a_caller_that_stops_early_waits_for_nobody() -> None:
    """Whoever works is ended, and the next call has others."""
    began = time.monotonic()
    with closing(spread(last, [0, 1, 1, 1], Cores(2), ignore)) as found:
        worker = next(found)
    assert time.monotonic() - began < 30
    assert worker != os.getpid()
    assert list(spread(square, [3], Cores(2), ignore)) == [9]


def test_a_worker_that_is_gone_is_told_with_the_remedy() -> None:
    """As the system ends one that wants too much memory."""
    with pytest.raises(CoresError, match="give fewer --jobs"):
        list(spread(die, [1, 2], Cores(2), ignore))


@pytest.mark.parametrize(("name", "library"), [("dask", "distributed"), ("ray", "ray")])
def test_a_cluster_needs_its_library(name: str, library: str) -> None:
    """The message has the command that installs it."""
    with pytest.raises(CoresError, match=rf"--backend {name}: .*pip install .*{library}"):
        list(spread(square, [1], Cores(2, name), ignore))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((None, "loky", 1), Cores(1)),
        ((8, "loky", 1), Cores(1)),
        ((None, "loky", 2), Cores(None)),
        ((3, "loky", 2), Cores(3)),
        ((None, "dask", 1), Cores(None, "dask")),
        ((3, "ray:auto", 9), Cores(3, "ray", "auto")),
        ((None, "dask:tcp://a:8786", 9), Cores(None, "dask", "tcp://a:8786")),
    ],
)
def test_one_part_alone_runs_here_unless_a_cluster_is_named(
    given: tuple[int | None, str, int], expected: Cores
) -> None:
    """An address may have colons of its own."""
    assert choose_cores(*given) == expected
    assert expected.is_here is (expected.backend == "loky")


@pytest.mark.parametrize("backend", ["spark", "loky:here", ""])
def test_a_backend_that_is_none_is_refused(backend: str) -> None:
    """By the option's name."""
    with pytest.raises(CommandError, match="--backend"):
        choose_cores(None, backend, 5)
