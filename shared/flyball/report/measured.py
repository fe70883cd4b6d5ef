"""How does it read what a load test of the whole endpoint showed?"""

from __future__ import annotations

from collections.abc import Sequence

from flyball.core.shape import NamedTuple
from flyball.core.target import ScalableTarget
from flyball.report.loadtest import tell_latency
from flyball.sizing.benchmark import Benchmark
from flyball.sizing.concluded import tell_broken, tell_remedy, tell_verdict
from flyball.sizing.inforce import NOTE
from flyball.sizing.measured import Fleet, Load, Measured, Verdict
from flyball.sizing.mended import Mended
from flyball.sizing.plan import Sizing
from flyball.sizing.rounding import show_figure
from flyball.sizing.saturation import Cause, LatencyObjective, read_latency
from flyball.sizing.settings import Kind, Settings

SIGNS = {Cause.FAILURES: "fails", Cause.LATENCY: "late", Cause.FLAT: "no more"}
USUAL = 0.95
NONE = "–"
Json = dict[str, object]


class Tested(NamedTuple):
    """A load test of the whole endpoint, and what came of it.

    Attributes:
        benchmark: The load test.
        fleet: What was loaded.
        place: From where it is known what was in force, for people.
        measured: What it showed.
        mended: What was changed.
        sizing: What the method had found.
        text: The config that was in force; "": none was named.
        target: Its scalable target; None likewise.
    """

    benchmark: Benchmark
    fleet: Fleet
    place: str
    measured: Measured
    mended: Mended
    sizing: Sizing
    text: str = ""
    target: ScalableTarget | None = None

    @property
    def objective(self) -> LatencyObjective | None:
        """How long an answer may take; None: nobody said."""
        wanted = self.sizing.wish.objective
        return wanted if isinstance(wanted, LatencyObjective) else None

    @property
    def broken(self) -> str:
        """What broke first, without a full stop; "": nothing."""
        expected = self.sizing.wish.expectation
        return tell_broken(self.measured, self.fleet, self.objective, expected)

    @property
    def holds(self) -> bool:
        """Whether what is expected was handled."""
        return self.measured.verdict is Verdict.HOLDS

    @property
    def note(self) -> str:
        """What it came to, for the top of a config."""
        told = tell_verdict(self.measured, self.sizing.wish.expectation)
        return f"{NOTE}{told}"


def load_heads(tested: Tested) -> list[str]:
    """Name the columns of a table of loads."""
    quantile = _choose_quantile(tested)
    late = [] if quantile is None else [f"p{100 * quantile:g}"]
    users = ["users"] if _counts_users(tested.measured.loads) else []
    return [*users, "asked/min", "answered/min", *late, "failed", "instances", "carry/min", ""]


def load_rows(tested: Tested) -> list[tuple[str, ...]]:
    """Make the cells below load_heads."""
    quantile, loads = _choose_quantile(tested), tested.measured.loads
    rows = []
    for load in loads:
        step, late = load.step, list[str]()
        if quantile is not None:
            latency = read_latency(step, quantile)
            late = [NONE if latency is None else tell_latency(latency)]
        rows.append(
            (
                *([f"{step.users or 0:,.0f}"] if _counts_users(loads) else []),
                f"{step.offered:,.0f}",
                f"{step.answered:,.0f}",
                *late,
                f"{step.failed_ratio:.1%}",
                _count(load),
                show_figure(load.carries),
                "" if load.sign is None else SIGNS[load.sign],
            )
        )
    return rows


def tell_in_force(tested: Tested) -> str:
    """Say what was in force."""
    settings = tested.fleet.settings
    low, high = settings.min_capacity, settings.max_capacity
    held = f", each held at {show_figure(settings.invocations)} a minute"
    if settings.kind is Kind.ADAPTIVE:
        held = ", by an adaptive policy"
    return f"in force: {low:,} to {high:,} instances{held} ({tested.place})"


