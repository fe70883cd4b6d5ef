"""What does Cloud Monitoring have to be asked for one of our metrics?

A metric's source is one metric type, or an expression over several; see docs/config-guide.md.

Source: Google Cloud Monitoring API v3, projects.timeSeries.list and Aggregation; "Monitoring
filters"; "Google Cloud metrics: aiplatform" and "ml".
"""

from __future__ import annotations

from collections.abc import Mapping

from flyball.core.shape import NamedTuple
from flyball.core.target import Metric, Per, ScalableTarget
from flyball.meter import ACROSS, METERS, PERCENTILES, STATISTICS, Kind, Meter, find_site
from flyball.recipe import Recipe, SourceError, read_divisor, read_named

DEVICES = ("cores",)
"""CPU is counted per replica: it is 4 where four of its cores are busy."""
LABEL, RESOURCE_LABEL = "labels.", "resource_labels."
"""How the keys of a source begin that name labels; the API calls them metric.labels, resource.…."""
SHORTEST_S = 60
"""Of a period: Google aligns to no shorter one."""

Labels = tuple[tuple[str, str], ...]


class Query(NamedTuple):
    """One statistic of one metric type, of the series with some labels, across all of them.

    Attributes:
        project: Whose metrics.
        metric_type: Such as aiplatform.googleapis.com/prediction/online/replicas.
        statistic: One of STATISTICS.
        across: One of ACROSS; of a percentile, the percentile again.
        period_s: Length of one datapoint, seconds.
        resource_type: Of the monitored resource; "" for any.
        labels: (path, value), sorted by path, such as resource.labels.endpoint_id.
        by_replica: Every replica's own series is wanted, so that they can be counted.
    """

    project: str
    metric_type: str
    statistic: str
    across: str
    period_s: int
    resource_type: str
    labels: Labels
    by_replica: bool = False

    @property
    def aligner(self) -> str:
        """Name what Google makes of one series' values in a period."""
        if self.metric_type in METERS and METERS[self.metric_type].kind is Kind.DISTRIBUTION:
            return "ALIGN_DELTA"
        return STATISTICS[self.statistic]

    @property
    def reducer(self) -> str:
        """Name what Google makes of the series' values of a period."""
        return "REDUCE_NONE" if self.by_replica else self.joined

    @property
    def joined(self) -> str:
        """Name likewise what is made of them in the end, be it here or by Google."""
        if self.across in PERCENTILES:
            return f"REDUCE_PERCENTILE_{self.across[1:]}"
        return f"REDUCE_{self.across.upper()}"

    def __str__(self) -> str:
        where = ", ".join(f"{path.rpartition('.')[2]}={value}" for path, value in self.labels)
        return f"{self.statistic} of {self.metric_type} {{{where}}} in {self.project}"


def make_recipe(metric: Metric, target: ScalableTarget) -> Recipe[Query]:
    """Say how a metric is read.

    Raises:
        SourceError: Its source cannot be understood, or names nothing of the target's resource.
    """
    source = metric.source
    period_s = round(metric.period.total_seconds())
    if period_s < SHORTEST_S:
        raise SourceError(f"period: got {period_s} s, expected at least {SHORTEST_S} s")
    divisor = read_divisor(source, DEVICES)
    if "expression" in source:
        return read_named(
            source, lambda own, where: _read_query(own, target, period_s, where), divisor
        )
    return Recipe({"m1": _read_query(source, target, period_s, per=metric.per)}, "m1", divisor)


def _read_query(
    source: Mapping[str, str],
    target: ScalableTarget,
    period_s: int,
    where: str = "source.",
    per: Per | None = None,
) -> Query:
    """Read one metric type; without a `per` it is a line of an expression."""
    metric_type = source.get("metric", "")
    if not metric_type:
        raise SourceError(f"{where}metric is missing")
    meter = METERS.get(metric_type)
    statistic = _find_statistic(source, meter, where)
    across = _find_across(source, statistic, meter, per, where)
    project = source.get("project") or target.resource.get("project", "")
    if not project:
        raise SourceError(f"resource.project is missing; add it, or {where}project")
    resource_type, labels = _find_labels(source, target.resource, metric_type, where)
    alone = meter is not None and meter.by_replica
    return Query(
        project, metric_type, statistic, across, period_s, resource_type, labels, by_replica=alone
    )


def _find_statistic(source: Mapping[str, str], meter: Meter | None, where: str) -> str:
    given = source.get("statistic", "")
    allowed = tuple(STATISTICS) if meter is None else meter.statistics
    statistic = given or (meter.usual if meter else "")
    if statistic not in allowed:
        shown = f"got {given}" if given else "nothing is there"
        raise SourceError(f"{where}statistic: {shown}, expected one of {', '.join(allowed)}")
    return statistic


def _find_across(
    source: Mapping[str, str], statistic: str, meter: Meter | None, per: Per | None, where: str
) -> str:
    """Say how the series' values become one: what stands there, or what they are to mean."""
    given = source.get("across", "")
    if statistic in PERCENTILES:
        if given:
            raise SourceError(f"{where}across: a percentile is of all series together; remove it")
        return statistic
    if given:
        if given not in ACROSS:
            raise SourceError(f"{where}across: got {given}, expected one of {', '.join(ACROSS)}")
        return given
    if statistic in {"min", "max"}:
        return statistic
    if meter is None:  # of an instance, as somebody said; the lines of an expression are totals
        return "mean" if per is Per.INSTANCE else "sum"
    if meter.kind is Kind.DISTRIBUTION or (meter.by_replica and per is not Per.TOTAL):
        return "mean"
    return "sum"


def _find_labels(
    source: Mapping[str, str], resource: Mapping[str, str], metric_type: str, where: str
) -> tuple[str, Labels]:
    """Give the type of the monitored resource, and the labels that a series must have."""
    meter, site = METERS.get(metric_type), find_site(metric_type)
    wanted: dict[str, str] = {}
    given = {
        f"resource.labels.{key.removeprefix(RESOURCE_LABEL)}": value
        for key, value in source.items()
        if key.startswith(RESOURCE_LABEL)
    }
    if site is not None and not given:
        for path, key in site.labels.items():
            if resource.get(key):
                wanted[path] = resource[key]
            elif key not in site.optional:
                message = f"resource.{key} is missing; add it, or {where}resource_labels"
                raise SourceError(message)
    if meter is not None:
        wanted |= {f"metric.labels.{name}": value for name, value in meter.labels}
    wanted |= given
    wanted |= {
        f"metric.labels.{key.removeprefix(LABEL)}": value
        for key, value in source.items()
        if key.startswith(LABEL)
    }
    resource_type = source.get("resource_type") or (site.resource_type if site else "")
    return resource_type, tuple(sorted(wanted.items()))
