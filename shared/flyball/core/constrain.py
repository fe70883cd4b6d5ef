"""What holds the number back: each step gives on a number, and leaves a Limit if it changed it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import datetime

from flyball.core.activity import carries_load, is_active
from flyball.core.advise import heed_forecast
from flyball.core.cooldown import await_scale_out, cool_down
from flyball.core.model import (
    Change,
    Direction,
    Limit,
    LimitKind,
    MissingCause,
    Reason,
)
from flyball.core.policy import MissingRule
from flyball.core.scene import Asked, Scene, paused
from flyball.core.target import CapacityKind, DirectionRules, RateKind, RateRule, Select

Stage = Callable[[int, Scene, Asked], Limit | None]


def stabilize(number: int, scene: Scene, asked: Asked) -> Limit | None:
    """Scale-out takes the least, scale-in the most, of the recent recommendations.

    Source: Kubernetes, "Horizontal Pod Autoscaling: Stabilization window".
    """
    current = scene.current
    if number == current:
        return None
    out = number > current
    rules = scene.target.scale_out if out else scene.target.scale_in
    since = scene.now - rules.stabilization_window
    extreme = number
    until = None
    for at, desired in scene.history.recommendations:
        if at > since and (desired <= extreme if out else desired >= extreme):
            extreme, until = desired, at + rules.stabilization_window
    after = max(current, extreme) if out else min(current, extreme)
    if after == number:
        return None
    return Limit(LimitKind.STABILIZATION, number, after, Reason.STABILIZED, until)


def limit_rate(number: int, scene: Scene, asked: Asked) -> Limit | None:
    """Change at most so many instances, or percent, in so much time.

    Of a range, the way out starts from what serves; the way in is the floor's alone. What the
    service picks by itself is not counted.

    Source: Kubernetes, pkg/controller/podautoscaler/horizontal.go
        (calculateScaleUpLimitWithScalingRules, calculateScaleDownLimitWithBehaviors).
    """
    current = scene.current
    if number == current:
        return None
    out = number > current
    rules = scene.target.scale_out if out else scene.target.scale_in
    if rules.select is Select.DISABLED:
        return Limit(LimitKind.RATE, number, current, Reason.DIRECTION_DISABLED)
    if not rules.rates:
        return None
    allowed = _allowed(rules, scene, out=out)
    if out:
        allowed = max(current, allowed)
        after = min(number, allowed)
    else:
        allowed = min(current, allowed)
        after = max(number, allowed)
    if after == number:
        return None
    return Limit(LimitKind.RATE, number, after, Reason.RATE_LIMITED, _period_ends(rules, scene))


def _allowed(rules: DirectionRules, scene: Scene, *, out: bool) -> int:
    """Work out the furthest capacity that the rate rules allow."""
    proposals = []
    for rule in rules.rates:
        start = scene.base if out else scene.current
        for change in _counting(rule, scene):
            start -= _added(change, scene) if out else change.after - change.before
        if rule.kind is RateKind.COUNT:
            proposals.append(start + int(rule.amount) if out else start - int(rule.amount))
        elif out:
            proposals.append(math.ceil(start * (1 + rule.amount / 100) * (1 - 1e-9)))
        else:
            proposals.append(math.trunc(start * (1 - rule.amount / 100) * (1 + 1e-9)))
    widest = rules.select is Select.MAX
    return max(proposals) if out is widest else min(proposals)


def _counting(rule: RateRule, scene: Scene) -> Iterator[Change]:
    """Give the changes inside a rule's period, of what is deployed now."""
    carried = scene.history.carried
    since = scene.now - rule.period
    for change in scene.history.changes:
        if change.at > since and (carried is None or change.at >= carried.at):
            yield change


def _added(change: Change, scene: Scene) -> int:
    """How many instances a change added beyond what served then; below 0: it took some away."""
    if change.after <= change.before:
        return change.after - change.before
    return max(0, change.after - scene.base_of(change))


def _period_ends(rules: DirectionRules, scene: Scene) -> datetime | None:
    """When the oldest change that still counts leaves its period."""
    ends = [c.at + rule.period for rule in rules.rates for c in _counting(rule, scene)]
    return min(ends, default=None)


def pin(number: int, scene: Scene, asked: Asked) -> Limit | None:
    """Where one number is asked of a service that still picks in a range: begin with its pick.

    Else the first pin would take away all that the service has added to the floor.
    """
    if scene.target.capacity_kind is CapacityKind.RANGE or scene.capacity.ceiling is None:
        return None
    if not scene.current <= number < scene.picked:
        return None
    return Limit(LimitKind.PIN, number, scene.picked, Reason.PINNED)


