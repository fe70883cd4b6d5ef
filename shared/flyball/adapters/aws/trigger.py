"""Whom does an event of AWS wake, whichever way it came?

The same transition comes as an EventBridge event, as an alarm's direct action, through SNS, through
SQS, or through both of them. Whom it is about and when its state changed is believed; nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from flyball.alarm import PREFIX, find_scalable_target
from flyball.event import EventError, parse_json, read_instant, read_mapping, read_text, refuse
from flyball.letter import (
    OWN,
    TICK,
    Parsed,
    ResourceChange,
    Tick,
    Top,
    keep_plain,
    read_wakes,
    to_text,
)
from flyball.ports import Trigger, TriggerKind

STATES = frozenset({"OK", "ALARM", "INSUFFICIENT_DATA"})
PASSING = frozenset({"creating", "updating", "systemupdating", "deleting"})
"""Words of an endpoint on its way: the state that it reaches comes as an event of its own."""
GROUP_CHANGES = re.compile(r"EC2 Instance (Launch|Terminate) (Successful|Unsuccessful)")
GROUP_NOTICES = re.compile(r"autoscaling:EC2_INSTANCE_(LAUNCH|TERMINATE)(_ERROR)?")
TEST_NOTICE = "autoscaling:TEST_NOTIFICATION"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ENDPOINT = re.compile(r"[A-Za-z0-9](-*[A-Za-z0-9]){0,62}")
_GROUP_LIMIT = 255
_STATUS = re.compile(r"[A-Za-z_]{1,40}")
_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}")
_REGION_PART = 3
"""arn : partition : service : region"""


def parse_event(event: object, prefix: str = PREFIX) -> list[Parsed]:
    """Read everything that an invocation brings; one bad message does not spoil the others.

    Args:
        event: What Lambda hands over, from any source.
        prefix: First part of our alarms' names.

    Returns:
        One Parsed a message, in order; nothing is raised. An event that is no batch is one message.

    Source: Amazon CloudWatch User Guide, "Alarm events and EventBridge" and "Invoke a Lambda
    function from an alarm"; AWS Lambda Developer Guide, "Using Lambda with Amazon SQS" and "Using
    Lambda with Amazon SNS"; Amazon SageMaker AI Developer Guide, "Events that Amazon SageMaker AI
    sends to Amazon EventBridge"; EventBridge Scheduler User Guide, "Adding context attributes".
    """
    records = event.get("Records") if isinstance(event, Mapping) else None
    if isinstance(records, list):
        return [_parse_record(record, prefix) for record in records]
    return [_parse(event, Parsed(body=to_text(event)), prefix)]


def _parse_record(record: object, prefix: str) -> Parsed:
    """Read a message of SQS or of SNS."""
    if isinstance(record, Mapping) and record.get("eventSource") == "aws:sqs":
        body = record.get("body")
        letter = Parsed(keep_plain(record.get("messageId")), to_text(body))
        return _parse(
            body, letter._replace(origin=keep_plain(record.get("eventSourceARN"))), prefix
        )
    if isinstance(record, Mapping) and record.get("EventSource") == "aws:sns":
        notice = record.get("Sns")
        letter = Parsed(body=to_text(notice))
        if isinstance(notice, Mapping):
            letter = letter._replace(origin=keep_plain(notice.get("TopicArn")))
        return _parse(notice, letter, prefix)
    expected = "a message of aws:sqs or aws:sns"
    return Parsed(body=to_text(record), problem=str(EventError("Records", record, expected)))


def _parse(message: object, letter: Parsed, prefix: str) -> Parsed:
    """Read one message; what is wrong with it becomes its problem."""
    try:
        return _read(_open(read_mapping("", parse_json(message))), letter, prefix)
    except EventError as error:
        return letter._replace(problem=str(error))


def _open(top: Top) -> Top:
    """Take an event out of what carries it.

    SNS's envelope, which raw delivery leaves away; or what Lambda tells its destination of an
    asynchronous call that failed, sent again from the dead-letter queue.
    """
    if "requestContext" in top and isinstance(top.get("requestPayload"), dict):
        return read_mapping("requestPayload", top["requestPayload"])
    if "TopicArn" not in top or top.get("Type") != "Notification":
        return top
    try:
        inner = parse_json(top.get("Message"))
    except EventError:
        refuse("Message", top.get("Message"), "a JSON object")
    return read_mapping("Message", inner)


def _read(top: Top, letter: Parsed, prefix: str) -> Parsed:
    """Find out which source a message is of."""
    if OWN in top:
        return _read_own(top, letter)
    if "detail-type" in top:
        return _read_bridged(top, letter, prefix)
    if "alarmData" in top:
        return _read_action(top, letter, prefix)
    if "AlarmName" in top:
        return _read_notice(top, letter, prefix)
    if isinstance(top.get("Event"), str):
        return _read_group_notice(top, letter)
    if "TopicArn" in top:
        kind = keep_plain(top.get("Type"))
        return letter._replace(ignored=f"SNS {kind or 'message'}: it is no notification")
    expected = "an alarm, a change of an endpoint or of an Auto Scaling group, or a message of ours"
    raise EventError("", dict(top), expected)


def _read_own(top: Top, letter: Parsed) -> Parsed:
    """Read a message that Flyball's tick put into the queue, or the schedule's input."""
    if top.get(OWN) == TICK:
        at = _find_moment(top, "at")
        return letter._replace(tick=Tick(keep_plain(top.get("schedule")), at))
    return letter._replace(triggers=read_wakes(top))


def _read_bridged(top: Top, letter: Parsed, prefix: str) -> Parsed:
    """Read an event of EventBridge."""
    word, source = top.get("detail-type"), top.get("source")
    if source == "aws.cloudwatch" and word == "CloudWatch Alarm State Change":
        detail = read_mapping("detail", top.get("detail"))
        resources = top.get("resources")
        arn = resources[0] if isinstance(resources, list) and resources else None
        state = read_mapping("detail.state", detail.get("state"))
        return _wake(detail.get("alarmName"), state, "detail", arn, letter, prefix)
    if source == "aws.cloudwatch" and word == "CloudWatch Alarm Configuration Change":
        return letter._replace(ignored="an alarm's configuration has changed, not its state")
    if source == "aws.sagemaker" and word in (
        "SageMaker Endpoint State Change",
        "SageMaker Endpoint Deployment State Change",
    ):
        return _read_endpoint(top, letter)
    if source == "aws.autoscaling" and isinstance(word, str):
        if not GROUP_CHANGES.fullmatch(word):
            return letter._replace(ignored="an Auto Scaling event that changes no capacity")
        detail = read_mapping("detail", top.get("detail"))
        name = _read_group("detail.AutoScalingGroupName", detail.get("AutoScalingGroupName"))
        return _change_group(name, word, read_instant("time", top.get("time")), letter)
    if source in ("aws.scheduler", "aws.events") and word == "Scheduled Event":
        resources = top.get("resources")
        schedule = resources[0] if isinstance(resources, list) and resources else ""
        return letter._replace(tick=Tick(keep_plain(schedule), _find_moment(top, "time")))
    expected = "an event of CloudWatch alarms, SageMaker endpoints, Auto Scaling or the Scheduler"
    raise EventError("detail-type", f"{source}: {word}", expected)


def _read_action(top: Top, letter: Parsed, prefix: str) -> Parsed:
    """Read an alarm that calls the function directly."""
    alarm = read_mapping("alarmData", top.get("alarmData"))
    state = read_mapping("alarmData.state", alarm.get("state"))
    return _wake(alarm.get("alarmName"), state, "alarmData", top.get("alarmArn"), letter, prefix)


def _wake(name: object, state: Top, path: str, arn: object, letter: Parsed, prefix: str) -> Parsed:
    """Wake whom an alarm with a `state` object names."""
    stamp = read_instant(f"{path}.state.timestamp", state.get("timestamp"))
    value = _read_state(f"{path}.state.value", state.get("value"))
    trigger = _alarm_trigger(f"{path}.alarmName", name, value, stamp, prefix)
    return letter._replace(region=_find_region(arn), triggers=(trigger,))


def _read_notice(top: Top, letter: Parsed, prefix: str) -> Parsed:
    """Read an alarm as SNS tells it. Its Region is a name for people: the ARN has the region's."""
    stamp = read_instant("StateChangeTime", top.get("StateChangeTime"))
    value = _read_state("NewStateValue", top.get("NewStateValue"))
    trigger = _alarm_trigger("AlarmName", top.get("AlarmName"), value, stamp, prefix)
    return letter._replace(region=_find_region(top.get("AlarmArn")), triggers=(trigger,))


