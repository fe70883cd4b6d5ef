"""What does AWS charge by, and how much?

The table is a file beside this one; a file of one's own may replace any number in it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

MINUTE_S = 60


class PricesError(ValueError):
    """A table of prices that cannot be used; the message names the file, the field and why."""


class Price(NamedTuple):
    """A list price.

    Attributes:
        usd: Dollars for `per` units.
        per: Units.
        unit: What one is, for people.
        source: Where it stands.
    """

    usd: float
    per: float
    unit: str = ""
    source: str = ""

    def of(self, amount: float) -> float:
        """Price an amount, dollars."""
        return amount * self.usd / self.per


class Prices(NamedTuple):
    """A table of prices.

    Attributes:
        region: Whose.
        as_of: Year and month in which they were looked up.
        prices: By what is charged.
        assumptions: What no count can tell, by name.
    """

    region: str
    as_of: str
    prices: Mapping[str, Price]
    assumptions: Mapping[str, float]

    def usd(self, amounts: Mapping[str, float]) -> float:
        """Price amounts by what is charged, dollars."""
        return sum(self.prices[name].of(amount) for name, amount in amounts.items())


def read_prices(path: Path | None = None) -> Prices:
    """Read the table of list prices.

    Args:
        path: JSON of one's own: any part of the table, such as
            {"region": "eu-central-1", "prices": {"lambda.requests": {"usd": 0.2}}}. What it does
            not name stays as it is. None: the table as it is.

    Raises:
        PricesError: The file cannot be read, or a field is none of the table's.
    """
    table = json.loads(files(__package__ or "").joinpath("prices.json").read_text("utf-8"))
    if path is not None:
        _merge(table, _read(path), path)
    return Prices(
        table["region"],
        table["as_of"],
        {name: Price(**fields) for name, fields in table["prices"].items()},
        {name: float(fields["value"]) for name, fields in table["assumptions"].items()},
    )


def _read(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PricesError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise PricesError(f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8") from error
    except json.JSONDecodeError as error:
        message = f"{path}:{error.lineno}: not JSON: {error.msg} (column {error.colno})"
        raise PricesError(message) from error
    if not isinstance(found, dict):
        raise PricesError(f"{path}: got {type(found).__name__}, expected an object")
    return found


def _merge(table: dict[str, Any], given: Mapping[str, Any], path: Path) -> None:
    for part, value in given.items():
        if part in ("region", "as_of"):
            if not isinstance(value, str) or not value:
                raise PricesError(f"{path}: {part}: got {value!r}, expected text")
            table[part] = value
        elif part in ("prices", "assumptions"):
            _merge_part(table[part], part, value, path)
        else:
            expected = "region, as_of, prices or assumptions"
            raise PricesError(f"{path}: {part}: there is no such field; expected {expected}")


def _merge_part(known: dict[str, Any], part: str, given: object, path: Path) -> None:
    if not isinstance(given, dict):
        raise PricesError(f"{path}: {part}: got {given!r}, expected an object")
    numbers = {"prices": {"usd": 0.0, "per": math.ulp(0.0)}, "assumptions": {"value": 0.0}}[part]
    for name, fields in given.items():
        where = f"{path}: {part}.{name}"
        if name not in known:
            raise PricesError(f"{where}: nothing is charged by it; known are {', '.join(known)}")
        if not isinstance(fields, dict):
            raise PricesError(f"{where}: got {fields!r}, expected an object")
        for field, value in fields.items():
            if field not in known[name]:
                expected = ", ".join(known[name])
                raise PricesError(f"{where}.{field}: there is no such field; expected {expected}")
            if field in numbers:
                _check_number(f"{where}.{field}", value, numbers[field])
            elif not isinstance(value, str):
                raise PricesError(f"{where}.{field}: got {value!r}, expected text")
            known[name][field] = value


def _check_number(where: str, value: object, least: float) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (is_number and least <= float(str(value)) < math.inf):
        expected = "a number above 0" if least else "a number, 0 or more"
        raise PricesError(f"{where}: got {value!r}, expected {expected}")


def count_metrics(alarm: Mapping[str, Any]) -> tuple[int, int]:
    """Count what an alarm is charged by: its metrics of a minute or more, and those below.

    Args:
        alarm: As PutMetricAlarm takes it, or as CloudWatch shows it.
    """
    lines = [line["MetricStat"] for line in alarm.get("Metrics") or () if line.get("MetricStat")]
    periods = [line["Period"] for line in lines] or [alarm.get("Period") or MINUTE_S]
    high = sum(each < MINUTE_S for each in periods)
    return len(periods) - high, high
