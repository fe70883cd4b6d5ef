"""How good was a run, in a few lines?"""

from __future__ import annotations

from flyball.report.figures import counted, number
from flyball.sim.judge import Marks


def tell_score(score: Marks, price_per_hour: float | None = None) -> list[tuple[str, str, str]]:
    """Say what a run of minutes came to: what, its figure, and what stands beside it."""
    saved = 1 - score.cost_ratio
    less = f"{abs(saved):.0%} {'less' if saved >= 0 else 'more'} than"
    hours = f"{number(round(score.instance_hours))} instance hours"
    static = counted(score.static_instances)
    if price_per_hour is None:
        cost, beside = hours, f"{less} {static}, which carry the peak, all the time"
    else:
        cost = f"{score.instance_hours * price_per_hour:,.0f}"
        most = score.static_instance_hours * price_per_hour
        beside = f"{less} {most:,.0f} for {static}, which carry the peak; {hours}"
    back = f"{score.reversals:,} taken back within 30 min"
    lines = [
        ("changes", f"{score.changes:,}", f"{number(round(score.changes_a_day, 1))} a day, {back}"),
        (
            "unmet",
            f"{score.excess_ratio:.2%}",
            f"of {number(round(score.requests))} requests came over capacity in their minute",
        ),
        (
            "late",
            f"{score.late_ratio:.2%}",
            f"had to wait; at most {number(round(score.peak_backlog))} waited at once",
        ),
        ("cost", cost, beside),
    ]
    if score.dropped_ratio:
        told = "turned away with 429, as the service had come to zero"
        lines.insert(3, ("dropped", f"{score.dropped_ratio:.2%}", told))
    if score.skipped:
        skipped = f"{score.skipped // 60:,} h" if score.skipped >= 60 else ""  # noqa: PLR2004  (minutes)
        skipped = skipped or f"{score.skipped} min"
        lines.append(("counted", f"after {skipped}", "which it had to find its feet"))
    return lines
