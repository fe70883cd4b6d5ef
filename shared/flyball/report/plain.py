"""How does text from a file or an event become safe to show, and safe in a spreadsheet?"""

from __future__ import annotations

import unicodedata

MARK = "\N{REPLACEMENT CHARACTER}"
"""Stands for each character that was taken out, so that a name with one still looks odd."""
SHOWN_LENGTH = 300
"""Longest piece of foreign text on a terminal; a whole one is in the ledger."""

_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Controls, invisible and bidirectional formats, lone surrogates, line and paragraph breaks."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def plain(text: str, length: int = SHOWN_LENGTH) -> str:
    """Take out what could steer a terminal or hide in a line, and cut what is too long.

    Args:
        text: Any, from an event, a config or a provider.
        length: Most characters to keep.

    Returns:
        One line of printable text.
    """
    if text.isascii() and text.isprintable():
        safe = text
    else:
        safe = "".join(MARK if unicodedata.category(each) in _UNSAFE else each for each in text)
    return safe if len(safe) <= length else f"{safe[: length - 1]}…"


def cell(text: str) -> str:
    """Keep a spreadsheet from reading a text as a formula.

    Source: OWASP, "CSV Injection".
    """
    return f"'{text}" if text.startswith(_FORMULA) else text
