"""Who asks Google, by whose clock, and may they do what plan, apply and doctor need?

Source: Resource Manager API v1, projects.testIamPermissions, which anybody may call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from flyball.adapters.gcp.heard import RESOURCES, Heard
from flyball.adapters.gcp.permissions import OPTIONAL, QUOTA, Needs, name_member, write_commands
from flyball.adapters.gcp.refusal import tell
from flyball.adapters.gcp.session import LOGIN, CallError
from flyball.plan.model import Check, Level

SERVICES = (
    "aiplatform",
    "cloudfunctions",
    RESOURCES,
    "cloudscheduler",
    "firestore",
    "monitoring",
    "pubsub",
    "run",
)
"""That are asked for any deployment."""


class Identity(NamedTuple):
    """Who asks.

    Attributes:
        who: An e-mail address; "" where it is not known.
        project: Whose credentials they are; "" likewise.
        check: What there is to say of it.
    """

    who: str
    project: str
    check: Check


def identify(session: Heard, services: Sequence[str] = SERVICES) -> Identity:
    """Look for credentials, where a service is asked that takes any.

    Args:
        session: How Google is asked.
        services: That are asked.
    """
    own = [each for each in services if session.is_own(each)]
    if not own:
        text = "none are needed: every service is served elsewhere than at Google's address"
        return Identity("", "", Check("credentials", Level.OK, text))
    try:
        who, project = session.identify(), session.project()
    except CallError as error:
        return Identity("", "", Check("credentials", Level.FAIL, tell(error), LOGIN))
    told = f"{who or 'somebody whose address the credentials do not say'}"
    where = f" of project {project}" if project else ", which name no project"
    return Identity(who, project, Check("credentials", Level.OK, f"{told}, credentials{where}"))


def check_permissions(session: Heard, needs: Sequence[Needs], who: str = "") -> Iterator[Check]:
    """Ask what is granted of what is needed; what is missing is noted, and told at the end.

    Args:
        session: Asks, and takes note.
        needs: By project.
        who: Asks; "" where it is not known.
    """
    for each in needs:
        granted = _ask(session, each)
        if isinstance(granted, Check):
            yield granted
            continue
        missing = [name for name in each.asks if name not in granted]
        if QUOTA in missing:
            missing.remove(QUOTA)
            yield _warn_of_quota(each.project, who)
        for name in missing:
            session.deny(each.project, name)
        if not set(missing) - OPTIONAL:
            count = sum(name in granted for name in each.asks)
            text = f"each of the {count} that plan, apply and doctor need is granted"
            yield Check("permissions", Level.OK, f"{text} in {each.project}")
        unable = [name for name in each.scales if name not in granted]
        if unable:
            text = f"you may not scale in {each.project}: {', '.join(unable)}"
            remedy = (
                "only `flyball run` needs it of you; the functions have an account of their own"
            )
            yield Check("permissions", Level.OK, text, remedy)


def _warn_of_quota(project: str, who: str) -> Check:
    """Say what is missing where credentials have a quota project; others do without."""
    text = (
        f"{QUOTA} is missing in {project}: with it as the quota project of your credentials "
        "(`gcloud auth application-default set-quota-project`) every call is refused"
    )
    return Check(
        "permissions", Level.WARN, text, write_commands(project, (QUOTA,), name_member(who))
    )


def _ask(session: Heard, needs: Needs) -> frozenset[str] | Check:
    """Ask what is granted in a project; a Check: it is not known."""
    path = f"v1/projects/{needs.project}:testIamPermissions"
    body = {"permissions": [*needs.asks, *needs.scales]}
    try:
        answer = session.call(RESOURCES, path, body)
    except CallError as error:
        text = f"what is granted in {needs.project} is not known ({tell(error)})"
        remedy = (
            f"`gcloud services enable {RESOURCES}.googleapis.com`, and is it the right project?"
        )
        return Check("permissions", Level.WARN, text, remedy)
    said = answer.get("permissions") if isinstance(answer, Mapping) else None
    return frozenset(map(str, said)) if isinstance(said, list) else frozenset()
