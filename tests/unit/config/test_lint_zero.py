"""Is a rule for zero said to be doubtful where its metric sees only calls in vain?"""

from __future__ import annotations

import json

import pytest

from flyball.config import lint
from flyball.config.load import loads
from tests.unit.config.asking import FILE, NOW

VAIN = "NoCapacityInvocationFailures"
NEVER = (
    f"it never comes to zero: {VAIN} is missing while no call fails; "
    "say that silence means none: `expression: FILL(failed, 0)`"
)
UNSEEN = (
    f"{VAIN} does not say whether anybody is served; "
    "track the calls too, such as InvocationsPerCopy"
)
PLAIN = f"{{namespace: AWS/SageMaker, metric: {VAIN}, statistic: Sum}}"
CALLED = PLAIN.replace(VAIN, "InvocationsPerCopy")
FILLED = f"{{expression: 'FILL(failed, 0)', failed: {PLAIN}}}"
SUMMED = f"{{expression: 'FILL(a, 0) + FILL(b, 0)', a: {PLAIN}, b: {CALLED}}}"
CALLS = f"{{name: calls, source: {CALLED}}}"
CPU = f"{{name: cpu, unit: percent, source: {PLAIN.replace(VAIN, 'CPUUtilization')}}}"
FILE_TEXT = """\
version: 1
scalable_targets:
  - id: llm
    home: aws
    resource: {{inference_component: llm}}
    min_capacity: 0
    max_capacity: 4
    metrics: [{{name: refused, per: total, source: {source}}}, {other}]
    policies: [{{name: t, kind: target_tracking, metric: {tracked}, target_value: 70}}]
    zero: {{metric: refused}}
"""


def lines(*expressions: str) -> str:
    """Write AWS's own lines: the failures, and expressions on them."""
    where = {"Namespace": "AWS/SageMaker", "MetricName": VAIN, "Dimensions": []}
    stat = {"Metric": where, "Stat": "Sum", "Period": 60}
    found = [{"Id": "failed", "MetricStat": stat, "ReturnData": not expressions}]
    made = [{"Id": f"e{n}", "Expression": text} for n, text in enumerate(expressions)]
    return f"{{metrics: '{json.dumps([*found, *made])}'}}"


RULES: dict[str, tuple[str, str, list[str]]] = {
    "missing_while_all_is_well": (PLAIN, CALLS, [NEVER]),
    "missing_in_lines": (lines(), CALLS, [NEVER]),
    "alone": (FILLED, CPU, [UNSEEN]),
    "both": (PLAIN, CPU, [NEVER, UNSEEN]),
    "as_it_should_be": (FILLED, CALLS, []),
    "as_it_should_be_in_lines": (lines("FILL(failed, 0)"), CALLS, []),
    "another_metric": (CALLED, CPU, []),
    "a_sum": (SUMMED, CPU, []),
}


@pytest.mark.parametrize(("source", "other", "expected"), RULES.values(), ids=RULES)
def test_a_rule_for_zero_that_sees_only_calls_in_vain_is_doubtful(
    source: str, other: str, expected: list[str]
) -> None:
    """It would never come to zero, or not know who is served."""
    tracked = "cpu" if other is CPU else "calls"
    text = FILE_TEXT.format(source=source, other=other, tracked=tracked)
    said = lint(loads(text, FILE), NOW)
    assert [f"{each.message}; {each.hint}" for each in said] == expected
    assert {each.path for each in said} <= {"scalable_targets[0].zero"}
