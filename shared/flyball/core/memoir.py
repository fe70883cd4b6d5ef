"""How is the adaptive policy's state written as plain JSON material, and read again to the bit?

Whole numbers and floats are written as they are, columns of float32 and half floats as base64.
"""

from __future__ import annotations

import struct
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any
from zlib import crc32

from flyball.core.account import Account, Choice, Why
from flyball.core.daymemory import Day
from flyball.core.forecast import COLUMN_BYTES, Forecast, Four
from flyball.core.portfolio import CAREFUL, PORTFOLIO, ROW_BYTES, State
from flyball.core.quarter import Books, Own, check_books, open_books
from flyball.core.tracker import Tracker

FINGERPRINT = crc32(repr(tuple(map(tuple, PORTFOLIO))).encode())
"""Of the portfolio: what was recorded of another one says nothing of this one's shadows."""


class Packed(str):
    """A column as base64: a text that needs no escaping, for who writes it by itself."""

    __slots__ = ()


def encode_state(state: State) -> dict[str, object]:
    """Write a state as JSON material, under 8 kB with a lead time of four minutes."""
    return {"books": encode_books(state.books), **encode_minutes(state)}


def encode_minutes(state: State) -> dict[str, object]:
    """Write what changes with every minute; the books do once in a quarter."""
    forecast, day = state.forecast, state.day
    return {
        "minute": state.minute,
        "known_minute": state.known_minute,
        "forecast": [
            forecast.level,
            forecast.trend,
            _text(forecast.minutes),
            _text(forecast.made),
            list(forecast.scales),
            forecast.judged,
        ],
        "day": [_text(day.bins), *day[1:]],
        "rows": _text(state.rows),
    }


def decode_state(value: Mapping[str, object]) -> State:
    """Read a state.

    A state of another portfolio keeps its forecasts and the balance, and begins again with shadows.

    Raises:
        ValueError: It is not a state; delete it, and the policy begins anew.
    """
    try:
        return _decode(value)
    except (KeyError, TypeError, ValueError, IndexError, struct.error) as error:
        message = f"state of the adaptive policy: {error!r}; delete it to let the policy begin anew"
        raise ValueError(message) from None


def _text(packed: bytes) -> Packed:
    return Packed(b64encode(packed), "ascii")


def encode_books(books: Books | None) -> dict[str, object] | None:
    """Write the books alone."""
    if books is None:
        return None
    choice = books.choice
    return {
        "portfolio": FINGERPRINT,
        "account": list(books.account),
        "choice": [choice.why.value, *choice[1:]],
        "own": [books.own.backlog, list(books.own.orders)],
        "tracker": [*books.tracker[:3], list(books.tracker.orders)],
        "sums": _text(books.sums),
        "courses": _text(books.courses),
    }


def _decode(value: Mapping[str, Any]) -> State:
    level, trend, minutes, made, scales, judged = value["forecast"]
    bins, number, *rest = value["day"]
    day = Day(b64decode(bins, validate=True), number, *rest)
    rows = b64decode(value["rows"], validate=True)
    columns = [b64decode(column, validate=True) for column in (minutes, made)]
    cut = any(len(column) % size for column, size in zip(columns, COLUMN_BYTES, strict=True))
    if cut or len(day.bins) != len(Day().bins) or len(rows) % ROW_BYTES:
        message = "a column is cut"
        raise ValueError(message)
    return State(
        value["minute"],
        value["known_minute"],
        Forecast(
            level,
            trend,
            columns[0],
            columns[1],
            Four._make(scales),
            judged,
        ),
        day,
        rows,
        None if value["books"] is None else _decode_books(value["books"]),
    )


def _decode_books(value: Mapping[str, Any]) -> Books:
    account = Account._make(value["account"])
    backlog, orders = value["own"]
    own = Own(backlog, tuple(orders))
    high, low, quiet, tracked = value["tracker"]
    tracker = Tracker(high, low, quiet, tuple(tracked))
    if value["portfolio"] != FINGERPRINT:
        fresh = open_books(PORTFOLIO, orders[-1], len(orders), CAREFUL)
        kept = Account(mean=account.mean, balance=account.balance)
        return fresh._replace(account=kept, own=own, tracker=tracker)
    why, *numbers = value["choice"]
    books = Books(
        account,
        Choice(Why(why), *numbers),
        own,
        tracker,
        b64decode(value["sums"], validate=True),
        b64decode(value["courses"], validate=True),
    )
    check_books(books, len(PORTFOLIO))
    return books
