"""Which lead time is sized for, where nobody says one?"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

from flyball.sizing.benchmark import Benchmark
from flyball.sizing.plan import LEAD_TIME, Wish

MINUTE = timedelta(minutes=1)
TAKEN = "taken for an instance, as nobody measured it"


def plan_lead(wish: Wish, benchmark: Benchmark) -> Wish:
    """Add what a load test knows of the model's own setup, where nobody says the lead time.

    How long an instance takes no load test of one says: what is taken for that stays.

    Args:
        wish: With TAKEN for its lead time's origin, where nobody says it.
        benchmark: The load test.
    """
    seconds = math.ceil(benchmark.setup.total_seconds())
    if wish.lead_origin != TAKEN or not seconds:
        return wish
    setup = timedelta(seconds=seconds)
    origin = (
        f"{LEAD_TIME // MINUTE} min {TAKEN}, and {seconds:,} s for the model, its ModelSetupTime "
        "in the load test"
    )
    return replace(wish, lead_time=LEAD_TIME + setup, lead_origin=origin)
