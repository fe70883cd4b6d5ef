"""When may the next call be sent, so that no second has more of them than a hard limit?"""

from __future__ import annotations

from collections import deque


class Pace:
    """Calls that were booked, of the last second.

    They may come as they like within it: only who really sends as many as are allowed is held back.
    """

    def __init__(self, rate: float) -> None:
        """Begin with none.

        Args:
            rate: Most calls in any second, > 0; below 1, one call in so long as that takes.
        """
        self._span_s = 1.0 if rate >= 1.0 else 1.0 / rate
        self._booked: deque[float] = deque(maxlen=max(1, int(rate)))

    def book(self, now: float) -> float:
        """Say when the next call may be sent, and count it.

        Args:
            now: Seconds of a clock that never goes back.

        Returns:
            The same clock's seconds, `now` or later.
        """
        at = now
        if len(self._booked) == self._booked.maxlen:
            at = max(now, self._booked[0] + self._span_s)
        self._booked.append(at)
        return at
