"""What is changed where the whole endpoint did not hold in its load test?

A real load test takes its time, so that one round changes all that it shows. Where the endpoint
held, or the load test does not show why not, nothing is changed.
"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

from flyball.core.shape import NamedTuple
from flyball.sizing.benchmark import Benchmark
from flyball.sizing.expectation import MINUTE_S, count_instances, round_up
from flyball.sizing.measured import WHOLE, Fleet, Limit, Load, Measured, Verdict
from flyball.sizing.moves import LEAST_RATIO, LOWER_RATIO
from flyball.sizing.plan import Sizing, size
from flyball.sizing.rounding import round_down, show_figure
from flyball.sizing.saturation import Cause
from flyball.sizing.settings import Kind, Settings

HALF = 0.5
"""A target is lowered to so much of itself for load that comes quickly; past that more instances
are there at all times."""
MEASURED = "measured on the endpoint"
SAME = (
    "It is not what an instance carries: each had no more than under loads that held. Look at what "
    "they share: how requests are shared out, the network, a quota of calls, the load generator"
)


LOOK = (
    "Look at what kept them from coming: a quota, no more machines of the type, or policies that "
    "are not in force"
)
KEPT = f"The policies could have ordered as many in that time. {LOOK}"


class Mended(NamedTuple):
    """What comes of a load test of the whole endpoint.

    Attributes:
        settings: To be in force from now on.
        sizing: What the method finds, with what each instance carries in the fleet.
        changes: What was changed, in order, for people; empty: nothing.
        obstacle: Why it cannot be mended so; "": it can, or need not be.
    """

    settings: Settings
    sizing: Sizing
    changes: tuple[str, ...] = ()
    obstacle: str = ""


def mend(measured: Measured, sizing: Sizing, fleet: Fleet, most: int, why: str) -> Mended:
    """Change what broke first.

    Args:
        measured: What the load test showed.
        sizing: What the method found.
        fleet: What was loaded.
        most: Instances that may be had at most, such as a quota.
        why: What broke, for people, without a full stop.
    """
    kept, broken = Mended(fleet.settings, sizing), measured.broken
    if measured.verdict is not Verdict.BREAKS or broken is None:
        return kept
    least = fleet.settings.min_capacity
    if broken.is_known and fleet.fixed is None and broken.last < least - WHOLE:
        served = f"{show_figure(broken.last)} served, fewer than the MinCapacity of {least:,}"
        return kept._replace(obstacle=f"{served}. {LOOK}")
    told = f"{MEASURED}: {why[:1].lower()}{why[1:]}"
    match measured.limit:
        case Limit.INSTANCE:
            return _lower(measured, kept, broken, fleet, most, told)
        case Limit.MAX_CAPACITY:
            return _raise(kept, most, told)
        case Limit.PACE:
            return _hasten(kept, broken, fleet, most, told)
        case _:
            return _make_room(kept, broken, fleet, most, told)


def _lower(
    measured: Measured, kept: Mended, broken: Load, fleet: Fleet, most: int, told: str
) -> Mended:
    """Go through the method again, with what each instance carries in the fleet."""
    had = broken.step.answered / broken.instances
    carried = read_carried(measured, broken)
    if carried is None:
        return kept._replace(obstacle=SAME)
    ratio = min(carried, had) / fleet.each
    before = fleet.settings
    held = min(
        ratio * kept.sizing.limit.invocations.middle, round_down(before.invocations * LOWER_RATIO)
    )
    if held < LEAST_RATIO * kept.sizing.limit.invocations.middle:
        return kept._replace(
            obstacle=f"Each would have to be held at {show_figure(held)} a minute, so little of "
            f"the {show_figure(fleet.each)} that one carries alone that more instances are no "
            "remedy: look at what fails"
        )
    again = size(_shrink(kept.sizing.benchmark, ratio), kept.sizing.wish)
    held = min(again.limit.invocations.middle, held)
    after, changes = _hold_at(kept, held, most, told)
    if before.kind is Kind.ADAPTIVE:  # it reads what one carries from its config
        carries = (show_figure(each) for each in (fleet.each, ratio * fleet.each))
        changes = [f"capacity per instance {' → '.join(carries)}"]
        changes += _name_bounds(before, after)
    return Mended(after, again, tuple(changes))


def read_carried(measured: Measured, broken: Load) -> float | None:
    """Say how much each instance carried in the fleet; None: it is not that which broke.

    Between the load on each that was well and the one that was not, it is interpolated.
    """
    had = broken.step.answered / broken.instances
    if broken.sign is Cause.FLAT or broken not in measured.loads:  # it was not yet too much
        return had
    asked = broken.step.offered / broken.instances
    before = measured.loads[: measured.loads.index(broken)]
    well = [each for each in before if each.step.offered / each.instances < asked]
    if broken.is_known and len(well) < len(before):
        return None
    if not well:
        return had * LOWER_RATIO
    best = max(well, key=lambda each: each.step.offered / each.instances)
    return min(had, _cross(best, broken, asked))


def _cross(well: Load, broken: Load, asked: float) -> float:
    """Find the load on each at which it becomes too much."""
    low = well.step.offered / well.instances
    begin, end = well.excess, broken.excess
    return low + (asked - low) * (1.0 - begin) / (end - begin)


def _shrink(benchmark: Benchmark, ratio: float) -> Benchmark:
    """Let one instance carry less in the same time and with the same use."""
    steps = tuple(
        replace(each, answered=each.answered * ratio, offered=each.offered * ratio)
        for each in benchmark.steps
    )
    source = f"{benchmark.source or 'a load test'}, of which each carries {ratio:.0%} in the fleet"
    return replace(benchmark, steps=steps, source=source)


def _hold_at(kept: Mended, held: float, most: int, told: str) -> tuple[Settings, list[str]]:
    """Lower the target, and let the bounds follow it by the method's formulas."""
    before, expected = kept.settings, kept.sizing.wish.expectation
    after = before.change(told, invocations=held)
    least = count_instances(expected.least_per_s, held)
    needed = count_instances(expected.most_per_s, held)
    grown = round_up(needed * Fraction(str(expected.growth_factor)))
    follow = "as the target was lowered"
    if min(most, least) > before.min_capacity:
        after = after.change(follow, min_capacity=min(most, least))
    if min(most, grown) > before.max_capacity:
        after = after.change(follow, max_capacity=min(most, grown))
    target = f"InvocationsPerInstance {show_figure(before.invocations)} → {show_figure(held)}"
    return after, [target, *_name_bounds(before, after)]


