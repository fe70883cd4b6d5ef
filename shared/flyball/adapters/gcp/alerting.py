"""How are alert policies listed, made, changed and removed, each of them once?

Google's client never tries again to make or change a policy, since it may have been done: here what
was asked for is looked for by its labels before it is asked for again. Its library is loaded when
it is first needed.

Source: Google Cloud Monitoring API v3, projects.alertPolicies.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from time import sleep
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from flyball.adapters.gcp.session import NO_CREDENTIALS, SAID, UNREACHABLE, CallError

if TYPE_CHECKING:
    from google.cloud.monitoring_v3 import AlertPolicyServiceClient

TRIES = 5
FIRST_WAIT_S = 0.5
"""Before the second try of a call; twice that before the third, and so on."""
TRY_S = 20.0
PAGE_SIZE = 1_000
MAY_HAVE_LANDED = frozenset(
    {"CANCELLED", "DEADLINE_EXCEEDED", "INTERNAL", "UNAVAILABLE", "UNKNOWN"}
)
AGAIN = MAY_HAVE_LANDED | {"ABORTED", "RESOURCE_EXHAUSTED"}
NOT_FOUND = "NOT_FOUND"

Answer = TypeVar("Answer")
Written = dict[str, Any]
"""A policy as a dict with the API's own names, such as display_name."""


class Alerting:
    """Alert policies of projects. Thread safe.

    Args:
        endpoint: URL, or host and port, of a server that is not Google's: it is spoken to in the
            clear and without credentials. "": Google's.
        rest: Waits so many seconds.
    """

    def __init__(self, endpoint: str = "", rest: Callable[[float], None] = sleep) -> None:
        self._endpoint = endpoint
        self._rest = rest
        self._lock = threading.Lock()
        self._client: AlertPolicyServiceClient | None = None

    def list(self, project: str) -> list[Written]:
        """List every alert policy of a project, whoever made it.

        Raises:
            CallError: It cannot be listed.
        """
        request = {"name": f"projects/{project}", "page_size": PAGE_SIZE}

        def ask() -> list[Written]:
            found = self._find_client().list_alert_policies(request=request, **_once())
            return [read_policy(each) for each in found]

        return self._try(ask)

    def create(self, project: str, policy: Written) -> None:
        """Make a policy; one with the same user labels is taken for an earlier try of this.

        Raises:
            CallError: It was refused, or it is not known whether it was made.
        """
        request = {"name": f"projects/{project}", "alert_policy": policy}
        doubtful = False

        def ask() -> None:
            nonlocal doubtful
            if doubtful and self._has(project, policy):
                return
            doubtful = True
            self._find_client().create_alert_policy(request=request, **_once())

        self._try(ask)

    def update(self, policy: Written) -> None:
        """Put a policy in the place of the one of its name.

        Raises:
            CallError: It was refused, or it is not known whether it was done.
        """
        self._try(
            lambda: self._find_client().update_alert_policy(
                request={"alert_policy": policy}, **_once()
            )
        )

    def delete(self, name: str) -> None:
        """Remove a policy by its whole name; one that is gone already is no error.

        Raises:
            CallError: It was refused, or it is not known whether it was done.
        """
        try:
            self._try(
                lambda: self._find_client().delete_alert_policy(request={"name": name}, **_once())
            )
        except CallError as error:
            if error.status != NOT_FOUND:
                raise

    def close(self) -> None:
        """Let go of the connection; a later call makes another."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.transport.close()  # type: ignore[no-untyped-call]

    def _has(self, project: str, policy: Written) -> bool:
        labels = policy["user_labels"]
        return any(each.get("user_labels") == labels for each in self.list(project))

    def _try(self, ask: Callable[[], Answer]) -> Answer:
        """Call, and try again where the moment was wrong."""
        wait_s = FIRST_WAIT_S
        for left in range(TRIES - 1, -1, -1):
            try:
                return ask()
            except CallError:  # of a call inside this one, which was tried again already
                raise
            except Exception as error:  # the client's errors share no class
                found = read_error(error)
                if not left or found.status not in AGAIN:
                    raise found from error
            self._rest(wait_s)
            wait_s *= 2
        raise AssertionError("the last try returns or raises")

    def _find_client(self) -> AlertPolicyServiceClient:
        with self._lock:
            if self._client is None:
                self._client = make_client(self._endpoint)
            return self._client


def make_client(endpoint: str = "") -> AlertPolicyServiceClient:
    """Make a client: of Google's service, or of a server without encryption and credentials.

    Raises:
        google.auth.exceptions.DefaultCredentialsError: There are no credentials.
    """
    from google.cloud.monitoring_v3 import AlertPolicyServiceClient  # noqa: PLC0415  (when used)

    if not endpoint:
        return AlertPolicyServiceClient()
    import grpc  # noqa: PLC0415  (loaded by the client already)
    from google.cloud.monitoring_v3.services.alert_policy_service.transports import (  # noqa: PLC0415
        AlertPolicyServiceGrpcTransport,
    )

    host = urlsplit(endpoint).netloc or endpoint
    channel = grpc.insecure_channel(host, options=[("grpc.enable_http_proxy", 0)])
    return AlertPolicyServiceClient(transport=AlertPolicyServiceGrpcTransport(channel=channel))


def read_policy(policy: object) -> Written:
    """Write a policy of the client's as plain material, without what says nothing."""
    from google.cloud.monitoring_v3 import AlertPolicy  # noqa: PLC0415  (loaded already)

    made: Written = AlertPolicy.to_dict(
        policy, use_integers_for_enums=False, always_print_fields_with_no_presence=False
    )
    return made


def write_policy(policy: Mapping[str, Any]) -> Written:
    """Write a policy as `read_policy` would find it."""
    from google.cloud.monitoring_v3 import AlertPolicy  # noqa: PLC0415  (when used)

    return read_policy(AlertPolicy(dict(policy)))


def read_error(error: Exception) -> CallError:
    """Read an error of the client's as the REST session would tell it."""
    from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415  (loaded already)

    cause = getattr(error, "cause", None) or error  # of a RetryError: why it tried again
    said = str(getattr(cause, "message", "") or cause)[:SAID]
    if isinstance(cause, GoogleAuthError):
        return CallError(0, NO_CREDENTIALS, said)
    code = getattr(cause, "grpc_status_code", None)
    status = code.name if code is not None else UNREACHABLE
    http = getattr(cause, "code", None)
    return CallError(
        int(http) if isinstance(http, int) else 0,
        status,
        said,
        passes=status in AGAIN,
        doubtful=status in MAY_HAVE_LANDED or code is None,
    )


def _once() -> dict[str, Any]:
    """Say that the client tries once: we try again, and know what for."""
    return {"retry": None, "timeout": TRY_S}
