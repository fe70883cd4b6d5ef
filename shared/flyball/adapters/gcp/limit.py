"""How does a call end after so many seconds, whatever it is at: a name, a token, a slow answer?

A socket's limit is of one read of it, and a service that sends a byte now and then never meets it.
So a try is made beside its caller, who waits no longer than this; what is left of the try ends by
itself, and sends nothing any more.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import requests
    from requests.adapters import HTTPAdapter

T = TypeVar("T")
MaySend = Callable[[], bool]
"""Says right before something is sent whether it still may be."""


class GivenUpError(Exception):
    """There was no whole answer in time; it may have been heard."""


class LateError(Exception):
    """It was not sent: by then nobody wanted it to be."""


class _Try(threading.local):
    """What is known of the try that this thread makes."""

    may_send: MaySend | None = None
    is_given_up: threading.Event | None = None


_TRY = _Try()


def run_within(limit_s: float, work: Callable[[], T], may_send: MaySend | None = None) -> T:
    """Make a try, and wait for it no longer than so many seconds.

    Args:
        limit_s: Seconds.
        work: Makes the try, by sessions that have `make_adapter`'s adapter.
        may_send: Asked whenever it is about to send something; None: it may.

    Raises:
        GivenUpError: It was not done by then.
        LateError: It was to send something, and might not.
        Exception: As the try does.
    """
    done: SimpleQueue[tuple[T, None] | tuple[None, BaseException]] = SimpleQueue()
    is_given_up = threading.Event()

    def run() -> None:
        _TRY.may_send, _TRY.is_given_up = may_send, is_given_up
        try:
            done.put((work(), None))
        except BaseException as error:  # noqa: BLE001  (it is raised by the caller)
            done.put((None, error))

    threading.Thread(target=run, name="flyball-call", daemon=True).start()
    try:
        found = done.get(timeout=limit_s)
    except Empty:
        raise GivenUpError(f"no whole answer within {limit_s:.1f} s") from None
    finally:
        is_given_up.set()
    if found[1] is not None:
        raise found[1]
    return found[0]


def make_adapter(connections: int) -> HTTPAdapter:
    """Make an adapter of requests that sends nothing for whom nobody waits any more.

    It looks right before each sending: after a token was fetched for it, and again once a
    connection was made.
    """
    from requests.adapters import HTTPAdapter  # noqa: PLC0415  (loaded when used)
    from urllib3.connection import HTTPConnection, HTTPSConnection  # noqa: PLC0415  (likewise)
    from urllib3.connectionpool import (  # noqa: PLC0415  (likewise)
        HTTPConnectionPool,
        HTTPSConnectionPool,
    )

    class Plain(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            _check()

    class Secure(HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            _check()

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    class Careful(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **how: Any) -> None:  # noqa: ANN401  (as theirs)
            super().init_poolmanager(*args, **how)
            pools = {"http": PlainPool, "https": SecurePool}
            self.poolmanager.pool_classes_by_scheme = pools

        def send(self, *args: Any, **how: Any) -> requests.Response:  # noqa: ANN401  (as theirs)
            _check()
            return super().send(*args, **how)

    return Careful(pool_maxsize=connections)


def _check() -> None:
    """See that what is about to be sent still may be.

    Raises:
        LateError: It may not.
    """
    given_up, may_send = _TRY.is_given_up, _TRY.may_send
    if (given_up is not None and given_up.is_set()) or (may_send is not None and not may_send()):
        raise LateError("no time was left to send it")
