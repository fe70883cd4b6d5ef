"""How does Monitoring tell Flyball of alerts, and people of a Flyball that is not well?

Each policy is a kind of trouble, and each of its conditions an alarm of its own. What shows no
value any more is closed after half an hour; Google's usual is a week.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from deploy.gcp.metrics import write_type
from deploy.gcp.place import Place
from deploy.gcp.step import Command, Ensure, Grant, Step, When

LABEL = "flyball"
"""User label of what is ours: its value is the deployment's name."""
PART = "flyball_part"
"""User label of an alert for people: which of them it is."""
SILENT_S = 300
"""So long without a tick that succeeded, and people are told."""
ALIGNED_S = 60
LOOKED_S = 900
"""What lasts shows twice or thrice in it: a function that fails is called again after minutes."""
WAITING_S = 900
"""So long a message may wait."""
DEFERRED = 20
"""So often within an hour a change may find its endpoint busy: more is no rollout of nodes."""
HOUR_S = 3_600
SEVERITIES: Mapping[str, str] = {"dead-man": "CRITICAL", "fails": "ERROR", "held": "WARNING"}
RUN = "cloud_run_revision"
REQUESTS = "run.googleapis.com/request_count"
"""Of calls that got to an instance: what was turned away before is not among them."""
QUEUE = "pubsub.googleapis.com/subscription/num_undelivered_messages"
OLDEST = "pubsub.googleapis.com/subscription/oldest_unacked_message_age"


def list_channels(place: Place, *, tells: bool) -> Iterator[Step]:
    """List the steps by which alerts reach the functions, and trouble people.

    Args:
        place: Whose.
        tells: People are told by e-mail.
    """
    labels = {"topic": place.topic(place.alerts)}
    yield _channel(place, "channel", "pubsub", labels, "alerts reach its function")
    yield Grant(
        "Monitoring may write to its topic",
        ("pubsub", "topics"),
        place.alerts,
        (place.on_project,),
        "roles/pubsub.publisher",
        "serviceAccount:service-${number}@gcp-sa-monitoring-notification.iam.gserviceaccount.com",
        outlives=True,
    )
    if tells:
        yield _channel(place, "people", "email", {"email_address": place.email}, "people are told")


def forget_people(place: Place) -> Step:
    """Give the step by which nobody is told by e-mail any more: no alert names its channel then."""
    group = ("beta", "monitoring", "channels")
    return When(
        "The channel by which people were told by e-mail: nobody is any more",
        find_channel(place, "email"),
        ((*group, "delete", "${people}", "--force", "--quiet"),),
        {"people": "name"},
    )


def find_channel(place: Place, kind: str) -> Command:
    """Print the deployment's channel of a kind."""
    wanted = f'--filter=type="{kind}" AND userLabels.{LABEL}="{place.name}"'
    words = ("beta", "monitoring", "channels", "list", place.on_project)
    return (*words, wanted, "--format=json")


def list_alarms(place: Place) -> Iterator[Step]:
    """List the steps of the alerts for people."""
    group = ("alpha", "monitoring", "policies")
    for part, title, policy in (
        ("dead-man", "no tick succeeded, or something was put aside", write_dead_man(place)),
        ("fails", "a function fails, or is not called", write_failing(place)),
        ("held", "a target is held, or cannot have what it wants", write_held(place)),
    ):
        label = f'userLabels.{LABEL}="{place.name}" AND userLabels.{PART}="{part}"'
        content, known = f"--policy={dump(policy)}", part.replace("-", "_")
        yield Ensure(
            f"The alert for people: {title}",
            (*group, "list", place.on_project, f"--filter={label}", "--format=json"),
            policy,
            ((*group, "create", place.on_project, content),),
            ((*group, "update", f"${{{known}}}", content),),
            ((*group, "delete", f"${{{known}}}", "--quiet"),),
            {known: "name"},
            is_named_later=True,
        )


def write_dead_man(place: Place) -> dict[str, Any]:
    """Write the alert policy: a tick that does not come tells nobody by itself."""
    ticks = f'{of_run(place.tick)} AND metric.labels.response_code_class = "2xx"'
    aside = (
        f"{of(QUEUE, 'pubsub_subscription')} AND "
        f'resource.labels.subscription_id = "{place.quarantine}"'
    )
    conditions = [
        {
            "displayName": f"no tick of {place.tick} succeeded",
            "conditionAbsent": {
                "filter": ticks,
                "duration": f"{SILENT_S}s",
                "aggregations": [_aggregate("ALIGN_DELTA", ALIGNED_S)],
            },
        },
        _exceed(f"{place.quarantine} holds messages", aside, 0.5, ALIGNED_S, aligner="ALIGN_MAX"),
    ]
    says = (
        "Nothing is scaled while no tick succeeds: read the function's log. What was put aside "
        "says why in its attribute `reason`; publishing it again is harmless."
    )
    return _write_policy(place, "dead-man", "is silent, or put something aside", conditions, says)


