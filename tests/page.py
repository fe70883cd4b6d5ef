"""Which commands does a page of the documentation have, and does each print what stands below it?

"…" stands for what is left out: of a line, or of lines. FLYBALL_REWRITE=1 writes what is printed
into the page, and leaves out of it what was left out before.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

REWRITE = "FLYBALL_REWRITE"
CUT = "…"
ALIKE_RATIO = 0.6
"""Two lines that share so much are the same line, changed."""
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
        fitted = fit(printed.splitlines(), step.printed.splitlines())
        lines = "".join(f"{step.indent}{line}".rstrip() + "\n" for line in fitted)
        text = text[:start] + lines + text[end:]
    return text


def fit(printed: Sequence[str], stands: Sequence[str]) -> Iterator[str]:
    """Give the lines that were printed, shortened where what stands for others is shortened."""
    before, after = -1, -1
    for old, new in (*align(stands, printed), (len(stands), len(printed))):
        cuts = [line for line in stands[before + 1 : old] if line.strip() == CUT]
        yield from cuts[:1] or printed[after + 1 : new]
        if old < len(stands):
            kept = matches(f"{printed[new]}\n", stands[old])
            yield stands[old] if kept else printed[new]
        before, after = old, new


def align(stands: Sequence[str], printed: Sequence[str]) -> list[tuple[int, int]]:
    """Pair lines that are the same, or nearly, in order and as many as there are: their indices."""
    best: list[list[tuple[float, list[tuple[int, int]]]]]
    best = [[(0.0, [])] * (len(printed) + 1) for _ in range(len(stands) + 1)]
    for old, line in enumerate(stands):
        for new, other in enumerate(printed):
            found = max(best[old][new + 1], best[old + 1][new], key=lambda each: each[0])
            score, pairs = best[old][new]
            alike = _compare(line, other)
            if alike and score + alike > found[0]:
                found = score + alike, [*pairs, (old, new)]
            best[old + 1][new + 1] = found
    return best[-1][-1][1]


def _compare(line: str, other: str) -> float:
    """Say how alike a page's line and a printed one are; 0: they are other lines."""
    if line.strip() == CUT:
        return 0.0
    if matches(f"{other}\n", line):
        return 2.0
    ratio = SequenceMatcher(None, line, other, autojunk=False).ratio()
    return ratio if ratio >= ALIKE_RATIO else 0.0


def expect_table(page: Path, command: str, lines: Sequence[str]) -> None:
    """Expect a table of a page to be these lines; where it is asked for, write them there first.

    It stands between `<!-- figures: COMMAND -->` and `<!-- end of figures -->`.
    """
    text = page.read_text(encoding="utf-8")
    start = text.index(f"<!-- figures: {command} -->\n") + len(f"<!-- figures: {command} -->\n")
    end = text.index("<!-- end of figures -->", start)
    wanted = "".join(f"{line}\n" for line in ("", *lines, ""))
    stands = text[start:end]
    if os.environ.get(REWRITE):
        page.write_text(text[:start] + wanted + text[end:], encoding="utf-8")
    assert stands == wanted
