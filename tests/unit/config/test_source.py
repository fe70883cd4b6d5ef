"""Whatever a file holds, its reader says what it says, or what is wrong with it and where."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.config import source as reading
from flyball.config.problem import ConfigError
from flyball.config.source import Place, get, read_content, read_file


def wrong(content: str | bytes, file: str = "f.yaml") -> list[str]:
    """List the problems of a content."""
    with pytest.raises(ConfigError) as caught:
        read_content(content, file)
    return [str(problem) for problem in caught.value.problems]


class Plain(NamedTuple):
    """A scalar and what it means in YAML 1.2."""

    text: str
    value: Any


PLAIN = [
    Plain("on", "on"),
    Plain("no", "no"),
    Plain("08:30", "08:30"),
    Plain("1:30", "1:30"),
    Plain("2026-12-25", "2026-12-25"),
    Plain("2026-11-21T00:24:11Z", "2026-11-21T00:24:11Z"),
    Plain("3 of 3", "3 of 3"),
    Plain("true", True),
    Plain("FALSE", False),
    Plain("null", None),
    Plain("~", None),
    Plain("14", 14),
    Plain("-3", -3),
    Plain("+5", 5),
    Plain("014", 14),
    Plain("0o14", 12),
    Plain("0x1F", 31),
    Plain("1_000", 1_000),
    Plain("1e3", 1_000.0),
    Plain("1.5", 1.5),
    Plain(".inf", math.inf),
    Plain("-.inf", -math.inf),
    Plain('"14"', "14"),
    Plain("!!str 14", "14"),
    Plain(">=", ">="),
    Plain('">="', ">="),
]


@pytest.mark.parametrize("case", PLAIN, ids=lambda case: case.text)
def test_a_scalar_means_what_yaml_1_2_says(case: Plain) -> None:
    """Clock times, dates, `on` and `no` stay text."""
    if case.text == ">=":
        assert "not YAML" in wrong(f"a: {case.text}")[0]  # a block scalar's sign: to be quoted
    else:
        value = read_content(f"a: {case.text}", "f.yaml").value["a"]
        assert (value, type(value)) == (case.value, type(case.value))


def test_not_a_number_is_read_as_such() -> None:
    """So that the field's own check can refuse it."""
    assert math.isnan(read_content("a: .nan", "f.yaml").value["a"])


class Broken(NamedTuple):
    """A content and the beginning of each of its problems."""

    content: str | bytes
    problems: tuple[str, ...]
    file: str = "f.yaml"


