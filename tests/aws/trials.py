"""What does an Inference Recommender answer, on a clock that the test moves?

moto has none of its operations. Requests are held to the SDK's service model in full: the client
itself looks at neither patterns nor fixed words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import product
from typing import Any

import botocore.session

from tests.aws.hosted import ARN, Cloud, Refusal
from tests.aws.timeline import Json

PART_S = 600.0
"""How long one load test takes."""
USUAL = ("ml.c5.large", "ml.m5.large", "ml.c5.xlarge")
"""What a quick trial tries."""
METRICS: Json = {
    "CostPerHour": 0.119,
    "CostPerInference": 3.3e-07,
    "MaxInvocations": 6_000,
    "ModelLatency": 12,
    "CpuUtilization": 150.0,
    "MemoryUtilization": 40.0,
    "ModelSetupTime": 0,
}


@dataclass
class Job:
    """A trial.

    Attributes:
        asked: As it was ordered.
        began: Seconds of the clock.
        stopped: When its end was asked for; None: it was not.
        failure: Why all of it fails after its first part; "": it does not.
    """

    asked: Json
    began: float
    stopped: float | None = None
    failure: str = ""


@dataclass
class TrialCloud(Cloud):
    """A cloud that runs trials, beside all else that it does.

    Attributes:
        jobs: By name.
        metrics: What of METRICS is different for an instance type.
        existing: What is found of an endpoint that had been there, if one is ordered.
        broken: Why an instance type fails.
        page: How many things stand on a page of a list.
        taken: In which words a name is refused that is taken: (code, message).
        spreads: It tries each environment of an instance type by itself.
        caution: Part of what the asked use allows at which it advises to hold an instance.
    """

    jobs: dict[str, Job] = field(default_factory=dict)
    metrics: dict[str, Json] = field(default_factory=dict)
    existing: Json = field(default_factory=lambda: dict(METRICS))
    broken: dict[str, str] = field(default_factory=dict)
    page: int = 100
    taken: tuple[str, str] = ("ResourceInUse", "Job name is already in use.")
    caution: float = 1.0
    spreads: bool = False

    def __post_init__(self) -> None:
        super().__init__()

    def call(self, operation: str, body: Json) -> Json:
        """Answer one call."""
        answer = ANSWERS.get(operation.rpartition(".")[2])
        if answer is None:
            return super().call(operation, body)
        shape = find_model().operation_model(operation.rpartition(".")[2]).input_shape
        problems = list(find_problems(shape, body))
        if problems:
            raise Refusal("ValidationException", f"{len(problems)} errors: {'; '.join(problems)}")
        return answer(self, body)

    def list_parts(self, name: str) -> list[Json]:
        """List a trial's load tests as they are now."""
        job = self.jobs[name]
        tried = job.asked["InputConfig"].get("EndpointConfigurations")
        kinds = [each["InstanceType"] for each in tried] if tried else list(USUAL)
        if tried and self.spreads:
            kinds = [name for each in tried for name in _spread(each)]
        end = self.now if job.stopped is None else min(self.now, job.stopped)
        parts = []
        for index, kind in enumerate(kinds):
            begins = job.began + index * PART_S
            status = "COMPLETED" if end >= begins + PART_S else "IN_PROGRESS"
            if end < begins:
                status = "PENDING"
            if status != "COMPLETED" and job.stopped is not None:
                status = "STOPPED"
            if status == "COMPLETED" and kind in self.broken:
                status = "FAILED"
            if job.failure and index and status == "COMPLETED":
                status = "FAILED"
            parts.append(self._show_part(name, index, kind, status, begins))
        return parts

    def show(self, name: str) -> Json:
        """Describe a trial as it is now."""
        job, parts = self.jobs[name], self.list_parts(name)
        ended = {each["Status"] for each in parts} <= {"COMPLETED", "FAILED", "STOPPED"}
        good = [each["InferenceBenchmark"] for each in parts if each["Status"] == "COMPLETED"]
        status = "PENDING" if self.now == job.began else "IN_PROGRESS"
        if ended:
            status = "COMPLETED" if good and not job.failure else "FAILED"
        if job.stopped is not None:
            status = "STOPPED" if self.now > job.stopped else "STOPPING"
        shown = {
            "JobName": name,
            "JobArn": f"{ARN}:inference-recommendations-job/{name}",
            "Status": status,
            "CreationTime": job.began,
            "LastModifiedTime": self.now,
            **{key: job.asked[key] for key in SHOWN if key in job.asked},
        }
        if status == "COMPLETED":
            made = [
                {
                    "RecommendationId": f"{name}/{index}",
                    **{key: value for key, value in each.items() if key != "FailureReason"},
                }
                for index, each in enumerate(good)
            ]
            shown |= {"InferenceRecommendations": made, "CompletionTime": self.now}
            there = job.asked["InputConfig"].get("Endpoints", ())
            if there:
                answered = {key: self.existing[key] for key in ("MaxInvocations", "ModelLatency")}
                shown["EndpointPerformances"] = [
                    {"Metrics": answered, "EndpointInfo": dict(each)} for each in there
                ]
        if status == "FAILED":
            shown["FailureReason"] = job.failure or "Benchmarks failed for all instance types"
        return shown

    def _show_part(self, name: str, index: int, kind: str, status: str, begins: float) -> Json:
        named, *values = kind.split()
        environment = [
            dict(zip(("Key", "Value", "ValueType"), (*each.split("="), "String"), strict=True))
            for each in values
        ]
        model = {"EnvironmentParameters": environment} if environment else {}
        made: Json = {"ModelConfiguration": model}
        made["EndpointConfiguration"] = {
            "EndpointName": f"{name}-{index}",
            "VariantName": "v",
            "InstanceType": named,
            "InitialInstanceCount": 1,
        }
        if status == "COMPLETED":
            made["Metrics"] = METRICS | self.metrics.get(kind, {})
            made |= {"InvocationStartTime": begins, "InvocationEndTime": begins + PART_S}
        if status == "FAILED":
            made["FailureReason"] = self.broken.get(kind, "the job failed")
        return {
            "StepType": "BENCHMARK",
            "JobName": name,
            "Status": status,
            "InferenceBenchmark": made,
        }


