"""Is it on record at every moment who holds native scaling, whatever breaks off or is refused?"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from flyball.adapters.local.memory import MemoryLedger
from flyball.core.chain import verify
from flyball.core.codec import canonical
from flyball.core.model import History, Pause
from flyball.core.target import Mode
from flyball.plan.model import HAND_OVER, Choices, Held, Kind, Purpose, Verb
from flyball.ports import ItemUpdate, LeaseHeldError, LeaseLostError, LedgerError, NewRow
from flyball.wiring.charge import LEASE, Records, read_held
from flyball.wiring.deploy import Store, carry_out
from tests.rig import T0, BreakingLedger, Rig, make_target
from tests.unit.wiring.clouds import (
    ACTIVE,
    SUSPENDED,
    TAKE,
    BreakError,
    Cloud,
    RefusalError,
    do,
    make,
    make_of,
    taken,
)

HOUR = timedelta(hours=1)
BACK, PRUNE = Choices(hand_back=True), Choices(prune=True)


def stages(ledger: MemoryLedger, name: str = "a") -> list[str]:
    """List the stages of the hand-overs on record."""
    rows = [row for row in ledger.rows(name) if row.kind == HAND_OVER]
    return [json.loads(row.body)["stage"] for row in rows]


@pytest.mark.parametrize(
    ("error", "stage", "held"),
    [
        (RefusalError("no"), "refused", {}),
        (BreakError("the answer was lost"), "unknown", {"a": Held(ACTIVE, T0)}),
    ],
)
def test_a_suspend_that_fails_gives_its_lease_back_and_says_what_is_known(
    error: Exception, stage: str, held: dict[str, Held]
) -> None:
    """Refused for certain, nothing is held; where it may have landed, how it was is kept."""
    ledger, cloud = MemoryLedger(), Cloud(natives={"a": dict(ACTIVE)})
    do(ledger, cloud, make(ledger, cloud, "a"))
    cloud.breaks_in, cloud.breaks_with = 1, error
    with pytest.raises(type(error)):
        do(ledger, cloud, make(ledger, cloud, "a", choices=TAKE))
    assert stages(ledger) == ["intended", stage]
    assert read_held(ledger, "a") == held
    assert ledger.status("a").lease_until is None


def test_a_resume_that_fails_is_still_to_be_done() -> None:
    """It is held until it is back."""
    ledger, cloud = taken()
    cloud.breaks_in, cloud.breaks_with = 1, RefusalError("no")
    with pytest.raises(RefusalError):
        do(ledger, cloud, make(ledger, cloud, "a", purpose=Purpose.DESTROY, choices=BACK))
    assert read_held(ledger, "a") == {"a": Held(ACTIVE, T0)}
    assert stages(ledger)[-1] == "refused"


def test_a_second_suspend_keeps_what_the_first_remembered() -> None:
    """Somebody resumed it by hand in between, in part."""
    both = {"scale_in": "active", "scale_out": "active"}
    ledger, cloud = MemoryLedger(), Cloud(natives={"a": dict(both)})
    cloud.suspended = dict.fromkeys(both, "suspended")
    do(ledger, cloud, make(ledger, cloud, "a", choices=TAKE))
    cloud.natives["a"] = {"scale_in": "active", "scale_out": "suspended"}
    do(ledger, cloud, make(ledger, cloud, "a", choices=TAKE))
    assert read_held(ledger, "a")["a"].before == both


def test_what_cannot_be_recorded_is_a_note_of_what_failed() -> None:
    """The cloud's own words are the error; that the lease was lost meanwhile is beside them."""
    ledger, cloud = MemoryLedger(), Cloud(natives={"a": dict(ACTIVE)})
    do(ledger, cloud, make(ledger, cloud, "a"))
    plan = make(ledger, cloud, "a", choices=TAKE)

    def retire() -> None:
        ledger.retire("a", T0)

    cloud.breaks_in, cloud.breaks_with, cloud.on_call = 1, RefusalError("no"), retire
    with pytest.raises(RefusalError) as caught:
        do(ledger, cloud, plan)
    assert len(caught.value.__notes__) == 2
    assert "could not be recorded" in caught.value.__notes__[0]


def test_a_lease_that_is_lost_is_not_taken_for_done() -> None:
    """Where the cloud did it and the ledger refuses: the next plan finds it."""
    ledger, cloud = MemoryLedger(), Cloud(natives={"a": dict(ACTIVE)})
    do(ledger, cloud, make(ledger, cloud, "a"))
    plan = make(ledger, cloud, "a", choices=TAKE)

    def retire() -> None:
        ledger.retire("a", T0)

    cloud.on_call = retire
    with pytest.raises(LeaseLostError):
        do(ledger, cloud, plan)
    assert read_held(ledger, "a") == {"a": Held(ACTIVE, T0)}


