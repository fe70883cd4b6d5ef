"""What does a decision say in words?

Sentences are made from enums and numbers when they are shown; none is ever stored. A name that
comes from a config or an event passes through `plain` on its way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flyball.core.model import (
    Action,
    Decision,
    Fired,
    Limit,
    LimitKind,
    MissingCause,
    Observation,
    Reason,
    Recommendation,
)
from flyball.core.policy import Adjustment, StepPolicy
from flyball.core.target import Per, ScalableTarget, Unit
from flyball.ports import Outcome, OutcomeKind
from flyball.report.advised import tell_advice
from flyball.report.figures import counted, instant, number
from flyball.report.plain import plain
from flyball.report.reported import tell_reported

BUILT_IN = frozenset({"range", "activation", "idle", "fallback", "carried"})
"""Recommendations that no policy of the config makes."""

REASONS: Mapping[Reason, str] = {
    Reason.ABOVE_TARGET: "above target",
    Reason.BELOW_TARGET: "below target",
    Reason.WITHIN_TOLERANCE: "near enough to target",
    Reason.ALREADY_DESIRED: "what is desired is enough",
    Reason.BREACH_TOO_SHORT: "the breach is too short yet",
    Reason.SCALE_IN_DISABLED: "scale-in is disabled",
    Reason.MISSING_DATA: "a metric is missing",
    Reason.FLIPPED_BY_MISSING_INSTANCES: "instances that did not report could turn it",
    Reason.STEP: "a step was reached",
    Reason.STEP_IS_ZERO: "the step changes nothing",
    Reason.NO_STEP: "no step is there",
    Reason.NO_BREACH: "nothing is past its threshold",
    Reason.CANNOT_LEAVE_ZERO_BY_PERCENT: "a percentage of zero is zero",
    Reason.FLOOR_UNCLAIMED: "nothing asks for a higher floor",
    Reason.CARRIED_OVER: "the deployment before had it",
    Reason.RANGE_PERMITS: "the range permits it already",
    Reason.ACTIVATED: "there is activity",
    Reason.IDLE: "it is idle",
    Reason.FALLBACK: "the fallback holds",
    Reason.FORECAST_ABOVE: "a forecast needs more",
    Reason.FORECAST_COVERED: "a forecast is covered",
    Reason.ON_PROBATION: "its forecasts do no better than the last value",
    Reason.FOLLOWS_SHADOW: "the shadow that is followed",
    Reason.NOTHING_LEARNED: "nothing has been learned yet",
    Reason.SCHEDULE_APPLIED: "a scheduled action set the bounds",
    Reason.SCHEDULE_REJECTED: "a scheduled action was rejected",
    Reason.NOT_ALL_AGREE: "not all policies agree to scale in",
    Reason.FORECAST_NEEDS: "a forecast needs them",
    Reason.SCALING_OUT_IN_FLIGHT: "a scale-out is on its way",
    Reason.WARMING_UP: "instances are warming up",
    Reason.STABILIZED: "the stabilization window holds it",
    Reason.IN_COOLDOWN: "a cooldown lasts",
    Reason.RATE_LIMITED: "the rate is limited",
    Reason.DIRECTION_DISABLED: "this direction is disabled",
    Reason.BELOW_MIN: "min capacity",
    Reason.ABOVE_MAX: "max capacity",
    Reason.PINNED: "the service has picked so many",
    Reason.WINDOW_FLOOR: "a window's floor",
    Reason.WINDOW_AHEAD: "a window's floor, early",
    Reason.WINDOW_CEILING: "a window's ceiling",
    Reason.QUOTA: "the provider's quota",
    Reason.BUDGET: "the spend limit",
    Reason.NOT_IDLE_LONG_ENOUGH: "it has not been idle for long enough",
    Reason.PAUSED: "it is paused",
    Reason.FOREIGN_HOLD: "somebody else changed the capacity",
    Reason.CAPACITY_SHORTAGE: "the provider has no machines",
    Reason.PROVIDER_MIN: "the provider's own minimum",
    Reason.PROVIDER_MAX: "the provider's own maximum",
    Reason.HARD_MIN: "the hard minimum",
    Reason.HARD_MAX: "the hard maximum",
    Reason.NOTHING_ASKED: "no policy asks for anything",
    Reason.CAPACITY_UNKNOWN: "the capacity cannot be read",
    Reason.BUSY: "the endpoint is being updated",
    Reason.ENDPOINT_FAILED: "the endpoint has failed",
    Reason.FOREIGN_OWNER: "something else scales this resource",
    Reason.ADVISE_ONLY: "the config says to advise only",
    Reason.CEILING_MOVED: "the ceiling moved",
    Reason.HEARTBEAT: "every target is looked at now and then",
    Reason.BREACH_LASTS: "the breach lasts",
    Reason.UPDATE_LASTS: "the update lasts",
    Reason.SCHEDULE_BOUNDARY: "the calendar changes the bounds",
    Reason.LIMIT_ENDS: "what held it ends",
    Reason.LEARNS: "a policy learns from every minute",
}
"""A few words for each reason, as they stand after "because" or a colon."""

CAUSES: Mapping[MissingCause, str] = {
    MissingCause.NO_DATA: "no data",
    MissingCause.STALE: "its newest value is too old",
    MissingCause.NOT_FINITE: "its newest value is not finite",
    MissingCause.NEGATIVE: "its newest value is negative",
    MissingCause.FROM_THE_FUTURE: "its newest value is from the future",
    MissingCause.SOURCE_FAILED: "it could not be read",
    MissingCause.UNDEFINED_AT_ZERO: "no instance is in service",
    MissingCause.UNAVAILABLE: "it is no more",
}

KINDS: Mapping[LimitKind, str] = {
    LimitKind.AGREEMENT: "the agreement on scale-in",
    LimitKind.FORECAST: "the forecast",
    LimitKind.STABILIZATION: "the stabilization window",
    LimitKind.COOLDOWN: "the cooldown",
    LimitKind.RATE: "the rate limit",
    LimitKind.PIN: "the pin",
    LimitKind.ZERO: "the rule for zero",
    LimitKind.WINDOW: "the calendar's windows",
    LimitKind.BOUNDS: "min and max capacity",
    LimitKind.QUOTA: "the provider's quota",
    LimitKind.BUDGET: "the spend limit",
    LimitKind.SHORTAGE: "the wait for machines",
    LimitKind.MISSING: "the guard against missing data",
    LimitKind.FOREIGN: "the respect for somebody else's change",
    LimitKind.PAUSE: "the pause",
    LimitKind.PROVIDER: "the provider's own bounds",
    LimitKind.HARD: "the hard bounds",
}
"""As it stands after "without"."""

LIMITS: Mapping[Reason, tuple[str, str]] = {
    Reason.NOT_ALL_AGREE: ("because policy {by} is against it", "because not all policies agree"),
    Reason.FORECAST_NEEDS: ("by the forecast of policy {by}", "by a forecast"),
    Reason.SCALING_OUT_IN_FLIGHT: ("", "because a scale-out is on its way"),
    Reason.WARMING_UP: ("", "because instances are warming up"),
    Reason.STABILIZED: ("", "by the stabilization window"),
    Reason.IN_COOLDOWN: ("by the cooldown of policy {by}", "by a cooldown"),
    Reason.RATE_LIMITED: ("", "by the rate limit"),
    Reason.DIRECTION_DISABLED: ("", "because this direction is disabled"),
    Reason.BELOW_MIN: ("", "by min capacity"),
    Reason.ABOVE_MAX: ("", "by max capacity"),
    Reason.PINNED: ("", "because the service has picked so many, and none is taken by a pin"),
    Reason.WINDOW_FLOOR: ("by the floor of window {by}", "by a window's floor"),
    Reason.WINDOW_AHEAD: ("ahead of window {by}", "ahead of a window"),
    Reason.WINDOW_CEILING: ("by the ceiling of window {by}", "by a window's ceiling"),
    Reason.QUOTA: ("", "by the quota that the provider grants"),
    Reason.BUDGET: ("", "by the spend limit"),
    Reason.IDLE: ("because {by} is idle", "because it is idle"),
    Reason.NOT_IDLE_LONG_ENOUGH: (
        "because {by} has not been idle for long enough",
        "because it has not been idle for long enough",
    ),
    Reason.PAUSED: ("by the pause of {by}", "by a pause"),
    Reason.MISSING_DATA: ("because {by} is missing", "because a metric is missing"),
    Reason.FOREIGN_HOLD: ("", "because somebody else changed the capacity"),
    Reason.CAPACITY_SHORTAGE: ("", "because the provider has no machines"),
    Reason.PROVIDER_MIN: ("", "by the provider's own minimum"),
    Reason.PROVIDER_MAX: ("", "by the provider's own maximum"),
    Reason.HARD_MIN: ("", "by the hard minimum"),
    Reason.HARD_MAX: ("", "by the hard maximum"),
}
"""By a limit's reason: the phrase with its `by`, and the one without."""

