"""What of a deployment is there already, where is it, and which options was it given?

A deployment's functions, its database and its job are in one region; all else is the project's. So
with another region the one half would be found and the other would not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from deploy.gcp.failure import CommandError
from deploy.gcp.place import MODES, Place, PlaceError
from deploy.gcp.roles import PLATFORM_DECIDE
from deploy.gcp.step import Command, has_binding
from deploy.gcp.steps import find_database, grant_of_role
from deploy.gcp.watch import LABEL, PART, find_channel

Ask = Callable[[Sequence[str]], str]
Json = Mapping[str, Any]
Values = frozenset[Any]
"""Of an option; more than one where parts of a deployment differ."""

PREFIX_LABEL = "flyball-prefix"
"""User label of the alert policies that `flyball apply` makes."""
MODE, HANDFUL = "FLYBALL_MODE", "FLYBALL_HANDFUL"
_PARTS = re.compile(r"projects/[^/]+/locations/([^/]+)/[a-z]+/([^/]+)")
_REGION = re.compile(r"[a-z]+-[a-z]+\d+")


class ElsewhereError(Exception):
    """The deployment, or a part of it, is in another region; the message says which."""


class Present(NamedTuple):
    """What is there.

    Attributes:
        functions: Of the deployment, in any region, as Cloud Functions tells of them.
        database: Where the ledger's is; "": there is none.
        jobs: Regions in which there is its job; asked for only where all of the above are gone.
        policies: Alert policies of the project, as Cloud Monitoring tells of them.
    """

    functions: tuple[Json, ...]
    database: str
    jobs: tuple[str, ...]
    policies: tuple[Json, ...]

    @property
    def alarms(self) -> Mapping[str, str]:
        """Give the alert policies that `flyball apply` made: whole names by what they show."""
        ours = (each for each in self.policies if PREFIX_LABEL in each.get("userLabels", {}))
        named = {str(each.get("displayName")): str(each.get("name")) for each in ours}
        return dict(sorted(named.items()))


def look(place: Place, ask: Ask, *, undoing: bool = False) -> Present:
    """Find what is there of a deployment, in whichever region; nothing is changed.

    Args:
        place: Which deployment; its region is not looked at.
        ask: Runs gcloud.
        undoing: Its job is looked for, too, where nothing else says where it is.

    Raises:
        CommandError: The project cannot be asked.
    """
    ask(("projects", "describe", place.project, "--format=value(projectNumber)"))
    names = {place.alert, place.tick}
    listed = _list(ask, find_functions(place))
    functions = tuple(each for each in listed if _split(each)[1] in names)
    databases = _list(ask, find_database(place))
    database = str(databases[0].get("locationId", "")) if databases else ""
    jobs: tuple[str, ...] = ()
    if undoing and not functions and not database:
        jobs = tuple(_find_jobs(place, ask))
    mine = (each for each in _list(ask, find_policies(place)) if _is_ours(each, place))
    return Present(functions, database, jobs, tuple(mine))


def find_functions(place: Place) -> Command:
    """Print the functions of every region."""
    return ("functions", "list", place.on_project, "--regions=-", "--v2", "--format=json")


def find_policies(place: Place) -> Command:
    """Print every alert policy."""
    return ("alpha", "monitoring", "policies", "list", place.on_project, "--format=json")


def find_locations(place: Place) -> Command:
    """Print where there may be jobs, a region on a line."""
    words = ("scheduler", "locations", "list", place.on_project)
    return (*words, "--format=value(locationId)")


def find_job(place: Place, region: str) -> Command:
    """Print the job of every minute, if it is in a region."""
    whole = f"projects/{place.project}/locations/{region}/jobs/{place.tick}"
    at = (place.on_project, f"--location={region}", f"--filter=name={whole}")
    return ("scheduler", "jobs", "list", *at, "--format=json")


def refuse_elsewhere(place: Place, present: Present) -> None:
    """Refuse a region that is not the deployment's.

    Raises:
        ElsewhereError: Some of it is in another.
    """
    found: dict[str, list[str]] = {}
    for each in present.functions:
        region, name = _split(each)
        found.setdefault(region, []).append(f"the function {name}")
    for region in present.jobs:
        found.setdefault(region, []).append(f"the job {place.tick}")
    if _REGION.fullmatch(present.database) and place.region not in found:
        found.setdefault(present.database, []).append(f"the database {place.name}")
    here = found.pop(place.region, None)
    if not found:
        return
    there = "; ".join(f"{region} has {', '.join(names)}" for region, names in found.items())
    region = next(iter(found))
    remedy = f"--region {region}"
    if here or len(found) > 1:
        remedy = f"see which of them is at work, and delete the rest by hand: {_delete(present)}"
    raise ElsewhereError(
        f"--region: got {place.region}, but {there}. Nothing was changed. Remedy: {remedy}"
        + ("" if here else "; or another --name, for a deployment of its own")
    )


def keep(place: Place, present: Present, ask: Ask) -> dict[str, Values]:
    """Read the options of what is deployed, by the fields of a Place.

    What is not there is not in; of several values functions are of two minds.

    Args:
        place: Which deployment.
        present: What is there of it.
        ask: Runs gcloud.

    Raises:
        CommandError: The project cannot be asked.
    """
    kept = {field: values for field, values in _read_functions(present.functions) if values}
    channels = _list(ask, find_channel(place, "email"))
    people = {str(each.get("name")): each.get("labels", {}) for each in channels}
    for labels in reversed(people.values()):  # the first is the one that a deployment finds
        kept["email"] = frozenset({str(labels.get("email_address", ""))})
    told = [
        str(channel)
        for policy in present.policies
        if policy.get("userLabels", {}).get(LABEL) == place.name
        for channel in policy.get("notificationChannels", ())
    ]
    others = tuple(dict.fromkeys(each for each in told if each not in people))
    if others:
        kept["channels"] = frozenset({others})
    if present.functions:
        policy = json.loads(ask(("projects", "get-iam-policy", place.project, "--format=json")))
        grant = grant_of_role(place, "", PLATFORM_DECIDE)
        if has_binding(policy, grant, grant.member):
            kept["ai_platform"] = frozenset({True})
    return kept


def settle(place: Place, given: Mapping[str, Any], kept: Mapping[str, Values]) -> Place:
    """Give the deployment that is wanted: as the flags say, else as it is, else as usual.

    Args:
        place: With the usual options.
        given: Fields that flags say.
        kept: As keep() gives them.

    Raises:
        PlaceError: Both functions have another value, and no flag says which is meant.
    """
    known: dict[str, Any] = {}
    for field, values in kept.items():
        if field in given:
            continue
        if len(values) > 1:
            option = f"--{field.replace('_', '-')}"
            said = " and ".join(sorted(map(str, values)))
            message = f"{option}: the functions have {said}, since somebody changed one of them"
            raise PlaceError(f"{message}, or a deployment broke off: say which is meant")
        known[field] = next(iter(values))
    return place._replace(**{**known, **given})


def tell_kept(place: Place, usual: Place, kept: Iterable[str]) -> str:
    """Say which options are as they were; "": none that is worth a word.

    Args:
        place: As it is deployed.
        usual: With the usual options.
        kept: Fields that no flag has said.
    """
    fields = [
        each for each in kept if each == "mode" or getattr(place, each) != getattr(usual, each)
    ]
    names = {"channels": "notify"}
    said = []
    for each in fields:
        value = getattr(place, each)
        name = names.get(each, each.replace("_", "-"))
        shown = ", ".join(value) if isinstance(value, tuple) else str(value)
        said.append(name if value is True else f"{name} {shown}")
    return ", ".join(said)


def _list(ask: Ask, command: Command) -> list[Json]:
    """List what a command prints; nothing where its service is off."""
    try:
        found = json.loads(ask(command) or "[]")
    except CommandError as error:
        if error.is_off:
            return []
        raise
    return [each for each in found if isinstance(each, Mapping)]


def _find_jobs(place: Place, ask: Ask) -> Iterator[str]:
    """Find the regions of the job, one by one: no list is of all of them."""
    try:
        regions = ask(find_locations(place)).split()
    except CommandError as error:
        if error.is_off:
            return
        raise
    yield from (each for each in regions if _list(ask, find_job(place, each)))


def _is_ours(policy: Json, place: Place) -> bool:
    """Say whether an alert policy is of this deployment: for people, or of a target."""
    labels = policy.get("userLabels", {})
    for_people = labels.get(LABEL) == place.name and PART in labels
    return for_people or labels.get(PREFIX_LABEL) == place.name


def _read_functions(functions: Iterable[Json]) -> Iterator[tuple[str, Values]]:
    """Read by field the values that functions have; more than one where they differ."""
    modes, handfuls, most, runtimes = set(), set(), set(), set()
    for each in functions:
        service, build = each.get("serviceConfig", {}), each.get("buildConfig", {})
        variables = service.get("environmentVariables", {})
        modes |= {variables[MODE]} & set(MODES) if MODE in variables else set()
        handfuls |= _read_number(variables.get(HANDFUL))
        most |= _read_number(service.get("maxInstanceCount"))
        runtimes |= {str(build["runtime"])} if build.get("runtime") else set()
    yield "mode", frozenset(modes)
    yield "max_instances", frozenset(most)
    yield "handful", frozenset(handfuls)
    yield "runtime", frozenset(runtimes)


def _read_number(value: object) -> set[int]:
    return {int(str(value))} if re.fullmatch(r"\d+", str(value)) else set()


def _split(resource: Json) -> tuple[str, str]:
    """Give the region and the last part of a whole name; empty where it is none."""
    found = _PARTS.fullmatch(str(resource.get("name", "")))
    return (found[1], found[2]) if found else ("", "")


def _delete(present: Present) -> str:
    """Write the commands that delete what functions there are."""
    return ", ".join(
        f"`gcloud functions delete {name} --gen2 --region={region}`"
        for region, name in map(_split, present.functions)
    )
