"""Is what was pulled kept whole, found again, and asked for once?"""

from __future__ import annotations

import time
from collections.abc import MutableMapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock

import pytest

from flyball.core.target import ScalableTarget
from flyball.history import Count, HistoryError, Keep, ThrottledError
from flyball.recipe import Span
from flyball.sim.pulled import Pulled, plan_pulls, pull, split
from flyball.sim.trace import read_trace

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
WEEK = Span(MONDAY, MONDAY + 7 * DAY, MINUTE)
TARGET = ScalableTarget("a/chat bot", 1, 4)


class Memory:
    """A service that remembers two requests a minute, unless it is told otherwise."""

    name = "memory"
    home = "local"
    keeps: Sequence[Keep] = (Keep(MINUTE, 100 * DAY),)

    def __init__(self, place: str = "here") -> None:
        self.place = place
        self.series = "requests"
        self.asked: list[Span] = []
        self.lock = Lock()
        self.places = 0
        self.fails_after = 1_000
        self.throttles = 0
        self.requests: float | None = 2.0

    def find_place(self, known: MutableMapping[str, str]) -> str:
        """Know it after it was asked once."""
        if "key" not in known:
            self.places += 1
            known["key"] = self.place
        return known["key"]

    def name_series(self, scalable_target: ScalableTarget) -> str:
        """Name what is asked."""
        return f"{self.series} of {scalable_target.id}"

    def pull(self, scalable_target: ScalableTarget, span: Span) -> Sequence[Count]:
        """Answer, or fail after so many answers."""
        with self.lock:
            if len(self.asked) >= self.fails_after:
                raise HistoryError(f"{scalable_target.id}: refused")
            if self.throttles:
                self.throttles -= 1
                raise ThrottledError(f"{scalable_target.id}: too often")
            self.asked.append(span)
        ats = [span.start + index * span.period for index in range(span.periods)]
        return [Count(at, self.requests, 0.1 + 0.2) for at in ats]

    def tell_nothing(self, scalable_target: ScalableTarget) -> str:
        """Know nothing."""
        return f"{scalable_target.id} is quiet"


class Refusing(Memory):
    """Refuses Thursday for good, and all else for now."""

    def pull(self, scalable_target: ScalableTarget, span: Span) -> Sequence[Count]:
        """Answer nothing."""
        if span.start == MONDAY + 3 * DAY:
            raise HistoryError(f"{scalable_target.id}: refused")
        raise ThrottledError(f"{scalable_target.id}: too often")


def take(source: Memory, folder: Path, span: Span = WEEK, *, refresh: bool = False) -> Pulled:
    """Pull a window."""
    (wish,) = plan_pulls(source, [TARGET], span, folder, refresh=refresh)
    done: list[int] = []
    found = pull(source, wish, done.append)
    assert sum(done) == found.calls == len(wish.missing)
    return found


@pytest.mark.parametrize(
    ("span", "lengths"),
    [
        (WEEK, [1_440] * 7),
        (Span(MONDAY + 23 * 60 * MINUTE, MONDAY + DAY + MINUTE, MINUTE), [60, 1]),
        (Span(MONDAY, MONDAY + 10 * MINUTE, MINUTE), [10]),
        (WEEK._replace(period=5 * MINUTE), [288, 1_440, 288]),
    ],
    ids=["a week", "over midnight", "minutes", "coarser"],
)
def test_a_span_is_cut_where_every_other_is(span: Span, lengths: list[int]) -> None:
    """Together the parts are all of it."""
    parts = list(split(span))
    assert [each.periods for each in parts] == lengths
    ends = [span.start, *(each.end for each in parts)]
    assert ends == [*(each.start for each in parts), span.end]


def test_a_second_pull_asks_for_nothing_and_gives_the_same_file(tmp_path: Path) -> None:
    """Neither for values nor for the place; it is a trace as any other, bit for bit."""
    source = Memory()
    found = take(source, tmp_path)
    text = found.path.read_bytes()
    again = take(source, tmp_path)
    assert (again.path, again.calls, again.path.read_bytes()) == (found.path, 0, text)
    assert (len(source.asked), source.places) == (7, 1)
    assert (found.known, found.counted) == (10_080, 10_080)
    trace = read_trace(found.path, instances=None)
    assert (trace.start, trace.requests) == (MONDAY, (2.0,) * 10_080)
    assert trace.instances[0] == 0.1 + 0.2


