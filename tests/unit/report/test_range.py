"""Is it said what was set, and what the service chose inside it?"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from flyball.core.model import Capacity, Missing, MissingCause
from flyball.core.target import CapacityKind
from flyball.report.range import tell_bounds, tell_range
from tests.unit.report.scenes import make_target

RANGED = make_target(capacity_kind=CapacityKind.RANGE)


@dataclass(frozen=True)
class Case:
    """A capacity, and what is said of it."""

    id: str
    capacity: Capacity
    told: str


CASES = (
    Case("own_choice", Capacity(2, 4, ceiling=6),
         "Range 2–6 set, 4 in service by the service's own choice"),
    Case("warming_counts", Capacity(2, 3, ceiling=6, warming=1),
         "Range 2–6 set, 4 in service by the service's own choice"),
    Case("the_floor", Capacity(2, 2, ceiling=6, picked=2), "Range 2–6 set, 2 in service"),
    Case("coming", Capacity(4, 2, ceiling=6, picked=4),
         "Range 4–6 set, 2 in service: 2 still missing"),
    Case("more_chosen", Capacity(2, 2, ceiling=6, picked=5),
         "Range 2–6 set, 2 in service; it has chosen 5"),
    Case("more_chosen_than_serves", Capacity(2, 3, ceiling=6, picked=5),
         "Range 2–6 set, 3 in service by the service's own choice; it has chosen 5"),
    Case("above_the_ceiling", Capacity(2, 5, ceiling=3),
         "Range 2–3 set, 5 in service: 2 too many"),
    Case("pinned", Capacity(4, 4, ceiling=4), "Pinned at 4, 4 in service"),
    Case("no_ceiling", Capacity(2, 4),
         "Floor 2 set, its ceiling not known, 4 in service by the service's own choice"),
    Case("thousands", Capacity(1_000, 2_000, ceiling=3_000),
         "Range 1,000–3,000 set, 2,000 in service by the service's own choice"),
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_what_was_set_and_what_serves_are_told_apart(case: Case) -> None:
    """And whose doing it is."""
    assert tell_range(case.capacity, RANGED) == case.told


def test_nothing_is_said_of_one_number_nor_of_what_is_not_known() -> None:
    """But of a range where one number is to be."""
    assert tell_range(Capacity(2, 4), make_target()) == ""
    assert tell_range(Missing(MissingCause.SOURCE_FAILED), RANGED) == ""
    assert tell_range(Capacity(2, 4, ceiling=6), make_target()).startswith("Range 2–6 set")


def test_a_range_of_one_is_a_number() -> None:
    """As the demo shows it."""
    assert (tell_bounds(3, 3), tell_bounds(3, 1_200)) == ("3", "3–1,200")
