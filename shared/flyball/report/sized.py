"""How does what a load test comes to read, for other programs?"""

from __future__ import annotations

from collections.abc import Mapping

from flyball.report.loadtest import describe_saturation
from flyball.report.sizing import Instance
from flyball.report.units import describe_units, show_units
from flyball.sizing.benchmark import Step
from flyball.sizing.beside import Beside
from flyball.sizing.curve import Use, tabulate
from flyball.sizing.limit import Band, Objective
from flyball.sizing.machines import Comparison
from flyball.sizing.plan import Sizing, Wish
from flyball.sizing.saturation import LatencyObjective
from flyball.sizing.sound import tell_unsound
from flyball.sizing.variability import Services

Json = dict[str, object]


def describe_wanted(objective: Objective | LatencyObjective, wish: Wish | None) -> Json:
    """Give what is wanted."""
    wanted = objective._asdict() if isinstance(objective, LatencyObjective) else objective.value
    if wish is None:
        return {"objective": wanted, "expected": None}
    expected = wish.expectation
    return {
        "objective": wanted,
        "expected": {
            "least_per_s": expected.least_per_s,
            "most_per_s": expected.most_per_s,
            "growth_factor": expected.growth_factor,
            "shape": expected.shape.value,
            "at_least": wish.at_least,
            "lead_time_s": wish.lead_time.total_seconds(),
        },
    }


def describe_instance(
    instance: Instance, sizing: Sizing | None, beside: Beside | None, home: str | None = None
) -> Json:
    """Give what was found of one instance, and of its fleet; home is as for show_units."""
    benchmark, saturation, limit = instance
    uses: tuple[Use, ...] = ()
    if limit.resource is not None:
        uses = tabulate(benchmark, saturation, limit.resource)
    return {
        "machine": benchmark.machine._asdict(),
        "source": benchmark.source,
        "unsound": tell_unsound(benchmark),
        "notes": list(benchmark.notes),
        "steps": [_describe_step(each) for each in benchmark.steps],
        "saturation": describe_saturation(saturation),
        "by_use": [
            {
                "used_ratio": each.used_ratio,
                "invocations_per_minute": each.invocations,
                "latency_ms": _name_quantiles(each.latency_ms),
            }
            for each in uses
        ],
        "limit": {
            "resource": None if limit.resource is None else limit.resource.value,
            "used_ratio": _describe_band(limit.used_ratio),
            "target_value": describe_units(show_units(instance, home)),
            "invocations_per_instance": _describe_band(limit.invocations),
            "reason": limit.reason,
        },
        "capacity": None if sizing is None else sizing.capacity._asdict(),
        "queueing": None if beside is None else describe_beside(beside),
    }


def describe_beside(beside: Beside) -> Json:
    """Give the fleets."""
    return {
        "keeps": beside.objective,
        "service": beside.service._asdict(),
        "arrival_scv": beside.arrival_scv,
        "arrivals_measured": beside.is_measured,
        "services_measured": beside.services is Services.MEASURED,
        "fleets": [each._asdict() for each in beside.fleets],
        "sentence": beside.sentence,
        "caution": beside.caution,
    }


def describe_comparison(comparison: Comparison) -> Json:
    """Give the instance types, from the cheapest to the dearest."""
    return {
        "options": [
            {
                "instance_type": each.candidate.machine.instance_type,
                "invocations_per_instance": each.candidate.invocations_per_instance,
                "min_capacity": each.capacity.min_capacity,
                "max_capacity": each.capacity.max_capacity,
                "hourly": each.hourly,
                "hourly_least": each.hourly_least,
                "hourly_most": each.hourly_most,
                "per_million": each.per_million,
                "paid_per_million": each.paid_per_million,
            }
            for each in comparison.options
        ],
        "turns": [each._asdict() for each in comparison.turns],
        "sentences": list(comparison.sentences),
    }


def _describe_step(step: Step) -> Json:
    return {
        "users": step.users,
        "offered_per_minute": step.offered,
        "answered_per_minute": step.answered,
        "duration_s": step.duration.total_seconds(),
        "latency_ms": _name_quantiles(step.latency_ms),
        "used_ratio": {each.value: used for each, used in step.used_ratio.items()},
    }


def _name_quantiles(latency_ms: Mapping[float, float]) -> Json:
    return {f"p{100 * each:g}": latency for each, latency in latency_ms.items()}


def _describe_band(band: Band | None) -> Json | None:
    return None if band is None else band._asdict()
