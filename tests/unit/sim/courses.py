"""Which traffic and which configs do several tests of backtests run?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flyball.config import loads
from flyball.core.target import ScalableTarget
from flyball.sim.generate import generate_day
from flyball.sim.slots import Course, course_of

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def make_target(policies: str = "", more: str = "", name: str = "chat") -> ScalableTarget:
    """Make a scalable target of one machine; without policies it tracks its calls.

    Args:
        policies: Its list of policies, as YAML in flow style.
        more: Further keys.
        name: Its id.
    """
    tracking = "[{name: keep, kind: target_tracking, metric: calls, target_value: 350}]"
    text = f"""
version: 1
scalable_targets:
  - id: {name}
    min_capacity: 1
    max_capacity: 60
    price_per_hour: 2.0
    metrics: [{{name: calls, source: {{metric: invocations_per_instance}}}}]
    policies: {policies or tracking}
{more}
"""
    return loads(text).scalable_targets[0]


def make_course(minutes: int = 600, seed: int = 1) -> Course:
    """Make a part of a generated day, of which an instance serves 500 a minute."""
    return course_of(generate_day(MONDAY, seed=seed, minutes=minutes), 500.0)
