"""When does Cloud Scheduler call what a job names, with which words, and how often again?

A test moves the clock, or lets it go on by itself. A job's runs never overlap; an attempt that is
not answered in time by 2xx is repeated as its retryConfig says, with the same schedule time.

Source: Cloud Scheduler API v1, Job.schedule, RetryConfig, HttpTarget.headers.
"""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from tests.gcp.discovery import Json
from tests.gcp.signer import Signer

MINUTE = timedelta(minutes=1)
FAR = 366 * 24 * 60
"""Minutes within which a schedule is looked for."""
BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
"""Of minute, hour, day, month and weekday."""
EVERY = re.compile(r"every (\d+) (?:min|mins|minute|minutes)")
LOOK_S = 0.05
"""So often the clock is looked at where it goes on by itself."""
CODES: Mapping[int, int] = {0: 4, 401: 16, 403: 7, 404: 5, 429: 8, 503: 14}
"""google.rpc.Code of an attempt by its HTTP status; 13 for others. 0: no answer in time."""
OWN = re.compile(
    r"(?i)host|content-length|user-agent|x-google-.*|x-appengine-.*|x-cloudscheduler.*"
)

Schedule = tuple[frozenset[int], ...]


class ScheduleError(ValueError):
    """No schedule in unix-cron format."""


class Attempt(NamedTuple):
    """A call that was made.

    Attributes:
        job: The last part of its name.
        scheduled: The run's own time, whenever the attempt is made.
        at: When it was made.
        status: HTTP status of the answer as it arrived; 0: none.
    """

    job: str
    scheduled: datetime
    at: datetime
    status: int


class Run(NamedTuple):
    """A run that is to come, or to be tried again."""

    scheduled: datetime
    at: datetime
    retried: int = 0


