"""What may be left out of a row that its store cannot hold, so that it still says what was decided?

Only what a decision was made from: of each list its oldest entries, of each long text its end. What
was decided, by which config and engine, and which intent an outcome answers, stay whole. The row
then says that it was cut, and keeps the hash of what it was; it cannot be decided again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from hashlib import sha256

from flyball.core.shape import NamedTuple

FIELD = "cut"
"""The field of a body that says so."""
MOST, LEAST = 16_384, 8
"""Entries that are kept of a list: as many as fit, between these."""
TEXT = 256
"""Characters that are kept of a text at least: no instant or name is longer."""

_CUTTABLE: Mapping[str, frozenset[str]] = {
    "decision": frozenset({"history", "noticed", "observation", "trigger"}),
    "outcome": frozenset({"outcome"}),
}
"""By kind of row: the fields that may be cut. A row of another kind is stored whole or not."""


class Cut(NamedTuple):
    """How a body differs from the one that was to be stored.

    Attributes:
        length: Bytes of the whole.
        sha256: Of the whole, hex.
        kept: Most entries of a list, the newest, that were kept.
    """

    length: int
    sha256: str
    kept: int


def fit(kind: str, body: str, fits: Callable[[str], bool]) -> str | None:
    """Cut a row's body until its store can hold it.

    Args:
        kind: The row's.
        body: Canonical JSON, an object.
        fits: Says whether the store can hold a body.

    Returns:
        The body as it was, or cut as little as will do, canonical; None: it cannot be made to fit.
    """
    if fits(body):
        return body
    cuttable = _CUTTABLE.get(kind)
    if cuttable is None:
        return None
    whole = body.encode("utf-8", "surrogatepass")
    given, digest, kept = json.loads(body), sha256(whole).hexdigest(), MOST
    while kept >= LEAST:
        short = {
            name: _shorten(value, kept) if name in cuttable else value
            for name, value in given.items()
        }
        short[FIELD] = Cut(len(whole), digest, kept)._asdict()
        text = json.dumps(short, sort_keys=True, separators=(",", ":"))
        if fits(text):
            return text
        kept //= 2
    return None


def _shorten(value: object, kept: int) -> object:
    if isinstance(value, dict):
        return {name: _shorten(each, kept) for name, each in value.items()}
    if isinstance(value, list):
        return [_shorten(each, kept) for each in value[-kept:]]
    if isinstance(value, str):
        return value[: max(kept, TEXT)]
    return value