def _read_state(field: str, value: object) -> str:
    text = read_text(field, value)
    if text not in STATES:
        refuse(field, value, f"one of {sorted(STATES)}")
    return text


def _alarm_trigger(field: str, name: object, value: str, stamp: datetime, prefix: str) -> Trigger:
    """Make a wake-up that is the same by every route."""
    text = read_text(field, name)
    try:
        scalable_target_id = find_scalable_target(text, prefix)
    except ValueError as error:
        refuse(field, text, str(error))
    at = _cut(stamp)
    trigger_id = f"{text}|{value}|{at.isoformat()}"
    return Trigger(scalable_target_id, trigger_id, TriggerKind.ALARM, at, text, value)


def _read_endpoint(top: Top, letter: Parsed) -> Parsed:
    """Read a change of a SageMaker endpoint, which names no variant."""
    detail = read_mapping("detail", top.get("detail"))
    name = read_text("detail.EndpointName", detail.get("EndpointName"))
    if not _ENDPOINT.fullmatch(name):
        refuse("detail.EndpointName", name, "letters, digits and hyphens, at most 63")
    state = read_text("detail.EndpointStatus", detail.get("EndpointStatus"))
    if not _STATUS.fullmatch(state):
        refuse("detail.EndpointStatus", state, "a word such as IN_SERVICE")
    if state.replace("_", "").lower() in PASSING:
        return letter._replace(ignored=f"endpoint {name} is on its way ({state})")
    if detail.get("LastModifiedTime") is None:
        at = _read_moment("time", top.get("time"))
    else:
        at = _read_moment("detail.LastModifiedTime", detail.get("LastModifiedTime"))
    return letter._replace(change=ResourceChange(f"endpoint/{name}", state, at))