def _spread(asked: Json) -> list[str]:
    """Name each environment of an instance type, such as "ml.c5.large OMP_NUM_THREADS=2"."""
    ranges = asked["EnvironmentParameterRanges"]["CategoricalParameterRanges"]
    named = [[f"{each['Name']}={value}" for value in each["Value"]] for each in ranges]
    return [" ".join((asked["InstanceType"], *some)) for some in product(*named)]


SHOWN = ("JobDescription", "JobType", "RoleArn", "InputConfig", "StoppingConditions")


def find_problems(shape: Any, value: Any, where: str = "") -> Iterator[str]:
    """Find what of a request the service model does not allow: fields, words, patterns, sizes."""
    kind = shape.type_name
    if kind == "structure":
        for name in shape.required_members:
            if name not in value:
                yield f"{where}.{name} is missing"
        for name, inner in value.items():
            if name not in shape.members:
                yield f"{where}.{name} is no field"
            else:
                yield from find_problems(shape.members[name], inner, f"{where}.{name}")
        return
    limits = shape.metadata
    size = len(value) if kind in ("list", "string") else value
    if not limits.get("min", size) <= size <= limits.get("max", size):
        yield f"{where}: {value!r} is too little or too much"
    if kind == "list":
        for index, inner in enumerate(value):
            yield from find_problems(shape.member, inner, f"{where}[{index}]")
    elif kind == "string":
        pattern = limits.get("pattern", "")
        if pattern and "\\p{" not in pattern and not re.fullmatch(pattern, value):
            yield f"{where}: {value!r} does not match {pattern}"
        if shape.enum and value not in shape.enum:
            yield f"{where}: {value!r} is none of {', '.join(shape.enum[:4])}"


@cache
def find_model() -> Any:
    """Load what the SDK knows of the service: over a second."""
    return botocore.session.get_session().get_service_model("sagemaker")


def _create(cloud: TrialCloud, body: Json) -> Json:
    name = body["JobName"]
    if name in cloud.jobs:
        raise Refusal(*cloud.taken)
    cloud.jobs[name] = Job(body, cloud.now)
    return {"JobArn": f"{ARN}:inference-recommendations-job/{name}"}


