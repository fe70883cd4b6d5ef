"""Do plan, apply and destroy do what they show, and end with the code that they promise?"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.commands import Done, flyball

CONFIG = """\
version: 1
scalable_targets:
  - id: churn
    min_capacity: 2
    max_capacity: 8
    metrics: [{name: load, source: {metric: utilization}}]
    policies: [{name: keep, kind: target_tracking, metric: load, target_value: 60}]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Write a config of one target on this machine."""
    path = tmp_path / "flyball.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


def expect_error(done: Done, *words: str) -> None:
    """Expect a refusal with code 1: of a plan, 2 says that there are changes."""
    assert done.code == 1, done
    assert "Traceback" not in done.err
    for word in words:
        assert word in done.err


def test_a_plan_ends_with_2_for_changes_and_with_0_for_none(config: Path, tmp_path: Path) -> None:
    """As terraform's -detailed-exitcode, so that a pipeline can tell; a plan makes nothing."""
    done = flyball("plan", "--config", config)
    assert done.code == 2
    assert "+ scalable target: 2–8 instances; apply; policies keep" in done.out
    assert "Plan: 1 to create." in done.out
    assert not (tmp_path / ".flyball").exists()
    assert flyball("apply", "--config", config, "--yes").code == 0
    done = flyball("plan", "--config", config)
    assert (done.code, done.err) == (0, "")
    assert "Nothing to change: 1 part is as wanted." in done.out


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("plan", "--config", "gone.yaml"), "no such file"),
        (("plan",), "--config"),
        (("plan", "--oops"), "No such option"),
        (("apply",), "one of the two"),
        (("apply", "a.json", "--config", "b.yaml"), "one of the two"),
        (("apply", "a.json", "--prune"), "--prune: that is decided when PLAN is made"),
        (("apply", "a.json", "--target", "churn"), "--target churn: that is decided when PLAN"),
        (("plan", "--config", "flyball.yaml", "--destroy", "--take-over"), "leave the other"),
        (("plan", "--config", "flyball.yaml", "--target", "churm"), "did you mean churn?"),
        (("destroy", "--config", "flyball.yaml", "--target", "x"), "no such scalable target"),
        (("plan", "--config", "flyball.yaml", "--target", "churn", "--prune"), "one of the two"),
        (
            ("plan", "--config", "flyball.yaml", "--ledger", "dynamodb:a/b"),
            "--ledger: got dynamodb:",
        ),
        (("apply", "flyball.yaml"), "name it with --config"),
        (("apply", "gone.json"), "No such file"),
        (("destroy",), "--config"),
    ],
)
def test_being_called_wrongly_is_1_and_never_2(
    arguments: tuple[str, ...], word: str, config: Path
) -> None:
    """A slip in a pipeline is not taken for changes."""
    assert config.exists()
    expect_error(flyball(*arguments), word)


def test_every_error_of_a_config_is_named_with_1(tmp_path: Path) -> None:
    """As validate does, but for the code."""
    path = tmp_path / "bad.yaml"
    path.write_text("version: 1\nscalable_targets: [{id: a, min_capacity: x}]\n", encoding="utf-8")
    done = flyball("plan", "--config", path)
    expect_error(done, "bad.yaml:2:", "min_capacity")


