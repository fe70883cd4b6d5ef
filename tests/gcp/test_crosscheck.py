"""Does Google's own client find in our servers what it would find at Google?

gcloud parses every answer into the types of its own API client, and sends what it would send.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flyball.core.model import Status
from flyball.ports import OutcomeKind
from tests.gcp.crosscheck import Cli, open_cli
from tests.gcp.serving import Server
from tests.gcp.stage import POOL, VERSION, Stage, serve
from tests.rig import MINUTE

pytestmark = [pytest.mark.enable_socket, pytest.mark.slow]

REGION = "--region=europe-west4"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Serve for all tests of this module."""
    with serve() as found:
        yield found


@pytest.fixture
def gcloud(server: Server, tmp_path: Path) -> Cli:
    """Find gcloud."""
    return open_cli(server.url, tmp_path, "acme")


def test_gcloud_reads_the_endpoint_whose_range_we_moved(server: Server, gcloud: Cli) -> None:
    """Before, and after: what we wrote is what Google's client reads."""
    stage = Stage(server)
    before = gcloud.run("ai", "endpoints", "describe", "123", REGION)
    (model,) = before["deployedModels"]
    assert model["dedicatedResources"]["minReplicaCount"] == 1
    assert stage.put(2, 6).kind is OutcomeKind.APPLIED
    told = gcloud.run("ai", "operations", "describe", "1000", REGION)
    assert told["metadata"]["@type"].endswith(".MutateDeployedModelOperationMetadata")
    assert "done" not in told
    stage.pass_time(5 * MINUTE)
    (model,) = gcloud.run("ai", "endpoints", "describe", "123", REGION)["deployedModels"]
    counts = model["dedicatedResources"]
    assert (counts["minReplicaCount"], counts["maxReplicaCount"]) == (2, 6)
    assert model["status"]["availableReplicaCount"] == 2
    assert server.broken == []


def test_gcloud_reads_the_pool_whose_range_we_moved(server: Server, gcloud: Cli) -> None:
    """By v1beta1, as gcloud reads pools."""
    stage = Stage(server, POOL)
    stage.put(2, 6)
    stage.pass_time(5 * MINUTE)
    told = gcloud.run("beta", "ai", "deployment-resource-pools", "describe", "shared", REGION)
    counts = told["dedicatedResources"]
    assert (counts["minReplicaCount"], counts["maxReplicaCount"]) == (2, 6)
    assert server.broken == []


def test_gcloud_reads_a_refusal_of_ours_as_googles(server: Server, gcloud: Cli) -> None:
    """Code, word and sentence."""
    Stage(server)
    told = gcloud.refuse("ai", "endpoints", "describe", "9", REGION)
    assert "NOT_FOUND: The resource projects/acme/locations/europe-west4/endpoints/9" in told


def test_gcloud_moves_a_versions_nodes_and_we_send_what_it_sends(
    server: Server, gcloud: Cli
) -> None:
    """The same method, mask and counts; ours has the etag besides. We then see its change."""
    stage = Stage(server, VERSION, high=5)
    config = gcloud.write("v2.yaml", "autoScaling:\n  minNodes: 2\n  maxNodes: 5\n")
    stage.platform.takes *= 0  # gcloud waits for the operation by our clock
    update = ("ai-platform", "versions", "update", "v2", "--model=churn")
    gcloud.run(*update, "--region=global", f"--config={config}")
    (theirs,) = stage.sent()
    assert stage.look()[:4] == (2, 2, Status.IN_SERVICE, 5)
    stage.nodes.floor, stage.nodes.ceiling = 1, 4
    stage.look()
    stage.put(2, 5)
    (_, mine) = stage.sent()
    assert (mine.path, mine.query["updateMask"]) == (theirs.path, theirs.query["updateMask"])
    assert {**(theirs.body or {}), "etag": "dGFnLTI="} == mine.body
    stage.pass_time(5 * MINUTE)
    told = gcloud.run(
        "ai-platform", "versions", "describe", "v2", "--model=churn", "--region=global"
    )
    assert told["autoScaling"]["maxNodes"] == 5
    assert server.broken == []
