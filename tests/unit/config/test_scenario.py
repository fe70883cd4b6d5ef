"""A scenario gives the engine exactly what its author wrote, or says what is wrong with it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from flyball.config import ConfigError, compile_config
from flyball.config.scenario import Scenario, read, reads
from flyball.core import codec
from flyball.core.model import (
    Capacity,
    CapacityRange,
    Change,
    Datapoint,
    History,
    Missing,
    MissingCause,
    Pause,
    Status,
)
from tests.unit.config.asking import load_lines

NOW = datetime(2026, 11, 21, 0, 24, 11, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TARGET = """
scalable_target:
  id: churn
  min_capacity: 2
  max_capacity: 20
  metrics: [{name: m}, {name: slow, period: 5m}, {name: unused}]
  policies:
    - {name: t, kind: target_tracking, metric: m, target_value: 70, scale_in: {datapoints: 4}}
    - {name: s, kind: step, metric: slow, threshold: 5, datapoints: 2, steps: [{from: 0, add: 1}]}
    - {name: a, kind: scheduled, schedule: rate(1 day), min_capacity: 3}
"""
NOW_LINE = "now: 2026-11-21T01:24:11+01:00\n"


def scenario_of(metrics: str = "{}", capacity: str = "4", rest: str = NOW_LINE) -> Scenario:
    """Read a scenario of the target above."""
    return reads(f"{TARGET}observation:\n  capacity: {capacity}\n  metrics: {metrics}\n{rest}")


def problems_in(text: str) -> list[str]:
    """List the problems of a text."""
    with pytest.raises(ConfigError) as caught:
        reads(text)
    return [str(problem).removeprefix("<stdin>:") for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("capacity", "expected"),
    [
        ("4", Capacity(4, 4)),
        ("{desired: 8}", Capacity(8, 8)),
        (
            "{desired: 8, ready: 4, status: busy, ceiling: 9, detail: Updating, owner: native}",
            Capacity(8, 4, Status.BUSY, 9, "Updating", "native"),
        ),
        (
            "{desired: 4, warming: 2, least: 1, most: 10, short: true}",
            Capacity(4, 2, warming=2, least=1, most=10, short=True),
        ),
        (
            "{missing: source_failed, detail: denied}",
            Missing(MissingCause.SOURCE_FAILED, "denied"),
        ),
    ],
)
def test_a_capacity_is_a_number_a_mapping_or_missing(
    capacity: str, expected: Capacity | Missing
) -> None:
    """A bare number is desired and in service."""
    made = scenario_of(capacity=capacity)
    assert made.observation.capacity == expected
    assert (made.now, made.observation.at, made.history) == (NOW, NOW, History())


@pytest.mark.parametrize(
    ("metrics", "name", "values", "period"),
    [
        ("{m: 150}", "m", [150, 150, 150, 150], 1),
        ("{slow: 7.5}", "slow", [7.5, 7.5], 5),
        ("{unused: 0}", "unused", [0], 1),
        ("{m: [90, null, 150]}", "m", [90, None, 150], 1),
        ("{slow: [1, 2]}", "slow", [1, 2], 5),
        ("{m: []}", "m", [], 1),
    ],
)
def test_numbers_become_datapoints_that_end_now(
    metrics: str, name: str, values: list[float | None], period: int
) -> None:
    """A bare number as often as any policy looks back; null is a gap."""
    last = len(values) - 1
    assert scenario_of(metrics).observation.metrics[name] == tuple(
        Datapoint(NOW - MINUTE * period * (last - i), value)
        for i, value in enumerate(values)
        if value is not None
    )


def test_datapoints_are_taken_as_they_are() -> None:
    """With their own instants, and the instances they were measured on."""
    made = scenario_of(
        "{m: [{at: now-2m, value: 1, ready: 3, reporting: 2}, "
        "{at: 2026-11-21T00:23:30Z, value: 2}, {at: now, value: 3}]}"
    )
    assert made.observation.metrics["m"] == (
        Datapoint(NOW - 2 * MINUTE, 1, 3, 2),
        Datapoint(datetime(2026, 11, 21, 0, 23, 30, tzinfo=UTC), 2),
        Datapoint(NOW, 3),
    )


def test_a_metric_may_be_missing() -> None:
    """By its cause."""
    made = scenario_of("{m: {missing: stale, detail: 12 minutes}}")
    assert made.observation.metrics == {"m": Missing(MissingCause.STALE, "12 minutes")}


def test_a_history_is_the_ledgers_with_instants_relative_to_now() -> None:
    """Text that is no instant stays text."""
    made = scenario_of(
        rest=NOW_LINE
        + """
