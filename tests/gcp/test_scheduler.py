"""Does the Cloud Scheduler of these tests answer and call as Google says that its own does?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from google.api_core.exceptions import (
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    ServiceUnavailable,
)
from google.cloud.scheduler_v1 import CloudSchedulerClient, Job

from deploy.gcp.place import Place
from deploy.gcp.step import Ensure, fill, fill_all, holds
from deploy.gcp.steps import list_steps
from flyball.adapters.gcp.jobs import load_client
from flyball.adapters.gcp.lazy import make_client
from tests.gcp.called import Function, answering
from tests.gcp.crosscheck import Cli, open_cli
from tests.gcp.firing import find_next
from tests.gcp.scheduler import Scheduler, serve_scheduler
from tests.gcp.serving import Fault
from tests.gcp.signer import Signer

pytestmark = pytest.mark.enable_socket

NOON = datetime(2026, 1, 5, 12, 0, 30, tzinfo=UTC)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
PARENT = "projects/acme/locations/europe-west4"
NAME = f"{PARENT}/jobs/tick"
ONCE: dict[str, Any] = {"retry": None, "timeout": 10.0}


@pytest.fixture
def scheduler() -> Iterator[Scheduler]:
    """Serve an account without jobs, half a minute after noon."""
    with serve_scheduler(Signer(), lambda: NOON) as found:
        yield found
        assert found.rest.broken == []


@pytest.fixture
def client(scheduler: Scheduler) -> Iterator[CloudSchedulerClient]:
    """Open Google's own client."""
    made = make_client(load_client(), scheduler.url)
    yield made
    made.transport.close()  # type: ignore[no-untyped-call]


@pytest.fixture
def function() -> Iterator[Function]:
    """Have something that can be called."""
    with answering() as found:
        yield found


def job(uri: str = "https://tick.example", **fields: Any) -> dict[str, Any]:
    """Write a job of every minute."""
    target = {"uri": uri, **fields.pop("target", {})}
    return {"name": NAME, "schedule": "* * * * *", "http_target": target, **fields}


def create(client: CloudSchedulerClient, made: dict[str, Any]) -> Job:
    """Create a job."""
    return client.create_job(request={"parent": PARENT, "job": made}, **ONCE)


def test_what_is_left_out_is_written_as_google_writes_it(client: CloudSchedulerClient) -> None:
    """And the next run is told, at once."""
    made = create(client, job(target={"body": b"hello"}))
    assert made.state == Job.State.ENABLED
    assert (made.time_zone, made.attempt_deadline) == ("UTC", timedelta(minutes=3))
    assert made.retry_config.min_backoff_duration == timedelta(seconds=5)
    assert made.http_target.headers["Content-Type"] == "application/octet-stream"
    assert made.schedule_time == datetime(2026, 1, 5, 12, 1, tzinfo=UTC)
    assert client.get_job(request={"name": NAME}, **ONCE) == made


def test_jobs_are_listed_page_by_page(scheduler: Scheduler, client: CloudSchedulerClient) -> None:
    """Of one location."""
    scheduler.page = 2
    for number in range(5):
        create(client, job() | {"name": f"{PARENT}/jobs/j{number}"})
    found = client.list_jobs(request={"parent": PARENT}, **ONCE)
    assert [each.name[-2:] for each in found] == ["j0", "j1", "j2", "j3", "j4"]
    assert len(scheduler.rest.made("list")) == 3
    assert not list(client.list_jobs(request={"parent": f"{PARENT[:-1]}1"}, **ONCE))


def test_a_mask_says_what_is_changed(client: CloudSchedulerClient) -> None:
    """What it names and the request has not is cleared; what it does not name stays."""
    create(client, job(description="ours", target={"body": b"hello"}))
    request = {
        "job": {"name": NAME, "schedule": "*/5 * * * *", "http_target": {"uri": "https://b.test"}},
        "update_mask": {"paths": ["schedule", "http_target.uri", "description"]},
    }
    changed = client.update_job(request=request, **ONCE)
    assert (changed.schedule, changed.description) == ("*/5 * * * *", "")
    assert (changed.http_target.uri, changed.http_target.body) == ("https://b.test", b"hello")
    assert changed.schedule_time == datetime(2026, 1, 5, 12, 5, tzinfo=UTC)


def test_what_is_not_there_or_there_already_is_refused(client: CloudSchedulerClient) -> None:
    """In the words that Google's client has classes for."""
    create(client, job())
    with pytest.raises(AlreadyExists):
        create(client, job())
    with pytest.raises(FailedPrecondition, match="must be PAUSED"):
        client.resume_job(request={"name": NAME}, **ONCE)
    client.pause_job(request={"name": NAME}, **ONCE)
    assert client.resume_job(request={"name": NAME}, **ONCE).state == Job.State.ENABLED
    client.delete_job(request={"name": NAME}, **ONCE)
    for call in (client.delete_job, client.get_job, client.pause_job, client.run_job):
        with pytest.raises(NotFound):
            call(request={"name": NAME}, **ONCE)
    with pytest.raises(NotFound):
        client.update_job(request={"job": {"name": NAME}}, **ONCE)


