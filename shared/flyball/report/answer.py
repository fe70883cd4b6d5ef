"""How is it said what a limit did, and which small change would have made a difference?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from flyball.core.model import Action, Decision, LimitKind, Reason
from flyball.core.target import Per, ScalableTarget, Unit
from flyball.report.explain import Explanation, Without
from flyball.report.figures import counted, duration, instant, number, percent
from flyball.report.plain import plain
from flyball.report.range import tell_bounds
from flyball.report.sentences import KINDS, REASONS
from flyball.report.turns import Input, Turn

BOUNDS: Mapping[Input, str] = {
    Input.MIN_CAPACITY: "min capacity",
    Input.MAX_CAPACITY: "max capacity",
    Input.HARD_MIN_CAPACITY: "the hard minimum",
    Input.HARD_MAX_CAPACITY: "the hard maximum",
    Input.WINDOW_FLOOR: "the floor of window {name}",
    Input.WINDOW_CEILING: "the ceiling of window {name}",
    Input.WINDOW_PIN: "the pin of window {name}",
}
FOLLOWS = ", and the hard maximum with it"
HARD_BUDGET = "the hard bounds keep to it too"
HARD_DEFAULT = ", which is max capacity unless it is given"
DOINGS: Mapping[Action, str] = {
    Action.HOLD: "held",
    Action.SET: "sent",
    Action.DEFER: "deferred",
    Action.BLOCK: "not sent",
}


def tell_without(each: Without, decision: Decision, target: ScalableTarget) -> str:
    """Say what it would have been without one kind of limit, or what else holds it there."""
    what = f"Without {KINDS[each.kind]}"
    if each.changed:
        return f"{what} it would have been {_result(each, decision)}"
    if each.held_by is None:
        return f"{what} it would have been the same"
    held = REASONS[each.held_by]
    if each.held_by is Reason.BUDGET and each.kind is LimitKind.BUDGET:
        held = HARD_BUDGET
    elif each.held_by is Reason.HARD_MAX and target.hard_max_capacity is None:
        held += HARD_DEFAULT
    return f"{what} it would have been the same ({held})"


def tell_turn(turn: Turn, decision: Decision, target: ScalableTarget) -> str:
    """Say which change of an input would have made it what."""
    result = _result(turn, decision)
    if turn.at is not None:
        return f"{_time(turn.at, decision.at)}, all else as it was, it would be {result}"
    return f"If {_changed(turn, target)}, it would have been {result}"


def tell_nothing(explanation: Explanation) -> str:
    """Say that no change that was tried makes a difference, where that is so."""
    if explanation.turns:
        return ""
    return "No change of a single input that was tried would have made a difference"


def _time(at: datetime, now: datetime) -> str:
    return f"At {instant(at, now)} ({duration(at - now)} later)"


def _result(other: Without | Turn, decision: Decision) -> str:
    """Say another decision beside the one that was made."""
    action, reason = other.action, other.reason
    because = "" if reason is decision.reason else f" ({REASONS[reason]})"
    number = tell_bounds(other.desired, other.ceiling)
    if action is Action.HOLD and decision.action is not Action.HOLD:
        return f"held at {number}{because}"
    same = action is decision.action
    if action is Action.SET and decision.action is Action.HOLD:
        same = number != tell_bounds(decision.desired, decision.ceiling)
    doing = "" if same else f", {DOINGS[action]}"
    return f"{number}{doing}{because}"


def _changed(turn: Turn, target: ScalableTarget) -> str:
    ratio = "" if turn.ratio is None else f" ({percent(turn.ratio)})"
    if turn.input is Input.METRIC:
        metric = target.metric_by_name.get(turn.name)
        unit = "" if metric is None or metric.unit is Unit.NUMBER else " %"
        per = (
            " per instance"
            if metric is not None and not unit and metric.per is Per.INSTANCE
            else ""
        )
        after = f"{number(turn.after or 0.0)}{unit}{per}"
        if turn.before is None:
            return f"{plain(turn.name)} had been known, at {after}"
        return f"{plain(turn.name)} had been {after} instead of {number(turn.before)}{unit}{ratio}"
    after_count = int(turn.after or 0)
    if turn.input is Input.READY:
        return f"{counted(after_count)} had been in service instead of {number(turn.before or 0.0)}"
    what = BOUNDS[turn.input].format(name=plain(turn.name))
    before = f"{number(turn.before or 0.0)}{FOLLOWS if turn.follows else ''}"
    return f"{what} had been {after_count:,} instead of {before}"
