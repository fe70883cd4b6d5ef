"""What does a decision row hold, and does the engine still decide the same from it?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from flyball.core.chain import Row
from flyball.core.codec import canonical, decode, encode
from flyball.core.decide import decide
from flyball.core.evidence import Cut
from flyball.core.model import Decision, History, Observation
from flyball.core.relearn import States, relearn
from flyball.core.remember import Noticed
from flyball.core.shape import NamedTuple
from flyball.core.target import ScalableTarget

CONFIG, DECISION, OUTCOME, FOREIGN, PAUSE, RESUME = (
    "config",
    "decision",
    "outcome",
    "foreign",
    "pause",
    "resume",
)
"""Kinds of row."""


class DecisionRecord(NamedTuple):
    """The body of a decision row: everything that the decision was made from, and the decision.

    Attributes:
        engine: The engine's version and that of the time-zone rules.
        config_hash: Of the scalable target's compiled config, which a `config` row holds.
        trigger: What woke the controller, as evidence.
        observation: What was seen.
        history: What was remembered, after `absorb`; of learned states see `relearn.abridge`.
        noticed: What `absorb` noticed.
        decision: What was decided.
        cut: What the store could not hold of it; None: it is whole.
    """

    engine: str
    config_hash: str
    trigger: Mapping[str, str]
    observation: Observation
    history: History
    noticed: tuple[Noticed, ...]
    decision: Decision
    cut: Cut | None = None


class Replayed(NamedTuple):
    """One decision row, decided again.

    Attributes:
        row_id: The row's.
        sequence: The row's.
        scalable_target_id: The row's.
        at: The row's.
        same: Bit for bit the same decision.
        engine: Version that wrote the row.
        differences: Field paths with (stored, decided again); empty where same.
        error: Why it could not be decided again, "" where it could.
    """

    row_id: str
    sequence: int
    scalable_target_id: str
    at: datetime
    same: bool
    engine: str
    differences: tuple[tuple[str, str, str], ...] = ()
    error: str = ""


def replay(rows: Iterable[Row]) -> Iterator[Replayed]:
    """Decide every decision row again from its stored inputs, and compare bit for bit.

    What policies have learned is learned again, from the last row that has the whole of it.

    Nothing in a row can stop it: what cannot be read, or decided on, is its row's error.

    Args:
        rows: One or several targets' rows, each target's in order from its first; configs are
            taken from the `config` rows among them.

    Yields:
        One answer a decision row.
    """
    targets: dict[tuple[str, str], ScalableTarget] = {}
    states: dict[str, States] = {}
    unreadable: dict[str, str] = {}
    for row in rows:
        if row.kind == CONFIG:
            try:
                body = json.loads(row.body)
                target = decode(ScalableTarget, body["config"])
                targets[row.scalable_target_id, body["config_hash"]] = target
            except Exception as bad:  # noqa: BLE001  (of the decisions that need it, not of the rest)
                unreadable[row.scalable_target_id] = f"row {row.sequence}: {_described(bad)}"
        elif row.kind == DECISION:
            known = states.pop(row.scalable_target_id, {})
            why = unreadable.get(row.scalable_target_id, "")
            states[row.scalable_target_id], replayed = _replay_row(row, targets, why, known)
            yield replayed


def _replay_row(
    row: Row, targets: Mapping[tuple[str, str], ScalableTarget], unreadable: str, known: States
) -> tuple[States, Replayed]:
    engine, error = "", ""
    differences: tuple[tuple[str, str, str], ...] = ()
    states: States = {}
    try:
        body = json.loads(row.body)
        engine = str(body["engine"])
        record = decode(DecisionRecord, body)
        target = targets.get((row.scalable_target_id, record.config_hash))
        if record.cut is not None:
            error = _tell_cut(record.cut)
        elif target is None:
            error = f"no config row for {record.config_hash!r}"
            error += f"; a config row cannot be read: {unreadable}" if unreadable else ""
        else:
            seen = record.observation
            again = encode(decide(target, seen, record.history, seen.at))
            states, told, found = relearn(target, known, seen, record.history)
            differences = (
                *compare(told, found, "history.policies"),
                *compare(body["decision"], again),
            )
    except Exception as bad:  # noqa: BLE001  (one row's trouble is not the next one's)
        error = f"cannot be decided again: {_described(bad)}"
    same = not differences and not error
    return states, Replayed(
        row.id, row.sequence, row.scalable_target_id, row.at, same, engine, differences, error
    )


def _tell_cut(cut: Cut) -> str:
    return (
        f"cannot be decided again: its evidence was cut, as {cut.length:,} bytes were more than "
        f"the store can hold; SHA-256 of the whole is {cut.sha256}"
    )


def _described(error: Exception) -> str:
    return str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"


def compare(stored: Any, again: Any, path: str = "decision") -> Iterator[tuple[str, str, str]]:
    """List where two pieces of JSON differ, as (path, stored, again) in canonical text."""
    if isinstance(stored, dict) and isinstance(again, dict):
        for key in sorted(stored.keys() | again.keys()):
            if key in stored and key in again:
                yield from compare(stored[key], again[key], f"{path}.{key}")
            else:
                yield f"{path}.{key}", _shown(stored, key), _shown(again, key)
    elif isinstance(stored, list) and isinstance(again, list) and len(stored) == len(again):
        for index, (one, other) in enumerate(zip(stored, again, strict=True)):
            yield from compare(one, other, f"{path}[{index}]")
    elif canonical(stored) != canonical(again):
        yield path, canonical(stored), canonical(again)


def _shown(record: Mapping[str, Any], key: str) -> str:
    return canonical(record[key]) if key in record else "absent"
