"""What does a refusal of Google mean for the capacity that was asked for?

A call is refused in words of HTTP and of google.rpc.Code; an operation that was accepted fails in
the latter alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from flyball.adapters.gcp.fields import Answer, read_count, read_text
from flyball.adapters.gcp.session import LATE, NO_CREDENTIALS, UNREACHABLE, CallError
from flyball.ports import Outcome, OutcomeKind

DETAIL_LIMIT = 1_000
"""Characters of Google's words that are kept as evidence."""

WORDS: Mapping[int, str] = {
    1: "CANCELLED",
    2: "UNKNOWN",
    3: "INVALID_ARGUMENT",
    4: "DEADLINE_EXCEEDED",
    5: "NOT_FOUND",
    6: "ALREADY_EXISTS",
    7: "PERMISSION_DENIED",
    8: "RESOURCE_EXHAUSTED",
    9: "FAILED_PRECONDITION",
    10: "ABORTED",
    11: "OUT_OF_RANGE",
    12: "UNIMPLEMENTED",
    13: "INTERNAL",
    14: "UNAVAILABLE",
    15: "DATA_LOSS",
    16: "UNAUTHENTICATED",
}
"""By number. Source: google/rpc/code.proto."""
DENIED = frozenset({"PERMISSION_DENIED", "UNAUTHENTICATED", NO_CREDENTIALS})
UNAUTHORIZED, FORBIDDEN, CONFLICT, TOO_MANY = 401, 403, 409, 429

_SHORTAGE_WORDS = (
    r"\b(\w*RESOURCE_POOL_EXHAUSTED\w*|stock-?out|machine type (is )?temporarily unavailable"
    r"|(does not have|not have) enough resources|insufficient (capacity|resources)"
    r"|out of (capacity|resources))\b"
)
_RATE_WORDS = (
    r"\bper (second|minute|hour|day)\b|\brate[ _]?limit|\btoo many requests\b"
    r"|(?<!increase )\brequests\b"
)
_QUOTA_WORDS = r"\bquotas?\b"
_BUSY_WORDS = (
    r"\b(in progress|in-progress|ongoing|concurrent(ly)?|another (operation|mutat\w+|update))\b"
    r"|\bother (\w+ ){0,2}(operation|mutation|update|deployment|change)s?\b"
    r"|\b(operation|mutation|update|deployment|change)s?(\(s\))? ([\w-]+ ){0,3}?"
    r"(running|pending|under ?way|not (yet )?(done|finished|complete))\b"
    r"|\b(running|pending|unfinished|outstanding) (operation|mutation|update|deployment|change)s?\b"
    r"|\b(currently|already) being (creat|updat|delet|mutat|deploy)"
    r"|\bis (creating|updating|deleting|deploying|mutating)\b"
)
"""What the services say, in any case of letters; read where one refuses, which few wakes meet."""


def read_refusal(error: CallError) -> Outcome:
    """Say what a refusal of a call came to.

    Args:
        error: Of a call that has not landed.

    Returns:
        The outcome, with the service's own words. A quota's size is never told in instances.
    """
    detail = tell(error)
    if error.status == LATE:
        return Outcome(OutcomeKind.ABORTED, f"not sent: {detail}")
    if error.status == UNREACHABLE:
        return Outcome(OutcomeKind.FAILED, f"not sent: {detail}")
    if error.code == TOO_MANY or error.status == "RESOURCE_EXHAUSTED":
        return Outcome(_judge_exhaustion(error.message) or OutcomeKind.THROTTLED, detail)
    if error.status in DENIED or error.code in (UNAUTHORIZED, FORBIDDEN):
        return Outcome(OutcomeKind.DENIED, detail)
    return Outcome(_judge(error.status, error.code, error.message), detail)


def read_failure(error: Answer) -> Outcome:
    """Say what an operation came to that was accepted and then failed.

    Args:
        error: A google.rpc.Status.

    Returns:
        The outcome, with the service's own words.
    """
    status = WORDS.get(read_count(error, "code") or 0, "UNKNOWN")
    message = read_text(error, "message")
    detail = f"{status}: {message}"[:DETAIL_LIMIT]
    if status == "RESOURCE_EXHAUSTED":
        return Outcome(_judge_exhaustion(message) or OutcomeKind.FAILED, detail)
    if status in DENIED:
        return Outcome(OutcomeKind.DENIED, detail)
    return Outcome(_judge(status, 0, message), detail)


def is_shortage(words: str) -> bool:
    """Say whether words of Google mean that it has no machines of this type now."""
    return _find(_SHORTAGE_WORDS, words)


def tell(error: CallError) -> str:
    """Say in one line what a service said, or what kept it from being heard."""
    label = error.status or f"HTTP {error.code}"
    return f"{label}: {error.message}"[:DETAIL_LIMIT]


def _judge(status: str, code: int, message: str) -> OutcomeKind:
    """Judge what is neither a matter of permission nor of having been asked too often."""
    if is_shortage(message):
        return OutcomeKind.SHORTAGE
    if status == "ABORTED" or code == CONFLICT:
        return OutcomeKind.DEFERRED
    if status == "FAILED_PRECONDITION":
        if _find(_BUSY_WORDS, message):
            return OutcomeKind.DEFERRED
        if _find(_QUOTA_WORDS, message):  # Google documents no code for it
            is_rate = _find(_RATE_WORDS, message)
            return OutcomeKind.THROTTLED if is_rate else OutcomeKind.QUOTA_EXCEEDED
    return OutcomeKind.FAILED


def _judge_exhaustion(message: str) -> OutcomeKind | None:
    """Say what has run out: machines, a quota of machines, or calls; None: it does not say.

    Source: users' public reports; Google documents no format.
    """
    if is_shortage(message):
        return OutcomeKind.SHORTAGE
    if not _find(_QUOTA_WORDS, message):
        return OutcomeKind.THROTTLED if _find(_RATE_WORDS, message) else None
    is_rate = _find(_RATE_WORDS, message)
    return OutcomeKind.THROTTLED if is_rate else OutcomeKind.QUOTA_EXCEEDED


def _find(words: str, text: str) -> bool:
    return re.search(words, text, re.IGNORECASE) is not None
