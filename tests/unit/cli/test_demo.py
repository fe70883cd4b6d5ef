"""Does the demo replay a trace, sum it up, and leave alone what is not its own?"""

from __future__ import annotations

import io
import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from flyball.adapters.local.memory import MemoryLedger
from flyball.cli.demo import START
from flyball.cli.live import Picture, say_changes
from flyball.cli.sample import write_sample
from flyball.config import lint, loads
from flyball.core.target import ScalableTarget
from flyball.sim.day import Minute, run_day
from flyball.sim.generate import generate_day
from flyball.sim.trace import Trace
from flyball.wake import Wake, WakeKind
from tests.unit.cli.commands import expect_refusal, flyball

MINUTE = timedelta(minutes=1)


def write_trace(path: Path, counts: list[int], start: datetime = START) -> Path:
    """Write a trace of minutes."""
    lines = ["timestamp,requests"]
    lines += [f"{start + n * MINUTE:%Y-%m-%dT%H:%M:%SZ},{count}" for n, count in enumerate(counts)]
    path.write_text("\n".join(lines) + "\n")
    return path


def sample(trace: Trace) -> ScalableTarget:
    """Make the scalable target that the demo would."""
    return loads(write_sample("f.yaml", trace.capacity_per_instance())).scalable_targets[0]


@pytest.fixture
def trace(folder: Path) -> Path:
    """Give a trace of three hours that rises and falls."""
    return write_trace(folder / "t.csv", [100 + 400 * (60 <= n < 120) for n in range(180)])


def test_a_trace_is_replayed_into_a_ledger(trace: Path, folder: Path) -> None:
    """A line for each change, a summary, and a ledger that verifies and replays."""
    done = flyball("demo", "--trace", trace)
    assert (done.code, done.err) == (0, "")
    assert "Scale out " in done.out
    assert "Scale in " in done.out
    assert "\nt.csv: 3 h of traffic in " in done.out
    assert "flyball explain demo --ledger .flyball/demo.db" in done.out
    named = ("--ledger", folder / ".flyball" / "demo.db")
    assert flyball("ledger", "verify", *named).code == 0
    assert flyball("ledger", "replay", *named).code == 0
    assert (folder / ".flyball" / ".gitignore").read_text() == "*\n"


def test_the_default_ledger_is_made_anew(trace: Path) -> None:
    """And the same seed gives the same rows."""
    first = flyball("demo", "--trace", trace, "--json").json
    again = flyball("demo", "--trace", trace, "--json").json
    for each in (first, again):
        del each["took_s"]
    assert first == again
    assert first["score"]["changes"] > 0


def test_a_generated_day_is_the_default() -> None:
    """With its gap and its crowd; under 30 seconds."""
    done = flyball("demo", "--quiet", "--json").json
    assert done["trace"]["minutes"] == 1_440
    assert done["took_s"] < 30
    other = flyball("demo", "--json", "--seed", "1").json
    assert other["score"] != done["score"]


def test_several_days_are_generated() -> None:
    """On request."""
    done = flyball("demo", "--days", "2", "--quiet")
    assert "2 generated days: 2 d of traffic in " in done.out
    assert "Scale out" not in done.out


def test_a_day_shows_what_it_cannot_see() -> None:
    """The first minute of the gap, and the first after it."""
    out = flyball("demo").out
    assert "is missing: no data" in out
    assert "it sees again" in out
    assert "Raised to 14" in out or "raised to 14" in out


def test_a_ledger_of_the_users_is_never_overwritten_unasked(trace: Path, folder: Path) -> None:
    """Not even if it is no ledger."""
    (folder / "mine.db").write_text("mine")
    command = ("demo", "--trace", trace, "--ledger", "mine.db", "--quiet")
    expect_refusal(flyball(*command), "mine.db", "--overwrite")
    assert (folder / "mine.db").read_text() == "mine"
    assert flyball(*command, "--overwrite").code == 0
    assert flyball("ledger", "verify", "--ledger", "mine.db").code == 0


def test_a_config_of_the_users_is_never_overwritten(trace: Path, folder: Path) -> None:
    """Even beside a new ledger."""
    (folder / "mine.yaml").write_text("version: 1\n")
    done = flyball("demo", "--trace", trace, "--ledger", "mine.db")
    expect_refusal(done, "mine.yaml")
    assert (folder / "mine.yaml").read_text() == "version: 1\n"


def test_bad_input_leaves_the_last_demo_as_it_was(trace: Path, folder: Path) -> None:
    """The ledger is made anew only when there is something to fill it."""
    flyball("demo", "--trace", trace, "--quiet")
    before = (folder / ".flyball" / "demo.db").read_bytes()
    expect_refusal(flyball("demo", "--trace", "gone.csv"), "gone.csv")
    assert (folder / ".flyball" / "demo.db").read_bytes() == before


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param("", ["empty"], id="empty"),
        pytest.param("a,b\n1,2\n", ["timestamp", "'a', 'b'"], id="wrong columns"),
        pytest.param("timestamp,requests\n", ["no rows"], id="no rows"),
        pytest.param("timestamp,requests\nx,1\ny,2\n", ["t.csv:2"], id="no times"),
        pytest.param("timestamp,requests\n0,1\n60,many\n", ["t.csv:3", "many"], id="no number"),
    ],
)
def test_a_bad_trace_is_answered_with_its_line(
    content: str, words: list[str], folder: Path
) -> None:
    """And nothing is made."""
    (folder / "t.csv").write_text(content)
    expect_refusal(flyball("demo", "--trace", "t.csv"), *words)
    assert not (folder / ".flyball" / "demo.db").exists()


