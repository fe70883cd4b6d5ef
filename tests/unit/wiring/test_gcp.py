"""Does the wiring of Google Cloud read its settings well, load no SDK, and fit its parts?"""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from typing import Any

import pytest

from flyball.adapters.gcp.firestore import FirestoreLedger
from flyball.adapters.gcp.session import Session
from flyball.core.decide import ADVISER
from flyball.core.model import Capacity, CapacityRange, Missing, MissingCause
from flyball.core.target import ScalableTarget
from flyball.ports import Deadline, Outcome, OutcomeKind, Underway
from flyball.wiring import settings as read
from flyball.wiring.gcp import Noting, Settings, build, check_sdk, connect, open_ledger
from flyball.wiring.settings import SettingsError
from tests.rig import TWO, make_target
from tests.unit.wiring.test_aws import HEAVY

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
PROJECT = {"FLYBALL_GCP_PROJECT": "acme-ml"}
ACCOUNT = "flyball-tick@acme-ml.iam.gserviceaccount.com"


def test_a_project_is_all_that_must_be_said() -> None:
    """The rest has defaults that are safe."""
    settings = Settings.from_env(PROJECT)
    assert settings == Settings("acme-ml")
    assert (settings.handful, settings.timeout) == (10, timedelta(seconds=60))
    assert settings.lease > settings.timeout
    assert not settings.advises_only
    assert not settings.trusts_platform


def test_every_variable_is_read() -> None:
    """Under its own name."""
    variables = PROJECT | {
        "FLYBALL_FIRESTORE_DATABASE": "flyball",
        "FLYBALL_TARGETS_COLLECTION": "t",
        "FLYBALL_LEDGER_COLLECTION": "l",
        "FLYBALL_WAKES_TOPIC": "flyball-wakes",
        "FLYBALL_DEAD_TOPIC": "projects/other-p/topics/dead",
        "FLYBALL_ALARM_PREFIX": "staging",
        "FLYBALL_LEASE_S": "200",
        "FLYBALL_HANDFUL": "0",
        "FLYBALL_MODE": "advise",
        "FLYBALL_TIMEOUT_S": "90",
        "FLYBALL_TICK_AUDIENCE": "https://flyball.example/tick",
        "FLYBALL_TICK_ACCOUNT": ACCOUNT,
        "FLYBALL_TICK_SIGNATURE": "platform",
        "FLYBALL_GCP_ENDPOINT_MONITORING_GRPC": "http://127.0.0.1:9",
    }
    assert Settings.from_env(variables) == Settings(
        "acme-ml",
        "flyball",
        "t",
        "l",
        "projects/acme-ml/topics/flyball-wakes",
        "projects/other-p/topics/dead",
        "staging",
        timedelta(seconds=200),
        0,
        advises_only=True,
        timeout=timedelta(seconds=90),
        tick_audience="https://flyball.example/tick",
        tick_account=ACCOUNT,
        trusts_platform=True,
        endpoints={"monitoring_grpc": "http://127.0.0.1:9"},
    )


def test_this_programs_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no other one is given; Google's own variable names the project too."""
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "theirs")
    assert Settings.from_env().project == "theirs"
    monkeypatch.setenv("FLYBALL_GCP_PROJECT", "ours")
    assert Settings.from_env().project == "ours"


@pytest.mark.parametrize(
    ("variables", "timeout_s", "lease_s"),
    [
        ({}, 60, 120),
        ({"CLOUD_RUN_TIMEOUT_SECONDS": "0"}, 60, 120),
        ({"CLOUD_RUN_TIMEOUT_SECONDS": "120"}, 120, 150),
        ({"CLOUD_RUN_TIMEOUT_SECONDS": "540", "FLYBALL_TIMEOUT_S": "300"}, 300, 330),
        ({"FLYBALL_TIMEOUT_S": "30", "FLYBALL_LEASE_S": "31"}, 30, 31),
    ],
)
def test_a_lease_is_longer_than_a_function_may_run(
    variables: dict[str, str], timeout_s: float, lease_s: float
) -> None:
    """Or it would end under a living holder."""
    settings = Settings.from_env(PROJECT | variables)
    assert settings.timeout == timedelta(seconds=timeout_s)
    assert settings.lease == timedelta(seconds=lease_s)


