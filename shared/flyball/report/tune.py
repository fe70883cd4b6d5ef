"""What did a search over policies find, in figures?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from flyball.config.space import Point
from flyball.core.codec import encode
from flyball.report.figures import counted, duration
from flyball.report.plain import plain
from flyball.sim.judge import DAY
from flyball.sim.tune import Part, Score, Tuned, Walk
from flyball.sim.tune.plain import SLACK_RATIO
from flyball.sim.tune.score import Tried, add_up
from flyball.sim.tune.search import Goal

HEADS = ("", "hours", "cost", "÷ best", "excess", "late", "changes/d")
WALK_HEADS = (
    "judged on",
    "late past",
    "future",
    "gap",
    "÷ best past",
    "future",
    "gap",
    "now: late",
    "÷ best",
)
NOW, CHOSEN = "now", "chosen"
NONE = "–"
AROUND = 1.25
"""What is shown is up to so many times as late as what has a name."""
MOST_ROWS = 12
"""Points of the frontier that are shown."""
OPTIMUM = "optimum"
FEW = 6
"""Of one peer, with other targets: so many are all shown."""
TENTH = re.compile(r":target=0\.\d$")


def tell_search(found: Tuned, goal: Goal, seed: int) -> list[tuple[str, str, str]]:
    """Say what was searched: what, its figure, and what stands beside it."""
    subject = found.asked.subject
    course, plant = subject.course, subject.plant
    scored = (len(course.demand) - subject.begin) * course.slot
    skipped = duration(subject.begin * course.slot)
    counts = f"{plain(subject.trace)}; {duration(scored)} count, after {skipped} to find its feet"
    leads = sorted(plant.leads)
    lead = duration(leads[0])
    if len(leads) > 1:
        lead = f"{lead}..{duration(leads[-1])}"
    tried = f"{counted(len(found.tried), 'point')} in {counted(found.rounds, 'round')}"
    lines = [
        ("trace", duration(len(course.demand) * course.slot), counts),
        ("capacity", f"{course.capacity_per_instance:,.12g}", "requests a minute of one instance"),
        ("lead time", lead, f"metrics {duration(plant.metric_delay)} late"),
        (
            "searched",
            counted(len(found.asked.dimensions), "field"),
            f"{tried}, by {goal.sampler}, seed {seed}",
        ),
        ("chosen", f"{found.chosen.score.late_ratio:.2%}", _tell_choice(found, goal)),
    ]
    return lines + [("note", "", plain(each, 300)) for each in (*subject.notes, *found.asked.notes)]


def frontier_rows(found: Tuned) -> list[tuple[str, ...]]:
    """Make the cells below HEADS: as it is, the frontier by its numbers, and who ran beside it."""
    price = found.asked.subject.scalable_target.price_per_hour
    rows = [_row(NOW, found.now.score, price)]
    shown = list_shown(found)
    rows += [_row(_number(found, each), found.frontier[each].score, price) for each in shown]
    if found.chosen not in found.frontier and found.chosen != found.now:
        rows.insert(1, _row(CHOSEN, found.chosen.score, price))
    return rows + [_row(plain(name), score, price) for name, score in list_peers(found)]


def list_shown(found: Tuned) -> list[int]:
    """Choose which points of the frontier are shown, by their index: the chosen one is.

    None is that is far later than now, what was chosen, and everybody else; nor one that what was
    chosen beats in both, since that was made plain after the search.
    """
    named = [found.now.score, found.chosen.score, *(score for _, score in list_peers(found))]
    most = AROUND * max(each.late_ratio for each in named)
    near = [
        n
        for n, each in enumerate(found.frontier)
        if each.score.late_ratio <= most and not _beats(found.chosen.score, each.score)
    ]
    if len(near) <= MOST_ROWS:
        return near
    spread = {near[round(each * (len(near) - 1) / (MOST_ROWS - 1))] for each in range(MOST_ROWS)}
    chosen = {each for each in near if found.frontier[each] == found.chosen}
    return sorted(spread | chosen)


def list_peers(found: Tuned) -> list[tuple[str, Score]]:
    """Choose which of the others are shown: of one with many targets each tenth, and the best."""
    best = {name for name, _ in find_best(found)}
    kinds = [name.partition(":")[0] for name, _ in found.peers]
    return [
        (name, score)
        for (name, score), kind in zip(found.peers, kinds, strict=True)
        if kinds.count(kind) <= FEW or name in best or TENTH.search(name)
    ]


def find_best(found: Tuned) -> list[tuple[str, Score]]:
    """Find the cheapest of each of the others within the same budget; who knows the future is none.

    Returns:
        The cheapest first.
    """
    fit = sorted(
        (score.hours, name, score)
        for name, score in found.peers
        if score.late_ratio <= found.late_budget and not name.startswith(OPTIMUM)
    )
    best: dict[str, tuple[str, Score]] = {}
    for _, name, score in fit:
        best.setdefault(name.partition(":")[0], (name, score))
    return list(best.values())


def field_rows(found: Tuned) -> list[tuple[str, str, str]]:
    """List each field that is to be another: its name, as it is, and as it is to be."""
    rows = []
    for each, index in zip(found.asked.dimensions, found.chosen.point, strict=True):
        if index != each.now:
            rows.append((plain(each.name), f"{each.values[each.now]}", f"{each.values[index]}"))
    return rows


def walk_rows(found: Tuned) -> list[tuple[str, ...]]:
    """Make the cells below WALK_HEADS; several futures have a row for all of them."""
    rows = [
        _walk_row(_name_days(found, walk.fold.future), walk.chosen.score, walk.future, walk.now)
        for walk in found.walks
    ]
    total = sum_futures(found)
    if total is not None and len(rows) > 1:
        past = add_up([walk.chosen.score for walk in found.walks])
        rows.append(_walk_row("all", past, *total))
    return rows


def sum_futures(found: Tuned) -> tuple[Score, Score] | None:
    """Add up the futures: of what was chosen, and of the config as it is; None: none was judged."""
    known = [(each.future, each.now) for each in found.walks if each.future and each.now]
    if not known:
        return None
    return add_up([future for future, _ in known]), add_up([now for _, now in known])


def tell_verdict(found: Tuned, goal: Goal) -> str:
    """Say in a sentence or two what the choice is worth on days that it had not seen."""
    total = sum_futures(found)
    if found.chosen == found.now and not found.walks:
        return "Nothing that was tried is better than what is there."
    if total is None:
        return "No day was kept to judge the choice: it may fit these days alone."
    future, now = total
    change = future.hours / now.hours - 1 if now.hours else 0.0
    cost = f"{abs(change):.1%} {'less' if change < 0 else 'more'} than now"
    if f"{abs(change):.1%}" == "0.0%":
        cost = "as much as now"
    late = f"{future.late_ratio:.2%} of requests were late in place of {now.late_ratio:.2%}"
    said = f"On days that it had not seen, what was chosen before them cost {cost}, and {late}."
    if goal.late_budget is not None:
        over = sum(each.future.late_ratio > goal.late_budget for each in found.walks if each.future)
        kept = f"{goal.late_budget:.2%} was kept"
        said += f" {kept} on {len(found.walks) - over} of {len(found.walks)} futures."
    return said


def tell_peer(found: Tuned) -> str:
    """Say who of the others is the cheapest within the same budget."""
    best = find_best(found)
    if not best:
        return ""
    name, score = best[0]
    chosen = found.chosen.score
    change = chosen.hours / score.hours - 1 if score.hours else 0.0
    word = "less" if change < 0 else "more"
    return (
        f"The cheapest of the others within {found.late_budget:.2%}, chosen in hindsight, is "
        f"{plain(name)} ({score.late_ratio:.2%} late); what was chosen costs "
        f"{abs(change):.1%} {word}."
    )


def as_json(found: Tuned, goal: Goal, seed: int) -> dict[str, object]:
    """Give everything."""
    subject = found.asked.subject
    return {
        "scalable_target_id": subject.scalable_target.id,
        "trace": subject.trace,
        "start": encode(subject.course.start),
        "slots": len(subject.course.demand),
        "capacity_per_instance": subject.course.capacity_per_instance,
        "seed": seed,
        "sampler": goal.sampler,
        "late_budget": goal.late_budget,
        "rounds": found.rounds,
        "fields": [
            {"name": each.name, "values": list(each.values), "now": each.values[each.now]}
            for each in found.asked.dimensions
        ],
        "now": _encode(found, found.now),
        "chosen": _encode(found, found.chosen) | {"changed": [row[0] for row in field_rows(found)]},
        "frontier": [_encode(found, each) for each in found.frontier],
        "tried": [_encode(found, each) for each in found.tried],
        "peers": [{"name": name} | _figures(found, score) for name, score in found.peers],
        "walk_forward": [_encode_walk(found, each) for each in found.walks],
        "notes": [*subject.notes, *found.asked.notes],
    }


def _tell_choice(found: Tuned, goal: Goal) -> str:
    if found.chosen.score.late_ratio > found.late_budget:
        return f"late: nothing that was tried keeps {found.late_budget:.2%}; this is the least"
    limit = "no later than now" if goal.late_budget is None else f"within {goal.late_budget:.2%}"
    if found.chosen == found.now:
        return f"late: as it is, which is the cheapest {limit}"
    if found.chosen in found.frontier:
        number = found.frontier.index(found.chosen) + 1
        return f"late: number {number} below, the cheapest {limit}"
    return f"late: the cheapest {limit}, without changes that are worth less than {SLACK_RATIO:.1%}"


def _beats(one: Score, other: Score) -> bool:
    """Say whether one is no dearer and no later, and not the same in both."""
    mine, its = (one.hours, one.late_ratio), (other.hours, other.late_ratio)
    return mine != its and mine[0] <= its[0] and mine[1] <= its[1]


def _number(found: Tuned, index: int) -> str:
    marks = [f"{index + 1}"]
    if found.frontier[index] == found.chosen:
        marks.append(CHOSEN)
    if found.frontier[index] == found.now:
        marks.append(NOW)
    return " ".join(marks)


def _row(name: str, score: Score, price: float | None) -> tuple[str, ...]:
    return (
        name,
        f"{score.hours:,.1f}",
        NONE if price is None else f"{score.hours * price:,.2f}",
        f"{score.cost_ratio:.3f}",
        f"{score.excess / score.requests:.2%}" if score.requests else NONE,
        f"{score.late_ratio:.2%}",
        f"{score.changes_a_day:,.1f}",
    )


def _walk_row(name: str, past: Score, future: Score | None, now: Score | None) -> tuple[str, ...]:
    late, cost = f"{past.late_ratio:.2%}", f"{past.cost_ratio:.3f}"
    if future is None or now is None:
        return (name, late, NONE, NONE, cost, NONE, NONE, NONE, NONE)
    return (
        name,
        late,
        f"{future.late_ratio:.2%}",
        f"{_sign(100 * (future.late_ratio - past.late_ratio), 2)} pp",
        cost,
        f"{future.cost_ratio:.3f}",
        _sign(future.cost_ratio - past.cost_ratio, 3),
        f"{now.late_ratio:.2%}",
        f"{now.cost_ratio:.3f}",
    )


def _sign(value: float, places: int) -> str:
    text = f"{abs(value):.{places}f}"
    return f"{'−' if value < 0 and float(text) else '+'}{text}"


def _name_days(found: Tuned, part: Part) -> str:
    course = found.asked.subject.course
    begin, end = (course.start + each * course.slot for each in part)
    form = "%Y-%m-%d" if (end - begin) >= DAY else "%Y-%m-%d %H:%M"
    last = end - course.slot
    first, until = f"{begin:{form}}", f"{last:{form}}"
    return first if first == until else f"{first} – {until.removeprefix(f'{begin:%Y-}')}"


def _encode(found: Tuned, tried: Tried) -> dict[str, Any]:
    return {"values": dict(_name_values(found, tried.point))} | _figures(found, tried.score)


def _name_values(found: Tuned, point: Point) -> Iterator[tuple[str, object]]:
    for each, index in zip(found.asked.dimensions, point, strict=True):
        yield each.name, each.values[index]


def _figures(found: Tuned, score: Score) -> dict[str, Any]:
    price = found.asked.subject.scalable_target.price_per_hour
    return {
        "instance_hours": score.hours,
        "cost": None if price is None else score.hours * price,
        "clairvoyant_ratio": score.cost_ratio,
        "late_ratio": score.late_ratio,
        "changes_a_day": score.changes_a_day,
    }


def _encode_walk(found: Tuned, walk: Walk) -> dict[str, Any]:
    course = found.asked.subject.course
    begin, end = (encode(course.start + each * course.slot) for each in walk.fold.future)
    sides = {"future": walk.future, "now": walk.now}
    return {
        "past_start": encode(course.start + walk.fold.past.begin * course.slot),
        "start": begin,
        "end": end,
        "chosen": _encode(found, walk.chosen),
        **{key: None if each is None else _figures(found, each) for key, each in sides.items()},
    }
