"""How are alert policies listed, made, changed and removed, each of them once?

Google's client never tries again to make or change a policy, since it may have been done: here what
was asked for is looked for by its labels before it is asked for again. Its library is loaded when
it is first needed.

Source: Google Cloud Monitoring API v3, projects.alertPolicies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import sleep
from typing import TYPE_CHECKING, Any

from flyball.adapters.gcp.again import try_once
from flyball.adapters.gcp.lazy import Lazy
from flyball.adapters.gcp.session import CallError

if TYPE_CHECKING:
    from google.cloud.monitoring_v3 import AlertPolicyServiceClient

PAGE_SIZE = 1_000
NOT_FOUND = "NOT_FOUND"

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
        self._lazy = Lazy(load_client, endpoint, rest)

    def list(self, project: str) -> list[Written]:
        """List every alert policy of a project, whoever made it.

        Raises:
            CallError: It cannot be listed.
        """
        request = {"name": f"projects/{project}", "page_size": PAGE_SIZE}

        def ask(client: AlertPolicyServiceClient) -> list[Written]:
            found = client.list_alert_policies(request=request, **try_once())
            return [read_policy(each) for each in found]

        return self._lazy.call(ask)

    def create(self, project: str, policy: Written) -> None:
        """Make a policy; one with the same user labels is taken for an earlier try of this.

        Raises:
            CallError: It was refused, or it is not known whether it was made.
        """
        request = {"name": f"projects/{project}", "alert_policy": policy}
        doubtful = False

        def ask(client: AlertPolicyServiceClient) -> None:
            nonlocal doubtful
            if doubtful and self._has(project, policy):
                return
            doubtful = True
            client.create_alert_policy(request=request, **try_once())

        self._lazy.call(ask)

    def update(self, policy: Written) -> None:
        """Put a policy in the place of the one of its name.

        Raises:
            CallError: It was refused, or it is not known whether it was done.
        """
        self._lazy.call(
            lambda client: client.update_alert_policy(
                request={"alert_policy": policy}, **try_once()
            )
        )

    def delete(self, name: str) -> None:
        """Remove a policy by its whole name; one that is gone already is no error.

        Raises:
            CallError: It was refused, or it is not known whether it was done.
        """
        try:
            self._lazy.call(
                lambda client: client.delete_alert_policy(request={"name": name}, **try_once())
            )
        except CallError as error:
            if error.status != NOT_FOUND:
                raise

    def close(self) -> None:
        """Let go of the connection; a later call makes another."""
        self._lazy.close()

    def _has(self, project: str, policy: Written) -> bool:
        labels = policy["user_labels"]
        return any(each.get("user_labels") == labels for each in self.list(project))


def load_client() -> type[AlertPolicyServiceClient]:
    """Import the class of Google's client."""
    from google.cloud.monitoring_v3 import AlertPolicyServiceClient  # noqa: PLC0415  (when used)

    return AlertPolicyServiceClient


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
