"""Do the commands on a ledger find, check and hand on its rows?"""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from pathlib import Path

import pytest

from flyball.core.codec import decode
from flyball.core.record import DecisionRecord
from tests.unit.cli.commands import HOURS, expect_refusal, flyball, rows


def tamper(ledger: Path, statement: str) -> None:
    """Change a ledger as somebody would who has the file: without its triggers."""
    with sqlite3.connect(ledger) as database:
        names = [
            name
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        ]
        for name in names:
            database.execute(f"DROP TRIGGER {name}")
        database.execute(statement)
    database.close()


# --- list and show --------------------------------------------------------------


def test_the_newest_rows_are_listed_the_newest_last(ledger: Path) -> None:
    """One line a row, in words."""
    done = flyball("ledger", "list", "--ledger", ledger, "--limit", "3")
    head, *lines = done.out.splitlines()
    assert head.split() == ["UTC", "row", "what", "why"]
    assert len(lines) == 3
    assert lines[-1].startswith(f"0{HOURS - 1}:5")
    sequences = [row["sequence"] for row in rows(ledger, "--limit", "3")]
    assert sequences == sorted(sequences)


def test_filters_leave_out_what_is_not_wanted(ledger: Path) -> None:
    """Kind, time, target and changes alone."""
    every = rows(ledger, "--limit", "100000")
    assert [row["sequence"] for row in every] == list(range(1, len(every) + 1))
    assert {row["kind"] for row in rows(ledger, "--kind", "outcome")} == {"outcome"}
    late = rows(ledger, "--since", "2026-01-05T04:30Z", "--limit", "1000")
    assert 0 < len(late) < len(every)
    assert all(str(row["at"]) >= "2026-01-05T04:30:00Z" for row in late)
    changes = rows(ledger, "--changes-only", "--limit", "1000")
    assert changes
    assert all(row["body"]["decision"]["action"] == "set" for row in changes)
    assert rows(ledger, "--changes-only", "--kind", "outcome") == []
    assert rows(ledger, "--target", "demo", "--limit", "2") == every[-2:]


def test_no_row_at_all_is_said(ledger: Path) -> None:
    """An empty table would look like a fault."""
    done = flyball("ledger", "list", "--ledger", ledger, "--kind", "pause")
    assert (done.code, done.out) == (0, "no such rows\n")


@pytest.mark.parametrize(
    "command", [("list",), ("verify",), ("replay",), ("export",)], ids=lambda each: each[0]
)
def test_an_unknown_target_is_refused(command: tuple[str, ...], ledger: Path) -> None:
    """It would otherwise be all well with nothing."""
    done = flyball("ledger", *command, "--ledger", ledger, "--target", "dmeo")
    expect_refusal(done, "dmeo")


def test_a_row_is_shown_by_every_name_that_it_has(ledger: Path) -> None:
    """Its id, the beginning of one, TARGET@SEQUENCE, the target for its newest decision."""
    row = rows(ledger, "--kind", "decision", "--limit", "1")[0]
    whole = flyball("ledger", "show", row["id"], "--ledger", ledger, "--json")
    assert whole.json == row
    for name in (str(row["id"])[:30], f"demo@{row['sequence']}", "demo", "last"):
        assert flyball("ledger", "show", name, "--ledger", ledger, "--json") == whole
    said = flyball("ledger", "show", "last", "--ledger", ledger).out
    assert f"hash     {row['hash']}" in said
    assert json.loads(said[said.index("Body\n") + 5 :]) == row["body"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nothing", ["no such row"]),
        ("2026", ["rows begin with it", "type more"]),
        ("demo@99999", ["has no row 99999"]),
        ("demo@x", ["no such row"]),
        ("", ["no such row"]),
        ("a\x1b[2J", ["no such row", "�"]),
    ],
)
def test_a_name_of_no_row_or_of_several_is_refused(
    name: str, words: list[str], ledger: Path
) -> None:
    """With what would be understood."""
    expect_refusal(flyball("ledger", "show", name, "--ledger", ledger), *words)


