"""What does a cloud's own load test say about an endpoint that had been there?"""

from __future__ import annotations

from datetime import timedelta

from flyball.core.shape import NamedTuple
from flyball.sizing.benchmark import Benchmark, BenchmarkError, Step
from flyball.sizing.recommended import NEAR_RATIO, QUANTILE, UNSAID
from flyball.sizing.saturation import Cause
from flyball.trial import Finding, Status, Trial

WHOLE = "what it answered at most is taken as of the whole endpoint"
FIRST = "as many instances are taken to have served as the endpoint begins with"
REMEDY = "name the endpoint when it is ordered"


class Tested(NamedTuple):
    """What a trial says of an endpoint.

    Attributes:
        benchmark: Of all of it: the most that it answered, one step of load.
        instances: That served; None: the trial does not say.
        ended: By what the trial saw that more was too much; None: it did not.
    """

    benchmark: Benchmark
    instances: float | None
    ended: Cause | None


def read_endpoint(trial: Trial) -> Tested:
    """Read what a trial found of an endpoint that had been there.

    Args:
        trial: As it is now.

    Raises:
        BenchmarkError: It is of none, or says nothing of what the endpoint answers.

    Source: Amazon SageMaker Developer Guide, "Get an inference recommendation for an existing
        endpoint" (one endpoint, of one variant, that is not scaled meanwhile) and "Recommendation
        results" (MaxInvocations counts what is sent to an endpoint in a minute).
    """
    found = _find(trial)
    label = f"{trial.name}: endpoint {found.endpoint or 'that exists'}"
    if found.failure or not found.invocations or found.invocations < 0:
        why = found.failure or f"it is {trial.status.value}, and says nothing of invocations"
        raise BenchmarkError(f"{label}: {why}; start it again")
    notes, late = [WHOLE], {}
    if found.instances is not None:
        notes.append(FIRST)
    if found.latency_ms is not None and found.latency_ms >= 0:
        late[trial.quantile or QUANTILE] = found.latency_ms
        if trial.quantile is None:
            notes.append(UNSAID)
    began, ended = found.began or trial.began, found.ended or trial.ended
    lasted = timedelta(minutes=1)
    if began is not None and ended is not None and ended > began:
        lasted = ended - began
    step = Step(found.invocations, found.invocations, duration=lasted, latency_ms=late)
    benchmark = Benchmark((step,), source=label, notes=tuple(notes))
    return Tested(benchmark, found.instances, _find_end(trial, found))


def _find(trial: Trial) -> Finding:
    """Find what is said of the endpoint, in one place or in another."""
    parts = [each.finding for each in trial.parts]
    all_of_it = [
        each for each in (*trial.existing, *trial.findings, *parts) if trial.has_loaded_whole(each)
    ]
    if not all_of_it:
        state = "" if trial.status is Status.COMPLETED else f"it is {trial.status.value}, and "
        why = trial.failure and f" ({trial.failure})"
        raise BenchmarkError(
            f"{trial.name}: {state}it is of no endpoint that had been there{why}; {REMEDY}"
        )
    best = next((each for each in all_of_it if each.invocations), all_of_it[0])
    same = [each for each in all_of_it if each.endpoint == best.endpoint]
    counted = next((each.instances for each in same if each.instances), None)
    timed = next((each for each in same if each.began and each.ended), best)
    return best._replace(instances=counted, began=timed.began, ended=timed.ended)


def _find_end(trial: Trial, found: Finding) -> Cause | None:
    """Say by what more was too much: its own latency, or that more load brought no more answers."""
    if trial.status is not Status.COMPLETED:
        return None
    most, late = trial.most_invocations, trial.most_latency_ms
    if late and found.latency_ms and found.latency_ms >= NEAR_RATIO * late:
        return Cause.LATENCY
    if most and found.invocations and found.invocations >= NEAR_RATIO * most:
        return None
    return Cause.FLAT
