"""Does KEDA as a peer come from zero, go back, and leave the rest to its HPA?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.sim.peers import hpa
from flyball.sim.peers.keda import ScaledObject, Settings
from flyball.sim.peers.tick import Bounds
from tests.unit.sim.peers.story import BOUNDS, MINUTE, follow

TEN = timedelta(seconds=10)
HALF = Settings(0.5)


@dataclass(frozen=True)
class Case:
    """Loads by the slot, and the orders at the end of each."""

    id: str
    loads: Sequence[float | None]
    expect: list[int]
    settings: Settings = HALF
    initial: int = 0
    slot: timedelta = MINUTE
    bounds: Bounds = BOUNDS


CASES = [
    Case("one at once, and then what the HPA says", [5.0, 5.0], [1, 10]),
    Case("from zero to the least", [5.0], [3], Settings(0.5, least=3)),
    Case("not above the most", [5.0, 5.0, 5.0], [1, 2, 2], bounds=Bounds(1, 2)),
    Case("nothing stays nothing", [0.0, 0.0], [0, 0]),
    Case("at the threshold it is not active", [0.2, 0.3], [0, 1], Settings(0.5, activation=0.2)),
    Case("to zero 300 s after the last activity", [0.4] + [0.0] * 6, [1, 1, 1, 1, 1, 0, 0]),
    Case("activity begins it again", [0.4, 0, 0, 0.4, 0, 0, 0, 0, 0], [1] * 8 + [0]),
    Case("idle from the beginning", [0.0] * 7, [1, 1, 1, 1, 1, 0, 0], initial=1),
    Case("another cooldown", [0.4, 0.0, 0.0], [1, 1, 0], Settings(0.5, cooldown=2 * MINUTE)),
    Case("a gap changes nothing", [0.4, 0, 0, 0, 0, None, None, 0], [1] * 7 + [0]),
    Case(
        "a fallback once more than three readings have failed",
        [0.5, None, None, 0.5, 0.5],
        [1, 5, 7, 7, 7],
        Settings(0.5, fallback=7),
        initial=1,
    ),
    Case(
        "after as many as it is set to",
        [2.0, None, None],
        [4, 4, 7],
        Settings(0.5, fallback=7, failures=4),
        initial=4,
    ),
    Case(
        "a fallback scales in too",
        [5.0, *[None] * 6],
        [10] * 5 + [2, 2],
        Settings(0.5, fallback=2),
        initial=10,
    ),
    Case("none from zero", [None] * 3, [0] * 3, Settings(0.5, fallback=2)),
    Case("a least is kept", [0.0] * 8, [2] * 8, Settings(0.5, least=2), initial=2),
    Case("it polls every 30 s", [0.4] * 3, [0, 0, 1], slot=TEN),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_peer_keda_moves_between_zero_and_one(case: Case) -> None:
    """With a target of half an instance, by the slot."""
    peer = ScaledObject(case.settings, case.bounds, case.slot)
    assert follow(peer, case.loads, initial=case.initial, slot=case.slot) == case.expect


@given(loads=st.lists(st.floats(0.01, 30), min_size=1, max_size=30))
def test_peer_keda_is_an_hpa_while_somebody_is_there(loads: list[float]) -> None:
    """From one instance on, on a total's average value."""
    keda = follow(ScaledObject(Settings(0.5), BOUNDS, MINUTE), loads)
    assert keda == follow(hpa.PodAutoscaler(hpa.Settings(0.5), BOUNDS, MINUTE), loads)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        pytest.param({"target": 0.0}, "target: got 0", id="target"),
        pytest.param({"activation": -1.0}, "got -1 and 0, expected 0 or more", id="activation"),
        pytest.param({"activation": math.nan}, "got nan and 0, expected 0 or more", id="nan"),
        pytest.param({"activation": math.inf}, "got inf and 0, expected 0 or more", id="endless"),
        pytest.param({"fallback": -1}, "fallback, failures: got -1 and 3", id="fallback"),
        pytest.param({"failures": -2}, "got 0 and -2, expected 0 or more", id="failures"),
        pytest.param({"least": -1}, "got 0 and -1", id="least"),
    ],
)
def test_peer_keda_refuses_what_it_cannot_be(given: dict[str, object], says: str) -> None:
    """By name, with what was expected."""
    with pytest.raises(ValueError, match=says):
        Settings(**given)  # type: ignore[arg-type]
