"""Would a config change what is live at once, and who else looks after it?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flyball.adapters.aws.handover import Native
from flyball.adapters.aws.resource import resource_key
from flyball.core.model import Capacity, Missing
from flyball.core.target import Mode, ScalableTarget
from flyball.plan.model import Check, Choices, Level

AT_ONCE = 8
"""Endpoints that are asked at the same time: below DescribeEndpoint's rate, as one takes 0.1 s."""

Live = Callable[[ScalableTarget], Capacity | Missing]
"""Reads what the provider has now."""


def look_at_all(
    live: Live,
    targets: Sequence[ScalableTarget],
    natives: Mapping[str, Native],
    choices: Choices,
    advance: Callable[[int], None],
) -> list[Check]:
    """Hold what is live against each config, several at a time."""

    def look(target: ScalableTarget) -> list[Check]:
        native = natives.get(resource_key(target.resource))
        found = [*check_capacity(live(target), target, native, choices)]
        advance(1)
        return found

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [check for checks in pool.map(look, targets) for check in checks]


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
        level = Level.FAIL if taking and target.mode is Mode.APPLY else Level.WARN
        text = f"current capacity cannot be read: {capacity.detail or capacity.cause.value}"
        remedy = "does the resource exist, and may you describe it? see `flyball doctor`"
        yield Check("capacity", level, text, remedy, target.id)
        return
    if capacity.owner and native is None:
        text = f"{capacity.owner} looks after it too"
        yield Check("native scaling", Level.WARN, text, "switch it off first", target.id)
    if target.mode is Mode.ADVISE:
        return
    current, low, high = capacity.desired, target.min_capacity, target.max_capacity
    bounds = f"it has {current}, and the config allows {low}–{high}"
    if current > high:
        raised = bool(target.scheduled) and current <= target.hard_max and not taking
        level = Level.WARN if choices.allow_scale_in or raised else Level.FAIL
        until = ", unless a scheduled action raised that" if raised else ""
        text = f"{bounds}{until}: it would scale in by {current - high} at once"
        remedy = f"set max_capacity to {current} or more, or say --allow-scale-in"
        yield Check("capacity", level, text, remedy, target.id)
    elif current < low:
        text = f"{bounds}: it will scale out by {low - current} at once"
        yield Check("capacity", Level.WARN, text, "", target.id)


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
