"""What would be ordered by the windows that somebody has written, and nothing else?"""

from __future__ import annotations

from collections.abc import Sequence

from flyball.core.window import Window, combine
from flyball.sim.peers.tick import Bounds
from flyball.sim.slots import Seen


class Windows:
    """The floor of the active windows; the least where there is none.

    A window's ceiling lowers nothing here but its own floor: there is no policy besides that would
    ask for more.
    """

    def __init__(self, windows: Sequence[Window], bounds: Bounds) -> None:
        self._windows = tuple(windows)
        self._bounds = bounds

    def decide(self, seen: Seen) -> int:
        """Say how many instances to have."""
        floor = combine(self._windows, seen.now).floor
        return self._bounds.clamp(self._bounds.least if floor is None else floor)
