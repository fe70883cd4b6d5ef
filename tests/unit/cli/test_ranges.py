"""Does the command line show a range, and what the service chose inside it?"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.commands import Done, expect_refusal, flyball
from tests.unit.cli.test_demo import write_trace

LEDGER = ("--ledger", ".flyball/demo.db")
CONFIG = """\
version: 1
scalable_targets:
  - id: vision
    capacity_kind: range
    resource: {{machine: {machine}}}
    min_capacity: 2
    max_capacity: 9
    metrics: [{{name: duty_cycle, unit: percent}}]
    policies:
      - {{name: keep, kind: target_tracking, metric: duty_cycle, target_value: {target}}}
"""


def write(folder: Path, machine: str = "gpu", target: int = 99) -> Path:
    """Write a config whose floor moves beyond a target."""
    path = folder / "range.yaml"
    path.write_text(CONFIG.format(machine=machine, target=target))
    return path


@pytest.fixture
def replayed(folder: Path) -> Done:
    """Replay an hour of a load that two nodes carry at 85 %."""
    trace = write_trace(folder / "t.csv", [170] * 60)
    config = write(folder)
    words = ("--trace", trace, "--config", config, "--capacity-per-instance", 100)
    return flyball("demo", *words)


def test_the_demo_says_what_the_service_picks(replayed: Done) -> None:
    """A line for each choice, beside those for each change of the range."""
    assert (replayed.code, replayed.err) == (0, "")
    assert "  The service picks 3 in 2–9: its own choice" in replayed.out


def test_explain_says_what_was_set_and_what_the_service_chose(replayed: Done) -> None:
    """From the row alone; and the same for programs."""
    assert replayed.code == 0
    done = flyball("explain", "vision", *LEDGER)
    told = "Range 2–9 set, 3 in service by the service's own choice."
    assert f"What the service had\n  {told}\n" in done.out
    found = flyball("explain", "vision", *LEDGER, "--json").json
    assert found["range"] == told.rstrip(".")
    assert (found["capacity"]["desired"], found["capacity"]["ceiling"]) == (2, 9)
    assert (found["capacity"]["ready"], found["capacity"]["picked"]) == (3, 3)


def test_the_ledgers_list_says_when_the_service_chose(replayed: Done) -> None:
    """In the row of the look that found it, though nothing was changed by us."""
    assert replayed.code == 0
    listed = flyball("ledger", "list", *LEDGER).out
    told = "The service changed what is in service 2 → 3 by its own choice"
    assert sum(told in line and "Hold 2–9" in line for line in listed.splitlines()) == 1
    assert flyball("ledger", "replay", *LEDGER).code == 0


def test_of_one_number_nothing_of_a_range_is_said(folder: Path) -> None:
    """As it was."""
    trace = write_trace(folder / "t.csv", [170] * 30)
    assert "The service picks" not in flyball("demo", "--trace", trace).out
    assert "What the service had" not in flyball("explain", "demo", *LEDGER).out
    assert flyball("explain", "demo", *LEDGER, "--json").json["range"] is None


@pytest.mark.parametrize("command", ["demo", "run"])
def test_a_machine_that_is_none_is_refused(command: str, folder: Path) -> None:
    """With what may be written, before anything is made."""
    config = write(folder, "tpu")
    words = ["--config", config] if command == "demo" else ["--config", config, "--once"]
    refused = flyball(command, *words)
    expect_refusal(refused, "vision: resource.machine: got 'tpu', write cpu or gpu")


def test_a_run_scales_what_takes_a_range(folder: Path) -> None:
    """On the real clock: the endpoint is made with the target's range."""
    assert flyball("run", "--config", write(folder, "cpu"), "--once").code == 0
    (row,) = [row for row in flyball("ledger", "list", "--json").lines if row["kind"] == "decision"]
    shown = flyball("explain", row["row"] if "row" in row else row["id"], "--json").json
    assert (shown["capacity"]["desired"], shown["capacity"]["ceiling"]) == (2, 9)
