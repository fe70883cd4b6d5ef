"""How do calls stay below a service's rate, without finding out by being refused?

Source: Amazon CloudWatch User Guide, "CloudWatch service quotas".
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

RATES: Mapping[str, float] = {"PutMetricAlarm": 3.0, "DescribeAlarms": 9.0, "DeleteAlarms": 3.0}
"""Calls a second, in one account and region."""


class Pace:
    """Lets calls go one by one, evenly; thread safe.

    Args:
        rates: Calls a second, by the call's name.
        clock: Seconds that only go on.
        sleep: Waits for seconds.
    """

    def __init__(
        self,
        rates: Mapping[str, float] = RATES,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._rates = rates
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._free_at: dict[str, float] = {}

    def wait(self, call: str) -> None:
        """Wait until it is this call's turn."""
        with self._lock:
            now = self._clock()
            turn = max(now, self._free_at.get(call, now))
            self._free_at[call] = turn + 1 / self._rates[call]
        if turn > now:
            self._sleep(turn - now)

    def paced(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """Give a call that waits for its turn."""

        def paced(**given: Any) -> Any:  # noqa: ANN401  (the SDK's)
            self.wait(name)
            return call(**given)

        return paced
