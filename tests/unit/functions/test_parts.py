"""Do a deployed function's own parts fit together, on a small cloud of moto's?

Nothing is handed in: tables, queue, metrics and endpoint are what its environment names.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

import flyball.wiring.cold
from flyball.adapters.aws.clients import TRIES, Clients
from flyball.config.load import compile_target, loads
from flyball.ports import Ledger
from flyball.wiring.aws import open_ledger
from flyball.wiring.aws_function import SERVICES
from flyball.wiring.machine import SystemClock
from tests.unit.amazon import CONFIG, LEDGER, REGION, client, desired, send_requests, small_cloud
from tests.unit.functions.stage import FUNCTIONS, Context, load, load_handler

ENVIRONMENT = {"FLYBALL_TARGETS_TABLE": "fly-targets", "FLYBALL_LEDGER_TABLE": "fly-ledger"}


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """Set up the small cloud, with its endpoint registered and too much to do."""
    with small_cloud(monkeypatch):
        opened = open_ledger(LEDGER, Clients(REGION))
        for target in loads(CONFIG).scalable_targets:
            opened.register(*compile_target(target), SystemClock().now())
        send_requests(250.0)
        yield opened
        opened.close()


def kinds(ledger: Ledger) -> list[str]:
    """List what was written."""
    return [row.kind for row in ledger.rows("churn")]


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("wake", load("eventbridge-alarm")),
        ("wake", load("sqs-sns-alarm")),
        ("wake", load("sqs-eventbridge-endpoint")),
        ("tick", load("scheduler-tick")),
    ],
)
def test_an_event_scales_a_real_endpoint(
    name: str, event: Any, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the event to the provider, with a row before and a row after."""
    module = load_handler(name, monkeypatch, **ENVIRONMENT)
    module.handler(event, Context())
    assert desired() == 5
    assert kinds(ledger) == ["config", "decision", "outcome"]


def test_a_deployment_that_advises_changes_nothing(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever the config says; the row says why."""
    module = load_handler("tick", monkeypatch, **ENVIRONMENT, FLYBALL_MODE="advise")
    module.handler({}, Context())
    assert desired() == 2
    assert kinds(ledger) == ["config", "decision"]
    line = json.loads(capsys.readouterr().out.splitlines()[0])
    assert (line["action"], line["reason"], line["to"]) == ("block", "advise_only", 5)


@pytest.mark.usefixtures("ledger")
def test_poison_leaves_through_the_queue_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By a client that is made for it, and no other."""
    url = client("sqs").create_queue(QueueName="dead")["QueueUrl"]
    module = load_handler("wake", monkeypatch, **ENVIRONMENT, FLYBALL_DEAD_QUEUE_URL=url)
    module.handler(load("sns-text"), Context())
    messages = client("sqs").receive_message(QueueUrl=url)["Messages"]
    assert "Hello from SNS!" in messages[0]["Body"]
    assert set(module.function._clients._made) == {"sqs"}


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize("kind", ["snap-start", "provisioned-concurrency"])
def test_a_start_that_nobody_waits_for_makes_every_client(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A snapshot has them; one on demand makes what its first event needs."""
    module = load_handler("wake", monkeypatch, **ENVIRONMENT, AWS_LAMBDA_INITIALIZATION_TYPE=kind)
    assert set(module.function._clients._made) == set(SERVICES)
    module = load_handler(
        "wake", monkeypatch, **ENVIRONMENT, AWS_LAMBDA_INITIALIZATION_TYPE="on-demand"
    )
    assert module.function._clients._made == {}


@pytest.mark.usefixtures("ledger")
def test_garbage_is_collected_once_the_first_event_is_handled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before, everything that is loaded stays."""
    module = load_handler("wake", monkeypatch, **ENVIRONMENT)
    importlib.reload(flyball.wiring.cold)
    assert not gc.isenabled()
    module.handler(load("eventbridge-alarm-configuration"), Context())
    assert gc.isenabled()


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize(("name", "event"), [("wake", "sqs-own"), ("tick", "scheduler-tick")])
def test_garbage_is_collected_though_the_first_event_failed(
    name: str, event: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment lives on, and must not grow until it is killed."""
    module = load_handler(name, monkeypatch, **ENVIRONMENT)
    importlib.reload(flyball.wiring.cold)
    assert not gc.isenabled()

    def fail() -> float:
        raise RuntimeError("before anything else")

    with pytest.raises(RuntimeError, match="before anything else"):
        getattr(module.function, name)(load(event), fail)
    assert gc.isenabled()


@pytest.mark.parametrize("name", ["wake", "tick"])
def test_a_function_waits_once_a_run_for_what_hangs_and_asks_again_in_the_next(
    name: str, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two scalable targets of one silent service; a moment later it answers."""
    twin = CONFIG.replace("id: churn", "id: churn-twin")
    ledger.register(*compile_target(loads(twin).scalable_targets[0]), SystemClock().now())
    monkeypatch.setattr("botocore.retries.standard.time.sleep", lambda _: None)
    module = load_handler(name, monkeypatch, **ENVIRONMENT)
    events = module.function._clients.get("sagemaker").meta.events
    tries: list[object] = []

    def hang(request: object, **_: object) -> None:
        tries.append(request)
        raise ReadTimeoutError(endpoint_url="https://nowhere")

    events.register_first("before-send.sagemaker.DescribeEndpoint", hang, unique_id="hang")
    both = load("sqs-own")
    body = json.loads(both["Records"][0]["body"])
    body["scalable_target_ids"] = ["churn", "churn-twin"]
    both["Records"][0]["body"] = json.dumps(body)
    module.handler(both if name == "wake" else load("scheduler-tick"), Context())
    assert (len(tries), desired()) == (TRIES, 2)
    assert [row.kind for row in ledger.rows("churn-twin")] == ["config", "decision"]
    events.unregister("before-send.sagemaker.DescribeEndpoint", unique_id="hang")
    module.function.wake(load("eventbridge-alarm"), lambda: 60_000.0)
    assert desired() == 5


@pytest.mark.parametrize("traces", ["0", "1"])
def test_traces_are_taken_where_they_are_wanted(traces: str) -> None:
    """Their library costs a quarter of a second: it is loaded for them alone."""
    program = (
        "import json, sys\n"
        "from types import SimpleNamespace\n"
        "import wake\n"
        "context = SimpleNamespace(function_name='wake', memory_limit_in_mb=256,\n"
        "    invoked_function_arn='', aws_request_id='1',\n"
        "    get_remaining_time_in_millis=lambda: 60_000)\n"
        "answer = wake.handler(json.load(sys.stdin), context)\n"
        "print(json.dumps([answer, 'aws_xray_sdk' in sys.modules]))\n"
    )
    given = ENVIRONMENT | {
        "FLYBALL_TRACE": traces,
        "POWERTOOLS_TRACE_DISABLED": "true",
        "PYTHONPATH": str(FUNCTIONS),
    }
    ran = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps({"Records": []}),
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(ran.stdout.splitlines()[-1]) == [{"wakes": 0}, traces == "1"]
