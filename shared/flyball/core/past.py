"""What does a target remember of what happened to it: the values that its history is made of?"""

from __future__ import annotations

from datetime import datetime
from enum import Enum

from flyball.core.shape import NamedTuple
from flyball.core.word import Direction


class Recommended(NamedTuple):
    """A merged recommendation, kept for the stabilization windows."""

    at: datetime
    desired: int


class Change(NamedTuple):
    """A change that the provider accepted.

    Attributes:
        at: When it was accepted.
        before: Desired capacity before it.
        after: Desired capacity asked for.
        policies: Names of the policies that asked for it.
        completed_at: When `after` was seen in service; None while in flight. Cooldowns start here.
            A range's lower floor is complete as soon as it is set: it only permits.
        operation: The provider's own name of it; "" where it gave none.
    """

    at: datetime
    before: int
    after: int
    policies: tuple[str, ...] = ()
    completed_at: datetime | None = None
    operation: str = ""


class ReadySample(NamedTuple):
    """From `at` on (as seen by us), `ready` instances were in service."""

    at: datetime
    ready: int


class Pause(NamedTuple):
    """A human's word: no change in this direction until then. None means both, or for ever."""

    direction: Direction | None = None
    until: datetime | None = None
    by: str = ""
    reason: str = ""


class Foreign(NamedTuple):
    """A change that was not ours, and until when it is respected."""

    at: datetime
    before: int
    after: int
    until: datetime


class Quota(NamedTuple):
    """The most that the provider grants, learned from its refusal, with an expiry."""

    capacity: int
    until: datetime


class Shortage(NamedTuple):
    """The provider had no machines: back off until then, then halve the step for each attempt.

    Attributes:
        at: When it was noted, aware UTC.
        attempts: How often one after the other; 0: a change was undone once, for a reason unknown.
        until: End of the back-off, aware UTC.
        looked: The look that is free after the back-off was used: what lacks from then on is news.
    """

    at: datetime
    attempts: int
    until: datetime
    looked: bool = False


class Failure(NamedTuple):
    """Changes of one direction that failed one after the other, for a reason that may last."""

    at: datetime
    attempts: int
    direction: Direction


class Ceiling(NamedTuple):
    """What is remembered of the upper end of a range.

    Attributes:
        known: What we last knew it to be, instances; a change of ours in flight counts.
        change: Our change of it that is in flight; None: it shows what it is to be.
        foreign: The last change of it that was not ours, while it is respected.
        failure: Our changes of it that came to nothing of late.
    """

    known: int
    change: Change | None = None
    foreign: Foreign | None = None
    failure: Failure | None = None


class Deployed(NamedTuple):
    """What it is that has the capacity, where a new deployment is another one.

    Attributes:
        id: The provider's own.
        title: What it is called, for people; never compared.
    """

    id: str
    title: str = ""

    @property
    def shown(self) -> str:
        """Both, for people."""
        return f"{self.id} ({self.title})" if self.title else self.id


class Carried(NamedTuple):
    """A floor that is still to be set on what was deployed in place of another.

    Attributes:
        at: When that was seen, aware UTC.
        before: The floor that it was deployed with, instances.
        floor: The floor of the one before, as last decided.
    """

    at: datetime
    before: int
    floor: int


class Notice(Enum):
    """What was noticed between two wakes."""

    COMPLETED = "completed"
    ROLLED_BACK = "rolled_back"
    STALLED = "stalled"
    FOREIGN = "foreign"
    PICKED = "picked"
    """The service changed by its own choice, inside its range, what is in service."""
    CEILING_FOREIGN = "ceiling_foreign"
    """Somebody else moved the range's upper end."""
    CEILING_ROLLED_BACK = "ceiling_rolled_back"
    """Our change of the range's upper end came to nothing."""
    REDEPLOYED = "redeployed"
    """Another deployment is scaled from now on, in place of the one before."""


class Noticed(NamedTuple):
    """Something that happened to the capacity since the last look.

    Attributes:
        notice: What.
        at: When it was seen, aware UTC.
        before: Desired capacity as we knew it; of PICKED, what was in service; of a ceiling, that.
        after: Likewise, as it is.
        replaced: With REDEPLOYED: what was scaled before.
        deployed: With REDEPLOYED: what is scaled from now on.
    """

    notice: Notice
    at: datetime
    before: int
    after: int
    replaced: Deployed | None = None
    deployed: Deployed | None = None