def test_a_home_of_which_nothing_is_known_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said before anything is opened."""
    for name in ("FLYBALL_GCP_PROJECT", "GOOGLE_CLOUD_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "gcp.yaml"
    resource = "{project: p, location: europe-west4, endpoint: 1}"
    home = f"    home: gcp\n    resource: {resource}\n    min_capacity"
    text = CONFIG.replace("    min_capacity", home)
    source = "{metric: custom.googleapis.com/load, statistic: mean}"
    text = text.replace("{metric: utilization}", source)
    path.write_text(text, encoding="utf-8")
    done = flyball("plan", "--config", path)
    expect_error(done, "FLYBALL_GCP_PROJECT: got ''")
    assert "name it by --project" in done.err
    done = flyball("plan", "--config", path, "--project", "BAD ID")
    expect_error(done, "--project: got 'BAD ID', expected a project's id or number")


def test_what_changes_is_shown_field_by_field(config: Path) -> None:
    """Before and after; a field at its default says so."""
    assert flyball("apply", "--config", config, "--yes").code == 0
    changed = CONFIG.replace("max_capacity: 8", "max_capacity: 9\n    mode: advise")
    config.write_text(changed.replace("target_value: 60", "target_value: 70"), encoding="utf-8")
    done = flyball("plan", "--config", config)
    assert done.code == 2
    for line in (
        "max_capacity: 8 → 9", "mode: apply → advise", "policies.keep.target_value: 60 → 70",
    ):  # fmt: skip
        assert f"      {line}\n" in done.out
    assert "config_hash" not in done.out


def test_a_saved_plan_is_applied_once_and_again_does_nothing(config: Path) -> None:
    """What it wants is there: the second time it finds nothing to do."""
    assert flyball("plan", "--config", config, "--out", "plan.json").code == 2
    done = flyball("apply", "plan.json")
    assert (done.code, done.err) == (0, "flyball: created scalable target churn\n")
    done = flyball("apply", "plan.json")
    assert (done.code, done.err) == (0, "")
    assert "Nothing to change" in done.out


def test_a_plan_is_refused_when_its_file_was_changed(config: Path) -> None:
    """What was reviewed and what is written now are two things; it says which target."""
    flyball("plan", "--config", config, "--out", "plan.json")
    config.write_text(CONFIG.replace("60", "61"), encoding="utf-8")
    done = flyball("apply", "plan.json")
    expect_error(done, "stale", "scalable target churn was changed since", "plan again")
    assert flyball("plan", "--config", config).code == 2


def test_a_plan_is_refused_when_somebody_else_applied_another(config: Path) -> None:
    """An old plan does not go over a newer one."""
    flyball("plan", "--config", config, "--out", "plan.json")
    other = config.with_name("other.yaml")
    other.write_text(CONFIG.replace("60", "61"), encoding="utf-8")
    assert flyball("apply", "--config", other, "--yes").code == 0
    done = flyball("apply", "plan.json")
    expect_error(done, "stale", "scalable target churn: it appeared since")


def test_a_plan_goes_on_without_its_file_and_says_so(config: Path) -> None:
    """A pipeline may apply where no checkout is; what could not be compared is no secret."""
    flyball("plan", "--config", config, "--out", "plan.json")
    config.unlink()
    done = flyball("apply", "plan.json")
    assert done.code == 0
    assert "flyball.yaml: not found, so whether it was changed since the plan" in done.err


def test_a_plan_is_held_to_its_file_from_every_folder(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its file and ledger are found from where it lies; others of their names are not taken."""
    (config.parent / "plans").mkdir()
    (config.parent / "elsewhere").mkdir()
    ledger = config.parent / "l.db"
    made = flyball("plan", "--config", config, "--out", "plans/plan.json", "--ledger", ledger)
    assert made.code == 2
    monkeypatch.chdir("elsewhere")
    Path("flyball.yaml").write_text(CONFIG.replace("60", "99"), encoding="utf-8")
    config.write_text(CONFIG.replace("60", "61"), encoding="utf-8")
    done = flyball("apply", "../plans/plan.json")
    expect_error(done, "../flyball.yaml: scalable target churn was changed since")
    assert "--config ../flyball.yaml --ledger ../l.db --out ../plans/plan.json" in done.err
    config.write_text(CONFIG, encoding="utf-8")
    assert flyball("apply", "../plans/plan.json").code == 0
    assert flyball("ledger", "list", "--ledger", ledger, "--json").lines[0]["kind"] == "config"
    assert list(Path().iterdir()) == [Path("flyball.yaml")]


