"""Is a load test in which the server failed from the first, or broke, told from a sound one?"""

from __future__ import annotations

from dataclasses import replace

import pytest

from flyball.sizing.benchmark import Benchmark, Step
from flyball.sizing.sound import tell_unsound

WELL = Benchmark(
    (Step(600.0, 600.0, 1.0), Step(1_200.0, 1_200.0, 2.0), Step(1_250.0, 2_400.0, 4.0))
)


@pytest.mark.parametrize(
    ("benchmark", "message"),
    [
        (WELL, ""),
        (replace(WELL, broke=True), "answered nothing any more when the load test ended: mend"),
        (Benchmark((Step(205.0, 1_000.0, 1.0),)), "79.5% of the calls failed under the least load"),
        (Benchmark((Step(0.0, 60.0, 1.0),)), "100.0% of the calls failed"),
        (Benchmark((Step(600.0, 600.0, 1.0), Step(0.0, 600.0, 2.0))), ""),
    ],
    ids=["well", "it hangs at last", "most fail", "all fail", "more load fails"],
)
def test_what_fails_from_the_first_is_no_measure(benchmark: Benchmark, message: str) -> None:
    """What fails only with more load is saturated there, and nothing is wrong with that."""
    told = tell_unsound(benchmark)
    assert message in told
    assert bool(message) is bool(told)
