"""What does a cloud charge by, and how much?

Each cloud's table is a file beside its adapters; a file of one's own may replace any number in it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

CLOUDS = ("aws", "gcp")
"""Homes that have a table."""
_LEAST = {"usd": 0.0, "per": math.ulp(0.0), "free": 0.0, "value": 0.0}
"""Of the fields that are numbers."""


class PricesError(ValueError):
    """A table of prices that cannot be used; the message names the file, the field and why."""


class Price(NamedTuple):
    """A list price.

    Attributes:
        usd: Dollars for `per` units.
        per: Units.
        unit: What one is, for people.
        source: Where it stands.
        free: Units a month that cost nothing, to who uses no more of them for anything else.
        since: Year and month from which on it is charged; "": it is.
    """

    usd: float
    per: float
    unit: str = ""
    source: str = ""
    free: float = 0.0
    since: str = ""

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

    @property
    def begins(self) -> str:
        """Year and month from which on more is charged than now; "" where that is not known."""
        return min(
            (name for each in self.prices.values() if (name := self._later(each))), default=""
        )

    def usd(self, amounts: Mapping[str, float]) -> float:
        """Price amounts by what is charged, dollars; what is charged only later is not."""
        now = {name: self.prices[name] for name in amounts if not self._later(self.prices[name])}
        return sum(price.of(amounts[name]) for name, price in now.items())

    def usd_later(self, amounts: Mapping[str, float]) -> float:
        """Price what of these amounts is not charged yet, and will be, dollars."""
        later = {name: self.prices[name] for name in amounts if self._later(self.prices[name])}
        return sum(price.of(amounts[name]) for name, price in later.items())

    def usd_beyond_free(self, amounts: Mapping[str, float]) -> float:
        """Price what of a month's amounts is beyond the free tier, dollars."""
        beyond = {
            name: max(0.0, amount - self.prices[name].free) for name, amount in amounts.items()
        }
        return self.usd(beyond)

    @property
    def has_free_tier(self) -> bool:
        """Say whether anything is free up to an amount."""
        return any(each.free for each in self.prices.values())

    def _later(self, price: Price) -> str:
        return price.since if price.since > self.as_of else ""


def read_table(
    package: str, own: Mapping[str, Any] | None = None, path: Path | None = None
) -> Prices:
    """Read a cloud's table of list prices.

    Args:
        package: Whose, such as flyball.adapters.aws.
        own: Any part of the table, which replaces it, such as
            {"region": "eu-central-1", "prices": {"lambda.requests": {"usd": 0.2}}}. What it does
            not name stays as it is.
        path: Where that is from.

    Raises:
        PricesError: A field is none of the table's.
    """
    table = json.loads(files(package).joinpath("prices.json").read_text("utf-8"))
    if own is not None:
        _merge(table, own, path)
    return Prices(
        table["region"],
        table["as_of"],
        {name: Price(**fields) for name, fields in table["prices"].items()},
        {name: float(fields["value"]) for name, fields in table["assumptions"].items()},
    )


def read_own(path: Path) -> Mapping[str, Any]:
    """Read a file of one's own prices.

    Raises:
        PricesError: It cannot be read, or is no JSON object.
    """
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


def take_part(
    own: Mapping[str, Any], home: str, homes: Sequence[str], path: Path
) -> Mapping[str, Any] | None:
    """Take what a file of one's own says of a cloud.

    Args:
        own: A table, or one for each cloud by its home.
        home: Which.
        homes: All that are asked for: a table without a home is of the only one.
        path: Where that is from.

    Returns:
        None where it says nothing of that cloud.

    Raises:
        PricesError: It is not said which cloud it is of, or is no table.
    """
    if not own.keys() <= set(CLOUDS):
        if len(homes) > 1:
            both = " and ".join(homes)
            message = f"{path}: the config is on {both}: put the prices of each under {both}"
            raise PricesError(message)
        return own
    found = own.get(home)
    if found is not None and not isinstance(found, dict):
        raise PricesError(f"{path}: {home}: got {found!r}, expected an object")
    return found


def _merge(table: dict[str, Any], given: Mapping[str, Any], path: Path | None) -> None:
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


def _merge_part(known: dict[str, Any], part: str, given: object, path: Path | None) -> None:
    if not isinstance(given, dict):
        raise PricesError(f"{path}: {part}: got {given!r}, expected an object")
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
            if field in _LEAST:
                _check_number(f"{where}.{field}", value, _LEAST[field])
            elif not isinstance(value, str):
                raise PricesError(f"{where}.{field}: got {value!r}, expected text")
            known[name][field] = value


def _check_number(where: str, value: object, least: float) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (is_number and least <= float(str(value)) < math.inf):
        expected = "a number above 0" if least else "a number, 0 or more"
        raise PricesError(f"{where}: got {value!r}, expected {expected}")