history:
  desired: 8
  bounds: {floor: 1, ceiling: 9}
  changes: [{at: now-2m, before: 4, after: 8, policies: [now], completed_at: now+30s}]
  missing_since: {m: now-4m}
  active_at: 2026-11-21T00:00:00Z
  pauses: [{by: now, reason: now-5m, until: now}]
"""
    )
    assert made.history == History(
        desired=8,
        bounds=CapacityRange(1, 9),
        changes=(Change(NOW - 2 * MINUTE, 4, 8, ("now",), NOW + MINUTE / 2),),
        missing_since={"m": NOW - 4 * MINUTE},
        active_at=datetime(2026, 11, 21, tzinfo=UTC),
        pauses=(Pause(until=NOW, by="now", reason="now-5m"),),
    )


def test_the_instant_may_be_the_observations() -> None:
    """Where both are given, each has its own."""
    text = TARGET + "observation: {at: 2026-11-21T00:24:11Z, capacity: 4}\n"
    assert reads(text).now == NOW
    later = reads(text + "now: 2026-11-21T00:25:11Z\n")
    assert (later.now, later.observation.at) == (NOW + MINUTE, NOW)


def as_json(key: str, target: str) -> str:
    """Write a scenario with a compiled scalable target."""
    value: dict[str, Any] = {"observation": {"capacity": 4}, "now": "2026-11-21T00:24:11Z"}
    return json.dumps(value | {key: json.loads(target)})


def test_a_compiled_target_is_taken_as_it_is() -> None:
    """The profile's defaults are not laid over it once more."""
    policy = "{name: t, kind: target_tracking, metric: m, target_value: 70}"
    config = load_lines(f"profile: hpa\npolicies: [{policy}]\nscale_in: {{rates: []}}")
    (compiled,) = compile_config(config)
    for key in ("scalable_target", "compiled_target"):
        made = reads(as_json(key, compiled.config))
        assert codec.canonical(made.scalable_target) == compiled.config


def test_a_compiled_target_without_a_mark_is_told_by_its_key() -> None:
    """Without a policy it could be either; `scalable_target` is then an entry of flyball.yaml."""
    plain = '{"id":"x","max_capacity":3,"min_capacity":1}'
    entry = reads(as_json("scalable_target", plain)).scalable_target
    compiled = reads(as_json("compiled_target", plain)).scalable_target
    assert entry.scale_in.stabilization_window == 5 * MINUTE
    assert compiled.scale_in.stabilization_window == timedelta()


def test_a_compiled_scheduled_action_marks_its_target() -> None:
    """Its schedule is a mapping."""
    policy = "{name: a, kind: scheduled, schedule: rate(1 day), min_capacity: 3}"
    (compiled,) = compile_config(load_lines(f"profile: hpa\npolicies: [{policy}]"))
    made = reads(as_json("scalable_target", compiled.config))
    assert codec.canonical(made.scalable_target) == compiled.config


def test_a_scenario_is_read_from_a_file(tmp_path: Path) -> None:
    """And the files that its target names from beside it."""
    (tmp_path / "p.json").write_text('{"ScalingPolicies": []}', encoding="utf-8")
    file = tmp_path / "s.yaml"
    text = f"{TARGET}  aws_scaling_policies: p.json\nobservation: {{capacity: 4}}\n{NOW_LINE}"
    file.write_text(text, encoding="utf-8")
    assert read(file).scalable_target.id == "churn"