TWO = CONFIG + CONFIG[CONFIG.index("  - id") :].replace("id: churn", "id: other")


def test_only_the_targets_that_are_named_change(config: Path) -> None:
    """One at a time, there and back; the others of the file are neither shown nor pruned."""
    config.write_text(TWO, encoding="utf-8")
    arguments = ("--config", config, "--target", "other", "--yes")
    done = flyball("apply", *arguments)
    assert done.err == "flyball: created scalable target other\n"
    assert flyball("apply", "--config", config, "--yes").err.endswith("target churn\n")
    done = flyball("plan", *arguments[:-1])
    assert (done.code, "churn" in done.out) == (0, False)
    done = flyball("destroy", *arguments)
    assert done.err == "flyball: deleted scalable target other\n"
    assert flyball("plan", "--config", config, "--target", "churn").code == 0


def test_a_saved_plan_is_of_the_targets_that_were_named(config: Path) -> None:
    """A change of another one since then does not matter; the remedy names them again."""
    config.write_text(TWO, encoding="utf-8")
    arguments = ("plan", "--config", config, "--target", "churn", "--allow-scale-in")
    assert flyball(*arguments, "--out", "plan.json").code == 2
    config.write_text(TWO.replace("id: other", "id: third"), encoding="utf-8")
    stale = Path("plan.json").read_text(encoding="utf-8")
    assert flyball("apply", "plan.json").err == "flyball: created scalable target churn\n"
    config.write_text(TWO.replace("60", "61"), encoding="utf-8")
    Path("plan.json").write_text(stale, encoding="utf-8")
    done = flyball("apply", "plan.json")
    expect_error(done, "stale", "churn was changed since")
    command = done.err.partition("plan again: `flyball ")[2].partition("`")[0].split()
    assert command == [
        *("plan", "--config", "flyball.yaml", "--target", "churn", "--allow-scale-in"),
        *("--out", "plan.json"),
    ]
    assert flyball(*command).code == 2
    assert flyball("apply", "plan.json").code == 0


def test_what_destroy_would_do_is_planned_and_applied_as_planned(config: Path) -> None:
    """With its code, its file, and its own command where it is stale."""
    assert flyball("plan", "--config", config, "--destroy").code == 0
    flyball("apply", "--config", config, "--yes")
    done = flyball("plan", "--config", config, "--destroy", "--out", "gone.json")
    assert done.code == 2
    assert "Plan: 1 to delete." in done.out
    config.write_text(CONFIG.replace("60", "61"), encoding="utf-8")
    expect_error(flyball("apply", "gone.json"), "--config flyball.yaml --destroy --out gone.json")
    config.write_text(CONFIG, encoding="utf-8")
    assert flyball("apply", "gone.json").err == "flyball: deleted scalable target churn\n"


def test_nothing_removed_is_told_from_not_being_here(config: Path) -> None:
    """It may be another stage that was meant."""
    done = flyball("destroy", "--config", config, "--yes")
    assert done.code == 0
    assert "Scalable target churn of" in done.out
    assert "is not registered here" in done.out


def test_tables_are_no_ledger_of_targets_on_this_machine(config: Path) -> None:
    """By the environment either; no folder is made of their name."""
    for command in (("plan",), ("apply", "--yes"), ("destroy", "--yes"), ("doctor",)):
        done = flyball(*command, "--config", config, env={"FLYBALL_LEDGER": "dynamodb:a/b"})
        assert done.code in (1, 2), done
        assert "FLYBALL_LEDGER: got dynamodb:a/b, expected a file" in done.err
    assert [each.name for each in config.parent.iterdir()] == ["flyball.yaml"]


def test_nobody_to_ask_is_a_refusal(config: Path) -> None:
    """A script says --yes; nothing happens by default."""
    done = flyball("apply", "--config", config)
    expect_error(done, "say --yes", "nothing was changed")
    assert flyball("plan", "--config", config).code == 2


