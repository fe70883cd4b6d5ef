"""What does AI Platform's autoScaling block mean to the engine?"""

from __future__ import annotations

from datetime import timedelta

from flyball.config.make import MAX_AGE
from flyball.config.models import AutoScaling
from flyball.config.pool import Metrics
from flyball.config.profile import Defaults
from flyball.config.report import Report
from flyball.config.source import Place
from flyball.core.policy import TrackingPolicy
from flyball.core.target import Metric, Per, Unit

_NODE_METRICS = {
    "CPU_USAGE": "ml.googleapis.com/prediction/online/cpu/utilization",
    "GPU_DUTY_CYCLE": "ml.googleapis.com/prediction/online/accelerator/duty_cycle",
}


def adopt_nodes(
    block: AutoScaling, place: Place, metrics: Metrics, defaults: Defaults, report: Report
) -> list[tuple[TrackingPolicy, Place]]:
    """Take over AI Platform's metrics, each as a target tracking policy in the profile's manner.

    Source: AI Platform Training & Prediction API, AutoScaling and MetricSpec.
    """
    made = []
    for index, spec in enumerate(block.metrics):
        here = place.at("metrics", index)
        name = spec.name.lower()
        if any(spec.name == other.name for other in block.metrics[:index]):
            report.add(here.at("name"), f"{spec.name} is there already", "remove one of the two")
            continue
        source = {"metric": _NODE_METRICS[spec.name]}
        metric = metrics.bring(
            Metric(name, Unit.RATIO, Per.INSTANCE, timedelta(seconds=60), MAX_AGE["gcp"], source)
        )
        policy = TrackingPolicy(
            name,
            metric,
            float(spec.target),
            high_ratio=defaults.high_ratio,
            low_ratio=defaults.low_ratio,
            out_datapoints=defaults.out_datapoints,
            in_datapoints=defaults.in_datapoints,
            scale_out_cooldown=defaults.scale_out_cooldown,
            scale_in_cooldown=defaults.scale_in_cooldown,
            missing=defaults.missing,
        )
        made.append((policy, here))
    if block.min_nodes == 0 and any(spec.name == "GPU_DUTY_CYCLE" for spec in block.metrics):
        report.add(
            place.at("minNodes"),
            "got 0, expected 1 or more: a machine type with a GPU keeps a node",
        )
    return made
