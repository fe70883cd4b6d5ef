"""Which permissions does somebody need who asks, registers and scales, and what grants them?

Source: Google Cloud, "IAM permissions reference"; Resource Manager API, testIamPermissions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from flyball.adapters.gcp.resource import DeployedModel, Resource, Version

ROLE = "flyballOperator"
"""Id of the custom role that a remedy makes."""
USER = "roles/iam.serviceAccountUser"
"""Lets somebody make a job that calls as a service account."""
OF_LEDGER = (
    "datastore.entities.create",
    "datastore.entities.get",
    "datastore.entities.list",
    "datastore.entities.update",
)
OF_PLANS = (
    "cloudscheduler.jobs.create",
    "cloudscheduler.jobs.delete",
    "cloudscheduler.jobs.enable",
    "cloudscheduler.jobs.get",
    "cloudscheduler.jobs.list",
    "cloudscheduler.jobs.update",
    "monitoring.alertPolicies.create",
    "monitoring.alertPolicies.delete",
    "monitoring.alertPolicies.list",
    "monitoring.alertPolicies.update",
)
"""By which plan, apply and destroy look after alert policies, and the job of every minute."""
OF_PARTS = (
    "cloudfunctions.functions.list",
    "monitoring.notificationChannels.get",
    "monitoring.timeSeries.list",
    "pubsub.topics.get",
    "run.services.get",
)
"""By which the doctor looks at a deployment's parts, and --project finds it."""
QUOTA = "serviceusage.services.use"
"""Lets calls count in a project, as those of credentials with a quota project do, all of them."""
OF_METRICS = ("monitoring.metricDescriptors.list", "monitoring.timeSeries.list")
OF_ENDPOINTS = (
    "aiplatform.endpoints.get",
    "aiplatform.endpoints.list",
    "aiplatform.operations.list",
)
OF_POOLS = (
    "aiplatform.deploymentResourcePools.get",
    "aiplatform.deploymentResourcePools.list",
    "aiplatform.deploymentResourcePools.queryDeployedModels",
    "aiplatform.operations.list",
)
OF_VERSIONS = ("ml.versions.get",)
SETS_ENDPOINTS, SETS_POOLS, SETS_VERSIONS = (
    "aiplatform.endpoints.deploy",
    "aiplatform.deploymentResourcePools.update",
    "ml.versions.update",
)
OPTIONAL = frozenset(
    {
        "aiplatform.deploymentResourcePools.list",
        "aiplatform.deploymentResourcePools.queryDeployedModels",
        "aiplatform.endpoints.list",
        "monitoring.metricDescriptors.list",
    }
)
"""Only make doctor's answers better; that they are refused is no fault."""

_CALLS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("aiplatform", "GET", r"/operations(/[^/]+)?$", ("aiplatform.operations.list",)),
    ("aiplatform", "GET", r"/endpoints$", ("aiplatform.endpoints.list",)),
    ("aiplatform", "GET", r"/endpoints/[^/]+$", ("aiplatform.endpoints.get",)),
    ("aiplatform", "GET", r"/deploymentResourcePools$", (OF_POOLS[1],)),
    ("aiplatform", "GET", r":queryDeployedModels$", (OF_POOLS[2],)),
    ("aiplatform", "GET", r"/deploymentResourcePools/[^/]+$", (OF_POOLS[0],)),
    ("ml", "GET", r"/versions/[^/]+$", OF_VERSIONS),
    ("monitoring", "GET", r"/timeSeries$", ("monitoring.timeSeries.list",)),
    ("monitoring", "GET", r"/metricDescriptors$", ("monitoring.metricDescriptors.list",)),
    ("monitoring", "GET", r"/notificationChannels/[^/]+$", (OF_PARTS[1],)),
    ("monitoring", "GET", r"/alertPolicies$", ("monitoring.alertPolicies.list",)),
    ("cloudfunctions", "GET", r"/functions$", (OF_PARTS[0],)),
    ("cloudscheduler", "GET", r"/jobs$", ("cloudscheduler.jobs.list",)),
    ("cloudscheduler", "GET", r"/jobs/[^/]+$", ("cloudscheduler.jobs.get",)),
    ("pubsub", "GET", r"/topics/[^/]+$", ("pubsub.topics.get",)),
    ("run", "GET", r"/services/[^/]+$", ("run.services.get",)),
    ("firestore", "POST", r":runQuery$", ("datastore.entities.get", "datastore.entities.list")),
    ("firestore", "POST", r":batchGet$", ("datastore.entities.get",)),
    ("firestore", "POST", r":commit$", ("datastore.entities.create", "datastore.entities.update")),
)
"""By service, verb and path of a call, what it needs; where a refusal does not say it itself."""
_PROJECT = re.compile(r"(?:^|/)projects/([^/:]+)")
_NAMED = re.compile(
    r"\b([a-z][a-z0-9]*\.[a-zA-Z]+\.[a-zA-Z]+)\b['\"]? (?:permission )?(?:is )?denied"
)
_NAMED_TOO = re.compile(r"[Pp]ermission[s]? ['\"`]?([a-z][a-z0-9]*\.[a-zA-Z]+\.[a-zA-Z]+)\b")


