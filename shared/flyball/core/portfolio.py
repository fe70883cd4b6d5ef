"""How many instances does the adaptive policy want, given a budget of lateness, and why?

The user says how much may be late; a portfolio of shadows says how. Minute by minute: `absorb` what
was demanded, then ask `want`. Each fifteen minutes `absorb` lets all shadows live through the last
quarter, and follows the cheapest that kept the budget over the last days. Demand is in instances:
requests per minute ÷ what one instance carries in a minute. The state is bounded and a plain
function of what was absorbed: it replays to the bit, in whatever batches the minutes came.
"""

from __future__ import annotations

import math
import struct
from dataclasses import field
from functools import lru_cache
from operator import mul

from flyball.core.account import QUARTER_MINUTES, Choice
from flyball.core.check import CAPACITY_LIMIT, check_finite, check_whole, fail
from flyball.core.daymemory import Day, look_back, note
from flyball.core.forecast import LONGEST_HORIZON, UNKNOWN, Forecast, foresee, miss
from flyball.core.quarter import Books, Terms, close_quarter, open_books, read_course
from flyball.core.shadow import ROUNDING, Shadow, Stretch, follow
from flyball.core.shape import dataclass

DAY_MINUTES = 1440
DEMAND_LIMIT = 10.0 * CAPACITY_LIMIT
"""Instances; more is a mistake in a unit, and taken for this."""
LAST, BLEND, HOUR, RAMP = range(4)
NO_FLOOR, YESTERDAY, SHORT, DAY = range(4)


def _family(expert: int, hold: int, floor: int, quantiles: tuple[float, ...]) -> tuple[Shadow, ...]:
    return tuple(Shadow(expert, hold, floor, quantile) for quantile in quantiles)


PORTFOLIO: tuple[Shadow, ...] = (
    *_family(LAST, 40, NO_FLOOR, (0.0, 0.75, 1.5, 2.25, 3.0, 4.0, 5.0, 6.5, 8.5)),
    *_family(BLEND, 5, NO_FLOOR, (0.5, 2.5, 3.0, 3.5, 4.75, 5.5, 6.5)),
    *_family(BLEND, 10, NO_FLOOR, (0.5, 1.0, 2.0, 2.5, 3.0, 3.75, 4.75)),
    *_family(BLEND, 30, NO_FLOOR, (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.5, 7.5)),
    *_family(HOUR, 120, NO_FLOOR, (1.0, 2.0, 2.5, 3.0, 3.5, 4.0, 4.75, 5.5, 7.5)),
    *_family(BLEND, 10, YESTERDAY, (0.0, 1.0, 2.5, 5.0)),
    *_family(LAST, 40, SHORT, (0.0, 1.0, 2.5)),
    *_family(LAST, 40, DAY, (0.0, 1.0, 2.5)),
    *_family(RAMP, 10, NO_FLOOR, (0.75, 2.5, 4.0, 6.0)),
    *_family(RAMP, 25, NO_FLOOR, (0.0, 0.5, 1.0, 1.5, 2.25, 3.25, 4.5, 6.5)),
    *(
        Shadow(LAST, 15, NO_FLOOR, 0.0, headroom)
        for headroom in (1.0, 1.5, 2.0, 3.0, 4.5, 6.5, 9.0)
    ),
    Shadow(LAST, 3 * DAY_MINUTES, NO_FLOOR, 0.0),
)
"""Found on generated traffic of many shapes: each family is the best of all on some of them."""
CAREFUL = PORTFOLIO.index(Shadow(BLEND, 30, NO_FLOOR, 5.5))
"""Who is followed while too little was seen to choose."""
NAMES = tuple(map(str, PORTFOLIO))

