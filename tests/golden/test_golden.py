"""Does every decision of six simulated days stay as it was, unless somebody says why it changed?

A day's file says what was decided. It is written again only on request, with the name of the
changelog fragment that tells users:

    pytest tests/golden --rewrite-golden=NAME        # changelog.d/NAME.behaviour.md
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from flyball.adapters.local.memory import MemoryLedger
from flyball.core.codec import canonical, encode
from flyball.core.model import Action, Decision
from flyball.core.policy import (
    AdaptivePolicy,
    Comparison,
    DatapointsRule,
    Policy,
    PredictivePolicy,
    Step,
    StepPolicy,
    TrackingPolicy,
)
from flyball.core.target import (
    CapacityKind,
    DirectionRules,
    Metric,
    Per,
    Profile,
    RateKind,
    RateRule,
    ScalableTarget,
    Unit,
)
from flyball.core.window import Window
from flyball.sim.day import run_day
from flyball.sim.generate import generate_day

START = datetime(2026, 3, 2, tzinfo=UTC)
SEED = 5
FOLDER = Path(__file__).parent


RANGE = "range"
"""The fourth day: a service picks inside the range that is set."""


LEARNERS = {
    "adaptive": (AdaptivePolicy("on-budget", "calls", 1_000.0),),
    "predictive": (
        TrackingPolicy("track", "calls", 700.0, in_datapoints=DatapointsRule(10, 10)),
        PredictivePolicy("ahead", "calls", 700.0),
    ),
}
"""Two more days: of the policy that tunes itself, and of a forecast beside target tracking."""


@pytest.mark.parametrize("day", [*(profile.value for profile in Profile), RANGE, *LEARNERS])
def test_a_day_is_decided_as_it_was(
    day: str, repository: Path, request: pytest.FixtureRequest
) -> None:
    """Or the file says which fragment of the changelog explains the difference."""
    path = FOLDER / f"{day}.jsonl"
    decisions = list(_decide_day(day))
    reason = request.config.getoption("--rewrite-golden")
    if reason is not None:
        _explained(f"{reason}.behaviour", repository)
        path.write_text("\n".join(_tell(decisions, f"{reason}.behaviour")) + "\n")
    stored = path.read_text().splitlines()
    because = json.loads(stored[0])["because"]
    _explained(because, repository)
    assert stored == _tell(decisions, because), (
        "decisions changed: if that is meant, write changelog.d/NAME.behaviour.md and run "
        "pytest tests/golden --rewrite-golden=NAME"
    )


def _explained(fragment: str, repository: Path) -> None:
    """See that users are told: by a fragment, or by a released changelog that took it in."""
    there = repository / "changelog.d" / f"{fragment}.md"
    released = "## " in (repository / "CHANGELOG.md").read_text()
    assert there.exists() or released, f"{there} does not exist: write it first"


def _decide_day(day: str) -> Iterator[Decision]:
    """Run a day with a gap and a crowd, under every usual kind of policy and limit."""
    trace = generate_day(START, seed=SEED)
    if day in LEARNERS:
        target = _make_learner(LEARNERS[day])
    elif day == RANGE:
        target = replace(_make_target(Profile.FLYBALL), capacity_kind=CapacityKind.RANGE)
    else:
        target = _make_target(Profile(day))
    for minute in run_day(trace, target, MemoryLedger(), seed=SEED, capacity_per_instance=1_000):
        yield from (wake.decision for wake in minute.wakes if wake.decision is not None)


def _make_target(profile: Profile) -> ScalableTarget:
    is_hpa = profile is Profile.HPA
    minute = timedelta(minutes=1)
    rates = (RateRule(RateKind.COUNT, 6, 5 * minute), RateRule(RateKind.PERCENT, 50, 5 * minute))
    return ScalableTarget(
        "golden",
        2,
        20,
        profile=profile,
        price_per_hour=1.41,
        metrics=(Metric("utilization", unit=Unit.PERCENT),),
        policies=(
            TrackingPolicy(
                "track",
                "utilization",
                70.0,
                high_ratio=1.1 if is_hpa else 1.0,
                out_datapoints=DatapointsRule(1, 1) if is_hpa else DatapointsRule(2, 3),
                in_datapoints=DatapointsRule(1, 1) if is_hpa else DatapointsRule(10, 10),
                scale_in_cooldown=timedelta() if is_hpa else 5 * minute,
            ),
            StepPolicy(
                "surge",
                "utilization",
                95.0,
                (Step(0, 20, 1), Step(20, None, 3)),
                comparison=Comparison.GREATER_OR_EQUAL,
            ),
            StepPolicy(
                "calm", "utilization", 68.0, (Step(None, 0, -1),), comparison=Comparison.LESS
            ),
        ),
        windows=(
            Window(
                "office",
                "cron(0 8 ? * MON-FRI *)",
                duration=timedelta(hours=10),
                time_zone="Europe/Berlin",
                floor=6,
            ),
        ),
        scale_out=DirectionRules(rates=rates),
        scale_in=DirectionRules(5 * minute, rates),
    )


def _make_learner(policies: tuple[Policy, ...]) -> ScalableTarget:
    calls = Metric("calls", per=Per.TOTAL, source={"metric": "invocations"})
    return ScalableTarget(
        "golden",
        2,
        20,
        price_per_hour=1.41,
        metrics=(calls,),
        policies=policies,
        heartbeat=timedelta(minutes=1),
        lead_time=timedelta(minutes=4),
    )


def _tell(decisions: list[Decision], because: str) -> list[str]:
    """Write a head with a digest of all decisions, then those that changed something."""
    told = [_row(decision) for decision in decisions]
    digest = sha256("\n".join(map(canonical, told)).encode()).hexdigest()
    head = {"because": because, "decisions": len(told), "sha256": digest}
    rows = [row for row, each in zip(told, decisions, strict=True) if each.action is Action.SET]
    return [canonical(head), *map(canonical, rows)]


def _row(decision: Decision) -> list[Any]:
    limits = [[encode(limit.kind), limit.before, limit.after] for limit in decision.limits]
    return [
        encode(decision.at),
        encode(decision.action),
        decision.current,
        _asked(decision),
        encode(decision.reason),
        limits,
        encode(decision.wake_at),
        encode(decision.wake_reason),
    ]


def _asked(decision: Decision) -> Any:
    """Tell the number, or both ends of a range."""
    floor, ceiling = decision.range
    return floor if floor == ceiling else [floor, ceiling]
