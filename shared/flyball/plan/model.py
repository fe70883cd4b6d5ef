"""What is a plan, and what does a cloud have to say for one?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from flyball.core.model import Word
from flyball.core.target import ScalableTarget

HAND_OVER = "native"
"""Kind of the row that says how native scaling was before we suspended it, or that it is back."""
ACTIVE, SUSPENDED = "active", "suspended"
"""What each part of native scaling is, in its fields."""


class PlanError(Exception):
    """A plan cannot be used; the message says why and the remedy."""


class Purpose(Word):
    """What a plan is for."""

    APPLY = "apply"
    DESTROY = "destroy"


class Kind(Word):
    """What sort of thing is planned."""

    TARGET = "scalable target"
    ALARM = "alarm"
    NATIVE = "native scaling"


class Verb(Word):
    """What is done to it."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    SUSPEND = "suspend"
    RESUME = "resume"


class Level(Word):
    """How a check came out."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class Check(NamedTuple):
    """Something that was looked at beside the changes.

    Attributes:
        name: What was looked at, in one or two words.
        level: How it came out; a plan with a FAIL is not applied.
        text: What was found.
        remedy: What to do about it.
        scalable_target_id: Whom it is about; "": all.
    """

    name: str
    level: Level
    text: str
    remedy: str = ""
    scalable_target_id: str = ""


class Part(NamedTuple):
    """One thing as it is, or as it is wanted.

    Attributes:
        kind: Its sort.
        name: Unique in its kind and home.
        scalable_target_id: Whose.
        home: Where.
        fields: What is compared, by dotted name.
    """

    kind: Kind
    name: str
    scalable_target_id: str
    home: str
    fields: Mapping[str, str]


class Field(NamedTuple):
    """One field that changes; None: not there."""

    name: str
    before: str | None
    after: str | None


class Change(NamedTuple):
    """One call that would be made.

    Attributes:
        verb: What is done.
        kind: To what sort of thing.
        name: Which.
        scalable_target_id: Whose.
        home: Where.
        fields: What changes in it.
    """

    verb: Verb
    kind: Kind
    name: str
    scalable_target_id: str
    home: str
    fields: tuple[Field, ...] = ()


class Wanted(NamedTuple):
    """A scalable target as it was compiled.

    Attributes:
        id: The scalable target's.
        config: Canonical JSON.
        config_hash: SHA-256 of it, hex.
    """

    id: str
    config: str
    config_hash: str


class Choices(NamedTuple):
    """What the user decided.

    Attributes:
        prune: Remove registered targets that the file does not name.
        targets: Ids of those of the file that are meant; empty: all, and none is pruned else.
        take_over: Suspend native scaling where ours is to apply.
        hand_back: When ours goes, resume native scaling that we suspended; None: not decided.
        allow_scale_in: Apply also where what is live is above the bounds.
    """

    prune: bool = False
    targets: tuple[str, ...] = ()
    take_over: bool = False
    hand_back: bool | None = None
    allow_scale_in: bool = False


class Cost(NamedTuple):
    """What the planned alarms cost, in dollars a month at list prices.

    Attributes:
        alarms: How many there will be.
        before: Of those found.
        after: Of those wanted.
    """

    alarms: int = 0
    before: float = 0.0
    after: float = 0.0


class Survey(NamedTuple):
    """What a home has and should have, beside the targets' own items.

    Attributes:
        wanted: Parts that should be.
        found: Parts that are, ours only; what is found and not wanted is removed.
        checks: What else was seen.
        cost: Of the alarms.
    """

    wanted: Sequence[Part] = ()
    found: Sequence[Part] = ()
    checks: Sequence[Check] = ()
    cost: Cost = Cost()


class Home(Protocol):
    """A cloud, as far as a plan is about it."""

    @property
    def place(self) -> Mapping[str, str]:
        """Say where it is: account, region, tables, …."""
        ...

    def survey(
        self,
        staying: Sequence[ScalableTarget],
        leaving: Sequence[ScalableTarget],
        choices: Choices,
        recall: Callable[[str], Mapping[str, str] | None],
        advance: Callable[[int], None],
    ) -> Survey:
        """Find what is there for these targets, and say what should be.

        Args:
            staying: Those that are to be in service.
            leaving: Those that are to go.
            choices: What the user decided.
            recall: Gives how a target's native scaling was before we suspended it; None: we did
                not. It reads the ledger, so it is asked only about what is suspended.
            advance: Told how many targets more were looked at.
        """
        ...

    def carry_out(self, change: Change, now: datetime) -> None:
        """Make one change of the last survey; done twice it is done once."""
        ...


class Plan(NamedTuple):
    """What would change, and from what that was concluded.

    Attributes:
        purpose: To apply a config, or to remove what an earlier one made.
        made_at: Aware UTC.
        file: The config's, as it was named.
        engine: Who made it.
        place: By home, where.
        wanted: The compiled targets.
        choices: What the user decided.
        changes: In the order in which they are made.
        unchanged: By kind, how many are as they should be.
        checks: What else was seen.
        cost: Of the alarms.
        basis: By part, hashes of what was wanted and found.
        digest: Of all of it; "" until sealed.
    """

    purpose: Purpose
    made_at: datetime
    file: str
    engine: str
    place: Mapping[str, Mapping[str, str]]
    wanted: tuple[Wanted, ...]
    choices: Choices
    changes: tuple[Change, ...]
    unchanged: Mapping[str, int]
    checks: tuple[Check, ...]
    cost: Cost
    basis: Mapping[str, tuple[str, ...]]
    digest: str = ""

    @property
    def problems(self) -> tuple[Check, ...]:
        """Give the checks that forbid to apply it."""
        return tuple(each for each in self.checks if each.level is Level.FAIL)


def part_key(part: Part | Change) -> str:
    """Name a part, unique in a plan."""
    return f"{part.home} {part.kind.value} {part.name}"
