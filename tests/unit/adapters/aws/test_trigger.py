"""Does every event of AWS say the same by every route, and does a bad one say what is wrong?"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.adapters.aws.trigger import parse_event
from flyball.letter import Parsed, ResourceChange, Tick
from flyball.ports import Trigger, TriggerKind

EVENTS = Path(__file__).resolve().parents[3] / "events" / "aws"
ALARM = "flyball/churn/requests/high"
COMPOSITE = "flyball/churn/saturated/high"
QUEUE = "arn:aws:sqs:eu-central-1:123456789012:flyball-wakes"
SCHEDULE = "arn:aws:scheduler:eu-central-1:123456789012:schedule/default/flyball-tick"
STAMP = datetime(2026, 3, 2, 12, 0, 5, 123_000, tzinfo=UTC)
LANDED = datetime(2026, 3, 2, 12, 2, 10, 412_000, tzinfo=UTC)
MINUTE = datetime(2026, 3, 2, 12, 1, tzinfo=UTC)


def load(name: str) -> Any:
    """Read an event file."""
    return json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))


def alarm(name: str = ALARM, state: str = "ALARM", at: datetime = STAMP) -> Trigger:
    """Make the wake-up that an alarm's event is expected to become."""
    trigger_id = f"{name}|{state}|{at.isoformat()}"
    return Trigger("churn", trigger_id, TriggerKind.ALARM, at, name, state)


def timer(name: str) -> Trigger:
    """Make the wake-up that a message of ours is expected to become."""
    at = datetime(2026, 3, 2, 12, 1, 0, 412_000, tzinfo=UTC)
    return Trigger(name, f"timer:{name}:{at.isoformat()}", TriggerKind.TIMER, at)


@dataclass(frozen=True)
class Case:
    """An event file and what its messages say, one word or value each."""

    id: str
    said: tuple[object, ...]


COMPOSITE_AT = datetime(2026, 3, 2, 12, 0, 6, 1_000, tzinfo=UTC)
IN_SERVICE = ResourceChange("endpoint/churn", "IN_SERVICE", LANDED)
LAUNCHED = "EC2 Instance Launch Successful"
LAUNCHED_AT = datetime(2026, 3, 2, 12, 3, 41, tzinfo=UTC)
GROUP = "auto-scaling-group/batch-gpu"
NOTICED_AT = LAUNCHED_AT.replace(microsecond=908_000)
IGNORED, POISON = "ignored", "poison"

CASES = (
    Case("eventbridge-alarm", (alarm(),)),
    Case("eventbridge-alarm-again", (alarm(),)),
    Case(
        "eventbridge-alarm-late-ok",
        (alarm(state="OK", at=datetime(2026, 3, 2, 11, 59, 40, tzinfo=UTC)),),
    ),
    Case("eventbridge-alarm-metric-math", (alarm(),)),
    Case("eventbridge-alarm-composite", (alarm(COMPOSITE, at=COMPOSITE_AT),)),
    Case("eventbridge-alarm-no-reason-data", (alarm(state="INSUFFICIENT_DATA"),)),
    Case("eventbridge-alarm-configuration", (IGNORED,)),
    Case("eventbridge-alarm-not-ours", (POISON,)),
    Case("eventbridge-alarm-hostile", (POISON,)),
    Case("lambda-alarm", (alarm(),)),
    Case("lambda-alarm-composite", (alarm(COMPOSITE, at=COMPOSITE_AT),)),
    Case("sns-alarm", (alarm(),)),
    Case("sns-alarm-seconds", (alarm(at=STAMP.replace(microsecond=0)),)),
    Case("sns-text", (POISON,)),
    Case(
        "sns-autoscaling-launch",
        (ResourceChange(GROUP, "autoscaling:EC2_INSTANCE_LAUNCH", NOTICED_AT),),
    ),
    Case("sqs-sns-alarm", (alarm(),)),
    Case("sqs-sns-alarm-raw", (alarm(),)),
    Case("sqs-sns-composite", (alarm(COMPOSITE, at=COMPOSITE_AT),)),
    Case("sqs-sns-autoscaling-test", (IGNORED,)),
    Case("sqs-sns-subscription", (IGNORED,)),
    Case("sqs-eventbridge-alarm", (alarm(),)),
    Case("sqs-eventbridge-endpoint", (IN_SERVICE,)),
    Case("sqs-lambda-destination", (alarm(),)),
    Case("sqs-own", ((timer("churn"), timer("batch-gpu")),)),
    Case("sqs-batch-one-poison", (alarm(), POISON, timer("batch-gpu"))),
    Case("sqs-all-poison", (POISON, POISON)),
    Case("eventbridge-endpoint", (IN_SERVICE,)),
    Case("eventbridge-endpoint-again", (IN_SERVICE,)),
    Case("eventbridge-endpoint-updating", (IGNORED,)),
    Case(
        "eventbridge-endpoint-failed",
        (ResourceChange("endpoint/churn", "FAILED", datetime(2026, 3, 2, 12, 12, 7, tzinfo=UTC)),),
    ),
    Case(
        "eventbridge-endpoint-elsewhere",
        (ResourceChange("endpoint/NobodysEndpoint", "IN_SERVICE", LANDED),),
    ),
    Case("eventbridge-endpoint-deployment", (IGNORED,)),
    Case("eventbridge-training-job", (POISON,)),
    Case("eventbridge-autoscaling-launch", (ResourceChange(GROUP, LAUNCHED, LAUNCHED_AT),)),
    Case("eventbridge-autoscaling-lifecycle", (IGNORED,)),
    Case("scheduler-tick", (Tick(SCHEDULE, MINUTE),)),
    Case("scheduler-tick-second-attempt", (Tick(SCHEDULE, MINUTE),)),
    Case("scheduler-tick-keywords", (Tick("<aws.scheduler.schedule-arn>"),)),
    Case("scheduler-default", (Tick(SCHEDULE, MINUTE),)),
)


