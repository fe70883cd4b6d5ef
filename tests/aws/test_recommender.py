"""Does the real client order, find, wait for and read trials of a SageMaker that is our own?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flyball.adapters.aws.recommender import InferenceRecommender
from flyball.adapters.aws.trials import write_order
from flyball.order import (
    Candidate,
    Order,
    Stairs,
    TrialError,
    name_order,
)
from flyball.sizing.benchmark import BenchmarkError, Resource
from flyball.sizing.recommended import await_trial, begin_trial, read_benchmarks, tell_progress
from flyball.trial import Advice, Status, Tracking
from tests.aws.hosted import EPOCH_S
from tests.aws.ordered import (
    CREATE,
    DESCRIBE,
    FULL,
    MINUTES,
    PACKAGE,
    QUICK,
    ROLE,
    Stand,
)
from tests.aws.trials import PART_S, find_model, find_problems

pytestmark = pytest.mark.enable_socket


def test_a_quick_trial_is_ordered_waited_for_and_read(stand: Stand) -> None:
    """From the order to the benchmarks of its instance types."""
    name, _ = begin_trial(stand.bench, QUICK)
    told: list[str] = []
    trial = await_trial(
        stand.bench,
        name,
        lambda each: told.append(tell_progress(each)),
        lambda s: stand.cloud.move(20 * s),
    )
    assert told[0].endswith(": pending; 0 of 3 load tests done; running: ml.c5.large")
    assert told[-1].endswith(": completed; 3 of 3 load tests done")
    assert (trial.model, trial.is_advanced) == (PACKAGE, False)
    assert trial.began == datetime.fromtimestamp(EPOCH_S, UTC)
    assert trial.ended is not None
    read = read_benchmarks(trial)
    assert read.notes == ()
    kinds = {each.machine.instance_type: each for each in read.benchmarks}
    assert sorted(kinds) == ["ml.c5.large", "ml.c5.xlarge", "ml.m5.large"]
    step = kinds["ml.c5.large"].steps[0]
    assert step.answered == 6_000
    assert step.latency_ms == {0.95: 12.0}
    assert step.used_ratio == {Resource.CPU: 0.75, Resource.MEMORY: 0.4}
    assert step.duration == timedelta(seconds=PART_S)
    assert kinds["ml.c5.xlarge"].machine.price_per_hour == pytest.approx(0.119)


def test_every_field_of_an_order_is_written(stand: Stand) -> None:
    """As the service model has it: of this one nothing is left out."""
    assert stand.bench.start("t", FULL)
    asked = stand.cloud.jobs["t"].asked
    assert asked.pop("JobDescription").startswith("flyball ")
    assert asked == {
        "JobName": "t",
        "JobType": "Advanced",
        "RoleArn": ROLE,
        "InputConfig": {
            "ModelName": "churn",
            "JobDurationInSeconds": 3600,
            "TrafficPattern": {
                "TrafficType": "PHASES",
                "Phases": [
                    {"InitialNumberOfUsers": 1, "SpawnRate": 1, "DurationInSeconds": 120},
                    {"InitialNumberOfUsers": 3, "SpawnRate": 0, "DurationInSeconds": 600},
                ],
            },
            "ResourceLimit": {"MaxNumberOfTests": 4, "MaxParallelOfTests": 2},
            "EndpointConfigurations": [
                {
                    "InstanceType": "ml.c5.large",
                    "InferenceSpecificationName": "onnx",
                    "EnvironmentParameterRanges": {
                        "CategoricalParameterRanges": [
                            {"Name": "OMP_NUM_THREADS", "Value": ["1", "2"]}
                        ]
                    },
                },
                {"InstanceType": "ml.t2.medium"},
            ],
            "VolumeKmsKeyId": "alias/flyball",
            "ContainerConfig": {
                "Domain": "MACHINE_LEARNING",
                "Task": "REGRESSION",
                "Framework": "SKLEARN",
                "FrameworkVersion": "1.2-1",
                "NearestModelName": "xgboost",
                "PayloadConfig": {
                    "SamplePayloadUrl": "s3://bucket/payload.tar.gz",
                    "SupportedContentTypes": ["text/csv"],
                },
            },
            "Endpoints": [{"EndpointName": "chat"}],
            "VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
        },
        "StoppingConditions": {
            "MaxInvocations": 30_000,
            "FlatInvocations": "Continue",
            "ModelLatencyThresholds": [{"Percentile": "P99", "ValueInMilliseconds": 100}],
        },
        "OutputConfig": {"KmsKeyId": "alias/flyball"},
        "Tags": [{"Key": "team", "Value": "churn"}],
    }


def test_stairs_are_written_too() -> None:
    """And a quick order has nothing but its subject."""
    stairs = Order(
        ROLE,
        package=PACKAGE,
        is_advanced=True,
        candidates=(Candidate("ml.c5.large"),),
        traffic=Stairs(5, 3, 2 * MINUTES),
    )
    shape = find_model().operation_model(CREATE).input_shape
    asked = write_order("t", stairs)
    assert list(find_problems(shape, asked)) == []
    assert asked["InputConfig"]["TrafficPattern"] == {
        "TrafficType": "STAIRS",
        "Stairs": {"DurationInSeconds": 120, "NumberOfSteps": 5, "UsersPerStep": 3},
    }
    plain = write_order("t", QUICK)
    assert plain["InputConfig"] == {"ModelPackageVersionArn": PACKAGE}
    assert "StoppingConditions" not in plain


@pytest.mark.parametrize(
    "taken",
    [
        ("ResourceInUse", "The name is in use."),
        ("ValidationException", "Inference recommendations job t already exists."),
    ],
)
def test_the_same_order_finds_its_trial(stand: Stand, taken: tuple[str, str]) -> None:
    """In whichever words its name is refused; of another order it is somebody else's."""
    stand.cloud.taken = taken
    assert stand.bench.start("t", QUICK)
    assert not stand.bench.start("t", QUICK)
    with pytest.raises(TrialError, match=r"trial t: there is one of that name, of another order"):
        stand.bench.start("t", FULL)
    stand.cloud.jobs["t"].asked["JobDescription"] = "by hand"
    with pytest.raises(TrialError, match="of another order"):
        stand.bench.start("t", QUICK)


