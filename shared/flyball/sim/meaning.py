"""Which number of a simulated endpoint is it that a metric of any home measures?

A metric is known by its service's name for it. One that nobody knows has to be explained; a latency
has no meaning without a model of it. What an instance that carries no more shows may be said.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import NamedTuple

from flyball.adapters.local.metrics import IN_PERCENT, METRICS, Fold, Measure, Minute
from flyball.config.cloudwatch import name_statistics
from flyball.config.full import FULL, read_full
from flyball.core.target import Metric, Per, ScalableTarget, Unit

REQUESTS = "requests"
UTILIZATION = "utilization"
BACKLOG = "backlog"
REFUSED = "refused"
LATENCY = "latency"
MEANINGS = (REQUESTS, UTILIZATION, f"{UTILIZATION}:FULL", BACKLOG, REFUSED, f"{LATENCY}:BASE")
"""What may be said of a metric."""
USUAL_FULL = 100.0
"""What a utilization shows, as a policy is written, of an instance that carries no more."""
DROPPED = "dropped"
"""A simulated endpoint's own name of what it refused."""
COUNTS = ("", "sum", "delta", "samplecount")
"""Statistics of a metric of requests that count them, in lower case."""
PER_SECOND = "rate"
KNOWN: tuple[tuple[str, str], ...] = (
    ("nocapacity", REFUSED),
    ("backlog", BACKLOG),
    ("queue", BACKLOG),
    ("messagessent", REQUESTS),
    ("messages", BACKLOG),
    ("latenc", LATENCY),
    ("latency", LATENCY),
    ("duration", LATENCY),
    ("responsetime", LATENCY),
    ("timetofirst", LATENCY),
    ("utilization", UTILIZATION),
    ("dutycycle", UTILIZATION),
    ("cpuusage", UTILIZATION),
    ("invocations", REQUESTS),
    ("requestcount", REQUESTS),
    ("requestspertarget", REQUESTS),
    ("predictioncount", REQUESTS),
    ("responsecount", REQUESTS),
    ("dropped", REFUSED),
)
"""What a service's name for a metric holds, in lower case without marks: the first that fits."""
FULLEST = 0.99
"""A model of latency takes no instance for fuller: then it is a hundred times the base."""
MINUTE_S = 60


_PLAIN = re.compile(r"|\s*\w+\s*|\s*FILL\(\s*\w+\s*,\s*[\w.]+\s*\)\s*")
"""No expression, or one that changes no value."""
_DIVIDED = re.compile(r"\s*(?:FILL\(\s*)?(\w+)(?:\s*,\s*[\w.]+\s*\))?\s*/\s*(\w+)\s*")
SERVING = "groupinserviceinstances"
"""An Auto Scaling group's instances in service, in lower case."""


class MeaningError(ValueError):
    """It is not known what a metric measures; the message names it and the remedy."""


class Meaning(NamedTuple):
    """What a metric shows.

    Attributes:
        says: One of MEANINGS, for people.
        measure: One slot's value; None where there is none.
        fold: How a longer period's slots become one.
    """

    says: str
    measure: Measure
    fold: Fold


def find_meanings(
    scalable_target: ScalableTarget, said: Mapping[str, str] = {}
) -> dict[str, Meaning]:
    """Say what each metric of a scalable target measures.

    Args:
        scalable_target: Of any home.
        said: By a metric's name, one of MEANINGS that the user says.

    Raises:
        MeaningError: A metric is not known, a latency has no model, or what is said is not one of
            MEANINGS.
    """
    return {
        metric.name: _find(scalable_target.id, metric, said.get(metric.name))
        for metric in scalable_target.metrics
    }


def _find(target: str, metric: Metric, said: str | None) -> Meaning:
    where = f"{target}: metric {metric.name!r}"
    name = metric.source.get("metric", metric.name)
    if said is None and name in METRICS and name != DROPPED:  # a simulated endpoint's own
        return _scale_ratio(metric, Meaning(name, *METRICS[name]))
    word = said or _recognize(metric)
    kind, _, base = word.partition(":")
    if kind == LATENCY:
        return _model_latency(where, metric.name, base, said=said is not None)
    full = _read_full(where, metric, base if kind == UTILIZATION else "")
    if kind not in MEANINGS or (base and kind != UTILIZATION):
        known = "what it measures is not known" if said is None else f"got {said!r}"
        raise MeaningError(
            f"{where}: {known}; say --measures {metric.name}=… with one of {', '.join(MEANINGS)}"
        )
    if kind == UTILIZATION and metric.per is Per.TOTAL:
        raise MeaningError(f"{where}: a utilization is of each instance; write `per: instance`")
    return _make(kind, metric, full)


def find_capacity(
    scalable_target: ScalableTarget, said: Mapping[str, str] = {}
) -> tuple[str, float] | None:
    """Say what one instance serves in a minute, where a metric of requests says when it is full.

    Args:
        scalable_target: Of any home.
        said: As for find_meanings.

    Returns:
        The metric's name, and requests a minute; None: none says it.

    Raises:
        MeaningError: What is said is no number above 0.
    """
    for metric in scalable_target.metrics:
        full = _read_full(f"{scalable_target.id}: metric {metric.name!r}", metric, "")
        if full is not None and (said.get(metric.name) or _recognize(metric)) == REQUESTS:
            is_rate = _find_statistic(metric.source) == PER_SECOND
            seconds = 1 if is_rate else metric.period.total_seconds()
            return metric.name, full * MINUTE_S / seconds
    return None


