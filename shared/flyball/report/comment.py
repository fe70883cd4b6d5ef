"""How is a change of policy told in a comment on a pull request?

GitHub's Markdown: a verdict, a table, and the rest folded. Whatever comes from a config stands
there as text, never as markup, a link or a mention.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

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
ROWS = (200, 50, 20, 5)
"""Rows of a table at most: the first that fits into a comment."""
CELL = 300
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
    texts = [_write(found, verdicts, names, facts, most) for most in ROWS]
    return next((each for each in texts if len(each.encode()) <= MOST_BYTES), texts[-1])


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
    most: int,
) -> str:
    parts = [
        MARKER,
        f"### Flyball: {escape(names[0])} → {escape(names[1])}",
        *_write_verdict(found, verdicts),
        *_write_sums(found, most),
        *_write_config(found, most),
        *_write_moments(found, min(most, found.told)),
    ]
    if facts:
        rows = [[escape(cell) for cell in row] for row in facts[:most]]
        parts.append(_fold("How it was run", _table(("", "", ""), "lrl", rows)))
    return "\n\n".join(parts) + "\n"


def _write_verdict(found: Diff, verdicts: Sequence[Verdict]) -> list[str]:
    exceeded = [each for each in verdicts if each.is_exceeded]
    lines = [f"**{escape(tell_verdict(found))}**"]
    if exceeded:
        told = [f"> - {escape(tell_limit(each))}" for each in exceeded[: ROWS[-1]]]
        if len(exceeded) > len(told):
            told.append(f"> - {len(exceeded) - len(told):,} more")
        lines.append("\n".join(["> [!CAUTION]", "> More than is allowed:", ">", *told]))
    elif verdicts:
        kept = "; ".join(dict.fromkeys(escape(each.limit.text) for each in verdicts))
        lines.append(f"Within the limits: {kept}.")
    return lines


def _write_sums(found: Diff, most: int) -> list[str]:
    """Write a line for each scalable target, those first that changed most, and for all."""
    each, total = sum_each(found), sum_all(found)
    if total is None:
        return []
    each.sort(key=lambda sums: -abs(sums.new.late - sums.old.late))
    each.sort(key=lambda sums: -_weigh(sums, total))
    shown = each[:most] if len(each) > 1 else []
    rows = [_sums_row(sums) for sums in shown]
    rows.append(_sums_row(total if len(each) > 1 else each[0]))
    if len(each) > len(shown) and shown:
        rows.insert(-1, [f"{len(each) - len(shown):,} more", *[""] * 7])
    heads = ("", "hours" if total.new.cost is None else "cost", "Δ", "late", "Δ")
    return [_table((*heads, "Δ excess", "Δ changes/d", "Δ undone"), "lrrrrrrr", rows)]


def _weigh(sums: Sums, total: Sums) -> float:
    hours = abs(sums.new.instance_hours - sums.old.instance_hours)
    late = abs(sums.new.late - sums.old.late)
    return share(hours, total.old.instance_hours) + 10 * share(late, total.old.requests)


def _sums_row(sums: Sums) -> list[str]:
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
        f"**{'all' if sums.who == ALL else escape(sums.who)}**",
        f"{shown.format(costs[0])} → {shown.format(costs[1])}",
        tell_relative(*costs),
        f"{late[0]:.2%} → {late[1]:.2%}",
        f"**{tell_points(late[1] - late[0])}**",
        tell_points(excess[1] - excess[0]),
        tell_change(new.changes_a_day - old.changes_a_day, 1),
        tell_change(new.reversals - old.reversals, 0),
    ]


def _write_config(found: Diff, most: int) -> list[str]:
    rows = [[escape(cell) for cell in row] for row in tell_config(found)]
    if not rows:
        return []
    shown = rows[:most]
    if len(rows) > most:
        shown.append([f"{len(rows) - most:,} more", "", "", ""])
    title = f"What the config says otherwise ({len(rows):,})"
    return [_fold(title, _table(("scalable target", "field", "old", "new"), "llll", shown))]


def _write_moments(found: Diff, most: int) -> list[str]:
    shown = show_stretches(found, most)
    if not shown:
        return []
    heads = ("when", "demand/min", "capacity", "late", "cost", "why the old", "why the new")
    names = len({each.who for each in shown}) > 1
    rows = [_moment_row(each, names=names) for each in shown]
    title = tell_moments(len(found.stretches), len(shown))
    return [_fold(title, _table(heads, "lrrrrll", rows))]


def _moment_row(shown: Shown, *, names: bool) -> list[str]:
    who = f"**{escape(shown.who)}** " if names else ""
    return [
        f"{who}{escape(shown.when)}, {escape(shown.lasted)}",
        shown.demand,
        *(" → ".join(dict.fromkeys(each)) for each in (shown.capacity, shown.late, shown.cost)),
        *map(escape, shown.why),
    ]


def _fold(title: str, content: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{content}\n\n</details>"


def _table(heads: Sequence[str], sides: str, rows: Rows) -> str:
    lines = [_line(heads), _line(["---:" if side == "r" else "---" for side in sides])]
    return "\n".join([*lines, *map(_line, rows)])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
