"""A forecast holds as often as is asked for, and is trusted while it beats the last value."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.core.keep import write_predictor
from flyball.core.predict import (
    EXPERTS,
    LONGEST_HORIZON,
    LOSES,
    Prediction,
    Predictor,
    take,
)

START = 29_000_160
HORIZON = 6
DAY = 1_440
ROW = 2 * len(EXPERTS) + 1

Shape = Callable[[int, Random], float]


def live(
    shape: Shape, minutes: int, quantile: float = 0.9, state: Predictor | None = None
) -> tuple[Predictor, list[Prediction], float]:
    """Live through so many minutes: the state, what was foreseen, and in what share it held."""
    chance = Random(7)
    state = state or Predictor()
    made: list[Prediction] = []
    held = judged = 0
    for step in range(minutes):
        demand = max(0.0, shape(step, chance))
        if step >= HORIZON:
            judged += 1
            held += demand <= made[step - HORIZON].upper
        state, prediction = take(state, START + step, demand, HORIZON, quantile)
        made.append(prediction)
    return state, made, held / max(1, judged)


@dataclass(frozen=True)
class Case:
    """A shape of demand, whom it makes win, and whether that beats the last value."""

    id: str
    shape: Shape
    experts: frozenset[str]
    is_trusted: bool


def _walk() -> Shape:
    level = [20.0]

    def step(_: int, chance: Random) -> float:
        level[0] = max(1.0, level[0] + chance.gauss(0.0, 0.3))
        return level[0]

    return step


CASES = (
    Case("noise", lambda _, chance: chance.gauss(10.0, 1.0), frozenset({"60 min"}), True),
    Case(
        "each_hour_begins_high",
        lambda step, chance: (20.0 if step % 60 < 8 else 5.0) + chance.gauss(0.0, 0.2),
        frozenset({"minute"}),
        True,
    ),
    Case(
        "each_hour_swells_and_ebbs_in_noise",
        lambda step, chance: 10.0 + 5.0 * math.sin(step * math.tau / 60) + chance.gauss(0.0, 2.0),
        frozenset({"hour"}),
        True,
    ),
    Case("walk", _walk(), frozenset({"1 min", "trend", "3 min"}), False),
    Case("constant", lambda _, __: 10.0, frozenset(EXPERTS), False),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_who_knows_the_shape_is_followed(case: Case) -> None:
    """And is trusted where that is better than to take the last value."""
    _, made, _ = live(case.shape, DAY)
    assert made[-1].expert in case.experts
    assert made[-1].is_trusted is case.is_trusted


def test_a_day_that_comes_again_is_foreseen() -> None:
    """On the third day, before noon, by the day's expert; the last value knows nothing of it."""

    def shape(step: int, chance: Random) -> float:
        return (4.0 if step % DAY < 720 else 16.0) + chance.gauss(0.0, 0.2)

    state, _, _ = live(shape, 2 * DAY + 718)
    row = struct.unpack(f"<{ROW}f", state.made[-4 * ROW :])
    assert row[EXPERTS.index("day")] > 12.0
    assert row[EXPERTS.index("1 min")] < 5.0


@pytest.mark.parametrize("quantile", [0.5, 0.9, 0.98])
def test_demand_is_at_most_the_quantile_so_often_as_is_asked_for(quantile: float) -> None:
    """Of a noisy day, within two in a hundred."""

    def shape(step: int, chance: Random) -> float:
        return 10.0 + 5.0 * math.sin(step / DAY * math.tau) + chance.gauss(0.0, 0.8)

    _, _, share = live(shape, 2 * DAY, quantile)
    assert share == pytest.approx(quantile, abs=0.025)


def test_nothing_is_trusted_at_the_beginning() -> None:
    """Two hours must be judged first."""
    _, made, _ = live(CASES[0].shape, 119 + HORIZON)
    assert not any(each.is_trusted for each in made)
    assert made[HORIZON - 1].error_ratio is None
    assert made[HORIZON].judged == 1


def test_who_loses_is_demoted() -> None:
    """After days of noise comes a walk, which nobody foresees: the last value wins."""
    state, made, _ = live(CASES[0].shape, DAY)
    assert made[-1].is_trusted
    walk = _walk()
    chance = Random(3)
    prediction = made[-1]
    for step in range(DAY, 6 * DAY):
        state, prediction = take(state, START + step, walk(step, chance) * 30, HORIZON, 0.9)
        if not prediction.is_trusted:
            break
    assert not prediction.is_trusted
    assert prediction.error_ratio is not None
    assert prediction.error_ratio > LOSES


