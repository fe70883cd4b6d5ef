"""What does a person sit before where the job of every minute is planned, too?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from flyball.adapters.gcp.jobs import Jobs
from flyball.adapters.gcp.tick import Ticking, write_job
from tests.gcp.alerting import Policies
from tests.gcp.conftest import Store
from tests.gcp.desk import sit_down
from tests.gcp.scheduler import Scheduler, serve_scheduler
from tests.gcp.serving import Fault, Server
from tests.gcp.stage import Stage

NAME, REGION = "flyball-tick", "europe-west4"
URL = "https://flyball-tick-123456.europe-west4.run.app"
ACCOUNT = "flyball-scheduler@acme.iam.gserviceaccount.com"
CREATED = ("create", NAME)


class JobDesk(NamedTuple):
    """A project in which a deployment stands, but for its job."""

    scheduler: Scheduler
    policies: Policies
    stage: Stage
    store: Store

    @property
    def ticking(self) -> Ticking:
        """Say how the job should be."""
        return Ticking(self.store.project, NAME, REGION, URL, URL, ACCOUNT)

    @property
    def parent(self) -> str:
        """Name the location."""
        return self.ticking.parent

    @property
    def job(self) -> dict[str, Any]:
        """Give the job as it is."""
        return self.scheduler.job(NAME)

    def add(self, name: str) -> None:
        """Put a job there, as somebody else would."""
        jobs = Jobs(self.scheduler.url)
        jobs.create(self.parent, write_job(self.ticking._replace(name=name)))
        jobs.close()

    def fail(self, method: str, kind: str, times: int = 1) -> None:
        """Let the next calls of a method fail."""
        self.scheduler.rest.faults.append(Fault(method, kind, times=times))

    def made(self) -> list[str]:
        """List the changes that were asked for."""
        names = ("create", "patch", "resume", "delete")
        return [call.name for call in self.scheduler.rest.made(*names) if not call.fault]


@contextmanager
def sit_down_at_jobs(server: Server, store: Store, folder: Path) -> Iterator[JobDesk]:
    """Set the environment as a deployment prints it, and each service where ours are."""
    with (
        sit_down(server, store, folder) as desk,
        serve_scheduler() as scheduler,
        pytest.MonkeyPatch.context() as patch,
    ):
        given = {
            "FLYBALL_GCP_REGION": REGION,
            "FLYBALL_TICK_AUDIENCE": URL,
            "FLYBALL_TICK_ACCOUNT": ACCOUNT,
            "FLYBALL_GCP_ENDPOINT_CLOUDSCHEDULER_GRPC": scheduler.url,
        }
        for name, value in given.items():
            patch.setenv(name, value)
        yield JobDesk(scheduler, desk.policies, desk.stage, store)
        assert scheduler.rest.broken == []
