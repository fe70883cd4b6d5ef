"""Does doctor find what is wrong with a deployment on Google, and nothing where nothing is?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from flyball.adapters.gcp.session import Session
from flyball.meter import POOL
from tests.gcp.conftest import Store
from tests.gcp.local import local_service
from tests.gcp.serving import Fault, Server, serving
from tests.gcp.stage import PATH
from tests.gcp.ward import CONFIG, DUTY, LABELS, Project, admit

pytestmark = pytest.mark.enable_socket


class Wrong(NamedTuple):
    """A config that names what is not there: `new` for `old`, found by a check in some words."""

    name: str
    old: str
    new: str
    check: str
    words: tuple[str, ...]


@pytest.fixture(scope="module")
def served() -> Iterator[Server]:
    """Serve Google's services, which each test sets up anew."""
    with serving() as server:
        yield server


@pytest.fixture
def project(served: Server, store: Store, tmp_path: Path) -> Iterator[Project]:
    """Give a project in which all is well."""
    with admit(served, store, tmp_path) as found:
        yield found


def test_where_all_is_well_every_line_says_ok(project: Project) -> None:
    """By the config, and by what is registered; nothing is changed."""
    for options in (("--config", "flyball.yaml"), ()):
        done = project.ask(*options)
        assert done.code == 0, done
        assert "0 to look at, 0 failed" in done.out, done.out
        lines = [line for line in done.out.splitlines() if line.startswith("  ")]
        hints = [line for line in lines if not line.startswith("  ok    ")]
        (redeploy,) = hints  # nothing is wrong with naming an id
        assert "a redeploy gives another id" in redeploy, done.out
        assert "clock: agrees with Google's to 1 s" in done.out
        assert "resources: 1 of 1 are there" in done.out
        assert "metrics: 1 of 1 had values in the last 24 hours" in done.out
        assert "has 1 registered" in done.out
    assert project.server.made("mutateDeployedModel", "patch") == []
    assert "aiplatform.endpoints.deploy" in project.permissions.asked["acme"]
    assert "datastore.entities.update" in project.permissions.asked[project.store.project]


def test_a_config_that_is_not_in_force_is_named(project: Project) -> None:
    """The file against Firestore."""
    Path("flyball.yaml").write_text(CONFIG.replace("target_value: 60", "target_value: 70"))
    found = project.find()
    assert found["configs"]["text"] == "1 of 1 are not as flyball.yaml has them"
    assert found["alarms"]["text"] == "2 of 2 are not as flyball.yaml has them"
    assert len(found) == 2


@pytest.mark.parametrize(
    "case",
    [
        Wrong(
            "title for number",
            '"123"',
            "llm",
            "resource",
            ("endpoint llm is not there, in this location and project", "is it 123 (llm)?"),
        ),
        Wrong("slip", '"123"', '"1234"', "resource", ("endpoint 1234", "is it 123 (llm)?")),
        Wrong(
            "location",
            "location: europe-west4",
            "location: us-east1",
            "resource",
            ("(us-east1, acme)", "is it the right location?"),
        ),
        Wrong("model", 'model: "7"', 'model: "8"', "resource", ("the endpoint has 7",)),
        Wrong(
            "pool",
            'endpoint: "123", deployed_model: "7"',
            "deployment_resource_pool: sharde",
            "resource",
            ("pool sharde is not there", "is it shared?"),
        ),
        Wrong(
            "retired",
            'endpoint: "123", deployed_model: "7"',
            "model: churn, version: v2",
            "retired",
            ("Google shut AI Platform Prediction down", "deploy the model on Vertex AI"),
        ),
    ],
    ids=lambda case: case.name,
)
def test_what_is_not_there_is_named_with_what_is_likely_meant(
    project: Project, case: Wrong
) -> None:
    """It fails, as it is to be scaled."""
    text = CONFIG.replace(case.old, case.new)
    if case.name == "pool":
        text = text.replace("online/accel", "online/deployment_resource_pool/accel")
    if case.name == "retired":
        text = text.replace(DUTY, "ml.googleapis.com/prediction/online/cpu/utilization")
    Path("flyball.yaml").write_text(text, encoding="utf-8")
    check = project.find()[case.check]
    assert check["level"] == "fail"
    for words in case.words:
        assert words in f"{check['text']} {check['remedy']}"


def test_a_permission_that_is_not_granted_comes_with_the_role(project: Project) -> None:
    """Only what is missing is in it; what makes answers better only is not."""
    project.permissions.lacking = {"aiplatform.operations.list", "aiplatform.endpoints.list"}
    (check,) = project.find().values()
    assert check["text"] == "missing in acme: aiplatform.operations.list"
    assert (
        "`gcloud iam roles create flyballOperator --project=acme "
        "--permissions=aiplatform.operations.list`" in check["remedy"]
    )
    assert "--role=projects/acme/roles/flyballOperator" in check["remedy"]


