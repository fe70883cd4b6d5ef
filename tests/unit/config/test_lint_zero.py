"""Is a rule for zero said to be doubtful where it sees only calls in vain, or idling as load?"""

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


IDLING = (
    "it never comes to zero: as a number, what {} shows of an idle machine is load; "
    "set `unit: percent`, or `ratio` where it is 0 to 1"
)
BUSY = "{{name: {name}, {more}source: {source}}}"
NORMALIZED = PLAIN.replace(VAIN, "CPUUtilizationNormalized")
IN_PERCENT = PLAIN.replace(VAIN, "Busy").replace("Sum", "Average, unit: Percent")
COUNTED = NORMALIZED.replace("Sum", "Sum, unit: Count")
MEAN = f"{{expression: 'AVG([a, b])', a: {NORMALIZED}, b: {IN_PERCENT}}}"
SPENT = f"{{expression: 'a * b', a: {NORMALIZED}, b: {CALLED}}}"
ASIDE = PLAIN.replace(VAIN, "Busy").replace("Sum", "Sum, dimensions: {metric: Utilization}")
LOADS: dict[str, tuple[str, str, str, bool]] = {
    "by_its_source": ("cpu", "", NORMALIZED, True),
    "by_its_name": ("gpu-utilization", "", PLAIN.replace(VAIN, "Busy"), True),
    "by_its_unit": ("busy", "", IN_PERCENT, True),
    "of_several": ("busy", "", MEAN, True),
    "percent": ("cpu", "unit: percent, ", NORMALIZED, False),
    "ratio": ("cpu", "unit: ratio, ", NORMALIZED, False),
    "counted": ("cpu", "", COUNTED, False),
    "of_calls_too": ("spent", "", SPENT, False),
    "only_a_dimension": ("busy", "", ASIDE, False),
}


@pytest.mark.parametrize(("name", "more", "source", "doubtful"), LOADS.values(), ids=LOADS)
def test_a_tracked_utilization_without_its_unit_keeps_a_target_from_zero(
    name: str, more: str, source: str, doubtful: bool
) -> None:
    """A machine that idles has some, and a number is load: the target would never be given up."""
    other = BUSY.format(name=name, more=more, source=source)
    said = lint(loads(FILE_TEXT.format(source=CALLED, other=other, tracked=name), FILE), NOW)
    assert [f"{each.message}; {each.hint}" for each in said] == [IDLING.format(name)] * doubtful
    assert {each.path for each in said} <= {"scalable_targets[0].metrics[1]"}


def test_a_utilization_that_is_the_rules_own_or_of_no_rule_is_not_doubtful() -> None:
    """There its threshold says what is idle; and without a rule nothing is."""
    busy = BUSY.format(name="cpu", more="", source=NORMALIZED)
    text = FILE_TEXT.format(source=CALLED, other=busy, tracked="cpu")
    own = text.replace("{metric: refused}", "{metric: cpu, activation_threshold: 5}")
    assert [each.message for each in lint(loads(own, FILE), NOW)] == ["no policy uses this metric"]
    without = text.replace("zero: {metric: refused}", "")
    assert not any("as a number" in each.message for each in lint(loads(without, FILE), NOW))


def test_a_metric_of_another_home_is_read_by_no_rule_of_cloudwatch() -> None:
    """What looks like AWS's lines there is something else."""
    busy = BUSY.format(name="cpu", more="", source="{metrics: some}")
    text = FILE_TEXT.format(source=CALLED, other=busy, tracked="cpu")
    local = text.replace("home: aws", "home: local")
    assert lint(loads(local, FILE), NOW) == ()


ENDPOINT = "location: europe-west4, endpoint: '1'"
KEPT = {
    "v1": (
        ENDPOINT,
        (
            "0, and 1 is kept: a model may go to zero only by Vertex AI's v1beta1; "
            "add `api_version: v1beta1` to resource, or set min_capacity: 1"
        ),
    ),
    "v1beta1": (f"{ENDPOINT}, api_version: v1beta1", ""),
    "a_pool": (
        "location: europe-west4, deployment_resource_pool: shared",
        "0, and 1 is kept: a deployment resource pool cannot go to zero; set min_capacity: 1",
    ),
}


@pytest.mark.parametrize(("resource", "told"), KEPT.values(), ids=KEPT)
def test_a_minimum_of_zero_that_google_does_not_take_is_said(resource: str, told: str) -> None:
    """It is sent as 1, and the row says why; better to know it before."""
    source = "{metric: custom.googleapis.com/calls, statistic: mean, project: p}"
    text = f"""\
version: 1
scalable_targets:
  - id: llm
    home: gcp
    resource: {{project: p, {resource}}}
    min_capacity: 0
    max_capacity: 4
    metrics: [{{name: calls, per: total, source: {source}}}]
    policies: [{{name: t, kind: target_tracking, metric: calls, target_value: 70}}]
    zero: {{metric: calls}}
"""
    problems = [f"{each.message}; {each.hint}" for each in lint(loads(text, FILE), NOW)]
    assert [each for each in problems if "1 is kept" in each] == [told] * bool(told)
