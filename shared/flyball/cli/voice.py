"""What does a run say, line by line, while it goes on?"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from flyball.cli import screen
from flyball.cli.failure import complain
from flyball.core.codec import encode
from flyball.core.model import Action
from flyball.core.remember import Notice
from flyball.core.target import ScalableTarget
from flyball.ports import LedgerError, OutcomeKind
from flyball.report.figures import counted
from flyball.report.noticed import tell_noticed
from flyball.report.plain import plain
from flyball.report.sentences import tell_number, tell_outcome
from flyball.wake import Wake, WakeKind

QUIET = frozenset({WakeKind.DUPLICATE, WakeKind.NOT_DUE, WakeKind.QUIET})
"""Nothing happened, and that is as it should be."""
WORDS = {
    WakeKind.UNKNOWN_TARGET: "is not registered",
    WakeKind.LEASE_LOST: "another run took over; nothing was applied twice",
    WakeKind.UNRESOLVED: "not known whether it landed; the next wake asks the provider",
    WakeKind.TAKEN: "its answer was lost, and the provider is at it; the next wake follows it",
    WakeKind.FAILED: "the wake failed; it is tried again",
}


class Voice:
    """Says what comes of wakes, and what is wrong only once while it lasts.

    Attributes:
        failures: Wakes and looks that failed.
    """

    def __init__(
        self, scalable_targets: Sequence[ScalableTarget], *, quiet: bool, json: bool
    ) -> None:
        self.failures = 0
        self._targets = {each.id: each for each in scalable_targets}
        self._quiet = quiet
        self._json = json
        self._decisions = 0
        self._changes = 0
        self._said: dict[str, str] = {}

    def say_hello(self, ledger: Path, registered: Iterable[str]) -> None:
        """Say what is looked at, and what is left alone."""
        what = counted(len(self._targets), "scalable target")
        self._note(f"{what} on {plain(str(ledger))}; Ctrl-C stops")
        strangers = [each for each in registered if each not in self._targets]
        if strangers:
            some = ", ".join(map(plain, strangers[:5])) + (" …" if strangers[5:] else "")
            self._note(f"not in this config, so left alone: {some}")

    def say_goodbye(self) -> None:
        """Say what was done."""
        done = f"{counted(self._decisions, 'decision')}, {counted(self._changes, 'change')}"
        self._note(f"stopped; {done}")

    def attempt(self, turn: Callable[[], None], *, gives_up: bool) -> None:
        """Look once; a ledger that cannot be used now is tried again at the next look.

        Raises:
            LedgerError: It cannot, and there is no next look.
        """
        try:
            turn()
        except LedgerError as error:
            self.failures += 1
            if gives_up:
                raise
            self._complain_once("", str(error))
        else:
            self._said.pop("", None)
        sys.stdout.flush()

    def tell(self, wake: Wake) -> None:
        """Say what one wake came to."""
        if wake.kind is WakeKind.DECIDED:
            self._said.pop(wake.scalable_target_id, None)
            self._tell_decided(wake)
        elif wake.kind is WakeKind.TURNED_AWAY:
            self._complain_once(
                "another run", "another run is at work on this ledger; each wake is done once"
            )
        elif wake.kind not in QUIET:
            self.failures += wake.kind is WakeKind.FAILED
            detail = f": {wake.detail}" if wake.detail else ""
            text = f"{wake.scalable_target_id}: {WORDS[wake.kind]}{detail}"
            self._complain_once(wake.scalable_target_id, text)

    def _tell_decided(self, wake: Wake) -> None:
        decision = wake.decision
        if decision is None:
            return
        applied = wake.outcome is not None and wake.outcome.kind is OutcomeKind.APPLIED
        self._decisions += 1
        self._changes += applied
        if self._quiet and decision.action is Action.HOLD:
            return
        if self._json:
            screen.say_json(as_json(wake), lines=True)
        else:
            time, name = f"{decision.at:%H:%M:%S}", plain(wake.scalable_target_id)
            screen.say(f"{time} {name}: {tell_wake(wake, self._targets.get(decision[0]))}")

    def _complain_once(self, key: str, text: str) -> None:
        if self._said.get(key) != text:
            self._said[key] = text
            complain(plain(text, 2_000))

    def _note(self, text: str) -> None:
        complain(text)


def tell_wake(wake: Wake, target: ScalableTarget | None) -> str:
    """Say a wake's decision on one line: what, why, what limited it, and an answer but yes."""
    decision = wake.decision
    if decision is None:
        return plain(wake.detail)
    parts = tell_number(decision, target)
    parts += [tell_noticed(each) for each in wake.noticed if each.notice is not Notice.COMPLETED]
    if wake.outcome is not None and wake.outcome.kind is not OutcomeKind.APPLIED:
        parts.append(tell_outcome(wake.outcome))
    return ". ".join(parts)


def as_json(wake: Wake) -> dict[str, Any]:
    """Turn a wake into JSON material."""
    return {
        "row": wake.row_id,
        "scalable_target_id": wake.scalable_target_id,
        "kind": wake.kind.value,
        "decision": None if wake.decision is None else encode(wake.decision),
        "outcome": None if wake.outcome is None else encode(wake.outcome),
        "noticed": encode(wake.noticed),
    }