def settle_zero(number: int, scene: Scene, asked: Asked) -> Limit | None:
    """Go to zero only after long idleness, and leave it only for activity.

    Idle is what neither its metric nor the load of any tracking policy says to be in use.

    Source: KEDA, "Scaling deployments": cooldownPeriod and activation.
    """
    rule = scene.target.zero
    if rule is None:
        return None
    active = is_active(scene.target, rule, scene.observation, scene.now)
    if not scene.current:
        if number > 0 and not active and not (active is None and _fallback(asked, 0)):
            reason = Reason.MISSING_DATA if active is None else Reason.IDLE
            return Limit(LimitKind.ZERO, number, 0, reason, by=rule.metric)
        return None
    idle_from = scene.history.active_at
    ends = None if idle_from is None else idle_from + rule.idle_after
    loaded = carries_load(scene.target, rule, scene.observation, scene.now)
    idle = active is False and not loaded and ends is not None and ends <= scene.now
    if idle and 0 < number <= scene.current and _may_empty(scene, asked):
        return Limit(LimitKind.ZERO, number, 0, Reason.IDLE, by=rule.metric)
    if not number and not idle:
        return Limit(
            LimitKind.ZERO,
            number,
            1,
            Reason.NOT_IDLE_LONG_ENOUGH,
            None if active or loaded else ends,
            rule.metric,
        )
    return None


def _may_empty(scene: Scene, asked: Asked) -> bool:
    """Say whether nothing speaks against going to zero at once.

    A policy whose metric shows load does, and so do a disabled direction, a scale-out in flight
    and instances that warm up.
    """
    if scene.scaling_out is not None or scene.capacity.warming:
        return False
    if scene.target.scale_in.select is Select.DISABLED:
        return False
    busy = (Reason.WITHIN_TOLERANCE, Reason.ABOVE_TARGET)
    return not any(rec.reason in busy for rec in asked.recommendations)


def bound(number: int, scene: Scene, asked: Asked) -> Limit | None:
    """Keep inside the bounds of this instant: minimum, maximum, windows."""
    bounds = scene.bounds
    if number < bounds.floor:
        if bounds.floor_by:
            reason = Reason.WINDOW_AHEAD if bounds.ahead else Reason.WINDOW_FLOOR
            by, until = bounds.floor_by, bounds.until
            return Limit(LimitKind.WINDOW, number, bounds.floor, reason, until, by)
        return Limit(LimitKind.BOUNDS, number, bounds.floor, Reason.BELOW_MIN)
    if number > bounds.ceiling:
        if bounds.ceiling_by:
            return Limit(
                LimitKind.WINDOW,
                number,
                bounds.ceiling,
                Reason.WINDOW_CEILING,
                bounds.until,
                bounds.ceiling_by,
            )
        return Limit(LimitKind.BOUNDS, number, bounds.ceiling, Reason.ABOVE_MAX)
    return None


def cap_by_quota(number: int, scene: Scene, asked: Asked) -> Limit | None:
    """Ask for no more than the provider is known to grant; never a reason to scale in."""
    most = granted(scene)
    if most is None or number <= most or scene.history.quota is None:
        return None
    return Limit(LimitKind.QUOTA, number, most, Reason.QUOTA, scene.history.quota.until)


def granted(scene: Scene) -> int | None:
    """How many instances the provider is known to grant, at least what is there; None: any."""
    quota = scene.history.quota
    if quota is None or quota.until <= scene.now:
        return None
    return max(quota.capacity, scene.base)


def cap_by_budget(number: int, scene: Scene, asked: Asked) -> Limit | None:
    """Spend no more an hour than allowed; this wins over the minimum and over windows."""
    most = affordable(scene)
    return (
        Limit(LimitKind.BUDGET, number, most, Reason.BUDGET)
        if most is not None and number > most
        else None
    )


def affordable(scene: Scene) -> int | None:
    """How many instances the spend limit pays for; None: no limit."""
    price, limit = scene.target.price_per_hour, scene.target.spend_limit_per_hour
    if price is None or limit is None:
        return None
    return math.floor(min(limit / price, 1e9) * (1 + 1e-9))


def wait_out_shortage(number: int, scene: Scene, asked: Asked) -> Limit | None:
    """After "no machines": no change until the back-off ends, then half the step a refusal."""
    shortage = scene.history.shortage
    if shortage is None or number == scene.current:
        return None
    if scene.now < shortage.until:
        return Limit(
            LimitKind.SHORTAGE, number, scene.current, Reason.CAPACITY_SHORTAGE, shortage.until
        )
    base = scene.base
    if number <= base:  # fewer, or no more than serve already
        return None
    after = base + max(1, (number - base) >> max(0, min(shortage.attempts, 20)))
    return (
        Limit(LimitKind.SHORTAGE, number, after, Reason.CAPACITY_SHORTAGE)
        if after != number
        else None
    )


