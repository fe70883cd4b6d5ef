"""What state is a simulated endpoint in at an instant, given the orders that it has accepted?

An order is accepted only while the endpoint is not updating, and keeps what it found; so the newest
order at or before an instant settles that instant alone, and a clock may jump to any of them.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from flyball.core.model import Status


class OrderKind(Enum):
    """What was asked of the endpoint, or befell it."""

    CREATE = "create"
    SCALE = "scale"
    MAINTAIN = "maintain"
    """The provider updates it of its own accord: SystemUpdating."""
    BREAK = "break"
    REPAIR = "repair"


class Fate(Enum):
    """How a scale-out will end; settled when it is accepted."""

    LANDS = "lands"
    ROLLS_BACK = "rolls_back"
    """The provider runs out of machines, and goes back to the old count."""
    STALLS = "stalls"
    """Some instances do not come, and the endpoint is in service all the same."""


class EndpointSettings(NamedTuple):
    """How one simulated endpoint behaves.

    Attributes:
        initial: Instances when it is created.
        seed: Of the lead times.
        lead_time: From an order to an instance in service, on average.
        lead_spread_ratio: An instance's lead time lies within lead_time × (1 ± this).
        removal: From a scale-in's order to the instances gone.
        settling: Updating goes on for this long after the last instance came or went.
        rolling_back: How long RollingBack lasts.
        quota: Most instances that the account may have.
        warm: In service from its creation on, rather than Creating for a lead time.
    """

    initial: int = 1
    seed: int = 0
    lead_time: timedelta = timedelta(minutes=4)
    lead_spread_ratio: float = 0.25
    removal: timedelta = timedelta(seconds=30)
    settling: timedelta = timedelta(seconds=15)
    rolling_back: timedelta = timedelta(minutes=1)
    quota: int = 100
    warm: bool = True


class Order(NamedTuple):
    """One accepted order, as stored.

    Attributes:
        sequence: 1, 2, 3 … within the endpoint.
        at: When it was accepted, aware UTC.
        kind: What it was.
        caller: Who gave it.
        before: Desired capacity that it found.
        after: Desired capacity that it set.
        ready: Instances in service that it found.
        fate: How it ends.
        arrives: Of the instances that it adds, those that come.
        until: End of a MAINTAIN order; of one that STALLS, when there are machines again and the
            rest of its instances are on their way (None: never).
        detail: The provider's word for the status after BREAK, else "".
    """

    sequence: int
    at: datetime
    kind: OrderKind
    caller: str
    before: int
    after: int
    ready: int
    fate: Fate = Fate.LANDS
    arrives: int = 0
    until: datetime | None = None
    detail: str = ""


class State(NamedTuple):
    """An endpoint at one instant.

    Attributes:
        desired: The setting, instances.
        ready: Instances in service.
        status: Folded, as the port has it.
        detail: The provider's word for the status.
    """

    desired: int
    ready: int
    status: Status
    detail: str


def state_at(settings: EndpointSettings, orders: Sequence[Order], now: datetime) -> State | None:
    """Say what the endpoint is at `now`.

    Args:
        settings: The endpoint's.
        orders: All that it accepted, oldest first.
        now: Any instant, aware UTC; orders after it do not count.

    Returns:
        The state; None before it was created.
    """
    index = bisect_right(orders, now, key=lambda order: order.at)
    if not index:
        return None
    order = orders[index - 1]
    match order.kind:
        case OrderKind.BREAK:
            return State(order.after, order.ready, Status.FAILED, order.detail or "Failed")
        case OrderKind.REPAIR:
            return _in_service(order.after, order.ready)
        case OrderKind.MAINTAIN:
            if order.until is not None and now < order.until:
                return State(order.after, order.ready, Status.BUSY, "SystemUpdating")
            return _in_service(order.after, order.ready)
        case OrderKind.CREATE | OrderKind.SCALE:
            return _scaled(settings, order, now)


def _in_service(desired: int, ready: int) -> State:
    return State(desired, ready, Status.IN_SERVICE, "InService")


def _scaled(settings: EndpointSettings, order: Order, now: datetime) -> State:
    busy = "Creating" if order.kind is OrderKind.CREATE else "Updating"
    if order.after <= order.ready:
        gone = order.at + settings.removal
        ready = order.after if now >= gone or order.after == order.ready else order.ready
        if order.kind is OrderKind.SCALE and now < gone + settings.settling:
            return State(order.after, ready, Status.BUSY, busy)
        return _in_service(order.after, ready)
    arrivals = _arrivals(settings, order)
    ready = order.ready + bisect_right(arrivals, now)
    if order.fate is Fate.LANDS:
        if now < arrivals[-1] + settings.settling:
            return State(order.after, ready, Status.BUSY, busy)
        return _in_service(order.after, ready)
    patience_ends = order.at + 2 * settings.lead_time
    if now < patience_ends:
        return State(order.after, ready, Status.BUSY, busy)
    if order.fate is Fate.STALLS:
        restart = None if order.until is None else max(order.until, patience_ends)
        whole = restart is not None and now >= restart + settings.lead_time
        return _in_service(order.after, order.after if whole else ready)
    if now < patience_ends + settings.rolling_back:
        return State(order.before, ready, Status.BUSY, "RollingBack")
    return _in_service(order.before, min(order.ready, order.before))


@lru_cache(maxsize=256)
def _arrivals(settings: EndpointSettings, order: Order) -> list[datetime]:
    """Draw when each instance of a scale-out comes, sorted."""
    spread = settings.lead_time * settings.lead_spread_ratio
    draws = (_draw(settings.seed, order.sequence, index) for index in range(order.arrives))
    return sorted(order.at + settings.lead_time + spread * (2 * draw - 1) for draw in draws)


def _draw(seed: int, sequence: int, index: int) -> float:
    """Give a number in 0–1 that depends on its arguments alone, on every machine."""
    digest = hashlib.blake2b(f"{seed}/{sequence}/{index}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64
