"""How much does one instance carry, measured on a real endpoint?"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from flyball.cli.failure import FOUND, INTERRUPTED, refuse
from flyball.cli.loads import (
    FREE_RATE,
    FREE_USERS,
    check_host,
    check_out,
    make_gauge,
    make_ladder,
    make_order,
    make_times,
    read_objective,
)
from flyball.cli.options import Json, read_duration
from flyball.cli.pages import Overwrite

if TYPE_CHECKING:
    from flyball.report.loadtest import Unit
    from flyball.sizing.benchmark import Benchmark, Machine, Resource
    from flyball.sizing.load.drive import Course, Moment, Times
    from flyball.sizing.load.ladder import Ladder
    from flyball.sizing.load.order import Order
    from flyball.sizing.load.spawn import Spawned
    from flyball.sizing.load.tally import Tick
    from flyball.sizing.load.usage import Gauge
    from flyball.sizing.saturation import LatencyObjective

MOST_USERS = 20_000
RECENT = 4
"""Ticks that the live line's figures are of: a second."""
UNFINISHED = "The load test had not ended when this was kept: how it ended is not known."

Url = Annotated[str, typer.Argument(metavar="URL", help="The endpoint; no other host is called.")]
Method = Annotated[
    str | None,
    typer.Option("--method", metavar="METHOD", help="[default: GET, or POST with a body]"),
]
Headers = Annotated[
    list[str] | None,
    typer.Option(
        "--header",
        metavar="HEADER",
        help="'Name: value', or @FILE with such lines; may be repeated. A value is shown nowhere.",
    ),
]
Bodies = Annotated[
    list[Path] | None,
    typer.Option("--body", metavar="FILE", help="Sent; several are sent in turn."),
]
Expect = Annotated[
    str | None,
    typer.Option("--expect", metavar="STATUS", help="What is an answer: 200,204.  [default: 2xx]"),
]
Latency = Annotated[
    str | None,
    typer.Option(
        "--latency", metavar="OBJECTIVE", help="How long an answer may take: 'p95<=200ms'."
    ),
]
Rate = Annotated[
    bool,
    typer.Option(
        "--rate",
        help="Raise requests a second, sent evenly whether answered or not.  [default: users who "
        "each wait for their answer]",
    ),
]
Start = Annotated[
    float, typer.Option("--start", metavar="LOAD", min=0.01, help="The first load held.")
]
Factor = Annotated[
    float | None,
    typer.Option(
        "--factor",
        metavar="N",
        min=1.05,
        help="The next load is so many times the last.  [default: 2]",
        show_default=False,
    ),
]
Add = Annotated[
    float | None,
    typer.Option(
        "--add",
        metavar="LOAD",
        help="In place of --factor, so much more than the last: --add 3 --hold 57s --settle 3s is "
        "a ramp of 3 new users a minute.",
    ),
]
Steps = Annotated[
    str | None,
    typer.Option("--steps", metavar="LOADS", help="Only these in place of that: 1,2,4,8."),
]
Hold = Annotated[str, typer.Option("--hold", metavar="DURATION", help="How long each load counts.")]
Settle = Annotated[
    str,
    typer.Option("--settle", metavar="DURATION", help="After a new load; it does not count."),
]
Timeout = Annotated[
    str, typer.Option("--timeout", metavar="DURATION", help="What takes longer has failed.")
]
MaxUsers = Annotated[
    int,
    typer.Option(
        "--max-users", metavar="N", min=1, max=MOST_USERS, help="Most calls under way at once."
    ),
]
MaxRate = Annotated[
    float, typer.Option("--max-rate", metavar="N", min=0.1, help="Most calls in a second.")
]
MaxTime = Annotated[
    str, typer.Option("--max-time", metavar="DURATION", help="Of the whole load test.")
]
Pids = Annotated[
    list[int] | None,
    typer.Option(
        "--pid",
        metavar="PID",
        min=1,
        help="A process of the server on this machine, whose CPU and memory are measured, with "
        "its children's; may be repeated.",
    ),
]
Cores = Annotated[
    int | None,
    typer.Option(
        "--cores",
        metavar="N",
        min=1,
        help="Of the instance.  [default: those on which the processes of --pid may run]",
    ),
]
InstanceType = Annotated[
    str, typer.Option("--instance-type", metavar="TYPE", help="What it runs on, to be kept.")
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="FILE", help="Keep the steps here, as JSON; written after each of them."
    ),
]
Yes = Annotated[
    bool,
    typer.Option(
        "--yes",
        help=f"You may load that host: needed above {FREE_USERS} users or {FREE_RATE:g} requests "
        "a second, where it is not this machine.",
    ),
]


