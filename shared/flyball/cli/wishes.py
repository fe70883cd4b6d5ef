"""What is wanted of an endpoint, as the options say it?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from flyball.cli.failure import refuse
from flyball.cli.loads import read_objective
from flyball.cli.options import read_duration

if TYPE_CHECKING:
    from flyball.sim.trace import Trace
    from flyball.sizing.benchmark import Resource
    from flyball.sizing.expectation import Expectation, Ramp
    from flyball.sizing.limit import Objective
    from flyball.sizing.plan import Wish
    from flyball.sizing.saturation import LatencyObjective

OBJECTIVES = ("availability", "balanced", "cost")
PROMISE = "since Google promises service only of two nodes or more (--at-least 1 does without)"
MINUTE_S = 60
MUCH = 1.1
"""So many times what is said to be the most is more than a rounded figure leaves out."""
SHAPES = ("smooth", "spiky", "ramp", "trace")


class Load(NamedTuple):
    """What the options say of requests, each as it was typed; None: not given.

    Attributes:
        least: Requests a second.
        most: Requests a second.
        growth: By how much more instances.
        shape: Of SHAPES.
        users_per_minute: Of a ramp.
        requests_per_user: Likewise, a minute.
        trace: A file of recorded traffic.
    """

    least: float | None
    most: float | None
    growth: float
    shape: str | None
    users_per_minute: float | None
    requests_per_user: float | None
    trace: Path | None


class Asked(NamedTuple):
    """What the options say, each as it was typed; see flyball.sizing.plan.Wish.

    Attributes:
        objective: Of OBJECTIVES; None: not given.
        latency: Such as "p95<=200ms"; None: not given.
        load: How many requests come.
        at_least: Instances; None: not given.
        lead_time: From an order to its service; None: not given.
        resource: Whose use is limited; None: not given.
        home: Where it is; None: not given.
    """

    objective: str | None
    latency: str | None
    load: Load
    at_least: int | None
    lead_time: str | None
    resource: str | None
    home: str | None


class Wanted(NamedTuple):
    """What is wanted.

    Attributes:
        objective: Which part of the hardware may be used, or how long an answer may take.
        resource: Whose use is tracked; None: what ends first.
        wish: All of it; None: nobody said how many requests come.
        trace: That is expected; None: none is.
        asks_users: What each user of a ramp sends is to be taken from a load test.
        home: Where it is; None: not told.
        notes: What does not fit together, though it is no error.
    """

    objective: Objective | LatencyObjective
    resource: Resource | None
    wish: Wish | None
    trace: Trace | None
    asks_users: bool = False
    home: str | None = None
    notes: tuple[str, ...] = ()


def read_wanted(asked: Asked) -> Wanted:
    """Read what is wanted.

    Raises:
        CommandError: The options do not fit together.
        TraceError: The file of --trace is none.
    """
    from flyball.sizing.benchmark import Resource
    from flyball.sizing.expectation import PROMISED_INSTANCES
    from flyball.sizing.lead import TAKEN
    from flyball.sizing.plan import LEAD_TIME, Wish

    objective = _read_objective(asked)
    resources = [each.value for each in Resource]
    if asked.resource is not None and asked.resource not in resources:
        refuse(f"--resource: got {asked.resource!r}, expected one of {', '.join(resources)}")
    resource = None if asked.resource is None else Resource(asked.resource)
    trace = _read_trace(asked.load.trace)
    try:
        expectation = _expect(asked.load, trace)
    except ValueError as error:
        refuse(name_options(str(error)))
    if expectation is None:
        _refuse_alone({"--at-least": asked.at_least})
        return Wanted(objective, resource, None, None, home=asked.home)
    lead_time, origin = LEAD_TIME, TAKEN
    if asked.lead_time is not None:
        lead_time, origin = read_duration("--lead-time", asked.lead_time), ""
    least, promise = asked.at_least or 1, ""
    if asked.at_least is None and asked.home == "gcp":
        least, promise = PROMISED_INSTANCES, PROMISE
    wish = Wish(objective, expectation, least, lead_time, resource, promise, origin)
    asks = expectation.ramp is not None and asked.load.requests_per_user is None
    return Wanted(objective, resource, wish, trace, asks, asked.home, _doubt(asked.load, trace))


def _read_objective(asked: Asked) -> Objective | LatencyObjective:
    from flyball.sizing.limit import Objective

    if asked.latency is not None:
        if asked.objective is not None:
            refuse("--objective, --latency: give one of the two")
        return read_objective(asked.latency)
    if asked.objective is not None and asked.objective not in OBJECTIVES:
        expected = ", ".join(OBJECTIVES)
        refuse(f"--objective: got {asked.objective!r}, expected one of {expected}, or --latency")
    return Objective(asked.objective or Objective.BALANCED.value)


def _read_trace(path: Path | None) -> Trace | None:
    from flyball.sim.trace import read_trace

    return None if path is None else read_trace(path)


def _expect(asked: Load, trace: Trace | None) -> Expectation | None:
    """Say what is expected; None: nobody said how many requests come at most."""
    from flyball.sizing.expectation import Expectation, Shape, expect_trace

    shape = asked.shape or ("smooth" if trace is None else "trace")
    if shape not in SHAPES:
        refuse(f"--shape: got {shape!r}, expected one of {', '.join(SHAPES)}")
    if (shape == "trace") != (trace is not None):
        refuse("--shape, --trace: traffic that was recorded needs both, or --trace alone")
    ramp = _read_ramp(asked, shape)
    if trace is not None:
        slot = max(1, trace.resolution // timedelta(minutes=1))
        found = expect_trace(trace.requests, asked.growth, slot)
        least = found.least_per_s if asked.least is None else asked.least
        most = found.most_per_s if asked.most is None else asked.most
        _check_order(least, most)
        return replace(found, least_per_s=least, most_per_s=most)
    if asked.most is None:
        growth = None if asked.growth == 1.0 else asked.growth
        _refuse_alone({"--least": asked.least, "--shape": asked.shape, "--growth": growth})
        return None
    _check_order(asked.least or 0.0, asked.most)
    return Expectation(
        asked.least or 0.0,
        asked.most,
        asked.growth,
        Shape(shape),
        ramp=ramp,
    )


def _doubt(asked: Load, trace: Trace | None) -> tuple[str, ...]:
    """Say that more was recorded than is said to be expected."""
    from flyball.report.figures import number
    from flyball.sizing.rounding import show_figure

    known = [] if trace is None else [each for each in trace.requests if each is not None]
    if asked.most is None or not known or max(known) / MINUTE_S <= MUCH * asked.most:
        return ()
    most = max(known) / MINUTE_S
    told = (
        f"the trace has up to {show_figure(most)} requests a second, "
        f"{show_figure(most / asked.most)} times the {number(asked.most)} of --most: instances are "
        "counted for --most, and --evaluate tries the trace as it is. Leave --most out to count "
        "for what was recorded"
    )
    return (told,)


def _check_order(least: float, most: float) -> None:
    """Refuse a least above the most; what is no number is refused later."""
    if least > most > 0.0:
        refuse(
            f"--least, --most: at least {least:,.6g} and at most {most:,.6g}; give less and more"
        )


def _refuse_alone(given: Mapping[str, object]) -> None:
    """Refuse options that say nothing while nobody says how many requests come."""
    for option, value in given.items():
        if value is not None:
            refuse(f"{option}: give --most with it, the most requests a second, or a --trace")


def _read_ramp(asked: Load, shape: str) -> Ramp | None:
    """Say how users come; what each sends is taken from the load test where no option says it."""
    from flyball.sizing.expectation import Ramp
    from flyball.sizing.pattern import REQUESTS_PER_USER

    rate, each = asked.users_per_minute, asked.requests_per_user
    if shape != "ramp":
        if rate is not None or each is not None:
            refuse("--users-per-minute, --requests-per-user: only with --shape ramp")
        return None
    if rate is None:
        refuse("--shape ramp: give --users-per-minute with it, how many new users come")
    for option, value in (("--users-per-minute", rate), ("--requests-per-user", each)):
        if value is not None and not 0.0 < value < math.inf:
            refuse(f"{option}: got {value:g}, expected more than 0")
    return Ramp(rate, REQUESTS_PER_USER if each is None else each)


def name_options(words: str) -> str:
    """Name the option in place of the field."""
    fields = {
        "least_per_s": "--least",
        "most_per_s": "--most",
        "growth_factor": "--growth",
        "at_least": "--at-least",
        "trace": "--trace",
    }
    field, colon, rest = words.partition(":")
    return f"{fields.get(field, field)}{colon}{rest}"
