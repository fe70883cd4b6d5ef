"""Would a config change what is live at once, and would two of its targets scale the same?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from flyball.core.model import Capacity, Missing
from flyball.core.target import Mode, ScalableTarget
from flyball.plan.model import Check, Choices, Level, Scope

AT_ONCE = 8
"""Resources that are asked at the same time."""

Live = Callable[[ScalableTarget], Capacity | Missing]
"""Reads what the service has now."""


def look_at_all(
    live: Live,
    targets: Sequence[ScalableTarget],
    choices: Choices,
    advance: Callable[[int], None],
) -> list[Check]:
    """Hold what is live against each config, several at a time."""

    def look(target: ScalableTarget) -> list[Check]:
        found = [*check_range(live(target), target, choices)]
        advance(1)
        return found

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [check for checks in pool.map(look, targets) for check in checks]


def check_range(
    capacity: Capacity | Missing, target: ScalableTarget, choices: Choices
) -> Iterator[Check]:
    """Say where applying would change capacity at once.

    What serves is what counts: a ceiling below it takes it away, and is refused until it is asked
    for; a floor above it adds. A floor that is only lowered changes nothing by itself.
    """
    if isinstance(capacity, Missing):
        text = f"current capacity cannot be read: {capacity.detail or capacity.cause.value}"
        remedy = "does the resource exist, and may you see it? see `flyball doctor`"
        yield Check("capacity", Level.WARN, text, remedy, target.id)
        return
    if target.mode is Mode.ADVISE:
        return
    ceiling = capacity.desired if capacity.ceiling is None else capacity.ceiling
    serving, low, high = (
        max(capacity.serving, capacity.desired),
        target.min_capacity,
        target.max_capacity,
    )
    shown = (
        f"{capacity.desired}" if ceiling == capacity.desired else f"{capacity.desired}–{ceiling}"
    )
    bounds = f"its range is {shown} with {serving} there, and the config allows {low}–{high}"
    if serving > high:
        raised = bool(target.scheduled) and serving <= target.hard_max
        level = Level.WARN if choices.allow_scale_in or raised else Level.FAIL
        until = ", unless a scheduled action raised that" if raised else ""
        text = f"{bounds}{until}: it would scale in by {serving - high} at once"
        remedy = f"set max_capacity to {serving} or more, or say --allow-scale-in"
        yield Check("capacity", level, text, remedy, target.id)
    elif serving < low:
        text = f"{bounds}: it will scale out by {low - serving} at once"
        yield Check("capacity", Level.WARN, text, "", target.id)


def check_twins(scope: Scope, key: Callable[[ScalableTarget], str]) -> Iterator[Check]:
    """Name targets that would scale the same resource against each other.

    Args:
        scope: Whose staying targets all name a resource.
        key: Names a target's resource; "": none.
    """
    owners: dict[str, str] = {}
    named = {(key(each), each.id) for each in scope.staying}
    going = {
        key(each): name
        for name, each in scope.registered.items()
        if any(name == stays for _, stays in named) and each.mode is Mode.APPLY
    }
    others = {key(each): each.id for each in scope.others if each.mode is Mode.APPLY}
    for target in scope.staying:
        if target.mode is not Mode.APPLY:
            continue
        place = key(target)
        owner = owners.setdefault(place, target.id)
        if owner != target.id:
            text = f"{place} is scaled by {owner} too"
            yield Check("resource", Level.FAIL, text, "put their policies into one", target.id)
        elif place in others:
            text = (
                f"{place} is scaled by {others[place]} too, which is in force and not in the file"
            )
            remedy = (
                f"is {target.id} its new name? --prune puts it in its place; else take one of them "
                "out of its file"
            )
            yield Check("resource", Level.FAIL, text, remedy, target.id)
        elif going.get(place, target.id) != target.id and (place, going[place]) not in named:
            text = f"{place} is scaled by {going[place]} until that has another resource"
            remedy = f"apply {going[place]} first, then {target.id}"
            yield Check("resource", Level.FAIL, text, remedy, target.id)
