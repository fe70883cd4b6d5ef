"""Does a deployed function of Google open the parts that its environment names?"""

from __future__ import annotations

import sys
from typing import Any

import functions_framework
import pytest

from flyball.adapters.gcp.client import ClientListing
from flyball.adapters.gcp.firestore import FirestoreLedger
from flyball.adapters.gcp.rest import SessionListing
from flyball.wiring.between import Adviser
from flyball.wiring.gcp import Noting
from flyball.wiring.machine import SystemClock
from tests.unit.functions.gcp.stage import ENVIRONMENT, FUNCTIONS, load

URL = "http://127.0.0.1:1"


def start(
    monkeypatch: pytest.MonkeyPatch, name: str = "on_alert", **variables: str
) -> tuple[Any, Any]:
    """Start a function as the platform does; give it and its test client."""
    for variable, value in (ENVIRONMENT | {"FUNCTION_TARGET": name} | variables).items():
        monkeypatch.setenv(variable, value)
    app: Any = functions_framework.create_app(name, str(FUNCTIONS))  # type: ignore[no-untyped-call]
    return sys.modules.pop("main").function, app.test_client()


def test_the_ledger_is_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its project, database and collections; nothing is reached for that."""
    function, _ = start(
        monkeypatch,
        FLYBALL_FIRESTORE_DATABASE="fly-database",
        FLYBALL_TARGETS_COLLECTION="t",
        FLYBALL_LEDGER_COLLECTION="l",
        FLYBALL_GCP_ENDPOINT_FIRESTORE=URL,
    )
    parts = function._work.parts
    assert isinstance(parts.ledger, FirestoreLedger)
    database = parts.ledger._database
    assert (database.name, database.targets, database.ledger) == (
        "projects/acme-ml/databases/fly-database",
        "t",
        "l",
    )
    assert isinstance(parts.clock, SystemClock)
    assert function._session.base("firestore") == URL
    assert isinstance(parts.controller._control, Noting)
    assert parts.controller._control is function._control


@pytest.mark.parametrize(
    ("name", "listing"), [("on_alert", SessionListing), ("on_tick", ClientListing)]
)
def test_metrics_are_read_by_googles_client_where_no_alert_waits(
    monkeypatch: pytest.MonkeyPatch, name: str, listing: type
) -> None:
    """It takes a tenth of a second to load; the session is there already, and is shared."""
    function, _ = start(monkeypatch, name)
    found = function._work.parts.controller._metrics._metrics._metrics._listing
    assert isinstance(found, listing)
    assert getattr(found, "_session", function._session) is function._session


def test_a_deployment_may_only_advise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the configs say."""
    function, _ = start(monkeypatch, FLYBALL_MODE="advise")
    assert isinstance(function._work.parts.controller._control, Adviser)


def test_lines_go_to_standard_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the platform reads them, at once."""
    _, client = start(monkeypatch)
    call = load("console-test")
    assert client.post("/", headers=call.headers, data=call.body).status_code == 200
    assert '"message":"ignored"' in capsys.readouterr().out
