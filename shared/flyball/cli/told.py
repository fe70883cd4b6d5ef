"""How is a backtest printed: of one scalable target, of a few, of a thousand?"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from textwrap import indent
from typing import TYPE_CHECKING

from flyball.core.codec import encode

if TYPE_CHECKING:
    from flyball.cli.fleet import Failed, Runs
    from flyball.report.backtest import Compared, Line
    from flyball.report.fleet import Told
    from flyball.sim.backtest import Backtest
    from flyball.sim.peers import Baseline

WORDS = 2_000
"""Most characters of an error."""


def say_wholes(found: Sequence[Backtest], *, per_day: bool) -> None:
    """Print backtests that are there with their minutes."""
    from flyball.report.backtest import line_of, tell_subject

    for each in found:
        _say_one(each.subject.scalable_target.id, tell_subject(each), each, per_day=per_day)
    if len(found) > 1:
        _say_total([line_of(one) for each in found for one in each.contenders], len(found))


def say_wholes_json(found: Sequence[Backtest], peers: Sequence[Sequence[Baseline]]) -> None:
    """Print backtests as JSON; see say_wholes."""
    from flyball.report.backtest import add_up, as_json

    documents = (as_json(*each) for each in zip(found, peers, strict=True))
    _say_json(documents, [line._asdict() for line in add_up(found)], ())


def say_fleet(runs: Runs, *, per_day: bool) -> None:
    """Print a fleet: of a few each of them, of many the worst; then all, and who failed."""
    from flyball.report import fleet as report

    told, failed, _ = runs.fleet
    if len(told) <= report.FEW:
        for kept in runs.kept():
            name = kept.document["scalable_target_id"]
            _say_one(name, kept.facts, kept, per_day=per_day)
    else:
        _say_worst("Most late requests", report.list_latest(told))
        _say_worst("Most expensive", report.list_dearest(told))
    if told:
        _say_total([line for each in told for line in each.lines], len(told))
    _say_failed(failed)


def say_fleet_json(runs: Runs) -> None:
    """Print a fleet as JSON, in the memory of one of it."""
    from flyball.report.backtest import add_lines

    told, failed, _ = runs.fleet
    total = add_lines(line for each in told for line in each.lines)
    _say_json((kept.document for kept in runs.kept()), [each._asdict() for each in total], failed)


def _say_one(
    name: str, facts: Sequence[tuple[str, str, str]], found: Compared, *, per_day: bool
) -> None:
    from flyball.cli import screen
    from flyball.report import backtest as report
    from flyball.report.plain import plain

    screen.say_heading(plain(name))
    screen.say_facts(facts)
    screen.say()
    _say_table(report.HEADS, report.table_rows([report.line_of(one) for one in found.contenders]))
    screen.say()
    _say_table(report.ELASTICITY_HEADS, report.elasticity_rows(found))
    if per_day:
        screen.say()
        _say_table(report.DAY_HEADS, report.day_rows(found), words=2)


def _say_worst(heading: str, told: Sequence[Told]) -> None:
    from flyball.cli import screen
    from flyball.report.fleet import WORST_HEADS, worst_rows

    if told:
        screen.say_heading(heading)
        _say_table(WORST_HEADS, worst_rows(told))


def _say_total(lines: Iterable[Line], count: int) -> None:
    from flyball.cli import screen
    from flyball.report.backtest import HEADS, add_lines, table_rows

    screen.say_heading(f"All {count:,}")
    _say_table(HEADS, table_rows(add_lines(lines)))


def _say_failed(failed: Sequence[Failed]) -> None:
    from flyball.cli import screen
    from flyball.report.plain import plain

    if not failed:
        return
    screen.say_heading(f"{len(failed):,} could not be run")
    for each in failed:
        screen.say_wrapped(f"{plain(each.id)}: {plain(each.error, WORDS)}", indent=2)


def _say_json(
    documents: Iterable[object], total: Sequence[object], failed: Sequence[Failed]
) -> None:
    """Print one document, a part at a time, as one piece would be printed."""
    from flyball.cli import screen

    screen.say('{\n  "targets": [', end="")
    gap = "\n"
    for each in documents:
        screen.say(gap + indent(_write(each), "    "), end="")
        gap = ",\n"
    screen.say("]" if gap == "\n" else "\n  ]", end="")
    for name, value in (("total", total), ("failed", [each._asdict() for each in failed])):
        text = indent(_write(value), "  ").lstrip()
        screen.say(f',\n  "{name}": {text}', end="")
    screen.say("\n}")


def _write(value: object) -> str:
    return json.dumps(encode(value), indent=2, allow_nan=False)


def _say_table(heads: Sequence[str], rows: Sequence[Sequence[str]], words: int = 1) -> None:
    from flyball.cli import screen

    columns = [
        screen.Column(head, right=index >= words, style="bold" if head == "late" else "")
        for index, head in enumerate(heads)
    ]
    screen.say_table(columns, rows)
