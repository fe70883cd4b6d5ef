"""How is a change of policy told in a comment on a pull request?

GitHub's Markdown: a verdict, a table, and the rest folded. Whatever comes from a config stands
there as text, never as markup, a link or a mention.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from flyball.report.diff import (
    Shown,
    Sums,
    show_stretches,
    sum_all,
    sum_each,
    tell_change,
    tell_config,
    tell_limit,
    tell_moments,
    tell_points,
    tell_relative,
    tell_verdict,
)
from flyball.report.limit import ALL, Verdict, share
from flyball.report.plain import plain
from flyball.sim.diff import Diff

MARKER = "<!-- flyball diff -->"
"""The first line: by it a workflow finds the comment that it is to bring up to date."""
MOST_BYTES = 64_000
"""GitHub takes 65,536 characters; bytes are never fewer, and some are left for a workflow's own."""
CELL = 300
FEWEST = 5
_MARKUP = re.compile(r"(?<![^\W_])_|_(?![^\W_])|[\\`*\[\]<>|~&]")
_LIVELY: Mapping[str, str] = {
    "#": "#&#8203;",  # the first: what stands for others has one
    "@": "@&#8203;",
    "$": "<span>$</span>",
    "://": "&#58;//",
    "www.": "www&#46;",
}
"""What GitHub makes a mention, a reference, a formula or a link, and how it makes none of it."""

Rows = Sequence[Sequence[str]]


class Size(NamedTuple):
    """How much is told.

    Attributes:
        rows: Of a table at most.
        cell: Characters of a text from elsewhere, before it is escaped.
    """

    rows: int
    cell: int = CELL


SIZES = (Size(200), Size(50), Size(20), Size(FEWEST), Size(FEWEST, 60))
"""The first that fits into a comment is taken; the last one does, whatever the texts: escaped, a
character is fourteen at most."""


def write_comment(
    found: Diff,
    verdicts: Sequence[Verdict],
    names: tuple[str, str],
    facts: Sequence[tuple[str, str, str]] = (),
) -> str:
    """Write the comment.

    Args:
        found: What became of all scalable targets.
        verdicts: What came of the limits.
        names: What the old and the new config are called.
        facts: How it was run: what, its figure, and what stands beside it.

    Returns:
        Markdown of less than 65,536 characters.
    """
    text = ""
    for size in SIZES:
        text = _write(found, verdicts, names, facts, size)
        if len(text.encode()) <= MOST_BYTES:
            break
    return text


def escape(text: str, length: int = CELL) -> str:
    """Make any text safe inside a line or a cell of Markdown."""
    safe = _MARKUP.sub(r"\\\g<0>", plain(text, length))
    for lively, dull in _LIVELY.items():
        safe = safe.replace(lively, dull)
    return safe


def _write(
    found: Diff,
    verdicts: Sequence[Verdict],
    names: tuple[str, str],
    facts: Sequence[tuple[str, str, str]],
    size: Size,
) -> str:
    parts = [
        MARKER,
        f"### Flyball: {' → '.join(escape(name, size.cell) for name in names)}",
        *_write_verdict(found, verdicts, size),
        *_write_sums(found, size),
        *_write_config(found, size),
        *_write_moments(found, size),
    ]
    if facts:
        rows = [[escape(cell, size.cell) for cell in row] for row in facts[: size.rows]]
        parts.append(_fold("How it was run", _table(("", "", ""), "lrl", rows)))
    return "\n\n".join(parts) + "\n"


def _write_verdict(found: Diff, verdicts: Sequence[Verdict], size: Size) -> list[str]:
    exceeded = [each for each in verdicts if each.is_exceeded]
    lines = [f"**{escape(tell_verdict(found))}**"]
    if exceeded:
        told = [f"> - {escape(tell_limit(each), size.cell)}" for each in exceeded[:FEWEST]]
        if len(exceeded) > len(told):
            told.append(f"> - {len(exceeded) - len(told):,} more")
        lines.append("\n".join(["> [!CAUTION]", "> More than is allowed:", ">", *told]))
    elif verdicts:
        texts = list(dict.fromkeys(escape(each.limit.text, size.cell) for each in verdicts))
        kept = "; ".join(texts[: size.rows])
        if len(texts) > size.rows:
            kept += f"; {len(texts) - size.rows:,} more"
        lines.append(f"Within the limits: {kept}.")
    return lines