def _describe(cloud: TrialCloud, body: Json) -> Json:
    return cloud.show(_find(cloud, body["JobName"]))


def _list_steps(cloud: TrialCloud, body: Json) -> Json:
    return _turn(cloud, "Steps", cloud.list_parts(_find(cloud, body["JobName"])), body)


def _list_jobs(cloud: TrialCloud, body: Json) -> Json:
    found = []
    for name in cloud.jobs:
        shown = cloud.show(name)
        given = shown["InputConfig"]
        wanted = {
            "ModelName": body.get("ModelNameEquals"),
            "ModelPackageVersionArn": body.get("ModelPackageVersionArnEquals"),
        }
        if body.get("NameContains", "") in name and all(
            value in (None, given.get(key)) for key, value in wanted.items()
        ):
            named = {key: given[key] for key in wanted if key in given}
            kept = {key: shown[key] for key in JOB if key in shown}
            found.append(kept | named)
    assert body["SortBy"] == "CreationTime"
    found.sort(key=lambda each: each["CreationTime"], reverse=body["SortOrder"] == "Descending")
    return _turn(cloud, "InferenceRecommendationsJobs", found, body)


JOB = (
    "JobName",
    "JobDescription",
    "JobType",
    "JobArn",
    "Status",
    "CreationTime",
    "CompletionTime",
    "RoleArn",
    "LastModifiedTime",
    "FailureReason",
)


def _stop(cloud: TrialCloud, body: Json) -> Json:
    job = cloud.jobs[_find(cloud, body["JobName"])]
    if cloud.show(body["JobName"])["Status"] not in ("PENDING", "IN_PROGRESS"):
        raise Refusal("ValidationException", "The job is in a state in which it cannot be stopped.")
    job.stopped = cloud.now
    return {}


def _advise(cloud: TrialCloud, body: Json) -> Json:
    name = _find(cloud, body["InferenceRecommendationsJobName"])
    made = cloud.show(name).get("InferenceRecommendations", ())
    chosen = [each for each in made if each["RecommendationId"] == body["RecommendationId"]]
    if not chosen:
        raise Refusal("ValidationException", "Cannot advise on a recommendation of no such id.")
    each = chosen[0]["Metrics"]["MaxInvocations"] * body["TargetCpuUtilizationPerCore"] // 100
    each = int(each * cloud.caution)
    wish = body["ScalingPolicyObjective"]
    tracked = {
        "MetricSpecification": {
            "Predefined": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
        },
        "TargetValue": float(each),
    }
    own = {
        "MetricSpecification": {
            "Customized": {
                "MetricName": "CPUUtilization",
                "Namespace": "/aws/sagemaker/Endpoints",
                "Statistic": "Average",
            }
        },
        "TargetValue": 100.0,
    }
    return {
        **body,
        "Metric": {"InvocationsPerInstance": each, "ModelLatency": 12},
        "DynamicScalingConfiguration": {
            "MinCapacity": -(-wish["MinInvocationsPerMinute"] // each),
            "MaxCapacity": -(-wish["MaxInvocationsPerMinute"] // each),
            "ScaleInCooldown": 300,
            "ScaleOutCooldown": 0,
            "ScalingPolicies": [{"TargetTracking": tracked}, {"TargetTracking": own}],
        },
    }


def _find(cloud: TrialCloud, name: str) -> str:
    if name not in cloud.jobs:
        raise Refusal("ResourceNotFound", f"Could not find job {name}.")
    return name


def _turn(cloud: TrialCloud, key: str, found: list[Json], body: Json) -> Json:
    """Give one page."""
    start, most = int(body.get("NextToken", 0)), min(cloud.page, body.get("MaxResults", 10))
    answer: Json = {key: found[start : start + most]}
    if start + most < len(found):
        answer["NextToken"] = str(start + most)
    return answer


ANSWERS: dict[str, Callable[[TrialCloud, Json], Json]] = {
    "CreateInferenceRecommendationsJob": _create,
    "DescribeInferenceRecommendationsJob": _describe,
    "ListInferenceRecommendationsJobSteps": _list_steps,
    "ListInferenceRecommendationsJobs": _list_jobs,
    "StopInferenceRecommendationsJob": _stop,
    "GetScalingConfigurationRecommendation": _advise,
}
