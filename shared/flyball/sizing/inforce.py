"""Which settings does a config have that scales a sized endpoint already?"""

from __future__ import annotations

from dataclasses import replace

from flyball.core.policy import AdaptivePolicy, StepPolicy, TrackingPolicy
from flyball.core.rule import Adjustment
from flyball.core.target import Mode, ScalableTarget
from flyball.sizing.curve import draw_curve, read_invocations
from flyball.sizing.gauges import Gauges, find_gauges
from flyball.sizing.layout import say
from flyball.sizing.plan import Sizing
from flyball.sizing.settings import Cooldowns, Kind, Rise, Settings, choose_gauge

ADVISE = "mode: advise"
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
        invocations=_read_target(tracking, sizing, gauges) or usual.invocations,
        cooldowns=waits,
        rises=_read_rises(target, usual.rises),
        kind=kind,
    )
    names = ("min_capacity", "max_capacity", "invocations", "cooldowns", "rises")
    changed = [each for each in names if getattr(found, each) != getattr(usual, each)]
    return replace(found, why={**usual.why, **dict.fromkeys(changed, f"as {place} had it")})


def _read_target(tracking: list[TrackingPolicy], sizing: Sizing, gauges: Gauges) -> float | None:
    """Read how many invocations each is held at: from their own target, or from that of use."""
    resource = choose_gauge(sizing)
    by_metric = {each.metric: each.target_value for each in tracking}
    if gauges.calls is not None and gauges.calls.name in by_metric:
        return by_metric[gauges.calls.name]
    use = gauges.use
    if use is None or resource is None or not use.full or use.name not in by_metric:
        return None
    curve = draw_curve(sizing.benchmark, sizing.saturation, resource)
    return read_invocations(curve, by_metric[use.name] / use.full)


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


def keep_mode(text: str, before: ScalableTarget) -> str:
    """Let a config that was written anew apply what it decides, where the one before did."""
    if before.mode is not Mode.APPLY:
        return text
    lines = text.splitlines(keepends=True)
    at = next((index for index, each in enumerate(lines) if each.strip() == ADVISE), None)
    if at is None:
        return text
    begin = at
    while lines[begin - 1].lstrip().startswith("#"):
        begin -= 1
    indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
    kept = [f"{indent}# As it was in force.\n", f"{indent}mode: apply\n"]
    return "".join([*lines[:begin], *kept, *lines[at + 1 :]])


def write_note(text: str, note: str) -> str:
    """Put a note to the top of a config, in place of one that was put there by this before."""
    lines = text.splitlines(keepends=True)
    top = next((i for i, each in enumerate(lines) if not each.startswith("#")), len(lines))
    begins = [i for i, each in enumerate(lines[:top]) if each.startswith(f"# {NOTE}")]
    head, rest = lines[:top], lines[top:]
    if begins:
        ends = (i for i in range(begins[0] + 1, top) if head[i].startswith(f"# {SIMULATED}"))
        end = next(ends, top)
        head = head[: begins[0]] + head[end:]
        at = begins[0]
    else:
        at = next((i for i, each in enumerate(head) if each.startswith(f"# {SIMULATED}")), top)
    told = [f"{each}\n" for each in say(note)]
    return "".join([*head[:at], *told, *head[at:], *rest])
