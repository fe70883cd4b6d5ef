"""What would have been ordered by someone who knows the future?

Instances are alike, so the demand is cut into layers, the k-th of them what the k-th instance
serves, and each layer is settled by itself: its instance stays through a gap that is shorter than
what another start costs. No layer is on above one that is off, since a lower one has more to serve.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

HALVINGS = 12
"""Of the price of demand over capacity, in search of the one that spends the allowance."""
LEAST_PRICE = 0.5
MOST_PRICE = 1e4
"""Instance-slots for one instance's worth of demand. At the one everything is left, at the other
next to nothing."""


class Layer(NamedTuple):
    """What one instance would serve: the slots in which there is something for it.

    Attributes:
        slots: Their numbers, in order.
        loads: What it would serve in each, of what it can, in (0, 1].
    """

    slots: tuple[int, ...]
    loads: tuple[float, ...]


class Plan(NamedTuple):
    """Orders for every slot, and what they come to.

    Attributes:
        ordered: Instances, shape (n,).
        cost: Instance-slots.
        excess: Demand over the capacity of its slot, in instances' worth.
    """

    ordered: tuple[int, ...]
    cost: int
    excess: float


def plan_ahead(needs: Sequence[int], lead_slots: int) -> list[int]:
    """Order the least instance-slots with which every slot has what it needs.

    An instance is billed from its order, so the least Σ n + lead × Σ (growth of n) with n at least
    the need is the sum of these orders: each the largest need from its slot to one lead on.

    Args:
        needs: Instances in each slot, shape (n,), n >= 0; at first any number is there.
        lead_slots: From an order to the instance in service.

    Returns:
        Instances ordered in each slot.
    """
    if not lead_slots:
        return list(needs)
    ordered: list[int] = []
    largest: deque[tuple[int, int]] = deque()  # (slot, need), needs falling; the last ones ahead
    last = len(needs) - 1
    for slot in range(-lead_slots, last + 1):
        coming = slot + lead_slots
        if coming <= last:
            need = needs[coming]
            while largest and largest[-1][1] <= need:
                largest.pop()
            largest.append((coming, need))
        if slot >= 0:
            if largest[0][0] < slot:
                largest.popleft()
            ordered.append(largest[0][1])
    return ordered


def cut_layers(loads: Sequence[float]) -> list[Layer]:
    """Cut a demand into what the first instance serves, what the second does, and so on.

    Args:
        loads: Demand of each slot, in instances' worth, shape (n,).
    """
    parts: list[tuple[list[int], list[float]]] = []
    for slot, load in enumerate(loads):
        need = math.ceil(load)
        while len(parts) < need:
            parts.append(([], []))
        for level in range(need):
            slots, shares = parts[level]
            slots.append(slot)
            shares.append(min(1.0, load - level))
    return [Layer(tuple(slots), tuple(shares)) for slots, shares in parts]


def plan_at_price(layers: Sequence[Layer], count: int, lead_slots: int, price: float) -> Plan:
    """Order the least of instance-slots + price × demand over capacity.

    Args:
        layers: See cut_layers.
        count: Slots.
        lead_slots: As for plan_ahead.
        price: Instance-slots for one instance's worth of demand over capacity.
    """
    change = [0] * (count + 1)
    excess = 0.0
    for layer in layers:
        excess += _settle(layer, lead_slots, price, change)
    ordered, level = [], 0
    for step in change[:-1]:
        level += step
        ordered.append(level)
    return Plan(tuple(ordered), sum(ordered), excess)


class Bracket(NamedTuple):
    """The least cost within an allowance, from both sides.

    Attributes:
        plan: One that keeps to the allowance.
        bound: No plan within the allowance costs less, instance-slots.
    """

    plan: Plan
    bound: float


def plan_within(
    loads: Sequence[float],
    lead_slots: int,
    allowance: float,
    measure: Callable[[Plan], float] | None = None,
) -> Bracket:
    """Order as little as one can where a part of the demand may find no capacity.

    A price on what is left instead of the allowance lets each layer be settled by itself. The plan
    of any price, with the allowance's part of its price given back, costs no more than the best
    plan within the allowance: so the dearest of these is a bound (Lagrangian duality).

    Args:
        loads: Demand of each slot, in instances' worth, shape (n,).
        lead_slots: As for plan_ahead.
        allowance: Demand that may be left, in instances' worth, at least 0.
        measure: What of a plan is held to the allowance, at least its excess; None: its excess.

    Returns:
        The cheapest plan that was found, and a bound. They meet where a price spends exactly the
        allowance.
    """
    layers = cut_layers(loads)
    count = len(loads)
    ahead = plan_ahead([math.ceil(load) for load in loads], lead_slots)
    best = Plan(tuple(ahead), sum(ahead), 0.0)
    bound = 0.0
    cheap, dear = math.log(LEAST_PRICE), math.log(MOST_PRICE)
    priced: list[tuple[float, Plan]] = []
    for meter in (None, measure) if measure else (None,):
        low, high = cheap, dear
        for _ in range(HALVINGS):
            price = math.exp((low + high) / 2)
            plan = plan_at_price(layers, count, lead_slots, price)
            priced.append((price, plan))
            fits = (plan.excess if meter is None else meter(plan)) <= allowance
            if fits and (meter is measure) and plan.cost < best.cost:
                best = plan
            low, high = (low, math.log(price)) if fits else (math.log(price), high)
    for price, plan in priced:
        bound = max(bound, plan.cost + price * (plan.excess - allowance))
    return Bracket(best, bound)


def _settle(layer: Layer, lead: int, price: float, change: list[int]) -> float:
    """Settle one layer: note its orders as growth and decline, and return what it leaves."""
    on: float = 0.0
    off: float = 0.0
    stay: float
    start: float
    came_on: list[bool] = []  # on at this slot comes from on at the one before
    went_off: list[bool] = []  # off at this slot comes from on at the one before
    last = -1
    for slot, load in zip(layer.slots, layer.loads, strict=True):
        if last < 0:  # at first any number is there
            stay, start = min(slot, lead), math.inf
        else:
            stay, start = on + min(slot - last - 1, lead), off + min(slot, lead)
        came_on.append(stay <= start)
        went_off.append(last >= 0 and on < off)
        off = (min(on, off) if last >= 0 else 0.0) + price * load
        on = min(stay, start) + 1
        last = slot
    left = 0.0
    is_on = on <= off
    end = last
    for index in range(len(layer.slots) - 1, -1, -1):
        slot = layer.slots[index]
        before = layer.slots[index - 1] if index else -1
        if is_on:
            stays = came_on[index] and index > 0
            if not stays or slot - before - 1 > lead:
                change[max(0, slot - lead)] += 1
                change[end + 1] -= 1
                end = before
            is_on = stays
        else:
            left += layer.loads[index]
            is_on = went_off[index]
            end = before
    return left