BROKEN = {
    "empty": Broken("", ("f.yaml:1:1: the file is empty; start with `version: 1`",)),
    "blank": Broken(" \n\n", ("f.yaml:1:1: the file holds nothing but blanks",)),
    "byte_order_mark_alone": Broken(b"\xef\xbb\xbf", ("f.yaml:1:1: the file is empty",)),
    "comments": Broken("# hello\n", ("f.yaml:1:1: the file holds nothing but comments",)),
    "tab": Broken("a:\n\tb: 1\n", ("f.yaml:2:1: not YAML: while scanning",)),
    "colon": Broken("a: b: c\n", ("f.yaml:1:5: not YAML: mapping values are not allowed",)),
    "open_bracket": Broken("a: [1, 2\nb: 3\n", ("f.yaml:2:2: not YAML",)),
    "two_documents": Broken("a: 1\n---\nb: 1\n", ("f.yaml:2:1: not YAML: expected a single",)),
    "unknown_alias": Broken("a: *b\n", ("f.yaml:1:4: not YAML: found undefined alias",)),
    "latin_1": Broken("a: 1\nb: é\n".encode("latin-1"), ("f.yaml:2:4: byte 0xe9 is not UTF-8",)),
    "utf_16": Broken("a: 1\n".encode("utf-16"), ("f.yaml:1:1: byte 0xff is not UTF-8",)),
    "control": Broken("a: 1\nb: \x07\n", ("f.yaml:2:4: control character U+0007",)),
    "twice": Broken(
        "a: 1\nb: 2\na: 3\n", ("f.yaml:3:1: a: this key is given twice; first on line 1",)
    ),
    "several": Broken(
        "a: 1\na: 2\nb: {c: 1, c: 2}\n? [1]\n: 2\nd: !x 1\n",
        (
            "f.yaml:2:1: a: this key is given twice",
            "f.yaml:3:11: b.c: this key is given twice",
            "f.yaml:4:3: got a list or mapping as a key",
            'f.yaml:6:4: d: tag "!x" is not supported',
        ),
    ),
    "tagged_list": Broken("a: !x [1]\n", ('f.yaml:1:4: a: tag "!x" is not supported',)),
    "python_tag": Broken("a: !!python/name:os.system ''\n", ("f.yaml:1:4: a: tag",)),
    "recursive": Broken("a: &a\n  b: *a\n", ("f.yaml:1:4: a.b: an alias inside its own anchor",)),
    "merge_of_text": Broken("a:\n  <<: b\n", ('f.yaml:2:7: a["<<"]: got "b", expected a mapping',)),
    "long_number": Broken(f"a: {'9' * 5_000}\n", ("f.yaml:1:4: a: got",)),
    "tagged_number": Broken("a: !!int x\n", ('f.yaml:1:4: a: got "x", expected a number',)),
    "deep": Broken("a: " + "[" * 1_000, ("f.yaml: nested too deeply",)),
    "rather_deep": Broken(f"a: {'[' * 80}{']' * 80}", ("f.yaml:1:68: nested too deeply",)),
    "rather_deep_json": Broken("[" * 80 + "]" * 80, ("f.yaml: nested too deeply",)),
    "deep_json": Broken("[" * 60_000 + "]" * 60_000, ("f.yaml: nested too deeply",)),
    "json": Broken('{"a": 1,}', ("f.json:1:9: not JSON: ",), "f.json"),
    "json_twice": Broken(
        '{"a": 1,\n\t"a": 2}', ("f.json:2:2: a: this key is given twice",), "f.json"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_file_is_named_at_its_place(case: Broken) -> None:
    """File, line and column come first, then what is wrong."""
    found = wrong(case.content, case.file)
    assert [text[: len(start)] for text, start in zip(found, case.problems, strict=True)] == [
        *case.problems
    ]


def test_tabs_have_a_remedy() -> None:
    """The commonest slip is answered in plain words."""
    assert wrong("a:\n\tb: 1\n")[0].endswith("indent with spaces, not tabs")


def test_aliases_that_multiply_are_refused() -> None:
    """A few lines cannot become millions of values."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]
    assert wrong("\n".join(lines)) == [
        "f.yaml: more than 10000000 values once its aliases are written out"
    ]


def test_aliases_that_nest_are_refused() -> None:
    """Line by line they may go deeper than any reader can follow."""
    lines = ["a0: &a0 [x]", *(f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, 100))]
    assert wrong("\n".join(lines)) == ["f.yaml: nested too deeply"]
    assert read_content("\n".join(lines[:60]), "f.yaml").value["a0"] == ["x"]


def test_a_file_larger_than_any_config_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is another file, named by mistake."""
    monkeypatch.setattr(reading, "MOST_BYTES", 10)
    assert wrong("a: 1234567890") == ["f.yaml: larger than 0 MiB; split it"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """With the remedy."""
    with pytest.raises(ConfigError, match=r"none\.yaml: no such file; check the path"):
        read_file(tmp_path / "none.yaml")


def test_a_directory_is_named(tmp_path: Path) -> None:
    """It is not read as if it were a file."""
    with pytest.raises(ConfigError, match="this is a directory; name the file in it"):
        read_file(tmp_path)


def test_a_file_below_a_file_is_named(tmp_path: Path) -> None:
    """What the system says is passed on."""
    (tmp_path / "f").write_text("a: 1", encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot be read: Not a directory"):
        read_file(tmp_path / "f" / "g.yaml")


def test_a_name_that_no_file_can_have_is_named() -> None:
    """A NUL in it is no traceback."""
    with pytest.raises(ConfigError, match="cannot be read: embedded null byte"):
        read_file("a\0b")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    """Permission is a problem like others."""
    file = tmp_path / "f.yaml"
    file.write_text("a: 1", encoding="utf-8")
    file.chmod(0)
    with pytest.raises(ConfigError, match="cannot be read: Permission denied"):
        read_file(file)


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["unix", "windows"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "byte_order_mark"])
def test_line_ends_and_byte_order_marks_change_nothing(newline: str, mark: str) -> None:
    """Values and lines are the same."""
    text = mark + newline.join(["version: 1", "a:", "  - b", "  - c: 3", ""])
    source = read_content(text.encode(), "f.yaml")
    assert source.value == {"version": 1, "a": ["b", {"c": 3}]}
    assert source.locate(("a", 1, "c")) == (4, 8)
    assert source.locate(("a", 1, "c"), key=True) == (4, 5)


def test_merge_keys_and_anchors_are_written_out() -> None:
    """Own keys come before merged ones, and of those the first one named."""
    text = "x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz:\n  <<: [*x, *y]\n  a: 9\nw: {<<: *y}\n"
    source = read_content(text, "f.yaml")
    assert source.value["z"] == {"a": 9, "b": 2, "c": 4}
    assert source.value["w"] == {"b": 3, "c": 4}
    assert source.locate(("z", "c")) == (2, 17)
    assert source.locate(("w", "b")) == (2, 11)


def test_a_place_that_is_not_there_is_the_nearest_around_it() -> None:
    """A missing key is shown where it is missing."""
    source = read_content("a:\n  - b: 1\n", "f.yaml")
    assert source.locate(("a", 0, "none", "deeper")) == (2, 5)
    assert source.locate(("a", 7)) == (2, 3)
    assert source.locate(("a", 0, "b", "deeper")) == (2, 8)


def test_json_is_read_with_its_places() -> None:
    """Tabs and escapes of JSON are none of YAML's business."""
    source = read_content('{\n\t"a": [1,\n\t\t"\\ud83d\\ude00"]}', "f.json")
    assert source.value == {"a": [1, "😀"]}
    assert source.locate(("a", 1)) == (3, 3)


def test_json_whose_places_cannot_be_found_is_still_read() -> None:
    """What YAML does not take of JSON costs the line, not the file."""
    source = read_content('{"a": "\x7f"}', "f.json")
    assert source.value == {"a": "\x7f"}
    assert source.locate(("a",)) == (1, 1)


def test_a_yaml_flow_mapping_is_no_broken_json() -> None:
    """A file may start with a bracket and be YAML."""
    assert read_content("{a: 1, b: [x]}", "f.yaml").value == {"a": 1, "b": ["x"]}


def test_a_number_too_long_for_json_is_named_at_its_place() -> None:
    """Python reads no number of thousands of digits."""
    assert wrong(f'{{"a": {"9" * 5_000}}}')[0].startswith('f.yaml:1:7: a: got "999')


def test_a_problem_names_its_field() -> None:
    """Keys that are no plain words are quoted and escaped."""
    place = Place(read_content('a: [{"b\\n c": 1}]', "f.yaml")).at("a", 0, "b\n c")
    assert str(place.problem("wrong")) == 'f.yaml:1:15: a[0]["b\\n c"]: wrong'


def test_a_value_is_given_by_its_path() -> None:
    """A path that leads nowhere gives None."""
    assert get({"a": [1, {"b": 2}]}, ("a", 1, "b")) == 2
    assert get({"a": [1]}, ("a", 5)) is None
    assert get({"a": 1}, ("a", "b")) is None


def is_answered(content: str | bytes) -> bool:
    """Say whether a content is read, or refused with problems that can be shown."""
    try:
        read_content(content, "f.yaml")
    except ConfigError as error:
        return all(str(problem).startswith("f.yaml:") for problem in error.problems)
    return True


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    """Nothing but a ConfigError comes out of a file that somebody names."""
    assert is_answered(content)


@given(st.text(alphabet="ab:-[]{}&*<!'\"#|>?,%@ \n\t0", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Not even the marks of YAML in any order break the reader."""
    assert is_answered(text)
