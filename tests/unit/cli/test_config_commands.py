"""Do validate, schema, schedule and decide say what a file means?"""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from tests.unit.cli.commands import expect_refusal, flyball

HEAD = """\
version: 1
scalable_targets:
  - id: churn
    min_capacity: 2
    max_capacity: 20
    metrics: [{name: m}]
    policies: [{name: p, kind: target_tracking, metric: m, target_value: 100}]
"""


def write(folder: Path, text: str | bytes) -> Path:
    """Write a config."""
    path = folder / "f.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize("text", [HEAD, HEAD.replace("\n", "\r\n"), "\ufeff" + HEAD])
def test_a_sound_file_is_said_to_be_sound(folder: Path, text: str) -> None:
    """Also with Windows' line ends or a byte-order mark."""
    path = write(folder, text)
    assert flyball("validate", path) == (0, f"{path}: sound, 1 scalable target\n", "")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("", ["f.yaml:1:1", "empty"], id="empty"),
        pytest.param("- a\n- b\n", ["f.yaml:1:1", "mapping"], id="a list"),
        pytest.param(HEAD + "    colour: red\n", ["f.yaml:8:5", "colour"], id="unknown key"),
        pytest.param(HEAD.replace("100", ".nan"), ["f.yaml:7:", "target_value"], id="NaN"),
        pytest.param(HEAD.replace(": 2\n", ": -2\n"), ["f.yaml:4:", "min_capacity"], id="negative"),
        pytest.param(
            HEAD.replace(": 2\n", ": 30\n"), ["f.yaml:4:", "min_capacity"], id="min > max"
        ),
        pytest.param(HEAD.replace("churn", '"a\\e[2Jb"'), ["f.yaml:3:"], id="control characters"),
        pytest.param(b"\xff\xfe\xfa", ["f.yaml"], id="not text"),
    ],
)
def test_a_bad_file_is_answered_with_its_line(
    folder: Path, text: str | bytes, words: list[str]
) -> None:
    """Exit code 1: it was read, and it is not sound."""
    done = flyball("validate", write(folder, text))
    assert done.code == 1
    assert done.err == ""
    for word in words:
        assert word in done.out
    assert done.out.endswith(" error\n") or done.out.endswith(" errors\n")
    assert "\x1b" not in done.out


def test_every_error_is_named_at_once_as_json(folder: Path) -> None:
    """With its place in fields of their own."""
    text = HEAD.replace(": 2\n", ": -2\n").replace("100", "-1")
    done = flyball("validate", write(folder, text), "--json")
    assert done.code == 1
    found = done.json
    assert (found["valid"], found["ok"], found["scalable_targets"]) == (False, False, 0)
    assert [each["line"] for each in found["problems"]] == [4, 7]
    assert {each["severity"] for each in found["problems"]} == {"error"}


def test_a_warning_fails_only_where_it_is_asked_to(folder: Path) -> None:
    """A doubtful file is used all the same."""
    text = HEAD.replace("{name: m}", "{name: m}, {name: unused}")
    path = write(folder, text)
    done = flyball("validate", path)
    assert (done.code, done.err) == (0, "")
    assert "warning" in done.out
    assert flyball("validate", path, "--strict").code == 1
    found = flyball("validate", path, "--strict", "--json").json
    assert (found["valid"], found["ok"]) == (True, False)


def test_stdin_is_read_for_a_dash() -> None:
    """From another program."""
    assert flyball("validate", "-", given=HEAD).code == 0


@pytest.mark.parametrize("command", [("validate",), ("schedule", "preview")])
def test_a_file_that_is_not_there_is_no_invalid_file(
    command: tuple[str, ...], folder: Path
) -> None:
    """Exit code 2: it could not be said."""
    expect_refusal(flyball(*command, "gone.yaml"), "gone.yaml", "no such file")
    expect_refusal(flyball(*command, folder), "folder")


def test_ten_thousand_targets_are_read(folder: Path) -> None:
    """In a time that nobody minds, with the one error among them."""
    lines = ["version: 1", "scalable_targets:"]
    for number in range(10_000):
        most = -1 if number == 7_777 else 9
        lines.append(f"  - {{id: t{number}, min_capacity: 1, max_capacity: {most}}}")
    done = flyball("validate", write(folder, "\n".join(lines)), "--json")
    assert done.code == 1
    assert done.json["problems"][0]["line"] == 7_780


@pytest.mark.parametrize("kind", ["config", "scenario"])
def test_a_schema_is_a_schema(kind: str) -> None:
    """That a validator takes."""
    schema = flyball("schema", kind).json
    jsonschema.Draft202012Validator.check_schema(schema)
    if kind == "config":
        assert flyball("schema").json == schema


