"""Is an endpoint's past asked for once, and is what is kept the same as what was pulled?"""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flyball.busy import Load, LoadSource
from flyball.history import HistoryError, ThrottledError
from flyball.recipe import Span
from flyball.sizing.kept import pull_loads

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
T0 = datetime(2026, 11, 18, tzinfo=UTC)
SPAN = Span(T0, T0 + 2 * DAY + 30 * MINUTE, MINUTE)


@dataclass
class Remembered:
    """A service that remembers a request at the beginning of each part.

    Attributes:
        place: Of the account.
        asked: Parts that it was asked for.
        throttled: So many calls are refused at first.
        quiet: Nothing came.
        falls_at: It is not reached for this part.
    """

    place: str = "here"
    asked: list[Span] = field(default_factory=list)
    throttled: int = 0
    quiet: bool = False
    falls_at: int = -1

    def find_place(self, known: MutableMapping[str, str]) -> str:
        """Say where."""
        known.setdefault("key", self.place)
        return known["key"]

    def find_type(self, endpoint: str, variant: str) -> str:
        """Say which."""
        return f"ml.{endpoint}.{variant}"

    def pull_loads(self, endpoint: str, variant: str, span: Span) -> Sequence[Load]:
        """Ask."""
        assert (endpoint, variant) == ("a/b", "blue")
        if self.throttled:
            self.throttled -= 1
            raise ThrottledError("too often")
        if len(self.asked) == self.falls_at:
            raise HistoryError("gone")
        self.asked.append(span)
        full = Load(span.start, MINUTE, 600.0, 1.0, 1.0, {0.95: 12.5}, {"cpu": 150.0})
        bare = Load(span.end - MINUTE, MINUTE, 3.0, 0.0, None, {}, {})
        return [] if self.quiet else [full, bare]


def pull(
    source: LoadSource, cache: Path, *, refresh: bool = False, span: Span = SPAN
) -> tuple[tuple[Load, ...], list[float]]:
    """Pull, and say for how long was waited."""
    rests: list[float] = []
    found = pull_loads(source, "a/b", "blue", span, cache, rests.append, refresh=refresh)
    return found, rests


def test_what_is_kept_is_not_asked_for_again(tmp_path: Path) -> None:
    """It is the same to the last field; a window that moves on asks for what is new."""
    source = Remembered()
    first, _ = pull(source, tmp_path)
    assert len(first) == 6
    assert len(source.asked) == 3
    assert pull(source, tmp_path)[0] == first
    assert len(source.asked) == 3
    pull(source, tmp_path, span=SPAN._replace(end=T0 + 3 * DAY))
    assert source.asked[3:] == [Span(T0 + 2 * DAY, T0 + 3 * DAY, MINUTE)]
    pull(source, tmp_path, refresh=True)
    assert len(source.asked) == 7


def test_a_pull_that_was_interrupted_goes_on(tmp_path: Path) -> None:
    """Each part is there whole, or not at all."""
    source = Remembered(falls_at=2)
    with pytest.raises(HistoryError, match="gone"):
        pull(source, tmp_path)
    source.falls_at = -1
    pull(source, tmp_path)
    assert [each.start for each in source.asked] == [T0, T0 + DAY, T0 + 2 * DAY]
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}{",
        "7",
        '[["x"]]',
        '[["2020-01-01T00:00:00+00:00", 60, 1, 0, null, {}, {}]]',
        '[["2026-11-18T00:00:00+00:00", 60, 1, 0, null, [], {}]]',
        "[[1, 2, 3, 4, 5, 6, 7]]",
    ],
)
def test_a_part_that_is_not_what_was_written_is_asked_for_again(tmp_path: Path, text: str) -> None:
    """A torn file, or another one."""
    source = Remembered()
    found, _ = pull(source, tmp_path)
    for path in tmp_path.rglob("*-60s.json"):
        path.write_text(text)
    assert pull(source, tmp_path)[0] == found
    assert len(source.asked) == 6


def test_who_is_asked_too_often_is_asked_again_later(tmp_path: Path) -> None:
    """Up to three times; then it is told."""
    assert pull(Remembered(throttled=3), tmp_path)[1] == [5.0, 15.0, 40.0]
    with pytest.raises(ThrottledError):
        pull(Remembered(throttled=4), tmp_path, refresh=True)


def test_a_window_without_a_request_says_so(tmp_path: Path) -> None:
    """It is no benchmark."""
    with pytest.raises(HistoryError, match="a/b/blue: no request from 2026-11-18 00:00 to"):
        pull(Remembered(quiet=True), tmp_path)


def test_another_account_has_a_folder_of_its_own(tmp_path: Path) -> None:
    """Also where the file that remembers accounts is torn."""
    pull(Remembered(), tmp_path)
    places = tmp_path / "load" / "places.json"
    for text in ("[]", "{"):
        places.write_text(text)
        other = Remembered(place=f"there {text}")
        pull(other, tmp_path)
        assert len(other.asked) == 3
    assert len(list((tmp_path / "load").glob("a-b-*"))) == 3
