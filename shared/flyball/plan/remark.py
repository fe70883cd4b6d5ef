"""How are a clock that is off, and a name that is not there, told in every cloud?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from difflib import get_close_matches

from flyball.plan.model import Check, Level

SKEW_WARNS, SKEW_FAILS = timedelta(seconds=10), timedelta(minutes=4)
"""Signatures are refused from five minutes on; a lease is worth seconds."""
SHOWN, ALIKE = 3, 0.6


def check_clock(skew: timedelta, whose: str) -> Check:
    """Say whether the clocks agree.

    Args:
        skew: The service's clock less ours.
        whose: The service's, such as "AWS's".
    """
    off = abs(skew)
    if off < SKEW_WARNS:
        text = f"agrees with {whose} to {max(1, round(off.total_seconds()))} s"
        return Check("clock", Level.OK, text)
    level = Level.FAIL if off >= SKEW_FAILS else Level.WARN
    way = "slow" if skew > timedelta() else "fast"
    text = f"this machine's clock is {off.total_seconds():.0f} s {way}"
    return Check("clock", level, text, "set it by NTP: signatures and leases depend on it")


def tell_absent(what: str, name: str, names: Sequence[str] | None, where: str) -> tuple[str, str]:
    """Say that something is not there, and what is likely meant.

    Args:
        what: What it is, with its name.
        name: The name alone.
        names: Those that are there; None: nobody may say.
        where: In which it was looked for, such as "region and account".

    Returns:
        Text and remedy.
    """
    text = f"{what} is not there, in this {where}"
    if names is None:
        return text, "name one that is"
    names = [each for each in names if each != name]
    near = get_close_matches(name, names, SHOWN, ALIKE)
    if near:
        return text, f"is it {' or '.join(near)}?"
    some = ", ".join(sorted(names)[:SHOWN])
    more = " …" if len(names) > SHOWN else ""
    if names:
        return text, f"there is {some}{more}"
    return text, f"there is none here: is it the right {where.partition(' ')[0]}?"
