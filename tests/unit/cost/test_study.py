"""Does a simulated month cost what its parts say, and which parts are there?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from flyball.adapters.aws.prices import read_prices
from flyball.core.policy import Comparison, PredictivePolicy, Step, StepPolicy, TrackingPolicy
from flyball.core.target import Metric, Per, ScalableTarget, Unit, ZeroRule
from flyball.cost.aws import AWS
from flyball.cost.aws.bill import WATCHERS, complete, price_rivals
from flyball.cost.month import MINUTES
from flyball.cost.study import START, Case, Study, choose, find_length, study
from flyball.cost.usage import Usage
from flyball.sim.generate import generate_day
from flyball.sim.trace import Trace

PRICES = read_prices()
SUM = {"namespace": "AWS/SageMaker", "metric": "InvocationsPerInstance", "statistic": "Sum"}
GPU = {
    "namespace": "/aws/sagemaker/Endpoints",
    "metric": "GPUUtilization",
    "statistic": "Average",
}
HOURS_4 = 240


def make(name: str = "chat", **fields: Any) -> ScalableTarget:
    """Make a scalable target that keeps 100 calls on each instance."""
    given: dict[str, Any] = {
        "home": "aws",
        "resource": {"endpoint": name, "variant": "blue"},
        "metrics": (Metric("calls", source=SUM),),
        "policies": (TrackingPolicy("track", "calls", 100.0),),
    }
    return ScalableTarget(name, 2, 20, **(given | fields))


def live(*targets: ScalableTarget, names: tuple[str, ...] = ("quiet", "busy")) -> Study:
    """Study four hours."""
    trace = generate_day(START, minutes=HOURS_4)
    return study(AWS, targets, trace, PRICES, minutes=HOURS_4, names=names)


def case(found: Study, name: str) -> Case:
    """Find a case by its name."""
    return next(each for each in found.cases if each.name == name)


def test_a_quiet_target_costs_no_metric_reads_once_it_has_settled() -> None:
    """Some looks at its beginning; then its alarms say that nothing is going on."""
    quiet = case(live(make()), "quiet").usage.scaled(HOURS_4 / MINUTES)
    assert quiet.wakes["decided"] == pytest.approx(quiet.calls["cloudwatch.GetMetricData"])
    assert quiet.wakes["decided"] <= 5
    assert quiet.wakes["quiet"] == pytest.approx(HOURS_4 / 5, abs=5)


def test_a_busy_target_is_read_and_changed() -> None:
    """Each change is an update, and each decision a transaction."""
    busy = case(live(make()), "busy").usage
    updates = busy.calls["sagemaker.UpdateEndpointWeightsAndCapacities"]
    assert busy.wakes["changed"] == updates > 0
    rows = busy.wakes["decided"] + busy.wakes["changed"]
    assert busy.calls["dynamodb.TransactWriteItems"] == pytest.approx(rows)


def test_a_fleet_shares_what_one_call_tells_of_many() -> None:
    """Twenty-five targets are one chunk: one call for their alarms."""
    fleet = [make(f"chat-{index}") for index in range(25)]
    one = case(live(make(), names=("quiet",)), "quiet").usage
    many = case(live(*fleet, names=("quiet",)), "quiet").usage
    assert many.calls["cloudwatch.DescribeAlarms"] < one.calls["cloudwatch.DescribeAlarms"] / 10
    owners = "application-autoscaling.DescribeScalableTargets"
    assert many.calls[owners] < one.calls[owners] / 10


def test_what_is_charged_is_the_sum_of_its_groups() -> None:
    """Nothing is charged twice, and nothing is left out."""
    found = live(make())
    for each in found.cases:
        assert each.usd == pytest.approx(PRICES.usd(complete(each.usage, PRICES)))
    assert found.standing["alarms"] == pytest.approx(0.10 * WATCHERS)


def test_a_price_of_ones_own_changes_its_group_alone() -> None:
    """Twice the price of an alarm, and nothing else."""
    dearer = {
        **PRICES.prices,
        "cloudwatch.alarms": PRICES.prices["cloudwatch.alarms"]._replace(usd=0.2),
    }
    trace = generate_day(START, minutes=60)
    (listed,) = study(AWS, [make()], trace, PRICES, minutes=60, names=("quiet",)).cases
    own = PRICES._replace(prices=dearer)
    (found,) = study(AWS, [make()], trace, own, minutes=60, names=("quiet",)).cases
    changed = {name for name in found.groups if found.groups[name] != listed.groups[name]}
    assert changed == {"alarms"}
    assert found.groups["alarms"] == pytest.approx(2 * listed.groups["alarms"])


def test_every_kind_of_resource_is_simulated_by_its_own_calls() -> None:
    """A component's copies and a group's instances are asked of their own services."""
    component = make("part", resource={"inference_component": "part"})
    group = make("fleet", resource={"auto_scaling_group": "fleet"})
    found = case(live(component, group), "busy").usage.calls
    assert found["sagemaker.UpdateInferenceComponentRuntimeConfig"] > 0
    assert found["autoscaling.SetDesiredCapacity"] > 0
    assert found["autoscaling.DescribePolicies"] > 0


def overload(comparison: Comparison | None) -> StepPolicy:
    """Add two above 90 %."""
    sides = {"comparison": comparison} if comparison else {}
    return StepPolicy("overload", "gpu", 90.0, (Step(0.0, None, 2),), **sides)  # type: ignore[arg-type]


def test_others_are_priced_by_the_same_policies() -> None:
    """Both metrics each minute; two alarms for one that tracks, one for a step on one side."""
    both = (Metric("calls", source=SUM), Metric("gpu", Unit.PERCENT, source=GPU))
    policies = (TrackingPolicy("track", "calls", 100.0), overload(Comparison.GREATER_OR_EQUAL))
    rivals = price_rivals([make(metrics=both, policies=policies)], PRICES)
    assert rivals.polling == pytest.approx(2 * MINUTES * 0.01 / 1_000)
    assert rivals.native == pytest.approx(0.30)
    ratio = {"expression": "a / b", **{f"{one}.{key}": SUM[key] for one in "ab" for key in SUM}}
    ratio["b.metric"] = "Invocations"
    math = price_rivals([make(metrics=(Metric("calls", source=ratio),))], PRICES)
    assert math.native == pytest.approx(0.40)  # two metrics in each alarm
    only_out = replace(policies[0], disable_scale_in=True)
    quick = Metric("calls", source=SUM, period=timedelta(seconds=10))
    rivals = price_rivals([make(metrics=(quick,), policies=(only_out,))], PRICES)
    assert rivals.native == pytest.approx(0.30)
    ahead = make(metrics=both[:1], policies=(PredictivePolicy("ahead", "calls", 100.0),))
    assert price_rivals([ahead], PRICES).native == 0  # nobody else has such a policy


SHAPES: Mapping[str, dict[str, Any]] = {
    "ratio": {
        "metrics": (Metric("gpu", Unit.RATIO, source=GPU),),
        "policies": (overload(Comparison.GREATER_OR_EQUAL),),
    },
    "both sides": {
        "metrics": (Metric("gpu", Unit.PERCENT, source=GPU),),
        "policies": (overload(None),),
    },
    "total": {
        "metrics": (Metric("calls", per=Per.TOTAL, source=SUM),),
        "heartbeat": timedelta(minutes=1),
    },
}


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_metric_of_any_shape_shows_what_makes_its_policy_act(shape: str) -> None:
    """Whatever its unit, and whether it is of an instance or of all."""
    found = case(live(make(**SHAPES[shape])), "busy").usage
    assert found.wakes["changed"] > 0


def test_a_target_that_may_go_to_zero_goes_there_and_is_quiet() -> None:
    """Nobody asks for anything: no instance, and no decision after the last."""
    zero = make(
        metrics=(Metric("calls", source=SUM), Metric("queue", per=Per.TOTAL, source=SUM)),
        zero=ZeroRule("queue"),
        resource={"inference_component": "chat"},
    )
    zero = replace(zero, min_capacity=0)
    quiet = case(live(zero, names=("quiet",)), "quiet").usage.scaled(HOURS_4 / MINUTES)
    assert quiet.wakes["changed"] == pytest.approx(1)


def test_many_targets_are_represented_by_some_evenly() -> None:
    """So that a config of a thousand answers in as many seconds as one of twenty-five."""
    targets = [make(f"chat-{index}") for index in range(100)]
    assert [each.id for each in choose(targets, 4)] == ["chat-0", "chat-25", "chat-50", "chat-75"]
    assert list(choose(targets[:3], 25)) == targets[:3]
    assert (find_length(1), find_length(10), find_length(1_000)) == (MINUTES, 4_320, 1_440)


def test_a_gap_in_the_traffic_is_as_the_minute_before_it() -> None:
    """It is no reason to scale in."""
    steady = Trace(START, (1_000.0,) * 60)
    gaps = Trace(START, (1_000.0, *(None,) * 58, 1_000.0))
    one, other = (
        study(AWS, [make()], trace, PRICES, minutes=60, capacity_per_instance=200.0).cases[1].usage
        for trace in (steady, gaps)
    )
    assert one.calls == other.calls


def test_a_run_less_another_leaves_what_it_has_more() -> None:
    """Also below nought, where the other has more."""
    some, others = Usage(), Usage()
    some.call("a.B", "x", 3)
    others.call("a.C")
    left = some.less(others)
    assert dict(left.calls) == {"a.B": 1, "a.C": -1}
    assert dict(left.scaled(2).amounts) == {"x": 6}
