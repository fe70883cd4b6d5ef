"""Does anything of ours look at a scalable target, and may it scale what it sees?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from flyball.adapters.aws.handover import Native
from flyball.adapters.aws.resource import (
    Component,
    ResourceError,
    Variant,
    read_resource,
    resource_key,
)
from flyball.core.model import Capacity, Missing
from flyball.core.target import Mode, ScalableTarget
from flyball.plan.model import Check, Choices, Level, Memory, Scope
from flyball.plan.sight import find_blind, tell_blind


class Reach(NamedTuple):
    """What a deployment's functions may scale: patterns with * and ?, and a tag.

    Attributes:
        endpoint: Of endpoints, in small letters.
        component: Of inference components, in small letters.
        group: Of EC2 Auto Scaling groups.
        tag: Value of the tag that each of them must bear; "": none.
    """

    endpoint: str = "*"
    component: str = "*"
    group: str = "*"
    tag: str = ""


ANYTHING = Reach()


class Scene(NamedTuple):
    """What is judged by.

    Attributes:
        scope: The targets.
        choices: What the user decided.
        memory: What the ledger remembers.
        now: Aware UTC.
        natives: AWS's own scaling, by resource.
        live: Reads the capacity that is there.
        count_missed: Counts the scheduled actions of native scaling.
        reach: What the functions may scale.
        advises: The deployment changes nothing, whatever the configs say.
        bare: By scalable target: why the functions may not scale it for want of a tag.
    """

    scope: Scope
    choices: Choices
    memory: Memory
    now: datetime
    natives: Mapping[str, Native]
    live: Callable[[ScalableTarget], Capacity | Missing]
    count_missed: Callable[[Native], int]
    reach: Reach
    advises: bool
    bare: Mapping[str, str] = {}


def check_sight(target: ScalableTarget, scene: Scene, *, taking: bool) -> Iterator[Check]:
    """Say whether ours could be in charge of a target; in doubt nothing is taken over."""
    if target.mode is not Mode.APPLY:
        return
    level = Level.FAIL if taking and not scene.choices.unseen else Level.WARN
    beyond = _find_beyond(target, scene.reach)
    if beyond:
        remedy = "deploy the stack with a pattern that it matches"
        yield Check("permissions", level, beyond, remedy, target.id)
    elif target.id in scene.bare:
        remedy = "give it that tag, or deploy the stack with another ResourceTag"
        yield Check("tags", level, scene.bare[target.id], remedy, target.id)
    blind = find_blind(target, scene.scope, scene.memory, _key, scene.now) if taking else ""
    if blind:
        first = (
            "apply without --take-over, give the functions a minute, ask `flyball doctor`, and "
            "take over then"
        )
        yield tell_blind(blind, first, target.id, unseen=scene.choices.unseen)


def _key(target: ScalableTarget) -> str:
    try:
        return resource_key(target.resource)
    except ResourceError:
        return ""


def _find_beyond(target: ScalableTarget, reach: Reach) -> str:
    """Say why the functions may not scale a target; "" if they may."""
    resource = read_resource(target.resource)
    if isinstance(resource, Variant):
        name, pattern, which = resource.endpoint.lower(), reach.endpoint, "EndpointNames"
    elif isinstance(resource, Component):
        name, which = resource.inference_component.lower(), "ComponentNames"
        pattern = reach.component
    else:
        name, pattern, which = resource.auto_scaling_group, reach.group, "GroupNames"
    if re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), name):
        return ""
    return (
        f"{name} does not match the stack's {which} ({pattern}), so its functions may not scale it"
    )
