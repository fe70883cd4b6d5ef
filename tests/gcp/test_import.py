"""Is Google's own scaling read whole, with a reason for whatever is left out?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flyball.adapters.gcp.rules import Rule, count_cores, raise_target
from flyball.config.load import load
from flyball.core.policy import TrackingPolicy
from flyball.core.target import CapacityKind, Mode, ScalableTarget
from tests.gcp.platform import Nodes
from tests.gcp.serving import Fault, Server
from tests.gcp.stage import PATH, POOL_PATH, VERSION_PATH, Stage, serve
from tests.gcp.vertex import Replicas
from tests.unit.cli.commands import Done, flyball

pytestmark = pytest.mark.enable_socket

VERTEX = "aiplatform.googleapis.com/prediction/online/"
PLACE = ("--project", "acme", "--location", "europe-west4")
OTHER = "projects/acme/locations/europe-west4/endpoints/456"
THIRD = "projects/acme/locations/europe-west4/endpoints/789"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Serve Vertex AI and AI Platform, which each test sets up anew."""
    with serve() as served:
        yield served


@pytest.fixture
def stage(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Stage]:
    """Give endpoint 123 with deployed model 7, and see that Google's contract was kept."""
    for service in ("AIPLATFORM", "ML"):
        monkeypatch.setenv(f"FLYBALL_GCP_ENDPOINT_{service}", server.url)
    monkeypatch.chdir(tmp_path)
    yield Stage(server)
    assert server.broken == []


def read(*options: str) -> Done:
    """Read Google's scaling."""
    return flyball("import", "gcp", *PLACE, *options)


def take(*options: str) -> dict[str, ScalableTarget]:
    """Read it into a file that holds, and give its targets."""
    done = read("--out", "imported.yaml", *options)
    assert done.code == 0, done
    checked = flyball("validate", "imported.yaml")
    assert checked.code == 0, checked
    return {each.id: each for each in load("imported.yaml").scalable_targets}


def targets(target: ScalableTarget) -> dict[str, float]:
    """Give what each policy holds its metric at."""
    found = [each for each in target.policies if isinstance(each, TrackingPolicy)]
    assert len(found) == len(target.policies)
    return {each.name: each.target_value for each in found}


def test_a_deployed_models_range_and_metrics_are_a_config_that_holds(stage: Stage) -> None:
    """With a GPU both count, above Google's targets, 60 if none is said; it begins in advise."""
    spec = {"metricName": f"{VERTEX}accelerator/duty_cycle", "target": 75}
    stage.model.dedicated = {"autoscalingMetricSpecs": [spec]}
    (target,) = take().values()
    assert (target.id, target.mode, target.home) == ("llm", Mode.ADVISE, "gcp")
    assert (target.min_capacity, target.max_capacity) == (1, 4)
    assert target.capacity_kind is CapacityKind.RANGE
    assert dict(target.resource) == {
        "project": "acme",
        "location": "europe-west4",
        "endpoint": "123",
        "model": "m7",
    }
    assert targets(target) == {"duty-cycle": 90.0, "cpu": 75.0}
    sources = {each.name: dict(each.source) for each in target.metrics}
    assert sources["cpu"] == {"metric": f"{VERTEX}cpu/utilization", "cores": "8"}
    text = Path("imported.yaml").read_text(encoding="utf-8")
    assert text.startswith("# Written by `flyball import gcp`")
    assert "goes on picking inside it" in text
    assert "# Google's own autoscaler goes on holding duty_cycle at 75 %, cpu at 60 %." in text
    assert "See docs/ranges.md." in text
    assert {call.version for call in stage.server.calls} == {"v1beta1"}
    assert stage.sent() == []


def test_without_a_gpu_only_the_cpu_counts(stage: Stage) -> None:
    """As Google's autoscaler does it."""
    stage.model.gpus, stage.model.machine = 0, "n1-highmem-16"
    (target,) = take().values()
    assert targets(target) == {"cpu": 75.0}
    assert target.metrics[0].source["cores"] == "16"


