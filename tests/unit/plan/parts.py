"""Which parts and plans do tests of planning begin with?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flyball.plan.compare import compare, order
from flyball.plan.model import Choices, Cost, Kind, Part, Plan, Purpose
from flyball.plan.stale import base, seal

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def part(kind: Kind, name: str, whose: str = "churn", **fields: str) -> Part:
    """Make a part on AWS."""
    return Part(kind, name, whose, "aws", fields)


def alarm(name: str, whose: str = "churn", threshold: str = "1") -> Part:
    """Make an alarm."""
    return part(Kind.ALARM, f"flyball/{whose}/{name}", whose, Threshold=threshold)


def target(name: str = "churn", config_hash: str = "h1") -> Part:
    """Make a target's item."""
    fields = {"min_capacity": "1", "max_capacity": "4", "config_hash": config_hash}
    return part(Kind.TARGET, name, name, **fields)


def native(whose: str = "churn", state: str = "active") -> Part:
    """Make native scaling of one."""
    return part(Kind.NATIVE, f"endpoint/{whose}/variant/a", whose, scale_in=state, scale_out=state)


def plan(wanted: list[Part], found: list[Part], **fields: Any) -> Plan:
    """Make a sealed plan from parts."""
    changes, unchanged = compare(wanted, found)
    place: Mapping[str, Mapping[str, str]] = {"aws": {"account": "123456789012"}}
    made = Plan(
        Purpose.APPLY,
        NOW,
        "flyball.yaml",
        "flyball/0",
        place,
        (),
        Choices(),
        order(changes),
        unchanged,
        (),
        Cost(),
        base(wanted, found),
    )
    return seal(made._replace(**fields))