COLUMNS = 12
"""Of a minute: demand, four forecasts, four scales, three floors."""
_ROW = struct.Struct(f"<{COLUMNS}f")
ROW_BYTES = _ROW.size
_FLOAT = struct.Struct("<f")
_PASSED = _ROW.pack(UNKNOWN, *(0.0,) * 11)
_EMPTY: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Goal:
    """What the user wants, and the plant that it is wanted of.

    Attributes:
        late_budget_ratio: Share of demand that may arrive over capacity or behind a backlog.
        least: Instances, >= 1.
        most: Instances.
        cost_limit: Instances that the mean of some days shall not pass; None: any.
        lead_minutes: From an order to its service. It may change from call to call.
        delay_minutes: From a minute's end until its demand is known.
    """

    late_budget_ratio: float = 0.01
    least: int = 1
    most: int = CAPACITY_LIMIT
    cost_limit: float | None = None
    lead_minutes: int = 4
    delay_minutes: int = 1

    def __post_init__(self) -> None:
        check_finite("late_budget_ratio", self.late_budget_ratio)
        if not 0.0 < self.late_budget_ratio < 1.0:
            fail("late_budget_ratio", self.late_budget_ratio, "a share above 0 and below 1")
        check_whole("least", self.least, 1, CAPACITY_LIMIT)
        check_whole("most", self.most, self.least, CAPACITY_LIMIT)
        if self.cost_limit is not None:
            check_finite("cost_limit", self.cost_limit)
            if self.cost_limit <= 0.0:
                fail("cost_limit", self.cost_limit, "instances above 0")
        check_whole("delay_minutes", self.delay_minutes, 0, LONGEST_HORIZON - 1)
        check_whole("lead_minutes", self.lead_minutes, 0, LONGEST_HORIZON - 1 - self.delay_minutes)

    @property
    def lag_minutes(self) -> int:
        """From a minute to the first order that may know of it."""
        return 1 + self.delay_minutes

    @property
    def horizon_minutes(self) -> int:
        """From a minute to the first one that an order which knows of it can serve."""
        return self.lead_minutes + self.lag_minutes


