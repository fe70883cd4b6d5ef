"""Does a load test of the whole endpoint say what broke first, and is that changed?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from flyball.sizing.benchmark import Benchmark, BenchmarkError, Step
from flyball.sizing.concluded import tell_broken, tell_remedy, tell_verdict
from flyball.sizing.measured import Fleet, Limit, Measured, Verdict, find_rise, measure
from flyball.sizing.mended import Mended, mend
from flyball.sizing.pattern import expect_patterns
from flyball.sizing.plan import Sizing
from flyball.sizing.saturation import LatencyObjective
from flyball.sizing.settings import Cooldowns, Settings, derive_settings
from tests.unit.sizing.fleets import CALM, CASES, LAG, SPIKY, Case, load
from tests.unit.sizing.paces import PACES
from tests.unit.sizing.sized import EXPECTED, publish


def judge(case: Case) -> tuple[Measured, Fleet, Sizing, Mended, str]:
    """Hold the load test against what is expected, and mend what broke."""
    sizing = publish(objective=case.objective, expectation=case.expected)
    settings: Settings = replace(
        derive_settings(sizing, kind=case.kind),
        min_capacity=case.min_capacity,
        max_capacity=case.max_capacity,
        invocations=case.held,
        cooldowns=Cooldowns(case.waits, timedelta(seconds=100)),
    )
    if case.limit is Limit.PACE:
        settings = replace(settings, rises=derive_settings(publish()).rises)
    fleet = Fleet(settings, sizing.saturation.invocations, LAG, case.fixed, bool(case.ended))
    patterns = expect_patterns(case.expected)
    benchmark = Benchmark(case.steps, source="fleet.csv")
    measured = measure(benchmark, sizing, fleet, patterns, case.ended)
    objective = case.objective if isinstance(case.objective, LatencyObjective) else None
    why = tell_broken(measured, fleet, objective, case.expected)
    return measured, fleet, sizing, mend(measured, sizing, fleet, case.most, why), why


@pytest.mark.parametrize("case", [*CASES, *PACES], ids=lambda case: case.id)
def test_the_limit_that_broke_first_is_found_and_moved(case: Case) -> None:
    """With the most that was handled, a sentence with figures, and nothing changed unseen."""
    measured, fleet, _, mended, why = judge(case)
    assert (measured.verdict, measured.limit) == (case.verdict, case.limit)
    assert measured.handled == case.handled
    for words in case.words:
        assert words in why
    assert len(mended.changes) == len(case.changes), mended.changes
    for change, begin in zip(mended.changes, case.changes, strict=True):
        assert change.startswith(begin)
    assert case.obstacle in mended.obstacle
    assert bool(mended.obstacle) is bool(case.obstacle)
    assert case.remedy in tell_remedy(measured, fleet)
    assert bool(tell_remedy(measured, fleet)) is (case.verdict is Verdict.UNKNOWN)


@pytest.mark.parametrize("case", [*CASES, *PACES], ids=lambda case: case.id)
def test_what_is_changed_says_that_it_was_measured(case: Case) -> None:
    """Each value with its reason; what is not changed is as it was."""
    _, fleet, sizing, mended, _ = judge(case)
    names = ("min_capacity", "max_capacity", "invocations", "cooldowns", "rises")
    before, after = fleet.settings, mended.settings
    changed = [name for name in names if getattr(before, name) != getattr(after, name)]
    assert bool(changed) is bool(mended.changes)
    assert set(changed) <= set(after.why)
    if changed:
        assert any(each.startswith("measured on the endpoint: ") for each in after.why.values())
        assert before.min_capacity <= after.min_capacity <= after.max_capacity
        assert before.max_capacity <= after.max_capacity <= max(case.most, before.max_capacity)
    else:
        assert mended.sizing is sizing


def test_an_instance_that_carries_less_is_sized_again() -> None:
    """Its curve is the same, of so much less; a second round goes on from what is in force."""
    case = next(each for each in CASES if each.id.startswith("users are flat where each"))
    _, _, sizing, mended, _ = judge(case)
    assert mended.sizing.saturation.invocations == pytest.approx(4_025.0, rel=0.01)
    assert mended.sizing.limit.invocations.middle == pytest.approx(2_012.0, rel=0.01)
    assert mended.sizing.benchmark.source == "bench.csv, of which each carries 40% in the fleet"
    assert sizing.saturation.invocations == 10_000.0
    settings = replace(mended.settings, invocations=1_500.0)
    fleet = Fleet(settings, 10_000.0, LAG)
    benchmark = Benchmark(case.steps)
    measured = measure(benchmark, sizing, fleet, expect_patterns(CALM))
    again = mend(measured, sizing, fleet, 100, "it broke")
    assert again.settings.invocations == 1_350.0


GROWN = [
    ((load(30_000), load(36_000)), "With growth that is 36,000: handled too."),
    ((load(30_000),), "With growth that is 36,000: not tried."),
    ((load(30_000), load(36_000, 20_000)), "With growth that is 36,000: not handled."),
]


@pytest.mark.parametrize(("steps", "says"), GROWN)
def test_growth_is_told_apart(steps: tuple[Step, ...], says: str) -> None:
    """It is not what has to hold."""
    sizing = publish()
    fleet = Fleet(derive_settings(sizing), 10_000.0, LAG)
    measured = measure(Benchmark(steps), sizing, fleet, expect_patterns(EXPECTED))
    told = tell_verdict(measured, EXPECTED)
    assert told.startswith("It holds: at most 30,000 requests a minute are expected, and 3")
    assert told.endswith(says)


def test_an_endpoint_that_broke_is_told() -> None:
    """Though no load that was held to its end failed."""
    sizing = publish()
    fleet = Fleet(derive_settings(sizing), 10_000.0, LAG)
    benchmark = Benchmark((load(9_000, served=2), load(20_000, served=4)), broke=True)
    measured = measure(benchmark, sizing, fleet, expect_patterns(EXPECTED))
    assert (measured.verdict, measured.limit) == (Verdict.BREAKS, Limit.INSTANCE)
    told = tell_broken(measured, fleet, None, EXPECTED)
    assert told.startswith("At 20,000 requests a minute it answered nothing any more at the end")


def test_a_latency_that_was_not_measured_is_asked_for() -> None:
    """With what was."""
    sizing = publish(objective=LatencyObjective(100.0, 0.99), benchmark=_measure_p99())
    fleet = Fleet(derive_settings(sizing), 10_000.0, LAG)
    with pytest.raises(BenchmarkError, match="p99 was not measured, only p95"):
        measure(Benchmark((load(1_000),)), sizing, fleet, expect_patterns(EXPECTED))


def _measure_p99() -> Benchmark:
    steps = [load(each * 1_000.0, min(each * 1_000.0, 10_000.0)) for each in range(1, 14)]
    return Benchmark(tuple(replace(each, latency_ms={0.99: 40.0}) for each in steps))


def test_what_is_expected_to_grow_is_of_what_has_to_hold() -> None:
    """A ramp of three users a minute, each with 60 requests, for three minutes; or all at once."""
    calm = find_rise(expect_patterns(CALM), LAG)
    assert calm == pytest.approx(3 * 3 * 60.0)
    assert find_rise(expect_patterns(SPIKY), LAG) == pytest.approx(430.0 * 60)
    assert find_rise((), LAG) == 0.0
