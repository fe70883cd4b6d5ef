"""Is everything well with a deployment on Google Cloud, and with what it scales?"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from flyball.adapters.gcp.checkup import SERVICES, check_permissions, identify
from flyball.adapters.gcp.firestore import FirestoreLedger
from flyball.adapters.gcp.heard import Heard
from flyball.adapters.gcp.permissions import list_needs
from flyball.adapters.gcp.present import find_resources
from flyball.adapters.gcp.resource import Resource, ResourceError, Version, read_resource
from flyball.adapters.gcp.session import read_endpoints
from flyball.adapters.gcp.sources import check_sources
from flyball.core.codec import parse
from flyball.core.target import ScalableTarget
from flyball.plan.model import Check, Level, Wanted
from flyball.plan.remark import check_clock
from flyball.ports import LedgerError
from flyball.wiring.deploy import Store, draft
from flyball.wiring.gcp import PROJECT, PROJECT_TOO, Settings, check_sdk
from flyball.wiring.settings import SettingsError

if TYPE_CHECKING:
    from flyball.wiring.doctor import Doctor

GCP = "gcp"
DEPLOY = "is it deployed, in this project and database?"
NO_PROJECT = f"no project is named: give --project, or set {PROJECT}"


def examine(
    doctor: Doctor, project: str | None, environment: Mapping[str, str] | None = None
) -> Iterator[Check]:
    """Look at credentials, clock, permissions, the ledger, resources and metrics.

    Args:
        doctor: What is looked at, and the time.
        project: In which the ledger is; None: as the environment, the targets or the credentials
            say.
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
    targets = _read(doctor.wanted or ())
    resources = _read_resources(targets)
    uses_platform = any(isinstance(each, Version) for each in resources)
    identity = identify(session, (*SERVICES, "ml") if uses_platform else SERVICES)
    yield identity.check
    if identity.check.level is Level.FAIL:
        return
    named = project or variables.get(PROJECT) or variables.get(PROJECT_TOO)
    settings = _read_settings(variables, named or _find_project(resources, identity.project))
    yield from check_permissions(session, list_needs(resources, settings.project))
    yield from _check_deployment(doctor, session, settings, targets)
    if session.skew is not None:
        yield check_clock(session.skew, "Google's")
    yield from session.checks(identity.who)


def _check_deployment(
    doctor: Doctor, session: Heard, settings: Settings, targets: Sequence[ScalableTarget]
) -> Iterator[Check]:
    """Look at the ledger, at what it has in force, and at what that scales."""
    from flyball.wiring.doctor import check_plan, check_tick, read_registered  # noqa: PLC0415

    ledger = FirestoreLedger(
        session,
        settings.project,
        database=settings.database,
        targets=settings.targets_collection,
        ledger=settings.ledger_collection,
    )
    try:
        registered = read_registered(ledger)
        wanted = registered if doctor.wanted is None else doctor.wanted
        checks = [
            Check("deployment", Level.OK, _tell(settings, registered)),
            *check_tick(ledger, doctor.now, "does the Scheduler's job call its tick?"),
        ]
        plan = draft(doctor.request(wanted), {GCP: Store(ledger)}, doctor.now)
        checks += check_plan(plan, doctor.file)
        targets = _read(wanted)
    except LedgerError as error:
        checks = []
        if not session.was_refused(error):
            checks.append(Check("deployment", Level.FAIL, str(error), DEPLOY))
    yield from checks
    found = find_resources(session, targets, doctor.now)
    yield from found.checks
    yield from check_sources(session, found.there, doctor.now)
    ledger.close()


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


def _read_settings(variables: Mapping[str, str], project: str) -> Settings:
    if not project:
        raise SettingsError(NO_PROJECT)
    return Settings.from_env({**variables, PROJECT: project})