OUTCOMES: Mapping[OutcomeKind, str] = {
    OutcomeKind.APPLIED: "The provider accepted it",
    OutcomeKind.DEFERRED: "The provider refused it: another update is in progress",
    OutcomeKind.THROTTLED: "The provider was asked too often; the next wake tries again",
    OutcomeKind.QUOTA_EXCEEDED: "The provider refused it: its quota is exceeded",
    OutcomeKind.SHORTAGE: "The provider has no machines of this type now",
    OutcomeKind.DENIED: "Permission was denied; somebody must grant it",
    OutcomeKind.FAILED: "The provider refused it",
    OutcomeKind.ABORTED: "It was not sent",
    OutcomeKind.LANDED: "Found afterwards: it had taken effect",
    OutcomeKind.NOT_LANDED: "Found afterwards: it had not taken effect",
    OutcomeKind.OVERTAKEN: "Found afterwards: something else had changed the capacity",
}

_RULES: Mapping[Reason, str] = {
    Reason.ABOVE_TARGET: "{measured}, target {target}",
    Reason.BELOW_TARGET: "{measured}, target {target}",
    Reason.WITHIN_TOLERANCE: "{measured}, near enough to target {target}",
    Reason.ALREADY_DESIRED: "{measured}, target {target}; what is desired is enough",
    Reason.BREACH_TOO_SHORT: "{measured}, against {target}, but in too few datapoints yet",
    Reason.SCALE_IN_DISABLED: "{measured}, target {target}; its scale-in is disabled",
    Reason.MISSING_DATA: "{metric} is missing: {cause}",
    Reason.FLIPPED_BY_MISSING_INSTANCES: (
        "{measured}, target {target}; instances that did not report could turn the direction"
    ),
    Reason.STEP: "{measured}, threshold {target}, step {step}",
    Reason.STEP_IS_ZERO: "{measured}, threshold {target}; step {step} changes nothing",
    Reason.NO_STEP: "{measured}, threshold {target}; no step is there",
    Reason.NO_BREACH: "{measured}, not past threshold {target}",
    Reason.CANNOT_LEAVE_ZERO_BY_PERCENT: (
        "{measured}, threshold {target}; step {step} of zero is zero"
    ),
    Reason.FLOOR_UNCLAIMED: "nothing asks for a higher floor than the bounds",
    Reason.CARRIED_OVER: "it is carried over from the deployment before",
    Reason.RANGE_PERMITS: (
        "{measured}, threshold {target}, step {step}; the range permits it already"
    ),
    Reason.ACTIVATED: "{measured}, above the activation threshold {target}",
    Reason.IDLE: "{measured}, not above the activation threshold {target}",
    Reason.FALLBACK: "{metric} has been missing for too long",
    Reason.FORECAST_ABOVE: "{measured}, and {advice}",
    Reason.FORECAST_COVERED: "{measured}, and {advice}; what there is covers that",
    Reason.ON_PROBATION: "{measured}, and {advice}, so it asks for nothing",
    Reason.FOLLOWS_SHADOW: "{measured}, and {advice}",
    Reason.NOTHING_LEARNED: "{measured}, and nothing has been learned yet",
}
"""By the reason of a recommendation."""


