"""Does the wiring of AWS read its settings well, load no SDK, and put the right parts together?"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flyball.adapters.aws.clients import Clients
from flyball.adapters.aws.dynamodb import DynamoLedger
from flyball.core.decide import ADVISER
from flyball.core.model import Capacity, CapacityRange, Missing, MissingCause
from flyball.core.target import ScalableTarget
from flyball.ports import Deadline, LedgerError, MetricRead, Outcome, OutcomeKind, Underway
from flyball.wiring import aws
from flyball.wiring.aws import Settings, open_ledger
from flyball.wiring.between import Adviser, Reader
from flyball.wiring.settings import SettingsError
from tests.rig import TWO, ScriptedMetrics, make_target

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
TOPIC = "arn:aws:sns:eu-central-1:123456789012:flyball-alarms"
TABLES = {"FLYBALL_TARGETS_TABLE": "fly-targets", "FLYBALL_LEDGER_TABLE": "fly-ledger"}


def test_two_tables_are_all_that_must_be_said() -> None:
    """The rest has defaults that are safe."""
    settings = Settings.from_env(TABLES)
    assert settings == Settings("fly-targets", "fly-ledger")
    assert (settings.handful, settings.lease) == (10, timedelta(seconds=120))
    assert not settings.advises_only
    assert not settings.is_prepared


def test_every_variable_is_read() -> None:
    """Under its own name."""
    queue = "https://sqs.eu-central-1.amazonaws.com/123456789012/"
    variables = TABLES | {
        "FLYBALL_WAKES_QUEUE_URL": f"{queue}wakes",
        "FLYBALL_DEAD_QUEUE_URL": f"{queue}dead",
        "FLYBALL_ALARM_PREFIX": "staging",
        "FLYBALL_METRICS_NAMESPACE": "Flyball/Staging",
        "FLYBALL_LEASE_S": "90",
        "FLYBALL_HANDFUL": "0",
        "FLYBALL_MODE": "advise",
        "FLYBALL_TRACE": "1",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start",
        "FLYBALL_ALARM_TOPIC_ARN": TOPIC,
    }
    assert Settings.from_env(variables) == Settings(
        "fly-targets",
        "fly-ledger",
        f"{queue}wakes",
        f"{queue}dead",
        "staging",
        "Flyball/Staging",
        timedelta(seconds=90),
        0,
        advises_only=True,
        traces=True,
        is_prepared=True,
        alarm_topic=TOPIC,
    )


def test_this_programs_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no other one is given."""
    for name, value in TABLES.items():
        monkeypatch.setenv(name, value)
    assert Settings.from_env().ledger_table == "fly-ledger"


def test_an_on_demand_start_prepares_nothing() -> None:
    """Somebody waits for it."""
    variables = TABLES | {"AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand"}
    assert not Settings.from_env(variables).is_prepared


def test_every_bad_variable_is_named_at_once() -> None:
    """Mending one after the other would take a deployment each."""
    variables = {
        "FLYBALL_TARGETS_TABLE": "a b",
        "FLYBALL_LEDGER_TABLE": "",
        "FLYBALL_WAKES_QUEUE_URL": "wakes",
        "FLYBALL_DEAD_QUEUE_URL": "https://a b",
        "FLYBALL_ALARM_PREFIX": "a/b",
        "FLYBALL_METRICS_NAMESPACE": "\x1b",
        "FLYBALL_LEASE_S": "19",
        "FLYBALL_HANDFUL": "1001",
        "FLYBALL_MODE": "observe",
        "FLYBALL_TRACE": "perhaps",
        "FLYBALL_ALARM_TOPIC_ARN": "flyball-alarms",
    }
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(variables)
    message = str(caught.value)
    assert [name in message for name in variables] == [True] * len(variables)
    assert message.count("; ") == len(variables) - 1
    assert message.isprintable()


@pytest.mark.parametrize("text", ["-1", "1.5", "ten", "9" * 5_000, "\uff11"])
def test_a_handful_is_a_whole_number(text: str) -> None:
    """In digits, and not too many."""
    with pytest.raises(SettingsError, match="FLYBALL_HANDFUL"):
        Settings.from_env(TABLES | {"FLYBALL_HANDFUL": text})


