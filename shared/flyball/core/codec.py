"""How does a value become canonical JSON and back, bit for bit, on every machine?

Canonical: keys sorted, no spaces, ASCII only, fields equal to their default left out, instants in
UTC, durations in seconds, floats by their shortest exact form and non-finite ones as strings. The
same value always gives the same text, so texts can be hashed and compared. Durations keep their
microseconds up to 272 years.
"""

from __future__ import annotations

import dataclasses
import json
import math
import types
import typing
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any, TypeVar, Union, cast

from flyball.core.advice import Chosen, Foresight
from flyball.core.model import Datapoint
from flyball.core.policy import (
    AdaptivePolicy,
    PredictivePolicy,
    ScheduledPolicy,
    StepPolicy,
    TrackingPolicy,
)

T = TypeVar("T")
Encode = Callable[[Any], Any]
Decode = Callable[[Any], Any]

KINDS: Mapping[type, str] = {
    TrackingPolicy: "tracking",
    StepPolicy: "step",
    ScheduledPolicy: "scheduled",
    PredictivePolicy: "predictive",
    AdaptivePolicy: "adaptive",
    Foresight: "foresight",
    Chosen: "chosen",
}
"""Members of a union of records are told apart by a `kind` field."""
_JSON = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)


def canonical(value: Any) -> str:
    """Write a value as canonical JSON.

    Args:
        value: A record of this package, or plain JSON material.

    Returns:
        ASCII text; equal values give equal text (but for 0.0 and -0.0, which are not the same).

    Raises:
        TypeError: It holds something that has no canonical form.
        ValueError: It holds an instant without a time zone.
    """
    return _JSON.encode(encode(value))


def encode(value: Any) -> Any:
    """Turn a value into what the json module writes."""
    return _encoder(type(value))(value)


def decode(cls: type[T], value: Any) -> T:
    """Rebuild a value of `cls` from parsed JSON.

    Raises:
        ValueError: A field is unknown, missing or of a wrong type; the message names its path.
    """
    try:
        return cast("T", _decoder(cls)(value))
    except ValueError as error:
        raise ValueError(str(error).removeprefix(".")) from None


def parse(cls: type[T], text: str) -> T:
    """Rebuild a value of `cls` from canonical JSON.

    Raises:
        ValueError: As decode; or it is not JSON, or nested beyond all reason.
    """
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply to be read") from None
    return decode(cls, value)


def _make_encoder(cls: type) -> Encode:
    simple: dict[type, Encode] = {
        str: _same,
        int: _same,
        bool: _same,
        type(None): _same,
        float: encode_float,
        datetime: encode_instant,
        timedelta: encode_duration,
        date: date.isoformat,
        Datapoint: _encode_datapoint,
    }
    if cls in simple:
        return simple[cls]
    if issubclass(cls, Enum):
        return attrgetter("_value_")  # what .value reads, at a fifth of the time
    if is_record(cls):
        return _record_encoder(cls)
    if issubclass(cls, (tuple, list)):
        return lambda value: [_encoder(type(item))(item) for item in value]
    if issubclass(cls, (dict, types.MappingProxyType)):
        return lambda value: {key: _encoder(type(item))(item) for key, item in value.items()}
    raise TypeError(f"{cls.__name__} has no canonical form")


_encoder: Callable[[Any], Encode] = cache(_make_encoder)


def _record_encoder(cls: type) -> Encode:
    fields = [
        (name, default, annotation is float or float in typing.get_args(annotation))
        for name, annotation, default in fields_of(cls)
    ]
    kind = KINDS.get(cls)

    def encode_record(value: Any) -> dict[str, Any]:
        out: dict[str, Any] = {} if kind is None else {"kind": kind}
        for name, default, is_float in fields:
            item = getattr(value, name)
            if is_float and type(item) is int:  # an equal value, so the same text
                item = float(item)
            if item is default or (
                type(item) is type(default) and item == default and not _is_minus_zero(item)
            ):
                continue
            out[name] = _encoder(type(item))(item)
        return out

    return encode_record


def _is_minus_zero(value: Any) -> bool:
    """Say whether it is the one number that equals another and is not the same."""
    return type(value) is float and not value and math.copysign(1, value) < 0


def _same(value: Any) -> Any:
    return value


