"""What has a policy that learns found out, and what of it does a decision need?

What it remembers is a text of some kilobytes, which only learning reads. What a decision is made
from is the advice: some numbers, in every row.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from flyball.core.shape import NamedTuple
from flyball.core.word import Word


class Began(Word):
    """Why a policy began to learn when it did."""

    FIRST = "first"
    """Nothing was learned before."""
    CHANGED = "changed"
    """Its kind, its metric or what an instance carries is another than it had learned by."""
    UNREADABLE = "unreadable"
    """What it had learned could not be read: another version wrote it."""


class Follows(Word):
    """Why an adaptive policy follows a shadow."""

    COLD = "cold"
    """Too little was seen: a careful one, by rule."""
    WARY = "wary"
    """Too little was seen, and the careful one was late: one that is at least as dear."""
    CHEAPEST = "cheapest"
    """The cheapest that keeps what is allowed."""
    LEAST_LATE = "least_late"
    """None keeps what is allowed within the limit of cost: the least late within it."""
    CAPPED = "capped"
    """Even the cheapest is above the limit of cost."""


class Foresight(NamedTuple):
    """What a predictive policy advises. Amounts are in instances that demand keeps busy.

    Attributes:
        at: End of the newest minute that it knows, aware UTC.
        desired: Instances.
        horizon: From `at` to the first minute that an order of now can serve.
        demand: In the newest minute.
        expert: Whose forecast it is.
        forecast: Demand one horizon ahead.
        upper: Its quantile: demand is at most that, so often as is asked for.
        quantile_ratio: How often.
        error_ratio: Loss of what was forecast ÷ that of the last value, over the last day or so;
            below 1 it wins. None before the first one could be judged.
        judged: Minutes that were judged, ever.
        is_trusted: It has won; else it is on probation, and asks for nothing.
    """

    at: datetime
    desired: int
    horizon: timedelta
    demand: float
    expert: str
    forecast: float
    upper: float
    quantile_ratio: float
    error_ratio: float | None = None
    judged: int = 0
    is_trusted: bool = False


class Chosen(NamedTuple):
    """What an adaptive policy advises. Amounts are in instances that demand keeps busy.

    Attributes:
        at: End of the newest minute that it knows, aware UTC.
        desired: Instances.
        horizon: From `at` to the first minute that an order of now can serve.
        follows: Why this shadow.
        shadow: Who is followed, in words.
        late_ratio: Its share of late demand over the last days, less what nobody escaped.
        cost: Its mean instances over the last days.
        runner_up: In words; "" where there is none.
        runner_up_late_ratio: Its share.
        runner_up_cost: Its mean instances.
        budget_ratio: The share that may be late, as it was aimed at.
        allowed_ratio: The share that may be late until the account is even.
        budget_left: Demand that may still be late beside the budget to come, instance-minutes;
            below zero it is owed.
        cost_limit: Mean instances that were not to be passed; None: any.
        forecast: Demand one horizon ahead; None where the newest minute is unknown.
        error_ratio: The forecast's mean relative error; likewise.
        quantile: How many of those are added.
        headroom_ratio: Part of the forecast that is added besides.
        floor: Demand that was reached before and is kept for; None: for none.
        backlog: What waits, by the model, instance-minutes.
        over_ratio: With a latency objective: share of minutes over it, in the last day or so.
    """

    at: datetime
    desired: int
    horizon: timedelta
    follows: Follows
    shadow: str
    late_ratio: float = 0.0
    cost: float = 0.0
    runner_up: str = ""
    runner_up_late_ratio: float = 0.0
    runner_up_cost: float = 0.0
    budget_ratio: float = 0.0
    allowed_ratio: float = 0.0
    budget_left: float = 0.0
    cost_limit: float | None = None
    forecast: float | None = None
    error_ratio: float | None = None
    quantile: float = 0.0
    headroom_ratio: float = 0.0
    floor: float | None = None
    backlog: float = 0.0
    over_ratio: float | None = None


Advice = Foresight | Chosen


class Learned(NamedTuple):
    """One policy's state.

    Attributes:
        fits: What it was learned by; of another kind, metric or capacity it says nothing.
        since: When it began to learn, aware UTC.
        began: Why then.
        digest: SHA-256 of `state`, hex, its first 32 digits.
        state: Canonical JSON, bounded; "" in a row that leaves it out.
        foresight: The advice of a predictive policy.
        chosen: The advice of an adaptive policy.
    """

    fits: str
    since: datetime
    began: Began = Began.FIRST
    digest: str = ""
    state: str = ""
    foresight: Foresight | None = None
    chosen: Chosen | None = None
