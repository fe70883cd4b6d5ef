"""Which values of a config's policies would have been cheap and late enough, and do they hold?"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

from flyball.cli.backtest import Config
from flyball.cli.cores import Backend, Cores, Jobs, choose_cores, spread
from flyball.cli.deployment import Region
from flyball.cli.failure import INTERRUPTED, CommandError, complain, refuse
from flyball.cli.options import Json, TargetNames, read_duration
from flyball.cli.pages import Html, Overwrite, Plot, check_pages, write_pages
from flyball.cli.pulled import Cache, From, Pulling, Refresh, Since, To, pull_traces
from flyball.cli.recorded import (
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
    make_reading,
    make_setting,
)
from flyball.cli.reviewed import (
    Out,
    Proposed,
    Reviewed,
    Write,
    check_out,
    choose_asked,
    put,
    review,
)
from flyball.cli.rounds import Bar
from flyball.cli.sought import (
    Against,
    Batch,
    Choose,
    Fix,
    Folds,
    LateBudget,
    Only,
    Sampler,
    StudyFile,
    Timeout,
    Trials,
)
from flyball.cli.subjects import Reading, Setting, choose_subjects

if TYPE_CHECKING:
    from flyball.report.page import Page
    from flyball.sim.tune import Asked, Outcome, Rules, Tuned
    from flyball.sim.tune.run import Answer, Piece
    from flyball.sim.tune.search import Goal


class Showing(NamedTuple):
    """Where what was found goes."""

    html: Path | None
    plot: Path | None
    json: bool
    write: bool
    out: Path | None


class Call(NamedTuple):
    """What is searched, as it was typed."""

    names: Sequence[str] | None
    traces: Sequence[str] | None
    capacities: Sequence[str]
    only: Sequence[str]
    fix: Sequence[str]
    against: str


def tune(
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
    service_target: ServiceTarget = None,
    warm_up: WarmUp = None,
    late_budget: LateBudget = None,
    choose: Choose = None,
    only: Only = None,
    fix: Fix = None,
    trials: Trials = 64,
    batch: Batch = 8,
    timeout: Timeout = None,
    folds: Folds = None,
    sampler: Sampler = "tpe",
    against: Against = "aws,hpa,optimum",
    seed: Seed = 0,
    study: StudyFile = None,
    jobs: Jobs = None,
    backend: Backend = "loky",
    write: Write = False,
    out: Out = None,
    html: Html = None,
    plot: Plot = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Search over the policies' values on recorded traffic, and propose a change.

    What is chosen on some days is judged on the days after them. The config stays as it is: a diff
    is printed, which --write puts into it. One seed finds the same on any number of cores.
    """
    showing = _check(config, Showing(html, plot, json, write, out), overwrite=overwrite)
    rules = _make_rules(late_budget, sampler, (trials, batch), folds, seed, choose)
    limit = None if timeout is None else read_duration("--timeout", timeout).total_seconds()
    reading = make_reading(timestamp, requests, metric, instances, time_zone, days)
    setting = make_setting(lead_time, metric_delay, seed, warm_up, measures, service_target)
    others = {"--requests": requests, "--metric": metric}
    pulling = Pulling(from_, since, until, days, cache, refresh, region, others)
    call = Call(target, trace, capacity or [], only or [], fix or [], against)
    cores, file = choose_cores(jobs, backend, 2), review(config)
    asked = _ask(file, call, reading, setting, pulling)
    _show(_run(asked, rules, study, cores, limit), rules, file, showing)


def _check(config: Path, showing: Showing, *, overwrite: bool) -> Showing:
    """Refuse, before anything runs, what could not be written when it has run."""
    check_pages(showing.html, showing.plot, overwrite=overwrite)
    check_out(config, showing.out, write=showing.write, overwrite=overwrite)
    return showing


def _ask(
    file: Reviewed, call: Call, reading: Reading, setting: Setting, pulling: Pulling
) -> list[Asked]:
    traces = pull_traces(file.path, call.names, call.traces, pulling)
    targets, name = file.config.scalable_targets, str(file.path)
    subjects = choose_subjects(
        targets, name, call.names, traces, call.capacities, reading, setting, {}
    )
    return choose_asked(file, subjects, call.only, call.fix, call.against)


def _make_rules(
    late_budget: str | None,
    sampler: str,
    points: tuple[int, int],
    folds: int | None,
    seed: int,
    choose: int | None,
) -> Rules:
    from flyball.sim.tune import Rules
    from flyball.sim.tune.search import SAMPLERS, Goal
    from flyball.wiring.local import engine_version

    if sampler not in SAMPLERS:
        refuse(f"--sampler: got {sampler!r}, expected {' or '.join(SAMPLERS)}")
    if late_budget is not None and choose is not None:
        refuse("--late-budget, --choose: give one of the two")
    share = None if late_budget is None else _read_share(late_budget)
    trials, batch = points
    return Rules(Goal(share, sampler), trials, folds, seed, choose, engine_version(), batch)


