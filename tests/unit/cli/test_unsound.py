"""Does `flyball size` say of a load test in which the server broke that it is no measure?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from flyball.sizing.benchmark import Benchmark, Machine, Resource, Step
from flyball.sizing.load.record import write_benchmark
from tests.unit.cli.commands import flyball

WELL = Benchmark(
    tuple(
        Step(load, load, latency_ms={0.95: 20.0}, used_ratio={Resource.CPU: load / 5_000})
        for load in (1_000.0, 2_000.0, 4_000.0)
    ),
    Machine("", 2),
    "http://here",
    notes=("It ended somehow.",),
)
FAILS = replace(WELL, steps=(replace(WELL.steps[0], offered=4_878.0),))


@pytest.mark.parametrize(
    ("benchmark", "message"),
    [
        (replace(WELL, broke=True), "the server answered nothing any more"),
        (FAILS, "79.5% of the calls failed under the least load already"),
    ],
    ids=["it hangs at last", "most fail"],
)
def test_a_broken_server_makes_no_policies(
    benchmark: Benchmark, message: str, folder: Path
) -> None:
    """What was measured is shown, with that said first; nothing is tried or written."""
    write_benchmark(folder / "load.json", benchmark)
    words = ("size", "load.json", "--least", 10, "--most", 50)
    shown = flyball(*words)
    assert (shown.code, shown.err) == (0, "")
    assert f"THIS IS NO MEASURE OF AN INSTANCE: {message}" in shown.out
    assert "note: It ended somehow." in shown.out
    (found,) = flyball(*words, "--json").json["instances"]
    assert found["unsound"].startswith(message)
    for more in (("--evaluate",), ("--write", "f.yaml"), ("--evaluate", "--json")):
        done = flyball(*words, *more)
        assert (done.code, done.out) == (1, "")
        assert message in done.err
        assert "mend the server, or begin with less load, and measure again" in done.err
        assert not (folder / "f.yaml").exists()


def test_a_sound_load_test_is_not_doubted(folder: Path) -> None:
    """Nor does it say why it would be."""
    write_benchmark(folder / "load.json", WELL)
    done = flyball("size", "load.json", "--least", 10, "--most", 50, "--write", "f.yaml")
    assert done.code == 0
    assert "NO MEASURE" not in done.out
