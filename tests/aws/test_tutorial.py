"""Is every command of docs/aws.md as it is written there, and does it print what stands there?"""

from __future__ import annotations

import shlex
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from flyball.adapters.aws.clients import Clients
from flyball.ports import Trigger, TriggerKind
from flyball.wake import WakeKind
from flyball.wiring.aws import build
from tests.aws.account import GPU, Account
from tests.aws.conftest import Store
from tests.aws.formation import deploy
from tests.aws.overheard import tap
from tests.aws.rig import REGION
from tests.page import Step, expect_page, matches, read_steps, stop_time
from tests.unit.cli.commands import flyball

pytestmark = pytest.mark.enable_socket

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = REPOSITORY / "docs" / "aws.md"
CHANGES = 2
DIMENSIONS = GPU["Dimensions"]
SAID = "Whether it changes anything"
"""The template's words on its output Mode."""
LOAD = 1_250.0
"""Calls a minute on each instance."""


@dataclass
class Walk:
    """An account in which the page is walked through.

    Attributes:
        account: With an endpoint, and native scaling.
        store: The stack's tables.
        mode: The stack's; "": it is not there.
        has_load: Whether the endpoint had calls in the last minutes.
    """

    account: Account
    store: Store
    mode: str = ""
    has_load: bool = False

    def deploy(self, command: list[str]) -> str:
        """Deploy the stack as samconfig.toml says, in the mode that the command says."""
        config = tomllib.loads((REPOSITORY / "samconfig.toml").read_text(encoding="utf-8"))
        stage = config[command[command.index("--config-env") + 1]]
        overrides = stage["deploy"]["parameters"]["parameter_overrides"].split()
        if "--parameter-overrides" in command:
            overrides = command[command.index("--parameter-overrides") + 1 :]
        given = dict(each.split("=") for each in overrides)
        self.mode = given["Mode"]
        name = stage["global"]["parameters"]["stack_name"]
        deploy(self.account, name, self.store, Mode=self.mode, AlarmPrefix="flyball")
        outputs = ("Key", "Mode"), ("Description", SAID), ("Value", self.mode)
        lines = [f"{key:<20}{value}" for key, value in outputs]
        lines.append(f"Successfully created/updated stack - {name} in {REGION}")
        return "".join(f"{line}\n" for line in lines)

    def pass_minutes(self) -> None:
        """Let the endpoint have load, and a function look at it."""
        now = datetime.now(UTC)
        if not self.has_load:
            self.has_load = True
            data = {"MetricName": "InvocationsPerInstance", "Dimensions": DIMENSIONS}
            minutes = [now.replace(second=0) - timedelta(minutes=back) for back in range(1, 6)]
            self.account.client("cloudwatch").put_metric_data(
                Namespace="AWS/SageMaker",
                MetricData=[{**data, "Value": LOAD, "Timestamp": at} for at in minutes],
            )
        controller = build(self.store.ledger, Clients(), advises_only=self.mode == "advise")
        wake = controller.wake(Trigger("churn", uuid4().hex, TriggerKind.MANUAL, now))
        assert wake.kind is WakeKind.DECIDED, wake

    def run(self, step: Step) -> str:
        """Run a command, and give what it prints."""
        program, *arguments = shlex.split(step.command)
        if program == "sam":
            return self.deploy(arguments) if arguments[0] == "deploy" else step.printed
        assert program == "flyball", step.command
        done = flyball(*arguments)
        changes = arguments[0] == "plan" and "Nothing to change" not in done.out
        assert done.code == (CHANGES if changes else 0), (step.command, done)
        return done.out

    def tidy(self, text: str) -> str:
        """Give names, places and times as they stand in the page."""
        for found, stands in (
            (self.store.targets, "flyball-Targets-1N4CQ0V8GXSOT"),
            (self.store.rows, "flyball-Ledger-7KXJ2PTRB9M3"),
            (REGION, "eu-central-1"),
        ):
            text = text.replace(found, stands)
        return stop_time(text)


@pytest.fixture
def walk(account: Account, store: Store, monkeypatch: pytest.MonkeyPatch) -> Walk:
    """Give an endpoint with native scaling, and an environment that names no deployment."""
    for name in ("TARGETS_TABLE", "LEDGER_TABLE", "ALARM_TOPIC_ARN"):
        monkeypatch.delenv(f"FLYBALL_{name}")
    monkeypatch.setenv("LOGNAME", "ann")
    Path("flyball.yaml").unlink()
    tap(monkeypatch).simulate()  # IAM's simulation, which moto has not
    account.register(low=2, high=8)
    account.track()
    return Walk(account, store)


def test_the_page_is_true(walk: Walk) -> None:
    """From the first command to the last, with what each prints."""
    page = PAGE.read_text(encoding="utf-8")
    steps = list(read_steps(page))
    numbered = page.partition("## Day by day")[0]
    assert len(list(read_steps(numbered))) == 10
    different: list[tuple[Step, str]] = []
    for step in steps:
        if "--take-over" in step.command:
            config = Path("flyball.yaml")
            config.write_text(config.read_text().replace("mode: advise", "mode: apply"))
        printed = walk.tidy(walk.run(step))
        if not matches(printed, walk.tidy(step.printed)):
            different.append((step, printed))
        if step.command == "flyball apply plan.json":
            walk.pass_minutes()
    expect_page(PAGE, different)
    assert not any(walk.account.suspended().values())
    assert walk.account.alarms() == {}
    endpoint = walk.account.client("sagemaker").describe_endpoint(EndpointName="churn")
    assert endpoint["ProductionVariants"][0]["DesiredInstanceCount"] > 3
