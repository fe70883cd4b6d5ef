"""What becomes of traffic under a written config?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from flyball.sizing.benchmark import Machine, Resource
from flyball.sizing.broken import Break
from flyball.sizing.habit import Habit
from flyball.sizing.pattern import Pattern, expect_patterns
from flyball.sizing.settings import Kind, derive_settings
from flyball.sizing.tried import Trial, try_settings
from tests.unit.sizing.sized import ENDPOINT, EXPECTED, LARGE, POOL, VARIANT, measure, publish

JUMP = Pattern("jump", "at once", (4_200.0,) * 30 + (30_000.0,) * 30)


def run(pattern: Pattern, **changes: object) -> Trial:
    """Try the published example, or with other settings."""
    settings = derive_settings(publish())
    if changes:
        settings = settings.change("a test", **changes)
    return try_settings(publish(), settings, pattern, "aws", VARIANT)


@pytest.mark.parametrize("name", ["ramp-1", "ramp-3"])
def test_thirty_thousand_a_minute_are_reached_without_an_error(name: str) -> None:
    """As in the published example, with users who come one and three a minute."""
    (pattern,) = (each for each in expect_patterns(EXPECTED) if each.name == name)
    found = run(pattern)
    assert found.expected == 30_000.0
    assert found.handled == 30_000.0
    assert found.late == 0.0
    assert found.first is None
    assert 6 <= found.most_instances <= 8


@dataclass(frozen=True)
class Place:
    """Where it runs."""

    id: str
    home: str
    resource: Mapping[str, str]


PLACES = (
    Place("local", "local", {"endpoint": "churn"}),
    Place("endpoint", "gcp", ENDPOINT),
    Place("pool", "gcp", POOL),
)


@pytest.mark.parametrize("case", PLACES, ids=lambda case: case.id)
def test_other_homes_reach_it_too(case: Place) -> None:
    """A range, a pool by its use alone, and the simulated endpoint."""
    pattern = expect_patterns(EXPECTED)[1]
    settings = derive_settings(publish())
    found = try_settings(publish(), settings, pattern, case.home, case.resource)
    assert (found.handled, found.late) == (30_000.0, 0.0)


def test_a_jump_is_handled_up_to_where_it_jumps() -> None:
    """What nobody could see coming is late, and the least before it was not."""
    found = run(JUMP)
    assert found.first is not None
    assert found.first.limit is Break.SATURATION
    assert found.first.minute == 30
    assert (found.expected, found.handled) == (30_000.0, 4_200.0)
    assert found.late > 0.0


def test_more_that_are_always_there_carry_a_jump() -> None:
    """Three carry 30,000."""
    found = run(JUMP, min_capacity=3)
    assert (found.handled, found.late) == (30_000.0, 0.0)
    assert min(found.ordered) == 3


def test_the_bill_is_of_what_was_ordered() -> None:
    """In the machine's currency; without a price there is none."""
    found = run(JUMP)
    assert found.instance_hours == pytest.approx(sum(found.ordered) / 60.0)
    assert found.cost == pytest.approx(0.1 * found.instance_hours)
    free = publish(measure(machine=LARGE._replace(price_per_hour=None)))
    assert try_settings(free, derive_settings(free), JUMP, "aws", VARIANT).cost is None


def test_the_same_is_found_again() -> None:
    """To the bit."""
    assert run(JUMP) == run(JUMP)


def test_what_was_recorded_breaks_on_a_date() -> None:
    """And what was drawn in a minute."""
    sudden = Pattern("trace", "", (6_000.0,) * 30 + (60_000.0,) * 30)
    for has_calendar, told in ((True, "On Mon 2026-01-05 00:30 UTC"), (False, "In minute 30")):
        first = run(replace(sudden, has_calendar=has_calendar)).first
        assert first is not None
        assert first.sentence.startswith(told)


def test_windows_count_where_the_calendar_does() -> None:
    """In drawn traffic hours are nobody's."""
    start = datetime(2026, 1, 5, tzinfo=UTC)
    calm = Pattern("calm", "nobody", (600.0,) * 120, start=start)
    habits = (Habit("mon-fri", 0, 12, 4, 20, 20),)
    assert max(run(calm, habits=habits).ordered) == 1
    assert max(run(replace(calm, has_calendar=True), habits=habits).ordered) == 4


def test_a_gap_is_no_load_and_no_error() -> None:
    """Nothing is known to be late in it."""
    gap = Pattern("gap", "nobody knows", (None,) * 5 + (4_200.0,) * 20 + (None,) * 20)
    found = run(gap)
    assert (found.handled, found.late) == (4_200.0, 0.0)
    empty = run(Pattern("dark", "nobody knows at all", (None,) * 20))
    assert (empty.expected, empty.handled) == (0.0, 0.0)


def test_use_alone_is_enough_where_it_was_measured() -> None:
    """What a load test without use tracks is invocations; with a GPU, its use."""
    for benchmark in (measure(None), measure(Resource.GPU, Machine("g", 8, 1))):
        sizing = publish(benchmark)
        pattern = expect_patterns(EXPECTED)[1]
        for home, resource in (("aws", VARIANT), ("gcp", ENDPOINT)):
            found = try_settings(sizing, derive_settings(sizing), pattern, home, resource)
            assert found.late == 0.0


def test_an_adaptive_policy_is_tried_as_any_other() -> None:
    """With its own rules."""
    settings = derive_settings(publish(), kind=Kind.ADAPTIVE)
    found = try_settings(publish(), settings, expect_patterns(EXPECTED)[0], "aws", VARIANT)
    assert found.late_ratio <= 0.01
    assert found.most_instances >= 3
