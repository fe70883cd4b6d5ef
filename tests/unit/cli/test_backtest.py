"""Does `flyball backtest` run a config over a trace beside its peers, and refuse what it cannot?"""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from flyball.sim.generate import generate_day
from flyball.sim.trace import Trace, write_trace
from tests.unit.cli.commands import expect_refusal, flyball
from tests.unit.sim.courses import MONDAY

CONFIG = """
version: 1
scalable_targets:
  - id: chat
    min_capacity: 1
    max_capacity: 60
    price_per_hour: 2
    metrics: [{name: calls, source: {metric: invocations_per_instance}}]
    policies: [{name: keep, kind: target_tracking, metric: calls, target_value: 350}]
"""
OTHER = """
  - id: vision
    home: aws
    mode: advise
    resource: {endpoint: vision, variant: all}
    min_capacity: 2
    max_capacity: 8
    metrics:
      - name: gpu
        unit: percent
        source: {namespace: /aws/sagemaker/Endpoints, metric: GPUUtilization, statistic: Average}
    policies: [{name: full, kind: target_tracking, metric: gpu, target_value: 60}]
"""
LATENCY = """
version: 1
scalable_targets:
  - id: chat
    min_capacity: 1
    max_capacity: 60
    metrics: [{name: slow, source: {metric: ModelLatency}}]
    policies: [{name: keep, kind: target_tracking, metric: slow, target_value: 80}]
"""


@pytest.fixture
def config(folder: Path) -> Path:
    """Write a config of one target."""
    path = folder / "f.yaml"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def both(folder: Path) -> Path:
    """Write a config of two."""
    path = folder / "both.yaml"
    path.write_text(CONFIG + OTHER)
    return path


@pytest.fixture
def trace(folder: Path) -> Path:
    """Write half a generated day."""
    path = folder / "t.csv"
    write_trace(generate_day(MONDAY, minutes=720), path)
    return path


def test_ours_stands_beside_its_peers(config: Path, trace: Path) -> None:
    """A table on a pipe: whole lines, no colours, and the best of all is below ours."""
    done = flyball("backtest", "--config", config, "--trace", trace, "--capacity", 500)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    head = next(index for index, line in enumerate(lines) if "÷ best" in line)
    table = {line.split()[0]: line.split() for line in lines[head + 1 : head + 6]}
    assert list(table) == ["flyball", "aws", "hpa", "static", "optimum"]
    assert float(table["static"][3]) > float(table["flyball"][3]) > 1.0
    assert float(table["optimum"][3]) <= 1.0
    assert "trace" in done.out
    assert "t.csv; 11 h count, after 1 h to find its feet" in done.out
    assert "\x1b" not in done.out


@pytest.mark.parametrize("lead", ["4m", "2m..8m"])
def test_the_same_seed_prints_and_writes_the_same_bytes(
    config: Path, trace: Path, folder: Path, lead: str
) -> None:
    """Twice, with everything that it prints and writes."""
    said = []
    for name in ("one.csv", "two.csv"):
        options = ("--lead-time", lead, "--seed", 7, "--timeline", folder / name, "--overwrite")
        for how in ("--json", "--per-day"):
            done = flyball("backtest", "--config", config, "--trace", trace, *options, how)
            assert done.code == 0
            said.append(done.out)
        said.append((folder / name).read_text())
    assert said[:3] == said[3:]


def test_json_has_everything_but_the_timeline(config: Path, trace: Path) -> None:
    """Totals, days, settings and what was simulated."""
    asked = ("--against", "aws:target=0.6,static", "--lead-time", "p50=4m,p95=9m")
    found = flyball("backtest", "--config", config, "--trace", trace, *asked, "--json").json
    (target,) = found["targets"]
    assert target["scalable_target_id"] == "chat"
    assert target["slots"] == 720
    assert len(target["lead_times_s"]) == 99
    names = [each["name"] for each in target["contenders"]]
    assert names == ["flyball", "aws:target=0.6", "static"]
    assert target["contenders"][1]["settings"]["target"] == 0.6
    ours = target["contenders"][0]
    assert ours["cost"] == 2 * ours["total"]["instance_hours"]
    assert [day["day"] for day in ours["days"]] == ["2026-03-02"]
    assert ours["days"][0]["late"] == ours["total"]["late"]
    assert found["total"][0]["instance_hours"] == ours["total"]["instance_hours"]


