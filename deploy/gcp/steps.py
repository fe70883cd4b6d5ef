"""Of which steps is a deployment on Google Cloud made, in which order?"""

from __future__ import annotations

from collections.abc import Iterator

from deploy.gcp.board import show
from deploy.gcp.functions import list_functions
from deploy.gcp.metrics import list_metrics
from deploy.gcp.place import Place
from deploy.gcp.roles import (
    DECIDE,
    PLATFORM_DECIDE,
    PLATFORM_ROLES,
    PLATFORM_SCALE,
    REMEMBER,
    ROLES,
    SCALE,
    Role,
)
from deploy.gcp.step import Command, Enable, Ensure, Grant, Learn, Repeat, Step, When
from deploy.gcp.watch import forget_people, list_alarms, list_channels

SERVICES = (
    "aiplatform",
    "artifactregistry",
    "cloudbuild",
    "cloudfunctions",
    "cloudresourcemanager",
    "cloudscheduler",
    "eventarc",
    "firestore",
    "iam",
    "logging",
    "monitoring",
    "pubsub",
    "run",
)
ACCOUNTS = {
    "run": "what both functions run as",
    "trigger": "what pushes messages to the function of alerts",
    "scheduler": "what calls the function of every minute",
    "build": "what builds both functions",
}
BUILDING = ("artifactregistry.writer", "logging.logWriter", "storage.objectViewer")
"""Source: Cloud Run functions, "Custom service account for Cloud Build"."""
LARGE_FIELDS = (
    ("targets", "config"),
    ("targets", "history"),
    ("targets", "pending"),
    ("targets", "seen"),
    ("ledger", "body"),
)
"""Nobody searches by these, and an index of them would be paid for with every write."""
KEEPS = "What keeps the quarantine for a week, for people"
"""Title of the step; it goes with what is in it."""


def list_steps(place: Place, *, undoing: bool = False, deletes_ledger: bool = False) -> list[Step]:
    """List the steps of a deployment, in the order in which they are made.

    Args:
        place: Which.
        undoing: It is what an earlier one may have made, with whatever options.
        deletes_ledger: The database goes, too, when it is undone.
    """
    tells = undoing or bool(place.email)
    return [
        Learn(
            "The project's number, of which the addresses of functions and agents are made",
            "number",
            ("projects", "describe", place.project, "--format=value(projectNumber)"),
        ),
        *_enable(place),
        Learn(
            "The region, as Firestore knows it, before anything is made in it",
            "location",
            (
                *("firestore", "locations", "list", place.on_project),
                *(f"--filter=locationId={place.region}", "--format=value(locationId)"),
            ),
            f"--region: there is no {place.region}; name another, such as europe-west4",
        ),
        *_list_accounts(place),
        *_list_roles(place, platform=place.ai_platform or undoing),
        *_list_topics(place),
        *_list_database(place, deletes=deletes_ledger),
        *list_channels(place, tells=tells),
        *list_functions(place),
        *list_metrics(place),
        *list_alarms(place),
        *([] if tells else [forget_people(place)]),
        show(place),
    ]


def _enable(place: Place) -> Iterator[Step]:
    """Switch the services on, and have Pub/Sub make the agent that is granted something below."""
    names = tuple(f"{each}.googleapis.com" for each in SERVICES)
    yield Enable("The services", names, (place.on_project,))
    words = ("beta", "services", "identity", "create", "--service=pubsub.googleapis.com")
    yield Repeat("Pub/Sub's own agent, which is made once", (*words, place.on_project))


def _list_accounts(place: Place) -> Iterator[Step]:
    for name, what in ACCOUNTS.items():
        email = place.account(name)
        shown = f"--display-name=Flyball ({place.name}): {what}"
        group = ("iam", "service-accounts")
        yield Ensure(
            f"The service account {place.name}-{name}: {what}",
            (*group, "list", place.on_project, f"--filter=email={email}", "--format=json"),
            {"displayName": shown.partition("=")[2]},
            ((*group, "create", f"{place.name}-{name}", place.on_project, shown),),
            ((*group, "update", email, place.on_project, shown),),
            ((*group, "delete", email, place.on_project, "--quiet"),),
        )
    for role in BUILDING:
        title = f"What a build may: {role}"
        yield _on_project(place, title, f"roles/{role}", place.account("build"))


