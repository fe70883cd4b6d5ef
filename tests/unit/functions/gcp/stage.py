"""What stands around the functions of Google in a test: the framework, Pub/Sub and a ledger?

The functions are the real ones, from functions/gcp, under the real functions-framework. Pub/Sub and
Google's certificates are scripted at the session; the ledger is the one in memory; metrics and the
provider are scripted.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import functions_framework
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from google.auth import crypt, jwt

from flyball.adapters.gcp.session import CallError, Session
from flyball.controller import Controller
from flyball.wiring.function import Parts
from flyball.wiring.gcp_function import Function, Outside
from tests.rig import ENGINE, ScriptedMetrics, SetClock, make_target, register
from tests.unit.functions.stage import PlacedLedger, Provider

FUNCTIONS = Path(__file__).resolve().parents[4] / "functions" / "gcp" / "main.py"
EVENTS = Path(__file__).resolve().parents[3] / "events" / "gcp"
NOW = datetime(2026, 3, 2, 12, 4, tzinfo=UTC)
NAMES = ("churn", "churn-blue", "Batch-gpu")
AUDIENCE = "https://europe-west4-acme-ml.cloudfunctions.net/flyball-tick"
ACCOUNT = "flyball-scheduler@acme-ml.iam.gserviceaccount.com"
WAKES = "projects/acme-ml/topics/flyball-wakes"
DEAD = "projects/acme-ml/topics/flyball-dead"
ENVIRONMENT = {
    "FLYBALL_GCP_PROJECT": "acme-ml",
    "FLYBALL_WAKES_TOPIC": "flyball-wakes",
    "FLYBALL_DEAD_TOPIC": "flyball-dead",
    "FLYBALL_TICK_AUDIENCE": AUDIENCE,
    "FLYBALL_TICK_ACCOUNT": ACCOUNT,
    "CLOUD_RUN_TIMEOUT_SECONDS": "60",
}


class Message(NamedTuple):
    """A message that was published."""

    topic: str
    body: str
    attributes: Mapping[str, str]


class Request(NamedTuple):
    """A call of a function, as an event file has it."""

    headers: dict[str, str]
    body: bytes

    def bearing(self, **headers: str) -> Request:
        """Bear other headers too; "" takes one away. Underscores stand for hyphens."""
        given = self.headers | {name.replace("_", "-"): text for name, text in headers.items()}
        return self._replace(headers={name: text for name, text in given.items() if text})


def load(name: str) -> Request:
    """Read an event file."""
    told = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    body = told["body"] if isinstance(told["body"], str) else json.dumps(told["body"])
    return Request(told["headers"], body.encode())


def publish(body: object, message_id: str = "1") -> Request:
    """Write the call by which Eventarc brings a message with this body."""
    given = load("own-wake")
    event = json.loads(given.body)
    text = body if isinstance(body, str) else json.dumps(body)
    event["message"] |= {
        "data": base64.b64encode(text.encode()).decode(),
        "messageId": message_id,
    }
    return Request(given.headers | {"ce-id": message_id}, json.dumps(event).encode())


@cache
def make_key(name: str) -> tuple[str, str]:
    """Make a private key, and a certificate as Google publishes them, both PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(called)
        .issuer_name(called)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    return private.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode()


@cache
def make_signer(name: str, by: str) -> crypt.RSASigner:
    """Make what signs by one key in another's name: reading a key takes longer than signing."""
    private, _ = make_key(by)
    made: crypt.RSASigner = crypt.RSASigner.from_string(private, key_id=name)  # type: ignore[no-untyped-call]
    return made


def sign(now: datetime, key: str = "google-1", by: str = "", **claims: Any) -> str:
    """Make a token of Cloud Scheduler's, with other claims; signed `by` another key if named."""
    at = int(now.timestamp())
    told = {
        "iss": "https://accounts.google.com",
        "aud": AUDIENCE,
        "azp": "112233445566778899000",
        "sub": "112233445566778899000",
        "email": ACCOUNT,
        "email_verified": True,
        "iat": at,
        "exp": at + 3_600,
    }
    signer = make_signer(key, by or key)
    written: bytes = jwt.encode(signer, told | claims)  # type: ignore[no-untyped-call]
    return written.decode()


class Cloud(Session):
    """Pub/Sub, and Google's certificates.

    Attributes:
        published: In order.
        refusals: What the next calls fail with, by service.
        keys: Names of the keys that Google has.
        asked: Services that were called.
    """

    def __init__(self) -> None:
        super().__init__()
        self.published: list[Message] = []
        self.refusals: dict[str, list[CallError]] = {}
        self.keys = ["google-1", "google-2"]
        self.asked: list[str] = []

    def call(self, service: str, path: str, body: Any = None, **how: Any) -> Any:
        """Answer."""
        self.asked.append(service)
        if self.refusals.get(service):
            raise self.refusals[service].pop(0)
        if (service, path, how.get("method", "POST")) == (
            "www",
            "oauth2/v1/certs",
            "GET",
        ):
            return {name: make_key(name)[1] for name in self.keys}
        assert service == "pubsub", service
        topic = path.removeprefix("v1/").removesuffix(":publish")
        for each in body["messages"]:
            text = base64.b64decode(each["data"], validate=True).decode("utf-8", "surrogateescape")
            self.published.append(Message(topic, text, each.get("attributes", {})))
        return {"messageIds": [str(number) for number in range(len(body["messages"]))]}


