"""Which deployed model's metrics are meant, where a scalable target does not name its id?

An endpoint's series are told apart by that id, and a canary beside the model has series too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from flyball.adapters.gcp.fields import Answer, read_text
from flyball.adapters.gcp.refusal import tell
from flyball.adapters.gcp.resource import DeployedModel, ResourceError, read_resource
from flyball.adapters.gcp.session import CallError, Session
from flyball.adapters.gcp.vertex import call_path, fetch_vertex, find_model
from flyball.core.model import Missing, MissingCause, Series
from flyball.core.target import Metric, ScalableTarget
from flyball.meter import find_site
from flyball.ports import MetricRead, MetricSource

OWN = "deployed_model"


class Closing(MetricSource, Protocol):
    """Where metrics are read, over a connection that can be closed."""

    def close(self) -> None:
        """Let go of the connection."""
        ...


class MeantMetrics:
    """Metrics of scalable targets, of the deployed model that each means.

    Args:
        metrics: Where they are read once that is known.
        session: By which endpoints are asked; each once a read, and only where no id is named.
    """

    def __init__(self, metrics: Closing, session: Session) -> None:
        self._metrics = metrics
        self._session = session

    def read(self, reads: Sequence[MetricRead], now: datetime) -> Sequence[Series | Missing]:
        """Read several series; Missing: it is not known whose are meant."""
        answers: dict[str, Answer | Missing] = {}
        meant = [self._find(read, answers) for read in reads]
        known = [each for each in meant if not isinstance(each, Missing)]
        found = iter(self._metrics.read(known, now) if known else ())
        return [each if isinstance(each, Missing) else next(found) for each in meant]

    def close(self) -> None:
        """Let go of the connection; a later read makes another."""
        self._metrics.close()

    def _find(self, read: MetricRead, answers: dict[str, Answer | Missing]) -> MetricRead | Missing:
        """Name the deployed model in a read whose metric is of one."""
        target = read.scalable_target
        resource = _find_unnamed(target)
        if resource is None or not _is_of_model(read.metric):
            return read
        path = call_path(resource)
        if path not in answers:
            answers[path] = self._fetch(resource)
        answer = answers[path]
        found = answer if isinstance(answer, Missing) else find_model(answer, resource)
        if isinstance(found, Missing):
            return found
        named: Mapping[str, str] = {**target.resource, OWN: read_text(found, "id")}
        return read._replace(scalable_target=replace(target, resource=named))

    def _fetch(self, resource: DeployedModel) -> Answer | Missing:
        try:
            return fetch_vertex(self._session, resource)
        except CallError as error:
            return Missing(MissingCause.SOURCE_FAILED, f"whose metrics: {tell(error)}")


def _find_unnamed(target: ScalableTarget) -> DeployedModel | None:
    """Give a target's resource where it is a deployed model whose id is not named."""
    try:
        resource = read_resource(target.resource)
    except ResourceError:
        return None
    is_meant = isinstance(resource, DeployedModel) and not resource.deployed_model
    return resource if is_meant and isinstance(resource, DeployedModel) else None


def _is_of_model(metric: Metric) -> bool:
    """Say whether a metric is made of series that are a deployed model's."""
    types = [value for key, value in metric.source.items() if key.split(".")[-1] == "metric"]
    sites = [find_site(each) for each in types]
    return any(site is not None and OWN in site.optional for site in sites)
