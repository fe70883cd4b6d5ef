"""What is kept of a backtest when there are too many to keep them whole, and how is it told?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from flyball.core.codec import encode
from flyball.report.backtest import HEADS, Line, as_json, line_of, table_rows, tell_subject
from flyball.report.plain import plain
from flyball.sim.backtest import Backtest
from flyball.sim.judge import Marks
from flyball.sim.peers import Baseline
from flyball.sim.slots import Day

FEW = 12
"""So many targets are told one by one, and shown minute by minute; of more the worst are."""
WORST = 10


class Standing(NamedTuple):
    """A contender without its minutes; see flyball.sim.backtest.Contender."""

    name: str
    marks: Marks
    days: tuple[Day, ...]
    cost: float | None


class Kept(NamedTuple):
    """What is kept of a backtest.

    Attributes:
        facts: What was run, for people.
        price_per_hour: Of an instance; None: no price.
        document: For other programs, as plain JSON material.
    """

    facts: tuple[tuple[str, str, str], ...]
    price_per_hour: float | None
    document: Mapping[str, Any]

    @property
    def contenders(self) -> tuple[Standing, ...]:
        """Those who ran, ours first."""
        return tuple(map(_read_standing, self.document["contenders"]))


class Told(NamedTuple):
    """What is kept in memory of each of a thousand targets.

    Attributes:
        id: Of the scalable target.
        lines: Of each contender, ours first.
    """

    id: str
    lines: tuple[Line, ...]


def reduce(found: Backtest, baselines: Sequence[Baseline]) -> Kept:
    """Leave out the minutes of a backtest."""
    document = encode(as_json(found, baselines))
    return Kept(tuple(tell_subject(found)), found.price_per_hour, document)


def write_kept(kept: Kept) -> dict[str, Any]:
    """Give it as plain JSON material."""
    return {"facts": kept.facts, "price": kept.price_per_hour, "document": kept.document}


def read_kept(value: Mapping[str, Any]) -> Kept:
    """Read what write_kept gives.

    Raises:
        KeyError: A field is missing; so do TypeError and ValueError say that one is wrong.
    """
    facts = tuple((name, figure, words) for name, figure, words in value["facts"])
    kept = Kept(facts, value["price"], value["document"])
    tell(kept)
    return kept


def tell(kept: Kept) -> Told:
    """Keep less still."""
    return Told(kept.document["scalable_target_id"], tuple(map(line_of, kept.contenders)))


def list_latest(told: Sequence[Told]) -> list[Told]:
    """List those with the most late requests, if there are any; of equals the earlier."""
    late = [each for each in told if each.lines[0].late]
    return sorted(late, key=lambda each: -each.lines[0].late)[:WORST]


def list_dearest(told: Sequence[Told]) -> list[Told]:
    """List those that cost most; where not all have a price, that have the most hours."""
    priced = all(each.lines[0].cost is not None for each in told)

    def rate(each: Told) -> float:
        line = each.lines[0]
        return (line.cost or 0.0) if priced else line.instance_hours

    return sorted(told, key=lambda each: -rate(each))[:WORST]


def choose_shown(told: Sequence[Told]) -> list[str]:
    """Choose who is shown minute by minute: those with the most late requests, as they stand."""
    worst = sorted(told, key=lambda each: -each.lines[0].late)[:FEW]
    names = {each.id for each in worst}
    return [each.id for each in told if each.id in names]


def worst_rows(told: Sequence[Told]) -> list[tuple[str, ...]]:
    """Make the cells below WORST_HEADS."""
    return [(plain(each.id, 80), *row[1:]) for each in told for row in table_rows([each.lines[0]])]


WORST_HEADS = ("scalable target", *HEADS[1:])


def _read_standing(value: Mapping[str, Any]) -> Standing:
    days = tuple(Day(date.fromisoformat(each["day"]), _read_marks(each)) for each in value["days"])
    return Standing(value["name"], _read_marks(value["total"]), days, value["cost"])


def _read_marks(value: Mapping[str, Any]) -> Marks:
    return Marks(**{name: value[name] for name in Marks._fields})
