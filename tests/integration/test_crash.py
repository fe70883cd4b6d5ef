"""Does a controller that is really killed, at any step, lose nothing and do nothing twice?"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import time
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from flyball.adapters.local.sqlite import SqliteLedger
from flyball.controller import LEASE
from flyball.core.codec import parse
from flyball.core.model import Action, CapacityRange
from flyball.core.record import DECISION, OUTCOME, DecisionRecord
from flyball.ports import OutcomeKind
from tests.integration.story import FileProvider, Story, command
from tests.rig import MINUTE, NAME, T0, check_ledger, outcome_of

STEPS = ("claim", "observe", "decide", "intent", "apply", "accepted", "outcome", "done")
LANDED = {OutcomeKind.APPLIED, OutcomeKind.LANDED}


def play(folder: Path, at: datetime, die: str = "", **fields: object) -> list[str]:
    """Run a program to its end, or to its death at a step; list how its wakes ended."""
    story = Story(**(asdict(Story(str(folder), NAME, at.isoformat(), die=die)) | fields))
    ended = subprocess.run(command(story), capture_output=True, text=True, check=False, timeout=60)
    if die:
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        return []
    assert ended.returncode == 0, ended.stderr
    kinds: list[str] = json.loads(ended.stdout)
    return kinds


def log_of(folder: Path) -> list[int]:
    """Read what the provider accepted."""
    return FileProvider(folder / "provider.log").log()


@pytest.mark.parametrize("step", STEPS)
def test_no_change_is_applied_twice_and_no_row_is_lost_when_killed_at(
    step: str, ledger: SqliteLedger, tmp_path: Path
) -> None:
    """Two are in service, four are needed; whenever the first run dies, four are asked for once."""
    play(tmp_path, T0, die=step)
    rows_then = list(ledger.rows(NAME))
    held = step not in {"claim", "done"}
    early = play(tmp_path, T0 + MINUTE)
    assert early == (["turned_away"] if held else ["decided"])
    assert play(tmp_path, T0 + LEASE + MINUTE) == ["decided"]
    assert play(tmp_path, T0 + LEASE + 2 * MINUTE) == ["decided"]
    assert log_of(tmp_path) == [4]
    rows = list(ledger.rows(NAME))
    assert rows[: len(rows_then)] == rows_then
    check_ledger(ledger, NAME)
    outcomes = [outcome_of(row).kind for row in rows if row.kind == OUTCOME]
    expected = {
        "apply": [OutcomeKind.NOT_LANDED, OutcomeKind.APPLIED],
        "accepted": [OutcomeKind.LANDED],
        "outcome": [OutcomeKind.LANDED],
    }
    assert outcomes == expected.get(step, [OutcomeKind.APPLIED])


@pytest.mark.parametrize("first", ["apply", "accepted", "outcome"])
@pytest.mark.parametrize("second", ["observe", "intent", "done"])
def test_no_change_is_applied_twice_when_the_reconciling_run_is_killed_too(
    first: str, second: str, ledger: SqliteLedger, tmp_path: Path
) -> None:
    """The intent is pending until one write closes it; then it is closed for good."""
    play(tmp_path, T0, die=first)
    play(tmp_path, T0 + LEASE, die=second)
    assert play(tmp_path, T0 + 2 * LEASE) == ["decided"]
    assert log_of(tmp_path) == [4]
    check_ledger(ledger, NAME)


def test_the_lease_of_a_killed_run_ends_by_itself_and_not_before(
    ledger: SqliteLedger, tmp_path: Path
) -> None:
    """It may still be at work, for all that anybody knows."""
    play(tmp_path, T0, die="observe")
    assert play(tmp_path, T0 + LEASE - timedelta(microseconds=1)) == ["turned_away"]
    assert play(tmp_path, T0 + LEASE) == ["decided"]
    check_ledger(ledger, NAME)


@pytest.mark.slow
def test_every_intent_is_applied_as_its_outcome_says_when_killed_at_any_moment(
    ledger: SqliteLedger, tmp_path: Path
) -> None:
    """Killed from outside, between any two instructions, again and again."""
    seed = 20_261_121
    draw = random.Random(seed)
    at = T0
    for _ in range(12):
        story = Story(
            str(tmp_path), NAME, at.isoformat(), loads=(400.0, 900.0, 200.0), rounds=100_000
        )
        with subprocess.Popen(command(story), stdout=subprocess.DEVNULL) as running:
            _await_row(ledger)
            time.sleep(draw.uniform(0.0, 0.05))
            running.kill()
        newest = ledger.latest(1, NAME)[0].at
        at = newest + LEASE + MINUTE
    assert play(tmp_path, at) == ["decided"]
    check_ledger(ledger, NAME)
    assert log_of(tmp_path) == [each.floor for each in _landed(ledger)], f"seed {seed}"


def _await_row(ledger: SqliteLedger) -> None:
    """Wait until the program that was started has written something."""
    before = ledger.status(NAME).sequence
    patience_ends = time.monotonic() + 30
    while ledger.status(NAME).sequence == before:
        assert time.monotonic() < patience_ends
        time.sleep(0.001)


def _landed(ledger: SqliteLedger) -> list[CapacityRange]:
    """List what was asked for by the intents that landed, in order."""
    rows = list(ledger.rows(NAME))
    outcomes = {
        json.loads(row.body)["decision"]: outcome_of(row).kind
        for row in rows
        if row.kind == OUTCOME
    }
    decisions = [
        (row.id, parse(DecisionRecord, row.body).decision) for row in rows if row.kind == DECISION
    ]
    return [
        decision.range
        for row_id, decision in decisions
        if decision.action is Action.SET and outcomes[row_id] in LANDED
    ]
