"""Is a model's traffic pulled from Cloud Monitoring whole, once, and with a reason where it is not?

The server is ours, held to Google's discovery document; it aligns and reduces as the API says.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.gcp.monitoring import Line, Monitoring, RestMonitoring, Value
from tests.gcp.platform import Nodes, PlatformCloud
from tests.gcp.serving import Fault, Server, serving
from tests.gcp.stage import VERSION_PATH
from tests.gcp.vertex import Replicas, VertexCloud
from tests.unit.cli.commands import Done, expect_refusal, flyball

pytestmark = pytest.mark.enable_socket

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
VERTEX = "aiplatform.googleapis.com/prediction/online"
PLATFORM = "ml.googleapis.com/prediction"
ENDPOINT = "projects/acme/locations/europe-west4/endpoints/123"
CONFIG = """
version: 1
defaults: {home: gcp, mode: advise}
scalable_targets:
  - id: llm
    resource: {project: acme, location: europe-west4, endpoint: "123"}
    min_capacity: 1
    max_capacity: 40
    metrics:
      - {name: calls, per: total, source: {metric: COUNT, statistic: rate}}
    policies: [{name: keep, kind: target_tracking, metric: calls, target_value: 1}]
"""
OF_VERSION = "{project: acme, model: churn, version: v2}"
OF_POOL = "{project: acme, location: europe-west4, deployment_resource_pool: shared}"


class Cloud(NamedTuple):
    """Google on this machine.

    Attributes:
        server: Where it is; its calls are noted.
        account: Its metrics.
        folder: Where the test stands.
    """

    server: Server
    account: Monitoring
    folder: Path

    def write(
        self, metric: str, points: Mapping[datetime, Value], model: str = "7", kind: str = "GAUGE"
    ) -> None:
        """Write one series of the endpoint, or of the version, by the ends of minutes."""
        labels = {
            "resource.labels.endpoint_id": "123",
            "resource.labels.location": "europe-west4",
            "metric.labels.deployed_model_id": model,
        }
        of = "aiplatform.googleapis.com/Endpoint"
        if metric.startswith(PLATFORM):
            labels = {"resource.labels.model_id": "churn", "resource.labels.version_id": "v2"}
            of = "cloudml_model_version"
        self.account.lines.append(Line("acme", metric, labels, points, kind, resource_type=of))

    def configure(self, resource: str = "", count: str = f"{VERTEX}/prediction_count") -> None:
        """Write a config of another resource or metric."""
        own = '{project: acme, location: europe-west4, endpoint: "123"}'
        text = CONFIG.replace(own, resource or own).replace("COUNT", count)
        if count.endswith("replicas"):
            text = text.replace(", statistic: rate", "")
        (self.folder / "f.yaml").write_text(text)


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """Serve an endpoint, a version and no metrics; what breaks Google's contract fails the test."""
    account, vertex, platform = Monitoring(), VertexCloud(), PlatformCloud()
    vertex.endpoints[ENDPOINT] = [Replicas(1, 4, id="7")]
    with serving(vertex, platform, RestMonitoring(account)) as server:
        for service in ("MONITORING", "AIPLATFORM", "ML"):
            monkeypatch.setenv(f"FLYBALL_GCP_ENDPOINT_{service}", server.url)
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        monkeypatch.chdir(tmp_path)
        made = Cloud(server, account, tmp_path)
        made.configure()
        yield made
        assert server.broken == []


def run(*options: object) -> Done:
    """Backtest what Cloud Monitoring remembers."""
    call = ("backtest", "--config", "f.yaml", "--from", "cloud-monitoring", "--against", "")
    return flyball(*call, "--measures", "calls=requests", "--json", *options)


def read(done: Done) -> list[dict[str, str]]:
    """Read the trace that a run says it has kept."""
    path = done.err.strip().rpartition("=")[2]
    return list(csv.DictReader(Path(path).read_text().splitlines()))


def days_ago(count: float) -> datetime:
    """Give a midnight: 0 days ago is the last one that is settled."""
    settled = datetime.now(UTC) - 15 * MINUTE
    return settled.replace(hour=0, minute=0, second=0, microsecond=0) - count * DAY


