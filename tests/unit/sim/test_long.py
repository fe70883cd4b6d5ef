"""Is one long file cut into those of its scalable targets, row by row?"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from flyball.sim import long
from flyball.sim.cells import TraceError
from flyball.sim.long import split


def ignore(_: int) -> None:
    """Count nothing."""


def test_every_row_goes_to_its_target_in_its_order(tmp_path: Path) -> None:
    """Interleaved, quoted, with rows of nobody and empty lines; more than are held at once."""
    count = long.AT_ONCE // 2 + 7
    rows = ["a,b,who"]
    for number in range(count):
        rows += [f'{number},"x, ""{number}""",chat', f"{number},y, vision "]
    rows += ["", "1,z,other", "2,z,other"]
    path = tmp_path / "long.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8-sig")
    out = tmp_path / "out"
    out.mkdir()
    told: list[int] = []
    found = split(path, "who", {"chat", "vision", "none"}, out, told.append)
    assert found.others == {"other": 2}
    assert sorted(found.files) == ["chat", "vision"]
    assert {each.name for each in found.files.values()} == {"long.csv"}
    for name, form in (("chat", 'x, "{}"'), ("vision", "y")):
        with found.files[name].open(newline="", encoding="utf-8") as file:
            read = list(csv.DictReader(file))
        assert [row["a"] for row in read] == [str(number) for number in range(count)]
        assert all(row["b"] == form.format(row["a"]) for row in read)
    assert sum(told) == 2 * count + 2


def test_semicolons_and_tabs_part_columns_too(tmp_path: Path) -> None:
    """As in any other trace."""
    for mark in ";\t":
        path = tmp_path / f"{ord(mark)}.csv"
        path.write_text(f"who{mark}n\nchat{mark}1,5\n")
        out = tmp_path / f"out{ord(mark)}"
        out.mkdir()
        found = split(path, "who", {"chat"}, out, ignore)
        assert found.files["chat"].read_text() == 'who,n\nchat,"1,5"\n'


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a,b\n1,2\n", "no column 'who'; the columns are 'a', 'b'"),
        (b"a,who\n1,chat\n2\n", ":3: 1 columns, expected at least 2"),
        (b"a,who\n\xff\xfe,chat\n", "not text in UTF-8"),
        (b"", "no column 'who'"),
        (b"PAR1 and no more", "Parquet"),
    ],
)
def test_a_file_that_is_none_is_named(tmp_path: Path, content: bytes, words: str) -> None:
    """With what is wrong in it."""
    path = tmp_path / "long.csv"
    path.write_bytes(content)
    with pytest.raises(TraceError) as caught:
        split(path, "who", {"chat"}, tmp_path, ignore)
    assert str(path) in str(caught.value)
    assert words in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With the system's own word."""
    with pytest.raises(TraceError, match="No such file"):
        split(tmp_path / "none.csv", "who", {"chat"}, tmp_path, ignore)
