"""Which scalable targets are backtested, on which traffic, with what capacity?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from flyball.cli.failure import refuse

if TYPE_CHECKING:
    from flyball.core.target import ScalableTarget
    from flyball.sim.backtest import Subject
    from flyball.sim.trace import Trace


class Reading(NamedTuple):
    """How the traces' columns are read, or how many days are generated."""

    timestamp: str
    column: str
    instances: str | None
    time_zone: str
    level: bool
    days: int


class Item(NamedTuple):
    """A scalable target that is backtested.

    Attributes:
        target: It, as its config says.
        file: Its traffic; "": it is generated.
        capacity: What one instance serves, as it is typed; None: what the traffic says.
    """

    target: ScalableTarget
    file: str
    capacity: str | None


class Setting(NamedTuple):
    """What holds for every scalable target."""

    leads: tuple[timedelta, ...]
    metric_delay: timedelta
    seed: int
    warm_up: timedelta | None
    said: Mapping[str, str]
    service_target: float | None = None


def find_items(
    config: Path,
    names: Sequence[str] | None,
    traces: Sequence[str],
    capacities: Sequence[str],
    setting: Setting,
) -> list[Item]:
    """Choose what is backtested, in the config's order."""
    from flyball.cli.validate import load_config

    targets = load_config(config).scalable_targets
    return choose_items(targets, str(config), names, traces, capacities, setting)


def choose_subjects(
    targets: Sequence[ScalableTarget],
    config: str,
    names: Sequence[str] | None,
    traces: Sequence[str],
    capacities: Sequence[str],
    reading: Reading,
    setting: Setting,
    read: dict[str, Trace],
) -> list[Subject]:
    """Put together which of a config's scalable targets are backtested.

    Args:
        targets: The config's.
        config: What it is called, for people.
        names: Of those that are meant; None: all that have a trace.
        traces: As they are typed.
        capacities: As they are typed.
        reading: How traces are read.
        setting: What holds for all.
        read: The traces that were read before, by file; what is read now is added.
    """
    items = choose_items(targets, config, names, traces, capacities, setting)
    return read_subjects(items, reading, setting, read)


def read_subjects(
    items: Iterable[Item], reading: Reading, setting: Setting, read: dict[str, Trace]
) -> list[Subject]:
    """Read the traffic of what was chosen; see choose_subjects."""
    subjects = []
    for each, file, capacity in items:
        if file not in read:
            read[file] = _read_with_progress(file, reading, setting.seed)
        subjects.append(make_subject(each, file, read[file], capacity, setting))
    return subjects


def choose_items(
    targets: Sequence[ScalableTarget],
    config: str,
    names: Sequence[str] | None,
    traces: Sequence[str],
    capacities: Sequence[str],
    setting: Setting,
) -> list[Item]:
    """Choose what is backtested, and read none of its traffic; see choose_subjects."""
    known = {each.id: each for each in targets}
    for name in names or ():
        if name not in known:
            shown = ", ".join(list(known)[:5])
            refuse(f"--target: {config} has no scalable target {name!r}; it has {shown}")
    for_all, files = _assign("--trace", traces, known)
    chosen = [
        each
        for each in targets
        if (names is None or each.id in names)
        and (names is not None or for_all is not None or each.id in files)
    ]
    for_every, numbers = _assign("--capacity", capacities, known)
    items = []
    for each in chosen:
        file = files.get(each.id, for_all)
        if file is None:
            refuse(f"--trace: none for {each.id!r}; add --trace {each.id}=FILE")
        items.append(Item(each, file, numbers.get(each.id, for_every)))
    _check_said(setting.said, chosen)
    return items


def _assign(
    option: str, texts: Iterable[str], known: Mapping[str, object]
) -> tuple[str | None, dict[str, str]]:
    """Tell what is for one scalable target (ID=…) from what is for all of them."""
    for_all: str | None = None
    each: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if sign and name in known:
            each[name] = value
        elif for_all is None:
            for_all = text
        else:
            refuse(f"{option}: {for_all!r} and {text!r} are for all; write ID= before one of them")
    return for_all, each


