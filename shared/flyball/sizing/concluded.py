"""What does a load test of the whole endpoint come to, in words with figures?"""

from __future__ import annotations

import math
from datetime import timedelta

from flyball.sizing.expectation import MINUTE_S, Expectation
from flyball.sizing.measured import NEAR_RATIO, Fleet, Limit, Load, Measured, Verdict
from flyball.sizing.rounding import show_figure
from flyball.sizing.saturation import FAILED_RATIO, Cause, LatencyObjective, read_latency

MS_PER_S = 1_000.0


def tell_verdict(measured: Measured, expectation: Expectation) -> str:
    """Say what the most was that was handled, against what is expected."""
    told = (
        f"at most {show_figure(measured.expected)} requests a minute are expected, and "
        f"{show_figure(measured.handled)} were handled"
    )
    if measured.verdict is Verdict.BREAKS:
        return f"It does not hold: {told}."
    if measured.verdict is Verdict.UNKNOWN:
        return f"Whether it holds is not known: {told}; of more the load test says nothing."
    growth = expectation.growth_factor
    if growth == 1.0:
        return f"It holds: {told}."
    grown, became = measured.expected * growth, "handled too"
    if measured.handled < grown * (1 - NEAR_RATIO):
        became = "not tried" if measured.broken is None else "not handled"
    return f"It holds: {told}. With growth that is {show_figure(grown)}: {became}."


def tell_broken(
    measured: Measured, fleet: Fleet, objective: LatencyObjective | None, expectation: Expectation
) -> str:
    """Say what was too little, without a full stop; "": nothing was."""
    broken, limit = measured.broken, measured.limit
    if broken is None or limit is None:
        if measured.verdict is not Verdict.UNKNOWN:
            return ""
        return _tell_end(measured, fleet)
    at = f"At {show_figure(broken.step.offered)} requests a minute"
    said = f"{at} {_tell_sign(broken, objective)}"
    match limit:
        case Limit.INSTANCE:
            return f"{said}: {_tell_each(fleet, broken)}"
        case Limit.MAX_CAPACITY:
            return f"{said}: {_tell_most(fleet, broken)}"
        case Limit.PACE:
            held = _show(broken.step.duration)
            return (
                f"{said}: {_tell_few(fleet, broken)}, though it was held for {held}, longer than "
                f"the {_show(fleet.lag)} that metrics and new instances take"
            )
        case Limit.LEAD_TIME:
            return f"{said}, for {_tell_late(measured, fleet, broken, expectation)}"
        case _:
            return f"{said}, and {_tell_end(measured, fleet)}"


def tell_remedy(measured: Measured, fleet: Fleet) -> str:
    """Say how to test so that it shows; "": it shows."""
    if measured.verdict is not Verdict.UNKNOWN:
        return ""
    if measured.limit is Limit.LEAD_TIME:
        longer = timedelta(minutes=math.ceil(2 * fleet.lag / timedelta(minutes=1)))
        return (
            f"Test again with load that grows slower, or hold each for {_show(longer)} and let it "
            "rise by less"
        )
    if fleet.fixed is not None and fleet.fixed < fleet.settings.max_capacity:
        return f"Test again with {fleet.settings.max_capacity:,} instances"
    return f"Test again with {show_figure(measured.expected)} requests a minute among the loads"


def _tell_sign(broken: Load, objective: LatencyObjective | None) -> str:
    step = broken.step
    if broken.sign is Cause.FAILURES and step.failed_ratio < FAILED_RATIO:
        return "it answered nothing any more at the end"
    if broken.sign is Cause.FAILURES:
        return f"{step.failed_ratio:.1%} of the calls failed"
    if broken.sign is Cause.LATENCY and objective is not None:
        latency, name = read_latency(step, objective.quantile), f"p{100 * objective.quantile:g}"
        if latency is not None and latency > objective.latency_ms:
            return f"{name} was {show_figure(latency)} ms, over {objective.latency_ms:g} ms"
    if broken.sign is Cause.LATENCY:
        return "its latency was at the load test's own limit"
    return "more load brought no more answers"


def _tell_each(fleet: Fleet, broken: Load) -> str:
    had = show_figure(broken.step.answered / broken.instances)
    return (
        f"{_count(broken.instances)} served{_doubt(broken)}, and answered {had} each, of the "
        f"{show_figure(fleet.each)} that one carries alone"
    )


def _tell_most(fleet: Fleet, broken: Load) -> str:
    most = fleet.settings.max_capacity
    carry = show_figure(most * fleet.each)
    told = f"MaxCapacity is reached: {most:,} × {show_figure(fleet.each)} a minute are {carry}"
    if broken.is_known:
        return f"{told}; {_count(broken.instances)} served"
    return told


def _tell_few(fleet: Fleet, broken: Load) -> str:
    needed = math.ceil(broken.asked / fleet.each - NEAR_RATIO)
    if needed <= broken.early:
        full = broken.asked / (broken.early * fleet.each)
        return (
            f"it takes {full:.0%} of what the {broken.early:,.3g} carry that served{_doubt(broken)}"
        )
    return f"{needed:,} instances were needed and {broken.early:,.3g} served{_doubt(broken)}"


def _tell_late(measured: Measured, fleet: Fleet, broken: Load, expectation: Expectation) -> str:
    least = MINUTE_S * expectation.least_per_s
    from_ = show_figure(max(broken.seen, least))
    few = f"{_tell_few(fleet, broken)} when it began"
    told = (
        f"instances came too late: {few}, since load grew from {from_} within the "
        f"{_show(fleet.lag)} that metrics and new instances take"
    )
    if not measured.is_unexpected:
        return told
    told += "; that is faster than it is expected to grow"
    if broken.step.duration < fleet.lag:
        held = _show(broken.step.duration)
        told += f", and a load held for {held} shows no fleet that has scaled"
    return told


def _tell_end(measured: Measured, fleet: Fleet) -> str:
    """Say why nothing is known further; in small letters, for it goes on or begins a sentence."""
    broken, expected = measured.broken, show_figure(measured.expected)
    if fleet.fixed is not None and fleet.fixed < fleet.settings.max_capacity:
        return (
            f"only {_count(fleet.fixed)} served, of up to {fleet.settings.max_capacity:,}: what "
            "all of them handle was not tried"
        )
    most = show_figure(measured.loads[-1].step.offered)
    if broken is None:
        return f"the load test ended at {most} requests a minute: nothing is known beyond"
    if not measured.handled:
        return f"nothing less was tried, such as the {expected} expected"
    held = show_figure(measured.handled)
    return f"between {held}, which held, and that nothing was tried, such as {expected}"


def _doubt(broken: Load) -> str:
    return "" if broken.is_known else " (by reckoning)"


def _count(instances: float) -> str:
    return f"{instances:,.3g} instance{'' if instances == 1 else 's'}"


def _show(length: timedelta) -> str:
    seconds = length.total_seconds()
    if seconds >= 120.0 and not seconds % 60.0:  # noqa: PLR2004  (two minutes)
        return f"{seconds / 60:g} min"
    return f"{show_figure(seconds)} s"
