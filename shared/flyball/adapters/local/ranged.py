"""What does a simulated endpoint make of a range, and of its service's picks inside it?

As Vertex AI's does: one update of the range at a time; a raised floor forces instances, and its
update lasts until they serve; a lowered one only permits. The service picks at any time, also while
a range is being updated.
"""

from __future__ import annotations

from datetime import datetime

from flyball.adapters.local.stock import Stock
from flyball.adapters.local.timeline import EndpointSettings, Fate, Order, State, send_for
from flyball.core.model import CapacityRange, Status
from flyball.ports import Outcome, OutcomeKind


def begin(settings: EndpointSettings, order: Order) -> Order:
    """Make the first order of an endpoint that takes a range.

    Args:
        settings: With a service.
        order: As an endpoint of one number begins.
    """
    service = settings.service
    floor, ceiling = (1, 1) if service is None else (service.floor, service.ceiling)
    order = order._replace(range=CapacityRange(floor, ceiling), detail="Creating")
    count = min(max(order.after, floor), ceiling)
    order = send_for(settings, order._replace(ready=min(order.ready, count)), count)
    return order._replace(until=_lands_at(settings, order, count) if order.coming else None)


def refuse_range(
    name: str, settings: EndpointSettings, state: State, asked: CapacityRange, *, late: bool
) -> Outcome | None:
    """Find why Vertex AI would not take a range; None: it would.

    Args:
        name: The endpoint's.
        settings: The endpoint's.
        state: What it is now.
        asked: The range.
        late: Something was ordered after this instant.
    """
    least = 1 if settings.service is None else settings.service.least
    if not least <= asked.floor <= asked.ceiling or not asked.ceiling:
        detail = f"got {asked.floor}-{asked.ceiling}, expected {least} <= min <= max"
        return Outcome(OutcomeKind.FAILED, f"INVALID_ARGUMENT: min_replica_count: {detail}")
    if state.status is Status.FAILED:
        detail = f"FAILED_PRECONDITION: {name} is not deployed: {state.detail}"
        return Outcome(OutcomeKind.FAILED, detail)
    if state.status is Status.BUSY or late:
        detail = f"FAILED_PRECONDITION: a deployed model of {name} is being mutated"
        return Outcome(OutcomeKind.DEFERRED, detail)
    if asked.ceiling > settings.quota:  # charged on the maximum, by the stricter page
        detail = f"RESOURCE_EXHAUSTED: quota {settings.quota}, asked for {asked.ceiling}"
        return Outcome(OutcomeKind.QUOTA_EXCEEDED, detail, settings.quota)
    return None


def set_range(
    settings: EndpointSettings, order: Order, state: State, asked: CapacityRange, stock: Stock
) -> Order:
    """Let an order set a range; see refuse_range.

    Where there are no machines for the floor, the update ends after some waiting, and the range
    that was there before is back unless the fate is another.
    """
    count = _afford(min(max(order.before, asked.floor), asked.ceiling), order, stock)
    order = send_for(settings, order._replace(range=asked, detail="Updating"), count)
    if count >= asked.floor:
        return order._replace(until=_lands_at(settings, order, asked.floor))
    before = CapacityRange(state.desired, state.ceiling or state.desired)
    back = before if stock.fate is Fate.ROLLS_BACK else None
    until = order.at + 2 * settings.lead_time
    return order._replace(until=until, back=back, fate=stock.fate)


def follow(
    settings: EndpointSettings, order: Order, state: State, wanted: int, stock: Stock
) -> Order | None:
    """Let an order have the count that the service wants; None: it has that, or may not.

    An update that goes on is not disturbed, but saved where there are machines for it after all.
    """
    taken = order.range
    if state.status is Status.FAILED or taken is None:
        return None
    count = _afford(min(max(wanted, taken.floor), taken.ceiling), order, stock)
    if count == order.before:
        return None
    order = send_for(settings, order._replace(detail=state.detail), count)
    if state.back is not None and count >= taken.floor:
        return order._replace(until=_lands_at(settings, order, taken.floor))
    return order._replace(until=state.until, back=state.back)


def _afford(count: int, order: Order, stock: Stock) -> int:
    """Say how many instances can be had: no more than machines, but all that are there."""
    if stock.instances is None:
        return count
    return min(count, max(order.before, stock.instances))


def _lands_at(settings: EndpointSettings, order: Order, floor: int) -> datetime:
    """Say when so many instances serve, and all has settled."""
    missing = floor - order.ready
    last = order.coming[missing - 1] if missing > 0 else order.at
    return last + settings.settling
