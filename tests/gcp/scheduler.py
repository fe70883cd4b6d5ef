"""What would Cloud Scheduler do: a server here that Google's own clients speak to, and that calls?

It is reached by REST, as gcloud does, and by gRPC, as google-cloud-scheduler does: a call by gRPC
is written as the call by REST that it stands for. So every request and answer of both is held to
Google's discovery document. What the API refuses, it refuses in the API's words.

Source: Cloud Scheduler API v1, projects.locations.jobs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from copy import deepcopy
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import grpc
from google.cloud import scheduler_v1 as api
from google.protobuf import empty_pb2

from tests.gcp.discovery import Json, Method
from tests.gcp.firing import Runs, ScheduleError, read_schedule
from tests.gcp.serving import RefusalError, Server, serving
from tests.gcp.signer import Signer

SERVICE = "google.cloud.scheduler.v1.CloudScheduler"
JOBS = "projects.locations.jobs."
NAME = re.compile(r"projects/[A-Za-z0-9:.-]+/locations/[a-z0-9-]+/jobs/[A-Za-z0-9_-]{1,500}")
TARGETS = ("httpTarget", "pubsubTarget", "appEngineHttpTarget")
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
SHORTEST_S, LONGEST_S = 15.0, 1_800.0
"""Of an attempt's deadline."""
RETRIES = 5
DESCRIPTION = 500
PATIENCE_S = 60


class Scheduler:
    """One account's jobs.

    Args:
        runs: Carries them out.

    Attributes:
        documents: What it is held to.
        jobs: By name.
        runs: What was called, and when something is next.
        page: Jobs on one page at most.
        rest: Serves it by REST; it has the calls, the faults, and what broke the document.
        url: Where it is served by gRPC.
    """

    documents: tuple[str, ...] = ("cloudscheduler.v1",)

    def __init__(self, runs: Runs) -> None:
        self.runs = runs
        self.jobs: dict[str, Json] = runs.jobs
        self.page = 100
        self.rest: Server
        self.url = ""

    def job(self, name: str) -> Json:
        """Give the one job of a last part of a name."""
        (found,) = [job for whole, job in self.jobs.items() if whole.endswith(f"/jobs/{name}")]
        return found

    def answer(self, method: Method, query: Mapping[str, str], body: Json) -> Json:
        """Answer a call that is one of the document's; raises RefusalError."""
        acts: dict[str, Callable[[Mapping[str, str], Mapping[str, str], Json], Json]] = {
            "list": self._list,
            "get": lambda path, *_: self._find(path),
            "create": self._create,
            "patch": self._patch,
            "delete": self._delete,
            "pause": lambda path, *_: self._turn(path, "ENABLED", "PAUSED"),
            "resume": lambda path, *_: self._turn(path, "PAUSED", "ENABLED"),
            "run": self._run,
        }
        act = acts.get(method.name.removeprefix(JOBS))
        if act is None:
            raise RefusalError("INVALID_ARGUMENT", f"{method.name} is not served here")
        with self.runs.lock:
            return deepcopy(act(method.path, query, body))

    def _list(self, path: Mapping[str, str], query: Mapping[str, str], _: Json) -> Json:
        start, own = int(query.get("pageToken") or 0), f"{_parent(path)}/jobs/"
        found = [job for name, job in sorted(self.jobs.items()) if name.startswith(own)]
        end = start + min(self.page, int(query.get("pageSize") or self.page))
        told: Json = {"jobs": found[start:end]} if found[start:end] else {}
        return {**told, "nextPageToken": str(end)} if end < len(found) else told

    def _create(self, path: Mapping[str, str], _: Mapping[str, str], body: Json) -> Json:
        parent = _parent(path)
        name = body.get("name") or f"{parent}/jobs/{len(self.jobs) + 1:020}"
        if not NAME.fullmatch(name) or not name.startswith(f"{parent}/jobs/"):
            raise _invalid(f"Job name must be below {parent}/jobs: {name}")
        if name in self.jobs:
            raise RefusalError("ALREADY_EXISTS", f"Job {name} already exists.")
        job = _fill({**body, "name": name})
        _check(job)
        self.jobs[name] = job
        return self._settle(job, "ENABLED")

    def _patch(self, path: Mapping[str, str], query: Mapping[str, str], body: Json) -> Json:
        job = self._find(path)
        if body.get("name", job["name"]) != job["name"]:
            raise _invalid("The job's name cannot be changed.")
        changed = deepcopy(job)
        mask = query.get("updateMask") or ",".join(each for each in body if each != "name")
        for field in filter(None, mask.split(",")):
            _copy(body, changed, field.split("."))
        changed = _fill(changed)
        _check(changed)
        job.clear()
        job.update(changed)
        return self._settle(job, "ENABLED" if job["state"] == "UPDATE_FAILED" else job["state"])

    def _delete(self, path: Mapping[str, str], *_: object) -> Json:
        name = self._find(path)["name"]
        del self.jobs[name]
        self.runs.forget(name)
        return {}

    def _turn(self, path: Mapping[str, str], before: str, after: str) -> Json:
        job = self._find(path)
        if job["state"] != before:
            text = f"Job {job['name']} must be {before}, and is {job['state']}."
            raise RefusalError("FAILED_PRECONDITION", text)
        return self._settle(job, after, is_update=False)

    def _run(self, path: Mapping[str, str], *_: object) -> Json:
        job = self._find(path)
        self.runs.force(job["name"])
        return job

    def _find(self, path: Mapping[str, str]) -> Json:
        name = f"{_parent(path)}/jobs/{path['jobsId']}"
        if name not in self.jobs:
            raise RefusalError("NOT_FOUND", "Job not found.")
        return self.jobs[name]

    def _settle(self, job: Json, state: str, *, is_update: bool = True) -> Json:
        """Put a job into a state, and note when it is next called."""
        job["state"] = state
        if is_update:
            job["userUpdateTime"] = _stamp(self.runs.now())
        self.runs.plan(job["name"])
        return job