def said(parsed: Parsed) -> object:
    """Give the one thing that a message says."""
    if parsed.ignored:
        return IGNORED
    if parsed.problem:
        return POISON
    if parsed.triggers:
        return parsed.triggers if len(parsed.triggers) > 1 else parsed.triggers[0]
    return parsed.change or parsed.tick


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_every_message_of_an_event_says_one_thing(case: Case) -> None:
    """In the order in which they came; the other four stay empty."""
    found = parse_event(load(case.id))
    assert tuple(map(said, found)) == case.said
    for parsed in found:
        assert sum(map(bool, parsed[-5:])) == 1
        assert parsed.body


def test_every_event_file_is_expected_to_say_something() -> None:
    """A file that no case names proves nothing."""
    assert {case.id for case in CASES} == {path.stem for path in EVENTS.glob("*.json")}


ROUTES = (
    "eventbridge-alarm",
    "eventbridge-alarm-again",
    "eventbridge-alarm-metric-math",
    "lambda-alarm",
    "sns-alarm",
    "sqs-sns-alarm",
    "sqs-sns-alarm-raw",
    "sqs-eventbridge-alarm",
)


def test_one_transition_is_the_same_by_every_route() -> None:
    """So that the second delivery is known to be one: same id, same stamp, same source."""
    found = {name: parse_event(load(name)) for name in ROUTES}
    assert {parsed.triggers for (parsed,) in found.values()} == {(alarm(),)}
    assert {parsed.region for (parsed,) in found.values()} == {"eu-central-1"}


@pytest.mark.parametrize(
    "stamp",
    [
        "2026-03-02T12:00:05.123+0000",
        "2026-03-02T12:00:05.123456+0000",
        "2026-03-02T12:00:05.123Z",
        "2026-03-02T13:00:05.123999+01:00",
    ],
)
def test_a_stamp_is_the_same_in_every_form(stamp: str) -> None:
    """Cut to the milliseconds that every route tells."""
    event = load("eventbridge-alarm")
    event["detail"]["state"]["timestamp"] = stamp
    assert parse_event(event)[0].triggers == (alarm(),)


def test_two_events_of_one_change_of_an_endpoint_wake_a_target_once() -> None:
    """SageMaker may send several: the change's own time is theirs in common."""
    first, again = (
        parse_event(load(name))[0].change
        for name in ("eventbridge-endpoint", "eventbridge-endpoint-again")
    )
    assert first is not None
    assert first == again
    wake = first.wake("churn-blue")
    assert wake == Trigger(
        "churn-blue",
        f"endpoint/churn|IN_SERVICE|{LANDED.isoformat()}",
        TriggerKind.ENDPOINT,
        LANDED,
        "endpoint/churn|IN_SERVICE",
        "IN_SERVICE",
    )


