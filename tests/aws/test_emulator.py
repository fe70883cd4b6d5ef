"""Does each built handler do the same under Lambda's own runtime, on every event of AWS?

`make e2e-aws` runs this with the end-to-end tests. Queues and tables are MiniStack's.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.aws.deployment import RUNTIME, build
from tests.aws.emulator import Emulator, emulated, runtime_client
from tests.aws.rig import Server, client_of, create_tables

pytestmark = [pytest.mark.e2e, pytest.mark.enable_socket]

EVENTS = sorted((Path(__file__).resolve().parents[1] / "events" / "aws").glob("*.json"))
TICKS = [event for event in EVENTS if event.name.startswith("scheduler-")]
WAKES = [event for event in EVENTS if event not in TICKS]


class Room(NamedTuple):
    """What a function finds around it.

    Attributes:
        built: The folder of `sam build`.
        environment: The function's.
        client: SQS's.
        dead: Address of the dead-letter queue.
    """

    built: Path
    environment: Mapping[str, str]
    client: Any
    dead: str


@pytest.fixture(scope="module")
def room(ministack: Server, tmp_path_factory: pytest.TempPathFactory) -> Room:
    """Build the functions, and make their queues and tables."""
    folder = tmp_path_factory.mktemp("built")
    build(folder / "build", folder)
    sqs = client_of(ministack, "sqs")
    queues = {
        name: sqs.create_queue(QueueName=f"{name}-{folder.name}")["QueueUrl"]
        for name in ("wakes", "dead")
    }
    tables = f"targets-{folder.name}", f"ledger-{folder.name}"
    create_tables(client_of(ministack, "dynamodb"), *tables)
    environment = {
        "AWS_ENDPOINT_URL": ministack.url,
        "FLYBALL_TARGETS_TABLE": tables[0],
        "FLYBALL_LEDGER_TABLE": tables[1],
        "FLYBALL_WAKES_QUEUE_URL": queues["wakes"],
        "FLYBALL_DEAD_QUEUE_URL": queues["dead"],
        "POWERTOOLS_SERVICE_NAME": "flyball",
    }
    return Room(folder / "build", environment, sqs, queues["dead"])


@pytest.fixture(scope="module")
def wake(room: Room, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """Run the function that alarms and the queue call."""
    folder = tmp_path_factory.mktemp("wake")
    with emulated(room.built, "wake.handler", folder, room.environment) as found:
        yield found


@pytest.fixture(scope="module")
def tick(room: Room, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """Run the function that the schedule calls."""
    folder = tmp_path_factory.mktemp("tick")
    with emulated(room.built, "tick.handler", folder, room.environment) as found:
        yield found


@pytest.mark.parametrize("event", WAKES, ids=lambda event: event.stem)
def test_wake_answers_every_event(wake: Emulator, event: Path) -> None:
    """Nobody is registered, so nothing is decided; and nothing fails for that."""
    answer = wake.invoke(json.loads(event.read_text(encoding="utf-8"))).body
    assert isinstance(answer, dict), wake.log.read_text()[-3000:]
    assert "errorType" not in answer, answer
    assert answer.get("batchItemFailures", []) == []


@pytest.mark.parametrize("event", TICKS, ids=lambda event: event.stem)
def test_tick_answers_every_event(tick: Emulator, event: Path) -> None:
    """Nothing is due."""
    answer = tick.invoke(json.loads(event.read_text(encoding="utf-8"))).body
    assert isinstance(answer, dict), tick.log.read_text()[-3000:]
    assert "errorType" not in answer, answer


def test_what_could_not_be_read_is_in_the_dead_letter_queue(wake: Emulator, room: Room) -> None:
    """With its reason."""
    poison = json.loads((EVENTS[0].parent / "sqs-all-poison.json").read_text(encoding="utf-8"))
    wake.invoke(poison)
    found = room.client.receive_message(
        QueueUrl=room.dead, MessageAttributeNames=["All"], MaxNumberOfMessages=10
    )
    assert found["Messages"]
    assert all("reason" in each["MessageAttributes"] for each in found["Messages"])


def test_a_ledger_that_cannot_be_reached_gives_the_messages_back(
    room: Room, tmp_path: Path
) -> None:
    """The queue sends them again."""
    own = json.loads((EVENTS[0].parent / "sqs-own.json").read_text(encoding="utf-8"))
    elsewhere = {**room.environment, "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:9"}
    with emulated(room.built, "wake.handler", tmp_path, elsewhere) as function:
        answer = function.invoke(own).body
    assert len(answer["batchItemFailures"]) == len(own["Records"])


STUCK = """
import os, time, wake

def handler(event, context):
    time.sleep(event.pop("sleep_s", 0))
    if event.pop("dies", False):
        os._exit(1)
    return wake.handler(event, context)
"""


def test_a_function_that_hangs_or_dies_is_ended_and_comes_back(room: Room, tmp_path: Path) -> None:
    """By Lambda's own runtime; the next event starts it afresh, and the message comes again."""
    own = json.loads((EVENTS[0].parent / "sqs-own.json").read_text(encoding="utf-8"))
    (tmp_path / "stuck.py").write_text(STUCK)
    paths = (tmp_path, room.built / "Wake", room.built / "Code" / "python")
    given = {
        **room.environment,
        "PYTHONPATH": os.pathsep.join([*map(str, paths), *runtime_client()]),
    }
    with emulated(tmp_path, "stuck.handler", tmp_path / "run", given, timeout_s=5) as function:
        assert function.invoke(own).body == {"batchItemFailures": []}
        late = function.invoke({**own, "sleep_s": 60})
        assert late.took_s < 30
        assert "timed out" in str(late.body)
        assert function.invoke(own).body == {"batchItemFailures": []}
        assert "errorType" in str(function.invoke({**own, "dies": True}).body)
        assert function.invoke(own).body == {"batchItemFailures": []}


def test_what_is_deployed_was_compiled_for_the_runtime(room: Room) -> None:
    """Else every cold start compiles it again."""
    tag = f"cpython-{RUNTIME.removeprefix('python').replace('.', '')}"
    package = room.built / "Code" / "python" / "flyball"
    for module in package.rglob("*.py"):
        compiled = module.parent / "__pycache__" / f"{module.stem}.{tag}.pyc"
        assert compiled.is_file(), compiled


def test_the_layer_has_what_runs_and_nothing_that_an_author_needs(room: Room) -> None:
    """No command line, no simulator, no validator; and it is small."""
    python = room.built / "Code" / "python"
    names = {each.name for each in (python / "flyball").iterdir()}
    assert not {"cli", "config", "report", "sim"} & names
    assert not {"pydantic", "rich", "typer", "ruamel"} & {each.name for each in python.iterdir()}
    told = subprocess.run(
        ["du", "-sk", str(python)], capture_output=True, text=True, check=True
    ).stdout
    assert int(told.split()[0]) < 40_000
