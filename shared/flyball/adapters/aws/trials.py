"""How does SageMaker Inference Recommender write down what is tried, and what was found?

MaxInvocations is per instance and minute, ModelLatency is in milliseconds, and utilization in
percent, where 100 is one core of the CPU and all of the memory. What is not known it gives as NaN,
or leaves out; neither is a zero.

Source: Amazon SageMaker API Reference, CreateInferenceRecommendationsJob,
DescribeInferenceRecommendationsJob, ListInferenceRecommendationsJobSteps and
GetScalingConfigurationRecommendation; Developer Guide, "Recommendation results". Neither says of
CpuUtilization that it counts cores: it is taken as CloudWatch's CPUUtilization, of the endpoints
that a trial makes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from flyball.order import Candidate, Order, Payload, Phase, Stairs, mark_order
from flyball.trial import Advice, Finding, Part, Status, Tracking, Trial

ADVANCED, DEFAULT = "Advanced", "Default"
MARK = "flyball "
"""What the description of a trial of ours begins with; its order's mark follows."""
STATUS = {
    "PENDING": Status.PENDING,
    "IN_PROGRESS": Status.RUNNING,
    "COMPLETED": Status.COMPLETED,
    "FAILED": Status.FAILED,
    "STOPPING": Status.STOPPING,
    "STOPPED": Status.STOPPED,
    "DELETING": Status.DELETED,
    "DELETED": Status.DELETED,
}

Json = Mapping[str, Any]


def write_order(name: str, order: Order) -> dict[str, Any]:
    """Write an order as CreateInferenceRecommendationsJob takes it."""
    asked = {
        "JobName": name,
        "JobType": ADVANCED if order.is_advanced else DEFAULT,
        "JobDescription": MARK + mark_order(order),
        "RoleArn": order.role,
        "InputConfig": _write_input(order),
        "StoppingConditions": _write_stops(order),
        "OutputConfig": {"KmsKeyId": order.volume_key} if order.volume_key else {},
        "Tags": [{"Key": key, "Value": value} for key, value in (order.tags or {}).items()],
    }
    return _drop_empty(asked)


def read_trial(answer: Json, parts: tuple[Part, ...] = ()) -> Trial:
    """Read a trial as DescribeInferenceRecommendationsJob shows it, or a list of such.

    Args:
        answer: One job.
        parts: Its load tests, which stand elsewhere.
    """
    given = answer.get("InputConfig") or answer
    description = answer.get("JobDescription") or ""
    stops = answer.get("StoppingConditions") or {}
    late = [
        read_number(each.get("ValueInMilliseconds"))
        for each in stops.get("ModelLatencyThresholds") or ()
    ]
    existing = tuple(
        _read_finding(each, each.get("EndpointInfo") or {})._replace(exists=True)
        for each in answer.get("EndpointPerformances") or ()
    )
    return Trial(
        name=answer["JobName"],
        status=read_status(answer["Status"]),
        mark=description.removeprefix(MARK) if description.startswith(MARK) else "",
        model=given.get("ModelName") or given.get("ModelPackageVersionArn") or "",
        is_advanced=answer.get("JobType") == ADVANCED,
        began=_read_instant(answer.get("CreationTime")),
        ended=_read_instant(answer.get("CompletionTime")),
        failure=answer.get("FailureReason") or "",
        quantile=_read_quantile(stops),
        most_invocations=read_number(stops.get("MaxInvocations")),
        most_latency_ms=min((each for each in late if each is not None), default=None),
        findings=tuple(map(read_finding, answer.get("InferenceRecommendations") or ())),
        existing=existing,
        parts=parts,
        endpoints=tuple(each["EndpointName"] for each in given.get("Endpoints") or ()),
    )


def read_part(step: Json) -> Part:
    """Read a load test as ListInferenceRecommendationsJobSteps shows it."""
    return Part(read_status(step["Status"]), read_finding(step.get("InferenceBenchmark") or {}))


def read_finding(found: Json) -> Finding:
    """Read a recommendation, or the benchmark of a step: their fields have the same names."""
    return _read_finding(found, found.get("EndpointConfiguration") or {})


def read_advice(answer: Json) -> Advice:
    """Read what GetScalingConfigurationRecommendation advises."""
    metric = answer.get("Metric") or {}
    scaling = answer.get("DynamicScalingConfiguration") or {}
    return Advice(
        read_number(metric.get("InvocationsPerInstance")),
        read_number(metric.get("ModelLatency")),
        _read_count(scaling.get("MinCapacity")),
        _read_count(scaling.get("MaxCapacity")),
        _read_seconds(scaling.get("ScaleInCooldown")),
        _read_seconds(scaling.get("ScaleOutCooldown")),
        tuple(_read_tracking(each) for each in scaling.get("ScalingPolicies") or ()),
    )


def read_status(word: str) -> Status:
    """Read where something is; a word that is not known is no end."""
    return STATUS.get(word, Status.RUNNING)


