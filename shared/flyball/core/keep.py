"""How is what a policy has learned written as one text, and read again to the bit?"""

from __future__ import annotations

import json
import struct
from base64 import b64decode, b64encode
from collections.abc import Callable
from hashlib import sha256
from math import isfinite
from typing import Any, TypeVar

from flyball.core.memoir import Packed, decode_state, encode_books, encode_minutes
from flyball.core.objective import Objective
from flyball.core.portfolio import State
from flyball.core.predict import EXPERTS, MADE_BYTES, MINUTE_BYTES, Predictor
from flyball.core.quarter import Books
from flyball.core.residual import pack, unpack
from flyball.core.season import CYCLES, Season
from flyball.core.shape import NamedTuple

T = TypeVar("T")
Memory = tuple[str, object]

DIGEST_LENGTH = 32
KEPT_LIMIT = 256
"""States kept that were just written, so that a process that goes on need not read them."""

_JSON = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)
"""Of plain JSON material: a tenth of the time that the codec takes, which looks for more."""
_NUMBERS = frozenset((int, float))
_KEPT: dict[str, object] = {}
_BOOKS: dict[int, tuple[object, str]] = {}
"""Books that were just written and their texts, by identity; while they are here, it is theirs."""


class Adapted(NamedTuple):
    """What an adaptive policy remembers.

    Attributes:
        portfolio: Its shadows, and what they did.
        objective: Its latency objective, where it has one.
    """

    portfolio: State = State()
    objective: Objective = Objective()


class Unwritten(str):
    """A state where no text of it is kept: empty, and nothing that can be written.

    Attributes:
        held: It.
    """

    __slots__ = ("held",)
    held: object


def hold(state: object) -> Unwritten:
    """Keep a state as it is, for who goes on with it in the same process and writes nothing."""
    text = Unwritten()
    text.held = state
    return text


def write_predictor(state: Predictor) -> str:
    """Write what a predictive policy remembers, under 9 kB with a horizon of ten minutes."""
    material = {
        "minute": state.minute,
        "level": state.level,
        "trend": state.trend,
        "minutes": _text(state.minutes),
        "seasons": [[_text(each.bins), *each[1:]] for each in state.seasons],
        "made": _text(state.made),
        "residuals": _text(pack(state.residuals)),
        "losses": list(state.losses),
        "judged": state.judged,
        "loss": state.loss,
        "is_trusted": state.is_trusted,
    }
    return _keep(_write(material), state)


def write_adapted(state: Adapted) -> str:
    """Write what an adaptive policy remembers."""
    objective, minutes = _write(state.objective), _write(encode_minutes(state.portfolio))
    books = _write_books(state.portfolio.books)
    text = f'{{"objective":{objective},"portfolio":{{"books":{books},{minutes[1:]}}}'
    return _keep(text, state)


def read_predictor(text: str) -> Predictor | None:
    """Read what write_predictor wrote; None where that cannot be."""
    return _read(text, Predictor, _read_predictor)


def read_adapted(text: str) -> Adapted | None:
    """Read what write_adapted wrote; None where that cannot be."""
    return _read(text, Adapted, _read_adapted)


def digest(text: str) -> str:
    """Give a state's mark."""
    return sha256(text.encode()).hexdigest()[:DIGEST_LENGTH]


def _write_books(books: Books | None) -> str:
    """Write books once in their quarter of an hour."""
    kept = _BOOKS.get(id(books))
    if kept is not None and kept[0] is books:
        return kept[1]
    if len(_BOOKS) >= KEPT_LIMIT:
        _BOOKS.clear()
    text = _write(encode_books(books))
    _BOOKS[id(books)] = books, text
    return text


def _write(value: object) -> str:
    """Write plain JSON material as _JSON does, in a quarter of the time: columns are not escaped.

    Raises:
        ValueError: A number is not finite.
    """
    kind = type(value)
    if kind is Packed:
        return f'"{value}"'
    if kind is int:
        return str(value)
    if isinstance(value, float):
        if not isfinite(value):
            raise ValueError(f"a state holds {value}, which JSON has no word for")
        return repr(value)
    if isinstance(value, (list, tuple)):
        numbers = [
            repr(each) if type(each) in _NUMBERS and each - each == 0 else _write(each)
            for each in value
        ]
        return f"[{','.join(numbers)}]"
    if isinstance(value, dict):
        pairs = [f'"{name}":{_write(value[name])}' for name in sorted(value)]
        return f"{{{','.join(pairs)}}}"
    return _JSON.encode(value)


def _keep(text: str, state: object) -> str:
    if len(_KEPT) >= KEPT_LIMIT:
        _KEPT.clear()
    _KEPT[text] = state
    return text


def _read(text: str, cls: type[T], read: Callable[[Any], T]) -> T | None:
    kept = text.held if type(text) is Unwritten else _KEPT.pop(text, None)
    if isinstance(kept, cls):
        return kept
    try:
        return read(json.loads(text))
    except (ValueError, KeyError, TypeError, IndexError, RecursionError, struct.error):
        return None


def _read_predictor(value: Any) -> Predictor:  # noqa: ANN401  (parsed JSON)
    seasons = tuple(Season(_packed(bins), *rest) for bins, *rest in value["seasons"])
    sizes = [len(each.bins) for each in seasons]
    residuals = tuple(unpack(_packed(value["residuals"])))
    losses = tuple(map(float, value["losses"]))
    minutes, made = _packed(value["minutes"]), _packed(value["made"])
    whole = sizes == [2 * cycle.bins for cycle in CYCLES]
    whole = whole and not len(minutes) % MINUTE_BYTES and not len(made) % MADE_BYTES
    if not whole or len(residuals) != len(EXPERTS) or len(losses) != len(EXPERTS):
        raise ValueError("a column is cut")
    return Predictor(
        int(value["minute"]),
        float(value["level"]),
        float(value["trend"]),
        minutes,
        seasons,
        made,
        residuals,
        losses,
        int(value["judged"]),
        float(value["loss"]),
        bool(value["is_trusted"]),
    )


def _read_adapted(value: Any) -> Adapted:  # noqa: ANN401  (as above)
    minute, known, over, counted, factor = value["objective"]
    objective = Objective(int(minute), float(known), float(over), int(counted), float(factor))
    return Adapted(decode_state(value["portfolio"]), objective)


def _text(packed: bytes) -> Packed:
    return Packed(b64encode(packed), "ascii")


def _packed(text: str) -> bytes:
    return b64decode(text, validate=True)
