"""Does `flyball tune` find the same on any number of cores, and leave a config sound and whole?"""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from flyball.config.load import load
from flyball.sim.trace import Trace, write_trace
from tests.unit.cli.commands import Done, expect_refusal, flyball
from tests.unit.sim.courses import MONDAY

CONFIG = """\
# by hand
version: 1
scalable_targets:
  - id: chat
    min_capacity: 1
    max_capacity: 60
    price_per_hour: 2
    metrics: [{name: calls, source: {metric: invocations_per_instance}}]
    policies:
      - {name: keep, kind: target_tracking, metric: calls, target_value: 200}  # too low
    windows: [{name: day, from: "08:00", to: "18:00", floor: 2}]
"""
QUICK = ("--trials", 8, "--folds", 1, "--against", "", "--only", "keep.target_value")


@pytest.fixture
def config(folder: Path) -> Path:
    """Write a config that keeps far too many instances."""
    path = folder / "flyball.yaml"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def trace(folder: Path) -> Path:
    """Write six hours of waves."""
    path = folder / "t.csv"
    counts = tuple(float(round(3_000 + 900 * math.sin(at / 40))) for at in range(360))
    write_trace(Trace(MONDAY, counts), path)
    return path


def tune(config: Path, trace: Path, *options: object, jobs: int = 1) -> Done:
    """Call it."""
    call = ("tune", "--config", config, "--trace", trace, "--capacity", 500, "--jobs", jobs)
    return flyball(*call, *options)


def test_what_is_cheaper_and_in_time_is_proposed(config: Path, trace: Path) -> None:
    """A frontier, a choice, its future, and a diff of one line; nothing is changed."""
    done = tune(config, trace, *QUICK, "--late-budget", "1%")
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert "Chosen on the past, judged on the future" in lines
    (gone,) = (line for line in lines if line.startswith("-  "))
    (come,) = (line for line in lines if line.startswith("+  "))
    assert "target_value: 200}  # too low" in gone
    assert come.endswith("}  # too low")
    assert lines[-1] == f"{config} is as it was: --write puts this into it"
    assert config.read_text() == CONFIG


def test_the_same_seed_finds_the_same_on_any_number_of_cores(config: Path, trace: Path) -> None:
    """To the byte: points are proposed by the round, and a round knows no cores."""
    options = ("--trials", 16, "--folds", 2, "--against", "hpa,optimum", "--json")
    one = tune(config, trace, *options, jobs=1)
    assert one.code == 0
    assert tune(config, trace, *options, jobs=3).out == one.out
    assert tune(config, trace, *options, "--seed", 1).json != one.json


def test_the_choice_keeps_the_budget_and_is_the_cheapest(config: Path, trace: Path) -> None:
    """Of all that was tried; the frontier has nothing that another beats in both."""
    done = tune(config, trace, "--trials", 16, "--folds", 0, "--against", "", "--late-budget",
                "2%", "--json").json["targets"][0]  # fmt: skip
    fit = [each for each in done["tried"] if each["late_ratio"] <= 0.02]
    assert done["chosen"]["late_ratio"] <= 0.02
    least = min(each["instance_hours"] for each in fit)
    assert done["chosen"]["instance_hours"] <= least * 1.002
    pairs = [(each["instance_hours"], each["late_ratio"]) for each in done["frontier"]]
    assert pairs == sorted(pairs)
    assert [late for _, late in pairs] == sorted((late for _, late in pairs), reverse=True)
    assert done["walk_forward"] == []


def test_what_is_written_is_sound_and_says_what_was_chosen(config: Path, trace: Path) -> None:
    """With every comment; the second search begins from it."""
    found = tune(config, trace, *QUICK, "--write", "--json").json
    chosen = found["targets"][0]["chosen"]["values"]["keep.target_value"]
    assert chosen > 200
    assert found["written"] == str(config)
    assert config.read_text() == CONFIG.replace("target_value: 200}", f"target_value: {chosen}}}")
    (target,) = load(config).scalable_targets
    assert target.trackers["keep"].target_value == chosen
    assert [each.name for each in config.parent.iterdir() if each.name[0] == "."] == []


def test_out_leaves_the_config_alone(config: Path, trace: Path, folder: Path) -> None:
    """And a file that is there too."""
    out = folder / "new.yaml"
    assert tune(config, trace, *QUICK, "--out", out).code == 0
    assert config.read_text() == CONFIG
    assert out.read_text() != CONFIG
    expect_refusal(tune(config, trace, *QUICK, "--out", out), "there is a file already")


def test_a_number_of_the_frontier_can_be_chosen(config: Path, trace: Path, folder: Path) -> None:
    """From a study that is kept, nothing is searched again."""
    options = (*QUICK, "--study", folder / "study", "--json")
    found = tune(config, trace, *options).json["targets"][0]
    count = len(found["frontier"])
    last = tune(config, trace, *options, "--choose", count).json["targets"][0]
    assert last["frontier"] == found["frontier"]
    assert last["chosen"]["late_ratio"] <= found["frontier"][-1]["late_ratio"]
    refused = tune(config, trace, *options, "--choose", count + 1)
    expect_refusal(refused, "--choose: ", f"has {count} points")


