"""Is what cannot be read named?"""

from __future__ import annotations

from pathlib import Path

import pytest

from flyball.sizing.benchmark import BenchmarkError
from flyball.sizing.formats import text
from flyball.sizing.formats.text import Node, open_text, read_documents, read_rows, read_text

HERE = Path("file.json")


def test_a_place_that_is_not_there_is_nothing() -> None:
    """It can be asked on."""
    node = Node(HERE, "", {"a": [{"b": 3}], "c": float("nan")})
    assert node.at("a").each()[0].at("b").number() == 3
    assert node.at("a").each()[0].where == "file.json: a[0]"
    assert node.at("x", "y").value is None
    assert node.at("x").each() == []
    assert node.at("a").names() == []
    assert node.at("a").text() == ""
    assert node.at("c").known() is None
    assert node.at("x").known() is None


def test_what_is_too_big_to_be_a_summary_is_not_read(tmp_path: Path) -> None:
    """It is a log of each request more likely."""
    path = tmp_path / "big.json"
    path.write_bytes(b"[" + b" " * text.SMALLEST_MOST)
    with pytest.raises(BenchmarkError, match=r"big\.json: over 64 MiB; give the tool's summary"):
        read_text(path)


def test_documents_may_stand_one_after_the_other(tmp_path: Path) -> None:
    """With anything between that is no letter."""
    path = tmp_path / "some.json"
    path.write_text('\n{"a": 1}\n\n{"a": 2} {"a": NaN}\n')
    assert [node.at("a").known() for node in read_documents(path)] == [1, 2, None]


def test_a_field_that_never_ends_is_no_csv(tmp_path: Path) -> None:
    """The line is named."""
    path = tmp_path / "wide.csv"
    path.write_text("a,b\n1," + "x" * 140_000 + "\n")
    with (
        open_text(path) as opened,
        pytest.raises(BenchmarkError, match=r"wide\.csv:2: field larger .*; expected plain CSV"),
    ):
        list(read_rows(path, opened))
