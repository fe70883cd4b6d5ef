"""Why did a decision fall as it did, and what would have made it another one?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from flyball.cli.failure import refuse
from flyball.cli.options import Database, Json, LedgerPath, LedgerProject, LedgerStack

if TYPE_CHECKING:
    from flyball.core.model import Decision, Observation
    from flyball.core.remember import Noticed
    from flyball.core.target import ScalableTarget
    from flyball.report.explain import Explanation


def explain(
    decision: Annotated[
        str,
        typer.Argument(
            metavar="DECISION",
            help="A row's id or its beginning, TARGET (its newest), TARGET@SEQUENCE, or last.",
        ),
    ],
    ledger: LedgerPath = None,
    stack: LedgerStack = None,
    project: LedgerProject = None,
    database: Database = None,
    json: Json = False,
) -> None:
    """Say why a decision fell: what limited it, and what would have changed it.

    What it would have been without each limit, and the smallest change of each input that would
    have made it another one, are worked out by deciding again from the row's inputs.
    """
    from flyball.cli import screen
    from flyball.cli.ledger import name_row
    from flyball.cli.store import find_row, opened, read_decision
    from flyball.core.codec import encode
    from flyball.core.model import Action
    from flyball.report.advised import tell_learned
    from flyball.report.explain import explain as explain_record
    from flyball.report.range import tell_range
    from flyball.report.sentences import tell, tell_outcome

    with opened(ledger, stack=stack, project=project, database=database) as found:
        row, record, target, outcome = read_decision(found, find_row(found, decision))
    if target is None:
        refuse(f"{row.id}: its config row is gone; `flyball ledger verify` says more")
    explanation = explain_record(target, record)
    seen = record.observation
    there, learned = tell_range(seen.capacity, target), tell_learned(target, record.history, row.at)
    if json:
        screen.say_json(
            {
                "row": row.id,
                "sequence": row.sequence,
                "sentence": tell(record.decision, target, seen),
                "decision": encode(record.decision),
                "outcome": None if outcome is None else encode(outcome),
                "noticed": encode(record.noticed),
                "range": there or None,
                "capacity": encode(seen.capacity),
                "learned": learned,
                "explanation": encode(explanation),
            }
        )
        return
    head = f"{name_row(row, False)}, {row.at:%Y-%m-%d %H:%M:%S} UTC, {row.id}"
    screen.say_wrapped(head, style="dim")
    _say_noticed(record.noticed)
    answer = "" if outcome is None else tell_outcome(outcome)
    if outcome is None and record.decision.action is Action.SET:
        answer = "Not known yet: the next wake asks"
    say_explanation(record.decision, target, seen, explanation, answer, there, learned)


def say_explanation(
    decision: Decision,
    target: ScalableTarget,
    seen: Observation,
    explanation: Explanation,
    answer: str = "",
    there: str = "",
    learned: Sequence[str] = (),
) -> None:
    """Write an explanation for people, with what the provider answered and had, if that tells.

    Beside it stands what policies have learned, where any does.
    """
    from flyball.cli import screen
    from flyball.report.answer import tell_nothing, tell_turn, tell_without
    from flyball.report.sentences import (
        headline,
        tell_fired,
        tell_limits,
        tell_recommendation,
        tell_wake,
    )

    screen.say_wrapped(headline(decision), style="bold")
    _say_list("What the service had", [there] if there else [])
    _say_list("Why", [tell_recommendation(rec, target, seen) for rec in decision.recommendations])
    _say_list("What was learned", learned)
    _say_list("Scheduled", [tell_fired(each) for each in decision.fired])
    _say_list("What limited it", tell_limits(decision))
    without = [tell_without(each, decision, target) for each in explanation.without]
    _say_list("Without each limit", without)
    turns = [tell_turn(each, decision, target) for each in explanation.turns]
    _say_list("What would have changed it", turns or [tell_nothing(explanation)])
    _say_list("What the provider did", [answer] if answer else [])
    _say_list("Next", [tell_wake(decision)])
    if not explanation.same:
        _say_list(
            "Note",
            ["Today's engine decides otherwise from these inputs: see `flyball ledger replay`"],
        )


def _say_noticed(noticed: Sequence[Noticed]) -> None:
    from flyball.cli import screen
    from flyball.report.noticed import tell_noticed

    for each in noticed:
        screen.say_wrapped(f"{tell_noticed(each)}.")


def _say_list(title: str, sentences: Sequence[str]) -> None:
    from flyball.cli import screen

    if not sentences:
        return
    screen.say_heading(title)
    for line in sentences:
        screen.say_wrapped(f"{line}.", indent=2)
