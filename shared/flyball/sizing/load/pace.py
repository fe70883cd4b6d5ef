"""May a call be sent now, so that no second has more of them than a hard limit?"""

from __future__ import annotations

import math
from collections import deque


class Pace:
    """Calls that were sent, of the last second.

    They may come as they like within it: only who really sends as many as are allowed is held back.
    What counts is when a call was sent, and not when it was to be: who stalls, and then has many to
    send at once, is held back as well.
    """

    def __init__(self, rate: float) -> None:
        """Begin with none.

        Args:
            rate: Most calls in any second, > 0. Where it is not whole, so many are allowed as are
                next above it, in so much longer than a second: of 1.5, 2 in 4/3 s.
        """
        many = math.ceil(rate)
        self._span_s = many / rate
        self._sent: deque[float] = deque(maxlen=many)

    def find_wait(self, now: float, ahead: int = 0) -> float:
        """Say how long the next call has to wait.

        Args:
            now: Seconds of a clock that never goes back.
            ahead: Calls that will be sent before it, and are not counted yet.

        Returns:
            Seconds, at least; 0: it may be sent now; inf: one of those ahead has to be sent first.
        """
        assert self._sent.maxlen is not None  # noqa: S101  (it was given)
        first = len(self._sent) + ahead - self._sent.maxlen
        if first < 0:
            return 0.0
        if first >= len(self._sent):
            return math.inf
        return max(0.0, self._sent[first] + self._span_s - now)

    def count(self, now: float) -> None:
        """Count a call, that is sent now."""
        self._sent.append(now)
