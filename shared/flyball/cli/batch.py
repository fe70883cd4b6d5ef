"""How many machines end a batch in time for the least money, and what would more of them buy?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from flyball.cli.failure import FOUND, refuse
from flyball.cli.options import Json, read_duration
from flyball.cli.pages import Overwrite, check_pages
from flyball.cli.pairs import read_each
from flyball.cli.worked import check_seconds

if TYPE_CHECKING:
    from flyball.report.batch import Kind

MOST_ITEMS = 10**12
MOST_PRICE = 1e6
MOST_AT_A_TIME = 10_000
MOST_WORK_S = 1e12
"""Thirty thousand years: more is a mistake in a unit."""
LEAST_S = 1e-6

Items = Annotated[
    int | None,
    typer.Option("--items", metavar="COUNT", help="Of like size; required.", show_default=False),
]
Seconds = Annotated[
    float | None,
    typer.Option(
        "--seconds", metavar="SECONDS", help="That an item takes on one machine, in the mean."
    ),
]
Deadline = Annotated[
    str | None,
    typer.Option(
        "--deadline",
        metavar="DURATION",
        help="From the order of machines to the last item, such as 4h; required.",
    ),
]
Price = Annotated[
    float | None, typer.Option("--price", metavar="PRICE", help="Of a machine and hour.")
]
Machines = Annotated[
    list[str] | None,
    typer.Option(
        "--machine",
        metavar="NAME=SECONDS:PRICE",
        help="In place of --seconds and --price: a type of machine; repeat it to compare several.",
    ),
]
StartUp = Annotated[
    list[str] | None,
    typer.Option(
        "--start-up",
        metavar="[TYPE=]DURATION",
        help="From a machine's order to its first item; paid. With TYPE= of one --machine.  "
        "[default: 0s]",
        show_default=False,
    ),
]
Billing = Annotated[
    str,
    typer.Option(
        "--billing", metavar="DURATION", help="Time is billed in whole ones of these, such as 1h."
    ),
]
Least = Annotated[
    str,
    typer.Option("--least-billed", metavar="DURATION", help="So much at least, of each machine."),
]
AtATime = Annotated[
    list[str] | None,
    typer.Option(
        "--at-a-time",
        metavar="[TYPE=]COUNT",
        help="Items in work on a machine. Likewise.  [default: 1]",
        show_default=False,
    ),
]
Quota = Annotated[
    int,
    typer.Option(
        "--most-machines", metavar="COUNT", min=1, max=1_000_000, help="That may be had at once."
    ),
]
Cv = Annotated[
    float,
    typer.Option(
        "--cv",
        metavar="RATIO",
        help="How items' times differ: standard deviation ÷ mean. 0: all alike.",
    ),
]
Risk = Annotated[
    float, typer.Option("--risk", metavar="RATIO", help="With --cv: so likely a late end may be.")
]
Plot = Annotated[
    Path | None,
    typer.Option(
        "--plot", metavar="FILE", help="Draw cost against time, .svg or .png; needs flyball[plot]."
    ),
]


class Type(NamedTuple):
    """A type of machine, as it was typed."""

    name: str
    seconds: float
    price: float
    start_up: timedelta = timedelta()
    at_a_time: int = 1


def batch(
    ctx: typer.Context,
    items: Items = None,
    seconds: Seconds = None,
    deadline: Deadline = None,
    price: Price = None,
    machine: Machines = None,
    start_up: StartUp = None,
    billing: Billing = "1s",
    least_billed: Least = "1m",
    at_a_time: AtATime = None,
    most_machines: Quota = 1_000,
    cv: Cv = 0.0,
    risk: Risk = 0.05,
    plot: Plot = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Find the cheapest fleet that ends a batch in time, and what more machines would buy.

    Items are dealt out so that the least is billed. Each machine is paid from its order, its
    start-up too, until its last item, so that more of them end sooner and cost more. With --cv
    items' times differ, and the whole ends with its slowest machine: then the fleet is the
    cheapest that is not late too likely. Several types of --machine are compared. Exit code 1: no
    fleet ends in time, and it says what could be. `flyball batch queue` sizes workers that follow
    a queue instead.
    """
    if ctx.invoked_subcommand is not None:
        _check_alone(ctx)
        return
    check_pages(None, plot, overwrite=overwrite)
    if items is None or deadline is None:
        missing = "--items" if items is None else "--deadline"
        refuse(f"{missing}: it is missing; `flyball batch --help` shows all options")
    if not 1 <= items <= MOST_ITEMS:
        refuse(f"--items: got {items:,}, expected 1 to {MOST_ITEMS:,}")
    types = _read_types(items, seconds, price, machine or [])
    kinds = _plan(
        items,
        _start(types, start_up, at_a_time),
        Terms(
            _read_time("--deadline", deadline),
            _read_time("--billing", billing),
            read_duration("--least-billed", least_billed),
        ),
        most_machines,
        _read_spread(cv, risk),
    )
    if plot is not None:
        _draw(kinds, plot)
    _say(kinds, json=json)
    if kinds[0].plan.best is None:
        raise typer.Exit(FOUND)


def _check_alone(ctx: typer.Context) -> None:
    """Refuse options of this command before another one, where they would say nothing."""
    sources = {name: ctx.get_parameter_source(name) for name in ctx.params}
    for name, source in sources.items():
        if source is not None and source.name == "COMMANDLINE":
            option = f"--{name.replace('_', '-')}"
            refuse(f"{option}: it says nothing before `{ctx.invoked_subcommand}`; write it behind")


