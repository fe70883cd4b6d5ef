"""How likely is it that a batch ends late, if its items do not all take the same time?

Items are dealt out beforehand, so the whole ends when its slowest place does: the risk is that of
the most of many sums, which grows with their number. Places that draw items from one queue, as they
become free, end closer together: for them it is an upper bound.
"""

from __future__ import annotations

import math

SUM_LIMIT = 100_000.0
"""Above this shape a gamma distribution is taken for its cube root's normal one."""
STEPS_LIMIT = 100_000
"""Terms that a series may take; it takes about ten roots of its shape."""
PRECISION = 1e-14
TINY = 1e-300
NEAR_RATIO = 1e-6
LEAST_BUDGET = 1e-12
"""Of the mean time of an item: less is none."""
EVEN_CV = 1e-6
"""Times that differ less are all alike."""


def find_risk(items: int, places: int, budget: float, cv: float) -> float:
    """Say how likely a late end is.

    The times of items are taken for gamma distributed, of which sums are gamma distributed too:
    of many items it matters little which distribution it is, of few it does.

    Args:
        items: Dealt out evenly, >= 1.
        places: That work at a time, each at an item after another, >= 1.
        budget: What each place has, in mean times of an item.
        cv: Of an item's time: standard deviation ÷ mean, > 0.

    Returns:
        0-1.
    """
    share, more = divmod(items, places)
    each = ((share + 1, more), (share, places - more))
    in_time = 0.0
    for count, number in each:
        if count and number:
            late = find_excess(count, budget, cv)
            if late >= 1.0:
                return 1.0
            in_time += number * math.log1p(-late)
    return max(0.0, -math.expm1(in_time))  # and never -0.0


def find_budget(items: int, places: int, cv: float, risk_ratio: float) -> float:
    """Say what each place has to have, in mean times of an item, for a late end to be so likely.

    Where nearly all that is risked is lost LEAST_BUDGET may be enough already; less is not sought.
    """
    low = high = float(-(-items // places))
    while find_risk(items, places, high, cv) > risk_ratio:
        high *= 2.0
    while low > LEAST_BUDGET and find_risk(items, places, low, cv) <= risk_ratio:
        high, low = low, low / 2.0
    while high - low > high * NEAR_RATIO:
        middle = (low + high) / 2.0
        if find_risk(items, places, middle, cv) <= risk_ratio:
            high = middle
        else:
            low = middle
    return high


def find_excess(count: int, budget: float, cv: float) -> float:
    """Say how likely so many items, one after another, take more than so many mean times.

    Returns:
        0-1: the upper tail of a gamma distribution of shape count ÷ cv².
    """
    if budget <= 0.0:
        return 1.0
    if cv < EVEN_CV:
        return float(count > budget)
    shape, value = count / cv**2, budget / cv**2
    if shape > SUM_LIMIT:
        return _find_normal(shape, value)
    if value < shape + 1.0:
        return max(0.0, 1.0 - _sum_lower(shape, value))
    return _divide_upper(shape, value)


def _find_normal(shape: float, value: float) -> float:
    """Take the cube root for normal.

    Source: Wilson and Hilferty, "The Distribution of Chi-Square" (PNAS 17, 1931).
    """
    part = 1.0 / (9.0 * shape)
    z = (math.cbrt(value / shape) - (1.0 - part)) / math.sqrt(part)
    return 0.5 * math.erfc(z / math.sqrt(2.0))


def _sum_lower(shape: float, value: float) -> float:
    """Sum the series of the lower tail; Source: NIST DLMF, 8.11.4."""
    term = total = 1.0 / shape
    for step in range(1, STEPS_LIMIT):
        term *= value / (shape + step)
        total += term
        if term < total * PRECISION:
            break
    return total * _weigh(shape, value)


def _divide_upper(shape: float, value: float) -> float:
    """Evaluate the continued fraction of the upper tail, by Lentz; Source: NIST DLMF, 8.9.2."""
    odd = value + 1.0 - shape
    above, below = 1.0 / TINY, 1.0 / odd
    found = below
    for step in range(1, STEPS_LIMIT):
        part = -step * (step - shape)
        odd += 2.0
        below = 1.0 / (_keep(part * below + odd))
        above = _keep(odd + part / above)
        found *= below * above
        if abs(below * above - 1.0) < PRECISION:
            break
    return min(1.0, found * _weigh(shape, value))


def _weigh(shape: float, value: float) -> float:
    return math.exp(shape * math.log(value) - value - math.lgamma(shape))


def _keep(value: float) -> float:
    """Let nothing be divided by zero."""
    return value if abs(value) > TINY else TINY
