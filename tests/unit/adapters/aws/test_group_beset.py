"""Is a group neither cut by half, nor overwritten, nor taken for one that gets its machines?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from flyball.adapters.aws.auto_scaling_group import fetch_groups, read_group
from flyball.adapters.aws.control import AwsControl
from flyball.adapters.aws.resource import Group
from flyball.adapters.aws.warmup import Warmups
from flyball.adapters.local.memory import MemoryLedger
from flyball.core.model import Action, Capacity, CapacityRange, LimitKind, Missing, Reason
from flyball.ports import Outcome, OutcomeKind
from tests.rig import MINUTE, SECOND, T0, Rig, make_target
from tests.unit.adapters.aws.scripted import Script, failure, group, instance, launch

TARGET = make_target(resource={"auto_scaling_group": "workers"})
SET = "set_desired_capacity"
FOUR = tuple(instance(number) for number in range(4))
EIGHT = tuple(instance(number) for number in range(8))
NO_MACHINES = (
    "We currently do not have sufficient p3.2xlarge capacity in the Availability Zone you "
    "requested (eu-central-1a). Launching EC2 instance failed."
)


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the SDK what it asks for, so that it looks nowhere else."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")


@pytest.fixture
def script() -> Iterator[Script]:
    """Script the services, and expect every scripted call to have been made."""
    script = Script()
    yield script
    script.end()


@pytest.fixture
def control(script: Script) -> AwsControl:
    """Scale by the scripted services."""
    return AwsControl(script.clients)


@pytest.fixture
def rig(control: AwsControl) -> Rig:
    """Run a controller on the scripted services."""
    rig = Rig(MemoryLedger(), TARGET)
    rig.controller = rig.start(control=control)
    return rig


def look(control: AwsControl, at: datetime = T0) -> Capacity:
    """Read the capacity, which must be known."""
    seen = control.describe(TARGET, at)
    assert isinstance(seen, Capacity), seen
    return seen


def put(control: AwsControl, count: int) -> Outcome:
    """Set the capacity."""
    return control.apply(TARGET, CapacityRange(count, count), T0)


# --- warm-up ------------------------------------------------------------------


def test_two_of_four_replaced_by_spot_are_not_taken_away(script: Script, rig: Rig) -> None:
    """No change of ours is in flight; four at 90 of 100 stay four until all are warm, and after."""
    found = group(*FOUR, DefaultInstanceWarmup=600)
    rig.metrics.load = 60.0
    replaced = [launch(number, T0 - 10 * SECOND) for number in (2, 3)]
    script.show(found)
    script.show_activities(*replaced)
    script.show_nobody()
    rig.wake()
    seen = rig.records()[-1].observation.capacity
    assert isinstance(seen, Capacity)
    assert (seen.desired, seen.ready, seen.warming) == (4, 2, 2)
    held = rig.last()
    assert (held.action, held.desired, held.wanted) == (Action.HOLD, 4, 3)
    assert held.reason is Reason.WARMING_UP
    rig.pass_time(10 * MINUTE)
    script.show(found)
    script.show_activities()
    script.show_nobody()
    script.show(found)
    script.show_nobody()
    script.answer(SET, {})
    rig.wake()
    assert (rig.last().desired, rig.outcomes()) == (3, [OutcomeKind.APPLIED])
    rig.check()


# --- bounds -------------------------------------------------------------------


def test_a_group_goes_down_to_its_minimum_and_then_rests(script: Script, rig: Rig) -> None:
    """Policies want two of eight, and MinSize is three: three are asked for, once."""
    rig.metrics.load = 25.0
    found = group(*EIGHT, MinSize=3)
    script.show(found)
    script.show_nobody()
    script.show(found)
    script.show_nobody()
    script.answer(SET, {}, {"AutoScalingGroupName": "workers", "DesiredCapacity": 3} | HONOR)
    rig.wake()
    assert rig.outcomes() == [OutcomeKind.APPLIED]
    assert [limit.kind for limit in rig.last().limits] == [LimitKind.PROVIDER]
    rig.pass_time(5 * MINUTE)
    rig.metrics.load = 66.0
    script.show(group(*EIGHT[:3], MinSize=3))
    script.show_nobody()
    rig.wake()
    rig.pass_time(2 * MINUTE)
    script.show(group(*EIGHT[:3], MinSize=3))
    rig.wake()
    assert (rig.last().action, rig.last().reason) == (Action.HOLD, Reason.PROVIDER_MIN)
    assert rig.wake_in() == 300


def test_a_raised_maximum_of_the_group_acts_at_the_next_look(script: Script, rig: Rig) -> None:
    """Eight are wanted: five at first, of which one is new, and eight a look later."""
    rig.metrics.load = 200.0
    for most, count in ((5, 5), (30, 8)):
        found = group(*FOUR, MaxSize=most)
        script.show(found)
        script.show_nobody()
        script.show(found)
        script.show_nobody()
        script.refuse(SET, "ScalingActivityInProgress", "words")
        rig.wake()
        assert (rig.last().desired, rig.last().unmet) == (count, 8 - count)
        rig.pass_time(10 * MINUTE)
    assert rig.history().quota is None


HONOR = {"HonorCooldown": False}


# --- what came between --------------------------------------------------------


def test_a_group_without_a_count_is_missing_whatever_else_is_told(script: Script) -> None:
    """No number is none, and not zero."""
    found = group(*FOUR, DesiredCapacity=None, MinSize=True)
    seen = read_group(found, Group("workers"), Warmups(script.clients), T0)
    assert isinstance(seen, Missing)
    assert seen.detail == "auto-scaling-group/workers: no desired count; InService"


@pytest.mark.parametrize("count", [2, 9])
def test_what_a_human_set_right_before_sending_is_not_overwritten(
    count: int, script: Script, control: AwsControl
) -> None:
    """Decided on eight, and twenty by now: neither nine nor two is sent."""
    script.show(group(*EIGHT))
    script.show_nobody()
    look(control)
    script.show(group(*EIGHT, DesiredCapacity=20, MaxSize=30))
    outcome = put(control, count)
    assert outcome.kind is OutcomeKind.ABORTED
    assert outcome.detail == "not sent: decided on a desired capacity of 8, and by now it is 20"


def hide_schedules(script: Script) -> None:
    """Show the group, and that nobody may ask for its scheduled actions."""
    script.show(group(*FOUR))
    script.answer("describe_policies", {"ScalingPolicies": []})
    script.refuse("describe_scheduled_actions", "AccessDenied", "not authorized")


NOT_KNOWN = "the group's scheduled actions are not known (AccessDenied: not authorized)"


def test_a_group_is_not_scaled_in_while_its_schedules_are_not_known(
    script: Script, control: AwsControl
) -> None:
    """Its policies alone do not say who else scales it."""
    hide_schedules(script)
    look(control)
    hide_schedules(script)
    assert put(control, 2) == Outcome(OutcomeKind.DENIED, f"not sent: {NOT_KNOWN}")


def test_a_group_is_scaled_out_though_its_schedules_are_not_known(
    script: Script, control: AwsControl
) -> None:
    """Too many is the safe side; the outcome says what is not known."""
    hide_schedules(script)
    look(control)
    hide_schedules(script)
    script.answer(SET, {})
    assert put(control, 6) == Outcome(OutcomeKind.APPLIED, NOT_KNOWN)


def test_schedules_that_were_seen_stay_in_force_where_they_cannot_be_asked_for(
    script: Script, control: AwsControl
) -> None:
    """Nobody is taken to have gone because nobody could be asked."""
    night = {"ScheduledActionName": "night", "MinSize": 0}
    script.show(group(*FOUR))
    script.answer("describe_policies", {"ScalingPolicies": []})
    script.answer("describe_scheduled_actions", {"ScheduledUpdateGroupActions": [night]})
    assert look(control).owner == "EC2 Auto Scaling scheduled action night"
    hide_schedules(script)
    assert look(control, T0 + 5 * MINUTE).owner == "EC2 Auto Scaling scheduled action night"


# --- no machines --------------------------------------------------------------


def lacking(script: Script, *activities: dict[str, Any], **fields: Any) -> None:
    """Show a group of four that wants eight, and what its activities tell."""
    script.show(group(*FOUR, DesiredCapacity=8, **fields))
    script.show_activities(*activities)


def test_a_launch_that_found_no_machine_is_a_shortage(script: Script, control: AwsControl) -> None:
    """AWS accepts any desired capacity; that nobody comes is told by the activities alone."""
    lacking(
        script, failure(NO_MACHINES, T0 - MINUTE), launch(3, None) | {"StartTime": T0 - 9 * MINUTE}
    )
    script.show_nobody()
    seen = look(control)
    assert (seen.desired, seen.ready, seen.warming, seen.short) == (8, 4, 0, True)
    assert seen.detail == f"InService; the newest launch failed: {NO_MACHINES}"


BEGAN = {"StartTime": T0 - MINUTE}
WAITING = {"StatusCode": "WaitingForSpotInstanceId"}
GOING = {"Description": "Terminating EC2 instance"}
FAILED = "the newest launch failed: "
NEWER = (
    ("found_since", (failure(NO_MACHINES, T0 - 2 * MINUTE), launch(7, None) | BEGAN), False, ""),
    ("of_several", (failure(NO_MACHINES, T0 - MINUTE), launch(7, T0) | BEGAN), True, NO_MACHINES),
    ("another_reason", (failure("the image is gone", T0),), False, "the image is gone"),
    ("nothing_told", (), False, ""),
    ("a_termination", (failure(NO_MACHINES, T0, **GOING),), False, ""),
    (
        "still_waiting",
        (failure(NO_MACHINES, T0 - MINUTE), failure("soon", T0, **WAITING)),
        True,
        NO_MACHINES,
    ),
)


@pytest.mark.parametrize(
    ("activities", "short", "words"), [each[1:] for each in NEWER], ids=[each[0] for each in NEWER]
)
def test_the_newest_launch_that_ended_says_whether_machines_lack(
    activities: tuple[dict[str, Any], ...],
    short: bool,
    words: str,
    script: Script,
    control: AwsControl,
) -> None:
    """What found a machine since then ends the shortage; other failures are told and are none."""
    lacking(script, *activities)
    script.show_nobody()
    seen = look(control)
    assert seen.short is short
    assert seen.detail == (f"InService; {FAILED}{words}" if words else "InService")


def test_a_failed_launch_without_words_is_told_as_failed(
    script: Script, control: AwsControl
) -> None:
    """It is no shortage, as far as is known."""
    silent = failure("x", T0)
    del silent["StatusMessage"]
    lacking(script, silent)
    script.show_nobody()
    assert look(control).detail == f"InService; {FAILED}Failed"


def test_activities_are_not_asked_for_while_what_lacks_is_on_its_way(
    script: Script, control: AwsControl
) -> None:
    """Pending instances have their machines."""
    script.show(group(*FOUR, instance(4, "Pending"), DesiredCapacity=5))
    script.show_nobody()
    assert look(control).short is False


def test_a_shortage_of_a_group_freezes_it_and_halves_the_step(script: Script, rig: Rig) -> None:
    """As a refusal would on SageMaker: wait, ask for less, and keep what is there."""
    rig.metrics.load = 500.0
    lacking(script, failure(NO_MACHINES, T0 - MINUTE), MaxSize=99)
    script.show_nobody()
    rig.wake()
    assert rig.last().reason is Reason.CAPACITY_SHORTAGE
    assert (rig.last().action, rig.last().wanted) == (Action.HOLD, 20)
    assert rig.wake_in() == 60
    rig.pass_time(MINUTE)
    lacking(script, failure(NO_MACHINES, T0), MaxSize=99)
    script.show(group(*FOUR, DesiredCapacity=8, MaxSize=99))
    script.show_nobody()
    script.answer(SET, {}, {"AutoScalingGroupName": "workers", "DesiredCapacity": 14} | HONOR)
    rig.wake()
    assert rig.outcomes() == [OutcomeKind.APPLIED]


# --- pages --------------------------------------------------------------------


def test_groups_are_read_page_by_page(script: Script) -> None:
    """A group on the second page is found too."""
    asked = {"AutoScalingGroupNames": ["spare", "workers"], "MaxRecords": 50}
    first = {"AutoScalingGroups": [group(AutoScalingGroupName="spare")], "NextToken": "2"}
    script.answer("describe_auto_scaling_groups", first, asked)
    second = {"AutoScalingGroups": [group(*FOUR)]}
    script.answer("describe_auto_scaling_groups", second, asked | {"NextToken": "2"})
    assert list(fetch_groups(script.clients, ["spare", "workers"])) == ["spare", "workers"]
