"""Does nothing scale in on Google by what only some replicas show, or in the wrong unit?

Each in by a tick, out as a call of Vertex AI's or as none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from flyball.core.model import Action, Missing, Reason
from tests.gcp.entry import OF_VERTEX, PROJECT, Entry, target
from tests.gcp.measured import DUTY
from tests.gcp.monitoring import Line
from tests.rig import MINUTE

pytestmark = pytest.mark.enable_socket

AT_ONCE = {"scale_in": {"stabilization_window": "0s"}}
GPU = {"metric": DUTY, "statistic": "mean", "across": "mean"}
RATIO_S = "10^2.%"

Enter = Callable[..., Entry]


@pytest.fixture
def entry(enter: Enter) -> Entry:
    """Have four replicas in service."""
    opened = enter()
    opened.model.floor = opened.model.ready = 4
    opened.model.ceiling = 6
    return opened


def show(entry: Entry, replicas: Mapping[str, tuple[float, int]], unit: str = RATIO_S) -> None:
    """Show each replica's duty cycle, so many minutes late."""
    entry.monitoring.lines.clear()
    for name, (value, late) in replicas.items():
        points = {entry.clock.at - MINUTE * ago: value for ago in range(late, 9)}
        labels = OF_VERTEX | {"metric.labels.replica_id": name}
        entry.monitoring.lines.append(Line(PROJECT, DUTY, labels, points, unit=unit))


def metric_of(**fields: Any) -> dict[str, Any]:
    """Make the one metric of a target, which policies track."""
    return {"metrics": [{"name": "duty", "unit": "ratio", **fields}], **AT_ONCE}


SOURCES = {
    "mean": {"metric": DUTY},
    "max": {"metric": DUTY, "statistic": "max"},
    "most": {"metric": DUTY, "across": "max"},
    "line": {"expression": "gpu", "gpu": GPU},
    "larger": {"expression": "MAX([gpu, other])", "gpu": GPU, "other": {"metric": DUTY}},
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
@pytest.mark.parametrize("late", [1, 3, 5, 9])
def test_busy_replicas_that_are_seen_later_than_an_idle_one_are_not_ended(
    entry: Entry, source: Mapping[str, Any], late: int
) -> None:
    """One of four shows 5 %, and is visible first; late by nine minutes is for good."""
    entry.register(target(**metric_of(source=source)))
    show(entry, {"a": (0.05, 0), "b": (0.9, late), "c": (0.9, late), "d": (0.9, late)})
    entry.tick()
    assert entry.sent() == []
    assert entry.last().action is Action.HOLD
    assert entry.last().reason is Reason.FLIPPED_BY_MISSING_INSTANCES


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_a_scale_in_rests_on_the_newest_minute_that_all_show(
    entry: Entry, source: Mapping[str, Any]
) -> None:
    """A replica that is always a few minutes later than the others keeps nobody."""
    entry.register(target(**metric_of(source=source)))
    show(entry, {"a": (0.3, 0), "b": (0.3, 3), "c": (0.3, 3), "d": (0.3, 0)})
    entry.tick()
    assert (entry.last().current, entry.last().desired) == (4, 2)
    series = entry.records()[-1].observation.metrics["duty"]
    assert not isinstance(series, Missing)
    assert [point.reporting for point in series] == [4, 2, 2, 2]


def test_a_series_goes_no_further_back_where_all_show_the_newest(entry: Entry) -> None:
    """One minute is looked at, so one is recorded."""
    entry.register(target(**metric_of(source={"metric": DUTY})))
    show(entry, dict.fromkeys("abcd", (0.6, 0)))
    entry.tick()
    series = entry.records()[-1].observation.metrics["duty"]
    assert not isinstance(series, Missing)
    assert [(point.at, point.reporting) for point in series] == [(entry.clock.at, 4)]


@pytest.mark.parametrize(
    ("expression", "unit", "told"),
    [
        ("MAX([a, a])", "percent", "MAX([a, a]) is a ratio, 0-1, the config says percent"),
        ("a / 100", "ratio", ""),
        ("a * 100", "ratio", "a * 100 is percent, 0-100, the config says ratio"),
        ("a * 100", "percent", ""),
        ("MAX([a, b])", "ratio", "MAX([a, b]) mixes a ratio, 0-1, and percent, 0-100"),
    ],
)
def test_an_expression_is_not_decided_on_in_another_unit_than_google_writes(
    entry: Entry, expression: str, unit: str, told: str
) -> None:
    """Of metrics of one's own Google's word tells, at each reading; what is wrong is missing."""
    ratio, percent = "custom.googleapis.com/ratio", "custom.googleapis.com/percent"
    source = {
        "expression": expression,
        "a": {**GPU, "metric": percent if "/" in expression else ratio},
        "b": {**GPU, "metric": percent},
    }
    used = {key: source[key] for key in source if key in expression or key == "expression"}
    entry.register(target(**metric_of(unit=unit, source=used)))
    for metric_type, value, word in ((ratio, 0.62, RATIO_S), (percent, 62.0, "%")):
        points = {entry.clock.at - MINUTE * ago: value for ago in range(9)}
        entry.monitoring.lines.append(Line(PROJECT, metric_type, {}, points, unit=word))
    entry.tick()
    assert len(entry.sent()) == (0 if told else 1)
    series = entry.records()[-1].observation.metrics["duty"]
    detail = series.detail if isinstance(series, Missing) else ""
    assert told in detail
    assert isinstance(series, Missing) is bool(told)