def _list_roles(place: Place, *, platform: bool) -> Iterator[Step]:
    for role in (*ROLES, *(PLATFORM_ROLES if platform else ())):
        name, title = place.role(role), f"Flyball ({place.name}): {role.title}"
        whole = (f"--title={title}", f"--permissions={','.join(role.permissions)}", "--stage=GA")
        verb = ("iam", "roles")
        who = (place.role_id(role), place.on_project)
        listed: Command = (*verb, "list", place.on_project)
        yield When(
            f"The role {place.role_id(role)}, where it was deleted within the last days",
            (*listed, "--show-deleted", f"--filter=name={name} AND deleted=true", "--format=json"),
            ((*verb, "undelete", *who),),
        )
        yield Ensure(
            f"The role {place.role_id(role)}: {role.title}",
            (*listed, f"--filter=name={name}", "--format=json"),
            {"title": title, "includedPermissions": list(role.permissions)},
            ((*verb, "create", *who, *whole),),
            ((*verb, "update", *who, *whole),),
            ((*verb, "delete", *who),),
            look=(*verb, "describe", *who, "--format=json"),  # a list has no permissions
        )
    runs = place.account("run")
    only = (
        'resource.type == "firestore.googleapis.com/Database" && '
        f'resource.name == "{place.database}"'
    )
    ledger = (f"{place.name}-ledger", only)
    applies = place.mode == "apply"
    yield grant_of_role(place, "What deciding takes", DECIDE)
    title = "What scaling takes, which advising does not have"
    yield grant_of_role(place, title, SCALE)._replace(is_wanted=applies)
    title = "What deciding takes on AI Platform, where that is asked for"
    yield grant_of_role(place, title, PLATFORM_DECIDE)._replace(is_wanted=place.ai_platform)
    title = "What scaling takes there, which advising does not have"
    scales = applies and place.ai_platform
    yield grant_of_role(place, title, PLATFORM_SCALE)._replace(is_wanted=scales)
    yield _on_project(
        place, "What remembering takes, in the one database", place.role(REMEMBER), runs
    )._replace(condition=ledger)


def grant_of_role(place: Place, title: str, role: Role) -> Grant:
    """Give what both functions run as one of our roles on the project."""
    return _on_project(place, title, place.role(role), place.account("run"))


def _on_project(place: Place, title: str, role: str, account: str) -> Grant:
    return Grant(title, ("projects",), place.project, (), role, f"serviceAccount:{account}")


def _list_topics(place: Place) -> Iterator[Step]:
    group = ("pubsub", "topics")
    for name, what in (
        (place.alerts, "what Monitoring tells"),
        (place.wakes, "what a tick hands on"),
        (place.quarantine, "what nobody could handle"),
    ):
        found = f"--filter=name={place.topic(name)}"
        labels = f"--labels=flyball={place.name}"
        yield Ensure(
            f"The topic {name}: {what}",
            (*group, "list", place.on_project, found, "--format=json"),
            {"labels": {"flyball": place.name}},
            ((*group, "create", name, place.on_project, labels),),
            (
                (
                    *(*group, "update", name, place.on_project),
                    f"--update-labels=flyball={place.name}",
                ),
            ),
            ((*group, "delete", name, place.on_project),),
        )
    yield _keep_quarantine(place)
    for name, who, what in (
        (place.wakes, place.account("run"), "A tick may hand on"),
        (place.quarantine, place.account("run"), "A function may put aside"),
        (
            place.quarantine,
            "service-${number}@gcp-sa-pubsub.iam.gserviceaccount.com",
            "Pub/Sub may put aside what was pushed too often",
        ),
    ):
        member = f"serviceAccount:{who}"
        flags = (place.on_project,)
        role = "roles/pubsub.publisher"
        yield Grant(what, group, name, flags, role, member, outlives=True)


def _keep_quarantine(place: Place) -> Step:
    name, group = place.quarantine, ("pubsub", "subscriptions")
    kept = ("--message-retention-duration=7d", "--expiration-period=never")
    return Ensure(
        KEEPS,
        (
            *(*group, "list", place.on_project),
            *(f"--filter=name={place.subscription(name)}", "--format=json"),
        ),
        {"messageRetentionDuration": "604800s"},
        ((*group, "create", name, place.on_project, f"--topic={name}", *kept),),
        ((*group, "update", name, place.on_project, *kept),),
        ((*group, "delete", name, place.on_project),),
        fixed={"topic": place.topic(name)},
    )


def find_database(place: Place) -> Command:
    """Print the ledger's database, wherever it is."""
    words = ("firestore", "databases", "list", place.on_project)
    return (*words, f"--filter=name={place.database}", "--format=json")


def _list_database(place: Place, *, deletes: bool) -> Iterator[Step]:
    group, on = ("firestore", "databases"), f"--database={place.name}"
    kept = ("--delete-protection", "--enable-pitr")
    made: Command = (f"--location={place.region}", "--type=firestore-native")
    protected = (*group, "update", place.on_project, on)
    gone = ((*protected, "--no-delete-protection"), (*group, "delete", place.on_project, on))
    yield Ensure(
        f"The ledger's database {place.name}",
        find_database(place),
        {
            "deleteProtectionState": "DELETE_PROTECTION_ENABLED",
            "pointInTimeRecoveryEnablement": "POINT_IN_TIME_RECOVERY_ENABLED",
        },
        ((*group, "create", place.on_project, on, *made, *kept),),
        ((*protected, *kept),),
        (gone[0], (*gone[1], "--quiet")) if deletes else (),
        fixed={"type": "FIRESTORE_NATIVE", "locationId": place.region},
    )
    for collection, field in LARGE_FIELDS:
        fields = ("firestore", "indexes", "fields")
        whole = f"{place.database}/collectionGroups/{collection}/fields/{field}"
        where = (place.on_project, on)
        yield Ensure(
            f"No index of {collection}.{field}",
            (*fields, "list", *where, f"--filter=name={whole}", "--format=json"),
            {},
            (
                (
                    *(*fields, "update", field, *where),
                    *(f"--collection-group={collection}", "--disable-indexes"),
                ),
            ),
        )
