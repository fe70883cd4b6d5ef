"""What state is a simulated endpoint in at an instant, given the orders that it has accepted?

An order keeps what it found, also the instances that were on their way; so the newest order at or
before an instant settles that instant alone, and a clock may jump to any of them. Where a service
picks the count inside a range, each of its picks is an order of its own.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

from flyball.core.model import CapacityRange, Status


class OrderKind(Enum):
    """What was asked of the endpoint, or befell it."""

    CREATE = "create"
    SCALE = "scale"
    RANGE = "range"
    PICK = "pick"
    """The service picked another count inside its range."""
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


class ServiceSettings(NamedTuple):
    """How the autoscaler of a service behaves that takes a range and picks the count in it.

    Attributes:
        floor: Of the range at creation, instances.
        ceiling: As floor.
        gpu_target: GPU utilization to keep, percent; None: machines without a GPU.
        cpu_target: CPU utilization to keep, percent.
        cpu_full: CPU utilization of an instance that can serve no more, percent.
        initial: Instances with which it comes back from zero; 0: it takes no floor of 0.
    """

    floor: int
    ceiling: int
    gpu_target: float | None = 60.0
    cpu_target: float = 60.0
    cpu_full: float = 50.0
    initial: int = 0

    @property
    def least(self) -> int:
        """The lowest floor that it takes."""
        return 0 if self.initial else 1


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
        service: Its service picks inside a range; None: it takes one number.
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
    service: ServiceSettings | None = None


class Order(NamedTuple):
    """One accepted order, as stored.

    Attributes:
        sequence: 1, 2, 3 … within the endpoint.
        at: When it was accepted, aware UTC.
        kind: What it was.
        caller: Who gave it.
        before: Desired capacity that it found; where a service picks, the count that it had picked.
        after: Desired capacity that it set; where a service picks, the count from here on.
        ready: Instances in service that it found.
        fate: How it ends.
        arrives: Of the instances that it adds, those that come.
        until: End of a MAINTAIN order; of one that STALLS, when there are machines again and the
            rest of its instances are on their way (None: never).
        detail: The provider's word for the status after BREAK; where a service picks, while it is
            updating too.
        range: Where a service picks: the range from here on.
        coming: Where a service picks: when each instance comes that is on its way, sorted.
        back: The range that returns at `until`, as this one cannot be had.
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
    range: CapacityRange | None = None
    coming: tuple[datetime, ...] = ()
    back: CapacityRange | None = None


class State(NamedTuple):
    """An endpoint at one instant.

    Attributes:
        desired: The setting, instances; where a service picks, the range's floor.
        ready: Instances in service.
        status: Folded, as the port has it.
        detail: The provider's word for the status.
        ceiling: Where a service picks: the range's upper end.
        picked: Where a service picks: the count that it picked, in service or on its way.
        coming: Where a service picks: when each instance comes that is on its way, sorted.
        until: Where a service picks: end of the update that goes on.
        back: The range that returns then.
    """

    desired: int
    ready: int
    status: Status
    detail: str
    ceiling: int | None = None
    picked: int | None = None
    coming: tuple[datetime, ...] = ()
    until: datetime | None = None
    back: CapacityRange | None = None


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
    if order.range is not None:
        return _ranged(settings, order, order.range, now)
    match order.kind:
        case OrderKind.BREAK:
            return State(order.after, order.ready, Status.FAILED, order.detail or "Failed")
        case OrderKind.REPAIR:
            return _in_service(order.after, order.ready)
        case OrderKind.MAINTAIN:
            if order.until is not None and now < order.until:
                return State(order.after, order.ready, Status.BUSY, "SystemUpdating")
            return _in_service(order.after, order.ready)
        case _:
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


def _ranged(settings: EndpointSettings, order: Order, taken: CapacityRange, now: datetime) -> State:
    """Say what an endpoint is whose service picks inside a range."""
    here = bisect_right(order.coming, now)
    gone = now >= order.at + settings.removal
    ready = (min(order.ready, order.after) if gone else order.ready) + here
    rest = order.coming[here:]
    if order.kind is OrderKind.BREAK:
        failed = (Status.FAILED, order.detail or "Failed", taken.ceiling, order.after, rest)
        return State(taken.floor, ready, *failed)
    if order.until is not None and now < order.until:
        busy = (Status.BUSY, order.detail, taken.ceiling, order.after, rest, order.until)
        return State(taken.floor, ready, *busy, order.back)
    floor, ceiling = order.back or taken
    return State(floor, ready, Status.IN_SERVICE, "InService", ceiling, order.after, rest)


@lru_cache(maxsize=256)
def _arrivals(settings: EndpointSettings, order: Order) -> list[datetime]:
    """Draw when each instance of a scale-out comes, sorted."""
    spread = settings.lead_time * settings.lead_spread_ratio
    draws = (_draw(settings.seed, order.sequence, index) for index in range(order.arrives))
    return sorted(order.at + settings.lead_time + spread * (2 * draw - 1) for draw in draws)


def send_for(settings: EndpointSettings, order: Order, count: int) -> Order:
    """Let a service that picks have so many instances, as of an order.

    Args:
        settings: The endpoint's.
        order: With what it found: `ready` and `coming`.
        count: Instances from here on, 0 or more.

    Returns:
        The order, with those that come: fewer or more than were on their way.
    """
    added = max(0, count - order.ready - len(order.coming))
    fresh = _arrivals(settings, order._replace(arrives=added))
    coming = order.coming[: max(0, count - order.ready)]
    return order._replace(after=count, coming=tuple(sorted((*coming, *fresh))))


def _draw(seed: int, sequence: int, index: int) -> float:
    """Give a number in 0–1 that depends on its arguments alone, on every machine."""
    digest = hashlib.blake2b(f"{seed}/{sequence}/{index}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64
