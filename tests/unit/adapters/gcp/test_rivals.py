"""Are another deployment's alert policies on a resource of ours found, and nobody else's?"""

from __future__ import annotations

from typing import Any

import pytest

from flyball.adapters.gcp.labels import write_labels
from flyball.adapters.gcp.live import share
from flyball.adapters.gcp.rivals import find_rivals
from flyball.core.target import ScalableTarget
from flyball.plan.rivals import Rival

VERTEX = "aiplatform.googleapis.com/prediction/online"
PLACE = {"project": "acme", "location": "europe-west4"}
MODEL = {**PLACE, "endpoint": "123", "deployed_model": "7"}
POOL = {**PLACE, "deployment_resource_pool": "shared"}
VERSION = {"project": "acme", "model": "churn", "version": "v2"}
OF_MODEL = {
    "metric.type": f"{VERTEX}/accelerator/duty_cycle",
    "resource.labels.location": "europe-west4",
    "resource.labels.endpoint_id": "123",
    "metric.labels.deployed_model_id": "7",
}
OF_POOL = {
    "metric.type": f"{VERTEX}/deployment_resource_pool/cpu/utilization",
    "resource.labels.location": "europe-west4",
    "resource.labels.deployment_resource_pool_id": "shared",
}
OF_VERSION = {
    "metric.type": "ml.googleapis.com/prediction/online/cpu/utilization",
    "resource.labels.model_id": "churn",
    "resource.labels.version_id": "v2",
}


def target(resource: dict[str, str]) -> ScalableTarget:
    """Make a target of ours."""
    return ScalableTarget("mine", 1, 4, home="gcp", resource=resource)


def policy(terms: dict[str, str], prefix: str = "prod", **labels: str) -> dict[str, Any]:
    """Write an alert policy as a deployment does."""
    wanted = " AND ".join(f'{path} = "{value}"' for path, value in terms.items())
    return {
        "user_labels": write_labels("theirs", "track", "high", prefix) | labels,
        "conditions": [{"condition_absent": {}}, {"condition_threshold": {"filter": wanted}}],
    }


@pytest.mark.parametrize(
    ("terms", "resource", "is_on"),
    [
        (OF_MODEL, MODEL, True),
        (OF_MODEL, {**PLACE, "endpoint": "123"}, True),
        ({**OF_MODEL, "metric.labels.deployed_model_id": "8"}, MODEL, False),
        ({**OF_MODEL, "resource.labels.endpoint_id": "124"}, MODEL, False),
        ({**OF_MODEL, "resource.labels.location": "us-east1"}, MODEL, False),
        (OF_POOL, POOL, True),
        (OF_POOL, MODEL, False),
        (OF_VERSION, VERSION, True),
        ({"metric.type": "custom.googleapis.com/queue/depth"}, MODEL, False),
    ],
)
def test_a_resource_is_read_in_a_conditions_filter(
    terms: dict[str, str], resource: dict[str, str], is_on: bool
) -> None:
    """Once, however many policies are on it; of our own metric nobody knows whose it is."""
    found = list(find_rivals([policy(terms), policy(terms)], [target(resource)], "flyball"))
    assert found == ([Rival("prod", "theirs", "mine")] if is_on else [])


@pytest.mark.parametrize(
    "other",
    [
        policy(OF_MODEL, "flyball"),
        {**policy(OF_MODEL), "user_labels": {"team": "ml"}},
        {**policy(OF_MODEL), "user_labels": {"flyball-target": "theirs"}},
        policy(OF_MODEL, **{"flyball-target": "_"}),
    ],
    ids=["ours", "nobody's", "by hand", "unreadable"],
)
def test_what_no_other_deployment_made_is_no_rival(other: dict[str, Any]) -> None:
    """Whatever it watches."""
    assert list(find_rivals([other], [target(MODEL)], "flyball")) == []


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        (MODEL, True),
        ({**PLACE, "endpoint": "123"}, True),
        ({**MODEL, "deployed_model": "8"}, False),
        ({**PLACE, "endpoint": "124"}, False),
        ({**MODEL, "project": "acme-eu"}, False),
        (POOL, False),
        ({"project": "acme"}, False),
    ],
)
def test_who_names_no_model_shares_an_endpoints_only_one(
    other: dict[str, str], is_same: bool
) -> None:
    """Either way round."""
    assert share(target(MODEL), target(other)) is is_same
    assert share(target(other), target(MODEL)) is is_same
