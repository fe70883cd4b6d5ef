"""Which traffic was pulled already, where is it kept, and what has to be asked for still?

A folder for each series: its parts as they were pulled, a call each, and the windows that were put
together of them, which are traces as any other. A part that is there is not asked for again, so a
pull that was interrupted goes on where it was; a window that has moved on asks for what is new.
Every file appears whole or not at all.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from threading import Event
from typing import NamedTuple

from flyball.core.target import ScalableTarget
from flyball.history import Count, HistoryError, ThrottledError, TrafficSource
from flyball.recipe import Span

PERIODS_A_PART = 1_440
"""So that a part is a day of minutes; parts begin at whole multiples of this."""
AT_ONCE = 4
"""Calls at the same time: at a tenth of a second each, CloudWatch's 50 a second are not reached."""
WAITS_S = (5.0, 15.0, 40.0)
"""Before a part is asked for again that was asked for too soon; by then somebody else is at it."""
HEADS = ("timestamp", "requests", "instances")
PLACES = "places.json"
SERIES = "series.json"
STAMP = "%Y-%m-%dT%H:%M:%SZ"
NAME_LETTERS = 60

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STRANGE = re.compile(r"[^A-Za-z0-9.-]+")


class Wish(NamedTuple):
    """What is wanted of one scalable target.

    Attributes:
        scalable_target: Whose traffic.
        span: Of which periods.
        folder: Where its series is kept.
        missing: Parts that are not there yet, in order.
    """

    scalable_target: ScalableTarget
    span: Span
    folder: Path
    missing: tuple[Span, ...]


class Pulled(NamedTuple):
    """What was pulled of one scalable target.

    Attributes:
        path: A trace with the columns of HEADS.
        span: Of which periods.
        known: In how many of them it is known what came.
        counted: In how many something did.
        calls: Parts that were asked for now.
    """

    path: Path
    span: Span
    known: int
    counted: int
    calls: int


def plan_pulls(
    source: TrafficSource,
    targets: Sequence[ScalableTarget],
    span: Span,
    cache: Path,
    *,
    refresh: bool = False,
) -> list[Wish]:
    """Say what has to be asked for.

    Args:
        source: Who is asked.
        targets: Of its home.
        span: Of which periods.
        cache: Folder of all sources; made where there is none.
        refresh: Ask for all of it, also for what is there.

    Raises:
        HistoryError: A target's requests are not counted there, or nobody knows whose they are.
        OSError: The folder cannot be written.
    """
    names = [source.name_series(target) for target in targets]
    root = cache / source.name
    root.mkdir(parents=True, exist_ok=True)
    place = _find_place(source, root)
    wishes = []
    for target, name in zip(targets, names, strict=True):
        series = {"place": place, "series": name, "period": str(span.period)}
        text = json.dumps(series, indent=2)
        folder = root / f"{_name(target.id)}-{sha256(text.encode()).hexdigest()[:12]}"
        folder.mkdir(exist_ok=True)
        if not (folder / SERIES).exists():
            _write(folder / SERIES, text + "\n")
        parts = list(split(span))
        missing = [each for each in parts if refresh or _read_part(folder, each) is None]
        wishes.append(Wish(target, span, folder, tuple(missing)))
    return wishes


def pull(
    source: TrafficSource,
    wish: Wish,
    advance: Callable[[int], None],
    waits_s: Sequence[float] | None = None,
) -> Pulled:
    """Ask for what is missing, and put a window together.

    Args:
        source: Who is asked.
        wish: As planned.
        advance: Is told of each part that was pulled.
        waits_s: How long is waited, each time that it is asked too often; None: WAITS_S.

    Raises:
        HistoryError: It was refused, or in all of the window nothing is known.
        OSError: The folder cannot be written.
    """
    _pull_parts(source, wish, advance, WAITS_S if waits_s is None else waits_s)
    text, known, counted = _join(wish)
    if not known:
        raise HistoryError(_tell_nothing(source, wish))
    path = wish.folder / f"{_name(wish.scalable_target.id)}-{_name_span(wish.span)}.csv"
    if wish.missing or not path.exists():
        _write(path, text)
    return Pulled(path, wish.span, known, counted, len(wish.missing))


def split(span: Span) -> Iterator[Span]:
    """Cut a span where parts begin and end, so that other windows find the same parts."""
    length = span.period * PERIODS_A_PART
    start = span.start
    while start < span.end:
        end = min(start + length - (start - _EPOCH) % length, span.end)
        yield Span(start, end, span.period)
        start = end