def test_a_target_goes_and_its_rows_stay(config: Path) -> None:
    """Destroy is not forgetting: the chain is whole, and another apply brings it back."""
    flyball("apply", "--config", config, "--yes")
    done = flyball("destroy", "--config", config, "--yes")
    assert (done.code, done.err) == (0, "flyball: deleted scalable target churn\n")
    assert "Nothing to remove." in flyball("destroy", "--config", config, "--yes").out
    listed = flyball("ledger", "list", "--json").lines
    assert [each["kind"] for each in listed] == ["config", "retired"]
    verified = flyball("ledger", "verify")
    assert verified.code == 0, verified
    assert flyball("apply", "--config", config, "--yes").code == 0
    assert flyball("ledger", "verify").code == 0


def test_the_json_of_each_is_for_programs(config: Path) -> None:
    """A plan prints itself; apply and destroy say what was done."""
    planned: Any = flyball("plan", "--config", config, "--json", "--out", "plan.json")
    assert planned.code == 2
    assert planned.json == json.loads(Path("plan.json").read_text(encoding="utf-8"))
    assert planned.json["plan"]["changes"][0]["verb"] == "create"
    done = flyball("apply", "plan.json", "--json")
    assert (done.code, done.json["ok"], done.json["made"]) == (0, True, 1)
    again = flyball("apply", "--config", config, "--yes", "--json")
    assert (again.code, again.json["changes"], again.json["made"]) == (0, 0, 0)
    gone = flyball("destroy", "--config", config, "--yes", "--json")
    assert (gone.json["done"][0]["verb"], gone.json["error"]) == ("delete", None)


def test_other_targets_are_kept_or_removed_on_request(config: Path) -> None:
    """Two files may share a ledger."""
    flyball("apply", "--config", config, "--yes")
    config.write_text(CONFIG.replace("id: churn", "id: other"), encoding="utf-8")
    done = flyball("apply", "--config", config, "--yes")
    assert "kept: churn" in done.out
    done = flyball("apply", "--config", config, "--yes", "--prune")
    assert "not name them: churn" in done.out
    assert done.err == "flyball: deleted scalable target churn\n"


def test_a_ledger_that_breaks_says_how_far_it_came(config: Path, tmp_path: Path) -> None:
    """Nothing is half-applied in silence; the same command makes the rest."""
    ledger = tmp_path / "l.db"
    flyball("apply", "--config", config, "--yes", "--ledger", ledger)
    config.write_text(CONFIG.replace("60", "61"), encoding="utf-8")
    arguments = ("apply", "--config", config, "--yes", "--ledger", ledger)
    with closing(sqlite3.connect(ledger)) as other:
        other.execute("BEGIN IMMEDIATE")
        done = flyball(*arguments, env={"FLYBALL_WAIT_S": "0"})
        expect_error(done, "0 of 1 change made; the same command makes the rest", "locked")
        done = flyball(*arguments, "--json", env={"FLYBALL_WAIT_S": "0"})
        assert (done.json["ok"], done.json["made"], done.json["changes"]) == (False, 0, 1)
    assert flyball(*arguments).code == 0


def test_doctor_looks_at_a_ledger_on_this_machine(config: Path) -> None:
    """Freshness against the file, and whether anybody runs it."""
    flyball("apply", "--config", config, "--yes")
    done = flyball("doctor", "--config", config)
    assert done.code == 0, done
    assert "ok    tick: no scalable target is overdue" in done.out
    assert "ok    configs: 1 of 1 are as" in done.out
    config.write_text(CONFIG.replace("60", "61"), encoding="utf-8")
    done = flyball("doctor", "--config", config, "--json")
    assert (done.code, done.json["ok"]) == (0, True)
    (stale,) = [each for each in done.json["checks"] if each["level"] == "warn"]
    assert (stale["name"], stale["remedy"][:13]) == ("configs", "`flyball plan")
