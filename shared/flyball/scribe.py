"""How does what was decided, and what a target remembers, become text, and text what it was?

What this process wrote itself it need not read again: a warm function, or a simulation, parses a
history once, and then only what somebody else has written meanwhile.
"""

from __future__ import annotations

from flyball.core.codec import canonical, encode
from flyball.core.model import Decision, History, Observation
from flyball.core.record import DecisionRecord
from flyball.core.relearn import abridge
from flyball.core.remember import Noticed
from flyball.ports import Claim
from flyball.recall import read_history
from flyball.wake import Held

KEPT_LIMIT = 16 * 1024 * 1024
"""Characters of histories kept, so that a long-lived function does not grow."""


class Scribe:
    """Writes canonical JSON.

    Attributes:
        writes: Whether what policies have learned becomes text; else no row and no item has it.
    """

    writes = True

    def __init__(self) -> None:
        self._kept: dict[str, tuple[str, History]] = {}
        self._length = 0

    def write_decision(
        self,
        engine: str,
        held: Held,
        observation: Observation,
        history: History,
        noticed: tuple[Noticed, ...],
        decision: Decision,
    ) -> str:
        """Write a decision row's body; see DecisionRecord."""
        config_hash, trigger = held.claim.config_hash, encode(held.trigger)
        told = abridge(held.history.policies, history)
        record = (engine, config_hash, trigger, observation, told, noticed, decision)
        return canonical(DecisionRecord(*record))

    def write_history(self, scalable_target_id: str, history: History) -> str:
        """Write what a target remembers; the history itself must never be changed in place."""
        text = canonical(history)
        before = self._kept.get(scalable_target_id, ("", history))[0]
        self._length += len(text) - len(before)
        if self._length > KEPT_LIMIT:
            self._kept.clear()
            self._length = len(text)
        self._kept[scalable_target_id] = (text, history)
        return text

    def read_history(self, claim: Claim) -> History:
        """Read what a claim's target remembers.

        Raises:
            ValueError: It cannot be read; the message has the remedy.
        """
        kept = self._kept.get(claim.scalable_target_id)
        if kept is not None and kept[0] == claim.history:
            return kept[1]
        return read_history(claim)
