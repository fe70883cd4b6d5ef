"""Are the user's windows alone what is ordered?"""

from __future__ import annotations

from datetime import timedelta

from flyball.core.window import Window
from flyball.sim.peers.schedule import Windows
from flyball.sim.peers.tick import Bounds
from tests.unit.sim.peers.story import MINUTE, follow

OFFICE = Window("office", "cron(2 12 * * ? *)", duration=timedelta(minutes=3), floor=5)
RUSH = Window("rush", "cron(3 12 * * ? *)", duration=timedelta(minutes=1), floor=40)
CALM = Window("calm", "cron(4 12 * * ? *)", duration=timedelta(minutes=4), ceiling=3)


def test_peer_schedule_orders_the_floor_of_the_active_windows() -> None:
    """Ordered when it begins, and no longer when it ends; the least besides."""
    orders = follow(Windows([OFFICE], Bounds(2, 30)), [9.0] * 6)
    assert orders == [2, 5, 5, 5, 2, 2]


def test_peer_schedule_combines_windows_as_ever_and_keeps_to_the_bounds() -> None:
    """The largest floor, no more than the most; a ceiling is lowered for no floor."""
    orders = follow(Windows([OFFICE, RUSH, CALM], Bounds(2, 30)), [0.0] * 6)
    assert orders == [2, 5, 30, 5, 2, 2]


def test_peer_schedule_reads_its_windows_in_their_time_zone() -> None:
    """Noon of New York is not yet noon there when it is in London."""
    away = Window(
        "away", "cron(1 12 * * ? *)", duration=9 * MINUTE, floor=5, time_zone="America/New_York"
    )
    assert follow(Windows([away], Bounds(1, 9)), [0.0] * 4) == [1] * 4
    home = Window(
        "home", "cron(1 7 * * ? *)", duration=9 * MINUTE, floor=5, time_zone="America/New_York"
    )
    assert follow(Windows([home], Bounds(1, 9)), [0.0] * 4) == [5] * 4