START = days_ago(2) + 21 * HOUR
WINDOW = ("--since", START.isoformat(), "--until", (START + 6 * HOUR).isoformat())
MINUTES = [START + index * MINUTE for index in range(-10, 371)]
"""Ends of periods, in two parts, and some before and after."""


def write_traffic(cloud: Cloud, prefix: str = VERTEX, online: str = VERTEX) -> None:
    """Let two models of an endpoint have 60 and 30 in every other minute, on 2 and 1 replicas."""
    silent = (START + 60 * MINUTE, START + 80 * MINUTE)
    there = [at for at in MINUTES if not silent[0] < at <= silent[1]]
    busy = [at for at in MINUTES if (at - START) // MINUTE % 2]
    for model, count, replicas in (("7", 60, 2), ("8", 30, 1)):
        cloud.write(f"{prefix}/prediction_count", dict.fromkeys(busy, count), model, "DELTA")
        cloud.write(f"{online}/replicas", dict.fromkeys(there, replicas), model)


def test_what_monitoring_has_becomes_a_trace_that_runs_again_without_it(cloud: Cloud) -> None:
    """Of the whole endpoint, whose models change; a second run asks nobody."""
    write_traffic(cloud)
    done = run(*WINDOW)
    assert done.code == 0, done
    rows = read(done)
    assert (len(rows), rows[0]["timestamp"]) == (360, f"{START:%Y-%m-%dT%H:%M:%SZ}")
    assert (rows[0]["requests"], rows[0]["instances"]) == ("90", "3")
    assert (rows[1]["requests"], rows[1]["instances"]) == ("0", "3")
    assert (rows[61]["requests"], rows[60]["requests"]) == ("", "90")
    (target,) = done.json["targets"]
    assert target["capacity_per_instance"] == 30
    asked = len(cloud.account.asked)
    assert asked == 4
    path = done.err.strip().rpartition("=")[2]
    again = run(*WINDOW)
    alone = ("backtest", "--config", "f.yaml", "--trace", path, "--against", "", "--json")
    assert flyball(*alone, "--measures", "calls=requests").out == again.out == done.out
    assert (len(cloud.account.asked), len(cloud.server.calls)) == (asked, asked)
    assert run(*WINDOW, "--refresh").out == done.out
    assert len(cloud.account.asked) == 2 * asked


def test_a_deployed_model_that_is_named_has_its_own(cloud: Cloud) -> None:
    """And nothing of the one beside it."""
    write_traffic(cloud)
    cloud.configure('{project: acme, location: europe-west4, endpoint: "123", deployed_model: "8"}')
    rows = read(run(*WINDOW))
    assert (rows[0]["requests"], rows[0]["instances"]) == ("30", "1")


def test_what_the_config_counts_is_what_is_pulled(cloud: Cloud) -> None:
    """Responses where its metric counts responses."""
    write_traffic(cloud)
    cloud.write(f"{VERTEX}/response_count", dict.fromkeys(MINUTES, 5), "7", "DELTA")
    cloud.configure(count=f"{VERTEX}/response_count")
    assert {row["requests"] for row in read(run(*WINDOW))} == {"5"}


def test_a_version_of_ai_platform_is_pulled_too(cloud: Cloud) -> None:
    """By its model's and its own name."""
    write_traffic(cloud, PLATFORM, f"{PLATFORM}/online")
    cloud.configure(OF_VERSION, f"{PLATFORM}/prediction_count")
    rows = read(run(*WINDOW))
    assert (rows[0]["requests"], rows[0]["instances"]) == ("90", "3")


def test_at_zero_replicas_nothing_is_known(cloud: Cloud) -> None:
    """Who came then was turned away, and counted by nobody."""
    cloud.write(f"{VERTEX}/prediction_count", {START + MINUTE: 9}, kind="DELTA")
    counts = {at: int(at <= START + HOUR) for at in MINUTES}
    cloud.write(f"{VERTEX}/replicas", counts)
    rows = read(run(*WINDOW))
    assert [row["requests"] for row in rows[:3]] == ["9", "0", "0"]
    assert {row["requests"] for row in rows[60:]} == {""}
    assert rows[60]["instances"] == "0"


def test_every_page_is_read(cloud: Cloud) -> None:
    """However few points there are on one."""
    write_traffic(cloud)
    cloud.account.page_points = 50
    assert [row["requests"] for row in read(run(*WINDOW))[:2]] == ["90", "0"]
    assert len(cloud.account.asked) > 10


def test_a_pull_that_was_interrupted_goes_on(cloud: Cloud) -> None:
    """The first part is kept."""
    write_traffic(cloud)
    message = "Permission monitoring.timeSeries.list denied"
    for _ in range(2):
        cloud.server.faults.append(Fault("timeSeries.list", "", times=1))
    cloud.server.faults.append(Fault("timeSeries.list", "PERMISSION_DENIED", message))
    said = (
        "llm: Google Cloud: metrics may not be read: Permission monitoring.timeSeries.list denied"
    )
    told = "grant monitoring.timeSeries.list in project acme, as roles/monitoring.viewer does"
    expect_refusal(run(*WINDOW), said, told)
    cloud.account.asked.clear()
    assert run(*WINDOW).code == 0
    assert len(cloud.account.asked) == 2


def test_another_refusal_is_told_in_googles_words(cloud: Cloud) -> None:
    """Of what was refused nothing is kept."""
    write_traffic(cloud)
    cloud.server.faults.append(Fault("timeSeries.list", "INVALID_ARGUMENT", "no such thing"))
    expect_refusal(run(*WINDOW), "llm: Google Cloud: 400 INVALID_ARGUMENT: no such thing", "run it")
    assert len(list(cloud.folder.glob("cache/**/part-*.csv"))) == 1


@pytest.mark.parametrize(
    ("resource", "of", "says"),
    [
        ("", VERTEX, "it exists, and nothing reached it then"),
        (
            '{project: acme, location: europe-west4, endpoint: "124"}',
            VERTEX,
            "there is no projects/acme/locations/europe-west4/endpoints/124",
        ),
        (OF_VERSION, PLATFORM, "churn/versions/v2"),
    ],
    ids=["quiet", "absent", "version"],
)
def test_an_empty_window_says_whether_the_model_is_there(
    cloud: Cloud, resource: str, of: str, says: str
) -> None:
    """Also where nobody has ever written the metric."""
    cloud.configure(resource, f"{of}/prediction_count")
    expect_refusal(run("--days", 1), "llm: no datapoint from", says, "in acme")


def test_whether_it_is_there_may_not_be_seen(cloud: Cloud) -> None:
    """That hides nothing of what is known."""
    cloud.server.faults.append(Fault("endpoints.get", "PERMISSION_DENIED", "no"))
    expect_refusal(run("--days", 1), "no datapoint from", "whether it exists could not be seen")


def test_a_version_that_is_there_and_quiet_is_told(cloud: Cloud) -> None:
    """Likewise."""
    platform = cloud.server.clouds[1]
    assert isinstance(platform, PlatformCloud)
    platform.versions[VERSION_PATH] = Nodes(1, 4)
    cloud.configure(OF_VERSION, f"{PLATFORM}/prediction_count")
    expect_refusal(run("--days", 1), "it exists, and nothing reached it then")


def test_a_pool_counts_nothing_of_its_own(cloud: Cloud) -> None:
    """Its endpoints do."""
    cloud.configure(OF_POOL, f"{VERTEX}/deployment_resource_pool/replicas")
    expect_refusal(run(), "llm: a deployment resource pool counts no requests", "--trace llm=FILE")
    assert cloud.server.calls == []


def test_what_is_older_than_six_weeks_is_gone(cloud: Cloud) -> None:
    """Nothing is asked for it."""
    expect_refusal(run("--days", 60), "no more than 42 days are kept")
    assert cloud.server.calls == []


def test_without_credentials_the_remedy_is_said(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Google itself is asked with credentials, and there are none."""
    monkeypatch.delenv("FLYBALL_GCP_ENDPOINT_MONITORING")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(cloud.folder / "none.json"))
    said = "no credentials were found: `gcloud auth application-default login`"
    expect_refusal(run(*WINDOW), "llm: Google Cloud", said)
