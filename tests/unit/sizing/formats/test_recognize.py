"""Is each tool's file known by what stands in it, and read as the tool means it?"""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from flyball.sizing.benchmark import Benchmark, BenchmarkError, Machine, Resource
from flyball.sizing.formats.plain import Columns
from flyball.sizing.formats.recognize import recognize, recognize_each

FILES = Path(__file__).parent / "files"
LARGE = "ml.c5.large"


@dataclass(frozen=True)
class Case:
    """A real file, and what is in it.

    Attributes:
        id: Its name, so that a failure names it.
        taken_for: What it is.
        offered: Requests a minute of each step.
        answered: Of those.
        users: Of each step.
        p95_ms: Of the last step; None where the tool does not tell it.
        noted: A part of each note.
    """

    id: str
    taken_for: str
    offered: tuple[float, ...]
    answered: tuple[float, ...]
    users: tuple[float | None, ...]
    p95_ms: float | None
    noted: tuple[str, ...] = field(default=())


WHOLE = "the whole run"
ERRORS = "errors too"
CASES = [
    Case(
        "locust_full_stats_history.csv",
        "Locust's history",
        (930, 2760, 4585, 4684.6),
        (920, 2730, 4540, 4633.8),
        (2, 6, 12, 20),
        191.8,
        (ERRORS,),
    ),
    Case(
        "locust_stats_history.csv",
        "Locust's history",
        (930, 2785, 4735, 4735),
        (920, 2760, 4690, 4685),
        (2, 6, 12, 20),
        171.5,
        (ERRORS, "since the begin of the run"),
    ),
    Case(
        "locust_full_stats.csv",
        "Locust's statistics",
        (3220.7,),
        (3188.6,),
        (None,),
        180,
        (WHOLE, ERRORS),
    ),
    Case("k6.csv.gz", "k6's CSV", (198.5, 396.9, 895), (193.8, 392.3, 885), (2, 4, 9), 138.3),
    Case("k6_rate.csv.gz", "k6's CSV", (180, 540), (180, 535.4), (None, None), 128.3),
    Case("k6_summary.json", "k6's summary", (1166.5,), (1156.6,), (3,), 203.5, (WHOLE,)),
    Case(
        "k6_handle_summary.json",
        "k6's summary",
        (486.3,),
        (481.6,),
        (None,),
        131.2,
        (WHOLE, "users went from 1 to 9"),
    ),
    Case(
        "k6_machine_readable.json",
        "k6's summary",
        (1166.5,),
        (1156.6,),
        (3,),
        203.5,
        (WHOLE, ERRORS),
    ),
    Case("wrk_2.txt", "wrk's output", (4705.2,), (4657.3,), (2,), None, (ERRORS, "--latency")),
    Case("wrk_latency_8.txt", "wrk's output", (3802.8,), (3766.8,), (8,), None, (ERRORS,)),
    Case("wrk_latency_100.txt", "wrk's output", (53677.2,), (558,), (100,), None, (ERRORS,)),
    Case(
        "wrk2_20.txt",
        "wrk2's output",
        (1201.8,),
        (1181.8,),
        (None,),
        None,
        ("does not write the rate", ERRORS, "--latency"),
    ),
    Case(
        "wrk2_latency_40.txt",
        "wrk2's output",
        (2400.6,),
        (2376.6,),
        (None,),
        57.3,
        ("does not write the rate", ERRORS),
    ),
    Case("vegeta_4.json", "vegeta's report", (243.8,), (243.8,), (None,), 141),
    Case("vegeta_8.json", "vegeta's report", (483.9,), (476.3,), (None,), 154.9, (ERRORS,)),
    Case(
        "vegeta_40.json",
        "vegeta's report",
        (2406.4,),
        (743.7,),
        (None,),
        9009.3,
        (ERRORS, "a backlog grew"),
    ),
    Case(
        "vegeta.csv.gz",
        "vegeta's results",
        (240, 474, 2460),
        (240, 468, 550),
        (None, None, None),
        9411.6,
    ),
    Case("vegeta_results.json", "vegeta's results", (240,), (240,), (None,), 138.8),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_real_file_is_read_as_its_tool_means_it(case: Case) -> None:
    """Rates, failures, users and percentiles are those that the tool measured."""
    benchmark = recognize(FILES / case.id)
    assert benchmark.source == f"{FILES / case.id} ({case.taken_for})"
    steps = benchmark.steps
    assert [step.offered for step in steps] == pytest.approx(case.offered, rel=0.002)
    assert [step.answered for step in steps] == pytest.approx(case.answered, rel=0.002)
    assert tuple(step.users for step in steps) == case.users
    assert steps[-1].latency_ms.get(0.95, 0) == pytest.approx(case.p95_ms or 0, rel=0.01)
    assert len(benchmark.notes) == len(case.noted)
    for note, part in zip(benchmark.notes, case.noted, strict=True):
        assert part in note


def test_what_is_gzipped_reads_like_what_is_not(tmp_path: Path) -> None:
    """The name tells nothing either way."""
    plain = tmp_path / "results"
    plain.write_bytes(gzip.decompress((FILES / "vegeta.csv.gz").read_bytes()))
    assert recognize(plain).steps == recognize(FILES / "vegeta.csv.gz").steps


def test_files_of_one_test_are_its_steps() -> None:
    """Their kind is said once, and notes say whose they are, or of how many."""
    paths = [FILES / f"vegeta_{rate}.json" for rate in (40, 4, 8)]
    benchmark = recognize(*paths, machine=Machine(LARGE, 2))
    assert [round(step.offered) for step in benchmark.steps] == [244, 484, 2406]
    assert benchmark.machine.cores == 2
    assert benchmark.source == f"{paths[0]}, {paths[1]}, {paths[2]} (vegeta's report)"
    assert benchmark.notes[0] == "latencies are of all answers, errors too (in 2 of the files)"
    assert benchmark.notes[1].startswith(f"{paths[0]}: vegeta waited")
    other = recognize(paths[1], FILES / "wrk_2.txt", FILES / "vegeta_results.json").source
    assert re.findall(r"\(.*?\)", other) == [
        "(vegeta's report)",
        "(wrk's output)",
        "(vegeta's results)",
    ]


def test_reports_in_one_file_are_steps(tmp_path: Path) -> None:
    """As a loop over rates appends them."""
    path = tmp_path / "all.json"
    path.write_text("".join((FILES / f"vegeta_{rate}.json").read_text() for rate in (4, 8)))
    assert len(recognize(path).steps) == 2


def test_a_table_is_what_else_has_columns(tmp_path: Path) -> None:
    """Named by their usual names, or by flags."""
    path = tmp_path / "mine.csv"
    path.write_text("\n\nload;fine;p95_ms\n10;9;120\n\n20;15;300\n")
    with pytest.raises(BenchmarkError, match=r"mine\.csv:1: no column of requests among 'load'"):
        recognize(path)
    benchmark = recognize(path, columns=Columns(offered="load", answered="fine"))
    assert benchmark.source.endswith("(a table)")
    assert [step.answered for step in benchmark.steps] == [540, 900]
    assert benchmark.steps[1].latency_ms == {0.95: 300}


def test_a_job_is_read_of_the_machine_that_is_meant() -> None:
    """CPU is 0–100 for each core, so its cores have to be known."""
    benchmark = recognize(FILES / "job.json", machine=Machine(LARGE, cores=2))
    (step,) = benchmark.steps
    assert (step.offered, step.answered) == (10_080, 10_080)
    assert step.latency_ms == {0.99: 164}
    assert step.used_ratio == pytest.approx({Resource.CPU: 0.935, Resource.MEMORY: 0.225})
    assert benchmark.machine == Machine(LARGE, 2, price_per_hour=0.119)


def test_a_job_for_several_machines_wants_to_know_which() -> None:
    """It lists them."""
    with pytest.raises(
        BenchmarkError, match=r"tells of ml\.c5\.large, ml\.g4dn\.xlarge; say which"
    ):
        recognize(FILES / "job.json")
    with pytest.raises(BenchmarkError, match="say which instance type is meant"):
        recognize(FILES / "job.json", machine=Machine("ml.m5.large"))


def test_each_configuration_of_a_job_is_a_benchmark() -> None:
    """In the order of the job."""
    found = recognize_each(FILES / "job.json")
    assert [each.machine.instance_type for each in found] == [LARGE, LARGE, "ml.g4dn.xlarge"]
    with pytest.raises(BenchmarkError, match=r"vegeta_4\.json: not an Inference Recommender job"):
        recognize_each(FILES / "vegeta_4.json")


def test_a_job_for_one_machine_needs_no_name(tmp_path: Path) -> None:
    """There is no choice."""
    path = tmp_path / "job.json"
    items = json.loads((FILES / "job.json").read_text())["InferenceRecommendations"][1::-1]
    path.write_text(json.dumps(items))
    assert recognize(path).machine.instance_type == LARGE
    assert recognize(path).steps[0].answered == 10_080
    with pytest.raises(BenchmarkError, match=r"tells of ml\.c5\.large; say which"):
        recognize(path, machine=Machine("ml.m5.large"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the file is empty; known are Locust"),
        (" \n\n", "the file is empty"),
        ("hello", "of no tool that is known; known are Locust"),
        ('{"a": 1}', r"JSON of no tool that is known \('a'\)"),
        ("[3]", r"JSON of no tool that is known \(no object\)"),
        ('{"latencies": {', r":1: Expecting .*; expected JSON, and the whole of it"),
        ('{"type":"Metric","data":{}}\n', "k6's JSON; give `--out csv=FILE`"),
        ("Method,Name,Error,Occurrences\n", "Locust's failures; give"),
        ("Count,Message,Traceback,Nodes\n", "Locust's exceptions; give"),
        ('[\n {"name": "/", "num_requests": 3}]', "Locust's --json; give its --csv"),
    ],
)
def test_what_is_none_of_it_is_refused_with_what_to_give(
    tmp_path: Path, text: str, told: str
) -> None:
    """The file is named."""
    path = tmp_path / "file"
    path.write_text(text)
    with pytest.raises(BenchmarkError, match=told) as refused:
        recognize(path)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("vegeta.txt", r"vegeta's text; give `vegeta report -type=json`"),
        ("vegeta.bin", r"not text in UTF-8; is it .* `vegeta encode -to csv`"),
        ("nowhere.csv", "No such file or directory; give a load test's file"),
        (".", "Is a directory; give a load test's file"),
    ],
)
def test_what_cannot_be_read_says_what_to_do(name: str, told: str) -> None:
    """The remedy is a command where there is one."""
    with pytest.raises(BenchmarkError, match=told):
        recognize(FILES / name)


