"""What does a cloud's own load test of a model say about one instance?

It may take an hour, and lives on without us: to wait is to ask for it by its name, now and then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

from flyball.core.shape import NamedTuple
from flyball.order import BusyTrialError, Order, TrialError, name_order
from flyball.sizing.benchmark import Benchmark, BenchmarkError, Machine, Resource, Step
from flyball.sizing.catalog import find_machine
from flyball.sizing.percent import convert_percent
from flyball.trial import ENDED, Bench, Finding, Part, Status, Trial

POLL_S = 30.0
"""From one look to the next; each of them is two calls."""
MOST_WAIT_S = 300.0
"""Each look that is not answered doubles the wait, up to this."""
MOST_LOST = 10
"""So many looks in a row that are not answered end the waiting: half an hour."""
ATTEMPTS = 20
QUANTILE = 0.95
"""Of which a latency is where the trial does not say: what it asks of a load test's limits."""
UNSAID = f"of which percentile its latency is it does not say; taken for p{100 * QUANTILE:g}"
NEAR_RATIO = 0.95
"""From this part of a trial's own limit on it is that which ended it."""
STOPPED = "it stopped at its own limit: what one instance carries beyond that was not tried"
NOT_ONE = "is not of one instance"
SPENT = frozenset({Status.FAILED, Status.STOPPING, Status.STOPPED, Status.DELETED})

Tell = Callable[[Trial], None]
Find = Callable[[str], Machine]


class Begun(NamedTuple):
    """A trial that is there.

    Attributes:
        name: By which it is found again.
        is_new: It was started now.
    """

    name: str
    is_new: bool


class Read(NamedTuple):
    """What a trial says.

    Attributes:
        benchmarks: One of each configuration that was tried, with notes of its own; never empty.
        notes: Of which nothing is known, and why.
    """

    benchmarks: tuple[Benchmark, ...]
    notes: tuple[str, ...]


def begin_trial(bench: Bench, order: Order, name: str = "", *, again: bool = False) -> Begun:
    """Start a trial, or find the one of the same order.

    Args:
        bench: Who runs it.
        order: What is tried.
        name: Of one's own; "": it follows from the order.
        again: Start another one where the one that is there came to nothing.

    Raises:
        TrialError: It was refused, or the one that is there came to nothing.
    """
    names = [name] if name else [name_order(order, each) for each in range(1, ATTEMPTS + 1)]
    for each in names:
        if bench.start(each, order):
            return Begun(each, is_new=True)
        trial = bench.look(each)
        if trial.status not in SPENT:
            return Begun(each, is_new=False)
        if not again or name:
            how = "give another name" if name else "start it again"
            why = f": {trial.failure}" if trial.failure else ""
            raise TrialError(f"trial {each}: it is {trial.status.value}{why}; {how}")
    raise TrialError(f"trial {names[0]}: {ATTEMPTS} of the same order came to nothing; change it")


def await_trial(
    bench: Bench,
    name: str,
    tell: Tell,
    rest: Callable[[float], None],
    limit: timedelta | None = None,
) -> Trial:
    """Wait for a trial's end, however it ends.

    Args:
        bench: Who runs it.
        name: Its name; nothing else is needed to go on waiting.
        tell: Is told at first, and whenever the trial or a part of it has come further.
        rest: Waits for seconds.
        limit: How long is waited in all; None: as long as it takes.

    Raises:
        TrialError: It is not known, was not answered for long, or goes on beyond the limit.
    """
    left_s = limit.total_seconds() if limit is not None else None
    lost, last = 0, None
    while True:
        wait_s = POLL_S
        try:
            trial = bench.look(name)
        except BusyTrialError:
            lost += 1
            if lost == MOST_LOST:
                raise
            wait_s = min(POLL_S * 2**lost, MOST_WAIT_S)
        else:
            lost = 0
            stage = trial.status, [part.status for part in trial.parts]
            if stage != last:
                last = stage
                tell(trial)
            if trial.status in ENDED:
                return trial
        if left_s is not None:
            if left_s <= 0:
                raise TrialError(
                    f"trial {name}: it goes on, beyond {limit}; wait for it again by its name, "
                    "or stop it"
                )
            wait_s = min(wait_s, left_s)
            left_s -= wait_s
        rest(wait_s)


def tell_progress(trial: Trial) -> str:
    """Say where a trial is, in one line."""
    done = [part for part in trial.parts if part.status is Status.COMPLETED]
    words = [f"{trial.name}: {trial.status.value}"]
    if trial.parts:
        words.append(f"{len(done)} of {len(trial.parts)} load tests done")
    for status in (Status.RUNNING, Status.FAILED):
        names = [name_finding(part.finding) for part in trial.parts if part.status is status]
        if names:
            words.append(f"{status.value}: {', '.join(names)}")
    if trial.failure:
        words.append(trial.failure)
    return "; ".join(words)


