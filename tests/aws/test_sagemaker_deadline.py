"""Is nothing sent to SageMaker whose answer could come after the lease's end?"""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from flyball.adapters.aws.clients import CONNECT_S, READ_S, Clients
from flyball.adapters.aws.send import LateError
from flyball.core.model import CapacityRange
from flyball.ports import Deadline, Outcome, OutcomeKind
from tests.aws.sagemaker import Server
from tests.aws.stage import Stage
from tests.rig import T0, SetClock

pytestmark = pytest.mark.enable_socket

UPDATE = "UpdateEndpointWeightsAndCapacities"
TRY = timedelta(seconds=CONNECT_S + READ_S)


class Steps(SetClock):
    """A clock that goes on by so much whenever it is asked."""

    def __init__(self, by: timedelta) -> None:
        super().__init__(T0 - by)
        self.by = by

    def now(self) -> datetime:
        """Go on."""
        self.at += self.by
        return self.at


@pytest.fixture
def stage(served: tuple[Server, Clients]) -> Stage:
    """Set up an endpoint of two."""
    return Stage(*served)


def put(stage: Stage, deadline: Deadline) -> Outcome:
    """Set three."""
    return stage.control.apply(stage.target, CapacityRange(3, 3), stage.clock.at, deadline)


def test_a_change_in_time_is_sent(stage: Stage) -> None:
    """As long as its answer would come before."""
    assert put(stage, Deadline(T0 + TRY, SetClock())) == Outcome(OutcomeKind.APPLIED)


def test_a_change_that_could_end_too_late_is_not_sent(stage: Stage) -> None:
    """Another run may have acted by then."""
    outcome = put(stage, Deadline(T0 + TRY / 2, SetClock()))
    assert outcome.kind is OutcomeKind.ABORTED
    assert outcome.detail == "not sent: only 4 s were left for it"
    assert stage.sent() == []


@pytest.mark.parametrize("kind", ["throttle", "error_after"])
def test_a_change_is_not_sent_again_too_late(stage: Stage, kind: str) -> None:
    """What the first try came to is known after a refusal only."""
    stage.cloud.fault(UPDATE, kind)
    deadline = Deadline(T0 + TRY, Steps(timedelta(seconds=5)))
    if kind == "throttle":
        assert put(stage, deadline).kind is OutcomeKind.ABORTED
    else:
        with pytest.raises(LateError):
            put(stage, deadline)
    assert [call["operation"] for call in stage.cloud.calls].count(UPDATE) == 1