def test_the_timeline_has_a_reason_for_each_change(config: Path, trace: Path, folder: Path) -> None:
    """A line a minute; what is desired at its end is billed in the next one."""
    path = folder / "out.csv"
    done = flyball(
        "backtest", "--config", config, "--trace", trace, "--against", "", "--timeline", path
    )
    assert done.code == 0
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert len(rows) == 720
    assert rows[1]["minute"] == "2026-03-02T00:01:00Z"
    for before, after in pairwise(rows):
        assert before["desired"] == after["billed"]
        if before["desired"] != before["billed"]:
            assert before["reason"].startswith("Scale ")
    assert any(not row["demand"] for row in rows)


def test_a_range_is_moved_and_a_service_picks_in_it(config: Path, trace: Path) -> None:
    """Both are told: what we set, and what the service then chose; a service alone has no range."""
    path = config.with_name("ranged.yaml")
    ranged = "    capacity_kind: range\n    min_capacity: 0\n"
    path.write_text(
        CONFIG.replace("    min_capacity: 1\n", ranged).replace(
            "max_capacity: 60", "max_capacity: 50"
        )
    )
    out = config.with_name("out.csv")
    call = ("backtest", "--config", path, "--trace", trace, "--against", "google,hpa")
    done = flyball(*call, "--timeline", out)
    assert (done.code, done.err) == (0, "")
    assert "changed the range" in done.out
    assert "picks" in done.out
    assert "which keeps 60 % GPU or 60 % CPU" in done.out
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert {row["ceiling"] for row in rows} == {"50"}
    assert all(1 <= int(row["desired"]) <= int(row["picked"]) <= 50 for row in rows[:-1])
    assert any("." in row["billed"] for row in rows)
    found = flyball(*call, "--service-target", "0.8", "--json").json["targets"][0]["contenders"]
    ours, google, hpa = (each["picks"] for each in found)
    assert min(ours, google) > 10
    assert hpa is None
    usual = flyball(*call, "--json").json["targets"][0]["contenders"][1]
    assert found[1]["total"]["instance_hours"] < usual["total"]["instance_hours"]


def test_a_machine_that_is_none_is_refused(config: Path, trace: Path) -> None:
    """With what may be written."""
    path = config.with_name("tpu.yaml")
    path.write_text(
        CONFIG.replace(
            "    min_capacity: 1\n",
            "    min_capacity: 1\n    capacity_kind: range\n    resource: {machine: tpu}\n",
        )
    )
    done = flyball("backtest", "--config", path, "--trace", trace)
    expect_refusal(done, "resource.machine: got 'tpu', write cpu or gpu")


def test_at_zero_who_is_turned_away_is_told(folder: Path) -> None:
    """Its share of the requests."""
    path = folder / "zero.csv"
    lines = [
        f"{MONDAY + n * timedelta(minutes=1):%FT%TZ},{0 if 60 <= n < 200 else 300}\n"
        for n in range(240)
    ]
    path.write_text("timestamp,requests\n" + "".join(lines))
    file = folder / "zero.yaml"
    more = "    capacity_kind: range\n    resource: {api_version: v1beta1}\n    min_capacity: 0\n"
    more += "    zero: {metric: calls, idle_after: 10m}\n"
    text = CONFIG.replace("    min_capacity: 1\n", more)
    file.write_text(
        text.replace("invocations_per_instance", "invocations").replace(
            "name: calls,", "name: calls, per: total,"
        )
    )
    done = flyball(
        "backtest", "--config", file, "--trace", path, "--capacity", 500, "--against", "google"
    )
    assert "turned away with 429, as the service had come to zero" in done.out


def test_rows_are_kept_where_a_ledger_is_named(config: Path, trace: Path, folder: Path) -> None:
    """They verify and replay, and nothing else changes; an old file is left alone."""
    ledger = folder / "back.db"
    call = ("backtest", "--config", config, "--trace", trace, "--json")
    assert flyball(*call, "--ledger", ledger).out == flyball(*call).out
    assert flyball("ledger", "verify", "--ledger", ledger).code == 0
    assert flyball("ledger", "replay", "--ledger", ledger).code == 0
    expect_refusal(flyball(*call, "--ledger", ledger), "there is a file already")


