"""What does AWS charge by, and how much?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flyball.price import Prices, read_own, read_table

MINUTE_S = 60


def read_prices(path: Path | None = None) -> Prices:
    """Read the table of list prices.

    Args:
        path: JSON of one's own; see flyball.price.read_table. None: the table as it is.

    Raises:
        PricesError: The file cannot be read, or a field is none of the table's.
    """
    return read_table(__package__ or "", None if path is None else read_own(path), path)


def count_metrics(alarm: Mapping[str, Any]) -> tuple[int, int]:
    """Count what an alarm is charged by: its metrics of a minute or more, and those below.

    Args:
        alarm: As PutMetricAlarm takes it, or as CloudWatch shows it.
    """
    lines = [line["MetricStat"] for line in alarm.get("Metrics") or () if line.get("MetricStat")]
    periods = [line["Period"] for line in lines] or [alarm.get("Period") or MINUTE_S]
    high = sum(each < MINUTE_S for each in periods)
    return len(periods) - high, high
