"""Is a trial found again, waited for, and read as what it says of one instance?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from flyball.order import (
    BusyTrialError,
    Candidate,
    Order,
    TrialError,
    UnknownTrialError,
    name_order,
)
from flyball.sizing.benchmark import BenchmarkError, Machine, Resource
from flyball.sizing.recommended import (
    MOST_LOST,
    Begun,
    await_trial,
    begin_trial,
    read_benchmarks,
    tell_progress,
)
from flyball.trial import Bench, Finding, Part, Status, Trial
from tests.unit.sizing.benches import Fate, MemoryBench, stage

ORDER = Order(
    "arn:aws:iam::123456789012:role/trial",
    package="arn:aws:sagemaker:eu-central-1:123456789012:model-package/churn/3",
    candidates=(Candidate("ml.c5.large"),),
)
NAME = name_order(ORDER)
LARGE = Finding("r1", "e1", "ml.c5.large", {}, 6_000.0, 12.0, 150.0, 40.0, 0.102)
BIG = LARGE._replace(id="r2", endpoint="e2", instance_type="ml.c5.xlarge", environment={"N": "2"})
DONE = Part(Status.COMPLETED, LARGE)
RUNS = Part(Status.RUNNING, BIG._replace(invocations=None))
BROKEN = Part(
    Status.FAILED, Finding(endpoint="e3", instance_type="ml.t2.medium", failure="no memory")
)


def test_the_same_order_is_the_same_trial() -> None:
    """It is started once, and found from then on."""
    bench: Bench
    bench = MemoryBench({NAME: Fate((stage(Status.RUNNING),))})
    assert begin_trial(bench, ORDER) == Begun(NAME, is_new=True)
    assert begin_trial(bench, ORDER) == Begun(NAME, is_new=False)
    assert begin_trial(bench, ORDER, "mine") == Begun("mine", is_new=True)
    assert sorted(each.name for each in bench.find()) == sorted([NAME, "mine"])


@pytest.mark.parametrize("status", [Status.FAILED, Status.STOPPED, Status.STOPPING, Status.DELETED])
def test_one_that_came_to_nothing_is_started_anew_on_request(status: Status) -> None:
    """Under another name, which is as sure to be found again."""
    spent = Fate((stage(status, failure="no quota"),))
    bench = MemoryBench({NAME: spent, name_order(ORDER, 2): Fate((stage(Status.RUNNING),))})
    begin_trial(bench, ORDER)
    says = f"{NAME}: it is {status.value}: no quota; start it again"
    with pytest.raises(TrialError, match=says):
        begin_trial(bench, ORDER)
    second = name_order(ORDER, 2)
    assert begin_trial(bench, ORDER, again=True) == Begun(second, is_new=True)
    assert begin_trial(bench, ORDER, again=True) == Begun(second, is_new=False)


def test_a_name_of_ones_own_is_not_changed() -> None:
    """Another one has to be given."""
    bench = MemoryBench({"mine": Fate((stage(Status.FAILED),))}, {"mine": ORDER})
    with pytest.raises(TrialError, match="mine: it is failed; give another name"):
        begin_trial(bench, ORDER, "mine", again=True)


def test_an_order_that_never_comes_to_anything_is_not_repeated_for_ever() -> None:
    """Twenty times are enough."""
    names = [name_order(ORDER, each) for each in range(1, 21)]
    spent = Fate((stage(Status.FAILED),))
    bench = MemoryBench(dict.fromkeys(names, spent), dict.fromkeys(names, ORDER))
    with pytest.raises(TrialError, match="20 of the same order"):
        begin_trial(bench, ORDER, again=True)


class Waited(NamedTuple):
    """What a waiting came to."""

    trial: Trial
    told: list[str]
    rests: list[float]


def wait(*stages: Trial | None, limit: timedelta | None = None) -> Waited:
    """Wait for a trial that goes through these stages."""
    told: list[str] = []
    rests: list[float] = []
    bench = MemoryBench({"t": Fate(stages)})
    found = await_trial(
        bench, "t", lambda trial: told.append(tell_progress(trial)), rests.append, limit
    )
    return Waited(found, told, rests)


def test_each_thing_that_is_new_is_told_once() -> None:
    """Until it ends."""
    waited = wait(
        stage(Status.PENDING),
        stage(Status.RUNNING, RUNS),
        stage(Status.RUNNING, RUNS),
        stage(Status.RUNNING, DONE, RUNS, BROKEN),
        stage(Status.COMPLETED, DONE, DONE, BROKEN),
    )
    assert waited.told == [
        "t: pending",
        "t: running; 0 of 1 load tests done; running: ml.c5.xlarge N=2",
        "t: running; 1 of 3 load tests done; running: ml.c5.xlarge N=2; failed: ml.t2.medium",
        "t: completed; 2 of 3 load tests done; failed: ml.t2.medium",
    ]
    assert waited.rests == [30.0] * 4
    assert waited.trial.status is Status.COMPLETED


@pytest.mark.parametrize("status", [Status.FAILED, Status.STOPPED, Status.DELETED])
def test_every_end_ends_the_waiting(status: Status) -> None:
    """Its reason is told."""
    waited = wait(stage(Status.STOPPING), stage(status, failure="no quota"))
    assert waited.told[-1] == f"t: {status.value}; no quota"


def test_looks_without_an_answer_are_rarer_and_do_not_end_it() -> None:
    """An answer makes up for all that were lost before it."""
    gone: tuple[None, ...] = (None,) * (MOST_LOST - 1)
    waited = wait(*gone, stage(Status.RUNNING), *gone, stage(Status.COMPLETED))
    assert waited.rests[:5] == [60.0, 120.0, 240.0, 300.0, 300.0]
    assert waited.rests[MOST_LOST - 1] == 30.0
    with pytest.raises(BusyTrialError, match="no answer"):
        wait(*gone, None)


def test_a_waiting_has_a_limit() -> None:
    """The trial goes on, and so may the waiting."""
    with pytest.raises(TrialError, match="t: it goes on, beyond 0:01:10; wait for it again by"):
        wait(stage(Status.RUNNING), limit=timedelta(seconds=70))
    waited = wait(
        stage(Status.RUNNING),
        stage(Status.RUNNING),
        stage(Status.COMPLETED),
        limit=timedelta(seconds=45),
    )
    assert waited.rests == [30.0, 15.0]


def test_a_trial_that_is_not_there_is_not_waited_for() -> None:
    """Whoever typed its name wrong is told at once."""
    with pytest.raises(UnknownTrialError):
        await_trial(MemoryBench(), "x", print, print)


def test_each_configuration_is_a_benchmark() -> None:
    """CPU per core, latency at the quantile of its limit, its price from the trial."""
    began = datetime(2026, 11, 21, tzinfo=UTC)
    first = LARGE._replace(began=began, ended=began + timedelta(minutes=5))
    read = read_benchmarks(stage(Status.COMPLETED, DONE, findings=(first, BIG), quantile=0.99))
    assert read.notes == ()
    small, big = read.benchmarks
    assert small.machine == Machine("ml.c5.large", 2, 0, 0.102)
    assert small.source == "t: ml.c5.large"
    assert big.source == "t: ml.c5.xlarge N=2"
    step = small.steps[0]
    assert (step.answered, step.offered) == (6_000.0, 6_000.0)
    assert step.latency_ms == {0.99: 12.0}
    assert step.used_ratio == {Resource.CPU: 0.75, Resource.MEMORY: 0.4}
    assert step.duration == timedelta(minutes=5)
    assert small.notes == ()
    assert big.steps[0].used_ratio[Resource.CPU] == pytest.approx(0.375)


def test_what_is_not_known_is_told() -> None:
    """It is neither a zero nor a reason to leave out the rest."""
    bare = LARGE._replace(
        latency_ms=None, cpu_percent=None, memory_percent=None, price_per_hour=None
    )
    odd = BIG._replace(cpu_percent=900.0, latency_ms=-1.0)
    read = read_benchmarks(stage(Status.COMPLETED, findings=(bare, odd)))
    assert read.benchmarks[0].steps[0].used_ratio == {}
    assert read.benchmarks[0].steps[0].duration == timedelta(minutes=1)
    assert read.benchmarks[0].machine.price_per_hour is None
    assert read.benchmarks[1].steps[0].used_ratio == {Resource.MEMORY: 0.4}
    assert read.notes == ()
    assert read.benchmarks[0].notes == (
        "its use of cpu is not known",
        "its use of memory is not known",
        "its latency is not known",
    )
    beyond, late = read.benchmarks[1].notes
    assert beyond.startswith("ml.c5.xlarge: cpu: 900 % is not from 0 to 400 %")
    assert late == "its latency is not known"


def test_what_a_trial_found_before_it_was_stopped_is_found() -> None:
    """Its parts tell, each once, and why the others do not."""
    stopped = Part(Status.STOPPED, Finding(instance_type="ml.m5.large"))
    parts = (DONE, DONE, BROKEN, RUNS, stopped, Part(Status.PENDING, Finding()))
    read = read_benchmarks(stage(Status.STOPPED, *parts))
    assert read.benchmarks[0].steps[0].latency_ms == {0.95: 12.0}
    assert read.benchmarks[0].notes == (
        "of which percentile its latency is it does not say; taken for p95",
    )
    assert [each.source for each in read.benchmarks] == ["t: ml.c5.large"]
    assert read.notes == (
        "t: it is stopped",
        "t: ml.t2.medium: no memory",
        "t: ml.m5.large: it is stopped",
    )


class Nothing(NamedTuple):
    """A trial that says nothing, and what is said of it."""

    id: str
    trial: Trial
    says: str


NOTHING = [
    Nothing(
        "failed", stage(Status.FAILED, failure="no quota"), "t: it is failed: no quota; mend that"
    ),
    Nothing("runs", stage(Status.RUNNING), "t: it is running, with no result; wait for it"),
    Nothing("parts", stage(Status.FAILED, BROKEN), "it is failed; t: ml.t2.medium: no memory"),
    Nothing(
        "serverless",
        stage(Status.COMPLETED, findings=(LARGE._replace(instance_type=""),)),
        "t: endpoint e1: it names no instance type",
    ),
    Nothing(
        "nobody",
        stage(Status.COMPLETED, Part(Status.COMPLETED, Finding())),
        "t: an instance type: it names no instance type",
    ),
    Nothing(
        "no invocations",
        stage(Status.COMPLETED, findings=(LARGE._replace(invocations=None),)),
        "ml.c5.large: it says nothing of invocations",
    ),
    Nothing(
        "fewer than none",
        stage(Status.COMPLETED, findings=(LARGE._replace(invocations=-1.0),)),
        "ml.c5.large: it says nothing of invocations",
    ),
    Nothing(
        "a new type",
        stage(Status.COMPLETED, findings=(LARGE._replace(instance_type="ml.new.large"),)),
        "ml.new.large: how many cores it has is not known",
    ),
]


@pytest.mark.parametrize("nothing", NOTHING, ids=lambda nothing: nothing.id)
def test_a_trial_without_any_result_says_why(nothing: Nothing) -> None:
    """Of each that was tried."""
    with pytest.raises(BenchmarkError, match=nothing.says):
        read_benchmarks(nothing.trial)


def test_an_instance_type_may_be_looked_up_elsewhere() -> None:
    """Such as by what somebody said on the command line."""
    finding = LARGE._replace(instance_type="ml.new.large")
    read = read_benchmarks(
        stage(Status.COMPLETED, findings=(finding,)), lambda name: Machine(name, 6)
    )
    assert read.benchmarks[0].steps[0].used_ratio[Resource.CPU] == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("stops", "is_peak"),
    [
        ({}, True),
        ({"most_invocations": 1_000.0}, True),
        ({"most_invocations": 605.0}, False),
        ({"most_latency_ms": 100.0}, True),
        ({"most_latency_ms": 41.0}, False),
    ],
    ids=["none", "not come to", "its most", "quick enough", "its latency"],
)
def test_a_trial_goes_on_to_the_most_unless_it_was_to_stop(
    stops: Mapping[str, Any], is_peak: bool
) -> None:
    """Where its own limit ended it, that is noted."""
    finding = Finding(instance_type="ml.c5.large", invocations=600.0, latency_ms=40.0)
    trial = Trial("t", Status.COMPLETED, findings=(finding,))
    (found,) = read_benchmarks(trial._replace(**stops)).benchmarks
    assert found.is_peak is is_peak
    assert any("stopped at its own limit" in note for note in found.notes) is not is_peak
