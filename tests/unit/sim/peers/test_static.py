"""Is static peak the same number, always?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from flyball.sim.peers.static import Settings, Static
from flyball.sim.peers.tick import Bounds
from tests.unit.sim.peers.story import follow


@dataclass(frozen=True)
class Case:
    """Settings, loads, and the number."""

    id: str
    settings: dict[str, float]
    loads: Sequence[float | None]
    expect: int


CASES = [
    Case("what carries the highest slot", {}, [0.5, 4.2, None, 1.0], 5),
    Case("a whole number of instances", {}, [4.0], 4),
    Case("with room left", {"target": 0.7}, [2.1], 3),
    Case("as it is set", {"capacity": 7}, [4.2], 7),
    Case("not above the most", {}, [11.0], 9),
    Case("not below the least", {}, [None], 2),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_peer_static_is_the_peaks_need_all_the_time(case: Case) -> None:
    """In every slot."""
    peer = Static(Settings(**case.settings), Bounds(2, 9), case.loads)  # type: ignore[arg-type]
    assert follow(peer, case.loads) == [case.expect] * len(case.loads)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        pytest.param({"target": 0.0}, "target: got 0", id="target"),
        pytest.param({"capacity": -2}, "capacity: got -2, expected instances", id="capacity"),
    ],
)
def test_peer_static_refuses_what_it_cannot_be(given: dict[str, int], says: str) -> None:
    """By name, with what was expected."""
    with pytest.raises(ValueError, match=says):
        Settings(**given)
