"""How is a change of policy shown, in a terminal, in a comment or to a program?"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flyball.report.limit import Verdict
    from flyball.sim.diff import Compared, Diff


class Format(Enum):
    """For whom it is said, as it is typed."""

    TEXT = "text"
    GITHUB = "github"
    JSON = "json"


def show_diff(
    found: Diff, verdicts: Sequence[Verdict], names: tuple[str, str], form: Format
) -> None:
    """Show it.

    Args:
        found: What became of all scalable targets.
        verdicts: What came of the limits.
        names: What the old and the new config are called.
        form: For whom.
    """
    from flyball.cli import screen
    from flyball.report.comment import write_comment
    from flyball.report.contrast import as_json
    from flyball.report.diff import tell_run

    if form is Format.JSON:
        screen.say_json({"old": names[0], "new": names[1], **as_json(found, verdicts)})
    elif form is Format.GITHUB:
        screen.say(write_comment(found, verdicts, names, tell_run(found)).rstrip())
    else:
        _say(found, verdicts, names)


def _say(found: Diff, verdicts: Sequence[Verdict], names: tuple[str, str]) -> None:
    from flyball.cli import screen
    from flyball.report import diff as report
    from flyball.report.plain import plain

    screen.say_heading(f"{plain(names[0])} → {plain(names[1])}")
    lines = list(report.tell_config(found))
    if lines:
        changed = [(who, field, f"{old} → {new}" if new else "") for who, field, old, new in lines]
        screen.say_facts(changed)
    for each in found.targets:
        if each.new is not None or each.old is not None:
            _say_target(each)
    left = report.tell_left(found)
    if left:
        screen.say()
        screen.say_facts(left)
    total = report.sum_all(found)
    if total is not None and len(found.both) > 1:
        screen.say_heading(f"All {len(found.both)}")
        _say_sums(report.sum_rows(total))
    _say_moments(found)
    screen.say()
    screen.say_wrapped(report.tell_verdict(found), style="bold")
    for verdict in verdicts:
        style = "red" if verdict.is_exceeded else "green"
        screen.say_wrapped(report.tell_limit(verdict), indent=2, style=style)


def _say_target(each: Compared) -> None:
    from flyball.cli import screen
    from flyball.report import diff as report
    from flyball.report.backtest import line_of
    from flyball.report.plain import plain

    screen.say_heading(plain(report.name_pair(each.pair)))
    screen.say_facts(report.tell_target(each))
    screen.say()
    if each.old and each.new:
        sums = report.Sums("", line_of(each.old.ours), line_of(each.new.ours))
        _say_sums([*report.sum_rows(sums), *report.list_peers(each.new)])
        return
    for name, run in (("old", each.old), ("new", each.new)):
        if run is not None:
            _say_sums([report.line_row(name, line_of(run.ours)), *report.list_peers(run)])


def _say_sums(rows: Sequence[Sequence[str]]) -> None:
    from flyball.cli import screen
    from flyball.report.diff import HEADS

    columns = [
        screen.Column(head, right=index > 0, style="bold" if head == "late" else "")
        for index, head in enumerate(HEADS)
    ]
    screen.say_table(columns, rows)


def _say_moments(found: Diff) -> None:
    from flyball.cli import screen
    from flyball.report.diff import show_stretches, tell_moments

    shown = show_stretches(found)
    if not shown:
        return
    screen.say_heading(tell_moments(len(found.stretches), len(shown)))
    several = len(found.both) > 1
    for index, each in enumerate(shown, 1):
        who = f"{each.who}, " if several else ""
        screen.say_wrapped(f"{index}. {who}{each.when}, {each.lasted}: {each.change}", style="bold")
        sides = zip(("old", "new"), each.capacity, each.late, each.cost, each.why, strict=True)
        rows = [("demand", each.demand, "requests a minute")]
        rows += [
            (name, capacity, f"{late} late, cost {cost}; {why}")
            for name, capacity, late, cost, why in sides
        ]
        screen.say_facts(rows)
