"""Is a group's capacity read as what serves, and is a change of it bounded by the group?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from flyball.adapters.aws.control import AwsControl
from flyball.core.model import Capacity, CapacityRange, Missing, Status
from flyball.ports import Outcome, OutcomeKind
from tests.rig import SECOND, T0, make_target
from tests.unit.adapters.aws.scripted import Script, group, instance, launch

TARGET = make_target(resource={"auto_scaling_group": "workers"})
SET = "set_desired_capacity"
LAUNCH = {"ProcessName": "Launch", "SuspensionReason": "User suspended"}
TERMINATE = {"ProcessName": "Terminate", "SuspensionReason": "User suspended"}


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


def look(control: AwsControl, seconds: int = 0) -> Capacity:
    """Read the capacity, which must be known."""
    seen = control.describe(TARGET, T0 + seconds * SECOND)
    assert isinstance(seen, Capacity), seen
    return seen


def put(control: AwsControl, count: int) -> Outcome:
    """Set the capacity."""
    return control.apply(TARGET, CapacityRange(count, count), T0)


@dataclass(frozen=True)
class Case:
    """Instances of a group that wants four, how many of them are ready, and what is said."""

    id: str
    instances: tuple[dict[str, Any], ...]
    ready: int
    told: str
    lacks: bool = False


FOUR = tuple(instance(number) for number in range(4))
CASES = (
    Case("all_serve", FOUR, 4, ""),
    Case("coming", (*FOUR[:3], instance(3, "Pending:Wait")), 3, "1 pending"),
    Case(
        "standby",
        (*FOUR[:2], instance(2, "Standby"), instance(3, "EnteringStandby")),
        2,
        "2 in",
        True,
    ),
    Case("going", (*FOUR, instance(4, "Terminating:Wait")), 4, "1 terminating"),
    Case("sick", (*FOUR[:3], instance(3, HealthStatus="Unhealthy")), 3, "1 unhealthy", True),
    Case("warm_pool", (*FOUR, instance(4, "Warmed:Stopped")), 4, ""),
    Case("kept", (*FOUR[:3], instance(3, ProtectedFromScaleIn=True)), 4, "1 protected from scale"),
    Case("weighed", (instance(0, WeightedCapacity="3"), instance(1, WeightedCapacity="1")), 4, ""),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_ready_is_what_serves(case: Case, script: Script, control: AwsControl) -> None:
    """Whatever else is there counts in desired, and is said."""
    script.show(group(*case.instances, DesiredCapacity=4))
    if case.lacks:
        script.show_activities()
    script.show_nobody()
    seen = look(control)
    assert (seen.desired, seen.ready, seen.status) == (4, case.ready, Status.IN_SERVICE)
    assert (seen.least, seen.most, seen.short) == (1, 10, False)
    assert seen.detail.startswith(f"InService; {case.told}" if case.told else "InService")


def test_an_instance_counts_once_its_warm_up_is_over(script: Script, control: AwsControl) -> None:
    """It is in service for 120 s before it counts; known to be warm, it is not asked for again."""
    found = group(*FOUR, DefaultInstanceWarmup=120)
    activities = (
        launch(0, T0 - timedelta(hours=2)),
        launch(1, T0 - 60 * SECOND),
        launch(2, None),
        launch(3, T0 - 119 * SECOND, "Terminating"),
    )
    script.show(found)
    script.show_activities(*activities, since="2026-11-21T10:58:00Z")
    script.show_nobody()
    seen = look(control)
    assert (seen.desired, seen.ready, seen.detail) == (4, 2, "InService; 2 warming up")
    assert (seen.warming, seen.serving) == (2, 4)
    script.show(found)
    script.show_activities(activities[1], launch(2, T0 + 10 * SECOND))
    assert look(control, 60).ready == 3
    script.show(found)
    script.show_activities()
    assert look(control, 130).ready == 4
    script.show(found)
    assert look(control, 131).ready == 4


def test_activities_are_read_page_by_page_but_not_for_ever(
    script: Script, control: AwsControl
) -> None:
    """A busy group has many; five pages are enough."""
    found = group(*FOUR, DefaultInstanceWarmup=120)
    pages = [[launch(number, T0 - 600 * SECOND)] for number in range(3)]
    show_pages(script, found, *pages, [launch(3, T0)], [])
    script.show_nobody()
    seen = look(control)
    assert (seen.ready, seen.detail) == (3, "InService; 1 warming up")


def test_who_launched_beyond_the_activities_that_are_read_is_not_taken_for_warm(
    script: Script, control: AwsControl
) -> None:
    """Nor remembered as such: what may still start up is not what may be taken away."""
    found = group(*FOUR, DefaultInstanceWarmup=120)
    pages = [[launch(0, T0 - 121 * SECOND)], [launch(1, T0)], [], [], []]
    show_pages(script, found, *pages, more=True)
    script.show_nobody()
    told = "more than 500 activities: 2 of unknown launch are taken to be warming up"
    seen = look(control)
    assert (seen.ready, seen.warming) == (1, 3)
    assert seen.detail == f"InService; 3 warming up; {told}"
    show_pages(script, found, *pages, more=True)
    assert look(control, 60).warming == 3
    script.show(found)
    script.show_activities(launch(2, T0 + 30 * SECOND))
    seen = look(control, 130)
    assert (seen.ready, seen.detail) == (3, "InService; 1 warming up")


def show_pages(
    script: Script, found: dict[str, Any], *pages: list[dict[str, Any]], more: bool = False
) -> None:
    """Show a group, and its activities page by page; more: the last of them is not the end."""
    script.show(found)
    for number, page in enumerate(pages, 1):
        token = {"NextToken": "more"} if more or number < len(pages) else {}
        script.answer("describe_scaling_activities", {"Activities": page} | token)


def test_activities_that_may_not_be_read_blind_no_look(script: Script, control: AwsControl) -> None:
    """Whoever is not known to be warm is warming, so that nothing is taken away; and it is said."""
    script.show(group(*FOUR, DefaultInstanceWarmup=120))
    script.refuse("describe_scaling_activities", "AccessDenied", "not authorized")
    script.show_nobody()
    seen = look(control)
    assert (seen.ready, seen.warming, seen.short) == (0, 4, False)
    assert seen.detail == (
        "InService; 4 warming up; "
        "the group's activities are not known (AccessDenied: not authorized)"
    )


def test_suspended_processes_and_a_deletion_are_said(script: Script, control: AwsControl) -> None:
    """A group that is being deleted takes no change."""
    script.show(group(*FOUR, SuspendedProcesses=[LAUNCH, TERMINATE]))
    script.show_nobody()
    assert look(control).detail == "InService; Launch is suspended, Terminate is suspended"
    script.show(group(*FOUR, Status="Delete in progress"))
    seen = look(control, 1)
    assert (seen.status, seen.detail) == (Status.BUSY, "Delete in progress")


def test_a_group_that_is_not_there_is_missing(script: Script, control: AwsControl) -> None:
    """AWS answers with an empty list; that is not zero."""
    script.show()
    seen = control.describe(TARGET, T0)
    assert isinstance(seen, Missing)
    assert seen.detail.startswith("auto-scaling-group/workers: could not find the group")
    script.show()
    outcome = put(control, 3)
    assert (outcome.kind, "could not find" in outcome.detail) == (OutcomeKind.FAILED, True)


def test_a_change_is_sent_at_once_whatever_the_groups_cooldown(
    script: Script, control: AwsControl
) -> None:
    """Cooldowns are ours."""
    script.show(group(*FOUR))
    script.show_nobody()
    expected = {"AutoScalingGroupName": "workers", "DesiredCapacity": 6, "HonorCooldown": False}
    script.answer(SET, {}, expected)
    assert put(control, 6) == Outcome(OutcomeKind.APPLIED)


@pytest.mark.parametrize(
    ("count", "fields", "told"),
    [
        (6, {"SuspendedProcesses": [LAUNCH]}, "Launch is suspended: no instance comes"),
        (2, {"SuspendedProcesses": [TERMINATE]}, "Terminate is suspended: no instance goes"),
        (2, {"SuspendedProcesses": [LAUNCH]}, ""),
        (6, {"SuspendedProcesses": [TERMINATE]}, ""),
    ],
)
def test_what_will_keep_a_change_from_coming_about_is_said(
    count: int, fields: dict[str, Any], told: str, script: Script, control: AwsControl
) -> None:
    """AWS accepts it all the same."""
    script.show(group(*FOUR, **fields))
    script.show_nobody()
    script.answer(SET, {})
    outcome = put(control, count)
    assert outcome.kind is OutcomeKind.APPLIED
    assert told in outcome.detail
    assert bool(told) is bool(outcome.detail)


@pytest.mark.parametrize(("count", "kept"), [(2, True), (3, False), (5, False)])
def test_protected_instances_outlast_a_scale_in(
    count: int, kept: bool, script: Script, control: AwsControl
) -> None:
    """Three are protected: asked for two, the group keeps three, and that is said."""
    protected = (instance(number, ProtectedFromScaleIn=True) for number in range(3))
    script.show(group(*protected, instance(3)))
    script.show_nobody()
    script.answer(SET, {})
    assert ("3 in service are protected from scale-in" in put(control, count).detail) is kept


def test_protected_instances_keep_nothing_from_coming(script: Script, control: AwsControl) -> None:
    """Four are kept though two are wanted; three is more than two."""
    protected = (instance(number, ProtectedFromScaleIn=True) for number in range(4))
    script.show(group(*protected, DesiredCapacity=2))
    script.show_nobody()
    script.answer(SET, {})
    assert put(control, 3) == Outcome(OutcomeKind.APPLIED)


@pytest.mark.parametrize("count", [1, 10])
def test_the_groups_own_bounds_are_inside_them(
    count: int, script: Script, control: AwsControl
) -> None:
    """The minimum and the maximum themselves may be set."""
    script.show(group(*FOUR))
    script.show_nobody()
    script.answer(SET, {})
    assert put(control, count).kind is OutcomeKind.APPLIED


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (11, "11 is above the group's MaxSize, by now 10; raise the group's MaxSize, or lower max"),
        (1, "1 is below the group's MinSize, by now 2; lower the group's MinSize, or raise min"),
    ],
)
def test_what_crosses_a_bound_that_was_moved_since_the_look_is_not_sent(
    count: int, told: str, script: Script, control: AwsControl
) -> None:
    """With the remedy; nothing is learned, as the next look sees the bound."""
    script.show(group(*FOUR, MinSize=2))
    script.show_nobody()
    outcome = put(control, count)
    assert (outcome.kind, outcome.quota) == (OutcomeKind.ABORTED, None)
    assert told in outcome.detail


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ScalingActivityInProgress", OutcomeKind.DEFERRED),
        ("ResourceContention", OutcomeKind.DEFERRED),
        ("ValidationError", OutcomeKind.FAILED),
        ("AccessDenied", OutcomeKind.DENIED),
        ("Throttling", OutcomeKind.THROTTLED),
    ],
)
def test_a_refusal_by_a_group_is_an_outcome(
    code: str, kind: OutcomeKind, script: Script, control: AwsControl
) -> None:
    """With its words."""
    script.show(group(*FOUR))
    script.show_nobody()
    script.refuse(SET, code, "words")
    outcome = put(control, 6)
    assert outcome == Outcome(kind, f"{code}: words")


@pytest.mark.parametrize(
    ("code", "kind"),
    [("AccessDenied", OutcomeKind.DENIED), ("Throttling", OutcomeKind.THROTTLED)],
)
def test_a_group_that_cannot_be_read_before_a_change_gets_none(
    code: str, kind: OutcomeKind, script: Script, control: AwsControl
) -> None:
    """Its bounds are not known: not sent, and nothing can have landed."""
    script.refuse("describe_auto_scaling_groups", code, "words", 500)
    assert put(control, 6) == Outcome(kind, f"not sent: {code}: words")


def test_a_policy_put_on_a_moment_ago_is_found_before_sending(
    script: Script, control: AwsControl
) -> None:
    """The last look saw nobody."""
    script.show(group(*FOUR))
    script.show_nobody()
    assert look(control).owner == ""
    script.show(group(*FOUR))
    script.answer("describe_policies", {"ScalingPolicies": [{"PolicyName": "cpu"}]})
    script.answer("describe_scheduled_actions", {"ScheduledUpdateGroupActions": []})
    outcome = put(control, 6)
    assert outcome.kind is OutcomeKind.ABORTED
    assert "EC2 Auto Scaling policy cpu scales auto-scaling-group/workers too" in outcome.detail
    assert "disable its policies" in outcome.detail


def test_many_groups_are_read_in_one_call(script: Script, control: AwsControl) -> None:
    """Read ahead for the looks that follow within seconds, and no longer."""
    script.show(group(*FOUR), group(instance(9), AutoScalingGroupName="spare"))
    spare = make_target(resource={"auto_scaling_group": "spare"})
    control.prefetch([TARGET, spare], T0)
    script.show_nobody()
    script.show_nobody()
    assert look(control, 10).desired == 4
    seen = control.describe(spare, T0)
    assert isinstance(seen, Capacity)
    assert seen.desired == 1
    script.show(group(*FOUR[:2]))
    assert look(control, 11).desired == 2
