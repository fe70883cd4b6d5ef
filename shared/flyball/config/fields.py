"""What kinds of value may a key have, and how are they read and described?"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
    WrapValidator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from flyball.config.duration import EXPECTED, PATTERN, parse_duration
from flyball.core.check import CAPACITY_LIMIT
from flyball.core.policy import DATAPOINT_LIMIT

T = TypeVar("T")

EXPECTED_DATE = "a date such as 2026-12-25"
EXPECTED_INSTANT = "an instant with an offset, such as 2026-11-21T00:24:11Z"
EXPECTED_DATAPOINTS = f"M of N periods such as 2 of 3, or one number, up to {DATAPOINT_LIMIT}"
TEXTS_DEPTH = 3
"""Mappings in one another: an expression's id, its dimensions, their values."""
EXPECTED_SHARE = "a share such as 1% or 0.01, from 0 to 100%"
EXPECTED_MAPPING = "a mapping of names to text, numbers or true and false"
_DATE = r"^\d{4}-\d{2}-\d{2}$"
_INSTANT = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:?\d{2})$"
_DATAPOINTS = r"^ *([1-9]\d{0,3}) *of *([1-9]\d{0,3}) *$"
_SHARE = r"^(100|\d{1,2}(\.\d{1,6})?) ?%$"
_WEEKDAY = (
    "([mM][oO][nN]|[tT][uU][eE]|[wW][eE][dD]|[tT][hH][uU]|[fF][rR][iI]|[sS][aA][tT]|[sS][uU][nN])"
)
_DAY = rf"^({_WEEKDAY}(-{_WEEKDAY})?|daily)$"
_CLOCK = r"^([01]\d|2[0-3]):[0-5]\d$"
_CLOCK_OR_END = r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$"


class Blank:
    """Stands in a list for an item that has problems, so that the others keep their index."""


class Notes:
    """What a validation leaves behind, beside its errors.

    Attributes:
        models: By the identity of a mapping, the model that it was held against.
        faults: Mappings whose keys do not go together, and why. They are kept apart so that they
            hide no other problem of the same mapping.
    """

    def __init__(self) -> None:
        self.models: dict[int, type[Strict]] = {}
        self.faults: list[tuple[int, str]] = []


class Strict(BaseModel):
    """A mapping with known keys only, each of exactly its type.

    Attributes:
        exclusive: Groups of keys of which at most one may be given.
        required_one: Groups of keys of which at least one must be given.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)
    exclusive: ClassVar[tuple[tuple[str, ...], ...]] = ()
    required_one: ClassVar[tuple[tuple[str, ...], ...]] = ()

    @model_validator(mode="before")
    @classmethod
    def _note(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(info.context, Notes) and isinstance(value, Mapping):
            info.context.models[id(value)] = cls
            for group in cls.exclusive:
                given = [key for key in group if key in value]
                if len(given) > 1:
                    info.context.faults.append(
                        (id(value), f"got {' and '.join(given)}, expected only one of them")
                    )
            for group in cls.required_one:
                if not any(key in value for key in group):
                    wanted = (
                        f"the key {group[0]}"
                        if len(group) == 1
                        else f"one of the keys {', '.join(group)}"
                    )
                    info.context.faults.append((id(value), f"expected {wanted}"))
        return value

    @classmethod
    def keys(cls) -> list[str]:
        """List the keys as they are written."""
        return [field.alias or name for name, field in cls.model_fields.items()]

    @classmethod
    def written(cls, field: str) -> str:
        """Give the key by which a field is written."""
        return cls.model_fields[field].alias or field

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: Any) -> dict[str, Any]:
        schema: dict[str, Any] = handler.resolve_ref_schema(handler(core_schema))
        rules: list[Any] = [
            {"not": {"required": [a, b]}} for group in cls.exclusive for a, b in _pairs(group)
        ]
        rules += [{"anyOf": [{"required": [key]} for key in group]} for group in cls.required_one]
        if rules:
            schema["allOf"] = rules
        return schema


def _pairs(group: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(a, b) for i, a in enumerate(group) for b in group[i + 1 :]]


def expected(what: str) -> PydanticCustomError:
    """Make the error that says what was expected."""
    return PydanticCustomError("expected", "{what}", {"what": what})


def _refuse_truth(value: Any) -> Any:
    """Tell true from 1, which Python takes for equal."""
    if isinstance(value, bool):
        raise expected("1")
    return value


def _refuse_null(value: Any) -> Any:
    if value is None:
        raise expected("a value, or no such key at all")
    return value


def _keep_blank(value: Any, handler: Callable[[Any], Any]) -> Any:
    return value if isinstance(value, Blank) else handler(value)


def _checked(read: Callable[[Any], T]) -> Callable[[Any], T]:
    def check(value: Any) -> T:
        try:
            return read(value)
        except ValueError as error:
            raise expected(str(error)) from None

    return check


def _read_whole(value: Any) -> Any:
    """Take 2.0 for 2, as JSON Schema does."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _read_name(value: str) -> str:
    if not value.isprintable():
        raise expected("printable characters only")
    return value


