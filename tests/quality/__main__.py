"""Measure the policies on recorded and generated traffic, and write docs/quality.md.

make quality TRACES="one.csv two.csv"     # several minutes on each core

Without TRACES the generated shapes alone are measured, and printed in place of being written.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from pathlib import Path

from flyball.sim.judge import Marks
from flyball.sim.slots import Course, course_of
from flyball.sim.trace import read_trace
from tests.quality.page import write
from tests.quality.shapes import SHAPES, generate
from tests.quality.study import TARGETS, Task, measure, plan, summarize

PAGE = Path(__file__).parents[2] / "docs" / "quality.md"
COMMAND = 'make quality TRACES="…"'
STEP = 50


@cache
def find_course(name: str, paths: tuple[str, ...]) -> Course:
    """Read a course by its name: of a file, or of a shape."""
    for path in map(Path, paths):
        if path.stem == name:
            return course_of(read_trace(path))
    return course_of(generate(name))


def carry_out(task: Task, paths: tuple[str, ...]) -> Marks:
    """Measure one policy on one course."""
    return measure(find_course(task.course, paths), task.policy)


def main(paths: Sequence[str]) -> int:
    """Measure everything on all cores, and write the page."""
    files = tuple(paths)
    names = [*(Path(path).stem for path in files), *SHAPES]
    tasks = plan(names)
    found: dict[str, dict[str, Marks]] = {name: {} for name in names}
    with ProcessPoolExecutor() as pool:
        results = pool.map(partial(carry_out, paths=files), tasks, chunksize=1)
        for index, (task, marks) in enumerate(zip(tasks, results, strict=True)):
            found[task.course][task.policy] = marks
            if index % STEP == 0:
                sys.stderr.write(f"\r{index:,} of {len(tasks):,}")
    sys.stderr.write(f"\r{len(tasks):,} runs done\n")
    studies = [summarize(name, find_course(name, files), found[name]) for name in names]
    page = write(studies, COMMAND, len(TARGETS))
    if files:
        PAGE.write_text(page)
    else:
        sys.stdout.write(page)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