WRONG = {
    "schedule": job(schedule="* * * *"),
    "minute": job(schedule="61 * * * *"),
    "zone": job(time_zone="Mars/Olympus"),
    "no target": {"name": NAME, "schedule": "* * * * *"},
    "uri": job("tick.example"),
    "deadline": job(attempt_deadline="5s"),
    "retries": job(retry_config={"retry_count": 6}),
    "body": job(target={"http_method": "GET", "body": b"x"}),
    "account": job(target={"oidc_token": {"service_account_email": "nobody"}}),
    "name": job() | {"name": "projects/acme/locations/elsewhere/jobs/tick"},
}


@pytest.mark.parametrize("made", WRONG.values(), ids=WRONG)
def test_what_google_refuses_is_refused(client: CloudSchedulerClient, made: dict[str, Any]) -> None:
    """Before anything is kept."""
    with pytest.raises(InvalidArgument):
        create(client, made)
    assert not list(client.list_jobs(request={"parent": PARENT}, **ONCE))


def test_an_answer_that_is_lost_has_landed(
    scheduler: Scheduler, client: CloudSchedulerClient
) -> None:
    """As a network has it."""
    scheduler.rest.faults.append(Fault("create", "lost"))
    with pytest.raises(ServiceUnavailable):
        create(client, job())
    assert list(scheduler.jobs) == [NAME]


def test_a_run_calls_as_google_does(
    scheduler: Scheduler, client: CloudSchedulerClient, function: Function
) -> None:
    """Headers, body and a token for the audience, once a minute."""
    token = {"service_account_email": "tick@acme.test", "audience": "https://tick.example"}
    given = {"oidc_token": token, "body": b"hello", "headers": {"X-CloudScheduler": "no"}}
    create(client, job(function.url, target=given))
    done = scheduler.runs.move(3 * MINUTE)
    assert [each.scheduled.minute for each in done] == [1, 2, 3]
    assert {each.status for each in done} == {200}
    assert [each.headers["X-CloudScheduler-ScheduleTime"] for each in function.calls] == [
        f"2026-01-05T12:0{minute}:00Z" for minute in (1, 2, 3)
    ]
    call = function.calls[0]
    assert (call.method, call.body) == ("POST", b"hello")
    assert call.headers["X-CloudScheduler"] == "true"
    assert call.headers["X-CloudScheduler-JobName"] == "tick"
    assert call.headers["User-Agent"] == "Google-Cloud-Scheduler"
    assert call.headers["Authorization"].startswith("Bearer ")
    told = client.get_job(request={"name": NAME}, **ONCE)
    assert told.last_attempt_time == datetime(2026, 1, 5, 12, 3, tzinfo=UTC)
    assert told.status.code == 0


def test_an_attempt_that_fails_is_repeated_with_the_same_schedule_time(
    scheduler: Scheduler, client: CloudSchedulerClient, function: Function
) -> None:
    """With longer and longer waits, as often as its retryConfig says; then the next run comes."""
    function.answers = [500, 503, 429]
    config = {"retry_count": 2, "min_backoff_duration": "5s"}
    create(client, job(function.url, retry_config=config))
    done = scheduler.runs.move(2 * MINUTE)
    assert [each.status for each in done] == [500, 503, 429, 200]
    assert [each.scheduled.minute for each in done] == [1, 1, 1, 2]
    first, second, third, _ = done
    assert (second.at - first.at, third.at - second.at) == (5 * SECOND, 10 * SECOND)


def test_an_answer_that_does_not_arrive_is_a_failure(
    scheduler: Scheduler, client: CloudSchedulerClient, function: Function
) -> None:
    """Though what was called has done what it was called for."""
    scheduler.runs.spoiled = [0]
    create(client, job(function.url, retry_config={"retry_count": 1}))
    assert [each.status for each in scheduler.runs.move(MINUTE + 5 * SECOND)] == [0, 200]
    times = {call.headers["X-CloudScheduler-ScheduleTime"] for call in function.calls}
    assert (len(function.calls), times) == (2, {"2026-01-05T12:01:00Z"})


def test_an_attempt_is_not_repeated_where_nobody_said_so(
    scheduler: Scheduler, client: CloudSchedulerClient, function: Function
) -> None:
    """The next run is due by the schedule, and the failure stands in the job till then."""
    function.answers = [500]
    create(client, job(function.url))
    assert [each.status for each in scheduler.runs.move(MINUTE)] == [500]
    assert client.get_job(request={"name": NAME}, **ONCE).status.code == 13
    assert [each.scheduled.minute for each in scheduler.runs.move(MINUTE)] == [2]