def hold_when_blind(number: int, scene: Scene, asked: Asked) -> Limit | None:
    """Hold a direction while a metric that guards it is missing.

    A fallback still fires, and a floor is still reached: neither depends on what is missing.
    """
    current = scene.current
    if number == current:
        return None
    out = number > current
    held = min(number, max(_fallback(asked, current), scene.bounds.floor)) if out else current
    if held == number:
        return None
    for rec in asked.recommendations:
        if rec.missing is None:
            continue
        if out and rec.missing is MissingCause.UNDEFINED_AT_ZERO:
            continue  # else a target at zero could never leave it
        policy = scene.target.measured.get(rec.policy)
        if policy is None:
            continue
        rule = policy.missing.scale_out if out else policy.missing.scale_in
        if rule is MissingRule.HOLD:
            reason = Reason.MISSING_DATA
            return Limit(LimitKind.MISSING, number, held, reason, None, rec.metric)
    return None


def _fallback(asked: Asked, current: int) -> int:
    """Say what the fallback has, where it has fired; it comes last of the recommendations."""
    for last in asked.recommendations[-1:]:
        if last.reason is Reason.FALLBACK:
            return last.desired or current
    return current


def respect_foreign(number: int, scene: Scene, asked: Asked) -> Limit | None:
    """Leave somebody else's change alone until its hold ends.

    After they scaled out, more may still be added; after they scaled in, nothing moves. After they
    lowered a range's ceiling, the floor stays below it.
    """
    current, foreign = scene.current, scene.history.foreign
    if number == current:
        return None
    is_held = foreign is not None and foreign.until > scene.now
    if foreign is not None and is_held and (number < current or foreign.after <= foreign.before):
        return Limit(LimitKind.FOREIGN, number, current, Reason.FOREIGN_HOLD, foreign.until)
    theirs = scene.foreign_ceiling
    most = max(current, scene.capacity.ceiling or 0)
    if theirs is None or theirs.after > theirs.before or number <= most:
        return None
    return Limit(LimitKind.FOREIGN, number, most, Reason.FOREIGN_HOLD, theirs.until)


def respect_pause(number: int, scene: Scene, asked: Asked) -> Limit | None:
    """Do nothing in a direction that a human paused."""
    if number == scene.current or not scene.history.pauses:
        return None
    pause = paused(scene, Direction.OUT if number > scene.current else Direction.IN)
    if pause is None:
        return None
    return Limit(LimitKind.PAUSE, number, scene.current, Reason.PAUSED, pause.until, pause.by)


def obey_provider(number: int, scene: Scene, asked: Asked) -> Limit | None:
    """Ask for nothing that the provider's own bounds refuse; they move nothing by themselves."""
    current, least, most = scene.current, scene.capacity.least, scene.capacity.most
    if most is not None and number > current and number > most:
        return Limit(LimitKind.PROVIDER, number, max(current, most), Reason.PROVIDER_MAX)
    if least is not None and number < current and number < least:
        return Limit(LimitKind.PROVIDER, number, min(current, least), Reason.PROVIDER_MIN)
    return None


def find_refusal(number: int, scene: Scene) -> Reason | None:
    """Say which of the provider's own bounds refuses a number, where the hard bounds ask for it."""
    least, most = scene.capacity.least, scene.capacity.most
    if most is not None and number > most:
        return Reason.PROVIDER_MAX
    return Reason.PROVIDER_MIN if least is not None and number < least else None


def clamp(number: int, scene: Scene, asked: Asked) -> Limit | None:
    """Stay inside the hard bounds, whatever the policies, windows and events say."""
    most = hardest(scene)
    if number > most:
        return Limit(LimitKind.HARD, number, most, Reason.HARD_MAX)
    least = min(scene.target.hard_min_capacity, most)
    if number < least:
        return Limit(LimitKind.HARD, number, least, Reason.HARD_MIN)
    return None


def hardest(scene: Scene) -> int:
    """Never more than this: the hard maximum, or what the spend limit pays for."""
    budget = affordable(scene)
    return scene.target.hard_max if budget is None else min(scene.target.hard_max, budget)


STAGES: tuple[Stage, ...] = (
    heed_forecast,
    stabilize,
    cool_down,
    await_scale_out,
    limit_rate,
    pin,
    settle_zero,
    bound,
    cap_by_quota,
    cap_by_budget,
    wait_out_shortage,
    hold_when_blind,
    respect_foreign,
    respect_pause,
    obey_provider,
    clamp,
)
"""The pipeline after the merge, in order; the hard bounds come last."""
