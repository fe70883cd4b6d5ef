"""Which deployments of Flyball does a project have, and what do their functions know of themselves?

A function's variables name everything else of its deployment, so a person needs only the project.

Source: Cloud Functions API v2, projects.locations.functions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from flyball.adapters.gcp.adoption import list_all
from flyball.adapters.gcp.fields import NOTHING, Answer, join, read_list, read_part, read_text
from flyball.adapters.gcp.session import Session

SERVICE = "cloudfunctions"
DATABASE = "FLYBALL_FIRESTORE_DATABASE"
"""The variable whose value names a deployment."""
ON_ALERT, ON_TICK = "on_alert", "on_tick"


class DeploymentError(Exception):
    """There is no such deployment, or there are several; the message says the remedy."""


class Function(NamedTuple):
    """A function of Flyball.

    Attributes:
        name: Its last part.
        region: Where it is.
        entry: on_alert or on_tick.
        state: Of Cloud Functions: ACTIVE, where it serves.
        detail: What is said of the state.
        service: The whole name of its service on Cloud Run; "": it has none.
        variables: That it sees.
    """

    name: str
    region: str
    entry: str
    state: str
    detail: str
    service: str
    variables: Mapping[str, str]


class Deployed(NamedTuple):
    """A deployment, as its functions tell of it.

    Attributes:
        database: The ledger's, which names it.
        functions: Of every minute first.
    """

    database: str
    functions: tuple[Function, ...]

    @property
    def variables(self) -> Mapping[str, str]:
        """Give what its functions see; where they differ, the one of every minute is right."""
        return {
            name: value for each in self.functions[::-1] for name, value in each.variables.items()
        }

    @property
    def regions(self) -> tuple[str, ...]:
        """Name where its functions are."""
        return tuple(dict.fromkeys(each.region for each in self.functions))


def list_deployments(session: Session, project: str) -> tuple[Deployed, ...]:
    """Find the deployments of a project by their functions, in every region.

    Raises:
        CallError: They may not be listed, or there was no answer.
    """
    path = f"v2/projects/{project}/locations/-/functions"
    found: dict[str, list[Function]] = {}
    for answer in list_all(session, SERVICE, path, "functions", ""):
        function = _read(answer)
        if function is not None:
            found.setdefault(function.variables[DATABASE], []).append(function)
    return tuple(
        Deployed(name, tuple(sorted(each, key=lambda one: one.entry != ON_TICK)))
        for name, each in sorted(found.items())
    )


def choose(deployments: Sequence[Deployed], project: str, database: str | None) -> Deployed:
    """Give the deployment that is meant: of that database, or the only one.

    Raises:
        DeploymentError: There is none, or there are several.
    """
    named = [each for each in deployments if database in (None, each.database)]
    if len(named) == 1:
        return named[0]
    there = ", ".join(each.database for each in deployments)
    if named:
        raise DeploymentError(
            f"project {project} has several deployments: name one by --database: {there}"
        )
    if deployments:
        message = f"project {project} has no deployment with database {database}; there is {there}"
        raise DeploymentError(message)
    raise DeploymentError(
        f"project {project} has no function of Flyball: is it the right project? `python -m "
        f"deploy.gcp deploy --project {project} --region REGION` deploys it; for a ledger without "
        f"functions set FLYBALL_GCP_PROJECT and {DATABASE} in place of --project"
    )


def _read(answer: Answer) -> Function | None:
    """Read a function; None: it is none of Flyball's."""
    config = read_part(answer, "serviceConfig") or NOTHING
    variables = dict(_read_variables(read_part(config, "environmentVariables") or NOTHING))
    entry = read_text(read_part(answer, "buildConfig") or NOTHING, "entryPoint")
    if DATABASE not in variables or entry not in (ON_ALERT, ON_TICK):
        return None
    _, _, _, region, _, name = (read_text(answer, "name").split("/") + [""] * 6)[:6]
    told = (read_text(each, "message") for each in read_list(answer, "stateMessages"))
    state, service = read_text(answer, "state"), read_text(config, "service")
    return Function(name, region, entry, state, join(told), service, variables)


def _read_variables(given: Answer) -> Iterator[tuple[str, str]]:
    for name, value in given.items():
        if isinstance(value, str):
            yield name, value
