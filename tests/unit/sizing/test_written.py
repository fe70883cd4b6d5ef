"""Is what is written sound, and does it say what was sized?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from ruamel.yaml import YAML

from flyball import config
from flyball.core.policy import AdaptivePolicy, StepPolicy, TrackingPolicy
from flyball.core.target import CapacityKind, Mode, ScalableTarget
from flyball.sizing.benchmark import Benchmark, Machine, Resource
from flyball.sizing.gauges import WrittenError
from flyball.sizing.habit import Habit
from flyball.sizing.limit import Objective
from flyball.sizing.plan import Sizing
from flyball.sizing.saturation import LatencyObjective
from flyball.sizing.settings import Cooldowns, Kind, Settings, derive_rises, derive_settings
from flyball.sizing.written import write_config
from tests.unit.sizing.sized import ENDPOINT, LARGE, POOL, VARIANT, VERSION, measure, publish


def read(text: str) -> ScalableTarget:
    """Read what was written."""
    (found,) = config.loads(text).scalable_targets
    return found


def write(sizing: Sizing | None = None, settings: Settings | None = None) -> str:
    """Write it for a variant."""
    return write_config(sizing or publish(), "churn", "aws", VARIANT, settings)


def flatten(text: str) -> str:
    """Take comments for one long line."""
    return " ".join(line.strip().removeprefix("# ") for line in text.splitlines())


def test_the_published_policies_come_out() -> None:
    """5,000 a minute, CPU at 100 of 200, 10 s and 100 s, +1, +3 and +4 at 0, 5 and 80."""
    found = read(write())
    assert (found.min_capacity, found.max_capacity) == (1, 8)
    assert found.price_per_hour == 0.1
    assert found.lead_time == timedelta(seconds=100)
    calls, cpu, surge = found.policies
    assert isinstance(calls, TrackingPolicy)
    assert isinstance(cpu, TrackingPolicy)
    assert isinstance(surge, StepPolicy)
    assert (calls.target_value, cpu.target_value) == (5_000.0, 100.0)
    for each in (calls, cpu):
        assert each.scale_out_cooldown == timedelta(seconds=10)
        assert each.scale_in_cooldown == timedelta(seconds=100)
    assert (surge.metric, surge.threshold) == ("cpu", 100.0)
    assert [(each.lower, each.upper, each.adjustment) for each in surge.steps] == [
        (0.0, 5.0, 1.0),
        (5.0, 80.0, 3.0),
        (80.0, None, 4.0),
    ]
    assert found.metric_by_name["calls"].source["metric"] == "InvocationsPerInstance"
    assert found.metric_by_name["cpu"].source["metric"] == "CPUUtilization"
    assert found.mode is Mode.ADVISE


@dataclass(frozen=True)
class Place:
    """Where it is written for, and which policies it has there."""

    id: str
    home: str
    resource: Mapping[str, str]
    values: tuple[float, ...]
    kind: CapacityKind = CapacityKind.RANGE


PLACES = (
    Place("variant", "aws", VARIANT, (5_000.0, 100.0, 100.0), CapacityKind.COUNT),
    Place("local", "local", {"endpoint": "churn"}, (5_000.0, 50.0, 50.0), CapacityKind.COUNT),
    Place("endpoint", "gcp", ENDPOINT, (5_000.0, 50.0, 50.0)),
    Place("pool", "gcp", POOL, (50.0, 50.0)),
    Place("version", "gcp", VERSION, (5_000.0, 50.0, 50.0)),
)


@pytest.mark.parametrize("case", PLACES, ids=lambda case: case.id)
def test_each_home_has_its_units(case: Place) -> None:
    """Percent of one on Google, 100 for each core on AWS."""
    text = write_config(publish(), "churn", case.home, case.resource)
    found = read(text)
    values = [
        each.target_value if isinstance(each, TrackingPolicy) else each.threshold
        for each in found.policies
        if isinstance(each, (TrackingPolicy, StepPolicy))
    ]
    assert values == pytest.approx(case.values)
    assert found.home == case.home
    assert found.resource == case.resource
    assert found.capacity_kind is case.kind
    assert found.mode is (Mode.APPLY if case.home == "local" else Mode.ADVISE)
    assert ("Inside the range" in text) == (case.home == "gcp")


@pytest.mark.parametrize("case", PLACES, ids=lambda case: case.id)
def test_every_value_says_where_it_comes_from(case: Place) -> None:
    """A comment stands above bounds, price, lead time and the first of the policies."""
    lines = write_config(publish(), "churn", case.home, case.resource).splitlines()
    keys = ("min_capacity:", "max_capacity:", "price_per_hour:", "lead_time:")
    for key in (*keys, "- name: surge", "scale_out: {cooldown"):
        at = next(index for index, line in enumerate(lines) if line.strip().startswith(key))
        above = lines[at - 1].strip()
        assert above.startswith("#"), (key, above)
    assert max(map(len, (each for each in lines if each.strip().startswith("#")))) <= 100


@pytest.mark.parametrize("case", PLACES, ids=lambda case: case.id)
def test_no_value_has_more_digits_than_mean_anything(case: Place) -> None:
    """Of a load test whose figures are odd; each is held at no more than was read off."""
    odd = measure()
    steps = [
        replace(
            each,
            answered=0.997904 * each.answered,
            used_ratio={resource: 0.98888 * used for resource, used in each.used_ratio.items()},
        )
        for each in odd.steps
    ]
    sizing = publish(replace(odd, steps=tuple(steps)))
    text = write_config(sizing, "churn", case.home, case.resource)
    digits = [each.replace(".", "").lstrip("0") for each in re.findall(r"\d+\.\d+", text)]
    assert [each for each in digits if len(each) > 4] == []
    assert (sizing.limit.invocations.middle, sizing.saturation.invocations) == (5_045.0, 9_979.0)
    tracked = {
        each.metric: each for each in read(text).policies if isinstance(each, TrackingPolicy)
    }
    if "calls" in tracked:
        assert tracked["calls"].target_value == 5_045.0
        assert "capacity_per_instance: 9979\n" in text


def test_cores_are_explained() -> None:
    """And 200 % told to be all of two."""
    text = flatten(write())
    assert "CloudWatch counts 100 for each core: 200 where all 2 are used" in text
    assert "70 requests a second ÷ (5000 a minute and instance ÷ 60), rounded up" in text
    assert "Kept within 4500 to 5500" in text
    assert "kept within 90 to 110" in text


def test_the_alternative_in_the_comment_is_sound() -> None:
    """What is written beside the policies can stand in their place."""
    lines = write().splitlines()
    begin = next(index for index, line in enumerate(lines) if "# - name: on-budget" in line)
    policies = lines.index("    policies:")
    block = [line.replace("# ", "", 1) for line in lines[begin:] if "# " in line]
    (found,) = read("\n".join(lines[: policies + 1] + block) + "\n").policies
    assert isinstance(found, AdaptivePolicy)
    assert found.capacity_per_instance == 10_000.0


def test_adaptive_is_written_alone() -> None:
    """It holds by itself what one instance carries, and how many may be late."""
    settings = derive_settings(publish(), kind=Kind.ADAPTIVE, late_ratio=0.02)
    found = read(write(settings=settings))
    (policy,) = found.policies
    assert isinstance(policy, AdaptivePolicy)
    assert (policy.capacity_per_instance, policy.late_budget_ratio) == (10_000.0, 0.02)
    assert [each.name for each in found.metrics] == ["calls"]


def test_a_budget_of_nothing_is_the_least_there_is() -> None:
    """An adaptive policy takes no budget of zero."""
    settings = derive_settings(publish(), kind=Kind.ADAPTIVE, late_ratio=0.0)
    (policy,) = read(write(settings=settings)).policies
    assert isinstance(policy, AdaptivePolicy)
    assert policy.late_budget_ratio == 0.0001


def test_a_pool_cannot_learn_from_requests() -> None:
    """Google does not count them."""
    settings = derive_settings(publish(), kind=Kind.ADAPTIVE)
    with pytest.raises(WrittenError, match="choose tracking"):
        write_config(publish(), "churn", "gcp", POOL, settings)


@pytest.mark.parametrize(
    ("home", "resource", "low"),
    [("aws", VARIANT, 50.0), ("gcp", POOL, 25.0), ("local", {"endpoint": "churn"}, 25.0)],
    ids=["aws", "pool", "local"],
)
def test_steps_alone_come_and_go(home: str, resource: dict[str, str], low: float) -> None:
    """+1, +3 and +4, and one fewer at half the target; nothing else is read."""
    settings = derive_settings(publish(), kind=Kind.STEPS)
    found = read(write_config(publish(), "churn", home, resource, settings))
    surge, calm = found.policies
    assert isinstance(surge, StepPolicy)
    assert isinstance(calm, StepPolicy)
    assert [each.adjustment for each in surge.steps] == [1.0, 3.0, 4.0]
    assert [each.adjustment for each in calm.steps] == [-1.0]
    assert (calm.threshold, calm.cooldown) == (low, timedelta(seconds=100))
    assert [each.name for each in found.metrics] == [surge.metric]


def test_steps_alone_need_what_they_step_on() -> None:
    """Google counts predictions of all replicas, and says nothing of each."""
    sizing = publish(measure(None))
    settings = derive_settings(sizing, kind=Kind.STEPS)
    with pytest.raises(WrittenError, match="choose tracking"):
        write_config(sizing, "churn", "gcp", ENDPOINT, settings)


def test_a_large_fleet_steps_in_percent() -> None:
    """Of what there is."""
    settings = derive_settings(publish()).change("more", max_capacity=80)
    settings = replace(settings, rises=derive_rises(80))
    text = write(settings=settings)
    assert "{from: 0, to: 5, percent: 25}" in text
    surge = read(text).policies[2]
    assert isinstance(surge, StepPolicy)
    assert [each.adjustment for each in surge.steps] == [25.0, 75.0, 100.0]


def test_windows_say_how_reliable_they_are() -> None:
    """And begin a lead time and a minute early."""
    habits = (Habit("mon-fri", 8, 18, 4, 19, 20), Habit("mon-sun", 20, 24, 2, 28, 28))
    settings = derive_settings(publish(), habits=habits)
    text = write_config(publish(), "churn", "aws", VARIANT, settings, time_zone="Europe/Berlin")
    found = read(text)
    assert "On 19 of 20 days of the history (95%), 4 instances or more" in flatten(text)
    assert [(each.name, each.floor) for each in found.windows] == [
        ("mon-fri-08-18", 4),
        ("mon-sun-20-24", 2),
    ]
    assert found.early == timedelta(seconds=160)
    assert YAML(typ="safe").load(text)["scalable_targets"][0]["time_zone"] == "Europe/Berlin"


def test_what_was_changed_says_why() -> None:
    """Beside where it came from."""
    settings = derive_settings(publish()).change(
        "cooler", cooldowns=Cooldowns(timedelta(seconds=5), timedelta(seconds=100))
    )
    text = write(settings=settings.change("a quota", max_capacity=6))
    assert "rounded up. Then: a quota." in text
    assert "Then: cooler." in text
    assert read(text).max_capacity == 6


def test_a_promise_of_two_is_told() -> None:
    """One would do for the least load."""
    text = write(publish(at_least=2))
    assert read(text).min_capacity == 2
    assert "1 would do for the least load; 2 are there in any case" in flatten(text)


def test_an_unknown_price_is_not_made_up() -> None:
    """The key is named."""
    text = write(publish(measure(machine=LARGE._replace(price_per_hour=None))))
    assert read(text).price_per_hour is None
    assert "No price was given: `price_per_hour`" in text


@dataclass(frozen=True)
class Odd:
    """A load test of another kind, and the names of the policies then."""

    id: str
    benchmark: Benchmark
    objective: Objective | LatencyObjective
    names: tuple[str, ...]


ODD = (
    Odd("no use", measure(None), Objective.BALANCED, ("calls-at-5000", "surge")),
    Odd("memory", measure(Resource.MEMORY), Objective.BALANCED, ("calls-at-5000", "surge")),
    Odd(
        "one core",
        measure(machine=Machine(cores=1)),
        Objective.AVAILABILITY,
        ("calls-at-4000", "cpu-at-40", "surge"),
    ),
    Odd(
        "GPUs",
        measure(Resource.GPU, Machine("g", 8, 4)),
        Objective.COST,
        ("calls-at-7000", "gpu-at-280", "surge"),
    ),
)


@pytest.mark.parametrize("case", ODD, ids=lambda case: case.id)
def test_what_was_not_measured_is_not_tracked(case: Odd) -> None:
    """Steps are of use where there is one, else of invocations."""
    found = read(write(publish(case.benchmark, case.objective)))
    assert tuple(each.name for each in found.policies) == case.names


def test_a_latency_objective_is_told() -> None:
    """With its quantile."""
    assert "p95 of 100 ms" in write(publish(objective=LatencyObjective(100.0)))


def test_no_steps_stand_where_there_is_no_room() -> None:
    """At saturation nothing lies between; Google's total is no instance's."""
    held = derive_settings(publish())
    full = replace(held, invocations=publish().saturation.invocations)
    assert not any(isinstance(each, StepPolicy) for each in read(write(settings=full)).policies)
    total = write_config(publish(measure(None)), "churn", "gcp", ENDPOINT)
    assert not any(isinstance(each, StepPolicy) for each in read(total).policies)
    without = replace(held, rises=())
    assert not any(isinstance(each, StepPolicy) for each in read(write(settings=without)).policies)


def test_foreign_text_ends_no_comment() -> None:
    """A file's name with a line feed, or an id that YAML takes for something else."""
    odd = replace(measure(), source="a\nscalable_targets: []\x1b[31m")
    text = write_config(publish(odd), "no", "aws", VARIANT, note="b\nversion: 9")
    assert read(text).id == "no"
    assert "\x1b" not in text


