"""When will the schedules and windows of a flyball.yaml do something next?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from flyball.cli.failure import refuse
from flyball.cli.options import ConfigPath, Json, TargetName, read_instant

if TYPE_CHECKING:
    from flyball.core.policy import ScheduledPolicy
    from flyball.core.target import ScalableTarget
    from flyball.core.window import Window

MOST = 1_000


class Firing(NamedTuple):
    """One instant at which the calendar does something.

    Attributes:
        at: Aware UTC.
        local: What the schedule's clock shows, with its offset.
        time_zone: IANA name.
        scalable_target_id: Whose.
        name: The scheduled action's or window's.
        event: What it does: fires, starts, ends.
        bounds: What it sets.
        note: What the clock does just then, "" for nothing.
    """

    at: datetime
    local: str
    time_zone: str
    scalable_target_id: str
    name: str
    event: str
    bounds: str
    note: str


def group() -> None:
    """Look at schedules and windows."""


def preview(
    file: ConfigPath,
    target: TargetName = None,
    count: Annotated[
        int, typer.Option("--count", min=1, max=MOST, help="How many instants to list.")
    ] = 10,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="INSTANT", help="From when on.  [default: now]"),
    ] = None,
    json: Json = False,
) -> None:
    """List when scheduled actions fire and windows start and end next, in UTC and local time."""
    from flyball.cli import screen
    from flyball.cli.validate import load_config
    from flyball.report.plain import plain
    from flyball.wiring.local import SystemClock

    now = SystemClock().now()
    after = now if start is None else read_instant("--from", start, now)
    config = load_config(file)
    chosen = [each for each in config.scalable_targets if target in (None, each.id)]
    if not chosen:
        known = ", ".join(plain(each.id) for each in config.scalable_targets[:5])
        refuse(f"--target: {file} has no scalable target {target!r}; it has {known}")
    found = sorted(
        (firing for each in chosen for firing in _list(each, after, count)),
        key=lambda firing: (firing.at, firing.scalable_target_id, firing.name),
    )[:count]
    if json:
        screen.say_json(found)
        return
    if not found:
        screen.say(f"{plain(str(file))}: nothing in it fires after {after:%Y-%m-%d %H:%M} UTC")
        return
    columns = (
        screen.Column("UTC", style="bold"),
        screen.Column("local"),
        screen.Column("target"),
        screen.Column("what"),
        screen.Column("", wraps=True),
    )
    screen.say_table(columns, map(_row, found))


def _row(firing: Firing) -> tuple[str, ...]:
    from flyball.report.plain import plain

    text = f"{firing.bounds}; {firing.note}" if firing.note else firing.bounds
    return (
        f"{firing.at:%a %Y-%m-%d %H:%M:%S}".removesuffix(":00"),
        f"{firing.local} {firing.time_zone}",
        plain(firing.scalable_target_id),
        f"{plain(firing.name)} {firing.event}",
        text,
    )


def _list(target: ScalableTarget, after: datetime, count: int) -> Iterator[Firing]:
    for policy in target.scheduled:
        yield from _list_firings(target.id, policy, after, count)
    for window in target.windows:
        yield from _list_boundaries(target.id, window, after, count)


def _list_firings(
    target_id: str, policy: ScheduledPolicy, after: datetime, count: int
) -> Iterator[Firing]:
    from flyball.core.schedule import preview as list_firings

    parts = [
        f"{word} {value}"
        for word, value in (("min", policy.min_capacity), ("max", policy.max_capacity))
        if value is not None
    ]
    bounds, name = ", ".join(parts), policy.schedule.time_zone
    for at in list_firings(policy.schedule, after, count):
        yield _firing(at, name, target_id, policy.name, "fires", bounds)


def _list_boundaries(
    target_id: str, window: Window, after: datetime, count: int
) -> Iterator[Firing]:
    from flyball.core.window import occurrences

    parts = [
        f"{word} {value}"
        for word, value in (
            ("floor", window.floor),
            ("ceiling", window.ceiling),
            ("pin", window.pin),
        )
        if value is not None
    ]
    bounds, name = ", ".join(parts), window.time_zone
    for span in occurrences(window, after, count):
        if span.start > after:
            yield _firing(span.start, name, target_id, window.name, "starts", bounds)
        yield _firing(span.end, name, target_id, window.name, "ends", "")


def _firing(
    at: datetime, time_zone: str, target_id: str, name: str, event: str, bounds: str
) -> Firing:
    from flyball.core.zone import zone

    local = at.astimezone(zone(time_zone))
    offset = f"{local:%z}"
    shown = f"{local:%a %H:%M}{offset[:3]}:{offset[3:5]}"
    note = _note(at, time_zone)
    return Firing(at, shown, time_zone, target_id, name, event, bounds, note)


def _note(at: datetime, time_zone: str) -> str:
    """Say where the clock of the place changes on the day around an instant."""
    from flyball.core.zone import zone

    tz = zone(time_zone)
    day = timedelta(hours=12)
    before, after = ((at + shift).astimezone(tz).utcoffset() for shift in (-day, day))
    if before is None or after is None or before == after:
        return ""
    minutes = abs(after - before) // timedelta(minutes=1)
    turned = "put forward" if after > before else "put back"
    return f"the clock is {turned} by {minutes} min within 12 hours of it"
