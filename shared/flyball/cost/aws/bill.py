"""What do a month's counts come to in dollars, and what would others have cost?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flyball.adapters.aws.cloudwatch import find_recipe
from flyball.core.model import Missing
from flyball.core.policy import AdaptivePolicy, PredictivePolicy, StepPolicy
from flyball.core.target import ScalableTarget
from flyball.cost.aws.month import list_alarms
from flyball.cost.cloud import Rivals
from flyball.cost.month import MINUTES
from flyball.cost.usage import Usage
from flyball.ports import MetricRead
from flyball.price import Prices

MEMORY_MB = 512
"""Of each function: template.yaml."""
WATCHERS = 14
"""Metrics of the deployment's own alarms, but for the two of a gradual rollout: template.yaml."""
MINUTE_S = 60

GROUPS: Mapping[str, tuple[str, ...]] = {
    "alarms": ("cloudwatch.alarms", "cloudwatch.high_resolution_alarms"),
    "metric reads": ("cloudwatch.metrics_read",),
    "reads of alarms' states": ("cloudwatch.requests",),
    "ledger, written and read": ("dynamodb.write_units", "dynamodb.read_units"),
    "ledger, a month's rows kept for a month": (
        "dynamodb.stored_bytes",
        "dynamodb.recoverable_bytes",
    ),
    "functions": ("lambda.requests", "lambda.megabyte_ms"),
    "schedule, topic and queue": ("scheduler.invocations", "sns.publishes", "sqs.requests"),
    "logs": ("logs.ingested_bytes",),
    "metrics of its own, dashboard": ("cloudwatch.custom_metrics", "cloudwatch.dashboards"),
    "key": ("kms.keys", "kms.requests"),
}
"""What is charged, by what people ask for."""


def complete(usage: Usage, prices: Prices) -> Mapping[str, float]:
    """Add to what was counted what follows from it: durations and logs."""
    assumed = prices.assumptions
    invocations = usage.amounts["lambda.requests"]
    wakes = sum(count for kind, count in usage.wakes.items() if kind != "changed")
    busy_ms = (
        invocations * assumed["invocation_ms"]
        + wakes * assumed["wake_ms"]
        + sum(usage.calls.values()) * assumed["call_ms"]
    )
    log_bytes = (
        invocations * assumed["log_bytes_per_invocation"] + wakes * assumed["log_bytes_per_wake"]
    )
    return {
        **usage.amounts,
        "lambda.megabyte_ms": MEMORY_MB * busy_ms,
        "logs.ingested_bytes": log_bytes,
    }


def stand(usage: Usage, prices: Prices) -> None:
    """Charge what a deployment costs a month by being there."""
    assumed = prices.assumptions
    usage.charge("cloudwatch.alarms", WATCHERS)
    usage.charge("cloudwatch.dashboards")
    usage.charge("cloudwatch.custom_metrics", len(usage.metrics))
    usage.charge("kms.keys")
    usage.charge("kms.requests", assumed["key_requests_per_minute"] * MINUTES)
    usage.charge("sqs.requests", assumed["queue_polls_per_minute"] * MINUTES)


def price_rivals(targets: Sequence[ScalableTarget], prices: Prices) -> Rivals:
    """Price what others would read or keep for the same policies."""
    reads = [
        MetricRead(target, metric, 1)
        for target in targets
        for metric in target.metrics
        if any(metric.name == policy.metric for policy in target.measured.values())
    ]
    recipes = [find_recipe(read) for read in reads]
    read = [recipe for recipe in recipes if not isinstance(recipe, Missing)]
    queries = {query for recipe in read for query in recipe.queries}
    polled = {"cloudwatch.metrics_read": len(queries) * MINUTES}
    native: dict[str, float] = {}
    for target in targets:
        for policy in target.measured.values():
            if isinstance(policy, StepPolicy):
                alarms = sum(f"/{policy.name}/" in each.name for each in list_alarms([target]))
            elif isinstance(policy, (PredictivePolicy, AdaptivePolicy)):
                continue  # it has none, ours or theirs
            else:
                alarms = 1 if policy.disable_scale_in else 2
            metric = target.metric_by_name[policy.metric]
            recipe = find_recipe(MetricRead(target, metric, 1))
            each = 1 if isinstance(recipe, Missing) else len(recipe.queries)
            name = _alarm_of(metric.period.total_seconds())
            native[name] = native.get(name, 0) + alarms * each
    return Rivals(prices.usd(polled), prices.usd(native))


def _alarm_of(period_s: float) -> str:
    return f"cloudwatch.{'high_resolution_' if period_s < MINUTE_S else ''}alarms"
