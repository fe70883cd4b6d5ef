"""What does Google Cloud charge by, and how much?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flyball.price import Prices, read_own, read_table

HOUR_S = 3_600
MONTH_S = 730 * HOUR_S
"""A month is 730 hours, as price lists count it."""


def read_prices(path: Path | None = None) -> Prices:
    """Read the table of list prices.

    Args:
        path: JSON of one's own; see flyball.price.read_table. None: the table as it is.

    Raises:
        PricesError: The file cannot be read, or a field is none of the table's.
    """
    return read_table(__package__ or "", None if path is None else read_own(path), path)


def count_conditions(policy: Mapping[str, Any], every_s: float) -> dict[str, float]:
    """Count what an alert policy is charged by in a month, by the names of the table.

    Each condition refers to one metric, and each evaluation of it returns one series.

    Args:
        policy: As the API takes it, or as Monitoring shows it.
        every_s: Seconds from one evaluation to the next.
    """
    conditions = len(policy.get("conditions", ()))
    return {
        "monitoring.alert_metrics": conditions,
        "monitoring.alert_points": conditions * MONTH_S / every_s,
    }
