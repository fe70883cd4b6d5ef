"""What would have changed a decision: leaving out a limit, or a small change of an input?

Every answer comes from the engine itself, which decides again from the stored inputs.
"""

from __future__ import annotations

from typing import NamedTuple

from flyball.core.decide import decide
from flyball.core.model import Action, Decision, History, LimitKind, Observation, Reason
from flyball.core.record import DecisionRecord
from flyball.core.target import ScalableTarget
from flyball.report.turns import Case, Turn, effect_of, find_turns


class Without(NamedTuple):
    """What it would have been without one kind of limit.

    Attributes:
        kind: The kind that was left out.
        changed: Whether anything would have been different.
        action: As a decision's.
        desired: As a decision's.
        ceiling: As a decision's.
        reason: As a decision's.
        held_by: Where nothing changed, though this kind did change the number: what else held it.
    """

    kind: LimitKind
    changed: bool
    action: Action
    desired: int
    ceiling: int
    reason: Reason
    held_by: Reason | None = None


class Explanation(NamedTuple):
    """What would have made a decision another one.

    Attributes:
        without: Of each kind of limit that changed the number.
        turns: Smallest changes of inputs, the smallest first; times last.
        same: Whether the engine still decides the same from the stored inputs.
    """

    without: tuple[Without, ...]
    turns: tuple[Turn, ...]
    same: bool


def explain(target: ScalableTarget, record: DecisionRecord) -> Explanation:
    """Explain a decision row; see explain_inputs.

    Args:
        target: The scalable target as the decision's config had it.
        record: The row's body.
    """
    return explain_inputs(target, record.observation, record.history, record.decision)


def explain_inputs(
    target: ScalableTarget, observation: Observation, history: History, decided: Decision
) -> Explanation:
    """Decide again with other inputs, and tell which of them would have made a difference.

    Args:
        target: What is scaled and how.
        observation: What was seen.
        history: What was remembered.
        decided: What was decided from these.

    Returns:
        What each limit did, and for each input the smallest change that matters: metrics to a
        thousandth, instances by one, times at the instants at which something ends.
    """
    decision = decide(target, observation, history, decided.at)
    case = Case(target, observation, history, decision)
    kinds = dict.fromkeys(limit.kind for limit in decision.limits)
    return Explanation(
        tuple(_leave_out(case, kind) for kind in kinds), find_turns(case), decision == decided
    )


def _leave_out(case: Case, kind: LimitKind) -> Without:
    now = case.decision.at
    found = decide(case.target, case.observation, case.history, now, frozenset({kind}))
    changed = effect_of(found) != case.effect
    held_by = found.limits[-1].reason if found.limits and not changed else None
    if held_by is Reason.HARD_MAX and found.desired < case.target.hard_max:
        held_by = Reason.BUDGET  # the hard bounds keep the spend limit too
    return Without(kind, changed, found.action, found.desired, found.ceiling, found.reason, held_by)
