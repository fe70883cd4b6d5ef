"""What does Flyball itself cost a month on AWS and on Google Cloud?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flyball.cli.failure import refuse
from flyball.cli.options import Json, TargetName, check_capacity_per_instance

if TYPE_CHECKING:
    from flyball.core.target import ScalableTarget
    from flyball.cost.cloud import Cloud
    from flyball.cost.study import Study
    from flyball.price import Prices
    from flyball.report.cost import Row
    from flyball.sim.trace import Trace

TITLES = {"aws": "AWS", "gcp": "Google Cloud"}
"""Of the clouds, by their home."""
DAYS_LIMIT = 31
DAY_MINUTES = 1_440


Config = Annotated[
    Path, typer.Option("--config", metavar="FILE", help="A flyball.yaml with home: aws or gcp.")
]
Traffic = Annotated[
    Path | None,
    typer.Option(
        "--trace",
        metavar="CSV",
        help="Requests that reach a busy target: columns timestamp and requests.  "
        "[default: generated days]",
    ),
]
CapacityPerInstance = Annotated[
    float | None,
    typer.Option(
        "--capacity-per-instance",
        metavar="REQUESTS",
        help="What an instance serves in a minute.  [default: 80 % of the most carry the peak]",
    ),
]
OwnPrices = Annotated[
    Path | None,
    typer.Option(
        "--prices",
        metavar="JSON",
        help="Prices of your own, beside the list's; of two clouds, under aws and gcp.",
    ),
]
Days = Annotated[
    int | None,
    typer.Option(
        "--days",
        min=1,
        max=DAYS_LIMIT,
        help="How many to simulate.  [default: a month, less for many targets]",
    ),
]
Calls = Annotated[bool, typer.Option("--calls", help="Also print every counted call.")]


def cost(
    config: Config,
    target: TargetName = None,
    trace: Traffic = None,
    capacity_per_instance: CapacityPerInstance = None,
    prices: OwnPrices = None,
    days: Days = None,
    calls: Calls = False,
    json: Json = False,
) -> None:
    """Count every call of a simulated month to AWS or Google Cloud, and price it, for a config.

    Each scalable target is simulated twice: quiet, where nothing happens, and busy, under the
    traffic of --trace. Beside it: reading the same metrics every minute, and what the cloud's own
    scaling is charged by. Nothing is asked of a cloud; the simulation of AWS needs its libraries
    all the same (pip install 'flyball[aws]').
    """
    from flyball.cli import screen
    from flyball.cost.cloud import find_cloud
    from flyball.cost.study import find_length, study

    check_capacity_per_instance(capacity_per_instance)
    targets = _find_targets(config, target)
    clouds = [find_cloud(home) for home in targets]
    tables = [_find_prices(cloud, prices, list(targets)) for cloud in clouds]
    lengths = [days * DAY_MINUTES if days else find_length(len(each)) for each in targets.values()]
    with screen.progress("Simulating", 2 * sum(lengths)) as advance:
        found = [
            study(
                cloud,
                targets[cloud.home],
                _find_trace(trace, minutes),
                table,
                minutes=minutes,
                capacity_per_instance=capacity_per_instance,
                advance=advance,
            )
            for cloud, table, minutes in zip(clouds, tables, lengths, strict=True)
        ]
    pairs = list(zip(found, tables, strict=True))
    if json:
        screen.say_json({each.cloud.home: _as_json(each, table) for each, table in pairs})
        return
    for index, (each, table) in enumerate(pairs):
        if index:
            screen.say()
        if len(pairs) > 1:
            screen.say(TITLES[each.cloud.home])
        _say(each, table, shows_calls=calls)


def _find_targets(config: Path, name: str | None) -> Mapping[str, Sequence[ScalableTarget]]:
    """Read the scalable targets that are in a cloud, by their home."""
    from flyball.cli.validate import load_config
    from flyball.price import CLOUDS
    from flyball.report.plain import plain

    targets = load_config(config).scalable_targets
    if name is not None and name not in {each.id for each in targets}:
        known = ", ".join(plain(each.id) for each in targets[:5])
        refuse(f"--target: {config} has no scalable target {name!r}; it has {known}")
    found = {
        home: [each for each in targets if each.home == home and name in (None, each.id)]
        for home in CLOUDS
    }
    found = {home: those for home, those in found.items() if those}
    if not found:
        refuse(
            f"{config}: nothing in it is in a cloud; only `home: aws` and `home: gcp` have calls "
            "to count"
        )
    return found


def _find_prices(cloud: Cloud, path: Path | None, homes: Sequence[str]) -> Prices:
    """Read a cloud's table; a file of one's own may have a part for each cloud."""
    from flyball.price import PricesError, read_own, read_table, take_part

    try:
        own = None if path is None else take_part(read_own(path), cloud.home, homes, path)
        return read_table(cloud.package, own, path)
    except PricesError as error:
        refuse(str(error))


def _find_trace(path: Path | None, minutes: int) -> Trace:
    from flyball.cost.study import START
    from flyball.sim.generate import generate_day
    from flyball.sim.trace import read_trace

    return generate_day(START, minutes=minutes) if path is None else read_trace(path)


def _as_json(study: Study, prices: Prices) -> dict[str, object]:
    found: dict[str, object] = {
        "region": prices.region,
        "as_of": prices.as_of,
        "scalable_targets": study.targets,
        "simulated": {"scalable_targets": study.simulated, "minutes": study.minutes},
        "usd_per_target_and_month": {
            each.name: {**each.groups, "total": each.usd} for each in study.cases
        },
        "others_usd_per_target_and_month": study.rivals._asdict(),
        "deployment_usd_per_month": {
            **study.standing,
            "total": sum(study.standing.values()),
        },
        "calls_per_target_and_month": {each.name: each.usage.calls for each in study.cases},
        "wakes_per_target_and_month": {each.name: each.usage.wakes for each in study.cases},
        "charged_per_target_and_month": {each.name: each.usage.amounts for each in study.cases},
    }
    if prices.begins:
        found["later"] = {
            "from": prices.begins,
            "usd_per_target_and_month": {each.name: each.later for each in study.cases},
            "deployment_usd_per_month": study.standing_later,
        }
    if prices.has_free_tier:
        found["all_beyond_free_tier_usd_per_month"] = {
            each.name: each.together for each in study.cases
        }
    return found


def _say(study: Study, prices: Prices, *, shows_calls: bool) -> None:
    from flyball.cli import screen
    from flyball.report import cost as words

    names = [case.name for case in study.cases]
    screen.say_wrapped(words.tell_basis(study, prices))
    screen.say()
    _say_rows("Dollars", names, words.tell_money(study, prices))
    if shows_calls:
        screen.say()
        _say_rows("Calls a scalable target and month", names, words.tell_calls(study))
        screen.say()
        _say_rows("Wake-ups a scalable target and month", names, words.tell_wakes(study))


def _say_rows(heading: str, names: Sequence[str], rows: Iterable[Row]) -> None:
    from flyball.cli import screen

    columns = [screen.Column(heading), *(screen.Column(name, right=True) for name in names)]
    screen.say_table(columns, [(row.name, *row.figures) for row in rows])
