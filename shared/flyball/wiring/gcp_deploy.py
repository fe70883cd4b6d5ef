"""Which deployment of Flyball on Google Cloud is meant, and what do plans speak to there?

A project that is named says it by its functions' variables. Else the environment does, with the
same: `python -m deploy.gcp deploy` prints those that a person's machine needs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager

from flyball.adapters.gcp.alerting import Alerting
from flyball.adapters.gcp.control import GcpControl
from flyball.adapters.gcp.deploy import GCP, GcpHome, Place
from flyball.adapters.gcp.deployed import DeploymentError, choose, list_deployments
from flyball.adapters.gcp.firestore import FirestoreLedger
from flyball.adapters.gcp.jobs import Jobs
from flyball.adapters.gcp.refusal import tell
from flyball.adapters.gcp.rivals import make_reader
from flyball.adapters.gcp.session import (
    EMULATORS,
    NO_CREDENTIALS,
    PREFIX,
    CallError,
    Session,
    read_endpoints,
)
from flyball.adapters.gcp.tick import Ticking, TickJob
from flyball.core.target import Mode
from flyball.wiring.deploy import Store
from flyball.wiring.gcp import (
    METRICS_SERVICE,
    PROJECT,
    PROJECT_TOO,
    Settings,
    check_names,
    check_sdk,
)
from flyball.wiring.machine import SystemClock
from flyball.wiring.settings import SettingsError, read_matching

CHANNEL = "FLYBALL_ALERT_CHANNEL"
REGION = "FLYBALL_GCP_REGION"
TICK_URL = "FLYBALL_TICK_URL"
"""Where the function of every minute is called; the audience of its token, where it is not set."""
JOBS_SERVICE = "cloudscheduler_grpc"
"""FLYBALL_GCP_ENDPOINT_CLOUDSCHEDULER_GRPC: where jobs are kept, if not at Google's address."""
_CHANNEL = re.compile(r"projects/[a-z0-9.:-]+/notificationChannels/[0-9]+")
_REGION = re.compile(r"[a-z]+-[a-z]+[0-9]+")
_URL = re.compile(r"https?://[\x21-\x7e]{1,2000}")


@contextmanager
def open_google(
    project: str | None = None,
    database: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Store]:
    """Open the ledger of a deployment, and its project, for the length of a block.

    Args:
        project: Whose deployment is meant; None: the one that the environment names.
        database: The ledger's; None: that of the project's only deployment.
        environment: Variables; None: this program's own.

    Raises:
        SettingsError: A variable is missing or wrong, or Google's libraries are not installed.
    """
    check_sdk()
    variables = find_variables(project, database, environment)
    settings = Settings.from_env(variables)
    session = Session(settings.endpoints)
    ledger = FirestoreLedger(
        session,
        settings.project,
        database=settings.database,
        targets=settings.targets_collection,
        ledger=settings.ledger_collection,
    )
    with (
        closing(ledger),
        closing(Alerting(settings.endpoints.get(METRICS_SERVICE, ""))) as alerting,
        closing(Jobs(settings.endpoints.get(JOBS_SERVICE, ""))) as jobs,
    ):
        yield Store(ledger, make_home(variables, settings, session, alerting, jobs))


def make_home(
    variables: Mapping[str, str],
    settings: Settings,
    session: Session,
    alerting: Alerting,
    jobs: Jobs,
) -> GcpHome:
    """Make what plans speak to.

    Raises:
        SettingsError: A variable is wrong.
    """
    ticking = read_ticking(variables, settings)
    place = Place(
        settings.project,
        settings.database,
        read_channel(variables),
        settings.alarm_prefix,
        Mode.ADVISE.value if settings.advises_only else "",
        ticking.region,
    )
    control, clock = GcpControl(session), SystemClock()
    return GcpHome(
        alerting,
        place,
        lambda target: control.describe(target, clock.now()),
        make_reader(session, settings.project),
        TickJob(jobs, ticking, GCP),
    )


def find_variables(
    project: str | None,
    database: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> Mapping[str, str]:
    """Give the variables of the deployment that is meant: its functions' own, where it is named.

    Of a deployment that is named nothing comes from the environment, which may be about another,
    but for where Google's services are.

    Raises:
        SettingsError: There is no such deployment, or its functions cannot be listed.
    """
    variables = os.environ if environment is None else environment
    if project is None:
        if database is not None:
            raise SettingsError("--database: give --project with it, whose database it is")
        if not (variables.get(PROJECT) or variables.get(PROJECT_TOO)):
            message = f"{PROJECT}: got '', expected the id of a project"
            raise SettingsError(f"{message}; name it by --project, or set the variable")
        return variables
    check_names(project=project)
    instead = f"or set {PROJECT} and the like in place of --project"
    try:
        session = Session(read_endpoints(variables))
        deployed = choose(list_deployments(session, project), project, database)
    except CallError as error:
        if error.status == NO_CREDENTIALS:
            raise SettingsError(str(error)) from None
        message = f"the functions of project {project} cannot be listed: {tell(error)}"
        remedy = "is it the right project, and may you (cloudfunctions.functions.list)?"
        raise SettingsError(f"{message}; {remedy} {instead}") from None
    except (DeploymentError, ValueError) as error:
        raise SettingsError(str(error)) from None
    return {**keep_endpoints(variables), **deployed.variables, PROJECT: project}


def keep_endpoints(variables: Mapping[str, str]) -> dict[str, str]:
    """Keep of an environment where Google's services are."""
    return {
        name: value
        for name, value in variables.items()
        if name.startswith(PREFIX) or name in EMULATORS
    }


def read_channel(variables: Mapping[str, str]) -> str:
    """Read which notification channel alert policies tell; "": none is named.

    Raises:
        SettingsError: It is no name of one.
    """
    problems: list[str] = []
    expected = "projects/<project>/notificationChannels/<number>"
    channel = read_matching(variables, CHANNEL, _CHANNEL, expected, "", problems)
    if problems:
        raise SettingsError("; ".join(problems))
    return channel


def read_ticking(variables: Mapping[str, str], settings: Settings) -> Ticking:
    """Read how the function of every minute is called; what is not told is left out.

    Raises:
        SettingsError: A variable is no region, or no URL.
    """
    problems: list[str] = []
    expected = "a region, such as europe-west4"
    region = read_matching(variables, REGION, _REGION, expected, "", problems)
    url = read_matching(variables, TICK_URL, _URL, "a URL", settings.tick_audience, problems)
    if problems:
        raise SettingsError("; ".join(problems))
    name = f"{settings.alarm_prefix}-tick"
    return Ticking(
        settings.project, name, region, url, settings.tick_audience, settings.tick_account
    )
