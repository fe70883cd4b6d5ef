"""Is what wrk and wrk2 print read?"""

from __future__ import annotations

from pathlib import Path

import pytest

from flyball.sizing.benchmark import BenchmarkError
from flyball.sizing.formats.wrk import read_runs

FILES = Path(__file__).parent / "files"
PATH = Path("out.txt")
WRK = (FILES / "wrk_latency_8.txt").read_text()
WRK2 = (FILES / "wrk2_latency_40.txt").read_text()


def test_runs_one_after_the_other_are_steps() -> None:
    """As a loop over connections appends them, whatever stands between."""
    steps, _ = read_runs(PATH, "building...\n" + "\n\n".join([WRK] * 3))
    assert [step.users for step in steps] == [8, 8, 8]


def test_percentiles_are_those_that_were_printed() -> None:
    """In milliseconds, whatever the unit."""
    text = WRK.replace("119.90ms", "980.00us").replace("254.02ms", "1.25s")
    (step,), _ = read_runs(PATH, text.replace("289.93ms", "1.50m"))
    assert step.latency_ms == pytest.approx(
        {0.5: 0.98, 0.75: 143.81, 0.9: 185.46, 0.99: 1_250, 1.0: 90_000}
    )


def test_of_wrk2_the_latency_from_when_a_request_was_due_counts() -> None:
    """The other, which leaves waiting out, is printed behind it where it was asked for."""
    uncorrected = (
        "  Latency Distribution (HdrHistogram - Uncorrected Latency (measured without taking "
        "delayed starts into account))\n 50.000%    1.00ms\n"
    )
    text = WRK2.replace("  601 requests", f"{uncorrected}----------\n  601 requests")
    (step,), _ = read_runs(PATH, text)
    assert step.latency_ms[0.5] == 36.70
    assert step.latency_ms[0.95] == 57.279


def test_what_was_not_answered_was_sent() -> None:
    """Errors of sockets are besides the requests, late answers among them."""
    text = WRK.replace(
        "  Non-2xx", "  Socket errors: connect 10, read 20, write 3, timeout 14\n  Non-2xx"
    )
    (step,), _ = read_runs(PATH, text)
    assert step.offered / 60 == pytest.approx(63.38 * (317 + 33) / 317)
    assert step.answered / 60 == pytest.approx(63.38 * (317 - 3 - 14) / 317)


def test_a_run_without_an_error_has_no_line_of_them() -> None:
    """Then nothing failed."""
    (step,), notes = read_runs(PATH, WRK.replace("  Non-2xx or 3xx responses: 3\n", ""))
    assert step.failed_ratio == 0
    assert notes == ()


@pytest.mark.parametrize(
    ("lacking", "told"),
    [
        (
            "  317 requests in 5.00s, 35.03KB read\n",
            r"out\.txt:3: .*'requests in …'; give the whole",
        ),
        ("Requests/sec:     63.38\n", "'Requests/sec'"),
        ("  1 threads and 8 connections\n", "'connections'"),
    ],
)
def test_half_of_what_was_printed_is_refused(lacking: str, told: str) -> None:
    """The line where the run begins is named."""
    with pytest.raises(BenchmarkError, match=told):
        read_runs(PATH, "\n\n" + WRK.replace(lacking, ""))


def test_a_run_without_a_latency_has_none() -> None:
    """As one whose report a script replaced."""
    text = "\n".join(line for line in WRK.splitlines() if "ms" not in line)
    (step,), notes = read_runs(PATH, text + "\n")
    assert step.latency_ms == {}
    assert any("--latency" in note for note in notes)


def test_a_run_without_an_answer_is_refused() -> None:
    """Nobody was there."""
    with pytest.raises(BenchmarkError, match=r"out\.txt:1: 0 requests; is the endpoint there"):
        read_runs(PATH, WRK.replace("317 requests", "0 requests"))
