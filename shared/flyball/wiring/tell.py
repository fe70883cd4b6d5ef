"""How is what a wake-up came to told to who searches logs and watches metrics?"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from logging import ERROR, INFO, WARNING
from typing import Any, Protocol, cast

from flyball.core.model import Decision, LimitKind, Reason
from flyball.ports import OutcomeKind, Trigger
from flyball.wake import Wake, WakeKind

DETAIL_LIMIT = 2_000
COUNT = "Count"
MILLISECONDS = "Milliseconds"
WORTH_A_LOOK = frozenset({WakeKind.UNKNOWN_TARGET, WakeKind.UNRESOLVED, WakeKind.LEASE_LOST})
REFUSED = frozenset({OutcomeKind.DENIED, OutcomeKind.FAILED})
"""Answers that stay until somebody acts; a quota or a shortage shows as what is unmet."""
FROZEN = frozenset({Reason.ENDPOINT_FAILED, Reason.CAPACITY_UNKNOWN})

serialize = partial(json.dumps, default=str, separators=(",", ":"))
"""A line of the log: ASCII alone, so that nothing in it steers a terminal or a page."""


class Say(Protocol):
    """Writes lines, each a JSON object: the `log` of Powertools' Logger, or of any other."""

    def __call__(self, level: int, msg: str, /, *, extra: Mapping[str, object]) -> None:
        """Write a line of a level of `logging`, with these fields beside its message."""
        ...


class Meter(Protocol):
    """Where metrics go: Powertools' Metrics."""

    def add_metric(self, name: str, unit: str, value: float) -> None:
        """Add a value."""
        ...


def say_by(logger: object) -> Say:
    """Take the `log` of a logger, which Powertools' passes on to the standard library's."""
    return cast("Say", getattr(logger, "log"))  # noqa: B009  (its class does not name it)


def tell(say: Say, trigger: Trigger, wake: Wake) -> None:
    """Write one line of what a wake-up came to."""
    level = INFO
    if wake.kind is WakeKind.FAILED or is_refused(wake):
        level = ERROR
    elif wake.kind in WORTH_A_LOOK or is_frozen(wake) or is_blind(wake):
        level = WARNING
    say(level, wake.kind.value, extra=describe(trigger, wake))


def measure(meter: Meter, wakes: Sequence[Wake], took_ms: float) -> None:
    """Add what alarms and a dashboard look at; a nought is told too."""
    decisions = [wake.decision for wake in wakes if wake.decision is not None]
    kinds = [wake.kind for wake in wakes]
    outcomes = [wake.outcome.kind for wake in wakes if wake.outcome is not None]
    counts = {
        "Wakes": len(wakes),
        "Decisions": len(decisions),
        "Changes": outcomes.count(OutcomeKind.APPLIED),
        "Failed": kinds.count(WakeKind.FAILED),
        "Unresolved": kinds.count(WakeKind.UNRESOLVED),
        "Refused": sum(map(is_refused, wakes)),
        "Frozen": sum(map(is_frozen, wakes)),
        "Blind": sum(map(is_blind, wakes)),
    }
    for name, count in counts.items():
        meter.add_metric(name, COUNT, count)
    for decision in decisions:
        meter.add_metric("Unmet", COUNT, decision.unmet)
        meter.add_metric("DecisionTime", MILLISECONDS, took_ms / len(decisions))


def is_refused(wake: Wake) -> bool:
    """Say whether a change was refused by whoever must be asked, or for good."""
    return wake.outcome is not None and wake.outcome.kind in REFUSED


def is_frozen(wake: Wake) -> bool:
    """Say whether nothing is changed since the endpoint has failed, or cannot be read."""
    return wake.decision is not None and wake.decision.reason in FROZEN


def is_blind(wake: Wake) -> bool:
    """Say whether a metric that is missing held a target, or had it fall back."""
    decision = wake.decision
    return decision is not None and (
        decision.reason is Reason.MISSING_DATA
        or any(limit.kind is LimitKind.MISSING for limit in decision.limits)
    )


def describe(trigger: Trigger, wake: Wake) -> dict[str, Any]:
    """Say what a wake-up came to, in the fields that an operator searches the log for."""
    about: dict[str, Any] = {
        "scalable_target_id": wake.scalable_target_id,
        "kind": wake.kind.value,
        "trigger": trigger.trigger_id,
        "detail": cut(wake.detail),
    }
    if wake.decision is not None:
        about |= _describe_decision(wake.decision)
        about["row"] = wake.row_id
    if wake.outcome is not None:
        about["outcome"] = wake.outcome.kind.value
        about["outcome_detail"] = cut(wake.outcome.detail)
    return {name: value for name, value in about.items() if value not in ("", None)}


def _describe_decision(decision: Decision) -> dict[str, Any]:
    return {
        "action": decision.action.value,
        "reason": decision.reason.value,
        "from": decision.current,
        "to": decision.desired,
        "wanted": decision.wanted,
        "unmet": decision.unmet,
        "policies": list(decision.policies),
        "limits": [
            {
                "kind": limit.kind.value,
                "from": limit.before,
                "to": limit.after,
                "reason": limit.reason.value,
                "by": limit.by,
            }
            for limit in decision.limits
        ],
        "wake_at": decision.wake_at.isoformat(),
        "wake_reason": decision.wake_reason.value,
    }


def cut(text: str) -> str:
    """Keep a detail short enough for a line."""
    return text if len(text) <= DETAIL_LIMIT else f"{text[:DETAIL_LIMIT]} …"
