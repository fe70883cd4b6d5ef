"""What does a table of loads say, a row a step, whoever wrote it?

Which column is which is told by flags, or by names that are usual. What cannot be known from a name
is asked for, never guessed: a use of 0.9 may be nearly all or nearly nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TextIO

from flyball.core.word import Word
from flyball.sizing.benchmark import BenchmarkError, Machine, Resource, Step
from flyball.sizing.formats.tally import MINUTE_S
from flyball.sizing.formats.text import Row, need_columns, read_rows

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
OVER_RATIO = 1.05
"""A measured use may be a little over all there is, and what is answered over a rate asked for."""
PERCENT = 100.0
UNITS_MS = {"ns": 1e-6, "us": 1e-3, "ms": 1.0, "s": 1e3}
LATENCY = re.compile(
    r"(?:latency_|response_time_)?(?:p(\d+(?:_\d+)?)|(median|max))(?:_(ns|us|ms|s))?"
)
USED = re.compile(r"(cpu|memory|disk|gpu_memory|gpu)_?(utilization)?(?:_(percent|ratio|pct))?")
NAMES: Mapping[str, frozenset[str]] = {
    "users": frozenset({"users", "user_count", "vus", "concurrency", "connections", "clients"}),
    "offered": frozenset(
        {"offered", "rate", "rps", "qps", "rpm", "requests", "reqs", "req", "invocations", "calls"}
    ),
    "answered": frozenset({"answered", "throughput", "successes", "successful", "succeeded"}),
    "failed": frozenset({"failed", "failures", "errors"}),
    "duration": frozenset({"duration", "duration_s", "seconds"}),
    "instances": frozenset({"instances", "instance_count", "nodes", "replicas"}),
}
PER_MINUTE = ("_per_minute", "_per_min", "_per_m", "_m")
PER_SECOND = ("_per_second", "_per_sec", "_per_s", "_s")
USUAL = (
    "users, rate, answered, failed (a second, or with _per_minute), p50_ms, p95_ms, "
    "cpu_percent, memory_percent, gpu_percent"
)


class Scale(Word):
    """How a use is written down."""

    PERCENT = "percent"  # 0–100 of all cores together
    PERCENT_OF_EACH = "percent_of_each"  # 0–100 × cores, as CloudWatch has it: 200 is two cores
    RATIO = "ratio"  # 0–1


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column is which; "" is none.

    Attributes:
        users: Who send at the same time.
        offered: Requests that were sent, in `per`.
        answered: Requests that were answered without an error, in `per`.
        failed: Requests that were not, in `per`.
        per: What those three are counted by.
        duration: Seconds that the load was held; without it, a minute.
        instances: That served meanwhile.
        latency: Names of percentiles' columns by quantile, 0–1.
        latency_unit: Of those whose name does not tell it: ns, us, ms or s.
        used: Names of columns of use.
        scale: Of each use; where it is not told, the file is refused.
    """

    users: str = ""
    offered: str = ""
    answered: str = ""
    failed: str = ""
    per: timedelta = SECOND
    duration: str = ""
    instances: str = ""
    latency: Mapping[float, str] = field(default_factory=dict)
    latency_unit: str = "ms"
    used: Mapping[Resource, str] = field(default_factory=dict)
    scale: Mapping[Resource, Scale] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.latency_unit not in UNITS_MS:
            units = ", ".join(UNITS_MS)
            raise BenchmarkError(
                f"latency unit: got {self.latency_unit!r}; expected one of {units}"
            )
        if self.per <= timedelta(0):
            raise BenchmarkError(f"per: got {self.per}; expected a second, or a minute")

    def names(self) -> list[str]:
        """List those that are named."""
        counts = (self.users, self.offered, self.answered, self.failed)
        single = (*counts, self.duration, self.instances)
        return [name for name in (*single, *self.latency.values(), *self.used.values()) if name]


def guess_columns(names: Sequence[str]) -> Columns:
    """Find columns by the names that are usual.

    Of two for the same thing the first is taken. Counts by the minute say so in their name.
    """
    found, latency, used = dict[str, str](), dict[float, str](), dict[Resource, str]()
    scale, per = dict[Resource, Scale](), SECOND
    for name in names:
        flat = _flatten(name)
        count, by_minute = _strip_unit(flat)
        if what := next((each for each, usual in NAMES.items() if {flat, count} & usual), None):
            found.setdefault(what, name)
            per = MINUTE if by_minute or flat == "rpm" else per
        elif match := LATENCY.fullmatch(flat):
            percent = {"median": "50", "max": "100"}.get(match[2] or "", match[1])
            latency.setdefault(round(float(percent.replace("_", ".")) / 100, 9), name)
        elif match := USED.fullmatch(flat):
            resource = Resource(match[1])
            used.setdefault(resource, name)
            if match[3]:
                scale.setdefault(resource, Scale.RATIO if match[3] == "ratio" else Scale.PERCENT)
            elif name.endswith("Utilization"):  # CloudWatch's own name
                per_core = resource in {Resource.CPU, Resource.GPU, Resource.GPU_MEMORY}
                scale.setdefault(resource, Scale.PERCENT_OF_EACH if per_core else Scale.PERCENT)
    return Columns(**found, per=per, latency=latency, used=used, scale=scale)


