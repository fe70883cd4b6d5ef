"""What would the engine decide in a scenario?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from flyball.cli.failure import refuse


def decide(
    scenario: Annotated[
        Path,
        typer.Argument(metavar="SCENARIO", help="A YAML or JSON file, or `-` for stdin."),
    ],
    words: Annotated[
        bool, typer.Option("--words", help="Say it in words, and what would have changed it.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON: the default.")] = False,
) -> None:
    """Run the engine as a calculator: a scenario in, the whole decision out, nothing changed.

    A scenario is {scalable_target, observation, history, now}; `flyball schema scenario` says
    what may stand in it.
    """
    from flyball.cli import screen
    from flyball.cli.explain import say_explanation
    from flyball.config import scenario as scenarios
    from flyball.core.decide import decide as decide_scenario
    from flyball.report.explain import explain_inputs
    from flyball.report.range import tell_range

    if words and json:
        refuse("--words and --json: give one of the two")
    if str(scenario) == "-":
        given = scenarios.reads(sys.stdin.buffer.read())
    elif not scenario.is_file():
        refuse(f"{scenario}: there is no such file; give a scenario, or - for stdin")
    else:
        given = scenarios.read(scenario)
    decision = decide_scenario(*given)
    if not words:
        screen.say_json(decision)
        return
    target, observation, history, _ = given
    explanation = explain_inputs(target, observation, history, decision)
    there = tell_range(observation.capacity, target)
    say_explanation(decision, target, observation, explanation, there=there)