def _pull_parts(
    source: TrafficSource, wish: Wish, advance: Callable[[int], None], waits_s: Sequence[float]
) -> None:
    """Ask for several parts at once; after a refusal for no more of them."""
    over = Event()

    def wait(seconds: float) -> bool:
        return not over.wait(seconds)  # whoever ends the pull does not wait for who waits

    def ask(part: Span) -> None:
        counts = _ask(source, wish.scalable_target, part, [*waits_s], wait)
        _write(_place_part(wish.folder, part), _write_rows(counts))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        asked = [pool.submit(ask, part) for part in wish.missing]
        try:
            for done in as_completed(asked):
                done.result()
                advance(1)
        finally:
            over.set()
            for each in asked:
                each.cancel()


def _ask(
    source: TrafficSource,
    target: ScalableTarget,
    part: Span,
    waits_s: list[float],
    wait: Callable[[float], bool],
) -> Sequence[Count]:
    """Ask for a part, again and again while it is asked too often and there is a wait left."""
    while True:
        try:
            return source.pull(target, part)
        except ThrottledError:
            if not (waits_s and wait(waits_s.pop(0))):
                raise


def _find_place(source: TrafficSource, root: Path) -> str:
    """Ask a source where it is, and remember what it learned."""
    path = root / PLACES
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
        known = {str(key): str(value) for key, value in read.items()}
    except (OSError, ValueError, AttributeError):
        known = {}
    before = dict(known)
    place = source.find_place(known)
    if known != before:
        _write(path, json.dumps(known, indent=2) + "\n")
    return place


def _join(wish: Wish) -> tuple[str, int, int]:
    """Put the parts together, and count the periods of which something is known."""
    lines, known, counted = [",".join(HEADS)], 0, 0
    for part in split(wish.span):
        rows = _read_part(wish.folder, part)
        if rows is None:
            raise HistoryError(f"{_place_part(wish.folder, part)}: it was removed; run it again")
        for row in rows:
            lines.append(",".join(row))
            known += row[1] != ""
            counted += row[1] not in ("", "0")
    return "\n".join(lines) + "\n", known, counted


def _read_part(folder: Path, part: Span) -> list[list[str]] | None:
    """Read a part's rows; None: it is not there, or is not what was written."""
    try:
        text = _place_part(folder, part).read_text(encoding="utf-8")
        head, *rows = csv.reader(io.StringIO(text))
    except (OSError, ValueError):
        return None
    ends = (part.start, part.end - part.period)
    is_whole = (
        tuple(head) == HEADS
        and len(rows) == part.periods
        and [rows[0][:1], rows[-1][:1]] == [[f"{at:{STAMP}}"] for at in ends]
        and all(len(row) == len(HEADS) for row in rows)
    )
    return rows if is_whole else None


def _write_rows(counts: Sequence[Count]) -> str:
    rows = [
        f"{each.at:{STAMP}},{_write_number(each.requests)},{_write_number(each.instances)}"
        for each in counts
    ]
    return "\n".join([",".join(HEADS), *rows]) + "\n"


def _write_number(value: float | None) -> str:
    return "" if value is None else f"{value:.17g}"


def _write(path: Path, text: str) -> None:
    """Write a file, of which nobody ever sees a part."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _tell_nothing(source: TrafficSource, wish: Wish) -> str:
    """Say why a window is empty; its parts are asked for again the next time."""
    for part in split(wish.span):
        _place_part(wish.folder, part).unlink(missing_ok=True)
    span, target = wish.span, wish.scalable_target
    window = f"{span.start:%Y-%m-%d %H:%M} to {span.end:%Y-%m-%d %H:%M} UTC"
    asked = source.name_series(target)
    return f"{target.id}: no datapoint from {window}: {source.tell_nothing(target)}; asked: {asked}"


def _place_part(folder: Path, part: Span) -> Path:
    return folder / f"part-{_name_span(part)}.csv"


def _name_span(span: Span) -> str:
    period_s = span.period // timedelta(seconds=1)
    return f"{span.start:%Y%m%dT%H%MZ}-{span.end:%Y%m%dT%H%MZ}-{period_s}s"


def _name(text: str) -> str:
    return _STRANGE.sub("-", text)[:NAME_LETTERS].strip(".-") or "target"
