"""What of a learned state goes into a decision's row, and can it be learned again from the rows?

A decision needs the advice alone, which every row holds. The state stands whole in the first row of
each quarter of an hour; between them each row's evidence leads from one state to the next.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from flyball.core.advice import Learned
from flyball.core.codec import encode
from flyball.core.learner import LONGEST_HORIZON
from flyball.core.model import History, Observation
from flyball.core.shape import replace
from flyball.core.target import ScalableTarget

QUARTER = timedelta(minutes=15)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

States = Mapping[str, Learned]
"""By policy, whole states as a row left them."""


def abridge(before: States, history: History) -> History:
    """Leave the states out of a history that goes into a row, but once in a quarter of an hour.

    Args:
        before: As the look before left it.
        history: As it is decided with.
    """
    if not history.policies:
        return history
    kept = {
        name: each if _is_due(before.get(name), each) else each._replace(state="")
        for name, each in history.policies.items()
    }
    return replace(history, policies=kept)


def relearn(
    target: ScalableTarget, before: States, observation: Observation, history: History
) -> tuple[States, dict[str, Any], dict[str, Any]]:
    """Learn again what a row says was learned.

    Args:
        target: Whose.
        before: The states that are known from the rows before.
        observation: The row's.
        history: The row's.

    Returns:
        The states that are known now; and, as JSON material, what the row says of those that could
        be learned again, beside what came of that. One that began anew, and one whose last state
        no row holds, is known again from the next whole one on.
    """
    stored = history.policies
    if not stored:
        return {}, {}, {}
    from flyball.core.learn import learn  # noqa: PLC0415  (some ten modules, seldom needed)

    known = {name: each for name, each in before.items() if name in target.learners}
    gone = {name: each for name, each in before.items() if name not in target.learners}
    again = learn(target, {**known, **gone}, observation, history, observation.at)
    states, told, found = {}, {}, {}
    for name, each in stored.items():
        mine = again.get(name)
        if mine is not None and mine.since == each.since != observation.at:
            told[name] = encode(each._replace(state=""))
            found[name] = encode(mine._replace(state=""))
            states[name] = mine
        if each.state:
            states[name] = each
    return states, told, found


def leave_ahead(learned: Learned, now: datetime) -> Learned:
    """Leave a state that is more than an hour ahead, as after a clock that was a day ahead.

    It would take in no minute until then, and its last advice would stand as long. Without its
    state the policy begins anew, as with one that cannot be read.
    """
    advice = learned.foresight or learned.chosen
    if advice is None or advice.at - now <= LONGEST_HORIZON:
        return learned
    return learned._replace(state="")


def _is_due(before: Learned | None, after: Learned) -> bool:
    if before is None or before.since != after.since:
        return True
    return _quarter(before) != _quarter(after)


def _quarter(learned: Learned) -> int:
    advice = learned.foresight or learned.chosen
    return -1 if advice is None else (advice.at - EPOCH) // QUARTER
