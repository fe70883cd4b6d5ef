"""Does prediction add anything on this traffic, and would a library's models add more?"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flyball.cli.failure import refuse
from flyball.cli.options import Json, read_duration
from flyball.cli.recorded import (
    CountColumn,
    Days,
    InstancesColumn,
    LeadTime,
    MetricColumn,
    MetricDelay,
    Seed,
    TimeColumn,
    TimeZone,
    make_reading,
    make_setting,
)

if TYPE_CHECKING:
    from flyball.cli.subjects import Reading, Setting
    from flyball.report.forecast import Compared
    from flyball.sim.forecast.library import Library

MINUTE_S = 60
LONGEST_REFIT_S = 31 * 86_400

Files = Annotated[
    list[str] | None,
    typer.Option(
        "--trace",
        metavar="FILE",
        help="Recorded traffic, CSV or Parquet; may be repeated.  [default: generated days]",
    ),
]
With = Annotated[
    str,
    typer.Option(
        "--with",
        metavar="MODELS",
        help="Models of statsforecast besides: of ets, theta, naive, mstl; statsforecast for all "
        "of them.  Needs flyball[forecast].",
    ),
]
Capacity = Annotated[
    str | None,
    typer.Option(
        "--capacity",
        metavar="N",
        help="What one instance serves in a minute.  [default: learned from the trace]",
    ),
]
Quantile = Annotated[
    float,
    typer.Option("--quantile", metavar="RATIO", min=0.5, max=0.999, help="That is forecast."),
]
Target = Annotated[
    float,
    typer.Option(
        "--target",
        metavar="RATIO",
        min=0.01,
        max=1.0,
        help="Of an instance's capacity, in use: what reactive tracking keeps.",
    ),
]
Refit = Annotated[
    str, typer.Option("--refit", metavar="DURATION", help="From one fit of a model to the next.")
]


def forecast(
    trace: Files = None,
    days: Days = None,
    timestamp: TimeColumn = "timestamp",
    requests: CountColumn = None,
    metric: MetricColumn = None,
    instances: InstancesColumn = None,
    time_zone: TimeZone = "UTC",
    capacity: Capacity = None,
    lead_time: LeadTime = "4m",
    metric_delay: MetricDelay = "1m",
    quantile: Quantile = 0.9,
    target: Target = 0.7,
    with_: With = "",
    refit: Refit = "24h",
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Say whether prediction adds anything on recorded traffic.

    The experts of `kind: predictive` forecast a quantile of the demand one lead time ahead, minute
    by minute, as in production, and are held against the last value; so are models of
    statsforecast, if you like, fitted on the trailing days alone. `loss` is the pinball loss in
    instances, `under` the share of minutes in which demand was at most the forecast. Then target
    tracking runs with each forecast as a floor, while it is trusted: `same cost` is how late
    tracking alone is where its target is lowered until it costs as much.
    """
    from flyball.core.learner import LONGEST_HORIZON
    from flyball.sim.forecast.compare import find_p95
    from flyball.sim.forecast.contest import parse_models

    reading = make_reading(timestamp, requests, metric, instances, time_zone, days)
    setting = make_setting(lead_time, metric_delay, seed, None, None)
    if find_p95(setting.leads) + setting.metric_delay > LONGEST_HORIZON:
        refuse(
            "--lead-time, --metric-delay: together more than an hour, as no predictive policy may "
            "have them; of what starts more slowly, no forecast of minutes is of use"
        )
    refit_s = read_duration("--refit", refit).total_seconds()
    if not MINUTE_S <= refit_s <= LONGEST_REFIT_S:
        refuse(f"--refit: got {refit}, expected from 1m to 31d")
    try:
        models = parse_models(with_)
    except ValueError as error:
        refuse(f"--with: {error}")
    library = _load_library() if models else None
    refit_minutes = int(refit_s // MINUTE_S)
    found = [
        _compare(
            file, reading, setting, capacity, (quantile, target), models, library, refit_minutes
        )
        for file in trace or [""]
    ]
    _say(found, json=json)


def _load_library() -> Library:
    from flyball.sim.forecast.library import load

    try:
        return load()
    except ImportError as error:
        refuse(f"--with: {error}")


def _compare(
    file: str,
    reading: Reading,
    setting: Setting,
    capacity: str | None,
    ratios: tuple[float, float],
    models: Sequence[str],
    library: Library | None,
    refit_minutes: int,
) -> Compared:
    from flyball.cli import screen
    from flyball.cli.subjects import choose_capacity, read_traffic
    from flyball.report.forecast import Compared
    from flyball.sim.forecast.compare import Question
    from flyball.sim.forecast.contest import contest
    from flyball.sim.slots import Course, Plant

    trace = read_traffic(file, reading, setting.seed)
    served, note = choose_capacity(trace, capacity)
    course = Course(trace.start, trace.requests, served)
    most = max(1, *(math.ceil(load or 0.0) for load in course.loads()))
    plant = Plant(setting.leads, setting.metric_delay, 1, most, seed=setting.seed)
    question = Question(course, plant, *ratios)
    total = len(course.demand) * (2 + len(models))
    with screen.progress("Forecasting", total, estimates=True) as advance:
        rows, fits = contest(
            question,
            models,
            library,
            time.process_time,
            refit_minutes=refit_minutes,
            advance=advance,
        )
    name = Path(file).name if file else f"generated, seed {setting.seed}"
    return Compared(name, question, rows, fits, (note,) if note else ())


def _say(found: Sequence[Compared], *, json: bool) -> None:
    from flyball.cli import screen
    from flyball.report.forecast import HEADS, as_json, conclude, table_rows, tell_question
    from flyball.report.plain import plain

    if json:
        screen.say_json([as_json(each) for each in found])
        return
    columns = [screen.Column(head, right=index > 0) for index, head in enumerate(HEADS)]
    for each in found:
        screen.say_heading(plain(each.name))
        screen.say_facts(tell_question(each))
        screen.say()
        screen.say_table(columns, table_rows(each))
        screen.say()
        screen.say_wrapped(conclude(each))
