"""How is a cloud's own load test ordered and waited for, or its memory of an endpoint asked?"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from flyball.cli.benches import Advisor, Given, choose_best
from flyball.cli.failure import complain, refuse
from flyball.cli.options import read_duration, read_instant
from flyball.cli.pairs import read_pairs, read_single

if TYPE_CHECKING:
    from flyball.cli.benches import Kinds
    from flyball.order import Order, Phase, Quantile
    from flyball.recipe import Span
    from flyball.sizing.benchmark import Benchmark
    from flyball.sizing.saturation import LatencyObjective
    from flyball.trial import Bench, Trial

MODES = ("default", "advanced")
MANY = ("candidate", "content-type", "environment", "phase")
ONCE = (
    *("role", "model", "payload", "domain", "task", "framework", "framework-version"),
    *("nearest-model", "name", "endpoint", "stop-after", "max-tests", "max-at-once"),
    "max-invocations",
)
HINTS = (
    ("start it again", "--again"),
    ("payload: a model has none", "--order payload=s3://… --order content-type=text/csv"),
    ("needs an instance type", "--order candidate=ml.c5.large"),
    ("traffic: phase", "--order phase=1:1:10m"),
    ("duration: seconds", "--order stop-after=1h"),
    ("only an advanced trial has that", "--start advanced"),
    ("give another name", "--order name=NAME"),
)
"""By what a remedy says, the option that does it."""
USUAL_DAYS = 14
SERVICE = "cloudwatch"
KEPT_QUANTILES = (0.95, 0.99)
REST = time.sleep
"""Waits for seconds."""


class Ordering(NamedTuple):
    """What the options say of a trial, as it was typed.

    Attributes:
        job: Name of one that exists; None: none is named.
        mode: Of MODES, to start one; None: none is started.
        order: NAME=VALUE, of what is tried.
        again: Start another where the one of the same order came to nothing.
        region: AWS's.
    """

    job: str | None
    mode: str | None
    order: Sequence[str]
    again: bool
    region: str | None


class Window(NamedTuple):
    """What the options say of an endpoint's past, as it was typed."""

    service: str | None
    endpoint: str | None
    variant: str | None
    since: str | None
    until: str | None
    region: str | None


def run_trial(ordering: Ordering, latency: LatencyObjective | None, kinds: Kinds) -> Given:
    """Start a trial or find one, wait for its end, and read it.

    Returns:
        A benchmark of each instance type, the best of those of one; and notes.

    Raises:
        TrialError: It was refused, or is not known.
        BenchmarkError: It found nothing.
    """
    from flyball.order import TrialError
    from flyball.sizing.recommended import read_benchmarks
    from flyball.wiring.bench import open_bench

    if ordering.job is None:
        try:
            order, named = _make_order(ordering, latency)
            bench = open_bench(ordering.region)
            name = _begin(bench, order, named, again=ordering.again)
        except TrialError as error:
            hint = next((option for words, option in HINTS if words in str(error)), "")
            raise type(error)(f"{error}: {hint}" if hint else str(error)) from error
    else:
        bench, name = open_bench(ordering.region), ordering.job
    trial = _await(bench, name)
    read = read_benchmarks(trial, kinds.find)
    return choose_best(read.benchmarks, read.notes)._replace(advisor=Advisor(bench, trial))


def await_job(region: str | None, name: str) -> Trial:
    """Wait for the end of a trial that exists.

    Raises:
        TrialError: It is not known, or was not answered for long.
    """
    from flyball.wiring.bench import open_bench

    return _await(open_bench(region), name)


def pull_past(window: Window, instance_type: str, kinds: Kinds) -> Benchmark:
    """Ask how busy an endpoint's variant was, while one instance was alone in service.

    Raises:
        HistoryError: It was refused, or nothing was found.
        BenchmarkError: One instance was seldom alone.
    """
    from flyball.history import HistoryError
    from flyball.sizing.binned import bin_loads
    from flyball.sizing.kept import pull_loads
    from flyball.wiring.bench import open_loads
    from flyball.wiring.past import find_cache

    if window.service != SERVICE:
        refuse(f"--from: got {window.service!r}, expected {SERVICE}")
    if not (window.endpoint and window.variant):
        refuse("--from: give --endpoint and --variant, whose past is meant")
    span = _choose_span(window)
    source = open_loads(window.region)
    try:
        kind = instance_type or source.find_type(window.endpoint, window.variant)
    except HistoryError as error:
        hint = ": --instance-type TYPE" if "instance type it ha" in str(error) else ""
        raise type(error)(f"{error}{hint}") from error
    machine = kinds.find(kind)
    loads = pull_loads(
        source,
        window.endpoint,
        window.variant,
        span,
        find_cache(),
        REST,
    )
    told = f"{span.start:%Y-%m-%d %H:%M} to {span.end:%Y-%m-%d %H:%M} UTC"
    where = f"{window.endpoint}/{window.variant} in CloudWatch, {told}"
    return bin_loads(loads, machine, where)


def _await(bench: Bench, name: str) -> Trial:
    """Wait for a trial's end; where that is given up, say how it is waited for again."""
    from flyball.order import BusyTrialError
    from flyball.sizing.recommended import await_trial

    try:
        return await_trial(bench, name, _tell, REST)
    except BusyTrialError as error:
        again = f"it may go on there: `flyball size --recommender {name}` waits for it again"
        raise BusyTrialError(f"{error}; {again}") from error


