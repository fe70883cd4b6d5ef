"""How far is a search, whose rounds may need fewer runs than there could be?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from flyball.cli.cores import STEPS

if TYPE_CHECKING:
    from flyball.sim.tune import Asked, Rules


class Bar:
    """How far it is: a run that was not needed counts as done when its round has ended.

    What is run after the last round, for what was chosen, counts as one round more.

    Attributes:
        steps: All that there may be.
        advance: Told how many more are done.
    """

    def __init__(self, asked: Sequence[Asked], rules: Rules) -> None:
        from flyball.sim.tune import split

        self.advance: Callable[[int], None] = lambda _: None
        searches = sum(1 + len(split(each.subject, rules.folds)) for each in asked)
        self._peers = sum(len(each.peers) for each in asked) * STEPS
        self._round = searches * rules.batch * STEPS
        self._told = self._rounds = 0
        self.steps = self._peers + (rules.rounds + 1) * self._round

    def tell(self, steps: int) -> None:
        """Take steps that are done; there are never more than all."""
        steps = min(steps, self.steps - self._told)
        self._told += steps
        self.advance(steps)

    def end_round(self) -> None:
        """Take what is left of a round."""
        self._rounds += 1
        self.tell(max(0, self._peers + self._rounds * self._round - self._told))