@pytest.mark.parametrize(
    ("loss", "was_trusted", "is_trusted"),
    [
        (0.94, False, True),
        (0.97, False, False),
        (0.97, True, True),
        (0.99, True, False),
        (0.99, False, False),
    ],
    ids=["promoted", "wins too little", "wins enough to stay", "demoted", "not promoted"],
)
def test_to_be_trusted_takes_more_than_to_stay_so(
    loss: float, was_trusted: bool, is_trusted: bool
) -> None:
    """Between the two nothing turns, so that it does not turn every other minute."""
    state, _, _ = live(CASES[0].shape, 30)
    state = state._replace(
        judged=100_000, losses=(1.0,) * len(EXPERTS), loss=loss, is_trusted=was_trusted
    )
    later, prediction = take(state, START + 30, 10.0, HORIZON, 0.9)
    assert later.is_trusted is prediction.is_trusted is is_trusted
    assert prediction.error_ratio == pytest.approx(loss, abs=0.002)


def test_where_nothing_ever_comes_nothing_is_asked_for() -> None:
    """Of a target that nobody calls a fifth of an instance is foreseen, and nobody is trusted."""
    state, made, _ = live(lambda *_: 0.0, DAY)
    assert made[-1].upper <= 0.25
    assert made[0].upper < 1.0
    assert not state.is_trusted


def test_a_day_that_is_shifted_is_no_longer_followed() -> None:
    """Clocks are set back an hour: the day's expert is demoted within a day, and another wins."""

    def shape(step: int, chance: Random) -> float:
        shifted = step + (60 if step >= 5 * DAY else 0)
        return (4.0 if shifted % DAY < 720 else 16.0) + chance.gauss(0.0, 0.3)

    _, made, _ = live(shape, 8 * DAY)
    assert made[5 * DAY - 1].expert == "day"
    assert made[5 * DAY - 1].is_trusted
    assert made[6 * DAY].expert != "day"
    assert made[-1].error_ratio is not None
    assert made[-1].error_ratio < 1.05


@pytest.mark.parametrize(("horizon", "most"), [(6, 6_400), (10, 6_800), (LONGEST_HORIZON, 12_400)])
def test_what_is_remembered_is_bounded(horizon: int, most: int) -> None:
    """So many characters, after three days as after two: they fit a target's item."""
    chance = Random(5)
    state, sizes = Predictor(), []
    for step in range(3 * DAY if horizon == HORIZON else 2 * DAY):
        state, _ = take(state, START + step, chance.expovariate(1e-6), horizon, 0.999)
        if step % DAY == DAY - 1:
            sizes.append(len(write_predictor(state)))
    assert max(sizes) <= most


def test_a_gap_teaches_nothing() -> None:
    """What was forecast for it is judged by nothing, and what follows it is foreseen again."""
    state, _, _ = live(CASES[0].shape, 300)
    later, prediction = take(state, START + 300 + 20, 10.0, HORIZON, 0.9)
    assert later.judged == state.judged
    assert prediction.forecast == pytest.approx(10.0, abs=1.5)
    for minute in range(321, 321 + HORIZON):
        later, prediction = take(later, START + minute, 10.0, HORIZON, 0.9)
    assert later.judged == state.judged + 1  # the first after the gap was judged by the last


def test_a_long_gap_costs_no_more_than_a_short_one() -> None:
    """A year of it is passed at once; what is known of the hours stays."""
    state, _, _ = live(CASES[1].shape, 600)
    later, prediction = take(state, START + 600 + 525_600, 5.0, HORIZON, 0.9)
    assert prediction.forecast > 0.0
    assert later.seasons[0].bins != Predictor().seasons[0].bins


@pytest.mark.parametrize("horizon", [1, 30, LONGEST_HORIZON])
def test_the_horizon_may_change(horizon: int) -> None:
    """As the lead time that was learned does."""
    state, made, _ = live(CASES[0].shape, 200)
    prediction = made[-1]
    for minute in range(200, 200 + 2 * horizon + 2):
        state, prediction = take(state, START + minute, 10.0, horizon, 0.9)
    assert state.judged > 200 - HORIZON
    assert len(state.made) == 4 * ROW * horizon
    assert prediction.upper > 9.0


@given(
    st.lists(st.tuples(st.integers(1, 200), st.floats(0.0, 1e12)), min_size=1, max_size=30),
    st.integers(1, LONGEST_HORIZON),
    st.floats(0.5, 0.999),
)
def test_a_forecast_is_a_number_and_the_state_is_bounded(
    steps: list[tuple[int, float]], horizon: int, quantile: float
) -> None:
    """Whatever was demanded, with whatever gaps."""
    state, minute = Predictor(), START
    for passed, demand in steps:
        minute += passed
        state, prediction = take(state, minute, demand, horizon, quantile)
        assert 0.0 < prediction.forecast < math.inf
        assert 0.0 < prediction.upper < math.inf
    assert len(state.minutes) <= 240
    assert len(state.made) <= 4 * ROW * horizon
