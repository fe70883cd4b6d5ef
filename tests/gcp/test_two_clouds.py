"""Is one file in force on both clouds by one apply, as docs/two-clouds.md shows it?"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from deploy.gcp import __main__ as deployment
from tests.aws.account import Account, environment, start_moto
from tests.aws.rig import REGION, Server, client_of, create_tables, lent_ministack
from tests.gcp.walk import LOCATION, PROJECT, Walk, standing
from tests.page import Step, expect_page, matches, read_steps, stop_time
from tests.unit.cli.commands import flyball

pytestmark = [pytest.mark.enable_socket, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[2]
PAGE, EXAMPLE = ROOT / "docs" / "two-clouds.md", ROOT / "examples" / "two-clouds.yaml"


@pytest.fixture
def account(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Account]:
    """Give an account of AWS with an endpoint of three instances, and empty tables."""
    moto = start_moto(tmp_path_factory.mktemp("moto"))
    targets, rows = f"targets-{uuid4().hex}", f"ledger-{uuid4().hex}"
    with lent_ministack(tmp_path_factory.getbasetemp() / "ministack") as ministack:
        client = client_of(ministack, "dynamodb")
        create_tables(client, targets, rows)
        given = environment(moto, ministack, targets, rows)
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        made = Account(moto, given)
        made.endpoint("vision", 3)
        yield made
    moto.stop()


@pytest.fixture
def walk(firestore: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Walk]:
    """Give a project of Google's with an endpoint in a range of two to six."""
    with standing(firestore, tmp_path, monkeypatch) as made:
        monkeypatch.setattr(deployment, "ask_gcloud", made.gcloud.ask)  # no program a command
        monkeypatch.setattr(deployment, "build", lambda *_: "d1")
        made.deploy("deploy", "--project", PROJECT, "--region", LOCATION)
        yield made


def test_one_plan_is_for_both_and_one_apply_brings_it_into_force(
    account: Account, walk: Walk
) -> None:
    """Each target in the deployment of its cloud, with alarms of that cloud's own kind."""
    (Path("examples")).mkdir()
    shutil.copy(EXAMPLE, "examples")
    config = ("--config", "examples/two-clouds.yaml", "--project", PROJECT)
    different: list[tuple[Step, str]] = []
    for step in read_steps(PAGE.read_text(encoding="utf-8")):
        done = flyball(*step.command.split()[1:])
        assert done.code == 2, done
        printed = stop_time(done.out).replace(REGION, "eu-central-1")
        for name in ("FLYBALL_TARGETS_TABLE", "FLYBALL_LEDGER_TABLE"):
            printed = printed.replace(account.environment[name], name.lower())
        if not matches(printed, step.printed):
            different.append((step, printed))
    expect_page(PAGE, different)
    assert flyball("apply", *config, "--yes").code == 0
    assert {name.split("/")[1] for name in account.alarms()} == {"vision-aws"}
    theirs = {each.display_name.split("/")[1] for each in walk.policies.policies.values()}
    assert theirs == {"vision-gcp"}
    again = flyball("plan", *config)
    assert again.code == 0, again
    assert flyball("destroy", *config, "--yes").code == 0
    assert (account.alarms(), walk.policies.policies) == ({}, {})
