"""Are many targets backtested as one is, on any number of cores, and gone on with afterwards?"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from flyball.sim.generate import generate_day
from flyball.sim.trace import write_trace
from tests.unit.cli.commands import Done, expect_refusal, flyball
from tests.unit.cli.fleets import HOURS, NAMES, write_config, write_traces
from tests.unit.sim.courses import MONDAY


@pytest.fixture
def config(folder: Path) -> Path:
    """Give a config of three."""
    return write_config(folder / "f.yaml", NAMES)


@pytest.fixture
def traces(folder: Path) -> Path:
    """Give a folder with the traffic of each."""
    return write_traces(folder / "traces", NAMES)


def run(config: Path, traces: Path, *options: object) -> Done:
    """Run them all, beside the HPA."""
    call = ("backtest", "--config", config, "--traces", traces, "--capacity", 500)
    return flyball(*call, "--against", "hpa", *options)


def test_it_prints_the_same_on_one_core_and_on_two(config: Path, traces: Path) -> None:
    """To the byte; and of each the same as if it ran alone."""
    for how in (("--json",), ("--per-day",)):
        one = run(config, traces, "--jobs", 1, "--results", "one", *how)
        two = run(config, traces, "--jobs", 2, "--results", "two", *how)
        assert (one.code, one.err if how == ("--json",) else "") == (0, "")
        assert one.out == two.out
    found = run(config, traces, "--json")
    assert found.out == json.dumps(found.json, indent=2) + "\n"
    for name, each in zip(NAMES, found.json["targets"], strict=True):
        assert run(config, traces, "--target", name, "--json").json["targets"] == [each]


def test_one_target_alone_leaves_nothing_behind(config: Path, traces: Path) -> None:
    """No results, and nothing of what spreads work is loaded."""
    script = (
        "import sys; from flyball.cli.main import app\n"
        "try: app(sys.argv[1:])\n"
        "finally: print('joblib' in sys.modules, file=sys.stderr)\n"
    )
    call = ("backtest", "--config", config, "--traces", traces, "--target", "rank")
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, call)], capture_output=True, check=True, text=True
    )
    assert done.stderr == "False\n"
    assert not Path(".flyball").exists()


def test_what_was_done_is_not_done_again(config: Path, traces: Path) -> None:
    """Each is taken for the same config, traffic and options alone."""
    first = run(config, traces, "--json")
    again = run(config, traces, "--json")
    assert first.err == ""
    assert (again.out, again.err) == (
        first.out,
        "flyball: 3 of 3 were done before: .flyball/backtest\n",
    )
    write_trace(generate_day(MONDAY, seed=9, minutes=HOURS * 60), traces / "rank.csv")
    other = run(config, traces, "--json")
    assert other.err.startswith("flyball: 2 of 3 were done before")
    assert other.json["targets"][0] == first.json["targets"][0]
    assert other.json["targets"][1] != first.json["targets"][1]
    assert run(config, traces, "--lead-time", "5m").err == ""
    config.write_text(config.read_text().replace("350", "300", 1))
    assert run(config, traces, "--lead-time", "5m").err.startswith("flyball: 2 of 3")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace('"late":', '"late": 1', 1),
        lambda _: "[]",
        lambda _: "\0",
    ],
    ids=["half", "changed", "another", "noise"],
)
def test_a_damaged_result_is_not_believed(config: Path, traces: Path, spoil: object) -> None:
    """It is said, and run again."""
    first = run(config, traces, "--json")
    path = Path(".flyball/backtest/rank.json")
    assert callable(spoil)
    path.write_text(spoil(path.read_text()))
    again = run(config, traces, "--json")
    assert again.out == first.out
    said = again.err.splitlines()
    assert said[0] == "flyball: .flyball/backtest/rank.json is damaged; rank is run again"
    assert said[1].startswith("flyball: 2 of 3 were done before")
    assert run(config, traces, "--json").err.startswith("flyball: 3 of 3")


def test_a_result_that_cannot_be_read_is_told_with_the_reason(config: Path, traces: Path) -> None:
    """What is no damage is not called so; what cannot be kept is named, and nothing is left."""
    call = ("backtest", "--config", config, "--traces", traces)
    kept = config.parent / ".flyball" / "backtest" / "rank.json"
    flyball(*call)
    kept.unlink()
    kept.mkdir()
    again = flyball(*call)
    assert "rank.json cannot be read (Is a directory); rank is run again" in again.err
    assert "rank.json: Is a directory; make it writable, or name another folder" in again.err
    assert again.code == 2
    assert not list(kept.parent.glob("*.part"))


def test_one_that_fails_stops_nobody(config: Path, traces: Path) -> None:
    """It is listed last, with its error; the exit code says that not all could be done."""
    (traces / "rank.csv").write_text("timestamp,requests\nnever,5\n")
    done = run(config, traces, "--jobs", 2)
    assert done.code == 2
    assert "\nAll 2\n" in done.out
    assert (
        "1 could not be run\n  rank: traces/rank.csv:2: column 'timestamp': got"
        in done.out.replace(str(traces.parent) + "/", "")
    )
    assert "1 of 3 could not be run, such as rank: " in done.err
    found = run(config, traces, "--json")
    assert [each["scalable_target_id"] for each in found.json["targets"]] == ["chat", "vision"]
    assert [each["id"] for each in found.json["failed"]] == ["rank"]


def test_a_metric_that_nobody_knows_fails_its_target_alone(config: Path, traces: Path) -> None:
    """As does a peer that it cannot have."""
    strange = "{metric: Strange, namespace: AWS/SageMaker, statistic: Average}"
    text = config.read_text().replace("{metric: invocations_per_instance}", strange, 1)
    config.write_text(text)
    done = run(config, traces)
    assert done.code == 2
    assert "  chat: " in done.out
    assert "what it measures is not known; say --measures calls=…" in done.out
    assert "All 2" in done.out
    expect_refusal(run(config, traces, "--against", "schedule"), "no window is written", "chat")
    expect_refusal(run(config, traces, "--against", "azure"), "no peer 'azure'")


def test_one_long_file_is_as_good_as_a_folder(config: Path, traces: Path) -> None:
    """The same results; who is in neither config nor file is said, and errors name the file."""
    whole = run(config, traces, "--json").json
    rows = []
    for name in NAMES[:2]:
        with (traces / f"{name}.csv").open(newline="") as file:
            rows += [(row["timestamp"], name, row["requests"]) for row in csv.DictReader(file)]
    rows = [*sorted(rows), ("2026-03-02T00:00:00Z", "nobody", "5")]
    text = "timestamp,who,requests\n" + "".join(f"{','.join(row)}\n" for row in rows)
    Path("long.csv").write_text(text)
    done = run(config, Path("long.csv"), "--target-column", "who", "--json")
    assert done.code == 0
    for one, other in zip(done.json["targets"], whole["targets"], strict=False):
        assert one == {**other, "trace": "long.csv"}
    assert "long.csv has nothing of vision; left out" in done.err
    assert "long.csv: no scalable target has the id nobody" in done.err
    again = run(config, Path("long.csv"), "--target-column", "who", "--json")
    assert "2 of 2 were done before" in again.err
    Path("long.csv").write_text(text.replace("Z,rank,", "Z,rank,x", 1))
    wrong = run(config, Path("long.csv"), "--target-column", "who")
    assert "rank: long.csv (who 'rank', its own rows):2: column 'requests': got" in wrong.out


def test_who_is_shown_minute_by_minute_when_there_are_too_many(folder: Path) -> None:
    """The worst by late requests; all are in the sums, and the most late and dearest are listed."""
    names = tuple(f"t{number:02}" for number in range(14))
    config = write_config(folder / "many.yaml", names)
    traces = write_traces(folder / "many", names)
    done = run(config, traces, "--timeline", "all.csv", "--html", "all.html", "--jobs", 2)
    assert done.code == 0
    assert "minute by minute only the 12 of 14 with the most late requests" in done.err
    with Path("all.csv").open(newline="") as file:
        shown = {row["scalable_target"] for row in csv.DictReader(file)}
    late = {
        each["scalable_target_id"]: each["contenders"][0]["total"]["late"]
        for each in run(config, traces, "--json").json["targets"]
    }
    assert shown == set(sorted(late, key=lambda name: -late[name])[:12])
    page = Path("all.html").read_text()
    assert "All 14 together" in page
    assert "Shown are the 12 of 14" in page
    latest, dearest, total = done.out.strip().split("\n\n")
    assert latest.startswith("Most late requests\n")
    assert latest.splitlines()[2].split()[0] == max(late, key=lambda name: late[name])
    assert (dearest.splitlines()[0], dearest.splitlines()[2].split()[0]) == (
        "Most expensive",
        "t13",
    )
    assert [len(each.splitlines()) for each in (latest, dearest)] == [12, 12]
    assert total.startswith("All 14\n")


def test_a_few_are_shown_all_of_them(config: Path, traces: Path) -> None:
    """Also where they were done before; the page is that of one process."""
    plain = run(config, traces)
    pages = []
    for jobs in (1, 2):
        files = ("--html", f"{jobs}.html", "--timeline", f"{jobs}.csv")
        done = run(config, traces, *files, "--jobs", jobs)
        assert (done.code, done.out) == (0, plain.out)
        pages.append([Path(files[1]).read_bytes(), Path(files[3]).read_bytes()])
    assert pages[0] == pages[1]
    with Path("1.csv").open(newline="") as file:
        assert {row["scalable_target"] for row in csv.DictReader(file)} == set(NAMES)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--traces", "none"), ("--traces", "--target-column")),
        (("--traces", "traces", "--target-column", "who"), ("--target-column", "is a folder")),
        (("--traces", "traces", "--trace", "a.csv"), ("--traces, --trace",)),
        (("--target-column", "who"), ("--target-column", "only with --traces")),
        (("--traces", "traces", "--from", "cloudwatch"), ("--from, --trace",)),
        (("--traces", "empty"), ("--traces", "has none of chat, rank, vision")),
        (("--traces", "traces", "--results", "no/such"), ("--results", "no/such")),
        (("--traces", "traces", "--results", "f.yaml"), ("--results", "f.yaml")),
        (("--traces", "traces", "--backend", "spark"), ("--backend", "spark")),
        (("--traces", "traces", "--backend", "dask"), ("--backend dask", "pip install")),
        (("--traces", "traces", "--ledger", "a.db", "--jobs", "2"), ("--ledger", "--jobs")),
        (("--traces", "traces", "--timeline", "f.yaml"), ("--timeline", "--overwrite")),
        (("--traces", "traces", "--html", "f.yaml"), ("--html", "--overwrite")),
        (("--traces", "two"), ("leave one of the two",)),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_what_cannot_be_done_is_refused(
    config: Path, traces: Path, options: tuple[str, ...], words: tuple[str, ...]
) -> None:
    """In one line, before anything runs."""
    (traces.parent / "empty").mkdir()
    two = traces.parent / "two"
    two.mkdir()
    for name in ("chat.csv", "chat.parquet"):
        (two / name).touch()
    expect_refusal(flyball("backtest", "--config", config, *options), *words)


def test_a_file_that_no_target_has_is_said(config: Path, traces: Path) -> None:
    """So is a target without one; the others run."""
    (traces / "vision.csv").rename(traces / "video.csv")
    done = run(config, traces, "--json")
    assert [each["scalable_target_id"] for each in done.json["targets"]] == ["chat", "rank"]
    assert "has nothing of vision; left out" in done.err
    assert "no scalable target has the file video.csv" in done.err


@pytest.mark.skipif(find_spec("ray") is not None, reason="Ray is installed")
def test_a_peer_whose_library_is_missing_is_told_before_anything_runs(
    config: Path, traces: Path
) -> None:
    """Of one and of many alike, in one line."""
    for names in ((), ("--target", "rank")):
        done = run(config, traces, "--against", "aws,ray", *names)
        expect_refusal(done, "--against: ray: Ray Serve", "pip install 'flyball[ray]'")
    assert not list(Path(".flyball/backtest").glob("*"))


@pytest.mark.parametrize("lead", ["2m..8m", "p50=4m,p95=9m"])
def test_drawn_lead_times_are_the_seeds_and_the_same_for_everybody(
    config: Path, traces: Path, lead: str
) -> None:
    """Again the same to the byte, with another seed not; each draws as if it ran alone."""
    call = ("--lead-time", lead, "--json", "--target", "rank", "--metric-delay", "2m")
    first = run(config, traces, *call, "--seed", 5, "--against", "hpa,aws").out
    assert run(config, traces, *call, "--seed", 5, "--against", "hpa,aws").out == first
    assert run(config, traces, *call, "--seed", 6, "--against", "hpa,aws").out != first
    both = json.loads(first)["targets"][0]["contenders"]
    turned = run(config, traces, *call, "--seed", 5, "--against", "aws,hpa").json
    ours, aws, hpa = turned["targets"][0]["contenders"]
    assert [ours, hpa, aws] == both
