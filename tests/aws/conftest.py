"""Which parts of the rig does a test of AWS ask for?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pytest

from flyball.adapters.aws.clients import Clients
from flyball.adapters.aws.dynamodb import DynamoLedger
from flyball.cli import trials
from tests.aws import remembered, sagemaker
from tests.aws.account import CONFIG, Account, empty, environment, start_moto, write
from tests.aws.deployment import SAM, Deployment, deployed
from tests.aws.ordered import Stand, take_stand
from tests.aws.rig import Server, client_of, create_tables, lent_ministack
from tests.aws.stage import serve


class Store(NamedTuple):
    """Two tables of a test's own, and a ledger on them.

    Attributes:
        server: Where they are.
        client: Its client tries twice.
        targets: Table of items.
        rows: Table of rows.
        ledger: On both.
    """

    server: Server
    client: Any
    targets: str
    rows: str
    ledger: DynamoLedger


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[sagemaker.Server, Clients]]:
    """Serve one stand-in of SageMaker for all tests of a module."""
    with serve() as both:
        yield both


@pytest.fixture
def stand(served: tuple[sagemaker.Server, Clients]) -> Stand:
    """Begin with no trial of Inference Recommender."""
    return take_stand(*served)


@pytest.fixture
def trial_stand(
    stand: Stand,
    served: tuple[sagemaker.Server, Clients],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Stand:
    """Let a command find it; time passes there while the command waits."""
    remembered.stand(tmp_path, monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL", served[0].url)
    monkeypatch.setattr(trials, "REST", lambda s: stand.cloud.move(20 * s))
    return stand


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Lend this process's MiniStack."""
    with lent_ministack(tmp_path_factory.getbasetemp() / "ministack") as server:
        yield server


@pytest.fixture
def store(ministack: Server) -> Iterator[Store]:
    """Open an empty ledger in tables of its own."""
    name = uuid4().hex
    targets, rows = f"targets-{name}", f"ledger-{name}"
    client = client_of(ministack, "dynamodb", retries={"mode": "standard", "total_max_attempts": 2})
    create_tables(client, targets, rows)
    ledger = DynamoLedger(client, targets=targets, ledger=rows)
    yield Store(ministack, client, targets, rows, ledger)
    ledger.close()


@pytest.fixture
def impatient(store: Store) -> Iterator[Store]:
    """Open the same tables with a client that tries once and a ledger that never waits."""
    client = client_of(store.server, "dynamodb")
    ledger = DynamoLedger(client, targets=store.targets, ledger=store.rows, rest=lambda _: None)
    yield store._replace(client=client, ledger=ledger)
    ledger.close()


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start moto's server for this process."""
    server = start_moto(tmp_path_factory.mktemp("moto"))
    yield server
    server.stop()


@pytest.fixture
def account(moto: Server, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    """Give an account with one endpoint of 3 instances, a config for it, and empty tables."""
    empty(moto)
    given = environment(moto, store.server, store.targets, store.rows)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    made = Account(moto, given)
    made.endpoint("churn", 3)
    write(CONFIG)
    return made


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Deploy the template, once for all tests; each has endpoints of its own."""
    if SAM not in os.environ:
        pytest.skip(f"{SAM} names no SAM command line; `make e2e-aws` installs one and sets it")
    with deployed(tmp_path_factory.mktemp("stack"), speed=1) as found:
        yield found
