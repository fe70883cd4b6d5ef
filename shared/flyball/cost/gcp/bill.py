"""What follows on Google Cloud from a month's counts, and what would others have cost?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flyball.adapters.gcp.monitoring import find_recipe
from flyball.adapters.gcp.prices import count_conditions
from flyball.core.model import Missing
from flyball.core.target import ScalableTarget
from flyball.cost.cloud import Rivals
from flyball.cost.month import MINUTES
from flyball.cost.usage import Usage
from flyball.ports import MetricRead
from flyball.price import Prices

MEMORY_MIB = 256
"""Of each function, beside one vCPU: deploy/gcp."""
WATCHED = 13
"""Conditions of the alert policies for people: deploy/gcp."""

GROUPS: Mapping[str, tuple[str, ...]] = {
    "alert policies": ("monitoring.alert_metrics", "monitoring.alert_points"),
    "metric reads": ("monitoring.series_read",),
    "ledger, written and read": ("firestore.writes", "firestore.reads", "firestore.deletes"),
    "ledger, a month's rows kept for a month": ("firestore.stored_bytes",),
    "functions": ("run.requests", "run.vcpu_ms", "run.mebibyte_ms"),
    "schedule and topics": ("scheduler.jobs", "pubsub.bytes"),
    "logs": ("logs.ingested_bytes",),
    "metrics of the logs": ("monitoring.ingested_bytes",),
    "the functions' images": ("artifacts.stored_bytes",),
}
"""What is charged, by what people ask for."""


def complete(usage: Usage, prices: Prices) -> Mapping[str, float]:  # noqa: ARG001  (every cloud's)
    """Add to what was counted what follows from it: a request's memory."""
    return {**usage.amounts, "run.mebibyte_ms": MEMORY_MIB * usage.amounts["run.vcpu_ms"]}


def stand(usage: Usage, prices: Prices) -> None:
    """Charge what a deployment costs a month by being there."""
    assumed = prices.assumptions
    usage.charge("scheduler.jobs")
    usage.charge("artifacts.stored_bytes", assumed["image_bytes"])
    watch = count_conditions({"conditions": [{}] * WATCHED}, assumed["evaluation_s"])
    for charged, amount in watch.items():
        usage.charge(charged, amount)


def price_rivals(targets: Sequence[ScalableTarget], prices: Prices) -> Rivals:
    """Price what others would read for the same policies; Google's own autoscaler is free.

    What is read of each replica is priced for the least that there may be.
    """
    polled: dict[object, int] = {}
    for target in targets:
        for metric in target.metrics:
            if all(metric.name != policy.metric for policy in target.measured.values()):
                continue
            recipe = find_recipe(MetricRead(target, metric, 1))
            if isinstance(recipe, Missing):
                continue
            least = max(1, target.min_capacity)
            polled |= {query: least if query.by_replica else 1 for query in recipe.queries}
    return Rivals(prices.usd({"monitoring.series_read": sum(polled.values()) * MINUTES}), 0.0)