def rename(ledger: MemoryLedger, cloud: Cloud, old: str = "a") -> None:
    """Put `b` in the place of a target, on its resource."""
    moved = make_target("b", home="aws", resource={"endpoint": old})
    plan = make_of(ledger, cloud, [moved], choices=PRUNE)
    assert (plan.changes[0].kind, plan.changes[0].verb) == (Kind.TARGET, Verb.MOVE)
    assert plan.changes[0].fields[0] == ("id", old, "b")
    do(ledger, cloud, plan)


def test_a_move_takes_along_what_the_old_one_holds() -> None:
    """The new one is in force, the old one is not, and only one of them holds it."""
    ledger, cloud = taken()
    rename(ledger, cloud)
    assert list(ledger.scalable_target_ids()) == ["b"]
    assert (read_held(ledger, "a"), read_held(ledger, "b")) == ({}, {"a": Held(ACTIVE, T0)})
    assert sorted(cloud.alarms) == ["b"]
    for name in "ab":
        status = ledger.status(name)
        rows = ledger.rows(name)
        assert list(verify(rows, head=status.head, sequence=status.sequence)) == []


def test_a_move_without_native_scaling_is_a_change_of_name() -> None:
    """Nothing is held, so nothing is said to be."""
    ledger, cloud = MemoryLedger(), Cloud()
    do(ledger, cloud, make(ledger, cloud, "a"))
    rename(ledger, cloud)
    assert [row.kind for row in ledger.rows("a")] == ["config", "retired"]
    assert [row.kind for row in ledger.rows("b")] == ["config"]


def test_a_move_takes_along_what_the_old_one_has_learned() -> None:
    """A person's pause is of the endpoint, whatever its target is called."""
    ledger, cloud = taken()
    history = canonical(History(pauses=(Pause(by="ann"),)))
    claim = ledger.claim("a", "t", T0, T0 + timedelta(seconds=1))
    ledger.write(claim, [], ItemUpdate(history=history, release=True))
    rename(ledger, cloud)
    assert ledger.status("b").history == history


def test_a_move_that_broke_off_goes_on() -> None:
    """Both are registered, as the program was killed in between: the next plan has the rest."""
    ledger, cloud = taken()
    moved = make_target("b", home="aws", resource={"endpoint": "a"})
    config = canonical(moved)
    ledger.register("b", config, "h", T0)
    rename(ledger, cloud)
    assert list(ledger.scalable_target_ids()) == ["b"]
    assert read_held(ledger, "b") == {"a": Held(ACTIVE, T0)}


class DyingLedger:
    """A ledger whose program dies at a call that writes: that one and all after it do nothing."""

    def __init__(self, ledger: MemoryLedger, dies_in: int) -> None:
        self._ledger = ledger
        self._left = dies_in

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._ledger, name)
        if name not in {"register", "retire", "claim", "write"}:
            return found

        def call(*given: Any) -> Any:
            self._left -= 1
            if self._left <= 0:
                raise BreakError
            return found(*given)

        return call


@pytest.mark.parametrize("dies_in", range(1, 8))
def test_killed_at_any_write_of_a_move_one_is_in_charge_and_the_next_plan_ends_it(
    dies_in: int,
) -> None:
    """While both are in force the old one's lease is held, so that only one of them decides."""
    ledger, cloud = taken()
    moved = make_target("b", home="aws", resource={"endpoint": "a"})
    plan = make_of(ledger, cloud, [moved], choices=PRUNE)
    dying: Any = DyingLedger(ledger, dies_in)
    with pytest.raises(BreakError):
        do(dying, cloud, plan)
    in_force = list(ledger.scalable_target_ids())
    assert in_force in (["a"], ["a", "b"], ["b"])
    if in_force == ["a", "b"]:
        assert ledger.status("a").lease_until == T0 + LEASE
    assert {"a", "b"} & {name for name in in_force if read_held(ledger, name)}
    plan = make_of(ledger, cloud, [moved], choices=PRUNE)
    list(carry_out(plan, {"aws": Store(ledger, cloud)}, lambda: T0 + LEASE, "other"))
    assert list(ledger.scalable_target_ids()) == ["b"]
    assert (read_held(ledger, "a"), read_held(ledger, "b")) == ({}, {"a": Held(ACTIVE, T0)})
    assert make_of(ledger, cloud, [moved], choices=PRUNE).changes == ()


def test_a_move_that_fails_leaves_the_old_one_in_charge_alone() -> None:
    """The program is alive: it takes the new one out of service before it lets the old one go."""
    ledger, cloud = taken()
    moved = make_target("b", home="aws", resource={"endpoint": "a"})
    plan = make_of(ledger, cloud, [moved], choices=PRUNE)
    failing: Any = BreakingLedger(ledger)

    def someone_wakes_b() -> None:
        if "b" in ledger.scalable_target_ids():
            ledger.claim("b", "a wake", T0, T0 + LEASE)

    failing.before_claim = someone_wakes_b
    stores = {"aws": Store(failing, cloud)}
    with pytest.raises(LeaseHeldError):
        list(carry_out(plan, stores, lambda: T0, "token", timedelta()))
    assert list(ledger.scalable_target_ids()) == ["a"]
    assert ledger.status("a").lease_until is None
    list(carry_out(plan, {"aws": Store(ledger, cloud)}, lambda: T0 + LEASE, "other"))
    assert list(ledger.scalable_target_ids()) == ["b"]


