"""Is a model that was deployed again scaled on as it was, through the real entry points?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest

from flyball.core.codec import canonical
from flyball.core.model import Action, Capacity, Deployed, Direction, Pause, Reason
from flyball.core.past import Notice
from flyball.core.record import DECISION, FOREIGN, OUTCOME, replay
from flyball.core.remember import note_pause
from flyball.ports import ItemUpdate, OutcomeKind
from tests.gcp.discovery import Json, Method
from tests.gcp.entry import NAME, OF_VERTEX, ON_VERTEX, PATH, PROJECT, Entry, target
from tests.gcp.measured import DUTY
from tests.gcp.monitoring import Line
from tests.gcp.serving import Call
from tests.gcp.vertex import Replicas, VertexCloud
from tests.rig import MINUTE

pytestmark = pytest.mark.enable_socket

NO_ID = {key: value for key, value in ON_VERTEX.items() if key != "deployed_model"}
BY_MODEL = NO_ID | {"model": "llm"}
RATIO = "10^2.%"

Enter = Callable[..., Entry]


def show(entry: Entry, model: str, duty: float | None) -> None:
    """Let each replica of one deployed model have had a duty cycle for eight minutes."""
    entry.monitoring.lines.clear()
    if duty is None:
        return
    points = {entry.clock.at - MINUTE * ago: duty for ago in range(8)}
    for replica in "abcdefghi":
        labels = OF_VERTEX | {
            "metric.labels.deployed_model_id": model,
            "metric.labels.replica_id": replica,
        }
        entry.monitoring.lines.append(Line(PROJECT, DUTY, labels, points, unit=RATIO))


def begin(entry: Entry, resource: Mapping[str, str] = BY_MODEL) -> None:
    """Have version 1 of a model scaled from 1 to 4, in service, whose floor stays there."""
    entry.model.title, entry.model.of = "llm", "m1@1"
    entry.model.ceiling = 6
    entry.register(target(resource))
    show(entry, "7", 2.0)  # 200 % of 60 %, on one replica
    entry.tick()
    entry.pass_time(MINUTE * 6)
    entry.model.settle()
    show(entry, "7", 0.55)
    entry.tick()
    assert (entry.model.floor, entry.last().action) == (4, Action.HOLD)


def deploy(entry: Entry, floor: int = 1, ceiling: int = 6, *, own: str = "9") -> Replicas:
    """Deploy version 2 in place of all that is there, with counts of its own."""
    found = Replicas(floor, ceiling, id=own, title="llm", of="m1@2")
    entry.vertex.endpoints[PATH] = [found]
    return found


class Swapping:
    """Vertex AI, where another model is deployed once a range was looked at."""

    documents: tuple[str, ...] = VertexCloud.documents

    def __init__(self, entry: Entry) -> None:
        self._entry = entry

    def answer(self, method: Method, query: Mapping[str, str], body: Json) -> Json:
        """Answer, and after the operations were listed deploy."""
        answer = self._entry.vertex.answer(method, query, body)
        if method.name.endswith("operations.list"):
            deploy(self._entry)
        return answer


def changes(entry: Entry) -> list[tuple[str, int, int]]:
    """List whose range was set to what."""
    return [_read(each) for each in entry.sent()]


def _read(call: Call) -> tuple[str, int, int]:
    model = (call.body or {})["deployedModel"]
    counts = model["dedicatedResources"]
    return model["id"], counts["minReplicaCount"], counts["maxReplicaCount"]


@pytest.mark.parametrize("resource", [BY_MODEL, NO_ID], ids=["by_model", "unnamed"])
def test_a_redeploy_with_another_floor_gets_the_floor_that_was_decided(
    enter: Enter, resource: Mapping[str, str]
) -> None:
    """In one change with intent and outcome; it is nobody's change, and the row says what it is."""
    entry = enter()
    begin(entry, resource)
    deploy(entry)
    entry.pass_time(MINUTE * 5)
    show(entry, "9", None)  # its metrics show minutes later
    entry.tick()
    assert changes(entry) == [("7", 4, 6), ("9", 4, 6)]
    record = entry.records()[-1]
    (noticed,) = record.noticed
    assert (noticed.notice, noticed.before, noticed.after) == (Notice.REDEPLOYED, 4, 1)
    assert noticed.replaced == Deployed("7", "llm, model m1@1")
    assert noticed.deployed == Deployed("9", "llm, model m1@2")
    assert (record.decision.action, record.decision.reason) == (Action.SET, Reason.CARRIED_OVER)
    assert entry.seen().deployed == Deployed("9", "llm, model m1@2")
    assert [row.kind for row in entry.rows(DECISION, OUTCOME)[-2:]] == [DECISION, OUTCOME]
    assert entry.outcomes()[-1].kind is OutcomeKind.APPLIED
    entry.pass_time(MINUTE * 6)
    show(entry, "9", 0.55)
    entry.tick()
    assert (entry.last().action, entry.history().carried) == (Action.HOLD, None)
    assert len(entry.sent()) == 2
    assert entry.rows(FOREIGN) == []
    entry.check()


