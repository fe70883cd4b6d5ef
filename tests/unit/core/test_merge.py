"""Do several policies come to one number: out by any, in only by agreement?"""

from __future__ import annotations

import pytest

from flyball.core.model import Action, History, Limit, LimitKind, Reason
from flyball.core.policy import MissingRule, MissingRules
from flyball.core.target import Fallback, Metric, Per, Profile, ZeroRule
from tests.unit.core.cases import (
    ABSTAIN,
    AWS_MISSING,
    NO_DATA,
    Case,
    at,
    changed,
    check,
    expect,
    name,
    recommended,
    scale,
    seconds,
    see,
    stepping,
    tracking,
)

A = tracking("A")
B = tracking("B")
BLOCKING = tracking("B", missing=AWS_MISSING)
IGNORING = tracking("B", missing=ABSTAIN)
DISABLED = tracking("B", disable_scale_in=True)
UP = stepping("S", 50, (0, None, 3))
DOWN = stepping("S", 50, (None, 0, -1))

MERGED = (
    Case("no policy keeps", (), 6, {}, 6, Reason.NOTHING_ASKED),
    Case("the largest goes out", (A, B), 6, {"a": 150, "b": 120}, 9, wanted=9),
    Case("one out beats one in", (A, B), 6, {"a": 150, "b": 10}, 9),
    Case("a step out beats tracking in", (A, UP), 6, {"a": 10, "s": 60}, 9),
    Case("of two in the larger", (A, B), 6, {"a": 50, "b": 80}, 5, wanted=5),
    Case("one that keeps stops tracking", (A, B), 6, {"a": 50, "b": 95}, 6, wanted=6),
    Case("one that keeps stops a step too", (B, DOWN), 6, {"b": 95, "s": 40}, 6),
    Case("all low: a step may", (B, DOWN), 6, {"b": 50, "s": 40}, 5),
    Case("without data and hold stops tracking", (A, B), 6, {"a": 50, "b": NO_DATA}, 6, wanted=3),
    Case("without data and hold stops a step", (B, DOWN), 6, {"b": NO_DATA, "s": 40}, 6),
    Case("block stops tracking", (A, BLOCKING), 6, {"a": 50, "b": NO_DATA}, 6, wanted=6),
    Case("block lets a step through", (BLOCKING, DOWN), 6, {"b": NO_DATA, "s": 40}, 5),
    Case(
        "block stops only the tracking of two",
        (A, BLOCKING, DOWN),
        6,
        {"a": 95, "b": NO_DATA, "s": 40},
        6,
    ),
    Case("ignore abstains", (A, IGNORING), 6, {"a": 50, "b": NO_DATA}, 3),
    Case("ignore abstains for a step", (IGNORING, DOWN), 6, {"b": NO_DATA, "s": 40}, 5),
    Case("scale-in disabled is not against", (A, DISABLED), 6, {"a": 50, "b": 95}, 3),
    Case("scale-in disabled never asks", (DISABLED,), 6, {"b": 5}, 6, Reason.SCALE_IN_DISABLED),
    Case("an idle step is not against", (A, UP), 6, {"a": 50, "s": 40}, 3),
)


@pytest.mark.parametrize("case", MERGED, ids=name)
def test_out_by_any_and_in_by_agreement(case: Case) -> None:
    """The native profile: a tracking policy that keeps is against every scale-in."""
    check(case)


def test_the_limit_names_who_was_against_and_what_was_asked() -> None:
    """Two ask for 3 and 4; a third keeps 6."""
    target = scale(A, B, tracking("C"))
    found = expect(
        target,
        see(6, {"a": 50, "b": 60, "c": 95}),
        desired=6,
        action=Action.HOLD,
        reason=Reason.NOT_ALL_AGREE,
    )
    assert found.limits == (Limit(LimitKind.AGREEMENT, 4, 6, Reason.NOT_ALL_AGREE, None, "C"),)
    assert found.policies == ()


@pytest.mark.parametrize("policies", [(A, BLOCKING), (BLOCKING, A)])
def test_the_limit_names_who_had_no_data(policies: tuple[object, ...]) -> None:
    """Whatever the order in the config."""
    found = expect(scale(*policies), see(6, {"a": 50, "b": NO_DATA}), by="B")  # type: ignore[arg-type]
    assert found.limits[0].kind is LimitKind.AGREEMENT


