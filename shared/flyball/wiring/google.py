"""Is everything well with a deployment on Google Cloud, and with what it scales?"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple

from flyball.adapters.gcp.alerting import Written
from flyball.adapters.gcp.checkup import SERVICES, check_permissions, identify
from flyball.adapters.gcp.deployed import Deployed, DeploymentError, choose, list_deployments
from flyball.adapters.gcp.firestore import FirestoreLedger
from flyball.adapters.gcp.heard import Heard, HeardAlerting, HeardJobs
from flyball.adapters.gcp.parts import (
    Site,
    check_channel,
    check_dead_letters,
    check_functions,
    check_job,
    check_policies,
)
from flyball.adapters.gcp.permissions import Needs, list_needs, name_member, write_script
from flyball.adapters.gcp.present import Presence, find_resources
from flyball.adapters.gcp.resource import (
    DeployedModel,
    Pool,
    Resource,
    ResourceError,
    Version,
    read_resource,
)
from flyball.adapters.gcp.session import read_endpoints
from flyball.adapters.gcp.sources import check_sources
from flyball.core.codec import parse
from flyball.core.target import ScalableTarget
from flyball.plan.model import Check, Choices, Level, Plan, Wanted
from flyball.plan.remark import check_clock
from flyball.ports import Ledger, LedgerError
from flyball.wiring.deploy import Store, draft
from flyball.wiring.gcp import DATABASE, METRICS_SERVICE, PROJECT, PROJECT_TOO, Settings, check_sdk
from flyball.wiring.gcp_deploy import (
    CHANNEL,
    JOBS_SERVICE,
    keep_endpoints,
    make_home,
    read_channel,
    read_ticking,
)
from flyball.wiring.settings import ALARM_PREFIX, SettingsError

if TYPE_CHECKING:
    from flyball.wiring.doctor import Doctor

GCP = "gcp"
MODE = "FLYBALL_MODE"
DEPLOY = "is it deployed, in this project and database?"
NO_PROJECT = f"no project is named: give --project, or set {PROJECT}"
ABOUT_RESOURCES = frozenset({"capacity", "in charge", "resource"})
"""What a plan says of a resource that it cannot read; the doctor has said why already."""
ANY = "-"


class _Found(NamedTuple):
    """A deployment, as far as it could be found.

    Attributes:
        deployed: As its functions tell of it; None: there is none, or nobody may say.
        is_known: Its functions could be listed.
        variables: By which it is spoken to.
        problem: Why it is not known which one is meant; "" where it is.
    """

    deployed: Deployed | None
    is_known: bool
    variables: Mapping[str, str]
    problem: str = ""


def examine(
    doctor: Doctor,
    project: str | None,
    database: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Check]:
    """Look at credentials, permissions, the deployment's parts, the ledger, resources and metrics.

    Args:
        doctor: What is looked at, and the time.
        project: In which the ledger is; None: as the environment, the targets or the credentials
            say.
        database: The ledger's; None: as the environment says, or the project's only deployment's.
        environment: Variables; None: this program's own.

    Raises:
        SettingsError: Google's libraries are not installed, the environment is wrong, or no
            project is named.
    """
    variables = os.environ if environment is None else environment
    check_sdk()
    try:
        session = Heard(read_endpoints(variables), doctor.now)
    except ValueError as error:
        raise SettingsError(str(error)) from None
    resources = _read_resources(_read(doctor.wanted or ()))
    uses_platform = any(isinstance(each, Version) for each in resources)
    identity = identify(session, (*SERVICES, "ml") if uses_platform else SERVICES)
    yield identity.check
    if identity.check.level is Level.FAIL:
        return
    named = project or variables.get(PROJECT) or variables.get(PROJECT_TOO)
    named = named or _find_project(resources, identity.project)
    if not named:
        raise SettingsError(NO_PROJECT)
    found = _find(session, named, database, variables, is_named=project is not None)
    settings = Settings.from_env(found.variables)
    ledger = FirestoreLedger(
        session,
        settings.project,
        database=settings.database,
        targets=settings.targets_collection,
        ledger=settings.ledger_collection,
    )
    registered = _read_known(ledger)
    if doctor.wanted is None and not isinstance(registered, LedgerError):
        resources = _read_resources(_read(registered))
    needs = list_needs(resources, settings.project)
    yield from check_permissions(session, needs, identity.who)
    site = _make_site(settings, found, {} if project is not None else variables)
    yield from _check_parts(doctor, session, site, found)
    yield from _check_deployment(doctor, session, settings, found.variables, ledger, registered)
    ledger.close()
    if session.skew is not None:
        yield check_clock(session.skew, "Google's")
    yield from session.checks(identity.who)


def list_permissions(
    doctor: Doctor,
    project: str | None,
    database: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> tuple[tuple[Needs, ...], tuple[str, ...]]:
    """Say what plan, apply, destroy and doctor need, and the commands that give it to who asks.

    Args:
        doctor: What is scaled; without a file anything of Vertex AI in the deployment's project.
        project: The deployment's; None: as the environment says.
        database: Its ledger's; None: as the environment says, or the only deployment's.
        environment: Variables; None: this program's own.

    Raises:
        SettingsError: No project is named, or a variable is wrong.
    """
    variables = os.environ if environment is None else environment
    check_sdk()
    named = project or variables.get(PROJECT) or variables.get(PROJECT_TOO)
    if not named:
        raise SettingsError(NO_PROJECT)
    session = Heard(read_endpoints(variables), doctor.now)
    found = _find(session, named, database, variables, is_named=project is not None)
    settings = Settings.from_env(found.variables)
    resources = _read_resources(_read(doctor.wanted or ()))
    anything = (DeployedModel(named, ANY, ANY), Pool(named, ANY, ANY))
    needs = list_needs(resources or anything, named)
    member = name_member(identify(session).who)
    return needs, tuple(write_script(needs, member, settings.tick_account))


def _find(
    session: Heard,
    project: str,
    database: str | None,
    variables: Mapping[str, str],
    *,
    is_named: bool,
) -> _Found:
    """Find the deployment that is meant by its functions; what is not told is as set here."""
    name = "cloudfunctions.functions.list"
    listed = session.ask(name, lambda: list_deployments(session, project), None)
    wanted = database or (None if is_named else variables.get(DATABASE) or None)
    here = {**variables, PROJECT: project}
    if database:
        here[DATABASE] = database
    if not listed:
        return _Found(None, listed is not None, here)
    try:
        deployed = choose(listed, project, wanted)
    except DeploymentError as error:
        return _Found(None, True, here, str(error))  # noqa: FBT003  (a field)
    if is_named:
        found = {**keep_endpoints(variables), **deployed.variables, PROJECT: project}
    else:
        found = {**deployed.variables, **variables, PROJECT: project}
    return _Found(deployed, True, found)  # noqa: FBT003  (a field)


def _make_site(settings: Settings, found: _Found, here: Mapping[str, str]) -> Site:
    """Say of which parts a deployment is made.

    Args:
        settings: As it is spoken to.
        found: The deployment.
        here: The environment, where it was asked which deployment is meant.
    """
    compared = {name: here[name] for name in (MODE, ALARM_PREFIX, CHANNEL) if here.get(name)}
    functions = {} if found.deployed is None else found.deployed.variables
    if here.get(PROJECT) and MODE not in compared and functions.get(MODE) == "advise":
        compared[MODE] = ""
    regions = () if found.deployed is None else found.deployed.regions
    region = read_ticking(found.variables, settings).region or next(iter(regions), "")
    return Site(
        settings.project,
        settings.database,
        settings.alarm_prefix,
        region,
        read_channel(found.variables),
        settings.dead_topic.rpartition("/")[2],
        compared,
    )


def _check_parts(doctor: Doctor, session: Heard, site: Site, found: _Found) -> Iterator[Check]:
    """Look at what a deployment is made of, beside its ledger."""
    if found.problem:
        yield Check("functions", Level.FAIL, found.problem)
    elif found.is_known:
        yield from check_functions(session, site, found.deployed)
    yield from check_job(session, site, doctor.now)
    yield from check_channel(session, site)
    yield from check_dead_letters(session, site, doctor.now)


def _check_deployment(
    doctor: Doctor,
    session: Heard,
    settings: Settings,
    variables: Mapping[str, str],
    ledger: Ledger,
    registered: tuple[Wanted, ...] | LedgerError,
) -> Iterator[Check]:
    """Look at the ledger, at what it has in force, and at what that scales."""
    from flyball.wiring.doctor import check_foreign, check_plan, check_tick  # noqa: PLC0415

    plan: Plan | None = None
    late: list[Check] = []
    targets = _read(doctor.wanted or ())
    try:
        if isinstance(registered, LedgerError):
            raise registered
        wanted = registered if doctor.wanted is None else doctor.wanted
        yield Check("deployment", Level.OK, _tell(settings, registered))
        remedy = "does the Scheduler's job call its tick?"
        late = [
            *check_tick(ledger, doctor.now, remedy),
            *check_foreign(ledger, [each.id for each in registered], doctor.now),
        ]
        targets = _read(wanted)
        plan, dumb = _draft(doctor, session, settings, variables, ledger, wanted)
        late += dumb
    except LedgerError as error:
        if not session.was_refused(error):
            yield Check("deployment", Level.FAIL, str(error), DEPLOY)
    yield from late
    found = find_resources(session, targets, doctor.now)
    yield from found.checks
    if plan is not None:
        yield from check_plan(_keep_known(plan, found, targets), doctor.file)
    yield from check_sources(session, found.there, doctor.now)


def _read_known(ledger: Ledger) -> tuple[Wanted, ...] | LedgerError:
    """Give what is registered, or why it cannot be read."""
    from flyball.wiring.doctor import read_registered  # noqa: PLC0415

    try:
        return read_registered(ledger)
    except LedgerError as error:
        return error


def _draft(
    doctor: Doctor,
    session: Heard,
    settings: Settings,
    variables: Mapping[str, str],
    ledger: Ledger,
    wanted: tuple[Wanted, ...],
) -> tuple[Plan, list[Check]]:
    """Plan what is wanted, and name alert policies that wake nobody.

    Where alert policies cannot be listed, only what is registered is compared.
    """
    request = doctor.request(wanted)._replace(choices=Choices(unseen=True))
    endpoints = settings.endpoints
    with (
        closing(HeardAlerting(session, endpoints.get(METRICS_SERVICE, ""))) as alerting,
        closing(HeardJobs(session, endpoints.get(JOBS_SERVICE, ""))) as jobs,
    ):
        home = make_home(variables, settings, session, alerting, jobs)
        stores = {GCP: Store(ledger, home)}
        plan = session.ask("a plan", lambda: draft(request, stores, doctor.now), None)
        if plan is None:
            return draft(request, {GCP: Store(ledger)}, doctor.now), []
        nothing: list[Written] = []
        policies = session.ask(
            "monitoring.alertPolicies.list", lambda: alerting.list(settings.project), nothing
        )
    return plan, [*check_policies(policies, settings.alarm_prefix, read_channel(variables))]


def _keep_known(plan: Plan, found: Presence, targets: Sequence[ScalableTarget]) -> Plan:
    """Leave out of a plan what was said of a resource that is not there, or cannot be read."""
    there = {each.id for each in found.there}
    said = {each.id for each in targets if each.id not in there}
    return plan._replace(
        checks=tuple(
            each
            for each in plan.checks
            if not (each.name in ABOUT_RESOURCES and each.scalable_target_id in said)
        )
    )


def _tell(settings: Settings, registered: Sequence[Wanted]) -> str:
    advises = "; it only advises, whatever the configs say" * settings.advises_only
    where = f"database {settings.database} of project {settings.project}"
    return f"{where} has {len(registered)} registered{advises}"


def _read(wanted: Sequence[Wanted]) -> list[ScalableTarget]:
    targets = [parse(ScalableTarget, each.config) for each in wanted]
    return [each for each in targets if each.home == GCP]


def _read_resources(targets: Sequence[ScalableTarget]) -> list[Resource]:
    """Read what can be read; of the rest it is said where it is looked for."""
    found = []
    for target in targets:
        try:
            found.append(read_resource(target.resource))
        except ResourceError:
            continue
    return found


def _find_project(resources: Sequence[Resource], otherwise: str) -> str:
    """Name the project of all that is scaled; of several, or none, the credentials' own."""
    projects = {each.project for each in resources}
    return projects.pop() if len(projects) == 1 else otherwise
