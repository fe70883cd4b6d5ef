"""What would let a batch end in time, where no fleet does?"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

from flyball.core.shape import NamedTuple
from flyball.sizing.batch import Job, Offer, Plan, count_sure, find_deadline, plan_batch

SECOND = timedelta(seconds=1)
LONGEST_DEADLINE = timedelta(days=3_650)
"""A longer one is refused."""
MOST_QUOTA = 1_000_000
"""Machines; more of them are refused."""
MOST_RISK_RATIO = 0.5
"""Who accepts to be late more often than not has no deadline."""
RISK_STEPS = 100
DIGITS = 3
"""Of the time of an item."""
NEARLY = 1.0 + 1e-9


class Remedies(NamedTuple):
    """What could be in place of what was asked for; each alone is enough, None: it is not.

    Attributes:
        deadline: Whole seconds.
        machines: The fewest.
        time_per_item: On another type of machine; None where items' times differ, since on another
            type they differ in another way.
        risk_ratio: Of a late end, in hundredths.
    """

    deadline: timedelta | None
    machines: int | None
    time_per_item: timedelta | None
    risk_ratio: float | None


def find_remedies(job: Job, offer: Offer, plan: Plan) -> Remedies:
    """Say what would be enough, each of it tried.

    Args:
        job: What is to be done.
        offer: What it can be done on.
        plan: Of both, by which none ends in time.
    """
    most = plan.table[-1].machines
    deadline = _ceil(find_deadline(job, offer, most))
    later = deadline <= LONGEST_DEADLINE and _ends(replace(job, deadline=deadline), offer)
    machines = count_sure(job, offer, MOST_QUOTA)
    more = offer.most_machines < machines <= MOST_QUOTA
    more = more and _ends(job, replace(offer, most_machines=machines))
    return Remedies(
        deadline if later else None,
        machines if more else None,
        None if job.cv else _find_time(job, offer, most),
        _find_risk(job, offer, plan) if job.cv else None,
    )


def _ends(job: Job, offer: Offer) -> bool:
    return plan_batch(job, offer).best is not None


def _find_time(job: Job, offer: Offer, machines: int) -> timedelta | None:
    """Give what an item may take, rounded down."""
    left = (job.deadline - offer.start_up) / -(-job.items // (machines * offer.at_a_time))
    if left < timedelta.resolution:
        return None
    seconds = left.total_seconds()
    step = 10.0 ** (math.floor(math.log10(seconds)) - DIGITS + 1)
    time = timedelta(seconds=math.floor(seconds / step * NEARLY) * step)
    return time if time and _ends(replace(job, time_per_item=time), offer) else None


def _find_risk(job: Job, offer: Offer, plan: Plan) -> float | None:
    """Give the least risk of a fleet that ends in time in the mean, rounded up."""
    risks = [each.late_ratio for each in plan.table if each.time <= job.deadline]
    if not risks:
        return None
    risk = math.ceil(RISK_STEPS * min(risks)) / RISK_STEPS
    if not 0.0 < risk <= MOST_RISK_RATIO:
        return None
    return risk if _ends(replace(job, risk_ratio=risk), offer) else None


def _ceil(time: timedelta) -> timedelta:
    return -(-time // SECOND) * SECOND
