"""Does a plan come true step by step, and go on wherever it broke off?"""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from flyball.adapters.local.memory import MemoryLedger
from flyball.config.load import compile_target
from flyball.core.codec import canonical
from flyball.core.model import History, Quota
from flyball.plan.model import (
    HAND_OVER,
    Check,
    Choices,
    Held,
    Kind,
    Level,
    PlanError,
    Purpose,
    Verb,
    Wanted,
)
from flyball.ports import ItemUpdate, LeaseHeldError, TargetStatus
from flyball.wiring.charge import read_held
from flyball.wiring.deploy import Request, Store, carry_out, draft, homes_of
from tests.rig import T0, make_target
from tests.unit.wiring.clouds import (
    ACTIVE,
    SUSPENDED,
    BreakError,
    Cloud,
    compiled,
    do,
    make,
)


def test_what_was_applied_is_not_applied_again() -> None:
    """A second plan is empty, and says how much is as it should be."""
    ledger, cloud = MemoryLedger(), Cloud()
    done = do(ledger, cloud, make(ledger, cloud, "a", "b"))
    assert [(each.kind, each.scalable_target_id) for each in done] == [
        (Kind.TARGET, "a"), (Kind.ALARM, "a"), (Kind.TARGET, "b"), (Kind.ALARM, "b")
    ]  # fmt: skip
    again = make(ledger, cloud, "a", "b")
    assert again.changes == ()
    assert again.unchanged == {"scalable target": 2, "alarm": 2}
    assert ledger.status("a").generation == 1


def test_a_changed_config_names_its_fields() -> None:
    """What changes is seen before it does: 20 becomes 30, and so does the alarm."""
    ledger, cloud = MemoryLedger(), Cloud()
    do(ledger, cloud, make(ledger, cloud, "a"))
    target, alarm = make(ledger, cloud, "a", high=30).changes
    (changed,) = [each for each in target.fields if each.name != "config_hash"]
    assert changed == ("max_capacity", "20", "30")
    assert (alarm.verb, alarm.fields) == (Verb.UPDATE, (("Threshold", "20", "30"),))


@pytest.mark.parametrize("breaks_in", range(1, 5))
@pytest.mark.parametrize("purpose", Purpose)
def test_broken_off_at_any_call_it_goes_on(purpose: Purpose, breaks_in: int) -> None:
    """The next plan has the rest, at no moment is nobody in charge, and in the end all is done."""
    ledger = MemoryLedger()
    cloud = Cloud(natives={"a": dict(ACTIVE), "b": dict(ACTIVE)})
    choices = Choices(take_over=True)
    if purpose is Purpose.DESTROY:
        do(ledger, cloud, make(ledger, cloud, "a", "b", choices=choices))
        choices = Choices(hand_back=True)
    cloud.breaks_in = breaks_in
    with pytest.raises(BreakError):
        do(ledger, cloud, make(ledger, cloud, "a", "b", purpose=purpose, choices=choices))
    for name, state in cloud.natives.items():
        assert state == ACTIVE or name in ledger.scalable_target_ids()
    # The lease of the killed program runs out before the next one looks.
    later = {"aws": Store(ledger, cloud)}
    plan = make(ledger, cloud, "a", "b", purpose=purpose, choices=choices)
    assert plan.changes
    list(carry_out(plan, later, lambda: T0 + timedelta(minutes=1), "other"))
    assert make(ledger, cloud, "a", "b", purpose=purpose, choices=choices).changes == ()
    gone = purpose is Purpose.DESTROY
    assert list(ledger.scalable_target_ids()) == ([] if gone else ["a", "b"])
    assert cloud.natives["a"] == (ACTIVE if gone else SUSPENDED)


def test_a_take_over_is_recorded_before_it_happens() -> None:
    """How native scaling was is in the ledger, so that it can be handed back as it was."""
    ledger, cloud = MemoryLedger(), Cloud(natives={"a": dict(ACTIVE)})
    kinds: list[list[str]] = []
    cloud.on_call = lambda: kinds.append([row.kind for row in ledger.rows("a")])
    do(ledger, cloud, make(ledger, cloud, "a", choices=Choices(take_over=True)))
    assert kinds[-1] == ["config", HAND_OVER]
    assert read_held(ledger, "a")["a"] == Held(ACTIVE, T0)
    assert json.loads(list(ledger.rows("a"))[-1].body)["resource"] == "a"
    status = ledger.status("a")
    assert (status.wake_at, status.lease_until) == (T0, None)


def test_what_was_handed_back_is_not_recalled() -> None:
    """Native scaling that somebody else suspends later is theirs to resume."""
    ledger, cloud = MemoryLedger(), Cloud(natives={"a": dict(ACTIVE)})
    do(ledger, cloud, make(ledger, cloud, "a", choices=Choices(take_over=True)))
    back = Choices(hand_back=True)
    do(ledger, cloud, make(ledger, cloud, "a", purpose=Purpose.DESTROY, choices=back))
    assert read_held(ledger, "a") == read_held(ledger, "never") == {}
    assert [row.kind for row in ledger.rows("a")] == [
        "config", HAND_OVER, HAND_OVER, HAND_OVER, "retired"
    ]  # fmt: skip


