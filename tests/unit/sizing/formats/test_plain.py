"""Is a table read as it was meant, and refused where that is not known?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from flyball.sizing.benchmark import Benchmark, BenchmarkError, Machine, Resource, Step
from flyball.sizing.formats.plain import Columns, Scale, guess_columns, name_columns
from flyball.sizing.formats.recognize import recognize

MINUTE = timedelta(minutes=1)
TWO = Machine("ml.c5.large", cores=2)


def read(
    tmp_path: Path, text: str, columns: Columns | None = None, machine: Machine = TWO
) -> Benchmark:
    """Read a table."""
    path = tmp_path / "t.csv"
    path.write_text(text)
    return recognize(path, columns=columns, machine=machine)


def test_usual_names_need_no_flags(tmp_path: Path) -> None:
    """A row is a step."""
    text = (
        "users,rate,failed,p50,p95_s,p99.9_us,median_ms,cpu_percent,memory_ratio,comment\n"
        "2,50,1,10,0.02,30000,11,80,0.25,first\n"
        ",70,2,,,,,,,second\n"
    )
    one, other = read(tmp_path, text).steps
    assert one == Step(
        answered=49 * 60,
        offered=50 * 60,
        users=2,
        latency_ms={0.5: 10, 0.95: 20, 0.999: 30},
        used_ratio={Resource.CPU: 0.8, Resource.MEMORY: 0.25},
    )
    assert other == Step(answered=68 * 60, offered=70 * 60)


def test_a_table_may_count_the_instances(tmp_path: Path) -> None:
    """By a usual name or by another, and not in each row."""
    one, other = read(tmp_path, "rate,Instances\n10,3.5\n20,\n").steps
    assert (one.instances, other.instances) == (3.5, None)
    (named,) = read(tmp_path, "rate,served\n10,2\n", Columns(instances="served")).steps
    assert (named.offered, named.instances) == (600.0, 2.0)


@pytest.mark.parametrize(
    ("header", "row", "offered", "answered"),
    [
        ("rate", "10,0", 600, 600),
        ("RPS", "10,0", 600, 600),
        ("rpm", "10,0", 10, 10),
        ("requests/s", "10,0", 600, 600),
        ("Requests per minute", "10,0", 10, 10),
        ("invocations_per_min", "10,0", 10, 10),
        ("throughput_per_sec", "10,0", 600, 600),
        ("answered", "10,0", 600, 600),
        ("answered,failed", "10,2", 720, 600),
        ("answered_per_minute,failures_per_minute", "10,2", 12, 10),
        ("offered,answered", "10,9", 600, 540),
        ("offered,answered,failed", "10,8,1", 600, 480),
        ("rate,failed", "10,3", 600, 420),
    ],
)
def test_what_was_sent_and_answered_is_of_what_there_is(
    tmp_path: Path, header: str, row: str, offered: float, answered: float
) -> None:
    """A minute, however it was counted."""
    (step,) = read(tmp_path, f"{header},other\n{row},0\n").steps
    assert (step.offered, step.answered) == pytest.approx((offered, answered))


def test_a_rate_is_met_by_chance(tmp_path: Path) -> None:
    """A little more may be answered in a minute than the rate that was asked for."""
    (step,) = read(tmp_path, "rate_per_minute,answered_per_minute\n1000,1003\n").steps
    assert (step.answered, step.offered) == (1_003.0, 1_003.0)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("cpu_percent", 50, {Resource.CPU: 0.5}),
        ("CPU %", 50, {Resource.CPU: 0.5}),
        ("cpu_ratio", 0.5, {Resource.CPU: 0.5}),
        ("CPUUtilization", 150, {Resource.CPU: 0.75}),
        ("CPUUtilization", 206, {Resource.CPU: 1.0}),
        ("MemoryUtilization", 40, {Resource.MEMORY: 0.4}),
        ("DiskUtilization", 40, {Resource.DISK: 0.4}),
        ("GPUUtilization", 300, {Resource.GPU: 0.75}),
        ("GPUMemoryUtilization", 100, {Resource.GPU_MEMORY: 0.25}),
        ("gpu_memory_percent", 25, {Resource.GPU_MEMORY: 0.25}),
    ],
)
def test_use_is_of_all_there_is(
    tmp_path: Path, name: str, value: float, expected: dict[Resource, float]
) -> None:
    """CloudWatch's own names are 0–100 of each core and each accelerator."""
    machine = Machine("ml.g5.12xlarge", cores=2, gpus=4)
    (step,) = read(tmp_path, f"rate,{name}\n10,{value}\n", machine=machine).steps
    assert step.used_ratio == pytest.approx(expected)


