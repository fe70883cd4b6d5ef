"""Is an endpoint's traffic pulled from CloudWatch whole, once, and with a reason where it is not?

moto keeps what is put into it. What it does not show, such as a refusal or a second page, is put in
under the real client.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.aws.account import empty
from tests.aws.overheard import Wire, tap
from tests.aws.remembered import (
    CONFIG,
    HOUR,
    MINUTE,
    Busy,
    answer_all,
    days_ago,
    read,
    run,
    stand,
)
from tests.aws.rig import Server, client_of
from tests.unit.cli.commands import expect_refusal, flyball

ENDPOINTS = "/aws/sagemaker/Endpoints"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder with a config."""
    return stand(tmp_path, monkeypatch)


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    """Answer in place of AWS."""
    return answer_all(monkeypatch)


@pytest.fixture
def account(moto: Server, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give CloudWatch by moto, in an account with one endpoint."""
    empty(moto)
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto.url)
    sagemaker = client_of(moto, "sagemaker")
    sagemaker.create_model(
        ModelName="m",
        ExecutionRoleArn="arn:aws:iam::123456789012:role/sagemaker",
        PrimaryContainer={"Image": "image", "ModelDataUrl": "s3://models/model.tar.gz"},
    )
    variant = {"VariantName": "AllTraffic", "ModelName": "m", "InitialInstanceCount": 1}
    variant["InstanceType"] = "ml.g4dn.xlarge"
    sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="chat", EndpointConfigName="c")
    return client_of(moto, "cloudwatch")


def put(client: Any, namespace: str, name: str, values: Mapping[datetime, float]) -> None:
    """Put one value into each of these minutes."""
    dimensions = [
        {"Name": "EndpointName", "Value": "chat"},
        {"Name": "VariantName", "Value": "AllTraffic"},
    ]
    items = [
        {"MetricName": name, "Dimensions": dimensions, "Timestamp": at, "Value": value}
        for at, value in values.items()
    ]
    for start in range(0, len(items), 500):
        client.put_metric_data(Namespace=namespace, MetricData=items[start : start + 500])


@pytest.mark.enable_socket
def test_what_cloudwatch_has_becomes_a_trace_that_runs_again_without_it(
    account: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Silence of instances is a gap and silence of callers a zero; a second run asks nobody."""
    start = days_ago(2) + 21 * HOUR  # so that it lies in two parts
    minutes = [start + index * MINUTE for index in range(-10, 370)]
    busy = {at: 90.0 for at in minutes if at.minute % 2 == 0}
    put(account, "AWS/SageMaker", "Invocations", busy)
    put(account, "AWS/SageMaker", "InvocationsPerInstance", dict.fromkeys(busy, 30.0))
    silent = (start + 60 * MINUTE, start + 80 * MINUTE)
    there = {at: 12.0 for at in minutes if not silent[0] <= at < silent[1]}
    put(account, ENDPOINTS, "CPUUtilization", there)
    wire = tap(monkeypatch)
    window = ("--since", start.isoformat(), "--until", (start + 6 * HOUR).isoformat())
    done = run(*window)
    assert done.code == 0, done
    rows = read(done)
    assert (len(rows), rows[0]["timestamp"]) == (360, f"{start:%Y-%m-%dT%H:%M:%SZ}")
    assert rows[0] == rows[0] | {"requests": "90", "instances": "3"}
    assert rows[1] == rows[1] | {"requests": "0", "instances": ""}
    assert {row["requests"] for row in rows[61:80:2]} == {""}
    assert rows[60]["requests"] == "90"
    (target,) = done.json["targets"]
    assert target["capacity_per_instance"] == 30
    assert any("10 minutes without a value" in note for note in target["notes"])
    assert len(wire.made("GetMetricData")) == 2
    assert "180 of 360 have requests, of 10 nothing is known" in done.err

    wire.calls.clear()
    again = run(*window)
    assert (again.out, wire.calls) == (done.out, [])
    assert "kept, nothing was asked" in again.err
    path = done.err.strip().rpartition("=")[2]
    alone = flyball("backtest", "--config", "f.yaml", "--trace", path, "--against", "", "--json")
    assert alone.out == done.out
    assert len(wire.calls) == 0
    assert run(*window, "--refresh").out == done.out
    assert len(wire.made("GetMetricData")) == 2


@pytest.mark.enable_socket
@pytest.mark.parametrize("name", ["chat", "chats"])
def test_an_empty_window_says_whether_the_endpoint_is_there(
    account: Any, folder: Path, name: str
) -> None:
    """And what was asked, so that a wrong name is seen."""
    assert account
    (folder / "f.yaml").write_text(CONFIG.replace("endpoint: chat", f"endpoint: {name}"))
    words = {
        "chat": "it exists, and nothing reached it then",
        "chats": "there is no endpoint/chats/variant/AllTraffic in us-east-1; another --region?",
    }
    said = (words[name], f"Invocations {{EndpointName={name}", "no datapoint from")
    expect_refusal(run("--days", 1), *said)


class Window(NamedTuple):
    """A window in days ago, the length of its datapoints, and how it is said."""

    since: float
    until: float
    period_s: int
    says: str


@pytest.mark.parametrize(
    "window",
    [
        Window(14, 12, 60, "one value in 1m"),
        Window(16, 14, 300, "one value in 5m"),
        Window(62, 60, 300, "one value in 5m"),
        Window(64, 62, 3_600, "one value in 1h"),
        Window(454, 452, 3_600, "one value in 1h"),
    ],
    ids=lambda window: f"{window.since} days ago",
)
def test_the_finest_that_is_kept_is_asked_for_and_said(wire: Wire, window: Window) -> None:
    """Minutes for 15 days, five for 63, hours for 455; each call is under CloudWatch's limits."""
    since, until = (days_ago(each).isoformat() for each in (window.since, window.until))
    done = run("--since", since, "--until", until)
    assert done.code == 0, done
    for given in wire.made("GetMetricData"):
        periods = {query["MetricStat"]["Period"] for query in given["MetricDataQueries"]}
        assert periods == {window.period_s}
        points = (given["EndTime"] - given["StartTime"]).total_seconds() / window.period_s
        assert points * len(given["MetricDataQueries"]) <= 100_800
    assert window.says in done.err
    (target,) = done.json["targets"]
    assert (target["slots"], target["capacity_per_instance"]) == (2_880, pytest.approx(0.5))
    assert any("spread evenly" in note for note in target["notes"]) == (window.period_s > 60)


def test_two_weeks_of_minutes_are_pulled_unless_it_is_said(wire: Wire) -> None:
    """Up to the last midnight, so that another run on the same day asks for nothing."""
    rows = read(run())
    assert len(rows) == 14 * 1_440
    assert rows[-1]["timestamp"] == f"{days_ago(0) - MINUTE:%Y-%m-%dT%H:%M:%SZ}"
    assert len(wire.made("GetMetricData")) == 14


def test_a_window_that_moves_on_asks_for_what_is_new(wire: Wire) -> None:
    """Its other days are kept."""
    assert run("--until", days_ago(1).isoformat(), "--days", 5).code == 0
    wire.calls.clear()
    assert run("--days", 5).code == 0
    (given,) = wire.made("GetMetricData")
    assert given["StartTime"] == days_ago(1) - 6 * MINUTE
    assert wire.made("GetCallerIdentity") == []


def test_a_pull_that_was_interrupted_goes_on(wire: Wire, folder: Path) -> None:
    """What came before the refusal is kept; nothing is left half written."""
    busy = Busy()
    busy.fails = 3
    wire.answers["GetMetricData"] = busy.answer
    expect_refusal(run("--days", 5), "chat: AWS was asked too often", "run it again")
    assert len(list(folder.glob("cache/**/part-*.csv"))) == 3
    assert list(folder.glob("cache/**/.*")) == []
    busy.fails = None
    wire.calls.clear()
    assert run("--days", 5).code == 0
    assert len(wire.made("GetMetricData")) == 2


def test_every_page_is_read(wire: Wire) -> None:
    """One call with three of them is one part."""
    busy = Busy()
    busy.page = 600
    wire.answers["GetMetricData"] = busy.answer
    rows = read(run("--days", 1))
    assert len(wire.made("GetMetricData")) == 3
    assert {row["requests"] for row in rows} == {"1"}
    assert len(rows) == 1_440


def test_another_account_or_region_has_its_own(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """Endpoints of one name are told apart by who asks; the same key is asked for once."""
    first = run("--days", 1).err
    wire.answer("GetCallerIdentity", {"Account": "999999999999"})
    assert run("--days", 1).err.partition("again by")[2] == first.partition("again by")[2]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "other")
    second = run("--days", 1).err
    third = run("--days", 1, "--region", "eu-west-1").err
    assert len({each.partition("again by")[2] for each in (first, second, third)}) == 3
    assert len(wire.made("GetMetricData")) == 3


def test_an_inference_component_is_counted_by_its_copies(wire: Wire, folder: Path) -> None:
    """Under its own name, and its own metrics."""
    text = CONFIG.replace("{endpoint: chat, variant: AllTraffic}", "{inference_component: ic}")
    (folder / "f.yaml").write_text(text)
    values = {"InvocationsPerCopy": 0.25, "CPUUtilizationNormalized": 1.0}
    wire.answers["GetMetricData"] = Busy(**values).answer
    rows = read(run("--days", 1))
    assert {row["instances"] for row in rows} == {"4"}
    (given,) = wire.made("GetMetricData")
    for query in given["MetricDataQueries"]:
        dimensions = query["MetricStat"]["Metric"]["Dimensions"]
        assert dimensions == [{"Name": "InferenceComponentName", "Value": "ic"}]