def test_a_plan_with_a_problem_changes_nothing() -> None:
    """A hand-over that would jump is not carried out, whoever asks."""
    ledger = MemoryLedger()
    cloud = Cloud(checks=(Check("capacity", Level.FAIL, "it would jump"),))
    plan = make(ledger, cloud, "a")
    with pytest.raises(PlanError, match="1 problems"):
        do(ledger, cloud, plan)
    assert (ledger.scalable_target_ids(), cloud.alarms) == ([], {})


@pytest.mark.parametrize("prune", [False, True])
def test_what_the_file_does_not_name_is_kept_unless_it_is_asked_for(prune: bool) -> None:
    """Another file's targets do not go by default."""
    ledger, cloud = MemoryLedger(), Cloud()
    do(ledger, cloud, make(ledger, cloud, "a", "b"))
    plan = make(ledger, cloud, "a", choices=Choices(prune=prune))
    (check,) = plan.checks
    assert "b" in check.text
    assert check.level is (Level.WARN if prune else Level.OK)
    do(ledger, cloud, plan)
    assert list(ledger.scalable_target_ids()) == (["a"] if prune else ["a", "b"])
    assert sorted(cloud.alarms) == (["a"] if prune else ["a", "b"])


def test_a_bound_above_a_learned_quota_is_named() -> None:
    """A refusal that was met before is known before the next one."""
    ledger, cloud = MemoryLedger(), Cloud()
    do(ledger, cloud, make(ledger, cloud, "a"))
    claim = ledger.claim("a", "t", T0, T0 + timedelta(seconds=1))
    history = canonical(History(quota=Quota(8, T0 + timedelta(days=1))))
    ledger.write(claim, [], ItemUpdate(history=history, release=True))
    (check,) = make(ledger, cloud, "a").checks
    assert (check.name, check.text) == ("quota", "max_capacity is 20, and the quota was 8")
    assert make(ledger, cloud, "a", high=8).checks == ()


def test_a_wake_at_work_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Native scaling changes hands only while no wake is at work."""
    ledger, cloud = MemoryLedger(), Cloud(natives={"a": dict(ACTIVE)})
    do(ledger, cloud, make(ledger, cloud, "a"))
    ledger.claim("a", "a wake", T0, T0 + timedelta(seconds=1))
    monkeypatch.setattr("flyball.wiring.charge.time.sleep", lambda _: None)
    plan = make(ledger, cloud, "a", choices=Choices(take_over=True))
    instants = [T0, T0, T0 + timedelta(seconds=2)]
    clock = lambda: instants.pop(0) if len(instants) > 1 else instants[0]  # noqa: E731
    assert list(carry_out(plan, {"aws": Store(ledger, cloud)}, clock, "token"))
    assert cloud.natives["a"] == SUSPENDED


def test_a_wake_that_does_not_end_is_not_waited_for_for_ever() -> None:
    """It says who holds it, and nothing was suspended."""
    ledger, cloud = MemoryLedger(), Cloud(natives={"a": dict(ACTIVE)})
    do(ledger, cloud, make(ledger, cloud, "a"))
    ledger.claim("a", "a wake", T0, T0 + timedelta(hours=1))
    plan = make(ledger, cloud, "a", choices=Choices(take_over=True))
    stores = {"aws": Store(ledger, cloud)}
    with pytest.raises(LeaseHeldError):
        list(carry_out(plan, stores, lambda: T0, "token", timedelta()))
    assert cloud.natives["a"] == ACTIVE


def test_a_home_without_a_cloud_has_its_ledger_alone() -> None:
    """A target on this machine is registered and retired, and that is all."""
    ledger = MemoryLedger()
    wanted = (Wanted(*compile_target(make_target("here"))),)
    stores = {"local": Store(ledger)}
    request = Request(Purpose.APPLY, wanted, Choices(), "flyball.yaml", "flyball/0")
    assert len(list(carry_out(draft(request, stores, T0), stores, lambda: T0, "t"))) == 1
    status: TargetStatus = ledger.status("here")
    assert status.config_hash == wanted[0].config_hash
    gone = draft(request._replace(purpose=Purpose.DESTROY), stores, T0)
    assert [each.verb for each in carry_out(gone, stores, lambda: T0, "t")] == [Verb.DELETE]
    assert draft(request._replace(purpose=Purpose.DESTROY), stores, T0).changes == ()


def test_targets_are_sorted_by_home() -> None:
    """Each home's store gets its own, in the file's order."""
    here = Wanted(*compile_target(make_target("here")))
    there = compiled("a", "b")
    assert homes_of((there[0], here, there[1])) == {"aws": there, "local": (here,)}