def test_a_search_goes_on_where_it_ended(config: Path, trace: Path, folder: Path) -> None:
    """Two rounds, then the other two, are as four."""
    options = ("--folds", 1, "--against", "", "--json")
    whole = tune(config, trace, *options, "--trials", 32)
    kept = ("--study", folder / "study")
    half = tune(config, trace, *options, *kept, "--trials", 16)
    assert half.json["targets"][0]["rounds"] == 2
    assert tune(config, trace, *options, *kept, "--trials", 32).out == whole.out


def test_a_timeout_ends_it_with_a_whole_round(config: Path, trace: Path) -> None:
    """What was found is shown, and may be taken."""
    done = tune(config, trace, "--trials", 80, "--folds", 0, "--against", "", "--timeout", "0s",
                "--json").json  # fmt: skip
    assert (done["is_over"], done["targets"][0]["rounds"]) == (True, 1)
    assert len(done["targets"][0]["tried"]) == 8


def test_peers_stand_beside_it_with_several_targets(config: Path, trace: Path) -> None:
    """One that has a target of its own has that."""
    options = ("--trials", 8, "--folds", 0, "--against", "aws,hpa:target=0.65,static,optimum")
    names = [each["name"] for each in
             tune(config, trace, *options, "--json").json["targets"][0]["peers"]]  # fmt: skip
    assert names == [
        *(f"aws:target={each / 100:g}" for each in range(50, 97, 2)),
        "hpa:target=0.65",
        "static",
        "optimum",
    ]


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (("--only", "keep"), {"keep.target_value", "keep.scale_out.datapoints",
                              "keep.scale_out.cooldown", "keep.scale_in.datapoints",
                              "keep.scale_in.cooldown"}),
        (("--only", "*.cooldown"), {"keep.scale_out.cooldown", "keep.scale_in.cooldown"}),
        (("--only", "chat:day"), {"day.floor"}),
        (("--fix", "keep.scale_*", "--fix", "scale_in"), {"keep.target_value"}),
    ],
    ids=["policy", "pattern", "target", "all but"],
)  # fmt: skip
def test_what_is_searched_can_be_said(
    config: Path, trace: Path, options: tuple[str, ...], names: set[str]
) -> None:
    """By policy, field, pattern or scalable target."""
    done = tune(config, trace, *options, "--trials", 1, "--folds", 0, "--against", "", "--json")
    assert {each["name"] for each in done.json["targets"][0]["fields"]} == names


def test_a_page_and_a_picture_are_drawn(config: Path, trace: Path, folder: Path) -> None:
    """With the frontier, the choice, and who ran beside it."""
    page, plot = folder / "p.html", folder / "p.svg"
    options = ("--trials", 8, "--folds", 1, "--against", "aws,optimum")
    assert tune(config, trace, *options, "--html", page, "--plot", plot).code == 0
    text = page.read_text()
    assert "Chosen on the past, judged on the future" in text
    assert "aws 0.5" in text
    assert "optimum" in plot.read_text()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--only", "other"), ("--only: nothing is called 'other'", "keep.target_value")),
        (("--fix", "*"), ("nothing to search",)),
        (("--late-budget", "x"), ("--late-budget: got 'x'",)),
        (("--late-budget", "1%", "--choose", "1"), ("give one of the two",)),
        (("--sampler", "grid"), ("--sampler: got 'grid', expected tpe or nsga2",)),
        (("--write", "--out", "o.yaml"), ("--write, --out: give one of the two",)),
        (("--out", "none/o.yaml"), ("there is no folder none",)),
        (("--backend", "spark"), ("--backend: got 'spark'",)),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(
    config: Path, trace: Path, options: tuple[str, ...], words: tuple[str, ...]
) -> None:
    """Before anything runs."""
    expect_refusal(tune(config, trace, *options), *words)


def test_what_an_alias_shares_is_not_searched(config: Path, trace: Path) -> None:
    """It is said before anything runs; of several fields, the others are searched."""
    shared = CONFIG.replace("target_value: 200}", "target_value: &t 200, tolerance: 0.1}")
    shared += "x-all: *t\n"
    config.write_text(shared)
    expect_refusal(
        tune(config, trace, *QUICK), "nothing to search", "keep.target_value", "write it"
    )
    some = ("--trials", 1, "--folds", 0, "--against", "", "--json")
    (found,) = tune(config, trace, *some).json["targets"]
    assert "keep.scale_out.datapoints" in {each["name"] for each in found["fields"]}
    assert "keep.target_value" not in {each["name"] for each in found["fields"]}
    assert any("keep.target_value is not searched" in each for each in found["notes"])
    assert config.read_text() == shared
