"""What may a value of the engine's look like in JSON, as JSON Schema?"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Union

Schema = dict[str, Any]

_SIMPLE: Mapping[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    float: {"type": "number"},
    timedelta: {"type": "number", "description": "Seconds."},
    datetime: {
        "type": "string",
        "description": "An instant with an offset, or `now`, `now-5m` and the like.",
        "examples": ["2026-11-21T00:24:11Z", "now-5m"],
    },
}


def describe_shape(cls: Any) -> Schema:
    """Describe what the codec takes for a type of the engine's.

    Args:
        cls: A record, an enum, a plain type, or a tuple, mapping or optional of those.

    Returns:
        JSON Schema, without definitions.
    """
    if cls in _SIMPLE:
        return dict(_SIMPLE[cls])
    origin, arguments = typing.get_origin(cls), typing.get_args(cls)
    if origin in (Union, types.UnionType):
        members = [each for each in arguments if each is not type(None)]
        return {"anyOf": [*map(describe_shape, members), {"type": "null"}]}
    if origin is tuple:
        return {"type": "array", "items": describe_shape(arguments[0])}
    if origin is not None and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": describe_shape(arguments[1])}
    if isinstance(cls, type) and issubclass(cls, Enum):
        return {"enum": [member.value for member in cls]}
    return _describe_record(cls)


def _describe_record(cls: Any) -> Schema:
    hints = typing.get_type_hints(cls)
    if dataclasses.is_dataclass(cls):
        fields = [item for item in dataclasses.fields(cls) if item.init]
        names = [item.name for item in fields]
        missing = dataclasses.MISSING
        required = [
            item.name
            for item in fields
            if item.default is missing and item.default_factory is missing
        ]
    else:
        names = list(cls._fields)
        required = [name for name in names if name not in cls._field_defaults]
    made: Schema = {
        "type": "object",
        "title": cls.__name__,
        "description": (cls.__doc__ or "").partition("\n")[0],
        "properties": {name: describe_shape(hints[name]) for name in names},
        "additionalProperties": False,
    }
    if required:
        made["required"] = required
    return made
