"""Does a call end with its time, whatever it is at, and is nothing sent after its deadline?"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from time import monotonic, sleep

import pytest

from flyball.adapters.gcp.limit import GivenUpError, run_within
from flyball.adapters.gcp.session import LATE, UNREACHABLE, CallError, Session
from tests.gcp.local import Local, local_service
from tests.gcp.wire import Watch

pytestmark = pytest.mark.enable_socket

SERVICE = "aiplatform"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 400\r\n\r\n"


@pytest.fixture(params=["body", "head"])
def trickling(request: pytest.FixtureRequest) -> Iterator[str]:
    """Serve an answer that comes byte by byte, and gives the address."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    ended = threading.Event()

    def serve() -> None:
        with listener.accept()[0] as one:
            one.recv(65_536)
            said = (
                HEAD + b" " * 400 if request.param == "body" else b"HTTP/1.1 200 OK\r\nX: " + HEAD
            )
            first = len(HEAD) if request.param == "body" else 4
            one.sendall(said[:first])
            for byte in said[first:]:
                if ended.wait(0.05):
                    return
                one.sendall(bytes([byte]))

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    ended.set()
    thread.join()
    listener.close()


@pytest.fixture
def local() -> Iterator[Local]:
    """Serve whatever a test wants said."""
    with local_service() as service:
        yield service


def test_an_answer_that_trickles_is_waited_for_no_longer_than_the_call_may_take(
    trickling: str,
) -> None:
    """Each byte comes well before a socket's own limit; it may have been heard."""
    session, began = Session({SERVICE: trickling}), monotonic()
    with pytest.raises(CallError, match="no whole answer within") as given_up:
        session.call(SERVICE, "v1/x", method="GET", within_s=0.4)
    assert monotonic() - began < 1.0
    error = given_up.value
    assert (error.status, error.passes, error.doubtful) == (UNREACHABLE, True, True)
    session.close()


def test_nothing_is_sent_after_the_deadline(local: Local) -> None:
    """Not even once, and nothing can have landed."""
    session = Session({SERVICE: local.url})
    with pytest.raises(CallError) as late:
        session.call(SERVICE, "v1/x", {}, left_s=lambda: 0.0)
    assert (late.value.status, late.value.passes, late.value.doubtful) == (LATE, True, False)
    assert (local.asked, session.lost) == ([], 1)
    session.close()


def test_nothing_is_sent_again_after_the_deadline(local: Local) -> None:
    """The first try may have landed all the same."""
    local.refuse(503, "UNAVAILABLE", times=9)
    watch = Watch()
    session = Session({SERVICE: local.url}, rest=watch.rest, clock=watch.clock)
    with pytest.raises(CallError) as late:
        session.call(SERVICE, "v1/x", {}, left_s=lambda: 5.0 if not watch.waits else -1.0)
    assert (late.value.status, late.value.doubtful, len(local.asked)) == (LATE, True, 1)
    session.close()


def test_a_try_takes_no_longer_than_is_left(trickling: str) -> None:
    """Its own limit is the shorter one."""
    session, began = Session({SERVICE: trickling}), monotonic()
    with pytest.raises(CallError, match="no whole answer"):
        session.call(SERVICE, "v1/x", {}, once=True, left_s=lambda: 0.3)
    assert monotonic() - began < 1.0
    session.close()


def test_what_stood_still_before_it_was_sent_is_not_sent_once_nobody_waits(local: Local) -> None:
    """A frozen program wakes up where it was."""
    session = Session({SERVICE: local.url})
    session.call(SERVICE, "v1/x", method="GET")
    sessions = session._made[False]
    asked = threading.Event()

    def stand_still() -> int:
        sleep(0.3)
        try:
            return sessions.get(f"{local.url}/late", timeout=1).status_code
        finally:
            asked.set()

    with pytest.raises(GivenUpError):
        run_within(0.1, stand_still)
    assert asked.wait(2)
    assert [each.path for each in local.asked] == ["/v1/x"]
    session.close()


def test_the_clock_is_asked_right_before_a_connection_is_used(local: Local) -> None:
    """A name that is looked up for long, or a host that is slow to connect, is behind it then."""
    session, asked = Session({SERVICE: local.url}), iter([True, True, False])
    with pytest.raises(CallError, match="no time was left"):
        session.call(SERVICE, "v1/x", {}, left_s=lambda: 1.0 if next(asked, False) else 0.0)
    assert local.asked == []
    session.close()
