"""How do our forecasts and a library's do beside the last value, on recorded and generated traffic?

make bench-forecast TRACES="one.csv two.csv"     # half an hour; needs flyball[forecast]

The tables in docs/forecast.md are written between their two marks. Without TRACES, or with
anything missing, what was found is printed in place of being written.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from flyball.report.forecast import Compared
from flyball.sim.forecast.compare import LAST, Question, Row
from flyball.sim.forecast.contest import contest
from flyball.sim.forecast.library import load
from flyball.sim.slots import Plant, course_of
from flyball.sim.trace import Trace, read_trace
from tests.quality.shapes import DAY_MINUTES, SHAPES, generate

PAGE = Path(__file__).parents[2] / "docs" / "forecast.md"
BEGIN = "<!-- measured: make bench-forecast -->"
END = "<!-- end of what was measured -->"
FILE_DAYS, SHAPE_DAYS = 14, 7
"""So much of each is measured, from its beginning: a library's models take most of the time."""
MODELS = ("ets", "naive", "mstl")
NONE = "–"


def main(paths: Sequence[str]) -> int:
    """Measure everything on all cores, and write the page's tables."""
    try:
        load()
    except ImportError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    names = [*paths, *SHAPES]
    found = []
    with ProcessPoolExecutor() as pool:
        for each in pool.map(partial(measure, models=MODELS), names):
            found.append(each)
            sys.stderr.write(f"{each.name}: {len(found)} of {len(names)}\n")
    text = "\n".join(write(found))
    before, begin, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if paths and begin and end:
        PAGE.write_text(f"{before}{begin}\n\n{text}\n{end}{after}", encoding="utf-8")
    else:
        sys.stdout.write(f"{text}\n")
    return 0


def measure(name: str, models: Sequence[str]) -> Compared:
    """Compare all forecasters on a file, or on a shape."""
    is_shape = name in SHAPES
    trace = generate(name) if is_shape else read_trace(Path(name))
    days = SHAPE_DAYS if is_shape else FILE_DAYS
    trace = Trace(trace.start, trace.requests[: days * DAY_MINUTES])
    course = course_of(trace)
    most = max(1, *(math.ceil(each or 0.0) for each in course.loads()))
    question = Question(course, Plant(max_capacity=most))
    return Compared(
        Path(name).stem, question, *contest(question, models, load(), time.process_time)
    )


def write(found: Sequence[Compared]) -> list[str]:
    """Write the three tables."""
    names = [row.name for row in found[0].rows if row.name != LAST]
    lines = [
        "**Loss ÷ the last value's** (and the share of minutes under the forecast: 90 % is right)"
    ]
    lines += [
        "",
        f"| traffic | {LAST} | {' | '.join(names)} |",
        f"|---|{'---|' * (len(names) + 1)}",
    ]
    for each in found:
        cells = [_tell_loss(row) for row in each.rows]
        lines.append(f"| {each.name} | {' | '.join(cells)} |")
    heads = ("tracking alone", *names)
    lines += ["", "**÷ best; late**, and late of tracking alone at the same cost", ""]
    lines += [f"| traffic | {' | '.join(heads)} |", f"|---|{'---|' * len(heads)}"]
    for each in found:
        cells = [_tell_cost(row) for row in each.rows]
        lines.append(f"| {each.name} | {' | '.join(cells)} |")
    lines += [
        "",
        "**Fitting**, seconds on one core",
        "",
        "| model | fits | mean |",
        "|---|---|---|",
    ]
    for name in names:
        fits = [each.fits[name] for each in found if name in each.fits]
        count = sum(one.number for one in fits)
        if count:
            lines.append(f"| {name} | {count:,} | {sum(one.total_s for one in fits) / count:.2f} |")
    return [*lines, ""]


def _tell_loss(row: Row) -> str:
    if row.loss_ratio is None:
        return NONE
    return f"{row.loss_ratio:.2f} ({row.under_ratio:.1%})"


def _tell_cost(row: Row) -> str:
    text = f"{row.marks.clairvoyant_ratio:.2f}; {row.marks.late_ratio:.2%}"
    if row.name == LAST:
        return text
    if not row.trusted_ratio:
        return "not trusted"
    same = row.same_cost_late_ratio
    return f"{text} ({NONE if same is None else f'{same:.2%}'})"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
