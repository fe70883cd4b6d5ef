"""Does what `flyball size --write` wrote do in a backtest what `--evaluate` said?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from flyball.sizing.expectation import Expectation
from flyball.sizing.pattern import expect_patterns
from tests.unit.cli.commands import flyball

EXAMPLE = Path(__file__).parents[3] / "examples/loadtest.csv"
WANTED = ("--least", 70, "--most", 500, "--growth", 1.2, "--lead-time", "100s")
AWS = ("--home", "aws", "--endpoint", "e", "--variant", "v")
GOOGLE = (
    *("--home", "gcp", "--address", "project=p", "--address", "location=europe-west4"),
    *("--address", "endpoint=1", "--at-least", 1),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write the patterns that are evaluated as traces."""
    for each in expect_patterns(Expectation(70.0, 500.0, 1.2)):
        rows = [
            f"{(each.start + timedelta(minutes=index)).isoformat()},{requests!r}\n"
            for index, requests in enumerate(each.requests)
        ]
        (tmp_path / f"{each.name}.csv").write_text("timestamp,requests\n" + "".join(rows))
    return tmp_path


def write(path: Path, place: Sequence[object]) -> dict[str, Any]:
    """Size the tutorial's instance, evaluate the policies, and keep them."""
    done = flyball(
        *("size", EXAMPLE, "--instance-type", "ml.c5.large", *WANTED, *place),
        *("--evaluate", "--write", path, "--json"),
    )
    assert done.code == 0, done
    return {each["name"]: each for each in done.json["policies"]["evaluation"]["patterns"]}


def replay(config: Path, trace: Path, *more: object) -> Any:
    """Backtest it, with nothing said of the instance."""
    done = flyball(
        *("backtest", "--config", config, "--trace", trace, "--lead-time", "100s"),
        *("--warm-up", "0s", "--against", "", "--json", *more),
    )
    assert done.code == 0, done
    return done.json["targets"][0]


@pytest.mark.parametrize(("place", "delay"), [(AWS, "1m"), (GOOGLE, "3m")], ids=["aws", "gcp"])
def test_a_backtest_holds_where_the_evaluation_held(
    folder: Path, place: Sequence[object], delay: str
) -> None:
    """Of each pattern as many requests are late, and about as many hours are paid."""
    path = folder / "w.yaml"
    for name, trial in write(path, place).items():
        found = replay(path, folder / f"{name}.csv", "--metric-delay", delay)
        assert found["capacity_per_instance"] == pytest.approx(10_021, abs=1)
        marks = found["contenders"][0]["total"]
        assert marks["late_ratio"] == pytest.approx(trial["late_ratio"], abs=0.01), name
        assert marks["instance_hours"] == pytest.approx(trial["instance_hours"], rel=0.1), name


def test_what_cpu_shows_is_enough_where_it_alone_is_tracked(folder: Path) -> None:
    """Its target is 100 of 200: a CPU that ended at 100 would never pass it."""
    path = folder / "w.yaml"
    write(path, AWS)
    yaml = YAML()
    whole = yaml.load(path)
    (target,) = whole["scalable_targets"]
    (cpu,) = (each for each in target["policies"] if each["name"] == "cpu-at-100")
    target["policies"] = [cpu]
    yaml.dump(whole, path)
    assert replay(path, folder / "ramp-3.csv")["contenders"][0]["total"]["late_ratio"] == 0.0
    text = re.sub(r",\s+full: 197.8", "", path.read_text())
    path.write_text(text)
    assert replay(path, folder / "ramp-3.csv")["contenders"][0]["total"]["late_ratio"] > 0.5


def test_what_is_full_is_told_by_an_option_too(folder: Path) -> None:
    """Of a config that was written by hand, and needs no key for it."""
    path = folder / "w.yaml"
    path.write_text(
        "version: 1\nscalable_targets:\n"
        "  - {id: e, home: aws, resource: {endpoint: e, variant: v}, min_capacity: 1,\n"
        "     max_capacity: 8, metrics: [{name: cpu, source: {\n"
        "     namespace: /aws/sagemaker/Endpoints, metric: CPUUtilization, statistic: Average}}],\n"
        "     policies: [{name: p, kind: target_tracking, metric: cpu, target_value: 100}]}\n"
    )
    words = (
        *("backtest", "--config", path, "--trace", folder / "ramp-3.csv", "--capacity", 10_021),
        *("--lead-time", "100s", "--against", "", "--warm-up", "0s", "--json"),
    )
    late = [
        flyball(*words, *more).json["targets"][0]["contenders"][0]["total"]["late_ratio"]
        for more in ((), ("--measures", "cpu=utilization:200"))
    ]
    assert late[0] > 0.5
    assert late[1] == 0.0