def test_flags_say_what_names_do_not(tmp_path: Path) -> None:
    """Two hundred per cent on two cores are all of it."""
    columns = Columns(
        users="Nutzer",
        answered="gut",
        failed="schlecht",
        per=MINUTE,
        duration="Dauer",
        latency={0.95: "q95"},
        latency_unit="us",
        used={Resource.CPU: "Kerne", Resource.GPU: "Karte"},
        scale={Resource.CPU: Scale.PERCENT_OF_EACH, Resource.GPU: Scale.PERCENT},
    )
    text = "Nutzer;gut;schlecht;Dauer;q95;Kerne;Karte\n4;90;10;30;2500;200;40\n"
    (step,) = read(tmp_path, text, columns).steps
    assert step == Step(
        answered=90,
        offered=100,
        users=4,
        duration=timedelta(seconds=30),
        latency_ms={0.95: 2.5},
        used_ratio={Resource.CPU: 1.0, Resource.GPU: 0.4},
    )


def test_of_two_names_for_the_same_the_first_is_taken() -> None:
    """Names that mean nothing here are left alone."""
    columns = guess_columns(["RPS", "qps", "cpu", "CPUUtilization", "p95", "p95_ms", "host"])
    assert (columns.offered, columns.latency) == ("RPS", {0.95: "p95"})
    assert columns.used == {Resource.CPU: "cpu"}


@pytest.mark.parametrize(
    ("name", "per_s"),
    [
        ("requests_per_s", 1.0),
        ("Requests/s", 1.0),
        ("req/s", 1.0),
        ("rps", 1.0),
        ("requestsPerSecond", 1.0),
        ("requests_per_min", 60.0),
        ("calls/m", 60.0),
        ("rpm", 60.0),
    ],
)
def test_a_rate_is_known_by_any_usual_name(name: str, per_s: float) -> None:
    """By the second, or by the minute."""
    columns = guess_columns([name])
    assert (columns.offered, columns.per.total_seconds()) == (name, per_s)


def test_what_is_given_counts_and_the_rest_is_found() -> None:
    """Requests are given or found as a whole: half of each would be two tables."""
    found = guess_columns(["users", "rate_per_minute", "errors_per_minute", "p95", "cpu_percent"])
    assert name_columns(found, None) == found
    assert name_columns(found, Columns()) == found
    given = name_columns(found, Columns(answered="fine"))
    assert given == replace(found, offered="", answered="fine", failed="", per=timedelta(seconds=1))
    scale = {Resource.CPU: Scale.RATIO}
    assert name_columns(found, Columns(scale=scale)).scale == scale
    assert name_columns(guess_columns(["rate"]), Columns(per=MINUTE)).per == MINUTE


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a,b\n1,2\n", r"t\.csv:1: no column of requests among 'a', 'b'; name the column .* usual"),
        ("rate,cpu\n1,0.9\n", r"t\.csv:1: column 'cpu': say its scale: percent, percent_of_each"),
        ("rate,p95\nmany,3\n", r"t\.csv:2: column 'rate': got 'many'; expected a number"),
        ("rate,p95\n\n5,fast\n", r"t\.csv:3: column 'p95': got 'fast'; expected a latency"),
        ("rate,p95\n-5,3\n", r"t\.csv:2: column 'rate': got '-5'"),
        ("rate,p95\n\n", r"t\.csv \(a table\): it has no step"),
        ("rate,failed\n5,6\n", r"t\.csv:2: column 'rate', 'failed': .* are they the same unit"),
        ("rate,answered\n5,6\n", r"t\.csv:2: column 'rate': .* are they the same unit"),
        ("rate,instances\n5,0\n", r"t\.csv:2: column 'instances': got 0; expected how many serv"),
        ("rate,replicas\n5,few\n", r"t\.csv:2: column 'replicas': got 'few'; expected how many"),
        ("rate,seconds\n5,0\n", r"t\.csv:2: column 'seconds': got 0; expected seconds"),
        ("rate,cpu_percent\n5,150\n", r"got 150, and its scale is 0–100; say its scale: percent"),
        ("rate,cpu_ratio\n5,15\n", r"got 15, and its scale is 0–1; say its scale"),
        (
            "rate,CPUUtilization\n5,350\n",
            r"got 350, and its scale is 0–100 × 2 cores; say how many",
        ),
        ("rate,GPUUtilization\n5,350\n", r"its scale is 0–100 × 1 accelerators; say how many"),
        ('rate,p95\n"5\n,3\n', r"t\.csv:3: column 'rate': got '5"),
    ],
)
def test_a_table_that_is_not_understood_says_where(tmp_path: Path, text: str, told: str) -> None:
    """The line, the column and what to do."""
    with pytest.raises(BenchmarkError, match=told):
        read(tmp_path, text)


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With those that are."""
    with pytest.raises(BenchmarkError, match=r"t\.csv:1: no column 'tail'; the columns are 'rate'"):
        read(tmp_path, "rate,p95\n5,3\n", Columns(offered="rate", latency={0.95: "tail"}))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"latency_unit": "min"}, "latency unit: got 'min'; expected one of ns, us, ms, s"),
        ({"per": timedelta(0)}, "per: got 0:00:00; expected a second, or a minute"),
    ],
)
def test_flags_that_make_no_sense_are_refused(wrong: dict[str, Any], told: str) -> None:
    """Before any file is opened."""
    with pytest.raises(BenchmarkError, match=told):
        Columns(**wrong)
