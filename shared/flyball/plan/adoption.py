"""What does a cloud's own scaling come to, in the words that flyball.yaml takes over?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class LeftOut(NamedTuple):
    """Something that flyball.yaml does not take over."""

    name: str
    reason: str


class Adopted(NamedTuple):
    """One resource that a cloud scales.

    Attributes:
        id: Unique among those that were read.
        resource: As flyball.yaml names it.
        min_capacity: Native scaling's lower bound.
        max_capacity: Its upper bound.
        policies: Elements for `policies`: scaling policies and scheduled actions.
        left_out: What is not among them.
        remarks: What a reader should know.
        settings: Other keys of a scalable target, as flyball.yaml has them.
    """

    id: str
    resource: Mapping[str, str]
    min_capacity: int
    max_capacity: int
    policies: Sequence[Mapping[str, Any]]
    left_out: Sequence[LeftOut] = ()
    remarks: Sequence[str] = ()
    settings: Mapping[str, Any] = {}


class Adoption(NamedTuple):
    """What an account or a project scales by itself.

    Attributes:
        targets: In the order in which they are written.
        left_out: Whole resources that are not taken over.
    """

    targets: tuple[Adopted, ...]
    left_out: tuple[LeftOut, ...] = ()


def choose_names(forms: Sequence[Sequence[str]]) -> list[str]:
    """Give each the first of its forms that no other has, or else its last one with a number.

    Args:
        forms: Of each what it may be called, the shortest first.
    """
    counts = Counter(form for each in forms for form in set(each))
    return [
        next((form for form in each if counts[form] == 1), f"{each[-1]}-{number}")
        for number, each in enumerate(forms, 1)
    ]