@pytest.mark.parametrize("name", ["on_alert", ""])
def test_only_the_tick_must_know_who_ticks(name: str) -> None:
    """Both functions have one environment, or each its own."""
    assert Settings.from_env(PROJECT | {"FUNCTION_TARGET": name}).tick_account == ""
    with pytest.raises(SettingsError, match=r"FLYBALL_TICK_AUDIENCE.*FLYBALL_TICK_ACCOUNT"):
        Settings.from_env(PROJECT | {"FUNCTION_TARGET": "on_tick"})


def test_every_bad_variable_is_named_at_once() -> None:
    """Mending one after the other would take a deployment each."""
    variables = {
        "FLYBALL_GCP_PROJECT": "a b",
        "FLYBALL_FIRESTORE_DATABASE": "A",
        "FLYBALL_TARGETS_COLLECTION": "a/b",
        "FLYBALL_LEDGER_COLLECTION": "__x__",
        "FLYBALL_WAKES_TOPIC": "7",
        "FLYBALL_DEAD_TOPIC": "projects/x/queues/y",
        "FLYBALL_ALARM_PREFIX": "a/b",
        "FLYBALL_LEASE_S": "9",
        "FLYBALL_HANDFUL": "1001",
        "FLYBALL_MODE": "observe",
        "FLYBALL_TIMEOUT_S": "0",
        "FLYBALL_TICK_AUDIENCE": "a b",
        "FLYBALL_TICK_ACCOUNT": "flyball",
        "FLYBALL_TICK_SIGNATURE": "perhaps",
        "FLYBALL_GCP_ENDPOINT_PUBSUB": "nowhere",
    }
    with pytest.raises(SettingsError) as caught:
        Settings.from_env(variables)
    message = str(caught.value)
    assert [name for name in variables if name not in message] == []
    assert message.count("; ") == len(variables) - 1
    assert message.isprintable()


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"FLYBALL_WAKES_TOPIC": "t-1", "FLYBALL_DEAD_TOPIC": "t-1"}, "come back for ever"),
        ({"FLYBALL_LEASE_S": "60"}, "more than the 60 s"),
        ({"CLOUD_RUN_TIMEOUT_SECONDS": "soon"}, "CLOUD_RUN_TIMEOUT_SECONDS: got 'soon'"),
        ({"FLYBALL_GCP_PROJECT": ""}, "FLYBALL_GCP_PROJECT: got ''"),
    ],
)
def test_what_does_not_go_together_is_refused(variables: dict[str, str], told: str) -> None:
    """At the start, with the remedy."""
    with pytest.raises(SettingsError, match=told):
        Settings.from_env(PROJECT | variables)


# --- the ledger ---------------------------------------------------------------------


@pytest.mark.parametrize("url", ["firestore:acme-ml", "firestore:acme-ml/flyball"])
def test_a_ledger_is_opened_by_its_project_and_database(url: str) -> None:
    """Nothing is read yet, and no credentials are looked for."""
    ledger = open_ledger(url, Session())
    assert isinstance(ledger, FirestoreLedger)
    ledger.close()


@pytest.mark.parametrize(
    "url", ["firestore:", "firestore:a b", "firestore:acme-ml/", "firestore:acme-ml/A", "x:acme-ml"]
)
def test_a_url_that_is_none_is_refused(url: str) -> None:
    """With the form that is expected."""
    with pytest.raises(SettingsError, match="firestore:<project>/<database>"):
        open_ledger(url)