def _name_bounds(before: Settings, after: Settings) -> list[str]:
    names = {"MinCapacity": "min_capacity", "MaxCapacity": "max_capacity"}
    return [
        f"{name} {getattr(before, each):,} → {getattr(after, each):,}"
        for name, each in names.items()
        if getattr(before, each) != getattr(after, each)
    ]


def _raise(kept: Mended, most: int, told: str) -> Mended:
    """Allow as many as the most needs, and as growth does."""
    before, expected = kept.settings, kept.sizing.wish.expectation
    needed = count_instances(expected.most_per_s, before.invocations)
    grown = round_up(needed * Fraction(str(expected.growth_factor)))
    wanted = min(most, max(grown, before.max_capacity + 1))
    if wanted <= before.max_capacity:
        return kept._replace(obstacle=f"No more than {most:,} may be had")
    after = before.change(told, max_capacity=wanted)
    return kept._replace(settings=after, changes=tuple(_name_bounds(before, after)))


def _hasten(kept: Mended, broken: Load, fleet: Fleet, most: int, told: str) -> Mended:
    """Ask for more of them, or sooner: hold each at less, or wait less and add more at a time."""
    before, adapts = kept.settings, kept.settings.kind is Kind.ADAPTIVE
    wanted = count_instances(broken.asked / MINUTE_S, before.invocations)
    if wanted <= broken.last and not adapts:
        usual = kept.sizing.limit.invocations.middle
        held = min(usual, round_down(before.invocations * LOWER_RATIO))
        after, changes = _hold_at(kept, held, most, told)
        return kept._replace(settings=after, changes=tuple(changes))
    waits, short = before.cooldowns.scale_out, broken.asked / fleet.each - broken.last
    half = timedelta(seconds=waits // timedelta(seconds=2))
    is_quickest = half == waits and before.kind is not Kind.STEPS
    if is_quickest or _could_come(before, broken, fleet) >= short:
        return kept._replace(obstacle=KEPT)
    after, changes = before, list[str]()
    if half < waits:
        after = after.change(told, cooldowns=before.cooldowns._replace(scale_out=half))
        changes.append(
            f"cooldown of scale-out {waits.total_seconds():g} s → {half.total_seconds():g} s"
        )
    more = max(1, math.ceil(short))
    percent = math.ceil(100 * more / broken.last)
    rises = tuple(
        each._replace(add=each.add + (percent if each.is_percent else more))
        for each in before.rises
    )
    if rises and not adapts:
        shown = ("/".join(each.shown for each in some) for some in (before.rises, rises))
        after = after.change(told, rises=rises)
        changes.append(f"steps {' → '.join(shown)}")
    return kept._replace(settings=after, changes=tuple(changes))


def _could_come(settings: Settings, broken: Load, fleet: Fleet) -> float:
    """Say how many more the policies could have ordered so early that they served.

    Each time as many as the least step adds; what tracks a target, or adapts, orders all at once.
    """
    wait = settings.cooldowns.scale_out + timedelta(minutes=1)
    times = 1 + (broken.step.duration - fleet.lag) // wait
    if not settings.rises or settings.kind is not Kind.STEPS:
        return math.inf if times > 1 else 0.0
    first = settings.rises[0]
    each = first.add * broken.early / 100 if first.is_percent else first.add
    return times * max(1.0, each)


def _make_room(kept: Mended, broken: Load, fleet: Fleet, most: int, told: str) -> Mended:
    """Keep so much room on each that what comes within the lag finds it; else have more of them."""
    before = kept.settings
    seen = max(broken.seen, MINUTE_S * kept.sizing.wish.expectation.least_per_s)
    held = before.invocations * min(LOWER_RATIO, seen / broken.asked)
    held = round_down(min(held, seen * fleet.each / broken.asked))
    if before.kind is not Kind.ADAPTIVE and held >= HALF * before.invocations:
        after, changes = _hold_at(kept, held, most, told)
        return kept._replace(settings=after, changes=tuple(changes))
    needed = count_instances(broken.asked / MINUTE_S, fleet.each)
    wanted = min(most, max(needed, before.min_capacity + 1))
    if wanted <= before.min_capacity:
        return kept._replace(obstacle=f"No more than {most:,} may be had")
    after = before.change(told, min_capacity=wanted)
    if wanted > before.max_capacity:
        after = after.change("no less than min_capacity", max_capacity=wanted)
    return kept._replace(settings=after, changes=tuple(_name_bounds(before, after)))