def _choose_span(window: Window) -> Span:
    from flyball.history import SETTLED, choose_span
    from flyball.wiring.machine import SystemClock
    from flyball.wiring.past import open_source

    now = SystemClock().now()
    until = _find_midnight(now - SETTLED)
    if window.until is not None:
        until = read_instant("--until", window.until, now, is_past=True)
    since = until - timedelta(days=USUAL_DAYS)
    if window.since is not None:
        since = read_instant("--since", window.since, now, is_past=True)
    return choose_span(since, until, open_source(SERVICE, window.region).keeps, now)


def _find_midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def _begin(bench: Bench, order: Order, name: str, *, again: bool) -> str:
    from flyball.sizing.recommended import begin_trial

    begun = begin_trial(bench, order, name, again=again)
    how = "started" if begun.is_new else "there already, of the same order"
    complain(
        f"trial {begun.name}: {how}; it goes on without this program, and is waited for again by "
        f"`flyball size --recommender {begun.name}`"
    )
    return begun.name


def _tell(trial: Trial) -> None:
    from flyball.report.plain import plain
    from flyball.sizing.recommended import tell_progress

    complain(plain(tell_progress(trial), 2_000))


def _make_order(ordering: Ordering, latency: LatencyObjective | None) -> tuple[Order, str]:
    """Make an order of what was typed, and the name that it is to have; "": none."""
    from flyball.order import Candidate, Order, Payload

    if ordering.mode not in MODES:
        refuse(f"--start: got {ordering.mode!r}, expected {' or '.join(MODES)}")
    told = read_pairs("--order", ordering.order, (*ONCE, *MANY))
    for name in ONCE:
        if len(told.get(name, ())) > 1:
            refuse(f"--order: {name} comes twice: {', '.join(told[name])}")
    once = {name: values[0] for name, values in told.items() if name in ONCE}
    for name in ("role", "model"):
        if name not in once:
            refuse(f"--start: say --order {name}=…: {_EXPLAINED[name]}")
    is_advanced, model = ordering.mode == "advanced", once["model"]
    phases = tuple(_read_phase(each) for each in told.get("phase", ()))
    tried = _read_environment(told.get("environment", ()))
    if tried and "candidate" not in told:
        refuse("--order: environment: say --order candidate=ml.… too, on which it is tried")
    payload = None
    if "payload" in once:
        payload = Payload(
            once["payload"],
            tuple(told.get("content-type", ())),
            *(once.get(each, "") for each in ONCE[3:8]),
        )
    order = Order(
        role=once["role"],
        model="" if model.startswith("arn:") else model,
        package=model if model.startswith("arn:") else "",
        is_advanced=is_advanced,
        candidates=tuple(Candidate(each, tried) for each in told.get("candidate", ())),
        traffic=phases or None,
        payload=payload,
        duration=read_duration("--order stop-after", once["stop-after"])
        if "stop-after" in once
        else None,
        most_tests=_read_count("max-tests", once),
        most_at_once=_read_count("max-at-once", once),
        most_invocations=_read_count("max-invocations", once),
        latency=_keep_latency(latency) if is_advanced else None,
        endpoint=once.get("endpoint", ""),
    )
    return order, once.get("name", "")


_EXPLAINED = {
    "role": "the ARN of the role with which SageMaker makes endpoints and reads the payload",
    "model": "a model's name, or the ARN of a version of a model package",
}


def _read_environment(texts: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Read `NAME=VALUE|VALUE`: the values of a variable of the container that are tried."""
    found = {}
    for name, values in read_single("--order: environment", texts).items():
        found[name] = tuple(each.strip() for each in values.split("|"))
        if not all(found[name]) or len(set(found[name])) < len(found[name]):
            refuse(
                f"--order: environment: got {name}={values!r}, expected NAME=VALUE|VALUE, values "
                "that differ, such as OMP_NUM_THREADS=1|2"
            )
    return found


def _keep_latency(latency: LatencyObjective | None) -> Quantile | None:
    """Let a trial end where the objective is passed, if it can be told of that quantile."""
    from flyball.order import Quantile

    if latency is None or latency.quantile not in KEPT_QUANTILES:
        return None
    return Quantile(max(1, round(latency.latency_ms)), latency.quantile)


def _read_count(name: str, told: dict[str, str]) -> int | None:
    if name not in told:
        return None
    if not told[name].isdecimal():
        refuse(f"--order: {name}: got {told[name]!r}, expected a whole number")
    return int(told[name])


def _read_phase(text: str) -> Phase:
    """Read `1:3:10m`: users at first, new users a minute, and how long."""
    from flyball.order import Phase

    parts = text.split(":")
    if len(parts) != 3 or not all(each.isdecimal() for each in parts[:2]):  # noqa: PLR2004  (as above)
        refuse(
            f"--order: phase: got {text!r}, expected USERS:NEW_USERS_A_MINUTE:DURATION, such as "
            "1:3:10m"
        )
    return Phase(int(parts[0]), int(parts[1]), read_duration("--order phase", parts[2]))
