"""How does Flyball look at work, over a day of traffic, without any cloud?"""

from __future__ import annotations

import math
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from flyball.cli.failure import refuse
from flyball.cli.options import CapacityPerInstance, Json, TargetName, check_capacity_per_instance

if TYPE_CHECKING:
    from flyball.adapters.local.timeline import EndpointSettings
    from flyball.core.target import ScalableTarget
    from flyball.ports import Ledger
    from flyball.sim.day import Minute
    from flyball.sim.judge import Marks
    from flyball.sim.trace import Trace

START = datetime(2026, 1, 5, tzinfo=UTC)
"""A Monday; the same seed then gives the same ledger, on any day."""
DAYS_LIMIT = 366
HOURS_A_SECOND = 2.0
WATCHED_S = 20.0
"""A trace of many days is shown faster, so that the whole takes about this long."""

Traffic = Annotated[
    Path | None,
    typer.Option(
        "--trace",
        metavar="CSV",
        help="Your requests: columns timestamp and requests.  [default: a generated day]",
    ),
]
Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="A flyball.yaml.  [default: one that fits]"),
]
NewLedger = Annotated[
    Path | None,
    typer.Option("--ledger", metavar="PATH", help="A new ledger.  [default: .flyball/demo.db]"),
]
TimeColumn = Annotated[
    str, typer.Option("--timestamp", metavar="COLUMN", help="The trace's column of times.")
]
CountColumn = Annotated[
    str, typer.Option("--requests", metavar="COLUMN", help="The trace's column of counts.")
]
TimeZone = Annotated[
    str, typer.Option("--time-zone", metavar="NAME", help="Of times without an offset.")
]
Speed = Annotated[
    float | None,
    typer.Option(
        "--speed",
        min=0.0,
        metavar="HOURS",
        help="Simulated hours a second on a terminal, 0: no waiting.  [default: 2 or more]",
    ),
]


class _Show(NamedTuple):
    """What is replayed, and where it goes.

    Attributes:
        trace: Requests by the minute.
        name: What it is, for people.
        target: What is scaled.
        capacity_per_instance: Requests that one instance serves in a minute.
        seed: Of the lead times.
        path: The ledger's file.
        config: The config's file.
    """

    trace: Trace
    name: str
    target: ScalableTarget
    capacity_per_instance: float
    seed: int
    path: Path
    config: Path


def demo(
    trace: Traffic = None,
    config: Config = None,
    target: TargetName = None,
    ledger: NewLedger = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the ledger if there is one.")
    ] = False,
    seed: Annotated[
        int, typer.Option("--seed", help="Of the generated day and the lead times.")
    ] = 0,
    days: Annotated[
        int, typer.Option("--days", min=1, max=DAYS_LIMIT, help="How many generated days.")
    ] = 1,
    timestamp: TimeColumn = "timestamp",
    requests: CountColumn = "requests",
    time_zone: TimeZone = "UTC",
    capacity_per_instance: CapacityPerInstance = None,
    speed: Speed = None,
    fast: Annotated[bool, typer.Option("--fast", help="As --speed 0.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the summary only.")] = False,
    json: Json = False,
) -> None:
    """Replay a day of traffic through alarms, timer, controller, engine and ledger.

    The cloud is simulated: instances take minutes to come, metrics are a minute late, a change is
    refused while another is in progress. Its clock jumps, so a day takes seconds. A terminal shows
    demand, capacity and each decision as it falls; elsewhere a line is printed for each change.
    Then a summary, and the ledger to look into. The default ledger is made anew each time.
    """
    from flyball.cli import screen
    from flyball.cli.live import say_changes, watch
    from flyball.report.figures import duration

    path = _choose_path(ledger, overwrite=overwrite)
    check_capacity_per_instance(capacity_per_instance)
    found, name = _find_trace(trace, (timestamp, requests, time_zone), seed, days)
    capacity = capacity_per_instance or found.capacity_per_instance()
    chosen, source = _find_target(config, target, path, capacity)
    show = _Show(found, name, chosen, capacity, seed, path, source)
    minutes = len(found.requests)
    live = screen.is_terminal() and not quiet and not json
    if live:
        pace = 0.0 if fast else _choose_speed(speed, minutes)
        watching: Callable[[Iterator[Minute]], Iterator[Minute]] = watch(
            f"{name}, {duration(timedelta(minutes=minutes))}", found, chosen, pace
        )
    else:
        watching = (lambda each: each) if quiet or json else say_changes(chosen)
    began = time.monotonic()
    score, rows = _replay(show, watching, is_watched=live)
    took_s = time.monotonic() - began
    if json:
        screen.say_json(_as_json(show, score, rows, took_s))
    else:
        _say_summary(show, score, rows, took_s)


def _choose_path(ledger: Path | None, *, overwrite: bool) -> Path:
    """Say where the ledger goes; only the demo's own is replaced unasked."""
    from flyball.cli.folder import DEMO, make_folder

    path = DEMO if ledger is None else ledger
    if path.is_dir():
        refuse(f"{path}: this is a folder; name a file in it")
    if path.exists() and path != DEMO and not overwrite:
        refuse(f"{path}: there is a file already; name another, or give --overwrite")
    make_folder(path)
    return path


def _find_trace(
    path: Path | None, columns: tuple[str, str, str], seed: int, days: int
) -> tuple[Trace, str]:
    from flyball.cli import screen
    from flyball.report.plain import plain

    if path is None:
        from flyball.sim.generate import DAY_MINUTES, generate_day

        made = generate_day(START, seed=seed, minutes=days * DAY_MINUTES)
        return made, f"a generated day, seed {seed}" if days == 1 else f"{days} generated days"
    from flyball.sim.trace import read_trace

    timestamp, requests, zone = columns
    with screen.progress(f"Reading {plain(path.name)}", None):
        trace = read_trace(path, timestamp=timestamp, requests=requests, timezone=zone)
    return trace, plain(path.name)