def test_an_order_whose_answer_is_lost_is_made_once(stand: Stand) -> None:
    """The SDK asks again, and finds the name taken, by the same order."""
    stand.cloud.fault(CREATE, "error_after")
    assert begin_trial(stand.bench, QUICK) == (name_order(QUICK), False)
    assert len(stand.cloud.jobs) == 1


def test_a_waiting_that_was_interrupted_goes_on_by_the_name_alone(stand: Stand) -> None:
    """Another process knows nothing else."""
    stand.bench.start("t", FULL)

    def fall(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await_trial(stand.bench, "t", lambda _: None, fall)
    stand.cloud.move(PART_S)
    again = InferenceRecommender(stand.clients)
    trial = await_trial(again, "t", lambda _: None, stand.cloud.move)
    assert trial.status is Status.COMPLETED
    assert trial.quantile == pytest.approx(0.99)
    assert trial.is_advanced
    assert len(stand.cloud.jobs) == 1


def test_what_is_not_a_number_is_not_known(stand: Stand) -> None:
    """NaN, in either way in which JSON has it, and what is left out."""
    stand.cloud.metrics["ml.c5.large"] = {"CpuUtilization": math.nan, "MemoryUtilization": "NaN"}
    stand.cloud.metrics["ml.m5.large"] = {"MaxInvocations": 0}
    stand.cloud.metrics["ml.c5.xlarge"] = {"ModelLatency": None, "CostPerHour": math.inf}
    stand.bench.start("t", QUICK)
    stand.cloud.move(3 * PART_S)
    read = read_benchmarks(stand.bench.look("t"))
    assert [each.machine.instance_type for each in read.benchmarks] == [
        "ml.c5.large",
        "ml.c5.xlarge",
    ]
    assert read.benchmarks[1].machine.price_per_hour is None
    assert read.notes == ("t: ml.m5.large: it says nothing of invocations",)
    assert read.benchmarks[0].notes[:2] == (
        "its use of cpu is not known",
        "its use of memory is not known",
    )
    assert read.benchmarks[1].notes == ("its latency is not known",)


def test_an_instance_type_that_failed_is_told(stand: Stand) -> None:
    """With the service's reason; the others are read."""
    stand.cloud.broken["ml.t2.medium"] = "The container did not start"
    stand.bench.start("t", FULL)
    stand.cloud.move(2 * PART_S)
    read = read_benchmarks(stand.bench.look("t"))
    assert [each.machine.instance_type for each in read.benchmarks] == ["ml.c5.large"]
    whole, failed = read.notes
    assert whole.startswith("t: endpoint chat: it is of an endpoint as it stands")
    assert failed == "t: ml.t2.medium: The container did not start"


def test_a_trial_that_failed_has_what_it_found_before(stand: Stand) -> None:
    """And says why it failed; one that found nothing is an error."""
    stand.bench.start("t", FULL)
    stand.cloud.jobs["t"].failure = "ResourceLimitExceeded"
    stand.cloud.move(2 * PART_S)
    trial = stand.bench.look("t")
    assert trial.status is Status.FAILED
    read = read_benchmarks(trial)
    assert len(read.benchmarks) == 1
    assert read.notes == (
        "t: it is failed: ResourceLimitExceeded",
        "t: ml.t2.medium: the job failed",
    )
    stand.cloud.broken["ml.c5.large"] = "no capacity"
    with pytest.raises(BenchmarkError, match="ml.c5.large: no capacity"):
        read_benchmarks(stand.bench.look("t"))


def test_a_trial_is_stopped_once(stand: Stand) -> None:
    """What it found by then is kept; who stops it again, or too late, is not refused."""
    stand.bench.start("t", FULL)
    stand.cloud.move(PART_S)
    stand.bench.stop("t")
    assert stand.bench.look("t").status is Status.STOPPING
    stand.bench.stop("t")
    stand.cloud.move(1)
    assert stand.bench.look("t").status is Status.STOPPED
    stand.bench.stop("t")
    assert [
        each.machine.instance_type for each in read_benchmarks(stand.bench.look("t")).benchmarks
    ]
    operation = "StopInferenceRecommendationsJob"
    assert [each["operation"] for each in stand.cloud.calls].count(operation) == 1


def test_a_stop_that_comes_too_late_is_no_error(stand: Stand) -> None:
    """It ended of itself between the look and the stop; any other refusal is told."""
    stand.bench.start("t", QUICK)

    def end_first(operation: str, kind: str) -> None:
        stand.cloud.fault(operation, kind, times=1)

    end_first("StopInferenceRecommendationsJob", "refuse")
    with pytest.raises(TrialError, match="trial t: AWS: refused"):
        stand.bench.stop("t")
    ask = stand.bench._ask

    def late(operation: str, name: str, **asked: object) -> Mapping[str, Any]:
        if operation.startswith("Stop"):
            stand.cloud.move(3 * PART_S)
        return ask(operation, name, **asked)

    stand.bench._ask = late  # type: ignore[method-assign]
    stand.bench.stop("t")
    assert stand.bench.look("t").status is Status.COMPLETED


def test_trials_are_found_by_name_and_model_over_pages(stand: Stand) -> None:
    """The newest first, no more than are wanted."""
    stand.cloud.page = 2
    for index in range(5):
        stand.bench.start(f"t{index}", FULL if index == 3 else QUICK)
        stand.cloud.move(1)
    assert [each.name for each in stand.bench.find()] == ["t4", "t3", "t2", "t1", "t0"]
    assert [each.name for each in stand.bench.find(limit=3)] == ["t4", "t3", "t2"]
    assert [each.name for each in stand.bench.find("t1")] == ["t1"]
    found = stand.bench.find(model="churn")
    assert [(each.name, each.model, each.is_advanced) for each in found] == [("t3", "churn", True)]
    assert len(stand.bench.find(model=PACKAGE)) == 4
    assert stand.bench.find("nobody") == []


def test_parts_are_read_over_pages(stand: Stand) -> None:
    """And a list without an end is broken off."""
    stand.cloud.page = 1
    stand.bench.start("t", QUICK)
    assert [each.finding.instance_type for each in stand.bench.look("t").parts] == [
        "ml.c5.large",
        "ml.m5.large",
        "ml.c5.xlarge",
    ]
    stand.cloud.page = 0
    with pytest.raises(TrialError, match="more than 100 pages"):
        stand.bench.look("t")


def test_what_aws_would_advise_is_read(stand: Stand) -> None:
    """For one of what it recommends, at a share of each core."""
    stand.bench.start("t", QUICK)
    stand.cloud.move(3 * PART_S)
    finding = stand.bench.look("t").findings[0]
    assert stand.bench.advise("t", finding, 0.5, 4_200, 30_000) == Advice(
        invocations=3_000.0,
        latency_ms=12.0,
        min_capacity=2,
        max_capacity=10,
        scale_in_cooldown=timedelta(seconds=300),
        scale_out_cooldown=timedelta(0),
        policies=(
            Tracking("SageMakerVariantInvocationsPerInstance", 3_000.0),
            Tracking("Average /aws/sagemaker/Endpoints CPUUtilization", 100.0),
        ),
    )
    with pytest.raises(TrialError, match="of no such id"):
        stand.bench.advise("t", finding._replace(id="x"), 0.5, 1, 2)


def test_our_own_answers_are_of_the_shapes_that_the_sdk_has(stand: Stand) -> None:
    """Else a test would show nothing."""
    stand.cloud.broken["ml.m5.large"] = "no memory"
    stand.bench.start("t", QUICK)
    stand.cloud.move(3 * PART_S)
    advice = {
        "InferenceRecommendationsJobName": "t",
        "RecommendationId": "t/0",
        "TargetCpuUtilizationPerCore": 50,
        "ScalingPolicyObjective": {"MinInvocationsPerMinute": 1, "MaxInvocationsPerMinute": 2},
    }
    listed = {"SortBy": "CreationTime", "SortOrder": "Descending"}
    asked: dict[str, dict[str, Any]] = {
        DESCRIBE: {"JobName": "t"},
        "ListInferenceRecommendationsJobSteps": {"JobName": "t"},
        "ListInferenceRecommendationsJobs": listed,
        "GetScalingConfigurationRecommendation": advice,
    }
    for operation, body in asked.items():
        shape = find_model().operation_model(operation).output_shape
        answer = stand.cloud.call(f"SageMaker.{operation}", body)
        assert list(find_problems(shape, answer)) == [], operation


def test_moto_has_none_of_this() -> None:
    """Once it has, these tests should run against it too."""
    from moto.sagemaker.responses import SageMakerResponse

    assert not [name for name in dir(SageMakerResponse) if "recommendation" in name]
