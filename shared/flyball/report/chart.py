"""How is a series of numbers drawn in a few lines of text?"""

from __future__ import annotations

from collections.abc import Sequence

BLOCKS = " ▁▂▃▄▅▆▇█"
LEVELS = len(BLOCKS) - 1


def fit(values: Sequence[float | None], width: int, total: int) -> list[float | None]:
    """Fold a series into columns, each the most of what falls in it.

    Args:
        values: Those that are there so far, shape (n,), n <= total; None is a gap.
        width: Columns, 1 or more.
        total: How many values there will be.

    Returns:
        At most `width` columns, as far as the values reach; None where all are gaps.
    """
    columns: list[float | None] = []
    for column in range(width):
        start, end = column * total // width, max((column + 1) * total // width, 1)
        end = max(end, start + 1)
        if start >= len(values):
            break
        known = [value for value in values[start:end] if value is not None]
        columns.append(max(known) if known else None)
    return columns


def draw(columns: Sequence[float | None], top: float, height: int) -> list[str]:
    """Draw columns as blocks.

    Args:
        columns: Values of 0 or more; None leaves a blank.
        top: The value that fills the whole height.
        height: Lines, 1 or more.

    Returns:
        Lines from the top one down, each as long as there are columns.
    """
    steps = [_steps(value, top, height) for value in columns]
    return [
        "".join(BLOCKS[min(max(step - line * LEVELS, 0), LEVELS)] for step in steps)
        for line in reversed(range(height))
    ]


def _steps(value: float | None, top: float, height: int) -> int:
    """Say how many eighths of a line a value is high; what is there is seen."""
    if value is None or value <= 0 or top <= 0:
        return 0
    return max(1, round(min(value / top, 1.0) * height * LEVELS))