def loadtest(
    url: Url,
    method: Method = None,
    header: Headers = None,
    body: Bodies = None,
    expect: Expect = None,
    latency: Latency = None,
    rate: Rate = False,
    start: Start = 1.0,
    factor: Factor = None,
    add: Add = None,
    steps: Steps = None,
    hold: Hold = "10s",
    settle: Settle = "3s",
    timeout: Timeout = "10s",
    max_users: MaxUsers = 256,
    max_rate: MaxRate = 5_000.0,
    max_time: MaxTime = "10m",
    pid: Pids = None,
    cores: Cores = None,
    instance_type: InstanceType = "",
    out: Out = None,
    overwrite: Overwrite = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Load an endpoint step by step, until one instance saturates.

    Load is raised until more of it brings no more answers, 1 % of the calls fail, or the latency
    objective is passed; where that is sudden, the loads between are tried. The hard limits are
    kept at all times; Ctrl-C, and a server that goes away or hangs, end it with what was found.
    Needs flyball[loadtest].
    """
    from flyball.sizing.load.order import Limits

    texts = [Path(each[1:]) for each in header or [] if each.startswith("@")]
    check_out(out, [*(body or []), *texts], overwrite=overwrite)
    most = Limits(max_users, max_rate, read_duration("--max-time", max_time))
    order = make_order(url, most, (method, header or [], body or [], expect), timeout, by_rate=rate)
    check_host(url, most, yes=yes)
    ladder = make_ladder(start, factor, steps, most, by_rate=rate, add=add)
    objective = None if latency is None else read_objective(latency)
    times = make_times(settle, hold, most, order)
    gauge, machine = make_gauge(pid or [], cores, instance_type)
    course = _run(order, ladder, times, objective, (gauge, machine, out))
    _say(course, order, machine, objective, out, json=json)
    _end(course, _make_benchmark(course, order, machine))


def _run(
    order: Order,
    ladder: Ladder,
    times: Times,
    objective: LatencyObjective | None,
    kept: tuple[Gauge | None, Machine, Path | None],
) -> Course:
    from flyball.sizing.load.drive import GeneratorError, Watch, drive
    from flyball.sizing.load.record import write_benchmark
    from flyball.sizing.load.spawn import spawn
    from flyball.sizing.load.usage import UsageError

    gauge, machine, out = kept
    live = _Live(by_rate=order.by_rate)

    def keep(course: Course) -> None:
        live.step(course)
        benchmark = _make_benchmark(course, order, machine)
        if out is not None and benchmark is not None:
            write_benchmark(out, benchmark)

    watch = Watch(live.moment, keep, _measure_nothing if gauge is None else gauge.begin)
    try:
        with spawn(order, times.hold_s) as generator:
            _probe(generator, order)
            return drive(generator, ladder, times, objective, watch)
    except (GeneratorError, UsageError) as error:
        refuse(str(error))
    except ModuleNotFoundError as error:
        if error.name != "locust":
            raise
        refuse(f"loadtest: {error}")
    finally:
        live.clear()


def _measure_nothing() -> Callable[[], Mapping[Resource, float]]:
    return dict


def _probe(generator: Spawned, order: Order) -> None:
    """Call once before any load, and refuse what would only fail."""
    from flyball.sizing.load.tally import REFUSED, TIMED_OUT, UNKNOWN_HOST, UNTRUSTED

    failure = generator.probe().failure
    if failure is None:
        return
    remedies = {
        REFUSED: "nothing takes connections there; start the server, or mend the port",
        TIMED_OUT: f"no answer within {order.timeout.total_seconds():g} s; is it well? --timeout "
        "allows more",
        UNKNOWN_HOST: "there is no such host; mend the name",
        UNTRUSTED: "its certificate is not trusted; SSL_CERT_FILE names those that are",
    }
    speaks = "HTTPS" if order.url.startswith("https:") else "HTTP"
    remedy = remedies.get(failure, f"the connection broke; does it speak {speaks} there?")
    if failure.isdigit():
        remedy = f"it answers {failure} to {order.method}; mend --method, --header or --body, or "
        remedy += f"say --expect {failure} if that is an answer"
        if failure.startswith("5"):
            remedy = f"it answers {failure} to {order.method}: the server is in trouble; its own "
            remedy += f"log says why. --expect {failure} if that is an answer"
        elif failure == "429":
            remedy = "it answers 429: it allows no more calls for now; wait, or raise that limit"
        elif failure.startswith("3"):
            remedy = f"it answers {failure}, which leads elsewhere; name that URL, for no other "
            remedy += "host is called than the one that is named"
    refuse(f"{order.shown}: {remedy}")


class _Live:
    """A line on a terminal that says what happens now; elsewhere a line for each load held."""

    def __init__(self, *, by_rate: bool) -> None:
        from flyball.report.loadtest import RATE, USERS

        self._unit: Unit = RATE if by_rate else USERS
        self._recent: deque[Tick] = deque(maxlen=RECENT)
        self._shows = sys.stderr.isatty()
        self._told = 0

    def moment(self, moment: Moment) -> None:
        from flyball.report.loadtest import tell_moment

        self._recent.append(moment.tick)
        if self._shows:
            self._write(tell_moment(moment, tuple(self._recent), self._unit))

    def step(self, course: Course) -> None:
        from flyball.report.loadtest import tell_step

        if not self._shows and len(course.held) > self._told:
            self._told = len(course.held)
            print(tell_step(course.held[-1].step, self._unit), file=sys.stderr)  # noqa: T201

    def clear(self) -> None:
        if self._shows:
            self._write("")

    def _write(self, text: str) -> None:
        import shutil

        width = shutil.get_terminal_size().columns - 1
        sys.stderr.write(f"\r\x1b[2K{text[:width]}")
        sys.stderr.flush()


def _make_benchmark(course: Course, order: Order, machine: Machine) -> Benchmark | None:
    from flyball.report.loadtest import tell_end
    from flyball.sizing.benchmark import Benchmark

    if not course.steps:
        return None
    notes = tuple(tell_end(course)) if course.ending is not None else (UNFINISHED,)
    return Benchmark(course.steps, machine, order.shown, notes, broke=course.broke)


def _say(
    course: Course,
    order: Order,
    machine: Machine,
    objective: LatencyObjective | None,
    out: Path | None,
    *,
    json: bool,
) -> None:
    from flyball.cli import screen
    from flyball.report.loadtest import RATE, USERS, as_json, conclude, heads, row
    from flyball.report.plain import plain
    from flyball.sizing.load.record import write_benchmark

    benchmark = _make_benchmark(course, order, machine)
    if out is not None and benchmark is not None:
        write_benchmark(out, benchmark)
    if json:
        screen.say_json(as_json(course, benchmark, objective))
        return
    unit = RATE if order.by_rate else USERS
    screen.say_heading(plain(order.shown))
    if benchmark is not None:
        columns = [screen.Column(head, right=True) for head in heads(course.steps, unit)]
        screen.say_table(columns, [row(each, unit, course.steps) for each in course.steps])
    for paragraph in conclude(course, benchmark, objective):
        screen.say()
        screen.say_wrapped(plain(paragraph, 2_000))
    if out is not None:
        kept = "it is not written, for there is no step" if benchmark is None else ""
        screen.say()
        screen.say(f"{out}: {kept or f'{len(course.steps)} steps'}")


def _end(course: Course, benchmark: Benchmark | None) -> NoReturn:
    """End with what an exit code can say: whether it went as it should."""
    from flyball.sizing.load.ladder import Ending
    from flyball.sizing.sound import tell_unsound

    if course.ending is Ending.INTERRUPTED:
        raise typer.Exit(INTERRUPTED)
    lost = course.broke or course.ending is Ending.LOST or benchmark is None
    raise typer.Exit(FOUND if lost or (benchmark and tell_unsound(benchmark)) else 0)