@contextmanager
def serve_scheduler(
    signer: Signer | None = None, clock: Callable[[], datetime] | None = None
) -> Iterator[Scheduler]:
    """Serve an account without jobs at 127.0.0.1, by REST and gRPC, until the block ends.

    Args:
        signer: Signs the tokens of what is called; None: nothing of a job with one is called.
        clock: None: this machine's.
    """
    scheduler = Scheduler(Runs(signer, clock or (lambda: datetime.now(UTC))))
    server = grpc.server(ThreadPoolExecutor(max_workers=4))
    handlers = {name: _handle(scheduler, call) for name, call in CALLS.items()}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    scheduler.url = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    with serving(scheduler) as scheduler.rest:
        server.start()
        try:
            yield scheduler
        finally:
            server.stop(grace=None).wait()
            scheduler.runs.stop()


class Called(NamedTuple):
    """A method of gRPC, as it is called by REST.

    Attributes:
        request: Its type.
        answer: Its answer's type.
        verb: Of HTTP.
        path: Made of the request's JSON.
        query: The request's own fields that are parameters.
        body: The field that is the body; "*": all that are not in the path; "": there is none.
    """

    request: Any
    answer: Any
    verb: str
    path: str
    query: tuple[str, ...] = ()
    body: str = ""


CALLS: Mapping[str, Called] = {
    "ListJobs": Called(
        api.ListJobsRequest, api.ListJobsResponse, "GET", "{parent}/jobs", ("pageSize", "pageToken")
    ),
    "GetJob": Called(api.GetJobRequest, api.Job, "GET", "{name}"),
    "CreateJob": Called(api.CreateJobRequest, api.Job, "POST", "{parent}/jobs", body="job"),
    "UpdateJob": Called(
        api.UpdateJobRequest, api.Job, "PATCH", "{job[name]}", ("updateMask",), body="job"
    ),
    "DeleteJob": Called(api.DeleteJobRequest, None, "DELETE", "{name}"),
    "PauseJob": Called(api.PauseJobRequest, api.Job, "POST", "{name}:pause", body="*"),
    "ResumeJob": Called(api.ResumeJobRequest, api.Job, "POST", "{name}:resume", body="*"),
    "RunJob": Called(api.RunJobRequest, api.Job, "POST", "{name}:run", body="*"),
}
"""Source: google/cloud/scheduler/v1/cloudscheduler.proto, google.api.http."""


def _handle(scheduler: Scheduler, called: Called) -> Any:
    def answer(request: Any, context: grpc.ServicerContext) -> Any:
        status, said = _send(scheduler.rest.url, called, _write(called.request, request))
        if status != 200:
            error = said.get("error", {"status": "UNAVAILABLE", "message": "no answer"})
            context.abort(grpc.StatusCode[error["status"]], error["message"])
        if called.answer is None:
            return empty_pb2.Empty()
        return called.answer.from_json(json.dumps(said))

    return grpc.unary_unary_rpc_method_handler(
        answer, request_deserializer=called.request.deserialize, response_serializer=_serialize
    )


