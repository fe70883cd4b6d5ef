"""When does the clock of a place show a given local time?

Local times are naive datetimes, because a wall clock shows no offset. Where a zone's offset
changes, a local time is shown once, never (the clock jumped over it) or twice (it was put back).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable

from flyball.core.shape import NamedTuple

FIRST_YEAR = 1970
LAST_YEAR = 2199
"""Expressions name years from 1970 to 2199, as Amazon EventBridge's do."""

EARLIEST = datetime(1969, 12, 30, tzinfo=UTC)
LATEST = datetime(2200, 1, 3, tzinfo=UTC)
"""No clock on Earth shows a year of 1970-2199 outside these two instants."""

TICK = timedelta(microseconds=1)

Step = Callable[[datetime], datetime | None]
"""From a local time to the nearest one, itself included, of some set; None if there is none."""


class Reading(NamedTuple):
    """When a clock shows a local time.

    Attributes:
        instant: Aware UTC. For a local time that is never shown: when the clock jumped over it.
        shown: False if the clock jumps over this local time.
    """

    instant: datetime
    shown: bool


class Moment(NamedTuple):
    """A local time, and the instant at which it counts."""

    local: datetime
    instant: datetime


Reader = Callable[[datetime, tzinfo], Reading]


@lru_cache(maxsize=1024)
def zone(name: str, *, package: str = "tzdata") -> tzinfo:
    """Give the time zone of an IANA name, the same one on every machine.

    It is read from the pinned package, so that two machines whose systems know different rules
    still agree; a system's own rules serve only where that package is not installed.

    Args:
        name: For example "Europe/Berlin"; upper and lower case count.
        package: Holds the compiled zones.

    Raises:
        ValueError: No zone has this name; similar ones are named.
    """
    if name == "UTC":
        return UTC
    names, folder = _find_zones(package)
    if name not in names:
        raise ValueError(f"unknown time zone {name[:80]!r}: {_suggest_zones(name, names)}")
    from zoneinfo import ZoneInfo  # noqa: PLC0415  (few targets name a zone)

    if folder is None:
        return ZoneInfo(name)
    with folder.joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def read_first(local: datetime, tz: tzinfo) -> Reading:
    """Say when a clock shows a local time for the first time."""
    return _read(local.replace(tzinfo=tz), local)


def read_second(local: datetime, tz: tzinfo) -> Reading:
    """Say when a clock shows a local time for the last time: the second, if it comes twice."""
    return _read(local.replace(tzinfo=tz, fold=1), local)


def find_after(t: datetime, tz: tzinfo, step: Step, read: Reader, *, skip: bool) -> Moment | None:
    """Find the earliest local time of a set that counts strictly after an instant.

    Args:
        t: Aware.
        tz: Of the local times.
        step: To the set's earliest member that is not before its argument.
        read: Which one counts, of a local time that comes twice.
        skip: A local time that is never shown does not count; otherwise it counts when the clock
            jumped over it.
    """
    if t >= LATEST:
        return None
    local = step(local_time(max(t, EARLIEST), tz))
    while local is not None:
        instant, shown = read(local, tz)
        if not shown and skip:
            local = step(local_time(instant, tz))
        elif instant > t:
            return Moment(local, instant)
        else:
            local = step(local + TICK)
    return None


def find_until(t: datetime, tz: tzinfo, step: Step, read: Reader, *, skip: bool) -> Moment | None:
    """Find the latest local time of a set that counts at an instant or before it.

    Args:
        t: Aware.
        tz: Of the local times.
        step: To the set's latest member that is not after its argument.
        read: Which one counts, of a local time that comes twice.
        skip: As in `find_after`.
    """
    if t < EARLIEST:
        return None
    at = min(t, LATEST).astimezone(tz)
    local = at.replace(tzinfo=None, fold=0)
    if at.fold:  # the clock was put back a while ago: it has already shown later times than now's
        local += _offset(at.replace(fold=0)) - _offset(at)
    found = step(local)
    while found is not None:
        instant, shown = read(found, tz)
        if not shown and skip:
            found = step(local_time(instant - TICK, tz))
        elif instant <= t:
            return Moment(found, instant)
        else:
            found = step(found - TICK)
    return None


def local_time(t: datetime, tz: tzinfo) -> datetime:
    """Say what a clock shows at an instant, as a naive datetime."""
    return t.astimezone(tz).replace(tzinfo=None, fold=0)


def _read(aware: datetime, local: datetime) -> Reading:
    tz = aware.tzinfo
    instant = aware.astimezone(UTC)
    if tz is UTC or instant.astimezone(tz).replace(tzinfo=None) == local:
        return Reading(instant, shown=True)
    return Reading(_find_jump(aware), shown=False)


def _find_jump(never_shown: datetime) -> datetime:
    """Find the instant at which a clock jumped over a local time, by halving.

    Read with the offset of after the jump the time lies before it, and the other way round.
    """
    tz = never_shown.tzinfo
    before = never_shown.replace(fold=1).astimezone(UTC)
    after = never_shown.replace(fold=0).astimezone(UTC)
    old = _offset(before.astimezone(tz))
    whole = before.replace(microsecond=0)
    low, high = 0, int((after - whole).total_seconds()) + 1  # in seconds: zones change at full ones
    while high - low > 1:
        middle = (low + high) // 2
        if _offset((whole + timedelta(seconds=middle)).astimezone(tz)) == old:
            low = middle
        else:
            high = middle
    return whole + timedelta(seconds=high)


def _offset(aware: datetime) -> timedelta:
    return aware.utcoffset() or timedelta()


@lru_cache(maxsize=8)
def _find_zones(package: str) -> tuple[frozenset[str], Traversable | None]:
    try:
        folder = resources.files(package)
    except ModuleNotFoundError:
        from zoneinfo import available_timezones  # noqa: PLC0415  (as above)

        return frozenset(available_timezones()), None
    return frozenset(folder.joinpath("zones").read_text(encoding="utf-8").split()), folder


def _suggest_zones(name: str, names: frozenset[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415  (only for a mistake)

    folded = {known.casefold(): known for known in sorted(names)}
    wanted = name[:80].strip().replace(" ", "_").casefold()
    similar = [known for fold, known in folded.items() if fold.rpartition("/")[2] == wanted][:3]
    similar += [folded[match] for match in get_close_matches(wanted, folded, n=3)]
    if not similar:
        return 'write an IANA name, for example "America/New_York" or "UTC"'
    return f"did you mean {' or '.join(dict.fromkeys(similar))}?"
