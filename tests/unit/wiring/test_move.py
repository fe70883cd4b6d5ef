"""Is nothing put out of service by a move that fails, but what the move itself brought there?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from flyball.core.codec import canonical
from flyball.core.target import Mode
from flyball.plan.model import Held, Wanted
from flyball.ports import LeaseHeldError, LedgerError
from flyball.wiring.charge import LEASE, Bench, move_target, read_held
from tests.rig import T0, BreakingLedger, make_target
from tests.unit.wiring.clouds import ACTIVE, taken


@dataclass(frozen=True)
class Elsewhere:
    """A target that is in force as this when it is to move to `a`, and whether that stays."""

    id: str
    fields: Mapping[str, Any]
    stays: bool
    config: str = ""


ELSEWHERE = (
    Elsewhere("in_charge_of_another", {"resource": {"endpoint": "c"}}, stays=True),
    Elsewhere("an_adviser", {"resource": {"endpoint": "a"}, "mode": Mode.ADVISE}, stays=True),
    Elsewhere("a_move_broken_off", {"resource": {"endpoint": "a"}}, stays=False),
    Elsewhere("another_versions", {}, stays=True, config='{"from":"later"}'),
)


@pytest.mark.parametrize("case", ELSEWHERE, ids=lambda case: case.id)
def test_a_move_that_fails_leaves_in_force_what_was_so_on_another_resource(
    case: Elsewhere,
) -> None:
    """A wake is at work on it: it goes on where it was, and does so under its own config."""
    ledger, cloud = taken()
    config = case.config or canonical(make_target("b", home="aws", **case.fields))
    ledger.register("b", config, "former", T0)
    moved = make_target("b", home="aws", resource={"endpoint": "a"})
    wanted = Wanted("b", canonical(moved), "new")
    ledger.claim("b", "a wake", T0, T0 + LEASE)
    with pytest.raises(LeaseHeldError):
        move_target(Bench(ledger, lambda: T0, "token", timedelta()), cloud, "a", wanted)
    assert list(ledger.scalable_target_ids()) == (["a", "b"] if case.stays else ["a"])
    if case.stays:
        status = ledger.status("b")
        assert (status.config, status.config_hash) == (config, "former")
    assert read_held(ledger, "a") == {"a": Held(ACTIVE, T0)}
    assert ledger.status("a").lease_until is None


class Full(BreakingLedger):
    """A ledger that takes nothing out of service."""

    def retire(self, scalable_target_id: str, now: datetime) -> int:
        """Refuse."""
        raise LedgerError(f"full: {scalable_target_id} at {now}")


def test_a_move_that_cannot_be_undone_says_so() -> None:
    """The error is what broke first; that both are registered is beside it."""
    ledger, cloud = taken()
    wanted = Wanted("b", canonical(make_target("b", resource={"endpoint": "a"})), "new")
    full = Full(ledger)

    def wake() -> None:
        if "b" in ledger.scalable_target_ids():
            ledger.claim("b", "a wake", T0, T0 + LEASE)

    full.before_claim = wake
    with pytest.raises(LeaseHeldError) as caught:
        move_target(Bench(full, lambda: T0, "token", timedelta()), cloud, "a", wanted)
    assert "b could not be put back to what it was: full" in caught.value.__notes__[0]
