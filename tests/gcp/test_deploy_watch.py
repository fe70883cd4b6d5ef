"""Are people told of each trouble, by alarms, metrics and a dashboard that Google would take?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from deploy.gcp.board import write_dashboard
from deploy.gcp.metrics import METRICS, USER, Metric, write_metric
from deploy.gcp.place import Place
from deploy.gcp.step import Ensure
from deploy.gcp.steps import list_steps
from deploy.gcp.watch import write_dead_man, write_failing, write_held
from flyball.core.decide import decide
from flyball.core.model import Capacity, History, Observation
from flyball.core.target import ScalableTarget
from flyball.ports import Outcome, OutcomeKind, Trigger, TriggerKind
from flyball.wake import Wake, WakeKind
from flyball.wiring.lines import Lines
from flyball.wiring.tell import COUNT, measure, tell
from tests.gcp.discovery import check_value
from tests.rig import T0

PLACE = Place("acme-ml", "europe-west4", mode="apply", email="ops@example.com", digest="d1")
POLICIES = (write_dead_man(PLACE), write_failing(PLACE), write_held(PLACE))
TURNED_AWAY = "calls were turned away (429, 403, 401)"
SAME_TROUBLE: Mapping[str, tuple[str, ...]] = {
    "DeadLetters": ("flyball-quarantine holds messages",),
    "NoTick": ("no tick of flyball-tick succeeded",),
    "Undelivered": ("messages wait", TURNED_AWAY),
    "WakeErrors": ("flyball-alert failed",),
    "WakeThrottles": (TURNED_AWAY,),
    "TickErrors": ("flyball-tick failed, or refused its caller",),
    "TickThrottles": (TURNED_AWAY,),
    "FailedWakes": ("targets could not be handled",),
    "UnresolvedWakes": ("it is not known whether a change landed",),
    "RefusedChanges": ("changes were refused",),
    "FrozenTargets": ("an endpoint failed, or cannot be read",),
    "BlindTargets": ("a metric is missing",),
    "UnmetWant": ("more is wanted than is allowed",),
    "NewWakeFails": (),  # of a gradual deployment, which there is not
    "NewTickFails": (),
}
"""By the name of an alarm on AWS: conditions here."""


def test_what_monitoring_is_given_is_what_it_knows() -> None:
    """The alerts for people, the dashboard and the channels, by Google's discovery documents."""
    for policy in POLICIES:
        check_value("monitoring.v3", "AlertPolicy", policy)
        assert 1 <= len(policy["conditions"]) <= 6
        assert policy["documentation"]["content"]
    check_value("monitoring.v1", "Dashboard", write_dashboard(PLACE))
    channels = [
        json.loads(word.partition("=")[2])
        for step in list_steps(PLACE)
        if isinstance(step, Ensure)
        for command in step.create
        for word in command
        if word.startswith("--channel-content=")
    ]
    assert len(channels) == 2
    for channel in channels:
        check_value("monitoring.v3", "NotificationChannel", channel)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.id)
def test_a_metric_of_lines_is_one_that_logging_knows(metric: Metric) -> None:
    """By its discovery document: what holds values takes one from a line, what counts does not."""
    written = write_metric(PLACE, metric)
    check_value("logging.v2", "LogMetric", written)
    holds_values = written["metricDescriptor"]["valueType"] == "DISTRIBUTION"
    assert holds_values == ("valueExtractor" in written)
    described = {each["key"] for each in written["metricDescriptor"]["labels"]}
    assert described == set(written["labelExtractors"])


def test_every_metric_that_is_watched_or_shown_is_made() -> None:
    """None is looked at that is not made, and none is made that nobody looks at."""
    looked = json.dumps([*POLICIES, write_dashboard(PLACE)])
    named = {f"flyball-{metric.id}" for metric in METRICS}
    assert set(re.findall(rf"{USER}/([a-z_-]+)", looked)) == named