def test_what_no_config_takes_is_refused() -> None:
    """By its key, and with what is expected; a line of no file is not told."""
    with pytest.raises(WrittenError, match=r"^scalable_targets\[0\].id: got \"\", expected"):
        write_config(publish(), "", "aws", VARIANT)
    far = {**ENDPOINT, "location": "nowhere"}
    with pytest.raises(WrittenError, match="resource.location: got 'nowhere', expected a region"):
        write_config(publish(), "churn", "gcp", far)


def test_small_and_large_numbers_are_written_out() -> None:
    """Never with an exponent."""
    small = replace(derive_settings(publish()), invocations=0.00001234)
    assert "target_value: 0.0000123" in write(settings=small)


STEPS = measure().steps
LATE = replace(
    measure(), steps=tuple(replace(each, latency_ms={0.95: each.offered / 80.0}) for each in STEPS)
)


@pytest.mark.parametrize(
    ("sizing", "told"),
    [
        (publish(), "where it carried no more in the load test"),
        (publish(LATE, LatencyObjective(100.0)), "where the load test passed the latency"),
        (
            publish(replace(measure(), steps=STEPS[:5])),
            "as much as the load test asked of it: it may carry more",
        ),
    ],
    ids=["saturated", "late", "ended early"],
)
def test_the_most_is_told_as_what_it_is(sizing: Sizing, told: str) -> None:
    """Of the step policy and of the adaptive one, which stands beside."""
    text = flatten(write(sizing))
    assert f"{told}; the second step begins" in text
    assert f"Of one instance, {told}." in text
    assert text.count("it may carry more") in (0, 2)
