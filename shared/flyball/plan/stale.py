"""Is a plan still true, and how is it kept in a file?

A plan holds what it was made from: for each part what was wanted and what was found, as hashes. So
it can be applied later only while nothing has moved but towards what it wants.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from flyball.core.codec import canonical, decode
from flyball.plan.model import Part, Plan, PlanError, part_key

FORMAT = 1
"""Of a plan's file."""
HASH_LENGTH = 16
"""Hex digits of a part's hash: enough to see a change, short enough to print."""
NAMED_ONLY = frozenset({"stack", "ledger"})
"""How a place was found, which is not where it is."""


def base(wanted: Iterable[Part], found: Iterable[Part]) -> dict[str, tuple[str, ...]]:
    """Hash every part as (wanted, found); "" where there is none."""
    want = {part_key(each): _hash(dict(each.fields)) for each in wanted}
    have = {part_key(each): _hash(dict(each.fields)) for each in found}
    return {key: (want.get(key, ""), have.get(key, "")) for key in sorted({*want, *have})}


def moved(plan: Plan, fresh: Plan) -> Iterator[str]:
    """Say what is not any more as it was when the plan was made.

    What has become as the plan wants it has not moved: so a plan that was applied by half goes on.
    """
    elsewhere = list(compare_places(plan, fresh.place))
    if elsewhere:  # what is found there says nothing of what is planned
        yield from elsewhere
        return
    for key in sorted({*plan.basis, *fresh.basis}):
        wanted, found = plan.basis.get(key, ("", ""))
        wants, finds = fresh.basis.get(key, ("", ""))
        if wanted != wants:
            yield f"{key}: this Flyball wants it otherwise than the plan"
        elif finds not in (found, wanted):
            yield f"{key}: {_how(found, finds)}"


def compare_places(plan: Plan, places: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Say in which fields a plan is for another place than these, with both values."""
    for home in sorted({*plan.place, *places}):
        there, here = plan.place.get(home, {}), places.get(home, {})
        for field in dict.fromkeys((*there, *here)):
            planned, found = there.get(field, ""), here.get(field, "")
            if planned != found and field not in NAMED_ONLY:
                words = f"{home} {field.replace('_', ' ')}"
                yield f"{words}: the plan is for {planned or 'none'}, and this is {found or 'none'}"


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
