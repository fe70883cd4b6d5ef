"""Which setting is changed when a config does not hold?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from flyball.sizing.broken import Break, Finding
from flyball.sizing.moves import Bench, Move, choose_move
from flyball.sizing.pattern import Pattern
from flyball.sizing.settings import Cooldowns, Kind, Settings, derive_settings
from flyball.sizing.tried import Trial
from tests.unit.sizing.sized import publish

HARD = Pattern("hard", "too much", (4_200.0, 60_000.0))
DAY = Pattern("day", "as usual", (4_200.0,) * 60)
HELD = derive_settings(publish())
Late = Callable[[Settings], float]


def end(
    late_ratio: float, limit: Break | None = None, hours: float = 1.0, needed: int = 5
) -> Trial:
    """Say what became of a pattern."""
    first = None
    if limit is not None:
        first = Finding(limit, 1, 60_000.0, needed, 1, 2, "In minute 1, it was late")
    return Trial(HARD, 0.0, 1.0, late_ratio, hours, None, 1, 0, first, (1,), (1.0,), (0.0,))


def choose(
    limit: Break,
    late: Late,
    settings: Settings = HELD,
    most: int = 100,
    hours: Late = lambda settings: float(settings.min_capacity),
) -> Move | None:
    """Choose a change where settings make so many late, and cost so much on a day."""

    def run(settings: Settings, pattern: Pattern) -> Trial:
        return end(0.0, hours=hours(settings)) if pattern is DAY else end(late(settings))

    return choose_move(Bench(publish(), run, DAY), settings, end(0.5, limit), most)


def test_the_least_minimum_that_holds_is_taken() -> None:
    """Four of the six that carry the most."""
    found = choose(Break.SATURATION, lambda now: 0.0 if now.min_capacity >= 4 else 0.3)
    assert found is not None
    assert found.settings.min_capacity == 4
    assert found.settings.max_capacity == 8
    assert found.change.startswith("min_capacity 1 → 4, since under hard 50.00% were late: in")
    assert found.settings.why == {"min_capacity": found.change}


def test_a_minimum_above_the_maximum_raises_it() -> None:
    """And says why."""
    settings = replace(HELD, max_capacity=2)
    found = choose(Break.SATURATION, lambda now: 0.0 if now.min_capacity >= 4 else 0.3, settings)
    assert found is not None
    assert found.settings.max_capacity == 4
    assert found.settings.why["max_capacity"] == "no less than min_capacity"


def test_the_highest_target_that_holds_is_taken() -> None:
    """By tenths; bounds follow by the method's formulas."""
    found = choose(
        Break.LEAD_TIME,
        lambda now: 0.0 if now.invocations < 4_100.0 else 0.3,
        hours=lambda now: float(now.max_capacity),
    )
    assert found is not None
    assert found.settings.invocations == pytest.approx(4_050.0)
    assert (found.settings.min_capacity, found.settings.max_capacity) == (2, 10)
    assert found.change.startswith("target 5,000 → 4,050 a minute and instance, since")
    assert found.settings.why["max_capacity"] == "as the target was lowered"


def test_the_cheaper_of_both_is_taken() -> None:
    """As an ordinary day tells it."""

    def late(now: Settings) -> float:
        return 0.0 if now.min_capacity >= 6 or now.invocations < 4_600.0 else 0.3

    dear = choose(Break.TARGET, late, hours=lambda now: float(now.min_capacity))
    cheap = choose(Break.TARGET, late, hours=lambda now: 10.0 - now.min_capacity)
    assert dear is not None
    assert cheap is not None
    assert dear.settings.min_capacity == 1
    assert cheap.settings.min_capacity == 6


def test_where_neither_holds_the_one_that_helps_is_taken() -> None:
    """It is not the last round yet."""
    found = choose(Break.TARGET, lambda now: 0.4 if now.min_capacity > 1 else 0.45)
    assert found is not None
    assert found.settings.min_capacity >= 2
    assert choose(Break.TARGET, lambda _: 0.5) is None


