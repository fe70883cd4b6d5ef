"""Does a load test say what happens, what was found, and why it ended?"""

from __future__ import annotations

import json

import pytest

from flyball.report.loadtest import (
    ENDINGS,
    RATE,
    USERS,
    as_json,
    conclude,
    heads,
    row,
    tell_end,
    tell_latency,
    tell_moment,
    tell_step,
)
from flyball.sizing.benchmark import Benchmark, Resource, Step
from flyball.sizing.load.drive import Course, Moment, Phase
from flyball.sizing.load.ladder import Ending, Held
from flyball.sizing.load.tally import DROPPED, REFUSED, Tick, find_bin
from flyball.sizing.saturation import LatencyObjective

FEW = Step(600.0, 600.0, 1.0, latency_ms={0.95: 9.0}, used_ratio={Resource.CPU: 0.5})
MANY = Step(60_000.0, 80_000.0, 1_024.0, latency_ms={0.95: 12_345.0})
COURSE = Course(
    held=[Held(1.0, FEW), Held(1_024.0, MANY)],
    failed={"503": 3, REFUSED: 40, DROPPED: 5},
    ending=Ending.REFUSED,
    elapsed_s=26.0,
)
BENCHMARK = Benchmark(COURSE.steps, source="http://localhost/")


def test_a_step_has_a_row_of_all_that_any_has() -> None:
    """What one lacks is a dash."""
    steps = [FEW, MANY]
    assert heads(steps, USERS) == ["users", "answered/s", "p95", "failed", "CPU"]
    assert row(FEW, USERS, steps) == ["1", "10", "9.0 ms", "0.0%", "50%"]
    assert row(MANY, USERS, steps) == ["1,024", "1,000", "12.3 s", "25.0%", "–"]
    rate = Step(0.0, 90.0)
    assert tell_step(rate, RATE) == (
        "asked/s 1.5  answered/s 0.0  p50 –  p90 –  p95 –  p99 –  failed 100.0%"
    )


def test_a_moment_is_one_line() -> None:
    """Of the load, the rate, the latency and the failures of the last second."""
    tick = Tick(0.5, answered=99, failed={"503": 1}, bins={find_bin(20.0): 99}, waiting=4)
    told = tell_moment(Moment(Phase.HOLDING, 8.0, 61.0, tick), [tick, tick], USERS)
    assert told == "8 users  holding  198/s answered  p95 20 ms  1.0% failed  61 s"
    told = tell_moment(Moment(Phase.DRAINING, 0.0, 3.0, tick), [Tick(0.5, waiting=4)], RATE)
    assert told == "4 waiting  draining  0.0/s answered  p95 –  0.0% failed  3 s"


def test_what_was_found_and_why_it_ended_is_said() -> None:
    """And what failed, most of it first."""
    found, ended, failed = conclude(COURSE, BENCHMARK, None)
    assert "requests a minute" in found
    assert ended == ENDINGS[Ending.REFUSED]
    assert failed == (
        "Failed: 40 × the connection was refused; 5 × not sent, for --max-users were under way "
        "already; 3 × status 503"
    )
    (throttled,) = tell_end(Course(ending=Ending.SATURATED, failed={"429": 7}))
    assert throttled.startswith("Failed: 7 × status 429: somebody allows no more calls")
    lost = Course(ending=Ending.LOST, trouble="it fell over")
    assert conclude(lost, None, None) == [f"{ENDINGS[Ending.LOST]} it fell over"]
    assert conclude(Course(ending=Ending.SATURATED), None, None) == []


def test_what_is_no_measure_of_an_instance_is_called_so() -> None:
    """Where the least load failed."""
    told = conclude(Course(), Benchmark((Step(205.0, 1_000.0, 1.0),)), None)
    assert "no measure of an instance: 79.5% of the calls failed" in told[0]


