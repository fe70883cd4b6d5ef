"""How long do the calls of one look, or of one change, take together, and who is not asked again?

What did not answer is not waited for by every scalable target that needs it. For a moment, the same
resource is taken to be silent; and where two are, and nobody has answered since they were asked, so
is the service in that place: then the time is left to the others. One resource that hangs among
others that answer is its own trouble.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from flyball.adapters.gcp.session import LATE, UNREACHABLE, WITHIN_S, CallError, Session
from flyball.core.shape import NamedTuple

SILENT_FOR = timedelta(seconds=30)
"""So long after it did not answer, nobody is asked again: a wake of many takes a minute."""
SLOW_S = 1.0
"""A call that failed sooner kept nobody waiting, and is made again by the next."""
OUTAGE = 2
"""So many silent resources, with no answer of any other, are a silent place."""


class _Silence(NamedTuple):
    at: datetime
    asked_s: float
    clock_s: float
    error: CallError


class _Place:
    """A service in one region: who of it is silent, by resource, and when it last answered."""

    def __init__(self) -> None:
        self.silent: dict[str, _Silence] = {}
        self.answered_s = float("-inf")


class Silences:
    """Who did not answer a moment ago. Thread safe.

    Args:
        clock: Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._places: dict[tuple[str, str], _Place] = {}

    def note(
        self,
        service: str,
        location: str,
        path: str,
        error: CallError,
        now: datetime,
        asked_s: float,
    ) -> None:
        """Note that a resource did not answer, and when by the clock it was asked."""
        with self._lock:
            place = self._places.setdefault((service, location), _Place())
            place.silent = {
                name: each for name, each in place.silent.items() if self._is_new(each, now)
            }
            place.silent[_name_resource(path)] = _Silence(now, asked_s, self._clock(), error)

    def note_answer(self, service: str, location: str) -> None:
        """Note that somebody answered, with whatever."""
        with self._lock:
            self._places.setdefault((service, location), _Place()).answered_s = self._clock()

    def find(self, service: str, location: str, path: str, now: datetime) -> CallError | None:
        """Give the error of what did not answer a moment ago, by either clock."""
        with self._lock:
            place = self._places.get((service, location))
            if place is None or not place.silent:
                return None
            silent = {name: each for name, each in place.silent.items() if self._is_new(each, now)}
            own = silent.get(_name_resource(path))
            if own is not None:
                return own.error
            alone = [each for each in silent.values() if each.asked_s > place.answered_s]
            return alone[-1].error if len(alone) >= OUTAGE else None

    def _is_new(self, silence: _Silence, now: datetime) -> bool:
        is_recent = self._clock() - silence.clock_s < SILENT_FOR.total_seconds()
        return is_recent and abs(now - silence.at) < SILENT_FOR


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
        silence = self._silences.find(service, location, path, self._now)
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
            answer = self._asked.call(
                service, path, body, within_s=within_s, left_s=self._left_s, **how
            )
        except CallError as error:
            if error.code:
                self._silences.note_answer(service, location)
            elif error.status == UNREACHABLE and self._asked.clock() - began >= SLOW_S:
                self._silences.note(service, location, path, error, self._now, began)
            raise
        self._silences.note_answer(service, location)
        return answer


def _name_resource(path: str) -> str:
    """Name what a path is of, whatever is asked of it: an endpoint, also of its operations."""
    whole, _, last = path.partition("/operations")[0].rpartition("/")
    return f"{whole}/{last.partition(':')[0]}"
