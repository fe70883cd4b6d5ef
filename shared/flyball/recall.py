"""What does a claim hold: whose scalable target is it, and what does it remember?"""

from __future__ import annotations

from flyball.core.codec import parse
from flyball.core.forward import parse_known
from flyball.core.model import History
from flyball.core.target import ScalableTarget
from flyball.ports import Claim

WHOLE = frozenset({"pauses"})
"""What a human said is read whole or not at all: a later version's pause may say more."""
CONFIGS_LIMIT = 4_096
"""Compiled configs kept, so that a long-lived function does not grow."""


class Recall:
    """Builds each scalable target once a config."""

    def __init__(self) -> None:
        self.configs: dict[str, ScalableTarget] = {}

    def target(self, claim: Claim) -> ScalableTarget:
        """Build the claim's scalable target.

        Raises:
            ValueError: The config cannot be read; the message has the remedy.
        """
        found = self.configs.get(claim.config_hash)
        if found is None:
            try:
                found = parse(ScalableTarget, claim.config)
            except ValueError as error:
                message = (
                    f"{claim.scalable_target_id}: the ledger's config cannot be read: {error}; "
                    "register the config again"
                )
                raise ValueError(message) from error
            if len(self.configs) >= CONFIGS_LIMIT:
                self.configs.clear()
            self.configs[claim.config_hash] = found
        return found


def read_history(claim: Claim) -> History:
    """Read what the target remembers; what a later version added to it is forgotten.

    Raises:
        ValueError: It cannot be read; the message has the remedy.
    """
    try:
        return parse(History, claim.history)
    except (
        ValueError
    ):  # of a later version, if it is sound: few wakes pay for looking what is known
        return _read_known(claim)


def _read_known(claim: Claim) -> History:
    """Read what this version knows of a history."""
    try:
        return parse_known(History, claim.history, WHOLE)
    except ValueError as error:
        message = (
            f"{claim.scalable_target_id}: the ledger's history cannot be read: {error}; use the "
            "Flyball that wrote it, whose version the target's newest decision row has"
        )
        raise ValueError(message) from error