def test_a_refused_pull_goes_on_where_it_was(tmp_path: Path) -> None:
    """What is missing is asked for, and nothing else; no file is half there."""
    source = Memory()
    source.fails_after = 3
    with pytest.raises(HistoryError, match="refused"):
        take(source, tmp_path)
    assert list(tmp_path.rglob("a-chat-bot-2*")) == []
    source.fails_after = 1_000
    assert take(source, tmp_path).calls == 4
    assert len(set(source.asked)) == len(source.asked) == 7


@pytest.mark.parametrize("times", [3, 6])
def test_who_is_asked_too_often_is_asked_again_after_a_while(tmp_path: Path, times: int) -> None:
    """Each part may wait as often as there are waits; then its refusal is told."""
    source = Memory()
    source.throttles = times
    (wish,) = plan_pulls(source, [TARGET], WEEK._replace(end=MONDAY + DAY), tmp_path)
    if times > 3:
        with pytest.raises(ThrottledError, match="too often"):
            pull(source, wish, lambda _: None, (0.0,) * 3)
        return
    assert pull(source, wish, lambda _: None, (0.0,) * 3).known == 1_440


def test_a_refusal_ends_the_waits_of_others(tmp_path: Path) -> None:
    """Nobody sits out an hour for a pull that has ended."""
    source, began = Refusing(), time.monotonic()
    (wish,) = plan_pulls(source, [TARGET], WEEK, tmp_path)
    with pytest.raises(HistoryError, match="refused"):
        pull(source, wish, lambda _: None, (3_600.0,))
    assert time.monotonic() - began < 30


def test_a_window_that_moves_asks_for_its_new_day(tmp_path: Path) -> None:
    """And each window has a file of its own."""
    source = Memory()
    first = take(source, tmp_path)
    second = take(source, tmp_path, Span(WEEK.start + DAY, WEEK.end + DAY, MINUTE))
    assert second.calls == 1
    assert first.path != second.path
    assert first.path.parent == second.path.parent


def test_a_refresh_asks_for_all_of_it(tmp_path: Path) -> None:
    """What is new stands in the file then."""
    source = Memory()
    take(source, tmp_path)
    source.requests = 5.0
    found = take(source, tmp_path, refresh=True)
    assert found.calls == 7
    assert set(read_trace(found.path).requests) == {5.0}


@pytest.mark.parametrize(
    "spoiled",
    [
        b"",
        b"timestamp,requests\n",
        b"timestamp,requests,instances\n",
        b"\xff\xfe",
        b"timestamp,requests,instances\nx,1,\n",
        b"timestamp,requests,instances\n" + b"2026-03-02T00:00:00Z,1\n" * 1_440,
    ],
)
def test_a_part_that_is_not_whole_is_asked_for_again(tmp_path: Path, spoiled: bytes) -> None:
    """Whoever spoiled it."""
    source = Memory()
    found = take(source, tmp_path)
    text = found.path.read_bytes()
    next(iter(found.path.parent.glob("part-*"))).write_bytes(spoiled)
    (tmp_path / "memory" / "places.json").write_bytes(spoiled)
    again = take(source, tmp_path)
    assert (again.calls, again.path.read_bytes()) == (1, text)
    assert source.places == 2


def test_a_part_that_goes_away_meanwhile_is_said(tmp_path: Path) -> None:
    """Between the plan and the end."""
    source = Memory()
    found = take(source, tmp_path)
    (wish,) = plan_pulls(source, [TARGET], WEEK, tmp_path)
    next(iter(found.path.parent.glob("part-*"))).unlink()
    with pytest.raises(HistoryError, match=r"part-.*: it was removed; run it again"):
        pull(source, wish, lambda _: None)


def test_places_and_series_have_folders_of_their_own(tmp_path: Path) -> None:
    """So do lengths of period; each says whose it is."""
    here, other = Memory(), Memory()
    other.series = "answers"
    coarse = Span(WEEK.start, WEEK.end, 5 * MINUTE)
    found = [take(here, tmp_path), take(other, tmp_path), take(here, tmp_path, coarse)]
    (tmp_path / "memory" / "places.json").unlink()
    found.append(take(Memory("there"), tmp_path))
    folders = {each.path.parent for each in found}
    assert len(folders) == 4
    for folder in folders:
        assert "a/chat bot" in (folder / "series.json").read_text()
        assert folder.name.startswith("a-chat-bot-")


def test_an_empty_window_says_why_and_is_asked_for_again(tmp_path: Path) -> None:
    """It may be filled later; nothing of it stays."""
    source = Memory()
    source.requests = None
    said = "a/chat bot: no datapoint from 2026-03-02 00:00 .*: a/chat bot is quiet; asked: requests"
    with pytest.raises(HistoryError, match=said):
        take(source, tmp_path)
    source.requests = 1.0
    assert take(source, tmp_path).calls == 7
