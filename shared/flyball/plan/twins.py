"""Would two scalable targets scale the same resource against each other?"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from flyball.core.target import Mode, ScalableTarget
from flyball.plan.model import Check, Level, Scope


def check_twins(scope: Scope, key: Callable[[ScalableTarget], str]) -> Iterator[Check]:
    """Name targets that would scale the same resource against each other.

    Args:
        scope: Whose staying targets all name a resource.
        key: Names a target's resource; "": none of this home's.
    """
    first: dict[str, str] = {}
    for each in scope.staying:
        if each.mode is Mode.APPLY:  # one that only advises takes nobody's place
            first.setdefault(key(each), each.id)
    named = {(key(each), each.id) for each in scope.staying}
    staying = {each.id for each in scope.staying}
    going = {
        key(each): name
        for name, each in scope.registered.items()
        if name in staying and each.mode is Mode.APPLY
    }
    others = {key(each): each.id for each in scope.others if each.mode is Mode.APPLY}
    for target in scope.staying:
        if target.mode is not Mode.APPLY:
            continue
        place = key(target)
        owner = first.get(place, target.id)
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
