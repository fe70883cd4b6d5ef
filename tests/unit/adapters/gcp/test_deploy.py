"""What does Google's home say of targets, policies and errors that no plan should meet?"""

from __future__ import annotations

from typing import Any

import pytest

from flyball.adapters.gcp.alerting import Alerting, Written
from flyball.adapters.gcp.deploy import GcpHome, Place, normalize, price
from flyball.adapters.gcp.live import check_range
from flyball.adapters.gcp.prices import read_prices
from flyball.adapters.gcp.session import CallError
from flyball.adapters.local.memory import MemoryLedger
from flyball.core.model import Capacity, Missing, MissingCause
from flyball.core.policy import TrackingPolicy
from flyball.core.target import Metric, Mode, ScalableTarget, Unit
from flyball.plan.model import Check, Choices, Level, Scope, Survey
from flyball.wiring.charge import Records
from tests.rig import T0

RESOURCE = {"project": "acme", "location": "europe-west4", "endpoint": "123"}
DUTY = "aiplatform.googleapis.com/prediction/online/accelerator/duty_cycle"
CHANNEL = "projects/acme/notificationChannels/1"


class Empty(Alerting):
    """A project without alert policies."""

    def list(self, project: str) -> list[Written]:
        """List none."""
        assert project == "acme"
        return []


def target(**fields: Any) -> ScalableTarget:
    """Make a scalable target on Google Cloud."""
    given: dict[str, Any] = {"home": "gcp", "resource": RESOURCE}
    return ScalableTarget("gpu", 1, 4, **(given | fields))


def home() -> GcpHome:
    """Make a home in which one replica serves everywhere."""
    return GcpHome(
        Empty(),
        Place("acme", "flyball", CHANNEL),
        lambda _: Capacity(1, 1, ceiling=4),
        lambda _: None,
    )


def survey(*staying: ScalableTarget) -> Survey:
    """Survey these targets."""
    scope = Scope(staying, (), (), {}, {})
    return home().survey(scope, Choices(unseen=True), Records(MemoryLedger()), T0, lambda _: None)


def problems(found: Survey) -> list[str]:
    """List what forbids to apply a plan."""
    return [each.text for each in found.checks if each.level is Level.FAIL]


def test_a_resource_that_is_none_is_a_problem() -> None:
    """It has no key either, and nothing is made for it."""
    wrong = target(resource={"project": "acme"})
    assert home().key(wrong) == ""
    assert home().key(target()).endswith("/endpoints/123/deployedModels/-")
    found = survey(wrong)
    assert found.wanted == []
    (problem,) = problems(found)
    assert problem.startswith("resource: got project, expected project, location and endpoint (")


def test_an_alarm_that_would_be_refused_is_a_problem() -> None:
    """With the policy's own words; nothing is half made."""
    metric = Metric("load", Unit.RATIO, source={"metric": "custom.googleapis.com/x"})
    (first, second) = problems(
        survey(target(metrics=(metric,), policies=(TrackingPolicy("t", "load", 60),)))
    )
    assert first == second
    assert "statistic: nothing is there, expected one of" in first


@pytest.mark.parametrize(
    ("error", "refused"),
    [
        (CallError(403, "PERMISSION_DENIED", "no"), True),
        (CallError(503, "UNAVAILABLE", "later", passes=True, doubtful=True), False),
        (CallError(429, "RESOURCE_EXHAUSTED", "later", passes=True), False),
        (ValueError("a fault"), False),
    ],
    ids=["denied", "no answer", "asked too often", "something else"],
)
def test_a_refusal_is_certain_or_none(error: Exception, refused: bool) -> None:
    """What may have landed, or would be taken later, is no refusal."""
    assert home().is_refusal(error) is refused


def test_what_says_nothing_is_no_difference() -> None:
    """The trigger that is meant where there is none, names, records and others' labels."""
    threshold = {"filter": "f", "duration": "60s", "aggregations": [{"alignment_period": "60s"}]}
    plain: dict[str, Any] = {
        "display_name": "a",
        "conditions": [{"condition_threshold": threshold}],
    }
    shown: dict[str, Any] = {
        **plain,
        "name": "projects/acme/alertPolicies/1",
        "enabled": True,
        "user_labels": {"team": "ml"},
        "creation_record": {"mutate_time": "2026-01-01T00:00:00Z"},
        "conditions": [
            {"name": "c", "condition_threshold": {**threshold, "trigger": {"count": 1}}},
        ],
    }
    assert normalize(shown) == normalize(plain)


def test_what_somebody_added_is_a_difference() -> None:
    """Another trigger, another kind of condition, and a second one."""
    threshold = {"filter": "f", "trigger": {"percent": 50.0}}
    absence = {"name": "c", "display_name": "gone", "condition_absent": {"filter": "g"}}
    made = normalize({"conditions": [{"condition_threshold": threshold}, absence]})
    assert made["condition.trigger.percent"] == "50.0"
    assert made["condition 2.condition_absent.filter"] == "g"
    assert "condition 2.name" not in made


def test_each_condition_has_its_price() -> None:
    """At list price: its metric, and one point in every evaluation of a month."""
    prices = read_prices()
    assert price([], prices) == 0
    found = price([{"conditions": [{}, {}]}, {"conditions": [{}]}], prices)
    assert found == pytest.approx(3 * (0.35 + 87_600 * 0.5e-6))


def check(capacity: Capacity | Missing, **fields: Any) -> list[Check]:
    """Hold a range against a config that allows 1 to 4."""
    return list(check_range(capacity, target(**fields), Choices()))


def test_one_that_only_advises_changes_nothing_at_once() -> None:
    """Whatever serves there; but it has to be seen."""
    assert check(Capacity(9, 9), mode=Mode.ADVISE) == []
    gone = Missing(MissingCause.SOURCE_FAILED, "NOT_FOUND: gone")
    (seen,) = check(gone, mode=Mode.ADVISE)
    assert (seen.level, seen.text) == (
        Level.WARN,
        "current capacity cannot be read: NOT_FOUND: gone",
    )


def test_what_serves_counts_and_not_the_range() -> None:
    """A ceiling above the config's is only permission; a pin is shown as one number."""
    assert check(Capacity(1, 3, ceiling=9)) == []
    (problem,) = check(Capacity(1, 6, ceiling=9))
    assert problem.text.startswith("its range is 1–9 with 6 there, and the config allows 1–4")
    (pinned,) = check(Capacity(6, 6, ceiling=6))
    assert pinned.text.startswith("its range is 6 with 6 there")