def test_requests_and_a_backlog_are_taken_over(stage: Stage) -> None:
    """Requests as responses, which is said; a backlog of the subscription that it names."""
    requests: dict[str, Any] = {"metricName": f"{VERTEX}request_count", "target": 900}
    backlog: dict[str, Any] = {
        "metricName": "pubsub.googleapis.com/subscription/num_undelivered_messages",
        "target": 20,
        "monitoredResourceLabels": {"subscription_id": "jobs", "project_id": "other"},
    }
    stage.model.dedicated = {"autoscalingMetricSpecs": [requests, backlog], "scaleToZeroSpec": {}}
    (target,) = take().values()
    assert targets(target) == {"duty-cycle": 75, "cpu": 75, "requests": 1125, "backlog": 25}
    found = {each.name: each for each in target.metrics}
    assert found["requests"].source["metric"] == f"{VERTEX}response_count"
    assert found["backlog"].source["project"] == "other"
    assert found["backlog"].source["resource_labels.subscription_id"] == "jobs"
    text = Path("imported.yaml").read_text(encoding="utf-8")
    assert "# Google's autoscaler counts requests a minute and replica" in text


def test_what_has_no_words_stands_there_with_its_reason(stage: Stage) -> None:
    """A metric of a server's own, a backlog of nobody's, cores that no name tells."""
    stage.model.machine = "ct5lp-hightpu-1t"
    stage.model.dedicated = {
        "autoscalingMetricSpecs": [
            {"metricName": "prometheus.googleapis.com/vertex_vllm_num_requests_waiting"},
            {"metricName": "pubsub.googleapis.com/subscription/num_undelivered_messages"},
        ],
        "scaleToZeroSpec": {"idleScaledownPeriod": "600s"},
    }
    (target,) = take().values()
    assert targets(target) == {"duty-cycle": 75.0}
    text = Path("imported.yaml").read_text(encoding="utf-8")
    lines = [line.strip() for line in text.splitlines() if line.startswith("  # ")]
    cpu, prometheus, backlog, raised, zero = lines
    assert "Google's own autoscaler goes on holding duty_cycle at 60 %." in raised
    assert "Google counts each busy core, and the machine type ct5lp-hightpu-1t" in cpu
    assert "vertex_vllm_num_requests_waiting: Flyball knows no series" in prometheus
    assert "it does not say whose: name the subscription" in backlog
    assert "scaleToZeroSpec (idleScaledownPeriod 600s) is left out" in zero


def test_a_pool_is_read_once_for_all_the_models_on_it(stage: Stage) -> None:
    """Its metrics are a pool's; models whose resources are automatic are left out."""
    shared = [Replicas(1, 1, id=name, kind="sharedResources") for name in ("8", "9")]
    automatic = Replicas(1, 2, id="10", kind="automaticResources")
    stage.vertex.endpoints[OTHER] = [*shared, automatic]
    stage.vertex.endpoints[THIRD] = []
    stage.vertex.titles = {OTHER: "busy", THIRD: "idle"}
    stage.pool.floor, stage.pool.ceiling = 2, 5
    found = take()
    assert list(found) == ["llm", "shared"]
    pool = found["shared"]
    assert (pool.min_capacity, pool.max_capacity) == (2, 5)
    assert pool.metrics[0].source["metric"] == (
        f"{VERTEX}deployment_resource_pool/accelerator/duty_cycle"
    )
    text = Path("imported.yaml").read_text(encoding="utf-8")
    assert "deployed model 10 of endpoint busy: its resources are automatic" in text
    assert "endpoint idle: no model is deployed to it" in text
    assert [call.path for call in stage.server.made("get")] == [POOL_PATH]


def test_what_may_go_to_zero_says_by_which_api(stage: Stage) -> None:
    """Only by v1beta1 a range begins at 0."""
    stage.vertex.endpoints[PATH] = [Replicas(0, 3, 0, 1, id="7")]
    (target,) = take().values()
    assert target.min_capacity == 0
    assert target.resource["api_version"] == "v1beta1"


