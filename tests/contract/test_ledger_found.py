"""Does each ledger give what people ask it by name, also of a target that went?"""

from __future__ import annotations

import pytest

from flyball.cli.failure import CommandError
from flyball.cli.store import find_recorded, find_row, find_sequence
from flyball.ports import ItemUpdate, Ledger, UnknownTargetError
from tests.contract.steps import HOLD, MINUTE, SECOND, T0, TARGET, register, take


def retire(ledger: Ledger) -> None:
    """Have a target that decided once, and then went."""
    register(ledger)
    ledger.write(take(ledger), [HOLD], ItemUpdate(wake_at=T0 + MINUTE, release=True))
    ledger.retire(TARGET, T0 + SECOND)


def test_a_retired_targets_rows_are_found_by_its_name(ledger: Ledger) -> None:
    """Its newest decision, each row by number, and the one that says that it went."""
    retire(ledger)
    every = list(ledger.rows(TARGET))
    assert find_row(ledger, TARGET) == every[1]
    assert [find_row(ledger, f"{TARGET}@{n}") for n in (1, 2, 3)] == every
    assert find_row(ledger, "last") == every[1]
    assert find_row(ledger, every[2].id) == every[2]
    with pytest.raises(CommandError, match="has no row 4"):
        find_row(ledger, f"{TARGET}@4")


def test_a_retired_target_is_among_those_that_have_rows(ledger: Ledger) -> None:
    """Alone and beside others, with the newest sequence of its chain."""
    retire(ledger)
    register(ledger, "stays")
    assert find_recorded(ledger, None) == sorted([TARGET, "stays"])
    assert find_recorded(ledger, TARGET) == [TARGET]
    assert find_sequence(ledger, TARGET) == 3


@pytest.mark.parametrize("name", ["ghost", "ghost@1", "", "@1", "a/b", "x" * 3_000], ids=repr)
def test_nobody_of_that_name_is_an_error(name: str, ledger: Ledger) -> None:
    """Whatever a store may not take as a key."""
    retire(ledger)
    with pytest.raises(CommandError, match="no such row"):
        find_row(ledger, name)
    with pytest.raises(UnknownTargetError):
        find_recorded(ledger, name)
    assert find_sequence(ledger, name) is None
