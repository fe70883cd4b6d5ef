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
ID, HELD_FOR = "id", "held for"
"""Fields of what moves from one scalable target to another."""
NOBODY = "nobody scales it"
"""What a check ends with that says who is in charge of a resource from now on."""


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
    JOB = "job"


class Verb(Word):
    """What is done to it."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    MOVE = "move"
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
        scalable_target_id: Whose; "": the whole deployment's.
        home: Where.
        fields: What is compared, by dotted name.
        replaces: Name of the part that goes as this one comes, in one step; "": none.
    """

    kind: Kind
    name: str
    scalable_target_id: str
    home: str
    fields: Mapping[str, str]
    replaces: str = ""


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
        prune: Remove registered targets that the file does not name, too.
        targets: Ids of those of the file that are meant; empty: all, and none is pruned else.
        take_over: Suspend native scaling where ours is to apply.
        hand_back: When ours goes, resume native scaling that we suspended; None: not decided.
        allow_scale_in: Apply also where what is live is above the bounds.
        unseen: Take over also what no function has looked at lately.
    """

    prune: bool = False
    targets: tuple[str, ...] = ()
    take_over: bool = False
    hand_back: bool | None = None
    allow_scale_in: bool = False
    unseen: bool = False


class Cost(NamedTuple):
    """What the planned alarms and jobs cost, in dollars a month at list prices.

    Attributes:
        alarms: How many there will be.
        before: Of those found.
        after: Of those wanted.
        each: Of those wanted, by name.
        jobs: How many there will be.
        free: What of it costs nothing, and how long, for people.
    """

    alarms: int = 0
    before: float = 0.0
    after: float = 0.0
    each: Mapping[str, float] = {}
    jobs: int = 0
    free: tuple[str, ...] = ()


class Held(NamedTuple):
    """Native scaling that we hold suspended for a scalable target.

    Attributes:
        before: By part of it: how it was before we suspended it.
        since: When we did, aware UTC.
    """

    before: Mapping[str, str]
    since: datetime


class Sight(NamedTuple):
    """The newest decision on a scalable target, which only a function that runs can have made.

    Attributes:
        at: When it was made, or confirmed by a quiet rest since, aware UTC.
        is_current: It was made by the config that is in force.
        blind: What it could not see; "" if it saw the capacity and at least one metric.
    """

    at: datetime
    is_current: bool = True
    blind: str = ""


class Scope(NamedTuple):
    """Whom a plan is about, in one home.

    Attributes:
        staying: Those that are to be in service, as the file has them.
        leaving: Those that are to go, as they are in force.
        others: Those that are in force, and stay as they are.
        registered: By id: of all of these that are in force, as they are now.
        moves: By the id of one that stays: the one that it replaces on its resource.
        known: Ids of all that a file or the ledger names, whether or not they can be read; what is
            ours and of none of these is left over. None: nobody knows, or it is not to be found.
    """

    staying: Sequence[ScalableTarget]
    leaving: Sequence[ScalableTarget]
    others: Sequence[ScalableTarget]
    registered: Mapping[str, ScalableTarget]
    moves: Mapping[str, str]
    known: frozenset[str] | None = None

    def is_left_over(self, scalable_target_id: str) -> bool:
        """Say whether what is ours and of this target is nobody's any more."""
        return self.known is not None and scalable_target_id not in self.known


class Memory(Protocol):
    """What the ledger remembers; each question reads it, so it is asked only where it matters."""

    def held(self, scalable_target_id: str) -> Mapping[str, Held]:
        """Give the native scaling that we hold suspended for a target, by its resource."""
        ...

    def holder(self, resource: str) -> str | None:
        """Name a target out of service for which we still hold a resource's native scaling."""
        ...

    def seen(self, scalable_target_id: str) -> Sight | None:
        """Give the newest decision on a target; None: there is none."""
        ...


class Survey(NamedTuple):
    """What a home has and should have, beside the targets' own items.

    Attributes:
        wanted: Parts that should be.
        found: Parts that are, ours only; what is found and not wanted is removed.
        checks: What else was seen.
        cost: Of the alarms and jobs.
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

    def key(self, target: ScalableTarget) -> str:
        """Name a target's resource, unique in this home; "": it is none of this home's."""
        ...

    def survey(
        self,
        scope: Scope,
        choices: Choices,
        memory: Memory,
        now: datetime,
        advance: Callable[[int], None],
    ) -> Survey:
        """Find what is there for these targets, and say what should be.

        Args:
            scope: The targets.
            choices: What the user decided.
            memory: What the ledger remembers of them.
            now: Aware UTC.
            advance: Told how many targets more were looked at.
        """
        ...

    def is_refusal(self, error: BaseException) -> bool:
        """Say whether carry_out was refused for certain: nothing can have landed."""
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
        cost: Of the alarms and jobs.
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
