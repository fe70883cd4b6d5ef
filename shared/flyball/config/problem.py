"""What is wrong with a file, where exactly, and what would put it right?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from enum import Enum
from functools import lru_cache
from typing import Any, NamedTuple

SHOWN_LENGTH = 60
"""A value in a message is cut after this many characters."""

Path = tuple[str | int, ...]
"""Keys and list indices from the root of a file to a field."""


class Severity(Enum):
    """Whether a file with this problem is still used."""

    ERROR = "error"
    WARNING = "warning"


class Problem(NamedTuple):
    """One thing that is wrong, or doubtful, in a file.

    Attributes:
        file: The file as it was named.
        line: From 1; 0 where the whole file is meant.
        column: From 1, in characters; 0 with line 0.
        path: The field, `scalable_targets[0].policies[2].target_value`; "" for the whole file.
        message: What was found and what was expected.
        hint: A remedy, "" for none.
        severity: Error or warning.
    """

    file: str
    line: int
    column: int
    path: str
    message: str
    hint: str = ""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        field = f" {self.path}:" if self.path else ""
        word = "" if self.severity is Severity.ERROR else f" {self.severity.value}:"
        hint = f"; {self.hint}" if self.hint else ""
        return f"{where}:{word}{field} {self.message}{hint}"


class ConfigError(Exception):
    """A file that cannot be used; every problem at once, in the file's order.

    Attributes:
        problems: At least one, all of severity error.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def format_path(path: Path) -> str:
    """Write a path as people do; a key that is not a plain word is quoted and escaped."""
    out = ""
    for part in path:
        if isinstance(part, int):
            out += f"[{part}]"
        elif part.replace("-", "_").isidentifier() and part.isascii():
            out += f".{part}" if out else part
        else:
            out += f"[{json.dumps(part)}]"
    return out


def show(value: Any) -> str:
    """Name a value in a message: short, on one line, control characters escaped."""
    if isinstance(value, dict):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, (list, tuple)):
        return "a list" if value else "an empty list"
    if value is None:
        return "nothing"
    text = json.dumps(value) if isinstance(value, (bool, str)) else str(value)
    return text if len(text) <= SHOWN_LENGTH else f"{text[:SHOWN_LENGTH]}…"


def suggest(word: Any, choices: Sequence[str]) -> str:
    """Say which of the choices was probably meant; "" if none is near."""
    near = _nearest(word, tuple(choices)) if isinstance(word, str) else ""
    return f"did you mean {near}?" if near else ""


@lru_cache(maxsize=4096)
def _nearest(word: str, choices: tuple[str, ...]) -> str:
    by_letters = {_letters(choice): choice for choice in choices}
    near = get_close_matches(_letters(word[:SHOWN_LENGTH]), by_letters, n=1, cutoff=0.6)
    return by_letters[near[0]] if near else ""


def _letters(word: str) -> str:
    return "".join(letter for letter in word.casefold() if letter.isalnum()) or word
