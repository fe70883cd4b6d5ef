"""What would a change of policy have done on recorded traffic?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from flyball.cli.compared import Format, show_diff
from flyball.cli.cores import LOKY, STEPS, CoresError, Jobs, Tell, choose_cores, spread
from flyball.cli.deployment import Region
from flyball.cli.failure import FOUND, refuse
from flyball.cli.options import Json, TargetNames
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
    choose_peers,
    make_reading,
    make_setting,
)
from flyball.cli.subjects import Reading, Setting, choose_subjects

if TYPE_CHECKING:
    from flyball.config.amended import Pair
    from flyball.config.load import Config
    from flyball.report.limit import Limit, Verdict
    from flyball.report.page import Page
    from flyball.sim.backtest import Backtest, Subject
    from flyball.sim.diff import Asked, Diff, Task
    from flyball.sim.trace import Trace

MOST_MOMENTS = 100


class Call(NamedTuple):
    """What is asked of both configs alike."""

    names: Sequence[str] | None
    traces: Sequence[str]
    capacities: Sequence[str]
    reading: Reading
    setting: Setting


Old = Annotated[
    str,
    typer.Argument(
        metavar="OLD", help="A flyball.yaml as it was; main:flyball.yaml is that of a git revision."
    ),
]
New = Annotated[str, typer.Argument(metavar="NEW", help="A flyball.yaml as it is to be.")]
FailOn = Annotated[
    list[str] | None,
    typer.Option(
        "--fail-on",
        metavar="LIMIT",
        help="End with 1 if it is exceeded: 'cost>+5%' by the change, 'late>1%' by the new value; "
        "of cost, hours, late, excess, changes, undone; each:… and ID:… are of one scalable "
        "target; may be repeated.",
    ),
]
Against = Annotated[
    str,
    typer.Option(
        "--against",
        metavar="PEERS",
        help="Who runs beside both, as in flyball backtest: such as aws,hpa,optimum.  "
        "[default: nobody]",
        show_default=False,
    ),
]
Moments = Annotated[
    int,
    typer.Option("--moments", min=0, max=MOST_MOMENTS, help="How many moments are told."),
]
For = Annotated[
    Format,
    typer.Option(
        "--format", help="For a terminal, for a comment on a pull request, or for a program."
    ),
]


def diff(
    old: Old,
    new: New,
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
    against: Against = "",
    service_target: ServiceTarget = None,
    warm_up: WarmUp = None,
    seed: Seed = 0,
    fail_on: FailOn = None,
    moments: Moments = 10,
    jobs: Jobs = None,
    html: Html = None,
    plot: Plot = None,
    overwrite: Overwrite = False,
    for_: For = Format.TEXT,
    json: Json = False,
) -> None:
    """Show what a change of policy would have done on recorded traffic.

    Both configs run as in `flyball backtest`, over the same traffic with the same lead times. Said
    are the fields that mean something else, the change of cost, late requests and changes, and the
    moments that mattered most, with the reasons of both. Exit code 0: within the limits, or none
    is given; 1: a limit of --fail-on is exceeded; 2: it could not be done.
    """
    from flyball.cli.revision import read_config

    check_pages(html, plot, overwrite=overwrite)
    limits = [_read_limit(each) for each in fail_on or ()]
    reading = make_reading(timestamp, requests, metric, instances, time_zone, days)
    setting = make_setting(lead_time, metric_delay, seed, warm_up, measures, service_target)
    others = {"--requests": requests, "--metric": metric}
    pulling = Pulling(from_, since, until, days, cache, refresh, region, others)
    configs = (read_config(old), read_config(new))
    traces = pull_traces(Path(new), target, trace, pulling)
    call = Call(target, traces, capacity or [], reading, setting)
    asked = _ask(configs, (old, new), call)
    found = _run(asked, against, jobs)._replace(told=moments)
    verdicts = _judge(found, limits)
    write_pages(html, plot, lambda: _compose(found, verdicts, (old, new)))
    show_diff(found, verdicts, (old, new), Format.JSON if json else for_)
    if any(each.is_exceeded for each in verdicts):
        raise typer.Exit(FOUND)


def _read_limit(text: str) -> Limit:
    from flyball.report.limit import LimitError, parse_limit

    try:
        return parse_limit(text)
    except LimitError as error:
        refuse(f"--fail-on: {error}")


def _judge(found: Diff, limits: Sequence[Limit]) -> list[Verdict]:
    from flyball.report.diff import judge_limits
    from flyball.report.limit import LimitError

    try:
        return judge_limits(found, limits)
    except LimitError as error:
        refuse(f"--fail-on: {error}")


def _ask(configs: tuple[Config, Config], names: tuple[str, str], call: Call) -> list[Asked]:
    """Put together what is compared: the new config's scalable targets, then those it lacks."""
    from flyball.config.amended import pair_targets
    from flyball.sim.diff import Asked

    pairs = pair_targets(configs[0].scalable_targets, configs[1].scalable_targets)
    _check_names(pairs, call, names)
    read: dict[str, Trace] = {}
    subjects = [
        _choose(config, side, pairs, names, call, read) for side, config in enumerate(configs)
    ]
    asked = []
    for pair in pairs:
        found = [
            None if each is None else chosen.get(each.id)
            for each, chosen in zip(pair, subjects, strict=True)
        ]
        if call.names is None or _is_named(pair, call.names):
            asked.append(Asked(pair, found[0], found[1]))
    return asked


