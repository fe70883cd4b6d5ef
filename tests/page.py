"""Which commands does a page of the documentation have, and does each print what stands below it?

FLYBALL_REWRITE=1 writes what is printed into the page, whole; "…" stands for what a person then
leaves out: of a line, or of lines.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

REWRITE = "FLYBALL_REWRITE"
CUT = "…"
_BLOCK = re.compile(
    r"^(?P<indent> *)```(?P<kind>sh|text)\n(?P<text>.*?)^ *```$", re.MULTILINE | re.DOTALL
)
_TIME = re.compile(r"\b\d\d:\d\d:\d\d\b")
_DATE = re.compile(r"\b20\d\d-\d\d-\d\d\b")


class Step(NamedTuple):
    """A command of the page.

    Attributes:
        command: As it is typed.
        printed: What stands below it.
        place: Where that stands in the page, from and to; its lines are indented alike.
        indent: By how much.
    """

    command: str
    printed: str
    place: tuple[int, int]
    indent: str


Different = Sequence[tuple[Step, str]]
"""Commands that print something else than what stands below them, with what they print."""


def read_steps(page: str) -> Iterator[Step]:
    """Give every command of a page with what it prints."""
    blocks = list(_BLOCK.finditer(page))
    for block, after in pairwise(blocks):
        if block["kind"] == "sh":
            assert after["kind"] == "text", f"what does {block['text']!r} print?"
            indent = after["indent"]
            text = "".join(line.removeprefix(indent) for line in after["text"].splitlines(True))
            command = " ".join(block["text"].replace("\\\n", " ").split())
            yield Step(command, text, after.span("text"), indent)


def matches(printed: str, stands: str) -> bool:
    """Say whether a block stands for what was printed."""
    lines = [
        r"(?:.*\n)*?" if line.strip() == CUT else ".*".join(map(re.escape, line.split(CUT))) + r"\n"
        for line in stands.splitlines()
    ]
    return re.fullmatch("".join(lines), printed) is not None


def stop_time(text: str) -> str:
    """Give every time of day and date as they stand in the pages."""
    return _DATE.sub("2026-11-21", _TIME.sub("09:41:00", text))


def expect_page(page: Path, different: Different) -> None:
    """Expect no difference; where it is asked for, write what was printed into the page first."""
    if os.environ.get(REWRITE):
        page.write_text(rewrite(page.read_text(encoding="utf-8"), different), encoding="utf-8")
    assert [step.command for step, _ in different] == [], different[0][1]


def rewrite(text: str, different: Iterable[tuple[Step, str]]) -> str:
    """Put what was printed in the place of what stands in a page's text."""
    for step, printed in sorted(different, key=lambda each: each[0].place, reverse=True):
        start, end = step.place
        lines = "".join(f"{step.indent}{line}".rstrip() + "\n" for line in printed.splitlines())
        text = text[:start] + lines + text[end:]
    return text
