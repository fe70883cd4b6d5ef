"""Does it read well what became of policies under the expected traffic?"""

from __future__ import annotations

from datetime import timedelta

from flyball.report.tried import describe_evaluation, tell_rounds, trial_rows
from flyball.sim.trace import Trace
from flyball.sizing.evaluate import evaluate
from flyball.sizing.pattern import LONGEST, MONDAY, expect_patterns
from tests.unit.sizing.sized import EXPECTED, publish

HISTORY = Trace(MONDAY - timedelta(hours=1), (4_200.0,) * (LONGEST + 60))


def test_of_what_was_recorded_the_days_are_told() -> None:
    """Those that were tried, as clocks show them in a place."""
    patterns = expect_patterns(EXPECTED, history=HISTORY, time_zone="Europe/Berlin")
    some = [each for each in patterns if each.name in ("trace", "spikes")]
    found = evaluate(publish(), "m", "local", {"endpoint": "m"}, patterns=some)
    told = tell_rounds(found)
    assert told[:2] == [
        "* is not what is expected, and need not hold.",
        (
            "trace is what was recorded from Mon 2026-01-05 01:00 CET to Mon 2026-01-12 01:00 CET, "
            "the last 7 days of 7 d 1 h."
        ),
    ]
    assert told[-1].startswith("Under spikes, first: In minute 55, at 30,000 requests a minute")
    assert [row[0] for row in trial_rows(found.trials)] == ["trace", "spikes *"]
    described = describe_evaluation(found)["patterns"]
    assert isinstance(described, list)
    assert [each["first"] and each["first"]["at"] for each in described] == [None, ""]