@pytest.mark.parametrize(
    ("course", "option"),
    [
        (Course([Held(1.0, FEW)], ending=Ending.LIMIT), "--max-users"),
        (Course([Held(1.0, FEW)], left_out=[2.0], ending=Ending.LIMIT), "--max-rate"),
        (Course([Held(9.0, Step(9.0, 9.0))], ending=Ending.LIMIT), "--max-rate"),
        (Course(ending=Ending.TIME), "--max-time"),
    ],
    ids=["users", "calls held back", "a rate", "time"],
)
def test_the_hard_limit_that_ended_it_is_named(course: Course, option: str) -> None:
    """By its option, and no other's."""
    assert as_json(course, None, None)["limit"] == option
    (said,) = conclude(course, None, None)
    assert [each for each in ("--max-users", "--max-rate", "--max-time") if each in said] == [
        option
    ]


@pytest.mark.parametrize("ending", Ending)
def test_every_ending_has_words(ending: Ending) -> None:
    """But the one that the saturation's own sentence says."""
    assert bool(ENDINGS[ending]) is (ending is not Ending.SATURATED)


def test_json_has_the_benchmark_and_what_was_found() -> None:
    """Of nothing, none; where all failed an objective cannot be judged."""
    found = json.loads(json.dumps(as_json(COURSE, BENCHMARK, LatencyObjective(10.0, 0.95))))
    assert found["ending"] == "refused"
    assert found["benchmark"]["steps"][0]["users"] == 1.0
    assert found["saturation"]["bound"] in {"exact", "at_most"}
    assert as_json(Course(), None, None)["saturation"] is None
    nothing = Benchmark((Step(0.0, 60.0, 1.0),))
    failed = json.loads(json.dumps(as_json(COURSE, nothing, LatencyObjective(10.0, 0.95))))
    assert failed["saturation"]["cause"] == "failures"


@pytest.mark.parametrize(
    ("latency_ms", "said"), [(0.04, "0.0 ms"), (9.96, "10.0 ms"), (1_234.0, "1,234 ms")]
)
def test_a_latency_has_a_unit_that_suits_it(latency_ms: float, said: str) -> None:
    """Milliseconds, up to ten seconds."""
    assert tell_latency(latency_ms) == said


def test_a_limit_on_calls_is_no_end_of_an_instance() -> None:
    """More workers would answer no more; where few of the failures are of it, it is not named."""
    steps = (
        Step(1_200.0, 1_200.0, 1.0, used_ratio={Resource.CPU: 0.1}),
        Step(2_000.0, 2_400.0, 2.0, used_ratio={Resource.CPU: 0.2}),
    )
    for failed, limited in (({"429": 60, "500": 7}, True), ({"429": 3, "500": 60}, False)):
        course = Course(ending=Ending.SATURATED, failed=failed)
        said = conclude(course, Benchmark(steps), None)[0]
        assert ("Somebody allows no more calls than this" in said) is limited
        assert ("more workers may answer more" in said) is not limited
        assert as_json(course, Benchmark(steps), None)["throttled"] is limited


@pytest.mark.parametrize(
    ("users", "said"),
    [
        pytest.param((1, 2), "1 user is well and 2 too much, with none between", id="one and two"),
        pytest.param((2, 3), "2 users are well and 3 too much", id="two and three"),
        pytest.param((2, 4), "", id="one between, that was not held"),
        pytest.param((20, 21), "", id="near enough"),
    ],
)
def test_where_no_users_are_between_a_rate_is_named(users: tuple[int, int], said: str) -> None:
    """Which begins at what was answered well."""
    well, bad = (
        Held(users[0], Step(5_040.0, 5_040.0, users[0])),
        Held(users[1], Step(3_000.0, 9_000.0, users[1])),
    )
    course = Course([well, bad], ending=Ending.SATURATED)
    told = conclude(course, Benchmark(course.steps), None)
    assert len(told) == 1 + bool(said)
    assert said in told[-1]
    assert told[-1].endswith("--rate --start 84.") is bool(said)
