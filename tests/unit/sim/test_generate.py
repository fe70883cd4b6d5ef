"""Does a generated day look like a day, and the same seed give the same one?"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from flyball.sim.generate import ORDINARY, generate_day
from flyball.sim.trace import read_trace, write_trace

START = datetime(2026, 3, 2, tzinfo=UTC)
SEEDS = range(12)


def test_the_same_seed_gives_the_same_day() -> None:
    """Another seed gives another one."""
    assert generate_day(START, seed=3) == generate_day(START, seed=3)
    assert generate_day(START, seed=3).requests != generate_day(START, seed=4).requests


@pytest.mark.parametrize("seed", SEEDS)
def test_a_day_has_a_cycle_a_crowd_and_one_short_gap(seed: int) -> None:
    """Night is calm, the crowd stands out in the evening, seven minutes are not recorded."""
    requests = generate_day(START, seed=seed).requests
    assert len(requests) == 1_440
    gaps = [minute for minute, value in enumerate(requests) if value is None]
    assert gaps == list(range(gaps[0], gaps[0] + ORDINARY.gap_minutes))
    known = [value or 0.0 for value in requests]
    night, noon = sum(known[60:240]) / 180, sum(known[780:900]) / 120
    assert noon > 2 * night
    peak = known.index(max(known))
    assert 16 * 60 <= peak < 22 * 60
    assert max(known) > 1.5 * (sum(known[peak - 60 : peak - 30]) / 30)


def test_requests_are_whole_and_never_negative() -> None:
    """With wild noise too."""
    shape = ORDINARY._replace(noise_ratio=2.0)
    known = [value for value in generate_day(START, shape=shape).requests if value is not None]
    assert all(value >= 0 and value == int(value) for value in known)


def test_a_longer_span_goes_on_day_after_day() -> None:
    """Three days and a half, each with its own crowd."""
    requests = generate_day(START, minutes=5_040).requests
    assert len(requests) == 5_040
    assert requests[:1_440] != requests[1_440:2_880]


def test_no_minute_at_all_is_refused() -> None:
    """The length is at least one."""
    with pytest.raises(ValueError, match="1 or more"):
        generate_day(START, minutes=0)


def test_a_generated_day_is_a_file_that_can_be_read(tmp_path: Path) -> None:
    """As any other trace."""
    day = generate_day(START)
    write_trace(day, tmp_path / "day.csv")
    assert read_trace(tmp_path / "day.csv").requests == day.requests
