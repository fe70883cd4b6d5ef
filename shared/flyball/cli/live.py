"""How is a replayed day shown while it runs?"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from flyball.cli import screen
from flyball.cli.voice import QUIET, tell_wake
from flyball.core.model import Action, Reason
from flyball.core.target import ScalableTarget
from flyball.report.chart import draw, fit
from flyball.report.range import tell_bounds
from flyball.report.sentences import REASONS, headline
from flyball.sim.day import Minute
from flyball.sim.trace import Trace
from flyball.wake import Wake, WakeKind

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.table import Table
    from rich.text import Text

Watch = Callable[[Iterator[Minute]], Iterator[Minute]]

FRAMES_A_SECOND = 15
HEIGHT = 4
LABEL = 10
SIDE = 22
LINES_KEPT = 64


def say_changes(target: ScalableTarget) -> Watch:
    """Print a line for each change and each trouble, for a pipe or a log."""

    def follow(minutes: Iterator[Minute]) -> Iterator[Minute]:
        teller = _Teller(target)
        for minute in minutes:
            told = [*map(teller.tell, minute.wakes), teller.tell_pick(minute)]
            for line in filter(None, told):
                screen.say(f"{minute.at:%Y-%m-%d %H:%M}  {line}")
            if minute.trouble:
                screen.say(f"{minute.at:%Y-%m-%d %H:%M}  {minute.trouble}")
            yield minute

    return follow


def watch(title: str, trace: Trace, target: ScalableTarget, hours_a_second: float) -> Watch:
    """Draw demand, capacity and decisions on the terminal while minutes go by.

    Args:
        title: What is replayed.
        trace: All of it, for the scale of the charts.
        target: What is scaled.
        hours_a_second: How fast; 0: as fast as it goes.
    """
    from rich.live import Live

    def follow(minutes: Iterator[Minute]) -> Iterator[Minute]:
        picture = Picture(title, trace, target)
        began = shown = time.monotonic()
        with Live(
            picture, console=screen.terminal(), auto_refresh=False, vertical_overflow="crop"
        ) as live:
            for count, minute in enumerate(minutes, start=1):
                picture.add(minute)
                due = began + count / 60 / hours_a_second if hours_a_second else 0.0
                now = time.monotonic()
                if now - shown > 1 / FRAMES_A_SECOND or due - now > 1 / FRAMES_A_SECOND:
                    shown = now
                    live.refresh()
                    time.sleep(max(0.0, due - time.monotonic()))
                yield minute
            live.refresh()

    return follow


class Picture:
    """What is on the terminal at one moment."""

    def __init__(self, title: str, trace: Trace, target: ScalableTarget) -> None:
        self._title = title
        self._teller = _Teller(target)
        self._total = len(trace.requests)
        self._demand: list[float | None] = []
        self._capacity: list[float | None] = []
        self._waiting: list[float | None] = []
        self._top = max((each for each in trace.requests if each is not None), default=1.0)
        self._told: deque[tuple[datetime, str, str]] = deque(maxlen=LINES_KEPT)
        self._last: Minute | None = None

    def add(self, minute: Minute) -> None:
        """Take the next minute."""
        self._last = minute
        self._demand.append(minute.demand)
        self._capacity.append(minute.ready * minute.capacity_per_instance)
        self._waiting.append(minute.backlog)
        self._top = max(self._top, self._capacity[-1] or 0.0)
        for wake in minute.wakes:
            told = self._teller.tell(wake)
            if told:
                self._told.append((minute.at, told, _colour(wake)))
        if picked := self._teller.tell_pick(minute):
            self._told.append((minute.at, picked, "cyan"))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it for a terminal of some size."""
        from rich.text import Text

        minute = self._last
        if minute is None:
            return
        width = options.max_width
        columns = max(8, width - LABEL - SIDE)
        done = f"{len(self._demand) / self._total:4.0%}"
        clock = f"{minute.at:%a %Y-%m-%d %H:%M} UTC"
        yield Text(f"{clock}  {self._title}"[: width - 5].ljust(width - 4) + done, style="bold")
        demand = "not known" if minute.demand is None else f"{minute.demand:,.0f} a minute"
        yield from self._chart("demand", self._demand, columns, self._top, (demand, "", "cyan"))
        ready = f"{minute.ready:,} in service"
        wanted = "" if minute.ready == minute.desired else f"{minute.desired:,} desired"
        if minute.ceiling is not None:
            wanted = f"range {tell_bounds(minute.desired, minute.ceiling)}"
        yield from self._chart(
            "capacity", self._capacity, columns, self._top, (ready, wanted, "green")
        )
        waiting = f"{minute.backlog:,.0f} waiting"
        most = max((each or 0.0 for each in self._waiting), default=0.0)
        (line,) = draw(fit(self._waiting, columns, self._total), max(most, 1.0), 1)
        yield _row("waiting", line, columns, waiting, "red")
        yield Text("─" * width, style="dim")
        yield self._decisions(width, max(4, options.size.height - 2 * HEIGHT - 8))

    def _chart(
        self,
        name: str,
        values: list[float | None],
        columns: int,
        top: float,
        beside: tuple[str, str, str],
    ) -> Iterator[Text]:
        first, second, colour = beside
        lines = draw(fit(values, columns, self._total), top, HEIGHT)
        sides = ["", "", first, second] if second else ["", "", "", first]
        for index, line in enumerate(lines):
            yield _row(name if index == HEIGHT - 1 else "", line, columns, sides[index], colour)

    def _decisions(self, width: int, room: int) -> Table:
        """Give the newest decisions that fit, the newest last."""
        from rich.table import Table
        from rich.text import Text

        beside = width - len("00:00 ")
        given: list[tuple[Text, Text]] = []
        for at, told, colour in reversed(self._told):
            what, _, why = told.partition(": ")
            text = Text.assemble((what, colour), ": ", why)
            text.truncate(2 * beside - 12, overflow="ellipsis")
            room -= -(-text.cell_len // beside)
            if room < 0:
                break
            given.append((Text(f"{at:%H:%M}", style="dim"), text))
        table = Table.grid(padding=(0, 1, 0, 0))
        for row in reversed(given):
            table.add_row(*row)
        return table


def _row(name: str, line: str, columns: int, side: str, colour: str) -> Text:
    from rich.text import Text

    return Text.assemble(
        (f"{name:<{LABEL}}", "dim"), (line.ljust(columns), colour), (f" {side}"[:SIDE], "")
    )


def _colour(wake: Wake) -> str:
    decision = wake.decision
    if decision is None or decision.current is None or decision.action is Action.HOLD:
        return "yellow"
    return "bold green" if decision.desired > decision.current else "bold blue"


class _Teller:
    """Says of a day's wakes what changed something, failed, or is the first of its kind."""

    def __init__(self, target: ScalableTarget) -> None:
        self._target = target
        self._blind = False
        self._deferred = False
        self._picked: int | None = None

    def tell_pick(self, minute: Minute) -> str:
        """Say that the service picked another count, where no change of ours made it; else ""."""
        before, self._picked = self._picked, minute.picked
        if minute.ceiling is None or minute.changes or before in (None, minute.picked):
            return ""
        bounds = tell_bounds(minute.desired, minute.ceiling)
        return f"The service picks {minute.picked:,} in {bounds}: its own choice"

    def tell(self, wake: Wake) -> str:
        """Say a wake on one line; "" for what is not worth one."""
        decision = wake.decision
        if decision is None:
            quiet = wake.kind in QUIET or wake.kind is WakeKind.TURNED_AWAY
            return "" if quiet else wake.detail
        was_blind, was_deferred = self._blind, self._deferred
        self._blind = decision.reason in (Reason.MISSING_DATA, Reason.CAPACITY_UNKNOWN)
        self._deferred = decision.action is Action.DEFER
        if self._deferred:
            return "" if was_deferred else tell_wake(wake, self._target)
        if decision.action is not Action.HOLD or (self._blind and not was_blind):
            return tell_wake(wake, self._target)
        if was_blind and not self._blind:
            return f"{headline(decision)}: it sees again; {REASONS[decision.reason]}"
        return ""