@dataclass(frozen=True, slots=True)
class State:
    """What the policy remembers; under 8 kB with the defaults.

    Attributes:
        minute: The newest absorbed, whole minutes since the epoch.
        known_minute: The newest whose demand was known.
        forecast: The experts.
        day: The last day.
        rows: Minutes since the last full quarter, twelve float32 each.
        books: Shadows, account and choice; None until the first known minute.
    """

    minute: int = -1
    known_minute: int = -1
    forecast: Forecast = field(default_factory=Forecast)
    day: Day = field(default_factory=Day)
    rows: bytes = b""
    books: Books | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the policy wants now, and why.

    Attributes:
        instances: Within least and most.
        known_minute: The newest minute whose demand it knows.
        shadow: Who is followed, in words.
        choice: Why, with its numbers and the runner-up's.
        runner_up: In words; None where there is none.
        budget_left: Instance-minutes that may still be late on top of the budget to come; below
            zero it is owed.
        allowed_ratio: Share that may be late until the account is even.
        forecast: Demand one horizon ahead, instances; None in a gap.
        scale: Its mean relative error.
        quantile: How many of those are added.
        headroom_ratio: Part of the forecast that is added besides.
        floor: Demand that was reached before and is kept for, instances; None: it keeps for none.
        backlog: As the model has it for what was ordered, instance-minutes.
    """

    instances: int
    known_minute: int
    shadow: str
    choice: Choice
    runner_up: str | None
    budget_left: float
    allowed_ratio: float
    forecast: float | None
    scale: float | None
    quantile: float
    headroom_ratio: float
    floor: float | None
    backlog: float


def absorb(state: State, goal: Goal, minute: int, demand: float | None) -> State:
    """Learn what was demanded in a minute.

    Minutes between the newest absorbed one and this are gaps: nothing is learned from them, and
    nothing is wanted less for them. A minute that is not newer changes nothing.

    Args:
        state: `State()` to begin with.
        goal: As it is now.
        minute: Whole minutes since the epoch, >= 0.
        demand: Requests of the minute ÷ what one instance carries in a minute; None: unknown, as
            is what is negative or not a number.
    """
    if demand is not None and not demand >= 0.0:
        demand = None
    if minute <= state.minute or (state.books is None and demand is None):
        return state
    if state.books is None:
        state = _begin(state, goal, minute, min(demand or 0.0, DEMAND_LIMIT))
    elif minute - state.minute > 3 * DAY_MINUTES:
        state = _skip(state, (minute - state.minute) // DAY_MINUTES - 2)
    for passed in range(state.minute + 1, minute):
        state = _take(state, goal, passed, None)
    return _take(state, goal, minute, demand)


def want(state: State, goal: Goal) -> Wanted | None:
    """Say what is wanted after the newest absorbed minute.

    Returns:
        None while no minute was ever known.
    """
    books = state.books
    if books is None:
        return None
    choice = books.choice
    shadow = PORTFOLIO[choice.shadow]
    instances = books.own.orders[-1]
    row: tuple[float, ...] = (UNKNOWN,) * 12
    if state.rows:
        course = read_course(choice.shadow, len(PORTFOLIO), books, goal.horizon_minutes)
        instances = follow(shadow, course, _stretch(state.rows, goal, shadow)).orders[-1]
        row = _ROW.unpack_from(state.rows, len(state.rows) - _ROW.size)
    known = not math.isnan(row[0])
    return Wanted(
        instances=min(max(instances, goal.least), goal.most),
        known_minute=state.known_minute,
        shadow=NAMES[choice.shadow],
        choice=choice,
        runner_up=None if choice.runner_up is None else NAMES[choice.runner_up],
        budget_left=books.account.balance,
        allowed_ratio=choice.allowed_ratio,
        forecast=row[1 + shadow.expert] if known else None,
        scale=row[5 + shadow.expert] if known else None,
        quantile=shadow.quantile,
        headroom_ratio=shadow.headroom_ratio,
        floor=row[8 + shadow.floor] if known and shadow.floor else None,
        backlog=books.own.backlog,
    )


def _begin(state: State, goal: Goal, minute: int, demand: float) -> State:
    first = min(max(math.ceil(demand), goal.least), goal.most)
    books = open_books(PORTFOLIO, first, goal.horizon_minutes, CAREFUL)
    return State(minute - 1, state.known_minute, state.forecast, state.day, b"", books)


def _skip(state: State, days: int) -> State:
    """Pass whole days of a long gap at once: after two, one more changes nothing but the time."""
    minutes = days * DAY_MINUTES
    return State(
        state.minute + minutes,
        state.known_minute,
        state.forecast,
        state.day._replace(number=state.day.number + minutes // 5),
        state.rows,
        state.books,
    )


def _take(state: State, goal: Goal, minute: int, demand: float | None) -> State:
    """Take in the next minute, and close the quarter if it is its last."""
    books = state.books
    if demand is None:
        known, row = state.known_minute, _PASSED
        day = note(state.day, minute, None)
        forecast = miss(state.forecast, goal.horizon_minutes)
    else:
        known = minute
        (demand,) = _FLOAT.unpack(_FLOAT.pack(min(demand, DEMAND_LIMIT)))
        day = note(state.day, minute, demand)
        ratio, floors = look_back(day, minute, goal.horizon_minutes)
        forecast, forecasts, scales = foresee(state.forecast, demand, ratio, goal.horizon_minutes)
        row = _ROW.pack(demand, *forecasts, *scales, *floors)
    rows = state.rows + row
    if minute % QUARTER_MINUTES == QUARTER_MINUTES - 1 and books is not None:
        terms = Terms(goal.late_budget_ratio, goal.cost_limit, CAREFUL)
        books = close_quarter(PORTFOLIO, books, _stretch(rows, goal), terms)
        rows = b""
    return State(minute, known, forecast, day, rows, books)


def _stretch(rows: bytes, goal: Goal, only: Shadow | None = None) -> Stretch:
    """Unpack what all shadows live through, or what only one of them needs of it."""
    flat = _unpacker(len(rows) // ROW_BYTES).unpack(rows)
    demand = flat[::COLUMNS]
    known = [value for value in demand if not math.isnan(value)]
    forecasts, errors, floors = [_EMPTY] * 4, [_EMPTY] * 4, [_EMPTY] * 4
    pairs: list[tuple[tuple[float, float], ...]] = [()] * 4
    widest = [0.0] * 4
    for expert in range(4) if only is None else (only.expert,):
        row, scales = flat[1 + expert :: COLUMNS], flat[5 + expert :: COLUMNS]
        forecasts[expert] = tuple([value - ROUNDING for value in row])
        errors[expert] = tuple(map(mul, row, scales))
        pairs[expert] = tuple(zip(forecasts[expert], errors[expert], strict=True))
        widest[expert] = max(scales)
    for floor in range(1, 4) if only is None else (only.floor,):
        if floor:
            floors[floor] = tuple([value - ROUNDING for value in flat[8 + floor :: COLUMNS]])
    return Stretch(
        demand,
        max(known, default=0.0),
        len(known) == len(demand),
        tuple(forecasts),
        tuple(errors),
        tuple(pairs),
        tuple(widest),
        tuple(floors),
        goal.lead_minutes,
        goal.lag_minutes,
        goal.least,
        goal.most,
    )


@lru_cache(maxsize=QUARTER_MINUTES)
def _unpacker(minutes: int) -> struct.Struct:
    return struct.Struct(f"<{COLUMNS * minutes}f")
