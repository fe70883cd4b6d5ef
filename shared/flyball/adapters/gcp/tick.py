"""Which job calls the function of every minute, and is it as it should be?

It is a part of the deployment, and no scalable target's: `python -m deploy.gcp deploy` makes it,
and an apply mends it, since nothing is scaled in time without it. It is found by its name, else as
the job that calls the function. It goes where all targets are removed that it could find due.

Source: Cloud Scheduler API v1, Job; "Cloud Scheduler pricing": $0.10 a job in 31 days, paused or
not, and three of a billing account are free.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from flyball.adapters.gcp.jobs import (
    DISABLED,
    ENABLED,
    PAUSED,
    UPDATE_FAILED,
    Jobs,
    Written,
    name_of,
)
from flyball.adapters.gcp.refusal import tell
from flyball.adapters.gcp.session import NO_CREDENTIALS, CallError
from flyball.plan.model import Change, Check, Choices, Kind, Level, Part, Scope, Verb

DEADLINE_S = 120
"""Of an attempt, as the function's own."""
SCHEDULE, ZONE, STATE = "* * * * *", "Etc/UTC", "state"
UTC_NAMES = frozenset({"", "utc", "etc/utc", "uct", "zulu", "gmt", "etc/gmt"})
BODY = b'{"flyball":"tick"}'
DESCRIPTION = "Flyball: looks every minute at what is due"
MASKS: Mapping[str, str] = {
    "schedule": "schedule",
    "time_zone": "time_zone",
    "uri": "http_target",
    "http_method": "http_target",
    "service_account": "http_target",
    "audience": "http_target",
    "attempt_deadline": "attempt_deadline",
    "retries": "retry_config",
}
"""By what is compared: the job's own field in which it is."""
NAMES = ("FLYBALL_TICK_AUDIENCE", "FLYBALL_TICK_ACCOUNT")
REMEDY = "set {}, as `python -m deploy.gcp deploy` prints them"


class Ticking(NamedTuple):
    """How a deployment's function of every minute is called.

    Attributes:
        project: Its id.
        name: The job's.
        region: The job's location; "": not known.
        uri: The function's address; "": not known.
        audience: Of the token; "" likewise.
        account: Whose the token is; "" likewise.
    """

    project: str
    name: str
    region: str = ""
    uri: str = ""
    audience: str = ""
    account: str = ""

    @property
    def parent(self) -> str:
        """Name the location."""
        return f"projects/{self.project}/locations/{self.region}"

    @property
    def lacking(self) -> tuple[str, ...]:
        """Name the variables without which the job can only be looked at."""
        given = (self.audience, self.account)
        return tuple(name for name, value in zip(NAMES, given, strict=True) if not value)


class Found(NamedTuple):
    """What a plan has to know of the job."""

    wanted: Part | None = None
    found: Part | None = None
    checks: tuple[Check, ...] = ()


class TickJob:
    """The job of a deployment, as far as a plan is about it.

    Args:
        jobs: Of Cloud Scheduler.
        ticking: How it should be.
        home: The plan's home.
    """

    def __init__(self, jobs: Jobs, ticking: Ticking, home: str) -> None:
        self._jobs = jobs
        self._ticking = ticking
        self._home = home
        self._job: Written = {}

    def survey(self, scope: Scope, choices: Choices) -> Found:
        """Find the job, and say what it should be.

        Raises:
            CallError: The jobs cannot be listed now.
        """
        self._job = {}
        if not (scope.staying or scope.leaving):
            return Found()
        if not self._ticking.region:
            text = "it is not known where its job is, so it is not looked at"
            names = ", ".join(("FLYBALL_GCP_REGION", *self._ticking.lacking))
            return Found(checks=(_warn(text, REMEDY.format(names)),))
        try:
            listed = self._jobs.list(self._ticking.parent)
        except CallError as error:
            if error.passes or error.status == NO_CREDENTIALS:
                raise
            text = f"the jobs of {self._ticking.region} cannot be listed: {tell(error)}"
            remedy = (
                "it takes cloudscheduler.jobs.list in that region; is FLYBALL_GCP_REGION the "
                "deployment's?"
            )
            return Found(checks=(_warn(text, remedy),))
        self._job, others = self._choose(listed)
        checks = (*_check_others(others), *self._check_known()) if scope.staying else ()
        wanted = None if self._ticking.lacking or not scope.staying else self._want()
        goes = choices.prune and not (choices.targets or scope.staying or scope.others)
        if wanted is None and not (goes and self._is_ours and not self._ticking.lacking):
            return Found(checks=(*checks, *self._check_kept(scope)))
        return Found(wanted, self._part(normalize_job(self._job)) if self._job else None, checks)

    def carry_out(self, change: Change) -> None:
        """Make, mend or remove the job.

        Raises:
            CallError: It was refused, or it is not known whether it was done.
        """
        if change.verb is Verb.DELETE:
            self._jobs.delete(self._job["name"])
            return
        state = self._job.get(STATE)
        if change.verb is Verb.CREATE or state == DISABLED:  # which cannot be resumed
            made = write_job(self._ticking)
            if self._job:
                made["name"] = self._job["name"]
                self._jobs.delete(made["name"])
            self._jobs.create(self._ticking.parent, made)
            return
        fields = {MASKS[each.name] for each in change.fields if each.name in MASKS}
        if state == UPDATE_FAILED:  # and goes on failing until a change of it succeeds
            fields = set(MASKS.values())
        if fields:
            made = mend_job(self._job, self._ticking)
            self._jobs.update({name: made[name] for name in ("name", *sorted(fields))}, fields)
        if state == PAUSED:
            self._jobs.resume(self._job["name"])

    def _choose(self, listed: list[Written]) -> tuple[Written, list[Written]]:
        """Find ours by its name, else by what it calls; and the others that call the same."""
        uri = self._ticking.uri
        named = [each for each in listed if name_of(each) == self._ticking.name]
        calling = [each for each in listed if uri and each.get("http_target", {}).get("uri") == uri]
        ours = (named or calling or [{}])[0]
        return ours, [each for each in calling if each is not ours]

    @property
    def _is_ours(self) -> bool:
        """Say whether the job was made by us, or by a deployment, and not by hand."""
        named = name_of(self._job) == self._ticking.name
        return named or self._job.get("description") == DESCRIPTION

    def _want(self) -> Part:
        return self._part({**normalize_job(write_job(self._ticking)), STATE: ENABLED})

    def _part(self, fields: Mapping[str, str]) -> Part:
        name = name_of(self._job) if self._job else self._ticking.name
        return Part(Kind.JOB, name, "", self._home, fields)

    def _check_known(self) -> Iterator[Check]:
        """Say that it is only looked at, and what is wrong with it by itself."""
        if not self._ticking.lacking:
            return
        text = "its job is only looked at, as it is not known whom it calls and as whom"
        yield _warn(text, REMEDY.format(", ".join(self._ticking.lacking)))
        if not self._job:
            yield _warn(f"there is no job {self._ticking.name} in {self._ticking.region}")
            return
        fields = normalize_job(self._job)
        for name, right in (("schedule", SCHEDULE), ("time_zone", ZONE), (STATE, ENABLED)):
            if fields.get(name) != right:
                text = f"{name} of job {self._ticking.name} is {fields.get(name, 'none')}"
                yield _warn(f"{text}, and should be {right}")

    def _check_kept(self, scope: Scope) -> Iterator[Check]:
        """Say where a removal leaves it."""
        if scope.staying or not self._job or not scope.leaving:
            return
        text = f"job {name_of(self._job)} goes on"
        remedy = "--all removes it with the last target, `python -m deploy.gcp destroy` in any case"
        if not self._is_ours:
            text, remedy = f"{text}: somebody else made it", "delete it if nobody needs it"
        yield Check("tick", Level.OK, text, remedy)


