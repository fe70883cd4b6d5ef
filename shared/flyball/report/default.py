"""What is the value of a field that a config leaves out, as a plan shows it?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, fields
from functools import cache
from typing import Any, get_args

from flyball.core.codec import encode
from flyball.core.policy import Policy
from flyball.core.target import Fallback, Metric, ScalableTarget, ZeroRule
from flyball.core.window import Window
from flyball.plan.compare import flatten
from flyball.plan.model import Field as Changed

NONE, DEFAULT = "none", "default"
"""What stands for a field that is not there, and for one whose default is not known here."""
TOLD: Mapping[str, str] = {"hard_max_capacity": "max capacity"}
"""Where another field stands for it."""
_EMPTY = frozenset({"null", "[]", "{}", ""})
_PARTS: Mapping[str, tuple[type, ...]] = {"zero": (ZeroRule,), "fallback": (Fallback,)}
_ITEMS: Mapping[str, tuple[type, ...]] = {
    "metrics": (Metric,),
    "policies": get_args(Policy),
    "windows": (Window,),
}
"""What has a name each."""


def tell_absent(name: str, changed: Iterable[Changed]) -> str:
    """Say what a field of a scalable target is where it is left out.

    Args:
        name: Dotted, as `flatten` writes it.
        changed: All fields of the same change: an item that comes or goes has no defaults.
    """
    place, path = _split(name)
    if not place:
        return TOLD.get(path) or _find(ScalableTarget, path) or DEFAULT
    kinds = _PARTS.get(place) or _ITEMS[place.partition(".")[0]]
    beside = [each for each in changed if _split(each.name)[0] == place]
    required = {"kind", *(name for kind in kinds for name in _list_required(kind))}
    if any(
        _split(each.name)[1].partition(".")[0] in required
        and (each.before is None or each.after is None or each.name == f"{place}.kind")
        for each in beside
    ):
        return NONE
    found = {text for kind in kinds if (text := _find(kind, path)) is not None}
    return found.pop() if len(found) == 1 else DEFAULT


def _split(name: str) -> tuple[str, str]:
    """Split a dotted name into the item that it is of, "" for the target itself, and the rest."""
    first, _, rest = name.partition(".")
    if first in _ITEMS and rest:
        item, _, path = rest.partition(".")
        return f"{first}.{item}", path
    return (first, rest) if first in _PARTS and rest else ("", name)


@cache
def _list_required(kind: type) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind) if each.init and _is_required(each))


def _is_required(each: Field[Any]) -> bool:
    return each.default is MISSING and each.default_factory is MISSING


def _find(kind: type, path: str) -> str | None:
    """Find the default of a field of a type, however deep; None: it has none."""
    first, _, rest = path.partition(".")
    for each in fields(kind):
        if each.name == first and each.init and not _is_required(each):
            made = each.default_factory
            value = each.default if made is MISSING else made()
            for name in rest.split(".") if rest else ():
                value = getattr(value, name, None)
            text = flatten(encode(value)).get("", "")
            return NONE if text in _EMPTY else text
    return None