def test_half_a_gzipped_file_is_refused(tmp_path: Path) -> None:
    """As of a run that was killed."""
    path = tmp_path / "half.csv.gz"
    path.write_bytes((FILES / "k6.csv.gz").read_bytes()[:9_000])
    with pytest.raises(BenchmarkError, match=r"half\.csv\.gz: Compressed file ended"):
        recognize(path)


def test_files_of_several_machines_are_no_benchmark(tmp_path: Path) -> None:
    """A benchmark is of one."""
    path = tmp_path / "job.json"
    item = json.loads((FILES / "job.json").read_text())["InferenceRecommendations"][0]
    path.write_text(json.dumps([item]))
    with pytest.raises(BenchmarkError, match=r"several machines \(ml\.c5\.large, not told\)"):
        recognize(path, FILES / "vegeta_4.json")


def test_a_settling_time_is_no_less_than_none() -> None:
    """It is named."""
    with pytest.raises(BenchmarkError, match="settle: got -1 day"):
        recognize(FILES / "vegeta_4.json", settle=timedelta(seconds=-1))


def test_nothing_is_left_out_where_nothing_settles() -> None:
    """But the last second, which is a part of one."""
    benchmark: Benchmark = recognize(FILES / "vegeta.csv.gz", settle=timedelta(0))
    assert [step.duration.seconds for step in benchmark.steps] == [15, 15, 9]