def _check_said(said: Mapping[str, str], targets: Sequence[ScalableTarget]) -> None:
    names = {metric.name for each in targets for metric in each.metrics}
    for name in said.keys() - names:
        refuse(f"--measures: no metric {name!r}; there are {', '.join(sorted(names))}")


def _read_with_progress(file: str, reading: Reading, seed: int) -> Trace:
    from flyball.cli import screen
    from flyball.report.plain import plain

    with screen.progress(f"Reading {plain(Path(file).name)}", None):
        return read_traffic(file, reading, seed)


def read_traffic(file: str, reading: Reading, seed: int) -> Trace:
    """Read a file of traffic, or generate days where none is named.

    Raises:
        TraceError: It cannot be read.
    """
    from flyball.cli.demo import START
    from flyball.sim.generate import DAY_MINUTES, generate_day
    from flyball.sim.trace import read_trace

    if not file:
        return generate_day(START, seed=seed, minutes=reading.days * DAY_MINUTES)
    return read_trace(
        Path(file),
        timestamp=reading.timestamp,
        requests=reading.column,
        timezone=reading.time_zone,
        instances=reading.instances,
        level=reading.level,
    )


def make_subject(
    target: ScalableTarget, file: str, trace: Trace, capacity: str | None, setting: Setting
) -> Subject:
    """Put together what is backtested of one scalable target.

    Raises:
        CommandError: Its capacity or its service cannot be told.
    """
    from flyball.report.figures import duration
    from flyball.sim.backtest import Subject
    from flyball.sim.meaning import MeaningError, find_capacity
    from flyball.sim.service import choose_service, keep
    from flyball.sim.slots import MINUTE, Course, Plant

    try:
        known = None if capacity else find_capacity(target, setting.said)
    except MeaningError as error:
        refuse(str(error))
    served, note = choose_capacity(trace, capacity, known)
    notes = [note] if note else []
    notes += [f"the trace: {count:,} {what}" for what, count in trace.notes.items()]
    if trace.resolution > MINUTE:
        apart = duration(trace.resolution)
        notes.append(
            f"the trace: rows are {apart} apart, spread evenly; peaks in them are not seen"
        )
    course = Course(trace.start, trace.requests, served)
    try:
        service = choose_service(target)
    except ValueError as error:
        refuse(str(error))
    if setting.service_target is not None:
        service = keep(service, setting.service_target)
    plant = Plant(
        setting.leads,
        setting.metric_delay,
        target.min_capacity,
        target.hard_max,
        seed=setting.seed,
        service=service,
    )
    most = max((load for load in course.loads() if load is not None), default=0.0)
    if most > target.hard_max:
        notes.append(f"max_capacity {target.hard_max:,} cannot carry the peak of {most:,.1f}")
    if target.price_per_hour is None:
        notes.append("no price_per_hour in the config: no cost in money")
    begin = None if setting.warm_up is None else setting.warm_up // MINUTE
    own = {metric.name for metric in target.metrics}
    said = {name: what for name, what in setting.said.items() if name in own}
    name = Path(file).name if file else f"generated, seed {setting.seed}"
    return Subject(target, course, plant, begin, said, name, tuple(notes))


def choose_capacity(
    trace: Trace, given: str | None, known: tuple[str, float] | None = None
) -> tuple[float, str]:
    """Say what one instance serves, and where that is from.

    Args:
        trace: The traffic.
        given: As it is typed; None: it is not.
        known: Which metric of the config says it, and how much; None: none does.
    """
    if given is not None:
        try:
            number = float(given)
        except ValueError:
            number = 0.0
        if not 0 < number < float("inf"):
            refuse(f"--capacity: got {given!r}, expected a number above 0")
        return number, ""
    if known is not None:
        name, number = known
        return number, f"capacity: where metric {name} is full, as the config says"
    learned = trace.served_per_instance()
    if learned is not None:
        return learned, "capacity: what one instance served in 99 % of the minutes, at most"
    proposed = trace.capacity_per_instance()
    return proposed, "capacity: a twentieth of the 99.95th percentile; set --capacity if you know"