def _send(url: str, called: Called, given: Json) -> tuple[int, Json]:
    """Call by REST; status 0: there was no answer that can be read."""
    query = urlencode({name: given[name] for name in called.query if given.get(name)})
    body: Json | None = {"": None, "*": {}}.get(called.body, given.get(called.body, {}))
    connection = HTTPConnection(str(urlsplit(url).netloc), timeout=PATIENCE_S)
    try:
        connection.request(
            called.verb,
            f"/v1/{called.path.format(**given)}{'?' if query else ''}{query}",
            None if body is None else json.dumps(body),
        )
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    except (HTTPException, OSError, ValueError):
        return 0, {}
    finally:
        connection.close()


def _write(kind: Any, message: Any) -> Json:
    text = kind.to_json(
        message, use_integers_for_enums=False, always_print_fields_with_no_presence=False
    )
    written: Json = json.loads(text)
    return written


def _serialize(answer: Any) -> bytes:
    written = answer if isinstance(answer, empty_pb2.Empty) else type(answer).pb(answer)
    return bytes(written.SerializeToString())


def _parent(path: Mapping[str, str]) -> str:
    return f"projects/{path['projectsId']}/locations/{path['locationsId']}"


def _copy(given: Json, to: Json, path: list[str]) -> None:
    """Put a field of one in the place of the other's; what is not given is cleared."""
    head, *rest = path
    if rest:
        inner = to.setdefault(head, {})
        _copy(given.get(head, {}), inner, rest)
    elif head in given:
        to[head] = deepcopy(given[head])
    else:
        to.pop(head, None)
    if head in TARGETS and head in given:  # a job has one target
        for other in TARGETS:
            if other != head:
                to.pop(other, None)


def _fill(given: Json) -> Json:
    """Write what the service makes of what was left out."""
    job = deepcopy(given)
    job["timeZone"] = job.get("timeZone") or "UTC"
    retry = {"maxRetryDuration": "0s", "minBackoffDuration": "5s"}
    retry |= {"maxBackoffDuration": "3600s"}
    job["retryConfig"] = {**retry, "maxDoublings": 5, **job.get("retryConfig", {})}
    target = job.get("httpTarget")
    if target is not None:
        job.setdefault("attemptDeadline", "180s")
        target.setdefault("httpMethod", "POST")
        headers = target.setdefault("headers", {})
        headers["User-Agent"] = "Google-Cloud-Scheduler"
        if "body" in target:
            headers.setdefault("Content-Type", "application/octet-stream")
    return job


def _check(job: Json) -> None:
    """Refuse what the API refuses."""
    try:
        read_schedule(job.get("schedule", ""))
        ZoneInfo(job["timeZone"])
    except (ScheduleError, ZoneInfoNotFoundError, ValueError) as error:
        raise _invalid(f"Schedule or time zone is invalid: {error}") from error
    if sum(target in job for target in TARGETS) != 1:
        raise _invalid("Job must have exactly one target.")
    if len(job.get("description", "")) > DESCRIPTION:
        raise _invalid("Job.description is too long.")
    if not 0 <= job["retryConfig"].get("retryCount", 0) <= RETRIES:
        raise _invalid(f"RetryConfig.retry_count must be between 0 and {RETRIES}.")
    target = job.get("httpTarget")
    if target is None:
        return
    if not SHORTEST_S <= float(job["attemptDeadline"].removesuffix("s")) <= LONGEST_S:
        raise _invalid("Job.attempt_deadline must be between [15s, 30m].")
    if not re.fullmatch(r"https?://[^\s/]+\S*", target.get("uri", "")):
        raise _invalid("HttpTarget.uri must begin with http:// or https://.")
    if "body" in target and target["httpMethod"] not in WITH_BODY:
        raise _invalid("HttpTarget.body is allowed only with POST, PUT and PATCH.")
    if "oidcToken" in target and "oauthToken" in target:
        raise _invalid("HttpTarget has one authorization header.")
    if "oidcToken" in target and "@" not in target["oidcToken"].get("serviceAccountEmail", ""):
        raise _invalid("OidcToken.service_account_email must be an e-mail address.")


def _invalid(message: str) -> RefusalError:
    return RefusalError("INVALID_ARGUMENT", message)


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
