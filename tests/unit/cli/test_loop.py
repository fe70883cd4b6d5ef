"""Does a loop on one machine take a chunk for a run of its own?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flyball.adapters.local.memory import MemoryLedger
from flyball.cli.loop import Loop, Parts, Stop
from flyball.controller import Controller
from tests.rig import ENGINE, T0, ScriptedMetrics, SetClock, make_target, register
from tests.unit.functions.stage import Provider


def test_what_hangs_is_waited_for_by_a_chunk_and_asked_again_by_the_next() -> None:
    """So what is held is held while a chunk is looked at, and never between two."""
    ledger, clock, told = MemoryLedger(), SetClock(T0), list[str]()
    names = ["a", "b", "c"]
    for name in names:
        register(ledger, make_target(name), T0)
    controller = Controller(
        ledger=ledger,
        metrics=ScriptedMetrics(),
        control=Provider(),
        clock=clock,
        token=lambda: f"token-{len(told)}",
        engine=ENGINE,
        on_step=lambda step: told.append(step) if step == "observe" else None,
    )

    @contextmanager
    def hold() -> Iterator[None]:
        told.append("begins")
        yield
        told.append("ends")

    parts = Parts(controller, ledger, None, clock, names, 2, hold)
    Loop(parts, Stop(), lambda wake: told.append(wake.scalable_target_id)).turn()
    assert told == [
        *("begins", "observe", "observe", "ends", "a", "b"),
        *("begins", "observe", "ends", "c"),
    ]
