"""How is one of Google's gRPC clients made when it is first needed, and let go of?"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flyball.adapters.gcp.lazy import Lazy
from flyball.adapters.gcp.session import CallError


class Transport:
    """What a client of Google's is made with."""

    def __init__(self, channel: object = None) -> None:
        self.channel = channel
        self.is_closed = False

    def close(self) -> None:
        """Let go of the connection."""
        self.is_closed = True


class Client:
    """A client, as all of Google's are."""

    def __init__(self, transport: Transport | None = None) -> None:
        self.transport = transport or Transport()

    @classmethod
    def get_transport_class(cls, label: str) -> type[Transport]:
        """Give the class of a transport by its name."""
        return {"grpc": Transport}[label]


def load() -> type[Client]:
    """Import the client's class."""
    return Client


def test_nothing_is_imported_before_it_is_needed() -> None:
    """Who makes one and closes it has waited for no import."""

    def refuse() -> type[Client]:
        raise AssertionError("nobody needs it")

    Lazy(refuse).close()


def test_everybody_has_the_same_client_until_it_is_closed() -> None:
    """It is made once; after it was let go of, the next call makes another."""
    lazy = Lazy(load)
    first = lazy.find()
    assert lazy.call(lambda client: client) is first
    lazy.close()
    assert first.transport.is_closed
    assert lazy.find() is not first


@pytest.mark.parametrize(
    ("endpoint", "has_channel"),
    [("", False), ("http://127.0.0.1:9", True), ("127.0.0.1:9", True)],
    ids=["Google's", "a URL", "a host and port"],
)
def test_another_server_has_a_channel_of_its_own(endpoint: str, *, has_channel: bool) -> None:
    """Google's own is left to the client; to any other a channel is opened."""
    made = Lazy(load, endpoint).find()
    assert (made.transport.channel is not None) is has_channel


def test_a_client_that_cannot_be_made_is_a_call_that_failed() -> None:
    """What making it raises is told as what a call raises, and tried no more than that."""
    waits: list[float] = []

    def fail() -> Callable[[], Client]:
        raise PermissionError("no credentials here")

    with pytest.raises(CallError, match="no credentials here") as caught:
        Lazy(fail, rest=waits.append).call(lambda client: client)  # type: ignore[arg-type]
    assert caught.value.status == "UNREACHABLE"
    assert waits == []
