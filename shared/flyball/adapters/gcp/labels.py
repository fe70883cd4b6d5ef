"""Which user labels tie an alert policy to the alarm that it stands for?

    flyball-prefix   first part of our alarms' names: by it a deployment's policies are found again
    flyball-target   the scalable target's id
    flyball-policy   the scaling policy's name
    flyball-side     "high" or "low"

A label's value has at most 63 characters, of lowercase letters, digits, underscores and dashes. So
every other byte of a value's UTF-8 is written `_xx`, in hex; what is longer goes on in
flyball-target-2, flyball-target-3 and so on.

Source: Cloud Monitoring API v3, AlertPolicy.userLabels.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from flyball.core.shape import NamedTuple

PREFIX_LABEL = "flyball-prefix"
TARGET_LABEL = "flyball-target"
POLICY_LABEL = "flyball-policy"
SIDE_LABEL = "flyball-side"
VALUE_LIMIT = 63
LABELS_LIMIT = 64
"""Of one policy."""

_WRITTEN = re.compile("(?:[a-z0-9-]|_[0-9a-f]{2})+")
_ESCAPED = re.compile("_([0-9a-f]{2})")
_LITERAL = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789-")

Labels = Mapping[str, object] | Mapping[object, object]


class Labelled(NamedTuple):
    """What a policy's labels say; "" where they do not."""

    prefix: str
    scalable_target_id: str
    policy: str
    side: str


def write_labels(scalable_target_id: str, policy: str, side: str, prefix: str) -> dict[str, str]:
    """Write the user labels of the alert policy of one alarm.

    Args:
        scalable_target_id: Whom it wakes.
        policy: The scaling policy's name, as in alarm_name.
        side: As there.
        prefix: As there.

    Raises:
        ValueError: They are more than a policy may have; the message says what to shorten.
    """
    given = {
        PREFIX_LABEL: prefix,
        TARGET_LABEL: scalable_target_id,
        POLICY_LABEL: policy,
        SIDE_LABEL: side,
    }
    labels: dict[str, str] = {}
    for key, text in given.items():
        escaped = _escape(text)
        for index in range(0, len(escaped), VALUE_LIMIT):
            number = index // VALUE_LIMIT + 1
            labels[_name(key, number)] = escaped[index : index + VALUE_LIMIT]
    if len(labels) > LABELS_LIMIT:
        message = (
            f"{scalable_target_id!r}, {policy!r}: {len(labels)} labels, and an alert policy has "
            f"{LABELS_LIMIT} at most; shorten the scalable target's id or the policy's name"
        )
        raise ValueError(message)
    return labels


def read_labels(labels: Labels) -> Labelled | None:
    """Read the user labels of an alert policy; None: it names no scalable target of ours.

    One that somebody made by hand needs flyball-target alone.

    Raises:
        ValueError: A label of ours is not as write_labels writes it; the message names it.
    """
    target = _read(labels, TARGET_LABEL)
    if not target:
        return None
    rest = (_read(labels, key) for key in (POLICY_LABEL, SIDE_LABEL))
    return Labelled(_read(labels, PREFIX_LABEL), target, *rest)


def _name(key: str, number: int) -> str:
    return key if number == 1 else f"{key}-{number}"


def _escape(text: str) -> str:
    """Write a text in the letters of a label."""
    return "".join(chr(byte) if byte in _LITERAL else f"_{byte:02x}" for byte in text.encode())


def _read(labels: Labels, key: str) -> str:
    """Read a text from one label or from several; "" where there is none."""
    escaped = ""
    for number in range(1, LABELS_LIMIT + 1):
        part = labels.get(_name(key, number))
        if part is None:
            break
        escaped += part if isinstance(part, str) else " "
    if not escaped:
        return ""
    message = f"{key}: letters a to z, digits, dashes, and _xx for every other byte of UTF-8"
    if not _WRITTEN.fullmatch(escaped):
        raise ValueError(message)
    found = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), escaped)
    try:
        return found.encode("latin-1").decode()
    except UnicodeDecodeError:
        raise ValueError(message) from None
