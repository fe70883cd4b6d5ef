"""What does Flyball itself cost a month on AWS?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flyball.cli.failure import refuse
from flyball.cli.options import Json, TargetName, check_capacity_per_instance

if TYPE_CHECKING:
    from flyball.adapters.aws.prices import Prices
    from flyball.core.target import ScalableTarget
    from flyball.cost.study import Study
    from flyball.report.cost import Row
    from flyball.sim.trace import Trace

DAYS_LIMIT = 31
DAY_MINUTES = 1_440


Config = Annotated[
    Path, typer.Option("--config", metavar="FILE", help="A flyball.yaml with home: aws.")
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
    typer.Option("--prices", metavar="JSON", help="Prices of your own, beside the list's."),
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
    """Count every call to AWS of a simulated month, and price it, for a config.

    Each scalable target is simulated twice: quiet, where nothing happens, and busy, under the
    traffic of --trace. Beside it: reading the same metrics every minute, and the alarms of native
    policies. Nothing is asked of AWS.
    """
    from flyball.adapters.aws.prices import PricesError, read_prices
    from flyball.cli import screen
    from flyball.cost.study import find_length, study
    from flyball.wiring.aws import check_sdk

    check_sdk()
    check_capacity_per_instance(capacity_per_instance)
    targets = _find_targets(config, target)
    try:
        table = read_prices(prices)
    except PricesError as error:
        refuse(str(error))
    minutes = days * DAY_MINUTES if days else find_length(len(targets))
    with screen.progress("Simulating", 2 * minutes) as advance:
        found = study(
            targets,
            _find_trace(trace, minutes),
            table,
            minutes=minutes,
            capacity_per_instance=capacity_per_instance,
            advance=advance,
        )
    if json:
        screen.say_json(_as_json(found, table))
    else:
        _say(found, table, shows_calls=calls)


def _find_targets(config: Path, name: str | None) -> Sequence[ScalableTarget]:
    """Read the scalable targets that are on AWS."""
    from flyball.cli.validate import load_config
    from flyball.report.plain import plain

    targets = load_config(config).scalable_targets
    if name is not None and name not in {each.id for each in targets}:
        known = ", ".join(plain(each.id) for each in targets[:5])
        refuse(f"--target: {config} has no scalable target {name!r}; it has {known}")
    found = [each for each in targets if each.home == "aws" and name in (None, each.id)]
    if not found:
        refuse(f"{config}: nothing in it is on AWS; only `home: aws` has calls to count")
    return found


def _find_trace(path: Path | None, minutes: int) -> Trace:
    from flyball.cost.study import START
    from flyball.sim.generate import generate_day
    from flyball.sim.trace import read_trace

    return generate_day(START, minutes=minutes) if path is None else read_trace(path)


def _as_json(study: Study, prices: Prices) -> dict[str, object]:
    return {
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


def _say(study: Study, prices: Prices, *, shows_calls: bool) -> None:
    from flyball.cli import screen
    from flyball.report import cost as words

    names = [case.name for case in study.cases]
    screen.say_wrapped(words.tell_basis(study, prices))
    screen.say()
    _say_rows("Dollars", names, words.tell_money(study))
    if shows_calls:
        screen.say()
        _say_rows("Calls a scalable target and month", names, words.tell_calls(study))
        screen.say()
        _say_rows("Wake-ups a scalable target and month", names, words.tell_wakes(study))


def _say_rows(heading: str, names: Sequence[str], rows: Iterable[Row]) -> None:
    from flyball.cli import screen

    columns = [screen.Column(heading), *(screen.Column(name, right=True) for name in names)]
    screen.say_table(columns, [(row.name, *row.figures) for row in rows])