def encode_float(value: float) -> float | int | str:
    """Keep a finite float as it is (a whole one as an integer); name the others.

    -0.0 stays a float, so that no bit is lost.
    """
    if math.isfinite(value):
        if value.is_integer() and abs(value) < 2**53 and (value or math.copysign(1, value) > 0):
            return int(value)
        return value
    return str(value)


def encode_instant(value: datetime) -> str:
    """Write an aware instant in UTC, `2026-11-21T00:24:11Z`; microseconds where there are some."""
    if value.tzinfo is not UTC:
        if value.tzinfo is None:
            message = f"{value.isoformat()} has no time zone; instants are aware UTC"
            raise ValueError(message)
        value = value.astimezone(UTC)
    return _encode_utc(value)


@lru_cache(maxsize=4096)
def _encode_utc(value: datetime) -> str:
    """Write an instant; a window of datapoints is written again at every wake."""
    return value.isoformat()[:-6] + "Z"


def encode_duration(value: timedelta) -> float | int | str:
    """Write a duration in seconds."""
    return encode_float(value.total_seconds())


def _encode_datapoint(value: Datapoint) -> list[Any]:
    at, number, ready, reporting = value
    out: list[Any] = [encode_instant(at), encode_float(float(number))]
    if ready is not None or reporting is not None:
        out.append(ready)
    if reporting is not None:
        out.append(reporting)
    return out


def _make_decoder(cls: Any) -> Decode:
    simple: dict[Any, Decode] = {
        str: _expect(str, "text"),
        int: decode_int,
        bool: _expect(bool, "true or false"),
        float: decode_float,
        datetime: decode_instant,
        timedelta: decode_duration,
        date: decode_date,
        Datapoint: _decode_datapoint,
    }
    if cls in simple:
        return simple[cls]
    origin = typing.get_origin(cls)
    if origin in (Union, types.UnionType):
        return _union_decoder(typing.get_args(cls))
    if origin is tuple:
        item = _decoder(typing.get_args(cls)[0])
        return lambda value: tuple(
            _at(f"[{i}]", item, each) for i, each in enumerate(_expect(list, "a list")(value))
        )
    if origin is not None and issubclass(origin, Mapping):
        item = _decoder(typing.get_args(cls)[1])
        return lambda value: {
            key: _at(f".{key}", item, each)
            for key, each in _expect(dict, "a mapping")(value).items()
        }
    if isinstance(cls, type) and issubclass(cls, Enum):
        return _enum_decoder(cls)
    return _record_decoder(cls)


_decoder: Callable[[Any], Decode] = cache(_make_decoder)


def _record_decoder(cls: type) -> Decode:
    fields = {name: (annotation, default) for name, annotation, default in fields_of(cls)}
    decoders: dict[str, Decode] = {}  # made for what is met: a start meets little of a config
    ignored = {"kind"} if cls in KINDS else set()

    def decode_record(value: Any) -> Any:
        given = _expect(dict, "a mapping")(value)
        unknown = given.keys() - fields.keys() - ignored
        if unknown:
            message = f"unknown field {min(unknown)!r}; expected one of {sorted(fields)}"
            raise ValueError(message)
        arguments = {}
        for name, (annotation, default) in fields.items():
            if name in given:
                decoder = decoders.get(name) or decoders.setdefault(name, _decoder(annotation))
                arguments[name] = _at(f".{name}", decoder, given[name])
            elif default is dataclasses.MISSING:
                raise ValueError(f"missing field {name!r}")
        return cls(**arguments)

    return decode_record


def _union_decoder(members: tuple[Any, ...]) -> Decode:
    if type(None) in members:
        rest = tuple(member for member in members if member is not type(None))
        inner = _decoder(rest[0] if len(rest) == 1 else Union[rest])  # noqa: UP007  (built at run time)
        return lambda value: None if value is None else inner(value)
    if all(member in KINDS for member in members):
        by_kind = {KINDS[member]: member for member in members}
        return lambda value: _decoder(by_kind[_kind(value, by_kind)])(value)
    sequence = next((m for m in members if typing.get_origin(m) is tuple), None)
    record = next(m for m in members if m is not sequence)
    if sequence is not None:  # Series | Missing: a list or a mapping
        return lambda value: _decoder(sequence if isinstance(value, list) else record)(value)
    return _missing_or_record(members)


