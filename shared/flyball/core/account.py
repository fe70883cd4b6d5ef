"""Which shadow is followed next: the cheapest of the last days that keeps the budget of lateness?

An account of one's own lateness says how much of the budget is left. Lateness that even the most
careful shadow had was nobody's fault: it is no reason to pay more. And what a shadow may cost is
held against the cheapest one that is a few times as late, so that one spike does not make a week
expensive.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from flyball.core.shape import NamedTuple
from flyball.core.word import Word

INNER_RATIO = 0.84
"""Part of the user's budget that is aimed at: what was true of days past is not quite true next."""
QUARTER_MINUTES = 15
HALF_LIFE_MINUTES = 7 * 1440
DAY_MINUTES = 1440
MEAN_MINUTES = 3 * 1440
BANK_DAYS = 10
"""Most days of budget that are saved up, or owed."""
PAYBACK_DAYS = 3
"""Days in which the account is brought back to nothing."""
SAFETY_RATIO = 0.95
LEAST_ALLOWED_RATIO = 0.2
CHANGE_COST = 8.0
"""Instance-minutes that a change counts for."""
CHANGES_FACTOR = 1.4
CHANGES_FREE = 3.0
DEARER = 1.5
"""Cost is limited to so many times that of the cheapest shadow which keeps the budget,"""
LOOSE_FACTOR = 3.0
LOOSE_DEARER = 1.4
"""and to so many times that of the cheapest which is at most three times as late."""
FIRST_MINUTES = 360
"""Known minutes before the first choice."""
YOUNG_RATIO = 0.8
"""Part of the allowance that is held back at the very beginning, and none after a day."""
SAME_LATE_RATIO = 0.98
"""Of shadows that are late nearly alike, the cheapest is the least late."""
UNLIMITED_MINUTES = 2 * DAY_MINUTES
"""Known minutes in which cost has no limit but the user's: nothing says yet what it is worth."""


class Why(Word):
    """Why a shadow is followed."""

    COLD = "cold"
    """Too little was seen: a careful one, by rule."""
    CHEAPEST = "cheapest"
    """The cheapest that keeps what is allowed."""
    LEAST_LATE = "least_late"
    """None keeps what is allowed within the limit of cost: the least late within it."""
    CAPPED = "capped"
    """Even the cheapest is above the user's limit of cost."""


class Choice(NamedTuple):
    """What was chosen, and against what.

    Attributes:
        why: The rule.
        shadow: The chosen one's index.
        late_ratio: Its share of late demand over the last days, 0–1, less what nobody escaped.
        cost: Its mean instances over the last days.
        runner_up: The next cheapest that keeps what is allowed; None where there is none.
        runner_up_late_ratio: Its share.
        runner_up_cost: Its mean instances.
        allowed_ratio: What the account allowed.
        cost_limit: Mean instances that were not to be passed; None without a limit.
    """

    why: Why
    shadow: int
    late_ratio: float = 0.0
    cost: float = 0.0
    runner_up: int | None = None
    runner_up_late_ratio: float = 0.0
    runner_up_cost: float = 0.0
    allowed_ratio: float = 0.0
    cost_limit: float | None = None


class Account(NamedTuple):
    """What was demanded, and how late we were.

    Attributes:
        known: Minutes that were known, ever.
        minutes: The same, of the last days: halved every seven.
        demand: Demand of the last days, instance-minutes.
        mean: Mean demand over three days, instances.
        balance: Budget that is left, instance-minutes; below zero it is owed.
        tracked: Changes that target tracking would have made in the last days.
    """

    known: int = 0
    minutes: float = 0.0
    demand: float = 0.0
    mean: float = 0.0
    balance: float = 0.0
    tracked: float = 0.0


class Record(NamedTuple):
    """What the shadows did over the last days, by shadow.

    Attributes:
        lates: Late demand that a more careful shadow escaped, instance-minutes.
        costs: Instance-minutes.
        changes: Of capacity.
    """

    lates: Sequence[float]
    costs: Sequence[float]
    changes: Sequence[float]


def _powers(base: float, count: int) -> tuple[float, ...]:
    powers = [1.0]
    for _ in range(count):
        powers.append(powers[-1] * base)
    return tuple(powers)


FADING = _powers(0.999931237762985, QUARTER_MINUTES)
"""What is left of what was counted before so many known minutes: 2 to the -1/HALF_LIFE_MINUTES.

Written out, so that every platform's mathematics has the same bits.
"""


