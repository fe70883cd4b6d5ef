"""Does a backtest look right on a terminal, and is it whole lines on a pipe?"""

from __future__ import annotations

import re
from pathlib import Path

from tests.cli.programs import run, run_on_terminal

CALL = ("backtest", "--config", "f.yaml", "--days", 2, "--against", "aws,static,optimum")
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
CONFIG = """
version: 1
scalable_targets:
  - id: chat
    min_capacity: 1
    max_capacity: 60
    price_per_hour: 2
    metrics: [{name: calls, source: {metric: invocations_per_instance}}]
    policies: [{name: keep, kind: target_tracking, metric: calls, target_value: 500}]
"""


def test_a_terminal_sees_how_far_it_is_and_how_long_it_takes(tmp_path: Path) -> None:
    """Then the tables, in 80 columns, with their heads in bold; nothing is cut off."""
    (tmp_path / "f.yaml").write_text(CONFIG)
    code, out = run_on_terminal(*CALL, "--per-day", cwd=tmp_path)
    assert code == 0
    assert re.search(r"Backtesting .* \d+%.*\d:\d\d:\d\d.* left", ESCAPES.sub("", out))
    tables = out[out.index("chat") :]
    assert "\x1b[1mchanges/d" in tables
    lines = ESCAPES.sub("", tables).splitlines()
    assert max(map(len, lines)) <= 80
    assert not any("…" in line for line in lines)
    assert sum(line.startswith("optimum") for line in lines) == 2


def test_a_pipe_sees_the_tables_alone(tmp_path: Path) -> None:
    """No colours, no progress, and the same figures as a terminal."""
    (tmp_path / "f.yaml").write_text(CONFIG)
    code, out, err = run(*CALL, cwd=tmp_path)
    assert (code, err) == (0, "")
    assert "\x1b" not in out
    assert "Backtesting" not in out
    _, shown = run_on_terminal(*CALL, cwd=tmp_path)
    (ours,) = re.findall(r"^flyball +\d.*[^%]$", out, re.MULTILINE)
    assert ours in ESCAPES.sub("", shown).replace("\r", "")
