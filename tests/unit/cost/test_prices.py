"""Is the table of prices what it says, and what of it may a file replace?"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flyball.adapters.aws.prices import count_metrics, read_prices
from flyball.cost.aws.bill import GROUPS
from flyball.price import PricesError


def test_every_price_is_positive_and_has_its_source() -> None:
    """A price of nothing would hide what it is for."""
    prices = read_prices()
    assert all(each.usd > 0 and each.per > 0 for each in prices.prices.values())
    assert all("pricing" in each.source and each.unit for each in prices.prices.values())


def test_every_price_is_in_one_group_that_people_see() -> None:
    """What is charged is on the page."""
    shown = [name for names in GROUPS.values() for name in names]
    assert sorted(shown) == sorted(read_prices().prices)


def test_a_file_replaces_what_it_names_alone(tmp_path: Path) -> None:
    """The rest stays as listed."""
    given = {
        "region": "eu-central-1",
        "prices": {"lambda.requests": {"usd": 0.5}},
        "assumptions": {"call_ms": {"value": 25}},
    }
    path = tmp_path / "prices.json"
    path.write_text(json.dumps(given))
    listed, found = read_prices(), read_prices(path)
    assert found.region == "eu-central-1"
    assert found.usd({"lambda.requests": 2_000_000}) == pytest.approx(1.0)
    assert found.assumptions["call_ms"] == 25
    assert found.prices["sqs.requests"] == listed.prices["sqs.requests"]


@dataclass(frozen=True)
class Bad:
    """A file that is refused, and what is said of it."""

    given: Any
    said: str


BAD = [
    Bad([], "got list, expected an object"),
    Bad({"regoin": "x"}, "regoin: there is no such field; expected region, as_of, prices"),
    Bad({"region": ""}, "region: got '', expected text"),
    Bad({"prices": 3}, "prices: got 3, expected an object"),
    Bad({"prices": {"lambda": {"usd": 1}}}, "prices.lambda: nothing is charged by it; known are"),
    Bad({"prices": {"kms.keys": 1}}, "prices.kms.keys: got 1, expected an object"),
    Bad({"prices": {"kms.keys": {"eur": 1}}}, "kms.keys.eur: there is no such field; expected usd"),
    Bad({"prices": {"kms.keys": {"usd": -1}}}, "kms.keys.usd: got -1, expected a number, 0 or"),
    Bad({"prices": {"kms.keys": {"per": 0}}}, "kms.keys.per: got 0, expected a number above 0"),
    Bad({"prices": {"kms.keys": {"usd": True}}}, "kms.keys.usd: got True, expected a number"),
    Bad({"prices": {"kms.keys": {"unit": 2}}}, "kms.keys.unit: got 2, expected text"),
    Bad({"assumptions": {"call_ms": {"value": "1"}}}, "call_ms.value: got '1', expected a number"),
]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.said)
def test_a_wrong_table_is_refused_by_its_field(bad: Bad, tmp_path: Path) -> None:
    """File, field, and what was expected."""
    path = tmp_path / "prices.json"
    path.write_text(json.dumps(bad.given))
    with pytest.raises(PricesError) as error:
        read_prices(path)
    assert str(error.value).startswith(f"{path}: ")
    assert bad.said in str(error.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read: No such file"), (b"\xff", "not UTF-8"), (b"{,", ":1: not JSON: ")],
    ids=["absent", "latin", "no JSON"],
)
def test_a_table_that_cannot_be_read_says_why(
    content: bytes | None, said: str, tmp_path: Path
) -> None:
    """Whatever is wrong with it."""
    path = tmp_path / "prices.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PricesError, match=said):
        read_prices(path)


def test_an_alarm_is_charged_by_its_metrics_and_their_resolution() -> None:
    """An expression over four metrics counts four; below a minute is high resolution."""
    lines = [{"MetricStat": {"Period": 60}}] * 3 + [{"MetricStat": {"Period": 10}}]
    assert count_metrics({"Metrics": [*lines, {"Expression": "m1+m2"}]}) == (3, 1)
    assert count_metrics({"Period": 30}) == (0, 1)
    assert count_metrics({}) == (1, 0)