def _read_positive(value: Any) -> timedelta:
    length = parse_duration(value)
    if not length:
        raise ValueError(f"{EXPECTED}, above 0")
    return length


def _read_date(value: Any) -> date:
    if not isinstance(value, str) or not re.match(_DATE, value):
        raise ValueError(EXPECTED_DATE)
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise ValueError(f"{EXPECTED_DATE} that exists ({error})") from None


def read_instant(value: Any) -> datetime:
    """Read an instant.

    Raises:
        ValueError: It is not one, or has no offset; says what was expected.
    """
    if not isinstance(value, str) or not re.match(_INSTANT, value):
        raise ValueError(EXPECTED_INSTANT)
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{EXPECTED_INSTANT} that exists ({error})") from None


def _read_stamp(value: Any) -> datetime:
    """Read an instant, or the seconds since 1970 that older versions of AWS's CLI print."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if not math.isfinite(value) or not 0 <= value <= 253_402_300_799:  # noqa: PLR2004  (the year 9999)
            raise ValueError(f"{EXPECTED_INSTANT}, or seconds since 1970")
        return datetime.fromtimestamp(value, UTC)
    return read_instant(value)


def _read_datapoints(value: Any) -> tuple[int, int]:
    value = _read_whole(value)
    if isinstance(value, str):
        found = re.match(_DATAPOINTS, value)
        if found and int(found[1]) <= int(found[2]) <= DATAPOINT_LIMIT:
            return int(found[1]), int(found[2])
    elif isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= DATAPOINT_LIMIT:
        return value, value
    raise ValueError(EXPECTED_DATAPOINTS)


def _read_texts(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise ValueError(EXPECTED_MAPPING)
    return _join_texts(value, "", TEXTS_DEPTH)


def _join_texts(value: dict[str, Any], prefix: str, depth: int) -> dict[str, str]:
    out: dict[str, str] = {}
    for key, item in value.items():
        if isinstance(item, dict) and depth > 1:
            out |= _join_texts(item, f"{prefix}{key}.", depth - 1)
        else:
            out[f"{prefix}{key}"] = _read_text(f"{prefix}{key}", item)
    return out


def _read_text(key: str, item: Any) -> str:
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, str) or (isinstance(item, (int, float)) and math.isfinite(item)):
        return str(item)
    raise ValueError(f"{EXPECTED_MAPPING}; {key} is something else")


def _read_share(value: Any) -> float:
    """Read a share: text in percent, or a number from 0 to 1."""
    if isinstance(value, str) and re.match(_SHARE, value):
        return float(Decimal(value.rstrip("% ")) / 100)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    raise ValueError(EXPECTED_SHARE)


def text_form(pattern: str, what: str) -> Callable[[Any], str]:
    """Make a reader of text of one form."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or not re.match(pattern, value):
            raise expected(what)
        return value

    return read


def _described(schema: Mapping[str, Any]) -> WithJsonSchema:
    return WithJsonSchema(dict(schema))