def test_that_only_the_functions_may_scale_is_no_fault(project: Project) -> None:
    """They have an account of their own."""
    project.permissions.lacking = {"aiplatform.endpoints.deploy"}
    done = project.ask("--config", "flyball.yaml")
    assert done.code == 0
    assert "you may not scale in acme: aiplatform.endpoints.deploy" in done.out


def test_a_right_to_count_calls_in_a_project_is_asked_for_with_its_reason(project: Project) -> None:
    """Credentials with a quota project are refused every call without it; others do without."""
    permission = "serviceusage.services.use"
    project.permissions.lacking = {permission}
    done = project.ask("--config", "flyball.yaml", "--json")
    assert done.code == 0
    (check,) = (each for each in done.json["checks"] if each["level"] == "warn")
    assert f"{permission} is missing in {project.store.project}" in check["text"]
    assert "quota project of your credentials" in check["text"]
    assert f"--permissions={permission}`" in check["remedy"]
    assert permission not in project.permissions.asked["acme"]


def test_a_refusal_for_want_of_that_right_names_it(project: Project) -> None:
    """In Google's words the call itself is not."""
    words = "Grant the caller a custom role with the serviceusage.services.use permission"
    project.server.faults = [Fault("endpoints.get", "PERMISSION_DENIED", words, times=2)]
    found = project.find()
    assert found["permissions"]["text"] == "missing in acme: serviceusage.services.use"


def test_what_was_refused_is_named_though_nobody_could_be_asked_before(project: Project) -> None:
    """By Google's own words, and else by the call; the rest is looked at all the same."""
    words = "Permission 'aiplatform.endpoints.get' denied on resource '//aiplatform' (or not there)"
    project.server.faults = [
        Fault("testIamPermissions", "PERMISSION_DENIED", times=2),
        Fault("endpoints.get", "PERMISSION_DENIED", words, times=2),
    ]
    done = project.ask("--config", "flyball.yaml", "--json")
    assert done.code == 1
    found = [each for each in done.json["checks"] if each["name"] == "permissions"]
    assert [each["level"] for each in found] == ["warn", "warn", "fail"]
    assert found[-1]["text"] == "missing in acme: aiplatform.endpoints.get"
    project.server.faults = [Fault("operations.list", "PERMISSION_DENIED", times=9)]
    (check,) = project.find().values()
    assert check["text"] == "missing in acme: aiplatform.operations.list"


def test_an_api_that_is_not_enabled_comes_with_the_command(project: Project) -> None:
    """It is a refusal, and no permission would cure it."""
    words = "Vertex AI API has not been used in project acme before or it is disabled."
    project.server.faults = [Fault("endpoints.get", "PERMISSION_DENIED", words, times=2)]
    (check,) = project.find().values()
    assert check["text"] == "aiplatform.googleapis.com is not enabled in acme"
    assert check["remedy"] == "`gcloud services enable aiplatform.googleapis.com --project=acme`"


def test_a_change_that_is_stuck_is_named(project: Project) -> None:
    """It runs for hours, and no other is taken meanwhile; one that began just now is no fault."""
    counts = {"dedicatedResources": {"minReplicaCount": 2, "maxReplicaCount": 4}}
    mask = "dedicatedResources.minReplicaCount"
    body = {"deployedModel": {"id": "7", **counts}, "updateMask": mask}
    path = f"v1/{PATH}:mutateDeployedModel"
    project.vertex.takes = timedelta(hours=9)
    Session({"aiplatform": project.server.url}).call("aiplatform", path, body)
    assert project.find() == {}
    (operation,) = project.vertex.operations[PATH]
    operation.started -= timedelta(hours=2)
    (check,) = project.find().values()
    assert check["name"] == "change"
    assert "a change has been running since" in check["text"]
    assert "`gcloud ai operations describe 1000 --region=europe-west4`" in check["remedy"]


def test_a_metric_without_values_is_named_with_what_has_some(project: Project) -> None:
    """Another model's, or none at all."""
    project.listed.series = [(DUTY, {**LABELS, "metric.labels.deployed_model_id": "6"})]
    (check,) = project.find().values()
    assert check["level"] == "warn"
    assert "had no value in the last 24 hours" in check["text"]
    assert "deployed_model_id=6, endpoint_id=123" in check["remedy"]
    project.listed.series.clear()
    (check,) = project.find().values()
    assert check["remedy"] == "has it had any traffic?"


CUSTOM = """\
      - name: duty
        source: {metric: custom.googleapis.com/queue/depth, statistic: %s,
                 resource_labels: {project_id: acme}}
"""


def write_custom(metric: str) -> None:
    """Measure something else."""
    before, _, rest = CONFIG.partition("      - name: duty\n")
    Path("flyball.yaml").write_text(before + metric + rest[rest.index("    policies") :])


