"""Which ranges and metrics has Google's own scaling, in the words that flyball.yaml takes over?

Vertex AI is asked by v1beta1, which alone tells of scale to zero and of whose backlog is counted.
What flyball.yaml has no words for is left out, each time with the reason.

Source: Vertex AI API, DeployedModel, DedicatedResources and AutoscalingMetricSpec; AI Platform
Training & Prediction API, Version.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from flyball.adapters.gcp.fields import NOTHING, Answer, read_list, read_part, read_text
from flyball.adapters.gcp.platform import RETIRED, read_nodes, tell_gone
from flyball.adapters.gcp.resource import DeployedModel, Pool, Version, name_resource, path_of
from flyball.adapters.gcp.rules import Rules, read_node_rules, read_rules
from flyball.adapters.gcp.session import CallError, Session
from flyball.adapters.gcp.vertex import names_of, read_replicas
from flyball.address import BETA
from flyball.core.model import Missing
from flyball.plan.adoption import Adopted, Adoption, LeftOut, choose_names

PAGE_SIZE = "100"
PAGES_LIMIT = 100
NOT_FOUND = 404


class Wanted(NamedTuple):
    """What is to be read.

    Attributes:
        project: Its id or number.
        location: A region.
        endpoints: Ids or display names; none: all, if no model is named.
        models: Of AI Platform Prediction.
    """

    project: str
    location: str
    endpoints: tuple[str, ...] = ()
    models: tuple[str, ...] = ()


class _Found(NamedTuple):
    """A resource that may be taken over, and what it may be called."""

    resource: Mapping[str, str]
    names: tuple[str, ...]
    bounds: tuple[int, int]
    rules: Rules
    settings: Mapping[str, Any] = {}


def adopt(
    session: Session, wanted: Wanted, advance: Callable[[int], None] = lambda _: None
) -> Adoption:
    """Read Google's scaling.

    Args:
        session: How Google is asked.
        wanted: What of.
        advance: Told how many resources more were read.

    Raises:
        CallError: It may not be read, or there was no answer.
    """
    found: list[_Found] = []
    left_out: list[LeftOut] = []
    if wanted.endpoints or not wanted.models:
        for each in _read_endpoints(session, wanted):
            (left_out if isinstance(each, LeftOut) else found).append(each)  # type: ignore[arg-type]
            advance(1)
    for model in wanted.models:
        for each in _read_versions(session, wanted, model):
            (left_out if isinstance(each, LeftOut) else found).append(each)  # type: ignore[arg-type]
            advance(1)
    names = choose_names([each.names for each in found])
    adopted = [_adopt(name, each) for name, each in zip(names, found, strict=True)]
    return Adoption(tuple(sorted(adopted, key=lambda each: each.id)), tuple(left_out))


def list_all(
    session: Session, service: str, path: str, field: str, location: str
) -> Iterator[Answer]:
    """Read a list to its last page.

    Raises:
        CallError: It may not be read, or there was no answer.
    """
    query = {"pageSize": PAGE_SIZE}
    for _ in range(PAGES_LIMIT):
        answer = session.call(service, path, method="GET", query=query, location=location)
        said = answer if isinstance(answer, Mapping) else NOTHING
        yield from read_list(said, field)
        query["pageToken"] = read_text(said, "nextPageToken")
        if not query["pageToken"]:
            return


def _adopt(name: str, found: _Found) -> Adopted:
    rules = found.rules
    settings = {**found.settings, **({"metrics": rules.metrics} if rules.metrics else {})}
    return Adopted(
        name, found.resource, *found.bounds, rules.policies, rules.left_out, rules.remarks, settings
    )


def _read_endpoints(session: Session, wanted: Wanted) -> Iterator[_Found | LeftOut]:
    """Read the deployed models of a region's endpoints, and each pool that they share once."""
    place = f"{BETA}/projects/{wanted.project}/locations/{wanted.location}/endpoints"
    missed = dict.fromkeys(wanted.endpoints)
    pools: dict[str, None] = {}
    for endpoint in list_all(session, "aiplatform", place, "endpoints", wanted.location):
        names = {_last(read_text(endpoint, "name")), read_text(endpoint, "displayName")}
        if wanted.endpoints and not names & set(wanted.endpoints):
            continue
        for name in names:
            missed.pop(name, None)
        yield from _read_models(endpoint, wanted, pools)
    for name in pools:
        yield _read_pool(session, wanted, name)
    for name in missed:
        yield LeftOut(f"endpoint {name}", f"it is not there, in {wanted.location}")