def test_a_message_remembers_where_it_came_from() -> None:
    """For the answer to SQS, and for the dead-letter queue."""
    first, second, third = parse_event(load("sqs-batch-one-poison"))
    assert first.message_id.endswith("0001")
    assert second.body == "{ this is no JSON"
    assert {each.origin for each in (first, second, third)} == {QUEUE}
    (noticed,) = parse_event(load("sns-text"))
    assert noticed.origin.startswith("arn:aws:sns:")
    assert noticed.message_id == ""
    (again,) = parse_event({"Records": [{"eventSource": "aws:sqs", "body": noticed.body}]})
    assert again.problem == noticed.problem  # replayed from the dead-letter queue, it is the same


def test_an_empty_batch_says_nothing() -> None:
    """Lambda sends none, but a person may."""
    assert parse_event({"Records": []}) == []


def test_another_prefix_is_anothers_alarm() -> None:
    """Two deployments in one account do not wake each other's targets."""
    (parsed,) = parse_event(load("eventbridge-alarm"), prefix="staging")
    assert "event.detail.alarmName" in parsed.problem
    assert "staging/<scalable target>" in parsed.problem


def test_a_target_named_twice_in_one_message_is_woken_once() -> None:
    """The second would be turned away anyway."""
    event = {"flyball": "wake", "scalable_target_ids": ["a", "b", "a"], "at": STAMP.isoformat()}
    assert [each.scalable_target_id for each in parse_event(event)[0].triggers] == ["a", "b"]


def change(name: str, path: str, value: object) -> Any:
    """Give an event file with one field changed; None takes the field out."""
    event = load(name)
    *parents, last = path.split(".")
    place = event
    for parent in parents:
        place = place[int(parent)] if parent.isdigit() else place[parent]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return event


def with_message(value: object) -> Any:
    """Give SNS's event with another message."""
    return change("sns-alarm", "Records.0.Sns.Message", value)


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (change("eventbridge-alarm", "detail", [1]), "detail"),
        (change("eventbridge-alarm", "detail.alarmName", None), "detail.alarmName"),
        (change("eventbridge-alarm", "detail.alarmName", "flyball/%zz/a/high"), "detail.alarmName"),
        (change("eventbridge-alarm", "detail.state", None), "detail.state"),
        (change("eventbridge-alarm", "detail.state.value", "PANIC"), "detail.state.value"),
        (change("eventbridge-alarm", "detail.state.timestamp", 7), "detail.state.timestamp"),
        (change("eventbridge-alarm", "source", "my.app"), "detail-type"),
        (change("lambda-alarm", "alarmData", "x"), "alarmData"),
        (change("lambda-alarm", "alarmData.state.timestamp", "noon"), "alarmData.state.timestamp"),
        (with_message("{"), "Message"),
        (with_message("[]"), "Message"),
        (with_message(json.dumps({"AlarmName": ALARM})), "StateChangeTime"),
        (with_message('{"AlarmName": "x", "StateChangeTime": "0001-01-01T00:00:00+23:59"}'), "St"),
        (with_message('{"Event": "autoscaling:SURPRISE"}'), "Event"),
        (with_message('{"Event": "autoscaling:EC2_INSTANCE_LAUNCH"}'), "AutoScalingGroupName"),
        (change("eventbridge-endpoint", "detail.EndpointName", "a/b"), "detail.EndpointName"),
        (change("eventbridge-endpoint", "detail.EndpointStatus", "\x1b"), "detail.EndpointStatus"),
        (change("eventbridge-endpoint", "detail.EndpointStatus", None), "detail.EndpointStatus"),
        (change("eventbridge-endpoint", "detail.LastModifiedTime", True), "detail.LastModified"),
        (change("eventbridge-endpoint", "detail.LastModifiedTime", 1e300), "detail.LastModified"),
        (change("eventbridge-endpoint", "detail.LastModifiedTime", 10**400), "detail.LastModified"),
        (change("eventbridge-endpoint", "detail.LastModifiedTime", "9" * 5_000), "detail.LastM"),
        (change("eventbridge-endpoint", "detail.LastModifiedTime", float("nan")), "detail.LastM"),
        (change("eventbridge-endpoint-failed", "time", None), "time"),
        (change("eventbridge-autoscaling-launch", "time", "later"), "time"),
        (
            change("eventbridge-autoscaling-launch", "detail.AutoScalingGroupName", "a\nb"),
            "detail.AutoScalingGroupName",
        ),
        (change("scheduler-tick", "flyball", "tock"), "flyball"),
        ({"flyball": "wake", "scalable_target_ids": ["a"]}, "at"),
        ({"flyball": "wake", "at": STAMP.isoformat()}, "scalable_target_ids"),
        ({"flyball": "wake", "at": STAMP.isoformat(), "scalable_target_ids": []}, "scalable_t"),
        (
            {"flyball": "wake", "at": STAMP.isoformat(), "scalable_target_ids": ["a"] * 26},
            "scalable_target_ids",
        ),
        (
            {"flyball": "wake", "at": STAMP.isoformat(), "scalable_target_ids": ["a", 7]},
            "scalable_target_ids",
        ),
        (
            {"flyball": "wake", "at": STAMP.isoformat(), "scalable_target_ids": ["\u202ea"]},
            "scalable_target_ids",
        ),
        (
            {"flyball": "wake", "at": STAMP.isoformat(), "scalable_target_ids": ["a" * 257]},
            "scalable_target_ids",
        ),
        ({"Records": [{"eventSource": "aws:s3"}]}, "Records"),
        ({"Records": [7]}, "Records"),
        ({"Records": [{"EventSource": "aws:sns", "Sns": 7}]}, ": got 7"),
    ],
)
def test_a_malformed_message_names_its_field(event: object, field: str) -> None:
    """And shows nothing of it unescaped."""
    (parsed,) = parse_event(event)
    dot = "" if field.startswith(":") else "."
    assert parsed.problem.startswith(f"event{dot}{field}")
    assert ", expected " in parsed.problem
    assert parsed.problem.isascii()
    assert parsed.problem.isprintable()


