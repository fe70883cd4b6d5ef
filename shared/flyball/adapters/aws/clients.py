"""How is an AWS service reached: one session, clients made when they are needed, one retry layer?

The SDK is imported by the first client that somebody needs: a wake that only reads metrics never
loads SageMaker's service model.

A service that does not answer at all is waited for once, by one of a run's scalable targets: for
the others every call to it fails at once, so that the time is left to those it does not concern.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from time import monotonic
from typing import Any

TRIES = 3
"""Of one call in all, the first included: with jitter, and nobody else tries again in one wake."""
CONNECT_S = 2
READ_S = 5
"""Limits of one try; three of them still end within a function's time."""
SILENT_S = 30
"""For so long no call is made to a service that did not answer one within all its tries: about what
is left of a run by then, and over when the next tick looks."""


class Clients:
    """Clients by service, from one session; each is made once, at its first use. Thread safe."""

    def __init__(
        self,
        region: str | None = None,
        endpoints: Mapping[str, str] | None = None,
        elapsed: Callable[[], float] = monotonic,
    ) -> None:
        """Remember where to; nothing is loaded or reached yet.

        Args:
            region: Such as "eu-central-1"; None: as the environment or the profile says.
            endpoints: URL by service, where it is not AWS's own. AWS_ENDPOINT_URL and
                AWS_ENDPOINT_URL_<SERVICE> are honoured without it.
            elapsed: Seconds since any instant; it never goes back.
        """
        self._region = region
        self._endpoints = dict(endpoints or {})
        self._lock = threading.Lock()
        self._session: Any = None
        self._made: dict[str, Any] = {}
        self._elapsed = elapsed
        self._silent_until: dict[str, float] = {}

    def get(self, service: str) -> Any:  # noqa: ANN401  (the SDK makes its clients' classes as it runs)
        """Give the client of a service, such as "sagemaker".

        Raises:
            botocore.exceptions.BotoCoreError: The SDK cannot make it: no region, no such service.
        """
        found = self._made.get(service)
        if found is None:
            with self._lock:  # making a client from a session is not thread safe
                found = self._made.get(service)
                if found is None:
                    found = self._made[service] = self._make(service)
        return found

    def _make(self, service: str) -> Any:  # noqa: ANN401  (as above)
        from boto3.session import Session  # noqa: PLC0415  (a fifth of a second, when first needed)
        from botocore.config import Config  # noqa: PLC0415  (likewise)

        if self._session is None:
            self._session = Session(region_name=self._region)
        config = Config(
            retries={"mode": "standard", "total_max_attempts": TRIES},
            connect_timeout=CONNECT_S,
            read_timeout=READ_S,
        )
        client = self._session.client(
            service, endpoint_url=self._endpoints.get(service), config=config
        )
        client.meta.events.register("before-call", partial(self._refuse_silent, service))
        client.meta.events.register("after-call-error", partial(self._note_silence, service))
        return client

    def _refuse_silent(self, service: str, **_: object) -> None:
        """Let no call wait for a service that kept another waiting a moment ago.

        Raises:
            botocore.exceptions.ConnectionError: Nothing was sent.
        """
        if self._elapsed() < self._silent_until.get(service, 0):
            from botocore.exceptions import ConnectionError  # noqa: A004, PLC0415  (when needed)

            told = f"{service} did not answer a moment ago; it is asked again after {SILENT_S} s"
            raise ConnectionError(error=told)

    def _note_silence(self, service: str, exception: Exception, **_: object) -> None:
        """Note that a call's last try ended without an answer; called by the SDK."""
        from botocore.exceptions import (  # noqa: PLC0415  (loaded when used)
            ConnectTimeoutError,
            ReadTimeoutError,
        )

        if isinstance(exception, (ConnectTimeoutError, ReadTimeoutError)):
            self._silent_until[service] = self._elapsed() + SILENT_S


def error_code(error: Exception) -> str:
    """Read the service's code of a refusal, such as "ThrottlingException"; "" where it has none."""
    return _read(error, "Code")


def error_message(error: Exception) -> str:
    """Read the service's words of a refusal; the error's own text where it has none."""
    return _read(error, "Message") or str(error)


def _read(error: Exception, field: str) -> str:
    """Read a field of the answer that a botocore ClientError carries."""
    answer = getattr(error, "response", None)
    told = answer.get("Error") if isinstance(answer, Mapping) else None
    text = told.get(field) if isinstance(told, Mapping) else None
    return text if isinstance(text, str) else ""
