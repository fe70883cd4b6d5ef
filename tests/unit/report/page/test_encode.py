"""Does a page's content come through, in few bytes, and stay in its element?"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from flyball.report.page.encode import Phrases, column, encode_mark, encode_series, write
from flyball.report.page.model import Mark, Series


def read(found: dict[str, Any], count: int) -> list[float | None]:
    """Read a column as the page's script does."""
    if "c" in found:
        return [found["c"]] * count
    raw, width = base64.b64decode(found["b"]), found["w"]
    numbers = [int.from_bytes(raw[at : at + width], "little") for at in range(0, len(raw), width)]
    return [None if each == 256**width - 1 else each * found["k"] for each in numbers]


@pytest.mark.parametrize(
    ("values", "width"),
    [
        ([0.0, 254.0, 7.0], 1),
        ([0.0, 255.0], 2),
        ([65_534.0, None, 1.0], 2),
        ([3.0, None], 1),
    ],
)
def test_whole_numbers_come_through_as_they_are(values: list[float | None], width: int) -> None:
    """In one byte or two; a gap is none of them."""
    found = column(values)
    assert found["w"] == width
    assert read(found, len(values)) == values


@pytest.mark.parametrize("values", [[0.5, 2.25], [1e9, 3.0], [1e-9, 4e-9], [0.0, 65_535.0]])
def test_others_are_true_to_a_part_of_the_greatest(values: list[float]) -> None:
    """A thirty-thousandth of a percent is less than a pixel."""
    found = read(column(values), len(values))
    for shown, value in zip(found, values, strict=True):
        assert shown == pytest.approx(value, abs=max(values) / 65_000)


def test_what_is_always_the_same_is_one_value() -> None:
    """Also where it is not known."""
    assert column([4.0] * 1_000) == {"c": 4.0}
    assert column([None] * 3) == {"c": None}


def test_three_columns_of_one_thing_say_the_same_of_the_same() -> None:
    """The least, the greatest and the newest of one minute are one value."""
    values = (94_457.0, 213_235.0), (94_457.0, 213_236.0), (94_457.0, 213_235.5)
    columns = encode_series(Series(*values), single=False)
    assert len({next(iter(read(each, 2))) for each in columns}) == 1
    assert encode_series(Series(*values), single=True) == [column(values[1])]


def test_little_is_not_nothing() -> None:
    """One late request in a million is shaded."""
    found = read(column([0.0, 1e-6, 1.0], 254), 3)
    assert found[0] == 0.0
    assert found[1]
    assert found[2] == 1.0


@pytest.mark.parametrize(
    "text", ["</script><script>alert(1)</script>", "<!--", "a & b", "it's", "line\u2028end"]
)
def test_no_text_leaves_its_element(text: str) -> None:
    """And each comes back as it was."""
    found = write({"name": text})
    assert not set("<>&'\u2028") & set(found)
    assert json.loads(found) == {"name": text}


def test_texts_share_what_is_around_their_figures() -> None:
    """And come back as they were, whatever stands in them."""
    phrases = Phrases()
    texts = ["Scale out 3 → 12", "Scale out 4 → 1,200", "2|3 of {0}", "", "none", "9.5"]
    found = [phrases.add(text) for text in texts]
    assert found[:2] == ["0|3|12", "0|4|1,200"]
    assert len(phrases.around) == 5
    for text, written in zip(texts, found, strict=True):
        which, *figures = written.split("|")
        around = phrases.around[int(which)]
        pairs = zip(around, [*figures, ""], strict=True)
        assert "".join(part for pair in pairs for part in pair) == text


def test_a_decision_is_its_place_and_its_texts() -> None:
    """The headline first."""
    phrases = Phrases()
    mark = Mark(7, -2, "Scale in 5 → 3", ("calls was 3.",))
    assert encode_mark(mark, phrases) == [7, -2, "0|5|3", "1|3"]