class Stage:
    """Everything around the functions of one deployment."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self.cloud = Cloud()
        self.clock = SetClock(NOW)
        self.metrics = ScriptedMetrics(250.0)
        self.provider = Provider()
        self.ledger = PlacedLedger({})
        self.variables: dict[str, str] = {}
        self.opened = 0
        self.elapsed_s = 0.0
        self.passes_s = 0.0
        self.rested: list[float] = []
        self.while_resting: Callable[[], None] = lambda: None
        self._tokens = count()
        self._apps: dict[str, Any] = {}
        self.functions: dict[str, Function] = {}
        for name in NAMES:
            self.add(name)

    def add(self, name: str, **fields: Any) -> None:
        """Register a target; it is due at once."""
        register(self.ledger, make_target(name, **fields), self.clock.at)

    def start(self, target: str) -> Any:
        """Start an instance of a function, as a cold start does, and give its test client."""
        given = ENVIRONMENT | self.variables | {"FUNCTION_TARGET": target}
        for variable, value in given.items():
            self._monkeypatch.setenv(variable, value)
        app = functions_framework.create_app(target, str(FUNCTIONS))  # type: ignore[no-untyped-call]
        module = sys.modules.pop("main")
        outside = Outside(
            clock=self.clock,
            elapsed=self._elapse,
            rest=self._pass,
            session=self.cloud,
            open_parts=self._open,
        )
        self.functions[target] = Function(module.function._settings, outside)
        module.function = self.functions[target]  # type: ignore[attr-defined]
        self._apps[target] = app.test_client()
        return self._apps[target]

    def alert(self, call: Request | str, *, cold: bool = True) -> int:
        """Deliver a message, to a new instance unless it is to be the last one; give the status."""
        return int(self._send("on_alert", call, cold=cold).status_code)

    def tick(self, call: Request | str = "tick", token: str | None = None, **how: bool) -> Any:
        """Call the tick with a good token, or with another one; give the answer and the status."""
        request = load(call) if isinstance(call, str) else call
        bearer = sign(self.clock.at) if token is None else token
        answer = self._send("on_tick", request.bearing(Authorization=f"Bearer {bearer}"), **how)
        return answer.get_json(silent=True), answer.status_code

    def _send(self, target: str, call: Request | str, *, cold: bool = True) -> Any:
        request = load(call) if isinstance(call, str) else call
        client = self.start(target) if cold else self._apps[target]
        return client.post("/", headers=request.headers, data=request.body)

    def _elapse(self) -> float:
        """Tell the seconds; at each question some pass."""
        self.elapsed_s += self.passes_s
        return self.elapsed_s

    def _pass(self, seconds: float) -> None:
        """Let somebody else do something while a function waits."""
        self.rested.append(seconds)
        self.while_resting()

    def _open(self, _: object) -> Parts:
        self.opened += 1
        controller = Controller(
            ledger=self.ledger,
            metrics=self.metrics,
            control=self.provider,
            clock=self.clock,
            token=lambda: f"token-{next(self._tokens)}",
            engine=ENGINE,
        )
        return Parts(controller, self.ledger, self.clock)

    def said(self) -> tuple[list[Any], dict[str, float]]:
        """Give the log's lines, and the sums of the metrics by name, since it was last asked."""
        lines = [json.loads(line) for line in self._capsys.readouterr().out.splitlines()]
        metrics: dict[str, float] = {}
        for line in lines:
            for name, value in line.get("metrics", {}).items():
                metrics[name] = metrics.get(name, 0) + value
        return [line for line in lines if line["message"] != "metrics"], metrics

    def decided(self) -> dict[str, int]:
        """Count the decisions of each target."""
        counted = {
            name: sum(row.kind == "decision" for row in self.ledger.rows(name))
            for name in self.ledger.scalable_target_ids()
        }
        return {name: decisions for name, decisions in counted.items() if decisions}

    def buried(self) -> list[Message]:
        """Take what was published to the dead-letter topic."""
        return [each for each in self.cloud.published if each.topic == DEAD]

    def delivered(self) -> Iterator[Request]:
        """Take what was published to the topic of wakes, as Eventarc brings it."""
        for number, each in enumerate(self.cloud.published):
            if each.topic == WAKES:
                yield publish(each.body, f"w{number}")

    def pass_time(self, by: timedelta) -> None:
        """Let time pass."""
        self.clock.at += by
