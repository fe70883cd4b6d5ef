"""Is a change of a range followed to its end on Vertex AI, whatever becomes of it on the way?

The real session, adapter and controller, against a server that keeps to Google's contract.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from flyball.core.model import Capacity, Operation
from flyball.core.remember import Notice
from flyball.ports import OutcomeKind
from flyball.report.range import tell_range
from flyball.wake import WakeKind
from tests.gcp.serving import Server
from tests.gcp.stage import MODEL, PATH, POOL, Stage, serve
from tests.gcp.vertex import T0, Replicas
from tests.rig import MINUTE, SECOND, outcome_of

pytestmark = pytest.mark.enable_socket

CEILING = "dedicatedResources.maxReplicaCount"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Serve for all tests of this module."""
    with serve() as found:
        yield found


@pytest.fixture
def of(server: Server) -> Iterator[Callable[..., Stage]]:
    """Set up a stage; nothing may break Google's contract."""
    yield lambda *resource, **fields: Stage(server, *resource, **fields)
    assert server.broken == []


def lose(stage: Stage) -> None:
    """Lose the answer of a change that Vertex AI takes."""
    stage.fail("mutateDeployedModel", "lost", times=1)
    stage.metrics.load = 200.0
    assert stage.wake().kind is WakeKind.UNRESOLVED
    stage.metrics.load = 100.0


def test_a_lost_answer_is_found_among_the_operations_and_followed(of: Callable[..., Stage]) -> None:
    """The event is answered as soon as one runs; the range shows minutes later."""
    stage = of()
    lose(stage)
    stage.pass_time(SECOND)
    wake = stage.wake()
    told = "an intent is pending, and it was sent 1 s ago, and operation 1000 has it"
    assert (wake.kind, wake.detail) == (WakeKind.TAKEN, told)
    assert stage.history().operation == "operation 1000"
    for _ in range(3):
        stage.pass_time(MINUTE)
        assert stage.wake().kind is WakeKind.TAKEN
    stage.check(pending=True)
    stage.pass_time(2 * MINUTE)
    stage.wake()
    outcome = outcome_of(stage.rows("outcome")[0])
    assert (outcome.kind, outcome.detail) == (OutcomeKind.LANDED, "it was operation 1000")
    assert (stage.model.floor, len(stage.vertex.operations[PATH])) == (2, 1)
    stage.check()


@pytest.mark.parametrize("is_seen", [True, False], ids=["seen_running", "not_seen"])
def test_6_a_lost_answer_whose_operation_fails_is_failed(
    of: Callable[..., Stage], *, is_seen: bool
) -> None:
    """`done` with error code 8: no cooldown starts, and what was last applied stays."""
    stage = of()
    stage.vertex.errors = [{"code": 8, "message": "The operation failed."}]
    lose(stage)
    if is_seen:
        stage.pass_time(MINUTE)
        assert stage.wake().kind is WakeKind.TAKEN
    stage.pass_time(6 * MINUTE)
    stage.wake()
    outcome = outcome_of(stage.rows("outcome")[0])
    assert outcome.kind is OutcomeKind.FAILED
    assert outcome.detail == "operation 1000 failed: RESOURCE_EXHAUSTED: The operation failed."
    history = stage.history()
    assert (history.desired, history.changes, history.operation) == (1, (), "")
    assert len(stage.vertex.operations[PATH]) == 1
    stage.check()


def test_a_change_that_never_came_is_made_again(of: Callable[..., Stage]) -> None:
    """No operation is there, so nobody has it."""
    stage = of()
    stage.fail("mutateDeployedModel", "UNAVAILABLE", times=99)
    stage.metrics.load = 200.0
    assert stage.wake().kind is WakeKind.UNRESOLVED
    stage.server.faults.clear()
    stage.pass_time(MINUTE)
    stage.wake()
    assert stage.outcomes()[-1] is OutcomeKind.APPLIED
    assert len(stage.vertex.operations[PATH]) == 1


def test_whose_operation_runs_is_not_said_where_models_share_an_endpoint(
    of: Callable[..., Stage],
) -> None:
    """An operation names no model: then only the range tells, and another's failure is not ours."""
    stage = of()
    stage.vertex.endpoints[PATH].append(Replicas(1, 1, id="8"))
    lose(stage)
    stage.pass_time(MINUTE)
    assert stage.look().operation is None
    wake = stage.wake()
    assert wake.kind is WakeKind.UNRESOLVED
    assert wake.detail.endswith("a change is under way that may be it")
    stage.pass_time(5 * MINUTE)
    stage.wake()
    assert stage.outcomes() == [OutcomeKind.LANDED]


