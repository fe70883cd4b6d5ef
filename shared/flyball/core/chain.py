"""Is each ledger row linked to the one before it, and if not, which was changed, removed or moved?

A row's hash covers all of its other fields, among them the hash of the row before it. So a row
that was altered no longer has its own hash; one that was altered and sealed again is not the one
that the next row is linked to; and the newest one is not the head that the target's item remembers.
Whoever can rewrite every later row and the item too leaves no trace here: keep a head elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from flyball.core.shape import NamedTuple

RETIRED = "retired"
"""Kind of the row that takes a target out of service."""
GENESIS = "0" * 64
"""What the first row of a target is linked to."""

CHANGED = "changed"
REMOVED = "removed"
REORDERED = "reordered"
INSERTED = "inserted"

_ID = re.compile(r"Z-(\d{6,18})-")


class Row(NamedTuple):
    """One row of a ledger, as stored.

    Attributes:
        scalable_target_id: Whose chain it is in.
        sequence: 1, 2, 3 … without a gap, within the target.
        id: Time-ordered, unique in the ledger.
        at: Aware UTC.
        kind: decision, outcome, config, pause, resume, ….
        body: Canonical JSON.
        previous_hash: Hash of the row before it, GENESIS for the first.
        hash: Its own, hex SHA-256.
    """

    scalable_target_id: str
    sequence: int
    id: str
    at: datetime
    kind: str
    body: str
    previous_hash: str
    hash: str


class Fault(NamedTuple):
    """A row that is not as it was written.

    Attributes:
        scalable_target_id: Whose chain.
        sequence: Of the row, or of the first one that is gone.
        id: Of the row, "" where it is gone.
        kind: changed, removed, reordered or inserted.
        detail: What was expected and what was found.
    """

    scalable_target_id: str
    sequence: int
    id: str
    kind: str
    detail: str


def seal(
    scalable_target_id: str, sequence: int, at: datetime, kind: str, body: str, previous_hash: str
) -> Row:
    """Make the row that follows the one with `previous_hash`.

    Its id begins with the instant in milliseconds, so that ids sort by time; sequence and a mark of
    the target make it unique (64 bits: 10,000 targets in one millisecond collide once in 10^11).

    Raises:
        ValueError: `at` has no time zone.
    """
    if at.utcoffset() is None:
        message = f"at: got {at.isoformat()}, expected an aware instant"
        raise ValueError(message)
    at = at.astimezone(UTC)
    row_id = name_row(scalable_target_id, sequence, at)
    row = Row(scalable_target_id, sequence, row_id, at, kind, body, previous_hash, "")
    return row._replace(hash=digest(row))


def name_row(scalable_target_id: str, sequence: int, at: datetime) -> str:
    """Name the row with that sequence and instant; see seal."""
    return f"{_stamp(at)}Z-{sequence:06d}-{_mark(scalable_target_id)}"


def extend(
    scalable_target_id: str, sequence: int, head: str, rows: Iterable[tuple[str, datetime, str]]
) -> list[Row]:
    """Seal several rows, given as (kind, at, body), behind the one with that sequence and hash."""
    sealed = []
    for kind, at, body in rows:
        sequence += 1
        row = seal(scalable_target_id, sequence, at, kind, body, head)
        head = row.hash
        sealed.append(row)
    return sealed


def config_body(config: str, config_hash: str, generation: int) -> str:
    """Write the body of a `config` row, from which a replay takes the config of later decisions.

    Args:
        config: The compiled config, a JSON object; it is stored in canonical form.
        config_hash: Its hash, as it was given.
        generation: The one that it begins.

    Raises:
        ValueError: `config` is not a JSON object.
    """
    try:
        given = json.loads(config)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        message = f"config: got {config[:40]!r}, expected a JSON object"
        raise ValueError(message)  # noqa: TRY004  (one kind of error for bad input)
    body = {"config": given, "config_hash": config_hash, "generation": generation}
    return json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False)


def retired_body(config_hash: str, generation: int) -> str:
    """Write the body of a `retired` row: which config went out of service, and as which generation.

    A later `config` row brings the target back.
    """
    body = {"config_hash": config_hash, "generation": generation}
    return json.dumps(body, sort_keys=True, separators=(",", ":"))


def digest(row: Row) -> str:
    """Hash all of a row but its own hash.

    The encoding is unambiguous: each field is written as its length in bytes, a colon and its UTF-8
    text, in the order previous_hash, target, sequence, id, at (UTC, microseconds), kind, body.

    Returns:
        SHA-256 as 64 hexadecimal digits.
    """
    at = row.at if row.at.tzinfo is None else row.at.astimezone(UTC)
    texts = (
        row.previous_hash,
        row.scalable_target_id,
        str(row.sequence),
        row.id,
        at.isoformat(timespec="microseconds"),
        row.kind,
        row.body,
    )
    fields = [text.encode("utf-8", "surrogatepass") for text in texts]
    return hashlib.sha256(b"".join(b"%d:%b" % (len(each), each) for each in fields)).hexdigest()


def verify(
    rows: Iterable[Row],
    *,
    head: str | None,
    sequence: int | None,
    scalable_target_id: str | None = None,
) -> Iterator[Fault]:
    """Walk one target's chain and name every row that is not as it was written.

    Altered rows are reported as they are met. Removed, moved and inserted ones are told apart at
    the end, when it is known which row turned up elsewhere; only those are kept in memory.

    Args:
        rows: The whole chain, in stored order, from the first row on.
        head: Hash of the newest row according to the target's item; None: not known.
        sequence: Sequence of the newest row according to the item; None: not known.
        scalable_target_id: Whose chain; None: taken from the first row.

    Returns:
        Faults, none for a chain that is whole. One tampered row gives one fault.
    """
    walk = _Walk(scalable_target_id, head, sequence)
    previous = None
    for row in rows:
        if previous is not None:
            yield from walk.step(previous, row)
        previous = row
    if previous is not None:
        yield from walk.step(previous, None)
    yield from walk.finish()


class _Stray(NamedTuple):
    """A row that is not where it belongs; `place` is where it says that it does."""

    row: Row
    place: int


@dataclass(slots=True)
class _Walk:
    """Where a walk along a chain stands.

    Attributes:
        target: Whose chain, None before the first row.
        head: The item's head.
        last: The item's sequence.
        place: The sequence that comes next.
        link: The hash that the next row must be linked to; None where the row before it is gone or
            at fault, so that one fault is not reported twice.
        before: The row before, None at the beginning.
        aside: Rows met since then that were not in their place.
        gaps: First and last sequence of rows that were not met, ascending.
        strays: Rows that were met in a place that is not theirs.
    """

    target: str | None
    head: str | None
    last: int | None
    place: int = 1
    link: str | None = GENESIS
    before: Row | None = None
    aside: int = 0
    gaps: list[tuple[int, int]] = field(default_factory=list)
    strays: list[_Stray] = field(default_factory=list)

    def step(self, row: Row, following: Row | None) -> Iterator[Fault]:
        """Take the next row, knowing the one that follows it."""
        if self.target is None:
            self.target = row.scalable_target_id
        sealed = digest(row) == row.hash
        place = row.sequence if sealed else self._place_of(row)
        if sealed and self._is_twin(row, following):
            row, self.before, self.link = self.before or row, row, row.hash
        if self._is_stray(row, place, following, sealed=sealed):
            self.strays.append(_Stray(row, place))
            self.aside += 1
            return
        if place > self.place:
            self.gaps.append((self.place, place - 1))
            self.link = None
        self.place, self.aside = place + 1, 0
        if not sealed:
            yield self._altered(row, place)
            self.link = None
        elif self.link is not None and row.previous_hash != self.link:
            yield self._blame(row, following)
        else:
            self.link = row.hash
        self.before = row

    def finish(self) -> Iterator[Fault]:
        """Compare with the item, then pair the rows that were met elsewhere with the gaps."""
        last = self.last
        if last is None and any(stray.place == self.place for stray in self.strays):
            last = self.place
        if last is not None and self.place <= last:
            self.gaps.append((self.place, last))
        elif self.link is not None and self.head not in (None, self.link):
            found = f"the item's head is {self.head}, the last row's hash is {self.link}"
            if self.last is None or self.before is None:
                yield self._fault(self.place, None, REMOVED, found)
            else:
                detail = f"{found}: it, or also rows before it, were altered and sealed again"
                yield self._fault(self.place - 1, self.before, CHANGED, detail)
        yield from self._settle()

    def _place_of(self, row: Row) -> int:
        """Say where a row belongs that does not have its own hash."""
        for place in (self.place, _numbered(row)):
            if digest(row._replace(sequence=place)) == row.hash:
                return place
        return self.place if row.previous_hash == self.link else row.sequence

    def _is_twin(self, row: Row, following: Row | None) -> bool:
        """Say whether this row, not the one met before it in the same place, is the linked one."""
        return (
            row.sequence == self.place - 1
            and self._onward(row, following) == row.hash
            and row.hash != self.link
        )

    def _is_stray(self, row: Row, place: int, following: Row | None, *, sealed: bool) -> bool:
        if place < self.place or (self.last is not None and place > self.last):
            return True
        if following is None:
            return False
        if place > self.place:  # a gap, unless the next row goes back to where we are
            return self.place <= following.sequence < place != self.place + self.aside
        if following.sequence != place or not _is_sealed(following):
            return False
        return not sealed or following.previous_hash == self.link != row.previous_hash

    def _altered(self, row: Row, place: int) -> Fault:
        if place != row.sequence:
            detail = f"it says that it is row {row.sequence}, and its hash is not of what it says"
        else:
            detail = f"its hash is {row.hash}, but what it says now has {digest(row)}"
        return self._fault(place, row, CHANGED, detail)

    def _blame(self, row: Row, following: Row | None) -> Fault:
        """Say which of two rows was sealed again, where the later is not linked to the earlier.

        A row that was given another link is not the one that its follower is linked to either.
        """
        expected, self.link = self.link, row.hash
        onward = self._onward(row, following)
        if self.before is None or onward not in (None, row.hash):
            self.link = None
            detail = f"it is linked to {row.previous_hash}, the row before it has {expected}"
            return self._fault(row.sequence, row, CHANGED, f"{detail}: altered and sealed again")
        detail = f"its hash is {expected}, but row {row.sequence} is linked to {row.previous_hash}"
        detail = f"{detail}: it, or also rows before it, were altered and sealed again"
        return self._fault(row.sequence - 1, self.before, CHANGED, detail)

    def _onward(self, row: Row, following: Row | None) -> str | None:
        """Find the hash that the row after this one is linked to, None where nobody can tell."""
        if following is None:
            return self.head if self.last in (None, row.sequence) else None
        if following.sequence != row.sequence + 1 or not _is_sealed(following):
            return None
        return following.previous_hash

    def _settle(self) -> Iterator[Fault]:
        starts = [first for first, _ in self.gaps]
        found: dict[int, _Stray] = {}
        for stray in self.strays:
            places = (stray.place, _numbered(stray.row))
            home = next((p for p in places if p not in found and self._in_gap(starts, p)), None)
            if home is not None:
                found[home] = stray
            else:
                detail = f"no row belongs here beside those that are linked as {self.target}'s"
                yield self._fault(stray.row.sequence, stray.row, INSERTED, detail)
        homes = sorted(found)
        for first, last in self.gaps:
            start = first
            for home in homes[bisect_left(homes, first) : bisect_right(homes, last)]:
                yield from self._gone(start, home - 1)
                yield self._moved(home, found[home])
                start = home + 1
            yield from self._gone(start, last)

    def _in_gap(self, starts: list[int], place: int) -> bool:
        index = bisect_right(starts, place) - 1
        return index >= 0 and place <= self.gaps[index][1]

    def _moved(self, home: int, stray: _Stray) -> Fault:
        row = stray.row
        if digest(row._replace(sequence=home)) == row.hash:
            detail = f"it was met as row {row.sequence}, not between its neighbours"
            return self._fault(home, row, REORDERED, detail)
        detail = (
            f"it was met as row {row.sequence} of {row.scalable_target_id}, and says other than"
        )
        return self._fault(home, row, CHANGED, f"{detail} what was written")

    def _gone(self, first: int, last: int) -> Iterator[Fault]:
        if first <= last:
            rows = f"row {first} is" if first == last else f"rows {first} to {last} are"
            yield self._fault(first, None, REMOVED, f"{rows} gone")

    def _fault(self, sequence: int, row: Row | None, kind: str, detail: str) -> Fault:
        return Fault(self.target or "", sequence, row.id if row else "", kind, detail)


def _is_sealed(row: Row) -> bool:
    return digest(row) == row.hash


def _numbered(row: Row) -> int:
    """Read the sequence that a row's id was made from; the row's own where the id is not ours."""
    match = _ID.search(row.id)
    return int(match[1]) if match else row.sequence


@lru_cache(maxsize=256)
def _stamp(at: datetime) -> str:
    """Write an instant to the millisecond; a run has many rows of one, and names each twice."""
    stamp = at.astimezone(UTC).isoformat(timespec="milliseconds")[:-6]
    return stamp.replace("-", "").replace(":", "")


@lru_cache(maxsize=16_384)
def _mark(scalable_target_id: str) -> str:
    encoded = scalable_target_id.encode("utf-8", "surrogatepass")
    return hashlib.sha256(encoded).hexdigest()[:16]
