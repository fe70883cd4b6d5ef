"""Does a simulated month on Google cost what its parts say, whatever is scaled there?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from flyball.adapters.gcp.documents import row_fields
from flyball.adapters.gcp.prices import read_prices
from flyball.core.chain import GENESIS, seal
from flyball.core.policy import TrackingPolicy
from flyball.core.target import CapacityKind, Metric, Per, ScalableTarget, Unit, ZeroRule
from flyball.cost.gcp import GCP
from flyball.cost.gcp.account import charge_publishing, name_call
from flyball.cost.gcp.bill import complete, price_rivals
from flyball.cost.gcp.ledger import measure
from flyball.cost.month import MINUTES
from flyball.cost.study import START, Case, Study, study
from flyball.cost.usage import Usage
from flyball.meter import PLATFORM, POOL, VERTEX
from flyball.sim.generate import generate_day

PRICES = read_prices()
HOURS_4 = 240
DUTY = {"metric": f"{VERTEX}accelerator/duty_cycle"}
CALLS = {"metric": f"{VERTEX}prediction_count"}
PLACE = {"project": "acme", "location": "europe-west4"}


def make(name: str = "chat", **fields: Any) -> ScalableTarget:
    """Make a scalable target that keeps duty cycles at 60 %."""
    given: dict[str, Any] = {
        "home": "gcp",
        "resource": {**PLACE, "endpoint": name},
        "capacity_kind": CapacityKind.RANGE,
        "metrics": (Metric("duty", Unit.RATIO, source=DUTY),),
        "policies": (TrackingPolicy("track", "duty", 60.0),),
    }
    return ScalableTarget(name, 2, 20, **(given | fields))


def live(*targets: ScalableTarget, names: tuple[str, ...] = ("quiet", "busy")) -> Study:
    """Study four hours."""
    trace = generate_day(START, minutes=HOURS_4)
    return study(GCP, targets, trace, PRICES, minutes=HOURS_4, names=names)


def case(found: Study, name: str) -> Case:
    """Find a case by its name."""
    return next(each for each in found.cases if each.name == name)


def test_a_quiet_target_is_looked_at_every_five_minutes() -> None:
    """Each look reads its item, whose metric is meant, its range and that metric; three writes."""
    usage = case(live(make(), names=("quiet",)), "quiet").usage.scaled(HOURS_4 / MINUTES)
    looks = usage.wakes["decided"]
    assert looks == pytest.approx(HOURS_4 / 5, abs=5)
    assert usage.calls["aiplatform.endpoints.get"] == pytest.approx(2 * looks)
    assert usage.calls["monitoring.timeSeries.list"] == pytest.approx(looks)
    assert usage.amounts["monitoring.series_read"] == pytest.approx(2 * looks, abs=4)
    assert usage.amounts["firestore.writes"] == pytest.approx(3 * looks)


def test_a_quiet_target_costs_no_more_than_on_aws() -> None:
    """$0.43 there, alarms included."""
    assert case(live(make(), names=("quiet",)), "quiet").usd < 0.43


def test_a_busy_target_is_read_and_changed() -> None:
    """Each change is a mutate, and an alert's message has been pushed."""
    busy = case(live(make()), "busy").usage
    assert busy.wakes["changed"] == busy.calls["aiplatform.endpoints.mutateDeployedModel"] > 0
    assert busy.amounts["pubsub.bytes"] > 0


def test_what_is_charged_is_the_sum_of_its_groups() -> None:
    """Nothing is charged twice, and nothing is left out, but what is charged later."""
    found = live(make())
    for each in found.cases:
        amounts = complete(each.usage, PRICES)
        assert each.usd == pytest.approx(PRICES.usd(amounts))
        assert each.later == pytest.approx(PRICES.usd_later(amounts)) != 0
        assert each.together < each.usd + sum(found.standing.values())
    assert found.standing["schedule and topics"] == pytest.approx(0.10)


def test_a_fleet_shares_calls_and_messages() -> None:
    """Twenty-five of them are read by a call for each metric, and pushed in one message."""
    fleet = [make(f"chat-{index}") for index in range(25)]
    one = case(live(make(), names=("quiet",)), "quiet").usage
    many = case(live(*fleet, names=("quiet",)), "quiet").usage
    listed = "monitoring.timeSeries.list"
    assert many.calls[listed] < one.calls[listed] / 10
    assert many.amounts["monitoring.series_read"] == pytest.approx(
        one.amounts["monitoring.series_read"], rel=0.1
    )
    assert 0 < many.calls["pubsub.topics.publish"] < one.calls[listed] / 10


RESOURCES: Mapping[str, tuple[dict[str, str], dict[str, str], str]] = {
    "pool": (
        {**PLACE, "deployment_resource_pool": "gpus"},
        {"metric": f"{POOL}accelerator/duty_cycle"},
        "aiplatform.deploymentResourcePools.patch",
    ),
    "version": (
        {"project": "acme", "model": "vision", "version": "v3"},
        {"metric": f"{PLATFORM}online/accelerator/duty_cycle"},
        "ml.models.versions.patch",
    ),
}


