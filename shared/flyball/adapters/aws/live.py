"""Would a config change what is live at once, and who else looks after it?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flyball.adapters.aws.handover import Native
from flyball.core.model import Capacity, Missing
from flyball.core.target import Mode, ScalableTarget
from flyball.plan.live import check_bounds, tell_unread
from flyball.plan.model import Check, Choices, Level


def check_capacity(
    capacity: Capacity | Missing,
    target: ScalableTarget,
    native: Native | None,
    choices: Choices,
) -> Iterator[Check]:
    """Say where applying would change capacity at once, or who scales it otherwise.

    A hand-over never falls to a default: what would scale in at once is refused until it is asked
    for, and native scaling is not suspended for a capacity that cannot be read.
    """
    taking = choices.take_over and native is not None and native.is_active
    if isinstance(capacity, Missing):
        yield tell_unread(capacity, target, taking=taking and target.mode is Mode.APPLY)
        return
    if capacity.owner and native is None:
        text = f"{capacity.owner} looks after it too"
        yield Check("native scaling", Level.WARN, text, "switch it off first", target.id)
    if target.mode is Mode.ADVISE:
        return
    has = f"it has {capacity.desired}"
    yield from check_bounds(target, choices, has, capacity.desired, taking=taking)


def check_native(target: ScalableTarget, native: Native) -> Iterator[Check]:
    """Say that native scaling is in charge, and what would put ours there."""
    held = "Flyball only advises" if target.mode is Mode.ADVISE else "Flyball applies nothing"
    text = f"it is active on {native.resource_id}, so {held}"
    remedy = "`flyball apply --take-over` suspends it"
    if target.mode is Mode.ADVISE:
        remedy = f"to put Flyball in charge set `mode: apply`, then {remedy}"
    level = Level.OK if target.mode is Mode.ADVISE else Level.WARN
    yield Check("native scaling", level, text, remedy, target.id)


def check_zero(target: ScalableTarget, endpoint: Mapping[str, Any]) -> Iterator[Check]:
    """Say where an endpoint's variant cannot go to the zero that a config allows.

    Args:
        target: A variant's, with min_capacity 0.
        endpoint: As DescribeEndpoint shows it.

    Source: Amazon SageMaker Developer Guide, "Autoscale an asynchronous endpoint" and "Scale an
    endpoint to zero instances": only asynchronous endpoints and inference components do.
    """
    if endpoint.get("AsyncInferenceConfig"):
        return
    level = Level.WARN if target.mode is Mode.ADVISE else Level.FAIL
    text = "min_capacity is 0, and a variant of a real-time endpoint keeps at least 1"
    remedy = "set min_capacity: 1, or scale an inference component, which can go to 0"
    yield Check("capacity", level, text, remedy, target.id)
