"""Which lead times does what is written stand for: one, a range, or two percentiles?"""

from __future__ import annotations

from datetime import timedelta

from flyball.config.duration import parse_duration
from flyball.sim.slots import spread_leads

DRAWS = 21
"""A range's lead times: so many, evenly from one end to the other."""
EXPECTED = "a duration such as 4m, a range such as 2m..8m, or p50=4m,p95=9m"


def parse_leads(text: str) -> tuple[timedelta, ...]:
    """Read lead times; each order draws one of them, all alike likely.

    Args:
        text: `4m`: always that. `2m..8m`: anything between, alike likely. `p50=4m,p95=9m`: a
            log-normal distribution with this median and this 95th percentile.

    Raises:
        ValueError: It is something else; the message says what is expected.
    """
    try:
        if "=" in text:
            return _spread(text)
        if ".." in text:
            return _range(*map(parse_duration, text.split("..", 1)))
        return (parse_duration(text),)
    except ValueError as error:
        raise ValueError(f"{EXPECTED} ({error})") from None


def _spread(text: str) -> tuple[timedelta, ...]:
    given = {name.strip(): value for name, _, value in (p.partition("=") for p in text.split(","))}
    if given.keys() != {"p50", "p95"}:
        raise ValueError("p50 and p95, and nothing else")
    return spread_leads(parse_duration(given["p50"]), parse_duration(given["p95"]))


def _range(shortest: timedelta, longest: timedelta) -> tuple[timedelta, ...]:
    if longest < shortest:
        raise ValueError("the shorter one first")
    step = (longest - shortest) / (DRAWS - 1)
    return tuple(shortest + index * step for index in range(DRAWS))