def write_job(ticking: Ticking) -> Written:
    """Write the job as it should be made.

    Its attempts are not repeated: a minute later the next one comes.
    """
    return {
        "name": f"{ticking.parent}/jobs/{ticking.name}",
        "description": DESCRIPTION,
        "schedule": SCHEDULE,
        "time_zone": ZONE,
        "attempt_deadline": f"{DEADLINE_S}s",
        "retry_config": {"retry_count": 0},
        "http_target": {
            "uri": ticking.uri,
            "http_method": "POST",
            "headers": {"Content-Type": "application/json"},
            "body": BODY,
            "oidc_token": {
                "service_account_email": ticking.account,
                "audience": ticking.audience,
            },
        },
    }


def mend_job(job: Mapping[str, Any], ticking: Ticking) -> Written:
    """Write the job as it should be, with what others added to it."""
    made = write_job(ticking)
    theirs = dict(job.get("http_target", {}))
    theirs.pop("oauth_token", None)
    kept = dict(job.get("retry_config", {}))
    kept.pop("max_retry_duration", None)
    return {
        **made,
        "name": job["name"],
        "retry_config": {**kept, **made["retry_config"]},
        "http_target": {
            **made["http_target"],
            **{name: theirs[name] for name in ("headers", "body") if name in theirs},
        },
    }


def normalize_job(job: Mapping[str, Any]) -> dict[str, str]:
    """Spread what is compared of a job over fields, as it is written or as Scheduler shows it."""
    target = job.get("http_target", {})
    token = target.get("oidc_token", {})
    zone = str(job.get("time_zone", ""))
    fields = {
        "schedule": _read_schedule(str(job.get("schedule", ""))),
        "time_zone": ZONE if zone.lower() in UTC_NAMES else zone,
        "uri": target.get("uri", ""),
        "http_method": target.get("http_method", "POST") if target else "",
        "service_account": token.get("service_account_email", ""),
        "audience": token.get("audience", "") or (target.get("uri", "") if token else ""),
        "attempt_deadline": _read_duration(job.get("attempt_deadline", "180s")),
        "retries": _read_retries(job.get("retry_config", {})),
        STATE: job.get(STATE, ""),
    }
    return {name: value for name, value in fields.items() if value}


def _read_schedule(schedule: str) -> str:
    """Write a schedule in one form, where there are several for every minute."""
    words = " ".join(schedule.split())
    if words.replace("*/1", "*") == SCHEDULE or re.fullmatch("every 1 min(ute)?s?", words):
        return SCHEDULE
    return words


def _read_duration(text: str) -> str:
    return re.sub(r"\.0*s$", "s", text)


def _read_retries(config: Mapping[str, Any]) -> str:
    """Write how often an attempt is repeated; for how long is another limit."""
    longest = _read_duration(str(config.get("max_retry_duration", "0s")))
    count = str(config.get("retry_count", 0))
    return count if longest == "0s" else f"{count}, for {longest}"


def _check_others(others: list[Written]) -> Iterator[Check]:
    for each in others:
        if each.get(STATE) == ENABLED:
            text = f"job {name_of(each)} calls the same function: each target is looked at twice"
            yield _warn(text, "delete one of the two")


def _warn(text: str, remedy: str = "") -> Check:
    return Check("tick", Level.WARN, text, remedy)
