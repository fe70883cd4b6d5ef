"""How are jobs of Cloud Scheduler listed, made, changed, resumed and removed, each of them once?

A job's name is chosen by its maker, so an answer that was lost is no riddle: what is there under
the name is what was made. Google's library is loaded when it is first needed.

Source: Cloud Scheduler API v1, projects.locations.jobs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from time import sleep
from typing import TYPE_CHECKING, Any

from flyball.adapters.gcp.again import try_once
from flyball.adapters.gcp.lazy import Lazy
from flyball.adapters.gcp.session import CallError

if TYPE_CHECKING:
    from google.cloud.scheduler_v1 import CloudSchedulerClient

PAGE_SIZE = 500
ENABLED, PAUSED, DISABLED, UPDATE_FAILED = "ENABLED", "PAUSED", "DISABLED", "UPDATE_FAILED"
"""States of a job: Google alone disables one, and a change that failed may leave the last."""

Written = dict[str, Any]
"""A job as a dict with the API's own names, such as time_zone; durations as "120s"."""


class Jobs:
    """Jobs of a location. Thread safe.

    Args:
        endpoint: URL, or host and port, of a server that is not Google's: it is spoken to in the
            clear and without credentials. "": Google's.
        rest: Waits so many seconds.
    """

    def __init__(self, endpoint: str = "", rest: Callable[[float], None] = sleep) -> None:
        self._lazy = Lazy(load_client, endpoint, rest)

    def list(self, parent: str) -> list[Written]:
        """List every job of projects/…/locations/…, whoever made it.

        Raises:
            CallError: They cannot be listed.
        """
        request = {"parent": parent, "page_size": PAGE_SIZE}

        def ask(client: CloudSchedulerClient) -> list[Written]:
            found = client.list_jobs(request=request, **try_once())
            return [read_job(each) for each in found]

        return self._lazy.call(ask)

    def create(self, parent: str, job: Written) -> None:
        """Make a job; one of its name that is there after a doubtful try is that try's.

        Raises:
            CallError: It was refused, or it is not known whether it was made.
        """
        request = {"parent": parent, "job": job}
        tries = 0

        def ask(client: CloudSchedulerClient) -> None:
            nonlocal tries
            tries += 1
            client.create_job(request=request, **try_once())

        try:
            self._lazy.call(ask)
        except CallError as error:
            if error.status != "ALREADY_EXISTS" or tries == 1:
                raise

    def update(self, job: Written, fields: Iterable[str]) -> None:
        """Put these fields in the place of those of the job of its name.

        Args:
            job: With its whole name.
            fields: The API's own names, of the job's own fields.

        Raises:
            CallError: It was refused, or it is not known whether it was done.
        """
        request = {"job": job, "update_mask": {"paths": sorted(fields)}}
        self._lazy.call(lambda client: client.update_job(request=request, **try_once()))

    def resume(self, name: str) -> None:
        """Let a paused job, by its whole name, run again; one that runs already is no error.

        Raises:
            CallError: It was refused, or it is not known whether it was done.
        """
        try:
            self._lazy.call(lambda client: client.resume_job(request={"name": name}, **try_once()))
        except CallError as error:
            if error.status != "FAILED_PRECONDITION" or self._read_state(name) != ENABLED:
                raise

    def delete(self, name: str) -> None:
        """Remove a job by its whole name; one that is gone already is no error.

        Raises:
            CallError: It was refused, or it is not known whether it was done.
        """
        try:
            self._lazy.call(lambda client: client.delete_job(request={"name": name}, **try_once()))
        except CallError as error:
            if error.status != "NOT_FOUND":
                raise

    def close(self) -> None:
        """Let go of the connection; a later call makes another."""
        self._lazy.close()

    def _read_state(self, name: str) -> str:
        def ask(client: CloudSchedulerClient) -> str:
            found = client.get_job(request={"name": name}, **try_once())
            return str(read_job(found).get("state", ""))

        return self._lazy.call(ask)


def load_client() -> type[CloudSchedulerClient]:
    """Import the class of Google's client."""
    from google.cloud.scheduler_v1 import CloudSchedulerClient  # noqa: PLC0415  (when used)

    return CloudSchedulerClient


def read_job(job: object) -> Written:
    """Write a job of the client's as plain material, without what says nothing."""
    from google.cloud.scheduler_v1 import Job  # noqa: PLC0415  (loaded already)

    made: Written = Job.to_dict(
        job, use_integers_for_enums=False, always_print_fields_with_no_presence=False
    )
    return made


def name_of(job: Mapping[str, Any]) -> str:
    """Give the last part of a job's name."""
    return str(job.get("name", "")).rpartition("/")[2]
