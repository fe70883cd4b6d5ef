"""Is what an Inference Recommender job answers read?"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from botocore.session import Session
from botocore.validate import ParamValidator

from flyball.sizing.benchmark import UNKNOWN, Benchmark, BenchmarkError, Machine, Resource
from flyball.sizing.formats.recommender import is_job, read_job
from flyball.sizing.formats.text import Node

FILE = Path(__file__).parent / "files" / "job.json"
JOB = json.loads(FILE.read_text())
LARGE = "ml.c5.large"


def read(value: object, machine: Machine = UNKNOWN) -> tuple[Benchmark, ...]:
    """Read a job of this value."""
    return read_job(Node(Path("job.json"), "", value), "job.json", machine)


def measure(**metrics: object) -> dict[str, Any]:
    """Make a job of one configuration."""
    item = {"Metrics": metrics, "EndpointConfiguration": {"InstanceType": LARGE}}
    return {"InferenceRecommendations": [item]}


def test_the_example_is_what_the_service_may_answer() -> None:
    """By botocore's own model of it."""
    model = Session().get_service_model("sagemaker")
    shape = model.operation_model("DescribeInferenceRecommendationsJob").output_shape
    assert not ParamValidator().validate(JOB, shape).has_errors()


def test_each_configuration_is_a_benchmark() -> None:
    """What is left out is noted, by whose it is."""
    well, worse, accelerated = read(JOB)
    assert [each.steps[0].answered for each in (well, worse, accelerated)] == [
        10_080,
        9_000,
        40_000,
    ]
    assert well.machine == Machine(LARGE, cores=2, price_per_hour=0.119)
    assert well.steps[0].used_ratio == pytest.approx({Resource.CPU: 0.935, Resource.MEMORY: 0.225})
    assert accelerated.machine.gpus == 1
    assert accelerated.steps[0].latency_ms == {0.99: 21}
    assert any("serverless" in note for note in well.notes)
    assert well.source.startswith("job.json, shop-ranking: ml.c5.large")


def test_what_is_said_of_a_machine_counts_more_than_the_table() -> None:
    """And what is in neither is left out, and asked for."""
    known, _, _ = read(JOB, Machine(LARGE, cores=4))
    assert known.steps[0].used_ratio[Resource.CPU] == pytest.approx(0.4675)
    own = measure(MaxInvocations=60)
    own["InferenceRecommendations"][0]["EndpointConfiguration"]["InstanceType"] = "ml.own.large"
    with pytest.raises(BenchmarkError, match=r"job\.json: .*ml\.own\.large: how many cores"):
        read(own)
    assert read(own, Machine("ml.own.large", cores=4))[0].machine.cores == 4


def test_an_endpoint_as_it_stands_is_not_one_instance() -> None:
    """Unless a step of the job says that it has one."""
    metrics = {"MaxInvocations": 60, "ModelLatency": 30}
    job = {"EndpointPerformances": [{"Metrics": metrics, "EndpointInfo": {"EndpointName": "e"}}]}
    with pytest.raises(BenchmarkError, match="is not of one instance: how many it has"):
        read(job, Machine(LARGE, cores=2))
    place = {"EndpointName": "e", "InstanceType": LARGE, "InitialInstanceCount": 3}
    made = {"EndpointMetrics": metrics, "EndpointConfiguration": place}
    steps = {"Steps": [{"Status": "COMPLETED", "InferenceBenchmark": made}]}
    for each in (steps, {**job, **steps}):
        with pytest.raises(BenchmarkError, match="endpoint as it stands, .* one instance: it has"):
            read(each)
    place["InitialInstanceCount"] = 1
    for each in (steps, {**job, **steps}):
        (found,) = read(each)
        assert (found.machine.instance_type, found.steps[0].answered) == (LARGE, 60)


def test_the_steps_of_a_job_are_read_too() -> None:
    """As list_inference_recommendations_job_steps answers, one that failed among them."""
    well = {
        "Metrics": {"MaxInvocations": 60, "ModelLatency": 30},
        "EndpointConfiguration": {"InstanceType": LARGE},
    }
    failed = {"FailureReason": "out of memory"}
    steps = [{"InferenceBenchmark": each} for each in (well, failed)]
    (found,) = read({"Steps": [{"Status": "COMPLETED", **each} for each in steps]})
    assert (found.machine.instance_type, found.steps[0].answered) == (LARGE, 60)
    assert any("out of memory" in note for note in found.notes)
    assert read(steps)[0].steps == found.steps
    assert read(JOB["InferenceRecommendations"])[0].steps[0].answered == 10_080


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (JOB, True),
        ({"Steps": []}, True),
        ([{"InferenceBenchmark": {}}], True),
        ([{"Metrics": {}}], True),
        ([{"Metrics": 3}], False),
        ({"metrics": {}}, False),
        (3, False),
    ],
)
def test_a_job_is_known_by_its_members(value: object, *, expected: bool) -> None:
    """Whatever else is in it."""
    assert is_job(Node(FILE, "", value)) is expected


@pytest.mark.parametrize(
    ("job", "told"),
    [
        (
            {"JobName": "j", "Status": "IN_PROGRESS", "InferenceRecommendations": []},
            r"job\.json: j: it is running, with no result; wait for it",
        ),
        ({"Status": "FAILED", "FailureReason": "no such model"}, "no such model"),
        ({"InferenceRecommendations": [3]}, "with no result"),
        (measure(), r"ml\.c5\.large: it says nothing of invocations"),
        (measure(MaxInvocations=math.nan), "it says nothing of invocations"),
        (
            measure(MaxInvocations="many"),
            r"job\.json: InferenceRecommendations\[0\]\.Metrics\.MaxInvocations: got 'many'",
        ),
        (measure(MaxInvocations=60, ModelLatency=-1), r"Metrics\.ModelLatency: got -1"),
    ],
)
def test_a_job_without_a_result_is_refused(job: dict[str, Any], told: str) -> None:
    """Why is said, and the field where it is one."""
    with pytest.raises(BenchmarkError, match=told):
        read(job)
