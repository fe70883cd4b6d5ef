"""Can text from outside steer a terminal or a spreadsheet?"""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.report.plain import cell, plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("churn-model", "churn-model", id="plain"),
        pytest.param("müller→", "müller→", id="other letters stay"),
        pytest.param("a\x1b[2Jb", "a�[2Jb", id="escape"),
        pytest.param("a\nb\r\tc", "a�b��c", id="lines"),
        pytest.param("a\x9b31mb", "a�31mb", id="C1 control"),
        pytest.param("a\u202eb", "a�b", id="right-to-left override"),
        pytest.param("a\u200bb", "a�b", id="zero width"),
        pytest.param("a\u2028b", "a�b", id="line separator"),
        pytest.param("a\ud800b", "a�b", id="lone surrogate"),
        pytest.param("[red]x[/red]", "[red]x[/red]", id="markup is no control"),
    ],
)
def test_what_could_steer_a_terminal_is_replaced(text: str, shown: str) -> None:
    """Each such character leaves a mark, so that a name with one does not look like another."""
    assert plain(text) == shown


def test_what_is_too_long_is_cut() -> None:
    """A provider's page of words does not fill the screen."""
    assert plain("x" * 20, 10) == "x" * 9 + "…"
    assert plain("x" * 10, 10) == "x" * 10


@given(st.text())
def test_no_text_at_all_gets_a_control_through(text: str) -> None:
    """Whatever comes, what leaves is one printable line that can be encoded."""
    shown = plain(text)
    assert not any(unicodedata.category(each) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for each in shown)
    shown.encode("utf-8")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_is_never_a_formula(start: str) -> None:
    """A spreadsheet takes these for formulas; a quote before them makes them text."""
    assert cell(f"{start}cmd") == f"'{start}cmd"
    assert cell(f"a{start}") == f"a{start}"
    assert cell("") == ""
