"""What does a refusal of AWS mean for the capacity that was asked for?"""

from __future__ import annotations

import re

from flyball.adapters.aws.clients import error_code, error_message
from flyball.ports import Outcome, OutcomeKind

DETAIL_LIMIT = 1_000
"""Characters of AWS's words that are kept as evidence."""

THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "PriorRequestNotComplete",
        "RateExceeded",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "NotAuthorized",
        "OptInRequired",
        "UnauthorizedOperation",
        "UnrecognizedClientException",
    }
)
QUOTA = frozenset({"InstanceLimitExceeded", "ResourceLimitExceeded", "VcpuLimitExceeded"})
SHORTAGE = frozenset(
    {
        "CapacityError",
        "EC2InsufficientCapacityError",
        "InsufficientCapacity",
        "InsufficientCapacityException",
        "InsufficientHostCapacity",
        "InsufficientInstanceCapacity",
    }
)
BUSY = frozenset(
    {
        "ResourceContention",
        "ResourceContentionFault",
        "ScalingActivityInProgress",
        "ScalingActivityInProgressFault",
    }
)

_RATE_WORDS = re.compile(r"\brate exceeded\b", re.IGNORECASE)
_BUSY_WORDS = re.compile(
    r"\bin[- ]progress\b|\bcurrently being (creat|updat|delet)"
    r"|\bstat(us|e)\b\W+(is\W+)?(creating|updating|systemupdating|rollingback|deleting)\b",
    re.IGNORECASE,
)
_SHORTAGE_WORDS = re.compile(
    r"Insufficient\w*Capacity|\bCapacityError\b|\binsufficient capacity\b"
    r"|\bsufficient [\w.]+ capacity\b|\bunable to provision requested (ML )?compute capacity\b",
    re.IGNORECASE,
)
_QUOTA_WORDS = re.compile(
    r"\bis ([\d,]+) Instances?,? with current utilization of ([\d,]+) Instances?"
    r" and a request delta of ([\d,]+) Instances?\b",
    re.IGNORECASE,
)


def read_refusal(error: Exception, asked: int) -> Outcome:
    """Say what a service's refusal came to.

    Args:
        error: A botocore ClientError.
        asked: Instances (or copies) that were asked for.

    Returns:
        The outcome, with the service's own words.
    """
    code, words = error_code(error), error_message(error)
    detail = tell(error)
    if is_throttled(error):
        return Outcome(OutcomeKind.THROTTLED, detail)
    if code in DENIED:
        return Outcome(OutcomeKind.DENIED, detail)
    if code in QUOTA:
        return Outcome(OutcomeKind.QUOTA_EXCEEDED, detail, read_quota(words, asked))
    if code in SHORTAGE or is_shortage(words):
        return Outcome(OutcomeKind.SHORTAGE, detail)
    if code in BUSY or _BUSY_WORDS.search(words):
        return Outcome(OutcomeKind.DEFERRED, detail)
    return Outcome(OutcomeKind.FAILED, detail)


def read_quota(words: str, asked: int) -> int | None:
    """Work out the most instances that this target may have, from the words of the refusal.

    The limit is the account's, for all endpoints that use the instance type. Granted would have
    been a request delta of limit - utilization; each instance less that is asked for makes the
    delta one smaller. So the most is what was asked for, less the overshoot:

        most = asked - (utilization + delta - limit)

    which is current + (limit - utilization) where the delta is asked - current, and still right
    where the service counts the delta in another way.

    Args:
        words: The refusal's message.
        asked: Instances that were asked for.

    Returns:
        At least 0, and below `asked`: what was refused is not granted. None where the words have
        no such numbers, or count something else than instances.

    Source: users' public reports of ResourceLimitExceeded by SageMaker; AWS documents no format.
    """
    found = _QUOTA_WORDS.search(words)
    if found is None:
        return None
    limit, used, delta = (int(number.replace(",", "")) for number in found.groups())
    overshoot = max(1, used + delta - limit)
    return max(0, asked - overshoot)


def is_throttled(error: Exception) -> bool:
    """Say whether a service refused only because it was asked too often."""
    return error_code(error) in THROTTLED or bool(_RATE_WORDS.search(error_message(error)))


def is_shortage(words: str) -> bool:
    """Say whether words of AWS mean that it has no machines of this type."""
    return bool(_SHORTAGE_WORDS.search(words))


def tell(error: Exception) -> str:
    """Say in one line what a service or the SDK said, by code where it has one."""
    label = error_code(error) or type(error).__name__
    words = error_message(error)
    return f"{label}: {words}"[:DETAIL_LIMIT]
