"""Does a function that dies, or is out of time, in the middle of a change leave anything behind?

The platform starts another instance, and Pub/Sub delivers the message again: one change, one row of
what became of it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from flyball.core.model import Action
from flyball.core.record import OUTCOME
from tests.aws.deployment import wait_for
from tests.aws.rig import Server
from tests.gcp.deployment import ALERTS, Deployment, incident, path_of, target
from tests.gcp.discovery import Json, Method
from tests.gcp.post import PATIENCE_S
from tests.gcp.serving import RefusalError
from tests.rig import check_ledger

pytestmark = [pytest.mark.e2e, pytest.mark.enable_socket]

OK, DIED, LATE = 200, 503, 504
SHORT = {"FLYBALL_TIMEOUT_S": "5", "FLYBALL_LEASE_S": "12"}
"""So that the lease of one who died is soon over; without this it is 150 seconds."""

Hook = Callable[[], bool]
"""Called as a change arrives at Vertex AI; says whether it is done."""


@pytest.fixture
def on_change(stack: Deployment, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Hook]]:
    """Let something happen as the next change arrives."""
    hooks: list[Hook] = []
    answer = stack.vertex.answer

    def meddle(method: Method, query: Any, body: Json) -> Json:
        if method.name.endswith("mutateDeployedModel") and hooks and not hooks.pop(0)():
            raise RefusalError("UNAVAILABLE", "it was not done")
        return answer(method, query, body)

    monkeypatch.setattr(stack.vertex, "answer", meddle)
    yield hooks
    stack.post.patience_s = PATIENCE_S


def open_incident(stack: Deployment, name: str) -> str:
    """Let a target of some load have an incident; the message's id."""
    stack.create(name)
    stack.load(name, 0.95)
    stack.register(target(name, tick="5s"))  # so long is a change given to show itself
    return stack.pubsub.publish(ALERTS, incident(name, f"0.{name}", datetime.now(UTC)))


def send(server: Server, number: signal.Signals) -> None:
    """Send a signal to a function: to the framework, and to the program that it runs it in."""
    parent = server.program.pid
    asked = ["pgrep", "-P", str(parent)]
    told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    for pid in (parent, *map(int, told.split())):
        os.kill(pid, number)


def end_change(stack: Deployment) -> None:
    """Let what was asked for come into service."""
    stack.vertex.move(stack.vertex.takes.total_seconds())


def expect_one_change(stack: Deployment, name: str, landed: int) -> None:
    """Expect one change at Vertex AI, one outcome that says so, and a whole ledger."""
    assert len(stack.vertex.operations[path_of(name)]) == 1
    actions = [each.decision.action for each in stack.decisions(name)]
    assert actions.count(Action.SET) == 2 - landed
    kinds = [json.loads(row.body)["outcome"]["kind"] for row in stack.rows(name, OUTCOME)]
    assert kinds == (["landed"] if landed else ["not_landed", "applied"])
    check_ledger(stack.ledger, name)


@pytest.mark.parametrize("landed", [True, False], ids=["after it landed", "before it landed"])
def test_a_function_that_is_killed_as_it_asks_for_a_change_asks_once(
    stack: Deployment, on_change: list[Hook], *, landed: bool
) -> None:
    """SIGKILL: 503, and the same message finds what became of it, however long the lease lasts."""
    name = f"killed-{landed}".lower()
    with stack.instance(**SHORT) as dying, stack.instance(**SHORT) as other:
        stack.post.to = dying.url

        def kill() -> bool:
            send(dying, signal.SIGKILL)
            dying.program.wait()
            stack.post.to = other.url
            return landed

        on_change.append(kill)
        message_id = open_incident(stack, name)
        assert wait_for(lambda: DIED in stack.post.answers(message_id))
        end_change(stack)
        assert wait_for(lambda: OK in stack.post.answers(message_id), 60)
    assert dying.program.returncode == -signal.SIGKILL
    expect_one_change(stack, name, landed)


def test_a_function_that_is_killed_before_it_has_decided_is_as_if_it_had_not_been(
    stack: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It dies as it reads the endpoint: nothing is written yet, and the next one does it all."""
    name, answer = "killed-early", stack.vertex.answer
    with stack.instance(**SHORT) as dying, stack.instance(**SHORT) as other:
        stack.post.to = dying.url

        def kill(method: Method, query: Any, body: Json) -> Json:
            if dying.program.returncode is None:
                send(dying, signal.SIGKILL)
                dying.program.wait()
                stack.post.to = other.url
            return answer(method, query, body)

        monkeypatch.setattr(stack.vertex, "answer", kill)
        message_id = open_incident(stack, name)
        assert wait_for(lambda: OK in stack.post.answers(message_id), 60)
    assert stack.post.answers(message_id)[0] == DIED
    (record,) = stack.decisions(name)
    assert (record.decision.action, len(stack.sent(name))) == (Action.SET, 1)
    check_ledger(stack.ledger, name)


def test_a_function_that_is_out_of_time_and_wakes_up_later_changes_nothing_more(
    stack: Deployment, on_change: list[Hook]
) -> None:
    """The platform answers 504 and takes its processor away, in the middle of a change.

    The message comes again to another instance, which finds the change landed. When the first one
    goes on, its lease is another's: it writes no row, and asks for nothing.
    """
    name = "frozen"
    with stack.instance(**SHORT) as frozen, stack.instance(**SHORT) as other:
        stack.post.to, stack.post.patience_s = frozen.url, 4

        def freeze() -> bool:
            send(frozen, signal.SIGSTOP)
            stack.post.to = other.url
            return True

        on_change.append(freeze)
        message_id = open_incident(stack, name)
        try:
            assert wait_for(lambda: LATE in stack.post.answers(message_id))
            stack.post.patience_s = PATIENCE_S
            end_change(stack)
            assert wait_for(lambda: OK in stack.post.answers(message_id), 60)
            rows = list(stack.ledger.rows(name))
        finally:
            send(frozen, signal.SIGCONT)
        assert wait_for(lambda: stack.lines(frozen))
        assert list(stack.ledger.rows(name)) == rows
    expect_one_change(stack, name, landed=True)