def _find_target(
    config: Path | None, name: str | None, ledger: Path, capacity: float
) -> tuple[ScalableTarget, Path]:
    """Read the scalable target; where no config is given, write one that suits the load."""
    from flyball.cli.sample import write_sample
    from flyball.cli.validate import load_config
    from flyball.report.plain import plain

    path = config
    if path is None:
        path = ledger.with_suffix(".yaml")
        ours = "# Written by `flyball demo`"
        if path.exists() and not path.read_text(encoding="utf-8", errors="replace").startswith(
            ours
        ):
            refuse(f"{path}: the demo would write its config here; name another --ledger")
        path.write_text(write_sample(str(path), capacity), encoding="utf-8")
    targets = load_config(path).scalable_targets
    chosen = next((each for each in targets if name in (None, each.id)), None)
    if chosen is None:
        known = ", ".join(plain(each.id) for each in targets[:5])
        refuse(f"--target: {path} has no scalable target {name!r}; it has {known}")
    _check_metrics(path, chosen)
    return chosen, path


def _check_metrics(path: Path, target: ScalableTarget) -> None:
    from flyball.adapters.local.metrics import METRICS
    from flyball.cli.traffic import expect_or_refuse, find_unknown_metrics

    expect_or_refuse(target)
    unknown = find_unknown_metrics(target)
    if unknown:
        refuse(
            f"{path}: {target.id}: metric {unknown[0]}: a simulated endpoint shows "
            f"{', '.join(sorted(METRICS))}; set its source.metric to one of them"
        )


def _choose_speed(speed: float | None, minutes: int) -> float:
    """Choose how many hours pass in a second."""
    return max(HOURS_A_SECOND, minutes / 60 / WATCHED_S) if speed is None else speed


def _replay(
    show: _Show, watching: Callable[[Iterator[Minute]], Iterator[Minute]], *, is_watched: bool
) -> tuple[Marks, int]:
    """Run the trace through everything.

    Returns:
        The score, and the ledger's rows.
    """
    from flyball.cli import screen
    from flyball.cli.folder import remove_ledger
    from flyball.sim.day import run_day
    from flyball.sim.score import Tally
    from flyball.wiring.local import engine_version

    remove_ledger(show.path)
    tally = Tally()
    minutes = len(show.trace.requests)
    progress = nullcontext(_ignore) if is_watched else screen.progress("Replaying", minutes)
    with _opened(show.path) as ledger, progress as advance:
        day = run_day(
            show.trace,
            show.target,
            ledger,
            seed=show.seed,
            capacity_per_instance=show.capacity_per_instance,
            settings=_warm(show),
            engine=engine_version(),
        )
        for minute in watching(day):
            tally.add(minute)
            advance(1)
        rows = ledger.status(show.target.id).sequence
    return tally.score(), rows


def _warm(show: _Show) -> EndpointSettings:
    """Begin with the instances that carry the first minute, as if it had run the day before."""
    from flyball.sim.day import expect

    first = next((each for each in show.trace.requests if each is not None), 0.0)
    needed = math.ceil(first / show.capacity_per_instance)
    initial = min(max(needed, show.target.min_capacity), show.target.max_capacity)
    return expect(show.target, show.seed)._replace(initial=initial)


def _ignore(_: int) -> None:
    """Count nothing."""


@contextmanager
def _opened(path: Path) -> Iterator[Ledger]:
    from flyball.wiring.local import Settings, open_ledger

    with closing(open_ledger(path, Settings.from_env())) as ledger:
        yield ledger


def _as_json(show: _Show, score: Marks, rows: int, took_s: float) -> dict[str, object]:
    from flyball.core.codec import encode

    trace = show.trace
    return {
        "trace": {
            "name": show.name,
            "start": encode(trace.start),
            "minutes": len(trace.requests),
            "notes": dict(trace.notes),
        },
        "scalable_target_id": show.target.id,
        "capacity_per_instance": show.capacity_per_instance,
        "config": str(show.config),
        "ledger": str(show.path),
        "rows": rows,
        "took_s": round(took_s, 3),
        "price_per_hour": show.target.price_per_hour,
        "score": encode(score),
    }


def _say_summary(show: _Show, score: Marks, rows: int, took_s: float) -> None:
    from flyball.cli import screen
    from flyball.cli.folder import DEMO
    from flyball.report.figures import counted, duration
    from flyball.report.plain import plain
    from flyball.report.summary import tell_score

    length = duration(timedelta(minutes=len(show.trace.requests)))
    screen.say_heading(f"{show.name}: {length} of traffic in {took_s:.1f} s")
    again = " (made anew each time)" if show.path == DEMO else ""
    odd = [f"{count:,} {what}" for what, count in show.trace.notes.items()]
    lines = tell_score(score, show.target.price_per_hour)
    if odd:
        lines.append(("trace", "odd", "; ".join(odd)))
    lines.append(("ledger", counted(rows, "row"), f"{plain(str(show.path))}{again}"))
    lines.append(("config", show.target.id, plain(str(show.config))))
    screen.say_facts(lines)
    screen.say_heading("Look closer")
    ledger = ("--ledger", str(show.path))
    for words in (
        ("ledger", "list", *ledger, "--changes-only"),
        ("explain", show.target.id, *ledger),
        ("ledger", "verify", *ledger),
        ("ledger", "replay", *ledger),
        ("schedule", "preview", str(show.config)),
    ):
        screen.say(f"  {plain(shlex.join((screen.name_program(), *words)))}")
