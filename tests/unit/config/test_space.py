"""Are the values that are searched such as a person would write, and is the present one there?"""

from __future__ import annotations

from pathlib import Path

import pytest

from flyball.config.amend import amend, show_diff
from flyball.config.edit import Edit, EditError, Value
from flyball.config.load import loads
from flyball.config.source import read_content
from flyball.config.space import find_dimensions, list_edits, make_target

FILES = ("adaptive", "aws", "backtest", "component", "flyball", "gcp", "hpa", "two-clouds")
HEAD = """\
version: 1
defaults: {DEFAULTS}
scalable_targets:
  - id: a
    min_capacity: 1
    max_capacity: 9
    metrics: [{name: m, UNIT, source: {metric: m}}]
    policies: [{name: p, metric: m, POLICY}]
  - {id: b, min_capacity: 1, max_capacity: 9}
"""


def find(policy: str, unit: str = "unit: number", defaults: str = "home: local") -> dict[str, tuple[
    tuple[Value, ...], int]]:  # fmt: skip
    """Find what can be searched of one policy: by name, the values and which one holds."""
    text = HEAD.replace("POLICY", policy).replace("UNIT", unit).replace("DEFAULTS", defaults)
    config = loads(text)
    dimensions, _ = find_dimensions(config.built[0], read_content(text, "<stdin>"))
    return {each.name: (each.values, each.now) for each in dimensions}


@pytest.mark.parametrize(
    ("policy", "unit", "name", "values", "now"),
    [
        ("kind: target_tracking, target_value: 10", "unit: number", "p.target_value",
         (5, 5.5, 6, 6.5, 7, 7.5, 8, 8.5, 9, 9.5, 10, 10.5, 11, 11.5, 12, 12.5, 13, 13.5, 14, 14.5,
          15), 10),
        ("kind: target_tracking, target_value: 83", "unit: ratio", "p.target_value",
         (*range(42, 83, 2), 83, *range(84, 95, 2)), 21),
        ("kind: target_tracking, target_value: 10, scale_in: {cooldown: 7m}", "unit: number",
         "p.scale_in.cooldown", ("0s", "2m", "5m", "7m", "10m", "15m", "30m"), 3),
        ("kind: target_tracking, target_value: 10, scale_out: {datapoints: 4}", "unit: number",
         "p.scale_out.datapoints", ("1 of 1", "2 of 2", "2 of 3", "3 of 3", "4 of 4"), 4),
        ("kind: predictive, target_value: 10, quantile: 0.93", "unit: number", "p.quantile",
         ("60%", "70%", "75%", "80%", "85%", "90%", "93%", "95%", "97%", "99%"), 6),
        ("kind: step, threshold: 50, steps: [{from: 0, add: 4}]", "unit: number", "p.steps[0].add",
         (2, 3, 4, 6, 8, 12), 2),
        ("kind: step, threshold: 50, comparison: <, steps: [{to: 0, percent: -10}]",
         "unit: number", "p.steps[0].percent", (-30, -20, -15, -10, -8, -5), 3),
    ],
)  # fmt: skip
def test_values_are_round_and_one_holds_now(
    policy: str, unit: str, name: str, values: tuple[Value, ...], now: int
) -> None:
    """In order, from the least to the most."""
    assert find(policy, unit)[name] == (values, now)


def test_what_makes_no_sense_is_not_searched() -> None:
    """Scale-in where it is switched off; a threshold of 0; what the defaults say for all."""
    still = find("kind: target_tracking, target_value: 10, scale_in: {disabled: true}")
    assert not any("scale_in" in name for name in still)
    zero = find("kind: step, threshold: 0, steps: [{from: 0, add: 1}]")
    assert "p.threshold" not in zero
    shared = find(
        "kind: target_tracking, target_value: 10",
        defaults="scale_in: {stabilization_window: 9m}",
    )
    assert "scale_in.stabilization_window" not in shared
    adaptive = find("kind: adaptive, capacity_per_instance: 10")
    assert list(adaptive) == ["p.late_budget"]


@pytest.mark.parametrize("name", FILES)
def test_every_value_can_be_written(name: str, repository: Path) -> None:
    """The file then says just what was searched, of this scalable target and no other."""
    path = repository / "examples" / f"{name}.yaml"
    text = path.read_text(encoding="utf-8")
    config, source = loads(text, str(path), path.parent), read_content(text, str(path))
    for index, built in enumerate(config.built):
        dimensions, _ = find_dimensions(built, source)
        for pick in (0, -1):
            point = tuple(range(len(each.values))[pick] for each in dimensions)
            edits = list_edits(dimensions, point)
            target = make_target(source, path.parent, index, edits)
            made = amend(config, text, path.parent, edits, {target.id: target})
            assert (made == text) is (not edits)
            assert bool(show_diff(text, made, name)) is bool(edits)


def test_a_file_that_would_say_something_else_is_refused() -> None:
    """Also one that would not be sound."""
    text = HEAD.replace("POLICY", "kind: target_tracking, target_value: 10")
    text = text.replace("UNIT", "unit: number").replace("DEFAULTS", "home: local")
    config = loads(text)
    with pytest.raises(EditError, match="b would say something else too"):
        amend(config, text, Path(), [Edit(("scalable_targets", 1, "max_capacity"), 8)], {})
    with pytest.raises(EditError, match="it would not be sound: .*max_capacity"):
        amend(config, text, Path(), [Edit(("scalable_targets", 1, "max_capacity"), 0)], {})
