"""What may be said to `flyball size`, option by option?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Paths = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="FILE",
        help="Of one load test of one instance, as Locust, k6, wrk, wrk2, vegeta, an Inference "
        "Recommender job or `flyball loadtest` wrote it, or any CSV.",
        show_default=False,
    ),
]
Machines = Annotated[
    list[str] | None,
    typer.Option(
        "--machine",
        metavar="TYPE=FILE",
        help="In place of FILE: the load test of one of this instance type; repeated, types are "
        "compared.",
    ),
]
InstanceType = Annotated[
    str, typer.Option("--instance-type", metavar="TYPE", help="What FILE, or --from, is of.")
]
Cores = Annotated[
    list[str] | None,
    typer.Option("--cores", metavar="[TYPE=]N", help="Of an instance.  [default: as AWS lists it]"),
]
Gpus = Annotated[list[str] | None, typer.Option("--gpus", metavar="[TYPE=]N", help="Likewise.")]
Prices = Annotated[
    list[str] | None,
    typer.Option("--price", metavar="[TYPE=]N", help="Of an instance's hour, in any currency."),
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="WHAT=NAME",
        help="Of a CSV: which column is users, offered, answered, failed, duration, instances, "
        "p50 (p95, …), cpu, memory, disk, gpu or gpu_memory; may be repeated.  [default: by usual "
        "names]",
    ),
]
Units = Annotated[
    list[str] | None,
    typer.Option(
        "--unit",
        metavar="WHAT=UNIT",
        help="Likewise: requests=second|minute, latency=ns|us|ms|s, "
        "cpu=percent|percent_of_each|ratio.",
    ),
]
Settle = Annotated[
    str | None,
    typer.Option(
        "--settle",
        metavar="DURATION",
        help="Left out of the begin of each load, of a course of time.  [default: 10s]",
        show_default=False,
    ),
]
Recommender = Annotated[
    str | None,
    typer.Option(
        "--recommender",
        metavar="JOB",
        help="In place of FILE: this Inference Recommender job; it is waited for.",
    ),
]
Start = Annotated[
    str | None,
    typer.Option(
        "--start", metavar="default|advanced", help="Or start such a job, which AWS charges for."
    ),
]
Orders = Annotated[
    list[str] | None,
    typer.Option(
        "--order",
        metavar="NAME=VALUE",
        help="With --start: role, model (or a package's ARN), payload, content-type, candidate "
        "(an instance type), environment (NAME=VALUE|VALUE, to try), phase "
        "(USERS:NEW_A_MINUTE:DURATION), name, domain, task, framework, "
        "framework-version, nearest-model, endpoint, stop-after, max-tests, max-at-once, "
        "max-invocations.",
    ),
]
Again = Annotated[
    bool, typer.Option("--again", help="With --start: also where the last one came to nothing.")
]
From = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="cloudwatch",
        help="In place of FILE: the past of a variant while one instance served alone.",
    ),
]
Endpoint = Annotated[str | None, typer.Option("--endpoint", metavar="NAME", help="SageMaker's.")]
Variant = Annotated[str | None, typer.Option("--variant", metavar="NAME", help="Of --endpoint.")]
Since = Annotated[
    str | None,
    typer.Option(
        "--since", metavar="INSTANT", help="With --from.  [default: 14 days before --until]"
    ),
]
Until = Annotated[
    str | None,
    typer.Option("--until", metavar="INSTANT", help="With --from.  [default: the last midnight]"),
]
Objective = Annotated[
    str | None,
    typer.Option(
        "--objective",
        metavar="WHAT",
        help="availability: 40 % of the hardware is used, balanced: 50 %, cost: 70 %.  "
        "[default: balanced]",
        show_default=False,
    ),
]
Latency = Annotated[
    str | None,
    typer.Option(
        "--latency", metavar="OBJECTIVE", help="In its place, how long it may take: 'p95<=200ms'."
    ),
]
Least = Annotated[
    float | None,
    typer.Option("--least", metavar="N", min=0.0, help="Requests a second expected.  [default: 0]"),
]
Most = Annotated[
    float | None, typer.Option("--most", metavar="N", min=0.0, help="Requests a second expected.")
]
Growth = Annotated[
    float, typer.Option("--growth", metavar="FACTOR", help="The most may come to be so much more.")
]
Shape = Annotated[
    str | None,
    typer.Option(
        "--shape",
        metavar="WHAT",
        help="How they come: smooth over a day, spiky, ramp, or trace.  [default: smooth]",
        show_default=False,
    ),
]
UsersPerMinute = Annotated[
    float | None,
    typer.Option("--users-per-minute", metavar="N", help="Of a ramp: new ones in each minute."),
]
RequestsPerUser = Annotated[
    float | None,
    typer.Option(
        "--requests-per-user",
        metavar="N",
        help="Of a ramp: each sends in a minute.  [default: as those of FILE]",
    ),
]
Trace = Annotated[
    Path | None,
    typer.Option(
        "--trace",
        metavar="FILE",
        help="Recorded traffic, columns timestamp and requests: says least, most and shape.",
    ),
]
AtLeast = Annotated[
    int | None,
    typer.Option(
        "--at-least",
        metavar="N",
        min=1,
        help="Instances; 2 where a promise needs two zones.  [default: 1; 2 with --home gcp]",
        show_default=False,
    ),
]
LeadTime = Annotated[
    str | None,
    typer.Option(
        "--lead-time",
        metavar="DURATION",
        help="From an order to in service.  [default: 4m, and what a job measured of the model]",
        show_default=False,
    ),
]
ResourceName = Annotated[
    str | None,
    typer.Option(
        "--resource",
        metavar="WHAT",
        help="Whose use is limited: cpu, memory, disk, gpu, gpu_memory.  [default: what ends]",
    ),
]
Plot = Annotated[
    Path | None,
    typer.Option(
        "--plot",
        metavar="FILE",
        help="Draw it, .svg or .png, with --evaluate what became of it too; needs flyball[plot].",
    ),
]
Write = Annotated[
    Path | None, typer.Option("--write", metavar="FILE", help="Write the policies: a flyball.yaml.")
]
Home = Annotated[
    str | None,
    typer.Option(
        "--home",
        metavar="HOME",
        help="Where it is: local, aws or gcp.  [default: aws with --endpoint and --variant]",
    ),
]
Address = Annotated[
    list[str] | None,
    typer.Option(
        "--address",
        metavar="KEY=VALUE",
        help="With --home gcp: the resource, such as project, location and endpoint.",
    ),
]
Name = Annotated[
    str | None,
    typer.Option("--id", metavar="ID", help="With --write or --measured: the scalable target's."),
]
Adaptive = Annotated[
    bool, typer.Option("--adaptive", help="With --write: an adaptive policy in place of others.")
]
Quota = Annotated[
    int | None,
    typer.Option(
        "--quota",
        metavar="N",
        min=1,
        help="With --write, --evaluate or --measured: so many instances may be had at most.",
    ),
]
Evaluate = Annotated[
    bool,
    typer.Option(
        "--evaluate",
        help="Run the policies under the expected traffic, simulated, and move what breaks first "
        "until they hold; exit code 1 if they do not.",
    ),
]
Measured = Annotated[
    list[str] | None,
    typer.Option(
        "--measured",
        metavar="FILE|recommender:JOB",
        help="A load test of the whole endpoint with its policies in force, as FILE, or a job of "
        "an endpoint: held against what is expected. What broke first is changed; exit code 1 "
        "unless it holds. Repeated: files of one load test.",
    ),
]
Served = Annotated[
    float | None,
    typer.Option(
        "--measured-instances",
        metavar="N",
        min=1.0,
        help="With --measured: so many served all the time.  [default: a column instances, or "
        "reckoned]",
        show_default=False,
    ),
]
InForce = Annotated[
    Path | None,
    typer.Option(
        "--in-force",
        metavar="FILE",
        help="With --measured: the config that was in force.  [default: that of --write, if it is "
        "there, else as the method says]",
        show_default=False,
    ),
]
TimeZone = Annotated[
    str, typer.Option("--time-zone", metavar="NAME", help="With --write and --trace: of windows.")
]
