"""Is the count in service the newest that Cloud Monitoring has, of all kinds of machines?"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flyball.adapters.gcp.replicas import APART, WINDOW, count_replicas
from flyball.adapters.gcp.resource import DeployedModel, Pool, Resource, Version
from flyball.adapters.gcp.session import CallError, Session
from flyball.core.model import Missing, MissingCause
from tests.rig import MINUTE, SECOND, T0

MODEL = DeployedModel("acme", "europe-west4", "123", "7")


class Monitoring(Session):
    """A service whose one answer is given."""

    def __init__(self, *series: Any) -> None:
        super().__init__()
        self.answer = {"timeSeries": list(series)}
        self.query: dict[str, str] = {}

    def call(self, service: str, path: str, *_: Any, **how: Any) -> Any:
        """Answer, and keep what was asked."""
        assert (service, path) == ("monitoring", "v3/projects/acme/timeSeries")
        self.query = how["query"]
        return self.answer


def series(spot: str, *points: tuple[timedelta, Any]) -> dict[str, Any]:
    """Write a series: how long ago, and the count."""
    return {
        "metric": {"labels": {"spot": spot}},
        "points": [
            {
                "interval": {"endTime": (T0 - ago).isoformat().replace("+00:00", "Z")},
                "value": {"int64Value": count},
            }
            for ago, count in points
        ],
    }


def count(*found: Any, resource: Resource = MODEL) -> int | Missing:
    """Count what is in service by these series."""
    return count_replicas(Monitoring(*found), resource, "7", T0)


def test_the_newest_point_counts_though_it_is_a_text() -> None:
    """An int64 is a text in JSON."""
    assert count(series("False", (2 * MINUTE, "3"), (3 * MINUTE, "9"))) == 3
    assert count(series("False", (3 * MINUTE, "9"), (2 * MINUTE, "3"))) == 3


def test_spot_machines_and_others_count_together_while_both_are_there() -> None:
    """A series that has ended is of replicas that are gone."""
    here = series("False", (2 * MINUTE, "3"))
    assert count(here, series("True", (2 * MINUTE, "2"))) == 5
    assert count(here, series("True", (2 * MINUTE + APART, "2"))) == 5
    assert count(here, series("True", (2 * MINUTE + APART + SECOND, "2"))) == 3


def test_series_of_one_kind_are_of_one_model_under_several_names() -> None:
    """A model that was renamed has two series; the newer one counts, in any order."""
    old, new = series("False", (3 * MINUTE, "2")), series("False", (2 * MINUTE, "3"))
    assert count(old, new) == 3
    assert count(new, old) == 3


def test_no_series_and_no_number_are_no_zero() -> None:
    """A zero is a zero where it is said."""
    assert count(series("False", (2 * MINUTE, "0"))) == 0
    for found in ((), (series("False"),), (series("False", (MINUTE, "-1")),)):
        missing = count(*found)
        assert isinstance(missing, Missing)
        assert missing.cause is MissingCause.NO_DATA


def test_each_kind_of_resource_has_its_own_metric() -> None:
    """Told apart by the labels that Google gives them."""
    wanted: dict[Resource, str] = {
        MODEL: 'metric.type = "aiplatform.googleapis.com/prediction/online/replicas" AND '
        'resource.labels.endpoint_id = "123" AND metric.labels.deployed_model_id = "7"',
        Pool("acme", "europe-west4", "gpu"): 'metric.type = "aiplatform.googleapis.com/prediction/'
        'online/deployment_resource_pool/replicas" AND resource.labels.location = "europe-west4" '
        'AND resource.labels.deployment_resource_pool_id = "gpu"',
        Version("acme", "churn", "v2"): 'metric.type = "ml.googleapis.com/prediction/online/'
        'replicas" AND resource.labels.model_id = "churn" AND resource.labels.version_id = "v2"',
    }
    for resource, expected in wanted.items():
        monitoring = Monitoring()
        count_replicas(monitoring, resource, "7", T0)
        assert monitoring.query["filter"] == expected
        since = monitoring.query["interval.startTime"]
        assert since == (T0 - WINDOW).isoformat().replace("+00:00", "Z")


def test_a_refusal_is_missing() -> None:
    """With the service's own word."""

    class Denied(Monitoring):
        def call(self, *_: Any, **__: Any) -> Any:
            raise CallError(403, "PERMISSION_DENIED", "monitoring.timeSeries.list")

    missing = count_replicas(Denied(), MODEL, "7", T0)
    assert isinstance(missing, Missing)
    assert missing.cause is MissingCause.SOURCE_FAILED
    assert "PERMISSION_DENIED: monitoring.timeSeries.list" in missing.detail
