"""How does it read what became of policies under the expected traffic?"""

from __future__ import annotations

from collections.abc import Sequence

from flyball.report.plain import plain
from flyball.sizing.evaluate import Evaluation
from flyball.sizing.rounding import show_figure
from flyball.sizing.tried import Trial

TRIAL_HEADS = ("", "most/min", "handled/min", "late", "instances", "changes", "hours", "cost")
NONE = "–"


def trial_rows(trials: Sequence[Trial]) -> list[tuple[str, ...]]:
    """Make the cells below TRIAL_HEADS; of what need not hold, with a mark."""
    return [
        (
            plain(each.pattern.name) + ("" if each.pattern.required else " *"),
            show_figure(each.expected),
            show_figure(each.handled),
            f"{each.late_ratio:.2%}",
            f"{each.most_instances:,.0f}",
            f"{each.changes:,}",
            f"{each.instance_hours:,.1f}",
            NONE if each.cost is None else f"{each.cost:,.2f}",
        )
        for each in trials
    ]


def tell_rounds(evaluation: Evaluation) -> list[str]:
    """Say what broke first, what was changed for it, and what it came to: a paragraph each."""
    told = []
    if any(not each.pattern.required for each in evaluation.trials):
        told.append("* is not what is expected, and need not hold.")
    told += [
        f"{each.pattern.name} is {each.pattern.title}."
        for each in evaluation.trials
        if each.pattern.has_calendar
    ]
    told += [f"Round {each.number}: {each.change}." for each in evaluation.rounds if each.change]
    told.append(evaluation.why)
    settings = evaluation.settings
    if len(evaluation.rounds) > 1:
        told.append(
            f"The policies scale between {settings.min_capacity:,} and {settings.max_capacity:,} "
            f"instances now, held at {show_figure(settings.invocations)} a minute."
        )
    told += [
        f"Under {each.pattern.name}, first: {each.first.sentence}."
        for each in evaluation.trials
        if each.first is not None and not each.pattern.required
    ]
    return told


def describe_evaluation(evaluation: Evaluation) -> dict[str, object]:
    """Give it for other programs."""
    return {
        "holds": evaluation.holds,
        "why": evaluation.why,
        "min_capacity": evaluation.settings.min_capacity,
        "max_capacity": evaluation.settings.max_capacity,
        "invocations_per_instance": evaluation.settings.invocations,
        "changes": [each.change for each in evaluation.rounds if each.change],
        "patterns": [
            {
                "name": each.pattern.name,
                "title": each.pattern.title,
                "required": each.pattern.required,
                "expected_per_minute": each.expected,
                "handled_per_minute": each.handled,
                "late": each.late,
                "late_ratio": each.late_ratio,
                "instance_hours": each.instance_hours,
                "cost": each.cost,
                "most_instances": each.most_instances,
                "changes": each.changes,
                "first": None if each.first is None else each.first._asdict(),
            }
            for each in evaluation.trials
        ],
    }
