"""Is what Locust writes read, and are percentiles those of a step?"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from flyball.sim.quantile import find_quantile
from flyball.sizing.benchmark import Benchmark, BenchmarkError
from flyball.sizing.formats.recognize import recognize

FILES = Path(__file__).parent / "files"
PERCENTS = (50, 66, 75, 80, 90, 95, 98, 99, 99.9, 99.99, 100)
HEADER = (
    "Timestamp,User Count,Type,Name,Requests/s,Failures/s,"
    + ",".join(f"{each}%" for each in PERCENTS)
    + ",Total Request Count,Total Failure Count,Total Median Response Time,"
    "Total Average Response Time,Total Min Response Time,Total Max Response Time,"
    "Total Average Content Size"
)
UNKNOWN = ["N/A"] * len(PERCENTS)


def tell(at: int, users: int, count: int, failed: int, latencies: list[str], least: str) -> str:
    """Write a row as Locust does."""
    cells = [str(at), str(users), "", "Aggregated", "0", "0", *latencies]
    return ",".join([*cells, str(count), str(failed), "0", "0", least, "0", "0"])


def write(path: Path, rows: list[str]) -> Path:
    """Write a history."""
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    return path


@pytest.fixture
def history(tmp_path: Path) -> Callable[[list[str]], Benchmark]:
    """Read a history of these rows."""
    return lambda rows: recognize(write(tmp_path / "stats_history.csv", rows))


def test_percentiles_since_the_begin_are_taken_apart(
    history: Callable[[list[str]], Benchmark],
) -> None:
    """Within 6 % of what the step's own requests took, after a quarter of that before it."""
    chance = random.Random(7)
    told, rows = list[float](), [tell(0, 0, 0, 0, UNKNOWN, "0")]
    second_half = list[float]()
    for second in range(1, 121):
        slow = second > 60
        took = [chance.lognormvariate(0, 0.3) * (200 if slow else 50) for _ in range(50)]
        told += took
        second_half += took if second > 71 else []
        percentiles = [str(int(find_quantile(told, each / 100))) for each in PERCENTS]
        rows.append(tell(second, 8 if slow else 2, len(told), 0, percentiles, str(min(told))))
    benchmark = history(rows)
    step = benchmark.steps[-1]
    assert (step.users, step.offered) == (8, 3_000)
    for quantile in (0.5, 0.66, 0.75, 0.8, 0.9, 0.95, 0.98, 0.99):
        expected = find_quantile(second_half, quantile)
        assert step.latency_ms[quantile] == pytest.approx(expected, rel=0.06)
    assert "reckoned" in benchmark.notes[0]


def test_the_real_runs_agree_however_their_percentiles_were_told() -> None:
    """Those reckoned and those measured, of two runs of the same stairs."""
    reckoned = recognize(FILES / "locust_stats_history.csv").steps
    measured = recognize(FILES / "locust_full_stats_history.csv").steps
    for one, other in zip(reckoned, measured, strict=True):
        for quantile in (0.5, 0.75, 0.9):
            assert one.latency_ms[quantile] == pytest.approx(other.latency_ms[quantile], rel=0.15)


