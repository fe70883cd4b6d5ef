"""Is a page of the documentation read as a reader reads it?"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.page import REWRITE, Step, expect_page, fit, matches, read_steps, stop_time

PAGE = """\
1. Do it:

   ```sh
   flyball plan \\
     --json
   ```

   ```text
   one
     two
   ```

```sh
flyball apply
```

```text
three
```
"""


def test_a_command_has_what_stands_below_it() -> None:
    """Without the page's own indent; a line that goes on is one command."""
    first, second = read_steps(PAGE)
    assert (first.command, first.printed) == ("flyball plan --json", "one\n  two\n")
    assert (second.command, second.printed) == ("flyball apply", "three\n")


def test_a_command_that_prints_nothing_in_the_page_is_refused() -> None:
    """Nobody would know whether it works."""
    with pytest.raises(AssertionError, match="what does 'a"):
        list(read_steps("```sh\na\n```\n\n```sh\nb\n```\n"))


@pytest.mark.parametrize(
    ("printed", "stands", "expected"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a\nb\n", "a\n", False),
        ("a\nb\nc\nd\n", "a\n…\nd\n", True),
        ("a\nd\n", "a\n…\nd\n", True),
        ("a 1 b\n", "a … b\n", True),
        ("a 1\nb\n", "a … b\n", False),
        ("a.\n", "a?\n", False),
    ],
)
def test_what_is_left_out_of_a_block_is_said(printed: str, stands: str, expected: bool) -> None:
    """Nothing else may be missing, or differ."""
    assert matches(printed, stands) is expected


@pytest.mark.parametrize(
    ("printed", "stands", "expected"),
    [
        ("a\nb", "c", "a\nb"),
        ("first of 5\nx\ny\nlast of 5", "first of 4\n…\nlast of 4", "first of 5\n…\nlast of 5"),
        ("in 17 steps\nnew\nend", "in … steps\nend", "in … steps\nnew\nend"),
        ("x\ny\nend", "…\nend", "…\nend"),
        ("a\nx\ny", "a\n…", "a\n…"),
        ("", "…", "…"),
    ],
    ids=["other lines", "cut", "line", "from the first", "to the last", "nothing"],
)
def test_what_was_left_out_is_left_out_again(printed: str, stands: str, expected: str) -> None:
    """And what is new elsewhere shows."""
    assert "\n".join(fit(printed.splitlines(), stands.splitlines())) == expected


def test_times_stand_still() -> None:
    """And what only looks like one does not change."""
    assert stop_time("on 2025-01-02 at 03:04:05, 18:00") == "on 2026-11-21 at 09:41:00, 18:00"


def test_a_page_that_is_not_true_is_refused_and_mended_where_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each block at its own indent, from the last to the first; then nothing is different."""
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")
    different: list[tuple[Step, str]] = [
        (step, f"{step.command}\n  new\n") for step in read_steps(PAGE)
    ]
    monkeypatch.delenv(REWRITE, raising=False)
    with pytest.raises(AssertionError):
        expect_page(page, different)
    assert page.read_text(encoding="utf-8") == PAGE
    monkeypatch.setenv(REWRITE, "1")
    with pytest.raises(AssertionError):
        expect_page(page, different)
    found = [step.printed for step in read_steps(page.read_text(encoding="utf-8"))]
    assert found == ["flyball plan --json\n  new\n", "flyball apply\n  new\n"]
    expect_page(page, [])
