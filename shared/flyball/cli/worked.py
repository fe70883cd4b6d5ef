"""What arrives for workers, which config is theirs, and what becomes of their messages?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from flyball.cli.failure import refuse
from flyball.cli.options import read_duration

if TYPE_CHECKING:
    from flyball.cli.subjects import Setting
    from flyball.core.target import ScalableTarget
    from flyball.report.queue import Sizing
    from flyball.sim.slots import Course
    from flyball.sizing.follow import Trial, Tried
    from flyball.sizing.worker import Group, Pool, Workers

MOST_RATE = 1e7
MOST_INSTANCES = 100_000
LEAST_S = 1e-6
ROUNDED_RATIO = 1e-3
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
"""When a shape that was not recorded begins; nothing rests on it."""
SHAPES = ("smooth", "spiky", "ramp")


class Limits(NamedTuple):
    """What is wanted of workers, as it was typed."""

    latency: str
    seconds: float
    at_a_time: int
    growth: float
    at_least: int
    share: float


class Arrivals(NamedTuple):
    """What arrives, as it was typed; the columns are of times and counts, with their time zone."""

    least: float
    most: float | None
    shape: str
    trace: Path | None
    columns: tuple[str, str, str]


class Asked(NamedTuple):
    """What arrives: in words, least and most a second, and its course."""

    words: str
    least: float
    most: float
    course: Course


def check_numbers(limits: Limits, rates: tuple[float, float | None], price: float | None) -> None:
    """Refuse numbers that are none."""
    longest_s = read_duration("--acceptable-latency", limits.latency).total_seconds()
    if not LEAST_S <= limits.seconds < math.inf:
        refuse(
            f"--seconds-per-message: got {limits.seconds:g}, expected a number of {LEAST_S:f} or "
            "more"
        )
    check_seconds("--seconds-per-message", limits.seconds)
    if longest_s < limits.seconds:
        refuse(
            f"--acceptable-latency: {limits.latency} is less than the {limits.seconds:g} s that "
            "one message takes: no fleet keeps it; accept more, or take a faster type of machine"
        )
    if not 0.0 < limits.share < 1.0:
        refuse(f"--share: got {limits.share:g}, expected a ratio between 0 and 1, such as 0.99")
    if not 1.0 <= limits.growth <= MOST_INSTANCES:
        refuse(f"--growth: got {limits.growth:g}, expected a factor of 1 or more")
    least, most = rates
    if not 0.0 <= least <= MOST_RATE:
        refuse(f"--least: got {least:g}, expected messages a second, 0 to {MOST_RATE:,.0f}")
    if most is not None and not (0.0 < most <= MOST_RATE and least <= most):
        refuse(f"--most: got {most:g}, expected messages a second above 0, and --least or more")
    if price is not None and not 0.0 <= price < math.inf:
        refuse(f"--price: got {price:g}, expected a number of 0 or more")


def check_seconds(where: str, seconds: float) -> None:
    """Refuse a time that would be rounded by a thousandth or more: it is kept in microseconds."""
    kept = timedelta(seconds=seconds).total_seconds()
    if abs(kept - seconds) > ROUNDED_RATIO * seconds:
        refuse(
            f"{where}: got {seconds:.9f}".rstrip("0")
            + f", which is kept as {kept:f}; give whole microseconds"
        )


def check_output(config: Path | None, write: Path | None, *, is_told: bool) -> None:
    """Refuse to write a config where none is made."""
    if config is not None and write is not None:
        refuse("--write: with --config nothing is made; leave one of the two out")
    if write is not None and not is_told:
        refuse("--write: without --most or --trace the bounds are not known; give one of the two")


def ask(arrivals: Arrivals, limits: Limits) -> Asked | None:
    """Say what arrives; None where that was not said."""
    from flyball.sim.slots import Course
    from flyball.sim.trace import read_trace
    from flyball.sizing.expectation import Expectation, Ramp, Shape, draw_course, expect_trace

    least, most, shape, trace, (timestamp, messages, time_zone) = arrivals
    per_minute = limits.at_a_time * 60.0 / limits.seconds
    if shape not in SHAPES:
        refuse(f"--shape: got {shape!r}, expected one of {', '.join(SHAPES)}; or give --trace")
    if trace is not None:
        if most is not None or least:
            refuse("--trace: it says least and most itself; leave --least and --most out")
        found = read_trace(trace, timestamp=timestamp, requests=messages, timezone=time_zone)
        try:
            expected = expect_trace(found.requests)
        except ValueError:
            refuse(f"--trace: {trace}: no message arrives in any minute; give another file")
        words, start, course = trace.name, found.start, found.requests
    elif most is not None:
        ramp = Ramp(1.0, max(most - least, LEAST_S))  # from least to most in an hour
        expected = Expectation(least, most, shape=Shape(shape), ramp=ramp)
        words, start, course = f"A {shape} day", MONDAY, draw_course(expected)
    else:
        return None
    return Asked(
        words, expected.least_per_s, expected.most_per_s, Course(start, course, per_minute)
    )


def read_place(group: str, queue_name: str, pool: str | None, subscription: str) -> Group | Pool:
    """Say what is scaled: the group, unless a pool is given."""
    from flyball.address import REGION
    from flyball.sizing.worker import Group, Pool

    if pool is None:
        return Group(group, queue_name)
    parts = pool.split("/")
    if len(parts) != 3 or not all(parts):  # noqa: PLR2004
        refuse(f"--pool: got {pool!r}, expected PROJECT/LOCATION/POOL, such as shop/europe-west4/p")
    if not REGION.fullmatch(parts[1]):
        refuse(f"--pool: got the location {parts[1]!r}, expected a region, such as europe-west4")
    return Pool(parts[0], parts[1], parts[2], subscription)


def size(
    limits: Limits,
    place: Group | Pool,
    asked: Asked | None,
    price: float | None,
    *,
    backlog_only: bool,
) -> Workers:
    """Size workers: how many messages may wait for each, and between how many workers that is."""
    from flyball.sizing.batch import size_backlog
    from flyball.sizing.worker import Group, Workers, leave_room

    is_group = isinstance(place, Group)
    if not (is_group or limits.at_least):
        refuse("--at-least: got 0, but a pool of Vertex AI has 1 or more")
    latency = read_duration("--acceptable-latency", limits.latency)
    each = timedelta(seconds=limits.seconds)
    backlog = size_backlog(
        latency,
        each,
        least_per_s=asked.least if asked else 0.0,
        most_per_s=asked.most if asked else 0.0,
        growth_factor=limits.growth,
        at_a_time=limits.at_a_time,
        at_least=limits.at_least,
    )
    workers = Workers(
        place,
        backlog,
        latency,
        each,
        limits.at_a_time,
        limits.share,
        follows_arrivals=is_group and not backlog_only,
        price_per_hour=price,
    )
    workers = leave_room(workers, asked.most if asked else 0.0, limits.growth)
    if workers.backlog.max_capacity > MOST_INSTANCES:
        refuse(
            f"--most: it takes {workers.backlog.max_capacity:,} instances; more than "
            f"{MOST_INSTANCES:,} are a mistake in a unit"
        )
    return workers


def read_target(config: Path, name: str | None) -> ScalableTarget:
    """Read the scalable target of a config that is meant: the only one, or the named one."""
    from flyball.cli.validate import load_config

    targets = load_config(config).scalable_targets
    chosen = [each for each in targets if name is None or each.id == name]
    if len(chosen) != 1:
        known = ", ".join(each.id for each in targets[:10])
        wrong = f"{name!r} is not in {config}" if name else f"{config} has several"
        refuse(f"--target: {wrong}; name one of {known}")
    return chosen[0]


def find(
    workers: Workers,
    asked: Asked | None,
    given: ScalableTarget | None,
    setting: Setting,
    timing: str,
) -> tuple[Sizing, Tried | None]:
    """Make the config and try it, or the given one; say with how many at least it were enough."""
    from flyball.report.queue import Sizing
    from flyball.sim.meaning import MeaningError
    from flyball.sizing.follow import Trial, find_backlogs, find_least

    said = _explain(given, setting)
    try:
        values = None if given is None else find_backlogs(given, said)
        found = Sizing(workers, target_values=values)
        if asked is None:
            return found, None
        trial = Trial(
            asked.course,
            setting.leads,
            setting.metric_delay,
            workers.acceptable_latency,
            workers.time_per_message,
            workers.kept_ratio,
            said,
        )
        text, tried = _try(workers, given, trial)
        enough = None
        if not tried[0].keeps:
            target = given or _load(text)
            enough = find_least("enough at least", target, trial)
    except MeaningError as error:
        refuse(str(error))
    tried = [*tried, *([enough] if enough else [])]
    return (
        replace(
            found,
            arrivals=asked.words,
            least_per_s=asked.least,
            most_per_s=asked.most,
            timing=timing,
            tried=tuple(tried),
            config=text,
        ),
        enough,
    )


def _explain(given: ScalableTarget | None, setting: Setting) -> Mapping[str, str]:
    """Say what metrics measure: the user's words, and of our own config what it means by them."""
    from flyball.sizing.worker import MEANINGS

    if given is None:
        return MEANINGS
    unknown = set(setting.said) - {each.name for each in given.metrics}
    if unknown:
        refuse(f"--measures: {given.id} has no metric {min(unknown)!r}")
    return {**MEANINGS, **setting.said}