BODY = f"{TARGET}observation: {{capacity: 4, metrics: {{m: 1}}}}\n{NOW_LINE}"
WRONG = {
    "no_now": (BODY.replace("now: 2026", "nw: 2026"), [
        "2:1: now: this key is missing; write it: a decision reads no clock",
        "12:1: nw: unknown key; did you mean now?",
    ]),
    "no_target": (NOW_LINE + "observation: {capacity: 4}", [
        "1:1: expected one of the keys scalable_target, compiled_target",
    ]),
    "two_targets": (BODY + "compiled_target: {}\n", [
        "2:1: got scalable_target and compiled_target, expected only one of them",
    ]),
    "no_observation": (TARGET + NOW_LINE, ["2:1: observation: this key is missing"]),
    "target": (BODY.replace("min_capacity: 2\n", "min_capacity: 99\n"), [
        "4:17: scalable_target.min_capacity: got 99, expected at most max_capacity (20)",
    ]),
    "unknown_metric": (BODY.replace("{m: 1}", "{n: 1}"), [
        "11:38: observation.metrics.n: there is no metric n; known: m, slow, unused",
    ]),
    "unknown_metric_of_a_target_without_any": (
        ("compiled_target: {id: x, min_capacity: 1, max_capacity: 2}\n"
        f"observation: {{capacity: 4, metrics: {{m: 1}}}}\n{NOW_LINE}"),
        ["2:38: observation.metrics.m: there is no metric m; known: none"],
    ),
    "number": (BODY.replace("{m: 1}", "{m: .nan}"), [
        "11:41: observation.metrics.m: got nan, expected a finite number",
    ]),
    "text": (BODY.replace("{m: 1}", "{m: lots}"), [
        '11:41: observation.metrics.m: got "lots", expected a number',
    ]),
    "cause": (BODY.replace("{m: 1}", "{m: {missing: stal}}"), [
        ('11:51: observation.metrics.m.missing: got "stal", expected one of no_data, stale, '
        "not_finite, negative, from_the_future, source_failed, undefined_at_zero, unavailable; "
        "did you mean stale?"),
    ]),
    "mixed": (BODY.replace("{m: 1}", "{m: [1, {at: now, value: 2}]}"), [
        ("11:42: observation.metrics.m[0]: numbers and datapoints in one list; write all of them "
        "one way"),
    ]),
    "order": (BODY.replace("{m: 1}", "{m: [{at: now, value: 2}, {at: now-1m, value: 2}]}"), [
        "11:68: observation.metrics.m[1].at: got 2026-11-21T00:23:11+00:00, expected an instant",
    ]),
    "instant_of_a_datapoint": (BODY.replace("{m: 1}", "{m: [{at: noon, value: 2}]}"), [
        ("11:47: observation.metrics.m[0].at: got noon, expected an instant with an offset, such "
        "as 2026-11-21T00:24:11Z, or now-5m and the like"),
    ]),
    "capacity": (BODY.replace("capacity: 4", "capacity: few"), [
        '11:25: observation.capacity: got "few", expected a whole number',
    ]),
    "relative_instant": (BODY + "history: {active_at: now-5x}\n", [
        ("13:22: history.active_at: got now-5x, expected now-5m or the like: a duration such as "
        "300, 300s, 5m, 1h30m or PT5M"),
    ]),
    "history_field": (BODY + "history: {changes: [{at: now, before: 1, aftr: 2}]}\n", [
        ("13:21: history.changes[0]: unknown field 'aftr'; expected one of ['after', 'at', "
        "'before', 'completed_at', 'operation', 'policies']"),
    ]),
    "history_of_nothing": (BODY + "history: {desierd: 1}\n", [
        "13:10: history: unknown field 'desierd'; expected one of ['active_at', 'bounds',",
    ]),
    "history_value": (BODY + "history: {desired: many}\n", [
        "13:20: history.desired: got 'many', expected a whole number",
    ]),
    "compiled_value": (
        (f"compiled_target: {{id: x, min_capacity: 5, max_capacity: 2}}\n"
        f"observation: {{capacity: 4}}\n{NOW_LINE}"),
        ["1:18: compiled_target: min_capacity, max_capacity: got (5, 2)"],
    ),
    "list": ("[1]", ["1:1: got a list, expected a mapping"]),
    "target_of_a_wrong_shape": (BODY.replace("min_capacity: 2\n", "min_capacity: x\n"), [
        '4:17: scalable_target.min_capacity: got "x", expected a whole number',
    ]),
    "target_of_no_shape": (f"scalable_target: 3\nobservation: {{capacity: 4}}\n{NOW_LINE}", [
        "1:18: scalable_target: got 3, expected a mapping",
    ]),
    "empty": ("", ["1:1: the file is empty"]),
}  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_scenario_is_answered(text: str, expected: list[str]) -> None:
    """Every problem, at its line and field."""
    found = problems_in(text)
    assert [one[: len(start)] for one, start in zip(found, expected, strict=True)] == expected
