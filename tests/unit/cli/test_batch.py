"""Does `flyball batch` say which fleet ends in time, and what is wrong with what was typed?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.cli.commands import expect_refusal, flyball

JOB = ("batch", "--items", "36000", "--deadline", "1h", "--start-up", "10m")
ONE = (*JOB, "--seconds", "1", "--price", "1")


def test_the_cheapest_fleet_in_time_is_named() -> None:
    """With the table of what more machines buy; everything of it is in the JSON too."""
    done = flyball(*ONE)
    assert (done.code, done.err) == (0, "")
    assert "12 machines end in 1 h of 1 h, for 12.00." in done.out
    assert re.search(r"^\* +12 +1 h +12.00 +\S+ +83.3% +yes$", done.out, re.MULTILINE)
    found = flyball(*ONE, "--json").json
    assert found["in_time"] is True
    (only,) = found["types"]
    assert only["best"] == {
        "machines": 12,
        "time_s": 3600.0,
        "cost": 12.0,
        "used_ratio": pytest.approx(5 / 6),
        "late_ratio": 0.0,
        "in_time": True,
        "deal": [{"items": 3_000, "machines": 12}],
        "cost_dealt_evenly": 12.0,
    }
    assert only["fleets"][0]["cost_of_an_hour_saved"] is None
    assert only["fleets"][1]["cost_of_an_hour_saved"] == pytest.approx((1 / 6) / 5)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--most-machines", "5"), "--deadline 2h10m, or --most-machines 12, or a type that"),
        (("--deadline", "10m"), "an item takes 1 s, and starting a machine 10 min."),
        (("--cv", "100"), "cannot be kept surely enough"),
    ],
)
def test_a_deadline_that_cannot_be_kept_is_said_with_what_could_be(
    options: tuple[str, ...], said: str
) -> None:
    """The exit code says it too."""
    done = flyball(*ONE, *options)
    assert (done.code, done.err) == (1, "")
    assert said in done.out
    assert flyball(*ONE, *options, "--json").json["in_time"] is False


def test_what_is_offered_is_kept() -> None:
    """Each of the options that it says, put in place of the old one, ends in time."""
    few = flyball(*ONE, "--most-machines", "5")
    for option, value in re.findall(r"(--[a-z-]+) (\w+)", few.out.rpartition("What could be:")[2]):
        assert flyball(*ONE, "--most-machines", "5", option, value).code == 0
    seconds = re.findall(r"a type that takes (\S+) s", few.out)[0]
    faster = (*JOB, "--price", "1", "--most-machines", "5", "--seconds", seconds)
    assert flyball(*faster).code == 0
    short = ("batch", "--items", "10", "--seconds", "60", "--price", "1", "--cv", "0.5")
    risky = flyball(*short, "--deadline", "2m")
    offered = re.findall(r"(--[a-z-]+) (\d[\w.]*\w)", risky.out.rpartition("could be:")[2])
    assert [option for option, _ in offered] == ["--deadline", "--risk"]
    for option, value in offered:
        assert flyball(*short, "--deadline", "2m", option, value).code == 0, (option, value)


SLOW = ("batch", "--items", "600", "--seconds", "60", "--price", "1.2", "--start-up", "3m")


@pytest.mark.parametrize(
    "options",
    [
        ("--most-machines", "5"),
        ("--most-machines", "5", "--cv", "1"),
        ("--most-machines", "11", "--cv", "1"),
        ("--most-machines", "13", "--cv", "1"),
        ("--most-machines", "15", "--cv", "1", "--risk", "0.001"),
        ("--most-machines", "5", "--cv", "100"),
        ("--most-machines", "5", "--cv", "0.00001"),
        ("--cv", "100"),
        ("--deadline", "3m", "--cv", "2"),
        ("--deadline", "4m", "--cv", "2", "--risk", "0.9"),
        ("--at-a-time", "4", "--most-machines", "3", "--cv", "0.7"),
        ("--billing", "1h", "--most-machines", "2", "--cv", "0.7"),
    ],
    ids=" ".join,
)
def test_whatever_is_offered_ends_in_time(options: tuple[str, ...]) -> None:
    """Also where times differ, where the mean alone would end with fewer; none is refused."""
    asked = (*SLOW, "--deadline", "1h", *options)
    late = flyball(*asked)
    assert (late.code, late.err) == (1, "")
    told = late.out.rpartition("What could be: ")[2].partition("\n")[0]
    offered = re.findall(r"(--[a-z-]+) (\d[\w.]*\w|\d)", told)
    seconds = re.findall(r"a type that takes (\S+) s", told)
    offered += [("--seconds", each) for each in seconds]
    assert len(offered) == 1 + told.count(", or ")
    assert "--deadline" in dict(offered)
    for option, value in offered:
        done = flyball(*asked, option, value)
        assert (done.code, done.err) == (0, ""), (option, value)


def test_the_machines_that_are_offered_are_the_fewest_that_are_sure_enough() -> None:
    """In the mean 11 end; that 16 are late is 4 % likely, and 15 are it too often."""
    asked = (*SLOW, "--deadline", "1h", "--cv", "1", "--most-machines")
    for few in (5, 11):
        late = flyball(*asked, few)
        assert late.code == 1
        assert late.out.count("--most-machines 16") == 1
        assert "--risk" not in late.out
    assert [flyball(*asked, each).code for each in (15, 16)] == [1, 0]


def test_where_nothing_would_do_nothing_is_offered() -> None:
    """A deadline of a thousand years is refused, and a million machines are not enough."""
    asked = ("batch", "--items", 10**11, "--seconds", 9, "--price", 1, "--deadline", "1h")
    late = flyball(*asked, "--start-up", "1h", "--most-machines", 1)
    assert late.code == 1
    assert "Only fewer items could be, or other machines." in late.out


def test_times_that_hardly_differ_are_not_said_to_be_alike() -> None:
    """As they were typed."""
    done = flyball(*ONE, "--cv", "0.00001")
    assert "Items' times differ by 0.001% of their mean" in done.out


def test_types_of_machine_are_compared() -> None:
    """The cheapest in time first, then the others, then those that cannot."""
    types = ("--machine", "small=1:0.1", "--machine", "gpu=0.05:3", "--machine", "slow=3000:0.001")
    done = flyball(*JOB, *types)
    assert done.code == 0
    rows = [line.split()[:2] for line in done.out.splitlines()[1:4]]
    assert rows[0] == ["*", "small"]
    assert [row[0] for row in rows[1:]] == ["gpu", "slow"]
    assert "small is cheapest: " in done.out
    found = flyball(*JOB, *types, "--json").json
    assert found["cheapest"] == "small"
    assert [each["best"] is None for each in found["types"]] == [False, False, True]
    alone = flyball(*JOB, "--machine", "gpu=0.05:3", "--machine", "slow=3000:1")
    assert "Only gpu ends in time." in alone.out
    none = flyball(*JOB, "--machine", "a=3000:1", "--machine", "slow=6000:1")
    assert none.code == 1
    assert "None of 2 types ends in time; a ends soonest." in none.out
    same = flyball(*JOB, "--machine", "a=1:1", "--machine", "b=1:1")
    assert "a and b cost the same; a ends no later." in same.out


@dataclass(frozen=True)
class Start:
    """What is typed of two types, and what holds of them: seconds to start, items at a time."""

    id: str
    options: tuple[str, ...]
    small: tuple[float, int] = (0.0, 1)
    gpu: tuple[float, int] = (0.0, 1)


STARTS = [
    Start("nothing", ()),
    Start("one value of all", ("--start-up", "3m", "--at-a-time", "2"), (180.0, 2), (180.0, 2)),
    Start("a value of one", ("--start-up", "gpu=6m", "--at-a-time", "gpu=8"), gpu=(360.0, 8)),
    Start(
        "a value of one, and of the rest",
        ("--start-up", "3m", "--start-up", "gpu=6m", "--at-a-time", "gpu=8", "--at-a-time", "2"),
        (180.0, 2),
        (360.0, 8),
    ),
    Start(
        "a value of each",
        ("--start-up", "small=90s", "--start-up", "gpu=6m", "--at-a-time", "small=3"),
        (90.0, 3),
        (360.0, 1),
    ),
]


@pytest.mark.parametrize("case", STARTS, ids=lambda case: case.id)
def test_each_type_starts_in_its_own_time(case: Start) -> None:
    """And works at its own number of items; what differs has a column."""
    words = (
        *("batch", "--items", "3600", "--deadline", "1h", "--machine", "small=1:0.1"),
        *("--machine", "gpu=1:3", *case.options),
    )
    types = {each["type"]: each for each in flyball(*words, "--json").json["types"]}
    found = {name: (each["start_up_s"], each["at_a_time"]) for name, each in types.items()}
    assert found == {"small": case.small, "gpu": case.gpu}
    for name, (start_up, at_a_time) in found.items():
        alone = types[name]["fleets"][0]
        assert alone["time_s"] == start_up + 3_600 / at_a_time
    head = flyball(*words).out.splitlines()[0]
    assert ("start-up" in head) == (case.small[0] != case.gpu[0])
    assert ("at a time" in head) == (case.small[1] != case.gpu[1])


def test_times_that_differ_have_a_risk() -> None:
    """It has a column and a sentence, and more machines lower it."""
    done = flyball(*ONE, "--items", "600", "--seconds", "60", "--cv", "1")
    assert done.code == 0
    assert "late end" in done.out
    assert re.search(r"a late end is \d\.\d\d% likely", done.out)
    fleets = flyball(*ONE, "--cv", "1", "--json").json["types"][0]["fleets"]
    ratios = [each["late_ratio"] for each in fleets]
    assert ratios == sorted(ratios, reverse=True)


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_cost_against_time_is_drawn(kind: str, tmp_path: Path) -> None:
    """The same command gives the same bytes; one that is there is kept."""
    one, other = tmp_path / f"a.{kind}", tmp_path / f"b.{kind}"
    types = ("--machine", "small=1:0.1", "--machine", "gpu=0.05:3")
    for path in (one, other):
        assert flyball(*JOB, *types, "--plot", path).code == 0
    assert one.read_bytes() == other.read_bytes()
    assert len(one.read_bytes()) > 10_000
    expect_refusal(flyball(*JOB, *types, "--plot", one), "--plot", "--overwrite")
    assert flyball(*JOB, *types, "--plot", one, "--overwrite").code == 0


def test_what_costs_nothing_is_drawn_too(tmp_path: Path) -> None:
    """Nothing has a logarithm of its own."""
    path = tmp_path / "a.svg"
    done = flyball(*JOB, "--seconds", "1", "--price", "0", "--plot", path)
    assert (done.code, done.err) == (0, "")
    assert path.stat().st_size > 1_000


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), ("--items", "missing")),
        (("--items", "5"), ("--deadline", "missing")),
        (("--items", "5", "--deadline", "1h"), ("--seconds", "--machine")),
        (("--items", "5", "--deadline", "1h", "--seconds", "1"), ("--price", "missing")),
        ((*ONE, "--items", "0"), ("--items", "1 to")),
        ((*ONE, "--items", "1000000000000", "--seconds", "3"), ("--items", "years")),
        ((*ONE, "--seconds", "0"), ("--seconds", "0.000001")),
        ((*ONE, "--seconds", "nan"), ("--seconds", "number")),
        ((*ONE, "--price", "-1"), ("--price", "0 to")),
        ((*ONE, "--price", "inf"), ("--price", "0 to")),
        ((*ONE, "--deadline", "soon"), ("--deadline", "a duration such as")),
        ((*ONE, "--deadline", "0s"), ("--deadline", "above 0")),
        ((*ONE, "--billing", "0"), ("--billing", "above 0")),
        ((*ONE, "--cv", "-1"), ("--cv", "÷ mean")),
        ((*ONE, "--cv", "nan"), ("--cv", "÷ mean")),
        ((*ONE, "--risk", "1"), ("--risk", "between 0 and 1")),
        ((*ONE, "--machine", "a=1:1"), ("--machine", "leave --seconds and --price")),
        ((*JOB, "--machine", "a=1"), ("--machine", "NAME=SECONDS:PRICE")),
        ((*JOB, "--machine", "=1:1"), ("--machine", "NAME=SECONDS:PRICE")),
        ((*JOB, "--machine", "a=x:1"), ("--machine", "NAME=SECONDS:PRICE")),
        ((*JOB, "--machine", "a=1:1", "--machine", "a=2:1"), ("--machine", "twice")),
        ((*JOB, "--machine", "a=0:1"), ("--machine: a: seconds",)),
        ((*ONE, "--plot", "a.pdf"), ("--plot", ".svg or .png")),
        ((*ONE, "--at-a-time", "0"), ("--at-a-time", "'0'", "1 to 10,000")),
        ((*ONE, "--at-a-time", "1.5"), ("--at-a-time", "whole number")),
        ((*ONE, "--at-a-time", "a=2"), ("--at-a-time", "'a'", "no types here")),
        ((*JOB, "--machine", "a=1:1", "--start-up", "b=1m"), ("--start-up", "'b'", "one of a")),
        ((*JOB, "--machine", "a=1:1", "--start-up", "=1m"), ("--start-up", "''", "one of a")),
        ((*JOB, "--machine", "a=1:1", "--start-up", "a=soon"), ("--start-up", "'soon'")),
        ((*JOB, "--machine", "a=1:1", "--start-up", "a="), ("--start-up", "''")),
        ((*JOB, "--machine", "a=1:1", "--start-up", "1m"), ("--start-up", "twice")),
        (
            (*JOB, "--machine", "a=1:1", "--start-up", "a=1m", "--start-up", "a=2m"),
            ("--start-up: a comes twice",),
        ),
    ],
)
def test_what_is_typed_wrongly_is_named(options: tuple[str, ...], words: tuple[str, ...]) -> None:
    """The option and the remedy, on one line."""
    arguments = options if options[:1] == ("batch",) else ("batch", *options)
    expect_refusal(flyball(*arguments), *words)


def test_options_before_another_command_are_refused() -> None:
    """They would say nothing there."""
    sized = ("--acceptable-latency", "10s", "--seconds-per-message", "0.1")
    expect_refusal(flyball(*ONE, "queue", *sized), "--items", "`queue`")
