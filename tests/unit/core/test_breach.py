"""Can a series be believed, and do enough of its periods breach?"""

from __future__ import annotations

import math

import pytest

from flyball.core.breach import Breach, believe, breached, evaluated_values
from flyball.core.model import Missing, MissingCause, Series
from flyball.core.policy import Comparison
from flyball.core.target import Metric
from tests.unit.core.cases import NOON, at, of, seconds, series

M = Metric("m")
CAUSES: tuple[tuple[Series | Missing | None, MissingCause], ...] = (
    (None, MissingCause.NO_DATA),
    ((), MissingCause.NO_DATA),
    (Missing(MissingCause.SOURCE_FAILED), MissingCause.SOURCE_FAILED),
    (series(1.0, end=at(-301)), MissingCause.STALE),
    (series(math.nan, end=at(-301)), MissingCause.STALE),
    (series(1.0, end=at(11)), MissingCause.FROM_THE_FUTURE),
    (series(math.nan), MissingCause.NOT_FINITE),
    (series(math.inf), MissingCause.NOT_FINITE),
    (series(-math.inf), MissingCause.NOT_FINITE),
    (series(-1.0), MissingCause.NEGATIVE),
    (series(-5e-324), MissingCause.NEGATIVE),
    (series(1.0, 1.0, -1.0), MissingCause.NEGATIVE),
)


@pytest.mark.parametrize(("found", "cause"), CAUSES)
def test_what_cannot_be_believed_says_why(
    found: Series | Missing | None, cause: MissingCause
) -> None:
    """Missing, stale, from the future, not finite and negative are five different things."""
    believed = believe(found, M, NOON)
    assert isinstance(believed, Missing)
    assert believed.cause is cause


@pytest.mark.parametrize("end", [0, -300, 10])
@pytest.mark.parametrize("value", [0.0, -0.0, 1e300])
def test_a_fresh_value_is_believed_whatever_was_before_it(end: float, value: float) -> None:
    """Zero is a number; and the gaps of the past are M of N's matter."""
    found = series(math.nan, -1.0, value, end=at(end))
    assert believe(found, M, NOON) == found


VALUES = (
    # series, N, values
    (series(1, 2, 3), 1, [3]),
    (series(1, 2, 3), 2, [2, 3]),
    (series(1, 2, 3), 3, [1, 2, 3]),
    (series(1, 2, 3), 9, [1, 2, 3]),
    (series(1, None, 3), 2, [3]),
    (series(1, None, 3), 3, [1, 3]),
    (series(0, 0, 3), 3, [0, 0, 3]),
    (series(1, math.nan, 3), 3, [1, 3]),
    (series(math.nan, 2, 3), 3, [2, 3]),
    (series(1, math.inf, 3), 3, [1, 3]),
    (series(0, math.inf, 3), 3, [0, 3]),
    (series(1, -1, 3), 3, [1, 3]),
    (series(1.7e308, 1.7e308, 3), 3, [1.7e308, 1.7e308, 3]),
    (series(1, 2, 3, 4, every=30), 2, [1, 2, 3, 4]),  # two periods of a minute, twice a minute
    (series(1, 2, 3, 4, 5, every=30), 2, [2, 3, 4, 5]),
    (series(1, 2, 3, every=30), 2, [1, 2, 3]),
)


@pytest.mark.parametrize(("found", "evaluated", "values"), VALUES)
def test_the_evaluated_periods_end_with_the_newest_datapoint(
    found: Series, evaluated: int, values: list[float]
) -> None:
    """A period is as long as it is, however many datapoints lie in it."""
    assert evaluated_values(found, of(1, evaluated), seconds(60)) == values


BREACHES = (
    # values, M, N, answer to "> 5"
    ([6], 1, 1, Breach.YES),
    ([5], 1, 1, Breach.NO),
    ([6, 6], 2, 2, Breach.YES),
    ([6, 5], 2, 2, Breach.NO),
    ([6], 2, 2, Breach.UNKNOWN),
    ([5], 2, 2, Breach.NO),
    ([6, 6], 2, 3, Breach.YES),
    ([6, 5], 2, 3, Breach.UNKNOWN),
    ([5, 5], 2, 3, Breach.NO),
    ([5], 2, 3, Breach.UNKNOWN),
    ([5], 1, 3, Breach.UNKNOWN),
    ([6], 1, 3, Breach.YES),
    ([5, 6, 5], 1, 3, Breach.YES),
    ([6, 6, 5], 3, 3, Breach.NO),
    ([6, 6, 5, 6], 2, 2, Breach.YES),
)


@pytest.mark.parametrize(("values", "breaching", "evaluated", "answer"), BREACHES)
def test_gaps_decide_where_they_could_have(
    values: list[float], breaching: int, evaluated: int, answer: Breach
) -> None:
    """Enough, too few whatever the gaps hold, or not to be known; mirrored for below."""
    rule = of(breaching, evaluated)
    assert breached(values, rule, Comparison.GREATER, 5) is answer
    assert breached([10 - value for value in values], rule, Comparison.LESS, 5) is answer


@pytest.mark.parametrize(
    ("comparison", "answers"),
    [
        (Comparison.GREATER, (False, False, True)),
        (Comparison.GREATER_OR_EQUAL, (False, True, True)),
        (Comparison.LESS, (True, False, False)),
        (Comparison.LESS_OR_EQUAL, (True, True, False)),
    ],
)
def test_each_comparison_is_held_to_the_threshold_itself(
    comparison: Comparison, answers: tuple[bool, bool, bool]
) -> None:
    """4, 5 and 6 against 5."""
    found = tuple(breached([v], of(1, 1), comparison, 5) is Breach.YES for v in (4.0, 5.0, 6.0))
    assert found == answers
