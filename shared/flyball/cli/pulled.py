"""Whose past traffic is pulled from a cloud, of which days, and where is it kept?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from flyball.cli.failure import complain, refuse
from flyball.cli.options import read_instant

if TYPE_CHECKING:
    from flyball.core.target import ScalableTarget
    from flyball.history import TrafficSource
    from flyball.recipe import Span
    from flyball.sim.pulled import Pulled

USUAL_DAYS = 14
VAIN = 3
"""If none of the first so many can be pulled, the others are not asked for."""

From = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="SERVICE",
        help="In place of --trace: pull each scalable target's own traffic, with credentials that "
        "may only read, from cloudwatch or cloud-monitoring; it is kept, and asked for once.",
    ),
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="INSTANT",
        help="With --from: its beginning, in UTC.  [default: as --days says]",
        show_default=False,
    ),
]
To = Annotated[
    str | None,
    typer.Option(
        "--until",
        metavar="INSTANT",
        help="With --from: its end, in UTC.  [default: the last midnight]",
        show_default=False,
    ),
]
Cache = Annotated[
    Path | None,
    typer.Option(
        "--cache",
        metavar="FOLDER",
        help="With --from: where it is kept.  [default: flyball/traffic in $XDG_CACHE_HOME, else "
        "in ~/.cache]",
        show_default=False,
    ),
]
Refresh = Annotated[
    bool, typer.Option("--refresh", help="With --from: pull again what is kept already.")
]


class Pulling(NamedTuple):
    """What the options say of what is pulled, each as it was typed.

    Attributes:
        service: Of --from; None: nothing is pulled.
        since: Of --since.
        until: Of --until.
        days: Of --days.
        cache: Of --cache.
        refresh: Of --refresh.
        region: Of --region.
        others: Options of recorded traffic, by their names; they say nothing of what is pulled.
    """

    service: str | None
    since: str | None = None
    until: str | None = None
    days: int | None = None
    cache: Path | None = None
    refresh: bool = False
    region: str | None = None
    others: Mapping[str, object] = {}


def pull_traces(
    config: Path,
    names: Sequence[str] | None,
    traces: Sequence[str] | None,
    pulling: Pulling,
    failed: dict[str, str] | None = None,
) -> list[str]:
    """Give what --trace would say: for each scalable target that is pulled, its file.

    Args:
        config: A flyball.yaml.
        names: Of the scalable targets that are meant; None: all of the service's home.
        traces: What --trace says, where nothing is pulled.
        pulling: What is.
        failed: Where why a target's traffic could not be pulled is put, by its id, if others'
            could; None: one that fails ends the command.
    """
    if pulling.service is None:
        _refuse_alone(pulling)
        if pulling.days is not None and any(traces or ()):
            refuse("--trace, --days: a trace has its own days; leave --days")
        return list(traces or [""])
    for option, value in {"--trace": traces, **pulling.others}.items():
        if value:
            refuse(f"--from, {option}: give one of the two")
    from flyball.cli import screen
    from flyball.history import HistoryError
    from flyball.sim.pulled import plan_pulls, pull
    from flyball.wiring.past import find_cache, open_source

    source = open_source(pulling.service, pulling.region)
    targets = _choose_targets(config, names, source)
    span = _choose_span(pulling, source)
    cache = pulling.cache or find_cache()
    wishes = plan_pulls(source, targets, span, cache, refresh=pulling.refresh)
    found: list[tuple[ScalableTarget, Pulled]] = []
    failed, is_fatal = failed if failed is not None else {}, failed is None
    parts = sum(len(wish.missing) for wish in wishes)
    with screen.progress(f"Asking {source.name}", parts, estimates=True) as advance:
        for target, wish in zip(targets, wishes, strict=True):
            try:
                found.append((target, pull(source, wish, advance)))
            except HistoryError as error:
                failed[target.id] = str(error)
                if is_fatal or (not found and len(failed) == VAIN):
                    refuse(next(iter(failed.values())))
    if not found:
        refuse(next(iter(failed.values())))
    for target, each in found:
        _tell(target, each, source)
    return [f"{target.id}={each.path}" for target, each in found]


def _refuse_alone(pulling: Pulling) -> None:
    """Refuse what says something of a pull where nothing is pulled."""
    given = {
        "--since": pulling.since,
        "--until": pulling.until,
        "--cache": pulling.cache,
        "--refresh": pulling.refresh,
        "--region": pulling.region,
    }
    for option, value in given.items():
        if value:
            refuse(f"{option}: only with --from")


def _choose_targets(
    config: Path, names: Sequence[str] | None, source: TrafficSource
) -> list[ScalableTarget]:
    from flyball.cli.validate import load_config

    targets = load_config(config).scalable_targets
    known = {each.id: each for each in targets}
    for name in names or ():
        if name in known and known[name].home != source.home:
            refuse(
                f"--from {source.name}: {name!r} is at home {known[name].home!r}, and it knows the "
                f"traffic of those at home {source.home!r}; give --trace {name}=FILE"
            )
        if name not in known:
            refuse(f"--target: {config} has no scalable target {name!r}")
    chosen = [
        each for each in targets if each.home == source.home and (names is None or each.id in names)
    ]
    if not chosen:
        refuse(f"--from {source.name}: {config} has no scalable target at home {source.home!r}")
    return chosen


def _choose_span(pulling: Pulling, source: TrafficSource) -> Span:
    from flyball.history import SETTLED, HistoryError, choose_span
    from flyball.wiring.machine import SystemClock

    now = SystemClock().now()
    until = _find_midnight(now - SETTLED)
    if pulling.until is not None:
        until = read_instant("--until", pulling.until, now, is_past=True)
    if pulling.since is not None and pulling.days is not None:
        refuse("--since, --days: give one of the two")
    since = until - timedelta(days=pulling.days or USUAL_DAYS)
    if pulling.since is not None:
        since = read_instant("--since", pulling.since, now, is_past=True)
    try:
        return choose_span(since, until, source.keeps, now)
    except HistoryError as error:
        refuse(f"--from {source.name}: {error}")


def _find_midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def _tell(target: ScalableTarget, pulled: Pulled, source: TrafficSource) -> None:
    """Say on stderr what came, how fine it is, and how to have it again without asking."""
    from flyball.config.duration import format_duration
    from flyball.report.plain import plain

    span = pulled.span
    how = f"{pulled.calls} calls" if pulled.calls else "kept, nothing was asked"
    gaps = span.periods - pulled.known
    told = f"{pulled.counted:,} of {span.periods:,} have requests"
    if gaps:
        told += f", of {gaps:,} nothing is known"
    complain(
        plain(
            f"{target.id}: {source.name}, {span.start:%Y-%m-%d %H:%M} to {span.end:%Y-%m-%d %H:%M} "
            f"UTC, one value in {format_duration(span.period)} ({how}): {told}; again by --trace "
            f"{target.id}={pulled.path}",
            2_000,
        )
    )