def book(
    account: Account, demand: Sequence[float], late: float, changes: int, late_budget_ratio: float
) -> Account:
    """Enter the known minutes of a quarter.

    Args:
        account: Before it.
        demand: Of the known minutes, instances, shape (n,), n <= 15.
        late: How much of it was late, under what was really ordered.
        changes: That target tracking would have made.
        late_budget_ratio: The user's.
    """
    count = len(demand)
    if not count:
        return account
    fading = FADING[count]
    total = math.fsum(demand)
    known = account.known + count
    mean = account.mean + (total / count - account.mean) * count / min(known, MEAN_MINUTES)
    budget = late_budget_ratio * INNER_RATIO
    most = BANK_DAYS * DAY_MINUTES * mean * budget
    balance = account.balance + budget * total - late
    if known <= DAY_MINUTES:  # a debt of before anything was known would be paid for for days
        balance = 0.0
    return Account(
        known,
        account.minutes * fading + count,
        account.demand * fading + total,
        mean,
        min(most, max(-most, balance)),
        account.tracked * fading + changes,
    )


def choose(
    account: Account,
    record: Record,
    late_budget_ratio: float,
    cost_limit: float | None,
    careful: int,
) -> Choice:
    """Choose the shadow to follow for the next quarter.

    Args:
        account: After the last quarter.
        record: Of all shadows.
        late_budget_ratio: The user's, 0–1.
        cost_limit: Mean instances that the user will not pass; None: any.
        careful: The shadow that is followed while too little was seen.
    """
    if account.known < FIRST_MINUTES or account.demand <= 0.0:
        return Choice(Why.COLD, careful)
    allowed = allow(account, late_budget_ratio)
    rivals = _rivals(account, record)
    limit = _limit(account, rivals, late_budget_ratio * INNER_RATIO)
    if cost_limit is not None:
        limit = min(limit, cost_limit * account.minutes)
    fit = [rival for rival in rivals if rival[1] <= allowed and rival[0] <= limit]
    within = [rival for rival in rivals if rival[0] <= limit]
    if fit:
        why, (best, *others) = Why.CHEAPEST, sorted(fit)[:2]
    elif within:
        least = min(rival[1] for rival in within)
        near = [rival for rival in within if rival[1] * SAME_LATE_RATIO <= least]
        why, (best, *others) = Why.LEAST_LATE, sorted(near)[:2]
    else:
        why, (best, *others) = Why.CAPPED, sorted(rivals)[:2]
    choice = Choice(
        why,
        best[2],
        best[1],
        record.costs[best[2]] / account.minutes,
        allowed_ratio=allowed,
        cost_limit=limit / account.minutes if limit < math.inf else None,
    )
    for _, late, index in others:
        cost = record.costs[index] / account.minutes
        return choice._replace(runner_up=index, runner_up_late_ratio=late, runner_up_cost=cost)
    return choice


def allow(account: Account, late_budget_ratio: float) -> float:
    """Say what share may be late so that the account comes back to nothing in three days."""
    budget = late_budget_ratio * INNER_RATIO
    owed = account.balance / (account.mean * DAY_MINUTES * PAYBACK_DAYS)
    allowed = (budget + owed) * SAFETY_RATIO
    if account.known < DAY_MINUTES:
        allowed *= 1.0 - YOUNG_RATIO * (1.0 - account.known / DAY_MINUTES)
    return max(budget * LEAST_ALLOWED_RATIO, allowed)


def _rivals(account: Account, record: Record) -> list[tuple[float, float, int]]:
    """List cost with changes, late share and index of those that do not change too often.

    Where all do, those that change least are left.
    """
    most = CHANGES_FACTOR * account.tracked + CHANGES_FREE
    most = max(most, min(record.changes))
    return [
        (cost + CHANGE_COST * changes, late / account.demand, index)
        for index, (late, cost, changes) in enumerate(
            zip(record.lates, record.costs, record.changes, strict=True)
        )
        if changes <= most
    ]


def _limit(account: Account, rivals: list[tuple[float, float, int]], budget: float) -> float:
    """Say what may be paid, in instance-minutes."""
    if account.known < UNLIMITED_MINUTES:
        return math.inf
    strict = min((cost for cost, late, _ in rivals if late <= budget), default=math.inf)
    loose = min(
        (cost for cost, late, _ in rivals if late <= LOOSE_FACTOR * budget), default=math.inf
    )
    return min(strict * DEARER, loose * LOOSE_DEARER)
