"""Do several programs that wake the same target at the same moment ever both act?"""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from flyball.adapters.local.sqlite import SqliteLedger
from flyball.core.codec import parse
from flyball.core.model import Action
from flyball.core.record import DECISION, DecisionRecord
from tests.integration.story import FileProvider, Story, command, give_sign
from tests.rig import NAME, T0, check_ledger

ROUNDS = 60
EVERY_S = 0.03
LOOK_S = 0.004


@pytest.mark.parametrize("programs", [2, 4])
def test_two_runs_for_one_target_never_both_apply(
    programs: int, ledger: SqliteLedger, tmp_path: Path
) -> None:
    """One lease, one intent, one change; and one decision row for each wake that was accepted."""
    story = Story(
        str(tmp_path),
        NAME,
        T0.isoformat(),
        loads=(400.0, 900.0, 200.0),
        rounds=ROUNDS,
        together=True,
        every=EVERY_S,
        look=LOOK_S,
        pace=1.0,  # so that all rounds lie within one lease, however unevenly they run
    )
    running = [
        subprocess.Popen(command(story), stdout=subprocess.PIPE, text=True) for _ in range(programs)
    ]
    give_sign(tmp_path, programs)
    kinds: Counter[str] = Counter()
    for program in running:
        told, _ = program.communicate(timeout=120)
        assert program.returncode == 0
        kinds.update(json.loads(told))
    assert kinds.keys() <= {"decided", "turned_away"}
    assert kinds.total() == programs * ROUNDS
    assert kinds["turned_away"] > ROUNDS // 10, "they hardly met"
    decisions = [
        parse(DecisionRecord, row.body).decision
        for row in ledger.rows(NAME)
        if row.kind == DECISION
    ]
    assert len(decisions) == kinds["decided"]
    applied = [each.desired for each in decisions if each.action is Action.SET]
    assert len(applied) > ROUNDS // 4
    assert FileProvider(tmp_path / "provider.log").log() == applied
    check_ledger(ledger, NAME)
