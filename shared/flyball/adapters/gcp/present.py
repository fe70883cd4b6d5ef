"""Is the resource of each scalable target there, is it stuck, and what is likely meant if not?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import NamedTuple

from flyball.adapters.gcp.adoption import NOT_FOUND, list_all
from flyball.adapters.gcp.fields import Answer, read_text
from flyball.adapters.gcp.heard import Heard
from flyball.adapters.gcp.operation import find_work
from flyball.adapters.gcp.platform import RETIRED, Nodes, fetch_nodes
from flyball.adapters.gcp.resource import (
    Pool,
    ResourceError,
    Version,
    Vertex,
    read_resource,
)
from flyball.adapters.gcp.session import CallError
from flyball.adapters.gcp.vertex import call_path, fetch_vertex, read_replicas
from flyball.address import V1
from flyball.core.model import Missing
from flyball.core.target import Mode, ScalableTarget
from flyball.plan.model import Check, Level
from flyball.plan.remark import ALIKE, SHOWN, tell_absent

LONG = timedelta(minutes=45)
"""A change of Vertex AI's that takes longer is stuck: one with GPUs takes up to half an hour."""
GONE: Answer = {}
"""Of a resource that is not there."""


class Presence(NamedTuple):
    """What of the targets' resources was found.

    Attributes:
        checks: What is wrong with them.
        there: Those whose resource is there.
    """

    checks: tuple[Check, ...]
    there: tuple[ScalableTarget, ...]


def find_resources(session: Heard, targets: Sequence[ScalableTarget], now: datetime) -> Presence:
    """Look for each resource, an endpoint once; one that is not there gets the likely names."""
    seen: dict[str, Answer | None] = {}
    checks: list[Check] = []
    there: list[ScalableTarget] = []
    for target in targets:
        level = Level.FAIL if target.mode is Mode.APPLY else Level.WARN
        try:
            resource = read_resource(target.resource)
        except ResourceError as error:
            checks.append(Check("resource", Level.FAIL, str(error), "", target.id))
            continue
        if isinstance(resource, Version):
            checks += _check_version(session, resource, target, level)
            continue
        path = call_path(resource)
        if path not in seen:
            seen[path] = _fetch(session, resource)
        answer = seen[path]
        if answer is None:
            continue  # told at the end
        problem = _find_problem(session, resource, answer)
        if problem is None:
            there.append(target)
            checks += _check_work(session, resource, target, now)
            checks += _check_sharing(session, resource, target)
        else:
            checks.append(Check("resource", level, *problem, target.id))
    count = f"{len(there)} of {len(targets)}"
    if there and len(there) == len(targets):
        checks.append(Check("resources", Level.OK, f"{count} are there"))
    return Presence(tuple(checks), tuple(there))


def _fetch(session: Heard, resource: Vertex) -> Answer | None:
    """Ask for a resource; GONE: it is not there, None: nobody knows."""

    def fetch() -> Answer:
        try:
            return fetch_vertex(session, resource)
        except CallError as error:
            if error.code == NOT_FOUND:
                return GONE
            raise

    return session.ask(f"aiplatform in {resource.location}", fetch, None)


def _find_problem(session: Heard, resource: Vertex, answer: Answer) -> tuple[str, str] | None:
    """Say what is not there, and what is."""
    if answer == GONE:
        return _tell_absent(session, resource)
    replicas = read_replicas(answer, resource)
    if isinstance(replicas, Missing):
        return replicas.detail, ""
    return None


def _tell_absent(session: Heard, resource: Vertex) -> tuple[str, str]:
    """Say what is not there; of endpoints the number is asked for, and people know the title."""
    where = f"location and project ({resource.location}, {resource.project})"
    if isinstance(resource, Pool):
        pool = resource.deployment_resource_pool
        names = _list(session, resource, "deploymentResourcePools")
        known = None if names is None else list(names)
        return tell_absent(f"deployment resource pool {pool}", pool, known, where)
    what, name = f"endpoint {resource.endpoint}", resource.endpoint
    titles = _list(session, resource, "endpoints")
    if titles:
        words = sorted({*titles, *titles.values()} - {""})
        near = get_close_matches(name, words, SHOWN, ALIKE)
        likely = [key for key, title in titles.items() if {key, title} & set(near)]
        shown = [f"{key} ({titles[key]})" for key in likely or sorted(titles)[:SHOWN]]
        text = tell_absent(what, name, None, where)[0]
        return text, f"is it {' or '.join(shown)}?" if likely else f"there is {', '.join(shown)}"
    return tell_absent(what, name, None if titles is None else [], where)


def _list(session: Heard, resource: Vertex, field: str) -> dict[str, str] | None:
    """List ids with their display names; None: nobody may, and it only makes a remedy better."""
    path = f"{V1}/projects/{resource.project}/locations/{resource.location}/{field}"
    try:
        return {
            read_text(each, "name").rpartition("/")[2]: read_text(each, "displayName")
            for each in list_all(session, "aiplatform", path, field, resource.location)
        }
    except CallError:
        return None


def _check_work(
    session: Heard, resource: Vertex, target: ScalableTarget, now: datetime
) -> Iterator[Check]:
    """Say whether a change takes too long, or failed lately."""
    work = find_work(session, call_path(resource), resource.location, now)
    if work.running and work.since is not None and now - work.since > LONG:
        name = work.running.removeprefix("operation ")
        text = f"a change has been running since {work.since:%Y-%m-%d %H:%M:%S} UTC, and no other "
        remedy = (
            f"`gcloud ai operations describe {name} --region={resource.location}` may say why; "
            "a range with fewer machines may be had sooner, and only Google can end it"
        )
        yield Check("change", Level.WARN, f"{text}is taken until it ends", remedy, target.id)
    if work.failed:
        remedy = "the range is as it was before; the next decision asks for it again"
        yield Check("change", Level.WARN, work.failed, remedy, target.id)


def _check_sharing(session: Heard, resource: Vertex, target: ScalableTarget) -> Iterator[Check]:
    """Say which deployed models share a pool: what is set is set for all of them."""
    if not isinstance(resource, Pool):
        return
    path = f"{call_path(resource)}:queryDeployedModels"
    try:
        refs = list(list_all(session, "aiplatform", path, "deployedModelRefs", resource.location))
    except CallError:
        return  # it only says more
    if len(refs) > 1:
        named = [
            f"{read_text(each, 'deployedModelId')} of endpoint "
            f"{read_text(each, 'endpoint').rpartition('/')[2]}"
            for each in refs
        ]
        names = ", ".join(named[:SHOWN]) + " …" * (len(named) > SHOWN)
        text = f"{len(refs)} deployed models share it, and its range: {names}"
        yield Check("sharing", Level.OK, text, "", target.id)


def _check_version(
    session: Heard, resource: Version, target: ScalableTarget, level: Level
) -> Iterator[Check]:
    """Say that AI Platform Prediction is no more, whether or not somebody still answers for it."""
    nodes = session.ask("ml", lambda: fetch_nodes(session, resource), None)
    detail = nodes.detail if isinstance(nodes, Missing) else ""
    if RETIRED in detail:
        yield Check("retired", level, detail, "", target.id)
        return
    if detail:
        yield Check("resource", level, detail, "", target.id)
    yield Check("retired", Level.WARN, RETIRED, "", target.id)
    if isinstance(nodes, Nodes) and nodes.is_manual:
        text = "it is scaled by hand: Flyball sets the number, and nothing picks inside a range"
        remedy = "give it autoScaling (`gcloud ai-platform versions update`) to have it pick"
        yield Check("scaling", Level.OK, text, remedy, target.id)
