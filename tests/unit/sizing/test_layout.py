"""How is a commented YAML file laid out?"""

from __future__ import annotations

from datetime import timedelta

import pytest
from ruamel.yaml import YAML

from flyball.sizing.layout import indent, push, say, show_length, show_number, show_text


def test_comments_stand_above_the_item_they_are_of() -> None:
    """Those after its first key stand in it."""
    lines = indent(iter(["# why", "name: a", "# how", "", "kind: b"]), "  - ")
    assert list(lines) == ["  # why", "  - name: a", "    # how", "", "    kind: b"]
    assert list(push(iter(["# why"]))) == ["  # why"]


def test_a_comment_stays_one() -> None:
    """Whatever it was taken from; long ones are wrapped."""
    lines = list(say("a\nb: c\x1b[2J\u202e" + " word" * 40))
    assert all(line.startswith("# ") for line in lines)
    assert "".join(lines).isprintable()
    assert max(map(len, lines)) <= 88


@pytest.mark.parametrize(
    "value", ["a", "no", "123", "1e3", "", "a: b", "a#b", "~", 'say "x"', "é😀", "a\\b", "null"]
)
def test_text_is_read_back_as_text(value: str) -> None:
    """What YAML takes for something else is quoted."""
    assert YAML(typ="safe").load(f"key: {show_text(value)}") == {"key": value}


@pytest.mark.parametrize(
    ("value", "shown"),
    [(5_000.0, "5000"), (0.1, "0.1"), (1 / 3, "0.333333"), (1e9 + 0.5, "1000000000.5"), (0, "0")],
)
def test_numbers_have_no_exponent(value: float, shown: str) -> None:
    """Nor more digits than people read."""
    assert show_number(value) == shown


def test_lengths_are_seconds() -> None:
    """As the config reads them."""
    assert show_length(timedelta(minutes=4)) == "240s"
    assert show_length(timedelta(milliseconds=1_500)) == "1.5s"
