"""How is a variable of the environment read so that all that is wrong is said at once?"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from importlib.util import find_spec

from flyball.alarm import PREFIX

ALARM_PREFIX = "FLYBALL_ALARM_PREFIX"
NAME_PREFIX = re.compile(r"[A-Za-z0-9_.-]{1,40}")
LEASE_S = "FLYBALL_LEASE_S"
LEASE_LONGEST_S = 3_600.0
HANDFUL = "FLYBALL_HANDFUL"
HANDFUL_USUAL = 10
HANDFUL_MOST = 1_000
MODE = "FLYBALL_MODE"
_MODES = {"": False, "apply": False, "advise": True}
_WORDS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}


class SettingsError(Exception):
    """The environment cannot be used; the message names every variable that is wrong."""


class Variables:
    """What every cloud's function reads of its environment, and what is wrong with it.

    Args:
        environment: Variables; None: this program's own.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self.all = os.environ if environment is None else environment
        self.problems: list[str] = []

    def match(self, name: str, pattern: re.Pattern[str], expected: str, default: str | None) -> str:
        """Read a text of this pattern; unset is the default, and wrong where that is None."""
        return read_matching(self.all, name, pattern, expected, default, self.problems)

    def alarm_prefix(self) -> str:
        """Read the first part of our alarms' names."""
        expected = "1 to 40 letters, digits, dots, hyphens"
        return self.match(ALARM_PREFIX, NAME_PREFIX, expected, PREFIX)

    def lease(self, usual: timedelta, least_s: float) -> timedelta:
        """Read how long a wake may take before another run takes over."""
        return read_seconds(self.all, LEASE_S, usual, least_s, LEASE_LONGEST_S, self.problems)

    def handful(self) -> int:
        """Read how many due targets a tick handles itself."""
        return read_handful(self.all, self.problems)

    def advises_only(self) -> bool:
        """Read whether nothing is to be changed, whatever the configs say."""
        return read_mode(self.all, self.problems)

    def refuse(self) -> None:
        """Say all that is wrong at once.

        Raises:
            SettingsError: Something is; the message names each variable and what is expected.
        """
        if self.problems:
            raise SettingsError("; ".join(self.problems))


def check_installed(names: Sequence[str], extra: str) -> None:
    """See that a cloud's libraries are there, without loading them.

    Args:
        names: Of the modules.
        extra: Flyball's own that installs them.

    Raises:
        SettingsError: One is not; the message has the command that installs it.
    """
    for name in names:
        try:
            found = find_spec(name)
        except ModuleNotFoundError:
            found = None
        if found is None:
            raise SettingsError(f"{name} is not installed: pip install 'flyball[{extra}]'")


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


def read_matching(
    variables: Mapping[str, str],
    name: str,
    pattern: re.Pattern[str],
    expected: str,
    default: str | None,
    problems: list[str],
) -> str:
    """Read a text of this pattern; unset is the default, and wrong where that is None."""
    text = variables.get(name, "")
    if not text and default is not None:
        return default
    if not pattern.fullmatch(text):
        problems.append(f"{name}: got {text!r}, expected {expected}")
    return text


def read_handful(variables: Mapping[str, str], problems: list[str]) -> int:
    """Read how many due targets a tick handles itself."""
    text = variables.get(HANDFUL, "") or str(HANDFUL_USUAL)
    if re.fullmatch("[0-9]{1,4}", text) and int(text) <= HANDFUL_MOST:
        return int(text)
    problems.append(f"{HANDFUL}: got {text!r}, expected a whole number, 0 to {HANDFUL_MOST}")
    return 0


def read_mode(variables: Mapping[str, str], problems: list[str]) -> bool:
    """Read whether nothing is to be changed, whatever the configs say."""
    text = variables.get(MODE, "")
    if text not in _MODES:
        problems.append(f"{MODE}: got {text!r}, expected apply or advise")
    return _MODES.get(text, True)
