"""Is a deployment with targets in Firestore undone only after they are out of service?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.gcp import __main__ as deployment
from tests.aws.rig import Server
from tests.gcp.walk import LOCATION, PROJECT, TICK, Walk, standing

pytestmark = pytest.mark.enable_socket

WHERE = ("--project", PROJECT, "--region", LOCATION)
ON = f"--project {PROJECT}"


@pytest.fixture
def walk(firestore: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Walk]:
    """Give a project in which one target is in force."""
    with standing(firestore, tmp_path, monkeypatch) as made:
        monkeypatch.setattr(deployment, "ask_gcloud", made.gcloud.ask)  # no program a command
        monkeypatch.setattr(deployment, "build", lambda *_: "d1")
        made.deploy("deploy", *WHERE)
        place = f"--location {LOCATION} --endpoint churn"
        made.run(f"flyball import gcp {ON} {place} --out flyball.yaml")
        made.run(f"flyball apply --config flyball.yaml {ON} --yes")
        yield made


def test_a_deployment_goes_after_its_targets(
    walk: Walk, capsys: pytest.CaptureFixture[str]
) -> None:
    """By what the ledger itself says; what the refusal names first makes the way free."""
    assert deployment.main(["destroy", *WHERE]) == 1
    said = capsys.readouterr().err
    assert "1 scalable target is in force (churn)" in said
    assert TICK in walk.gcloud.found
    (first, second) = (line.strip() for line in said.splitlines() if line.startswith("  "))
    walk.run(f"{first} --yes")
    walk.run(second)
    assert TICK not in walk.gcloud.found
    assert walk.policies.policies == {}
