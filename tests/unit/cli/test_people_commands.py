"""Do explain, pause and resume say and do what a person asks of them?"""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flyball.report.turns import Input
from tests.unit.cli.commands import expect_refusal, flyball, rows


def test_a_decision_is_explained(ledger: Path) -> None:
    """Why, what would have changed it, what the provider did, and when it is looked at again."""
    (row,) = rows(ledger, "--changes-only", "--limit", "1")
    done = flyball("explain", row["id"], "--ledger", ledger)
    assert done.code == 0
    for heading in ("Why", "What would have changed it", "What the provider did", "Next"):
        assert f"\n{heading}\n" in done.out
    assert "The provider accepted it." in done.out


def test_an_explanation_is_data_too(ledger: Path) -> None:
    """For a page or a bot."""
    found = flyball("explain", "last", "--ledger", ledger, "--json").json
    assert found["decision"]["scalable_target_id"] == "demo"
    assert found["sentence"].endswith(".")
    assert found["explanation"]["same"] is True
    inputs = {each["input"] for each in found["explanation"]["turns"]}
    assert inputs <= {each.value for each in Input}
    assert "metric" in inputs


def test_only_a_decision_can_be_explained(ledger: Path) -> None:
    """A config row has no why."""
    expect_refusal(flyball("explain", "demo@1", "--ledger", ledger), "config row")


def test_an_empty_ledger_has_nothing_to_explain(config: Path) -> None:
    """Until the first wake."""
    done = flyball("explain", "last", "--ledger", _empty(config))
    expect_refusal(done, "nothing has been decided yet")


def _empty(config: Path) -> Path:
    """Make a ledger without rows."""
    from flyball.wiring.local import Settings, open_ledger

    path = config.with_name("empty.db")
    open_ledger(path, Settings()).close()
    return path


def test_a_pause_is_a_row_with_its_reason_and_end(ledger: Path) -> None:
    """And is lifted by another."""
    command = ("--ledger", ledger, "--by", "ann")
    done = flyball(
        "pause", "demo", "--for", "2h", "--reason", "deploy", "--direction", "in", *command
    )
    assert done.code == 0
    assert done.out.startswith("demo: paused scale-in until ")
    assert done.out.endswith(" UTC (2 h) by ann: deploy\n")
    (row,) = rows(ledger, "--kind", "pause")
    assert row["body"]["reason"] == "deploy"
    lifted = flyball("resume", "demo", *command, "--json").json
    assert (lifted["lifted"], lifted["left"]) == (1, 0)
    (row,) = rows(ledger, "--kind", "resume")
    assert row["id"] == lifted["row"]
    assert flyball("ledger", "verify", "--ledger", ledger).code == 0


def test_a_pause_without_an_end_lasts(ledger: Path) -> None:
    """Its author is who is logged in."""
    done = flyball("pause", "demo", "--reason", "x", "--ledger", ledger, "--json").json
    assert "until" not in done["pause"]
    assert done["pause"]["by"]
    assert done["row"]


def test_a_pause_says_its_whole_end_and_how_long_that_is(ledger: Path) -> None:
    """Whoever meant another day sees it."""
    end = datetime.now(UTC) + timedelta(days=2, hours=3, minutes=1)
    text = f"{end:%Y-%m-%dT%H:%M:%S}"
    done = flyball("pause", "demo", "--until", text, "--reason", "x", "--ledger", ledger)
    assert f"until {end:%Y-%m-%d %H:%M}" in done.out
    assert "UTC (2 d 3 h) by" in done.out


def test_rows_since_a_time_of_day_are_those_of_today(ledger: Path) -> None:
    """The pause that was made just now is among them, whatever the clock says."""
    flyball("pause", "demo", "--reason", "x", "--ledger", ledger)
    since = f"{datetime.now(UTC) - timedelta(minutes=2):%H:%M}"
    for listed in (
        rows(ledger, "--since", since),
        flyball("ledger", "export", "--since", since, "--ledger", ledger).lines,
    ):
        assert [row["kind"] for row in listed] == ["pause"]


def test_a_resume_of_one_direction_leaves_the_other(ledger: Path) -> None:
    """And says that it lasts."""
    command = ("--ledger", ledger)
    for way in ("in", "out"):
        flyball("pause", "demo", "--reason", "x", "--direction", way, *command)
    done = flyball("resume", "demo", "--direction", "in", *command)
    assert done.out == "demo: resumed. A pause of the other direction, or of both, lasts.\n"
    again = flyball("resume", "demo", "--direction", "in", *command)
    assert again == (0, "demo: no such pause; nothing is changed\n", "")


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--until", "2020-01-01"), "--until"),
        (("--until", "18:00", "--for", "1h"), "one of the two"),
        (("--for", "soon"), "--for"),
        (("--by", "a\x1b"), "--by"),
        (("--reason", "a\nb"), "--reason"),
        (("--reason", "a" * 501), "--reason"),
    ],
)
def test_a_pause_that_makes_no_sense_is_refused(
    options: tuple[str, ...], word: str, ledger: Path
) -> None:
    """Nothing is written."""
    done = flyball("pause", "demo", "--reason", "x", *options, "--ledger", ledger)
    expect_refusal(done, word)
    assert rows(ledger, "--kind", "pause") == []


def test_an_unknown_target_cannot_be_paused(ledger: Path) -> None:
    """Nor resumed."""
    for command in (("pause", "dmeo", "--reason", "x"), ("resume", "dmeo")):
        expect_refusal(flyball(*command, "--ledger", ledger), "dmeo")


def test_a_wake_at_work_is_waited_for(ledger: Path) -> None:
    """As long as the settings say; then the lease's holder is named."""
    with sqlite3.connect(ledger) as database:
        database.execute("UPDATE targets SET token = 'x', lease_until = 9e15")
    database.close()
    done = flyball(
        *("pause", "demo", "--reason", "x", "--ledger", ledger), env={"FLYBALL_WAIT_S": "0.3"}
    )
    expect_refusal(done, "lease")


@pytest.mark.parametrize(
    "command",
    [
        ("ledger", "list"),
        ("ledger", "show", "last"),
        ("ledger", "verify"),
        ("ledger", "replay"),
        ("ledger", "export"),
        ("explain", "last"),
        ("pause", "demo", "--reason", "r"),
        ("resume", "demo"),
    ],
)
def test_a_ledger_is_a_stacks_or_a_file_and_never_two(command: tuple[str, ...]) -> None:
    """So that nobody pauses the adviser and means who is in charge."""
    done = flyball(*command, "--ledger", "copy.db", "--stack", "flyball")
    expect_refusal(done, "--ledger and --stack: give one of the two")