def tell(
    decision: Decision, target: ScalableTarget | None = None, seen: Observation | None = None
) -> str:
    """Say all of a decision: what, why, what limited it, and when it is looked at again.

    Args:
        decision: Any.
        target: Its config, for units and kinds of step; None: without them.
        seen: What it was decided from, for who reported; None: without that.

    Returns:
        A few sentences on one line, safe for a terminal.
    """
    sentences = [
        *tell_number(decision, target, seen),
        *map(tell_fired, decision.fired),
        tell_wake(decision),
    ]
    return " ".join(f"{each}." for each in sentences)


def tell_number(
    decision: Decision, target: ScalableTarget | None = None, seen: Observation | None = None
) -> list[str]:
    """Say what is decided, why, and what limited it, as sentences without their full stops."""
    why, limits = tell_why(decision, target, seen)
    return [f"{headline(decision)}: {why}", *limits]


def tell_why(
    decision: Decision, target: ScalableTarget | None = None, seen: Observation | None = None
) -> tuple[str, list[str]]:
    """Say why, and then what limited it; where no policy asked for a change, a limit is the why."""
    limits = list(tell_limits(decision))
    if decision.limits and not decision.policies and decision.desired != decision.current:
        first = limits.pop(0)
        return f"{first[0].lower()}{first[1:]}", limits
    return because(decision, target, seen), limits


