"""Which scalable targets are backtested together in a test, and on what?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from flyball.sim.generate import generate_day
from flyball.sim.trace import write_trace
from tests.unit.sim.courses import MONDAY

HOURS = 4
EVENING = 16 * 60
"""The crowd comes then, and some are late."""
TARGET = """
  - id: {id}
    min_capacity: 1
    max_capacity: 60
    price_per_hour: {price}
    metrics: [{{name: calls, source: {{metric: invocations_per_instance}}}}]
    policies: [{{name: keep, kind: target_tracking, metric: calls, target_value: 350}}]
"""
NAMES = ("chat", "rank", "vision")


def write_config(path: Path, names: tuple[str, ...]) -> Path:
    """Write a config of targets that are alike but for their price."""
    targets = (TARGET.format(id=name, price=index + 1) for index, name in enumerate(names))
    path.write_text("version: 1\nscalable_targets:" + "".join(targets))
    return path


def write_traces(folder: Path, names: tuple[str, ...], hours: int = HOURS) -> Path:
    """Write traffic of each, which is not alike."""
    folder.mkdir()
    for seed, name in enumerate(names):
        trace = generate_day(MONDAY, seed=seed, minutes=EVENING + hours * 60)
        late = replace(trace, requests=trace.requests[EVENING:])
        write_trace(late, folder / f"{name}.csv")
    return folder
