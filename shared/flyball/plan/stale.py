"""Is a plan still true, and how is it kept in a file?

A plan holds what it was made from: for each part what was wanted and what was found, as hashes. So
it can be applied later only while nothing has moved but towards what it wants.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any

from flyball.core.codec import canonical, decode
from flyball.plan.model import Part, Plan, PlanError, part_key

FORMAT = 1
"""Of a plan's file."""
HASH_LENGTH = 16
"""Hex digits of a part's hash: enough to see a change, short enough to print."""


def base(wanted: Iterable[Part], found: Iterable[Part]) -> dict[str, tuple[str, ...]]:
    """Hash every part as (wanted, found); "" where there is none."""
    want = {part_key(each): _hash(dict(each.fields)) for each in wanted}
    have = {part_key(each): _hash(dict(each.fields)) for each in found}
    return {key: (want.get(key, ""), have.get(key, "")) for key in sorted({*want, *have})}


def moved(plan: Plan, fresh: Plan) -> Iterator[str]:
    """Say what is not any more as it was when the plan was made.

    What has become as the plan wants it has not moved: so a plan that was applied by half goes on.
    """
    for home in sorted({*plan.place, *fresh.place}):
        if plan.place.get(home) != fresh.place.get(home):
            yield f"{home}: this is another account, region or stack"
    for key in sorted({*plan.basis, *fresh.basis}):
        wanted, found = plan.basis.get(key, ("", ""))
        wants, finds = fresh.basis.get(key, ("", ""))
        if wanted != wants:
            yield f"{key}: this Flyball wants it otherwise than the plan"
        elif finds not in (found, wanted):
            yield f"{key}: {_how(found, finds)}"


def seal(plan: Plan) -> Plan:
    """Give a plan its digest."""
    return plan._replace(digest=_digest(plan))


def write_plan(plan: Plan) -> str:
    """Write a plan as JSON."""
    document = {"flyball_plan": FORMAT, "plan": json.loads(canonical(plan))}
    return json.dumps(document, indent=2) + "\n"


def read_plan(text: str) -> Plan:
    """Read what write_plan wrote.

    Raises:
        PlanError: It is no plan, of another format, or was changed since.
    """
    try:
        document = json.loads(text)
        form = document["flyball_plan"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise PlanError("this is not a plan; `flyball plan --out FILE` writes one") from None
    if form != FORMAT:
        raise PlanError(f"this plan has format {form!r}, expected {FORMAT}; plan again")
    try:
        plan = decode(Plan, document["plan"])
    except (ValueError, TypeError, KeyError) as error:
        raise PlanError(f"this plan cannot be read: {error}; plan again") from None
    if plan.digest != _digest(plan):
        raise PlanError("this plan was changed after it was made; plan again")
    return plan


def _how(before: str, after: str) -> str:
    if not before:
        return "it appeared since"
    return "it was changed since" if after else "it vanished since"


def _digest(plan: Plan) -> str:
    return hashlib.sha256(canonical(plan._replace(digest="")).encode()).hexdigest()


def _hash(value: Any) -> str:  # noqa: ANN401
    return hashlib.sha256(canonical(value).encode()).hexdigest()[:HASH_LENGTH]
