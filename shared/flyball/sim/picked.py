"""What becomes of a trace when somebody sets a range, and the service picks the count inside it?

As in slots, by the same scoring rules: a range that is set at the end of a slot counts from the
next one. Inside a slot, in which demand is even, the service looks every 15 seconds and picks: what
it takes away is gone at once, what it adds is billed from the pick on and in service one lead
later. So a slot's bill, and what served in it, are means, and may be fractions.

How the service picks is the local cloud's model of it (adapters/local/service): here are only the
slots around it.
"""

from __future__ import annotations

import math
from datetime import timedelta

from flyball.adapters.local.service import TICK, Picker
from flyball.adapters.local.timeline import ServiceSettings
from flyball.core.model import CapacityRange
from flyball.sim.judge import Slots
from flyball.sim.slots import (
    MOST,
    Course,
    Inside,
    Peer,
    Plant,
    Ranging,
    Run,
    Seen,
    arrive,
    cancel,
    draw_leads,
    find_changes,
    in_slots,
    run,
)

MICROSECOND = timedelta(microseconds=1)


def carry_out(course: Course, plant: Plant, peer: Peer | Ranging) -> Run:
    """Let anybody order: a count, or a range.

    Raises:
        ValueError: As for run and run_ranged.
    """
    return (
        run_ranged(course, plant, peer) if isinstance(peer, Ranging) else run(course, plant, peer)
    )


def begin_range(plant: Plant, max_capacity: int = MOST) -> ServiceSettings:
    """Give a plant's service, with the plant's bounds as its range at first, or less of them."""
    floor = max(plant.min_capacity, plant.service.least)
    ceiling = max(floor, 1, min(max_capacity, plant.max_capacity))
    return plant.service._replace(floor=floor, ceiling=ceiling)


def run_ranged(course: Course, plant: Plant, peer: Ranging) -> Run:
    """Let somebody set a range, slot by slot, and a service pick inside it.

    Raises:
        ValueError: The range is empty, below what the service takes, or too high.
    """
    delay = in_slots(plant.metric_delay, course.slot)
    each, now, loads = course.capacity_per_instance, course.start, course.loads()
    taken = CapacityRange(peer.service.floor, peer.service.ceiling)
    inside = _Inside(course, plant, peer.service)
    ranges: list[CapacityRange] = []
    began: list[int] = []
    for index, demand in enumerate(course.demand):
        if not (peer.service.least <= taken.floor <= taken.ceiling <= MOST and taken.ceiling):
            asked = f"{taken.floor}-{taken.ceiling}"
            raise ValueError(f"the range {asked} was set at {now}; no service takes it")
        inside.set_range(taken)
        ranges.append(taken)
        began.append(inside.live(demand))
        now += course.slot
        shown = index - delay
        seen = Seen(now, None, 0.0, 0, inside.ready, taken.floor, taken.ceiling, inside.count, 0.0)
        if shown >= 0:
            seen = seen._replace(
                load=loads[shown],
                waiting=inside.waits[shown] / each,
                measured=began[shown],
                left=inside.left[shown] / each,
            )
        taken = peer.decide(seen)
    slots = Slots(
        course.slot,
        [each] * len(began),
        course.demand,
        inside.served,
        inside.billed,
        inside.waits,
        inside.left,
        find_changes(inside.counts),
        inside.dropped,
    )
    ceilings = tuple(taken.ceiling for taken in ranges)
    found = Inside(ceilings, tuple(inside.counts), inside.picks)
    return Run(course, plant, tuple(taken.floor for taken in ranges), slots, found)


class _Inside:
    """An endpoint with a service, in steps that slots and the service's ticks are made of.

    Attributes:
        ready: Instances in service.
        count: With those that are on their way.
        picks: How often the service has chosen another count.
        waits: By the slot: backlog when it began, requests.
        left: Backlog when it ended.
        dropped: Requests that were turned away.
        billed: Instances that are paid for, on average.
        served: Instances in service, on average.
        counts: As count, at its end.
    """

    def __init__(self, course: Course, plant: Plant, service: ServiceSettings) -> None:
        step = math.gcd(course.slot // MICROSECOND, TICK // MICROSECOND) * MICROSECOND
        self._steps = course.slot // step
        self._ticks = TICK // step
        self._able = course.capacity_per_instance / self._steps
        self._leads = [lead * self._steps for lead in draw_leads(plant, course)]
        self._drops = bool(service.initial)
        self._picker = Picker(service)
        self._range = CapacityRange(service.floor, service.ceiling)
        self._starting: list[list[int]] = []  # [in service from, instances], by the order
        self._step = 0
        self._done = self._could = self._backlog = 0.0
        self.ready = self.count = min(max(plant.first(course), service.floor), service.ceiling)
        self.picks = 0
        self.waits: list[float] = []
        self.left: list[float] = []
        self.dropped: list[float] = []
        self.billed: list[float] = []
        self.served: list[float] = []
        self.counts: list[int] = []

    def set_range(self, taken: CapacityRange) -> None:
        """Have a range from now on: what is outside of it comes, or goes."""
        self._range = taken
        self._have(self.count)

    def live(self, demand: float | None) -> int:
        """Let a slot pass, with the ticks in it and that at its end; give who served at first."""
        self.waits.append(self._backlog)
        arriving = (demand or 0.0) / self._steps
        began, billed, served, dropped = -1, 0, 0, 0.0
        for _ in range(self._steps):
            if self._starting:
                self.ready += arrive(self._starting, self._step)
            began = self.ready if began < 0 else began
            billed += self.count
            served += self.ready
            self._counted = self.count
            dropped += self._serve(arriving)
            self._step += 1
            if not self._step % self._ticks:
                self._look(demand)
        self.left.append(self._backlog)
        self.dropped.append(dropped)
        self.billed.append(billed / self._steps)
        self.served.append(served / self._steps)
        self.counts.append(self._counted)
        return began

    def _serve(self, arriving: float) -> float:
        """Do a step's work; say how many requests were turned away."""
        work, able = self._backlog + arriving, self.ready * self._able
        self._could += able
        self._done += min(work, able)
        if not self.ready and self._drops:
            self._backlog = 0.0
            return work
        self._backlog = max(0.0, work - able)
        return 0.0

    def _look(self, demand: float | None) -> None:
        """Let the service weigh the 15 seconds that have just ended."""
        busy = self._done / self._could if self._could else 0.0
        self._done = self._could = 0.0
        if demand is None:
            wanted = self._picker.rest()
        else:
            wanted = self._picker.look(self.ready, busy, called=demand > 0)
        before = self.count
        if wanted is not None:
            self._have(wanted)
        self.picks += self.count != before

    def _have(self, wanted: int) -> None:
        """Have so many instances, as far as the range goes."""
        count = min(max(wanted, self._range.floor), self._range.ceiling)
        if count > self.count:
            slot = min(self._step // self._steps, len(self._leads) - 1)
            self._starting.append([self._step + self._leads[slot], count - self.count])
        elif count < self.count:
            self.ready -= cancel(self._starting, self.count - count)
        self.count = count
