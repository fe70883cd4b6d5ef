"""Is a target of another deployment of Flyball in charge of a resource of ours?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from flyball.core.target import Mode, ScalableTarget
from flyball.plan.model import Check, Level


class Rival(NamedTuple):
    """A target of another deployment.

    Attributes:
        deployment: Where it is registered, such as a table's name.
        id: The target's.
        scalable_target_id: Ours on the same resource.
    """

    deployment: str
    id: str
    scalable_target_id: str


ReadMode = Callable[[Rival], Mode | None]
"""Reads how a target of another deployment is in force; None: it is not."""


def check_rivals(
    rivals: Iterable[Rival],
    read_mode: ReadMode,
    targets: Sequence[ScalableTarget],
    what: str,
    *,
    advises: bool,
) -> Iterator[Check]:
    """Say who else is in charge; two are a problem.

    Args:
        rivals: Who else looks after a resource of ours.
        read_mode: Asked of each.
        targets: Ours.
        what: A deployment is named by, such as "table".
        advises: Ours changes nothing, whatever the configs say.
    """
    modes = {each.id: each.mode for each in targets}
    for rival in rivals:
        applies = modes[rival.scalable_target_id] is Mode.APPLY and not advises
        name = f"{rival.id} of another deployment ({what} {rival.deployment})"
        try:
            mode = read_mode(rival)
        except Exception as error:  # noqa: BLE001  (whatever it is: what the other does is not known)
            if applies:
                text = f"{name} is on the same resource, and its mode cannot be read: {error}"
                remedy = "if it applies, both would scale it: set one of them to `mode: advise`"
                yield Check("deployments", Level.WARN, text, remedy, rival.scalable_target_id)
            continue
        if mode is not Mode.APPLY:
            continue
        text = f"{name} applies on the same resource"
        if applies:
            remedy = "both would scale it: set `mode: advise` there first, or destroy it there"
            text = f"{text} too"
            yield Check("deployments", Level.FAIL, text, remedy, rival.scalable_target_id)
        else:
            text = f"{text}: that one is in charge"
            yield Check("deployments", Level.OK, text, "", rival.scalable_target_id)