class Needs(NamedTuple):
    """What is needed in one project.

    Attributes:
        project: Its id.
        asks: To ask the doctor, to plan and to register.
        scales: To set capacity, which the functions' own account does, or `flyball run`.
    """

    project: str
    asks: tuple[str, ...]
    scales: tuple[str, ...] = ()


def list_needs(resources: Iterable[Resource], deployment: str) -> tuple[Needs, ...]:
    """Say what is needed, by project, the deployment's first.

    Args:
        resources: What is scaled.
        deployment: The project in which the ledger, the functions and the alert policies are.
    """
    asks: dict[str, set[str]] = {deployment: {*OF_LEDGER, *OF_PLANS, *OF_PARTS, QUOTA}}
    scales: dict[str, set[str]] = {}
    reads: tuple[str, ...]
    for resource in resources:
        match resource:
            case DeployedModel():
                reads, sets = OF_ENDPOINTS, SETS_ENDPOINTS
            case Version():
                reads, sets = OF_VERSIONS, SETS_VERSIONS
            case _:
                reads, sets = OF_POOLS, SETS_POOLS
        asks.setdefault(resource.project, set()).update(reads, OF_METRICS)
        scales.setdefault(resource.project, set()).add(sets)
    return tuple(
        Needs(project, tuple(sorted(each)), tuple(sorted(scales.get(project, ()))))
        for project, each in asks.items()
    )


def find_needed(service: str, method: str, path: str, message: str) -> tuple[str, ...]:
    """Say what a refused call needs: as the service says it, or by what it asks for.

    Args:
        service: As in Session.call.
        method: As there.
        path: As there.
        message: The refusal's.
    """
    if QUOTA in message or "USER_PROJECT_DENIED" in message:
        return (QUOTA,)
    named = _NAMED_TOO.search(message) or _NAMED.search(message)
    if named:
        return (named[1],)
    for of, verb, pattern, needed in _CALLS:
        if (of, verb) == (service, method) and re.search(pattern, path):
            return needed
    return (f"{service} {method} {path.rpartition('/')[2]}",)


def find_project(path: str) -> str:
    """Say whose a call is, by its path; "" where it does not say."""
    found = _PROJECT.search(path)
    return found[1] if found else ""


def write_commands(project: str, permissions: Sequence[str], member: str) -> str:
    """Write the commands that make a custom role of permissions and give it to somebody."""
    listed = ",".join(permissions)
    return (
        f"`gcloud iam roles create {ROLE} --project={project} --permissions={listed}` (or, where "
        f"there is such a role, `gcloud iam roles update` with --add-permissions), then `gcloud "
        f"projects add-iam-policy-binding {project} --member={member} "
        f"--role=projects/{project}/roles/{ROLE}`"
    )


def write_script(needs: Sequence[Needs], member: str, account: str) -> Iterator[str]:
    """Write a shell script that makes a custom role in each project and gives it to somebody.

    Args:
        needs: By project.
        member: As a policy's binding names him.
        account: The service account as which the job of every minute calls; "": not known.
    """
    title = "Flyball: plan, apply, destroy and doctor"
    for each in needs:
        role = f"projects/{each.project}/roles/{ROLE}"
        yield (
            f'gcloud iam roles create {ROLE} --project={each.project} --title="{title}" --stage=GA '
            f"--permissions={','.join(each.asks)}"
        )
        yield (
            f"gcloud projects add-iam-policy-binding {each.project} --member={member} "
            f"--role={role} --condition=None"
        )
    if account:
        yield (
            f"gcloud iam service-accounts add-iam-policy-binding {account} "
            f"--project={needs[0].project} --member={member} --role={USER}"
        )


def name_member(who: str) -> str:
    """Name somebody as a policy's binding does."""
    if not who:
        return "user:YOU"
    kind = "serviceAccount" if who.endswith("gserviceaccount.com") else "user"
    return f"{kind}:{who}"
