"""Who is in charge of each scalable target, once a plan is carried out?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from flyball.core.target import CapacityKind
from flyball.plan.model import NOBODY, Plan, Purpose, Verb
from flyball.report.figures import counted
from flyball.report.plain import plain

SHOWN = 3
"""Most targets that are named."""
OTHERS = "native scaling"
"""What a check is called that found somebody else who scales a target."""
ADVISE, GOOGLE = "advise", "gcp"
RANGE = CapacityKind.RANGE.value


def tell_charge(plan: Plan) -> Iterator[str]:
    """Say of a plan that was applied in a cloud who scales what from now on."""
    if plan.purpose is Purpose.DESTROY:
        return
    charge: dict[str, list[str]] = {}
    for wanted in plan.wanted:
        config = json.loads(wanted.config)
        place = plan.place.get(config.get("home", "local"), {})
        if place:
            words = _find_charge(plan, wanted.id, config, place)
            charge.setdefault(words, []).append(wanted.id)
    for words, names in charge.items():
        yield words.format(_name(names))


def _find_charge(
    plan: Plan, name: str, config: Mapping[str, object], place: Mapping[str, str]
) -> str:
    checks = [each for each in plan.checks if each.scalable_target_id == name]
    is_held = any(each.name == OTHERS for each in checks)
    is_left = any(each.text.endswith(NOBODY) for each in checks)
    if place.get("mode") == ADVISE:
        who = "nobody" if is_left else _find_other(plan, name, config)
        return f"In charge of {{}}: {who}; this deployment only advises."
    if config.get("mode") == ADVISE:
        is_left = is_left or (not is_held and _is_let_go(plan, name, config))
        who = "nobody" if is_left else _find_other(plan, name, config)
        return f"In charge of {{}}: {who}; Flyball only advises."
    if is_held:
        return "In charge of {}: not Flyball, while somebody else scales it (see above)."
    return "In charge of {}: Flyball."


def _find_other(plan: Plan, name: str, config: Mapping[str, object]) -> str:
    """Say who scales a target of which Flyball only says what it would do."""
    if config.get("home") == GOOGLE or config.get("capacity_kind") == RANGE:
        return "the service itself, inside the range that is set"
    resumed = any(
        each.verb is Verb.RESUME and each.scalable_target_id == name for each in plan.changes
    )
    active = any(each.name == OTHERS and each.scalable_target_id == name for each in plan.checks)
    return OTHERS if resumed or active else f"{OTHERS}, if there is any"


def _is_let_go(plan: Plan, name: str, config: Mapping[str, object]) -> bool:
    """Say whether it was Flyball that was in charge, and nobody comes after it.

    A service that picks inside a range goes on in the last one.
    """
    changes = [each for each in plan.changes if each.scalable_target_id == name]
    fields = [field for each in changes if each.verb is Verb.UPDATE for field in each.fields]
    was_ours = any(each.name == "mode" and each.after == ADVISE for each in fields)
    is_resumed = any(each.verb is Verb.RESUME for each in changes)
    return was_ours and not is_resumed and config.get("capacity_kind") != RANGE


def _name(names: Sequence[str]) -> str:
    if len(names) > SHOWN:
        return counted(len(names), "scalable target")
    return ", ".join(map(plain, names))
