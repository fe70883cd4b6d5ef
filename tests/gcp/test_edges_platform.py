"""Does what is left of AI Platform Prediction come out right through the real entry points?

Case 12 of Google's twelve. The service is no more: this is its contract, and what its absence is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from flyball.core.model import Action, MissingCause, Reason
from flyball.core.record import DECISION
from flyball.ports import OutcomeKind
from tests.gcp.entry import (
    OF_PLATFORM,
    ON_PLATFORM,
    PLATFORM_DUTY,
    VERSION_PATH,
    Entry,
    target,
)
from tests.gcp.platform import Nodes
from tests.rig import MINUTE

pytestmark = pytest.mark.enable_socket

BOTH = "autoScaling.maxNodes,autoScaling.minNodes"
ETAG = "dGFnLTE="
RETIRED = "unavailable: Google shut AI Platform Prediction down on 2025-01-31"
HEARTBEAT = timedelta(minutes=5)

Enter = Callable[..., Entry]


def work(entry: Entry, duty: float, **fields: Any) -> None:
    """Bring a version into force that has some load."""
    entry.register(target(ON_PLATFORM, max_capacity=5, **fields))
    load(entry, duty)


def load(entry: Entry, duty: float) -> None:
    """Let Cloud Monitoring have a duty cycle of the version."""
    entry.load(duty, metric=PLATFORM_DUTY, labels=OF_PLATFORM)


def masks(entry: Entry) -> list[Mapping[str, str]]:
    """List the queries of the changes that were asked for."""
    return [call.query for call in entry.sent()]


def test_google_12_a_gpu_version_moves_in_one_patch_with_its_etag(enter: Enter) -> None:
    """{1,4} → {2,5}: the mask that gcloud sends, and the etag of what was decided on."""
    entry = enter()
    work(entry, 0.95)
    assert entry.open() == 200
    call = entry.only()
    assert (call.name, call.version, call.path) == ("patch", "v1", VERSION_PATH)
    assert call.query == {"updateMask": BOTH}
    assert call.body == {"etag": ETAG, "autoScaling": {"minNodes": 2, "maxNodes": 5}}
    assert [each.kind for each in entry.outcomes()] == [OutcomeKind.APPLIED]


def test_google_12_a_400_is_sent_again_with_the_least_nodes_alone_and_reported(
    enter: Enter,
) -> None:
    """In the outcome and in the log; each instance is refused the most nodes once, and no more."""
    entry = enter()
    entry.platform.takes_max = False
    work(entry, 0.95)
    assert entry.open() == 200
    assert masks(entry) == [{"updateMask": BOTH}, {"updateMask": "autoScaling.minNodes"}]
    assert entry.sent()[1].body == {"etag": ETAG, "autoScaling": {"minNodes": 2}}
    (outcome,) = entry.outcomes()
    assert outcome.kind is OutcomeKind.APPLIED
    assert "maxNodes 5 was not applied (INVALID_ARGUMENT" in outcome.detail
    assert "maxNodes 5 was not applied" in "".join(entry.said)
    for _ in range(12):
        entry.pass_time(MINUTE)
        load(entry, 0.6)
        entry.tick()
    assert (entry.nodes.floor, entry.nodes.ceiling) == (2, 4)
    assert len(entry.sent()) == 3


def test_google_12_a_version_scaled_by_hand_has_its_nodes_alone_in_the_mask(enter: Enter) -> None:
    """manualScaling.nodes, and never autoScaling beside it."""
    entry = enter()
    entry.platform.versions[VERSION_PATH] = Nodes(1, None)
    work(entry, 0.95)
    assert entry.open() == 200
    call = entry.only()
    assert call.query == {"updateMask": "manualScaling.nodes"}
    assert call.body == {"etag": ETAG, "manualScaling": {"nodes": 2}}
    entry.pass_time(HEARTBEAT)
    load(entry, 0.6)
    assert entry.tick()["handled"] == 1
    assert (entry.last().action, len(entry.sent())) == (Action.HOLD, 1)


@pytest.mark.parametrize("status", ["PERMISSION_DENIED", "NOT_FOUND", "host gone"])
def test_google_12_a_service_that_is_gone_is_unavailable_and_not_asked_in_a_loop(
    enter: Enter, status: str
) -> None:
    """One call, one row that names the retirement, 200; then not until the heartbeat."""
    entry = enter()
    if status == "host gone":
        entry.gone["ml"] = "http://127.0.0.1:1"
    else:
        entry.fail("get", status, times=10_000)
    work(entry, 0.95)
    at = entry.clock.at
    assert entry.open(message_id="m1", at=at) == 200
    assert entry.last().reason is Reason.CAPACITY_UNKNOWN
    assert entry.unseen().cause is MissingCause.UNAVAILABLE
    assert RETIRED in entry.unseen().detail
    assert "deploy the model on Vertex AI" in entry.unseen().detail
    for _ in range(4):
        entry.pass_time(MINUTE)
        assert entry.tick() == {"due": 0, "handled": 0, "queued": 0}
        assert entry.open(message_id="m1", at=at) == 200
    assert len(entry.rows(DECISION)) == 1
    assert len(entry.server.made("get")) == (status != "host gone")
    entry.pass_time(MINUTE)
    assert entry.tick()["handled"] == 1
    assert len(entry.rows(DECISION)) == 2
    assert entry.sent() == []


@pytest.mark.parametrize("status", ["PERMISSION_DENIED", "NOT_FOUND"])
def test_google_12_a_service_that_goes_right_before_a_change_is_unavailable(
    enter: Enter, status: str
) -> None:
    """The change is denied in the same words, and not tried again until the heartbeat."""
    entry = enter()
    entry.fail("patch", status)
    work(entry, 0.95)
    assert entry.open() == 200
    (outcome,) = entry.outcomes()
    assert outcome.kind is OutcomeKind.DENIED
    assert RETIRED in outcome.detail
    for _ in range(4):
        entry.pass_time(MINUTE)
        load(entry, 0.95)
        entry.tick()
    assert len(entry.sent()) == 1
