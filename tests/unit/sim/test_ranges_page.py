"""Does docs/ranges.md say what would be measured now?"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from flyball.config import load


@pytest.fixture
def program(repository: Path) -> ModuleType:
    """Load the program that writes the page's figures."""
    spec = importlib.util.spec_from_file_location("write_ranges", repository / "docs" / "ranges.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_has_the_figures_of_a_day_that_the_calendar_knows(program: ModuleType) -> None:
    """Every way through it again: what changes a decision or the model changes the page."""
    target = load(program.EXAMPLE).scalable_targets[0]
    title, trace = list(program.traces().items())[-1]
    found = [program.measure(way, each, trace) for way, each in program.ways(target)]
    page = program.PAGE.read_text(encoding="utf-8")
    assert f"**{title}**\n\n{program.table(found)}\n" in page
    by_way = {each.way: each for each in found}
    alone, planned = by_way["the service alone, in a wide range"], by_way[found[-2].way]
    assert planned.late_ratio == 0 < alone.late_ratio
    assert by_way["a floor by calls, 75 %"].late_ratio < alone.late_ratio
    assert by_way["a pin by calls, 60 %"].picks == 0


def test_the_page_has_what_a_backtest_finds(program: ModuleType) -> None:
    """A floor that is there early beats the service alone, and who foresees is in between."""
    target = load(program.EXAMPLE).scalable_targets[0]
    title, trace = list(program.traces(program.TESTED_DAYS).items())[-1]
    found = program.contend(target, trace)
    page = program.PAGE.read_text(encoding="utf-8")
    assert f"{program.BACKTESTED.format(title)}\n\n{program.backtest_table(found)}\n" in page
    late = {each.title: each.marks.late_ratio for each in found}
    alone, planned = late["Google's service alone"], late["a floor by schedule and calls"]
    assert planned == 0 < late["and by a forecast"] < late["a floor by calls"] < alone


def test_figures_are_written_in_place_of_those_that_were_there(program: ModuleType) -> None:
    """And nothing else of the page changes."""
    page = f"head\n{program.BEGIN}\nold\n{program.END}tail\n"
    assert program.write(page, "new\n") == f"head\n{program.BEGIN}\nnew\n\n{program.END}tail\n"
