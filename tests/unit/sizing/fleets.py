"""Which load tests of a whole fleet are there, and what does each of them show?"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta

from flyball.sizing.benchmark import Step
from flyball.sizing.expectation import Expectation, Shape
from flyball.sizing.limit import Objective
from flyball.sizing.measured import Limit, Verdict
from flyball.sizing.mended import SAME
from flyball.sizing.saturation import Cause, LatencyObjective
from flyball.sizing.settings import Kind
from tests.unit.sizing.sized import EXPECTED

LAG = timedelta(seconds=160)
LONG, SHORT = timedelta(minutes=10), timedelta(minutes=1)
P95 = LatencyObjective(100.0, 0.95)
SPIKY = replace(EXPECTED, shape=Shape.SPIKY)
CALM = Expectation(least_per_s=70.0, most_per_s=500.0)


def load(
    asked: float,
    answered: float | None = None,
    late: float = 20.0,
    served: float | None = None,
    users: float | None = None,
    held: timedelta = LONG,
) -> Step:
    """Hold a load of so many requests a minute."""
    got = asked if answered is None else answered
    return Step(got, asked, users, held, {0.95: late}, instances=served)


@dataclass(frozen=True)
class Case:
    """A load test of a fleet of 1 to 8, each held at 5,000 of 10,000 a minute, for 30,000.

    Attributes:
        id: What is so.
        steps: That were held.
        verdict: Of it.
        limit: That broke first.
        handled: At most.
        words: In what is said of what broke.
        changes: That are made.
        obstacle: In why none are made.
        remedy: In how to test again.
        objective: What is wanted.
        expected: What comes.
        fixed: Instances that served all the time.
        ended: By what the test itself saw that it was too much.
        max_capacity: In force.
        min_capacity: In force.
        kind: In force.
        most: Instances that may be had.
        waits: Cooldown of scale-out in force.
        held: Requests a minute that each is held at.
    """

    id: str
    steps: tuple[Step, ...]
    verdict: Verdict
    limit: Limit | None
    handled: float
    words: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    obstacle: str = ""
    remedy: str = ""
    objective: Objective | LatencyObjective = Objective.BALANCED
    expected: Expectation = CALM
    fixed: float | None = None
    ended: Cause | None = None
    max_capacity: int = 8
    min_capacity: int = 1
    kind: Kind = Kind.TRACKING
    most: int = 100
    waits: timedelta = field(default=timedelta(seconds=10))
    held: float = 5_000.0


CASES = [
    Case(
        "all that is expected is handled",
        (load(5_000), load(15_000), load(30_000)),
        Verdict.HOLDS,
        None,
        30_000.0,
    ),
    Case(
        "a load that is a little less by chance is the same",
        (load(15_000), load(29_500)),
        Verdict.HOLDS,
        None,
        29_500.0,
    ),
    Case(
        "what breaks beyond the expected is told, and nothing is changed",
        (load(30_000, served=6), load(90_000, 80_000, served=8)),
        Verdict.HOLDS,
        Limit.MAX_CAPACITY,
        30_000.0,
        ("At 90,000 requests a minute 11.1% of the calls failed: MaxCapacity is reached",),
    ),
    Case(
        "the test ended before",
        (load(5_000), load(20_000)),
        Verdict.UNKNOWN,
        Limit.TEST,
        20_000.0,
        ("the load test ended at 20,000 requests a minute: nothing is known beyond",),
        remedy="with 30,000 requests a minute among the loads",
    ),
    Case(
        "what is expected lies between two loads",
        (load(20_000, served=4), load(60_000, 50_000, served=6)),
        Verdict.UNKNOWN,
        Limit.TEST,
        20_000.0,
        (
            "At 60,000",
            "16.7% of the calls failed, and between 20,000, which held, and that",
        ),
        remedy="with 30,000",
    ),
    Case(
        "the least load is more than is expected",
        (load(60_000, 50_000, served=8),),
        Verdict.UNKNOWN,
        Limit.TEST,
        0.0,
        ("nothing less was tried, such as the 30,000 expected",),
    ),
    Case(
        "no more instances are allowed",
        (load(10_000, served=2), load(20_000, served=2), load(25_000, 20_500, served=2)),
        Verdict.BREAKS,
        Limit.MAX_CAPACITY,
        20_000.0,
        ("18.0% of the calls failed: MaxCapacity is reached: 2 × 10,000 a minute are 20,000",),
        ("MaxCapacity 2 → 6",),
        max_capacity=2,
    ),
    Case(
        "no more are allowed by reckoning, and growth is allowed for",
        (load(10_000), load(19_000), load(25_000, 20_500)),
        Verdict.BREAKS,
        Limit.MAX_CAPACITY,
        19_000.0,
        ("MaxCapacity is reached",),
        ("MaxCapacity 2 → 8",),
        expected=EXPECTED,
        max_capacity=2,
    ),
    Case(
        "instances that carry as much as alone are too few, and not too weak",
        (load(10_000, late=50.0), load(19_000, late=150.0)),
        Verdict.UNKNOWN,
        Limit.TEST,
        10_000.0,
        ("p95 was 150 ms, over 100 ms, and only 2 instances served, of up to 8",),
        remedy="Test again with 8 instances",
        objective=P95,
        fixed=2.0,
    ),
    Case(
        "one more is allowed at least, whatever each is held at",
        (load(9_000), load(16_000, 15_500), load(19_500, 18_000)),
        Verdict.BREAKS,
        Limit.MAX_CAPACITY,
        9_000.0,
        changes=("MaxCapacity 1 → ",),
        expected=replace(CALM, most_per_s=320.0),
        max_capacity=1,
    ),
    Case(
        "no more may be had",
        (load(10_000), load(25_000, 20_500)),
        Verdict.BREAKS,
        Limit.MAX_CAPACITY,
        10_000.0,
        obstacle="No more than 2 may be had",
        max_capacity=2,
        most=2,
    ),
    Case(
        "users are flat where all instances are full",
        (
            load(10_000, users=100, served=2),
            load(19_800, users=200, served=2),
            load(20_000, users=400, served=2),
            load(20_100, users=800, served=2),
        ),
        Verdict.BREAKS,
        Limit.MAX_CAPACITY,
        19_800.0,
        ("more load brought no more answers: MaxCapacity is reached", "2 instances served"),
        ("MaxCapacity 2 → 6",),
        max_capacity=2,
    ),
    Case(
        "users are flat where each carries less than alone",
        (
            load(10_000, users=100, served=3),
            load(16_000, users=200, served=4),
            load(16_100, users=400, served=4),
            load(16_200, users=800, served=4),
        ),
        Verdict.BREAKS,
        Limit.INSTANCE,
        16_000.0,
        ("4 instances served, and answered 4,025 each, of the 10,000 that one carries alone",),
        ("InvocationsPerInstance 5,000 → 2,012", "MinCapacity 1 → 3", "MaxCapacity 8 → 15"),
    ),
    Case(
        "a latency is passed where each has less than it carries alone",
        (load(10_000, late=50.0, served=4), load(20_000, late=150.0, served=4)),
        Verdict.BREAKS,
        Limit.INSTANCE,
        10_000.0,
        ("p95 was 150 ms, over 100 ms: 4 instances served, and answered 5,000 each",),
        ("InvocationsPerInstance 5,000 → ", "MinCapacity 1 → ", "MaxCapacity 8 → "),
        objective=P95,
    ),
    Case(
        "by reckoning too, which is told",
        (load(4_000), load(9_000), load(12_000, 10_000)),
        Verdict.BREAKS,
        Limit.INSTANCE,
        9_000.0,
        ("2.73 instances served (by reckoning), and answered 3,659 each",),
        ("InvocationsPerInstance 5,000 → ", "MinCapacity", "MaxCapacity"),
    ),
    Case(
        "the least load breaks already",
        (load(20_000, 15_000, served=4),),
        Verdict.BREAKS,
        Limit.INSTANCE,
        0.0,
        ("4 instances served, and answered 3,750 each",),
        ("InvocationsPerInstance 5,000 → ", "MinCapacity", "MaxCapacity"),
    ),
    Case(
        "it is not what an instance carries",
        (load(5_000, served=1), load(20_000, 15_000, served=4)),
        Verdict.BREAKS,
        Limit.INSTANCE,
        5_000.0,
        obstacle=SAME,
    ),
    Case(
        "so little that more instances are no remedy",
        (load(1_000, served=4), load(4_000, 2_000, served=4)),
        Verdict.BREAKS,
        Limit.INSTANCE,
        1_000.0,
        obstacle="more instances are no remedy: look at what fails",
    ),
    Case(
        "nothing is answered any more",
        (load(1_000, served=1), load(8_000, 0, served=4)),
        Verdict.BREAKS,
        Limit.INSTANCE,
        1_000.0,
        obstacle="Each would have to be held at",
    ),
    Case(
        "a quota below what is in force takes no instance away",
        (load(10_000, served=4), load(24_000, 20_000, served=4)),
        Verdict.BREAKS,
        Limit.INSTANCE,
        10_000.0,
        changes=("InvocationsPerInstance 5,000 → ",),
        min_capacity=3,
        most=2,
    ),
    Case(
        "an adaptive policy learns what one carries from its config",
        (load(10_000, served=4), load(24_000, 20_000, served=4)),
        Verdict.BREAKS,
        Limit.INSTANCE,
        10_000.0,
        changes=("capacity per instance 10,000 → 2,", "MinCapacity 1 → 4", "MaxCapacity 8 → "),
        kind=Kind.ADAPTIVE,
    ),
    Case(
        "load that grows faster than is expected shows nothing",
        (load(5_000, held=SHORT), load(10_000, held=SHORT), load(20_000, 15_000, held=SHORT)),
        Verdict.UNKNOWN,
        Limit.LEAD_TIME,
        10_000.0,
        (
            "instances came too late: 2 instances were needed and 1 served (by reckoning)",
            "load grew from 4,200 within the 160 s that metrics and new instances take",
            "faster than it is expected to grow, and a load held for 60 s shows no fleet",
        ),
        remedy="hold each for 6 min and let it rise by less",
    ),
    Case(
        "as one that is held for long, but grows at once",
        (load(5_000), load(25_000, 15_000)),
        Verdict.UNKNOWN,
        Limit.LEAD_TIME,
        5_000.0,
        ("that is faster than it is expected to grow",),
        remedy="grows slower",
    ),
    Case(
        "what comes at once has to be held where that is expected",
        (load(5_000, held=SHORT), load(29_000, 15_000, held=SHORT)),
        Verdict.BREAKS,
        Limit.LEAD_TIME,
        5_000.0,
        ("3 instances were needed and 1 served (by reckoning) when it began",),
        ("MinCapacity 1 → 3",),
        expected=SPIKY,
    ),
    Case(
        "more room is enough where it grows by little",
        (load(8_000), load(10_500, 9_900)),
        Verdict.BREAKS,
        Limit.LEAD_TIME,
        8_000.0,
        ("1 served (by reckoning) when it began",),
        ("InvocationsPerInstance 9,000 → 6,857",),
        expected=SPIKY,
        held=9_000.0,
    ),
    Case(
        "more that are always there may not be had",
        (load(5_000, held=SHORT), load(29_000, 15_000, held=SHORT)),
        Verdict.BREAKS,
        Limit.LEAD_TIME,
        5_000.0,
        obstacle="No more than 1 may be had",
        expected=SPIKY,
        most=1,
    ),
    Case(
        "more are always there than were allowed",
        (load(5_000, held=SHORT), load(19_000, 15_000, held=SHORT)),
        Verdict.BREAKS,
        Limit.LEAD_TIME,
        5_000.0,
        changes=("MinCapacity 1 → 2",),
        expected=SPIKY,
        max_capacity=2,
    ),
    Case(
        "a fixed fleet holds",
        (load(31_000),),
        Verdict.HOLDS,
        None,
        31_000.0,
        fixed=8.0,
    ),
    Case(
        "a fixed fleet that is smaller than the policies allow shows its own most",
        (load(10_000), load(25_000, 19_000)),
        Verdict.UNKNOWN,
        Limit.TEST,
        10_000.0,
        ("24.0% of the calls failed, and only 2 instances served, of up to 8",),
        remedy="Test again with 8 instances",
        fixed=2.0,
    ),
    Case(
        "a test that saw itself that more was too much",
        (load(16_000),),
        Verdict.BREAKS,
        Limit.INSTANCE,
        16_000.0,
        ("At 16,000 requests a minute more load brought no more answers: 8 instances served",),
        ("InvocationsPerInstance 5,000 → 1,000", "MinCapacity", "MaxCapacity"),
        fixed=8.0,
        ended=Cause.FLAT,
    ),
    Case(
        "a test that ended at its own latency",
        (load(20_000, late=99.0),),
        Verdict.BREAKS,
        Limit.INSTANCE,
        20_000.0,
        ("its latency was at the load test's own limit",),
        ("InvocationsPerInstance 5,000 → ", "MinCapacity", "MaxCapacity"),
        objective=P95,
        fixed=8.0,
        ended=Cause.LATENCY,
    ),
]
