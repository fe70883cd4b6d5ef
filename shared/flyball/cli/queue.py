"""How many messages may wait for a queue's workers, and do policies keep that?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flyball.cli.failure import FOUND
from flyball.cli.options import Json, TargetName
from flyball.cli.pages import Overwrite, check_files
from flyball.cli.recorded import LeadTime, Measures, MetricDelay, TimeZone, make_setting
from flyball.cli.worked import (
    MOST_INSTANCES,
    Arrivals,
    Limits,
    ask,
    check_numbers,
    check_output,
    find,
    read_place,
    read_target,
    say,
    size,
)

Latency = Annotated[
    str,
    typer.Option(
        "--acceptable-latency", metavar="DURATION", help="From a message's arrival to its end."
    ),
]
Seconds = Annotated[
    float,
    typer.Option("--seconds-per-message", metavar="SECONDS", help="That one takes in the mean."),
]
AtATime = Annotated[
    int,
    typer.Option(
        "--at-a-time", metavar="COUNT", min=1, max=10_000, help="Messages in work on an instance."
    ),
]
Least = Annotated[
    float, typer.Option("--least", metavar="RATE", help="Messages a second that arrive at least.")
]
Most = Annotated[
    float | None, typer.Option("--most", metavar="RATE", help="Messages a second at most.")
]
Growth = Annotated[
    float,
    typer.Option("--growth", metavar="FACTOR", help="By how much more workers it may grow."),
]
AtLeast = Annotated[
    int,
    typer.Option(
        "--at-least", metavar="COUNT", min=0, max=MOST_INSTANCES, help="Workers in any case."
    ),
]
Share = Annotated[
    float,
    typer.Option("--share", metavar="RATIO", help="Of messages that have to keep the latency."),
]
ShapeName = Annotated[
    str,
    typer.Option(
        "--shape",
        metavar="NAME",
        help="How a day's messages come: smooth, from least to most and back; spiky, the most for "
        "5 minutes of each hour; ramp, to the most within an hour.",
    ),
]
TraceFile = Annotated[
    Path | None,
    typer.Option(
        "--trace", metavar="FILE", help="In place of --most and --shape: recorded, CSV or Parquet."
    ),
]
TimeColumn = Annotated[
    str, typer.Option("--timestamp", metavar="COLUMN", help="The trace's column of times.")
]
CountColumn = Annotated[
    str, typer.Option("--messages", metavar="COLUMN", help="The trace's column of counts.")
]
GroupName = Annotated[
    str, typer.Option("--group", metavar="NAME", help="The EC2 Auto Scaling group of the workers.")
]
QueueName = Annotated[str, typer.Option("--queue", metavar="NAME", help="Their queue in SQS.")]
PoolName = Annotated[
    str | None,
    typer.Option(
        "--pool",
        metavar="PROJECT/LOCATION/POOL",
        help="In place of --group: a deployment resource pool of Vertex AI.",
    ),
]
Subscription = Annotated[
    str, typer.Option("--subscription", metavar="NAME", help="With --pool: of Pub/Sub.")
]
BacklogOnly = Annotated[
    bool,
    typer.Option("--backlog-only", help="Track the backlog alone, and not what arrives beside it."),
]
Price = Annotated[
    float | None, typer.Option("--price", metavar="PRICE", help="Of an instance and hour.")
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config", metavar="FILE", help="Try this flyball.yaml, in place of one that is made."
    ),
]
Write = Annotated[
    Path | None,
    typer.Option("--write", metavar="FILE", help="Write the flyball.yaml that is made there."),
]


def queue(
    acceptable_latency: Latency,
    seconds_per_message: Seconds,
    at_a_time: AtATime = 1,
    least: Least = 0.0,
    most: Most = None,
    growth: Growth = 1.0,
    at_least: AtLeast = 1,
    share: Share = 0.99,
    shape: ShapeName = "smooth",
    trace: TraceFile = None,
    timestamp: TimeColumn = "timestamp",
    messages: CountColumn = "messages",
    time_zone: TimeZone = "UTC",
    lead_time: LeadTime = "4m",
    metric_delay: MetricDelay = "1m",
    group: GroupName = "workers",
    queue_name: QueueName = "jobs",
    pool: PoolName = None,
    subscription: Subscription = "jobs",
    backlog_only: BacklogOnly = False,
    price: Price = None,
    config: Config = None,
    target: TargetName = None,
    measures: Measures = None,
    write: Write = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Size workers that follow a queue: from the latency that is acceptable to a policy.

    Backlog per instance is acceptable latency ÷ time per message. With what arrives it makes a
    flyball.yaml, and tries it: the production controller orders, workers come a lead time later,
    and what they do not manage waits. It says which share of messages keeps the latency, and with
    how many workers at least enough of them would. Exit code 1: too few keep it, tried so; what
    chance makes late beside it is said, and changes no exit code.
    """
    check_files({"--write": write}, overwrite=overwrite)
    limits = Limits(acceptable_latency, seconds_per_message, at_a_time, growth, at_least, share)
    check_numbers(limits, (least, most), price)
    arrivals = Arrivals(least, most, shape, trace, (timestamp, messages, time_zone))
    asked = ask(arrivals, limits)
    check_output(config, write, is_told=asked is not None)
    place = read_place(group, queue_name, pool, subscription)
    workers = size(limits, place, asked, price, backlog_only=backlog_only)
    setting = make_setting(lead_time, metric_delay, 0, None, measures)
    timing = f"Workers start in {lead_time}; metrics are {metric_delay} late"
    given = None if config is None else read_target(config, target)
    found, enough = find(workers, asked, given, setting, timing)
    if write is not None:
        write.write_text(found.config, encoding="utf-8", newline="\n")
    say(found, enough, write, json=json)
    if found.tried and not found.tried[0].keeps:
        raise typer.Exit(FOUND)
