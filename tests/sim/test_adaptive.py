"""Does the adaptive policy keep its budget in the plant that everybody is scored in?"""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flyball.sim.slots import Course
from tests.adaptive import compare, main

START = datetime(2026, 11, 2, tzinfo=UTC)
DAY = 1440


def _office(days: int, seed: int) -> Course:
    """Make days with a cycle, and a crowd in one hour of each; requests a minute."""
    chance = random.Random(seed)
    demand: list[float | None] = []
    for minute in range(days * DAY):
        mean = 1200.0 * (1.0 - 0.7 * math.cos(2 * math.pi * minute / DAY))
        if 600 <= minute % DAY < 660:
            mean *= 1.0 + min(1.0, (minute % DAY - 600) / 15.0)
        demand.append(max(0.0, chance.gauss(mean, math.sqrt(mean) * 2.0)))
    return Course(START, tuple(demand), 120.0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_it_keeps_the_budget_for_less_than_target_tracking(seed: int) -> None:
    """Five days with crowds: under 1 % late, cheaper, and few more changes."""
    ours, tracking = compare(_office(5, seed))
    assert ours.late_ratio <= 0.01
    assert ours.clairvoyant_ratio < tracking.clairvoyant_ratio
    assert ours.changes_a_day <= 1.5 * tracking.changes_a_day


def test_a_trace_in_a_file_is_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The runner reads what a backtest reads."""
    path = tmp_path / "short.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("timestamp,requests\n")
        for minute in range(180):
            file.write(f"2026-11-02T{minute // 60:02}:{minute % 60:02}:00Z,{100 + minute}\n")
    assert main([str(path)]) == 0
    assert "short" in capsys.readouterr().out