def test_runs_never_overlap(
    scheduler: Scheduler, client: CloudSchedulerClient, function: Function
) -> None:
    """One that lasts for two minutes and a half lets the next wait, and one is skipped."""

    def take_long() -> None:
        function.on_call = lambda: None
        scheduler.runs.shift += 2.5 * MINUTE

    function.on_call = take_long
    create(client, job(function.url))
    done = scheduler.runs.move(4 * MINUTE)
    assert [each.scheduled.minute for each in done] == [1, 3, 4]
    assert done[1].at == datetime(2026, 1, 5, 12, 3, 30, tzinfo=UTC)


def test_a_paused_job_is_not_called_and_a_forced_one_is(
    scheduler: Scheduler, client: CloudSchedulerClient, function: Function
) -> None:
    """By RunJob."""
    create(client, job(function.url))
    client.pause_job(request={"name": NAME}, **ONCE)
    assert scheduler.runs.move(5 * MINUTE) == []
    client.run_job(request={"name": NAME}, **ONCE)
    assert len(scheduler.runs.move()) == 1
    client.resume_job(request={"name": NAME}, **ONCE)
    assert [each.scheduled.minute for each in scheduler.runs.move(MINUTE)] == [6]


def test_by_itself_the_clock_calls_at_the_minute_that_was_chosen(function: Function) -> None:
    """In a second, not in a minute."""
    with serve_scheduler() as scheduler:
        client = make_client(load_client(), scheduler.url)
        at = datetime.now(UTC) + SECOND
        create(client, job(function.url))
        scheduler.runs.align(at)
        scheduler.runs.start()
        assert function.came.wait(10)
        assert at <= function.calls[0].at < at + 5 * SECOND
        client.transport.close()  # type: ignore[no-untyped-call]


NEXT = {
    "half past two comes twice": ("30 2 * * *", "Europe/Berlin", "2026-10-25T00:00", "T00:30"),
    "on weekdays": ("0 9 * * 1-5", "UTC", "2026-01-03T12:00", "2026-01-05T09:00"),
    "a day or a weekday": ("0 0 13 * 5", "UTC", "2026-01-03T00:00", "2026-01-09T00:00"),
    "in words": ("every 5 minutes", "UTC", "2026-01-03T00:03", "2026-01-03T00:05"),
}


@pytest.mark.parametrize(("schedule", "zone", "after", "expected"), NEXT.values(), ids=NEXT)
def test_a_schedule_is_of_the_jobs_own_zone(
    schedule: str, zone: str, after: str, expected: str
) -> None:
    """And of either sort of day."""
    found = find_next(
        {"schedule": schedule, "timeZone": zone}, datetime.fromisoformat(after + "+00:00")
    )
    assert f"{found:%Y-%m-%dT%H:%M}".endswith(expected)


PLACE = Place("acme", "europe-west4", mode="apply")
KNOWN = {"number": "123456"}


@pytest.fixture
def gcloud(scheduler: Scheduler, tmp_path: Path) -> Cli:
    """Find gcloud; skips where there is none, and says why."""
    return open_cli(scheduler.rest.url, tmp_path, "acme")


@pytest.mark.slow
def test_gcloud_makes_finds_mends_and_deletes_the_job_of_a_deployment(
    scheduler: Scheduler, gcloud: Cli
) -> None:
    """By exactly the commands that a deployment runs."""
    (step,) = [each for each in list_steps(PLACE) if each.title == "The job of every minute"]
    assert isinstance(step, Ensure)
    wanted = fill_all(step.wanted, KNOWN)

    def run(words: tuple[str, ...]) -> Any:
        kept = [each for each in fill(words, KNOWN) if not each.startswith(("--project", "--form"))]
        return gcloud.run(*kept)

    run(step.create[0])
    (found,) = run(step.find)
    assert holds(wanted, found)
    scheduler.job("flyball-tick")["schedule"] = "0 * * * *"
    gcloud.run("scheduler", "jobs", "pause", "flyball-tick", "--location=europe-west4")
    (found,) = run(step.find)
    assert not holds(wanted, found)
    for words in step.update:
        run(words)
    (found,) = run(step.find)
    assert holds(wanted, found)
    masks = [call.query["updateMask"].split(",") for call in scheduler.rest.made("patch")]
    assert "httpTarget.oidcToken.audience" in masks[0]
    told = gcloud.refuse(*[each for each in fill(step.create[0], KNOWN) if "project" not in each])
    assert "ALREADY_EXISTS" in told
    run(step.delete[0])
    assert scheduler.jobs == {}
