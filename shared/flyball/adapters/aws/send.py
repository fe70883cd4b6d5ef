"""Was a change refused, or may it have landed although nobody said so?

An absolute capacity may be sent again: setting 6 twice is setting 6. But the answer to the second
try is about the second try: after a lost answer, "another update is in progress" is most likely our
own. So a call of which any try may have landed raises whatever it ends with, and the intent stays
pending until the provider shows what is true.

    never sent (no route, no credentials, wrong arguments)      an outcome
    refused by the service (4xx, throttled)                     an outcome
    no answer, a broken one, a server's error (5xx)             raises
"""

from __future__ import annotations

import threading
from typing import Any

from flyball.adapters.aws.clients import Clients
from flyball.adapters.aws.refusal import is_throttled, read_refusal, tell
from flyball.ports import Outcome, OutcomeKind

SERVER_ERROR = 500
"""From this HTTP status on, the service itself does not know."""


class UncertainError(Exception):
    """The service said yes, but not in words that it would use: somebody else may have answered."""


class _Tries(threading.local):
    """What is known of the tries of the call that this thread is making."""

    doubtful = False


_TRIES = _Tries()


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
        answer = getattr(client, operation)(**arguments)
    except ClientError as error:
        if is_doubtful():
            raise
        return read_refusal(error, asked)
    except BotoCoreError as error:
        if not _is_unsent(error) or is_doubtful():
            raise
        kind = OutcomeKind.DENIED if _is_credentials(error) else OutcomeKind.FAILED
        return Outcome(kind, f"not sent: {tell(error)}")
    if confirms and not answer.get(confirms):
        raise UncertainError(f"{service} {operation}: the answer has no {confirms}")
    return Outcome(OutcomeKind.APPLIED)


def watch_tries(client: Any) -> None:  # noqa: ANN401  (the SDK's)
    """Note from now on which try of this thread's calls by a client may have landed."""
    _TRIES.doubtful = False
    client.meta.events.register("needs-retry", _note_try, unique_id="flyball-tries")


def is_doubtful() -> bool:
    """Say whether a try since watch_tries may have landed, whatever the last one came to."""
    return _TRIES.doubtful


def _note_try(
    response: tuple[Any, Any] | None = None,
    caught_exception: Exception | None = None,
    **_: object,
) -> None:
    """Note whether one try may have landed; called by the SDK after each, the last included."""
    if caught_exception is not None:
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