def test_totals_that_begin_again_are_counted_from_there(
    history: Callable[[list[str]], Benchmark],
) -> None:
    """As with --reset-stats, once all users are there."""
    latencies = ["100"] * len(PERCENTS)
    rows = [tell(at, 5, 10 * at + 1, at // 10, latencies, "100") for at in range(30)]
    rows += [tell(30 + at, 5, 10 * at, at // 10, latencies, "100") for at in range(30)]
    (step,) = history(rows).steps
    assert step.offered == pytest.approx(600, rel=0.03)
    assert step.latency_ms[0.95] == 100
    assert step.failed_ratio == pytest.approx(0.01, abs=0.005)


def test_of_two_rows_within_a_second_the_later_counts(
    history: Callable[[list[str]], Benchmark],
) -> None:
    """Its clock has whole seconds."""
    latencies = ["100"] * len(PERCENTS)
    rows = [tell(at, 5, 10 * at, 0, latencies, "100") for at in range(60)]
    rows.insert(30, tell(29, 5, 295, 0, latencies, "100"))
    (step,) = history(rows).steps
    assert step.offered == 600


def test_a_ramp_is_steps_of_nobody_in_particular(
    history: Callable[[list[str]], Benchmark],
) -> None:
    """Its pieces are 10 s each, and those without a request are none."""
    latencies = ["100"] * len(PERCENTS)
    rows = [tell(at, at, 0, 0, UNKNOWN, "0") for at in range(11)]
    rows += [tell(at, at, (at - 10) ** 2, 0, latencies, "100") for at in range(11, 41)]
    benchmark = history(rows)
    steps = benchmark.steps
    assert "pieces of its ramp" in benchmark.notes[-1]
    assert [step.users for step in steps] == [None] * 3
    assert [step.duration for step in steps] == [timedelta(seconds=10)] * 3


def test_without_a_known_latency_there_is_none(
    history: Callable[[list[str]], Benchmark],
) -> None:
    """N/A and nothing are not known; nor is the least, where there is no column of it."""
    rows = [tell(at, 5, 10 * at, 0, UNKNOWN, "") for at in range(60)]
    assert history(rows).steps[0].latency_ms == {}
    rows = [tell(at, 5, 10 * at, 0, ["7"] * len(PERCENTS), "") for at in range(60)]
    assert history(rows).steps[0].latency_ms[0.95] == 7


def test_a_moment_without_requests_between_keeps_what_was_known(
    history: Callable[[list[str]], Benchmark],
) -> None:
    """A level in which nothing was sent is none."""
    latencies = ["7"] * len(PERCENTS)
    rows = [tell(at, 5, 10 * at, 0, latencies, "7") for at in range(40)]
    rows += [tell(at, 6, 390, 0, latencies, "7") for at in range(40, 80)]
    benchmark = history(rows)
    assert [step.users for step in benchmark.steps] == [5]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("User Count", "Users"), r"h\.csv:1: no column 'User Count'; give a \*_stats_history"),
        (("1,5,,Agg", "soon,5,,Agg"), r"h\.csv:2: column 'Timestamp': got 'soon'; expected Unix"),
        ((",9,9,9,9,9", ",9,x,9,9,9"), r"h\.csv:2: column '66%': got 'x'; expected milliseconds"),
        (("Aggregated", "other"), r"h\.csv: no request between two rows"),
    ],
)
def test_a_history_that_is_none_names_line_and_column(
    tmp_path: Path, change: tuple[str, str], told: str
) -> None:
    """And what to do."""
    path = write(tmp_path / "h.csv", [tell(1, 5, 10, 0, ["9"] * len(PERCENTS), "9")])
    path.write_text(path.read_text().replace(*change))
    with pytest.raises(BenchmarkError, match=told):
        recognize(path)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("GET,/,1,0,1,1\n", r"s\.csv: no row 'Aggregated'; did Locust end"),
        (",Aggregated,0,0,0.0,0.0\n", r"s\.csv:2: no request; is the endpoint there"),
        ("GET,Aggregated,9,0,9.0,0.0\n", r"s\.csv: no row 'Aggregated'"),
    ],
)
def test_statistics_without_a_total_are_refused(tmp_path: Path, rows: str, told: str) -> None:
    """A path may be called like it."""
    path = tmp_path / "s.csv"
    path.write_text("Type,Name,Request Count,Failure Count,Requests/s,Failures/s\n" + rows)
    with pytest.raises(BenchmarkError, match=told):
        recognize(path)


def test_statistics_without_a_failure_say_nothing_of_failures(tmp_path: Path) -> None:
    """A quantile may be asked for that is not usual."""
    path = tmp_path / "s.csv"
    header = "Type,Name,Request Count,Failure Count,Requests/s,Failures/s,99.5%,x%\n"
    path.write_text(header + ",Aggregated,90,0,9.0,0.0,120,3\n")
    benchmark = recognize(path)
    assert len(benchmark.notes) == 1
    assert benchmark.steps[0].latency_ms == {0.995: 120}
    assert benchmark.steps[0].duration == timedelta(seconds=10)