def _read_full(where: str, metric: Metric, said: str) -> float | None:
    """Read what it shows of an instance that carries no more; None: nobody says it."""
    try:
        return read_full({FULL: said} if said else metric.source)
    except ValueError as error:
        given = said or metric.source[FULL]
        raise MeaningError(f"{where}: {FULL}: got {given}, expected a number above 0") from error


def _recognize(metric: Metric) -> str:
    """Find the meaning of what the source names; "" where its parts or its arithmetic hide it."""
    source = metric.source
    if divided := _DIVIDED.fullmatch(source.get("expression", "")):
        return _recognize_divided(metric, *divided.groups())
    if not _PLAIN.fullmatch(source.get("expression", "")):
        return ""
    names = list(_name(source)) or [metric.name]
    found = {_recognize_name(name) for name in names}
    meaning = found.pop() if len(found) == 1 else ""
    statistic = _find_statistic(source)
    return "" if meaning == REQUESTS and statistic not in (*COUNTS, PER_SECOND) else meaning


def _recognize_divided(metric: Metric, whole: str, by: str) -> str:
    """Find the meaning of what waits, divided by the instances in service; "" of all else."""
    serving = metric.source.get(f"{by}.metric", "").lower() == SERVING
    meaning = _recognize_name(metric.source.get(f"{whole}.metric", ""))
    known = serving and metric.per is Per.INSTANCE and meaning == BACKLOG
    return BACKLOG if known else ""


def _find_statistic(source: Mapping[str, str]) -> str:
    """Give the statistic in lower case; "" where the service's usual one is meant."""
    given = [value for key, value in source.items() if key.rpartition(".")[2] == "statistic"]
    return given[0].lower() if given else ""


def _name(source: Mapping[str, str]) -> list[str]:
    """Give the service's names of what a metric is made of."""
    if "metrics" in source:
        return list(name_statistics(source)) or [""]
    return [value for key, value in source.items() if key.rpartition(".")[2] == "metric"]


def _recognize_name(name: str) -> str:
    plain = "".join(filter(str.isalnum, name.lower()))
    return next((meaning for part, meaning in KNOWN if part in plain), "")


def _make(kind: str, metric: Metric, full: float | None) -> Meaning:
    each = metric.per is Per.INSTANCE
    if kind == REQUESTS:
        measure, fold = METRICS["invocations_per_instance" if each else "invocations"]
        if _find_statistic(metric.source) == PER_SECOND:
            return Meaning(kind, _scale(measure, 1 / 60), METRICS["utilization"][1])
        return Meaning(kind, measure, fold)
    if kind == BACKLOG:
        return Meaning(kind, _share(_backlog) if each else _backlog, METRICS["backlog"][1])
    if kind == REFUSED:
        return Meaning(kind, _share(_refused) if each else _refused, METRICS["dropped"][1])
    measure, fold = METRICS["duty_cycle"]
    if full is not None:
        measure = _scale(measure, full / USUAL_FULL)
    return _scale_ratio(metric, Meaning(UTILIZATION, measure, fold))


def _scale_ratio(metric: Metric, meaning: Meaning) -> Meaning:
    """Show as 0-1 what is in percent, where the metric's unit says so."""
    if metric.unit is not Unit.RATIO or meaning.says not in (*IN_PERCENT, UTILIZATION):
        return meaning
    return meaning._replace(measure=_scale(meaning.measure, 0.01))


def _model_latency(where: str, name: str, base: str, *, said: bool) -> Meaning:
    """Let an answer take its base ÷ (1 − utilization), as of one server with one queue."""
    if not said:
        raise MeaningError(
            f"{where}: a latency cannot be told from a count of requests; give a model of it: "
            f"--measures {name}={LATENCY}:BASE, where BASE is what an idle instance takes, in the "
            "metric's unit"
        )
    try:
        idle = float(base)
    except ValueError:
        idle = math.nan
    if not 0 < idle < math.inf:
        raise MeaningError(f"{where}: got {LATENCY}:{base}, expected a number above 0 after it")

    def measure(minute: Minute, capacity: float) -> float | None:
        if minute.requests is None or not minute.ready:
            return None
        use = (minute.requests + minute.waiting) / (minute.ready * capacity)
        return idle / (1 - min(FULLEST, use))

    return Meaning(LATENCY, measure, METRICS["utilization"][1])


def _scale(measure: Measure, factor: float) -> Measure:
    def scaled(minute: Minute, capacity: float) -> float | None:
        value = measure(minute, capacity)
        return None if value is None else value * factor

    return scaled


def _share(measure: Measure) -> Measure:
    """Divide by the instances in service; none has no share."""

    def shared(minute: Minute, capacity: float) -> float | None:
        value = measure(minute, capacity)
        return None if value is None or not minute.ready else value / minute.ready

    return shared


def _backlog(minute: Minute, _: float) -> float | None:
    return None if minute.requests is None else minute.backlog


def _refused(minute: Minute, _: float) -> float | None:
    """Count what came where nobody served; here it waits instead."""
    if minute.requests is None:
        return None
    return 0.0 if minute.ready else minute.requests
