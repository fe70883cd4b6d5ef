"""How is an AWS service reached: one session, clients made when they are needed, one retry layer?

The SDK is imported by the first client that somebody needs: a wake that only reads metrics never
loads SageMaker's service model.

A run may ask that whatever does not answer at all is waited for once, by one of its scalable
targets: for the others the same call fails at once, so that the time is left to those it does not
concern. The ledger is always asked: what was begun must be written down, or given back. Nobody else
is refused anything: a person's command may be what undoes its own first half.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

TRIES = 3
"""Of one call in all, the first included: with jitter, and nobody else tries again in one wake."""
CONNECT_S = 2
READ_S = 5
"""Limits of one try; three of them still end within a function's time."""
LEDGER = "dynamodb"
"""The service that is asked however often it did not answer."""


class Clients:
    """Clients by service, from one session; each is made once, at its first use. Thread safe."""

    def __init__(
        self, region: str | None = None, endpoints: Mapping[str, str] | None = None
    ) -> None:
        """Remember where to; nothing is loaded or reached yet.

        Args:
            region: Such as "eu-central-1"; None: as the environment or the profile says.
            endpoints: URL by service, where it is not AWS's own. AWS_ENDPOINT_URL and
                AWS_ENDPOINT_URL_<SERVICE> are honoured without it.
        """
        self._region = region
        self._endpoints = dict(endpoints or {})
        self._lock = threading.Lock()
        self._session: Any = None
        self._made: dict[str, Any] = {}
        self._silent: set[tuple[str, str]] | None = None

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

    @contextmanager
    def wait_once(self) -> Iterator[None]:
        """Wait once, in this block, for each operation of a service that does not answer.

        A block is one run: it knows of no silence before it, and leaves none behind. One at a time.
        """
        self._silent = set()
        try:
            yield
        finally:
            self._silent = None

    def access_key(self) -> str:
        """Name the key by which calls are signed, which is no secret; "" without credentials.

        Raises:
            botocore.exceptions.BotoCoreError: Credentials are there, and cannot be had.
        """
        with self._lock:
            found = self._open().get_credentials()
        return "" if found is None else str(found.access_key)

    def _open(self) -> Any:  # noqa: ANN401  (the SDK has no types)
        """Give the one session."""
        from boto3.session import Session  # noqa: PLC0415  (a fifth of a second, when first needed)

        if self._session is None:
            self._session = Session(region_name=self._region)
        return self._session

    def _make(self, service: str) -> Any:  # noqa: ANN401  (as above)
        from botocore.config import Config  # noqa: PLC0415  (loaded when used)

        config = Config(
            retries={"mode": "standard", "total_max_attempts": TRIES},
            connect_timeout=CONNECT_S,
            read_timeout=READ_S,
        )
        client = self._open().client(
            service, endpoint_url=self._endpoints.get(service), config=config
        )
        if service != LEDGER:
            client.meta.events.register("before-call", partial(self._refuse_silent, service))
            client.meta.events.register("after-call-error", partial(self._note_silence, service))
        return client

    def _refuse_silent(self, service: str, event_name: str, **_: object) -> None:
        """Let no call of a run wait for what kept another of its calls waiting.

        Raises:
            botocore.exceptions.ConnectionError: Nothing was sent.
        """
        operation = _read_operation(event_name)
        if self._silent is not None and (service, operation) in self._silent:
            from botocore.exceptions import ConnectionError  # noqa: A004, PLC0415  (when needed)

            told = f"{service} {operation} did not answer a moment ago; the next run asks again"
            raise ConnectionError(error=told)

    def _note_silence(
        self, service: str, event_name: str, exception: Exception, **_: object
    ) -> None:
        """Note that a call's last try ended without an answer; called by the SDK."""
        from botocore.exceptions import (  # noqa: PLC0415  (loaded when used)
            ConnectTimeoutError,
            ReadTimeoutError,
        )

        if self._silent is not None and isinstance(
            exception, (ConnectTimeoutError, ReadTimeoutError)
        ):
            self._silent.add((service, _read_operation(event_name)))


def _read_operation(event_name: str) -> str:
    """Read which operation an event of the SDK is of, such as "before-call.sqs.SendMessage"."""
    return event_name.rpartition(".")[2]


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
