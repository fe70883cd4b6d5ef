"""What does a person sit before who plans for Google Cloud: a project, a config, and a ledger?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.gcp.alerting import Policies, serve_policies
from tests.gcp.conftest import Store
from tests.gcp.serving import Server
from tests.gcp.stage import Stage
from tests.unit.cli.commands import Done, flyball

CHANNEL = "projects/acme/notificationChannels/17"
CONFIG = """\
version: 1
scalable_targets:
  - id: gpu
    home: gcp
    resource: {project: acme, location: europe-west4, endpoint: "123", deployed_model: "7"}
    mode: apply
    min_capacity: 1
    max_capacity: 8
    metrics:
      - name: duty
        unit: ratio
        source: {metric: aiplatform.googleapis.com/prediction/online/accelerator/duty_cycle}
    policies:
      - {name: track, kind: target_tracking, metric: duty, target_value: 60}
"""
DUTY = "aiplatform.googleapis.com/prediction/online/accelerator/duty_cycle"
TWIN = CONFIG.partition("scalable_targets:\n")[2].replace("id: gpu", "id: twin")
HIGH, LOW = "flyball/gpu/track/high", "flyball/gpu/track/low"


class Desk(NamedTuple):
    """A project with one endpoint, a config for it, and an empty ledger."""

    policies: Policies
    stage: Stage
    store: Store

    def ours(self) -> list[str]:
        """List the alert policies that are there."""
        return sorted(each.display_name for each in self.policies.policies.values())


@contextmanager
def sit_down(server: Server, store: Store, folder: Path) -> Iterator[Desk]:
    """Set the environment as a deployment prints it, and each service where ours are."""
    stage = Stage(server)
    with serve_policies() as policies, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write(CONFIG)
        given = {
            "FLYBALL_GCP_PROJECT": store.project,
            "FLYBALL_ALERT_CHANNEL": CHANNEL,
            "FLYBALL_GCP_ENDPOINT_FIRESTORE": store.server.url,
            "FLYBALL_GCP_ENDPOINT_AIPLATFORM": server.url,
            "FLYBALL_GCP_ENDPOINT_MONITORING": server.url,
            "FLYBALL_GCP_ENDPOINT_MONITORING_GRPC": policies.url,
        }
        for name, value in given.items():
            patch.setenv(name, value)
        yield Desk(policies, stage, store)
    assert policies.broken == []


def write(text: str) -> None:
    """Write the config."""
    Path("flyball.yaml").write_text(text, encoding="utf-8")


def plan(*options: str) -> Done:
    """Plan the config, whether or not a function looks at it."""
    return flyball("plan", "--config", "flyball.yaml", "--unseen", *options)


def apply(*options: str) -> Done:
    """Apply the config, whether or not a function looks at it."""
    return flyball("apply", "--config", "flyball.yaml", "--yes", "--unseen", *options)


def destroy(*options: str) -> Done:
    """Remove what the config made."""
    return flyball("destroy", "--config", "flyball.yaml", "--yes", *options)


def verbs(done: Done) -> list[tuple[str, str]]:
    """List the changes of a plan's JSON."""
    return [(each["verb"], each["name"]) for each in done.json["plan"]["changes"]]