def _read_group_notice(top: Top, letter: Parsed) -> Parsed:
    """Read what an Auto Scaling group tells SNS."""
    word = read_text("Event", top.get("Event"))
    if word == TEST_NOTICE:
        return letter._replace(ignored="a test notification of an Auto Scaling group")
    if not GROUP_NOTICES.fullmatch(word):
        refuse("Event", word, "a notification of an Auto Scaling group")
    name = _read_group("AutoScalingGroupName", top.get("AutoScalingGroupName"))
    return _change_group(name, word, read_instant("Time", top.get("Time")), letter)


def _read_group(field: str, value: object) -> str:
    text = read_text(field, value)
    if len(text) > _GROUP_LIMIT or not text.isprintable():
        refuse(field, text, f"1 to {_GROUP_LIMIT} printable characters")
    return text


def _change_group(name: str, word: str, at: datetime, letter: Parsed) -> Parsed:
    return letter._replace(change=ResourceChange(f"auto-scaling-group/{name}", word, _cut(at)))


def _read_moment(field: str, value: object) -> datetime:
    """Read an instant that may be milliseconds since 1970, also as text: SageMaker tells both."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number and not (isinstance(value, str) and value.isascii() and value.isdigit()):
        return _cut(read_instant(field, value))
    try:
        return _cut(_EPOCH + timedelta(milliseconds=float(value)))  # type: ignore[arg-type]
    except (OverflowError, ValueError):
        refuse(field, value, "milliseconds since 1970, or an instant with an offset")


def _find_moment(top: Top, field: str) -> datetime | None:
    """Read an instant that is told for the record only; a keyword that was not replaced is none."""
    try:
        return _read_moment(field, top.get(field))
    except EventError:
        return None


def _find_region(arn: object) -> str:
    """Find the region in an ARN; "" where there is none."""
    parts = arn.split(":") if isinstance(arn, str) else []
    region = parts[_REGION_PART] if len(parts) > _REGION_PART else ""
    return region if _REGION.fullmatch(region) else ""


def _cut(at: datetime) -> datetime:
    """Cut to milliseconds, which every route tells."""
    return at.replace(microsecond=at.microsecond // 1_000 * 1_000)