def test_traces_need_their_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not in the bundle unless it was put there; that is said at the start."""
    monkeypatch.setattr(aws, "find_spec", lambda name: None)  # noqa: ARG005  (as if it were absent)
    with pytest.raises(SettingsError, match="aws-xray-sdk is not in this bundle"):
        Settings.from_env(TABLES | {"FLYBALL_TRACE": "1"})


# --- the ledger ---------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give credentials, so that the SDK looks for none on the network."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def test_a_ledger_is_opened_by_its_tables_names() -> None:
    """No table is read yet."""
    ledger = open_ledger("dynamodb:fly-targets/fly-ledger", Clients("eu-central-1"))
    assert isinstance(ledger, DynamoLedger)
    ledger.close()


@pytest.mark.parametrize(
    "url",
    [
        "dynamodb:",
        "dynamodb:a",
        "dynamodb:abc/",
        "dynamodb:abc/d e",
        "dynamodb:abc/def/g",
        "x:abc/def",
    ],
)
def test_a_url_that_is_none_is_refused(url: str) -> None:
    """With the form that is expected."""
    with pytest.raises(SettingsError, match="dynamodb:<targets table>/<ledger table>"):
        open_ledger(url)


def test_without_a_region_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than a fault in Flyball."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(LedgerError, match="Set AWS_DEFAULT_REGION"):
        open_ledger("dynamodb:fly-targets/fly-ledger")


def test_without_the_sdk_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an extra: whoever has no cloud needs none."""
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(SettingsError, match=r"pip install 'flyball\[aws\]'"):
        open_ledger("dynamodb:fly-targets/fly-ledger")


# --- parts --------------------------------------------------------------------------


@dataclass
class Control:
    """A provider that remembers what was read ahead.

    Attributes:
        capacity: What it shows.
        fetched: The ids that were read ahead, a list a call.
    """

    capacity: Capacity | Missing = TWO
    fetched: list[list[str]] = field(default_factory=list)

    def prefetch(self, targets: Sequence[ScalableTarget], now: datetime) -> None:  # noqa: ARG002
        """Remember who."""
        self.fetched.append([target.id for target in targets])

    def describe(
        self,
        scalable_target: ScalableTarget,  # noqa: ARG002
        now: datetime,  # noqa: ARG002
        underway: Underway | None = None,  # noqa: ARG002
    ) -> Capacity | Missing:
        """Show it."""
        return self.capacity

    def apply(
        self,
        scalable_target: ScalableTarget,  # noqa: ARG002
        capacity: CapacityRange,  # noqa: ARG002
        now: datetime,  # noqa: ARG002
        deadline: Deadline | None = None,  # noqa: ARG002
    ) -> Outcome:
        """Never be asked."""
        raise AssertionError("a deployment that only advises has applied something")


def reads(*names: str) -> list[MetricRead]:
    """Ask for two series of each target."""
    targets = [make_target(name) for name in names]
    return [MetricRead(each, each.metrics[0], 3) for each in targets for _ in range(2)]


def test_capacities_of_a_chunk_are_read_ahead_beside_its_metrics() -> None:
    """Each once; for one target alone its own look is as cheap."""
    control: Any = Control()
    metrics = ScriptedMetrics()
    reader = Reader(metrics, control)
    assert len(reader.read(reads("a", "b"), NOON)) == 4
    assert len(reader.read(reads("a"), NOON)) == 2
    assert control.fetched == [["a", "b"]]


def test_a_deployment_that_advises_tells_the_decision_so() -> None:
    """By what it observes, so that the row replays the same."""
    control: Any = Control(Capacity(3, 2))
    adviser = Adviser(control)
    assert adviser.describe(make_target(), NOON) == Capacity(3, 2, owner=ADVISER)
    control.capacity = Capacity(3, 2, owner="application-autoscaling")
    assert adviser.describe(make_target(), NOON) == control.capacity
    control.capacity = Missing(MissingCause.SOURCE_FAILED)
    assert adviser.describe(make_target(), NOON) == control.capacity


def test_a_deployment_that_advises_changes_nothing() -> None:
    """Not even if it were asked to."""
    control: Any = Control()
    outcome = Adviser(control).apply(make_target(), CapacityRange(9, 9), NOON)
    assert outcome.kind is OutcomeKind.ABORTED
    assert "FLYBALL_MODE" in outcome.detail


# --- cold starts --------------------------------------------------------------------

HEAVY = (
    "boto3",
    "botocore",
    "flyball.adapters.local",
    "flyball.cli",
    "flyball.config",
    "flyball.report",
    "flyball.sim",
    "google.api_core",
    "google.auth",
    "google.protobuf",
    "grpc",
    "numpy",
    "pydantic",
    "rich",
    "sqlite3",
    "typer",
)


@pytest.mark.parametrize("module", ["flyball.wiring.aws", "flyball.wiring.aws_function"])
def test_importing_it_loads_no_sdk_and_nothing_of_an_author(module: str) -> None:
    """A cold start waits for every one of them."""
    code = f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(json.loads(ran.stdout))
    assert module in loaded
    assert {heavy for heavy in HEAVY if heavy in loaded} == set()
