"""Write docs/aws-cost.md and docs/gcp-cost.md: live through months, and price every call.

python docs/cost.py            # some minutes; one cloud alone: python docs/cost.py gcp
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from flyball.config import loads
from flyball.core.target import ScalableTarget
from flyball.cost.cloud import Cloud, find_cloud
from flyball.cost.month import MINUTES
from flyball.cost.study import START, Study, study
from flyball.price import Prices
from flyball.report.cost import Row, tell_calls, tell_money, tell_wakes
from flyball.sim.generate import generate_day

FOLDER = Path(__file__).parent
FLEET = 1_000
FLEET_MINUTES = 1_440

AWS_CONFIG = """\
version: 1
scalable_targets:
  - id: chat
    home: aws
    resource: {endpoint: chat, variant: blue}
    min_capacity: 2
    max_capacity: 20
    metrics:
      - name: calls
        source: {namespace: AWS/SageMaker, metric: InvocationsPerInstance, statistic: Sum}
      - name: gpu
        unit: percent
        source: {namespace: /aws/sagemaker/Endpoints, metric: GPUUtilization, statistic: Average}
    policies:
      - {name: track, kind: target_tracking, metric: calls, target_value: 700}
      - name: overload
        kind: step
        metric: gpu
        threshold: 90
        comparison: ">="
        adjustment: percent_change_in_capacity
        steps:
          - {from: 0, percent: 25}
"""
AWS_INTRO = """\
# What Flyball costs on AWS

*Written by `python docs/cost.py`; do not edit. `flyball cost --config flyball.yaml` prints the same
for your own config, with your own traffic (`--trace`) and prices (`--prices`).*

The functions, the controller, the engine and the adapters of AWS run through a month on a jumping
clock; the services behind them are simulated, and each call is counted. A
[test](../tests/aws/test_cost.py) holds every count, DynamoDB's units included, to the same hours on
the [local AWS](aws-rig.md), where boto3 really makes the calls. List prices of {region}, {as_of},
without any free tier, are in [prices.json](../shared/flyball/adapters/aws/prices.json) with their
sources. What no count can tell stands there as an assumption: how long a service takes to answer,
how long a line of the log is, how often a queue is polled. That reading alarms' states is charged
as any request is one too: the price list names DescribeAlarms neither as charged nor as free.

The target of these pages has a tracking and a step policy on two metrics, so three alarms:

```yaml
{config}```

"""
AWS_CASES = """\
## A quiet target, and a busy one

Quiet: demand stands still below what the least capacity carries. The target is looked at every
five minutes, and while its alarms are calm no metric is read. Busy: 30 generated days with a
daily cycle and a flash crowd each, up to 16 instances.

{money}

Rows are never deleted, so after a year twelve months' rows are kept. Polling is the reads alone of
a controller that asks for both metrics every minute; it would write and run besides. Native
policies are free but for their alarms: two for one that tracks, and one for the step.

Calls and wake-ups of one target in a month:

{calls}

{wakes}

"""
AWS_FLEET = """\
## A fleet of {fleet:,}

The same target {fleet:,} times over, simulated for a day: quiet, and with each tenth of them busy.
What is due goes through the queue in messages of 25, which share the reads of metrics, alarms'
states and native registrations.

{money}

Calls of one target in a month, on average:

{calls}
"""


class Page(NamedTuple):
    """What a page says around its tables."""

    config: str
    intro: str
    cases: str
    fleet: str


PAGES: Mapping[str, Page] = {
    "aws": Page(AWS_CONFIG, AWS_INTRO, AWS_CASES, AWS_FLEET),
}


def main() -> None:
    """Write the pages."""
    for home in sys.argv[1:] or PAGES:
        began = time.monotonic()
        cloud, path = find_cloud(home), FOLDER / f"{home}-cost.md"
        prices = cloud.read_prices(None)
        one = run(cloud, 1, ("quiet", "busy"), MINUTES, prices)
        many = run(cloud, FLEET, ("quiet", "mixed"), FLEET_MINUTES, prices)
        path.write_text(write(PAGES[home], one, many, prices), encoding="utf-8")
        sys.stdout.write(f"{path.name} is written, after {time.monotonic() - began:.0f} s\n")


def run(cloud: Cloud, count: int, names: Sequence[str], minutes: int, prices: Prices) -> Study:
    """Live through a time of so many targets."""
    trace = generate_day(START, minutes=minutes)
    targets = make_targets(PAGES[cloud.home].config, count)
    return study(cloud, targets, trace, prices, minutes=minutes, names=names, most=count)


def make_targets(config: str, count: int) -> list[ScalableTarget]:
    """Make the target, so many times over."""
    texts = [config.replace("chat", f"chat-{index}") for index in range(count)]
    return [loads(text.encode()).scalable_targets[0] for text in texts]


def write(page: Page, one: Study, many: Study, prices: Prices) -> str:
    """Write a page's text."""
    return (
        page.intro.format(region=prices.region, as_of=prices.as_of, config=page.config)
        + page.cases.format(
            money=table("dollars", one, list(tell_money(one, prices))),
            calls=table("calls", one, list(tell_calls(one))),
            wakes=table("wake-ups", one, list(tell_wakes(one))),
        )
        + page.fleet.format(
            fleet=FLEET,
            money=table("dollars", many, list(tell_money(many, prices))),
            calls=table("calls", many, list(tell_calls(many))),
        )
    )


def table(head: str, found: Study, rows: Sequence[Row]) -> str:
    """Write rows as a table of Markdown; a row without figures is a heading."""
    names = [case.name for case in found.cases]
    lines = [f"| {head} | {' | '.join(names)} |", f"|---|{'---:|' * len(names)}"]
    for row in rows:
        name = row.name.strip() if any(row.figures) else f"**{row.name}**"
        lines.append(f"| {name} | {' | '.join(row.figures)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