Given = Annotated[T | None, BeforeValidator(_refuse_null)]
"""A key that may be left out, but not be given without a value."""
Item = Annotated[T, WrapValidator(_keep_blank)]
"""An item of a list whose other items are still looked at when this one has problems."""

WHOLE = BeforeValidator(_read_whole)
"""Marks a whole number; comes after its bounds, so that a schema shows them."""
Version = Annotated[Literal[1], BeforeValidator(_refuse_truth)]
Count = Annotated[int, Field(ge=0, le=CAPACITY_LIMIT), WHOLE]
Number = Annotated[float, Field(allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1, max_length=256), BeforeValidator(_refuse_null)]
PrintableName = Annotated[Name, WrapValidator(lambda value, handler: _read_name(handler(value)))]

_DURATION_FORM = {
    "anyOf": [
        {"type": "number", "minimum": 0, "maximum": 315_360_000},
        {"type": "string", "pattern": PATTERN},
    ]
}
Duration = Annotated[
    timedelta,
    PlainValidator(_checked(parse_duration)),
    _described({**_DURATION_FORM, "examples": ["300s", "5m", "1h30m", 300]}),
]
Period = Annotated[
    timedelta,
    PlainValidator(_checked(_read_positive)),
    _described(
        {**_DURATION_FORM, "not": {"enum": [0, "0", "0s", "0m", "PT0S"]}, "examples": ["60s", "5m"]}
    ),
]
Share = Annotated[
    float,
    PlainValidator(_checked(_read_share)),
    _described(
        {
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": 1},
                {"type": "string", "pattern": _SHARE},
            ],
            "examples": ["1%", 0.01],
        }
    ),
]
"""0–1, written as a number or in percent."""
Date = Annotated[
    date,
    PlainValidator(_checked(_read_date)),
    _described({"type": "string", "pattern": _DATE, "examples": ["2026-12-25"]}),
]
Instant = Annotated[
    datetime,
    PlainValidator(_checked(read_instant)),
    _described({"type": "string", "pattern": _INSTANT, "examples": ["2026-11-21T00:24:11Z"]}),
]
Stamp = Annotated[
    datetime,
    PlainValidator(_checked(_read_stamp)),
    _described(
        {"anyOf": [{"type": "string", "pattern": _INSTANT}, {"type": "number", "minimum": 0}]}
    ),
]
Datapoints = Annotated[
    tuple[int, int],
    PlainValidator(_checked(_read_datapoints)),
    _described(
        {
            "anyOf": [
                {"type": "string", "pattern": _DATAPOINTS},
                {"type": "integer", "minimum": 1, "maximum": DATAPOINT_LIMIT},
            ],
            "examples": ["2 of 3", 1],
        }
    ),
]
_TEXT = {"type": ["string", "number", "boolean"]}
_TEXT_OR_TEXTS = {"anyOf": [_TEXT, {"type": "object", "additionalProperties": _TEXT}]}
Texts = Annotated[
    dict[str, str],
    PlainValidator(_checked(_read_texts)),
    _described(
        {
            "type": "object",
            "additionalProperties": {
                "anyOf": [_TEXT, {"type": "object", "additionalProperties": _TEXT_OR_TEXTS}]
            },
        }
    ),
]
Day = Annotated[
    str,
    PlainValidator(text_form(_DAY, "a day or a range of days, such as mon or mon-fri, or daily")),
    _described({"type": "string", "pattern": _DAY, "examples": ["mon-fri", "sat"]}),
]
ClockTime = Annotated[
    str,
    PlainValidator(text_form(_CLOCK, "a time of day such as 08:00")),
    _described({"type": "string", "pattern": _CLOCK, "examples": ["08:00"]}),
]
ClockEnd = Annotated[
    str,
    PlainValidator(text_form(_CLOCK_OR_END, "a time of day such as 18:00, or 24:00")),
    _described({"type": "string", "pattern": _CLOCK_OR_END, "examples": ["18:00"]}),
]
Bound = Annotated[
    float | None, Field(allow_inf_nan=False), _described({"type": ["number", "null"]})
]
"""A step's bound; null or left out: none on this side."""
