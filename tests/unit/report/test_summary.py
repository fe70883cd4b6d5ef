"""Does the summary of a run say what it came to?"""

from __future__ import annotations

from typing import Any

from flyball.report.summary import tell_score
from flyball.sim.judge import Marks


def make_score(**fields: Any) -> Marks:
    """Make a score; what is not given is nought."""
    base: dict[str, Any] = dict.fromkeys(Marks._fields, 0)
    return Marks(**{**base, **fields})


def test_cost_is_in_money_where_there_is_a_price() -> None:
    """Beside what the peak's instances would cost all the time."""
    score = make_score(
        cost_ratio=0.62, static_instances=20, static_instance_hours=325.0, instance_hours=200.0
    )
    lines = {what: (figure, beside) for what, figure, beside in tell_score(score, 2.0)}
    assert lines["cost"] == (
        "400",
        "38% less than 650 for 20 instances, which carry the peak; 200 instance hours",
    )


def test_cost_is_in_instance_hours_otherwise() -> None:
    """And what costs more says so."""
    score = make_score(cost_ratio=1.25, static_instances=1, instance_hours=30.0)
    lines = {what: (figure, beside) for what, figure, beside in tell_score(score)}
    assert lines["cost"] == (
        "30 instance hours",
        "25% more than 1 instance, which carry the peak, all the time",
    )


def test_shares_are_percentages() -> None:
    """Of all requests."""
    score = make_score(
        excess_ratio=0.0021, late_ratio=0.02, requests=1e6, peak_backlog=18_207.4, changes=39
    )
    lines = {what: (figure, beside) for what, figure, beside in tell_score(score)}
    assert lines["unmet"][0] == "0.21%"
    assert lines["late"] == ("2.00%", "had to wait; at most 18,207 waited at once")
    assert lines["changes"][0] == "39"
    assert "counted" not in lines


def test_what_was_not_counted_is_said() -> None:
    """A warm-up of a day, an hour or minutes."""
    said = [
        {what: figure for what, figure, _ in tell_score(make_score(skipped=minutes))}
        for minutes in (1_440, 60, 7)
    ]
    assert [each["counted"] for each in said] == ["after 24 h", "after 1 h", "after 7 min"]
