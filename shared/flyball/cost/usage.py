"""What was asked of a cloud, and how much of what it charges by?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field


def _zeros() -> defaultdict[str, float]:
    return defaultdict(float)


@dataclass
class Usage:
    """Counts of one run.

    Attributes:
        calls: By "service.Operation", as the API names it.
        amounts: By what is charged, as the table of prices names it.
        wakes: What the wake-ups came to, by kind.
        metrics: Names of the metrics that we emit.
    """

    calls: defaultdict[str, float] = field(default_factory=_zeros)
    amounts: defaultdict[str, float] = field(default_factory=_zeros)
    wakes: defaultdict[str, float] = field(default_factory=_zeros)
    metrics: set[str] = field(default_factory=set)

    def call(self, operation: str, charged: str = "", amount: float = 1) -> None:
        """Count one call, and what is charged for it."""
        self.calls[operation] += 1
        if charged:
            self.amounts[charged] += amount

    def charge(self, charged: str, amount: float = 1) -> None:
        """Count what is charged without a call of ours."""
        self.amounts[charged] += amount

    def less(self, other: Usage) -> Usage:
        """Take away what another run counted; what then remains may be below nought."""
        return Usage(
            _subtract(self.calls, other.calls),
            _subtract(self.amounts, other.amounts),
            _subtract(self.wakes, other.wakes),
            self.metrics,
        )

    def scaled(self, by: float) -> Usage:
        """Stretch a run to another length; counts may then be broken."""
        return Usage(
            _scale(self.calls, by), _scale(self.amounts, by), _scale(self.wakes, by), self.metrics
        )


def _subtract(some: Mapping[str, float], others: Mapping[str, float]) -> defaultdict[str, float]:
    names = some.keys() | others.keys()
    return defaultdict(
        float, {name: some.get(name, 0.0) - others.get(name, 0.0) for name in sorted(names)}
    )


def _scale(counts: Mapping[str, float], by: float) -> defaultdict[str, float]:
    return defaultdict(float, {name: count * by for name, count in counts.items()})
