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


class Setting(NamedTuple):
    """What holds for every scalable target."""

    leads: tuple[timedelta, ...]
    metric_delay: timedelta
    seed: int
    warm_up: timedelta | None
    said: Mapping[str, str]
    service_target: float | None = None


def find_subjects(
    config: Path,
    names: Sequence[str] | None,
    traces: Sequence[str],
    capacities: Sequence[str],
    reading: Reading,
    setting: Setting,
) -> list[Subject]:
    """Put together what is backtested, in the config's order."""
    from flyball.cli.validate import load_config

    targets = load_config(config).scalable_targets
    return choose_subjects(targets, str(config), names, traces, capacities, reading, setting, {})


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
    subjects = []
    for each in chosen:
        file = files.get(each.id, for_all)
        if file is None:
            refuse(f"--trace: none for {each.id!r}; add --trace {each.id}=FILE")
        if file not in read:
            read[file] = _read_trace(file, reading, setting.seed)
        number = numbers.get(each.id, for_every)
        subjects.append(_make_subject(each, file, read[file], number, setting))
    _check_said(setting.said, chosen)
    return subjects


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


def _read_trace(file: str, reading: Reading, seed: int) -> Trace:
    from flyball.cli import screen
    from flyball.cli.demo import START
    from flyball.report.plain import plain
    from flyball.sim.generate import DAY_MINUTES, generate_day
    from flyball.sim.trace import read_trace

    if not file:
        return generate_day(START, seed=seed, minutes=reading.days * DAY_MINUTES)
    path = Path(file)
    with screen.progress(f"Reading {plain(path.name)}", None):
        return read_trace(
            path,
            timestamp=reading.timestamp,
            requests=reading.column,
            timezone=reading.time_zone,
            instances=reading.instances,
            level=reading.level,
        )


def _make_subject(
    target: ScalableTarget, file: str, trace: Trace, capacity: str | None, setting: Setting
) -> Subject:
    from flyball.report.figures import duration
    from flyball.sim.backtest import Subject
    from flyball.sim.service import choose_service, keep
    from flyball.sim.slots import MINUTE, Course, Plant

    served, note = _choose_capacity(trace, capacity)
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


def _choose_capacity(trace: Trace, given: str | None) -> tuple[float, str]:
    """Say what one instance serves, and where that is from."""
    if given is not None:
        try:
            number = float(given)
        except ValueError:
            number = 0.0
        if not 0 < number < float("inf"):
            refuse(f"--capacity: got {given!r}, expected a number above 0")
        return number, ""
    learned = trace.served_per_instance()
    if learned is not None:
        return learned, "capacity: what one instance served in 99 % of the minutes, at most"
    proposed = trace.capacity_per_instance()
    return proposed, "capacity: a twentieth of the 99.95th percentile; set --capacity if you know"