class Runs:
    """What jobs call.

    Args:
        signer: Signs tokens; None: a job with one is not called.
        clock: Its time and this clock's differ by `shift`.

    Attributes:
        jobs: By name, as the API shows them.
        attempts: Every call that was made, in order.
        spoiled: What the next answers become on their way, whatever they were: 500, or 0 for lost.
        shift: What a test moved the clock by.
    """

    def __init__(self, signer: Signer | None, clock: Callable[[], datetime]) -> None:
        self.jobs: dict[str, Json] = {}
        self.attempts: list[Attempt] = []
        self.spoiled: list[int] = []
        self.shift = timedelta()
        self.lock = threading.RLock()
        self._signer = signer
        self._clock = clock
        self._next: dict[str, Run] = {}
        self._forced: list[str] = []
        self._going: threading.Thread | None = None
        self._ended = threading.Event()

    def now(self) -> datetime:
        """Give its time."""
        return self._clock() + self.shift

    def align(self, at: datetime) -> None:
        """Let a minute begin at an instant of the other clock, moved by less than a minute."""
        then = at + self.shift
        self.shift += -timedelta(seconds=then.second, microseconds=then.microsecond) % MINUTE
        with self.lock:
            for name in self.jobs:
                self.plan(name)

    def plan(self, name: str) -> None:
        """Note when a job is next called, as it is now."""
        job = self.jobs[name]
        self._next.pop(name, None)
        if job["state"] == "ENABLED":
            at = find_next(job, self.now())
            self._put(job, Run(at, at))

    def forget(self, name: str) -> None:
        """Know nothing of a job that is gone."""
        self._next.pop(name, None)

    def force(self, name: str) -> None:
        """Call a job as soon as the clock goes on."""
        self._forced.append(name)

    def move(self, by: timedelta = timedelta()) -> list[Attempt]:
        """Move the clock, and call whatever is due until then; give what was called."""
        before, end = len(self.attempts), self.now() + by
        while True:
            due = self._take(end)
            if due is None:
                break
            name, run = due
            self.shift = max(self.shift, run.at - self._clock())
            self._carry_out(name, run)
        self.shift = max(self.shift, end - self._clock())
        return self.attempts[before:]

    def start(self) -> None:
        """Let the clock go on by itself."""
        self._ended.clear()
        self._going = threading.Thread(target=self._go)
        self._going.start()

    def stop(self) -> None:
        """Stop the clock; what is called is waited for."""
        self._ended.set()
        if self._going is not None:
            self._going.join()
            self._going = None

    def _go(self) -> None:
        while not self._ended.wait(LOOK_S):
            due = self._take(self.now())
            if due is not None:
                self._carry_out(*due)

    def _take(self, end: datetime) -> tuple[str, Run] | None:
        """Take what is due first, and no later than that."""
        with self.lock:
            if self._forced:
                now = self.now()
                return self._forced.pop(0), Run(now, now)
            due = [(run.at, name) for name, run in self._next.items() if run.at <= end]
            if not due:
                return None
            _, name = min(due)
            return name, self._next.pop(name)

    def _carry_out(self, name: str, run: Run) -> None:
        """Make one attempt, and note what comes after it."""
        with self.lock:
            job = self.jobs[name]
            at = self.now()
            job["lastAttemptTime"] = write_instant(at)
        status = self._call(job, run)
        if self.spoiled:
            status = self.spoiled.pop(0)
        self.attempts.append(Attempt(name.rpartition("/")[2], run.scheduled, at, status))
        is_done = 200 <= status < 300
        with self.lock:
            if self.jobs.get(name) is not job:
                return
            job["status"] = {} if is_done else {"code": CODES.get(status, 13)}
            if job["state"] != "ENABLED" or name in self._next:
                return
            again = None if is_done else find_retry(job, run, self.now())
            self._put(job, again or self._follow(job, run))

    def _follow(self, job: Json, run: Run) -> Run:
        """Find the next run: late where the last one ended after its time, and never twice."""
        now = self.now()
        scheduled = find_next(job, run.scheduled)
        while (later := find_next(job, scheduled)) <= now:
            scheduled = later
        return Run(scheduled, max(scheduled, now))

    def _put(self, job: Json, run: Run) -> None:
        self._next[job["name"]] = run
        job["scheduleTime"] = write_instant(run.at)

    def _call(self, job: Json, run: Run) -> int:
        """Call what a job names; the answer's status, 0 where there is none in time."""
        target = job["httpTarget"]
        parts = urlsplit(target["uri"])
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        timeout_s = float(job["attemptDeadline"].removesuffix("s"))
        connection = kind(parts.netloc, timeout=timeout_s)
        try:
            connection.request(
                target["httpMethod"],
                (parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
                base64.b64decode(target.get("body", "")) or None,
                self._write_headers(job, run),
            )
            answer = connection.getresponse()
            answer.read()
        except (HTTPException, OSError):
            return 0
        finally:
            connection.close()
        return answer.status

    def _write_headers(self, job: Json, run: Run) -> dict[str, str]:
        target = job["httpTarget"]
        own = {name: text for name, text in target["headers"].items() if not OWN.fullmatch(name)}
        own |= {
            "User-Agent": "Google-Cloud-Scheduler",
            "X-CloudScheduler": "true",
            "X-CloudScheduler-JobName": job["name"].rpartition("/")[2],
            "X-CloudScheduler-ScheduleTime": write_instant(run.scheduled),
        }
        token = target.get("oidcToken")
        if token is not None:
            assert self._signer is not None, "the job has a token, and nobody signs here"
            audience = token.get("audience") or target["uri"]
            signed = self._signer.sign(audience, token["serviceAccountEmail"], self._clock())
            own["Authorization"] = f"Bearer {signed}"
        return own


def read_schedule(text: str) -> Schedule:
    """Read a schedule: five fields of cron, or "every 5 minutes".

    Raises:
        ScheduleError: It is none.
    """
    every = EVERY.fullmatch(text)
    fields = (f"*/{every[1]} * * * *" if every else text).split()
    if len(fields) != len(BOUNDS):
        raise ScheduleError(f"{text!r} has {len(fields)} fields, expected {len(BOUNDS)}")
    return tuple(_read_field(each, *bounds) for each, bounds in zip(fields, BOUNDS, strict=True))


def find_next(job: Json, after: datetime) -> datetime:
    """Find the first minute of a job's schedule after an instant."""
    schedule, zone = read_schedule(job["schedule"]), ZoneInfo(job["timeZone"])
    at = after.replace(second=0, microsecond=0)
    for _ in range(FAR):
        at += MINUTE
        if _matches(schedule, at.astimezone(zone)):
            return at
    raise ScheduleError(f"{job['schedule']!r} is never")


def find_retry(job: Json, run: Run, now: datetime) -> Run | None:
    """Find when an attempt is repeated that failed; None: it is not."""
    config = job["retryConfig"]
    longest = _read_duration(config["maxRetryDuration"])
    is_left = run.retried < config.get("retryCount", 0)
    if not is_left and (not longest or now - run.scheduled >= longest):
        return None
    doubled = 2 ** min(run.retried, config["maxDoublings"])
    wait = min(
        _read_duration(config["minBackoffDuration"]) * doubled,
        _read_duration(config["maxBackoffDuration"]),
    )
    return Run(run.scheduled, now + wait, run.retried + 1)


def write_instant(at: datetime) -> str:
    """Write an instant as RFC 3339 has it."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _matches(schedule: Schedule, at: datetime) -> bool:
    """Say whether a minute of the job's own zone is in its schedule: of days, either will do."""
    minute, hour, day, month, weekday = schedule
    in_month, in_week = at.day in day, at.isoweekday() % 7 in weekday or at.isoweekday() in weekday
    anything = len(day) == 31 or len(weekday) == 8
    days = (in_month and in_week) if anything else (in_month or in_week)
    return at.minute in minute and at.hour in hour and at.month in month and days


def _read_field(text: str, low: int, high: int) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"(?:\*|(\d+)(?:-(\d+))?)(?:/(\d+))?", part)
        if match is None:
            raise ScheduleError(f"{text!r}: expected numbers, ranges or *")
        first = low if match[1] is None else int(match[1])
        last = int(match[2]) if match[2] else high if match[1] is None or match[3] else first
        step = int(match[3] or 1)
        if not (low <= first <= last <= high and step):
            raise ScheduleError(f"{text!r}: expected {low} to {high}")
        found.update(range(first, last + 1, step))
    return frozenset(found)


def _read_duration(text: str) -> timedelta:
    return timedelta(seconds=float(text.removesuffix("s")))
