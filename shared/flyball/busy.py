"""How much was asked of an endpoint's variant in the past, and how busy did that keep it?"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from flyball.core.shape import NamedTuple
from flyball.recipe import Span


class Load(NamedTuple):
    """What is known of one period.

    Attributes:
        at: Its beginning, aware UTC.
        period: Its length.
        requests: That came in it.
        failed: Of these, that were not answered well.
        instances: In service, on average; None: not known.
        latency_ms: Of the model, by quantile (0–1); without those that are not known.
        used_percent: Mean use of one instance, by resource ("cpu", "memory", "disk", "gpu",
            "gpu_memory"), as the cloud counts it; without those that are not known.
    """

    at: datetime
    period: timedelta
    requests: float
    failed: float
    instances: float | None
    latency_ms: Mapping[float, float]
    used_percent: Mapping[str, float]


class LoadSource(Protocol):
    """A service that remembers how busy an endpoint was."""

    def find_place(self, known: MutableMapping[str, str]) -> str:
        """Say where it is asked, and on whose account.

        Args:
            known: What earlier calls have put here; where it holds the answer, nobody is asked.

        Raises:
            HistoryError: It is not known, such as without credentials.
        """
        ...

    def find_type(self, endpoint: str, variant: str) -> str:
        """Say which instance type a variant has now.

        Raises:
            HistoryError: It was refused, or there is no such variant, or it has none.
        """
        ...

    def pull_loads(self, endpoint: str, variant: str, span: Span) -> Sequence[Load]:
        """Ask for each period of a span in which requests came, in order.

        Raises:
            HistoryError: It was refused, or there was no answer.
        """
        ...
