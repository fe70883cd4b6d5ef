"""Does a run look, say and stop as it should, in one process?"""

from __future__ import annotations

import json
import signal
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flyball.adapters.local.endpoint import LocalEndpoints
from flyball.cli.failure import CommandError
from flyball.cli.loop import Stop
from flyball.cli.options import choose_end, read_duration, read_instant
from flyball.cli.traffic import EPOCH, make_demand, make_loads
from flyball.cli.voice import Voice, tell_wake
from flyball.core.target import ScalableTarget
from flyball.ports import LedgerUnavailableError, Outcome, OutcomeKind
from flyball.sim.trace import Trace
from flyball.wake import Wake, WakeKind
from tests.unit.cli.commands import expect_refusal, flyball
from tests.unit.report.scenes import decided, make_target

NOW = datetime(2026, 6, 1, 12, 0, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_one_look_decides_what_is_due(config: Path, folder: Path) -> None:
    """The first one registers the config and holds: nothing has been measured yet."""
    done = flyball("run", "--config", config, "--once", "--ledger", "l.db")
    assert done.code == 0
    (line,) = done.out.splitlines()
    assert " demo: Hold 2: invocations is missing" in line
    assert "1 scalable target on l.db" in done.err
    assert done.err.endswith("flyball: stopped; 1 decision, 0 changes\n")
    again = flyball("run", "--config", config, "--once", "--ledger", "l.db")
    assert (again.code, again.out) == (0, "")
    assert (folder / "l.endpoints.db").is_file()
    assert flyball("ledger", "verify", "--ledger", "l.db").code == 0


def test_lines_are_json_on_request(config: Path) -> None:
    """One object a decision, whole."""
    done = flyball("run", "--config", config, "--once", "--json")
    (line,) = done.lines
    assert line["kind"] == "decided"
    assert line["decision"]["scalable_target_id"] == "demo"


def test_a_quiet_run_says_changes_only(config: Path) -> None:
    """A hold a minute for a thousand targets is noise."""
    done = flyball("run", "--config", config, "--once", "--quiet")
    assert done.out == ""
    assert "1 decision" in done.err


def test_a_changed_config_counts_from_the_next_start(config: Path) -> None:
    """As a row of its own."""
    flyball("run", "--config", config, "--once")
    config.write_text(config.read_text().replace("min_capacity: 2", "min_capacity: 3"))
    flyball("run", "--config", config, "--once")
    rows = flyball("ledger", "list", "--kind", "config", "--json").lines
    assert [row["body"]["generation"] for row in rows] == [1, 2]


def test_a_target_that_left_the_config_is_left_alone(config: Path) -> None:
    """Handing over never falls to a default, and it is said once."""
    flyball("run", "--config", config, "--once")
    config.write_text(config.read_text().replace("id: demo", "id: other"))
    done = flyball("run", "--config", config, "--for", "1s", "--interval", "0.2s")
    assert "left alone: demo" in done.err
    assert " demo: " not in done.out
    rows = flyball("ledger", "list", "--target", "demo", "--kind", "decision", "--json").lines
    assert len(rows) == 1


def test_a_run_ends_at_its_time(config: Path) -> None:
    """With several looks in between."""
    done = flyball("run", "--config", config, "--for", "1s", "--interval", "0.1s")
    assert done.code == 0
    assert done.err.endswith("stopped; 1 decision, 0 changes\n")


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--interval", "0"), "--interval"),
        (("--interval", "soon"), "--interval"),
        (("--for", "1s", "--until", "18:00"), "one of the two"),
        (("--until", "2020-01-01"), "past"),
        (("--capacity-per-instance", "-1"), "--capacity-per-instance"),
        (("--trace", "gone.csv"), "gone.csv"),
        (("--ledger", "gone/l.db"), "folder"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(
    options: tuple[str, ...], word: str, config: Path
) -> None:
    """Before anything is made."""
    expect_refusal(flyball("run", "--config", config, *options), word)


def test_a_home_that_is_not_served_is_refused(repository: Path) -> None:
    """Rather than simulated."""
    done = flyball("run", "--config", repository / "examples" / "gcp.yaml", "--once")
    expect_refusal(done, "home gcp")


def test_an_invalid_config_is_refused_with_every_problem(folder: Path) -> None:
    """Each on a line of its own."""
    (folder / "f.yaml").write_text("version: 1\nscalable_targets: [{id: a}, {id: b}]\n")
    done = flyball("run", "--config", "f.yaml", "--once")
    assert done.code == 2
    assert all(line.startswith("flyball: f.yaml:2:") for line in done.err.splitlines())


def test_a_metric_that_is_not_simulated_is_pointed_out(config: Path) -> None:
    """It would be missing for ever."""
    config.write_text(config.read_text().replace("invocations_per_instance", "latency"))
    done = flyball("run", "--config", config, "--once")
    assert done.code == 0
    assert "metric invocations will be missing" in done.err


def test_a_look_that_fails_is_an_error_where_there_is_no_next(config: Path, folder: Path) -> None:
    """The ledger's file is held by somebody else."""
    flyball("run", "--config", config, "--once")
    holder = sqlite3.connect(folder / ".flyball" / "ledger.db", isolation_level=None)
    holder.execute("UPDATE targets SET wake_at = 0")
    holder.execute("BEGIN IMMEDIATE")
    done = flyball("run", "--config", config, "--once", env={"FLYBALL_WAIT_S": "0.1"})
    holder.close()
    assert done.code == 1, done
    assert "locked" in done.err
    assert "demo: the wake failed" in done.err


# --- parts --------------------------------------------------------------------------


def speak(*, json: bool = False) -> Voice:
    """Make a voice for one scalable target."""
    return Voice([make_target()], quiet=False, json=json)


def test_what_lasts_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    """And again only after it was over."""
    voice = speak()
    turned = Wake(WakeKind.TURNED_AWAY, "demo", detail="held until …")
    for _ in range(3):
        voice.tell(turned)
    lost = Wake(WakeKind.LEASE_LOST, "demo", detail="x")
    for wake in (lost, lost, Wake(WakeKind.DECIDED, "demo", decided()), lost):
        voice.tell(wake)
    said = capsys.readouterr().err.splitlines()
    assert [line.count("another run is at work") for line in said] == [1, 0, 0]
    assert len(said) == 3


def test_a_ledger_that_is_out_of_reach_is_tried_again(capsys: pytest.CaptureFixture[str]) -> None:
    """It is said once, and again after it came back."""
    voice = speak()

    def fail() -> None:
        raise LedgerUnavailableError("l.db: locked")

    for turn in (fail, fail, lambda: None, fail):
        voice.attempt(turn, gives_up=False)
    assert capsys.readouterr().err == "flyball: l.db: locked\n" * 2
    assert voice.failures == 3
    with pytest.raises(LedgerUnavailableError):
        voice.attempt(fail, gives_up=True)


def test_what_is_no_news_is_not_said(capsys: pytest.CaptureFixture[str]) -> None:
    """A duplicate, or a target that is not due."""
    voice = speak(json=True)
    voice.tell(Wake(WakeKind.DUPLICATE, "demo"))
    voice.tell(Wake(WakeKind.NOT_DUE, "demo"))
    voice.tell(Wake(WakeKind.DECIDED, "demo"))
    assert capsys.readouterr() == ("", "")
    voice.tell(Wake(WakeKind.DECIDED, "demo", decided(), Outcome(OutcomeKind.APPLIED)))
    assert json.loads(capsys.readouterr().out)["outcome"] == {"kind": "applied"}
    voice.say_goodbye()
    assert capsys.readouterr().err == "flyball: stopped; 1 decision, 1 change\n"


def test_a_failed_wake_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """And what it says cannot steer the terminal."""
    voice = speak()
    voice.tell(Wake(WakeKind.FAILED, "demo", detail="\x1b[2J"))
    voice.tell(Wake(WakeKind.UNKNOWN_TARGET, "demo"))
    assert voice.failures == 1
    assert "\x1b" not in capsys.readouterr().err


def test_a_refusal_of_the_provider_is_part_of_the_line() -> None:
    """That it accepted is not worth words."""
    target = make_target()
    accepted = Wake(WakeKind.DECIDED, "demo", decided(), Outcome(OutcomeKind.APPLIED))
    refused = accepted._replace(outcome=Outcome(OutcomeKind.THROTTLED))
    assert "accepted" not in tell_wake(accepted, target)
    assert tell_wake(refused, target).endswith("the next wake tries again")
    assert tell_wake(Wake(WakeKind.FAILED, "demo", detail="x\x07"), target) == "x�"


def test_a_second_interrupt_ends_at_once() -> None:
    """The first asks; whoever repeats it means it."""
    stop = Stop()
    before = signal.getsignal(signal.SIGINT)
    with stop.listen():
        signal.raise_signal(signal.SIGTERM)
        assert stop.asked
        stop.wait(timedelta(hours=1))  # returns, since a stop was asked for
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_traffic_is_the_same_in_every_run() -> None:
    """A minute's requests depend on the minute alone."""
    one, capacity = make_demand(None, 0)
    other, same = make_demand(None, 0)
    minutes = [NOW.replace(second=0) + n * MINUTE for n in range(3 * 1_440)]
    assert [one(minute) for minute in minutes] == [other(minute) for minute in minutes]
    assert capacity == same > 0
    assert one(minutes[0]) != one(minutes[0] + timedelta(days=1))


def test_a_trace_is_repeated_without_end() -> None:
    """From its own minutes on, in both directions of time."""
    demand, _ = make_demand(Trace(EPOCH + 7 * MINUTE, (1.0, 2.0, None)), 0)
    assert [demand(EPOCH + n * MINUTE) for n in range(6, 12)] == [None, 1.0, 2.0, None, 1.0, 2.0]


def test_an_endpoint_serves_from_its_creation_on() -> None:
    """A run that starts again does not invent a backlog of before it."""
    endpoints = LocalEndpoints()
    targets = [ScalableTarget("a", 1, 9), ScalableTarget("b", 1, 9, resource={"endpoint": "e"})]
    minute = NOW.replace(second=0)
    first = make_loads(endpoints, targets, lambda _: 1.0, 2.0, NOW)
    assert {name: load.start for name, load in first.items()} == {"a": minute, "e": minute}
    later = make_loads(endpoints, targets, lambda _: 1.0, 2.0, NOW + 5 * MINUTE)
    assert later["a"].start == minute
    much_later = make_loads(endpoints, targets, lambda _: 1.0, 2.0, NOW + 60 * MINUTE)
    assert much_later["a"].start == minute + 45 * MINUTE


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("now", NOW),
        ("2026-06-02", datetime(2026, 6, 2, tzinfo=UTC)),
        ("2026-06-02T08:00", datetime(2026, 6, 2, 8, tzinfo=UTC)),
        ("2026-06-02T08:00+02:00", datetime(2026, 6, 2, 6, tzinfo=UTC)),
        ("18:00", datetime(2026, 6, 1, 18, tzinfo=UTC)),
        ("18:00:07", datetime(2026, 6, 1, 18, 0, 7, tzinfo=UTC)),
        ("08:00", datetime(2026, 6, 2, 8, tzinfo=UTC)),
    ],
)
def test_an_instant_may_be_typed_in_short(text: str, at: datetime) -> None:
    """A time of day is the next such one; without an offset it is UTC."""
    assert read_instant("--from", text, NOW) == at


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("11:00", datetime(2026, 6, 1, 11, tzinfo=UTC)),
        ("12:00:30", NOW),
        ("12:00:31", datetime(2026, 5, 31, 12, 0, 31, tzinfo=UTC)),
        ("23:30", datetime(2026, 5, 31, 23, 30, tzinfo=UTC)),
        ("2026-06-02", datetime(2026, 6, 2, tzinfo=UTC)),
        ("now", NOW),
    ],
)
def test_of_what_is_past_a_time_of_day_is_the_last_such_one(text: str, at: datetime) -> None:
    """Who asks at 11:17 for the rows since 11:00 does not mean tomorrow's."""
    assert read_instant("--since", text, NOW, is_past=True) == at