def read_table(
    path: Path, text: TextIO, names: Sequence[str], columns: Columns, machine: Machine, mark: str
) -> tuple[Step, ...]:
    """Read a step a row.

    Args:
        path: For messages.
        text: With the header.
        names: The header's.
        columns: Which is which: of requests, one of offered and answered at least.
        machine: Whose cores and accelerators a use is of.
        mark: What stands between cells.

    Raises:
        BenchmarkError: A column is not there, a cell is no number, or a use is over all there is.
    """
    if not (columns.offered or columns.answered):
        given = ", ".join(map(repr, names))
        remedy = f"name the column of the rate or of what was answered; usual are {USUAL}"
        raise BenchmarkError(f"{path}:1: no column of requests among {given}; {remedy}")
    listed = ", ".join(map(repr, names))
    need_columns(path, names, columns.names(), f"the columns are {listed}")
    for resource in columns.used:
        if resource not in columns.scale:
            remedy = "say its scale: percent, percent_of_each (0–100 × cores) or ratio (0–1)"
            raise BenchmarkError(f"{path}:1: column {columns.used[resource]!r}: {remedy}")
    return tuple(_read_step(row, columns, machine) for row in read_rows(path, text, delimiter=mark))


def name_columns(guessed: Columns, given: Columns | None) -> Columns:
    """Take what was given, and of the rest what was guessed."""
    if given is None:
        return guessed
    requests = bool(given.offered or given.answered)
    return replace(
        given,
        users=given.users or guessed.users,
        offered=given.offered or ("" if requests else guessed.offered),
        answered=given.answered or ("" if requests else guessed.answered),
        failed=given.failed or ("" if requests else guessed.failed),
        per=given.per if requests or given.per != SECOND else guessed.per,
        duration=given.duration or guessed.duration,
        instances=given.instances or guessed.instances,
        latency=given.latency or guessed.latency,
        used=given.used or guessed.used,
        scale={**guessed.scale, **given.scale},
    )


def _flatten(name: str) -> str:
    """Write a name in small letters with _ between words, CloudWatch's too."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    words = words.replace("%", "_percent").replace("GPUMemory", "gpu_memory")
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")


def _strip_unit(flat: str) -> tuple[str, bool]:
    for suffix in (*PER_MINUTE, *PER_SECOND):
        if flat.endswith(suffix):
            return flat.removesuffix(suffix), suffix in PER_MINUTE
    return flat, False


def _read_step(row: Row, columns: Columns, machine: Machine) -> Step:
    minute = MINUTE_S / columns.per.total_seconds()
    failed = row.number(columns.failed) * minute if columns.failed else None
    if columns.answered:
        answered = row.number(columns.answered) * minute
        offered = (
            row.number(columns.offered) * minute if columns.offered else answered + (failed or 0.0)
        )
    else:
        offered = row.number(columns.offered) * minute
        answered = offered - (failed or 0.0)
    if offered < answered <= OVER_RATIO * offered:
        offered = answered  # a rate that was asked for is met by chance, or rounded
    if not 0 <= answered <= offered:
        named = ", ".join(repr(each) for each in (columns.offered, columns.failed) if each)
        remedy = "what is answered and failed is at most what was sent"
        raise BenchmarkError(f"{row.where}: column {named}: {remedy}; are they the same unit?")
    lasted = row.number(columns.duration, "expected seconds") if columns.duration else MINUTE_S
    if not lasted:
        raise BenchmarkError(f"{row.where}: column {columns.duration!r}: got 0; expected seconds")
    return Step(
        answered=answered,
        offered=offered,
        users=row.number(columns.users) if columns.users and row.text(columns.users) else None,
        duration=timedelta(seconds=lasted),
        latency_ms={
            quantile: row.number(name, "expected a latency") * _find_unit(name, columns)
            for quantile, name in columns.latency.items()
            if row.text(name)
        },
        used_ratio={
            resource: _read_use(row, name, columns.scale[resource], resource, machine)
            for resource, name in columns.used.items()
            if row.text(name)
        },
        instances=_read_instances(row, columns.instances),
    )


def _read_instances(row: Row, column: str) -> float | None:
    """Read how many instances it is of; None: that is not told."""
    if not column or not row.text(column):
        return None
    counted = row.number(column, "expected how many instances served")
    if not counted:
        raise BenchmarkError(
            f"{row.where}: column {column!r}: got 0; expected how many served, or nothing"
        )
    return counted


def _find_unit(name: str, columns: Columns) -> float:
    match = LATENCY.fullmatch(_flatten(name))
    return UNITS_MS[match[3] if match and match[3] else columns.latency_unit]


def _read_use(row: Row, name: str, scale: Scale, resource: Resource, machine: Machine) -> float:
    value = row.number(name, "expected a use, 0 or more")
    count, what = 1, "of it"
    if scale is Scale.PERCENT_OF_EACH and resource is Resource.CPU:
        count, what = machine.cores, "cores"
    elif scale is Scale.PERCENT_OF_EACH and resource in {Resource.GPU, Resource.GPU_MEMORY}:
        count, what = max(1, machine.gpus), "accelerators"
    whole = 1.0 if scale is Scale.RATIO else PERCENT * count
    if value > OVER_RATIO * whole:
        if scale is Scale.PERCENT_OF_EACH:
            told = f"0–100 × {count} {what}; say how many there are, if it is more"
        else:
            told = f"0–{whole:g}; say its scale: percent, percent_of_each or ratio"
        raise BenchmarkError(
            f"{row.where}: column {name!r}: got {value:g}, and its scale is {told}"
        )
    return min(1.0, value / whole)
