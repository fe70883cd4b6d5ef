"""How does one machine scale what a config names, until it is stopped?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from flyball.cli.failure import FOUND, complain, refuse
from flyball.cli.options import (
    CapacityPerInstance,
    For,
    Json,
    LedgerPath,
    Until,
    check_capacity_per_instance,
    choose_end,
    read_duration,
)

if TYPE_CHECKING:
    from flyball.adapters.local.load import Demand
    from flyball.cli.loop import Parts
    from flyball.core.target import ScalableTarget
    from flyball.wiring.local import Settings

LOCAL, AWS = "local", "aws"
Traffic = Annotated[
    Path | None,
    typer.Option("--trace", metavar="CSV", help="Requests, repeated.  [default: generated days]"),
]


def run(
    config: Annotated[Path, typer.Option("--config", metavar="FILE", help="A flyball.yaml.")],
    ledger: LedgerPath = None,
    once: Annotated[
        bool, typer.Option("--once", help="Look at what is due once, then end.")
    ] = False,
    interval: Annotated[
        str, typer.Option("--interval", metavar="DURATION", help="How often it looks.")
    ] = "10s",
    until: Until = None,
    length: For = None,
    trace: Traffic = None,
    capacity_per_instance: CapacityPerInstance = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the generated days.")] = 0,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print changes only, not every hold.")
    ] = False,
    json: Json = False,
) -> None:
    """Run the controller as a loop on one machine, against simulated endpoints or AWS itself.

    It prints a line for each decision, and stops cleanly on SIGTERM or Ctrl-C: the wake in hand is
    finished first. It is safe to start twice on one ledger: only one run applies a change. The
    simulated endpoints' state lies beside the ledger; scalable targets with `home: aws` are the
    real ones, by the credentials that AWS's SDK finds (pip install 'flyball[aws]'). A changed
    config counts from the next start on. With --json each line is a JSON object. Exit code 1 if a
    wake failed under --once.
    """
    from flyball.cli.loop import Loop, Stop
    from flyball.cli.validate import load_config
    from flyball.cli.voice import Voice
    from flyball.wiring.local import Settings, SystemClock

    settings = Settings.from_env()
    every = _read_interval(interval)
    check_capacity_per_instance(capacity_per_instance)
    end = choose_end(until, length, SystemClock().now(), ("--until", "--for"))
    targets = load_config(config).scalable_targets
    chosen = settings.ledger if ledger is None else ledger
    if _find_home(config, targets) == AWS:
        if trace is not None or capacity_per_instance is not None:
            refuse(
                "--trace, --capacity-per-instance: only simulated endpoints have made-up traffic"
            )
        started = _started_on_aws(chosen, settings, targets)
    else:
        _warn(targets)
        started = _started(chosen, settings, targets, _load(trace, capacity_per_instance, seed))
    voice, stop = Voice(targets, quiet=quiet, json=json), Stop()
    with stop.listen(), started as parts:
        loop = Loop(parts, stop, voice.tell)
        voice.say_hello(chosen, parts.ledger.scalable_target_ids())
        while not stop.asked:
            voice.attempt(loop.turn, gives_up=once)
            if once or (end is not None and parts.clock.now() + every > end):
                break
            stop.wait(every)
        voice.say_goodbye()
    if once and voice.failures:
        raise typer.Exit(FOUND)


class _Requests(NamedTuple):
    """Requests of any minute, and what one instance serves in one."""

    demand: Demand
    capacity_per_instance: float


def _load(path: Path | None, capacity_per_instance: float | None, seed: int) -> _Requests:
    from flyball.cli.traffic import make_demand
    from flyball.sim.trace import read_trace

    demand, proposed = make_demand(None if path is None else read_trace(path), seed)
    return _Requests(demand, capacity_per_instance or proposed)


@contextmanager
def _started(
    chosen: Path, settings: Settings, targets: Sequence[ScalableTarget], traffic: _Requests
) -> Iterator[Parts]:
    """Open ledger and simulated endpoints, register the configs, and build the controller."""
    _warn(targets)
    from flyball.adapters.local.alarms import AlarmBoard
    from flyball.adapters.local.endpoint import LocalEndpoints
    from flyball.adapters.local.metrics import LocalMetrics
    from flyball.cli.folder import make_folder
    from flyball.cli.loop import Parts
    from flyball.cli.traffic import make_loads
    from flyball.config.load import compile_target
    from flyball.wiring.local import SystemClock, build, endpoints_path, open_ledger

    make_folder(chosen)
    clock = SystemClock()
    ledger = open_ledger(chosen, settings)
    with closing(ledger), closing(LocalEndpoints(endpoints_path(chosen))) as endpoints:
        now = clock.now()
        for compiled in map(compile_target, targets):
            ledger.register(*compiled, now)
        loads = make_loads(endpoints, targets, *traffic, now)
        metrics = LocalMetrics(endpoints, loads)
        controller = build(
            ledger, endpoints, loads, settings=settings, clock=clock, metrics=metrics
        )
        board = AlarmBoard(metrics, targets)
        yield Parts(controller, ledger, board, clock, {each.id for each in targets})


@contextmanager
def _started_on_aws(
    chosen: Path, settings: Settings, targets: Sequence[ScalableTarget]
) -> Iterator[Parts]:
    """Open the ledger, register the configs, and build the controller of the real cloud."""
    from flyball.adapters.aws.clients import Clients
    from flyball.alarm import PREFIX
    from flyball.cli.folder import make_folder
    from flyball.cli.loop import Parts
    from flyball.cli.store import is_remote, open_any
    from flyball.config.load import compile_target
    from flyball.controller import CHUNK
    from flyball.wiring import aws, stack
    from flyball.wiring.machine import SystemClock

    aws.check_sdk()
    prefix = stack.Settings.from_env().alarm_prefix or PREFIX
    if not is_remote(chosen):
        make_folder(chosen)
    clock = SystemClock()
    with closing(open_any(chosen, settings)) as ledger:
        now = clock.now()
        for compiled in map(compile_target, targets):
            ledger.register(*compiled, now)
        clients = Clients()
        controller = aws.build(
            ledger, clients, lease=settings.lease, alarm_prefix=prefix, clock=clock
        )
        ours = {each.id for each in targets}
        yield Parts(controller, ledger, None, clock, ours, CHUNK, clients.wait_once)


def _find_home(config: Path, targets: Sequence[ScalableTarget]) -> str:
    """Say where the scalable targets live; refuse what no single run serves."""
    homes = sorted({each.home for each in targets})
    strange = [home for home in homes if home not in (LOCAL, AWS)]
    if strange:
        refuse(
            f"{config}: home {strange[0]} is not served by this version; "
            "set `home: local`, or take those scalable targets out"
        )
    if len(homes) > 1:
        refuse(f"{config}: homes {' and '.join(homes)}: run each with a config of its own")
    return homes[0] if homes else LOCAL


def _read_interval(text: str) -> timedelta:
    every = read_duration("--interval", text)
    if not every:
        refuse("--interval: got 0, expected a duration above 0")
    return every


def _refuse_traffic(trace: Path | None, capacity_per_instance: float | None) -> None:
    if trace is not None or capacity_per_instance is not None:
        refuse("--trace, --capacity-per-instance: only simulated endpoints have made-up traffic")


def _warn(targets: Sequence[ScalableTarget]) -> None:
    """Warn of what a simulated endpoint does not show."""
    from flyball.adapters.local.metrics import METRICS
    from flyball.cli.traffic import find_unknown_metrics

    for target in targets:
        for name in find_unknown_metrics(target):
            complain(
                f"{target.id}: metric {name} will be missing: a simulated endpoint shows "
                f"{', '.join(sorted(METRICS))}; set its source.metric"
            )
