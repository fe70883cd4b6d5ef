"""Who is in charge of each scalable target, once a plan is carried out?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from flyball.plan.model import Plan, Purpose
from flyball.report.figures import counted
from flyball.report.plain import plain

SHOWN = 3
"""Most targets that are named."""
OTHERS = "native scaling"
"""What a check is called that found somebody else who scales a target."""
ADVISE = "advise"


def tell_charge(plan: Plan) -> Iterator[str]:
    """Say of a plan that was applied in a cloud who scales what from now on."""
    if plan.purpose is Purpose.DESTROY:
        return
    held = {each.scalable_target_id for each in plan.checks if each.name == OTHERS}
    charge: dict[str, list[str]] = {}
    for wanted in plan.wanted:
        config = json.loads(wanted.config)
        place = plan.place.get(config.get("home", "local"), {})
        if place:
            words = _find_charge(config, place, is_held=wanted.id in held)
            charge.setdefault(words, []).append(wanted.id)
    for words, names in charge.items():
        yield words.format(_name(names))


def _find_charge(config: Mapping[str, object], place: Mapping[str, str], *, is_held: bool) -> str:
    if place.get("mode") == ADVISE:
        return "In charge of {}: who was before; this deployment only advises."
    if config.get("mode") == ADVISE:
        return "In charge of {}: who was before; Flyball only advises."
    if is_held:
        return "In charge of {}: not Flyball, while somebody else scales it (see above)."
    return "In charge of {}: Flyball."


def _name(names: Sequence[str]) -> str:
    if len(names) > SHOWN:
        return counted(len(names), "scalable target")
    return ", ".join(map(plain, names))
