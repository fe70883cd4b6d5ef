"""What is charged for the functions' lines: the log itself, and the metrics that are made of it?

The metrics are deploy/gcp's. Each has a series for each of its labels' values, and a series has a
point of a minute in which a line counted.

Source: Google Cloud Observability pricing, Cloud Monitoring (bytes of a point by its type;
log-based metrics of one's own are charged as any).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from flyball.cost.usage import Usage
from flyball.wiring.lines import METRICS

NUMBER_BYTES, DISTRIBUTION_BYTES = 8, 80
"""Of a point."""
TARGET = "scalable_target_id"
Line = Mapping[str, Any]


class Series(NamedTuple):
    """A metric that is made of lines.

    Attributes:
        counts: Whether a line counts in it.
        labels: Fields of a line by whose values its series differ.
        holds: Values are held, as a distribution; else lines are counted.
    """

    counts: Callable[[Line], bool]
    labels: Sequence[str] = ()
    holds: bool = False


def _told(field: str) -> Callable[[Line], bool]:
    return lambda line: line.get(METRICS, {}).get(field, 0) > 0


def _holds_of_target(field: str) -> Series:
    return Series(lambda line: line.get("action") == "set" and field in line, (TARGET,), holds=True)


SERIES: Mapping[str, Series] = {
    "failed": Series(_told("Failed")),
    "unresolved": Series(_told("Unresolved")),
    "refused": Series(_told("Refused")),
    "frozen": Series(_told("Frozen")),
    "blind": Series(_told("Blind")),
    "poison": Series(_told("Poison")),
    "unmet": Series(lambda line: (line.get("unmet") or 0) > 0, (TARGET,)),
    "wakes": Series(lambda line: bool(line.get("kind")), ("kind",)),
    "changes": Series(lambda line: bool(line.get("outcome")), ("outcome", TARGET)),
    "current": _holds_of_target("from"),
    "desired": _holds_of_target("to"),
}
"""By the metric's id. Calls that are turned away are left out: there are none."""


class LineMeter:
    """Counts what is charged for lines.

    Args:
        usage: Where.
        beside_bytes: What Cloud Logging adds to each.
    """

    def __init__(self, usage: Usage, beside_bytes: float) -> None:
        self._usage = usage
        self._beside_bytes = beside_bytes
        self._minute: datetime | None = None
        self._seen: set[tuple[str, ...]] = set()

    def note(self, line: Line, size: int, now: datetime) -> None:
        """Count a line of so many bytes, written in this minute."""
        self._usage.charge("logs.ingested_bytes", size + self._beside_bytes)
        if now != self._minute:
            self._minute = now
            self._seen.clear()
        for name, series in SERIES.items():
            if not series.counts(line):
                continue
            point = (name, *(str(line.get(label)) for label in series.labels))
            if point not in self._seen:
                self._seen.add(point)
                weight = DISTRIBUTION_BYTES if series.holds else NUMBER_BYTES
                self._usage.charge("monitoring.ingested_bytes", weight)
