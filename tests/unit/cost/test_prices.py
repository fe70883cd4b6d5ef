"""Is the table of prices what it says, and what of it may a file replace?"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flyball.adapters.aws.prices import count_metrics, read_prices
from flyball.adapters.gcp.prices import count_conditions
from flyball.adapters.gcp.prices import read_prices as read_google
from flyball.cost.cloud import find_cloud
from flyball.price import CLOUDS, PricesError, take_part


@pytest.mark.parametrize("home", CLOUDS)
def test_every_price_is_positive_and_has_its_source(home: str) -> None:
    """A price of nothing would hide what it is for."""
    prices = find_cloud(home).read_prices(None)
    assert all(each.usd > 0 and each.per > 0 for each in prices.prices.values())
    assert all("pricing" in each.source and each.unit for each in prices.prices.values())


@pytest.mark.parametrize("home", CLOUDS)
def test_every_price_is_in_one_group_that_people_see(home: str) -> None:
    """What is charged is on the page."""
    cloud = find_cloud(home)
    shown = [name for names in cloud.groups.values() for name in names]
    assert sorted(shown) == sorted(cloud.read_prices(None).prices)


def test_what_is_charged_later_is_told_apart() -> None:
    """From its month on it is charged as all else."""
    prices = read_google()
    amounts = {"monitoring.alert_metrics": 2.0, "scheduler.jobs": 5.0}
    assert prices.begins == "2027-09"
    assert prices.usd(amounts) == pytest.approx(0.50)
    assert prices.usd_later(amounts) == pytest.approx(0.70)
    then = prices._replace(as_of="2027-09")
    assert (then.begins, then.usd_later(amounts)) == ("", 0)
    assert then.usd(amounts) == pytest.approx(1.20)


def test_what_is_free_is_taken_off_once() -> None:
    """Of each by its own amount, and never more than there is."""
    prices = read_google()
    assert prices.has_free_tier
    assert not read_prices().has_free_tier
    assert prices.usd_beyond_free({"scheduler.jobs": 2}) == 0
    found = prices.usd_beyond_free({"scheduler.jobs": 5, "run.requests": 3_000_000})
    assert found == pytest.approx(0.20 + 0.40)


def test_a_condition_refers_to_one_metric_and_returns_one_series_each_time() -> None:
    """As the announced prices count."""
    found = count_conditions({"conditions": [{}, {}]}, every_s=30)
    assert found == {"monitoring.alert_metrics": 2, "monitoring.alert_points": 2 * 87_600}


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


OWN = Path("own.json")


def test_a_file_of_ones_own_is_of_the_only_cloud_or_says_which() -> None:
    """A table without a home goes where there is but one."""
    table = {"region": "here"}
    assert take_part(table, "gcp", ["gcp"], OWN) == table
    assert take_part({"gcp": table}, "gcp", ["aws", "gcp"], OWN) == table
    assert take_part({"gcp": table}, "aws", ["aws", "gcp"], OWN) is None
    with pytest.raises(PricesError, match="own.json: the config is on aws and gcp: put"):
        take_part(table, "gcp", ["aws", "gcp"], OWN)
    with pytest.raises(PricesError, match="own.json: gcp: got 3, expected an object"):
        take_part({"gcp": 3}, "gcp", ["gcp"], OWN)
