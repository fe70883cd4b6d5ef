"""Are targets and fields that differ found, and called what a reviewer calls them?"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from flyball.config import loads
from flyball.config.amended import Amended, Pair, list_amended, pair_targets
from flyball.core.target import ScalableTarget

BASE = """
min_capacity: 1
    max_capacity: 20
    metrics: [{name: calls, source: {metric: invocations_per_instance}}]
    policies: [{name: keep, kind: target_tracking, metric: calls, target_value: 350}]
"""
KEEP = "tracking, metric calls, target_value 350, out_datapoints 2 of 3, in_datapoints 5 of 5"


def target(name: str = "chat", body: str = BASE, resource: str = "") -> ScalableTarget:
    """Make one of a few lines of YAML."""
    where = f"    resource: {{endpoint: {resource}}}\n" if resource else ""
    text = f"version: 1\nscalable_targets:\n  - id: {name}\n{where}    {body.strip()}\n"
    return loads(text).scalable_targets[0]


@dataclass(frozen=True)
class Case:
    """A line of BASE that is written otherwise, and what is said of that."""

    name: str
    was: str
    now: str
    expected: tuple[Amended, ...]


CASES = [
    Case("a number", "350", "300", (Amended("policies.keep.target_value", "350", "300"),)),
    Case("a bound", "max_capacity: 20", "max_capacity: 30", (Amended("max_capacity", "20", "30"),)),
    Case(
        "a default that is written out",
        "max_capacity: 20",
        "max_capacity: 20\n    lead_time: 5m\n    mode: apply",
        (),
    ),
    Case(
        "a duration",
        "max_capacity: 20",
        "max_capacity: 20\n    lead_time: 4m30s",
        (Amended("lead_time", "5m", "4m30s"),),
    ),
    Case(
        "datapoints",
        "target_value: 350",
        "target_value: 350, scale_out: {datapoints: 3 of 4}",
        (Amended("policies.keep.out_datapoints", "2 of 3", "3 of 4"),),
    ),
    Case(
        "what was not set",
        "max_capacity: 20",
        "max_capacity: 20\n    price_per_hour: 1.41\n    fallback: {capacity: 4, after: 2m}",
        (
            Amended("fallback", "none", "capacity 4, after 2m"),
            Amended("price_per_hour", "none", "1.41"),
        ),
    ),
    Case(
        "a policy under another name",
        "name: keep,",
        "name: hold,",
        (
            Amended("policies.hold", "none", KEEP),
            Amended("policies.keep", KEEP, "none"),
        ),
    ),
    Case(
        "what a metric is read from",
        "invocations_per_instance",
        "invocations",
        (
            Amended("metrics.calls.source.metric", "invocations_per_instance", "invocations"),
        ),
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_field_is_named_with_what_it_was_and_is(case: Case) -> None:
    """Only what means something else; and backwards the same."""
    old, new = target(), target(body=BASE.replace(case.was, case.now))
    assert tuple(list_amended(old, new)) == case.expected
    backwards = {(each.name, each.new, each.old) for each in list_amended(new, old)}
    assert backwards == {tuple(each) for each in case.expected}


def test_another_kind_of_policy_is_said_whole() -> None:
    """Nothing of one kind can be held against a field of the other."""
    steps = "kind: step, metric: calls, threshold: 80, steps: [{from: 0, add: 1}]"
    body = BASE.replace("kind: target_tracking, metric: calls, target_value: 350", steps)
    (amended,) = list_amended(target(), target(body=body))
    assert amended.name == "policies.keep"
    assert amended.old == KEEP
    assert amended.new == (
        "step, metric calls, threshold 80, steps lower 0, upper none, adjustment 1, "
        "datapoints 2 of 3"
    )


def test_another_order_is_said() -> None:
    """Where two policies are the same, and stand the other way round."""
    one = "{name: a, kind: target_tracking, metric: calls, target_value: 350}"
    other = "{name: b, kind: target_tracking, metric: calls, target_value: 300}"
    head = BASE.partition("policies:")[0]
    old, new = (
        target(body=f"{head}policies: [{first}, {second}]")
        for first, second in ((one, other), (other, one))
    )
    assert list_amended(old, new) == [Amended("policies (order)", "a, b", "b, a")]


def test_targets_are_paired_by_id() -> None:
    """In the new order, what is gone at the end."""
    a, b, c = target("a", resource="x"), target("b", resource="y"), target("c", resource="z")
    changed = target("b", BASE.replace("350", "300"), "y")
    assert pair_targets([a, b], [changed, c]) == [Pair(b, changed), Pair(None, c), Pair(a, None)]
    assert pair_targets([a, b], [b, a]) == [Pair(b, b), Pair(a, a)]


def test_a_target_is_followed_under_another_id() -> None:
    """By what it scales; without that, where all the rest is the same, if it is the only one."""
    old, new = target("a", resource="x"), target("b", BASE.replace("350", "300"), "x")
    (pair,) = pair_targets([old], [new])
    assert (pair, pair.renamed) == (Pair(old, new), True)
    assert pair_targets([target("a")], [target("b")]) == [Pair(target("a"), target("b"))]
    twins = pair_targets([target("a"), target("b")], [target("c"), target("d")])
    assert not any(each.old and each.new for each in twins)
