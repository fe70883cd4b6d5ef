"""How many cores and GPUs has an instance type of a cloud?"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from flyball.sizing.benchmark import BenchmarkError, Machine

PACKAGE = "flyball.adapters.aws"
TABLE = "machines.json"


def find_machine(
    instance_type: str,
    cores: int | None = None,
    gpus: int | None = None,
    price_per_hour: float | None = None,
) -> Machine:
    """Look an instance type up.

    Args:
        instance_type: Such as "ml.c5.large".
        cores: Virtual CPUs, where the table is to be overridden; None: as the table says.
        gpus: Likewise.
        price_per_hour: The table has none; None: unknown.

    Raises:
        BenchmarkError: It is not in the table, and nobody said how many cores it has.
    """
    known = _read_table()["machines"].get(instance_type)
    if known is None and cores is None:
        raise BenchmarkError(
            f"{instance_type or 'the instance type'}: how many cores it has is not known; give its "
            "cores, and its GPUs where it has any"
        )
    counts = known or {}
    return Machine(
        instance_type,
        counts["cores"] if cores is None else cores,
        counts.get("gpus", 0) if gpus is None else gpus,
        price_per_hour,
    )


def tell_source() -> tuple[str, str]:
    """Say from where the table is, and of which year and month."""
    table = _read_table()
    return table["source"], table["as_of"]


@cache
def _read_table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = json.loads(files(PACKAGE).joinpath(TABLE).read_text("utf-8"))
    return table
