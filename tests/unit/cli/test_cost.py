"""Does `flyball cost` say what a config costs, and refuse what it cannot?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.commands import flyball

CONFIG = """\
version: 1
scalable_targets:
  - id: chat
    home: aws
    resource: {endpoint: chat, variant: blue}
    min_capacity: 1
    max_capacity: 8
    metrics:
      - name: calls
        source: {namespace: AWS/SageMaker, metric: InvocationsPerInstance, statistic: Sum}
    policies:
      - {name: track, kind: target_tracking, metric: calls, target_value: 700}
  - id: here
    min_capacity: 1
    max_capacity: 2
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Write a config of two targets, one of them on AWS."""
    path = tmp_path / "flyball.yaml"
    path.write_text(CONFIG)
    return path


def test_it_says_what_a_month_costs_and_what_others_would(config: Path) -> None:
    """Section by section, with every call where it is asked for."""
    done = flyball("cost", "--config", config, "--days", 1, "--calls")
    assert done.code == 0, done.err
    assert done.out.startswith("1 scalable target; simulated for 1 d, stretched to a month.")
    for line in ("polling every minute", "native policies", "cloudwatch.DescribeAlarms", "decided"):
        assert line in done.out


def test_its_json_adds_up(config: Path) -> None:
    """Each group, and the total of them."""
    found = flyball("cost", "--config", config, "--days", 1, "--json").json["aws"]
    assert found["simulated"] == {"scalable_targets": 1, "minutes": 1_440}
    for groups in found["usd_per_target_and_month"].values():
        total = groups.pop("total")
        assert sum(groups.values()) == pytest.approx(total)
    assert found["calls_per_target_and_month"]["quiet"]["cloudwatch.DescribeAlarms"] > 8_000


def test_ones_own_prices_and_traffic_are_taken(config: Path, tmp_path: Path) -> None:
    """A trace that is flat never changes anything; a region's name is shown."""
    prices, trace = tmp_path / "prices.json", tmp_path / "trace.csv"
    prices.write_text(json.dumps({"region": "eu-central-1"}))
    minutes = [f"2026-01-05T{minute // 60:02}:{minute % 60:02}:00Z,100" for minute in range(90)]
    trace.write_text("\n".join(["timestamp,requests", *minutes]))
    given = ("--prices", prices, "--trace", trace, "--capacity-per-instance", 100)
    done = flyball("cost", "--config", config, "--days", 1, "--json", *given)
    assert done.json["aws"]["region"] == "eu-central-1"
    assert done.json["aws"]["wakes_per_target_and_month"]["busy"].get("changed", 0) == 0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--target", "chta"), "has no scalable target 'chta'; it has chat, here"),
        (("--target", "here"), "nothing in it is in a cloud"),
        (("--prices", "none.json"), "none.json: cannot be read"),
        (("--capacity-per-instance", 0), "expected a number above 0"),
        (("--trace", "none.csv"), "none.csv"),
    ],
    ids=lambda each: str(each[0]) if isinstance(each, tuple) else "",
)
def test_what_cannot_be_used_is_refused(given: tuple[object, ...], said: str, config: Path) -> None:
    """With the option or file, and the reason."""
    done = flyball("cost", "--config", config, *given)
    assert done.code == 2
    assert said in done.err


GOOGLE = """\
  - id: vision
    home: gcp
    resource: {project: acme, location: us-central1, endpoint: "7"}
    min_capacity: 1
    max_capacity: 8
    metrics:
      - name: duty
        unit: ratio
        source: {metric: aiplatform.googleapis.com/prediction/online/accelerator/duty_cycle}
    policies:
      - {name: track, kind: target_tracking, metric: duty, target_value: 70}
"""


@pytest.fixture
def both(config: Path) -> Path:
    """Write a config with a target on each cloud."""
    config.write_text(CONFIG + GOOGLE)
    return config


def test_a_config_of_two_clouds_has_both_told(both: Path) -> None:
    """One after the other, each by its own list and with its own calls."""
    done = flyball("cost", "--config", both, "--days", 1, "--calls")
    assert done.code == 0, done.err
    amazon, google = done.out.split("\nGoogle Cloud\n")
    assert amazon.startswith("AWS\n")
    assert "cloudwatch.DescribeAlarms" in amazon
    for line in (
        "us-central1",
        "from 2027-09 on besides: alert policies",
        "Google's own autoscaler: it is free",
        "the same beyond the free tier",
        "aiplatform.endpoints.get",
        "monitoring.timeSeries.list",
    ):
        assert line in google
        assert line not in amazon


def test_json_of_google_tells_what_is_free_and_what_comes_later(both: Path) -> None:
    """Beside what stands there for AWS."""
    given = ("--target", "vision", "--days", 1, "--json")
    found = flyball("cost", "--config", both, *given).json
    assert list(found) == ["gcp"]
    assert found["gcp"]["later"]["from"] == "2027-09"
    assert found["gcp"]["later"]["usd_per_target_and_month"]["quiet"] > 0
    assert found["gcp"]["all_beyond_free_tier_usd_per_month"]["quiet"] == pytest.approx(0, abs=0.01)
    assert found["gcp"]["calls_per_target_and_month"]["quiet"]["firestore.documents.commit"] > 0


def test_prices_of_two_clouds_are_said_apart(both: Path, tmp_path: Path) -> None:
    """Where the config is on both, so is the file."""
    prices = tmp_path / "prices.json"
    prices.write_text(json.dumps({"region": "eu"}))
    done = flyball("cost", "--config", both, "--days", 1, "--prices", prices)
    assert done.code == 2
    assert "the config is on aws and gcp" in done.err
    prices.write_text(json.dumps({"gcp": {"region": "europe-west4"}}))
    found = flyball("cost", "--config", both, "--days", 1, "--prices", prices, "--json").json
    assert (found["aws"]["region"], found["gcp"]["region"]) == ("us-east-1", "europe-west4")
