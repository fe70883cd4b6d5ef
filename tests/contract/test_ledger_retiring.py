"""Does each ledger let a target go without letting go of what it did?"""

from __future__ import annotations

import json

import pytest

from flyball.ports import ItemUpdate, LeaseLostError, Ledger, UnknownTargetError
from tests.contract.steps import (
    CONFIG,
    CONFIG_HASH,
    HOLD,
    INTENT,
    MINUTE,
    SECOND,
    T0,
    TARGET,
    assert_whole,
    register,
    take,
)


def test_a_retired_target_is_not_listed_due_or_claimed(ledger: Ledger) -> None:
    """No timer and no late alarm brings it back to life."""
    register(ledger)
    register(ledger, "stays")
    assert ledger.retire(TARGET, T0 + SECOND) == 2
    assert ledger.scalable_target_ids() == ["stays"]
    assert [each.scalable_target_id for each in ledger.due(T0 + MINUTE, 10)] == ["stays"]
    with pytest.raises(UnknownTargetError, match=TARGET):
        take(ledger)


def test_what_a_retired_target_did_stays(ledger: Ledger) -> None:
    """Its rows are there, its chain is whole, and the last row says by which config it went."""
    register(ledger)
    ledger.write(take(ledger), [HOLD], ItemUpdate(wake_at=T0 + MINUTE, release=True))
    ledger.retire(TARGET, T0 + SECOND)
    rows = list(ledger.rows(TARGET))
    assert [row.kind for row in rows] == ["config", "decision", "retired"]
    assert json.loads(rows[-1].body) == {"config_hash": CONFIG_HASH, "generation": 2}
    assert ledger.recorded_ids() == [TARGET]
    status = ledger.status(TARGET)
    assert (status.config_hash, status.wake_at, status.sequence) == ("", None, 3)
    assert status.head == rows[-1].hash
    assert_whole(ledger)


def test_a_wake_at_work_writes_nothing_after_its_target_is_retired(ledger: Ledger) -> None:
    """Its generation has gone by, as with any other change of the config."""
    register(ledger)
    claim = take(ledger)
    ledger.retire(TARGET, T0 + SECOND)
    with pytest.raises(LeaseLostError):
        ledger.write(claim, [INTENT], ItemUpdate(pending=True))
    assert [row.kind for row in ledger.rows(TARGET)] == ["config", "retired"]


def test_retiring_twice_is_retiring_once(ledger: Ledger) -> None:
    """A half-failed removal that goes on adds no second row."""
    register(ledger)
    assert ledger.retire(TARGET, T0) == ledger.retire(TARGET, T0 + SECOND) == 2
    assert ledger.status(TARGET).sequence == 2


def test_nobody_retires_what_was_never_there(ledger: Ledger) -> None:
    """A slip in a name is an error, not a silent success."""
    with pytest.raises(UnknownTargetError, match="ghost"):
        ledger.retire("ghost", T0)


def test_a_target_comes_back_with_what_it_had_learned(ledger: Ledger) -> None:
    """The same config as before it went is a new generation, and is looked at now."""
    register(ledger)
    ledger.write(take(ledger), [HOLD], ItemUpdate(history='{"desired":2}', release=True))
    ledger.retire(TARGET, T0 + SECOND)
    assert register(ledger, now=T0 + MINUTE) == 3
    status = ledger.status(TARGET)
    assert (status.config, status.config_hash) == (CONFIG, CONFIG_HASH)
    assert (status.history, status.wake_at) == ('{"desired":2}', T0 + MINUTE)
    assert ledger.scalable_target_ids() == [TARGET]
    assert take(ledger, now=T0 + MINUTE).generation == 3
    assert_whole(ledger)
