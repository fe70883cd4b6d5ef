"""How do calls stay below a service's rate, and what is done where others use it up?

Source: Amazon CloudWatch User Guide, "CloudWatch service quotas".
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from flyball.adapters.aws.refusal import is_throttled

RATES: Mapping[str, float] = {"PutMetricAlarm": 2.5, "DescribeAlarms": 7.5, "DeleteAlarms": 2.5}
"""Calls a second: five sixths of an account's 3 and 9 in a region, as others call too."""
NAMES = 100
"""Most alarms that one DeleteAlarms takes."""
REFUSALS = 8
"""So many in a row end it: each halves the rate, so by then it has been tried for 100 seconds."""
RECOVERY = 1.1
"""By so much it goes faster again after each call that was not refused."""


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
        self._most = rates
        self._rates = dict(rates)
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
        """Give a call that waits for its turn, and that goes slower while it is throttled."""

        def paced(**given: Any) -> Any:  # noqa: ANN401  (the SDK's)
            refusals = 0
            while True:
                self.wait(name)
                try:
                    answer = call(**given)
                except Exception as error:
                    refusals += 1
                    if refusals == REFUSALS or not is_throttled(error):
                        raise
                    self._change_rate(name, 0.5)
                else:
                    self._change_rate(name, RECOVERY)
                    return answer

        return paced

    def _change_rate(self, call: str, by: float) -> None:
        """Go slower or faster from now on, never faster than at first."""
        with self._lock:
            self._rates[call] = min(self._most[call], self._rates[call] * by)
            if by < 1:
                self._free_at[call] = self._clock() + 1 / self._rates[call]
