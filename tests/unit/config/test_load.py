"""A file with mistakes is answered with all of them at once, each at its line and field."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from flyball.config import ConfigError, Severity, load, loads
from flyball.config.load import compile_config
from tests.unit.config.asking import FILE, HEAD, problems, problems_of

FILES = {
    "empty": ("", ["flyball.yaml:1:1: the file is empty; start with `version: 1`"]),
    "list": ("- a\n- b\n", ["flyball.yaml:1:1: got a list, expected a mapping"]),
    "text": ("hello\n", ['flyball.yaml:1:1: got "hello", expected a mapping']),
    "nothing": ("~\n", ["flyball.yaml:1:1: got nothing, expected a mapping"]),
    "no_targets": (
        "version: 1\nscalable_targets: []\n",
        ["flyball.yaml:2:19: scalable_targets: got 0, expected at least 1 of them"],
    ),
    "nothing_known": (
        "targets: 3\n",
        [
            "flyball.yaml:1:1: version: this key is missing",
            "flyball.yaml:1:1: scalable_targets: this key is missing",
            "flyball.yaml:1:1: targets: unknown key; did you mean scalable_targets?",
        ],
    ),
    "version": (
        HEAD.replace("version: 1", "version: 2") + "    tik: 3\n",
        [
            "flyball.yaml:1:10: version: got 2, expected 1",
            "flyball.yaml:7:5: scalable_targets[0].tik: unknown key; did you mean tick?",
        ],
    ),
    "target_is_a_number": (
        "version: 1\nscalable_targets: [3]\n",
        ["flyball.yaml:2:20: scalable_targets[0]: got 3, expected a mapping"],
    ),
    "id_missing": (
        "version: 1\nscalable_targets:\n  - min_capacity: 3\n    max_capcity: 3\n",
        [
            "flyball.yaml:3:5: scalable_targets[0].id: this key is missing",
            (
                "flyball.yaml:4:5: scalable_targets[0].max_capcity: unknown key; "
                "did you mean max_capacity?"
            ),
        ],
    ),
    "ids_twice": (
        HEAD + "  - {id: churn, min_capacity: 5, max_capacity: 2}\n",
        [
            (
                "flyball.yaml:7:10: scalable_targets[1].id: another scalable target "
                "has the id churn "
                "already; first on line 3"
            ),
            (
                "flyball.yaml:7:31: scalable_targets[1].min_capacity: got 5, expected at most "
                "max_capacity (2)"
            ),
        ],
    ),
    "defaults": (
        HEAD.replace("scalable", "defaults: {time_zone: Mars, tick: x, zoo: 1}\nscalable", 1)
        + "  - {id: b, min_capacity: 5, max_capacity: 5}\n",
        [
            "flyball.yaml:2:23: defaults.time_zone: unknown time zone 'Mars': write an IANA name",
            (
                'flyball.yaml:2:35: defaults.tick: got "x", expected a duration such as 300, 300s, '
                "5m, 1h30m or PT5M"
            ),
            "flyball.yaml:2:38: defaults.zoo: unknown key",
        ],
    ),
    "defaults_as_a_list": (
        HEAD + "defaults: [3]\n",
        ["flyball.yaml:7:11: defaults: got a list, expected a mapping"],
    ),
}


@pytest.mark.parametrize(("text", "expected"), FILES.values(), ids=FILES.keys())
def test_a_file_is_answered_as_a_whole(text: str, expected: list[str]) -> None:
    """Every problem, with file, line and column."""
    found = problems(text)
    assert [one[: len(start)] for one, start in zip(found, expected, strict=True)] == expected


def test_problems_of_shape_and_of_meaning_are_told_at_once() -> None:
    """A value of the wrong type does not keep the engine's objections back."""
    never = (
        "schedule 'never': expected at(yyyy-mm-ddThh:mm:ss), rate(n unit) or cron(six fields), "
        "in lower case and with nothing before or after"
    )
    assert problems_of(
        "tick: soon\n"
        "policies:\n"
        "  - {name: a, kind: step, metric: m, threshold: x, steps: []}\n"
        "  - {name: b, kind: scheduled, schedule: never, min_capacity: 1}\n"
        "windows: [{name: w, start: never, duration: 1h, floor: 3}]\n"
    ) == [
        'tick: got "soon", expected a duration such as 300, 300s, 5m, 1h30m or PT5M',
        'policies[0].threshold: got "x", expected a number',
        "policies[0].steps: got 0, expected at least 1 of them",
        f"policies[1].schedule: {never}",
        f"windows[0].start: {never}",
    ]