@pytest.mark.parametrize(
    "command",
    [
        ("ledger", "list"),
        ("ledger", "verify"),
        ("ledger", "replay"),
        ("ledger", "export"),
        ("ledger", "show", "last"),
        ("explain", "last"),
        ("pause", "demo", "--reason", "x"),
        ("resume", "demo"),
    ],
    ids=" ".join,
)
def test_a_ledger_that_is_not_there_is_not_made(command: tuple[str, ...], folder: Path) -> None:
    """A mistyped path would otherwise look like an empty ledger."""
    expect_refusal(flyball(*command, "--ledger", "gone.db"), "gone.db", "flyball demo")
    assert not (folder / "gone.db").exists()


def test_what_is_no_ledger_is_refused(folder: Path) -> None:
    """Text, another program's database, a ledger of another version."""
    (folder / "text.db").write_text("hello\n" * 100)
    with sqlite3.connect(folder / "other.db") as database:
        database.execute("CREATE TABLE t (a)")
    database.close()
    for name in ("text.db", "other.db"):
        expect_refusal(flyball("ledger", "list", "--ledger", name), name)


def test_a_ledger_of_another_version_is_refused(ledger: Path) -> None:
    """It names the version and what to do."""
    with sqlite3.connect(ledger) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    expect_refusal(flyball("ledger", "list", "--ledger", ledger), "99")


def test_the_environment_names_the_ledger(ledger: Path) -> None:
    """An option goes before it."""
    named = {"FLYBALL_LEDGER": str(ledger)}
    assert flyball("ledger", "verify", env=named).code == 0
    done = flyball("ledger", "verify", "--ledger", "gone.db", env=named)
    expect_refusal(done, "gone.db")


# --- verify and replay ------------------------------------------------------------


def test_a_ledger_as_it_was_written_verifies_and_replays(ledger: Path) -> None:
    """Both in words and as JSON."""
    count = len(rows(ledger, "--limit", "100000"))
    verified = flyball("ledger", "verify", "--ledger", ledger)
    assert verified.code == 0
    assert verified.out.startswith(f"{count} rows of 1 scalable target: each is as it was")
    found = flyball("ledger", "verify", "--ledger", ledger, "--json").json
    assert found == {"ok": True, "scalable_targets": 1, "rows": count, "faults": []}
    replayed = flyball("ledger", "replay", "--ledger", ledger)
    assert replayed.code == 0
    assert "each is the same, bit for bit" in replayed.out
    again = flyball("ledger", "replay", "--ledger", ledger, "--json").json
    assert again["ok"]
    assert (
        again["decisions"]
        == again["same"]
        == len(rows(ledger, "--limit", "100000", "--kind", "decision"))
    )


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE ledger SET body = replace(body, '2', '3') WHERE sequence = 9", "demo@9: changed"),
        ("DELETE FROM ledger WHERE sequence = 9", "demo@9: removed"),
        ("DELETE FROM targets", "demo@0: removed: the target's item is gone"),
        ("DELETE FROM ledger WHERE sequence = (SELECT max(sequence) FROM ledger)", ": removed"),
    ],
)
def test_a_row_that_was_tampered_with_is_named(statement: str, named: str, ledger: Path) -> None:
    """And ends with 1."""
    tamper(ledger, statement)
    done = flyball("ledger", "verify", "--ledger", ledger)
    assert done.code == 1
    assert named in done.out
    assert done.out.endswith("1 fault\n")
    found = flyball("ledger", "verify", "--ledger", ledger, "--json")
    assert found.code == 1
    assert (found.json["ok"], len(found.json["faults"])) == (False, 1)


def test_a_decision_that_differs_is_named_with_both_values(ledger: Path) -> None:
    """What is stored, and what is decided now."""
    (row,) = rows(ledger, "--changes-only", "--limit", "1")
    wanted = row["body"]["decision"]["wanted"]
    tamper(
        ledger,
        f"UPDATE ledger SET body = replace(body, '\"wanted\":{wanted}', '\"wanted\":987')"  # noqa: S608
        f" WHERE sequence = {row['sequence']}",
    )
    done = flyball("ledger", "replay", "--ledger", ledger)
    assert done.code == 1
    assert f"demo@{row['sequence']}: decision.wanted: 987, now {wanted}" in done.out
    found = flyball("ledger", "replay", "--ledger", ledger, "--json").json
    assert (found["ok"], found["decisions"] - found["same"]) == (False, 1)