def test_a_look_names_the_operation_that_runs_and_the_newest_that_failed(
    of: Callable[..., Stage],
) -> None:
    """Of a pool too."""
    stage = of(POOL)
    stage.vertex.errors = [{"code": 8, "message": "no"}]
    stage.put(2, 4)
    assert stage.look().operation == Operation("operation 1000", T0)
    stage.pass_time(6 * MINUTE)
    failed = "operation 1000 failed: RESOURCE_EXHAUSTED: no"
    assert stage.look().operation == Operation("operation 1000", T0, failed)
    stage.pass_time(61 * MINUTE)
    assert stage.look().operation is None


def test_the_row_has_what_was_set_and_what_google_then_chose(of: Callable[..., Stage]) -> None:
    """Explained as both; and decided again from the row, it is the same."""
    stage = of()
    stage.model.ready, stage.model.chosen = 2, 4
    stage.wake()
    (record,) = stage.records()
    capacity = record.observation.capacity
    assert isinstance(capacity, Capacity)
    assert (capacity.desired, capacity.ceiling, capacity.ready, capacity.picked) == (1, 4, 2, 4)
    told = "Range 1–4 set, 2 in service by the service's own choice; it has chosen 4"
    assert tell_range(capacity, stage.target) == told
    assert '"picked":4' in stage.rows("decision")[0].body
    stage.check()


@pytest.mark.parametrize("resource", [MODEL, POOL], ids=["model", "pool"])
def test_what_google_chose_is_asked_only_where_it_chose_more_than_the_floor(
    of: Callable[..., Stage], resource: dict[str, str]
) -> None:
    """A look that needs no more costs no more; and a metric that says nothing blinds none."""
    stage = of(resource)
    here = stage.pool if resource is POOL else stage.model
    here.chosen = 3
    stage.look()
    asked = len(stage.server.calls)
    here.ready = 2
    stage.server.calls.clear()
    assert stage.look().picked == 3
    assert len(stage.server.calls) == asked + 1
    here.chosen = None
    assert stage.look().picked is None


def test_a_ceiling_that_a_human_lowers_is_theirs_until_the_hold_ends(
    of: Callable[..., Stage],
) -> None:
    """It is a row of its own, and set back afterwards in one POST."""
    stage = of()
    stage.wake()
    stage.model.ceiling = 2
    for _ in range(15):
        stage.pass_time(MINUTE)
        stage.wake()
    assert stage.sent() == []
    (row,) = stage.rows("foreign")
    assert '"after":2,"at":' in row.body
    assert '"before":4,"notice":"ceiling_foreign"' in row.body
    stage.pass_time(MINUTE)
    stage.wake()
    assert stage.masks() == [CEILING]
    stage.pass_time(6 * MINUTE)
    stage.wake()
    assert (stage.model.ceiling, len(stage.rows("foreign"))) == (4, 1)
    stage.check()


def fail_at_once(stage: Stage) -> None:
    """Let every operation be done with an error as it is answered."""
    stage.vertex.at_once = True
    stage.vertex.errors = [{"code": 8, "message": "no"}] * 99


MEANS: dict[str, Callable[[Stage], None]] = {
    "refused": lambda stage: stage.fail(
        "mutateDeployedModel", "RESOURCE_EXHAUSTED", "Quota exceeded.", times=99
    ),
    "failed_at_once": fail_at_once,
    "failed_later": lambda stage: stage.vertex.errors.extend([{"code": 8, "message": "no"}] * 99),
}


@pytest.mark.parametrize("means", MEANS)
def test_a_ceiling_that_comes_to_nothing_is_sent_twice_as_late_each_time(
    of: Callable[..., Stage], means: str
) -> None:
    """It was sent again every minute."""
    stage = of(high=6)
    MEANS[means](stage)
    sent_at = []
    for minute in range(30):
        if stage.wake().outcome is not None:
            sent_at.append(minute)
        stage.pass_time(MINUTE)
    expected = [0, 6, 13, 22] if means == "failed_later" else [0, 1, 3, 7, 12, 17, 22, 27]
    assert sent_at == expected
    told = [each.notice for record in stage.records() for each in record.noticed]
    assert set(told) == ({Notice.CEILING_ROLLED_BACK} if means == "failed_later" else set())
    stage.check()