def test_a_redeploy_is_known_to_an_instance_that_never_saw_the_old_one(enter: Enter) -> None:
    """What was scaled stands in the target's item, and the rows replay the same."""
    entry = enter()
    begin(entry)
    entry.restart()
    deploy(entry)
    entry.pass_time(MINUTE * 5)
    entry.tick()
    assert changes(entry)[-1] == ("9", 4, 6)
    told = list(replay(entry.store.ledger.rows(NAME)))
    assert len(told) == 3
    assert all(each.same for each in told), told


def test_a_redeploy_with_a_higher_floor_comes_down_only_where_its_load_allows(enter: Enter) -> None:
    """Blind it stays; measured, it has what was decided before."""
    entry = enter()
    begin(entry)
    deploy(entry, 6)
    entry.pass_time(MINUTE * 5)
    show(entry, "9", None)
    entry.tick()
    assert entry.last().action is Action.HOLD
    assert [each.reason for each in entry.last().limits] == [Reason.MISSING_DATA]
    entry.pass_time(MINUTE)
    show(entry, "9", 0.2)
    entry.tick()
    assert changes(entry)[-1] == ("9", 4, 6)
    assert entry.rows(FOREIGN) == []
    entry.check()


def test_a_redeploy_with_another_ceiling_has_ours_at_once(enter: Enter) -> None:
    """It was moved by nobody, so no hold keeps it."""
    entry = enter()
    begin(entry)
    deploy(entry, 4, 5)
    entry.pass_time(MINUTE * 5)
    show(entry, "9", 0.55)
    entry.tick()
    assert changes(entry)[-1] == ("9", 4, 6)
    mask = (entry.sent()[-1].body or {})["updateMask"]
    assert (mask, entry.rows(FOREIGN)) == ("dedicatedResources.maxReplicaCount", [])


@pytest.mark.parametrize("shows", ["start", "end"])
def test_a_redeploy_in_mid_change_gets_what_was_asked_of_the_old_one(
    enter: Enter, shows: str
) -> None:
    """The operation runs on for minutes; it is waited for, as the endpoint takes one at a time."""
    entry = enter()
    entry.vertex.shows = shows
    entry.model.title, entry.model.of, entry.model.ceiling = "llm", "m1@1", 6
    entry.register(target(BY_MODEL))
    show(entry, "7", 2.0)
    entry.tick()
    assert changes(entry) == [("7", 4, 6)]
    deploy(entry)
    entry.pass_time(MINUTE)
    show(entry, "9", None)
    entry.tick()
    assert [each.notice for each in entry.records()[-1].noticed] == [Notice.REDEPLOYED]
    assert entry.last().action is Action.DEFER
    entry.pass_time(MINUTE * 5)
    entry.tick()
    assert changes(entry) == [("7", 4, 6), ("9", 4, 6)]
    assert entry.rows(FOREIGN) == []
    entry.check()


def test_a_redeploy_after_an_answer_was_lost_closes_the_intent_and_carries_it_over(
    enter: Enter,
) -> None:
    """Whether the old one ever got it nobody needs to know."""
    entry = enter()
    entry.model.title, entry.model.of, entry.model.ceiling = "llm", "m1@1", 6
    entry.register(target(BY_MODEL))
    show(entry, "7", 2.0)
    entry.fail("mutateDeployedModel", "lost")
    entry.tick()
    assert entry.store.ledger.status(NAME).pending is not None
    deploy(entry)
    entry.pass_time(MINUTE * 6)
    show(entry, "9", None)
    entry.tick()
    assert [each.kind for each in entry.outcomes()] == [OutcomeKind.OVERTAKEN, OutcomeKind.APPLIED]
    assert changes(entry)[-1] == ("9", 4, 6)
    entry.check()


def test_one_that_is_deployed_between_look_and_change_gets_no_change_of_the_others(
    enter: Enter,
) -> None:
    """Same counts, another model: it is looked at first."""
    entry = enter()
    entry.model.title, entry.model.of, entry.model.ceiling = "llm", "m1@1", 6
    entry.register(target(BY_MODEL))
    show(entry, "7", 2.0)
    entry.server.clouds = (Swapping(entry), *entry.server.clouds[1:])
    entry.tick()
    assert entry.sent() == []
    (outcome,) = entry.outcomes()
    assert outcome.kind is OutcomeKind.ABORTED
    assert outcome.detail == (
        "not sent: decided on a range of 1–6 of deployed model 7, and by now it is 1–6 of "
        "deployed model 9"
    )
    entry.check()


