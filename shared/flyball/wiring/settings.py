"""How is a variable of the environment read so that all that is wrong is said at once?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

LEASE_S = "FLYBALL_LEASE_S"
LEASE_LONGEST_S = 3_600.0
_WORDS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}


class SettingsError(Exception):
    """The environment cannot be used; the message names every variable that is wrong."""


def read_seconds(
    variables: Mapping[str, str],
    name: str,
    default: timedelta,
    least: float,
    most: float,
    problems: list[str],
) -> timedelta:
    """Read a number of seconds; what is wrong with it is noted."""
    text = variables.get(name, "")
    if not text:
        return default
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not least <= seconds <= most:  # not a number is neither
        problems.append(
            f"{name}: got {text!r}, expected a number of seconds, {least:g} to {most:g}"
        )
        return default
    return timedelta(seconds=seconds)


def read_switch(variables: Mapping[str, str], name: str, problems: list[str]) -> bool:
    """Read 1 or 0, in any of their spellings; unset is 0."""
    text = variables.get(name, "")
    found = _WORDS.get(text.strip().lower())
    if found is None:
        problems.append(f"{name}: got {text!r}, expected 1 or 0")
    return bool(found)