def test_without_the_agreement_the_ones_that_asked_have_their_way() -> None:
    """The counterfactual of `explain`."""
    seen = see(6, {"a": 50, "b": 95})
    found = expect(scale(A, B), seen, without=frozenset({LimitKind.AGREEMENT}), desired=3)
    assert found.limits == ()


def test_the_winners_are_those_that_gave_the_number() -> None:
    """Of three that ask, two gave 5."""
    target = scale(A, B, tracking("C"))
    found = expect(target, see(6, {"a": 80, "b": 75, "c": 20}), desired=5)
    assert found.policies == ("A", "B")
    assert found.reason is Reason.BELOW_TARGET


# --- fallback -----------------------------------------------------------------

BLIND = History(missing_since={"b": at(-600)})


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize(
    ("policies", "seen"),
    [
        ((A, IGNORING), {"a": 20, "b": NO_DATA}),
        ((IGNORING, DOWN), {"b": NO_DATA, "s": 40}),
        ((A, BLOCKING, DOWN), {"a": 20, "b": NO_DATA, "s": 40}),
    ],
)
def test_a_fallback_stands_against_every_scale_in(
    profile: Profile, policies: tuple[object, ...], seen: dict[str, float]
) -> None:
    """It has max(current, capacity): what others would take away while it is blind, stays."""
    target = scale(*policies, profile=profile, fallback=Fallback(4))  # type: ignore[arg-type]
    expect(target, see(6, seen), BLIND, desired=6, reason=Reason.NOT_ALL_AGREE, by="fallback")


def test_a_fallback_competes_on_the_way_out() -> None:
    """The larger of the fallback and what the seeing policies ask for."""
    target = scale(A, IGNORING, fallback=Fallback(10))
    expect(target, see(6, {"a": 150, "b": NO_DATA}), BLIND, desired=10)
    expect(target, see(6, {"a": 300, "b": NO_DATA}), BLIND, desired=18)
    expect(target, see(6, {"a": 95, "b": NO_DATA}), BLIND, desired=10, reason=Reason.FALLBACK)
    expect(target, see(12, {"a": 95, "b": NO_DATA}), BLIND, desired=12)


def test_a_fallback_waits_until_a_metric_has_been_missing_for_its_time() -> None:
    """To the second; an earlier gap is a gap."""
    target = scale(A, fallback=Fallback(10, after=seconds(180)))
    for ago, desired in ((179, 6), (180, 10)):
        history = History(missing_since={"a": at(-ago)})
        expect(target, see(6, {"a": NO_DATA}), history, desired=desired)
    expect(target, see(6, {"a": 95}), History(), desired=6)


def test_a_fallback_fires_past_a_hold_on_scale_out_and_no_further() -> None:
    """Hold stops what others ask for on half a picture, not what was prepared for blindness."""
    holding = MissingRules(scale_out=MissingRule.HOLD)
    target = scale(A, tracking("B", missing=holding), fallback=Fallback(10))
    expect(target, see(6, {"a": 95, "b": NO_DATA}), BLIND, desired=10, limits=())
    expect(target, see(6, {"a": 300, "b": NO_DATA}), BLIND, desired=10, limits=(LimitKind.MISSING,))
    expect(target, see(6, {"a": 300, "b": NO_DATA}), desired=6, limits=(LimitKind.MISSING,))


def test_a_fallback_waits_for_no_cooldown() -> None:
    """It is no policy's next scale-out."""
    cooling = tracking("B", missing=ABSTAIN, scale_out_cooldown=seconds(900))
    history = History(missing_since={"b": at(-600)}, changes=(changed(4, 6, -60, "B"),))
    expect(scale(cooling, fallback=Fallback(10)), see(6, {"b": NO_DATA}), history, desired=10)


def test_a_fallback_is_bounded_like_any_other_number() -> None:
    """The maximum stands."""
    target = scale(IGNORING, high=8, fallback=Fallback(10))
    expect(target, see(6, {"b": NO_DATA}), BLIND, desired=8, unmet=2)


# --- activation ---------------------------------------------------------------


def test_activation_gives_a_number_only_at_zero() -> None:
    """With instances there is nothing to wake."""
    target = scale(metrics=(Metric("queue", per=Per.TOTAL),), zero=ZeroRule("queue"))
    found = expect(target, see(0, {"queue": 3}), desired=1)
    assert recommended(found, "activation").desired == 1
    found = expect(target, see(2, {"queue": 3}), desired=2)
    assert recommended(found, "activation").desired is None
    assert recommended(found, "activation").reason is Reason.ACTIVATED
