"""Which settings does a config have that scales a sized endpoint already?"""

from __future__ import annotations

from dataclasses import replace

from flyball.core.policy import AdaptivePolicy, StepPolicy, TrackingPolicy
from flyball.core.rule import Adjustment
from flyball.core.target import ScalableTarget
from flyball.sizing.curve import draw_curve, read_invocations
from flyball.sizing.gauges import Gauge, Gauges, find_gauges
from flyball.sizing.layout import find_end, say
from flyball.sizing.plan import Sizing
from flyball.sizing.settings import Cooldowns, Kind, Rise, Settings, choose_gauge

NOTE, SIMULATED = "Measured on the endpoint: ", "Simulated: "
"""What the notes at the top of a config begin with, each of which is put there but once."""


def read_settings(target: ScalableTarget, sizing: Sizing, usual: Settings, place: str) -> Settings:
    """Read the settings of a config that was written for a sized endpoint, or is like such a one.

    Args:
        target: As the config has it.
        sizing: What the method found.
        usual: What the method says; what the config does not tell is taken from there.
        place: Where the config is, for people: each value that differs from the usual says it.

    Returns:
        With `why` of each value that is not the usual one.

    Raises:
        WrittenError: Its home, or what is scaled there, is not one that can be written.
    """
    gauges = find_gauges(
        target.home, target.resource, choose_gauge(sizing), sizing.benchmark.machine
    )
    tracking = [each for each in target.policies if isinstance(each, TrackingPolicy)]
    waits = usual.cooldowns
    if tracking:
        waits = Cooldowns(tracking[0].scale_out_cooldown, tracking[0].scale_in_cooldown)
    kind = usual.kind
    if any(isinstance(each, AdaptivePolicy) for each in target.policies):
        kind = Kind.ADAPTIVE
    elif tracking:
        kind = Kind.TRACKING
    found = replace(
        usual,
        min_capacity=target.min_capacity,
        max_capacity=target.max_capacity,
        invocations=_read_target(target, tracking, sizing, gauges) or usual.invocations,
        cooldowns=waits,
        rises=_read_rises(target, usual.rises),
        kind=kind,
    )
    names = ("min_capacity", "max_capacity", "invocations", "cooldowns", "rises")
    changed = [each for each in names if getattr(found, each) != getattr(usual, each)]
    return replace(found, why={**usual.why, **dict.fromkeys(changed, f"as {place} had it")})


def _read_target(
    target: ScalableTarget, tracking: list[TrackingPolicy], sizing: Sizing, gauges: Gauges
) -> float | None:
    """Read how many invocations each is held at: from their own target, or from that of use."""
    resource = choose_gauge(sizing)
    calls, use = (_find_value(target, tracking, each) for each in (gauges.calls, gauges.use))
    if calls is not None:
        return calls
    if use is None or gauges.use is None or resource is None or not gauges.use.full:
        return None
    curve = draw_curve(sizing.benchmark, sizing.saturation, resource)
    return read_invocations(curve, use / gauges.use.full)


def _find_value(
    target: ScalableTarget, tracking: list[TrackingPolicy], gauge: Gauge | None
) -> float | None:
    """Find the target value of what is measured so, however people call it."""
    if gauge is None:
        return None
    names = [
        each.name
        for each in target.metrics
        if each.unit is gauge.unit and gauge.source.items() <= each.source.items()
    ]
    return next((each.target_value for each in tracking if each.metric in names), None)


def _read_rises(target: ScalableTarget, usual: tuple[Rise, ...]) -> tuple[Rise, ...]:
    """Read what each step adds, where there are as many as usual."""
    for policy in target.policies:
        if not isinstance(policy, StepPolicy) or len(policy.steps) != len(usual):
            continue
        if policy.adjustment is Adjustment.EXACT_CAPACITY:
            continue
        is_percent = policy.adjustment is Adjustment.PERCENT_CHANGE_IN_CAPACITY
        return tuple(
            each._replace(add=round(step.adjustment), is_percent=is_percent)
            for each, step in zip(usual, policy.steps, strict=True)
        )
    return usual


def write_note(text: str, note: str) -> str:
    """Put notes to the top of a config, each in place of the one of its kind before; JSON has none.

    Args:
        text: A config.
        note: A line for each, of which each begins as NOTE or SIMULATED.
    """
    if text.lstrip()[:1] == "{":
        return text
    newline = "\r\n" if "\r\n" in text else "\n"
    for line in filter(None, note.split("\n")):
        text = _put(text, line, NOTE if line.startswith(NOTE) else SIMULATED, newline)
    return text


def _put(text: str, note: str, begin: str, newline: str) -> str:
    lines = text.splitlines(keepends=True)
    top = next((i for i, each in enumerate(lines) if not each.startswith("#")), len(lines))
    head, rest = lines[:top], lines[top:]
    notes = [i for i, each in enumerate(head) if each.startswith((f"# {NOTE}", f"# {SIMULATED}"))]
    own = [i for i in notes if head[i].startswith(f"# {begin}")]
    later = [i for i in notes if begin == NOTE and not head[i].startswith(f"# {NOTE}")]
    at, end = (later[0], later[0]) if later else (top, top)
    if own:
        at, end = own[0], find_end(head, own[0])
    told = [f"{each}{newline}" for each in say(note)]
    return "".join([*head[:at], *told, *head[end:], *rest])
