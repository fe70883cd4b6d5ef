"""How does an older version read what a newer one has remembered?

While a deployment shifts calls from one version to the next, and after it was rolled back, both
look at the same scalable targets. What the older one has no field for it forgets, as if it had
looked alone; what it knows it must be able to read.
"""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar, Union

from flyball.core.codec import decode, fields_of, is_record

T = TypeVar("T")


def parse_known(cls: type[T], text: str, whole: frozenset[str] = frozenset()) -> T:
    """Rebuild a value of `cls` from canonical JSON, without the fields that it does not have.

    Args:
        cls: A record of records, tuples, mappings and values that may be None.
        text: As `codec.canonical` of this version or a later one wrote it.
        whole: Fields of `cls` that are read whole or not at all: half a pause is none.

    Raises:
        ValueError: As codec.parse, but for unknown fields outside of `whole`.
    """
    given = json.loads(text)
    kept = _keep_known(cls, given)
    if isinstance(given, dict):
        kept |= {name: given[name] for name in whole if name in given}
    return decode(cls, kept)


def _keep_known(cls: Any, value: Any) -> Any:  # noqa: ANN401  (any type, and any JSON)
    origin, parts = typing.get_origin(cls), typing.get_args(cls)
    if origin in (Union, types.UnionType):
        (inner,) = (each for each in parts if each is not type(None))
        return None if value is None else _keep_known(inner, value)
    if origin is tuple and isinstance(value, list):
        return [_keep_known(parts[0], each) for each in value]
    if origin is Mapping and isinstance(value, dict):
        return {key: _keep_known(parts[1], each) for key, each in value.items()}
    if origin is None and is_record(cls) and isinstance(value, dict):
        return {
            name: _keep_known(annotation, value[name])
            for name, annotation, _ in fields_of(cls)
            if name in value
        }
    return value
