"""How does a cloud's own advice read, beside what was sized?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from flyball.report.figures import duration
from flyball.report.plain import plain
from flyball.sizing.advice import Advised
from flyball.sizing.benchmark import Resource

HEADS = ("", "", "each/min", "CPU", "min", "max", "wait out", "wait in")
NONE = "–"
NEAR = 0.01
"""So small a part of it is the same."""
CALLS, CPU = "InvocationsPerInstance", "CPUUtilization"
ONLY = (
    "AWS advises on target tracking alone: on no steps for what comes at once and on no calendar, "
    "and it tries none of it. The waits are cooldowns."
)


def tell_question(advised: Sequence[Advised]) -> str:
    """Say what AWS was asked, in a few words."""
    question = advised[0].question
    return (
        f"{question.least:,} to {question.most:,} requests a minute, at "
        f"{question.used_ratio:.0%} of each core"
    )


def advice_rows(advised: Sequence[Advised]) -> list[tuple[str, ...]]:
    """Make the cells below HEADS: two rows of each instance type."""
    rows: list[tuple[str, ...]] = []
    for each in advised:
        ours, advice = each.sizing, each.advice
        rows.append(
            (
                plain(ours.benchmark.machine.instance_type),
                "ours",
                f"{ours.limit.invocations.middle:,.0f}",
                _percent(_find_own_cpu(each)),
                f"{ours.capacity.min_capacity:,}",
                f"{ours.capacity.max_capacity:,}",
                _wait(each.cooldowns.scale_out),
                _wait(each.cooldowns.scale_in),
            )
        )
        rows.append(
            (
                "",
                "AWS's",
                _count(find_calls(each)),
                _percent(_find_target(each, CPU)),
                _count(advice.min_capacity),
                _count(advice.max_capacity),
                _wait(advice.scale_out_cooldown),
                _wait(advice.scale_in_cooldown),
            )
        )
    return rows


def tell_difference(each: Advised) -> str:
    """Say in a sentence how AWS's advice differs from ours."""
    kind = plain(each.sizing.benchmark.machine.instance_type)
    told = [_tell_calls(each), _tell_capacity(each)]
    said = [part for part in told if part]
    if not said:
        return f"{kind}: AWS says neither at what to hold an instance nor how many to have."
    return f"{kind}: AWS {', and '.join(said)}."


def find_calls(each: Advised) -> float | None:
    """Give the invocations a minute at which AWS would hold an instance; None: it does not say."""
    target = _find_target(each, CALLS)
    return each.advice.invocations if target is None else target


def describe_advised(each: Advised) -> dict[str, object]:
    """Give one answer for other programs, beside ours."""
    advice, ours = each.advice, each.sizing
    return {
        "instance_type": ours.benchmark.machine.instance_type,
        "asked": {
            "used_ratio": each.question.used_ratio,
            "least_per_minute": each.question.least,
            "most_per_minute": each.question.most,
        },
        "ours": {
            "invocations_per_instance": ours.limit.invocations.middle,
            "cpu_target_value": _find_own_cpu(each),
            "min_capacity": ours.capacity.min_capacity,
            "max_capacity": ours.capacity.max_capacity,
            "scale_out_cooldown_s": each.cooldowns.scale_out.total_seconds(),
            "scale_in_cooldown_s": each.cooldowns.scale_in.total_seconds(),
        },
        "aws": {
            "invocations_per_instance": find_calls(each),
            "cpu_target_value": _find_target(each, CPU),
            "latency_ms": advice.latency_ms,
            "min_capacity": advice.min_capacity,
            "max_capacity": advice.max_capacity,
            "scale_out_cooldown_s": _seconds(advice.scale_out_cooldown),
            "scale_in_cooldown_s": _seconds(advice.scale_in_cooldown),
            "policies": [tracking._asdict() for tracking in advice.policies],
        },
        "difference": tell_difference(each),
    }


def _tell_calls(each: Advised) -> str:
    theirs, ours = find_calls(each), each.sizing.limit.invocations.middle
    if not theirs:
        return ""
    apart = theirs / ours - 1.0
    if abs(apart) <= NEAR:
        return "holds each instance at as much as we do"
    more = "more" if apart > 0.0 else "less"
    return f"holds each instance at {theirs:,.0f} a minute, {abs(apart):.0%} {more} than we do"


def _tell_capacity(each: Advised) -> str:
    advice, ours = each.advice, each.sizing.capacity
    if advice.min_capacity is None or advice.max_capacity is None:
        return ""
    if (advice.min_capacity, advice.max_capacity) == (ours.min_capacity, ours.max_capacity):
        return "has as many"
    return (
        f"has {advice.min_capacity:,} to {advice.max_capacity:,} of them in place of "
        f"{ours.min_capacity:,} to {ours.max_capacity:,}"
    )


def _find_own_cpu(each: Advised) -> float | None:
    limit = each.sizing.limit
    if limit.resource is not Resource.CPU or limit.target_value is None:
        return None
    return limit.target_value.middle


def _find_target(each: Advised, metric: str) -> float | None:
    tracked = (policy for policy in each.advice.policies if policy.metric.endswith(metric))
    return next((policy.target_value for policy in tracked), None)


def _percent(value: float | None) -> str:
    return NONE if value is None else f"{value:,.0f} %"


def _count(value: float | None) -> str:
    return NONE if value is None else f"{value:,.0f}"


def _wait(value: timedelta | None) -> str:
    return NONE if value is None else duration(value)


def _seconds(value: timedelta | None) -> float | None:
    return None if value is None else value.total_seconds()
