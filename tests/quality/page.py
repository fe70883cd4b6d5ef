"""How does docs/quality.md tell what was measured?"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from flyball.sim.judge import Marks
from tests.quality.shapes import SHAPES
from tests.quality.study import LATE_BUDGET, PEERS, TARGET, Best, Study

TITLES = {"aws": "AWS target tracking", "hpa": "Kubernetes HPA"}
CHANGES_LIMIT = 1.5
PAGE = """\
# What the policies cost, and how many they let wait

*Written by `{command}`; do not edit.*

Every course below runs through the production controller with one config, the same for all: a
budget of {budget:.0%} of requests that may be late, and what one instance carries, which is the
course's 99.95th percentile ÷ 20. An order is in service four minutes later, metrics come a minute
late, and nobody has more than the highest minute needs. The first day is not scored; of a course
of less than two days, the first hour. [The rules](backtest.md#the-rules) are those of a backtest.

**÷ best** is what was billed, divided by what somebody who knows the future would have paid
without letting anybody wait. **late** is the share of requests that came over capacity, or behind
others who waited. Recorded traffic is by its file's name; the rest is generated
([shapes](../tests/quality/shapes.py)), each shape one reason for which autoscalers fail.

## One config, and what hindsight would have chosen for others

A peer's target was chosen after the fact, for each course by itself: the cheapest of {targets}
that is late no more than our policy was. Nobody has that in production. *cost* is ours divided by
theirs; a dash says that no target was late so little.

{hindsight}

{verdict}

## Beside what users run today

AWS target tracking at {target:.0%} of an instance's capacity, and one size for the highest minute.

{today}

## Where a budget is not kept, and whether it could be

{unkept}

## What prediction adds to tracking

Target tracking at {target:.0%} alone, and with `kind: predictive` beside it, which only ever asks
for more.

{predictive}

{useless}
"""


def write(studies: Sequence[Study], command: str, targets: int) -> str:
    """Write the page.

    Args:
        studies: In the order in which they are shown.
        command: That wrote it.
        targets: How many a peer could choose from.
    """
    return PAGE.format(
        command=command,
        budget=LATE_BUDGET,
        targets=f"{targets} targets",
        target=TARGET,
        hindsight=_tell_hindsight(studies),
        verdict=_tell_verdict(studies),
        today=_tell_today(studies),
        unkept=_tell_unkept(studies),
        predictive=_tell_predictive(studies),
        useless=_tell_useless(studies),
    )


def _table(head: str, rows: Iterable[str]) -> str:
    titles = [title.strip() for title in head.split("|")]
    rule = ["---", *("---:" for _ in titles[1:])]
    return "\n".join([_row(titles), _row(rule), *rows])


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _tell_hindsight(studies: Sequence[Study]) -> str:
    head = "traffic | days | most | ÷ best | late | " + " | ".join(
        f"{TITLES[peer]} | at | cost" for peer in PEERS
    )
    rows = []
    for study in studies:
        ours = study.ours["adaptive"]
        cells = [study.name, f"{study.days:.3g}", f"{study.most}", *_marks(ours)]
        for peer in PEERS:
            best = study.alike[peer]
            if best is None:
                cells += ["—", "—", "—"]
            else:
                cost = _compare(ours, best.marks)
                cells += [
                    f"{best.marks.clairvoyant_ratio:.3f}",
                    f"{best.target:.0%}",
                    f"{cost:.3f}",
                ]
        rows.append(_row(cells))
    return _table(head, rows)


def _tell_verdict(studies: Sequence[Study]) -> str:
    parts = []
    for peer in PEERS:
        recorded = _compare_all([study for study in studies if study.name not in SHAPES], peer)
        found = _compare_all(studies, peer)
        if found:
            dearer = sum(cost > 1.0 for cost in found)
            files = f", and {_mean(recorded):.3f} in that of the recorded ones" if recorded else ""
            parts.append(
                f"Beside the best target of {TITLES[peer]} our policy costs {_mean(found):.3f} in "
                f"the geometric mean of {len(found)} courses{files}; it is dearer on {dearer}."
            )
    return "\n\n".join(parts)


def _compare_all(studies: Iterable[Study], peer: str) -> list[float]:
    """Say what our policy costs beside a peer's best target, for each course that has one."""
    return [
        _compare(study.ours["adaptive"], best.marks)
        for study in studies
        if (best := study.alike[peer]) is not None
    ]


def _tell_today(studies: Sequence[Study]) -> str:
    head = (
        "traffic | ÷ best | late | changes/d | AWS ÷ best | late | changes/d | one size ÷ best "
        "| changes ÷ AWS"
    )
    rows = []
    for study in studies:
        ours, tracked = study.ours["adaptive"], study.tracked
        changes = (
            f"{ours.changes_a_day / tracked.changes_a_day:.2f}" if tracked.changes_a_day else "—"
        )
        cells = [study.name]
        for marks in (ours, tracked):
            cells += [*_marks(marks), f"{marks.changes_a_day:.0f}"]
        rows.append(_row([*cells, f"{study.static.clairvoyant_ratio:.2f}", changes]))
    return _table(head, rows)


def _tell_unkept(studies: Sequence[Study]) -> str:
    unkept = [study for study in studies if study.ours["adaptive"].late_ratio > LATE_BUDGET]
    if not unkept:
        return "Everywhere it is kept."
    head = "traffic | ÷ best | late | " + " | ".join(
        f"{TITLES[peer]} within {LATE_BUDGET:.0%}" for peer in PEERS
    )
    rows = []
    for study in unkept:
        best = [_tell_best(study.within[peer]) for peer in PEERS]
        rows.append(_row([study.name, *_marks(study.ours["adaptive"]), *best]))
    return _table(head, rows)


def _tell_best(best: Best | None) -> str:
    if best is None:
        return "no target"
    return f"{best.marks.clairvoyant_ratio:.3f} at {best.target:.0%}"


def _tell_predictive(studies: Sequence[Study]) -> str:
    rows = []
    for study in studies:
        alone, ahead = study.ours["tracking"], study.ours["predictive"]
        cost = _compare(ahead, alone)
        later = ahead.late_ratio - alone.late_ratio + 0.0
        cells = [study.name, *_marks(alone), *_marks(ahead), f"{cost - 1:+.1%}", f"{later:+z.2%}"]
        rows.append(_row(cells))
    return _table("traffic | ÷ best | late | with it ÷ best | late | cost | late", rows)


def _tell_useless(studies: Sequence[Study]) -> str:
    useless = [
        study.name
        for study in studies
        if study.ours["tracking"].late_ratio - study.ours["predictive"].late_ratio < 5e-5
    ]
    if not useless:
        return "It lets fewer wait everywhere."
    return f"It adds nothing on {', '.join(useless)}: not one request in ten thousand waits less."


def _marks(marks: Marks) -> tuple[str, str]:
    return f"{marks.clairvoyant_ratio:.3f}", f"{marks.late_ratio:.2%}"


def _compare(ours: Marks, theirs: Marks) -> float:
    return ours.instance_hours / theirs.instance_hours


def _mean(ratios: Sequence[float]) -> float:
    return math.exp(math.fsum(map(math.log, ratios)) / len(ratios))
