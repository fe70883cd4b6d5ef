"""What happens, minute by minute, when a controller meets a trace on a simulated cloud?

The same controller, engine and ledger as anywhere else; only the cloud is simulated, and its clock
jumps from minute to minute.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from flyball.adapters.local.alarms import AlarmBoard
from flyball.adapters.local.clock import JumpingClock
from flyball.adapters.local.endpoint import LocalEndpoints, endpoint_name
from flyball.adapters.local.load import MINUTE, Load
from flyball.adapters.local.metrics import LocalMetrics
from flyball.adapters.local.timeline import EndpointSettings, State
from flyball.adapters.local.trigger import parse_event
from flyball.controller import Controller
from flyball.core.codec import canonical
from flyball.core.model import Status
from flyball.core.target import CapacityKind, ScalableTarget
from flyball.ports import (
    CapacityControl,
    Ledger,
    LedgerUnavailableError,
    MetricSource,
    OutcomeKind,
)
from flyball.sim.faults import Fault, Faults
from flyball.sim.plant import (
    Deliveries,
    FaultyControl,
    FaultyLedger,
    FaultyMetrics,
    KilledError,
    Mischief,
    Reaper,
)
from flyball.sim.service import choose_service
from flyball.sim.trace import Trace
from flyball.wake import Wake

ENGINE = "simulated"
GPU_LEAD = timedelta(minutes=8)
"""From an order to an instance with a GPU in service, on average."""
NOWHERE = State(0, 0, Status.FAILED, "unknown")


class Minute(NamedTuple):
    """One minute of a run.

    Attributes:
        at: When it began, aware UTC; the controller acted at that instant.
        demand: Requests that arrived in it; None: not known.
        capacity_per_instance: Requests that one instance serves in a minute.
        desired: The provider's setting after the controller acted, instances.
        ready: Instances in service when it began.
        status: The endpoint's, after the controller acted.
        ceiling: As desired, of a range in which the service picks; None: there is none.
        picked: The count that the service picked, in service or on its way.
        dropped: Requests that were turned away, as the service had come to zero.
        waiting: Backlog when it began, requests.
        backlog: Backlog when it ended, requests.
        wakes: What the controller did, in order: decisions, outcomes, and what it turned away.
        alarms: Events that were told at its beginning, before any were lost.
        trouble: What kept the controller from running, "" for nothing.
    """

    at: datetime
    demand: float | None
    capacity_per_instance: float
    desired: int
    ready: int
    status: Status
    waiting: float
    backlog: float
    wakes: tuple[Wake, ...]
    alarms: int
    trouble: str = ""
    ceiling: int | None = None
    picked: int | None = None
    dropped: float = 0.0

    @property
    def changes(self) -> tuple[Wake, ...]:
        """The wakes whose change of capacity the provider accepted."""
        return tuple(
            wake
            for wake in self.wakes
            if wake.outcome is not None and wake.outcome.kind is OutcomeKind.APPLIED
        )


def ignore_step(_step: str) -> None:
    """Watch nothing."""


class Cloud:
    """A simulated cloud with one endpoint, and a controller that works in it."""

    def __init__(
        self,
        trace: Trace,
        scalable_target: ScalableTarget,
        ledger: Ledger,
        *,
        seed: int = 0,
        capacity_per_instance: float | None = None,
        settings: EndpointSettings | None = None,
        faults: Iterable[Fault] = (),
        engine: str = ENGINE,
        endpoints: LocalEndpoints | None = None,
        on_step: Callable[[str], None] = ignore_step,
    ) -> None:
        """Set it up; see run_day.

        Raises:
            LedgerUnavailableError: The scalable target cannot be registered.
        """
        self.trace = trace
        self.scalable_target = scalable_target
        self.name = endpoint_name(scalable_target)
        self.clock = JumpingClock(trace.start)
        self.endpoints = LocalEndpoints() if endpoints is None else endpoints
        self.capacity_per_instance = capacity_per_instance or trace.capacity_per_instance()
        self.endpoints.create(self.name, settings or expect(scalable_target, seed), trace.start)
        load = Load(trace.at, self.capacity_per_instance, trace.start)
        self.metrics = LocalMetrics(self.endpoints, {self.name: load})
        self.faults = Faults(faults, seed)
        self._engine = engine
        self._on_step = on_step
        self._ledger = ledger
        self._tokens = 0
        self._mischief = Mischief(self.endpoints, scalable_target, self.faults)
        self._deliveries = Deliveries(self.faults)
        self._shown: MetricSource = self.metrics
        self._control: CapacityControl = self.endpoints
        if self.faults.planned:
            self._shown = FaultyMetrics(self.metrics, self.faults)
            self._control = FaultyControl(self.endpoints, self.faults)
        self._board = AlarmBoard(self._shown, [scalable_target])
        self.controller = self._start()
        config = canonical(scalable_target)
        config_hash = hashlib.sha256(config.encode()).hexdigest()
        ledger.register(scalable_target.id, config, config_hash, trace.start)

    def minutes(self) -> Iterator[Minute]:
        """Run through the trace."""
        for index in range(len(self.trace.requests)):
            yield self.step(self.trace.start + index * MINUTE)

    def step(self, now: datetime) -> Minute:
        """Jump to an instant, let happen what is due there, and tell of the minute after it."""
        self.clock.jump(now)
        if self.faults.planned:
            self._mischief.befall(now)
        events, wakes, trouble = [], [], ""
        try:
            events = self._board.evaluate(now)
        except ConnectionError as error:
            trouble = str(error)
        try:
            for event in self._deliveries.deliver(events, now):
                wakes.append(self.controller.wake_safely(parse_event(event)))  # noqa: PERF401  (a kill keeps those before it)
            wakes += self.controller.tick()
        except LedgerUnavailableError as error:
            trouble = str(error)
        except KilledError as killed:
            trouble = f"killed at {killed}"
            self.controller = self._start()
        return self._tell(now, tuple(wakes), len(events), trouble)

    def _start(self) -> Controller:
        """Start a controller process."""
        ledger, control, on_step = self._ledger, self._control, self._on_step
        if self.faults.planned:
            ledger = FaultyLedger(ledger, self.faults, self.clock)
            on_step = Reaper(self.faults, self.clock)
        return Controller(
            ledger=ledger,
            metrics=self._shown,
            control=control,
            clock=self.clock,
            token=self._next_token,
            engine=self._engine,
            on_step=on_step,
        )

    def _next_token(self) -> str:
        self._tokens += 1
        return f"sim-{self._tokens}"

    def _tell(self, now: datetime, wakes: tuple[Wake, ...], alarms: int, trouble: str) -> Minute:
        served = self.metrics.minutes(self.name, now + MINUTE)[-1]
        state = self.endpoints.state(self.name, now) or NOWHERE
        return Minute(
            now,
            served.requests,
            self.capacity_per_instance,
            state.desired,
            served.ready,
            state.status,
            served.waiting,
            served.backlog,
            wakes,
            alarms,
            trouble,
            state.ceiling,
            state.picked,
            served.dropped,
        )


def run_day(
    trace: Trace,
    scalable_target: ScalableTarget,
    ledger: Ledger,
    *,
    seed: int = 0,
    capacity_per_instance: float | None = None,
    settings: EndpointSettings | None = None,
    faults: Iterable[Fault] = (),
    engine: str = ENGINE,
    endpoints: LocalEndpoints | None = None,
    on_step: Callable[[str], None] = ignore_step,
) -> Iterator[Minute]:
    """Drive alarms, timer, controller and ledger over a trace, minute by minute.

    Args:
        trace: Requests by the minute, a day or many.
        scalable_target: What is scaled, and how; it is registered in the ledger.
        ledger: Where the rows go.
        seed: Of lead times and faults.
        capacity_per_instance: Requests an instance serves in a minute; None: the trace's own.
        settings: The endpoint's; None: as the scalable target expects it.
        faults: What goes wrong.
        engine: The engine's version, for the rows.
        endpoints: The cloud's endpoints; None: new ones, in memory.
        on_step: Told the controller's steps, where there are no faults.

    Yields:
        One Minute for each of the trace, as soon as it has been simulated.

    Raises:
        LedgerUnavailableError: The scalable target cannot be registered.
    """
    return Cloud(
        trace,
        scalable_target,
        ledger,
        seed=seed,
        capacity_per_instance=capacity_per_instance,
        settings=settings,
        faults=faults,
        engine=engine,
        endpoints=endpoints,
        on_step=on_step,
    ).minutes()


def expect(scalable_target: ScalableTarget, seed: int) -> EndpointSettings:
    """Make the settings of an endpoint as its scalable target expects it.

    One that takes a range has a service; see choose_service. Its machines with a GPU take twice as
    long to come as those without.

    Raises:
        ValueError: It says another machine.
    """
    settings = EndpointSettings(
        initial=max(1, scalable_target.min_capacity),
        seed=seed,
        quota=max(EndpointSettings().quota, scalable_target.hard_max),
    )
    if scalable_target.capacity_kind is CapacityKind.COUNT:
        return settings
    service = choose_service(scalable_target)
    lead_time = GPU_LEAD if service.gpu_target is not None else settings.lead_time
    return settings._replace(lead_time=lead_time, service=service)
