"""What time is it in a simulated cloud, where an hour may pass in a microsecond?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class JumpingClock:
    """A clock that stands still until it is moved, and only ever moves forward.

    The system's clock lives in wiring; both are a `Clock` of ports.
    """

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError(f"start: got {start.isoformat()}, expected an aware instant")
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """Return the instant to which it was last moved, aware UTC."""
        return self._now

    def jump(self, to: datetime) -> None:
        """Move to an instant at or after the present one.

        Raises:
            ValueError: `to` is before the present instant.
        """
        if to < self._now:
            raise ValueError(f"to: got {to.isoformat()}, expected {self._now.isoformat()} or later")
        self._now = to.astimezone(UTC)

    def advance(self, by: timedelta) -> datetime:
        """Move forward by a duration of 0 or more and return the new instant."""
        self.jump(self._now + by)
        return self._now
