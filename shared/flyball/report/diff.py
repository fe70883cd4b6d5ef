"""What would a change of policy have done, in words and figures?"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from flyball.config.amended import Pair
from flyball.core.target import ScalableTarget
from flyball.report.backtest import NONE, Line, add_up, line_of, tell_subject
from flyball.report.figures import counted, duration, instant, number
from flyball.report.limit import ALL, EACH, SHARES, Limit, LimitError, Verdict, judge_limit, relate
from flyball.report.limit import share as share_of
from flyball.report.plain import plain
from flyball.report.sentences import REASONS, because, headline
from flyball.sim.backtest import Backtest
from flyball.sim.diff import Compared, Diff
from flyball.sim.stretch import Side, Stretch

HEADS = ("", "hours", "cost", "÷ best", "excess", "late", "changes/d", "undone")
ADDED, REMOVED, RENAMED, KEPT = "added", "removed", "renamed", "kept"
SAME = "No difference: both configs say the same."
NAMED = 10
SMALLEST = 0.005
"""Below half a cent it costs the same."""


class Sums(NamedTuple):
    """What both configs came to.

    Attributes:
        who: A scalable target's id, or ALL.
        old: The old config's.
        new: The new one's.
    """

    who: str
    old: Line
    new: Line


class Shown(NamedTuple):
    """A moment, in words.

    Attributes:
        who: The scalable target.
        when: From and to, UTC.
        lasted: How long.
        demand: Least to most requests of a minute.
        capacity: What was paid for, of the old and the new.
        late: Requests, as capacity.
        cost: As capacity; hours where there is no price.
        change: Of late requests and cost, in words.
        why: As capacity.
    """

    who: str
    when: str
    lasted: str
    demand: str
    capacity: tuple[str, str]
    late: tuple[str, str]
    cost: tuple[str, str]
    change: str
    why: tuple[str, str]


def sum_each(found: Diff) -> list[Sums]:
    """Give the sums of each scalable target that both configs have."""
    return [
        Sums(new.subject.scalable_target.id, line_of(old.ours), line_of(new.ours))
        for old, new in found.both
    ]


def sum_all(found: Diff) -> Sums | None:
    """Add up those that both configs have; None: there is none."""
    if not found.both:
        return None
    old = add_up([each[0] for each in found.both])[0]
    return Sums(ALL, old, add_up([each[1] for each in found.both])[0])


def judge_limits(found: Diff, limits: Iterable[Limit]) -> list[Verdict]:
    """Hold each limit against whom it is for.

    Raises:
        LimitError: It is for nobody that both configs have, or there is no price.
    """
    each, total = sum_each(found), sum_all(found)
    known = {sums.who: sums for sums in each}
    verdicts = []
    for limit in limits:
        chosen = {ALL: [total] if total else [], EACH: each}.get(limit.who)
        if chosen is None:
            if limit.who not in known:
                names = ", ".join(list(known)[:5]) or "none"
                message = f"{limit.text}: both configs have no {limit.who!r}; they have {names}"
                raise LimitError(message)
            chosen = [known[limit.who]]
        if not chosen:
            raise LimitError(f"{limit.text}: both configs have no scalable target that was run")
        verdicts += [judge_limit(limit, sums.who, sums.old, sums.new) for sums in chosen]
    return verdicts


def sum_rows(sums: Sums) -> list[tuple[str, ...]]:
    """Make the cells below HEADS: old, new, the change, and the change in percent."""
    old, new = sums.old, sums.new
    best = [share_of(each.instance_hours, each.clairvoyant_hours) for each in (old, new)]
    shares = [list_shares(each) for each in (old, new)]
    cost = None if old.cost is None or new.cost is None else (old.cost, new.cost)
    change = (
        "change",
        tell_change(new.instance_hours - old.instance_hours, 1),
        NONE if cost is None else tell_change(cost[1] - cost[0], 2),
        tell_change(best[1] - best[0], 3),
        *(tell_points(b - a) for a, b in zip(*shares, strict=True)),
        tell_change(new.changes_a_day - old.changes_a_day, 1),
        tell_change(new.reversals - old.reversals, 0),
    )
    relative = (
        "in %",
        tell_relative(old.instance_hours, new.instance_hours),
        NONE if cost is None else tell_relative(*cost),
        tell_relative(*best),
        tell_relative(old.excess, new.excess),
        tell_relative(old.late, new.late),
        tell_relative(old.changes_a_day, new.changes_a_day),
        tell_relative(old.reversals, new.reversals),
    )
    return [line_row("old", old), line_row("new", new), change, relative]


def line_row(name: str, line: Line) -> tuple[str, ...]:
    """Make the cells of one row below HEADS."""
    best = share_of(line.instance_hours, line.clairvoyant_hours)
    return (
        name,
        f"{line.instance_hours:,.1f}",
        NONE if line.cost is None else f"{line.cost:,.2f}",
        f"{best:.3f}",
        *(f"{each:.2%}" for each in list_shares(line)),
        f"{line.changes_a_day:,.1f}",
        f"{line.reversals:,}",
    )


def tell_config(found: Diff) -> Iterator[tuple[str, str, str, str]]:
    """Say what the configs say otherwise: scalable target, field, old and new."""
    for each in found.targets:
        kind, name = tell_kind(each.pair), plain(name_pair(each.pair))
        if kind == RENAMED and each.pair.old:
            yield name, "id", plain(each.pair.old.id), name
        elif kind != KEPT:
            yield name, kind, "", ""
        for amended in each.amended:
            if amended.name != "id":
                yield name, plain(amended.name), plain(amended.old), plain(amended.new)


def tell_kind(pair: Pair) -> str:
    """Say what became of a scalable target, in a word."""
    if pair.old is None or pair.new is None:
        return ADDED if pair.old is None else REMOVED
    return RENAMED if pair.renamed else KEPT


def name_pair(pair: Pair) -> str:
    """Give the id that it has, or had at last."""
    last = pair.new or pair.old
    return last.id if last else ""


def tell_verdict(found: Diff) -> str:
    """Say in a sentence or two what the change would have done."""
    total = sum_all(found)
    if total is None:
        return "No scalable target that both configs have was run: there is nothing to compare."
    if not found.is_amended:
        return SAME
    if not found.stretches and total.old == total.new:
        return "The configs differ, and on this traffic they decide alike."
    return f"The new config {_tell_cost(total)}, and {_tell_late(total)}."


def tell_limit(verdict: Verdict) -> str:
    """Say what came of a limit."""
    value, limit = verdict.value, verdict.limit
    if limit.field in SHARES:
        text = tell_points(value) if limit.is_change else f"{value:.2%}"
    elif limit.is_change:
        text = tell_ratio(value) if limit.is_relative else tell_change(value, 2)
    else:
        text = f"{value:,.2f}"
    who = "" if verdict.who == ALL else f" of {plain(verdict.who)}"
    said = "exceeded" if verdict.is_exceeded else "kept"
    return f"{plain(limit.text)}{who}: {text}, {said}"


def show_stretches(found: Diff, most: int | None = None) -> list[Shown]:
    """Say the moments that mattered most; None: as many as are to be told."""
    most = found.told if most is None else most
    pairs = {name_pair(each.pair): each for each in found.targets}
    return [_show(each, pairs[each.scalable_target_id]) for each in found.stretches[:most]]


def tell_moments(count: int, shown: int) -> str:
    """Say how many moments are told, of how many, above them."""
    more = f", of {count:,}" if count > shown else ""
    return f"The {'moment' if shown == 1 else f'{shown} moments'} that mattered most{more}"


def tell_run(found: Diff) -> list[tuple[str, str, str]]:
    """Say how each scalable target was run: what, its figure, and what stands beside it."""
    lines = []
    several = len(found.targets) > 1
    for each in found.targets:
        if several and (each.old or each.new):
            lines.append((plain(name_pair(each.pair)), "", ""))
        lines += tell_target(each)
    return lines + tell_left(found)


def tell_left(found: Diff) -> list[tuple[str, str, str]]:
    """Say on one line which scalable targets were not run."""
    left = [plain(name_pair(each.pair)) for each in found.targets if not (each.old or each.new)]
    if not left:
        return []
    more = f" and {len(left) - NAMED:,} more" if len(left) > NAMED else ""
    return [("not run", f"{len(left):,}", f"no trace: {', '.join(left[:NAMED])}{more}")]


def tell_target(each: Compared) -> list[tuple[str, str, str]]:
    """Say how one scalable target was run; nothing, where it was not."""
    run = each.new or each.old
    if run is None:
        return []
    told = [line for line in tell_subject(run) if line[0] not in {"decisions", "note"}]
    return told + [("note", "", plain(note, 300)) for note in list_notes(each)]


def list_notes(each: Compared) -> list[str]:
    """List what was simulated otherwise than a config says; of both but once."""
    runs = [run for run in (each.old, each.new) if run]
    return list(dict.fromkeys(note for run in runs for note in run.notes))


def list_peers(found: Backtest) -> list[tuple[str, ...]]:
    """Make the cells below HEADS of those that ran beside it."""
    return [line_row(each.name, line_of(each)) for each in found.peers]


def tell_change(value: float, digits: int) -> str:
    """Write a change: +1.5, −3, or 0."""
    text = f"{abs(value):,.{digits}f}"
    if not float(text.replace(",", "")):
        return "0"
    return f"{'+' if value > 0 else '−'}{text}"


def tell_points(value: float) -> str:
    """Write a change of a share in percentage points."""
    text = tell_change(100 * value, 2)
    return text if text == "0" else f"{text} pp"


def tell_relative(old: float, new: float) -> str:
    """Write a change in percent of the old value."""
    return tell_ratio(relate(new - old, old))


def tell_ratio(ratio: float) -> str:
    """Write a change of 0.05 as +5.0%."""
    if math.isinf(ratio):
        return NONE
    text = tell_change(100 * ratio, 1)
    return text if text == "0" else f"{text}%"


def list_shares(line: Line) -> tuple[float, float]:
    """Give excess and late as shares of the requests, 0–1."""
    return share_of(line.excess, line.requests), share_of(line.late, line.requests)


def _tell_cost(sums: Sums) -> str:
    old, new = sums.old, sums.new
    if old.cost is None or new.cost is None:
        change, before = new.instance_hours - old.instance_hours, old.instance_hours
        verb, unit = "takes", " instance hours"
    else:
        change, before, verb, unit = new.cost - old.cost, old.cost, "costs", ""
    if abs(change) < SMALLEST:
        return "costs the same"
    more = "more" if change > 0 else "less"
    ratio = tell_ratio(relate(change, before))
    return f"{verb} {abs(change):,.2f}{unit} {more} ({ratio})"


def _tell_late(sums: Sums) -> str:
    change = round(sums.new.late - sums.old.late)
    shares = [share_of(each.late, each.requests) for each in (sums.old, sums.new)]
    if not change:
        return f"as many requests are late ({shares[1]:.2%})"
    more = "more" if change > 0 else "fewer"
    verb = "is" if abs(change) == 1 else "are"
    what = f"{counted(abs(change), f'{more} request')} {verb} late"
    return f"{what}: {shares[1]:.2%} in place of {shares[0]:.2%}"


def _show(stretch: Stretch, of: Compared) -> Shown:
    sides = (stretch.old, stretch.new)
    priced = all(side.cost is not None for side in sides)
    costs = [(side.cost or 0.0) if priced else side.instance_hours for side in sides]
    unit = "" if priced else " h"
    late = round(stretch.new.late - stretch.old.late)
    word = "fewer" if late < 0 else "more"
    change = f"{abs(late):,} {word} late, " if late else ""
    demand = NONE
    if stretch.least is not None and stretch.most is not None:
        demand = _span(stretch.least, stretch.most)
    since = instant(stretch.start, zone=False)
    pairs = zip(sides, of.pair, strict=True)
    reasons = [tell_side(side, target, stretch) for side, target in pairs]
    return Shown(
        plain(stretch.scalable_target_id),
        f"{since}–{instant(stretch.end, stretch.start)}",
        duration(stretch.end - stretch.start),
        demand,
        (_span(stretch.old.least, stretch.old.most), _span(stretch.new.least, stretch.new.most)),
        (f"{stretch.old.late:,.0f}", f"{stretch.new.late:,.0f}"),
        (f"{costs[0]:,.2f}{unit}", f"{costs[1]:,.2f}{unit}"),
        f"{change}cost {tell_change(costs[1] - costs[0], 2)}{unit}",
        (reasons[0], reasons[1]),
    )


def _span(least: float, most: float) -> str:
    return number(least) if least == most else f"{number(least)}–{number(most)}"


def tell_side(side: Side, target: ScalableTarget | None, stretch: Stretch) -> str:
    """Say why a side had what it had."""
    decision = side.decision
    if decision is not None:
        at = instant(decision.at, stretch.start, zone=False)
        return f"{at} {headline(decision)}: {because(decision, target)}"
    if side.reason is not None:
        return f"at first: {REASONS[side.reason]}"
    return "at first nothing woke it"
