"""Does the wiring of one machine read its settings well, and load no more than it needs?"""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flyball.adapters.local.clock import JumpingClock
from flyball.adapters.local.endpoint import LocalEndpoints
from flyball.adapters.local.load import Load
from flyball.adapters.local.memory import MemoryLedger
from flyball.adapters.local.metrics import LocalMetrics
from flyball.adapters.local.timeline import EndpointSettings
from flyball.config import compile_target
from flyball.core.policy import TrackingPolicy
from flyball.core.target import Metric, ScalableTarget
from flyball.wake import WakeKind
from flyball.wiring.local import (
    Settings,
    SettingsError,
    SystemClock,
    build,
    endpoints_path,
    engine_version,
    make_token,
    open_ledger,
)

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def test_an_empty_environment_gives_the_defaults() -> None:
    """Nothing has to be set on one machine."""
    assert Settings.from_env({}) == Settings()
    assert Settings().ledger == Path(".flyball/ledger.db")


def test_every_variable_is_read() -> None:
    """Under its own name, in seconds where it ends in _S."""
    variables = {
        "FLYBALL_LEDGER": "/var/lib/l.db",
        "FLYBALL_LEASE_S": "30",
        "FLYBALL_WAIT_S": "0.5",
        "FLYBALL_TRACEBACK": "Yes",
    }
    assert Settings.from_env(variables) == Settings(
        Path("/var/lib/l.db"), timedelta(seconds=30), timedelta(seconds=0.5), True
    )


def test_this_programs_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no other one is given."""
    monkeypatch.setenv("FLYBALL_LEDGER", "here.db")
    assert Settings.from_env().ledger == Path("here.db")


def test_every_bad_variable_is_named_at_once() -> None:
    """Mending one after the other would take a start each."""
    variables = {
        "FLYBALL_LEDGER": "",
        "FLYBALL_LEASE_S": "9.9",
        "FLYBALL_WAIT_S": "nan",
        "FLYBALL_TRACEBACK": "perhaps",
    }
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(variables)
    message = str(caught.value)
    assert [name in message for name in variables] == [True] * 4
    assert "10 to 3600" in message


@pytest.mark.parametrize("text", ["1e9", "-1", "inf", "ten"])
def test_a_length_of_time_is_bounded(text: str) -> None:
    """A lease of a year would keep a killed run's target for a year."""
    with pytest.raises(SettingsError, match="FLYBALL_LEASE_S"):
        Settings.from_env({"FLYBALL_LEASE_S": text})


def test_the_clock_is_aware_and_in_utc() -> None:
    """Every instant in the ledger is."""
    assert SystemClock().now().tzinfo is UTC


def test_the_engine_says_its_time_zone_rules() -> None:
    """A replay on other rules may decide otherwise."""
    assert engine_version().startswith("flyball/")
    assert " tzdata/20" in engine_version()


def test_tokens_differ() -> None:
    """Two runs never hold one lease."""
    assert make_token() != make_token()


def test_endpoints_lie_beside_their_ledger() -> None:
    """So that another start of the run finds both."""
    assert endpoints_path(Path("a/b.db")) == Path("a/b.endpoints.db")


def test_a_ledger_is_opened_where_it_is_said(tmp_path: Path) -> None:
    """And made where there is none."""
    ledger = open_ledger(tmp_path / "l.db", Settings())
    ledger.close()
    assert (tmp_path / "l.db").is_file()


def test_what_is_built_scales(tmp_path: Path) -> None:
    """Metrics, endpoint, ledger and controller fit together."""
    target = ScalableTarget(
        "demo",
        1,
        20,
        metrics=(Metric("invocations_per_instance"),),
        policies=(TrackingPolicy("track", "invocations_per_instance", 100.0),),
    )
    clock, ledger = JumpingClock(NOON), MemoryLedger()
    endpoints = LocalEndpoints(tmp_path / "e.db")
    endpoints.create("demo", EndpointSettings(initial=2), NOON)
    loads = {"demo": Load(lambda _: 500.0, 150.0, NOON)}
    compiled = compile_target(target)
    ledger.register(*compiled, NOON)
    steps: list[str] = []
    controller = build(ledger, endpoints, loads, clock=clock, on_step=steps.append)
    clock.advance(timedelta(minutes=3))
    (wake,) = controller.tick()
    endpoints.close()
    assert wake.kind is WakeKind.DECIDED
    assert wake.decision is not None
    assert (wake.decision.current, wake.decision.desired) == (2, 5)
    assert "intent" in steps
    shared = build(
        ledger, endpoints, loads, settings=Settings(), metrics=LocalMetrics(endpoints, loads)
    )
    assert type(shared) is type(controller)


def test_importing_it_loads_no_terminal_validator_or_simulator() -> None:
    """What a deployed function needs is all that it loads."""
    code = "import sys, flyball.wiring.local; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={**os.environ}
    )
    loaded = set(done.stdout.split())
    heavy = {"pydantic", "rich", "typer", "ruamel", "ruamel.yaml", "numpy", "boto3"}
    assert loaded & heavy == set()
    assert not {
        name for name in loaded if name.startswith(("flyball.cli", "flyball.sim", "flyball.report"))
    }
