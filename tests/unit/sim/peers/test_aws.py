"""Does target tracking as a peer do what the service does?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.sim.peers.aws import Alarm, Settings, TargetTracking
from flyball.sim.peers.tick import Bounds
from tests.unit.sim.peers.story import BOUNDS, MINUTE, follow

TEN = timedelta(seconds=10)


@dataclass(frozen=True)
class Case:
    """Loads by the slot, and the orders that differ from those before, by the slot's number."""

    id: str
    loads: Sequence[float | None]
    expect: dict[int, int]
    target: float = 0.5
    initial: int = 10
    period: timedelta = MINUTE
    lead: timedelta = timedelta()
    slot: timedelta = MINUTE
    bounds: Bounds = BOUNDS


CASES = [
    Case("10 at 150 of 100 is 15", [7.5] * 5, {2: 15}),
    Case("4 at 43.75 of 70 is 3", [1.75] * 16, {14: 3}, target=0.7, initial=4),
    Case("adding 1.5 adds 2", [5.75] * 3, {2: 12}),
    Case("at the target is not above it", [5.0] * 20, {}),
    Case("1400 of 1500 for 20 minutes is nothing", [10 * 0.5 * 1_400 / 1_500] * 20, {}),
    Case("at 90 % is not below it", [10 * 0.9 * 0.5] * 20, {}),
    Case("two of three is not enough", [7.5, 7.5, 5.0, 7.5, 7.5], {}),
    Case("a gap is passed over", [7.5, 7.5, None, 7.5, 7.5], {3: 15}),
    Case("nothing is done while there is a gap", [7.5, None, None, 7.5], {3: 15}),
    Case("not at a gap itself", [7.5, 7.5, 7.5, None, 9.0], {2: 15, 4: 18}),
    Case("in after fifteen minutes with a gap", [3.0] * 7 + [None] + [3.0] * 8, {14: 6}),
    Case("fourteen of fifteen is not enough", [3.0] * 14 + [5.0] + [3.0] * 14, {}),
    Case("a gap scales neither way", [7.5, 7.5, None] + [3.0] * 14 + [None], {}),
    Case("it acts on the newest datapoint", [7.5, 7.5, 9.0], {2: 18}),
    Case(
        "out at once in a scale-in's cooldown",
        [3.0] * 15 + [4.0] * 3,
        {14: 6, 17: 8},
    ),
    Case(
        "a larger scale-out goes through while one completes",
        [7.5] * 3 + [9.0] * 3,
        {2: 15, 3: 18},
        lead=4 * MINUTE,
    ),
    Case("what is starting is counted", [7.5] * 6, {2: 15}, lead=9 * MINUTE),
    Case("not above the most", [7.5] * 4, {2: 12}, bounds=Bounds(1, 12)),
    Case("not below the least", [0.5] * 16, {14: 4}, bounds=Bounds(4, 12)),
    Case("nothing of nothing", [0.0] * 16, {14: 1}),
    Case("to nothing of nothing", [0.0] * 16, {14: 0}, bounds=Bounds(0, 12)),
    Case(
        "from nothing to one after two minutes, and then by the metric",
        [0.0, 0.75, 0.75, 0.75, 0.75, 0.75],
        {2: 1, 5: 2},
        initial=0,
        bounds=Bounds(0, 12),
    ),
    Case("not after one", [0.0, 0.75], {}, initial=0, bounds=Bounds(0, 12)),
    Case("nor where one is the least", [0.75] * 4, {}, initial=0),
    Case(
        "while it starts, one is enough",
        [0.75] * 6,
        {1: 1},
        initial=0,
        lead=9 * MINUTE,
        bounds=Bounds(0, 12),
    ),
    Case("high resolution: three of ten seconds", [7.5], {0: 15}, period=TEN),
    Case("high resolution: in as ever", [3.0] * 15, {14: 6}, period=TEN),
    Case("slots of 10 s: three minutes", [7.5] * 18, {17: 15}, slot=TEN),
    Case("slots of 10 s: half a minute", [7.5] * 3, {2: 15}, slot=TEN, period=TEN),
    Case("slots of 10 s: a minute's mean", ([7.5] * 3 + [0.0] * 3) * 3, {}, slot=TEN),
    Case("slots of 10 s: a minute with a gap", ([7.5] * 5 + [None]) * 3, {}, slot=TEN),
    Case("slots of five minutes", [7.5], {0: 15}, slot=5 * MINUTE),
    Case("slots of five minutes, in", [3.0] * 3, {2: 6}, slot=5 * MINUTE),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_peer_target_tracking_orders_what_the_service_does(case: Case) -> None:
    """Slot by slot, with every change in its slot and no other."""
    peer = TargetTracking(Settings(case.target, case.period), case.bounds, case.slot)
    orders = follow(peer, case.loads, initial=case.initial, lead=case.lead, slot=case.slot)
    before, changes = case.initial, {}
    for index, order in enumerate(orders):
        if order != before:
            changes[index] = order
        before = order
    assert changes == case.expect


@dataclass(frozen=True)
class Row:
    """Datapoints, oldest first: X past the threshold, 0 not, - missing; is the alarm on?"""

    datapoints: str
    on: bool
    of: int = 3


ROWS = [
    Row("0-X-X", on=False),
    Row("----0", on=False),
    Row("-----", on=False),
    Row("0XX-X", on=True),
    Row("--X--", on=True),
    Row("---X-", on=False),
    Row("----X", on=False),
    Row("X----", on=True),
    Row("X-----", on=False),
    Row("0--X-X", on=True),
    Row("X-X", on=True),
    Row("-XX", on=False),
    Row("XX", on=False),
    Row("XXX", on=True),
    Row("XXX0", on=False),
    Row("XXX-", on=True),
    Row("X0X-X-X", on=True),
    Row("XX0-X-X", on=False),
    Row("XXX0X-X-X", on=True),
    Row("X" * 7 + "-" + "X" * 8, on=True, of=15),
    Row("0" + "X" * 7 + "-" + "X" * 7, on=False, of=15),
    Row("0" * 3 + "X" * 7 + "--" + "X" * 7, on=False, of=15),
    Row("--X" + "-" * 14, on=True, of=15),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.datapoints} of {row.of}")
def test_peer_alarms_weigh_what_is_missing_as_cloudwatch_does(row: Row) -> None:
    """The first five are the rows of its own table, where missing is treated as missing."""
    alarm = Alarm(row.of)
    for each in row.datapoints:
        alarm.take({"X": True, "0": False, "-": None}[each])
    assert alarm.is_on is row.on


@given(datapoints=st.lists(st.sampled_from([True, False, None]), max_size=40), of=st.integers(1, 5))
def test_peer_alarms_are_what_the_rule_says_of_the_newest_datapoints(
    datapoints: list[bool | None], of: int
) -> None:
    """Enough that are there: the newest of them. Fewer: all, if the oldest is old enough."""
    alarm = Alarm(of)
    for index, each in enumerate(datapoints):
        alarm.take(each)
        looked = datapoints[max(0, index - of - 1) : index + 1]
        known = [each for each in looked if each is not None]
        if len(known) >= of:
            expect = all(known[-of:])
        else:
            oldest = next((n for n, each in enumerate(looked) if each is not None), len(looked))
            expect = all(known) and len(looked) - oldest >= of
        assert alarm.is_on is expect


def test_peer_target_tracking_rests_five_minutes_between_scale_ins() -> None:
    """Low for as long as one likes: in at the fifteenth minute, then 300 s later, not before."""
    orders = follow(
        TargetTracking(Settings(0.5), BOUNDS, MINUTE), [3.0] * 15 + [1.0] * 10, initial=10
    )
    assert orders[13:21] == [10, 6, 6, 6, 6, 6, 2, 2]


def test_peer_target_tracking_scales_out_and_cancels_the_rest() -> None:
    """In, out two minutes on, and low again: its own 15 minutes pass, and no cooldown besides."""
    settings = Settings(0.5, in_cooldown=timedelta(hours=1), out_cooldown=timedelta())
    loads = [3.0] * 15 + [4.0] * 3 + [2.0] * 15
    orders = follow(TargetTracking(settings, BOUNDS, MINUTE), loads, initial=10)
    assert (orders[14], orders[17], orders[31], orders[32]) == (6, 8, 8, 4)


def test_peer_target_tracking_counts_a_cooldown_from_completion() -> None:
    """Out at 12:03, in service ten minutes later, low since 12:04: in at 12:19 or 300 s after."""
    for cooldown, first in ((0, 17), (300, 18), (600, 23)):
        settings = Settings(0.5, out_cooldown=timedelta(seconds=cooldown))
        peer = TargetTracking(settings, BOUNDS, MINUTE)
        orders = follow(peer, [7.5] * 3 + [2.0] * 30, initial=10, lead=10 * MINUTE)
        assert orders.index(4) == first


def test_peer_target_tracking_does_not_shrink_while_a_scale_out_is_under_way() -> None:
    """It has been low for longer than fifteen minutes, but what was ordered is not there yet."""
    settings = Settings(0.5, out_cooldown=timedelta())
    peer = TargetTracking(settings, BOUNDS, MINUTE)
    orders = follow(peer, [7.5] * 3 + [2.0] * 40, initial=10, lead=30 * MINUTE)
    assert orders.index(4) == 33


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        pytest.param({"target": 0.0}, "target: got 0, expected a number above 0", id="target"),
        pytest.param({"target": 70.0}, "got 70, expected a share: 70 % is 0.7", id="percent"),
        pytest.param({"period": 2 * MINUTE}, "period: got 120s, expected 60s or 10s", id="period"),
    ],
)
def test_peer_target_tracking_refuses_what_it_cannot_be(
    settings: dict[str, object], says: str
) -> None:
    """By name, with what was expected."""
    with pytest.raises(ValueError, match=says):
        Settings(**settings)  # type: ignore[arg-type]
