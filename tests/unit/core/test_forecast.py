"""Do the experts say what their rules say, and learn from nothing that they do not know?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest

from flyball.core.forecast import HOUR, Forecast, Four, foresee, miss

HORIZON = 6


@dataclass(frozen=True, slots=True)
class Case:
    """What was demanded, and what each expert says then."""

    id: str
    demand: tuple[float | None, ...]
    ratio: float
    expect: tuple[float, float, float, float]


def _live(demand: tuple[float | None, ...], ratio: float = 1.0) -> tuple[Forecast, Four, Four]:
    past, forecasts, scales = Forecast(), Four(0, 0, 0, 0), Four(0, 0, 0, 0)
    for value in demand:
        if value is None:
            past = miss(past, HORIZON)
        else:
            past, forecasts, scales = foresee(past, value, ratio, HORIZON)
    return past, forecasts, scales


CASES = (
    Case("nothing is still a fifth of an instance", (0.0,), 1.0, (0.2, 0.2, 0.2, 0.2)),
    Case("what is steady stays", (8.0,) * 70, 1.0, (8.0, 8.0, 8.0, 8.0)),
    Case("yesterday doubles a third of the blend", (6.0,) * 3, 2.0, (6.0, 8.0, 6.0, 8.0)),
    Case("an hour is forgotten after an hour", (40.0, *(4.0,) * 100), 1.0, (4.0, 4.0, 4.0, 4.0)),
    Case("a gap is in no mean", (2.0, None, 6.0), 1.0, (6.0, 4.5007, 4.0, 4.5007)),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_experts_follow_their_rules(case: Case) -> None:
    """Each forecast is what a calculation by hand gives."""
    _, forecasts, _ = _live(case.demand, case.ratio)
    assert tuple(forecasts) == pytest.approx(case.expect, rel=1e-3)


def test_a_ramp_is_continued_to_where_the_order_serves() -> None:
    """Ten instances more each minute: six minutes ahead there are nearly sixty more."""
    past, forecasts, scales = _live(tuple(float(10 * step) for step in range(1, 6)))
    ahead = 45.0 + HORIZON * 10.0
    assert forecasts.ramp == pytest.approx(ahead - scales.blend * forecasts.blend)
    assert past.judged == 0


def test_a_gap_in_the_last_five_minutes_is_no_slope() -> None:
    """A slope over an unknown minute is unknown, and the blend stands."""
    _, forecasts, _ = _live((10.0, 20.0, 30.0, None, 50.0))
    assert forecasts.ramp == forecasts.blend


def test_an_error_is_learned_one_horizon_later() -> None:
    """A step is an error of the forecasts made before it, and counts eight usual errors at most."""
    steady = (10.0,) * (HORIZON + 30)
    past, _, before = _live(steady)
    assert before.last < 0.05
    past, _, scales = foresee(past, 1000.0, 1.0, HORIZON)
    gain = max(0.0019235, 1 / (past.judged + 1))
    assert scales.last == pytest.approx(before.last + gain * 7 * before.last, rel=0.01)


def test_no_forecast_is_judged_by_a_minute_that_is_unknown() -> None:
    """Neither what was made in a gap, nor what was made one horizon before a gap."""
    known = (10.0,) * HORIZON
    past, _, _ = _live((*known, *(None,) * HORIZON, 99.0))
    assert past.judged == 0
    past, _, _ = _live((*known, 10.0, None, 99.0))
    assert past.judged == 2


def test_a_gap_teaches_nothing() -> None:
    """Level, trend and scales are as before it."""
    past, _, _ = _live((3.0, 9.0, 4.0))
    after = miss(past, HORIZON)
    assert after._replace(minutes=b"", made=b"") == past._replace(minutes=b"", made=b"")


def test_what_is_remembered_is_bounded() -> None:
    """An hour of minutes and a horizon of forecasts, through gaps too."""
    past, _, _ = _live((1.0, None) * 200)
    assert len(past.minutes) == 4 * HOUR
    assert len(past.made) == 16 * HORIZON


def test_a_shorter_horizon_forgets_the_oldest_forecasts() -> None:
    """A change of lead time breaks nothing, and a longer one waits until it can judge."""
    past, _, _ = _live((5.0,) * 20)
    shorter, _, _ = foresee(past, 5.0, 1.0, 2)
    assert len(shorter.made) == 16 * 2
    assert shorter.judged == past.judged + 1
    longer, _, scales = foresee(past, 5.0, 1.0, 30)
    assert longer.judged == past.judged
    assert all(math.isfinite(scale) for scale in scales)
