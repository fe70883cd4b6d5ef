"""On which recorded traffic, with which lead times and beside whom is a config run?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from flyball.cli.failure import refuse
from flyball.cli.options import read_duration
from flyball.cli.subjects import Reading, Setting

if TYPE_CHECKING:
    from flyball.core.target import ScalableTarget
    from flyball.sim.peers import Baseline

DAYS_LIMIT = 366
USUAL_DAYS = 7

Traces = Annotated[
    list[str] | None,
    typer.Option(
        "--trace",
        metavar="[ID=]FILE",
        help="Recorded traffic, CSV or Parquet: of every scalable target, or with ID= of one; "
        "may be repeated.  [default: generated days]",
    ),
]
Days = Annotated[
    int | None,
    typer.Option(
        "--days",
        min=1,
        max=DAYS_LIMIT,
        help="Without a trace: how many days are generated, or pulled.  [default: 7 and 14]",
        show_default=False,
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
    str | None,
    typer.Option(
        "--instances",
        metavar="COLUMN",
        help="The column of instances in service: what one serves is learned from it; with "
        "--metric each value is of one of them.  '' for none.  [default: instances, where counts "
        "have such a column]",
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
        help="What a metric measures, where its source does not tell: requests, utilization "
        "(utilization:FULL, FULL where an instance carries no more), backlog, refused, or "
        "latency:BASE, BASE being an idle instance's; may be repeated.",
    ),
]
Against = Annotated[
    str,
    typer.Option(
        "--against",
        metavar="PEERS",
        help="Who runs beside it: of aws, hpa, knative, keda, ray, google, static, schedule, "
        "optimum; with settings as in aws:target=0.6:period=10s.  '' for nobody.",
    ),
]
ServiceTarget = Annotated[
    float | None,
    typer.Option(
        "--service-target",
        metavar="RATIO",
        min=0.01,
        max=1.0,
        help="Of GPU and CPU, in use: what the service keeps that picks inside a range.  "
        "[default: 0.6]",
        show_default=False,
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
Seed = Annotated[
    int, typer.Option("--seed", help="Of lead times that are drawn, and of generated days.")
]


def make_reading(
    timestamp: str,
    requests: str | None,
    metric: str | None,
    instances: str | None,
    time_zone: str,
    days: int | None,
) -> Reading:
    """Say how the traces' columns are read, as the options say it."""
    if requests is not None and metric is not None:
        refuse("--requests, --metric: give one of the two")
    column = metric or requests or "requests"
    count = USUAL_DAYS if days is None else days
    return Reading(timestamp, column, instances, time_zone, metric is not None, count)


def make_setting(
    lead_time: str,
    metric_delay: str,
    seed: int,
    warm_up: str | None,
    measures: Sequence[str] | None,
    service_target: float | None = None,
) -> Setting:
    """Say what holds for every scalable target, as the options say it."""
    return Setting(
        _read_leads(lead_time),
        read_duration("--metric-delay", metric_delay),
        seed,
        None if warm_up is None else read_duration("--warm-up", warm_up),
        dict(_split("--measures", each) for each in measures or ()),
        service_target,
    )


def choose_peers(against: str, target: ScalableTarget) -> tuple[Baseline, ...]:
    """Make those who run beside a scalable target's config.

    Raises:
        CommandError: There is no such peer, or its library is not installed here.
    """
    from flyball.sim.peers import make

    if not against.strip():
        return ()
    try:
        peers = make(against, target.windows)
    except ValueError as error:
        refuse(f"{error} (of {target.id})")
    try:
        for each in peers:
            each.check()
    except ImportError as error:
        refuse(f"--against: {error}")
    return peers


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