def test_several_targets_have_a_total(both: Path, trace: Path) -> None:
    """Of any home; what was simulated otherwise is said, and without one price there is none."""
    done = flyball(
        "backtest",
        "--config",
        both,
        "--trace",
        trace,
        "--capacity",
        500,
        "--capacity",
        "vision=2000",
    )
    assert done.code == 0
    assert "mode: advise was taken for apply" in done.out
    total = done.out[done.out.index("All 2") :].splitlines()
    assert [line.split()[0] for line in total[2:]] == ["flyball", "aws", "hpa", "static", "optimum"]
    assert total[2].split()[2] == "–"


def test_only_those_run_that_have_a_trace_or_are_named(both: Path, trace: Path) -> None:
    """ID=FILE is of one; a file without an ID is of all."""
    call = ("backtest", "--config", both, "--against", "", "--json")

    def names(*options: object) -> list[str]:
        done = flyball(*call, *options)
        return [each["scalable_target_id"] for each in done.json["targets"]]

    assert names("--trace", f"vision={trace}") == ["vision"]
    assert names("--trace", trace) == ["chat", "vision"]
    assert names("--trace", trace, "--target", "chat") == ["chat"]
    refused = flyball(*call, "--trace", f"vision={trace}", "--target", "chat")
    expect_refusal(refused, "none for 'chat'", "--trace chat=FILE")


def test_columns_zones_and_levels_are_named_by_options(config: Path, folder: Path) -> None:
    """A level of each instance, in local time, at five minutes."""
    path = folder / "level.csv"
    local, step = datetime(2026, 7, 1), timedelta(minutes=5)  # noqa: DTZ001  (a wall clock's)
    lines = [f"{local + n * step:%F %T};{20 + n % 7};{3}\n" for n in range(60)]
    path.write_text("when;each;count\n" + "".join(lines))
    columns = ("--timestamp", "when", "--metric", "each", "--instances", "count")
    done = flyball(
        "backtest", "--config", config, "--trace", path, *columns, "--capacity", 10,
        "--time-zone", "Europe/Berlin", "--against", "", "--json",
    )  # fmt: skip
    (target,) = done.json["targets"]
    assert (target["start"], target["slots"]) == ("2026-06-30T22:00:00Z", 300)
    assert target["contenders"][0]["total"]["static_instances"] == 8


def test_capacity_is_learned_where_the_trace_has_instances(config: Path, folder: Path) -> None:
    """And what it was learned from is said."""
    path = folder / "t.csv"
    rows = [f"{MONDAY + n * timedelta(minutes=1):%FT%TZ},{100 + n},2" for n in range(100)]
    call = ("backtest", "--config", config, "--trace", path, "--against", "", "--json")
    cases = [
        ("count", ("--instances", "count"), True),
        ("count", (), False),
        ("instances", (), True),
    ]
    for name, options, is_learned in cases:
        path.write_text(f"timestamp,requests,{name}\n" + "\n".join(rows) + "\n")
        (target,) = flyball(*call, *options).json["targets"]
        expected = (100 + 0.99 * 99) / 2 if is_learned else (100 + 0.9995 * 99) / 20
        assert target["capacity_per_instance"] == pytest.approx(expected)
        words = "in 99 % of the minutes" if is_learned else "a twentieth"
        assert any(words in note for note in target["notes"])


