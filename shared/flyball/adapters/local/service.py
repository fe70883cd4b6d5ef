"""How many instances does a simulated endpoint's own service have, inside the range that is set?

As Vertex AI's autoscaler: every 15 seconds it works out what the utilization of those in service
asks for, by GPU or CPU, whichever asks for more, and goes by the highest answer of the last five
minutes. At zero it comes back, with so many as it is told, once somebody has called in vain. What
it picks is an order in the endpoint's log. An instant's answer follows from the load and the log
alone, so another process that watches the same endpoint picks the same.

Source: Vertex AI documentation, "Scale inference nodes by using autoscaling".
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from flyball.adapters.local.endpoint import LocalEndpoints
from flyball.adapters.local.load import MINUTE, Load
from flyball.adapters.local.timeline import ServiceSettings

TICK = timedelta(seconds=15)
"""Between two looks."""
WINDOW = timedelta(minutes=5)
"""The highest answer of so long counts; so nothing is taken away sooner."""
KEPT = WINDOW // TICK
ROUNDING = 1e-9
"""Relative slack of a ceiling, for the last bit."""

Backlog = Callable[[str, datetime], float]
"""Requests that wait at an endpoint when a minute begins."""


class Service:
    """The services of simulated endpoints that take a range."""

    def __init__(
        self, endpoints: LocalEndpoints, loads: Mapping[str, Load], backlog: Backlog
    ) -> None:
        """Serve endpoints.

        Args:
            endpoints: Those of them that take a range are scaled.
            loads: What reaches them, by the endpoint's name.
            backlog: Asked only of minutes up to which the service has picked already.
        """
        self._endpoints = endpoints
        self._loads = loads
        self._backlog = backlog
        self._next: dict[str, datetime] = {}
        self._pickers: dict[str, Picker] = {}

    def advance(self, name: str, until: datetime) -> None:
        """Look, and pick, at every tick up to an instant; an endpoint of one number is left alone.

        Raises:
            sqlite3.Error: The endpoints' file cannot be read or written.
        """
        load = self._loads.get(name)
        settings = None if load is None else self._endpoints.settings(name)
        if load is None or settings is None or settings.service is None:
            return
        at = self._next.get(name, load.start + TICK)
        while at <= until:
            self._next[name] = at + TICK
            self._look(name, load, settings.service, at)
            at += TICK

    def _look(self, name: str, load: Load, settings: ServiceSettings, at: datetime) -> None:
        """Weigh the 15 seconds that have just ended, and pick."""
        began = at - TICK
        picker = self._pickers.get(name)
        if picker is None:
            picker = self._pickers[name] = Picker(settings)
        state = self._endpoints.state(name, began)
        minute = load.start + (began - load.start) // MINUTE * MINUTE
        requests = load.demand(minute)
        if state is None or requests is None:
            picked = picker.rest()
        else:
            waiting = self._backlog(name, minute)
            able = state.ready * load.capacity_per_instance
            busy = min(1.0, (requests + waiting) / able) if able else 0.0
            picked = picker.look(state.ready, busy, called=requests > 0)
        if picked is not None:
            self._endpoints.pick(name, picked, at)


class Picker:
    """What one endpoint's service remembers of its looks, and what it goes by."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings
        self._tick = 0
        self._largest: deque[tuple[int, int]] = deque()  # (tick, wanted), falling

    def look(self, ready: int, busy_ratio: float, *, called: bool) -> int:
        """Take what a tick's utilization asks for; give the highest answer of the window.

        Args:
            ready: Instances in service.
            busy_ratio: As for want.
            called: Somebody calls, in vain where nobody serves.

        Returns:
            Instances, of whatever range.
        """
        initial = not ready and called
        wanted = self._settings.initial if initial else want(self._settings, ready, busy_ratio)
        self._tick += 1
        largest = self._largest
        while largest and largest[-1][1] <= wanted:
            largest.pop()
        largest.append((self._tick, wanted))
        if largest[0][0] <= self._tick - KEPT:
            largest.popleft()
        return largest[0][1]

    def rest(self) -> int | None:
        """Let a tick pass of which nothing is known; None: neither is of any in the window."""
        self._tick += 1
        largest = self._largest
        if largest and largest[0][0] <= self._tick - KEPT:
            largest.popleft()
        return largest[0][1] if largest else None


def want(settings: ServiceSettings, ready: int, busy_ratio: float) -> int:
    """Say what the utilization asks for: ceil(in service × utilization ÷ target).

    Args:
        settings: The service's.
        ready: Instances in service.
        busy_ratio: Share of what these can do that is done, 0-1; never more, as no device is
            utilized by more than 100 %.

    Returns:
        Instances, by GPU or CPU, whichever asks for more.
    """
    busy = [busy_ratio * settings.cpu_full / settings.cpu_target]
    if settings.gpu_target is not None:
        busy.append(busy_ratio * 100 / settings.gpu_target)
    return max(math.ceil(ready * each * (1 - ROUNDING)) for each in busy)
