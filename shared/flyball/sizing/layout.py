"""How is a commented YAML file laid out?"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Sequence
from datetime import timedelta

COLUMNS = 86
PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._/-]*")
WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
"""Which YAML takes for something else than text."""

Lines = Iterator[str]


def indent(lines: Iterator[str], first: str) -> Lines:
    """Make an item of a list; comments before its first key stand above it."""
    begun = False
    for line in lines:
        if begun or line.startswith("#"):
            yield (" " * len(first if begun else first[:-2]) + line).rstrip()
        else:
            yield first + line
            begun = True


def push(lines: Iterator[str]) -> Lines:
    """Move lines to the right."""
    return (f"  {line}" for line in lines)


def say(text: str) -> Lines:
    """Make a comment of what people are to read, whatever it was taken from."""
    plain = "".join(each if each.isprintable() else " " for each in " ".join(text.split()))
    for line in textwrap.wrap(plain, COLUMNS, break_long_words=False, break_on_hyphens=False):
        yield f"# {line}"


def find_end(lines: Sequence[str], begin: int) -> int:
    """Find the line after a comment that `say` made, where others' may follow it at once.

    A line of it ends where the next word did not fit.
    """
    end = begin + 1
    while end < len(lines) and lines[end].lstrip().startswith("# "):
        before = lines[end - 1].strip().removeprefix("# ")
        word = lines[end].strip().removeprefix("# ").split(" ", 1)[0]
        if len(before) + 1 + len(word) <= COLUMNS:
            break
        end += 1
    return end


def show_text(value: str) -> str:
    """Quote what YAML takes for something else than text."""
    if PLAIN.fullmatch(value) and value.lower() not in WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)


def show_number(value: float) -> str:
    """Show a number as people write it, to six digits."""
    if value == round(value):
        return str(round(value))
    short = f"{value:.6g}"
    return short if "e" not in short else f"{value:.10f}".rstrip("0")


def show_length(length: timedelta) -> str:
    """Show a duration in seconds."""
    return f"{show_number(length.total_seconds())}s"
