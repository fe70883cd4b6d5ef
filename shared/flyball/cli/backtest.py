"""What would a config have done on recorded traffic, beside what others would have done?"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from flyball.cli.failure import refuse
from flyball.cli.options import Json, TargetNames, read_duration

if TYPE_CHECKING:
    from flyball.core.target import ScalableTarget
    from flyball.sim.backtest import Backtest, Subject
    from flyball.sim.peers import Baseline
    from flyball.sim.trace import Trace

Config = Annotated[Path, typer.Option("--config", metavar="FILE", help="A flyball.yaml.")]
Traces = Annotated[
    list[str],
    typer.Option(
        "--trace",
        metavar="[ID=]FILE",
        help="Recorded traffic, CSV or Parquet: of every scalable target, or with ID= of one; "
        "may be repeated.",
    ),
]
TimeColumn = Annotated[
    str, typer.Option("--timestamp", metavar="COLUMN", help="The column of times.")
]
CountColumn = Annotated[
    str | None,
    typer.Option(
        "--requests",
        metavar="COLUMN",
        help="The column of counts, in each slot.  [default: requests]",
        show_default=False,
    ),
]
MetricColumn = Annotated[
    str | None,
    typer.Option(
        "--metric",
        metavar="COLUMN",
        help="In place of --requests: a column of a level, such as requests in flight; capacity "
        "is in its unit then.",
    ),
]
InstancesColumn = Annotated[
    str,
    typer.Option(
        "--instances",
        metavar="COLUMN",
        help="The column of instances in service: what one serves is learned from it; with "
        "--metric each value is of one of them.",
        show_default=False,
    ),
]
TimeZone = Annotated[
    str, typer.Option("--time-zone", metavar="NAME", help="Of times without an offset.")
]
Capacities = Annotated[
    list[str] | None,
    typer.Option(
        "--capacity",
        metavar="[ID=]N",
        help="What one instance serves in a minute; may be repeated.  [default: learned from the "
        "trace]",
    ),
]
LeadTime = Annotated[
    str,
    typer.Option(
        "--lead-time",
        metavar="TIME",
        help="From an order to in service: 4m, or drawn for each order from 2m..8m or "
        "p50=4m,p95=9m.",
    ),
]
MetricDelay = Annotated[
    str, typer.Option("--metric-delay", metavar="DURATION", help="How late metrics are.")
]
Measures = Annotated[
    list[str] | None,
    typer.Option(
        "--measures",
        metavar="NAME=WHAT",
        help="What a metric measures, where its source does not tell: requests, utilization, "
        "backlog, refused, or latency:BASE, BASE being an idle instance's; may be repeated.",
    ),
]
Against = Annotated[
    str,
    typer.Option(
        "--against",
        metavar="PEERS",
        help="Who runs beside it: of aws, hpa, knative, keda, ray, static, schedule, optimum; with "
        "settings as in aws:target=0.6:period=10s.  '' for nobody.",
    ),
]
WarmUp = Annotated[
    str | None,
    typer.Option(
        "--warm-up",
        metavar="DURATION",
        help="Not scored at the beginning.  [default: a day of more than three, else an hour]",
    ),
]
Seed = Annotated[int, typer.Option("--seed", help="Of the lead times that are drawn.")]
PerDay = Annotated[bool, typer.Option("--per-day", help="Show each day too.")]
Timeline = Annotated[
    Path | None,
    typer.Option("--timeline", metavar="FILE", help="Write each minute as CSV, with reasons."),
]
NewLedger = Annotated[
    Path | None,
    typer.Option(
        "--ledger",
        metavar="PATH",
        help="Keep every row in a new ledger, to explain and replay; it takes three times as long.",
    ),
]


class _Reading(NamedTuple):
    """How the traces' columns are read."""

    timestamp: str
    column: str
    instances: str
    time_zone: str
    level: bool


class _Setting(NamedTuple):
    """What holds for every scalable target."""

    leads: tuple[timedelta, ...]
    metric_delay: timedelta
    seed: int
    warm_up: timedelta | None
    said: Mapping[str, str]


def backtest(
    config: Config,
    trace: Traces,
    target: TargetNames = None,
    timestamp: TimeColumn = "timestamp",
    requests: CountColumn = None,
    metric: MetricColumn = None,
    instances: InstancesColumn = "",
    time_zone: TimeZone = "UTC",
    capacity: Capacities = None,
    lead_time: LeadTime = "4m",
    metric_delay: MetricDelay = "1m",
    measures: Measures = None,
    against: Against = "aws,hpa,static,optimum",
    warm_up: WarmUp = None,
    seed: Seed = 0,
    per_day: PerDay = False,
    timeline: Timeline = None,
    ledger: NewLedger = None,
    json: Json = False,
) -> None:
    """Run a config over recorded traffic, beside what others would have done.

    The production controller, engine and alarms decide; only the endpoint is simulated, by rules
    that are the same for everybody: an instance is billed from its order and serves a lead time
    later. Nothing is changed, whatever the home. Cost is held against who knows the future: `÷
    best`. Who finds no capacity in their minute is excess; who has to wait for others is late too.
    """
    if requests is not None and metric is not None:
        refuse("--requests, --metric: give one of the two")
    column = metric or requests or "requests"
    reading = _Reading(timestamp, column, instances, time_zone, metric is not None)
    setting = _Setting(
        _read_leads(lead_time),
        read_duration("--metric-delay", metric_delay),
        seed,
        None if warm_up is None else read_duration("--warm-up", warm_up),
        dict(_split("--measures", each) for each in measures or ()),
    )
    subjects = _find_subjects(config, target, trace, capacity or [], reading, setting)
    peers = [_choose_peers(against, each.scalable_target) for each in subjects]
    found = _run(list(zip(subjects, peers, strict=True)), ledger)
    if timeline is not None:
        _write_timeline(timeline, found)
    if json:
        _say_json(found, peers)
    else:
        _say(found, per_day=per_day)


