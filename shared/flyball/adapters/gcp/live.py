"""Would a config change at once what is live, and does a function look at what it begins to scale?

Vertex AI goes on picking inside a range that nobody moves. So nothing is taken over here; but a
scalable target that begins to apply is held to what a take-over is held to elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import NamedTuple

from flyball.adapters.gcp.fields import join
from flyball.adapters.gcp.resource import DeployedModel, ResourceError, name_resource, read_resource
from flyball.adapters.gcp.session import LOGIN, NO_CREDENTIALS
from flyball.address import doubt_google, find_kept
from flyball.core.model import Capacity, Missing, MissingCause
from flyball.core.target import CapacityKind, Mode, ScalableTarget
from flyball.plan.live import ASK, Live, check_bounds, look_at_all, tell_unread
from flyball.plan.model import Check, Choices, Level, Memory, Scope
from flyball.plan.sight import HAND_OVER, find_blind, tell_blind
from flyball.plan.twins import check_twins

_ABSENT = re.compile(r"\bNOT_FOUND\b|\bHTTP 404\b")
_DENIED = re.compile(r"\bPERMISSION_DENIED\b|\bHTTP 403\b")
_UNANSWERED = re.compile(r"^[A-Z][A-Z_]+: |^HTTP \d|^[A-Za-z]+Error: ")
"""How it is told that a call failed; what was answered and is not enough says what to do."""
FIRST = (
    "apply it in `mode: advise`, give the functions a minute, ask `flyball doctor`, and set "
    "`mode: apply` then"
)
BY_ID = "a redeploy gives another id, and then nothing is scaled: name model instead"
ANOTHER = "of several it is the one with the most traffic; another then gets the floor of this one"


class Scene(NamedTuple):
    """What is judged by.

    Attributes:
        scope: The targets; those that stay all name a resource.
        choices: What the user decided.
        memory: What the ledger remembers.
        now: Aware UTC.
        live: Reads the range that is there.
        advises: The deployment changes nothing, whatever the configs say.
    """

    scope: Scope
    choices: Choices
    memory: Memory
    now: datetime
    live: Live
    advises: bool


def judge(scene: Scene, advance: Callable[[int], None]) -> list[Check]:
    """Say who would scale against whom, who is not looked at, and what would change at once."""
    staying = scene.scope.staying
    applying = [each for each in staying if each.mode is Mode.APPLY]
    checks = list(check_twins(scene.scope, _make_key(scene.scope)))
    for target in applying:
        checks += _check_sight(scene, target)
    return checks + look_at_all(lambda each: _look(scene, each), staying, advance)


def check_range(
    capacity: Capacity | Missing, target: ScalableTarget, choices: Choices, *, taking: bool = False
) -> Iterator[Check]:
    """Say where applying would change capacity at once.

    What serves is what counts: a ceiling below it takes it away, and is refused until it is asked
    for; a floor above it adds. A floor that is only lowered changes nothing by itself.

    Args:
        capacity: As the service has it.
        target: The config.
        choices: What the user decided.
        taking: It begins to apply: what cannot be read is not begun with.
    """
    if isinstance(capacity, Missing):
        yield tell_unread(capacity, target, taking=taking, remedy=find_remedy(capacity, target))
        return
    if target.mode is Mode.ADVISE:
        return
    ceiling = capacity.desired if capacity.ceiling is None else capacity.ceiling
    shown = str(capacity.desired)
    if ceiling != capacity.desired:
        shown = f"{shown}–{ceiling}"
    serving = max(capacity.serving, capacity.desired)
    yield from check_bounds(target, choices, f"its range is {shown} with {serving} there", serving)


def find_remedy(missing: Missing, target: ScalableTarget) -> str:
    """Say what to do where a range cannot be read; "": the reason says it itself."""
    detail, resource = missing.detail, target.resource
    is_told = "version" in resource or not _ABSENT.search(detail)
    if missing.cause is MissingCause.UNAVAILABLE and is_told:
        return ""
    if NO_CREDENTIALS in detail:
        return LOGIN
    if _DENIED.search(detail):
        return "may you read it? see `flyball doctor`"
    if not _ABSENT.search(detail):
        return ASK if _UNANSWERED.search(detail) else ""
    doubts = [each for each in doubt_google(resource) if each.key == "endpoint"]
    if doubts:
        return f"{doubts[0].text}; {doubts[0].remedy}"
    where = " in " + resource["location"] if resource.get("location") else ""
    return f"does it exist{where}, in project {resource.get('project', '')}? see `flyball doctor`"


def check_floor(capacity: Capacity | Missing, target: ScalableTarget) -> Iterator[Check]:
    """Say where 1 is kept though a config lets a target go to zero.

    That another model is on the endpoint only Google can say, so what no `validate` can see is a
    problem of the plan; but one that only advises keeps nothing.
    """
    if target.min_capacity:
        return
    kept = find_kept(target.resource)
    least = 0 if isinstance(capacity, Missing) else capacity.least
    if kept is not None and (least or isinstance(capacity, Missing)):
        text = f"min_capacity is 0, and 1 is kept: {kept[0]}"
        yield Check("floor", Level.WARN, text, kept[1], target.id)
    elif kept is None and least:
        level = Level.FAIL if target.mode is Mode.APPLY else Level.WARN
        text = "min_capacity is 0, and 1 is kept: another model is deployed to its endpoint"
        remedy = "set min_capacity: 1, or give it an endpoint of its own"
        yield Check("floor", level, text, remedy, target.id)


def check_deployed(capacity: Capacity | Missing, target: ScalableTarget) -> Iterator[Check]:
    """Say which deployed model is meant, and what comes of a redeploy or beside others."""
    if isinstance(capacity, Missing) or capacity.deployed is None:
        return
    if target.resource.get("deployed_model"):
        how, remedy = "by its id", BY_ID
    else:
        how = "by its model" if target.resource.get("model") else "as none is named"
        remedy = ANOTHER if capacity.among > 1 else ""
    text = join((f"{capacity.deployed.shown} is scaled, {how}", capacity.detail))
    yield Check("deployed model", Level.OK, text, remedy, target.id)


def check_pin(capacity: Capacity | Missing, target: ScalableTarget) -> Iterator[Check]:
    """Say where a range of which the service picks the number becomes one number."""
    if target.capacity_kind is not CapacityKind.COUNT or isinstance(capacity, Missing):
        return
    if capacity.ceiling is None or capacity.ceiling <= capacity.desired:
        return
    closed = "is closed" if target.mode is Mode.APPLY else "would be closed"
    text = (
        f"its range {capacity.desired}–{capacity.ceiling} {closed} to one number, at first the "
        f"{max(capacity.serving, capacity.desired)} there: the service no longer picks"
    )
    yield Check("pin", Level.OK, text, "`capacity_kind: range` leaves it the choice", target.id)


def share(one: ScalableTarget, other: ScalableTarget) -> bool:
    """Say whether two targets scale the same; who names no deployed model means the only one."""
    keys = _key(one), _key(other)
    is_loose = any(each.endswith("/-") for each in keys)
    return keys[0] == keys[1] or (is_loose and _endpoint(one) == _endpoint(other) != "")


def _look(scene: Scene, target: ScalableTarget) -> Iterator[Check]:
    taking = _begins(scene.scope, target)
    capacity = scene.live(target)
    yield from check_deployed(capacity, target)
    yield from check_floor(capacity, target)
    yield from check_pin(capacity, target)
    yield from check_range(capacity, target, scene.choices, taking=taking)


def _check_sight(scene: Scene, target: ScalableTarget) -> Iterator[Check]:
    """Say whether ours could be in charge of a target that applies; in doubt it does not begin."""
    begins, unseen = _begins(scene.scope, target), scene.choices.unseen
    if scene.advises and begins and not unseen:
        text = "the deployment only advises, so nobody would be in charge"
        remedy = "deploy it with mode apply first, or set `mode: advise`; --unseen goes ahead"
        yield Check(HAND_OVER, Level.FAIL, text, f"{remedy} all the same", target.id)
    elif scene.advises:
        text = "the config says to apply, and the deployment only advises: nothing is changed"
        remedy = "deploy it with mode apply, or set `mode: advise`"
        yield Check("mode", Level.WARN, text, remedy, target.id)
    elif begins:
        blind = find_blind(target, scene.scope, scene.memory, _key, scene.now)
        if blind:
            yield tell_blind(blind, FIRST, target.id, unseen=unseen)


def _begins(scope: Scope, target: ScalableTarget) -> bool:
    """Say whether a target applies from now on, and did not before on this resource."""
    was = scope.registered.get(scope.moves.get(target.id, target.id))
    goes_on = was is not None and was.mode is Mode.APPLY and _key(was) == _key(target)
    return target.mode is Mode.APPLY and not goes_on


def _make_key(scope: Scope) -> Callable[[ScalableTarget], str]:
    """Make what names a resource for who shares it.

    Where one of an endpoint's targets names no deployed model it means the only one there is, which
    is then also what the others name.
    """
    every = (*scope.staying, *scope.others, *scope.registered.values())
    loose = {_endpoint(each) for each in every if _key(each).endswith("/-")}

    def key(target: ScalableTarget) -> str:
        endpoint = _endpoint(target)
        return f"{endpoint}/deployedModels/-" if endpoint and endpoint in loose else _key(target)

    return key


def _endpoint(target: ScalableTarget) -> str:
    """Name the endpoint of a deployed model; "" of anything else."""
    try:
        resource = read_resource(target.resource)
    except ResourceError:
        return ""
    if not isinstance(resource, DeployedModel):
        return ""
    return name_resource(resource).partition("/deployedModels/")[0]


def _key(target: ScalableTarget) -> str:
    try:
        return name_resource(read_resource(target.resource))
    except ResourceError:
        return ""