def _try(workers: Workers, given: ScalableTarget | None, trial: Trial) -> tuple[str, list[Tried]]:
    """Try the config that was given, or make one and try it, and with the backlog alone."""
    from flyball.sizing.follow import drop_policies, try_workers
    from flyball.sizing.worker import ARRIVALS, write_workers

    if given is not None:
        return "", [try_workers("this config", given, trial)]
    text = write_workers(workers)
    target = _load(text)
    if not workers.follows_arrivals:
        return text, [try_workers("backlog", target, trial)]
    alone = drop_policies(target, ARRIVALS)
    return text, [
        try_workers("backlog and arrivals", target, trial),
        try_workers("backlog alone", alone, trial),
    ]


def _load(text: str) -> ScalableTarget:
    from flyball.config import loads

    return loads(text, "the config that is made").scalable_targets[0]


def say(found: Sizing, enough: Tried | None, write: Path | None, *, json: bool) -> None:
    """Print all of it."""
    from flyball.cli import screen
    from flyball.report import queue as told
    from flyball.report.plain import plain

    if json:
        screen.say_json(told.as_json(found, enough))
        return
    for line in told.tell_backlog(found):
        screen.say(plain(line, 500))
    if found.tried:
        screen.say()
        columns = [screen.Column(each, right=bool(each)) for each in told.heads()]
        screen.say_table(columns, told.rows(found))
    for line in told.conclude(found, enough):
        screen.say()
        screen.say_wrapped(line)
    if found.config:
        screen.say()
        if write is None:
            screen.say(found.config, end="")
        else:
            screen.say(f"Written: {plain(str(write), 500)}")
