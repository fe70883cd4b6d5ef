"""How does a page's content travel inside it, in few bytes and without a way out of its element?

Columns of numbers are bytes in base64, whole numbers where they fit; the rest is JSON in which no
character can end the element that holds it.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence

from flyball.report.page.model import Chart, Days, Mark, Page, Point, Series, Subject
from flyball.report.page.reach import find_edge, find_reach

WIDTHS = (1, 2)
"""Bytes of a value; all bits set: not known."""
LATE_STEPS = 254

Value = float | None
_FIGURE = re.compile(r"([0-9]+(?:[.,][0-9]+)*)")
_ESCAPES = {ord(each): f"\\u{ord(each):04x}" for each in "<>&'\u2028\u2029"}


def encode(page: Page) -> str:
    """Write what a page's script reads, as ASCII that may stand in a script element."""
    content = {"subjects": [_subject(each) for each in page.subjects]}
    return write(content)


def write(content: object) -> str:
    """Write JSON that cannot end the element in which it stands."""
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    return text.translate(_ESCAPES)


def column(values: Sequence[Value], steps: int = 0, unit: float = 0.0) -> dict[str, object]:
    """Write a column: its one value, or bytes with what a unit of them is worth.

    Args:
        values: 0 or more each, or None.
        steps: So many to 1, rounded up so that little is not nothing; 0: as many as there are.
        unit: What one of them is worth; 0: what suits the values.
    """
    if len(set(values)) == 1:
        return {"c": values[0]}
    known = [value for value in values if value is not None]
    most = max(known, default=0.0)
    unit = unit or (1 / steps if steps else _unit(known, most))
    width = WIDTHS[0] if round(most / unit) < 2**8 - 1 else WIDTHS[1]
    unknown = 2 ** (8 * width) - 1
    rounded = math.ceil if steps else round
    numbers = (unknown if value is None else rounded(value / unit) for value in values)
    packed = b"".join(each.to_bytes(width, "little") for each in numbers)
    return {"w": width, "k": unit, "b": base64.b64encode(packed).decode("ascii")}


class Phrases:
    """Texts that differ in their figures alone share what is around these.

    Attributes:
        around: Of each phrase, the texts before, between and after its figures.
    """

    def __init__(self) -> None:
        self.around: list[list[str]] = []
        self._known: dict[tuple[str, ...], int] = {}

    def add(self, text: str) -> str:
        """Write a text as the number of its phrase and its figures."""
        parts = _FIGURE.split(text)
        around = tuple(parts[::2])
        if around not in self._known:
            self._known[around] = len(self.around)
            self.around.append(list(around))
        return "|".join([str(self._known[around]), *parts[1::2]])


def encode_mark(mark: Mark, phrases: Phrases) -> list[object]:
    """Write a decision, as short as can be."""
    return [mark.slot, mark.step, *(phrases.add(text) for text in (mark.headline, *mark.why))]


def encode_series(series: Series, *, single: bool) -> list[dict[str, object]]:
    """Write a row of values: one column where each bucket is a slot, else three that are alike."""
    if single:
        return [column(series.high)]
    known = [value for value in (*series.low, *series.high, *series.last) if value is not None]
    unit = _unit(known, max(known, default=0.0))  # of all three, or a value differs from itself
    return [column(each, unit=unit) for each in series]


def _unit(known: Iterable[float], most: float) -> float:
    top = 2**16 - 2
    whole = most <= top and all(float(value).is_integer() for value in known)
    return 1 if whole else most / top


def _subject(subject: Subject) -> dict[str, object]:
    return {
        "name": subject.name,
        "chart": None if subject.chart is None else _chart(subject.chart),
        "axis": subject.cost_axis,
        "points": [_point(each) for each in subject.points],
        "reach": find_reach(subject.points) if subject.points else None,
        "edge": [subject.points.index(each) for each in find_edge(subject.points)],
        "days": None if subject.days is None else _days(subject.days),
    }


def _chart(chart: Chart) -> Mapping[str, object]:
    phrases = Phrases()
    marks = [encode_mark(each, phrases) for each in chart.marks]
    single = all(each.width == 1 for each in chart.segments)
    return {
        "start": int(chart.start.timestamp()),
        "slot": int(chart.slot.total_seconds()),
        "slots": chart.slots,
        "begin": chart.begin,
        "capacity": chart.capacity_per_instance,
        "segments": [list(each) for each in chart.segments],
        "demand": encode_series(chart.demand, single=single),
        "ready": encode_series(chart.ready, single=single),
        "billed": column(chart.billed),
        "late": column(chart.late, LATE_STEPS),
        "lateSlots": None if single else column(chart.late_slots),
        "others": [[name, column(values)] for name, values in chart.others],
        "beside": chart.beside,
        "besideLate": column(chart.beside_late, LATE_STEPS) if chart.beside_late else None,
        "moments": [each.moment for each in chart.marks if each.moment],
        "phrases": phrases.around,
        "marks": marks,
        "leftOut": chart.marks_left_out,
    }


def _point(point: Point) -> list[object]:
    row: list[object] = [point.label, str(point.group), point.cost, point.late_ratio, point.told]
    return [*row, int(point.emphasised)]


def _days(days: Days) -> dict[str, object]:
    return {"heads": days.heads, "days": days.days, "cells": days.cells, "note": days.note}
