"""How is one of our metrics made of what its home can be asked for, and over which periods?

A metric is one series of the home's, or an expression over several; either way it is computed here,
so that the same numbers come out in every home.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from flyball.core.model import Datapoint, Missing, MissingCause, Series
from flyball.core.shape import NamedTuple
from flyball.metricmath import Expression, Frame, MathError, Values, evaluate, read_expression
from flyball.ports import MetricRead

Asked = TypeVar("Asked")
"""What a home is asked for: hashable, and readable as text."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SourceError(ValueError):
    """A source that cannot be asked for; the message names the key and the remedy."""


class Recipe(NamedTuple, Generic[Asked]):
    """How one of our metrics is made of what its home has.

    Attributes:
        lines: By id: a series to ask for, or an expression over other lines.
        returned: Id of the line that counts.
        divisor: The value is divided by it: cores or GPUs of an instance.
    """

    lines: Mapping[str, Asked | Expression]
    returned: str
    divisor: float = 1.0

    @property
    def queries(self) -> list[Asked]:
        """List the series to ask for."""
        return [line for line in self.lines.values() if not isinstance(line, Expression)]


class Span(NamedTuple):
    """Whole periods of one length, up to now.

    Attributes:
        start: Beginning of the first.
        end: End of the last; not included.
        period: Length of one.
    """

    start: datetime
    end: datetime
    period: timedelta

    @property
    def periods(self) -> int:
        """Count them."""
        return (self.end - self.start) // self.period


def find_span(period_s: int, back: int, now: datetime) -> Span:
    """Give the last whole periods: the one that is still running is not among them."""
    period = timedelta(seconds=period_s)
    end = now - (now - _EPOCH) % period
    return Span(end - period * back, end, period)


def count_back(read: MetricRead, period_s: int) -> int:
    """Count the periods to ask for: those that are looked at, the oldest of a believable age."""
    own = read.metric.period.total_seconds()
    return math.ceil((read.metric.max_age.total_seconds() + own * read.periods) / period_s)


def read_divisor(source: Mapping[str, str], keys: Sequence[str]) -> float:
    """Read by what a value is divided, under one of these keys; 1 where there is none.

    Raises:
        SourceError: There are two of them, or one is no number above 0.
    """
    given = {key: source[key] for key in keys if key in source}
    if len(given) > 1:
        shown = " and ".join(f"source.{key}" for key in given)
        raise SourceError(f"{shown}: got both, expected one of them")
    for key, text in given.items():
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not 0 < value < math.inf:
            raise SourceError(f"source.{key}: got {text!r}, expected a number above 0")
        return value
    return 1.0


def read_named(
    source: Mapping[str, str], read: Callable[[Mapping[str, str], str], Asked], divisor: float
) -> Recipe[Asked]:
    """Read an expression whose ids are described beside it, each like a metric of its own.

    Args:
        source: With the key `expression`, and `<id>.<key>` for each of its ids.
        read: Reads one description; its second argument is what its keys are prefixed with.
        divisor: As a Recipe's.

    Raises:
        SourceError: The expression, or one of the descriptions, is not understood.
    """
    try:
        expression = read_expression(source["expression"])
    except MathError as error:
        raise SourceError(f"source.expression: {error}") from error
    lines: dict[str, Asked | Expression] = {}
    for each in sorted(expression.ids):
        own = {
            key.removeprefix(f"{each}."): value
            for key, value in source.items()
            if key.startswith(f"{each}.")
        }
        lines[each] = read(own, f"source.{each}.")
    result = "result" if "result" not in lines else "result1"
    return Recipe({**lines, result: expression}, result, divisor)


def make_series(
    read: MetricRead,
    recipe: Recipe[Asked],
    found: Mapping[Asked, Values | Missing],
    now: datetime,
    late: timedelta,
    reporting: Mapping[datetime, int] | None = None,
) -> Series | Missing:
    """Compute a metric's series: the newest periods that are looked at, oldest first.

    Where fewer instances reported in the newest, those back to the one in which most did come too.

    Args:
        read: What is wanted.
        recipe: How it is made.
        found: What was read, for every query of the recipe.
        now: Aware UTC.
        late: FILL leaves a gap open that is younger: its datapoint may still come.
        reporting: By the end of a period: how many instances reported in it, where that is known.
    """
    period = read.metric.period
    period_s = round(period.total_seconds())
    span = find_span(period_s, count_back(read, period_s), now)
    instants = tuple(span.start + period * (index + 1) for index in range(span.periods))
    values = _compute(recipe, recipe.returned, found, Frame(instants, period, now - late))
    if isinstance(values, Missing):
        return values
    if not values:
        asked = "; ".join(map(str, recipe.queries))
        return Missing(
            MissingCause.NO_DATA, f"no datapoint since {span.start.isoformat()}: {asked}"
        )
    newest = max(values)
    counts = reporting or {}
    fullest = max(values, key=lambda at: (counts.get(at, 0), at))
    kept = sorted(at for at in values if at > min(newest, fullest) - period * read.periods)
    return tuple(
        [Datapoint(at, values[at] / recipe.divisor, reporting=counts.get(at)) for at in kept]
    )


def _compute(
    recipe: Recipe[Asked],
    line_id: str,
    found: Mapping[Asked, Values | Missing],
    frame: Frame,
) -> Values | Missing:
    """Compute a line: what was read, or an expression over other lines."""
    line = recipe.lines[line_id]
    if not isinstance(line, Expression):
        return found[line]
    series: dict[str, Values] = {}
    for each in sorted(line.ids):
        values = _compute(recipe, each, found, frame)
        if isinstance(values, Missing):
            return values
        series[each] = values
    return evaluate(line, series, frame)
