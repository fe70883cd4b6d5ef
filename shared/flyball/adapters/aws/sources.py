"""Is what a config measures there in CloudWatch, under that name, namespace and dimensions?

Source: Amazon CloudWatch API Reference, ListMetrics: it lists what had data in the last two weeks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

from flyball.adapters.aws.asked import Asked
from flyball.adapters.aws.clients import Clients
from flyball.adapters.aws.handover import pages
from flyball.adapters.aws.query import make_recipe
from flyball.core.target import Metric, ScalableTarget
from flyball.plan.model import Check, Level
from flyball.recipe import SourceError

LIST = "cloudwatch:ListMetrics"
SHOWN = 3


class Named(NamedTuple):
    """A metric as CloudWatch names it."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        where = ", ".join(f"{key}={value}" for key, value in self.dimensions)
        return f"{self.namespace} {self.name} {{{where}}}"


Seen = dict[tuple[str, str], list[Named] | None]
"""What was listed, by name and namespace; None: it could not be."""


def check_sources(
    clients: Clients, asked: Asked, targets: Sequence[ScalableTarget]
) -> Iterator[Check]:
    """Look for every metric of every target; a wrong name gets the likely right one.

    Args:
        clients: The account's, heard.
        asked: Hears them. Of what is refused nothing is said here.
        targets: Whose metrics.
    """
    found = 0
    missing = 0
    seen: Seen = {}
    for target in targets:
        for metric in target.metrics:
            for wanted in names_of(metric, target):
                known = _list(clients, asked, seen, wanted.name, wanted.namespace)
                if known is None:
                    missing += 1
                    continue
                if wanted in known:
                    found += 1
                    continue
                missing += 1
                yield _tell(clients, asked, seen, target, metric, wanted)
    if found and not missing:
        yield Check("metrics", Level.OK, f"{found} of {found} had data in the last two weeks")


def names_of(metric: Metric, target: ScalableTarget) -> Iterator[Named]:
    """Name what a metric reads; a source that cannot be understood reads nothing."""
    try:
        queries = make_recipe(metric, target).queries
    except SourceError:
        return
    for query in queries:
        yield Named(query.namespace, query.name, query.dimensions)


def _tell(
    clients: Clients,
    asked: Asked,
    seen: Seen,
    target: ScalableTarget,
    metric: Metric,
    wanted: Named,
) -> Check:
    """Say what is missing, and the nearest that is there."""
    text = f"{metric.name}: {wanted} had no data in the last two weeks"
    same = _list(clients, asked, seen, wanted.name, wanted.namespace)
    elsewhere = _list(clients, asked, seen, wanted.name, "")
    ours = set(wanted.dimensions)
    if same:
        text = f"{metric.name}: {wanted} is not there under these dimensions"
        remedy = f"there is {_some(sorted(same, key=lambda each: -len(ours & set(each[2]))))}"
    elif elsewhere:
        text = f"{metric.name}: {wanted} is not there: the namespace is wrong"
        likely = sorted(elsewhere, key=lambda each: -len(ours & set(each.dimensions)))
        remedy = f"set namespace: {likely[0].namespace}"
    else:
        names = {each.name for each in _list(clients, asked, seen, "", wanted.namespace) or ()}
        near = get_close_matches(wanted.name, sorted(names), SHOWN, 0.6)
        remedy = f"is it {' or '.join(near)}?" if near else "has the endpoint had any traffic?"
    return Check("metrics", Level.WARN, text, remedy, target.id)


def _list(
    clients: Clients,
    asked: Asked,
    seen: Seen,
    name: str,
    namespace: str,
) -> list[Named] | None:
    """List the metrics of a name, a namespace or both, each question once; None: not known."""
    key = name, namespace
    if key not in seen:
        given = {"MetricName": name, "Namespace": namespace}
        call = clients.get("cloudwatch").list_metrics
        chosen = {field: value for field, value in given.items() if value}
        seen[key] = asked.ask(LIST, lambda: [*map(_read, pages(call, "Metrics", **chosen))], None)
    return seen[key]


def _read(item: Mapping[str, Any]) -> Named:
    given = {each["Name"]: each["Value"] for each in item.get("Dimensions", ())}
    return Named(item["Namespace"], item["MetricName"], _sort(given))


def _sort(dimensions: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(dimensions.items()))


def _some(named: Sequence[Named]) -> str:
    shown = ", ".join(map(str, named[:SHOWN]))
    return f"{shown} …" if len(named) > SHOWN else shown
