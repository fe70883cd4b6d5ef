"""Is what Google writes in the unit that the config says, in every line of a metric?"""

from __future__ import annotations

from collections.abc import Mapping

from flyball.adapters.gcp.query import Query
from flyball.core.model import Missing, MissingCause
from flyball.core.target import Metric, Unit
from flyball.dimension import MixedError, find_unit
from flyball.meter import METERS
from flyball.metricmath import Expression
from flyball.recipe import Recipe

WRITTEN: Mapping[str, Unit] = {"10^2.%": Unit.RATIO, "%": Unit.PERCENT}
"""As Google writes units: of a ratio it says that its values are hundreds of percent."""
SHOWN: Mapping[Unit, str] = {Unit.RATIO: "a ratio, 0-1", Unit.PERCENT: "percent, 0-100"}


def compare_units(
    metric: Metric, recipe: Recipe[Query], said: Mapping[Query, str]
) -> Missing | None:
    """See that no ratio is taken for a percentage, nor the other way round, nor both for one.

    Args:
        metric: What the config says.
        recipe: How it is made.
        said: Google's words for the units, of those queries of which it said one; of its own metric
            types the unit is known without.

    Returns:
        None: nothing is wrong as far as is known. Missing names the query and the remedy.
    """
    units: dict[str, Unit] = {}
    for name, line in recipe.lines.items():
        if isinstance(line, Query):
            known = WRITTEN.get(said.get(line, "")) or _know(line)
            units |= {name: known} if known else {}
    line = recipe.lines[recipe.returned]
    asked = "; ".join(map(str, recipe.queries))
    if isinstance(line, Query):
        emitted, what = units.get(recipe.returned), "Google emits"
    else:
        what = f"{line.text} is"
        try:
            emitted = find_unit(line, units)
        except MixedError as error:
            remedy = "bring both to one unit: `a * 100` of a ratio"
            return Missing(MissingCause.SOURCE_FAILED, f"{asked}: {error}: {remedy}")
    if emitted is None or emitted is metric.unit or _is_own(metric.unit, line, recipe):
        return None
    message = (
        f"{asked}: {what} {SHOWN[emitted]}, the config says {metric.unit.value}: "
        f"write `unit: {emitted.value}`"
    )
    return Missing(MissingCause.SOURCE_FAILED, message)


def _know(query: Query) -> Unit | None:
    """Give the unit of one of Google's own metric types, where it is a ratio."""
    meter = METERS.get(query.metric_type)
    return Unit.RATIO if meter is not None and meter.is_ratio else None


def _is_own(unit: Unit, line: Query | Expression, recipe: Recipe[Query]) -> bool:
    """Say whether somebody takes a plain number for what it is: 0.6 of a ratio of their own.

    Of Google's own utilizations nobody is meant to, since policies on them are written in percent.
    """
    if unit is not Unit.NUMBER:
        return False
    queries = [line] if isinstance(line, Query) else recipe.queries
    return not any(map(_know, queries))
