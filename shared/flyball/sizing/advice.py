"""What would a cloud itself set by its own load test, beside what the method does?"""

from __future__ import annotations

import math
from collections.abc import Sequence

from flyball.core.shape import NamedTuple
from flyball.order import BusyTrialError, TrialError
from flyball.sizing.benchmark import Resource
from flyball.sizing.expectation import MINUTE_S
from flyball.sizing.limit import OBJECTIVE_RATIO, Objective
from flyball.sizing.plan import Sizing
from flyball.sizing.recommended import label_finding
from flyball.sizing.settings import Cooldowns, derive_cooldowns, read_use
from flyball.trial import Advice, Bench, Status, Trial

USUAL_RATIO = 0.5
"""Of each core, where the objective is a latency and the job tells no use of CPU."""
LEAST_RATIO = 0.01
"""Less of a core cannot be asked for."""
MISSING = "AWS's own advice is missing"


class Question(NamedTuple):
    """What the cloud is asked.

    Attributes:
        used_ratio: Share of each core that may be used, 0–1.
        least: Invocations a minute that are expected, of all instances, >= 1.
        most: Likewise, grown.
    """

    used_ratio: float
    least: int
    most: int


class Advised(NamedTuple):
    """The cloud's answer, and what it stands beside.

    Attributes:
        sizing: Ours.
        cooldowns: Ours.
        question: What was asked.
        advice: What was answered.
    """

    sizing: Sizing
    cooldowns: Cooldowns
    question: Question
    advice: Advice


class Heard(NamedTuple):
    """All answers, and why there is none of others."""

    advised: Sequence[Advised] = ()
    notes: Sequence[str] = ()


def ask_advice(bench: Bench, trial: Trial, sizings: Sequence[Sizing]) -> Heard:
    """Ask for what the cloud would set, for the same load and objective.

    That it says nothing, or may not be asked, is a note: what was sized stands without it.

    Args:
        bench: Who ran the trial.
        trial: As it ended.
        sizings: Of configurations that it tried.
    """
    if trial.status is not Status.COMPLETED:
        why = f"it advises on a job that is complete, and {trial.name} is {trial.status.value}"
        return Heard((), (f"{MISSING}: {why}",))
    known = {label_finding(trial, each): each for each in trial.findings if each.id}
    found, notes = [], []
    for sizing in sizings:
        source, question = sizing.benchmark.source, make_question(sizing)
        finding = known.get(source)
        if finding is None:
            notes.append(f"{MISSING}: {source}: it is none of the job's recommendations")
            continue
        try:
            advice = bench.advise(trial.name, finding, *question)
        except TrialError as error:
            notes.append(f"{MISSING}: {error}")
            if isinstance(error, BusyTrialError):
                break
            continue
        if advice == Advice():
            notes.append(f"{MISSING}: {source}: its answer is empty")
            continue
        found.append(
            Advised(sizing, derive_cooldowns(sizing.wish.lead_time), question, advice),
        )
    return Heard(tuple(found), tuple(dict.fromkeys(notes)))


def make_question(sizing: Sizing) -> Question:
    """Say what is expected as the cloud takes it: whole invocations a minute, and use of a core."""
    expected = sizing.wish.expectation
    least = max(1, math.floor(expected.least_per_s * MINUTE_S))
    most = math.ceil(expected.most_per_s * MINUTE_S * expected.growth_factor - 1e-9)
    return Question(_find_ratio(sizing), least, max(least, most))


def _find_ratio(sizing: Sizing) -> float:
    """Say how busy each core may be: as the objective says, or as it is where the latency holds."""
    objective = sizing.wish.objective
    if isinstance(objective, Objective):
        return OBJECTIVE_RATIO[objective]
    if all(Resource.CPU in step.used_ratio for step in sizing.benchmark.steps):
        used = read_use(sizing, Resource.CPU, sizing.limit.invocations.middle)
        return min(max(used, LEAST_RATIO), 1.0)
    return USUAL_RATIO
