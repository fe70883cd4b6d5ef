"""How does what was typed become a load test: what is sent, which loads, how long?"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from flyball.cli.failure import refuse
from flyball.cli.options import read_duration
from flyball.cli.pages import check_files

if TYPE_CHECKING:
    from flyball.sizing.benchmark import Machine
    from flyball.sizing.load.drive import Times
    from flyball.sizing.load.ladder import Ladder
    from flyball.sizing.load.order import Limits, Order
    from flyball.sizing.load.usage import Gauge
    from flyball.sizing.saturation import LatencyObjective

T = TypeVar("T")
FREE_USERS, FREE_RATE = 10, 50.0
"""So much load may be put on another machine without --yes."""
USUAL_FACTOR = 2.0
OBJECTIVE = re.compile(r"p(\d+(?:\.\d+)?)\s*<=?\s*(\d+(?:\.\d+)?)\s*(ms|s)")
UNITS_MS = {"ms": 1.0, "s": 1_000.0}


def find_host(host: str) -> None:
    """Look a host's name up.

    Raises:
        OSError: There is none of this name.
        UnicodeError: It is no name.
    """
    import socket

    socket.getaddrinfo(host, None)


def read_objective(text: str) -> LatencyObjective:
    """Read `p95<=200ms` or `p99<=1.5s`.

    Raises:
        CommandError: It is something else.
    """
    from flyball.sizing.saturation import LatencyObjective

    found = OBJECTIVE.fullmatch(text.strip())
    quantile = float(found[1]) / 100.0 if found else 0.0
    limit_ms = float(found[2]) * UNITS_MS[found[3]] if found else 0.0
    if not (0.0 < quantile < 1.0 and limit_ms > 0.0):
        refuse(f"--latency: got {text!r}, expected one such as 'p95<=200ms' or 'p99<=1.5s'")
    return LatencyObjective(limit_ms, quantile)


def make_order(
    url: str,
    limits: Limits,
    given: tuple[str | None, Sequence[str], Sequence[Path], str | None],
    timeout: str,
    *,
    by_rate: bool,
) -> Order:
    """Make what is sent of what was typed: method, headers, bodies and statuses.

    Raises:
        CommandError: It cannot be sent; no header's value is shown.
    """
    from flyball.sizing.load.order import Order, OrderError

    method, headers, paths, expect = given
    bodies = tuple(path.read_bytes() for path in paths)
    named = [pair for each in headers for pair in _read_headers(each)]
    names = [name.lower() for name, _ in named]
    for name, _ in named:
        if names.count(name.lower()) > 1:
            refuse(f"--header: {name} comes twice; give it once, with its values after each other")
    if bodies and "content-type" not in names:
        named.append(("Content-Type", _guess_type(bodies)))
    try:
        return Order(
            url=url,
            limits=limits,
            by_rate=by_rate,
            method=(method or ("POST" if bodies else "GET")).upper(),
            headers=tuple(named),
            bodies=bodies,
            expect=tuple(_read_numbers("--expect", expect or "", "200 or 200,204", int)),
            timeout=read_duration("--timeout", timeout),
        )
    except OrderError as error:
        refuse(str(error))


def _read_headers(text: str) -> list[tuple[str, str]]:
    """Read `Name: value`, or a file of such lines; an error shows no value."""
    where, lines = "--header", [text]
    if text.startswith("@"):
        path = Path(text[1:])
        where = f"--header: {path}"
        lines = [each for each in path.read_text(encoding="utf-8").splitlines() if each.strip()]
    pairs = []
    for number, line in enumerate(lines, start=1):
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            refuse(f"{where}: line {number}: expected `Name: value` (it is not shown here)")
        pairs.append((name.strip(), value.strip()))
    return pairs


def _guess_type(bodies: Sequence[bytes]) -> str:
    try:
        for each in bodies:
            json.loads(each)
    except ValueError:
        return "application/octet-stream"
    return "application/json"


def _read_numbers(option: str, text: str, example: str, kind: Callable[[str], T]) -> list[T]:
    try:
        return [kind(each) for each in text.split(",") if text]
    except ValueError:
        refuse(f"{option}: got {text!r}, expected {example}")


def check_out(out: Path | None, read: Sequence[Path], *, overwrite: bool) -> None:
    """Refuse, before anything is sent, a file that could not be kept, or is what is sent.

    Args:
        out: Where it is to be kept; None: nowhere.
        read: Files that are read.
        overwrite: One that is there may be replaced.
    """
    from flyball.sizing.load.record import check_place

    if out is None:
        return
    if any(each.exists() and out.exists() and each.samefile(out) for each in read):
        refuse(f"--out: {out}: --body or --header reads this file; name another")
    check_files({"--out": out}, overwrite=overwrite)
    try:
        check_place(out)
    except OSError as error:
        refuse(f"--out: {out}: it cannot be written: {error.strerror or error}; name another")


def check_host(
    url: str, limits: Limits, *, yes: bool, find: Callable[[str], object] = find_host
) -> None:
    """Refuse to load another machine above a stated load, where nobody says that it may be.

    Args:
        url: Of the endpoint.
        limits: So much may come to it.
        yes: Somebody says so.
        find: Looks a host's name up; OSError: there is none.
    """
    from flyball.sizing.load.order import is_local, split_url

    host, _ = split_url(url)
    if yes or is_local(host) or (limits.users <= FREE_USERS and limits.rate <= FREE_RATE):
        return
    try:
        find(host)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "it is no name"
        refuse(f"URL: {host}: the host is not found: {why}; mend the name")
    refuse(
        f"{host} is not this machine, and up to {limits.users:,} users and {limits.rate:,g} "
        f"requests a second may come to it: say --yes if you may load it so, or stay within "
        f"--max-users {FREE_USERS} --max-rate {FREE_RATE:g}"
    )


def make_ladder(
    start: float,
    factor: float | None,
    steps: str | None,
    limits: Limits,
    *,
    by_rate: bool,
    add: float | None = None,
) -> Ladder:
    """Make the loads that are held of what was typed.

    Raises:
        CommandError: They do not rise, are more than may be, or are said twice.
    """
    from flyball.sizing.load.ladder import Ladder

    most = limits.rate if by_rate else float(limits.users)
    listed = _read_numbers("--steps", steps or "", "loads such as 1,2,4,8", float)
    if any(low >= high for low, high in pairwise(listed)) or not all(
        0.0 < each <= most for each in listed
    ):
        refuse(f"--steps: got {steps!r}, expected loads above 0 that rise, up to {most:,g}")
    if not by_rate and any(each != int(each) for each in [start, *listed]):
        refuse("--start, --steps: users are whole; with --rate they are requests a second")
    if start > most:
        refuse(f"--start: got {start:g}, more than the hard limit of {most:,g}")
    if add is not None:
        _check_added(add, factor, steps, by_rate=by_rate)
    rises = USUAL_FACTOR if factor is None else factor
    return Ladder(start, rises, most, is_whole=not by_rate, listed=tuple(listed), added=add)


def _check_added(add: float, factor: float | None, steps: str | None, *, by_rate: bool) -> None:
    given = {"--factor": factor, "--steps": steps}
    for option, value in given.items():
        if value is not None:
            refuse(f"--add, {option}: give one of them: each says which load comes next")
    if not (0.0 < add < math.inf):
        refuse(f"--add: got {add:g}, expected more than 0: users more in each step")
    if not by_rate and add != int(add):
        refuse(
            f"--add: got {add:g}, but users are whole; with --rate it is requests a second. One "
            "more in each longer step is slower: --add 1 --hold 2m"
        )


def make_times(settle: str, hold: str, limits: Limits, order: Order) -> Times:
    """Make how long things take of what was typed."""
    from flyball.sizing.load.drive import Times

    found = Times(
        settle_s=read_duration("--settle", settle).total_seconds(),
        hold_s=read_duration("--hold", hold).total_seconds(),
        most_s=limits.time.total_seconds(),
        timeout_s=order.timeout.total_seconds(),
    )
    if found.hold_s < 1.0 or found.hold_s + found.settle_s > found.most_s:
        refuse("--hold, --settle: expected 1s or more, and together no more than --max-time")
    return found


def make_gauge(
    pids: Sequence[int], cores: int | None, instance_type: str
) -> tuple[Gauge | None, Machine]:
    """Make what measures processes, and say what they run on."""
    from flyball.sizing.benchmark import Machine
    from flyball.sizing.load.usage import Gauge, UsageError, count_cores

    if not pids:
        return None, Machine(instance_type=instance_type, cores=cores or 1)
    try:
        counted = cores or count_cores(pids)
        gauge = Gauge(tuple(pids), counted, time.monotonic)
        gauge.read()
    except UsageError as error:
        refuse(str(error))
    except FileNotFoundError:
        refuse("--pid: this machine does not tell of its processes in /proc; leave it out")
    return gauge, Machine(instance_type=instance_type, cores=counted)
