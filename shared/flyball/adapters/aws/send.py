"""Was a change refused, or may it have landed although nobody said so?

An absolute capacity may be sent again: setting 6 twice is setting 6. But the answer to the second
try is about the second try: after a lost answer, "another update is in progress" is most likely our
own. So a call of which any try may have landed raises whatever it ends with, and the intent stays
pending until the provider shows what is true.

    not sent any more, as its deadline is near                  an outcome, ABORTED
    never sent (no route, no credentials, wrong arguments)      an outcome
    refused by the service (4xx, throttled)                     an outcome
    no answer, a broken one, a server's error (5xx)             raises
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flyball.adapters.aws.clients import CONNECT_S, READ_S, Clients
from flyball.adapters.aws.refusal import is_throttled, read_refusal, tell
from flyball.ports import Deadline, Outcome, OutcomeKind

SERVER_ERROR = 500
"""From this HTTP status on, the service itself does not know."""


class UncertainError(Exception):
    """The service said yes, but not in words that it would use: somebody else may have answered."""


class LateError(Exception):
    """Nothing more was sent: an answer would have come after the deadline."""


class _Tries(threading.local):
    """What is known of the tries of the call that this thread is making."""

    doubtful = False
    deadline: Deadline | None = None
    sends = False


_TRIES = _Tries()


@contextmanager
def due_by(deadline: Deadline | None) -> Iterator[None]:
    """Send nothing in this block, nor send it again, whose answer may come after a deadline."""
    _TRIES.deadline = deadline
    try:
        yield
    finally:
        _TRIES.deadline = None


def send(
    clients: Clients, service: str, operation: str, confirms: str, asked: int, **arguments: object
) -> Outcome:
    """Ask a service for a capacity.

    Args:
        clients: Where the service's client comes from.
        service: Such as "sagemaker".
        operation: The client's method.
        confirms: Field without which an answer is none; "" for an operation that answers nothing.
        asked: Instances (or copies) that are asked for.
        arguments: Of the operation.

    Returns:
        APPLIED, or why it was refused.

    Raises:
        Exception: It may have landed.
    """
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  (loaded when used)

    try:
        client = clients.get(service)
        watch_tries(client)
        _TRIES.sends = True
        answer = getattr(client, operation)(**arguments)
    except LateError as error:
        if is_doubtful():
            raise
        return Outcome(OutcomeKind.ABORTED, f"not sent: {error}")
    except ClientError as error:
        if is_doubtful():
            raise
        return read_refusal(error, asked)
    except BotoCoreError as error:
        if not _is_unsent(error) or is_doubtful():
            raise
        kind = OutcomeKind.DENIED if _is_credentials(error) else OutcomeKind.FAILED
        return Outcome(kind, f"not sent: {tell(error)}")
    finally:
        _TRIES.sends = False
    if confirms and not answer.get(confirms):
        raise UncertainError(f"{service} {operation}: the answer has no {confirms}")
    return Outcome(OutcomeKind.APPLIED)


def watch_tries(client: Any) -> None:  # noqa: ANN401  (the SDK's)
    """Note from now on which try of this thread's calls by a client may have landed."""
    _TRIES.doubtful = False
    client.meta.events.register("needs-retry", _note_try, unique_id="flyball-tries")
    client.meta.events.register("before-send", _refuse_late, unique_id="flyball-deadline")


def is_doubtful() -> bool:
    """Say whether a try since watch_tries may have landed, whatever the last one came to."""
    return _TRIES.doubtful


def _refuse_late(**_: object) -> None:
    """Send nothing whose answer may come after the deadline; called by the SDK before each try.

    Raises:
        LateError: This try was not sent.
    """
    if _TRIES.deadline is None or not _TRIES.sends:
        return
    left_s = _TRIES.deadline.left_s()
    if left_s < CONNECT_S + READ_S:
        raise LateError(f"only {max(left_s, 0.0):.0f} s were left for it")


def _note_try(
    response: tuple[Any, Any] | None = None,
    caught_exception: Exception | None = None,
    **_: object,
) -> None:
    """Note whether one try may have landed; called by the SDK after each, the last included."""
    if isinstance(caught_exception, LateError):
        landed = False
    elif caught_exception is not None:
        landed = not _is_unsent(caught_exception)
    else:
        landed = response is not None and _is_lost(*response)
    _TRIES.doubtful = _TRIES.doubtful or landed


def _is_lost(answer: Any, parsed: Any) -> bool:  # noqa: ANN401  (the SDK's own)
    """Say whether an answer tells nothing of what became of the change."""
    from botocore.exceptions import ClientError  # noqa: PLC0415  (loaded when used)

    return answer.status_code >= SERVER_ERROR and not is_throttled(ClientError(parsed, ""))


def _is_unsent(error: Exception) -> bool:
    """Say whether an error of the SDK came before anything was sent.

    No connection, no credentials, no region, wrong arguments: it has many errors for these, and few
    for what breaks once a request is on its way.
    """
    from botocore.exceptions import (  # noqa: PLC0415  (loaded when used)
        BotoCoreError,
        HTTPClientError,
        IncompleteReadError,
        SSLError,
    )

    on_its_way = (HTTPClientError, IncompleteReadError, SSLError)
    return isinstance(error, BotoCoreError) and not isinstance(error, on_its_way)


def _is_credentials(error: Exception) -> bool:
    """Say whether only a human can mend it: there is nobody to sign as."""
    from botocore.exceptions import (  # noqa: PLC0415  (loaded when used)
        NoCredentialsError,
        PartialCredentialsError,
        SSOError,
        TokenRetrievalError,
    )

    humans = (NoCredentialsError, PartialCredentialsError, SSOError, TokenRetrievalError)
    return isinstance(error, humans)