def tell_measured(tested: Tested) -> list[str]:
    """Say what it comes to: a paragraph each."""
    measured, fleet, mended = tested.measured, tested.fleet, tested.mended
    told = []
    if not all(each.is_known for each in measured.loads):
        told.append(
            "~ is reckoned: nobody counted the instances. So many are there, where each is held at "
            f"its target, as load needed {fleet.lag.total_seconds():g} s before, for so long take "
            "metrics and new instances."
        )
    told.append(tell_verdict(measured, tested.sizing.wish.expectation))
    if tested.broken:
        first = "Beyond that, first: " if measured.verdict is Verdict.HOLDS else "First: "
        if measured.broken is None:
            told.append(f"{tested.broken[:1].upper()}{tested.broken[1:]}.")
        else:
            told.append(f"{first}{tested.broken[:1].lower()}{tested.broken[1:]}.")
    remedy = tell_remedy(measured, fleet)
    if remedy:
        told.append(f"{remedy}.")
    if mended.obstacle:
        told.append(f"{mended.obstacle}.")
    if mended.changes:
        told.append(f"Changed: {'; '.join(mended.changes)}. Apply it, and test again.")
    if fleet.fixed is not None and measured.verdict is Verdict.HOLDS:
        told.append(
            "The same instances served all the time: whether the policies bring them soon enough "
            "it does not show."
        )
    return told


def describe_measured(tested: Tested) -> Json:
    """Give it for other programs."""
    measured, mended = tested.measured, tested.mended
    return {
        "source": tested.benchmark.source,
        "notes": list(tested.benchmark.notes),
        "verdict": measured.verdict.value,
        "holds": measured.verdict is Verdict.HOLDS,
        "handled_per_minute": measured.handled,
        "expected_per_minute": measured.expected,
        "limit": None if measured.limit is None else measured.limit.value,
        "why": tested.broken,
        "remedy": tell_remedy(measured, tested.fleet),
        "in_force": _describe_settings(tested.fleet.settings, tested.place),
        "changes": list(mended.changes),
        "obstacle": mended.obstacle,
        "settings": _describe_settings(mended.settings, ""),
        "loads": [
            {
                "users": each.step.users,
                "offered_per_minute": each.step.offered,
                "answered_per_minute": each.step.answered,
                "duration_s": each.step.duration.total_seconds(),
                "failed_ratio": each.step.failed_ratio,
                "latency_ms": {f"p{100 * q:g}": ms for q, ms in each.step.latency_ms.items()},
                "instances": each.instances,
                "instances_at_first": each.early,
                "instances_known": each.is_known,
                "carry_per_minute": each.carries,
                "sign": None if each.sign is None else each.sign.value,
            }
            for each in measured.loads
        ],
    }


def _describe_settings(settings: Settings, place: str) -> Json:
    told: Json = {"from": place} if place else {}
    return {
        **told,
        "min_capacity": settings.min_capacity,
        "max_capacity": settings.max_capacity,
        "invocations_per_instance": settings.invocations,
        "scale_out_cooldown_s": settings.cooldowns.scale_out.total_seconds(),
        "scale_in_cooldown_s": settings.cooldowns.scale_in.total_seconds(),
        "steps": [each.shown for each in settings.rises],
    }


def _choose_quantile(tested: Tested) -> float | None:
    """Choose the one that is wanted, or else a usual one that was measured; None: none was."""
    known = sorted({each for load in tested.measured.loads for each in load.step.latency_ms})
    if tested.objective is not None:
        return tested.objective.quantile
    return next((each for each in known if each >= USUAL), known[-1] if known else None)


def _counts_users(loads: Sequence[Load]) -> bool:
    return all(each.step.users is not None for each in loads)


def _count(load: Load) -> str:
    if load.is_known:
        return f"{load.instances:,.3g}"
    if load.early == load.last:
        return f"~{load.early:,.0f}"
    return f"~{load.early:,.0f} to {load.last:,.0f}"
