"""Write docs/aws-cost.md and docs/gcp-cost.md: live through months, and price every call.

python docs/cost.py            # some minutes; one cloud alone: python docs/cost.py gcp
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from flyball.config import loads
from flyball.core.target import ScalableTarget
from flyball.cost.cloud import Cloud, find_cloud
from flyball.cost.month import MINUTES
from flyball.cost.study import START, Study, study
from flyball.price import Prices
from flyball.report.cost import Row, tell_calls, tell_money, tell_wakes, usd
from flyball.sim.generate import generate_day

FOLDER = Path(__file__).parent
FLEET = 1_000
FLEET_MINUTES = 1_440
MINUTE = timedelta(minutes=1)
SPARED = ("firestore.stored_bytes", "monitoring.series_read")
"""What a quiet look would spare altogether, beside one write."""

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


GCP_CONFIG = """\
version: 1
scalable_targets:
  - id: chat
    home: gcp
    resource: {project: acme-ml, location: us-central1, endpoint: chat}
    min_capacity: 2
    max_capacity: 20
    metrics:
      - name: duty
        unit: ratio
        source: {metric: aiplatform.googleapis.com/prediction/online/accelerator/duty_cycle}
      - name: latency
        source:
          metric: aiplatform.googleapis.com/prediction/online/prediction_latencies
          statistic: p95
    policies:
      - {name: track, kind: target_tracking, metric: duty, target_value: 75}
      - name: overload
        kind: step
        metric: latency
        threshold: 800
        comparison: ">="
        adjustment: percent_change_in_capacity
        steps:
          - {from: 0, percent: 25}
"""
GCP_INTRO = """\
# What Flyball costs on Google Cloud

*Written by `python docs/cost.py`; do not edit. `flyball cost --config flyball.yaml` prints the same
for your own config, with your own traffic (`--trace`) and prices (`--prices`).*

Both functions, the controller, the engine and the adapters of Google run through a month on a
jumping clock; the services behind them are simulated, and each call is counted. A
[test](../tests/gcp/test_cost.py) holds every count (calls to Vertex AI, series that Monitoring
returns, documents of Firestore, messages) to the same hours on Google's emulators and our servers,
where the real clients make the calls. List prices of {region}, {as_of}, are in
[prices.json](../shared/flyball/adapters/gcp/prices.json), each with its source and with what of it
is free; `--prices` replaces any of them. What no count can tell stands there as an assumption. Not
counted: cold starts (the tick of every minute keeps one instance warm), builds, and traffic to the
internet, of which there is none.

- **Most of it is within the free tier.** The tables are of list prices, without it; their last line
  is what is left to pay where nothing else of the billing account uses it up.
- **Alert policies are free for now.** Google has announced a price for September 2027; it stands
  in lines of its own. The announcement is known from notes of others, and may change again.
- **Free**: calls to Vertex AI, its metrics, dashboards, Eventarc's triggers on Pub/Sub, and
  **Google's own autoscaler**. Who needs no more than that pays nothing: see
  [when a range alone is enough](ranges.md).

The target of these pages has a tracking and a step policy on two metrics, so three alert policies:

```yaml
{config}```

"""
GCP_CASES = """\
## A quiet target, and a busy one

Quiet: demand stands still below what the least capacity carries. The target is looked at every
five minutes, and its metrics are read each time: on Google that costs less than to find out whether
they need not be. Busy: 30 generated days with a daily cycle and a flash crowd each, up to 16
replicas. The service is taken to pick the floor of every range, so nothing that it does by itself
makes a month cheaper.

{money}

Rows are never deleted, so after a year twelve months' rows are kept. Polling is the reads alone of
a controller that asks for both metrics every minute, at the least capacity: duty cycles come as a
series of each replica. It would write and run besides.

Calls and wake-ups of one target in a month:

{calls}

{wakes}

## Why a quiet target's metrics are read

On AWS a quiet target's alarms are asked first, and while they are calm no metric is read
([ADR 0007](adr/0007-an-alarm-is-asked-before-a-metric-is-read.md)). On Google that does not pay:

- A look reads three series, for $0.0000015. All that a quiet look could spare is these, one row of
  the ledger and its keeping: about {spared} a month, of which the lists of alerts and of alert
  policies that it would have to read instead are not yet taken off.
- **An open incident would be believable, none at all is not.** `projects.alerts.list` tells of
  incidents. A metric that has stopped opens none, and closes an open one after half an hour; and by
  Google's discovery document nothing tells when a policy was last evaluated, or on what. An alarm
  of CloudWatch says `INSUFFICIENT_DATA` then.

So no target rests unseen: a quiet one is read every five minutes, and what has no alert policy (a
total that is tracked, an expression) on every tick, as on AWS.

**When alert policies are charged**, three of them will cost more than all else together, and a
quiet target more than on AWS. What they bring is a look within a minute or two instead of five. A
`heartbeat: 60s` brings the same: the quiet target above then costs {minutely} a month in all, and
would need none of them; this version makes them all the same.

"""
GCP_FLEET = """\
## A fleet of {fleet:,}

The same target {fleet:,} times over, simulated for a day: quiet, and with each tenth of them busy.
What is due goes through the topic in messages of 25, which share the calls for metrics; what is
charged is each series.

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
    "gcp": Page(GCP_CONFIG, GCP_INTRO, GCP_CASES, GCP_FLEET),
}


def main() -> None:
    """Write the pages."""
    for home in sys.argv[1:] or PAGES:
        began = time.monotonic()
        cloud, path = find_cloud(home), FOLDER / f"{home}-cost.md"
        prices = cloud.read_prices(None)
        one = run(cloud, 1, ("quiet", "busy"), MINUTES, prices)
        many = run(cloud, FLEET, ("quiet", "mixed"), FLEET_MINUTES, prices)
        page = PAGES[home]
        told = compare(cloud, one, prices) if "{minutely}" in page.cases else {}
        path.write_text(write(page, one, many, prices, told), encoding="utf-8")
        sys.stdout.write(f"{path.name} is written, after {time.monotonic() - began:.0f} s\n")


def compare(cloud: Cloud, one: Study, prices: Prices) -> Mapping[str, str]:
    """Say what a quiet target costs on every tick, and what a look without reads would spare."""
    quiet = one.cases[0]
    looks = quiet.usage.wakes["decided"]
    kept = {name: quiet.usage.amounts[name] for name in SPARED}
    spared = prices.usd({**kept, "firestore.writes": looks})
    (minutely,) = run(cloud, 1, ("quiet",), MINUTES, prices, heartbeat=MINUTE).cases
    return {"minutely": f"${usd(minutely.usd)}", "spared": f"${usd(spared)}"}


def run(
    cloud: Cloud,
    count: int,
    names: Sequence[str],
    minutes: int,
    prices: Prices,
    heartbeat: timedelta | None = None,
) -> Study:
    """Live through a time of so many targets."""
    trace = generate_day(START, minutes=minutes)
    targets = make_targets(PAGES[cloud.home].config, count)
    if heartbeat is not None:
        targets = [replace(each, heartbeat=heartbeat) for each in targets]
    return study(cloud, targets, trace, prices, minutes=minutes, names=names, most=count)


def make_targets(config: str, count: int) -> list[ScalableTarget]:
    """Make the target, so many times over."""
    texts = [config.replace("chat", f"chat-{index}") for index in range(count)]
    return [loads(text.encode()).scalable_targets[0] for text in texts]


def write(page: Page, one: Study, many: Study, prices: Prices, told: Mapping[str, str]) -> str:
    """Write a page's text."""
    return (
        page.intro.format(region=prices.region, as_of=prices.as_of, config=page.config)
        + page.cases.format(
            money=table("dollars", one, list(tell_money(one, prices))),
            calls=table("calls", one, list(tell_calls(one))),
            wakes=table("wake-ups", one, list(tell_wakes(one))),
            **told,
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
