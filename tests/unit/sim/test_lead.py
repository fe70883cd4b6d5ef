"""Which lead times are read, and what is said of those that cannot be?"""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from flyball.sim.lead import parse_leads

MINUTE = timedelta(minutes=1)


def test_one_lead_time_is_always_the_same() -> None:
    """A duration alone."""
    assert parse_leads("4m") == (4 * MINUTE,)


def test_a_range_is_spread_evenly() -> None:
    """From one end to the other."""
    leads = parse_leads("2m..8m")
    assert (leads[0], leads[len(leads) // 2], leads[-1]) == (2 * MINUTE, 5 * MINUTE, 8 * MINUTE)
    steps = {after - before for before, after in pairwise(leads)}
    assert steps == {timedelta(seconds=18)}


def test_two_percentiles_are_those_of_the_leads() -> None:
    """Half of them are no longer than the median, 95 of 100 no longer than the other."""
    leads = sorted(parse_leads("p95=9m, p50=4m"))
    assert leads[len(leads) // 2].total_seconds() == pytest.approx(240)
    assert sum(each <= 9 * MINUTE for each in leads) / len(leads) == pytest.approx(0.95, abs=0.01)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("soon", "a duration such as"),
        ("8m..2m", "the shorter one first"),
        ("2m..", "a duration such as"),
        ("p50=4m", "p50 and p95, and nothing else"),
        ("p50=4m,p95=9m,p99=20m", "p50 and p95, and nothing else"),
        ("p50=9m,p95=4m", "p50"),
        ("p50=0,p95=4m", "p50"),
    ],
)
def test_what_is_no_lead_time_is_refused(text: str, why: str) -> None:
    """The message says what is expected, and what is wrong."""
    with pytest.raises(ValueError, match=r"^a duration such as 4m, a range .*") as caught:
        parse_leads(text)
    assert why in str(caught.value)