@pytest.mark.parametrize("kind", RESOURCES, ids=str)
def test_every_kind_of_resource_is_simulated_by_its_own_calls(kind: str) -> None:
    """A pool and a version tell no replicas in service: the metric is asked."""
    resource, source, change = RESOURCES[kind]
    metrics = (Metric("duty", Unit.RATIO, source=source),)
    found = case(live(make(resource=resource, metrics=metrics)), "busy").usage
    assert found.wakes["changed"] == found.calls[change] > 0
    assert found.calls["monitoring.timeSeries.list"] > found.wakes["decided"]


def test_two_models_on_one_endpoint_are_told_apart() -> None:
    """Each has its own range, and both are read by one call."""
    models = [
        make(f"m{index}", resource={**PLACE, "endpoint": "7", "deployed_model": f"{index}"})
        for index in (1, 2)
    ]
    found = case(live(*models), "busy").usage
    assert found.wakes["changed"] > 0
    assert found.calls["aiplatform.endpoints.get"] < found.wakes["decided"] * 2


def test_a_target_that_may_go_to_zero_goes_there() -> None:
    """By v1beta1, and without a replica it has no duty cycle."""
    zero = make(
        resource={**PLACE, "endpoint": "chat", "api_version": "v1beta1"},
        metrics=(
            Metric("duty", Unit.RATIO, source=DUTY),
            Metric("calls", per=Per.TOTAL, source=CALLS),
        ),
        zero=ZeroRule("calls"),
    )
    found = case(live(replace(zero, min_capacity=0), names=("quiet",)), "quiet").usage
    assert found.scaled(HOURS_4 / MINUTES).wakes["changed"] >= 1


def test_others_are_priced_by_the_same_policies() -> None:
    """Every minute a series of each replica; what no policy needs is not read."""
    metrics = (Metric("duty", Unit.RATIO, source=DUTY), Metric("calls", source=CALLS))
    rivals = price_rivals([make(metrics=metrics)], PRICES)
    assert rivals.polling == pytest.approx(2 * MINUTES * 0.5e-6)
    assert rivals.native == 0
    unknown = make(metrics=(Metric("duty", source={"metric": "x", "statistic": "none"}),))
    assert price_rivals([unknown], PRICES).polling == 0


def test_an_expression_has_no_alert_policy_to_pay_for() -> None:
    """Nor has a metric of which Monitoring knows too little."""
    ratio = {"expression": "a / b", "a.metric": CALLS["metric"], "b.metric": CALLS["metric"]}
    found = live(make(metrics=(Metric("duty", source=ratio),)), names=("quiet",))
    assert case(found, "quiet").later == 0


def test_a_short_message_is_charged_as_a_thousand_bytes() -> None:
    """Once as it is published with others, and once as it is pushed by itself."""
    usage = Usage()
    charge_publishing(usage, ["x" * 100, "x" * 2_000])
    assert usage.amounts["pubsub.bytes"] == (100 + 2_000 + 2 * 60) + 1_000 + 2_060


def test_a_row_is_kept_with_its_index_entries() -> None:
    """Two entries for each field but the body, which has none."""
    row = seal("chat", 1, START, "decision", "x" * 400, GENESIS)
    fields = row_fields(row, "0" * 64)
    larger = row_fields(row._replace(body="x" * 500), "0" * 64)
    assert measure("ledger/chat", larger) - measure("ledger/chat", fields) == 100
    assert measure("ledger/chat", fields) > 2 * 400


@pytest.mark.parametrize(
    ("service", "path", "method", "name"),
    [
        ("aiplatform", "v1/projects/p/locations/l/endpoints/7", "GET", "endpoints.get"),
        (
            "aiplatform",
            "v1/projects/p/locations/l/endpoints/7/operations",
            "GET",
            "endpoints.operations.list",
        ),
        ("pubsub", "v1/projects/p/topics/t:publish", "POST", "topics.publish"),
        ("monitoring", "v3/projects/p/timeSeries", "GET", "timeSeries.list"),
        ("firestore", "v1/projects/p/databases/d/documents:commit", "POST", "documents.commit"),
    ],
    ids=str,
)
def test_a_call_is_named_as_its_service_names_it(
    service: str, path: str, method: str, name: str
) -> None:
    """Without what it is in."""
    assert name_call(service, path, method) == f"{service}.{name}"


def test_a_heartbeat_of_a_minute_is_a_look_each_minute() -> None:
    """What would stand in for alert policies."""
    often = make(heartbeat=timedelta(minutes=1))
    usage = case(live(often, names=("quiet",)), "quiet").usage.scaled(HOURS_4 / MINUTES)
    assert usage.wakes["decided"] == pytest.approx(HOURS_4, abs=2)
