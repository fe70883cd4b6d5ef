"""What would a config have done on recorded traffic, beside what others would have done?"""

from __future__ import annotations

import csv
from collections.abc import Callable, Container, Iterable, Sequence
from contextlib import closing, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from flyball.cli.cores import LOKY, Backend, Cores, Jobs, choose_cores
from flyball.cli.deployment import Region
from flyball.cli.failure import REFUSED, CommandError, complain, refuse
from flyball.cli.fleet import Call, Failed, Runs
from flyball.cli.gather import Folder, TargetColumn, gather_traces, name_source
from flyball.cli.options import Json, TargetNames
from flyball.cli.pages import Html, Overwrite, Plot, check_files, check_pages, write_pages
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
from flyball.cli.results import Results, Shelf
from flyball.cli.subjects import Item, Reading, Setting, find_items, read_subjects
from flyball.cli.told import say_fleet, say_fleet_json, say_wholes, say_wholes_json

if TYPE_CHECKING:
    from flyball.report.fleet import Told
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
    traces: Folder = None,
    target_column: TargetColumn = None,
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
    overwrite: Overwrite = False,
    ledger: NewLedger = None,
    jobs: Jobs = None,
    backend: Backend = LOKY,
    results: Results = None,
    json: Json = False,
) -> None:
    """Run a config over recorded traffic, beside what others would have done.

    The production controller, engine and alarms decide; only the endpoint is simulated, by rules
    that are the same for everybody: an instance is billed from its order and serves a lead time
    later; inside a range, its service picks the count. Nothing is changed, whatever the home. Cost
    is held against who knows the future: `÷ best`. Who finds no capacity in their minute is excess;
    who has to wait for others is late too.
    """
    check_pages(html, plot, overwrite=overwrite)
    check_files({"--timeline": timeline}, overwrite=overwrite)
    reading = make_reading(timestamp, requests, metric, instances, time_zone, days)
    setting = make_setting(lead_time, metric_delay, seed, warm_up, measures, service_target)
    others = {"--traces": traces, "--requests": requests, "--metric": metric}
    pulling = Pulling(from_, since, until, days, cache, refresh, region, others)
    wanted = Wanted(html, plot, timeline, ledger, json=json, per_day=per_day)
    with gather_traces(config, target, trace, traces, target_column) as files:
        unpulled: dict[str, str] = {}
        pulled = pull_traces(config, target, files, pulling, unpulled)
        items = find_items(config, _leave_out(target, unpulled), pulled, capacity or [], setting)
        failed = [Failed(*each, REFUSED) for each in unpulled.items()]
        name = partial(name_source, folder=traces, column=target_column)
        cores = choose_cores(jobs, backend, len(items))
        _run_items(items, failed, How(reading, setting, against, cores, results, name), wanted)


def _leave_out(names: Sequence[str] | None, unpulled: Container[str]) -> list[str] | None:
    return None if names is None else [each for each in names if each not in unpulled]


class How(NamedTuple):
    """How all are run, as the options say it; see flyball.cli.fleet.Call."""

    reading: Reading
    setting: Setting
    against: str
    cores: Cores
    results: Path | None
    name: Callable[[str, Item], str]


class Wanted(NamedTuple):
    """What is made of the results, as the options say it."""

    html: Path | None
    plot: Path | None
    timeline: Path | None
    ledger: Path | None
    json: bool
    per_day: bool

    @property
    def minutes(self) -> bool:
        """Whether any of it needs each minute."""
        return any((self.html, self.plot, self.timeline))


def _run_items(items: Sequence[Item], failed: Sequence[Failed], how: How, wanted: Wanted) -> None:
    """Run one here, or many on many cores, and tell what came of them."""
    from flyball.wiring.local import engine_version

    if wanted.ledger is not None or len(items) + len(failed) == 1:
        _check_ledger(wanted.ledger, items, how.cores, failed)
        _tell_one(items, how, wanted)
        return
    _check_peers(how.against, items)
    reading, setting, against, cores, results, name = how
    call = Call(reading, setting, against, engine_version(), cores, Shelf(results), name)
    _tell_fleet(Runs(items, call, failed), wanted)


def _tell_one(items: Sequence[Item], how: How, wanted: Wanted) -> None:
    """Run what fits into memory, here, and tell it."""
    subjects = read_subjects(items, how.reading, how.setting, {})
    peers = [choose_peers(how.against, each.scalable_target) for each in subjects]
    found = _run(list(zip(subjects, peers, strict=True)), wanted.ledger)
    if wanted.timeline is not None:
        _write_timeline(wanted.timeline, found)
    write_pages(wanted.html, wanted.plot, lambda: _compose(found))
    if wanted.json:
        say_wholes_json(found, peers)
    else:
        say_wholes(found, per_day=wanted.per_day)


def _tell_fleet(runs: Runs, wanted: Wanted) -> None:
    """Run many, on many cores, and tell them; those that failed last."""
    from flyball.report.fleet import FEW, choose_shown

    fleet = runs.run(whole=wanted.minutes and len(runs.items) <= FEW)
    if wanted.minutes and fleet.told:
        shown = runs.show(choose_shown(fleet.told))
        if len(shown) < len(fleet.told):
            worst = f"{len(shown)} of {len(fleet.told):,} with the most late requests"
            complain(f"minute by minute only the {worst}; --target names others")
        if wanted.timeline is not None:
            _write_timeline(wanted.timeline, shown)
        write_pages(wanted.html, wanted.plot, lambda: _compose(shown, fleet.told))
    if wanted.json:
        say_fleet_json(runs)
    else:
        say_fleet(runs, per_day=wanted.per_day)
    if fleet.failed:
        count = f"{len(fleet.failed):,} of {len(fleet.failed) + len(fleet.told):,}"
        raise CommandError(
            f"{count} could not be run, such as {fleet.failed[0].id}: {fleet.failed[0].error}",
            max(each.code for each in fleet.failed),
        )


def _check_ledger(
    ledger: Path | None, items: Sequence[Item], cores: Cores, failed: Sequence[Failed]
) -> None:
    from flyball.report.fleet import FEW

    if ledger is None:
        return
    for each in failed:
        refuse(each.error)
    if cores.jobs not in (None, 1) or not cores.is_here:
        refuse("--ledger: one ledger is written by one process; leave --jobs and --backend")
    if len(items) > FEW:
        refuse(f"--ledger: keeps each row of {FEW} scalable targets at most; name them: --target")


def _check_peers(against: str, items: Sequence[Item]) -> None:
    """Refuse peers that nobody can have; who has them not is told with the others that fail."""
    first: CommandError | None = None
    for each in items:
        try:
            choose_peers(against, each.target)
        except CommandError as error:
            first = first or error
        else:
            return
    if first is not None:
        raise first


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


def _compose(found: Sequence[Backtest], told: Sequence[Told] = ()) -> Page:
    from flyball.report.backtest import add_lines
    from flyball.report.page.compose import Fleet, compose

    if len(told) <= len(found):
        return compose(found)
    total = add_lines(line for each in told for line in each.lines)
    return compose(found, Fleet(len(told), total))
