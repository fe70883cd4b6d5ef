"""Do docs/aws-cost.md and docs/gcp-cost.md say what would be measured now?"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from flyball.cost.cloud import find_cloud
from flyball.cost.month import MINUTES
from flyball.report.cost import tell_money


def load(path: Path) -> ModuleType:
    """Load the program that writes the page."""
    spec = importlib.util.spec_from_file_location("write_cost", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("home", ["aws", "gcp"])
def test_the_page_has_the_figures_of_a_quiet_month(home: str, repository: Path) -> None:
    """The whole month of its first column again: what changes a cost changes the page."""
    program = load(repository / "docs" / "cost.py")
    page = (repository / "docs" / f"{home}-cost.md").read_text(encoding="utf-8")
    cloud = find_cloud(home)
    prices = cloud.read_prices(None)
    found = program.run(cloud, 1, ("quiet",), MINUTES, prices)
    shown = [line.split("|")[1:3] for line in page.splitlines() if line.startswith("| ")]
    cells = [(name.strip(), figure.strip()) for name, figure in shown]
    money = tell_money(found, prices)
    rows = [(row.name.strip(), row.figures[0]) for row in money if any(row.figures)]
    assert rows
    for row in rows:
        assert row in cells, row
    assert program.PAGES[home].config in page
