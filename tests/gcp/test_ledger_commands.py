"""Do the ledger's commands read what is in Firestore?"""

from __future__ import annotations

import pytest

from tests.contract.steps import register
from tests.gcp.conftest import Store
from tests.unit.cli.commands import flyball

pytestmark = pytest.mark.enable_socket


SAID = {"verify": "1 row of 1 scalable target", "replay": "no decisions", "list": "Config"}


@pytest.mark.parametrize("command", SAID, ids=str)
def test_a_ledger_in_firestore_is_read_by_its_name(
    store: Store, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """As one in DynamoDB is: its project, and its database where it is not the default one."""
    register(store.ledger)
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", store.server.url.removeprefix("http://"))
    for name in (store.project, f"{store.project}/(default)"):
        done = flyball("ledger", command, "--ledger", f"firestore:{name}")
        assert done.code == 0, done.err
        assert SAID[command] in done.out


def test_a_name_that_is_none_is_refused_with_what_is_expected() -> None:
    """Not taken for a file."""
    done = flyball("ledger", "list", "--ledger", "firestore:")
    assert done.code == 2
    assert "expected firestore:<project>/<database>" in done.err