def test_what_one_out_of_service_holds_can_be_taken_up_and_given_back() -> None:
    """It is in service for the length of the hand-over, and only advises."""
    ledger, cloud = taken()
    ledger.retire("a", T0)
    assert Records(ledger).holder("a") == "a"
    moved = make_target("b", home="aws", resource={"endpoint": "a"})
    plan = make_of(ledger, cloud, [moved])
    assert plan.changes[-1].verb is Verb.MOVE
    do(ledger, cloud, plan)
    assert (read_held(ledger, "a"), read_held(ledger, "b")) == ({}, {"a": Held(ACTIVE, T0)})
    assert list(ledger.scalable_target_ids()) == ["b"]
    back = [json.loads(row.body)["config"] for row in ledger.rows("a") if row.kind == "config"][-1]
    assert back["mode"] == Mode.ADVISE.value
    assert Records(ledger).holder("a") is None


@pytest.mark.parametrize(
    ("body", "held"),
    [
        ({"verb": "suspend", "resource": "r", "before": ACTIVE}, {"r": Held(ACTIVE, T0)}),
        ({"verb": "resume", "resource": "r", "before": SUSPENDED}, {}),
    ],
)
def test_rows_of_the_version_before_are_understood(
    body: dict[str, object], held: dict[str, Held]
) -> None:
    """They say what was done to one resource, and nothing of what came of it."""
    ledger = MemoryLedger()
    ledger.register("a", "{}", "h", T0)
    claim = ledger.claim("a", "t", T0, T0 + timedelta(seconds=1))
    ledger.write(claim, [NewRow(HAND_OVER, T0, canonical(body))], ItemUpdate(release=True))
    assert read_held(ledger, "a") == held


def test_the_newest_decision_says_whether_a_function_looks() -> None:
    """When it was, by which config, and what it saw."""
    ledger = MemoryLedger()
    rig = Rig(ledger)
    records = Records(ledger)
    assert records.seen(rig.target.id) is None
    rig.wake()
    assert records.seen(rig.target.id) == (T0, True, "")
    rig.metrics.load = ()
    rig.wake(trigger_id="again")
    sight = records.seen(rig.target.id)
    assert sight is not None
    assert sight.blind == "any of its metrics: load"
    ledger.register(rig.target.id, canonical(make_target(high=30)), "other", T0)
    sight = records.seen(rig.target.id)
    assert sight is not None
    assert not sight.is_current


def test_a_decision_of_another_version_is_a_look_too() -> None:
    """What it saw is not known; that somebody looked is."""
    ledger = MemoryLedger()
    ledger.register("a", "{}", "h", T0)
    claim = ledger.claim("a", "t", T0, T0 + timedelta(seconds=1))
    body = canonical({"config_hash": "h", "of": "a later version"})
    ledger.write(claim, [NewRow("decision", T0, body)], ItemUpdate(release=True))
    assert Records(ledger).seen("a") == (T0, True, "")


@dataclass(frozen=True)
class Since:
    """What a target remembers an hour after its last decision, and when it was last looked at."""

    id: str
    rested_at: datetime | None
    settled: str
    at: datetime


SINCE = (
    Since("it_rests", T0 + HOUR, "h", T0 + HOUR),
    Since("it_never_rested", None, "h", T0),
    Since("it_rested_under_another_config", T0 + HOUR, "other", T0),
)


@pytest.mark.parametrize("case", SINCE, ids=lambda case: case.id)
def test_a_quiet_rest_is_a_look_and_when_it_is_due_is_none(case: Since) -> None:
    """A look that fails puts off the next one too."""
    ledger = MemoryLedger()
    ledger.register("a", "{}", "h", T0)
    claim = ledger.claim("a", "t", T0, T0 + timedelta(seconds=1))
    row = NewRow("decision", T0, canonical({"config_hash": "h"}))
    history = canonical(History(settled=case.settled, rested_at=case.rested_at))
    ledger.write(claim, [row], ItemUpdate(history, wake_at=T0 + 2 * HOUR, release=True))
    assert Records(ledger).seen("a") == (case.at, True, "")


def test_a_target_whose_every_look_fails_is_not_looked_at() -> None:
    """Each puts it off by two minutes; only what a function saw is a look."""
    ledger = MemoryLedger()
    rig = Rig(ledger)
    rig.wake()
    fail = LedgerError("refused")

    def refuse() -> None:
        raise fail

    for _ in range(30):
        rig.pass_time(timedelta(minutes=5))
        rig.ledger.before_write[rig.ledger.writes + 1] = refuse
        with pytest.raises(LedgerError):
            rig.wake()
        assert rig.wake_in() > 0
    assert Records(ledger).seen(rig.target.id) == (T0, True, "")