class Terms(NamedTuple):
    """By when it has to end, and how time is billed."""

    deadline: timedelta
    billed_by: timedelta
    billed_least: timedelta


def _plan(
    items: int,
    types: Sequence[Type],
    terms: Terms,
    most: int,
    spread: tuple[float, float],
) -> list[Kind]:
    from flyball.report.batch import Kind, rank
    from flyball.sizing.batch import Job, Offer, plan_batch

    found = []
    for each in types:
        job = Job(items, timedelta(seconds=each.seconds), terms.deadline, *spread)
        offer = Offer(
            each.price, each.start_up, each.at_a_time, terms.billed_by, terms.billed_least, most
        )
        found.append(Kind(each.name, job, offer, plan_batch(job, offer)))
    return rank(found)


def _start(
    types: Sequence[Type], start_up: Sequence[str] | None, at_a_time: Sequence[str] | None
) -> list[Type]:
    """Say of each type how long it starts, and how many items it works at."""
    names = [each.name for each in types]
    begins = read_each(
        "--start-up", start_up, names, lambda text: read_duration("--start-up", text), timedelta()
    )
    counts = read_each("--at-a-time", at_a_time, names, _read_count, 1)
    return [
        each._replace(start_up=begins[each.name], at_a_time=counts[each.name]) for each in types
    ]


def _read_count(text: str) -> int:
    if not (text.isdecimal() and 1 <= int(text) <= MOST_AT_A_TIME):
        refuse(f"--at-a-time: got {text!r}, expected a whole number of 1 to {MOST_AT_A_TIME:,}")
    return int(text)


def _read_types(
    items: int, seconds: float | None, price: float | None, machines: Sequence[str]
) -> list[Type]:
    if machines and (seconds is not None or price is not None):
        refuse("--machine: it has its own seconds and price; leave --seconds and --price out")
    if machines:
        types = [_read_type(each) for each in machines]
    elif seconds is None or price is None:
        missing = "--seconds" if seconds is None else "--price"
        refuse(f"{missing}: it is missing; give --seconds and --price, or --machine of each type")
    else:
        types = [Type("", seconds, price)]
    names = [each.name for each in types]
    for name in names:
        if names.count(name) > 1:
            refuse(f"--machine: {name!r} comes twice; give each type once")
    for each in types:
        _check_type(items, each, "--machine" if machines else "")
    return types


def _read_type(text: str) -> Type:
    """Read NAME=SECONDS:PRICE."""
    name, equals, rest = text.partition("=")
    seconds, colon, price = rest.partition(":")
    try:
        found = Type(name.strip(), float(seconds), float(price))
    except ValueError:
        found = None
    if found is None or not (found.name and equals and colon):
        refuse(
            f"--machine: got {text!r}, expected NAME=SECONDS:PRICE, such as g5.xlarge=0.8:1.41: "
            "what an item takes on it, and what an hour of it costs"
        )
    return found


def _check_type(items: int, each: Type, option: str) -> None:
    where = f"{option}: {each.name}: " if option else ""
    if not LEAST_S <= each.seconds < math.inf:
        found = f"got {each.seconds:g}, expected a number of {LEAST_S:f} or more"
        refuse(f"{where or '--'}seconds: {found}")
    check_seconds(f"{where or '--'}seconds", each.seconds)
    if not 0.0 <= each.price <= MOST_PRICE:
        refuse(
            f"{where or '--'}price: got {each.price:g}, expected a number of 0 to {MOST_PRICE:,.0f}"
        )
    if items * each.seconds > MOST_WORK_S:
        refuse(
            f"{where}--items {items:,} of {each.seconds:g} s are more than 30,000 years of work; "
            "is an item's time in seconds?"
        )


def _read_time(option: str, text: str) -> timedelta:
    time = read_duration(option, text)
    if not time:
        refuse(f"{option}: got {text!r}, expected a time above 0")
    return time


def _read_spread(cv: float, risk: float) -> tuple[float, float]:
    from flyball.sizing.batch import MOST_CV

    if not 0.0 <= cv <= MOST_CV:
        refuse(
            f"--cv: got {cv:g}, expected standard deviation ÷ mean, a number of 0 to {MOST_CV:g}"
        )
    if not 0.0 < risk < 1.0:
        refuse(f"--risk: got {risk:g}, expected a ratio between 0 and 1, such as 0.05")
    return cv, risk


def _draw(kinds: Sequence[Kind], path: Path) -> None:
    from flyball.report.page.bought import draw_batch

    try:
        draw_batch(kinds, path)
    except OSError as error:
        refuse(f"--plot: {path}: {error.strerror or error}")


def _say(kinds: Sequence[Kind], *, json: bool) -> None:
    from flyball.cli import screen
    from flyball.report import batch as told
    from flyball.report.plain import plain

    if json:
        screen.say_json(told.as_json(kinds))
        return
    shown = [each._replace(name=plain(each.name)) for each in kinds]
    first = shown[0]
    right = screen.Column
    if len(shown) > 1:
        heads = told.compared_heads(shown)
        columns = [right(head, right=index > 1) for index, head in enumerate(heads)]
        screen.say_table(columns, told.compared_rows(shown))
        screen.say()
    screen.say(f"{first.name + ': ' if first.name else ''}{told.tell_job(first)}")
    screen.say()
    columns = [right(head, right=index > 0) for index, head in enumerate(told.heads(first.job))]
    screen.say_table(columns, told.rows(first))
    for each in told.conclude(shown):
        screen.say()
        screen.say_wrapped(each)