def write_failing(place: Place) -> dict[str, Any]:
    """Write the alert policy: a function fails as a whole, or a target in it."""
    broken = f'{of_run(place.alert)} AND metric.labels.response_code_class = "5xx"'
    ticks = f'{of_run(place.tick)} AND metric.labels.response_code_class != "2xx"'
    waiting = (
        f"{of(OLDEST, 'pubsub_subscription')} AND "
        f'resource.labels.subscription_id = one_of("{place.wakes}", "${{subscription_id}}")'
    )
    conditions = [
        _exceed(f"{place.alert} failed", broken, 1.5),
        _exceed(f"{place.tick} failed, or refused its caller", ticks, 1.5),
        _exceed("calls were turned away (429, 403, 401)", _of_lines(place, "turned_away"), 2.5),
        _exceed("targets could not be handled", _of_lines(place, "failed"), 2.5),
        _exceed("it is not known whether a change landed", _of_lines(place, "unresolved"), 2.5),
        _exceed("messages wait", waiting, WAITING_S, ALIGNED_S, aligner="ALIGN_MAX"),
    ]
    says = (
        "The log says why; what failed comes again by itself. 429: raise --max-instances. 403 or "
        "401: deploy again, which grants what callers need."
    )
    return _write_policy(place, "fails", "fails", conditions, says)


def write_held(place: Place) -> dict[str, Any]:
    """Write the alert policy: a target does not get what it wants, and a person may help."""
    changes = f'{_of_lines(place, "changes")} AND metric.labels.outcome = "deferred"'
    by = "metric.label.target"
    conditions = [
        _exceed("changes were refused", _of_lines(place, "refused"), 1.5),
        _exceed("an endpoint failed, or cannot be read", _of_lines(place, "frozen"), 1.5),
        _exceed("a metric is missing", _of_lines(place, "blind"), 1.5),
        _exceed("more is wanted than is allowed", _of_lines(place, "unmet"), 1.5, by=by),
        _exceed("a change is deferred for long", changes, DEFERRED + 0.5, HOUR_S, by=by),
    ]
    says = (
        "`flyball explain TARGET` says what was decided and why. Refused: for want of a "
        "permission, or for good. Unmet: the maximum, the quota or the budget. Deferred: another "
        "change does not end."
    )
    return _write_policy(place, "held", "is held", conditions, says)


def of(metric: str, resource: str) -> str:
    """Write the filter of a metric."""
    return f'resource.type = "{resource}" AND metric.type = "{metric}"'


def of_run(function: str, metric: str = REQUESTS) -> str:
    """Write the filter of a function's metric."""
    return f'{of(metric, RUN)} AND resource.labels.service_name = "{function}"'


def dump(value: object) -> str:
    """Write JSON as a word of a command."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True)


def _of_lines(place: Place, metric: str) -> str:
    return of(write_type(place, metric), RUN)


def _aggregate(aligner: str, aligned_s: int, by: str = "") -> dict[str, Any]:
    made = {
        "alignmentPeriod": f"{aligned_s}s",
        "crossSeriesReducer": "REDUCE_MAX" if aligner == "ALIGN_MAX" else "REDUCE_SUM",
        "perSeriesAligner": aligner,
    }
    return {**made, "groupByFields": [by]} if by else made


def _exceed(
    title: str,
    series: str,
    limit: float,
    aligned_s: int = LOOKED_S,
    *,
    aligner: str = "ALIGN_DELTA",
    by: str = "",
) -> dict[str, Any]:
    """Write the condition that something is more than a limit; no value is no trouble."""
    return {
        "displayName": title,
        "conditionThreshold": {
            "filter": series,
            "comparison": "COMPARISON_GT",
            "thresholdValue": limit,
            "duration": "60s",
            "evaluationMissingData": "EVALUATION_MISSING_DATA_INACTIVE",
            "aggregations": [_aggregate(aligner, aligned_s, by)],
        },
    }


def _write_policy(
    place: Place, part: str, title: str, conditions: list[dict[str, Any]], says: str
) -> dict[str, Any]:
    return {
        "displayName": f"Flyball ({place.name}) {title}",
        "combiner": "OR",
        "severity": SEVERITIES[part],
        "conditions": conditions,
        "documentation": {"content": says, "mimeType": "text/markdown"},
        "alertStrategy": {"autoClose": "1800s"},
        "userLabels": {LABEL: place.name, PART: part},
        "notificationChannels": [*(["${people}"] if place.email else []), *place.channels],
    }


def _channel(place: Place, name: str, kind: str, labels: dict[str, str], what: str) -> Step:
    content = {
        "type": kind,
        "displayName": f"Flyball ({place.name}): {what}",
        "labels": labels,
        "userLabels": {LABEL: place.name},
    }
    group = ("beta", "monitoring", "channels")
    text, known = f"--channel-content={dump(content)}", f"${{{name}}}"
    return Ensure(
        f"The channel by which {what}",
        find_channel(place, kind),
        content,
        ((*group, "create", place.on_project, text),),
        ((*group, "update", known, text),),
        ((*group, "delete", known, "--force", "--quiet"),),
        {name: "name"},
        is_named_later=True,
    )