CALENDAR = (
    HEAD
    + """\
    windows:
      - {name: office, days: [mon-fri], from: "08:00", to: "18:00", floor: 6,
         time_zone: Europe/Berlin}
  - id: other
    min_capacity: 0
    max_capacity: 20
    policies:
      - {name: night, kind: scheduled, schedule: "cron(30 2 ? * * *)", max_capacity: 4,
         time_zone: Europe/Berlin}
"""
)


def test_the_calendar_is_listed_in_utc_and_local_time(folder: Path) -> None:
    """In order, over all scalable targets."""
    path = write(folder, CALENDAR)
    command = ("schedule", "preview", path, "--from", "2026-06-01", "--count", "3")
    assert flyball(*command).out.splitlines() == [
        "UTC                   local                          target  what",
        "Mon 2026-06-01 00:30  Mon 02:30+02:00 Europe/Berlin  other   night fires    max 4",
        "Mon 2026-06-01 06:00  Mon 08:00+02:00 Europe/Berlin  churn   office starts  floor 6",
        "Mon 2026-06-01 16:00  Mon 18:00+02:00 Europe/Berlin  churn   office ends",
    ]
    found = flyball(*command, "--json").json
    assert [each["at"] for each in found] == [
        "2026-06-01T00:30:00Z",
        "2026-06-01T06:00:00Z",
        "2026-06-01T16:00:00Z",
    ]


def test_the_day_on_which_the_clock_changes_is_pointed_out(folder: Path) -> None:
    """On 29 March 2026 the clock jumps over 02:30, so nothing fires."""
    path = write(folder, CALENDAR)
    command = ("schedule", "preview", path, "--target", "other", "--from", "2026-03-28T00:00Z")
    found = flyball(*command, "--count", "2", "--json").json
    assert [each["at"] for each in found] == ["2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z"]
    autumn = ("schedule", "preview", path, "--target", "other", "--from", "2026-10-24T12:00Z")
    done = flyball(*autumn, "--count", "1")
    assert "the clock is put back by 60 min" in done.out
    spring = ("schedule", "preview", path, "--target", "churn", "--from", "2026-03-28T12:00Z")
    assert "put forward" not in flyball(*spring, "--count", "1").out


def test_a_calendar_with_nothing_to_come_says_so(folder: Path) -> None:
    """Rather than an empty table."""
    done = flyball("schedule", "preview", write(folder, HEAD), "--from", "2026-06-01")
    assert done.code == 0
    assert "nothing in it fires after 2026-06-01 00:00 UTC" in done.out


def test_an_unknown_target_of_a_calendar_is_refused(folder: Path) -> None:
    """With those that there are."""
    done = flyball("schedule", "preview", write(folder, CALENDAR), "--target", "chrn")
    expect_refusal(done, "'chrn'", "churn, other")


@pytest.mark.parametrize("text", ["tomorrow", "25:00", "2026-13-01", "12:00:00:00"])
def test_an_instant_that_is_none_is_refused(folder: Path, text: str) -> None:
    """With an example."""
    done = flyball("schedule", "preview", write(folder, CALENDAR), "--from", text)
    expect_refusal(done, "--from", "18:00 (UTC)")


def test_a_scenario_gives_the_whole_decision(repository: Path) -> None:
    """The engine as a calculator, from a file or stdin."""
    path = repository / "examples" / "scenarios" / "scale-out.yaml"
    done = flyball("decide", path)
    assert done.code == 0
    assert (done.json["current"], done.json["desired"]) == (10, 15)
    assert flyball("decide", path, "--json") == done
    assert flyball("decide", "-", given=path.read_bytes()) == done


def test_a_scenario_is_said_in_words_on_request(repository: Path) -> None:
    """With what would have changed it."""
    path = repository / "examples" / "scenarios" / "scale-out.yaml"
    done = flyball("decide", path, "--words")
    assert done.out.startswith("Scale out 10 → 15\n\nWhy\n")
    assert "What would have changed it" in done.out
    assert "What the provider did" not in done.out
    expect_refusal(flyball("decide", path, "--words", "--json"), "one of the two")


def test_a_scenario_that_cannot_be_read_is_refused(folder: Path) -> None:
    """Each problem with its place; exit code 2."""
    expect_refusal(flyball("decide", "gone.yaml"), "gone.yaml")
    path = folder / "s.yaml"
    path.write_text(json.dumps({"now": "x", "obsrvation": {}}))
    done = flyball("decide", path)
    assert done.code == 2
    assert all(
        line.startswith("flyball: s.yaml:") or str(path) in line for line in done.err.splitlines()
    )
    assert "observation" in done.err