def read_number(value: object) -> float | None:
    """Read a number; None where there is none, or it is not finite."""
    if value is None:
        return None
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _write_input(order: Order) -> dict[str, Any]:
    given: dict[str, Any] = {
        "ModelName": order.model,
        "ModelPackageVersionArn": order.package,
        "JobDurationInSeconds": order.duration and round(order.duration.total_seconds()),
        "TrafficPattern": _write_traffic(order.traffic),
        "ResourceLimit": {
            "MaxNumberOfTests": order.most_tests,
            "MaxParallelOfTests": order.most_at_once,
        },
        "EndpointConfigurations": [_write_candidate(each) for each in order.candidates],
        "VolumeKmsKeyId": order.volume_key,
        "ContainerConfig": {} if order.payload is None else _write_payload(order.payload),
        "Endpoints": [{"EndpointName": order.endpoint}] if order.endpoint else [],
        "VpcConfig": {
            "Subnets": list(order.subnets),
            "SecurityGroupIds": list(order.security_groups),
        },
    }
    return _drop_empty(given)


def _write_traffic(traffic: tuple[Phase, ...] | Stairs | None) -> dict[str, Any]:
    if not traffic:
        return {}
    if isinstance(traffic, Stairs):
        stairs = {
            "DurationInSeconds": round(traffic.duration.total_seconds()),
            "NumberOfSteps": traffic.steps,
            "UsersPerStep": traffic.users,
        }
        return {"TrafficType": "STAIRS", "Stairs": stairs}
    phases = [
        {
            "InitialNumberOfUsers": each.users,
            "SpawnRate": each.spawn_rate,
            "DurationInSeconds": round(each.duration.total_seconds()),
        }
        for each in traffic
    ]
    return {"TrafficType": "PHASES", "Phases": phases}


def _write_candidate(candidate: Candidate) -> dict[str, Any]:
    ranges = [
        {"Name": name, "Value": list(values)} for name, values in candidate.environment.items()
    ]
    return _drop_empty(
        {
            "InstanceType": candidate.instance_type,
            "InferenceSpecificationName": candidate.specification,
            "EnvironmentParameterRanges": {"CategoricalParameterRanges": ranges},
        }
    )


def _write_payload(payload: Payload) -> dict[str, Any]:
    return {
        "Domain": payload.domain,
        "Task": payload.task,
        "Framework": payload.framework,
        "FrameworkVersion": payload.framework_version,
        "NearestModelName": payload.nearest_model,
        "PayloadConfig": {
            "SamplePayloadUrl": payload.url,
            "SupportedContentTypes": list(payload.content_types),
        },
    }


def _write_stops(order: Order) -> dict[str, Any]:
    stops: dict[str, Any] = {
        "MaxInvocations": order.most_invocations,
        "FlatInvocations": "Continue" if order.goes_on_when_flat else "",
    }
    if order.latency is not None:
        limit = {
            "Percentile": f"P{100 * order.latency.quantile:.0f}",
            "ValueInMilliseconds": order.latency.latency_ms,
        }
        stops["ModelLatencyThresholds"] = [limit]
    return stops


def _drop_empty(given: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what was not said, and what holds nothing that was; a 0 was said."""
    kept = {}
    for key, value in given.items():
        inner = _drop_empty(value) if isinstance(value, Mapping) else value
        if inner not in (None, "", [], {}):
            kept[key] = inner
    return kept


def _read_finding(found: Json, place: Json) -> Finding:
    metrics = found.get("Metrics") or found.get("EndpointMetrics") or {}
    tried = (found.get("ModelConfiguration") or {}).get("EnvironmentParameters") or ()
    return Finding(
        id=found.get("RecommendationId") or "",
        endpoint=place.get("EndpointName") or "",
        instance_type=place.get("InstanceType") or "",
        environment={each["Key"]: each["Value"] for each in tried},
        invocations=read_number(metrics.get("MaxInvocations")),
        latency_ms=read_number(metrics.get("ModelLatency")),
        cpu_percent=read_number(metrics.get("CpuUtilization")),
        memory_percent=read_number(metrics.get("MemoryUtilization")),
        price_per_hour=read_number(metrics.get("CostPerHour")),
        price_per_invocation=read_number(metrics.get("CostPerInference")),
        began=_read_instant(found.get("InvocationStartTime")),
        ended=_read_instant(found.get("InvocationEndTime")),
        failure=found.get("FailureReason") or "",
        instances=_read_count(place.get("InitialInstanceCount")),
        exists=bool(found.get("EndpointMetrics")) and not found.get("Metrics"),
        setup_s=read_number(metrics.get("ModelSetupTime")),
    )


def _read_quantile(stops: Json) -> float | None:
    """Read of which part of the answers a limit of latency is, such as of P95."""
    for limit in stops.get("ModelLatencyThresholds") or ():
        percent = read_number(str(limit.get("Percentile") or "").upper().removeprefix("P"))
        if percent is not None and 0 < percent < 100:  # noqa: PLR2004  (percent)
            return percent / 100
    return None


def _read_instant(value: object) -> datetime | None:
    return value.astimezone(UTC) if isinstance(value, datetime) else None


def _read_count(value: object) -> int | None:
    number = read_number(value)
    return None if number is None else round(number)


def _read_seconds(value: object) -> timedelta | None:
    number = read_number(value)
    return None if number is None else timedelta(seconds=number)


def _read_tracking(policy: Json) -> Tracking:
    tracking = policy.get("TargetTracking") or {}
    metric = tracking.get("MetricSpecification") or {}
    predefined, own = metric.get("Predefined") or {}, metric.get("Customized") or {}
    name = predefined.get("PredefinedMetricType") or " ".join(
        own[key] for key in ("Statistic", "Namespace", "MetricName") if own.get(key)
    )
    return Tracking(name, read_number(tracking.get("TargetValue")))
