"""Where is a deployment on Google Cloud, and what is each of its parts called?"""

from __future__ import annotations

import re
from typing import NamedTuple

from deploy.gcp.roles import Role

MODES = ("advise", "apply")
RUNTIMES = ("python311", "python312", "python313", "python314")
"""For which the lock of the functions' libraries has wheels, all of them."""
RUNTIME = "python313"
"""The newest that both clouds have and a test machine of ours, so that it is compiled for."""
NAME_EXPECTED = "4 to 19 small letters, digits and hyphens, a letter first and no hyphen last"

_PROJECT = re.compile(r"(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]")
_REGION = re.compile(r"[a-z]+-[a-z]+\d+")
_NAME = re.compile(r"[a-z][a-z0-9-]{2,17}[a-z0-9]")
_CHANNEL = re.compile(r"projects/[^/\s,]+/notificationChannels/[^/\s,]+")
_EMAIL = re.compile(r"[^\s@,]+@[^\s@,]+")


class PlaceError(ValueError):
    """What was given is no place to deploy to; the message names the option and the remedy."""


class Place(NamedTuple):
    """A deployment.

    Attributes:
        project: Its id.
        region: Of its functions, job and database.
        name: First part of every part's name: two deployments in a project need two.
        mode: apply; or advise, which changes nothing and has no right to.
        runtime: Of the functions.
        max_instances: Of each function.
        email: Whom the alerts for people tell.
        source: The folder that is uploaded.
        digest: Of what it holds.
        ai_platform: Versions of AI Platform Prediction are scaled, too.
        channels: Notification channels that are there already, whom those alerts tell, too.
        handful: So many due targets a tick handles by itself; more go through the topic of wakes.
    """

    project: str
    region: str
    name: str = "flyball"
    mode: str = "advise"
    runtime: str = RUNTIME
    max_instances: int = 10
    email: str = ""
    source: str = "build/gcp"
    digest: str = ""
    ai_platform: bool = False
    channels: tuple[str, ...] = ()
    handful: int = 10

    @property
    def on_project(self) -> str:
        """Write the flag that every command has."""
        return f"--project={self.project}"

    @property
    def alert(self) -> str:
        """Name the function that alerts wake."""
        return f"{self.name}-alert"

    @property
    def tick(self) -> str:
        """Name the function, and the job, of every minute."""
        return f"{self.name}-tick"

    @property
    def alerts(self) -> str:
        """Name the topic that Monitoring writes to."""
        return f"{self.name}-alerts"

    @property
    def wakes(self) -> str:
        """Name the topic by which a tick hands on."""
        return f"{self.name}-wakes"

    @property
    def quarantine(self) -> str:
        """Name the topic of what nobody could handle, and its subscription."""
        return f"{self.name}-quarantine"

    def account(self, of: str) -> str:
        """Give the address of one of our service accounts."""
        return f"{self.name}-{of}@{self._domain}.iam.gserviceaccount.com"

    def role_id(self, role: Role) -> str:
        """Give the id of one of our roles."""
        return f"{self.name.replace('-', '_')}.{role.id}"

    def role(self, role: Role) -> str:
        """Give the whole name of one of our roles."""
        return f"projects/{self.project}/roles/{self.role_id(role)}"

    def topic(self, name: str) -> str:
        """Give the whole name of a topic."""
        return f"projects/{self.project}/topics/{name}"

    def subscription(self, name: str) -> str:
        """Give the whole name of a subscription."""
        return f"projects/{self.project}/subscriptions/{name}"

    def url(self, function: str) -> str:
        """Give the address of a function, which is known before there is one.

        Source: Cloud Run, "Deterministic URL".
        """
        return f"https://{function}-${{number}}.{self.region}.run.app"

    @property
    def database(self) -> str:
        """Give the whole name of the ledger's database."""
        return f"projects/{self.project}/databases/{self.name}"

    @property
    def _domain(self) -> str:
        """Write a project as addresses have it: that of a domain the other way round."""
        domain, _, own = self.project.rpartition(":")
        return f"{own}.{domain}" if domain else own


def check_place(place: Place) -> None:
    """Refuse what gcloud would refuse halfway.

    Raises:
        PlaceError: Something is no name.
    """
    checks = (
        ("--project", place.project, _PROJECT, "a project's id, such as acme-ml"),
        ("--region", place.region, _REGION, "a region, such as europe-west4"),
        ("--name", place.name, _NAME, NAME_EXPECTED),
    )
    for option, value, pattern, expected in checks:
        if not pattern.fullmatch(value):
            raise PlaceError(f"{option}: got {value!r}, expected {expected}")
    check_runtime(place.runtime)
    if place.email and not _EMAIL.fullmatch(place.email):
        raise PlaceError(f"--email: got {place.email!r}, expected one address")
    for channel in place.channels:
        if not _CHANNEL.fullmatch(channel):
            raise PlaceError(
                f"--notify: got {channel!r}, expected projects/PROJECT/notificationChannels/ID, as "
                "`gcloud beta monitoring channels list` names them"
            )
    if not 0 <= place.handful <= 1_000:  # noqa: PLR2004  (what a function takes)
        raise PlaceError(f"--handful: got {place.handful}, expected 0 to 1000")
    if not 1 <= place.max_instances <= 1_000:  # noqa: PLR2004  (Cloud Run's usual limit)
        raise PlaceError(f"--max-instances: got {place.max_instances}, expected 1 to 1000")


def check_runtime(runtime: str) -> None:
    """Refuse what the functions' libraries are not locked for.

    Raises:
        PlaceError: It is another runtime.
    """
    if runtime not in RUNTIMES:
        some = ", ".join(RUNTIMES)
        message = f"--runtime: got {runtime!r}, expected one of {some}"
        raise PlaceError(f"{message}: requirements/gcp-function.txt is locked for these")