def test_rows_of_ten_seconds_are_run_as_the_minutes_they_make(config: Path, folder: Path) -> None:
    """The same bytes, but for what is said of a minute that is not whole."""
    call = (
        "backtest",
        "--config",
        config,
        "--capacity",
        500,
        "--json",
        "--trace",
        folder / "t.csv",
    )
    minutes = [600.0 + 6 * n for n in range(180)]
    write_trace(Trace(MONDAY, tuple(minutes)), folder / "t.csv")
    whole = flyball(*call)
    rows = [
        f"{MONDAY + timedelta(minutes=minute, seconds=10 * slot):%FT%TZ},{count / 6!r}"
        for minute, count in enumerate(minutes)
        for slot in range(6)
    ]
    (folder / "t.csv").write_text("timestamp,requests\n" + "\n".join(rows) + "\n")
    assert flyball(*call).json["targets"][0]["contenders"] == whole.json["targets"][0]["contenders"]
    del rows[60 * 6 + 3]
    (folder / "t.csv").write_text("timestamp,requests\n" + "\n".join(rows) + "\n")
    done = flyball(*call, "--timeline", folder / "out.csv")
    (target,) = done.json["targets"]
    assert "the trace: 1 minutes without a value" in target["notes"]
    known = list(csv.DictReader((folder / "out.csv").read_text().splitlines()))
    assert [row["minute"] for row in known if not row["demand"]] == ["2026-03-02T01:00:00Z"]


def test_rows_of_an_hour_are_spread_and_said_to_be(config: Path, folder: Path) -> None:
    """Their sum stays; an hour without one is a gap of an hour."""
    hours = [36_000, 72_000, None, 54_000, 36_000, 30_000]
    rows = [
        f"{MONDAY + timedelta(hours=index):%FT%TZ},{'' if count is None else count},2"
        for index, count in enumerate(hours)
    ]
    (folder / "t.csv").write_text("timestamp,requests,instances\n" + "\n".join(rows) + "\n")
    call = ("backtest", "--config", config, "--trace", folder / "t.csv", "--against", "", "--json")
    (target,) = flyball(*call, "--timeline", folder / "out.csv").json["targets"]
    notes = " ".join(target["notes"])
    assert "rows are 1 h apart, spread evenly; peaks in them are not seen" in notes
    assert "60 minutes without a value" in notes
    assert target["capacity_per_instance"] == 600
    known = list(csv.DictReader((folder / "out.csv").read_text().splitlines()))
    assert len(known) == 360
    assert {row["demand"] for row in known[120:180]} == {""}
    assert sum(float(row["demand"] or 0) for row in known) == sum(filter(None, hours))


def test_a_latency_needs_a_model(folder: Path, trace: Path) -> None:
    """The refusal has the option that gives one."""
    path = folder / "latency.yaml"
    path.write_text(LATENCY)
    call = ("backtest", "--config", path, "--trace", trace, "--against", "")
    expect_refusal(flyball(*call), "metric 'slow'", "--measures slow=latency:BASE")
    assert flyball(*call, "--measures", "slow=latency:20").code == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--lead-time", "soon"), ("--lead-time", "p50=4m,p95=9m")),
        (("--metric-delay", "late"), ("--metric-delay",)),
        (("--against", "azure"), ("--against", "no peer 'azure'")),
        (("--against", "schedule"), ("no window is written", "chat")),
        (("--capacity", "much"), ("--capacity", "a number above 0")),
        (("--capacity", "0"), ("--capacity", "a number above 0")),
        (("--target", "chap"), ("no scalable target 'chap'", "chat")),
        (("--trace", "more.csv"), ("are for all", "ID=")),
        (("--measures", "calls"), ("--measures", "NAME=WHAT")),
        (("--measures", "cells=requests"), ("no metric 'cells'", "calls")),
        (("--requests", "a", "--metric", "b"), ("give one of the two",)),
        (("--requests", "counts"), ("no column 'counts'",)),
        (("--timeline", "no/such/folder.csv"), ("--timeline", "folder.csv")),
        (("--warm-up", "-3"), ("--warm-up",)),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else None,
)
def test_what_cannot_be_done_is_refused_in_one_line(
    config: Path, trace: Path, options: tuple[str, ...], words: tuple[str, ...]
) -> None:
    """It names the option and what is expected."""
    done = flyball("backtest", "--config", config, "--trace", trace, *options)
    expect_refusal(done, *words)


def test_a_peak_beyond_the_maximum_is_said(both: Path, trace: Path) -> None:
    """It is why so many are late."""
    done = flyball(
        "backtest", "--config", both, "--trace", f"vision={trace}", "--capacity", 500,
        "--against", "",
    )  # fmt: skip
    assert "max_capacity 8 cannot carry the peak of " in done.out
    assert "no price_per_hour in the config" in done.out
