"""Is what CloudWatch cannot be asked for named where it was written?"""

from __future__ import annotations

import pytest

from flyball.config import ConfigError
from tests.unit.config.asking import load_lines, target_of

BARE = """\
version: 1
scalable_targets:
  - id: churn
    min_capacity: 2
    max_capacity: 20
"""
GOOD = "{namespace: AWS/SageMaker, metric: InvocationsPerInstance, statistic: Sum}"
VARIANT = "{endpoint: churn, variant: blue}"


def lines(
    source: str = GOOD, resource: str = VARIANT, period: str = "60s", max_age: str = "5m"
) -> str:
    """Write a target on AWS with one metric."""
    return (
        f"home: aws\nresource: {resource}\n"
        f"metrics: [{{name: m, period: {period}, max_age: {max_age}, source: {source}}}]\n"
        "policies: [{name: p, kind: target_tracking, metric: m, target_value: 70}]"
    )


ACCEPTED = (
    GOOD,
    GOOD.replace("Sum", "p99"),
    GOOD.replace("Sum", "p99.9"),
    GOOD.replace("Sum", "tm95"),
    GOOD.replace("Sum", "'TM(10%:90%)'"),
    "{namespace: N, metric: CPUUtilization, statistic: Average, cores: 4, unit: Percent}",
    "{namespace: N, metric: CPUUtilization, statistic: Average, full: 197.8}",
    "{namespace: N, metric: Q, statistic: Sum, dimensions: {QueueName: jobs}}",
    (
        "{expression: q / r, q: {namespace: N, metric: Q, statistic: Sum},"
        " r: {namespace: N, metric: R, statistic: Average, dimensions: {A: b}}}"
    ),
)


@pytest.mark.parametrize("source", ACCEPTED)
def test_what_cloudwatch_understands_is_accepted(source: str) -> None:
    """Plain statistics, percentiles, per core, and arithmetic over several."""
    assert target_of(lines(source), BARE).metrics[0].source


@pytest.mark.parametrize(
    "resource",
    [
        VARIANT,
        "{inference_component: llama}",
        "{inference_component: llama, endpoint: e}",
        "{auto_scaling_group: workers}",
    ],
)
def test_every_kind_of_resource_is_accepted(resource: str) -> None:
    """One of three."""
    assert target_of(lines(resource=resource), BARE).resource


REFUSED = (
    ("{metric: M, statistic: Sum}", "source", "namespace is missing"),
    ("{}", "source", "statistic is missing"),
    (GOOD.replace("Sum", "Summ"), "source.statistic", "got Summ, expected Average, Sum"),
    (GOOD.replace("Sum", "Summ"), "source.statistic", "did you mean Sum?"),
    (GOOD.replace("Sum", "p101"), "source.statistic", "got p101"),
    (GOOD.replace("statistic", "statistics"), "source.statistics", "did you mean statistic?"),
    (GOOD.replace("}", ", cores: 0}"), "source.cores", "got 0, expected a number above 0"),
    (GOOD.replace("}", ", cores: x}"), "source.cores", "got x"),
    (GOOD.replace("}", ", full: 0}"), "source.full", "got 0, expected a number above 0"),
    (GOOD.replace("}", ", full: x}"), "source.full", "got x"),
    (GOOD.replace("}", ", cores: 1, gpus: 1}"), "source.gpus", "expected one of them"),
    ("{expression: RATE(q)}", "source.expression", "RATE is not understood; understood is"),
    ("{expression: q / r, q: {namespace: N, metric: Q, statistic: Sum}}", "source", "r is not"),
    ("{expression: q + 1, q: {metric: Q, statistic: Sum}}", "source.q", "namespace is missing"),
    (
        "{expression: q + 1, z: {a: b}, q: {namespace: N, metric: Q, statistic: Sum}}",
        "source.z",
        "unknown key z",
    ),
    ("{metrics: nonsense}", "source.metrics", "got no JSON list"),
    ('{metrics: \'[{"Id": "a", "Expression": "RATE(b)"}]\'}', "source.metrics", "RATE is not"),
    ("{metrics: '[]', namespace: N}", "source.namespace", "unknown key namespace"),
)


