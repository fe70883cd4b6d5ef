"""What do a target's policies learn from one look, and what do they advise then?

A state follows from the state before and from what the look's row holds: the config, what was seen,
the history, the instant. A row needs no more than the advice; a whole state stands in the first row
of each quarter of an hour, so that what was learned can be worked out again from the rows alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from math import ceil, inf
from typing import TypeVar

from flyball.core.advice import Began, Chosen, Follows, Foresight, Learned
from flyball.core.breach import CLOCK_SKEW, LEARNING_PERIODS
from flyball.core.check import CAPACITY_LIMIT
from flyball.core.codec import canonical
from flyball.core.keep import (
    Adapted,
    digest,
    hold,
    read_adapted,
    read_predictor,
    write_adapted,
    write_predictor,
)
from flyball.core.lead import count_minutes, plan_minutes
from flyball.core.learner import MINUTE, AdaptivePolicy, Learner, PredictivePolicy
from flyball.core.model import Capacity, Datapoint, History, Missing, Observation
from flyball.core.objective import Objective, aim, share
from flyball.core.objective import take as take_latency
from flyball.core.portfolio import Goal, Wanted, absorb, want
from flyball.core.predict import LONGEST_HORIZON, Prediction, Predictor, take
from flyball.core.scene import ready_between
from flyball.core.target import FULL, Metric, ScalableTarget

State = TypeVar("State")

VERSION = 1
"""Of the states' layout: raised when what an earlier one wrote means something else."""
ROUNDING = 1e-6
"""Instances; demand that is carried but for a rounding error needs no further one."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HALF = MINUTE / 2


def learn(
    target: ScalableTarget,
    before: Mapping[str, Learned],
    observation: Observation,
    history: History,
    now: datetime,
    *,
    writes: bool = True,
) -> dict[str, Learned]:
    """Learn what a look shows.

    What was learned is kept where it still fits, also under another policy's name that is gone;
    else the policy begins anew and says why. Of a policy that is gone it is forgotten.

    Args:
        target: Whose.
        before: By policy, as the look before left it; their states are whole.
        observation: What is seen.
        history: As it is decided with; its `policies` do not count.
        now: Aware UTC.
        writes: As text. Else states are held as they are, without a mark, and cannot be written.

    Returns:
        By policy, with whole states. A policy that has seen nothing yet is left out.
    """
    orphans = {each.fits: each for name, each in before.items() if name not in target.learners}
    learned = {}
    for name, policy in target.learners.items():
        fits = describe_fit(policy, target.metric_by_name[policy.metric])
        found = before.get(name) or orphans.get(fits)
        began = Began.FIRST if found is None else Began.CHANGED
        if found is not None and found.fits != fits:
            found = None
        if isinstance(policy, PredictivePolicy):
            after = _predict(target, policy, found, began, observation, history, now, writes)
        else:
            after = _adapt(target, policy, found, began, observation, history, now, writes)
        if after is not None:
            learned[name] = after if after.fits == fits else after._replace(fits=fits)
    return learned


def describe_fit(policy: Learner, metric: Metric) -> str:
    """Say by what a policy learns; what was learned by anything else says nothing of it."""
    kind = "predictive" if isinstance(policy, PredictivePolicy) else "adaptive"
    source = tuple(sorted(each for each in metric.source.items() if each[0] != FULL))
    return f"{kind} {VERSION} {metric.name} {_mark(metric.per.value, source, policy.per_instance)}"


@lru_cache(maxsize=1_024)
def _mark(per: str, source: tuple[tuple[str, str], ...], per_instance: float) -> str:
    return sha256(canonical([per, source, per_instance]).encode()).hexdigest()[:12]


def _predict(
    target: ScalableTarget,
    policy: PredictivePolicy,
    found: Learned | None,
    began: Began,
    observation: Observation,
    history: History,
    now: datetime,
    writes: bool,  # noqa: FBT001  (as learn has it)
) -> Learned | None:
    """Let a predictive policy take in the minutes that are new."""
    found, began, known = _resume(found, began, read_predictor)
    state = known or Predictor()
    lead, delay = _span(target, policy, history)
    horizon = min(lead + delay + 1, LONGEST_HORIZON)
    prediction: Prediction | None = None
    for minute, demand in _demands(target, policy, observation, history, now, state.minute):
        if minute > state.minute:
            state, prediction = take(state, minute, demand, horizon, policy.quantile_ratio)
    if prediction is None:
        return found
    foresight = Foresight(
        _end(state.minute),
        min(ceil(prediction.upper - ROUNDING), CAPACITY_LIMIT),
        horizon * MINUTE,
        prediction.demand,
        prediction.expert,
        prediction.forecast,
        prediction.upper,
        policy.quantile_ratio,
        prediction.error_ratio,
        prediction.judged,
        prediction.is_trusted,
    )
    text = write_predictor(state) if writes else hold(state)
    return _renew(found, began, now, text, foresight=foresight)


def _adapt(
    target: ScalableTarget,
    policy: AdaptivePolicy,
    found: Learned | None,
    began: Began,
    observation: Observation,
    history: History,
    now: datetime,
    writes: bool,  # noqa: FBT001  (as learn has it)
) -> Learned | None:
    """Let an adaptive policy take in the minutes that are new."""
    found, began, known = _resume(found, began, read_adapted)
    state = known or Adapted()
    objective = _watch(target, policy, state.objective, observation, now)
    goal = _aim(target, policy, objective, history)
    portfolio = state.portfolio
    after = portfolio.minute
    for minute, demand in _demands(target, policy, observation, history, now, after):
        portfolio = absorb(portfolio, goal, minute, demand)
    if portfolio is state.portfolio and objective == state.objective and found is not None:
        return found
    wanted = want(portfolio, goal)
    if wanted is None:
        return found
    chosen = _tell(wanted, goal, None if policy.latency_objective is None else share(objective))
    state = Adapted(portfolio, objective)
    text = write_adapted(state) if writes else hold(state)
    return _renew(found, began, now, text, chosen=chosen)


def _resume(
    found: Learned | None, began: Began, read: Callable[[str], State | None]
) -> tuple[Learned | None, Began, State | None]:
    """Read the last state; where that cannot be, it begins anew and says why."""
    state = None if found is None else read(found.state)
    if found is not None and state is None:
        return None, Began.UNREADABLE, None
    return found, began, state


def _renew(
    found: Learned | None,
    began: Began,
    now: datetime,
    state: str,
    foresight: Foresight | None = None,
    chosen: Chosen | None = None,
) -> Learned:
    """Put a state and its advice in the place of the last ones, or begin."""
    fits, since, why = ("", now, began) if found is None else found[:3]
    mark = digest(state) if state else ""
    return Learned(fits, since, why, mark, state, foresight, chosen)


def _watch(
    target: ScalableTarget,
    policy: AdaptivePolicy,
    objective: Objective,
    observation: Observation,
    now: datetime,
) -> Objective:
    """Hold the latency's new minutes against the objective, where there is one."""
    rule = policy.latency_objective
    if rule is None:
        return Objective()
    metric = target.metric_by_name[rule.metric]
    for minute, point in _new_points(metric, observation, now, objective.minute):
        if minute > objective.minute:
            objective = take_latency(
                objective,
                minute,
                is_over=point.value > rule.at_most,
                late_budget_ratio=policy.late_budget_ratio,
            )
    return objective


