"""Does every part of a deployment work: functions, job, alert policies, their channel, quarantine?

Source: Cloud Run Admin API v2, Service; Cloud Scheduler API v1, Job; Cloud Monitoring API v3,
NotificationChannel; "Google Cloud metrics: pubsub".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from flyball.adapters.gcp.adoption import NOT_FOUND
from flyball.adapters.gcp.deployed import ON_ALERT, ON_TICK, Deployed, Function
from flyball.adapters.gcp.fields import (
    NOTHING,
    Answer,
    read_count,
    read_instant,
    read_list,
    read_part,
    read_text,
)
from flyball.adapters.gcp.heard import Heard
from flyball.adapters.gcp.labels import read_labels
from flyball.adapters.gcp.refusal import WORDS
from flyball.adapters.gcp.session import CallError
from flyball.plan.model import Check, Level

LATE = timedelta(minutes=3)
"""A job of every minute whose last attempt is longer ago does not run."""
QUARANTINE = "pubsub.googleapis.com/subscription/num_undelivered_messages"
BACK = timedelta(minutes=15)
"""Its newest value is looked for so far back: it is sampled every minute and seen minutes later."""
SHOWN = 3
GONE: Answer = {}
"""Of what is not there."""


class Site(NamedTuple):
    """What a deployment is made of, as far as is known.

    Attributes:
        project: Its id.
        database: The ledger's.
        prefix: First part of alarms' names, and of the parts' own.
        region: Of its functions and job; "": not known.
        channel: The notification channel's whole name; "": not known.
        quarantine: Last part of the dead-letter topic, and of its subscription; "": likewise.
        variables: Of the environment here that have to agree with the functions' own.
    """

    project: str
    database: str
    prefix: str
    region: str = ""
    channel: str = ""
    quarantine: str = ""
    variables: Mapping[str, str] = {}


def check_functions(session: Heard, site: Site, deployed: Deployed | None) -> Iterator[Check]:
    """Say whether both functions are deployed and serve, and whether they know what is known here.

    Args:
        session: How Google is asked.
        site: The deployment as it is known here.
        deployed: As its functions tell of it; None: there is none.
    """
    functions = () if deployed is None else deployed.functions
    deploy = f"`{_write_deploy(site, deployed)}`, with its other options as they were,"
    fine: list[str] = []
    for entry, what in ((ON_TICK, "nothing is looked at"), (ON_ALERT, "no alert wakes anybody")):
        found = [each for each in functions if each.entry == entry]
        if not found:
            text = f"no function {entry} in {site.project} has the database {site.database}: {what}"
            yield Check("functions", Level.FAIL, text, f"{deploy} makes it")
        for each in found:
            problem = _find_fault(session, each)
            if problem is None:
                fine.append(each.name)
            else:
                level = Level.WARN if each.state == "DEPLOYING" else Level.FAIL
                yield Check("functions", level, f"{each.name} {problem}", f"{deploy} mends it")
    if deployed is None:
        return
    if len(fine) == len(functions) and {each.entry for each in functions} == {ON_ALERT, ON_TICK}:
        advises = deployed.variables.get("FLYBALL_MODE") == "advise"
        text = f"{' and '.join(fine)} serve in {' and '.join(deployed.regions)}"
        mode = "they only advise" if advises else "they apply"
        yield Check("functions", Level.OK, f"{text}; {mode}")
    yield from _compare(site, deployed)


def check_job(session: Heard, site: Site, now: datetime) -> Iterator[Check]:
    """Say whether the job of every minute runs, and how its last attempt ended."""
    if not site.region:
        return
    name = f"{site.prefix}-tick"
    path = f"v1/projects/{site.project}/locations/{site.region}/jobs/{name}"
    job = _fetch(session, "cloudscheduler", path, "cloudscheduler.jobs.get")
    where = f"--project={site.project} --location={site.region}"
    if job is None:
        return
    if job == GONE:
        text = f"there is no job {name} in {site.region}: nothing is looked at in time"
        yield Check("job", Level.FAIL, text, "`flyball apply` makes it, or `python -m deploy.gcp`")
        return
    state, at = read_text(job, "state"), read_instant(job, "lastAttemptTime")
    status = read_part(job, "status") or NOTHING
    code = read_count(status, "code") or 0
    if state != "ENABLED":
        remedy = f"`gcloud scheduler jobs resume {name} {where}`"
        yield Check(
            "job", Level.FAIL, f"{name} is {state or 'in no state'}: nothing is looked at", remedy
        )
    elif at is None or now - at > LATE:
        since = "yet" if at is None else f"since {at:%Y-%m-%d %H:%M:%S} UTC"
        remedy = f"`gcloud scheduler jobs describe {name} {where}` may say why"
        yield Check("job", Level.FAIL, f"{name} has not run {since}", remedy)
    elif code:
        said = ": ".join(
            filter(None, (WORDS.get(code, f"code {code}"), read_text(status, "message")))
        )
        text = f"the last attempt of {name}, at {at:%H:%M:%S} UTC, failed: {said}"
        where = f"--project={site.project} --region={site.region}"
        remedy = f"`gcloud functions logs read {name} --gen2 {where}`"
        yield Check("job", Level.FAIL, text, f"{remedy}; may the job's account call it?")
    else:
        yield Check("job", Level.OK, f"{name} ran at {at:%H:%M:%S} UTC, and was answered")


def check_policies(
    policies: Sequence[Mapping[str, Any]], prefix: str, channel: str
) -> Iterator[Check]:
    """Name alert policies of ours that wake nobody.

    Args:
        policies: The project's, as Alerting lists them.
        prefix: First part of our alarms' names.
        channel: The deployment's; "": not known.
    """
    ours = [each for each in policies if _is_ours(each, prefix)]
    faults: tuple[tuple[str, Callable[[Mapping[str, Any]], bool]], ...] = (
        ("switched off", lambda each: not each.get("enabled", True)),
        ("without a channel", lambda each: not each.get("notification_channels")),
        (
            "told to other channels than the deployment's",
            lambda each: bool(
                channel
                and each.get("notification_channels")
                and channel not in each["notification_channels"]
            ),
        ),
    )
    for what, is_so in faults:
        named = [
            str(each.get("display_name", each.get("name", "?"))) for each in ours if is_so(each)
        ]
        if named:
            count = f"{len(named)} of {len(ours)} are {what}, and wake nobody"
            names = ", ".join(named[:SHOWN]) + " …" * (len(named) > SHOWN)
            yield Check("alarms", Level.WARN, f"{count}: {names}", "`flyball apply` mends them")


def check_channel(session: Heard, site: Site) -> Iterator[Check]:
    """Say whether alert policies reach the function of alerts: their channel, and its topic."""
    if not site.channel:
        return
    shown = site.channel.rpartition("/")[2]
    redeploy = "`python -m deploy.gcp deploy` mends it; then `flyball apply`"
    path = f"v3/{site.channel}"
    channel = _fetch(session, "monitoring", path, "monitoring.notificationChannels.get")
    if channel is None:
        return
    if channel == GONE:
        text = f"channel {shown} is not there: alert policies wake nobody"
        yield Check("channel", Level.FAIL, text, redeploy)
        return
    kind, topic = (
        read_text(channel, "type"),
        read_text(read_part(channel, "labels") or NOTHING, "topic"),
    )
    if kind != "pubsub" or not topic:
        text = f"channel {shown} is of type {kind or 'none'}, and not a topic of Pub/Sub"
        yield Check("channel", Level.FAIL, text, "set FLYBALL_ALERT_CHANNEL to the deployment's")
        return
    if channel.get("enabled") is False:
        text = f"channel {shown} is switched off: alert policies wake nobody"
        remedy = f"`gcloud beta monitoring channels update {site.channel} --enabled`"
        yield Check("channel", Level.FAIL, text, remedy)
        return
    found = _fetch(session, "pubsub", f"v1/{topic}", "pubsub.topics.get")
    if found == GONE:
        text = f"channel {shown} writes to {topic}, which is not there"
        yield Check("channel", Level.FAIL, text, redeploy)
    elif found is not None:
        yield Check("channel", Level.OK, f"channel {shown} writes to {topic.rpartition('/')[2]}")


def check_dead_letters(session: Heard, site: Site, now: datetime) -> Iterator[Check]:
    """Say how much nobody could read or handle; no message is taken for that."""
    if not site.quarantine:
        return
    query = {
        "filter": f'metric.type = "{QUARANTINE}" AND resource.type = "pubsub_subscription" AND '
        f'resource.labels.subscription_id = "{site.quarantine}"',
        "interval.startTime": _write(now - BACK),
        "interval.endTime": _write(now),
    }
    path = f"v3/projects/{site.project}/timeSeries"
    answer = session.ask(
        "monitoring.timeSeries.list",
        lambda: session.call("monitoring", path, method="GET", query=query),
        None,
    )
    if answer is None:
        return
    counts = [_read_newest(each) for each in read_list(answer, "timeSeries")]
    known = [each for each in counts if each is not None]
    if not known:
        text = f"how many wait in {site.quarantine} is not known: it has had no value lately"
        remedy = (
            f"`gcloud pubsub subscriptions describe {site.quarantine} --project={site.project}`"
        )
        yield Check("dead letters", Level.WARN, text, f"is it there? {remedy}")
    elif sum(known):
        pull = f"gcloud pubsub subscriptions pull {site.quarantine} --project={site.project}"
        remedy = (
            f"`{pull}` shows their `reason`, and leaves them there; to try them again publish them"
        )
        text = f"{sum(known)} messages wait in {site.quarantine}"
        yield Check("dead letters", Level.WARN, text, f"{remedy} to the topic of wakes")
    else:
        yield Check("dead letters", Level.OK, "none")


def _write_deploy(site: Site, deployed: Deployed | None) -> str:
    """Write the command that deploys this deployment again, as far as it is known."""
    mode = "" if deployed is None else deployed.variables.get("FLYBALL_MODE", "")
    words = [f"python -m deploy.gcp deploy --project {site.project}"]
    words += [f"--region {site.region or 'REGION'}", f"--name {site.prefix}"]
    words += [f"--mode {mode}"] if mode else []
    return " ".join(words)


def _find_fault(session: Heard, function: Function) -> str | None:
    """Say why a function does not serve; None: it does, as far as is known."""
    if function.state != "ACTIVE":
        return (
            f"is {function.state or 'in no state'}{': ' * bool(function.detail)}{function.detail}"
        )
    if not function.service:
        return "has no service on Cloud Run"
    service = _fetch(session, "run", f"v2/{function.service}", "run.services.get")
    if service is None:
        return None
    if service == GONE:
        return "has lost its service on Cloud Run"
    condition = read_part(service, "terminalCondition") or NOTHING
    state = read_text(condition, "state")
    if state == "CONDITION_SUCCEEDED":
        return None
    why = read_text(condition, "message") or read_text(condition, "reason")
    return f"does not serve: {why or state or 'its service does not say why'}"


def _compare(site: Site, deployed: Deployed) -> Iterator[Check]:
    """Name what the environment here says otherwise than the functions'."""
    for name, here in site.variables.items():
        theirs = deployed.variables.get(name, "")
        if here != theirs:
            text = f"{name} is {here or 'not set'} here, and {theirs or 'not set'} of the functions"
            remedy = f"`export {name}={theirs}`" if theirs else f"`unset {name}`"
            yield Check("environment", Level.WARN, text, f"{remedy}, or --project in its place")


def _is_ours(policy: Mapping[str, Any], prefix: str) -> bool:
    try:
        labelled = read_labels(policy.get("user_labels", {}))
    except ValueError:
        return False
    return labelled is not None and labelled.prefix == prefix and bool(labelled.side)


def _fetch(session: Heard, service: str, path: str, name: str) -> Answer | None:
    """Ask for a part; GONE: it is not there, None: nobody knows, which is told at the end."""

    def fetch() -> Answer:
        try:
            answer = session.call(service, path, method="GET")
        except CallError as error:
            if error.code == NOT_FOUND:
                return GONE
            raise
        return answer if isinstance(answer, Mapping) else GONE

    return session.ask(name, fetch, None)


def _read_newest(series: Answer) -> int | None:
    """Read the newest value of a series of whole numbers."""
    for point in read_list(series, "points"):
        return read_count(read_part(point, "value") or NOTHING, "int64Value") or 0
    return None


def _write(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