def test_many_differences_do_not_fill_the_screen(ledger: Path) -> None:
    """The first twenty, and how many there are."""
    tamper(ledger, "UPDATE ledger SET body = '{\"engine\": \"\"}' WHERE kind = 'decision'")
    done = flyball("ledger", "replay", "--ledger", ledger)
    assert done.code == 1
    assert "more; --json has all of them" in done.out
    assert "an unknown engine" in done.out
    assert len(done.out.splitlines()) < 30


def test_a_damaged_row_is_listed_as_one(ledger: Path) -> None:
    """What is in it never reaches the terminal as it is."""
    tamper(ledger, "UPDATE ledger SET body = '\x1b[2J{', kind = '\x1b[31m' WHERE sequence = 9")
    listed = flyball("ledger", "list", "--ledger", ledger, "--limit", "100000")
    assert listed.code == 0
    assert "\x1b" not in listed.out
    assert "cannot be read" in listed.out
    shown = flyball("ledger", "show", "demo@9", "--ledger", ledger)
    assert "\x1b" not in shown.out
    expect_refusal(flyball("explain", "demo@9", "--ledger", ledger), "row")


def test_a_decision_that_cannot_be_read_is_refused(ledger: Path) -> None:
    """With what to do."""
    tamper(ledger, "UPDATE ledger SET body = '{}' WHERE kind = 'decision'")
    expect_refusal(flyball("explain", "last", "--ledger", ledger), "ledger verify")


def test_a_ledger_without_its_config_rows_cannot_explain(ledger: Path) -> None:
    """It says so, and how to find out more."""
    tamper(ledger, "DELETE FROM ledger WHERE kind = 'config'")
    expect_refusal(flyball("explain", "last", "--ledger", ledger), "config row is gone")
    assert flyball("ledger", "list", "--ledger", ledger).code == 0


# --- export -----------------------------------------------------------------------


def test_rows_are_exported_whole(ledger: Path) -> None:
    """One JSON object a line, in order; a decision in it can be read again."""
    done = flyball("ledger", "export", "--ledger", ledger)
    assert done.lines == rows(ledger, "--limit", "100000")
    bodies = [row["body"] for row in done.lines if row["kind"] == "decision"]
    assert decode(DecisionRecord, bodies[-1]).decision.scalable_target_id == "demo"


def test_a_csv_has_columns_for_a_spreadsheet(ledger: Path, folder: Path) -> None:
    """Of every kind of row."""
    done = flyball("ledger", "export", "--ledger", ledger, "--format", "csv", "--output", "o.csv")
    assert (done.code, done.out) == (0, "")
    with (folder / "o.csv").open(newline="") as stream:
        found = list(csv.DictReader(stream))
    every = rows(ledger, "--limit", "100000")
    assert [row["id"] for row in found] == [row["id"] for row in every]
    change = next(row for row in found if row["action"] == "set")
    assert int(change["desired"]) != int(change["current"])
    assert {row["outcome"] for row in found} == {"", "applied"}
    assert not list(folder.glob(".o.csv*"))


def test_filters_hold_for_an_export_too(ledger: Path) -> None:
    """Kind and time."""
    done = flyball(
        *("ledger", "export", "--ledger", ledger, "--kind", "decision"),
        *("--since", "2026-01-05T04:50Z", "--target", "demo"),
    )
    assert done.lines
    assert {row["kind"] for row in done.lines} == {"decision"}


def test_a_formula_in_a_name_stays_a_text(ledger: Path) -> None:
    """Somebody else may have written the reason of a pause."""
    done = flyball("pause", "demo", "--reason", "=1+1", "--by", "@ann", "--ledger", ledger)
    assert done.code == 0
    tamper(ledger, "UPDATE ledger SET kind = '=cmd()' WHERE kind = 'pause'")
    text = flyball("ledger", "export", "--ledger", ledger, "--format", "csv").out
    last = list(csv.DictReader(io.StringIO(text)))[-1]
    assert last["kind"] == "'=cmd()"


