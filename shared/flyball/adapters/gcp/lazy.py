"""How is one of Google's gRPC clients made when it is first needed, and let go of?"""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import sleep
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

from flyball.adapters.gcp.again import Answer, call_again

Client = TypeVar("Client")
TRANSPORT = "grpc"


class Lazy(Generic[Client]):
    """A client of one of Google's services, once it is needed. Thread safe.

    Args:
        load: Imports the client's class, which takes up to a tenth of a second.
        endpoint: URL, or host and port, of a server that is not Google's: it is spoken to in the
            clear and without credentials. "": Google's.
        rest: Waits so many seconds.
    """

    def __init__(
        self,
        load: Callable[[], type[Client]],
        endpoint: str = "",
        rest: Callable[[float], None] = sleep,
    ) -> None:
        self._load = load
        self._endpoint = endpoint
        self._rest = rest
        self._lock = threading.Lock()
        self._made: Client | None = None

    def find(self) -> Client:
        """Give the client, the same to everybody.

        Raises:
            google.auth.exceptions.DefaultCredentialsError: There are no credentials.
        """
        with self._lock:
            if self._made is None:
                self._made = make_client(self._load(), self._endpoint)
            return self._made

    def call(self, ask: Callable[[Client], Answer]) -> Answer:
        """Call by the client, and again where only the moment was wrong.

        Args:
            ask: Makes one try.

        Raises:
            CallError: It was refused, or it is not known whether it was done.
        """
        return call_again(lambda: ask(self.find()), self._rest)

    def close(self) -> None:
        """Let go of the connection; a later call makes another."""
        with self._lock:
            made, self._made = self._made, None
        if made is not None:
            _name_calls(made).transport.close()


def make_client(kind: type[Client], endpoint: str = "") -> Client:
    """Make a client: of Google's service, or of a server without encryption and credentials.

    Raises:
        google.auth.exceptions.DefaultCredentialsError: There are no credentials.
    """
    if not endpoint:
        return kind()
    made = _name_calls(kind)
    transport = made.get_transport_class(TRANSPORT)(channel=_open_channel(endpoint))
    found: Client = made(transport=transport)
    return found


def _name_calls(client: object) -> Any:  # noqa: ANN401  (what Google's clients share has no type)
    """Say of a client, or of its class, that it has what all of Google's have."""
    return client


def _open_channel(endpoint: str) -> Any:  # noqa: ANN401  (its library has no types)
    """Open a channel in the clear and without credentials."""
    import grpc  # noqa: PLC0415  (loaded by the client already)

    host = urlsplit(endpoint).netloc or endpoint
    return grpc.insecure_channel(host, options=[("grpc.enable_http_proxy", 0)])
