"""Which scalable targets, and which of their fields, does one config say otherwise than another?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from enum import Enum
from typing import Any, NamedTuple

from flyball.config.duration import format_duration
from flyball.core.codec import KINDS, encode
from flyball.core.rule import DatapointsRule
from flyball.core.target import ScalableTarget

NONE = "none"
"""What stands for a value that is not set, or for an item that is not there."""
ITEM = "name"
"""Items of a list that have one go by it, not by their place."""


class Pair(NamedTuple):
    """A scalable target as it was and as it is.

    Attributes:
        old: None: it was added.
        new: None: it was removed.
    """

    old: ScalableTarget | None
    new: ScalableTarget | None

    @property
    def renamed(self) -> bool:
        """Whether it is the same resource under another id."""
        return bool(self.old and self.new and self.old.id != self.new.id)


class Amended(NamedTuple):
    """A field that is not as it was.

    Attributes:
        name: Dotted, such as `policies.keep.target_value`.
        old: Its value, defaults too; NONE: it is not set, or its item was not there.
        new: As old.
    """

    name: str
    old: str
    new: str


def pair_targets(old: Sequence[ScalableTarget], new: Sequence[ScalableTarget]) -> list[Pair]:
    """Say which scalable target became which.

    By id; and of those that are left, by what they scale, or else by everything but the id, where
    that is the only one of its kind.

    Returns:
        In the new config's order, then what was removed.
    """
    before = {each.id: each for each in old}
    after = {each.id for each in new}
    gone = [each for each in old if each.id not in after]
    come = [each for each in new if each.id not in before]
    renamed: dict[str, ScalableTarget] = {}
    for same in (_name_resource, _forget_id):
        was, now = _list_alone(gone, same), _list_alone(come, same)
        for key in was.keys() & now.keys():
            renamed[now[key].id] = was[key]
        taken = {each.id for each in renamed.values()}
        gone = [each for each in gone if each.id not in taken]
        come = [each for each in come if each.id not in renamed]
    pairs = [Pair(renamed.get(each.id) or before.get(each.id), each) for each in new]
    return pairs + [Pair(each, None) for each in gone]


def list_amended(old: ScalableTarget, new: ScalableTarget) -> list[Amended]:
    """List the fields that mean something else now; an item that comes or goes is one of them."""
    follows = all(each.hard_max_capacity == each.max_capacity for each in (old, new))
    return [
        each for each in _differ("", old, new) if not (follows and each.name == "hard_max_capacity")
    ]


def _name_resource(target: ScalableTarget) -> str:
    return f"{target.home} {encode(target.resource)}" if target.resource else ""


def _forget_id(target: ScalableTarget) -> str:
    return str(encode(replace(target, id="any")))


def _list_alone(
    targets: Sequence[ScalableTarget], key: Callable[[ScalableTarget], str]
) -> dict[str, ScalableTarget]:
    """Take those whose key nobody else has."""
    keys = [key(each) for each in targets]
    pairs = zip(keys, targets, strict=True)
    return {each: target for each, target in pairs if each and keys.count(each) == 1}


def _differ(name: str, old: Any, new: Any) -> Iterator[Amended]:
    if old == new:
        return
    if type(old) is type(new) and is_dataclass(old) and not isinstance(old, DatapointsRule):
        for each in fields(old):
            if each.init:
                inner = getattr(old, each.name), getattr(new, each.name)
                yield from _differ(_join(name, each.name), *inner)
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}):
            yield from _differ(_join(name, key), old.get(key), new.get(key))
    elif _has_items(old) or _has_items(new):
        was, now = _key_items(old), _key_items(new)
        for key in dict.fromkeys((*now, *was)):
            yield from _differ(_join(name, key), was.get(key), now.get(key))
        if set(was) == set(now) and list(was) != list(now):
            yield Amended(f"{name} (order)", ", ".join(was), ", ".join(now))
    else:
        yield Amended(name, _write(old), _write(new))


def _join(name: str, part: str) -> str:
    return f"{name}.{part}" if name else part


def _has_items(value: Any) -> bool:
    return isinstance(value, tuple) and bool(value) and all(map(is_dataclass, value))


def _key_items(items: tuple[Any, ...]) -> dict[str, Any]:
    return {str(getattr(each, ITEM, index + 1)): each for index, each in enumerate(items)}


def _write(value: Any) -> str:
    """Write a value as a config does; of an item what is not its default."""
    if isinstance(value, DatapointsRule):
        return f"{value.breaching} of {value.evaluated}"
    if is_dataclass(value) and not isinstance(value, type):
        given = [
            f"{each.name} {_write(inner)}"
            for each in fields(value)
            if each.init
            and each.name != ITEM
            and (inner := getattr(value, each.name)) != each.default
        ]
        return ", ".join([*filter(None, [KINDS.get(type(value))]), *given])
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_write(value[key])}" for key in sorted(value))
    if isinstance(value, tuple):
        return "; ".join(map(_write, value)) or NONE
    return NONE if value is None else str(value)
