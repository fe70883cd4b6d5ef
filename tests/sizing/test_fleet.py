"""Does a fleet that was sized by a load test keep its objective when it is run for real?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.sizing.fleet import Fleet, run_fleet, write_body
from tests.sizing.holds import (
    NEAR,
    OBJECTIVE,
    ROWS,
    TRIES,
    Bench,
    Held,
    ask,
    hold,
    load_one,
    say,
    size,
)
from tests.sizing.speed import pinned

NEEDED = ("flask", "gunicorn", "locust", "sklearn")
ABSENT = [each for each in NEEDED if find_spec(each) is None]
CORES = sorted(os.sched_getaffinity(0))
LEAST_CORES, MOST_CORES = 3, 4
pytestmark = [
    pytest.mark.alone,
    pytest.mark.slow,
    pytest.mark.skipif(bool(ABSENT), reason=f"not installed: {', '.join(ABSENT)} (make loadtest)"),
    pytest.mark.skipif(
        len(CORES) < LEAST_CORES,
        reason=f"{len(CORES)} cores: one for who calls, and one for each of 2 instances are needed",
    ),
]


@dataclass(frozen=True)
class Case:
    """A way to size, and how many instances of the most that it spares."""

    name: str
    options: tuple[str, ...]
    spare: int


CASES = [
    Case("latency", ("--latency", f"p95<={OBJECTIVE.latency_ms:g}ms"), spare=0),
    Case("balanced", ("--objective", "balanced"), spare=1),
]


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """Start an instance on each core but the first, which the proxy and the callers have."""
    with run_fleet(CORES[:MOST_CORES]) as started, pinned(CORES[:1]):
        yield started


@pytest.fixture(scope="module")
def bench(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """Load test one of them."""
    folder = tmp_path_factory.mktemp("fleet")
    write_body(folder / "body.json", ROWS)
    return load_one(fleet, folder, folder / "body.json", "--hold", "4s", "--settle", "1s")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_sized_fleet_keeps_its_objective(
    case: Case, fleet: Fleet, bench: Bench, tmp_path: Path
) -> None:
    """At the least, at the most, and where each number of instances is nearly too few.

    With fewer than what was sized and what that spares, the objective is not kept at the most.
    """
    there = len(fleet.instances)
    each = size(bench, tmp_path, 1, 2, *case.options).each
    loads = [each / 2, *(NEAR * count * each for count in range(1, there + 1))]
    sized = size(bench, tmp_path, loads[0], loads[-1], *case.options)
    assert (sized.target["min_capacity"], sized.target["max_capacity"]) == (1, there)
    counts = [ask(sized, tmp_path, load) for load in loads]
    assert counts == [1, *range(1, there + 1)]
    carried = bench.each * bench.speed
    say(f"{case.name}: one instance carries {carried:.1f}/s, and is held at {each:.1f}/s")
    for load, count in zip(loads, counts, strict=True):
        check_kept(fleet, bench, load, count)
    if case.spare and there > case.spare:
        check_kept(fleet, bench, loads[-1], there - case.spare)
    check_broken(fleet, bench, loads[-1], there - case.spare - 1)


def check_kept(fleet: Fleet, bench: Bench, load: float, count: int) -> None:
    """Expect that a load is carried; once more where the machine could not have."""
    held = [try_hold(fleet, bench, load, count)]
    while not held[-1].is_kept and held[-1].is_excused and len(held) < TRIES:
        say("  its cores could not have carried it in some second: once more")
        held.append(try_hold(fleet, bench, load, count))
    if not held[-1].is_kept and held[-1].is_excused:
        pytest.skip(f"the machine is too busy to say: {'; '.join(map(str, held))}")
    assert held[-1].is_kept, str(held[-1])


def check_broken(fleet: Fleet, bench: Bench, load: float, count: int) -> None:
    """Expect that a load is too much; once more where the cores got so fast that it was not."""
    held = [try_hold(fleet, bench, load, count)]
    while held[-1].is_kept and held[-1].is_excused and len(held) < TRIES:
        say("  its cores got faster, and could carry it: once more")
        held.append(try_hold(fleet, bench, load, count))
    if held[-1].is_kept and held[-1].is_excused:
        pytest.skip(f"the machine is too busy to say: {'; '.join(map(str, held))}")
    assert not held[-1].is_kept, str(held[-1])


def try_hold(fleet: Fleet, bench: Bench, load: float, count: int) -> Held:
    """Hold a load, and say what came of it."""
    held = hold(fleet, bench, load, count)
    say(f"  {held}")
    return held
