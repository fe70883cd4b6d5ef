"""How long do the calls of one look, or of one change, take together, and who is not asked again?

What did not answer is not waited for by every scalable target that needs it: for a moment, the same
service in the same place is taken to be silent, so that the time is left to the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from flyball.adapters.gcp.session import LATE, UNREACHABLE, WITHIN_S, CallError, Session

SILENT_FOR = timedelta(seconds=30)
"""So long after it did not answer, a service is not asked again: a wake of many takes a minute."""


SLOW_S = 1.0
"""A call that failed sooner kept nobody waiting, and is made again by the next."""


class _Silence(NamedTuple):
    at: datetime
    clock_s: float
    error: CallError


class Silences:
    """Which services did not answer a moment ago, by their place. Thread safe.

    Args:
        clock: Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._found: dict[tuple[str, str], _Silence] = {}

    def note(self, service: str, location: str, error: CallError, now: datetime) -> None:
        """Note that a service did not answer."""
        self._found[service, location] = _Silence(now, self._clock(), error)

    def find(self, service: str, location: str, now: datetime) -> CallError | None:
        """Give the error of a service that did not answer a moment ago, by either clock."""
        found = self._found.get((service, location))
        if found is None or abs(now - found.at) >= SILENT_FOR:
            return None
        is_old = self._clock() - found.clock_s >= SILENT_FOR.total_seconds()
        return None if is_old else found.error


class Patience(Session):
    """A session whose calls have so many seconds together. One look, or one change, has one.

    Args:
        session: By which is asked.
        within_s: Seconds for all calls.
        silences: Who is not asked.
        now: Aware UTC.
        left_s: As Session.call's, of each call.
    """

    def __init__(
        self,
        session: Session,
        within_s: float,
        silences: Silences,
        now: datetime,
        left_s: Callable[[], float] | None = None,
    ) -> None:
        super().__init__()
        self._asked = session
        self._ends = session.clock() + within_s
        self._silences = silences
        self._now = now
        self._left_s = left_s

    def call(
        self,
        service: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        **how: Any,  # noqa: ANN401  (as Session's)
    ) -> Any:  # noqa: ANN401  (as Session's)
        """Call a method of a service, within what is left of the time.

        Raises:
            CallError: As Session's; or there is no time left, or it did not answer a moment ago.
        """
        location = str(how.get("location", ""))
        silence = self._silences.find(service, location, self._now)
        if silence is not None:
            self._asked.lost += 1
            told = f"it did not answer a moment ago ({silence.message})"
            is_read = how.get("method") == "GET"
            raise CallError(
                0, UNREACHABLE, told, passes=silence.passes, doubtful=is_read and silence.doubtful
            )
        left_s = self._ends - self._asked.clock()
        if left_s <= 0:
            self._asked.lost += 1
            raise CallError(0, LATE, "the other calls took all the time", passes=True)
        within_s, began = min(how.pop("within_s", WITHIN_S), left_s), self._asked.clock()
        try:
            return self._asked.call(
                service, path, body, within_s=within_s, left_s=self._left_s, **how
            )
        except CallError as error:
            if error.status == UNREACHABLE and self._asked.clock() - began >= SLOW_S:
                self._silences.note(service, location, error, self._now)
            raise