def test_no_more_than_may_be_had_are_asked_for() -> None:
    """A target that needs more of them is no choice."""
    settings = replace(HELD, min_capacity=6, max_capacity=6)
    assert choose(Break.SATURATION, lambda _: 0.0, settings, most=6) is None
    assert choose(Break.MAX_CAPACITY, lambda _: 0.0, settings, most=6) is None


def test_the_maximum_is_raised_to_what_holds_the_most() -> None:
    """Twelve hold 60,000 at 5,000 each; or as many as may be had."""
    all_of_them = choose(Break.MAX_CAPACITY, lambda _: 0.0)
    some = choose(Break.MAX_CAPACITY, lambda _: 0.0, most=10)
    assert all_of_them is not None
    assert some is not None
    assert all_of_them.settings.max_capacity == 12
    assert some.settings.max_capacity == 10


def test_a_cooldown_is_halved_until_there_is_none() -> None:
    """Then something else has to change."""
    settings, seconds = HELD, []
    while settings.cooldowns.scale_out:
        found = choose(Break.COOLDOWN, lambda _: 0.0, settings)
        assert found is not None
        settings = found.settings
        seconds.append(settings.cooldowns.scale_out.total_seconds())
    assert seconds == [5.0, 2.0, 1.0, 0.0]
    assert settings.cooldowns.scale_in == timedelta(seconds=100)
    none = choose(Break.COOLDOWN, lambda now: 0.0 if now.min_capacity > 1 else 0.5, settings)
    assert none is not None
    assert none.settings.cooldowns == Cooldowns(timedelta(), timedelta(seconds=100))


@dataclass(frozen=True)
class Steps:
    """Of which most, and what steps add then."""

    id: str
    most: int
    is_percent: bool
    shown: list[str]


STEPS = (
    Steps("by what was short", 100, False, ["+4", "+6", "+7"]),
    Steps("up to what may be had", 6, False, ["+4", "+6", "+6"]),
    Steps("percent by percent", 100, True, ["+175%", "+225%", "+250%"]),
)


@pytest.mark.parametrize("case", STEPS, ids=lambda case: case.id)
def test_steps_add_what_was_short(case: Steps) -> None:
    """Five were needed and two ordered: three more."""
    settings = HELD
    if case.is_percent:
        settings = replace(
            settings,
            rises=tuple(
                each._replace(add=add, is_percent=True)
                for each, add in zip(settings.rises, (25, 75, 100), strict=True)
            ),
        )
    found = choose(Break.STEP, lambda _: 0.0, settings, case.most)
    assert found is not None
    assert [each.shown for each in found.settings.rises] == case.shown


def test_steps_that_add_all_there_may_be_are_left() -> None:
    """The minimum is raised then."""
    settings = replace(HELD, rises=tuple(each._replace(add=6) for each in HELD.rises))
    found = choose(Break.STEP, lambda _: 0.0, settings, most=6)
    assert found is not None
    assert found.settings.rises == settings.rises
    assert found.settings.min_capacity > 1 or found.settings.invocations < 5_000.0


@pytest.mark.parametrize("limit", [Break.COOLDOWN, Break.STEP, Break.TARGET])
def test_an_adaptive_policy_is_helped_by_a_minimum_alone(limit: Break) -> None:
    """It has neither target nor steps."""
    settings = replace(HELD, kind=Kind.ADAPTIVE)
    found = choose(limit, lambda now: 0.0 if now.min_capacity >= 3 else 0.5, settings)
    assert found is not None
    assert found.settings == settings.change(found.change, min_capacity=3)


def test_what_nobody_can_explain_is_left() -> None:
    """Where none was late there is nothing to move."""
    bench = Bench(publish(), lambda _, __: end(0.0), DAY)
    assert choose_move(bench, HELD, end(0.5), 100) is None