def headline(decision: Decision) -> str:
    """Say what is done, in a few words."""
    current, desired = decision.current, decision.desired
    shown = f"{desired:,}"
    if decision.ceiling != desired:
        shown = f"{desired:,}–{decision.ceiling:,}"
    if current is None or decision.action is Action.HOLD:
        return f"Hold {shown}"
    if desired > current:
        what = f"Scale out {current:,} → {shown}"
    elif desired < current:
        what = f"Scale in {current:,} → {shown}"
    else:
        what = f"Range {shown}"
    suffix = {Action.DEFER: ", deferred", Action.BLOCK: ", not sent"}
    return f"{what}{suffix.get(decision.action, '')}"


def because(
    decision: Decision, target: ScalableTarget | None = None, seen: Observation | None = None
) -> str:
    """Say why: what the deciding policies saw, or what stands in the way of any answer."""
    telling = [
        rec
        for rec in decision.recommendations
        if rec.policy in decision.policies and rec.desired == decision.wanted
    ]
    if not telling:
        telling = [rec for rec in decision.recommendations if rec.reason is decision.reason][:1]
    if not telling and decision.limits:
        first = decision.limits[0]
        telling = [rec for rec in decision.recommendations if rec.desired == first.before][:1]
    if not telling:
        return REASONS[decision.reason]
    why = "; ".join(tell_recommendation(rec, target, seen) for rec in telling)
    if decision.action in (Action.DEFER, Action.BLOCK):
        return f"{REASONS[decision.reason]}; {why}"
    return why


def tell_recommendation(
    rec: Recommendation, target: ScalableTarget | None = None, seen: Observation | None = None
) -> str:
    """Say what one policy saw, and on how many instances it counted that."""
    rule = _RULES.get(rec.reason, f"{{metric}}: {REASONS[rec.reason]}")
    text = rule.format(
        measured=f"{_measured(rec, target)}{tell_reported(rec, target, seen)}",
        metric=plain(rec.metric),
        target="?" if rec.target is None else f"{number(rec.target)}{_unit(rec, target)}",
        cause=CAUSES[rec.missing] if rec.missing is not None else "no value",
        step=_step(rec, target),
        advice=tell_advice(rec.advice),
    )
    return text if rec.policy in BUILT_IN else f"{text} (policy {plain(rec.policy)})"


