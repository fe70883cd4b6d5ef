"""What would a change of policy have done, for other programs?"""

from __future__ import annotations

import math
from collections.abc import Sequence

from flyball.core.codec import encode
from flyball.report.backtest import line_of
from flyball.report.diff import (
    Sums,
    list_notes,
    list_shares,
    name_pair,
    sum_all,
    tell_kind,
    tell_side,
    tell_verdict,
)
from flyball.report.limit import Verdict
from flyball.sim.diff import Compared, Diff
from flyball.sim.stretch import Stretch


def as_json(found: Diff, verdicts: Sequence[Verdict]) -> dict[str, object]:
    """Give everything; moments as far as they are told."""
    total = sum_all(found)
    return {
        "verdict": tell_verdict(found),
        "is_different": found.is_amended or bool(found.stretches),
        "ok": not any(each.is_exceeded for each in verdicts),
        "limits": [
            {"limit": each.limit.text, "who": each.who, "exceeded": each.is_exceeded}
            | {"value": each.value if math.isfinite(each.value) else None}
            for each in verdicts
        ],
        "total": None if total is None else _sums_json(total),
        "targets": [_target_json(each) for each in found.targets],
        "moments": [_stretch_json(each, found) for each in found.stretches[: found.told]],
        "moments_in_all": len(found.stretches),
    }


def _sums_json(sums: Sums) -> dict[str, object]:
    old, new = sums.old._asdict(), sums.new._asdict()
    change = {
        name: None if old[name] is None or new[name] is None else new[name] - old[name]
        for name in old
        if name != "name"
    }
    shares = [list_shares(each) for each in (sums.old, sums.new)]
    for index, name in enumerate(("excess_ratio", "late_ratio")):
        old[name], new[name] = shares[0][index], shares[1][index]
        change[name] = new[name] - old[name]
    for each in (old, new):
        del each["name"]
    return {"old": old, "new": new, "change": change}


def _target_json(each: Compared) -> dict[str, object]:
    found: dict[str, object] = {
        "scalable_target_id": name_pair(each.pair),
        "old_id": None if each.pair.old is None else each.pair.old.id,
        "kind": tell_kind(each.pair),
        "amended": [amended._asdict() for amended in each.amended],
        "notes": list_notes(each),
        "moments": len(each.stretches),
    }
    if each.old and each.new:
        return found | _sums_json(Sums("", line_of(each.old.ours), line_of(each.new.ours)))
    for name, run in (("old", each.old), ("new", each.new)):
        line = None if run is None else line_of(run.ours)._asdict()
        found[name] = None if line is None else {key: line[key] for key in line if key != "name"}
    return found


def _stretch_json(stretch: Stretch, found: Diff) -> dict[str, object]:
    of = next(each for each in found.targets if name_pair(each.pair) == stretch.scalable_target_id)
    sides = {}
    for name, side, target in zip(("old", "new"), (stretch.old, stretch.new), of.pair, strict=True):
        sides[name] = {
            "least": side.least,
            "most": side.most,
            "instance_hours": side.instance_hours,
            "cost": side.cost,
            "late": side.late,
            "reason": tell_side(side, target, stretch),
        }
    return {
        "scalable_target_id": stretch.scalable_target_id,
        "start": encode(stretch.start),
        "end": encode(stretch.end),
        "demand_least": stretch.least,
        "demand_most": stretch.most,
        **sides,
        "weight": stretch.weight,
    }