@pytest.mark.parametrize("lacking", ["google.auth", "google.cloud.monitoring_v3", "requests"])
def test_without_the_sdk_the_remedy_is_said(lacking: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an extra: whoever has no cloud needs none."""
    found = find_spec
    monkeypatch.setattr(read, "find_spec", lambda name: None if name == lacking else found(name))
    with pytest.raises(SettingsError, match=r"pip install 'flyball\[gcp\]'"):
        check_sdk()


def test_without_all_of_google_the_remedy_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package whose parent is not there cannot be looked for."""

    def find(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(read, "find_spec", find)
    with pytest.raises(SettingsError, match=r"pip install 'flyball\[gcp\]'"):
        check_sdk()


def test_endpoints_are_the_environments() -> None:
    """As emulators are named."""
    session = connect({"PUBSUB_EMULATOR_HOST": "127.0.0.1:8085"})
    assert session.base("pubsub") == "http://127.0.0.1:8085"
    with pytest.raises(SettingsError, match="FLYBALL_GCP_ENDPOINT_ML"):
        connect({"FLYBALL_GCP_ENDPOINT_ML": "nowhere"})


# --- parts --------------------------------------------------------------------------


class Control:
    """Capacity as it is scripted; what it gives up is counted by the session."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.shows: Capacity | Missing = TWO
        self.loses = 0
        self.fetched: list[list[str]] = []

    def prefetch(self, targets: list[ScalableTarget], now: datetime) -> None:  # noqa: ARG002
        """Remember who."""
        self.fetched.append([target.id for target in targets])

    def describe(
        self,
        scalable_target: ScalableTarget,  # noqa: ARG002
        now: datetime,  # noqa: ARG002
        underway: Underway | None = None,  # noqa: ARG002
    ) -> Capacity | Missing:
        """Show it."""
        self.session.lost += self.loses
        return self.shows

    def apply(
        self,
        scalable_target: ScalableTarget,  # noqa: ARG002
        capacity: CapacityRange,
        now: datetime,  # noqa: ARG002
        deadline: Deadline | None = None,  # noqa: ARG002
    ) -> Outcome:
        """Take it."""
        return Outcome(OutcomeKind.APPLIED, f"{capacity.floor}")


@pytest.mark.parametrize(
    ("shows", "loses", "is_unread"),
    [
        (TWO, 0, False),
        (TWO, 1, False),
        (Missing(MissingCause.SOURCE_FAILED, "NOT_FOUND"), 0, False),
        (Missing(MissingCause.SOURCE_FAILED, "UNAVAILABLE"), 1, True),
    ],
    ids=["seen", "seen, though not all", "gone", "out of reach"],
)
def test_it_is_noted_whose_capacity_a_later_look_may_see(
    shows: Capacity | Missing, loses: int, *, is_unread: bool
) -> None:
    """What is gone, or not permitted, is not waited for."""
    session = Session()
    control: Any = Control(session)
    control.shows, control.loses = shows, loses
    noting, target = Noting(control, session), make_target()
    assert noting.describe(target, NOON) == shows
    assert noting.is_unread(target.id) is is_unread
    control.shows, control.loses = TWO, 0
    noting.describe(target, NOON)
    assert not noting.is_unread(target.id)
    assert noting.apply(target, CapacityRange(3, 4), NOON).detail == "3"
    noting.prefetch([target], NOON)
    assert control.fetched == [[target.id]]


def test_a_deployment_that_advises_changes_nothing() -> None:
    """Whatever the configs say."""
    session = Session()
    control: Any = Control(session)
    noting = Noting(control, session)
    ledger = open_ledger("firestore:acme-ml", session)
    advised = build(ledger, session, control=noting, advises_only=True)._control
    assert advised.describe(make_target(), NOON) == TWO._replace(owner=ADVISER)
    outcome = advised.apply(make_target(), CapacityRange(9, 9), NOON)
    assert outcome.kind is OutcomeKind.ABORTED
    assert build(ledger, session, control=noting)._control is noting


# --- cold starts --------------------------------------------------------------------


def load(module: str) -> set[str]:
    """Import a module in another program, and list what was loaded with it."""
    code = f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(ran.stdout))


@pytest.mark.parametrize("module", ["flyball.wiring.gcp", "flyball.wiring.gcp_function"])
def test_importing_it_loads_no_sdk_and_nothing_of_the_other_cloud(module: str) -> None:
    """A cold start waits for every one of them."""
    loaded = load(module)
    assert module in loaded
    heavy = {*HEAVY, "cryptography", "flask", "requests", "flyball.adapters.aws"}
    assert {name for name in heavy if name in loaded} == set()
    assert not [name for name in loaded if name.startswith(("google.cloud.m", "google.cloud.s"))]


@pytest.mark.parametrize("module", ["flyball.wiring.aws", "flyball.wiring.aws_function"])
def test_importing_the_wiring_of_aws_loads_nothing_of_google(module: str) -> None:
    """Nor anything that only Google's needs."""
    loaded = load(module)
    assert not [name for name in loaded if name.startswith("flyball.adapters.gcp")]
    assert not [name for name in loaded if name.startswith(("google.auth", "google.api", "grpc"))]
