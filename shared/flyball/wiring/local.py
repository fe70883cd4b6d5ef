"""Which adapter is which on one machine, and what does the environment say?

The only place that reads the clock and the environment. It loads no cloud's SDK, no validator, no
simulator and no terminal.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from flyball.adapters.local.endpoint import LocalEndpoints
from flyball.adapters.local.load import Load
from flyball.adapters.local.metrics import LocalMetrics
from flyball.adapters.local.sqlite import SqliteLedger
from flyball.controller import LEASE, SAFETY, Controller
from flyball.ports import Clock, Ledger
from flyball.wiring.machine import SystemClock, engine_version, make_token
from flyball.wiring.settings import (
    LEASE_LONGEST_S,
    LEASE_S,
    SettingsError,
    read_seconds,
    read_switch,
)

__all__ = [
    "Settings",
    "SettingsError",
    "SystemClock",
    "build",
    "endpoints_path",
    "engine_version",
    "make_token",
    "open_ledger",
]

LEDGER = "FLYBALL_LEDGER"
WAIT_S = "FLYBALL_WAIT_S"
TRACEBACK = "FLYBALL_TRACEBACK"

WAIT_LONGEST_S = 600.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment may set; options of a command go before it.

    Attributes:
        ledger: FLYBALL_LEDGER: the ledger's file.
        lease: FLYBALL_LEASE_S: how long a wake may take before another run takes over, seconds.
        wait: FLYBALL_WAIT_S: how long to wait for a locked ledger, seconds.
        traceback: FLYBALL_TRACEBACK: show where an error came from.
    """

    ledger: Path = Path(".flyball") / "ledger.db"
    lease: timedelta = LEASE
    wait: timedelta = timedelta(seconds=5)
    traceback: bool = False

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the environment.

        Args:
            environment: Variables; None: this program's own.

        Raises:
            SettingsError: A variable is wrong; the message names each of them and what is expected.
        """
        variables = os.environ if environment is None else environment
        problems: list[str] = []
        least = 2 * SAFETY.total_seconds()
        lease = read_seconds(variables, LEASE_S, cls().lease, least, LEASE_LONGEST_S, problems)
        wait = read_seconds(variables, WAIT_S, cls().wait, 0.0, WAIT_LONGEST_S, problems)
        traceback = read_switch(variables, TRACEBACK, problems)
        ledger = variables.get(LEDGER, str(cls().ledger))
        if not ledger or "\0" in ledger:
            problems.append(f"{LEDGER}: got {ledger!r}, expected the path of a file")
        if problems:
            raise SettingsError("; ".join(problems))
        return cls(Path(ledger), lease, wait, traceback)


def open_ledger(path: Path, settings: Settings) -> SqliteLedger:
    """Open the ledger in a file, made where there is none; its folder must exist.

    Raises:
        LedgerError: It cannot be opened, or is none; the message has the remedy.
    """
    return SqliteLedger(path, settings.wait)


def endpoints_path(ledger: Path) -> Path:
    """Say where the simulated endpoints of a ledger are kept: beside it."""
    return ledger.with_name(f"{ledger.stem}.endpoints.db")


def build(
    ledger: Ledger,
    endpoints: LocalEndpoints,
    loads: Mapping[str, Load],
    *,
    settings: Settings | None = None,
    clock: Clock | None = None,
    metrics: LocalMetrics | None = None,
    on_step: Callable[[str], None] | None = None,
) -> Controller:
    """Build the controller of one machine with the simulated endpoint.

    Args:
        ledger: Rows and items.
        endpoints: Where capacity is read and set.
        loads: What reaches the endpoints, by their names.
        settings: From the environment; None: as it stands without one.
        clock: None: this machine's.
        metrics: Where metrics come from; None: those of the endpoints under the loads.
        on_step: Told the name of each step as it begins.
    """
    chosen = Settings() if settings is None else settings
    source = LocalMetrics(endpoints, loads) if metrics is None else metrics
    return Controller(
        ledger=ledger,
        metrics=source,
        control=endpoints,
        clock=SystemClock() if clock is None else clock,
        token=make_token,
        engine=engine_version(),
        lease=chosen.lease,
        on_step=on_step,
    )
