"""What becomes of the job of every minute where Cloud Scheduler refuses or is away?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flyball.adapters.gcp.again import TRIES
from flyball.adapters.gcp.jobs import Jobs
from flyball.adapters.gcp.session import CallError
from flyball.adapters.gcp.tick import TickJob, write_job
from flyball.core.target import ScalableTarget
from flyball.plan.model import Choices, Scope
from tests.gcp.conftest import Store
from tests.gcp.desk import apply, destroy, plan, verbs
from tests.gcp.jobs import CREATED, NAME, JobDesk, sit_down_at_jobs
from tests.gcp.serving import Server
from tests.gcp.stage import serve
from tests.unit.cli.commands import flyball

pytestmark = pytest.mark.enable_socket

TARGET = ScalableTarget("gpu", 1, 4, home="gcp")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Serve for all tests of this module."""
    with serve() as found:
        yield found


@pytest.fixture
def desk(server: Server, store: Store, tmp_path: Path) -> Iterator[JobDesk]:
    """Sit down before a deployment without its job."""
    with sit_down_at_jobs(server, store, tmp_path) as found:
        yield found


def test_a_job_that_google_disabled_is_made_anew(desk: JobDesk) -> None:
    """It cannot be resumed; and where that breaks off, the next apply makes the rest."""
    desk.add(NAME)
    desk.job["state"] = "DISABLED"
    desk.fail("create", "PERMISSION_DENIED")
    assert apply().code == 1
    assert desk.scheduler.jobs == {}
    assert verbs(plan("--json")) == [CREATED]
    assert apply().code == 0
    assert plan().code == 0


def test_a_job_that_is_removed_twice_is_removed(desk: JobDesk) -> None:
    """Where the answer was lost, and the first call has landed."""
    assert apply().code == 0
    desk.fail("delete", "lost")
    assert destroy("--all").code == 0
    assert desk.scheduler.jobs == {}


def test_where_jobs_may_not_be_listed_all_else_is_planned(desk: JobDesk) -> None:
    """With what it takes; the job is not said to be as wanted."""
    desk.fail("list", "PERMISSION_DENIED", 2)
    done = plan()
    assert done.code == 2
    assert "Plan: 3 to create." in done.out
    assert "the jobs of europe-west4 cannot be listed: PERMISSION_DENIED" in done.out
    assert "it takes cloudscheduler.jobs.list in that region" in done.out
    assert apply().code == 0
    assert desk.scheduler.jobs == {}
    assert verbs(plan("--json")) == [CREATED]


def test_a_service_that_is_away_for_a_moment_is_asked_again(desk: JobDesk) -> None:
    """Without anything made twice, though the first answer was lost."""
    desk.fail("list", "UNAVAILABLE")
    desk.fail("create", "lost")
    assert apply().code == 0
    assert [call.fault for call in desk.scheduler.rest.made("create")] == ["lost", ""]
    assert plan().code == 0
    desk.job["state"] = "PAUSED"
    desk.fail("resume", "lost")
    assert apply().code == 0
    assert plan().code == 0


@pytest.mark.parametrize("status", ["UNAVAILABLE", "RESOURCE_EXHAUSTED"])
def test_a_service_that_stays_away_is_an_error(desk: JobDesk, status: str) -> None:
    """After so many tries; what cannot be seen now is not planned on."""
    waited: list[float] = []
    jobs = Jobs(desk.scheduler.url, rest=waited.append)
    desk.fail("list", status, TRIES)
    with pytest.raises(CallError) as caught:
        jobs.list(desk.parent)
    assert (caught.value.status, caught.value.passes) == (status, True)
    assert waited == [0.5, 1.0, 2.0, 4.0]
    desk.fail("list", status, TRIES)
    with pytest.raises(CallError, match=status):
        TickJob(jobs, desk.ticking, "gcp").survey(Scope((TARGET,), (), (), {}, {}), Choices())
    assert jobs.list(desk.parent) == []
    jobs.close()


def test_a_job_that_vanished_meanwhile_is_said_and_made_by_the_next(desk: JobDesk) -> None:
    """Between the plan and the change."""
    desk.add(NAME)
    desk.job["schedule"] = "0 * * * *"
    desk.fail("patch", "NOT_FOUND")
    done = apply()
    assert done.code == 1
    assert "404 NOT_FOUND" in done.err
    assert "3 of 4 changes made" in done.err
    desk.scheduler.jobs.clear()
    assert verbs(plan("--json")) == [CREATED]
    assert apply().code == 0
    assert plan().code == 0


def test_a_change_that_is_refused_leaves_the_rest_done(desk: JobDesk) -> None:
    """The job comes last; the next apply makes it."""
    desk.fail("create", "PERMISSION_DENIED")
    done = apply()
    assert done.code == 1
    assert "3 of 4 changes made" in done.err
    assert verbs(plan("--json")) == [CREATED]
    assert apply().code == 0


def test_a_saved_plan_is_refused_once_the_job_has_moved(desk: JobDesk) -> None:
    """As with any other part."""
    desk.add(NAME)
    desk.job["schedule"] = "0 * * * *"
    assert plan("--out", "it.plan").code == 2
    desk.job["timeZone"] = "Europe/Berlin"
    done = flyball("apply", "it.plan")
    assert done.code == 1
    assert f"gcp job {NAME}: it was changed since" in done.err


def test_somebody_elses_job_of_that_name_is_not_taken_for_an_earlier_try(desk: JobDesk) -> None:
    """It appeared between the plan and the change, and nobody looked at what it is."""
    desk.add(NAME)
    jobs = Jobs(desk.scheduler.url)
    with pytest.raises(CallError) as caught:
        jobs.create(desk.parent, write_job(desk.ticking))
    assert caught.value.status == "ALREADY_EXISTS"
    desk.job["state"] = "DISABLED"
    with pytest.raises(CallError, match="FAILED_PRECONDITION"):
        jobs.resume(desk.job["name"])
    jobs.close()