def test_only_what_is_named_is_read_and_what_is_not_there_is_said(stage: Stage) -> None:
    """By id or by display name, over all pages of the list."""
    stage.vertex.endpoints |= {OTHER: [Replicas(1, 2, id="1")], THIRD: [Replicas(1, 2, id="2")]}
    stage.vertex.titles = {OTHER: "other", THIRD: "third"}
    done = read("--endpoint", "789", "--endpoint", "other", "--endpoint", "gone", "--json")
    assert [each["id"] for each in done.json["scalable_targets"]] == ["other", "third"]
    missed, *remarks = done.json["left_out"]
    assert missed == "Left out: endpoint gone: it is not there, in europe-west4"
    assert all("Google's own autoscaler goes on holding" in each for each in remarks)
    assert len(stage.server.made("list")) == 2


def test_two_models_of_an_endpoint_have_two_names(stage: Stage) -> None:
    """The endpoint's name alone would be both."""
    stage.vertex.endpoints[PATH].append(Replicas(1, 2, id="8"))
    assert list(take()) == ["llm-7", "llm-8"]


def test_versions_of_ai_platform_are_read_and_called_retired(stage: Stage) -> None:
    """Scaled by itself or by hand; no endpoint is read for it."""
    stage.platform.versions[VERSION_PATH.replace("v2", "v3")] = Nodes(3, None)
    found = take("--model", "churn")
    assert list(found) == ["churn-v2", "churn-v3"]
    automatic, manual = found.values()
    assert (automatic.min_capacity, automatic.max_capacity) == (1, 4)
    assert targets(automatic) == {"duty-cycle": 60.0}
    assert (manual.min_capacity, manual.max_capacity) == (3, 3)
    assert manual.capacity_kind is CapacityKind.COUNT
    text = Path("imported.yaml").read_text(encoding="utf-8")
    assert text.count("# Unavailable: Google shut AI Platform Prediction down") == 2
    assert {call.name for call in stage.server.calls} == {"list"}


def test_where_ai_platform_is_gone_that_is_said(stage: Stage) -> None:
    """Nothing is written, and the code is 1."""
    stage.server.faults = [Fault("list", "NOT_FOUND", times=2)]
    done = read("--model", "churn", "--out", "imported.yaml")
    assert done.code == 1
    assert "model churn: unavailable: Google shut AI Platform Prediction down" in done.err
    assert not Path("imported.yaml").exists()


def test_a_refusal_is_one_line_with_googles_words(stage: Stage) -> None:
    """With what to do about it."""
    stage.server.faults = [Fault("list", "PERMISSION_DENIED", "endpoints.list denied")]
    done = read()
    assert done.code == 1
    assert done.err.startswith("flyball: Google Cloud: 403 PERMISSION_DENIED: endpoints.list")
    assert done.err.count("\n") == 1


def test_a_name_that_can_be_none_is_refused_before_anybody_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No credentials are looked for, and all that is wrong is said at once."""
    monkeypatch.setattr("google.auth.default", _fail)
    done = flyball("import", "gcp", "--project", "ACME", "--location", "moon")
    assert done.code == 2
    assert (
        "--project: got 'ACME', expected a project's id or number; did you mean acme?" in done.err
    )
    assert "--location: got 'moon', expected a region, such as europe-west4" in done.err


def _fail(**_: object) -> None:
    raise AssertionError("Google was asked")


def test_where_nothing_scales_itself_that_is_said(stage: Stage) -> None:
    """Perhaps it is another location."""
    stage.vertex.endpoints.clear()
    done = read()
    assert done.code == 1
    assert "is it another location or project?" in done.err


@pytest.mark.parametrize(
    ("machine", "cores"),
    [("n1-standard-4", 4), ("g2-standard-96", 96), ("a2-highgpu-2g", 24), ("a4x-maxgpu-4g", None)],
)
def test_cores_are_told_by_the_machine_types_name(machine: str, cores: int | None) -> None:
    """Or they are not known, and nothing is guessed."""
    assert count_cores(machine) == cores


@pytest.mark.parametrize(
    ("theirs", "unit", "ours"),
    [(60, "ratio", 75), (75, "ratio", 90), (95, "ratio", 95), (900, "number", 1125)],
)
def test_a_floor_tracks_above_what_google_holds(theirs: int, unit: str, ours: int) -> None:
    """A quarter, and a utilization to 90 % at most; never below it."""
    assert raise_target(Rule({"name": "m", "unit": unit}, theirs)) == ours
