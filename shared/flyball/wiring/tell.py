"""How is what a wake-up came to told to who searches logs and watches metrics?"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from flyball.core.model import Decision
from flyball.ports import OutcomeKind, Trigger
from flyball.wake import Wake, WakeKind

DETAIL_LIMIT = 2_000
COUNT = "Count"
MILLISECONDS = "Milliseconds"
WORTH_A_LOOK = frozenset({WakeKind.UNKNOWN_TARGET, WakeKind.UNRESOLVED, WakeKind.LEASE_LOST})

serialize = partial(json.dumps, default=str, separators=(",", ":"))
"""A line of the log: ASCII alone, so that nothing in it steers a terminal or a page."""


class Log(Protocol):
    """Where lines go, each a JSON object: Powertools' Logger."""

    def info(self, msg: object, *, extra: Mapping[str, object] | None = None) -> None:
        """Tell what happened."""
        ...

    def warning(self, msg: object, *, extra: Mapping[str, object] | None = None) -> None:
        """Tell what somebody should look at when there is time."""
        ...

    def error(self, msg: object, *, extra: Mapping[str, object] | None = None) -> None:
        """Tell what failed."""
        ...


class Meter(Protocol):
    """Where metrics go: Powertools' Metrics."""

    def add_metric(self, name: str, unit: str, value: float) -> None:
        """Add a value."""
        ...


def tell(log: Log, trigger: Trigger, wake: Wake) -> None:
    """Write one line of what a wake-up came to."""
    extra = describe(trigger, wake)
    if wake.kind is WakeKind.FAILED:
        log.error(wake.kind.value, extra=extra)
    elif wake.kind in WORTH_A_LOOK:
        log.warning(wake.kind.value, extra=extra)
    else:
        log.info(wake.kind.value, extra=extra)


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
    }
    for name, count in counts.items():
        meter.add_metric(name, COUNT, count)
    for decision in decisions:
        meter.add_metric("Unmet", COUNT, decision.unmet)
        meter.add_metric("DecisionTime", MILLISECONDS, took_ms / len(decisions))


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
