"""Which metrics does a scalable target have, those that its policies bring included?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flyball.core.target import Metric


class Metrics:
    """The metrics of one scalable target: declared, or brought by policies."""

    def __init__(self, declared: Sequence[Metric]) -> None:
        self.found: dict[str, Metric] = {metric.name: metric for metric in declared}
        self.brought: set[str] = set()

    def bring(self, metric: Metric) -> str:
        """Add a metric unless it is there already; give the name that it has."""
        name, number = metric.name, 1
        while name in self.found:
            known = self.found[name]
            if name in self.brought and (known.source, known.period) == (
                metric.source,
                metric.period,
            ):
                return name
            number += 1
            name = f"{metric.name}-{number}"
        self.found[name] = replace(metric, name=name)
        self.brought.add(name)
        return name
