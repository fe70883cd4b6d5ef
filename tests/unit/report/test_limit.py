"""Does a limit say what is typed, and is it held against the right number?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest

from flyball.report.backtest import Line
from flyball.report.limit import ALL, Limit, LimitError, judge_limit, parse_limit

OLD = Line("old", 100.0, 50.0, 200.0, 1_000.0, 5.0, 10.0, 4.0, 3)
NEW = Line("new", 110.0, 50.0, 220.0, 1_000.0, 4.0, 13.0, 6.0, 3)


@dataclass(frozen=True)
class Case:
    """What is typed, its value from OLD to NEW, and whether that is too much."""

    text: str
    value: float
    is_exceeded: bool


CASES = [
    Case("cost>+5%", 0.1, True),
    Case("cost>+10%", 0.1, False),
    Case("cost>+19.5", 20.0, True),
    Case("cost>220", 220.0, False),
    Case("cost>219", 220.0, True),
    Case("hours > +9%", 0.1, True),
    Case("hours>111", 110.0, False),
    Case("late>+0.2%", 0.003, True),
    Case("late>+0.2pp", 0.003, True),
    Case("late>+0.4%", 0.003, False),
    Case("late>1%", 0.013, True),
    Case("late>1.3%", 0.013, False),
    Case("excess>+0%", -0.001, False),
    Case("changes>+1", 2.0, True),
    Case("changes>+50%", 0.5, False),
    Case("undone>+0", 0.0, False),
    Case("undone>2", 3.0, True),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.text)
def test_a_limit_is_exceeded_by_more_than_it(case: Case) -> None:
    """With a sign by the change, without one by the new value; a share's change is in points."""
    verdict = judge_limit(parse_limit(case.text), ALL, OLD, NEW)
    assert verdict.value == pytest.approx(case.value)
    assert verdict.is_exceeded is case.is_exceeded


@pytest.mark.parametrize("text", ["cost>+0%", "hours>+0%", "late>+0%", "changes>+0", "undone>+0%"])
def test_nothing_changed_exceeds_nothing(text: str) -> None:
    """Exactly 0."""
    verdict = judge_limit(parse_limit(text), ALL, OLD, OLD)
    assert (verdict.value, verdict.is_exceeded) == (0.0, False)


def test_any_growth_from_nothing_is_without_bounds() -> None:
    """No percentage of nothing would ever be reached."""
    limit = parse_limit("changes>+500%")
    verdict = judge_limit(limit, ALL, OLD._replace(changes_a_day=0.0), NEW)
    assert verdict.value == math.inf
    assert verdict.is_exceeded
    none = OLD._replace(requests=0.0, late=0.0)
    assert judge_limit(parse_limit("late>+0%"), ALL, none, none).value == 0.0


@pytest.mark.parametrize(
    ("text", "who"), [("chat:late>1%", "chat"), ("each:cost>+5%", "each"), ("a:b:hours>+1", "a:b")]
)
def test_a_limit_may_be_for_one(text: str, who: str) -> None:
    """Of an id with a colon too."""
    limit = parse_limit(text)
    assert isinstance(limit, Limit)
    assert limit.who == who


@pytest.mark.parametrize(
    "text",
    ["", "cost", "cost>", "cost>-5%", "cost<5%", "late>0.2", "cost>5%", "cost>+5pp", "price>+5%",
     "late>+0.2%%", "late>+x%", "LATE>1%"],
)  # fmt: skip
def test_what_is_no_limit_is_refused_with_what_was_typed(text: str) -> None:
    """And with what is expected."""
    with pytest.raises(LimitError, match=r"(expected a limit|write)"):
        parse_limit(text)


def test_money_needs_a_price() -> None:
    """The remedy is named."""
    with pytest.raises(LimitError, match=r"no price_per_hour.*hours instead"):
        judge_limit(parse_limit("cost>+5%"), ALL, OLD._replace(cost=None), NEW)