def _read_models(
    endpoint: Answer, wanted: Wanted, pools: dict[str, None]
) -> Iterator[_Found | LeftOut]:
    """Read an endpoint's deployed models; pools that they are on are noted."""
    number, shown = _last(read_text(endpoint, "name")), read_text(endpoint, "displayName")
    models = read_list(endpoint, "deployedModels")
    if not models:
        yield LeftOut(f"endpoint {shown or number}", "no model is deployed to it")
    for model in models:
        own = read_text(model, "id")
        pool = _last(read_text(model, "sharedResources"))
        if pool:
            pools[pool] = None
            continue
        resource = DeployedModel(wanted.project, wanted.location, number, own, BETA)
        replicas = read_replicas(endpoint, resource)
        if isinstance(replicas, Missing):
            reason = replicas.detail.removeprefix(f"{name_resource(resource)}: ")
            yield LeftOut(f"deployed model {own} of endpoint {shown or number}", reason)
            continue
        named = {"project": wanted.project, "location": wanted.location, "endpoint": number}
        named |= _name_stably(model, models)
        if not replicas.floor:
            named["api_version"] = BETA
        if replicas.initial > 1:
            named["initial_replicas"] = str(replicas.initial)
        title = read_text(model, "displayName") or own
        names = (shown or number, f"{shown or number}-{title}", f"{number}-{own}")
        dedicated = read_part(model, "dedicatedResources") or NOTHING
        rules = read_rules(dedicated, wanted.project)
        yield _Found(named, names, (replicas.floor, replicas.ceiling), rules)


def _name_stably(model: Answer, models: Sequence[Answer]) -> dict[str, str]:
    """Name a model so that it is found after a redeploy too, when its id is another.

    By its display name, or its model's id, where no other there has the same; else by its own id.
    """
    for name in (
        read_text(model, "displayName"),
        _last(read_text(model, "model")).partition("@")[0],
    ):
        if name and sum(name in names_of(each) for each in models) == 1:
            return {"model": name}
    return {"deployed_model": read_text(model, "id")}


def _read_pool(session: Session, wanted: Wanted, name: str) -> _Found | LeftOut:
    resource = Pool(wanted.project, wanted.location, name)
    path = f"{BETA}/{path_of(resource)}"
    try:
        answer = session.call("aiplatform", path, method="GET", location=wanted.location)
    except CallError as error:
        if error.code != NOT_FOUND:
            raise
        return LeftOut(f"deployment resource pool {name}", "it is not there")
    replicas = read_replicas(answer, resource)
    if isinstance(replicas, Missing):
        reason = replicas.detail.removeprefix(f"{name_resource(resource)}: ")
        return LeftOut(f"deployment resource pool {name}", reason)
    rules = read_rules(
        read_part(answer, "dedicatedResources") or NOTHING, wanted.project, of_pool=True
    )
    return _Found(
        resource._asdict(),
        (name, f"pool-{name}"),
        (replicas.floor, replicas.ceiling),
        rules,
    )


def _read_versions(session: Session, wanted: Wanted, model: str) -> Iterator[_Found | LeftOut]:
    """Read a model's versions: of the global host, or else of the region's."""
    path = f"v1/projects/{wanted.project}/models/{model}/versions"
    for location in ("", wanted.location):
        try:
            versions = list(list_all(session, "ml", path, "versions", location))
        except CallError as error:
            if location or error.code != NOT_FOUND:
                gone = tell_gone(error)
                if not gone:
                    raise
                yield LeftOut(f"model {model}", gone)
                return
            continue
        for version in versions:
            yield _read_version(version, Version(wanted.project, model, "", location))
        if not versions:
            yield LeftOut(f"model {model}", "it has no version")
        return


def _read_version(version: Answer, of: Version) -> _Found | LeftOut:
    resource = of._replace(version=_last(read_text(version, "name")))
    name = f"version {resource.version} of model {resource.model}"
    nodes = read_nodes(version, resource)
    if isinstance(nodes, Missing):
        return LeftOut(name, nodes.detail)
    named = {key: value for key, value in resource._asdict().items() if value}
    names = (resource.model, f"{resource.model}-{resource.version}")
    if nodes.is_manual:
        said = "It is scaled by hand, so both bounds are the nodes that it has: raise max_capacity."
        rules = Rules(remarks=(said, _tell_retired()))
        return _Found(named, names, (nodes.floor, nodes.floor), rules, {"capacity_kind": "count"})
    if nodes.ceiling is None:
        return LeftOut(name, "its autoScaling has no maxNodes, and Flyball needs an upper bound")
    rules = read_node_rules(read_part(version, "autoScaling") or NOTHING)
    rules = rules._replace(remarks=(*rules.remarks, _tell_retired()))
    return _Found(named, names, (nodes.floor, max(nodes.ceiling, nodes.floor)), rules)


def _tell_retired() -> str:
    return RETIRED[0].upper() + RETIRED[1:] + "."


def _last(name: str) -> str:
    return name.rpartition("/")[2]
