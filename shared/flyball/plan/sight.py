"""Does anything of ours look at a scalable target that it is to be in charge of?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from flyball.core.target import ScalableTarget
from flyball.plan.model import Check, Level, Memory, Scope

HAND_OVER = "in charge"
LATELY = timedelta(minutes=15)
HEARTBEATS = 2
"""What was looked at within the longer of both was looked at lately."""


def find_blind(
    target: ScalableTarget,
    scope: Scope,
    memory: Memory,
    key: Callable[[ScalableTarget], str],
    now: datetime,
) -> str:
    """Say why it is not known that ours looks at a target; "" if it does.

    Args:
        target: One that is to be in service.
        scope: Whom the plan is about.
        memory: What the ledger remembers.
        key: Names a target's resource; "": none of this home's.
        now: Aware UTC.
    """
    name = scope.moves.get(target.id, target.id)
    was = scope.registered.get(name)
    if was is None or key(was) != key(target):
        return "no function has looked at it yet"
    sight = memory.seen(name)
    if sight is None:
        return "no function has looked at it yet"
    if now - sight.at > max(LATELY, HEARTBEATS * was.heartbeat):
        return f"no function has looked at it since {sight.at:%Y-%m-%d %H:%M:%S} UTC"
    if not sight.is_current:
        return "no function has looked at it since its config changed"
    return f"at its last look it could not see {sight.blind}" if sight.blind else ""


def tell_blind(blind: str, first: str, scalable_target_id: str, *, unseen: bool) -> Check:
    """Say that it is not known whether anybody would be in charge; in doubt nothing is taken over.

    Args:
        blind: As find_blind says it.
        first: What to do before, such as "apply without --take-over".
        scalable_target_id: Whom it is about.
        unseen: The user goes ahead all the same.
    """
    remedy = f"{first}; --unseen goes ahead all the same"
    level = Level.WARN if unseen else Level.FAIL
    return Check(
        HAND_OVER, level, f"{blind}: nobody might be in charge", remedy, scalable_target_id
    )