def _measured(rec: Recommendation, target: ScalableTarget | None) -> str:
    """Say what was measured: invocations was 150 per instance on 10 instances."""
    metric = None if target is None else target.metric_by_name.get(rec.metric)
    value = "not known" if rec.value is None else f"{number(rec.value)}{_unit(rec, target)}"
    counts = metric is not None and metric.unit is Unit.NUMBER  # a percentage is no amount of one
    per = " per instance" if metric is not None and counts and metric.per is Per.INSTANCE else ""
    on = "" if rec.ready is None else f" on {counted(rec.ready)}"
    return f"{plain(rec.metric)} was {value}{per}{on}"


def _unit(rec: Recommendation, target: ScalableTarget | None) -> str:
    metric = None if target is None else target.metric_by_name.get(rec.metric)
    return "" if metric is None or metric.unit is Unit.NUMBER else " %"


def _step(rec: Recommendation, target: ScalableTarget | None) -> str:
    if rec.adjustment is None:
        return "?"
    signed = f"{'+' if rec.adjustment > 0 else '−' if rec.adjustment < 0 else ''}"
    signed += number(abs(rec.adjustment))
    policies = () if target is None else target.policies
    for policy in policies:
        if isinstance(policy, StepPolicy) and policy.name == rec.policy:
            if policy.adjustment is Adjustment.PERCENT_CHANGE_IN_CAPACITY:
                return f"{signed} %"
            if policy.adjustment is Adjustment.EXACT_CAPACITY:
                return f"to exactly {number(rec.adjustment)}"
    return signed


def tell_limits(decision: Decision) -> Sequence[str]:
    """Say each thing that changed the number, in order, and what is wanted beyond it."""
    told = [tell_limit(limit, decision) for limit in decision.limits]
    if decision.unmet:
        told.append(f"{decision.unmet:,} more are wanted than may be had")
    return told


def tell_limit(limit: Limit, decision: Decision) -> str:
    """Say what one step did to the number, why, and until when."""
    current = decision.wanted if decision.current is None else decision.current
    towards = (
        min(limit.before, current) <= limit.after <= max(limit.before, current)
        and limit.before != current
    )
    verb = "Held at" if towards else "Raised to" if limit.after > limit.before else "Lowered to"
    named, unnamed = LIMITS.get(limit.reason, ("", f"because {REASONS[limit.reason]}"))
    phrase = named.format(by=plain(limit.by)) if named and limit.by else unnamed
    until = "" if limit.until is None else f" until {instant(limit.until, decision.at)}"
    return f"{verb} {limit.after:,} {phrase}{until}"


def tell_fired(fired: Fired) -> str:
    """Say what became of a scheduled action that was due."""
    bounds = f"{fired.min_capacity:,}–{fired.max_capacity:,}"
    if fired.reason is Reason.SCHEDULE_REJECTED:
        return (
            f"Scheduled action {plain(fired.policy)} was rejected: its minimum would be above the "
            f"maximum, so the bounds stay {bounds}"
        )
    return f"Scheduled action {plain(fired.policy)} set the bounds to {bounds}"


def tell_wake(decision: Decision) -> str:
    """Say when the target is looked at again, and why then."""
    at = instant(decision.wake_at, decision.at)
    return f"Looked at again at {at} because {REASONS[decision.wake_reason]}"


def tell_outcome(outcome: Outcome) -> str:
    """Say what the provider did, with its own words."""
    quota = "" if outcome.quota is None else f" ({counted(outcome.quota)} at most)"
    detail = f": {plain(outcome.detail)}" if outcome.detail else ""
    return f"{OUTCOMES[outcome.kind]}{quota}{detail}"
