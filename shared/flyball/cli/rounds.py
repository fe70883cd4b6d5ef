"""How far is a search, whose rounds may need fewer runs than there could be?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flyball.cli.cores import STEPS

if TYPE_CHECKING:
    from flyball.sim.tune import Rules


class Bar:
    """How far it is: a run that was not needed counts as done when its round has ended."""

    def __init__(self, peers: int, searches: int) -> None:
        from flyball.sim.tune.search import BATCH

        self.advance: Callable[[int], None] = lambda _: None
        self._peers = peers * STEPS
        self._round = searches * BATCH * STEPS
        self._told = self._rounds = 0

    def count(self, rules: Rules) -> int:
        """Count all steps there may be."""
        return self._peers + rules.rounds * self._round

    def tell(self, steps: int) -> None:
        """Take steps that are done."""
        self._told += steps
        self.advance(steps)

    def end_round(self) -> None:
        """Take what is left of a round."""
        self._rounds += 1
        self.tell(max(0, self._peers + self._rounds * self._round - self._told))
