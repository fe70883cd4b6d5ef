"""What does a policy that learns say of its advice, in words?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from flyball.core.advice import Advice, Began, Chosen, Follows, Foresight
from flyball.core.lead import find_lead
from flyball.core.model import History
from flyball.core.predict import FIRST_JUDGED, LOSES, WINS
from flyball.core.target import ScalableTarget
from flyball.report.figures import duration, instant, number
from flyball.report.plain import plain

FOLLOWS: Mapping[Follows, str] = {
    Follows.COLD: "too little was seen to choose, so a careful shadow is followed",
    Follows.WARY: "too little was seen to choose, and the careful shadow was late, so a dearer one "
    "is followed",
    Follows.CHEAPEST: "the cheapest shadow that keeps the budget is followed",
    Follows.LEAST_LATE: "no shadow keeps the budget at that cost, so the least late is followed",
    Follows.CAPPED: "every shadow is above the cost limit, so the cheapest is followed",
}

BEGAN: Mapping[Began, str] = {
    Began.FIRST: "when it was new",
    Began.CHANGED: "since what it had learned before was of another metric, capacity or kind",
    Began.UNREADABLE: "since what it had learned before could not be read",
}


def tell_advice(advice: Advice | None) -> str:
    """Say what was found out, by which expert or shadow, and against what; "" for nothing."""
    if advice is None:
        return ""
    return tell_foresight(advice) if isinstance(advice, Foresight) else tell_chosen(advice)


def tell_foresight(advice: Foresight) -> str:
    """Say what is foreseen, by whom, and how well it has done against the last value."""
    forecast = _amount(advice.forecast)
    told = (
        f"in {_minutes(advice.horizon)} demand will keep {forecast} instances busy, "
        f"and in {_percent(advice.quantile_ratio)} of the cases at most {_amount(advice.upper)}, "
        f"says expert {plain(advice.expert)}: {advice.desired:,} are needed; "
    )
    if advice.error_ratio is None:
        return f"{told}nothing could be judged yet"
    if advice.is_trusted:
        state = f"trusted while that is at most {LOSES:g}"
    elif advice.judged < FIRST_JUDGED:
        state = f"on probation for the first {FIRST_JUDGED}"
    else:
        state = f"on probation until that is below {WINS:g}"
    return (
        f"{told}its loss is {_amount(advice.error_ratio)} × the last value's, "
        f"by {advice.judged:,} minutes: {state}"
    )


def tell_chosen(advice: Chosen) -> str:
    """Say which shadow is followed, what it did, who came next, and what is left of the budget."""
    told = [f"{FOLLOWS[advice.follows]}: {plain(advice.shadow)}"]
    if advice.cost > 0:
        told.append(
            f"in the last days {_percent(advice.late_ratio)} of its demand was late, "
            f"at {_amount(advice.cost)} instances"
        )
        if advice.runner_up:
            told.append(
                f"next is {plain(advice.runner_up)} with "
                f"{_percent(advice.runner_up_late_ratio)} at {_amount(advice.runner_up_cost)}"
            )
        told.append(f"{_percent(advice.allowed_ratio)} is allowed now")
    if advice.budget_left < 0:
        told.append(f"{_amount(-advice.budget_left)} instance-minutes of budget are owed")
    elif advice.budget_left > 0:
        told.append(f"{_amount(advice.budget_left)} instance-minutes of budget are saved up")
    if advice.over_ratio is not None:
        told.append(
            f"the latency was over its objective in {_percent(advice.over_ratio)} of the minutes, "
            f"so {_percent(advice.budget_ratio)} is aimed at"
        )
    if advice.cost_limit is not None:
        told.append(f"it may cost {_amount(advice.cost_limit)} instances")
    return "; ".join([*told, *_tell_number(advice)])


def tell_learned(target: ScalableTarget, history: History, at: datetime) -> list[str]:
    """Say since when each policy learns, and what lead time was learned.

    Args:
        target: Whose.
        history: As it was decided with.
        at: When.
    """
    told = [
        f"Policy {plain(name)} learns since {instant(each.since, at)}, {BEGAN[each.began]}"
        for name, each in history.policies.items()
    ]
    if target.learners:
        lead = find_lead(target, history.lead_times)
        if lead.seen:
            told.append(
                f"Scale-outs took {duration(lead.p50)}, and 19 of 20 at most {duration(lead.p95)}, "
                f"by the newest {lead.seen}"
            )
        else:
            told.append(f"Scale-outs are taken to last {duration(lead.p95)}, as the config says")
    return told


def _tell_number(advice: Chosen) -> list[str]:
    """Say where the number comes from."""
    told = []
    if advice.forecast is not None and advice.error_ratio is not None:
        told.append(
            f"{_amount(advice.forecast)} instances' worth is expected in "
            f"{_minutes(advice.horizon)}, give or take {_percent(advice.error_ratio)}"
        )
    if advice.floor is not None:
        told.append(f"{_amount(advice.floor)} was reached before and is kept for")
    if advice.backlog > 0:
        told.append(f"{_amount(advice.backlog)} instance-minutes wait")
    return told


def _amount(value: float) -> str:
    return number(float(f"{value:.3g}"))


def _percent(ratio: float) -> str:
    return f"{number(float(f'{100 * ratio:.2g}') if ratio < 0.1 else round(100 * ratio, 1))} %"  # noqa: PLR2004  (of small shares two digits)


def _minutes(span: timedelta) -> str:
    return f"{span // timedelta(minutes=1)} min"
