"""Which calls were refused, for want of a permission, an API or credentials, and what mends it?

Source: Service Usage, "Enabling and disabling services" (what a call to a disabled one says).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from flyball.adapters.gcp.alerting import Alerting
from flyball.adapters.gcp.alerting import Written as Policy
from flyball.adapters.gcp.jobs import Jobs
from flyball.adapters.gcp.jobs import Written as Job
from flyball.adapters.gcp.permissions import (
    OPTIONAL,
    find_needed,
    find_project,
    name_member,
    write_commands,
)
from flyball.adapters.gcp.refusal import FORBIDDEN, UNAUTHORIZED, tell
from flyball.adapters.gcp.session import LOGIN, NO_CREDENTIALS, CallError, Session
from flyball.plan.model import Check, Level

if TYPE_CHECKING:
    import requests

T = TypeVar("T")
RESOURCES = "cloudresourcemanager"
_DISABLED = re.compile(r"has not been used in project|is disabled|SERVICE_DISABLED")


class Heard(Session):
    """A session whose refusals are heard, and which compares the services' clock with ours.

    Args:
        endpoints: As Session's.
        now: Aware UTC, as this is made.
    """

    def __init__(self, endpoints: Mapping[str, str], now: datetime) -> None:
        super().__init__(endpoints)
        self._now, self._begun = now, monotonic()
        self._denied: dict[str, set[str]] = {}
        self._disabled: dict[tuple[str, str], None] = {}
        self._failed: dict[str, CallError] = {}
        self.lapsed = ""
        self.skew: timedelta | None = None

    def call(
        self,
        service: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        **how: Any,  # noqa: ANN401  (as Session's)
    ) -> Any:  # noqa: ANN401  (as Session's)
        """Call a method of a service, and note a refusal."""
        try:
            return super().call(service, path, body, **how)
        except CallError as error:
            self.hear(service, str(how.get("method", "POST")), path, error)
            raise

    def is_own(self, service: str) -> bool:
        """Say whether a service is asked at Google's own address, and so with credentials."""
        return service not in self._endpoints

    def identify(self) -> str:
        """Name who asks; "" where the credentials do not say.

        Raises:
            CallError: There are no credentials.
        """
        credentials = getattr(self._session(is_google=True), "credentials", None)
        names = (getattr(credentials, key, "") for key in ("service_account_email", "account"))
        return next((str(name) for name in names if name), "")

    def ask(self, name: str, call: Callable[[], T], otherwise: T) -> T:
        """Make calls; refused or failed, the answer is `otherwise`, and checks() tells of it."""
        try:
            return call()
        except CallError as error:
            if not self.was_refused(error):
                self._failed.setdefault(name, error)
            return otherwise

    def was_refused(self, error: BaseException | None) -> bool:
        """Say whether an error comes of a refusal, which is told at the end anyway."""
        while error is not None and not isinstance(error, CallError):
            error = error.__cause__
        refused = {FORBIDDEN, UNAUTHORIZED}
        return error is not None and (error.code in refused or error.status == NO_CREDENTIALS)

    def deny(self, project: str, permission: str) -> None:
        """Note a permission that is known to be missing."""
        self._denied.setdefault(project, set()).add(permission)

    def checks(self, who: str) -> Iterator[Check]:
        """Say what failed and what is missing, with the commands that mend it."""
        for name, error in sorted(self._failed.items()):
            level = Level.WARN if error.passes else Level.FAIL
            yield Check("calls", level, f"{name} failed: {tell(error)}", "try again")
        for service, project in self._disabled:
            host = f"{service}.googleapis.com"
            remedy = f"`gcloud services enable {host} --project={project}`"
            yield Check("apis", Level.FAIL, f"{host} is not enabled in {project}", remedy)
        if self.lapsed:
            yield Check("credentials", Level.FAIL, self.lapsed, LOGIN)
        for project, denied in sorted(self._denied.items()):
            missing = sorted(denied - OPTIONAL)
            if missing:
                text = f"missing in {project}: {', '.join(missing)}"
                remedy = write_commands(project, missing, name_member(who))
                yield Check("permissions", Level.FAIL, text, remedy)

    def hear(self, service: str, method: str, path: str, error: CallError) -> None:
        """Note a refusal of a call, made by whichever client."""
        project = find_project(path)
        if error.code == UNAUTHORIZED or error.status == NO_CREDENTIALS:
            self.lapsed = self.lapsed or tell(error)
        elif error.code == FORBIDDEN and service != RESOURCES:
            if _DISABLED.search(error.message):
                self._disabled[service, project] = None
                return
            for permission in find_needed(service, method, path, error.message):
                self.deny(project, permission)

    def _make(self, *, is_google: bool) -> requests.Session:
        made = super()._make(is_google=is_google)
        made.hooks["response"].append(self._note_time)
        return made

    def _note_time(self, answer: requests.Response, **_: object) -> None:
        """Compare the clocks at the first answer that tells the time."""
        said = answer.headers.get("Date")
        if said and self.skew is None:
            ours = self._now + timedelta(seconds=monotonic() - self._begun)
            self.skew = parsedate_to_datetime(said) - ours


class HeardAlerting(Alerting):
    """Alert policies, of which a refusal is heard.

    Args:
        session: Hears it.
        endpoint: As Alerting's.
    """

    def __init__(self, session: Heard, endpoint: str) -> None:
        super().__init__(endpoint)
        self._heard = session

    def list(self, project: str) -> list[Policy]:
        """List every alert policy of a project."""
        try:
            return super().list(project)
        except CallError as error:
            self._heard.hear("monitoring", "GET", f"v3/projects/{project}/alertPolicies", error)
            raise


class HeardJobs(Jobs):
    """Jobs, of which a refusal is heard.

    Args:
        session: Hears it.
        endpoint: As Jobs'.
    """

    def __init__(self, session: Heard, endpoint: str) -> None:
        super().__init__(endpoint)
        self._heard = session

    def list(self, parent: str) -> list[Job]:
        """List every job of a location."""
        try:
            return super().list(parent)
        except CallError as error:
            self._heard.hear("cloudscheduler", "GET", f"v1/{parent}/jobs", error)
            raise