@pytest.mark.parametrize("event", ["", "{", "[" * 100_000, b"\xff", "7", None, 7, [], {}, object()])
def test_what_is_no_event_at_all_is_poison(event: object) -> None:
    """Half a message, a number, nothing."""
    (parsed,) = parse_event(event)
    assert parsed.problem.startswith("event: got ")


@pytest.mark.parametrize(
    ("place", "value", "region"),
    [
        ("resources", ["arn:aws-cn:cloudwatch:cn-north-1:123456789012:alarm:x"], "cn-north-1"),
        ("resources", ["arn:aws-us-gov:cloudwatch:us-gov-west-1:1:alarm:x"], "us-gov-west-1"),
        ("resources", [], ""),
        ("resources", "x", ""),
        ("resources", ["arn:aws:cloudwatch"], ""),
        ("resources", ["arn:aws:cloudwatch:EU (Frankfurt):1:alarm:x"], ""),
        ("resources", [None], ""),
    ],
)
def test_the_region_is_the_arns(place: str, value: object, region: str) -> None:
    """Elsewhere it is a name for people; nothing hangs on it."""
    (parsed,) = parse_event(change("eventbridge-alarm", place, value))
    assert (parsed.region, parsed.triggers) == (region, (alarm(),))


def test_an_id_that_is_none_is_left_out() -> None:
    """It would stand in the log, and in the answer to SQS."""
    event = load("sqs-sns-alarm")
    event["Records"][0]["messageId"] = "\x1b[2J"
    event["Records"][0]["eventSourceARN"] = "a" * 3_000
    (parsed,) = parse_event(event)
    assert (parsed.message_id, parsed.origin) == ("", "")


def test_a_message_that_cannot_be_written_again_is_shown() -> None:
    """What goes to the dead-letter queue is text, whatever came."""
    loop: list[object] = []
    loop.append(loop)
    assert parse_event({"detail-type": loop})[0].body == "{'detail-type': [[...]]}"


@pytest.mark.parametrize("shape", [json.dumps, lambda event: json.dumps(event).encode()])
def test_an_event_may_come_as_text(shape: Callable[[Any], object]) -> None:
    """As a schedule's input that is a string does."""
    assert parse_event(shape(load("eventbridge-alarm")))[0].triggers == (alarm(),)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(event=JUNK)
def test_no_event_raises(event: object) -> None:
    """Whatever comes, it is understood, ignored, or poison with a reason."""
    for parsed in parse_event(event):
        assert sum(map(bool, parsed[-5:])) == 1


@given(index=st.integers(0, len(CASES) - 1), junk=JUNK, at=st.integers(0, 1_000))
def test_no_field_raises(index: int, junk: object, at: int) -> None:
    """One field of a true event is replaced by anything."""
    event = copy.deepcopy(load(CASES[index].id))
    places = list(_places(event))
    holder, key = places[at % len(places)]
    holder[key] = junk
    for parsed in parse_event(event):
        assert sum(map(bool, parsed[-5:])) == 1
        assert parsed.problem.isascii()


def _places(node: Any) -> Any:
    """List every place of an event that holds something."""
    keys = node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
    for key in keys:
        yield node, key
        yield from _places(node[key])
