"""Is what Cloud Monitoring cannot be asked for named where it was written?"""

from __future__ import annotations

import pytest

from flyball.config import ConfigError
from tests.unit.config.asking import load_lines, target_of

BARE = """\
version: 1
scalable_targets:
  - id: vision
    home: gcp
    min_capacity: 1
    max_capacity: 8
"""
ENDPOINT = "{project: p, location: europe-west4, endpoint: '42', deployed_model: '7'}"
POOL = "{project: p, location: europe-west4, deployment_resource_pool: gpus}"
VERSION = "{project: p, model: vision, version: v3}"
VERTEX = "aiplatform.googleapis.com/prediction/online"
DUTY = f"metric: {VERTEX}/accelerator/duty_cycle"
LATENCY = f"metric: {VERTEX}/prediction_latencies"
CUSTOM = "metric: custom.googleapis.com/queue"


def lines(source: str, rest: str = "", resource: str = ENDPOINT) -> str:
    """Write a target on Google with one metric."""
    return (
        f"resource: {resource}\n"
        f"metrics: [{{name: m{rest and ', '}{rest}, source: {{{source}}}}}]\n"
        "policies: [{name: p, kind: target_tracking, metric: m, target_value: 70}]"
    )


ACCEPTED = (
    (f"expression: 'MAX([a, a])', a: {{{DUTY}}}", "unit: ratio", ENDPOINT),
    (f"expression: 'a * 100', a: {{{DUTY}}}", "unit: percent", ENDPOINT),
    (f"expression: 'a / 4', a: {{{DUTY}}}", "unit: percent", ENDPOINT),
    (DUTY, "unit: ratio", ENDPOINT),
    (f"metric: {VERTEX}/cpu/utilization, cores: 4", "unit: ratio", ENDPOINT),
    (f"metric: {VERTEX}/cpu/utilization, cores: 4, full: 99", "unit: ratio", ENDPOINT),
    (f"{DUTY}, statistic: max", "unit: ratio", ENDPOINT),
    (f"metric: {VERTEX}/replicas", "per: total", ENDPOINT),
    (f"metric: {VERTEX}/prediction_count", "per: total", ENDPOINT),
    (f"metric: {VERTEX}/error_count, statistic: rate", "per: total, max_age: 60s", ENDPOINT),
    (f"{LATENCY}, statistic: p99", "", ENDPOINT),
    (f"{LATENCY}, statistic: p50, labels: {{latency_type: model}}", "", ENDPOINT),
    (f"metric: {VERTEX}/memory/bytes_used", "per: total", ENDPOINT),
    (f"metric: {VERTEX}/deployment_resource_pool/cpu/utilization", "unit: ratio", POOL),
    (
        f"metric: {VERTEX}/deployment_resource_pool/cpu/utilization",
        "unit: ratio, max_age: 180s",
        POOL,
    ),
    ("metric: ml.googleapis.com/prediction/latencies, statistic: p95", "", VERSION),
    (f"{CUSTOM}, statistic: mean", "per: total, unit: percent", ENDPOINT),
    (f"{CUSTOM}, statistic: delta, across: sum, project: other", "max_age: 60s", ENDPOINT),
    (
        (
            "metric: pubsub.googleapis.com/subscription/num_undelivered_messages, statistic: mean,"
            " resource_type: pubsub_subscription, resource_labels: {subscription_id: jobs}"
        ),
        "per: total",
        ENDPOINT,
    ),
    (f"{DUTY}, resource_labels: {{endpoint_id: '43'}}", "unit: ratio", POOL),
    (
        (
            f"expression: 'errors / calls', errors: {{metric: {VERTEX}/error_count}},"
            f" calls: {{metric: {VERTEX}/prediction_count}}"
        ),
        "unit: ratio",
        ENDPOINT,
    ),
    (
        f"expression: 'FILL(calls, 0)', calls: {{metric: {VERTEX}/prediction_count}}",
        "per: total, max_age: 420s",
        ENDPOINT,
    ),
)


@pytest.mark.parametrize(("source", "rest", "resource"), ACCEPTED)
def test_what_cloud_monitoring_understands_is_accepted(
    source: str, rest: str, resource: str
) -> None:
    """Google's own metrics with nothing but their type, others with a statistic."""
    assert target_of(lines(source, rest, resource), BARE).metrics[0].source