@pytest.mark.parametrize(("source", "path", "message"), REFUSED)
def test_a_source_that_cannot_be_asked_for_is_named_with_its_field(
    source: str, path: str, message: str
) -> None:
    """With file, line, column, what was expected and what was probably meant."""
    with pytest.raises(ConfigError) as refused:
        load_lines(lines(source), BARE)
    assert any(
        f"metrics[0].{path}:" in str(problem) and message in str(problem)
        for problem in refused.value.problems
    ), str(refused.value)


@pytest.mark.parametrize("period", ["45s", "90s", "1s"])
def test_a_period_that_cloudwatch_does_not_have_is_refused(period: str) -> None:
    """10, 20 or 30 seconds, or whole minutes."""
    with pytest.raises(ConfigError, match="expected 10s, 20s, 30s or whole minutes"):
        load_lines(lines(period=period), BARE)


def queued(seconds: int, ready_seconds: int, seconds_of_all: int) -> str:
    """Write two lines of these periods, and one over them."""

    def line(name: str, period: int) -> str:
        metric = f'{{"Namespace": "N", "MetricName": "{name}"}}'
        stat = f'{{"Metric": {metric}, "Stat": "Sum", "Period": {period}}}'
        return f'{{"Id": "{name}", "MetricStat": {stat}, "ReturnData": false}}'

    result = f'{{"Id": "r", "Expression": "q / n", "Period": {seconds_of_all}}}'
    return f"{{metrics: '[{line('q', seconds)}, {line('n', ready_seconds)}, {result}]'}}"


PERIODS = (
    ("300s", (300, 60, 300), "n has a Period of 60, expected 300 like the metric"),
    ("60s", (300, 60, 60), "q has a Period of 300, expected 60 like the metric"),
    ("60s", (60, 60, 300), "r has a Period of 300, expected 60 like the metric"),
)


@pytest.mark.parametrize(("period", "seconds", "message"), PERIODS)
def test_lines_of_different_periods_are_not_joined(
    period: str, seconds: tuple[int, int, int], message: str
) -> None:
    """The sum of five minutes and that of one stand at the same instant, and mean another thing."""
    with pytest.raises(ConfigError) as refused:
        load_lines(lines(queued(*seconds), period=period), BARE)
    assert any(
        f"metrics[0].source.metrics: {message}" in str(problem)
        for problem in refused.value.problems
    ), str(refused.value)


def test_lines_of_the_metrics_period_are_accepted() -> None:
    """As an alarm prints them."""
    text = lines(queued(300, 300, 300), period="300s", max_age="10m")
    assert target_of(text, BARE).metrics[0].period.total_seconds() == 300


def test_lines_of_different_periods_that_aws_printed_are_not_joined_either() -> None:
    """The metric then has the longest, and no other line has it."""
    metric = "Metric: {Namespace: N, MetricName: q}, Stat: Sum"
    policy = (
        "{PolicyName: p, PolicyType: TargetTrackingScaling,"
        " TargetTrackingScalingPolicyConfiguration: {TargetValue: 5,"
        " CustomizedMetricSpecification: {Metrics: ["
        f"{{Id: a, MetricStat: {{{metric}, Period: 300}}, ReturnData: false}},"
        f"{{Id: b, MetricStat: {{{metric}, Period: 60}}, ReturnData: false}},"
        "{Id: c, Expression: a / b, Label: L}]}}}"
    )
    with pytest.raises(ConfigError, match="b has a Period of 60, expected 300"):
        load_lines(f"home: aws\nresource: {VARIANT}\npolicies: [{policy}]", BARE)


