"""Who is in charge of each resource once a plan is carried out: native scaling, ours, or nobody?

Nobody and two are problems of the plan, unless they were asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import NamedTuple

from flyball.adapters.aws.handover import Native
from flyball.adapters.aws.live import check_native
from flyball.adapters.aws.resource import read_key, resource_key
from flyball.adapters.aws.sight import Scene, check_sight
from flyball.core.model import Missing
from flyball.core.target import Mode, ScalableTarget
from flyball.plan.model import (
    ACTIVE,
    HELD_FOR,
    NOBODY,
    SUSPENDED,
    Check,
    Held,
    Kind,
    Level,
    Memory,
    Part,
    Scope,
)
from flyball.plan.sight import HAND_OVER
from flyball.plan.twins import check_twins

AT_ONCE = 8
AWS = "aws"
DECIDE = "say --hand-back to resume it, or --no-hand-back to leave it suspended"


class Hands(NamedTuple):
    """What is to be suspended, resumed or passed on, and what is wrong with that."""

    wanted: list[Part]
    found: list[Part]
    checks: list[Check]


def find_places(scope: Scope, memory: Memory) -> list[str]:
    """List the resources whose native scaling matters: of every target, and what one holds."""
    places = [resource_key(each.resource) for each in (*scope.staying, *scope.leaving)]
    for target in scope.staying:
        if (old := _find_left(scope, target)) is not None:
            places += [resource_key(old.resource), *memory.held(target.id)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for held in pool.map(lambda each: memory.held(each.id), scope.leaving):
            places += held
    return list(dict.fromkeys(places))


def settle(scene: Scene) -> Hands:
    """Say for every target who is in charge, and what has to change hands for that."""
    hands = Hands([], [], [*check_twins(scene.scope, _key)])
    for target in scene.scope.staying:
        if (old := _find_left(scene.scope, target)) is not None:
            _leave(scene, hands, old, resource_key(old.resource))
            text = f"it leaves {resource_key(old.resource)}, which Flyball then scales no more"
            hands.checks.append(Check("resource", Level.WARN, text, "", target.id))
        _stay(scene, hands, target)
    for target in scene.scope.leaving:
        for key in dict.fromkeys((resource_key(target.resource), *scene.memory.held(target.id))):
            _leave(scene, hands, target, key)
    return hands


def _find_left(scope: Scope, target: ScalableTarget) -> ScalableTarget | None:
    """Give a target as it is in force, if that is on another resource than it is to be."""
    old = scope.registered.get(target.id)
    if old is None or dict(old.resource) == dict(target.resource):
        return None
    try:
        return None if resource_key(old.resource) == resource_key(target.resource) else old
    except ValueError:
        return None


def _key(target: ScalableTarget) -> str:
    try:
        return resource_key(target.resource)
    except ValueError:
        return ""


def _stay(scene: Scene, hands: Hands, target: ScalableTarget) -> None:
    """Judge a target that is to be in service."""
    key = resource_key(target.resource)
    native = scene.natives.get(key)
    applies = target.mode is Mode.APPLY
    taking = applies and scene.choices.take_over and native is not None and native.is_active
    if applies and scene.advises:
        _tell_adviser(hands, target, taking=taking)
    hands.checks.extend(check_sight(target, scene, taking=taking))
    if native is None:
        return
    if taking:
        hands.found.append(_part(native, target.id, native.state))
        hands.wanted.append(_part(native, target.id, dict.fromkeys(native.state, SUSPENDED)))
        return
    if native.is_active:
        hands.checks.extend(check_native(target, native))
    if SUSPENDED in native.state.values():
        _stay_suspended(scene, hands, target, native)


def _tell_adviser(hands: Hands, target: ScalableTarget, *, taking: bool) -> None:
    if taking:
        text = "the deployment only advises, so nobody would be in charge"
        remedy = "deploy it with mode apply first"
        hands.checks.append(Check(HAND_OVER, Level.FAIL, text, remedy, target.id))
    else:
        text = "the config says to apply, and the deployment only advises: nothing is changed"
        remedy = "deploy it with mode apply, or set `mode: advise`"
        hands.checks.append(Check("mode", Level.WARN, text, remedy, target.id))


def _stay_suspended(scene: Scene, hands: Hands, target: ScalableTarget, native: Native) -> None:
    """Judge a target that stays where native scaling is, in whole or in part, suspended."""
    key, memory, old = resource_key(target.resource), scene.memory, scene.scope.moves.get(target.id)
    applies = target.mode is Mode.APPLY and not scene.advises
    was = scene.scope.registered.get(target.id)
    if applies and was is not None and was.mode is Mode.APPLY and _key(was) == key:
        return  # it is in charge, and stays so
    held = memory.held(target.id).get(key)
    moved = memory.held(old).get(key) if held is None and old is not None else None
    if applies:
        holder = memory.holder(key) if held is None and moved is None else None
        if holder is not None:
            for parts, whose in ((hands.found, holder), (hands.wanted, target.id)):
                parts.append(_part(native, target.id, {**native.state, HELD_FOR: whose}))
        elif held is None and moved is None and not native.is_active:
            hands.checks.append(_tell_strange(target, native))
        return
    if _find_taker(scene, target, key) is not None:
        return
    whose = target.id
    if held is None and (holder := memory.holder(key)) is not None:
        held, whose = memory.held(holder)[key], holder
    if held is not None:
        _return(scene, hands, replace(target, id=whose), native, held)
    elif not native.is_active:
        hands.checks.append(_tell_strange(target, native))


def _tell_strange(target: ScalableTarget, native: Native) -> Check:
    text = (
        f"native scaling is suspended on {native.resource_id}, not by this deployment: another may "
        "be in charge, or nobody"
    )
    return Check(HAND_OVER, Level.WARN, text, "ask who suspended it", target.id)


def _find_taker(scene: Scene, target: ScalableTarget, key: str) -> str | None:
    """Name another target that is in charge of a resource once the plan is carried out."""
    if scene.advises:
        return None
    after = (*scene.scope.staying, *scene.scope.others)
    found = (each for each in after if each.mode is Mode.APPLY and _key(each) == key)
    return next((each.id for each in found if each.id != target.id), None)


def _leave(scene: Scene, hands: Hands, target: ScalableTarget, key: str) -> None:
    """Judge a resource that a target leaves."""
    if _find_taker(scene, target, key) is not None:
        return
    native = scene.natives.get(key)
    held, holder = scene.memory.held(target.id).get(key), target.id
    is_suspended = native is not None and SUSPENDED in native.state.values()
    if held is None and is_suspended and (other := scene.memory.holder(key)) is not None:
        held, holder = scene.memory.held(other)[key], other
    if held is not None and native is None:
        _tell_gone(scene, hands, target, key, held)
    elif held is not None and native is not None:
        there = replace(target, id=holder, resource=read_key(key))
        _return(scene, hands, there, native, held)
    elif is_suspended and native is not None and not native.is_active:
        _tell_left(scene, hands, target, native)


def _return(scene: Scene, hands: Hands, target: ScalableTarget, native: Native, held: Held) -> None:
    """Hand native scaling back as it was, or say that it has to be decided."""
    after = {**native.state, **held.before}
    if after == native.state:
        return
    if scene.choices.hand_back:
        hands.found.append(_part(native, target.id, native.state))
        hands.wanted.append(_part(native, target.id, after))
        hands.checks.extend(_check_return(scene, target, native, held))
    elif scene.choices.hand_back is None:
        text = "native scaling was suspended by a take-over: nobody would scale it"
        hands.checks.append(Check(HAND_OVER, Level.FAIL, text, DECIDE, target.id))
    else:
        text = f"native scaling of {native.resource_id} stays suspended: {NOBODY}"
        hands.checks.append(Check(HAND_OVER, Level.WARN, text, "", target.id))


def _tell_gone(scene: Scene, hands: Hands, target: ScalableTarget, key: str, held: Held) -> None:
    """Refuse to hand back to what is not there any more."""
    if scene.choices.hand_back is False or ACTIVE not in held.before.values():
        return
    text = f"native scaling of {key} was suspended by a take-over, and is not registered any more"
    remedy = (
        "register it again (register-scalable-target) and say --hand-back; or say --no-hand-back: "
        "nobody scales it then"
    )
    hands.checks.append(Check(HAND_OVER, Level.FAIL, text, remedy, target.id))


def _tell_left(scene: Scene, hands: Hands, target: ScalableTarget, native: Native) -> None:
    """Name a resource that is left while native scaling is suspended, and not by us."""
    was = scene.scope.registered.get(target.id)
    if was is None or was.mode is not Mode.APPLY or scene.choices.hand_back is False:
        return
    text = f"native scaling of {native.resource_id} is suspended, and not by this deployment"
    remedy = (
        "nobody would scale it: resume it yourself (register-scalable-target), or say "
        "--no-hand-back to leave it suspended"
    )
    hands.checks.append(Check(HAND_OVER, Level.FAIL, text, remedy, target.id))


def _check_return(
    scene: Scene, target: ScalableTarget, native: Native, held: Held
) -> Iterator[Check]:
    """Refuse to hand back to bounds that would change capacity at once; say how old they are."""
    low, high = native.min_capacity, native.max_capacity
    missed = scene.count_missed(native)
    if missed:
        text = (
            f"its bounds are {low}–{high} since {held.since:%Y-%m-%d %H:%M} UTC or longer: its "
            f"scheduled actions ({missed}) did not run meanwhile"
        )
        remedy = "set the bounds of this hour (register-scalable-target) if a schedule moves them"
        yield Check(HAND_OVER, Level.WARN, text, remedy, target.id)
    capacity = scene.live(target)
    if isinstance(capacity, Missing):
        text = f"current capacity cannot be read: {capacity.detail}"
        remedy = "try again later; if the resource is gone, say --no-hand-back"
        yield Check(HAND_OVER, Level.FAIL, text, remedy, target.id)
    elif not low <= capacity.desired <= high:
        bounds = f"native scaling's bounds are {low}–{high}"
        text = f"it has {capacity.desired}, and {bounds}: it would jump"
        remedy = "set native bounds around it first (register-scalable-target), or scale there"
        yield Check(HAND_OVER, Level.FAIL, text, remedy, target.id)


def _part(native: Native, whose: str, state: Mapping[str, str]) -> Part:
    return Part(Kind.NATIVE, native.resource_id, whose, AWS, dict(state))