def test_no_alarm_waits_a_week_to_be_closed() -> None:
    """A counter of lines falls silent when all is well again: that is no trouble."""
    for policy in POLICIES:
        assert policy["alertStrategy"] == {"autoClose": "1800s"}
        for condition in policy["conditions"]:
            threshold = condition.get("conditionThreshold")
            if threshold is not None:
                assert threshold["evaluationMissingData"] == "EVALUATION_MISSING_DATA_INACTIVE"
                assert threshold["duration"] == "60s"  # Monitoring asks for it beside the other


def test_each_trouble_of_amazons_is_told_on_google_too(repository: Path) -> None:
    """Who knows the alarms of the one finds each of them on the other."""
    template = (repository / "template.yaml").read_text(encoding="utf-8")
    alarms = set(re.findall(r"^  (\w+):\n    Type: AWS::CloudWatch::Alarm", template, re.MULTILINE))
    conditions = {each["displayName"] for policy in POLICIES for each in policy["conditions"]}
    assert set(SAME_TROUBLE) == alarms
    assert {each for told in SAME_TROUBLE.values() for each in told} <= conditions


PATH = re.compile(r"jsonPayload((?:\.\w+)+)")


def write_lines() -> list[dict[str, Any]]:
    """Write what a function does of a tick on which a target was scaled out."""
    text: list[str] = []
    lines = Lines(text.append, "acme-ml")
    trigger = Trigger("chat", "timer:chat", TriggerKind.TIMER, T0)
    seen = Observation(T0, Capacity(2, 2))
    decision = decide(ScalableTarget("chat", 2, 4), seen, History(), T0)
    wake = Wake(WakeKind.DECIDED, "chat", decision, Outcome(OutcomeKind.APPLIED))
    with lines.calling({}):
        tell(lines, trigger, wake)
        measure(lines, [wake], 5.0)
        for name in ("DueTargets", "QueuedTargets", "Poison"):  # as flyball.wiring.function adds
            lines.add_metric(name, COUNT, 1)
    return [json.loads(line) for line in text]


def find_value(line: Mapping[str, Any], path: str) -> Any:
    """Find what a line has at a path; None: nothing."""
    found: Any = line
    for name in path.removeprefix(".").split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.id)
def test_a_metric_looks_at_what_a_function_really_writes(metric: Metric) -> None:
    """Each field that it counts by, takes or labels is in one and the same line."""
    told = json.dumps(write_metric(PLACE, metric))
    paths = set(PATH.findall(told))
    if metric.id == "turned_away":
        assert not paths  # Cloud Run's own line
        return
    whole = [
        line for line in write_lines() if all(find_value(line, path) is not None for path in paths)
    ]
    assert paths
    assert len(whole) == 1


def test_what_a_function_counts_is_named_in_its_wiring(repository: Path) -> None:
    """The names that are added above are those of the code."""
    source = (repository / "shared/flyball/wiring/function.py").read_text(encoding="utf-8")
    for name in ("DueTargets", "QueuedTargets", "Poison", "Failed"):
        assert f'add_metric("{name}", COUNT' in source


def list_series(value: Any) -> Iterator[str]:
    """List every filter of Cloud Monitoring's in a policy or a dashboard."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            if key == "filter" and "metric.type" in each:
                yield each
            else:
                yield from list_series(each)
    elif isinstance(value, list):
        for each in value:
            yield from list_series(each)


def test_no_series_is_of_another_deployment() -> None:
    """Two of them in a project are told apart, but for what Google's own autoscaler shows."""
    for series in list_series([*POLICIES, write_dashboard(PLACE)]):
        if "aiplatform.googleapis.com" not in series:
            assert '"flyball' in series or "/user/flyball-" in series, series


def test_a_changed_dashboard_is_known_by_its_digest() -> None:
    """Its service writes it in words of its own, so that is what is compared."""
    mine, same, other = map(write_dashboard, (PLACE, PLACE, PLACE._replace(name="second")))
    assert mine["labels"] == same["labels"]
    assert mine["labels"]["flyball-settings"] != other["labels"]["flyball-settings"]
