"""Is a metric made of what its home has over whole periods, and is silence told from failure?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from flyball.core.model import Datapoint, Missing, MissingCause
from flyball.core.target import Metric, ScalableTarget
from flyball.metricmath import Values
from flyball.ports import MetricRead
from flyball.recipe import (
    Recipe,
    SourceError,
    count_back,
    find_span,
    make_series,
    read_divisor,
    read_named,
)
from tests.unit.core.cases import NOON, at

MINUTE = timedelta(minutes=1)
NEVER = timedelta(0)
FAILED = Missing(MissingCause.SOURCE_FAILED, "away")
READ = MetricRead(ScalableTarget("t", 1, 2), Metric("m"), 3)


def read_line(source: Mapping[str, str], where: str) -> str:
    """Read what is asked for as its name alone."""
    if "name" not in source:
        raise SourceError(f"{where}name is missing")
    return source["name"]


@pytest.mark.parametrize(("seconds", "end"), [(0, 0), (59, 0), (60, 60), (-1, -60)])
def test_the_period_that_still_runs_is_in_no_span(seconds: int, end: int) -> None:
    """It ends with the last whole one."""
    span = find_span(60, 5, at(seconds))
    assert (span.start, span.end, span.periods) == (at(end - 300), at(end), 5)


def test_what_may_be_looked_at_is_asked_for() -> None:
    """As old as is believable, and as many periods before."""
    assert count_back(READ, 60) == 8
    assert count_back(READ, 300) == 2


@pytest.mark.parametrize(
    ("source", "divisor"), [({}, 1.0), ({"cores": "4"}, 4.0), ({"gpus": "0.5"}, 0.5)]
)
def test_a_value_is_divided_by_what_is_given(source: Mapping[str, str], divisor: float) -> None:
    """Or stays as it is."""
    assert read_divisor(source, ("cores", "gpus")) == divisor


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"cores": "1", "gpus": "2"}, "source.cores and source.gpus: got both"),
        ({"cores": "0"}, "source.cores: got '0', expected a number above 0"),
        ({"cores": "inf"}, "source.cores: got 'inf'"),
        ({"gpus": "some"}, "source.gpus: got 'some'"),
    ],
)
def test_a_divisor_that_is_none_is_refused(source: Mapping[str, str], message: str) -> None:
    """With its key."""
    with pytest.raises(SourceError) as refused:
        read_divisor(source, ("cores", "gpus"))
    assert message in str(refused.value)


def test_an_expression_is_of_what_is_described_beside_it() -> None:
    """Each id once, under the name that leaves room for the result."""
    recipe = read_named(
        {"expression": "a / result", "a.name": "x", "result.name": "y"}, read_line, 2.0
    )
    assert recipe.queries == ["x", "y"]
    assert (recipe.returned, recipe.divisor) == ("result1", 2.0)
    with pytest.raises(SourceError, match="source.a.name is missing"):
        read_named({"expression": "a + 1"}, read_line, 1.0)
    with pytest.raises(SourceError, match=r"source.expression: got RATE\(a\)"):
        read_named({"expression": "RATE(a)"}, read_line, 1.0)


def series_of(recipe: Recipe[str], found: Mapping[str, Values | Missing], now: datetime) -> object:
    """Make a series of what was found."""
    return make_series(READ, recipe, found, now, NEVER)


def test_the_newest_periods_are_kept_oldest_first() -> None:
    """With a gap where there is one, and what reported where it is known."""
    values: Values = {at(-60 * ago): float(ago) for ago in (0, 2, 3, 4)}
    recipe: Recipe[str] = Recipe({"m1": "x"}, "m1", 2.0)
    made = make_series(READ, recipe, {"x": values}, at(5), NEVER, {NOON: 7})
    assert made == (Datapoint(at(-120), 1.0), Datapoint(NOON, 0.0, reporting=7))


def test_what_failed_and_what_is_silent_are_told_apart() -> None:
    """The one with its reason, the other with what was asked for."""
    plain: Recipe[str] = Recipe({"m1": "x"}, "m1")
    assert series_of(plain, {"x": FAILED}, NOON) == FAILED
    silent = series_of(plain, {"x": {}}, NOON)
    assert isinstance(silent, Missing)
    assert silent.cause is MissingCause.NO_DATA
    assert silent.detail == f"no datapoint since {at(-480).isoformat()}: x"
    both = read_named({"expression": "a + b", "a.name": "x", "b.name": "y"}, read_line, 1.0)
    assert series_of(both, {"x": {NOON: 1.0}, "y": FAILED}, NOON) == FAILED
    assert series_of(both, {"x": {NOON: 1.0}, "y": {NOON: 2.0}}, NOON) == (Datapoint(NOON, 3.0),)


def test_a_gap_is_filled_only_once_it_is_no_delay() -> None:
    """The home says how late its values may come."""
    recipe = read_named({"expression": "FILL(a, 0)", "a.name": "x"}, read_line, 1.0)
    made = make_series(READ, recipe, {"x": {}}, NOON, 2 * MINUTE)
    assert not isinstance(made, Missing)
    assert [point.at for point in made] == [at(-240), at(-180), at(-120)]