FILLED = "{expression: 'FILL(q, 0)', q: {namespace: N, metric: Q, statistic: Sum}}"
FILLED_LINES = (
    '{metrics: \'[{"Id": "q", "MetricStat": {"Metric": {"Namespace": "N", "MetricName": "Q"},'
    ' "Stat": "Sum"}, "ReturnData": false}, {"Id": "r", "Expression": "1 + FILL (q, REPEAT)"}]\'}'
)


@pytest.mark.parametrize("source", [FILLED, FILLED_LINES], ids=["expression", "metrics"])
@pytest.mark.parametrize(
    ("period", "short", "enough"), [("60s", "239s", "240s"), ("300s", "479s", "480s")]
)
def test_what_fill_fills_is_never_always_stale(
    source: str, period: str, short: str, enough: str
) -> None:
    """It leaves three minutes open, and its newest value may be a period older than that."""
    made = target_of(lines(source, period=period, max_age=enough), BARE).metrics[0]
    assert f"{made.max_age.total_seconds():g}s" == enough
    with pytest.raises(ConfigError) as refused:
        load_lines(lines(source, period=period, max_age=short), BARE)
    (problem,) = refused.value.problems
    message = f"metrics[0].max_age: got {short}, expected at least {enough} where FILL is used"
    assert message in str(problem)


def test_without_fill_a_short_age_is_anyones_choice() -> None:
    """A datapoint that is late is then missing."""
    assert target_of(lines(max_age="90s"), BARE).metrics[0].max_age.total_seconds() == 90


RESOURCES = (
    ("{endpoint: churn}", "got endpoint, expected endpoint with variant"),
    ("{}", "got nothing, expected endpoint with variant"),
    ("{endpoints: churn, variant: b}", "unknown key endpoints; did you mean endpoint?"),
    ("{endpoint: e, variant: v, auto_scaling_group: g}", "which is of a variant and a group"),
    ("{variant: blue}", "got variant, expected a variant: add endpoint"),
    ("{endpoint: my churn, variant: b}", "got 'my churn', expected 1 to 63 letters and digits"),
    (
        "{endpoint: 'arn:aws:sagemaker:eu-west-1:1:endpoint/churn', variant: b}",
        "give the id alone, not the full name: churn",
    ),
    ("{project: acme, endpoint: e, variant: v}", "that is Google's; leave it out"),
    ("{resource_id: endpoint/e/variant/v}", "resource_id alone says not what is scaled"),
)


@pytest.mark.parametrize(("resource", "message"), RESOURCES)
def test_a_resource_that_is_none_of_awss_is_refused(resource: str, message: str) -> None:
    """With the kinds that there are."""
    with pytest.raises(ConfigError) as refused:
        load_lines(lines(resource=resource), BARE)
    assert message in str(refused.value)


def test_a_metric_that_aws_printed_is_looked_at_too() -> None:
    """At the entry, where it has no line of its own."""
    policy = (
        "{PolicyName: p, PolicyType: TargetTrackingScaling,"
        " TargetTrackingScalingPolicyConfiguration: {TargetValue: 5,"
        " CustomizedMetricSpecification: {Metrics: [{Id: a, Expression: RATE(b), Label: L}]}}}"
    )
    with pytest.raises(ConfigError, match="RATE is not understood"):
        load_lines(f"home: aws\nresource: {VARIANT}\npolicies: [{policy}]", BARE)


def test_a_total_that_is_tracked_is_looked_at_on_every_tick() -> None:
    """No alarm's threshold moves with the instances; whoever gives a heartbeat knows better."""
    text = lines().replace(", source:", ", per: total, source:")
    assert target_of(text, BARE).heartbeat.total_seconds() == 60
    assert target_of(text + "\ntick: 30s", BARE).heartbeat.total_seconds() == 30
    assert target_of(text + "\nheartbeat: 10m", BARE).heartbeat.total_seconds() == 600
    assert target_of(lines(), BARE).heartbeat.total_seconds() == 300