def test_an_export_replaces_no_file_unasked(ledger: Path, folder: Path) -> None:
    """And leaves nothing behind where it cannot be written."""
    (folder / "o").write_text("mine")
    command = ("ledger", "export", "--ledger", ledger, "--output")
    expect_refusal(flyball(*command, "o"), "--overwrite")
    assert (folder / "o").read_text() == "mine"
    assert flyball(*command, "o", "--overwrite").code == 0
    assert (folder / "o").read_text() != "mine"
    expect_refusal(flyball(*command, "gone/o"), "gone")


def test_a_body_that_is_no_json_is_exported_as_text(ledger: Path) -> None:
    """Evidence of tampering is not lost in an export."""
    tamper(ledger, "UPDATE ledger SET body = 'spoilt' WHERE sequence = 9")
    done = flyball("ledger", "export", "--ledger", ledger)
    assert done.lines[8]["body"] == "spoilt"
    text = flyball("ledger", "export", "--ledger", ledger, "--format", "csv").out
    assert list(csv.DictReader(io.StringIO(text)))[8]["detail"] == "spoilt"


# --- what was retired -------------------------------------------------------------


@pytest.fixture(params=["retired", "without_its_item"])
def left(request: pytest.FixtureRequest, ledger: Path) -> Path:
    """Give a ledger whose only target went as `flyball destroy` lets it, or lost its item."""
    if request.param == "without_its_item":
        tamper(ledger, "DELETE FROM targets")
        return ledger
    done = flyball(
        *("destroy", "--config", ledger.with_name("copy.yaml"), "--yes", "--ledger", ledger)
    )
    assert done.code == 0, done
    return ledger


@pytest.mark.usefixtures("config")
def test_a_target_that_went_is_still_found_by_every_name(left: Path) -> None:
    """The ledger is kept because it proves what was done; so it must be possible to ask it."""
    row = rows(left, "--kind", "decision", "--limit", "1")[0]
    for name in ("demo", f"demo@{row['sequence']}", "last", row["id"]):
        shown = flyball("ledger", "show", name, "--ledger", left, "--json")
        assert (shown.code, shown.json) == (0, row), name
        assert flyball("explain", name, "--ledger", left).code == 0, name
    assert rows(left, "--target", "demo", "--kind", "decision", "--limit", "1") == [row]
    done = flyball("ledger", "show", "demo@99999", "--ledger", left)
    expect_refusal(done, "demo has no row 99999")


@pytest.mark.usefixtures("config")
@pytest.mark.parametrize("named", [(), ("--target", "demo")], ids=["all", "one"])
def test_the_decisions_of_a_target_that_went_are_decided_again(
    named: tuple[str, ...], left: Path
) -> None:
    """And its rows are exported, whether or not it is named."""
    count = len(rows(left, "--kind", "decision", "--limit", "100000"))
    done = flyball("ledger", "replay", *named, "--ledger", left)
    same = f"{count} decisions, decided again: each is the same, bit for bit\n"
    assert (done.code, done.out) == (0, same)
    done = flyball("ledger", "export", *named, "--kind", "decision", "--ledger", left)
    assert len(done.lines) == count


def test_nothing_at_all_proves_nothing(folder: Path) -> None:
    """Each of no decisions is not the same as it was; there is none."""
    from flyball.wiring.local import Settings, open_ledger

    path = folder / "empty.db"
    open_ledger(path, Settings()).close()
    done = flyball("ledger", "replay", "--ledger", path)
    assert (done.code, done.out) == (0, "no decisions: there is nothing to decide again\n")
    assert flyball("ledger", "replay", "--ledger", path, "--json").json["decisions"] == 0
    done = flyball("ledger", "verify", "--ledger", path)
    assert (done.code, done.out) == (0, "no rows: there is nothing to verify\n")
