"""Is every one of Google's metrics that is known described as Google does?"""

from __future__ import annotations

import pytest

from flyball.meter import METERS, STATISTICS, Kind, find_site

VERTEX = "aiplatform.googleapis.com/prediction/online"


@pytest.mark.parametrize(
    ("metric_type", "resource_type"),
    [
        (f"{VERTEX}/replicas", "aiplatform.googleapis.com/Endpoint"),
        (
            f"{VERTEX}/deployment_resource_pool/replicas",
            "aiplatform.googleapis.com/DeploymentResourcePool",
        ),
        (f"{VERTEX}/of/tomorrow", "aiplatform.googleapis.com/Endpoint"),
        ("ml.googleapis.com/prediction/latencies", "cloudml_model_version"),
        ("custom.googleapis.com/queue", None),
    ],
)
def test_a_metric_stands_at_the_resource_of_its_service(
    metric_type: str, resource_type: str | None
) -> None:
    """A pool's is no endpoint's; a custom one may be anywhere."""
    site = find_site(metric_type)
    assert (site and site.resource_type) == resource_type


@pytest.mark.parametrize("metric_type", METERS)
def test_a_metric_has_a_resource_and_statistics_of_its_kind(metric_type: str) -> None:
    """A ratio is a gauge of each replica; a count is never averaged."""
    meter = METERS[metric_type]
    assert find_site(metric_type) is not None
    assert set(meter.statistics) <= STATISTICS.keys()
    assert ("sum" in meter.statistics) is (meter.kind is Kind.COUNT)
    assert meter.by_replica or not meter.is_ratio
    assert meter.kind is Kind.GAUGE or not meter.by_replica
