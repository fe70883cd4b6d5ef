"""Does `flyball size` go through the whole method, and name what is wrong with its input?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flyball import config
from flyball.core.policy import StepPolicy, TrackingPolicy
from flyball.sim.generate import generate_day
from flyball.sim.trace import write_trace
from flyball.sizing.benchmark import Benchmark, Machine, Resource, Step
from flyball.sizing.load.record import write_benchmark
from tests.unit.cli.commands import Done, expect_refusal, flyball

EXPECTED = ("--least", 70, "--most", 500, "--growth", 1.2)
LARGE = ("--instance-type", "ml.c5.large")
SIZED = ("loadtest.csv", *LARGE)


@pytest.fixture(autouse=True)
def files(folder: Path, repository: Path) -> Path:
    """Stand beside load tests that are sound, and some that are not."""
    for name in ("loadtest.csv", "loadtest-4.csv"):
        (folder / name).write_bytes((repository / "examples" / name).read_bytes())
    (folder / "named.csv").write_text("sent,ok,slow,busy\n600,600,5,20\n1200,1200,6,40\n")
    (folder / "cells.csv").write_text("rate,p95_ms\n10,5\n20,soon\n")
    (folder / "scale.csv").write_text("rate,cpu\n10,0.2\n20,0.4\n")
    (folder / "gpu.csv").write_text("rate,gpu_ratio\n600,0.2\n1200,0.4\n")
    (folder / "empty.csv").write_text("")
    return folder


def run(*words: object) -> Mapping[str, Any]:
    """Size, and give the JSON."""
    done = flyball("size", *words, "--json")
    assert (done.code, done.err) == (0, ""), done
    found: Mapping[str, Any] = done.json
    return found


def test_the_published_numbers_come_out() -> None:
    """Half of two cores is 100 %, 5,000 a minute each, and between 1 and 8 of them."""
    (found,) = run("loadtest.csv", *LARGE, *EXPECTED)["instances"]
    limit, capacity = found["limit"], found["capacity"]
    assert limit["target_value"]["middle"] == pytest.approx(100.0)
    assert limit["invocations_per_instance"]["middle"] == pytest.approx(5_000.0)
    assert (capacity["min_capacity"], capacity["max_capacity"]) == (1, 8)
    assert found["saturation"]["bottleneck"] == "cpu"
    names = [each["name"] for each in found["queueing"]["fleets"]]
    assert names == ["rule", "M/M/c", "G/G/c"]


def test_the_policies_are_written_and_hold(files: Path) -> None:
    """Cooldowns of 10 and 100 s, steps of 1, 3 and 4; 30,000 a minute without one late."""
    found = run(
        *("loadtest.csv", *LARGE, *EXPECTED, "--lead-time", "100s", "--evaluate"),
        *("--write", "f.yaml", "--endpoint", "chat", "--variant", "a"),
    )
    text = (files / "f.yaml").read_text(encoding="utf-8")
    assert found["policies"]["text"] == text
    (target,) = config.loads(text, "f.yaml").scalable_targets
    assert (target.id, target.home) == ("chat", "aws")
    tracking = [each for each in target.policies if isinstance(each, TrackingPolicy)]
    assert [each.target_value for each in tracking] == [5_000.0, 100.0]
    (step,) = [each for each in target.policies if isinstance(each, StepPolicy)]
    assert [each.adjustment for each in step.steps] == [1, 3, 4]
    tried = {each["name"]: each for each in found["policies"]["evaluation"]["patterns"]}
    for name in ("ramp-1", "ramp-3"):
        assert tried[name]["handled_per_minute"] == pytest.approx(30_000.0)
        assert tried[name]["late"] == 0.0


@pytest.mark.parametrize(("given", "least"), [((), 2), (("--at-least", 1), 1)])
def test_two_nodes_are_there_where_google_promises_nothing_of_one(
    files: Path, given: tuple[object, ...], least: int
) -> None:
    """By default, with the reason."""
    address = [f"--address={key}" for key in ("project=p", "location=europe-west4", "endpoint=1")]
    found = run(*SIZED, *EXPECTED, "--write", "g.yaml", "--home", "gcp", *address, *given)
    text = (files / "g.yaml").read_text(encoding="utf-8")
    assert f"min_capacity: {least}\n" in text
    reason = found["instances"][0]["capacity"]["reason"]
    assert ("Google promises service only of two nodes" in reason) is (least == 2)


def test_what_breaks_first_is_moved_and_told() -> None:
    """Spikes that nobody can see coming need instances that are always there."""
    words = ("size", "loadtest.csv", *LARGE, *EXPECTED, "--shape", "spiky", "--evaluate")
    done = flyball(*words)
    assert done.code == 0, done
    assert "Round 1: min_capacity 1 → 3" in done.out
    assert "between 3 and 8 instances now" in done.out


def test_policies_that_do_not_hold_are_no_success() -> None:
    """A quota of two instances cannot carry what needs three."""
    words = ("size", "loadtest.csv", *LARGE, *EXPECTED, "--quota", 2, "--evaluate")
    done = flyball(*words, "--json")
    assert done.code == 1, done
    evaluation = done.json["policies"]["evaluation"]
    assert not evaluation["holds"]
    assert evaluation["max_capacity"] == 2
    assert "max_capacity: 2" in done.json["policies"]["text"]


def test_nothing_is_written_over(files: Path) -> None:
    """Unless it is said."""
    (files / "f.yaml").write_text("mine")
    words = ("size", "loadtest.csv", *LARGE, *EXPECTED, "--write", "f.yaml")
    expect_refusal(flyball(*words), "f.yaml", "--overwrite")
    assert (files / "f.yaml").read_text() == "mine"
    assert flyball(*words, "--overwrite").code == 0


def test_instance_types_are_compared_by_price() -> None:
    """Without prices only by how many are needed; the cheapest is written."""
    both = ("--machine", "ml.c5.large=loadtest.csv", "--machine", "ml.c5.xlarge=loadtest-4.csv")
    assert run(*both, *EXPECTED)["comparison"] is None
    shown = flyball("size", *both, *EXPECTED)
    assert "--price TYPE=N" in shown.out
    prices = ("--price", "ml.c5.large=1", "--price", "ml.c5.xlarge=1.5")
    found = run(*both, *EXPECTED, *prices, "--write", "f.yaml")
    cheapest = found["comparison"]["options"][0]["instance_type"]
    assert cheapest == "ml.c5.xlarge"
    assert "for ml.c5.xlarge" in found["policies"]["notes"][0]
    expect_refusal(flyball("size", *both, *EXPECTED, "--write", "g.yaml"), "--price")


def test_without_a_load_one_instance_is_all_that_is_told() -> None:
    """And what is missing is said."""
    done = flyball("size", "loadtest.csv", *LARGE, "--latency", "p95<=50ms")
    assert done.code == 0
    assert "p95 is over 50 ms" in done.out
    assert "--most" in done.out
    assert "MinCapacity" not in done.out


def test_a_trace_says_what_is_expected(files: Path) -> None:
    """Its least, its most, and how irregular arrivals are; of a longer one, windows too."""
    from flyball.cli.demo import START

    trace = generate_day(START)
    write_trace(trace, files / "trace.csv")
    found = run("loadtest.csv", *LARGE, "--trace", "trace.csv", "--write", "f.yaml")
    known = [each for each in trace.requests if each is not None]
    assert found["expected"]["most_per_s"] == pytest.approx(max(known) / 60)
    assert found["instances"][0]["queueing"]["arrivals_measured"]
    assert "too short" in found["policies"]["notes"][0]


def test_a_trace_of_more_than_the_most_is_told(files: Path) -> None:
    """Before it is tried; a most above it says nothing."""
    from flyball.cli.demo import START

    write_trace(generate_day(START), files / "trace.csv")
    words = ("loadtest.csv", *LARGE, "--trace", "trace.csv", "--least", 0, "--most")
    (note,) = run(*words, 1)["notes"]
    assert note.startswith("the trace has up to ")
    assert "times the 1 of --most: instances are counted for --most" in note
    assert run(*words, 100_000)["notes"] == []


def test_columns_and_units_are_named_by_options() -> None:
    """Of a table whose names tell nothing."""
    (found,) = run(
        *("named.csv", "--cores", 2, "--column", "offered=sent", "--column", "answered=ok"),
        *("--column", "p95=slow", "--column", "cpu=busy", "--unit", "requests=minute"),
        *("--unit", "latency=s", "--unit", "cpu=percent_of_each"),
    )["instances"]
    first = found["steps"][0]
    assert first["answered_per_minute"] == 600
    assert first["latency_ms"] == {"p95": 5_000.0}
    assert first["used_ratio"] == {"cpu": pytest.approx(0.1)}


def test_what_loadtest_kept_is_read_with_its_machine(files: Path) -> None:
    """What is said of the machine goes before."""
    steps = tuple(
        Step(load, load, used_ratio={Resource.CPU: load / 1_000}) for load in (300.0, 600.0)
    )
    write_benchmark(files / "own.json", Benchmark(steps, Machine("", 4), "http://here"))
    (found,) = run("own.json")["instances"]
    assert found["machine"]["cores"] == 4
    (found,) = run("own.json", "--cores", 2, "--price", 3)["instances"]
    assert (found["machine"]["cores"], found["machine"]["price_per_hour"]) == (2, 3.0)
    (found,) = run("own.json", *LARGE)["instances"]
    assert found["machine"]["instance_type"] == "ml.c5.large"
    assert found["machine"]["cores"] == 2


def test_a_job_tells_of_several_types(repository: Path) -> None:
    """Of each the better configuration, with its price; what is said goes before."""
    job = repository / "tests" / "unit" / "sizing" / "formats" / "files" / "job.json"
    found = run(job, "--most", 100, "--price", "ml.c5.large=0.5")
    prices = {
        each["machine"]["instance_type"]: each["machine"]["price_per_hour"]
        for each in found["instances"]
    }
    assert prices == {"ml.c5.large": 0.5, "ml.g4dn.xlarge": 0.736}
    assert "the better one is taken" in found["notes"][0]


def test_a_picture_is_drawn_of_whatever_was_measured(files: Path) -> None:
    """Also where no use, no latency or no load is known."""
    for index, words in enumerate(
        (("loadtest.csv", *LARGE), ("named.csv", "--column", "offered=ok"), ("loadtest.csv",))
    ):
        more = ("--cores", 2, *EXPECTED) if index == 2 else ()
        path = files / f"{index}.png"
        assert flyball("size", *words, *more, "--plot", path).code == 0
        assert path.read_bytes().startswith(b"\x89PNG")


@dataclass(frozen=True)
class Case:
    """A call that is refused, and words of why."""

    id: str
    words: tuple[object, ...]
    told: tuple[str, ...]


CASES = (
    Case("nothing", (), ("FILE", "--recommender")),
    Case("two sources", ("loadtest.csv", "--recommender", "x"), ("FILE, --recommender",)),
    Case("no file", ("none.csv",), ("none.csv", "No such file")),
    Case("empty", ("empty.csv",), ("empty.csv", "is empty")),
    Case("no number", ("cells.csv",), ("cells.csv:3", "p95_ms", "soon")),
    Case("no requests", ("named.csv",), ("named.csv:1", "--column offered=NAME")),
    Case("no scale", ("scale.csv",), ("scale.csv:1", "'cpu'", "--unit")),
    Case("no cores", ("loadtest.csv",), ("loadtest.csv:7", "CPUUtilization", "--cores")),
    Case("unknown type", ("--machine", "a.b=loadtest.csv"), ("a.b", "--cores TYPE=N")),
    Case("no pair", ("--machine", "loadtest.csv"), ("--machine", "TYPE=FILE")),
    Case("column", ("named.csv", "--column", "x=ok"), ("--column", "'x'", "offered")),
    Case("quantile", ("named.csv", "--column", "p0=ok"), ("--column", "'p0'")),
    Case("twice", ("named.csv", *(2 * ("--column", "cpu=ok"))), ("cpu comes twice",)),
    Case("unit", ("named.csv", "--unit", "latency=h"), ("--unit", "latency", "'h'")),
    Case("no value", ("named.csv", "--unit", "latency"), ("--unit", "NAME=VALUE")),
    Case("price", ("loadtest.csv", "--price", "cheap"), ("--price", "'cheap'")),
    Case("prices", ("loadtest.csv", "--price", 1, "--price", 2), ("--price", "twice")),
    Case("half a core", ("loadtest.csv", "--cores", 1.5), ("--cores", "1.5")),
    Case("objective", ("loadtest.csv", "--objective", "x"), ("--objective", "balanced")),
    Case(
        "two objectives",
        ("loadtest.csv", "--objective", "cost", "--latency", "p95<=1s"),
        ("--objective, --latency",),
    ),
    Case("resource", ("loadtest.csv", "--resource", "x"), ("--resource", "gpu_memory")),
    Case("no GPU", ("gpu.csv", "--cores", 2), ("GPU: it has 0", "--gpus N")),
    Case("not measured", ("loadtest.csv", *LARGE, "--resource", "gpu"), ("gpu was not",)),
    Case("no most", ("loadtest.csv", "--least", 1), ("--least", "--most")),
    Case("less", ("loadtest.csv", "--least", 9, "--most", 1), ("--least, --most: at least 9",)),
    Case("nobody", ("loadtest.csv", "--most", 0), ("--most", "0 requests")),
    Case("growth", ("loadtest.csv", "--most", 1, "--growth", 0.5), ("--growth", "1 or more")),
    Case("endless", ("loadtest.csv", "--most", "inf"), ("--most", "inf")),
    Case("too many", (*SIZED, "--most", 1e12), ("--most", "12,000,000,000", "1,000,000")),
    Case("too many by far", (*SIZED, "--most", 1e308), ("--most", "1,000,000")),
    Case("grows", (*SIZED, "--most", 9, "--growth", 1e9), ("--growth", "1,000,000")),
    Case("in any case", (*SIZED, "--most", 9, "--at-least", 10**7), ("--at-least", "1,000,000")),
    Case("shape", ("loadtest.csv", "--shape", "x", "--most", 1), ("--shape", "smooth")),
    Case("ramp", ("loadtest.csv", "--shape", "ramp", "--most", 1), ("--users-per-minute",)),
    Case("no trace", ("loadtest.csv", "--shape", "trace"), ("--shape, --trace",)),
    Case("lost trace", ("loadtest.csv", "--trace", "no.csv"), ("no.csv",)),
    Case("write", ("loadtest.csv", "--write", "f.yaml"), ("--write", "--most")),
    Case(
        "order",
        ("loadtest.csv", "--least", 9, "--most", 5),
        ("--least, --most: at least 9 and at",),
    ),
    Case("growth alone", ("loadtest.csv", "--growth", 2), ("--growth: give --most", "--trace")),
    Case("at least alone", (*SIZED, "--at-least", 2), ("--at-least: give --most",)),
    Case("endpoint", (*SIZED, *EXPECTED, "--endpoint", "a"), ("--endpoint: only with --from, ",)),
    Case("zone", (*SIZED, *EXPECTED, "--time-zone", "Asia/Tokyo"), ("--time-zone", "--trace")),
    Case(
        "strange price",
        (*SIZED, "--price", "ml.x=2"),
        ("--price: no load test is of 'ml.x'; they are of ml.c5.large",),
    ),
    Case(
        "strange cores",
        ("loadtest.csv", "--cores", 2, "--gpus", "ml.x=2"),
        ("--gpus", "--instance-type ml.x"),
    ),
    Case("evaluate", ("loadtest.csv", "--evaluate"), ("--evaluate", "--most")),
    Case("quota", ("loadtest.csv", "--quota", 3), ("--quota", "--write")),
    Case(
        "home alone", ("loadtest.csv", "--home", "mars"), ("--home: got 'mars'", "local, aws, gcp")
    ),
    Case("home", ("loadtest.csv", *EXPECTED, "--evaluate", "--home", "x"), ("--home", "'x'")),
    Case(
        "no variant",
        ("loadtest.csv", *EXPECTED, "--evaluate", "--home", "aws"),
        ("--endpoint and --variant",),
    ),
    Case(
        "no project",
        ("loadtest.csv", *EXPECTED, "--evaluate", "--home", "gcp"),
        ("--address project=ID",),
    ),
    Case(
        "half an address",
        (
            "loadtest.csv",
            *LARGE,
            *EXPECTED,
            *("--write", "f.yaml", "--home", "gcp"),
            *("--address", "endpoint=5"),
        ),
        ("--write", "project"),
    ),
    Case(
        "zone",
        ("loadtest.csv", *EXPECTED, "--evaluate", "--time-zone", "Mars"),
        ("--time-zone", "Mars"),
    ),
    Case("no folder", ("loadtest.csv", "--write", "no/f.yaml"), ("--write", "no")),
    Case("picture", ("loadtest.csv", "--plot", "x.gif"), ("--plot", ".svg or .png")),
    Case("since", ("loadtest.csv", "--since", "2026-01-01"), ("--since", "--from")),
    Case("settle", ("--recommender", "x", "--settle", "1s"), ("--settle", "FILE")),
    Case("mode", ("--start", "quick"), ("--start", "'quick'", "advanced")),
    Case("no role", ("--start", "default"), ("--order role=",)),
    Case("role", ("--start", "default", "--order", "role=x", "--order", "model=m"), ("role",)),
    Case("roles", ("--start", "default", *(2 * ("--order", "role=x"))), ("role comes twice",)),
    Case("from", ("--from", "x", "--endpoint", "a", "--variant", "b"), ("cloudwatch",)),
)


@pytest.mark.parametrize("case", CASES, ids=lambda each: each.id)
def test_what_is_wrong_is_named_with_its_remedy(case: Case) -> None:
    """In one line; nothing is written."""
    done: Done = flyball("size", *case.words)
    expect_refusal(done, *case.told)
    assert not Path("f.yaml").exists()


def test_json_is_whole() -> None:
    """Another program needs nothing of the terminal's."""
    text = flyball("size", "loadtest.csv", *LARGE, *EXPECTED, "--json").out
    found = json.loads(text)
    keys = {"objective", "expected", "instances", "comparison", "advice", "notes", "policies"}
    assert set(found) == {*keys, "measured"}
    steps = found["instances"][0]["steps"]
    assert len(steps) == 12
    assert [each["used_ratio"] for each in found["instances"][0]["by_use"]][:2] == [0.1, 0.2]