BOTH = f"a: {{{DUTY}, statistic: mean}}, b: {{metric: {VERTEX}/cpu/utilization, statistic: mean}}"
REFUSED = (
    *(
        (f"expression: '{text}', {BOTH}", unit, "unit", f"got {got}, expected {expected}; Google")
        for text, unit, got, expected in (
            ("MAX([a, b])", "unit: percent", "percent", "ratio"),
            ("MAX([a, b])", "", "number", "ratio"),
            ("FILL(a, 0) + b", "unit: percent", "percent", "ratio"),
            ("MAX([a, b]) * 100", "unit: ratio", "ratio", "percent"),
        )
    ),
    (
        f"expression: 'MAX([a, b * 100])', {BOTH}",
        "unit: percent",
        "source.expression",
        "MAX([a, b * 100]) mixes a ratio, 0-1, and percent, 0-100; bring both to one unit",
    ),
    ("", "", "source", "metric is missing; add the metric's type"),
    (
        "metric: duty_cycle",
        "unit: ratio",
        "source.metric",
        f"did you mean {VERTEX}/accelerator/duty_cycle?",
    ),
    ("metric: queue", "", "source.metric", "got queue, expected a whole metric type"),
    (CUSTOM, "", "source", "statistic is missing, expected one of mean, min"),
    (
        DUTY.replace("duty_cycle", "duty_cycles"),
        "unit: ratio",
        "source",
        f"did you mean {VERTEX}/accelerator/duty_cycle?",
    ),
    (LATENCY, "", "source", "statistic is missing, expected one of p05, p50"),
    (LATENCY, "", "source", "a latency has none that is usual"),
    (f"{CUSTOM}, statistic: average", "", "source.statistic", "got average, expected one of"),
    (f"{DUTY}, statistic: sum", "unit: ratio", "source.statistic", "got sum, expected one of mean"),
    (f"{CUSTOM}, statistic: mean, across: sums", "", "source.across", "did you mean sum?"),
    (f"{LATENCY}, statistic: p99, across: max", "", "source.across", "is of all series together"),
    (f"{CUSTOM}, statistics: mean", "", "source.statistics", "did you mean statistic?"),
    (f"{DUTY}, gpus: 4", "unit: ratio", "source.gpus", "unknown key gpus"),
    (f"{DUTY}, cores: 0", "unit: ratio", "source.cores", "got 0, expected a number above 0"),
    (f"{DUTY}, cores: x", "unit: ratio", "source.cores", "got x, expected a number above 0"),
    (f"{DUTY}, full: x", "unit: ratio", "source.full", "got x, expected a number above 0"),
    (DUTY, "", "unit", "got number, expected ratio; Google writes it as 0-1"),
    (DUTY, "unit: percent", "unit", "got percent, expected ratio"),
    (DUTY, "unit: ratio, per: total", "per", "got total, expected instance"),
    (f"metric: {VERTEX}/replicas", "unit: ratio", "unit", "got ratio, expected number"),
    (f"metric: {VERTEX}/replicas", "", "per", "got instance, expected total"),
    (f"metric: {VERTEX}/prediction_count", "", "per", "write `per: total`"),
    (DUTY, "unit: ratio, period: 90s", "period", "got 90s, expected whole minutes"),
    (DUTY, "unit: ratio, period: 30s", "period", "Google samples once a minute"),
    (DUTY, "unit: ratio, max_age: 5m", "max_age", "got 300s, expected at least 420s; Google shows"),
    (
        f"expression: 'a / 4', a: {{{DUTY}}}",
        "max_age: 5m",
        "max_age",
        "shows it up to 360s late: it would be stale",
    ),
    (
        f"expression: 'FILL(a, 0)', a: {{metric: {VERTEX}/error_count}}",
        "max_age: 5m",
        "max_age",
        "FILL leaves the last 6 minutes open",
    ),
    ("expression: RATE(a)", "", "source.expression", "RATE is not understood"),
    (f"expression: a / b, a: {{{DUTY}}}", "", "source", "b is not described; add `b: {metric"),
    ("expression: a + 1, a: {statistic: mean}", "", "source.a", "metric is missing"),
    (f"expression: a + 1, z: {{a: b}}, a: {{{DUTY}}}", "", "source.z", "unknown key z"),
    (f"expression: a + 1, a: {{{DUTY}, z: b}}", "", "source.a.z", "unknown key z"),
)


@pytest.mark.parametrize(("source", "rest", "path", "message"), REFUSED)
def test_a_source_that_cannot_be_asked_for_is_named_with_its_field(
    source: str, rest: str, path: str, message: str
) -> None:
    """With file, line, column, what was expected and what was probably meant."""
    assert_refused(lines(source, rest), path, message)


@pytest.mark.parametrize(
    ("resource", "message"),
    [
        (POOL, "it is found by location, endpoint; the resource has no endpoint"),
        ("{location: europe-west4, endpoint: '42'}", "the resource names no project; add project"),
        ("{project: p, endpoint: '42'}", "the resource has no location"),
        (VERSION, "take the metric of what is scaled"),
    ],
)
def test_a_metric_of_another_kind_of_resource_is_refused(resource: str, message: str) -> None:
    """An endpoint's duty cycle is not its pool's."""
    assert_refused(lines(DUTY, "unit: ratio", resource), "source.metric", message)


def test_a_resource_that_names_nothing_is_told_once() -> None:
    """Not once more by each metric that would be found by it."""
    text = lines(DUTY, "unit: ratio", "{project: p, location: europe-west4}")
    with pytest.raises(ConfigError) as refused:
        load_lines(text, BARE)
    told = [str(each) for each in refused.value.problems]
    assert any("resource" in each and "endpoint" in each for each in told)
    assert not any("source.metric" in each for each in told), told


def assert_refused(text: str, path: str, message: str) -> None:
    """Expect a problem of the metric, at a line."""
    with pytest.raises(ConfigError) as refused:
        load_lines(text, BARE)
    assert any(
        f"metrics[0].{path}:" in str(problem) and message in str(problem) and problem.line > 0
        for problem in refused.value.problems
    ), str(refused.value)


EXPRESSION = (
    f"expression: 'errors / calls', errors: {{metric: {VERTEX}/error_count}}, "
    f"calls: {{metric: {VERTEX}/prediction_count}}"
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (lines(DUTY, "unit: ratio"), 300),
        (lines(f"metric: {VERTEX}/prediction_count", "per: total"), 60),
        (lines(f"metric: {VERTEX}/prediction_count", "per: total") + "\ntick: 90s", 90),
        (lines(EXPRESSION, "unit: ratio"), 60),
        (lines(EXPRESSION, "unit: ratio") + "\nheartbeat: 10m", 600),
        ("resource: " + ENDPOINT + "\npolicies: []", 300),
    ],
    ids=["duty", "total", "total, own tick", "expression", "own heartbeat", "nothing measured"],
)
def test_what_has_no_alert_policy_is_looked_at_on_every_tick(text: str, seconds: int) -> None:
    """No condition moves with the replicas or computes; whoever gives a heartbeat knows better."""
    assert target_of(text, BARE).heartbeat.total_seconds() == seconds
