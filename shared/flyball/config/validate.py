"""Does a file have the shape that its model asks for, and if not, what is wrong at every place?"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from flyball.config.fields import Blank, Notes, Strict
from flyball.config.policies import KINDS, infer_kind
from flyball.config.problem import Path, Problem, show, suggest
from flyball.config.source import Place, get

M = TypeVar("M", bound=Strict)

LISTS = frozenset(
    {
        "scalable_targets",
        "metrics",
        "policies",
        "windows",
        "ScalingPolicies",
        "ScheduledActions",
        "aws_scaling_policies",
        "aws_scheduled_actions",
    }
)
"""Lists in which one item with problems does not keep the others from being looked at."""
ROUNDS = 5

_EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a smaller whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "text",
    "bool_type": "true or false",
    "list_type": "a list",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dict_type": "a mapping",
}
_BOUNDS = {
    "greater_than_equal": "a number of {ge} or more",
    "greater_than": "a number above {gt}",
    "less_than_equal": "a number of at most {le}",
    "too_short": "at least {min_length} of them",
    "too_long": "at most {max_length} of them",
    "string_too_short": "at least {min_length} character(s)",
    "string_too_long": "at most {max_length} characters",
}
_KNOWN_ELSEWHERE = {
    "PredictiveScalingPolicyConfiguration": "predictive policies cannot be taken over",
    "target": "write target_value for a target tracking policy, resource for an address",
    "min": "write min_capacity",
    "max": "write max_capacity",
    "minReplicas": "write min_capacity",
    "maxReplicas": "write max_capacity",
    "timezone": "write time_zone",
    "cron": "write schedule: cron(...)",
}


class Checked(NamedTuple):
    """What is left of a file.

    Attributes:
        model: The whole; or, with problems, what is sound (Blank in place of the rest); or None.
        problems: Of its shape.
        removed: Paths of what was left out of the model.
    """

    model: Any
    problems: tuple[Problem, ...]
    removed: frozenset[Path]


def validate(place: Place, value: Any, model: type[M], *, rounds: int = ROUNDS) -> Checked:
    """Hold a value against a model and name every problem of its shape.

    Args:
        place: Where the value stands.
        value: The value.
        model: What it should be.
        rounds: How often what is wrong is cut out, to look at the rest; 0: not at all.
    """
    faults, sound = _hold(value, model)
    if not faults:
        return Checked(sound, (), frozenset())
    problems = tuple(dict.fromkeys(_describe(place, value, fault) for fault in faults))
    value = copy.deepcopy(value) if rounds else value
    removed: set[Path] = set()
    for _ in range(rounds):
        cuts = {_cut(fault) for fault in faults}
        if () in cuts:
            break
        for path in sorted(cuts, key=len, reverse=True):
            _remove(value, path)
        removed |= {(*place.path, *path) for path in cuts}
        faults, sound = _hold(value, model)
        if not faults:
            return Checked(sound, problems, frozenset(removed))
    return Checked(None, problems, frozenset(removed))


class _Fault(NamedTuple):
    """Something wrong at a path; the keys that its mapping might have, where one is unknown."""

    path: Path
    kind: str
    expected: str
    keys: tuple[str, ...] = ()


def _hold(value: Any, model: type[M]) -> tuple[list[_Fault], M | None]:
    notes = Notes()
    faults: list[_Fault] = []
    sound = None
    try:
        sound = model.model_validate(value, context=notes)
    except ValidationError as error:
        faults = [
            _read(details, value, notes)
            for details in error.errors(include_url=False, include_input=False)
        ]
    if notes.faults:
        paths = dict(_walk(value, (), {known for known, _ in notes.faults}))
        faults += [
            _Fault(paths[known], "keys", text) for known, text in notes.faults if known in paths
        ]
        sound = None
    return faults, sound


def _walk(value: Any, path: Path, wanted: set[int]) -> Iterator[tuple[int, Path]]:
    """Find the wanted mappings."""
    if isinstance(value, dict):
        if id(value) in wanted:
            yield id(value), path
        for key, item in value.items():
            yield from _walk(item, (*path, key), wanted)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _walk(item, (*path, index), wanted)


def _read(details: ErrorDetails, value: Any, notes: Notes) -> _Fault:
    path: Path = ()
    around = value
    for part in details["loc"]:
        if (
            isinstance(part, str)
            and part.startswith("<")
            and not (isinstance(around, dict) and part in around)
        ):
            continue  # the name of a model, not of a key
        path = (*path, part)
        around = get(around, (part,))
    kind, context = details["type"], details.get("ctx", {})
    if kind == "union_tag_not_found":
        return _read_union(path, get(value, path))
    if kind == "extra_forbidden":
        model = notes.models.get(id(get(value, path[:-1])))
        return _Fault(path, kind, "", tuple(model.keys()) if model else ())
    if kind == "literal_error":
        choices = tuple(re.findall(r"'([^']*)'", str(context["expected"])))
        return _Fault(
            path,
            kind,
            f"one of {', '.join(choices)}" if choices else str(context["expected"]),
            choices,
        )
    if kind == "missing":
        return _Fault(path, kind, "")
    if kind == "expected":
        return _Fault(path, kind, str(context["what"]))
    if kind in _BOUNDS:
        return _Fault(
            path, kind, _BOUNDS[kind].format(**{k: _plain(v) for k, v in context.items()})
        )
    return _Fault(path, kind, _EXPECTED.get(kind, details["msg"]))


def _plain(number: Any) -> Any:
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _read_union(path: Path, value: Any) -> _Fault:
    """Say why no model could be chosen: only a policy or a reference to a file has several."""
    if path and path[-1] in {"aws_scaling_policies", "aws_scheduled_actions"}:
        return _Fault(path, "model_type", "the name of a file, or what AWS printed")
    if not isinstance(value, dict):
        return _Fault(path, "model_type", "a mapping")
    choices = tuple(KINDS)
    if "kind" not in value:
        inferred = infer_kind(value)
        return _Fault(
            (*path, "kind"), "missing", f"add kind: {inferred}" if inferred else "", choices
        )
    return _Fault((*path, "kind"), "literal_error", f"one of {', '.join(choices)}", choices)


def _describe(root: Place, around: Any, fault: _Fault) -> Problem:
    place = root.at(*fault.path)
    value = get(around, fault.path)
    if fault.kind == "extra_forbidden":
        key = str(fault.path[-1])
        hint = _KNOWN_ELSEWHERE.get(key) or suggest(key, fault.keys)
        return place.problem(
            "unknown key", hint or f"known here: {', '.join(fault.keys)}", key=True
        )
    if fault.kind == "missing":
        return place.problem("this key is missing", fault.expected)
    if fault.kind == "keys":
        return place.problem(fault.expected)
    if value is None:
        return place.problem(f"got nothing, expected {fault.expected}", key=True)
    hint = suggest(value, fault.keys) if fault.keys else ""
    if (
        isinstance(value, str)
        and fault.kind in {"float_type", "int_type"}
        and re.fullmatch(r"[-+]?[\d.]+", value)
    ):
        hint = "remove the quotes"
    return place.problem(f"got {_name(value, fault.kind)}, expected {fault.expected}", hint)


def _name(value: Any, kind: str) -> str:
    if kind in {"too_short", "too_long"} and isinstance(value, list):
        return str(len(value))
    return show(value)


def _cut(fault: _Fault) -> Path:
    """Say what has to go so that the rest can be looked at: a list's item, or a key; () for all."""
    path = fault.path
    if path == ("version",):
        return path
    if fault.kind == "missing":
        path = path[:-1]
    for end in range(len(path) - 1, 0, -1):
        if isinstance(path[end], int) and path[end - 1] in LISTS:
            inside_target = path[end - 1] == "scalable_targets" and len(path) > end + 1
            return path[: end + 2] if inside_target else path[: end + 1]
    if path[:1] == ("defaults",):
        return path[:2]
    return () if path[:1] == ("scalable_targets",) else path[:1]


def _remove(value: Any, path: Path) -> None:
    around = get(value, path[:-1])
    last = path[-1]
    if path == ("version",):
        around["version"] = 1
    elif isinstance(around, list) and isinstance(last, int):
        around[last] = Blank()
    elif isinstance(around, dict):
        around.pop(last, None)