def _write_sums(found: Diff, size: Size) -> list[str]:
    """Write a line for each scalable target, those first that changed most, and for all."""
    each, total = sum_each(found), sum_all(found)
    if total is None:
        return []
    each.sort(key=lambda sums: -abs(sums.new.late - sums.old.late))
    each.sort(key=lambda sums: -_weigh(sums, total))
    shown = each[: size.rows] if len(each) > 1 else []
    rows = [_sums_row(sums, size) for sums in shown]
    rows.append(_sums_row(total if len(each) > 1 else each[0], size))
    if len(each) > len(shown) and shown:
        rows.insert(-1, [f"{len(each) - len(shown):,} more", *[""] * 7])
    heads = ("", "hours" if total.new.cost is None else "cost", "Δ", "late", "Δ")
    return [_table((*heads, "Δ excess", "Δ changes/d", "Δ undone"), "lrrrrrrr", rows)]


def _weigh(sums: Sums, total: Sums) -> float:
    hours = abs(sums.new.instance_hours - sums.old.instance_hours)
    late = abs(sums.new.late - sums.old.late)
    return share(hours, total.old.instance_hours) + 10 * share(late, total.old.requests)


def _sums_row(sums: Sums, size: Size) -> list[str]:
    old, new = sums.old, sums.new
    if old.cost is None or new.cost is None:
        costs, shown = (old.instance_hours, new.instance_hours), "{:,.1f}"
    else:
        costs, shown = (old.cost, new.cost), "{:,.2f}"
    late, excess = (
        (share(one, old.requests), share(other, new.requests))
        for one, other in ((old.late, new.late), (old.excess, new.excess))
    )
    return [
        f"**{'all' if sums.who == ALL else escape(sums.who, size.cell)}**",
        f"{shown.format(costs[0])} → {shown.format(costs[1])}",
        tell_relative(*costs),
        f"{late[0]:.2%} → {late[1]:.2%}",
        f"**{tell_points(late[1] - late[0])}**",
        tell_points(excess[1] - excess[0]),
        tell_change(new.changes_a_day - old.changes_a_day, 1),
        tell_change(new.reversals - old.reversals, 0),
    ]


def _write_config(found: Diff, size: Size) -> list[str]:
    rows = list(tell_config(found))
    if not rows:
        return []
    shown = [[escape(cell, size.cell) for cell in row] for row in rows[: size.rows]]
    if len(rows) > size.rows:
        shown.append([f"{len(rows) - size.rows:,} more", "", "", ""])
    title = f"What the config says otherwise ({len(rows):,})"
    return [_fold(title, _table(("scalable target", "field", "old", "new"), "llll", shown))]


def _write_moments(found: Diff, size: Size) -> list[str]:
    shown = show_stretches(found, min(size.rows, found.told))
    if not shown:
        return []
    heads = ("when", "demand/min", "capacity", "late", "cost", "why the old", "why the new")
    names = len({each.who for each in shown}) > 1
    rows = [_moment_row(each, size, names=names) for each in shown]
    title = tell_moments(len(found.stretches), len(shown))
    return [_fold(title, _table(heads, "lrrrrll", rows))]


def _moment_row(shown: Shown, size: Size, *, names: bool) -> list[str]:
    who = f"**{escape(shown.who, size.cell)}** " if names else ""
    return [
        f"{who}{escape(shown.when)}, {escape(shown.lasted)}",
        shown.demand,
        *(" → ".join(dict.fromkeys(each)) for each in (shown.capacity, shown.late, shown.cost)),
        *(escape(why, size.cell) for why in shown.why),
    ]


def _fold(title: str, content: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{content}\n\n</details>"


def _table(heads: Sequence[str], sides: str, rows: Rows) -> str:
    lines = [_line(heads), _line(["---:" if side == "r" else "---" for side in sides])]
    return "\n".join([*lines, *map(_line, rows)])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
