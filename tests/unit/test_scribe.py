"""Is what was written read back as it was, parsed again only where somebody else wrote it?"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from flyball.core.chain import GENESIS
from flyball.core.codec import canonical, parse
from flyball.core.model import Change, History
from flyball.ports import Claim
from flyball.scribe import KEPT_LIMIT, Scribe

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HISTORY = History(desired=3, changes=(Change(NOON, 2, 3, ("p",)),), missing_since={"m": NOON})


def claim(name: str, history: str) -> Claim:
    """Make a claim of a target that remembers this."""
    return Claim(name, "token", NOON, 1, "{}", "", history, None, "{}", None, 0, GENESIS)


def test_what_was_just_written_is_not_parsed_again() -> None:
    """The claim holds the text that was written: it is the very history."""
    scribe = Scribe()
    text = scribe.write_history("a", HISTORY)
    assert text == canonical(HISTORY)
    assert scribe.read_history(claim("a", text)) is HISTORY
    assert parse(History, text) == HISTORY


@pytest.mark.parametrize("name", ["a", "b"], ids=["the same target", "another"])
def test_what_somebody_else_wrote_is_read(name: str) -> None:
    """Another text, or a target that was not written here, is parsed."""
    scribe = Scribe()
    scribe.write_history("a", HISTORY)
    assert scribe.read_history(claim(name, '{"desired":7}')) == History(desired=7)


def test_what_cannot_be_read_says_so() -> None:
    """The message has the remedy."""
    with pytest.raises(ValueError, match="a: the ledger's history cannot be read"):
        Scribe().read_history(claim("a", "{"))


def test_no_more_is_kept_than_there_is_room_for() -> None:
    """A process that serves many targets forgets, and reads again."""
    scribe = Scribe()
    long = History(settled="x" * (KEPT_LIMIT // 2 + 1))
    first, second = scribe.write_history("a", long), scribe.write_history("b", long)
    assert scribe.read_history(claim("b", second)) is long
    again = scribe.read_history(claim("a", first))
    assert again == long
    assert again is not long


def test_a_target_that_is_written_again_takes_no_more_room() -> None:
    """Only its newest history counts."""
    scribe = Scribe()
    long = History(settled="x" * (KEPT_LIMIT // 3))
    kept = scribe.write_history("kept", HISTORY)
    for _ in range(5):
        scribe.write_history("a", long)
    assert scribe.read_history(claim("kept", kept)) is HISTORY
