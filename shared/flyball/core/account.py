"""Which shadow is followed next: the cheapest of the last days that keeps the budget of lateness?

An account of one's own lateness says how much of the budget is left. Lateness that even the most
careful shadow had was nobody's fault: it is no reason to pay more. And what a shadow may cost is
held against the cheapest one that would keep the budget if its worst day had not been: one spike
does not make a week expensive, but what comes back on another day is paid for.
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
PAYBACK_DAYS = 4
"""Days in which the account is brought back to nothing."""
SAFETY_RATIO = 0.9
LEAST_ALLOWED_RATIO = 0.2
CHANGE_COST = 8.0
"""Instance-minutes that a change counts for."""
CHANGES_FACTOR = 1.35
CHANGES_FREE = 3.0
"""Changes that are free beside so many times those of target tracking,"""
CHANGES_PRICE = 4.0
"""and what each more counts for: who changes a tenth more often is two fifths dearer."""
CREDIBLE_FACTOR = 1.25
"""Who was late no more than so many budgets without its worst day may well keep the budget."""
DEARER = 1.25
"""Cost is limited to so many times that of the cheapest of those."""
LOOK_MINUTES = 120
"""Known minutes before the careful shadow's own lateness is looked at."""
FIRST_MINUTES = DAY_MINUTES
"""Known minutes before the first choice among all."""
YOUNG_RATIO = 0.3
YOUNG_MINUTES = 7 * DAY_MINUTES
"""Part of the allowance that is held back at the beginning, and less and less until then."""
SAME_LATE_RATIO = 0.98
"""Of shadows that are late nearly alike, the cheapest is the least late."""
UNLIMITED_MINUTES = 2 * DAY_MINUTES
"""Known minutes in which cost has no limit but the user's: nothing says yet what it is worth."""


class Why(Word):
    """Why a shadow is followed."""

    COLD = "cold"
    """Too little was seen: a careful one, by rule."""
    WARY = "wary"
    """Too little was seen, and the careful one was late: one that is at least as dear."""
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
        todays: Part of `lates` that is of the day which is not over yet.
        worsts: Part of `lates` that is of the one day on which it was most.
    """

    lates: Sequence[float]
    costs: Sequence[float]
    changes: Sequence[float]
    todays: Sequence[float]
    worsts: Sequence[float]


class _Rival(NamedTuple):
    """A shadow as it stands for a choice; they sort by cost.

    Attributes:
        cost: Of the last days, instance-minutes, its changes counted.
        late_ratio: Its share of late demand, 0–1.
        shadow: Its index.
        usual_ratio: The same share, but for its worst day.
        billed: Its cost without its changes, instance-minutes.
    """

    cost: float
    late_ratio: float
    shadow: int
    usual_ratio: float
    billed: float


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
    if account.known < LOOK_MINUTES or account.demand <= 0.0:
        return Choice(Why.COLD, careful)
    budget = late_budget_ratio * INNER_RATIO
    most = math.inf if cost_limit is None else cost_limit * account.minutes
    if account.known < FIRST_MINUTES:
        why, best = _begin(_rank(account, record), budget, most, careful)
        return _tell(why, [best], account, budget, most)
    allowed = allow(account, late_budget_ratio)
    rivals = _rank(account, record)
    limit = _limit(account, rivals, budget)
    within = [rival for rival in rivals if rival.cost <= limit and rival.billed <= most]
    fit = [rival for rival in within if rival.late_ratio <= allowed]
    if fit:
        why, order = Why.CHEAPEST, fit
    elif within:
        why, order = Why.LEAST_LATE, _least_late(within)
    else:
        why, order = Why.CAPPED, rivals
    return _tell(why, sorted(order)[:2], account, allowed, min(limit, most))


def allow(account: Account, late_budget_ratio: float) -> float:
    """Say what share may be late so that the account comes back to nothing in four days."""
    budget = late_budget_ratio * INNER_RATIO
    owed = account.balance / (account.mean * DAY_MINUTES * PAYBACK_DAYS)
    allowed = (budget + owed) * SAFETY_RATIO
    if account.known < YOUNG_MINUTES:
        allowed *= 1.0 - YOUNG_RATIO * (1.0 - account.known / YOUNG_MINUTES)
    return max(budget * LEAST_ALLOWED_RATIO, allowed)


def _begin(rivals: list[_Rival], budget: float, most: float, careful: int) -> tuple[Why, _Rival]:
    """Follow the careful shadow, or where that was late one that is at least as dear."""
    own = rivals[careful]
    within = [rival for rival in rivals if rival.billed <= most]
    if not within:
        return Why.CAPPED, min(rivals)
    if own.billed > most:
        return Why.LEAST_LATE, min(_least_late(within))
    if own.late_ratio <= budget:
        return Why.COLD, own
    dearer = [rival for rival in within if rival.billed >= own.billed]
    fit = [rival for rival in dearer if rival.late_ratio <= budget]
    return Why.WARY, min(fit or _least_late(dearer))


def _tell(why: Why, order: list[_Rival], account: Account, allowed: float, limit: float) -> Choice:
    """Say who is followed, and who would be next."""
    best, *others = order
    choice = Choice(
        why,
        best.shadow,
        best.late_ratio,
        best.billed / account.minutes,
        allowed_ratio=allowed,
        cost_limit=limit / account.minutes if limit < math.inf else None,
    )
    for rival in others:
        return choice._replace(
            runner_up=rival.shadow,
            runner_up_late_ratio=rival.late_ratio,
            runner_up_cost=rival.billed / account.minutes,
        )
    return choice


def _least_late(rivals: list[_Rival]) -> list[_Rival]:
    """Leave those who are nearly the least late."""
    least = min(rival.late_ratio for rival in rivals)
    return [rival for rival in rivals if rival.late_ratio * SAME_LATE_RATIO <= least]


def _rank(account: Account, record: Record) -> list[_Rival]:
    """Say of each shadow how late it was, and what it cost with its changes."""
    most = CHANGES_FACTOR * account.tracked + CHANGES_FREE
    return [
        _Rival(
            (cost + CHANGE_COST * changes) * (1.0 + CHANGES_PRICE * max(0.0, changes / most - 1.0)),
            late / account.demand,
            shadow,
            max(0.0, late - worst) / account.demand,
            cost,
        )
        for shadow, (late, cost, changes, _, worst) in enumerate(zip(*record, strict=True))
    ]


def _limit(account: Account, rivals: list[_Rival], budget: float) -> float:
    """Say what may be paid, in instance-minutes."""
    if account.known < UNLIMITED_MINUTES:
        return math.inf
    credible = [rival.cost for rival in rivals if rival.usual_ratio <= CREDIBLE_FACTOR * budget]
    return DEARER * min(credible, default=math.inf)
