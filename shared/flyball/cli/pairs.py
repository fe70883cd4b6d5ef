"""How is an option read that says several things, each with its name?"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

from flyball.cli.failure import refuse

Value = TypeVar("Value")


def read_pairs(
    option: str, texts: Sequence[str] | None, known: Collection[str] = ()
) -> dict[str, list[str]]:
    """Read `NAME=VALUE`, given once or more.

    Args:
        option: For messages.
        texts: As they were typed.
        known: Names that there are; empty: any.

    Raises:
        CommandError: One is no pair, or its name is not known.
    """
    found: dict[str, list[str]] = {}
    for text in texts or ():
        name, sign, value = text.partition("=")
        if not (sign and name.strip() and value.strip()):
            refuse(f"{option}: got {text!r}, expected NAME=VALUE")
        if known and name.strip() not in known:
            refuse(f"{option}: got {name.strip()!r}, expected one of {', '.join(known)}")
        found.setdefault(name.strip(), []).append(value.strip())
    return found


def read_single(
    option: str, texts: Sequence[str] | None, known: Collection[str] = ()
) -> dict[str, str]:
    """Read `NAME=VALUE`, where each name has one value.

    Raises:
        CommandError: As read_pairs, or a name comes twice.
    """
    found = read_pairs(option, texts, known)
    for name, values in found.items():
        if len(values) > 1:
            refuse(f"{option}: {name} comes twice: {', '.join(values)}")
    return {name: values[0] for name, values in found.items()}


def read_numbers(option: str, texts: Sequence[str] | None, least: float) -> Mapping[str, float]:
    """Read `N`, of whatever is not named, and `NAME=N`; the former has the name "".

    Raises:
        CommandError: It is no number of least or more, or comes twice.
    """
    found: dict[str, float] = {}
    for text in texts or ():
        name, _, typed = text.rpartition("=")
        try:
            value = float(typed)
        except ValueError:
            value = math.nan
        if not least <= value < math.inf:
            refuse(f"{option}: got {text!r}, expected [TYPE=]N, N a number of {least:g} or more")
        if name in found:
            refuse(f"{option}: {name or 'a value'} comes twice")
        found[name] = value
    return found


def read_each(
    option: str,
    texts: Sequence[str] | None,
    types: Collection[str],
    read: Callable[[str], Value],
    usual: Value,
) -> Mapping[str, Value]:
    """Read `VALUE`, of whatever is not named, and `TYPE=VALUE`.

    Args:
        option: For messages.
        texts: As they were typed.
        types: That there are; "" is one without a name.
        read: Reads a value, or refuses it.
        usual: Of whatever nobody says.

    Returns:
        A value of each of the types.

    Raises:
        CommandError: A type is not there, or a value comes twice.
    """
    found: dict[str, Value] = {}
    named = [each for each in types if each]
    for text in texts or ():
        name, sign, typed = (each.strip() for each in text.rpartition("="))
        if sign and name not in named:
            known = f"expected one of {', '.join(named)}" if named else "there are no types here"
            refuse(f"{option}: got the type {name!r}, {known}")
        if name in found:
            refuse(f"{option}: {name or 'a value without a type'} comes twice")
        found[name] = read(typed)
    rest = found.get("", usual)
    return {each: found.get(each, rest) for each in types}
