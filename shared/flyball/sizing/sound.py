"""May a fleet be sized by a load test, or did the server fail in it whatever was asked?"""

from __future__ import annotations

from flyball.sizing.benchmark import Benchmark
from flyball.sizing.saturation import Bound, Cause, find_saturation, order_steps

REMEDY = "mend the server, or begin with less load, and measure again"


def tell_unsound(benchmark: Benchmark) -> str:
    """Say why a load test is no measure of what an instance carries.

    Returns:
        With the remedy; "" where it is one.
    """
    if benchmark.broke:
        return f"the server answered nothing any more when the load test ended: {REMEDY}"
    found = find_saturation(benchmark)
    if found.cause is not Cause.FAILURES or found.bound is not Bound.AT_MOST:
        return ""
    least = next(step for step in order_steps(benchmark) if step.offered)
    return f"{least.failed_ratio:.1%} of the calls failed under the least load already: {REMEDY}"
