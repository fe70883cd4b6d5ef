"""Does `flyball size` make no policies for a latency that no number of instances keeps?"""

from __future__ import annotations

from pathlib import Path

from flyball.sizing.benchmark import Benchmark, Machine, Resource, Step
from flyball.sizing.load.record import write_benchmark
from tests.unit.cli.commands import flyball


def test_a_latency_that_one_instance_never_keeps_is_no_policy(folder: Path) -> None:
    """Its limits are shown, but nothing is written or tried; the latency that is named does it."""
    steps = tuple(
        Step(load, load, latency_ms={0.95: late}, used_ratio={Resource.CPU: load / 5_000})
        for load, late in ((1_000.0, 68.0), (2_000.0, 110.0), (3_000.0, 210.0), (4_000.0, 358.0))
    )
    write_benchmark(folder / "slow.json", Benchmark(steps, Machine("", 2), "http://here"))
    words = ("size", "slow.json", "--least", 20, "--most", 500)
    late = (*words, "--latency", "p95<=60ms")
    shown = flyball(*late)
    assert (shown.code, shown.err) == (0, "")
    assert "begin with less" in shown.out
    both = ("--evaluate", "--write", "f.yaml")
    for more in (both, both[:1], both[1:], (*both, "--json")):
        done = flyball(*late, *more)
        assert (done.code, done.out) == (1, "")
        assert "no number of instances keeps it; allow more" in done.err
        assert "68 ms" in done.err
        assert not (folder / "f.yaml").exists()
    assert flyball(*words, "--latency", "p95<=68ms", "--write", "f.yaml").code == 0
