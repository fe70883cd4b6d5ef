"""Is it known what the functions of a stack may scale, whatever kind of resource it is?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import NoReturn

import pytest

from flyball.adapters.aws.sight import Reach, Scene, check_sight
from flyball.core.target import Mode, ScalableTarget
from flyball.plan.model import Choices, Held, Level, Scope, Sight
from tests.rig import MINUTE, T0, make_target


@dataclass(frozen=True)
class Memories:
    """A ledger that remembers one look."""

    sight: Sight | None

    def held(self, scalable_target_id: str) -> dict[str, Held]:  # noqa: ARG002
        """Nothing is held."""
        return {}

    def holder(self, resource: str) -> str | None:  # noqa: ARG002
        """Nobody holds anything."""
        return None

    def seen(self, scalable_target_id: str) -> Sight | None:  # noqa: ARG002
        """Give the one look."""
        return self.sight


def scene(
    target: ScalableTarget, sight: Sight | None, reach: Reach, choices: Choices | None = None
) -> Scene:
    """Make what a look is judged by."""

    def refuse(_: object) -> NoReturn:
        raise AssertionError

    scope = Scope([target], [], [], {target.id: target}, {})
    return Scene(
        scope,
        choices or Choices(take_over=True),
        Memories(sight),
        T0,
        {},
        refuse,
        refuse,
        reach,
        advises=False,
    )


@pytest.mark.parametrize(
    ("resource", "reach", "named"),
    [
        ({"endpoint": "Chat-1", "variant": "v"}, Reach(endpoint="chat-?"), None),
        ({"endpoint": "chat-11", "variant": "v"}, Reach(endpoint="chat-?"), "EndpointNames"),
        ({"endpoint": "chat", "variant": "v"}, Reach(component="x", group="x"), None),
        ({"inference_component": "Llm"}, Reach(component="l*m"), None),
        ({"inference_component": "llm2"}, Reach(component="l*m"), "ComponentNames"),
        ({"auto_scaling_group": "Workers"}, Reach(group="Workers"), None),
        ({"auto_scaling_group": "workers"}, Reach(group="Workers"), "GroupNames"),
        ({"auto_scaling_group": "a.b"}, Reach(group="a?b"), None),
        ({"auto_scaling_group": "axb"}, Reach(group="a.b"), "GroupNames"),
    ],
)
def test_a_name_is_held_against_the_pattern_of_its_kind(
    resource: dict[str, str], reach: Reach, named: str | None
) -> None:
    """As IAM does, in small letters where the template asks for them."""
    target = make_target("t", home="aws", resource=resource)
    for taking, level in ((True, Level.FAIL), (False, Level.WARN)):
        checks = list(check_sight(target, scene(target, Sight(T0), reach), taking=taking))
        assert [each.level for each in checks] == ([level] if named else [])
        assert all(f"the stack's {named} (" in each.text for each in checks)


@pytest.mark.parametrize(
    ("ago", "heartbeat", "is_seen"),
    [
        (15 * MINUTE, 5 * MINUTE, True),
        (15 * MINUTE + timedelta(seconds=1), 5 * MINUTE, False),
        (60 * MINUTE, 30 * MINUTE, True),
        (61 * MINUTE, 30 * MINUTE, False),
    ],
)
def test_lately_is_a_quarter_of_an_hour_or_two_heartbeats(
    ago: timedelta, heartbeat: timedelta, is_seen: bool
) -> None:
    """Whichever is longer."""
    resource = {"endpoint": "e", "variant": "v"}
    target = make_target("t", home="aws", resource=resource, heartbeat=heartbeat)
    checks = list(check_sight(target, scene(target, Sight(T0 - ago), Reach()), taking=True))
    assert checks == [] if is_seen else checks[0].level is Level.FAIL
    unseen = scene(target, Sight(T0 - ago), Reach(), Choices(take_over=True, unseen=True))
    assert all(each.level is Level.WARN for each in check_sight(target, unseen, taking=True))


def test_what_lacks_the_tag_is_not_taken_over_and_is_named_otherwise() -> None:
    """Every change would be denied; a name that is out of reach is said alone."""
    target = make_target("t", home="aws", resource={"endpoint": "e", "variant": "v"})
    bare = scene(target, Sight(T0), Reach())._replace(bare={"t": "it has no tag"})
    for taking, level in ((True, Level.FAIL), (False, Level.WARN)):
        (check,) = check_sight(target, bare, taking=taking)
        assert (check.name, check.level, check.text) == ("tags", level, "it has no tag")
    unseen = bare._replace(choices=Choices(take_over=True, unseen=True))
    assert [each.level for each in check_sight(target, unseen, taking=True)] == [Level.WARN]
    beyond = bare._replace(reach=Reach(endpoint="x"))
    assert [each.name for each in check_sight(target, beyond, taking=True)] == ["permissions"]


def test_an_adviser_needs_no_look() -> None:
    """It is in charge of nothing."""
    resource = {"endpoint": "e", "variant": "v"}
    target = make_target("t", home="aws", resource=resource, mode=Mode.ADVISE)
    assert list(check_sight(target, scene(target, None, Reach("x")), taking=False)) == []