def read_benchmarks(trial: Trial, find: Find = find_machine) -> Read:
    """Read what was found, one benchmark of each configuration.

    What is found of an instance is the most that it answered: one step of load. What one part of a
    trial that failed or was stopped has found is found.

    Args:
        trial: As it is now; it need not have ended.
        find: Looks an instance type up.

    Raises:
        BenchmarkError: Nothing was found; the message says why, of each.
    """
    benchmarks, notes = [], []
    if trial.status not in (Status.COMPLETED, Status.PENDING, Status.RUNNING):
        why = f": {trial.failure}" if trial.failure else ""
        notes.append(f"{trial.name}: it is {trial.status.value}{why}")
    for finding in _list_findings(trial):
        label = label_finding(trial, finding)
        why = _tell_missing(finding, trial)
        if why:
            notes.append(f"{label}: {why}")
            continue
        try:
            machine = find(finding.instance_type)
        except BenchmarkError as error:
            notes.append(f"{label}: {error}")
            continue
        if machine.price_per_hour is None:
            machine = machine._replace(price_per_hour=finding.price_per_hour)
        step, left = _make_step(finding, trial.quantile, machine)
        is_peak = _is_peak(finding, trial)
        if not is_peak:
            left.append(STOPPED)
        benchmarks.append(
            Benchmark(
                (step,),
                machine,
                label,
                tuple(left),
                is_peak=is_peak,
                setup=_find_setup(finding, trial),
            )
        )
    if not benchmarks:
        told = "; ".join(notes) or f"{trial.name}: it is {trial.status.value}, with no result"
        remedy = "mend that, or order other instance types, and start it again"
        if trial.status not in ENDED:
            remedy = "wait for it, or start it again with other instance types"
        raise BenchmarkError(f"{told}; {remedy}")
    return Read(tuple(benchmarks), tuple(notes))


def label_finding(trial: Trial, finding: Finding) -> str:
    """Name what a trial tried, as the benchmark's source."""
    return f"{trial.name}: {name_finding(finding)}"


def name_finding(finding: Finding) -> str:
    """Name what was tried, such as "ml.c5.large OMP_NUM_THREADS=2"."""
    kind = finding.instance_type or (finding.endpoint and f"endpoint {finding.endpoint}")
    tried = [f"{name}={value}" for name, value in sorted(finding.environment.items())]
    return " ".join([kind or "an instance type", *tried])


def _list_findings(trial: Trial) -> Iterator[Finding]:
    """Give each configuration once: as it is recommended, or else as it was tried."""
    seen = set()
    for finding in (*trial.findings, *(_count(each, trial) for each in trial.existing)):
        seen.add(_key(finding))
        yield finding
    for part in trial.parts:
        if part.status not in (Status.PENDING, Status.RUNNING) and _key(part.finding) not in seen:
            seen.add(_key(part.finding))
            yield _explain_part(part)


def _count(existing: Finding, trial: Trial) -> Finding:
    """Let a part of the trial say what an endpoint that exists is made of, where it does."""
    of_it = (each.finding for each in trial.parts if each.finding.endpoint == existing.endpoint)
    part = next(of_it, existing)
    return existing._replace(instances=part.instances, instance_type=part.instance_type)


def _key(finding: Finding) -> object:
    tried = tuple(sorted(finding.environment.items()))
    return finding.endpoint or (finding.instance_type, tried, finding.failure)


def _explain_part(part: Part) -> Finding:
    """Say of a part that came to nothing at least that."""
    if part.status is Status.COMPLETED or part.finding.failure:
        return part.finding
    return part.finding._replace(failure=f"it is {part.status.value}")


def _tell_missing(finding: Finding, trial: Trial) -> str:
    """Say why a finding is no benchmark of one instance; "": it is one."""
    if finding.failure:
        return finding.failure
    if trial.has_loaded_whole(finding) and finding.instances != 1:
        many = "how many it has the trial does not say"
        if finding.instances is not None:
            many = f"it has {finding.instances}"
        return f"it is of an endpoint as it stands, which {NOT_ONE}: {many}"
    if not finding.instance_type:
        return "it names no instance type (a serverless one has no instances to count)"
    if not finding.invocations or finding.invocations < 0:
        return "it says nothing of invocations"
    return ""


def _is_peak(finding: Finding, trial: Trial) -> bool:
    """Say whether it went on until more load brought no more answers.

    Source: Amazon SageMaker API Reference, RecommendationMetrics (MaxInvocations is the most that
        is expected of an instance) and RecommendationJobStoppingConditions (it stops when flat).
    """
    ended = (
        (finding.invocations, trial.most_invocations),
        (finding.latency_ms, trial.most_latency_ms),
    )
    return not any(value and most and value >= NEAR_RATIO * most for value, most in ended)


def _find_setup(finding: Finding, trial: Trial) -> timedelta:
    """Find how long the model takes until it is ready: there, or else where it took longest.

    Source: Amazon SageMaker API Reference, RecommendationMetrics (ModelSetupTime: to launch new
        compute for a serverless endpoint, by the model's size, its download and its container's
        start). So what a serverless configuration told is of the model on any instance too.
    """
    others = (each.setup_s or 0.0 for each in trial.findings if not each.instance_type)
    return timedelta(seconds=max(0.0, finding.setup_s or max(others, default=0.0)))


def _make_step(
    finding: Finding, quantile: float | None, machine: Machine
) -> tuple[Step, list[str]]:
    """Make the one step that was found, and say what of it is not known."""
    used, notes = {}, []
    asked = ((Resource.CPU, finding.cpu_percent), (Resource.MEMORY, finding.memory_percent))
    for resource, percent in asked:
        if percent is None:
            notes.append(f"its use of {resource.value} is not known")
            continue
        try:
            used[resource] = convert_percent(resource, percent, machine)
        except BenchmarkError as error:
            notes.append(f"{error}, left out")
    late = {}
    if finding.latency_ms is None or finding.latency_ms < 0:
        notes.append("its latency is not known")
    else:
        late[quantile or QUANTILE] = finding.latency_ms
        if quantile is None:
            notes.append(UNSAID)
    began, ended = finding.began, finding.ended
    known = began is not None and ended is not None and ended > began
    answered = finding.invocations or 0.0
    step = Step(
        answered=answered,
        offered=answered,
        duration=ended - began if known and began and ended else timedelta(minutes=1),
        latency_ms=late,
        used_ratio=used,
    )
    return step, notes
