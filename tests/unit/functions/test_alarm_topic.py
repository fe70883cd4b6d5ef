"""Does a deployed function that is woken by a topic rest only on alarms that tell it?"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from flyball.adapters.aws.alarms import define
from flyball.alarm import define_alarms
from flyball.config.load import loads
from tests.unit.amazon import CONFIG, client, small_cloud
from tests.unit.functions.stage import load_handler

TOPIC = "arn:aws:sns:eu-central-1:123456789012:flyball-alarms"
ENVIRONMENT = {"FLYBALL_TARGETS_TABLE": "fly-targets", "FLYBALL_LEDGER_TABLE": "fly-ledger"}


@pytest.mark.parametrize("name", ["wake", "tick"])
@pytest.mark.parametrize(
    ("topic", "told", "is_believed"),
    [("", "", True), ("", TOPIC, True), (TOPIC, TOPIC, True), (TOPIC, "", False)],
    ids=["by name", "by name, and told", "by topic", "by topic, and not told"],
)
def test_an_alarm_that_would_not_wake_the_function_is_not_believed(
    name: str, topic: str, told: str, monkeypatch: pytest.MonkeyPatch, *, is_believed: bool
) -> None:
    """Its environment names the topic."""
    with small_cloud(monkeypatch):
        module = load_handler(name, monkeypatch, **ENVIRONMENT, FLYBALL_ALARM_TOPIC_ARN=topic)
        (target,) = loads(CONFIG).scalable_targets
        alarms = define_alarms(target)
        for alarm in alarms:
            client("cloudwatch").put_metric_alarm(**define(alarm, told))
        watch = module.function._work.parts.controller._watch
        found = watch.states(alarms, datetime.now(UTC))
    assert set(found) == ({alarm.name for alarm in alarms} if is_believed else set())