def _read_leads(text: str) -> tuple[timedelta, ...]:
    from flyball.sim.lead import parse_leads

    try:
        return parse_leads(text)
    except ValueError as error:
        refuse(f"--lead-time: got {text!r}, expected {error}")


def _split(option: str, text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        refuse(f"{option}: got {text!r}, expected NAME=WHAT")
    return name, value


def _find_subjects(
    config: Path,
    names: Sequence[str] | None,
    traces: Sequence[str],
    capacities: Sequence[str],
    reading: _Reading,
    setting: _Setting,
) -> list[Subject]:
    """Put together what is backtested, in the config's order."""
    from flyball.cli.validate import load_config

    targets = load_config(config).scalable_targets
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
    read: dict[str, Trace] = {}
    subjects = []
    for each in chosen:
        file = files.get(each.id, for_all)
        if file is None:
            refuse(f"--trace: none for {each.id!r}; add --trace {each.id}=FILE")
        if file not in read:
            read[file] = _read_trace(Path(file), reading)
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


def _read_trace(path: Path, reading: _Reading) -> Trace:
    from flyball.cli import screen
    from flyball.report.plain import plain
    from flyball.sim.trace import read_trace

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
    target: ScalableTarget, file: str, trace: Trace, capacity: str | None, setting: _Setting
) -> Subject:
    from flyball.sim.backtest import Subject
    from flyball.sim.slots import MINUTE, Course, Plant

    served, note = _choose_capacity(trace, capacity)
    notes = [note] if note else []
    notes += [f"the trace: {count:,} {what}" for what, count in trace.notes.items()]
    course = Course(trace.start, trace.requests, served)
    plant = Plant(
        setting.leads, setting.metric_delay, target.min_capacity, target.hard_max, seed=setting.seed
    )
    most = max((load for load in course.loads() if load is not None), default=0.0)
    if most > target.hard_max:
        notes.append(f"max_capacity {target.hard_max:,} cannot carry the peak of {most:,.1f}")
    if target.price_per_hour is None:
        notes.append("no price_per_hour in the config: no cost in money")
    begin = None if setting.warm_up is None else setting.warm_up // MINUTE
    own = {metric.name for metric in target.metrics}
    said = {name: what for name, what in setting.said.items() if name in own}
    return Subject(target, course, plant, begin, said, Path(file).name, tuple(notes))


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


def _choose_peers(against: str, target: ScalableTarget) -> tuple[Baseline, ...]:
    from flyball.sim.peers import make

    if not against.strip():
        return ()
    try:
        return make(against, target.windows)
    except ValueError as error:
        refuse(f"{error} (of {target.id})")


def _run(
    asked: Sequence[tuple[Subject, tuple[Baseline, ...]]], path: Path | None
) -> list[Backtest]:
    from flyball.cli import screen
    from flyball.cli.folder import make_folder
    from flyball.sim.backtest import backtest as run_backtest
    from flyball.sim.meaning import MeaningError
    from flyball.wiring.local import Settings, engine_version, open_ledger

    if path is not None and path.exists():
        refuse(f"{path}: there is a file already; name another")
    total = sum(len(subject.course.demand) * (1 + len(peers)) for subject, peers in asked)
    if path is not None:
        make_folder(path)
    opened = nullcontext() if path is None else closing(open_ledger(path, Settings.from_env()))
    with opened as ledger, screen.progress("Backtesting", total, estimates=True) as advance:
        found = []
        for subject, peers in asked:
            try:
                each = run_backtest(
                    subject, peers, ledger=ledger, engine=engine_version(), advance=advance
                )
            except MeaningError as error:
                refuse(str(error))
            except ImportError as error:
                refuse(f"--against: {error}")
            found.append(each)
    return found


def _write_timeline(path: Path, found: Iterable[Backtest]) -> None:
    from flyball.report.backtest import TIMELINE_HEADS, timeline_rows

    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(TIMELINE_HEADS)
            for each in found:
                writer.writerows(timeline_rows(each))
    except OSError as error:
        refuse(f"--timeline: {path}: {error.strerror or error}")


def _say_json(found: Sequence[Backtest], peers: Sequence[Sequence[Baseline]]) -> None:
    from flyball.cli import screen
    from flyball.report.backtest import add_up, as_json

    screen.say_json(
        {
            "targets": [as_json(*each) for each in zip(found, peers, strict=True)],
            "total": [line._asdict() for line in add_up(found)],
        }
    )


def _say(found: Sequence[Backtest], *, per_day: bool) -> None:
    from flyball.cli import screen
    from flyball.report import backtest as report
    from flyball.report.plain import plain

    for each in found:
        screen.say_heading(plain(each.subject.scalable_target.id))
        screen.say_facts(report.tell_subject(each))
        lines = [report.line_of(contender) for contender in each.contenders]
        screen.say()
        _say_table(report.HEADS, report.table_rows(lines))
        screen.say()
        _say_table(report.ELASTICITY_HEADS, report.elasticity_rows(each))
        if per_day:
            screen.say()
            _say_table(report.DAY_HEADS, report.day_rows(each), words=2)
    if len(found) > 1:
        screen.say_heading(f"All {len(found)}")
        _say_table(report.HEADS, report.table_rows(report.add_up(found)))


def _say_table(heads: Sequence[str], rows: Sequence[Sequence[str]], words: int = 1) -> None:
    from flyball.cli import screen

    columns = [
        screen.Column(head, right=index >= words, style="bold" if head == "late" else "")
        for index, head in enumerate(heads)
    ]
    screen.say_table(columns, rows)
