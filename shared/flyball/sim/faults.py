"""What can go wrong in a cloud, when, and how often?"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple


class FaultKind(Enum):
    """What goes wrong."""

    EVENT_LOST = "event_lost"
    EVENT_DUPLICATED = "event_duplicated"
    EVENT_LATE = "event_late"
    """Delivered `amount` minutes late, hence behind newer ones."""
    EVENTS_REORDERED = "events_reordered"
    ALARM_STORM = "alarm_storm"
    """Every alarm's last event comes `amount` times, every minute."""
    METRIC_FAILED = "metric_failed"
    METRIC_EMPTY = "metric_empty"
    METRIC_NAN = "metric_nan"
    METRIC_INFINITE = "metric_infinite"
    METRIC_NEGATIVE = "metric_negative"
    METRIC_STALE = "metric_stale"
    """The source shows what it showed when the fault began."""
    METRIC_FROM_THE_FUTURE = "metric_from_the_future"
    METRIC_LOWERED = "metric_lowered"
    """Finite, fresh and wrong: `amount` times the true value."""
    METRIC_RAISES = "metric_raises"
    """The source breaks its contract."""
    CAPACITY_UNKNOWN = "capacity_unknown"
    FOREIGN_OWNER = "foreign_owner"
    THROTTLED = "throttled"
    DENIED = "denied"
    REFUSED_FOR_SHORTAGE = "refused_for_shortage"
    REQUEST_LOST = "request_lost"
    """The order never reaches the provider, and the caller sees an error."""
    ANSWER_LOST = "answer_lost"
    """The order is accepted, and the caller sees an error."""
    SHORTAGE = "shortage"
    """The provider has `amount` machines; an order for more is rolled back."""
    STALLED = "stalled"
    """As SHORTAGE, but the endpoint goes into service with what came; the rest comes later."""
    MAINTENANCE = "maintenance"
    """The provider updates the endpoint by itself."""
    BROKEN = "broken"
    """The endpoint fails, and is repaired at the fault's end."""
    FOREIGN_CHANGE = "foreign_change"
    """A human sets `amount` instances, once, at the fault's start."""
    LEDGER_UNAVAILABLE = "ledger_unavailable"
    LEDGER_READ_ONLY = "ledger_read_only"
    """Claims and writes fail, reading goes on."""
    CRASH = "crash"
    """The process is killed as it begins the step that `where` names."""


class Fault(NamedTuple):
    """One thing that goes wrong for a while.

    Attributes:
        kind: What.
        start: From when, aware UTC.
        until: Until when, not included.
        chance_ratio: How likely it is each time that it could happen, 0–1.
        amount: See FaultKind.
        where: A metric's name, a step's, or of a provider's faults a scalable target's id; "" is
            every one.
    """

    kind: FaultKind
    start: datetime
    until: datetime
    chance_ratio: float = 1.0
    amount: float = 0.0
    where: str = ""


class Faults:
    """Faults over time, and the dice that decide when one of them strikes."""

    def __init__(self, faults: Iterable[Fault], seed: int) -> None:
        self.planned = tuple(faults)
        self.seed = seed
        self._dice = {kind: random.Random(f"{seed}/{kind.value}") for kind in FaultKind}  # noqa: S311

    def dice(self, kind: FaultKind) -> random.Random:
        """Give one kind's own dice, so that one fault more does not move the others."""
        return self._dice[kind]

    def active(self, kind: FaultKind, now: datetime, where: str = "") -> Fault | None:
        """Find a fault that is in force, without a throw of the dice."""
        for fault in self.planned:
            in_time = fault.kind is kind and fault.start <= now < fault.until
            if in_time and (not fault.where or fault.where == where):
                return fault
        return None

    def strikes(self, kind: FaultKind, now: datetime, where: str = "") -> Fault | None:
        """Find a fault that is in force and strikes this time."""
        fault = self.active(kind, now, where)
        if fault is None or self._dice[kind].random() >= fault.chance_ratio:
            return None
        return fault


def draw_faults(
    seed: int,
    start: datetime,
    until: datetime,
    *,
    kinds: Sequence[FaultKind] = tuple(FaultKind),
    a_day: float = 12.0,
) -> tuple[Fault, ...]:
    """Draw faults of many kinds over a span, each for some minutes up to half an hour.

    Args:
        seed: The same seed gives the same faults.
        start: No fault begins before.
        until: Every fault has ended by then.
        kinds: Which may be drawn.
        a_day: Faults of each kind in a day, on average.

    Returns:
        Faults, in the order of their starts.
    """
    draw = random.Random(f"{seed}/faults")  # noqa: S311  (no secret)
    span = until - start
    count = a_day * (span / timedelta(days=1))
    found = []
    for kind in kinds:
        times = int(count) + (draw.random() < count % 1)
        for _ in range(times):
            begin = start + span * draw.random()
            length = timedelta(minutes=draw.choice((1, 2, 5, 10, 30)))
            fault = Fault(kind, begin, min(until, begin + length), draw.choice((0.1, 0.5, 1.0)))
            found.append(fault._replace(amount=_amount(kind, draw), where=_where(kind, draw)))
    return tuple(sorted(found, key=lambda fault: (fault.start, fault.kind.value)))


STEPS = ("claim", "observe", "decide", "intent", "apply", "outcome")


def _where(kind: FaultKind, draw: random.Random) -> str:
    return draw.choice(STEPS) if kind is FaultKind.CRASH else ""


def _amount(kind: FaultKind, draw: random.Random) -> float:
    match kind:
        case FaultKind.ALARM_STORM:
            return 20
        case FaultKind.EVENT_LATE:
            return draw.choice((1, 5, 60))
        case FaultKind.METRIC_LOWERED:
            return 0.1
        case FaultKind.SHORTAGE | FaultKind.STALLED | FaultKind.FOREIGN_CHANGE:
            return draw.randrange(1, 20)
        case _:
            return 0