@pytest.mark.parametrize(
    ("statistic", "known", "words"),
    [
        ("mean", None, "is it custom.googleapis.com/queue/depths?"),
        ("mean", ("CUMULATIVE", "INT64", "1"), "which only grows take rate or delta"),
        ("rate", ("GAUGE", "INT64", "1"), "has no rate take mean, min, max or sum"),
        ("p95", ("GAUGE", "DOUBLE", "1"), "has no p95 take mean, min or max"),
        ("max", ("DELTA", "DISTRIBUTION", "ms"), "has no max take p50, p95, p99 or mean"),
        ("mean", ("GAUGE", "BOOL", ""), "and no number"),
    ],
)
def test_a_metric_of_another_type_is_named(
    project: Project, statistic: str, known: tuple[str, str, str] | None, words: str
) -> None:
    """Or one that nobody has written, with its likely name."""
    write_custom(CUSTOM % statistic)
    name = "custom.googleapis.com/queue/depth"
    project.listed.types["custom.googleapis.com/queue/depths"] = ("GAUGE", "INT64", "1")
    if known is not None:
        project.listed.types[name] = known
    check = project.find()["metrics"]
    assert words in f"{check['text']} {check['remedy']}"


def test_a_ratio_that_is_written_as_percent_is_no_percent(project: Project) -> None:
    """Of a custom metric only Google knows its unit."""
    write_custom((CUSTOM % "mean").replace("source:", "unit: ratio\n        source:"))
    project.listed.types["custom.googleapis.com/queue/depth"] = ("GAUGE", "DOUBLE", "%")
    check = project.find()["metrics"]
    assert "Google emits percent, 0-100" in check["text"]


def test_a_pools_metric_is_looked_for_at_the_pool(project: Project) -> None:
    """By the pool's own labels."""
    text = CONFIG.replace(
        'endpoint: "123", deployed_model: "7"', "deployment_resource_pool: shared"
    )
    text = text.replace("online/accel", "online/deployment_resource_pool/accel")
    Path("flyball.yaml").write_text(text, encoding="utf-8")
    duty = f"{POOL}accelerator/duty_cycle"
    project.listed.types[duty] = ("GAUGE", "DOUBLE", "10^2.%")
    labels = {"resource.labels.location": "europe-west4"}
    labels["resource.labels.deployment_resource_pool_id"] = "shared"
    project.listed.series.append((duty, labels))
    assert "metrics" not in project.find()


def test_without_credentials_nothing_else_is_asked(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where one service is Google's own, they are needed."""
    monkeypatch.delenv("FLYBALL_GCP_ENDPOINT_MONITORING")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "nowhere.json")
    (check,) = project.find().values()
    assert check["name"] == "credentials"
    assert "`gcloud auth application-default login`" in check["remedy"]
    assert project.server.calls == []


def test_who_asks_is_named_and_that_his_credentials_are_refused(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the credentials' own word; the remedy's command has his name."""
    monkeypatch.delenv("FLYBALL_GCP_ENDPOINT_MONITORING")
    project.permissions.lacking = {"aiplatform.endpoints.get"}
    who = "ann@acme.iam.gserviceaccount.com"
    with local_service() as tokens:
        tokens.answers = [(400, '{"error": "invalid_grant"}')] * 9
        Path("key.json").write_text(json.dumps(_make_key(who, tokens.url)), encoding="utf-8")
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "key.json")
        done = project.ask("--config", "flyball.yaml", "--json")
    assert done.code == 1
    first, *_ = done.json["checks"]
    assert first["text"] == f"{who}, credentials of project acme"
    found = {each["name"]: each for each in done.json["checks"] if each["level"] == "fail"}
    assert f"--member=serviceAccount:{who}" in found["permissions"]["remedy"]
    assert found["credentials"]["text"].startswith("NO_CREDENTIALS: ('invalid_grant")


def _make_key(who: str, url: str) -> dict[str, str]:
    """Make a service account's key whose tokens are fetched from an address of ours."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    return {
        "type": "service_account",
        "project_id": "acme",
        "client_email": who,
        "private_key_id": "1",
        "private_key": key.private_bytes(*form, serialization.NoEncryption()).decode(),
        "token_uri": f"{url}/token",
    }


def test_a_database_that_does_not_answer_spoils_no_other_check(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is named, and resources and metrics are looked at all the same."""
    monkeypatch.setenv("FLYBALL_GCP_ENDPOINT_FIRESTORE", project.server.url)
    done = project.ask("--config", "flyball.yaml", "--json")
    project.server.broken.clear()  # Firestore is not served there
    levels = {each["name"]: each["level"] for each in done.json["checks"]}
    assert levels["deployment"] == "fail"
    assert levels["resources"] == levels["metrics"] == "ok"
