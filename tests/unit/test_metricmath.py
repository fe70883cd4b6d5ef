"""Does metric math compute what CloudWatch documents, and refuse what it does not understand?"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from flyball.metricmath import (
    FUNCTIONS,
    LENGTH_LIMIT,
    Frame,
    MathError,
    Values,
    evaluate,
    read_expression,
)

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
INSTANTS = tuple(NOON - MINUTE * back for back in range(4, -1, -1))
FRAME = Frame(INSTANTS, MINUTE, NOON - 3 * MINUTE)


def line(*values: float | None) -> Values:
    """Make a series of the newest minutes; None is a gap."""
    instants = INSTANTS[-len(values) :]
    return {at: float(v) for at, v in zip(instants, values, strict=True) if v is not None}


SERIES = {
    "requests": line(60, 120, None, 240, 300),
    "errors": line(0, 12, 6, None, 30),
    "ready": line(1, 2, 2, 0, 3),
    "late": line(5, None, None, None, None),
    "nothing": {},
    "broken": line(math.nan, 1, None, math.inf, 3),
}

CASES = (
    ("requests / ready", (60, 60, None, None, 100)),
    ("100 * errors / requests", (0, 10, None, None, 10)),
    ("requests + errors - 1", (59, 131, None, None, 329)),
    ("-requests", (-60, -120, None, -240, -300)),
    ("+requests", (60, 120, None, 240, 300)),
    ("(requests + 60) / 2", (60, 90, None, 150, 180)),
    ("requests / 0", (None,) * 5),
    ("SUM([requests, errors])", (60, 132, None, None, 330)),
    ("AVG([requests, ready, 0])", (61 / 3, 122 / 3, None, 80, 101)),
    ("MIN([requests, 100])", (60, 100, None, 100, 100)),
    ("MAX([errors, ready])", (1, 12, 6, None, 30)),
    ("SUM([1, 2])", (3,) * 5),
    ("FILL(requests, 0)", (60, 120, None, 240, 300)),
    ("FILL(late, 0)", (5, 0, None, None, None)),
    ("FILL(late, -1)", (5, -1, None, None, None)),
    ("FILL(late, REPEAT)", (5, 5, None, None, None)),
    ("FILL(nothing, REPEAT)", (None,) * 5),
    ("FILL(nothing, 0)", (0, 0, None, None, None)),
    ("IF(requests > 100, errors, 0)", (0, 12, None, None, 30)),
    ("IF(ready == 0, 1, 2)", (2, 2, 2, 1, 2)),
    ("IF(ready != 3, ready, 9)", (1, 2, 2, 0, 9)),
    ("IF(ready >= 2, 1, 0)", (0, 1, 1, 0, 1)),
    ("IF(ready <= 1, 1, 0)", (1, 0, 0, 1, 0)),
    ("IF(ready < 1, 1, 0)", (0, 0, 0, 1, 0)),
    ("requests / PERIOD(requests)", (1, 2, None, 4, 5)),
    ("CEIL(requests / 100)", (1, 2, None, 3, 3)),
    ("FLOOR(requests / 100)", (0, 1, None, 2, 3)),
    ("ABS(ready - 2)", (1, 0, 0, 2, 1)),
    ("ABS(-2)", (2,) * 5),
    ("CEIL(1e400)", (None,) * 5),
    ("nothing + 1", (None,) * 5),
    ("7", (7,) * 5),
    ("1e308 * 10", (None,) * 5),
    ("IF(requests / (ready - ready) > 5, 100, 0)", (None,) * 5),
    ("IF(5 < requests / (ready - ready), 100, 0)", (None,) * 5),
    ("IF(ready > 1, requests / (ready - 2), 7)", (7, None, None, 7, 300)),
    ("IF(1 / 0 == 1 / 0, 1, 2)", (None,) * 5),
    ("MAX([ready, errors / 0])", (None,) * 5),
    ("MAX([errors / 0, ready])", (None,) * 5),
    ("MIN([ready, errors / ready])", (0, 2, 2, None, 3)),
    ("MIN([errors / ready, ready])", (0, 2, 2, None, 3)),
    ("AVG([requests, requests / ready])", (60, 90, None, None, 200)),
    ("SUM([ready * 1e308 * 10, ready * -1e308 * 10])", (None, None, None, 0, None)),
    ("SUM([1e400, 0 - 1e400])", (None,) * 5),
    ("SUM([1e308, 1e308])", (None,) * 5),
    ("MIN([1, 1e400])", (None,) * 5),
    ("requests / 1e400", (None,) * 5),
    ("FILL(late, 1e400)", (5, None, None, None, None)),
    ("MAX([broken, 1])", (None, 1, None, None, 3)),
    ("IF(broken > 2, 1, 0)", (None, 0, None, None, 1)),
    ("FILL(broken, REPEAT)", (None, 1, None, None, 3)),
)


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_an_expression_is_computed_instant_by_instant(
    text: str, expected: tuple[float | None, ...]
) -> None:
    """What is missing, divided by zero or without end is no value; a late datapoint is no gap."""
    found = evaluate(read_expression(text), SERIES, FRAME)
    assert found == pytest.approx(line(*expected))


REFUSED = (
    ("", "expected an expression"),
    ("requests /", "expected an expression"),
    ("Requests / 2", "got Requests, expected the id of a line"),
    ("SUM(requests)", "expected SUM([m1, m2])"),
    ("SUM([])", "expected SUM([m1, m2])"),
    ("METRICS()", "METRICS is not understood; understood is"),
    ("RATE(requests)", "RATE is not understood"),
    ("FILL(requests, LINEAR)", "expected FILL(m1, 0) or FILL(m1, REPEAT)"),
    ("FILL(requests)", "FILL takes something else"),
    ("IF(requests, 1, 0)", "IF takes something else"),
    ("IF(1 < requests < 3, 1, 0)", "IF takes something else"),
    ("requests ^ 2", "expected only"),
    ("requests ** 2", "expected only"),
    ("requests % 2", "expected only"),
    ("requests and errors", "expected only"),
    ("requests.real", "expected only"),
    ("requests[0]", "expected only"),
    ("lambda: 1", "expected only"),
    ("__import__('os')", "__import__ is not understood"),
    ("'text'", "expected only"),
    ("True", "expected only"),
    ("SEARCH('{AWS/SageMaker} x', 'Sum', 60)", "SEARCH is not understood"),
    ("(" * 40 + "m1" + ")" * 40 + "+ 1" * 40, "nested more than"),
    ("m1" + " + m1" * LENGTH_LIMIT, "characters, expected at most"),
    ("m1 +" * 2, "expected an expression"),
)


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_what_is_not_understood_is_refused_by_name(text: str, message: str) -> None:
    """Never guessed at, and never sent on."""
    with pytest.raises(MathError) as refused:
        read_expression(text)
    assert message in str(refused.value)


def test_the_lines_that_an_expression_needs_are_named() -> None:
    """Not the words of the language."""
    found = read_expression("IF(a > 1, FILL(b, REPEAT), SUM([c, d])) / PERIOD(e)")
    assert found.ids == {"a", "b", "c", "d", "e"}


WORDS = st.sampled_from(
    [*FUNCTIONS, "m1", "m2", "REPEAT", "(", ")", "[", "]", ",", "+", "-", "*", "/", ">", "0", "1e9"]
)


@given(st.lists(WORDS, max_size=14).map(" ".join) | st.text(max_size=40))
@example("CEIL ( m1 / 0 )")
@example("9" * 400)
@example("FILL ( m1 , 9" + "9" * 400 + " )")
def test_every_text_is_computed_or_refused(text: str) -> None:
    """Whatever somebody writes: numbers that are finite, or the one kind of error."""
    try:
        expression = read_expression(text)
    except MathError:
        return
    series = dict.fromkeys(expression.ids, line(1.0, None, 0.0, 1e308, 3.0))
    assert all(map(math.isfinite, evaluate(expression, series, FRAME).values()))
