"""Which values can there be: Hypothesis strategies for everything that is stored?"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum
from functools import cache
from typing import Any

from hypothesis import strategies as st

from flyball.core.codec import fields_of
from flyball.core.model import Capacity, Datapoint, Missing, Observation, Series
from flyball.core.policy import (
    Adjustment,
    DatapointsRule,
    MissingRule,
    MissingRules,
    Policy,
    ScheduledPolicy,
    Step,
    StepPolicy,
    TrackingPolicy,
)
from flyball.core.schedule import Schedule
from flyball.core.target import (
    CapacityKind,
    DirectionRules,
    Fallback,
    Metric,
    Mode,
    Per,
    Profile,
    RateKind,
    RateRule,
    ScalableTarget,
    Select,
    Unit,
    ZeroRule,
)
from flyball.core.window import Window

ZONES = st.sampled_from(
    [UTC, timezone(timedelta(hours=5, minutes=45)), timezone(-timedelta(hours=9))]
)
INSTANTS = st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=ZONES)  # noqa: DTZ001
DURATIONS = st.timedeltas(timedelta(), timedelta(days=366))
NAMES = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=9
)
COUNTS = st.integers(0, 1_000_000)
RATIOS = st.floats(0, 1)


@cache
def stored(annotation: Any, *, nan: bool = False, natural: bool = False) -> st.SearchStrategy[Any]:
    """Make any value of a stored type, as its annotations say; those that validate, valid.

    Args:
        annotation: The type.
        nan: Whether a float may be none.
        natural: Whether whole numbers are counts, as a provider and a controller give them.
    """
    known: dict[Any, st.SearchStrategy[Any]] = {
        str: st.text(max_size=9),
        int: COUNTS if natural else st.integers(),
        bool: st.booleans(),
        float: st.floats(allow_nan=nan),
        datetime: INSTANTS,
        timedelta: st.timedeltas(-timedelta(days=90_000), timedelta(days=90_000)),
        date: st.dates(date(1970, 1, 1), date(2199, 12, 31)),
        type(None): st.none(),
        ScalableTarget: TARGETS,
    }
    if annotation is Observation:
        return observations(nan=nan, natural=natural)
    if annotation in known:
        return known[annotation]
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return st.one_of(*(stored(each, nan=nan, natural=natural) for each in arguments))
    if origin is tuple:
        return st.lists(stored(arguments[0], nan=nan, natural=natural), max_size=3).map(tuple)
    if origin is not None and issubclass(origin, Mapping):
        return st.dictionaries(
            st.text(max_size=5), stored(arguments[1], nan=nan, natural=natural), max_size=3
        )
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return st.sampled_from(annotation)
    fields = {
        name: stored(each, nan=nan, natural=natural) for name, each, _ in fields_of(annotation)
    }
    return st.builds(annotation, **fields)


def series(*, nan: bool = False) -> st.SearchStrategy[Series]:
    """Make a series in order; its values may be of any kind."""
    counts = st.none() | COUNTS
    values = st.floats(allow_nan=nan) | st.integers(-9, 9).map(float)
    points = st.builds(Datapoint, INSTANTS, values, counts, counts)
    return st.lists(points, max_size=4, unique_by=lambda point: point.at).map(
        lambda found: tuple(sorted(found, key=lambda point: point.at))
    )


def observations(*, nan: bool = False, natural: bool = False) -> st.SearchStrategy[Observation]:
    """Make an observation of up to three metrics."""
    return st.builds(
        Observation,
        INSTANTS,
        stored(Capacity, natural=natural) | stored(Missing),
        st.dictionaries(NAMES, series(nan=nan) | stored(Missing), max_size=3),
    )


@st.composite
def targets(draw: st.DrawFn) -> ScalableTarget:
    """Make a target that validates, with policies of each kind on metrics of its own."""
    price = draw(st.none() | st.floats(0.01, 1e9) | st.integers(1, 99))
    low, high = sorted(draw(st.tuples(COUNTS, COUNTS)))
    names = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    policies: list[Policy] = [draw(draw(st.sampled_from(_KINDS))(name)) for name in names]
    metric = draw(st.sampled_from(names))
    return ScalableTarget(
        draw(NAMES),
        low,
        high,
        hard_min_capacity=draw(st.integers(0, low)),
        hard_max_capacity=draw(st.none() | st.integers(high, 1_000_000)),
        resource=draw(st.dictionaries(NAMES, NAMES, max_size=2)),
        profile=draw(st.sampled_from(Profile)),
        capacity_kind=draw(st.sampled_from(CapacityKind)),
        mode=draw(st.sampled_from(Mode)),
        metrics=tuple(draw(_metric(name)) for name in names),
        policies=tuple(policies),
        windows=draw(st.lists(_WINDOWS, max_size=2, unique_by=lambda each: each.name).map(tuple)),
        scale_out=draw(_RULES),
        scale_in=draw(_RULES),
        zero=draw(st.none() | st.builds(ZeroRule, st.just(metric), st.floats(-9, 9), DURATIONS)),
        fallback=draw(st.none() | st.builds(Fallback, COUNTS, DURATIONS)),
        price_per_hour=price,
        spend_limit_per_hour=None if price is None else draw(st.none() | st.floats(0, 1e9)),
        tick=draw(DURATIONS) + timedelta(seconds=1),
    )


def _metric(name: str) -> st.SearchStrategy[Metric]:
    return st.builds(
        Metric,
        st.just(name),
        st.sampled_from(Unit),
        st.sampled_from(Per),
        period=st.timedeltas(timedelta(seconds=1), timedelta(days=1)),
        source=st.dictionaries(NAMES, st.text(max_size=5), max_size=2),
    )


def _tracking(name: str) -> st.SearchStrategy[TrackingPolicy]:
    return st.builds(
        TrackingPolicy,
        st.just(name),
        st.just(name),
        st.floats(0.1, 1e9) | st.integers(1, 99),
        high_ratio=st.floats(1, 9) | st.just(1),
        low_ratio=RATIOS,
        out_datapoints=_DATAPOINTS,
        scale_in_cooldown=DURATIONS,
        disable_scale_in=st.booleans(),
        missing=st.builds(MissingRules, scale_in=st.sampled_from(MissingRule)),
    )


def _stepping(name: str) -> st.SearchStrategy[StepPolicy]:
    steps = st.sampled_from([(Step(0, None, 1),), (Step(None, 0, -1.0), Step(0.0, None, 20))])
    return st.builds(
        StepPolicy,
        st.just(name),
        st.just(name),
        st.floats(-1e9, 1e9),
        steps,
        adjustment=st.just(Adjustment.PERCENT_CHANGE_IN_CAPACITY),
        min_adjustment_magnitude=st.integers(0, 9),
    )


def _scheduled(name: str) -> st.SearchStrategy[ScheduledPolicy]:
    schedules = st.builds(
        Schedule,
        st.sampled_from(["rate(1 hour)", "cron(30 2 * * ? *)", "at(2026-11-21T00:24:11)"]),
        st.sampled_from(["UTC", "America/New_York", "Europe/Berlin"]),
        st.none() | INSTANTS,
    )
    return st.builds(ScheduledPolicy, st.just(name), schedules, COUNTS)


_KINDS: tuple[Callable[[str], st.SearchStrategy[Any]], ...] = (_tracking, _stepping, _scheduled)
_DATAPOINTS = st.builds(DatapointsRule, st.integers(1, 3), st.integers(3, 9))
_RATES = st.builds(
    RateRule,
    st.just(RateKind.PERCENT),
    st.floats(0.5, 400) | st.integers(1, 400),
    st.timedeltas(timedelta(seconds=1), timedelta(hours=1)),
)
_RULES = st.builds(
    DirectionRules, DURATIONS, st.lists(_RATES, max_size=2).map(tuple), st.sampled_from(Select)
)
_WINDOWS = st.builds(
    Window,
    NAMES,
    st.just("cron(0 8 ? * MON-FRI *)"),
    duration=st.timedeltas(timedelta(seconds=1), timedelta(days=366)),
    floor=COUNTS,
    priority=st.integers(-9, 9),
    except_dates=st.lists(st.dates(date(2000, 1, 1), date(2050, 1, 1)), max_size=2).map(tuple),
    valid_from=st.none() | INSTANTS,
)
TARGETS = targets()