def _aim(
    target: ScalableTarget, policy: AdaptivePolicy, objective: Objective, history: History
) -> Goal:
    """Say what is wanted of the portfolio, as the target is now."""
    lead, delay = _span(target, policy, history)
    least = max(1, target.min_capacity)
    limit = None
    if policy.cost_limit is not None and target.price_per_hour is not None:
        limit = policy.cost_limit / target.price_per_hour
    budget_ratio = aim(objective, policy.late_budget_ratio)
    return _make_goal(budget_ratio, least, max(least, target.max_capacity), limit, lead, delay)


_make_goal = lru_cache(maxsize=1_024)(Goal)
"""A goal is checked once, not at every look."""


def _span(target: ScalableTarget, policy: Learner, history: History) -> tuple[int, int]:
    """Say how many minutes an order takes, and how many a metric."""
    delay = count_minutes(policy.metric_delay + HALF - timedelta.resolution, 30)
    return plan_minutes(target, history.lead_times, LONGEST_HORIZON - 2 - delay), delay


def _tell(wanted: Wanted, goal: Goal, over_ratio: float | None) -> Chosen:
    choice = wanted.choice
    return Chosen(
        at=_end(wanted.known_minute),
        desired=wanted.instances,
        horizon=goal.horizon_minutes * MINUTE,
        follows=Follows(choice.why.value),
        shadow=wanted.shadow,
        late_ratio=choice.late_ratio,
        cost=choice.cost,
        runner_up=wanted.runner_up or "",
        runner_up_late_ratio=choice.runner_up_late_ratio,
        runner_up_cost=choice.runner_up_cost,
        budget_ratio=goal.late_budget_ratio,
        allowed_ratio=wanted.allowed_ratio,
        budget_left=wanted.budget_left,
        cost_limit=choice.cost_limit,
        forecast=wanted.forecast,
        error_ratio=wanted.scale,
        quantile=wanted.quantile,
        headroom_ratio=wanted.headroom_ratio,
        floor=wanted.floor,
        backlog=wanted.backlog,
        over_ratio=over_ratio,
    )


def _demands(
    target: ScalableTarget,
    policy: Learner,
    observation: Observation,
    history: History,
    now: datetime,
    after: int,
) -> Iterator[tuple[int, float]]:
    """Give the minutes after one that are shown, in order: demand in instances that it keeps busy.

    A value per instance is multiplied by the instances in service in that minute; where that is not
    known, or none was, the minute is unknown.
    """
    metric = target.metric_by_name[policy.metric]
    for minute, point in _new_points(metric, observation, now, after):
        total = point.value
        if metric.per_instance:
            ready = _count_ready(point, metric, history)
            if not ready:
                continue
            total *= ready
        yield minute, total / policy.per_instance


def _new_points(
    metric: Metric, observation: Observation, now: datetime, after: int
) -> Iterator[tuple[int, Datapoint]]:
    """Give the datapoints that can be believed of minutes after one, with those minutes."""
    series = observation.metrics.get(metric.name)
    if series is None or isinstance(series, Missing):
        return
    first = EPOCH + (after + 1) * MINUTE + HALF
    for point in series[-LEARNING_PERIODS:]:
        if point.at < first or not 0 <= point.value < inf:
            continue
        if -CLOCK_SKEW <= now - point.at <= metric.max_age:
            yield (point.at - HALF - EPOCH) // MINUTE, point


def _count_ready(point: Datapoint, metric: Metric, history: History) -> float:
    """Count who was in service in a datapoint's minute; between two counts, their mean."""
    if point.ready is not None:
        return point.ready
    if not history.ready:
        return 0.0
    least, most = ready_between(history, Capacity(0, 0), point.at, metric.period)
    return (least + most) / 2


def _end(minute: int) -> datetime:
    return EPOCH + (minute + 1) * MINUTE
