"""What does a row of the ledger say on one line?"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from flyball.core.chain import RETIRED, Row
from flyball.core.codec import decode
from flyball.core.model import Direction, Missing, Pause
from flyball.core.record import CONFIG, DECISION, FOREIGN, OUTCOME, PAUSE, RESUME, DecisionRecord
from flyball.core.remember import Notice, Noticed
from flyball.core.target import ScalableTarget
from flyball.plan.model import HAND_OVER
from flyball.ports import Outcome
from flyball.report.figures import duration, instant
from flyball.report.noticed import tell_noticed
from flyball.report.plain import plain
from flyball.report.range import tell_range
from flyball.report.sentences import headline, tell_outcome, tell_why

Find = Callable[[str, str], ScalableTarget | None]
"""Gives a scalable target by its id and the hash of a config."""

WAYS = {Direction.OUT: "scale-out", Direction.IN: "scale-in", None: "both directions"}


class Line(NamedTuple):
    """A row in a list.

    Attributes:
        what: What was done, in a few words.
        why: Why, as a sentence.
    """

    what: str
    why: str


def tell_row(row: Row, find: Find) -> Line:
    """Say what a row says; one that cannot be read says that."""
    try:
        return _tell(row, json.loads(row.body), find)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        return Line(plain(row.kind), f"cannot be read: {plain(str(error))}")


def _tell(row: Row, body: Any, find: Find) -> Line:  # noqa: ANN401  (whatever stands in a row)
    if row.kind == DECISION:
        record = decode(DecisionRecord, body)
        decision = record.decision
        target = find(row.scalable_target_id, record.config_hash)
        why, limits = tell_why(decision, target, record.observation)
        by_others = (Notice.PICKED, Notice.REDEPLOYED)
        notices = [each for each in record.noticed if each.notice in by_others]
        told = [why, *limits, *map(tell_noticed, notices)]
        seen = record.observation.capacity
        if target is not None and not isinstance(seen, Missing) and seen.serving > seen.desired:
            told += filter(None, [tell_range(seen, target)])
        return Line(headline(decision), ". ".join(told))
    if row.kind == OUTCOME:
        outcome = decode(Outcome, body["outcome"])
        return Line(f"Outcome {outcome.kind.value}", tell_outcome(outcome))
    if row.kind == FOREIGN:
        noticed = decode(Noticed, body)
        what = "ceiling " if noticed.notice is Notice.CEILING_FOREIGN else ""
        head = f"Foreign {what}{noticed.before:,} → {noticed.after:,}"
        return Line(head, tell_noticed(noticed))
    if row.kind == PAUSE:
        return Line("Pause", tell_pause(decode(Pause, body), row))
    if row.kind == RESUME:
        way = None if body["direction"] is None else Direction(body["direction"])
        return Line("Resume", _with_reason(WAYS[way], body["by"], body["reason"]))
    if row.kind == CONFIG:
        text = f"generation {int(body['generation'])}, hash {plain(body['config_hash'])[:12]}"
        return Line("Config", text)
    if row.kind == RETIRED:
        return Line("Retired", f"out of service since generation {int(body['generation'])}")
    if row.kind == HAND_OVER:
        stage = f", {plain(body['stage'])}" if "stage" in body else ""
        return Line("Native scaling", f"{plain(body['verb'])} {plain(body['resource'])}{stage}")
    return Line(plain(row.kind), plain(row.body))


def tell_pause(pause: Pause, row: Row | None = None, now: datetime | None = None) -> str:
    """Say which direction is paused, until when, by whom and why; with `now`, also for how long."""
    beside = None if row is None else row.at
    end = "until it is resumed" if pause.until is None else f"until {instant(pause.until, beside)}"
    if now is not None and pause.until is not None:
        end += f" ({duration(pause.until - now)})"
    return _with_reason(f"{WAYS[pause.direction]} {end}", pause.by, pause.reason)


def _with_reason(text: str, by: str, reason: str) -> str:
    text += f" by {plain(by)}" if by else ""
    return f"{text}: {plain(reason)}" if reason else text