@pytest.mark.parametrize(
    ("text", "now", "at"),
    [
        ("06:00", NOW.replace(hour=22), datetime(2026, 6, 2, 6, tzinfo=UTC)),
        ("00:00", NOW, datetime(2026, 6, 2, tzinfo=UTC)),
        ("20:00", NOW.replace(hour=6), datetime(2026, 6, 1, 20, tzinfo=UTC)),
        ("2026-06-02T10:00", NOW, datetime(2026, 6, 2, 10, tzinfo=UTC)),
    ],
)
def test_an_end_by_the_clock_is_the_next_one(text: str, now: datetime, at: datetime) -> None:
    """Today's however far, tomorrow's while it is near, and any day by its date."""
    assert choose_end(text, None, now, ("--until", "--for")) == at


@pytest.mark.parametrize("text", ["11:59", "10:00", "00:01"])
def test_an_end_that_is_past_today_and_far_off_tomorrow_needs_a_date(text: str) -> None:
    """At 12:00 a pause until 10:00 is a slip sooner than one of 22 hours."""
    with pytest.raises(CommandError, match=f"past today, .*: 2026-06-02T{text}"):
        choose_end(text, None, NOW, ("--until", "--for"))


def test_an_end_is_an_instant_or_a_length() -> None:
    """Or nothing."""
    names = ("--until", "--for")
    assert choose_end(None, None, NOW, names) is None
    assert choose_end(None, "90", NOW, names) == NOW + timedelta(seconds=90)
    assert choose_end("13:00", None, NOW, names) == datetime(2026, 6, 1, 13, tzinfo=UTC)
    assert read_duration("--for", "1h30m") == timedelta(minutes=90)
    with pytest.raises(CommandError, match="past"):
        choose_end("now", None, NOW, names)
