"""What becomes of a config that was in force, when something of it is changed?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flyball.cli.failure import refuse

if TYPE_CHECKING:
    from flyball.core.target import ScalableTarget
    from flyball.report.measured import Tested
    from flyball.sizing.evaluate import Evaluation
    from flyball.sizing.habit import Habits

AGAIN = "Simulated: not again, since values of it were changed."


def keep(tested: Tested, evaluation: Evaluation | None, path: Path | None) -> tuple[str, str]:
    """Set what is changed in the config that was in force, and say what became of it.

    Args:
        tested: With that config.
        evaluation: What else was changed; None: nothing was simulated.
        path: Where it goes; None: nowhere.

    Raises:
        CommandError: It cannot be set there; nothing is written.
    """
    from flyball.sizing.gauges import WrittenError
    from flyball.sizing.inforce import SIMULATED, write_note
    from flyball.sizing.inplace import State, set_in_place

    text, target, mended = tested.text, tested.target, tested.mended
    rounds = [] if evaluation is None else [each.change for each in evaluation.rounds]
    changes = [*mended.changes, *filter(None, rounds)]
    note = tested.note
    if evaluation is not None:
        note += f"\n{SIMULATED}{evaluation.why}"
    elif changes and f"# {SIMULATED}" in text:
        note += f"\n{AGAIN}"
    if not changes or target is None:
        return write_note(text, note), "as it was, but for a note of what was measured"
    settings = mended.settings if evaluation is None else evaluation.settings
    before = State(tested.sizing, tested.fleet.settings)
    try:
        text = set_in_place(
            text, Path(tested.place), target.id, before, State(mended.sizing, settings)
        )
    except WrittenError as error:
        option = "--evaluate" if path is None else "--write"
        refuse(
            f"{option}: {tested.place}: what is changed cannot be set in it without changing "
            f"something else: {error}. It is left as it is: set it by hand, or leave --in-force "
            "out and write a new config to another file"
        )
    rest = "it was" if str(path) == tested.place else f"{tested.place} has it"
    return write_note(text, note), f"what was changed is set in it; all else is as {rest}"


def tell_windows(target: ScalableTarget, habits: Habits) -> list[str]:
    """Say that a config in force gets no windows of a trace, where it has none."""
    if target.windows or not habits.found:
        return []
    said = (
        "The trace shows hours that reliably need more; windows are not added to a config that is "
    )
    return [f"{said}in force: --write to another file without --measured shows them."]