def _choose(
    config: Config,
    side: int,
    pairs: Sequence[Pair],
    names: tuple[str, str],
    call: Call,
    read: dict[str, Trace],
) -> dict[str, Subject]:
    """Choose what is backtested of one of the two configs."""
    own = {each.id for each in config.scalable_targets}
    ids = {each.id: here.id for pair in pairs if (here := pair[side]) for each in pair if each}
    other = {each.id for pair in pairs for each in pair if each} - ids.keys()
    wanted = None if call.names is None else [ids[each] for each in call.names if each in ids]
    if wanted == []:
        return {}
    metrics = {metric.name for each in config.scalable_targets for metric in each.metrics}
    said = {name: what for name, what in call.setting.said.items() if name in metrics}
    chosen = choose_subjects(
        config.scalable_targets,
        names[side],
        wanted,
        _rename(call.traces, ids, other - own),
        _rename(call.capacities, ids, other - own),
        call.reading,
        call.setting._replace(said=said),
        read,
    )
    return {each.scalable_target.id: each for each in chosen}


def _rename(texts: Sequence[str], ids: Mapping[str, str], others: set[str]) -> list[str]:
    """Say ID=… of what has another id in this config, and leave out what it has not."""
    renamed = []
    for text in texts:
        name, sign, rest = text.partition("=")
        if sign and name in ids:
            renamed.append(f"{ids[name]}={rest}")
        elif not (sign and name in others):
            renamed.append(text)
    return list(dict.fromkeys(renamed))


def _check_names(pairs: Sequence[Pair], call: Call, names: tuple[str, str]) -> None:
    """Refuse what neither config has."""
    known = list(dict.fromkeys(each.id for pair in pairs for each in pair if each))
    for name in call.names or ():
        if name not in known:
            shown = ", ".join(known[:5])
            refuse(f"--target: neither {names[0]} nor {names[1]} has {name!r}; they have {shown}")
    metrics = {metric.name for pair in pairs for each in pair if each for metric in each.metrics}
    for name in call.setting.said:
        if name not in metrics:
            refuse(f"--measures: no metric {name!r}; there are {', '.join(sorted(metrics))}")


def _is_named(pair: Pair, names: Sequence[str]) -> bool:
    return any(each.id in names for each in pair if each)


def _do(part: tuple[int, Task], tell: Tell) -> tuple[int, Backtest]:
    """Run one of the backtests, in the process of whoever works."""
    from flyball.sim.diff import run_task

    index, task = part
    return index, run_task(task, tell)


def _run(asked: Sequence[Asked], against: str, jobs: int | None) -> Diff:
    from flyball.cli import screen
    from flyball.sim.diff import diff as run_diff
    from flyball.sim.diff import list_tasks
    from flyball.sim.meaning import MeaningError

    for each in asked:
        if each.new is not None:
            choose_peers(against, each.new.scalable_target)
    count = sum(each is not None for each in list_tasks(asked, against))
    cores = choose_cores(jobs, LOKY, count)

    with screen.progress("Backtesting", count * STEPS, estimates=True) as advance:

        def carry_out(tasks: Sequence[Task]) -> list[Backtest]:
            with closing(spread(_do, enumerate(tasks), cores, advance)) as ended:
                found = dict(ended)
            return [found[index] for index in range(len(tasks))]

        try:
            return run_diff(asked, against.strip(), carry_out=carry_out)
        except MeaningError as error:
            refuse(str(error))
        except ImportError as error:
            refuse(f"--against: {error}")
        except CoresError as error:
            refuse(str(error))


def _compose(found: Diff, verdicts: Sequence[Verdict], names: tuple[str, str]) -> Page:
    from flyball.report.page.contrasted import compose_diff

    return compose_diff(found, verdicts, names)
