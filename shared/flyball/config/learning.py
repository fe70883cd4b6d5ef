"""What do the settings of a policy that learns mean, and can it learn from what is there?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from flyball.config.entry import Entry
from flyball.config.make import make_missing
from flyball.config.policies import AdaptiveSettings, PredictiveSettings
from flyball.config.profile import Defaults
from flyball.config.report import Report
from flyball.config.source import Place
from flyball.core.learner import (
    LEARNERS_LIMIT,
    LONGEST_HORIZON,
    MINUTE,
    AdaptivePolicy,
    LatencyObjective,
    Learner,
    PredictivePolicy,
)
from flyball.core.policy import Policy
from flyball.core.target import Metric, ScalableTarget, Unit

METRIC_DELAY = {"local": MINUTE, "aws": MINUTE, "gcp": 3 * MINUTE}
LEAD_TIME = timedelta(minutes=5)
"""The engine's, where the file says none."""


def make_learner(
    settings: PredictiveSettings | AdaptiveSettings,
    place: Place,
    home: str,
    defaults: Defaults,
    report: Report,
) -> Learner | None:
    """Make a policy that learns."""
    if isinstance(settings, PredictiveSettings):
        return _make_predictive(settings, place, home, report)
    return _make_adaptive(settings, place, home, defaults, report)


def _make_predictive(
    settings: PredictiveSettings, place: Place, home: str, report: Report
) -> PredictivePolicy | None:
    quantile = 0.9 if settings.quantile is None else settings.quantile
    delay = METRIC_DELAY[home] if settings.metric_delay is None else settings.metric_delay
    return report.attempt(
        place,
        {},
        lambda: PredictivePolicy(
            settings.name, settings.metric, settings.target_value, quantile, delay
        ),
    )


def _make_adaptive(
    settings: AdaptiveSettings, place: Place, home: str, defaults: Defaults, report: Report
) -> AdaptivePolicy | None:
    objective = settings.latency_objective
    return report.attempt(
        place,
        {},
        lambda: AdaptivePolicy(
            settings.name,
            settings.metric,
            settings.capacity_per_instance,
            late_budget_ratio=0.01 if settings.late_budget is None else settings.late_budget,
            cost_limit=settings.cost_limit,
            latency_objective=(
                None if objective is None else LatencyObjective(objective.metric, objective.at_most)
            ),
            metric_delay=(
                METRIC_DELAY[home] if settings.metric_delay is None else settings.metric_delay
            ),
            missing=make_missing(settings.missing, defaults.missing),
        ),
    )


def list_learners(policies: Sequence[Policy]) -> list[Learner]:
    """List those that learn."""
    return [each for each in policies if isinstance(each, (PredictivePolicy, AdaptivePolicy))]


def fit_rest(entry: Entry, policies: Sequence[Policy], rest: dict[str, Any]) -> None:
    """Let an adaptive policy hold by itself, where the author asks for no window of it."""
    adapts = any(isinstance(each, AdaptivePolicy) for each in policies)
    if adapts and entry.get("scale_in")[0] is None:
        rest["scale_in"] = replace(rest["scale_in"], stabilization_window=timedelta())


def check_learners(
    entry: Entry, policies: Sequence[Policy], metrics: Mapping[str, Metric], rest: Mapping[str, Any]
) -> None:
    """See that what learns is shown amounts, minute by minute, and can be of use."""
    learners = list_learners(policies)
    for policy in learners[LEARNERS_LIMIT:]:
        message = f"more than {LEARNERS_LIMIT} policies learn"
        entry.report.add(entry.places["policy", policy.name], message, "remove one of them")
    tick, tick_at = entry.get("tick")
    if learners and tick is not None and tick > MINUTE:
        message = f"{learners[0].name} learns from every minute"
        entry.report.add(tick_at, message, "write 60s or less")
    for policy in learners:
        place = entry.places["policy", policy.name]
        _check_metrics(entry, policy, place, metrics)
        limit = policy.cost_limit if isinstance(policy, AdaptivePolicy) else None
        if (
            limit is not None
            and rest["price_per_hour"] is None
            and entry.is_whole("price_per_hour")
        ):
            entry.report.add(
                place.at("cost_limit"),
                "price_per_hour is missing beside the policies",
                "give one instance's price an hour",
            )
        lead = rest.get("lead_time", LEAD_TIME)
        if lead + policy.metric_delay > LONGEST_HORIZON:
            message = "lead_time and metric_delay are more than an hour together"
            hint = "of what starts more slowly, no forecast of minutes is of use"
            entry.report.add(place, message, hint)


def doubt_learners(
    target: ScalableTarget, places: Mapping[tuple[str, str], Place]
) -> Iterator[tuple[Place, str, str]]:
    """Find forecasts that nobody takes back, or that are made twice."""
    adapts = any(isinstance(each, AdaptivePolicy) for each in target.learners.values())
    for policy in target.learners.values():
        if not isinstance(policy, PredictivePolicy):
            continue
        place = places["policy", policy.name]
        if len(target.measured) == len(target.learners) and not adapts:
            hint = "add a target tracking policy, or write kind: adaptive"
            yield place, "it only raises: nothing here ever scales in", hint
        elif adapts:
            hint = "remove it: an adaptive policy forecasts by itself"
            yield place, "it raises what the adaptive policy beside it has chosen", hint


def _check_metrics(
    entry: Entry, policy: Learner, place: Place, metrics: Mapping[str, Metric]
) -> None:
    found = metrics.get(policy.metric)
    if found is not None and found.unit is not Unit.NUMBER:
        message = f"the unit of {found.name} is {found.unit.value}, expected number"
        hint = "a utilization does not show what is over capacity: count calls or tokens"
        entry.report.add(place.at("metric"), message, hint)
    objective = policy.latency_objective if isinstance(policy, AdaptivePolicy) else None
    named = [(policy.metric, place.at("metric"))]
    if objective is not None:
        named.append((objective.metric, place.at("latency_objective", "metric")))
    for name, where in named:
        metric = metrics.get(name)
        if metric is None and objective is not None and name == objective.metric:
            known = ", ".join(sorted(metrics)) or "none: list them under metrics"
            if entry.is_whole("metrics", "policies"):
                entry.report.add(where, f"there is no metric {name}", f"known: {known}")
        elif metric is not None and metric.period != MINUTE:
            seconds = metric.period.total_seconds()
            message = f"the period of {name} is {seconds:g}s, expected 60s"
            entry.report.add(where, message, "it learns from minutes")