def test_what_was_left_out_is_no_second_problem() -> None:
    """A metric with a wrong name is there all the same, and so is a bound of a wrong type."""
    head = "version: 1\nscalable_targets:\n  - id: churn\n"
    policy = "{name: p, kind: target_tracking, metric: m, target_value: 70}"
    assert problems_of(
        "metrics: [{name: 3}, {name: n}]\nmin_capacity: x\nmax_capacity: 3\n"
        f"policies: [{policy}]",
        head,
    ) == [
        "metrics[0].name: got 3, expected text",
        'min_capacity: got "x", expected a whole number',
    ]


def test_a_missing_file_is_answered(tmp_path: Path) -> None:
    """By its name."""
    with pytest.raises(ConfigError, match=r"none\.yaml: no such file"):
        load(tmp_path / "none.yaml")


def test_of_metrics_with_one_name_only_the_first_is_there() -> None:
    """The second one is named, at its name."""
    assert problems(HEAD.replace("gpu", "m")) == [
        (
            "flyball.yaml:6:33: scalable_targets[0].metrics[1].name: another metric has this name "
            "already; first on line 6: name this one differently"
        )
    ]


def test_a_file_that_many_name_is_read_once(tmp_path: Path) -> None:
    """Its problems are told once, too."""
    (tmp_path / "p.json").write_text('{"ScalingPolicies": [3]}', encoding="utf-8")
    target = "min_capacity: 1, max_capacity: 2, aws_scaling_policies: p.json"
    text = f"version: 1\nscalable_targets: [{{id: a, {target}}}, {{id: b, {target}}}]\n"
    assert problems(text, tmp_path) == [
        f"{tmp_path / 'p.json'}:1:22: ScalingPolicies[0]: got 3, expected a mapping"
    ]


def test_a_file_is_loaded_by_its_path(tmp_path: Path) -> None:
    """Its name is kept for the lint."""
    file = tmp_path / "flyball.yaml"
    file.write_text(HEAD, encoding="utf-8")
    config = load(file)
    assert config.file == str(file)
    assert [target.id for target in config.scalable_targets] == ["churn"]


def test_an_error_carries_its_problems_as_values() -> None:
    """A program can read them without reading sentences."""
    with pytest.raises(ConfigError) as caught:
        loads(HEAD + "    tik: 3\n", FILE)
    (problem,) = caught.value.problems
    assert problem._asdict() == {
        "file": FILE,
        "line": 7,
        "column": 5,
        "path": "scalable_targets[0].tik",
        "message": "unknown key",
        "hint": "did you mean tick?",
        "severity": Severity.ERROR,
    }
    assert str(caught.value) == str(problem)


def test_keys_of_the_author_are_left_alone() -> None:
    """`x-` keys hold anchors."""
    assert problems("x-metrics: &m [{name: m}]\n" + HEAD + "  - {id: b, min_capacity: 1, "
                    "max_capacity: 2, metrics: *m}\n") == []  # fmt: skip


def test_the_files_of_many_targets_are_read_in_linear_time() -> None:
    """Ten times as many targets with problems take about ten times as long, not a hundred."""

    def spend(count: int) -> float:
        target = {"min_capcity": 1, "max_capacity": 2, "tick": "x", "metrics": [{"name": "m"}]}
        value = {
            "version": 1,
            "scalable_targets": [{"id": f"t{i}", **target} for i in range(count)],
        }
        text = json.dumps(value)
        started = time.perf_counter()
        assert len(problems(text)) == 3 * count
        return time.perf_counter() - started

    spend(10)
    assert spend(400) < 40 * spend(40)


def test_ten_thousand_targets_are_loaded() -> None:
    """A fleet in one file; JSON, as a program writes it."""
    target = {"min_capacity": 1, "max_capacity": 2, "metrics": [{"name": "m"}]}
    value = {
        "version": 1,
        "scalable_targets": [{"id": f"t{i}", **target} for i in range(10_000)],
    }
    config = loads(json.dumps(value), FILE)
    compiled = compile_config(config)
    assert len(compiled) == len({each.config_hash for each in compiled}) == 10_000