def test_two_models_in_a_roll_over_are_scaled_one_after_the_other_by_their_traffic(
    enter: Enter,
) -> None:
    """Until the new one is called most it is left alone; then it has the floor, and is told so."""
    entry = enter()
    begin(entry)
    fresh = Replicas(1, 3, id="9", title="llm", of="m1@2")
    entry.vertex.endpoints[PATH].append(fresh)
    for share in (10, 40):
        entry.vertex.splits[PATH] = {"7": 100 - share, "9": share}
        entry.pass_time(MINUTE * 5)
        show(entry, "7", 0.55)
        entry.tick()
        assert entry.records()[-1].noticed == ()
        told = f"of 2 models, 7 (llm) is scaled, with {100 - share} % of the traffic"
        assert told in entry.seen().detail
    entry.vertex.splits[PATH] = {"7": 50, "9": 50}
    entry.pass_time(MINUTE * 5)
    entry.tick()
    assert "have 50 % of the traffic each" in entry.unseen().detail
    assert len(entry.sent()) == 1
    entry.vertex.splits[PATH] = {"7": 10, "9": 90}
    entry.pass_time(MINUTE)
    show(entry, "9", 0.9)
    entry.tick()
    assert [each.notice for each in entry.records()[-1].noticed] == [Notice.REDEPLOYED]
    assert changes(entry) == [("7", 4, 6), ("9", 4, 6)]
    assert entry.rows(FOREIGN) == []
    entry.check()


def test_a_roll_over_that_is_taken_back_goes_on_where_it_was(enter: Enter) -> None:
    """The old one still has its range: nothing is sent, and it is told."""
    entry = enter()
    begin(entry)
    entry.vertex.endpoints[PATH].append(Replicas(4, 6, id="9", title="llm", of="m1@2"))
    for most in ("9", "7"):
        entry.vertex.splits[PATH] = {most: 100}
        entry.pass_time(MINUTE * 5)
        show(entry, most, 0.55)
        entry.tick()
        assert entry.history().deployed == entry.seen().deployed
        assert [each.notice for each in entry.records()[-1].noticed] == [Notice.REDEPLOYED]
    assert len(entry.sent()) == 1
    entry.check()


def test_a_pause_for_a_deployment_holds_the_new_ones_range_too(enter: Enter) -> None:
    """That is what somebody paused for; afterwards it is carried over."""
    entry = enter()
    begin(entry)
    until = entry.clock.at + timedelta(minutes=20)
    pause = Pause(Direction.OUT, until, "ann", "deployment")
    ledger = entry.store.ledger
    claim = ledger.claim(NAME, "ann", entry.clock.at, entry.clock.at + MINUTE)
    kept = canonical(note_pause(entry.history(), pause))
    ledger.write(claim, (), ItemUpdate(kept, release=True))
    deploy(entry)
    entry.pass_time(MINUTE * 5)
    show(entry, "9", 0.55)
    entry.tick()
    assert [each.reason for each in entry.last().limits] == [Reason.PAUSED]
    assert len(entry.sent()) == 1
    entry.pass_time(MINUTE * 16)
    show(entry, "9", 0.55)
    entry.tick()
    assert changes(entry)[-1] == ("9", 4, 6)
    entry.check()


@pytest.mark.parametrize("what", ["endpoint", "deployed model"])
def test_what_is_no_more_is_looked_at_seldom_and_said(enter: Enter, what: str) -> None:
    """Only a human brings it back; until then a look is made at the heartbeat, and holds."""
    entry = enter()
    begin(entry, ON_VERTEX)
    if what == "endpoint":
        del entry.vertex.endpoints[PATH]
    else:
        deploy(entry)
    entry.pass_time(MINUTE * 5)
    entry.tick()
    assert entry.last().reason is Reason.CAPACITY_UNKNOWN
    assert entry.due_in() == timedelta(minutes=5)
    said = "NOT_FOUND" if what == "endpoint" else "name model instead of deployed_model"
    assert said in entry.unseen().detail
    assert len(entry.sent()) == 1
    entry.vertex.endpoints[PATH] = [entry.model]
    entry.pass_time(MINUTE * 5)
    show(entry, "7", 0.55)
    entry.tick()
    assert isinstance(entry.records()[-1].observation.capacity, Capacity)
    entry.check()