def test_a_trace_with_gaps_windows_lines_and_a_mark_is_read(folder: Path) -> None:
    """Its gaps are missing data, and the summary says how many."""
    lines = ["timestamp,requests"]
    lines += [f"{n * 60},{'' if 30 <= n < 40 else 100}" for n in range(120)]
    (folder / "t.csv").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(lines).encode() + b"\r\n")
    done = flyball("demo", "--trace", "t.csv")
    assert done.code == 0
    assert "10 minutes without a value" in done.out


def test_other_columns_can_be_named(folder: Path) -> None:
    """And their time zone."""
    text = "when;hits\n" + "".join(f"2026-01-05T10:{n:02}:00;{n}\n" for n in range(60))
    (folder / "t.csv").write_text(text)
    done = flyball(
        *("demo", "--trace", "t.csv", "--timestamp", "when", "--requests", "hits"),
        *("--time-zone", "Europe/Berlin", "--json"),
    ).json
    assert done["trace"]["start"] == "2026-01-05T09:00:00Z"


def test_a_config_of_ones_own_is_used(trace: Path, config: Path) -> None:
    """Of several scalable targets the one that is named."""
    done = flyball("demo", "--trace", trace, "--config", config, "--target", "demo", "--json").json
    assert done["config"] == str(config)
    refused = flyball("demo", "--trace", trace, "--config", config, "--target", "dmeo")
    expect_refusal(refused, "'dmeo'", "demo")


def test_a_config_for_a_cloud_is_refused(trace: Path, repository: Path) -> None:
    """The simulated endpoint does not show its metrics."""
    path = repository / "examples" / "aws.yaml"
    expect_refusal(flyball("demo", "--trace", trace, "--config", path), "source.metric")


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--capacity-per-instance", "0"), "--capacity-per-instance"),
        (("--capacity-per-instance", "nan"), "--capacity-per-instance"),
        (("--ledger", "gone/l.db"), "folder"),
        (("--ledger", "."), "folder"),
        (("--speed", "-1"), "--speed"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(options: tuple[str, ...], word: str) -> None:
    """Before anything is made."""
    expect_refusal(flyball("demo", *options), word)


@pytest.mark.parametrize("capacity", [1.0, 12.3, 815.9, 1e6])
def test_the_config_that_the_demo_writes_is_sound(capacity: float) -> None:
    """Without an error or a warning, for a load of any size."""
    config = loads(write_sample("f.yaml", capacity))
    assert lint(config, START) == ()
    (policy, _) = config.scalable_targets[0].policies
    assert getattr(policy, "target_value", 0) == pytest.approx(0.7 * capacity, rel=0.01)


# --- the live view ------------------------------------------------------------------


def show(picture: Picture, width: int, height: int) -> list[str]:
    """Draw a picture for a terminal of some size."""
    console = Console(
        file=io.StringIO(), width=width, height=height, color_system=None, force_terminal=True
    )
    console.print(picture)
    file: Any = console.file
    return str(file.getvalue()).splitlines()


@pytest.mark.parametrize(("width", "height"), [(80, 24), (140, 50), (40, 12)])
def test_the_picture_fits_its_terminal(width: int, height: int) -> None:
    """At every moment of a day."""
    trace = generate_day(START, minutes=600)
    target = sample(trace)
    picture = Picture("a day", trace, target)
    assert show(picture, width, height) == []
    lines: list[str] = []
    for count, minute in enumerate(run_day(trace, target, MemoryLedger()), start=1):
        picture.add(minute)
        if count % 97 == 0:
            lines = show(picture, width, height)
            assert max(map(len, lines)) <= width
            assert len(lines) <= max(height, 17)
    assert any("in service" in line for line in lines)
    assert any("Scale out" in line for line in lines)


def test_a_gap_is_shown_as_not_known() -> None:
    """Not as a minute without requests."""
    trace = Trace(START, (100.0, None))
    picture = Picture("gap", trace, sample(trace))
    for minute in run_day(trace, sample(trace), MemoryLedger()):
        picture.add(minute)
    assert any("not known" in line for line in show(picture, 80, 24))


def test_trouble_is_told_and_what_is_turned_away_is_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A ledger that cannot be reached, and a wake that failed."""
    trace = Trace(START, (100.0,))
    target = sample(trace)
    (minute,) = run_day(trace, target, MemoryLedger())
    odd = [
        minute._replace(trouble="the ledger is locked", wakes=()),
        minute._replace(wakes=(Wake(WakeKind.FAILED, "demo", detail="no"),)),
        minute._replace(wakes=(Wake(WakeKind.DUPLICATE, "demo"),)),
    ]
    seen: list[Minute] = list(say_changes(target)(iter(odd)))
    assert seen == odd
    assert capsys.readouterr().out.splitlines() == [
        "2026-01-05 00:00  the ledger is locked",
        "2026-01-05 00:00  no",
    ]


def test_the_summary_as_json_is_plain_material(trace: Path) -> None:
    """Nothing in it but what JSON has."""
    found = flyball("demo", "--trace", trace, "--json").json
    assert json.loads(json.dumps(found, allow_nan=False)) == found


@pytest.mark.usefixtures("folder")
def test_the_readme_shows_what_the_demo_prints(repository: Path) -> None:
    """Of the generated day, as `make demo` replays it: a change, and how it came out."""
    readme = (repository / "README.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```text\n(.*?)```", readme, re.DOTALL)[:1]
    change, summary = shown.split("…\n")
    done = flyball("demo")
    assert (done.code, done.err) == (0, "")
    assert change in done.out
    assert summary in done.out