def _read_share(text: str) -> float:
    """Read 1% or 0.01."""
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        refuse(f"--late-budget: got {text!r}, expected a share such as 1% or 0.01")
    return share


def _run(
    asked: Sequence[Asked], rules: Rules, study: Path | None, cores: Cores, limit: float | None
) -> Outcome:
    from flyball.cli import screen
    from flyball.cli.cores import CoresError, hold
    from flyball.sim.meaning import MeaningError
    from flyball.sim.tune import tune as run_tune
    from flyball.sim.tune.search import SearchError, open_storage

    began = time.monotonic()
    try:
        storage = open_storage(study)
        bar = Bar(asked, rules)
        with (
            hold(cores) as held,
            screen.progress("Searching", bar.steps, estimates=True) as advance,
        ):
            bar.advance = advance
            return run_tune(
                asked,
                rules,
                lambda pieces: _spread(pieces, held, bar.tell),
                storage,
                is_over=lambda: limit is not None and time.monotonic() - began > limit,
                end_round=bar.end_round,
            )
    except (CoresError, MeaningError, SearchError) as error:
        refuse(str(error))
    except ImportError as error:
        refuse(f"--against: {error}")
    except ValueError as error:
        if rules.choose is None:
            raise
        refuse(f"--choose: {error}")


def _spread(
    pieces: Sequence[Piece], cores: Cores, advance: Callable[[int], None]
) -> Iterator[Answer]:
    from flyball.sim.tune.run import run_piece

    with closing(spread(run_piece, pieces, cores, advance)) as found:
        yield from found


def _show(found: Outcome, rules: Rules, file: Reviewed, showing: Showing) -> None:
    """Show what was found, and put it where it is wanted; nothing is put of what is not whole.

    What cannot be put is refused when the rest was shown.
    """
    if not found.targets:
        raise KeyboardInterrupt
    from flyball.cli import screen

    proposed, refusal = file.propose(found.targets), None
    if found.is_interrupted:
        complain("interrupted; what was found by then:")
    if not showing.json:
        for each in found.targets:
            _say(each, rules)
    write_pages(showing.html, showing.plot, lambda: _compose(found.targets, rules.goal, rules.seed))
    if not showing.json:
        _say_diff(file, proposed)
    where = told = None
    try:
        if not found.is_interrupted:
            where, told = put(file, proposed, write=showing.write, out=showing.out)
    except (CommandError, OSError) as error:
        refusal = error
    if showing.json:
        screen.say_json(_make_content(found, rules, proposed, where))
    elif told:
        screen.say(told)
    if refusal is not None:
        raise refusal
    if found.is_interrupted:
        raise typer.Exit(INTERRUPTED)


def _make_content(
    found: Outcome, rules: Rules, proposed: Proposed, where: Path | None
) -> dict[str, object]:
    from flyball.report.tune import as_json

    return {
        "targets": [as_json(each, rules.goal, rules.seed) for each in found.targets],
        "is_interrupted": found.is_interrupted,
        "is_over": found.is_over,
        "diff": proposed.diff,
        "written": None if where is None else str(where),
    }


def _compose(found: Sequence[Tuned], goal: Goal, seed: int) -> Page:
    from flyball.report.page.searched import compose_search

    return compose_search(found, goal, seed)


def _say(found: Tuned, rules: Rules) -> None:
    from flyball.cli import screen
    from flyball.report import tune as report
    from flyball.report.plain import plain

    screen.say_heading(plain(found.asked.subject.scalable_target.id))
    screen.say_facts(report.tell_search(found, rules.goal, rules.seed))
    screen.say()
    _say_table(report.HEADS, report.frontier_rows(found))
    beside = report.tell_peer(found)
    if beside:
        screen.say()
        screen.say_wrapped(beside)
    fields = [(name, f"{now} → {then}", "") for name, now, then in report.field_rows(found)]
    if fields:
        screen.say_heading("What is changed")
        screen.say_facts(fields)
    walks = report.walk_rows(found)
    if walks:
        screen.say_heading("Chosen on the past, judged on the future")
        _say_table(report.WALK_HEADS, walks)
    screen.say()
    screen.say_wrapped(report.tell_verdict(found, rules.goal), style="bold")


def _say_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from flyball.cli import screen

    columns = [
        screen.Column(head, right=index > 0, style="bold" if head == "late" else "")
        for index, head in enumerate(heads)
    ]
    screen.say_table(columns, rows)


def _say_diff(file: Reviewed, proposed: Proposed) -> None:
    from flyball.cli import screen
    from flyball.report.plain import plain

    if proposed.problem:
        return
    screen.say()
    if not proposed.diff:
        screen.say(f"{file.path}: nothing to change: what is there was the best that was tried")
    for line in proposed.diff.splitlines():
        screen.say(plain(line, 2_000))
