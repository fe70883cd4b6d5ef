"""How is it told whether a forecast adds anything?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from flyball.core.predict import FIRST_JUDGED, WINS
from flyball.report.figures import duration, number
from flyball.sim.forecast.compare import LAST, Question, Row
from flyball.sim.forecast.port import Fits
from flyball.sim.slots import MINUTE

HEADS = (
    "forecast",
    "loss",
    "÷ last",
    "under",
    "trusted",
    "÷ best",
    "late",
    "same cost",
    "changes/d",
    "fits",
    "s each",
)
NONE = "–"


class Compared(NamedTuple):
    """What was found on one trace.

    Attributes:
        name: Of the trace.
        question: What was compared.
        rows: The last value's first.
        fits: What fitting took, by the name of a row; of what is not fitted there is none.
        notes: What is to be known, for people.
    """

    name: str
    question: Question
    rows: tuple[Row, ...]
    fits: Mapping[str, Fits]
    notes: tuple[str, ...] = ()


def tell_question(found: Compared) -> list[tuple[str, str, str]]:
    """Say what was compared, as facts of a name, a figure and words."""
    question = found.question
    task, minutes = question.task, len(question.course.demand)
    judged = max(row.minutes for row in found.rows)
    facts = [
        ("trace", duration(minutes * MINUTE), found.name),
        ("capacity", number(question.course.capacity_per_instance), "of one instance in a minute"),
        ("ahead", f"{task.horizon} min", "from the newest minute shown to the first to be served"),
        ("quantile", f"{task.quantile_ratio:.4g}", f"{judged:,} minutes judged, the same for all"),
    ]
    return facts + [("note", "", note) for note in found.notes]


def table_rows(found: Compared) -> list[tuple[str, ...]]:
    """Give the cells of the table, one row for each forecaster."""
    rows: list[tuple[str, ...]] = []
    for row in found.rows:
        fits = found.fits.get(row.name)
        marks, spoke, alone = row.marks, row.minutes > 0, row.name == LAST
        rows.append(
            (
                row.name,
                f"{row.loss:.4f}" if spoke else NONE,
                NONE if row.loss_ratio is None else f"{row.loss_ratio:.3f}",
                f"{row.under_ratio:.1%}" if spoke else NONE,
                NONE if alone else f"{row.trusted_ratio:.0%}",
                f"{marks.clairvoyant_ratio:.3f}",
                f"{marks.late_ratio:.2%}",
                NONE if alone else _percent(row.same_cost_late_ratio),
                f"{marks.changes_a_day:.1f}",
                f"{fits.number}" if fits else NONE,
                f"{fits.total_s / fits.number:.2f}" if fits and fits.number else NONE,
            )
        )
    return rows


def conclude(found: Compared) -> str:
    """Say in words what the table comes to."""
    others = [row for row in found.rows if row.name != LAST and row.loss_ratio is not None]
    if not others:
        return "Nothing could be judged: the trace is too short, or demand never changes."
    best = min(others, key=lambda row: row.loss_ratio or 0.0)
    ratio = best.loss_ratio or 0.0
    if ratio >= WINS:
        return (
            f"Prediction adds nothing here: the best forecast, of {best.name}, loses {ratio:.3f} "
            "times what the last value does."
        )
    (alone,) = (row for row in found.rows if row.name == LAST)
    words = f"The forecast of {best.name} loses {1 - ratio:.1%} less than the last value"
    if not best.trusted_ratio:
        return (
            f"{words}, and yet it was never trusted, so its floor changed nothing: that takes "
            f"{FIRST_JUDGED} judged minutes, and a win by {1 - WINS:.0%} over the last two days."
        )
    words = (
        f"{words}. Its floor takes late requests from {alone.marks.late_ratio:.2%} to "
        f"{best.marks.late_ratio:.2%}, and cost from {alone.marks.clairvoyant_ratio:.3f} "
        f"to {best.marks.clairvoyant_ratio:.3f}"
    )
    same = best.same_cost_late_ratio
    if same is None:
        return f"{words}."
    verdict = "more than" if same > best.marks.late_ratio else "no more than"
    return f"{words}; tracking alone, at the same cost, lets {same:.2%} be late, {verdict} that."


def as_json(found: Compared) -> dict[str, Any]:
    """Give all of it for other programs."""
    question = found.question
    return {
        "trace": found.name,
        "minutes": len(question.course.demand),
        "capacity_per_instance": question.course.capacity_per_instance,
        "horizon_minutes": question.task.horizon,
        "quantile_ratio": question.quantile_ratio,
        "target_ratio": question.target_ratio,
        "conclusion": conclude(found),
        "notes": list(found.notes),
        "forecasts": [
            {
                **row._asdict(),
                "marks": row.marks._asdict(),
                "fits": found.fits.get(row.name, Fits())._asdict(),
            }
            for row in found.rows
        ],
    }


def _percent(ratio: float | None) -> str:
    return NONE if ratio is None else f"{ratio:.2%}"
