"""How is a call of Google's gRPC clients made again where only the moment was wrong?

The clients themselves are told to try once: by themselves they never make or change anything twice,
as they do not know whether it may be done twice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flyball.adapters.gcp.session import NO_CREDENTIALS, SAID, UNREACHABLE, CallError

TRIES = 5
FIRST_WAIT_S = 0.5
"""Before the second try of a call; twice that before the third, and so on."""
TRY_S = 20.0
MAY_HAVE_LANDED = frozenset(
    {"CANCELLED", "DEADLINE_EXCEEDED", "INTERNAL", "UNAVAILABLE", "UNKNOWN"}
)
AGAIN = MAY_HAVE_LANDED | {"ABORTED", "RESOURCE_EXHAUSTED"}

Answer = TypeVar("Answer")


def call_again(ask: Callable[[], Answer], rest: Callable[[float], None]) -> Answer:
    """Call, and try again where the moment was wrong.

    Args:
        ask: Makes one try; a CallError of it is final.
        rest: Waits so many seconds.

    Raises:
        CallError: It was refused, or it is not known whether it was done.
    """
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
        rest(wait_s)
        wait_s *= 2
    raise AssertionError("the last try returns or raises")


def try_once() -> dict[str, Any]:
    """Say that the client tries once: we try again, and know what for."""
    return {"retry": None, "timeout": TRY_S}


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
