"""What has to change for what is there to become what is wanted, and in which order?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from flyball.plan.model import ACTIVE, HELD_FOR, ID, Change, Field, Kind, Part, Verb, part_key


def compare(wanted: Iterable[Part], found: Iterable[Part]) -> tuple[list[Change], dict[str, int]]:
    """Hold what is wanted against what was found.

    Returns:
        The changes, in order; and by kind how many parts are as they should be.
    """
    want = {part_key(each): each for each in wanted}
    have = {part_key(each): each for each in found}
    moved = {part_key(each._replace(name=each.replaces)): each for each in want.values()}
    gone = {key: each for key, each in moved.items() if each.replaces and key in have}
    old = {part_key(each): have[key] for key, each in gone.items()}
    changes: list[Change] = []
    unchanged: dict[str, int] = {}
    for key in dict.fromkeys((*want, *have)):
        if key in gone and key not in want:
            continue
        if key in old:
            change: Change | None = _move(want[key], old[key])
        else:
            change = _change(want.get(key), have.get(key))
        if change is not None:
            changes.append(change)
        else:
            kind = want[key].kind.value
            unchanged[kind] = unchanged.get(kind, 0) + 1
    return changes, unchanged


def order(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Put changes into an order that is safe to break off anywhere.

    Target by target. A target is registered before its alarms are made, so that no alarm wakes an
    unknown one; native scaling goes only when ours is complete, and returns before ours goes or
    changes, so that at every moment one of the two is in charge (while both are there, ours holds
    back).
    """
    listed = list(changes)
    first: dict[tuple[str, str], int] = {}
    for index, change in enumerate(listed):
        first.setdefault((change.home, change.scalable_target_id), index)
    return tuple(
        sorted(listed, key=lambda c: (first[c.home, c.scalable_target_id], _RANK[_step(c)]))
    )


def flatten(value: Any, path: str = "") -> dict[str, str]:  # noqa: ANN401  (any JSON)
    """Spread JSON material over dotted names; items of a list go by their `name`, `Id` or `Name`.

    Returns:
        Texts: strings as they are, the rest as JSON.
    """
    if isinstance(value, Mapping):
        inner = [(f"{path}.{key}".lstrip("."), item) for key, item in value.items()]
    elif isinstance(value, list | tuple) and value and all(map(_name_of, value)):
        inner = [(f"{path}.{_name_of(item)}".lstrip("."), _without_name(item)) for item in value]
    else:
        return {path: value if isinstance(value, str) else json.dumps(value, sort_keys=True)}
    found: dict[str, str] = {}
    for name, item in inner:
        found.update(flatten(item, name))
    return found


def _change(want: Part | None, have: Part | None) -> Change | None:
    part = want or have
    if part is None or (want and have and dict(want.fields) == dict(have.fields)):
        return None
    before = {} if have is None else have.fields
    after = {} if want is None else want.fields
    fields = _differ(before, after)
    verb = Verb.UPDATE if want and have else Verb.CREATE if want else Verb.DELETE
    if part.kind is Kind.NATIVE:
        verb = Verb.RESUME if ACTIVE in after.values() else Verb.SUSPEND
        if [each.name for each in fields] == [HELD_FOR]:
            verb = Verb.MOVE
    return Change(verb, part.kind, part.name, part.scalable_target_id, part.home, fields)


def _move(want: Part, old: Part) -> Change:
    """Let a part come as the one goes that it replaces."""
    fields = (Field(ID, old.name, want.name), *_differ(old.fields, want.fields))
    return Change(Verb.MOVE, want.kind, want.name, want.scalable_target_id, want.home, fields)


def _differ(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Field, ...]:
    return tuple(
        Field(name, before.get(name), after.get(name))
        for name in dict.fromkeys((*after, *before))
        if before.get(name) != after.get(name)
    )


def _step(change: Change) -> tuple[Kind, bool]:
    return change.kind, change.verb in (Verb.DELETE, Verb.RESUME)


_RANK: Mapping[tuple[Kind, bool], int] = {
    (Kind.NATIVE, True): 0,
    (Kind.TARGET, False): 1,
    (Kind.ALARM, False): 2,
    (Kind.NATIVE, False): 3,
    (Kind.ALARM, True): 4,
    (Kind.TARGET, True): 5,
    (Kind.JOB, False): 6,
    (Kind.JOB, True): 7,
}


def _name_of(item: Any) -> str:  # noqa: ANN401
    if not isinstance(item, Mapping):
        return ""
    return str(item.get("name") or item.get("Id") or item.get("Name") or "")


def _without_name(item: Mapping[str, Any]) -> Any:  # noqa: ANN401
    rest = {key: each for key, each in item.items() if key not in {"name", "Id", "Name"}}
    return rest["Value"] if list(rest) == ["Value"] else rest