def _missing_or_record(members: tuple[Any, ...]) -> Decode:
    """Tell `Capacity | Missing` apart by the field that only a missing value has."""
    record, missing = members if "cause" in members[1]._fields else members[::-1]
    return lambda value: _decoder(
        missing if "cause" in _expect(dict, "a mapping")(value) else record
    )(value)


def _kind(value: Any, known: Mapping[str, Any]) -> str:
    kind = _expect(dict, "a mapping")(value).get("kind")
    if not isinstance(kind, str) or kind not in known:
        message = f"kind: got {kind!r}, expected one of {sorted(known)}"
        raise ValueError(message)
    return kind


def _enum_decoder(cls: type[Enum]) -> Decode:
    by_value = {member.value: member for member in cls}

    def decode_enum(value: Any) -> Enum:
        if not isinstance(value, str) or value not in by_value:
            message = f"got {value!r}, expected one of {sorted(by_value)}"
            raise ValueError(message)
        return by_value[value]

    return decode_enum


def _expect(cls: type, words: str) -> Decode:
    def check(value: Any) -> Any:
        if not isinstance(value, cls):
            message = f"got {value!r}, expected {words}"
            raise ValueError(message)  # noqa: TRY004  (one kind of error for bad input)
        return value

    return check


def decode_int(value: Any) -> int:
    """Accept a whole number, never true or false."""
    if isinstance(value, bool) or not isinstance(value, int):
        message = f"got {value!r}, expected a whole number"
        raise ValueError(message)  # noqa: TRY004
    return value


def decode_float(value: Any) -> float:
    """Accept a number, or the name of a non-finite one."""
    if value in ("nan", "inf", "-inf"):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        message = f"got {value!r}, expected a number"
        raise ValueError(message)  # noqa: TRY004
    try:
        return float(value)
    except OverflowError:
        raise ValueError("got a whole number beyond 10^308, expected a smaller one") from None


def decode_duration(value: Any) -> timedelta:
    """Accept a number of seconds."""
    seconds = decode_float(value)
    try:
        return timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        message = f"got {value!r}, expected seconds, at most {timedelta.max.days} days of them"
        raise ValueError(message) from None


def decode_instant(value: Any) -> datetime:
    """Accept an ISO 8601 instant with an offset."""
    expected = "an instant with an offset, such as 2026-11-21T00:24:11Z"
    text = _expect(str, expected)(value)
    try:
        instant = datetime.fromisoformat(text)
        found = None if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        found = None
    if found is None:
        message = f"got {value!r}, expected {expected}"
        raise ValueError(message)
    return found


def decode_date(value: Any) -> date:
    """Accept an ISO 8601 date."""
    try:
        return date.fromisoformat(value)
    except (ValueError, TypeError):
        message = f"got {value!r}, expected a date such as 2026-11-21"
        raise ValueError(message) from None


def _decode_datapoint(value: Any) -> Datapoint:
    parts = _expect(list, "[at, value, ready?, reporting?]")(value)
    if len(parts) not in (2, 3, 4):
        message = f"got {value!r}, expected [at, value, ready?, reporting?]"
        raise ValueError(message)
    counts = [None if part is None else decode_int(part) for part in parts[2:]]
    return Datapoint(decode_instant(parts[0]), decode_float(parts[1]), *counts)


def _at(where: str, decoder: Decode, value: Any) -> Any:
    try:
        return decoder(value)
    except ValueError as error:
        message = str(error)
        joined = f"{where}{message}" if message.startswith((".", "[")) else f"{where}: {message}"
        raise ValueError(joined) from None


def is_record(cls: type) -> bool:
    """Say whether a class is a dataclass or a NamedTuple."""
    return dataclasses.is_dataclass(cls) or hasattr(cls, "_fields")


def fields_of(cls: type) -> list[tuple[str, Any, Any]]:
    """List a record's fields: name, resolved type, default (MISSING for none)."""
    hints = typing.get_type_hints(cls)
    if dataclasses.is_dataclass(cls):
        found = []
        for item in dataclasses.fields(cls):
            if item.init:
                factory = item.default_factory
                default = item.default if factory is dataclasses.MISSING else factory()
                found.append((item.name, hints[item.name], default))
        return found
    defaults = cls._field_defaults  # type: ignore[attr-defined]
    return [(name, hints[name], defaults.get(name, dataclasses.MISSING)) for name in cls._fields]  # type: ignore[attr-defined]
