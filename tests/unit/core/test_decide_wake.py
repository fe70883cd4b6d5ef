"""Does every decision say when to look again: soon while something lasts, late when not?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from flyball.core.model import (
    History,
    Pause,
    Reason,
    Recommended,
    Status,
)
from flyball.core.target import DirectionRules, Metric, Per, ZeroRule
from flyball.core.window import Window
from tests.unit.core.cases import (
    NO_DATA,
    NOON,
    after,
    at,
    changed,
    expect,
    of,
    scale,
    seconds,
    see,
    stepping,
    tracking,
)

A = tracking("A")
OUT = {"a": 200}
IN = {"a": 50}
CALM = {"a": 95}


STABLE = DirectionRules(stabilization_window=seconds(300))
WAKES: tuple[tuple[str, Any, dict[str, Any], dict[str, Any], History, float, Reason], ...] = (
    # id, policies, target's fields, seen, history, seconds, reason: from 6
    ("quiet", (A,), {}, CALM, History(), 300, Reason.HEARTBEAT),
    ("no policy", (), {}, {}, History(), 300, Reason.HEARTBEAT),
    (
        "an idle step",
        (stepping("S", 50, (60, None, 1)),),
        {},
        {"s": 1},
        History(),
        300,
        Reason.HEARTBEAT,
    ),
    (
        "scale-in disabled",
        (tracking("A", disable_scale_in=True),),
        {},
        IN,
        History(),
        300,
        Reason.HEARTBEAT,
    ),
    ("already desired", (A,), {}, {"a": 85}, History(), 300, Reason.HEARTBEAT),
    ("at the floor", (A,), {"low": 6}, IN, History(), 300, Reason.HEARTBEAT),
    (
        "a step at the floor",
        (stepping("S", 50, (None, 0, -1)),),
        {"low": 6},
        {"s": 1},
        History(),
        300,
        Reason.HEARTBEAT,
    ),
    ("set", (A,), {}, OUT, History(), 60, Reason.UPDATE_LASTS),
    ("set in", (A,), {}, IN, History(), 60, Reason.UPDATE_LASTS),
    ("in flight", (A,), {}, CALM, after(changed(4, 6, None)), 60, Reason.UPDATE_LASTS),
    (
        "a breach too short",
        (tracking("A", out_datapoints=of(2, 2)),),
        {},
        OUT,
        History(),
        60,
        Reason.BREACH_LASTS,
    ),
    ("a breach at the maximum", (A,), {"high": 6}, OUT, History(), 60, Reason.BREACH_LASTS),
    (
        "a step at the maximum",
        (stepping("S", 50, (0, None, 1)),),
        {"high": 6},
        {"s": 60},
        History(),
        60,
        Reason.BREACH_LASTS,
    ),
    ("missing", (A,), {}, {"a": NO_DATA}, History(), 60, Reason.BREACH_LASTS),
    (
        "low but not agreed",
        (A, tracking("B")),
        {},
        {"a": 50, "b": 95},
        History(),
        60,
        Reason.BREACH_LASTS,
    ),
    (
        "a cooldown ends",
        (tracking("A", scale_in_cooldown=seconds(100)),),
        {},
        IN,
        after(changed(9, 6, -60, "A")),
        40,
        Reason.LIMIT_ENDS,
    ),
    (
        "a cooldown ends later",
        (tracking("A", scale_in_cooldown=seconds(900)),),
        {},
        IN,
        after(changed(9, 6, -60, "A")),
        60,
        Reason.BREACH_LASTS,
    ),
    (
        "a window lets go",
        (A,),
        {"scale_in": STABLE},
        IN,
        History(recommendations=(Recommended(at(-280), 6),)),
        20,
        Reason.LIMIT_ENDS,
    ),
    ("a pause ends", (A,), {}, OUT, History(pauses=(Pause(None, at(7)),)), 7, Reason.LIMIT_ENDS),
    ("a pause without end", (A,), {}, OUT, History(pauses=(Pause(),)), 60, Reason.BREACH_LASTS),
    (
        "a pause that holds nothing",
        (A,),
        {},
        CALM,
        History(pauses=(Pause(None, at(7)),)),
        300,
        Reason.HEARTBEAT,
    ),
    (
        "a window starts",
        (A,),
        {
            "windows": (
                Window("w", "at(2026-06-01T12:01:40)", duration=timedelta(hours=1), floor=8),
            )
        },
        CALM,
        History(),
        100,
        Reason.SCHEDULE_BOUNDARY,
    ),
    (
        "a window ends",
        (A,),
        {
            "windows": (
                Window("w", "at(2026-06-01T11:00:00)", duration=timedelta(seconds=3650), floor=3),
            )
        },
        CALM,
        History(),
        50,
        Reason.SCHEDULE_BOUNDARY,
    ),
    (
        "a window far away",
        (A,),
        {
            "windows": (
                Window("w", "at(2026-06-01T13:00:00)", duration=timedelta(hours=1), floor=8),
            )
        },
        CALM,
        History(),
        300,
        Reason.HEARTBEAT,
    ),
    ("a slow tick", (A,), {"tick": seconds(900)}, OUT, History(), 300, Reason.HEARTBEAT),
    (
        "its own tick and heartbeat",
        (A,),
        {"tick": seconds(10), "heartbeat": seconds(50)},
        CALM,
        History(),
        50,
        Reason.HEARTBEAT,
    ),
    (
        "never in the same instant",
        (A,),
        {},
        OUT,
        History(pauses=(Pause(None, NOON + timedelta(microseconds=1)),)),
        1,
        Reason.LIMIT_ENDS,
    ),
)


@pytest.mark.parametrize(
    ("policies", "fields", "seen", "history", "wake_in", "reason"),
    [row[1:] for row in WAKES],
    ids=[row[0] for row in WAKES],
)
def test_every_decision_says_when_to_look_again_and_why(
    policies: tuple[Any, ...],
    fields: dict[str, Any],
    seen: dict[str, Any],
    history: History,
    wake_in: float,
    reason: Reason,
) -> None:
    """A tick while something lasts, a heartbeat when nothing does, and no later than what ends."""
    expect(scale(*policies, **fields), see(6, seen), history, wake_in=wake_in, wake_reason=reason)


def test_an_endpoint_that_is_busy_is_looked_at_every_tick() -> None:
    """Nobody tells when it is done."""
    expect(
        scale(A), see(6, CALM, status=Status.BUSY), wake_in=60.0, wake_reason=Reason.UPDATE_LASTS
    )
    expect(scale(A), see(6, OUT, status=Status.BUSY), wake_in=60.0, wake_reason=Reason.UPDATE_LASTS)


def test_an_active_queue_is_looked_at_every_tick() -> None:
    """And one that has been idle for long, at the heartbeat."""
    queue: dict[str, Any] = {"metrics": (Metric("q", per=Per.TOTAL),), "zero": ZeroRule("q")}
    expect(scale(**queue), see(2, {"q": 1}), wake_in=60.0, wake_reason=Reason.BREACH_LASTS)
    expect(scale(**queue), see(0, {"q": 0}), wake_in=300.0, wake_reason=Reason.HEARTBEAT)
