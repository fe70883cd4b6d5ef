"""What would a config have done on recorded traffic, beside what others would have done?"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from contextlib import closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flyball.cli.deployment import Region
from flyball.cli.failure import refuse
from flyball.cli.options import Json, TargetNames
from flyball.cli.pages import Html, Plot, check_pages, write_pages
from flyball.cli.pulled import Cache, From, Pulling, Refresh, Since, To, pull_traces
from flyball.cli.recorded import (
    Against,
    Capacities,
    CountColumn,
    Days,
    InstancesColumn,
    LeadTime,
    Measures,
    MetricColumn,
    MetricDelay,
    Seed,
    ServiceTarget,
    TimeColumn,
    TimeZone,
    Traces,
    WarmUp,
    choose_peers,
    make_reading,
    make_setting,
)
from flyball.cli.subjects import find_subjects

if TYPE_CHECKING:
    from flyball.report.page import Page
    from flyball.sim.backtest import Backtest, Subject
    from flyball.sim.peers import Baseline

Config = Annotated[Path, typer.Option("--config", metavar="FILE", help="A flyball.yaml.")]
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
        help="Keep every row in a new ledger, to explain and replay; it takes twice as long.",
    ),
]


def backtest(
    config: Config,
    trace: Traces = None,
    from_: From = None,
    days: Days = None,
    since: Since = None,
    until: To = None,
    cache: Cache = None,
    refresh: Refresh = False,
    region: Region = None,
    target: TargetNames = None,
    timestamp: TimeColumn = "timestamp",
    requests: CountColumn = None,
    metric: MetricColumn = None,
    instances: InstancesColumn = None,
    time_zone: TimeZone = "UTC",
    capacity: Capacities = None,
    lead_time: LeadTime = "4m",
    metric_delay: MetricDelay = "1m",
    measures: Measures = None,
    against: Against = "aws,hpa,static,optimum",
    service_target: ServiceTarget = None,
    warm_up: WarmUp = None,
    seed: Seed = 0,
    per_day: PerDay = False,
    timeline: Timeline = None,
    html: Html = None,
    plot: Plot = None,
    ledger: NewLedger = None,
    json: Json = False,
) -> None:
    """Run a config over recorded traffic, beside what others would have done.

    The production controller, engine and alarms decide; only the endpoint is simulated, by rules
    that are the same for everybody: an instance is billed from its order and serves a lead time
    later; inside a range, its service picks the count. Nothing is changed, whatever the home. Cost
    is held against who knows the future: `÷ best`. Who finds no capacity in their minute is excess;
    who has to wait for others is late too.
    """
    check_pages(html, plot)
    reading = make_reading(timestamp, requests, metric, instances, time_zone, days)
    setting = make_setting(lead_time, metric_delay, seed, warm_up, measures, service_target)
    others = {"--requests": requests, "--metric": metric}
    pulling = Pulling(from_, since, until, days, cache, refresh, region, others)
    traces = pull_traces(config, target, trace, pulling)
    subjects = find_subjects(config, target, traces, capacity or [], reading, setting)
    peers = [choose_peers(against, each.scalable_target) for each in subjects]
    found = _run(list(zip(subjects, peers, strict=True)), ledger)
    if timeline is not None:
        _write_timeline(timeline, found)
    write_pages(html, plot, lambda: _compose(found))
    if json:
        _say_json(found, peers)
    else:
        _say(found, per_day=per_day)


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


def _compose(found: Sequence[Backtest]) -> Page:
    from flyball.report.page.compose import compose

    return compose(found)


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
