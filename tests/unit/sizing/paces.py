"""Which load tests show that instances of a fleet came too late, or too few of them?"""

from __future__ import annotations

from datetime import timedelta

from flyball.sizing.measured import Limit, Verdict
from flyball.sizing.mended import KEPT
from flyball.sizing.settings import Kind
from tests.unit.sizing.fleets import LONG, SHORT, SPIKY, Case, load

FEW = (load(10_000, served=2), load(28_000, 20_000, served=2))
PACES = [
    Case(
        "too few served though it was held for long",
        FEW,
        Verdict.BREAKS,
        Limit.PACE,
        10_000.0,
        ("3 instances were needed and 2 served, though it was held for 10 min, longer than",),
        ("cooldown of scale-out 600 s → 300 s", "steps +1/+3/+4 → +2/+4/+5"),
        waits=LONG,
    ),
    Case(
        "and the cooldown was short enough to order more",
        FEW,
        Verdict.BREAKS,
        Limit.PACE,
        10_000.0,
        obstacle="a quota, no more machines of the type, or policies that are not in force",
    ),
    Case(
        "and no cooldown is left to be halved",
        (load(10_000, served=2), load(28_000, 20_000, served=2, held=timedelta(minutes=3))),
        Verdict.BREAKS,
        Limit.PACE,
        10_000.0,
        obstacle=KEPT,
        waits=timedelta(0),
    ),
    Case(
        "steps alone are too small",
        (load(5_000, served=1), load(29_000, 10_000, served=1)),
        Verdict.BREAKS,
        Limit.PACE,
        5_000.0,
        changes=("cooldown of scale-out 600 s → 300 s", "steps +1/+3/+4 → +3/+5/+6"),
        kind=Kind.STEPS,
        waits=LONG,
    ),
    Case(
        "steps alone are too small, whatever they wait",
        (load(5_000, served=1), load(29_000, 10_000, served=1, held=timedelta(minutes=3))),
        Verdict.BREAKS,
        Limit.PACE,
        5_000.0,
        changes=("steps +1/+3/+4 → +3/+5/+6",),
        kind=Kind.STEPS,
        waits=timedelta(0),
    ),
    Case(
        "steps alone could have added as many",
        (load(10_000, served=2), load(28_000, 20_000, served=2)),
        Verdict.BREAKS,
        Limit.PACE,
        10_000.0,
        obstacle=KEPT,
        kind=Kind.STEPS,
    ),
    Case(
        "each is held at more than it carries",
        (load(10_000), load(28_000, 20_000)),
        Verdict.BREAKS,
        Limit.PACE,
        10_000.0,
        ("3 instances were needed and 1 served (by reckoning), though it was held for 10 min",),
        ("InvocationsPerInstance 14,000 → 5,000",),
        held=14_000.0,
    ),
    Case(
        "instances that came while a load was held were not there when it began",
        (load(6_500, served=1), load(13_000, 11_000, served=1.33)),
        Verdict.UNKNOWN,
        Limit.LEAD_TIME,
        6_500.0,
        ("2 instances were needed and 1 served when it began",),
        remedy="grows slower",
    ),
    Case(
        "as are several that came under one load",
        (load(9_000, served=1.8), load(19_000, 16_000, served=3.4)),
        Verdict.UNKNOWN,
        Limit.LEAD_TIME,
        9_000.0,
        ("too late: it takes 95% of what the 2 carry that served when it began",),
        remedy="grows slower",
    ),
    Case(
        "fewer served than are to be there at all times",
        (load(5_000, held=SHORT, served=2), load(29_000, 19_000, held=SHORT, served=2)),
        Verdict.BREAKS,
        Limit.LEAD_TIME,
        5_000.0,
        obstacle="2 served, fewer than the MinCapacity of 4. Look at what kept them from coming",
        expected=SPIKY,
        min_capacity=4,
    ),
]
