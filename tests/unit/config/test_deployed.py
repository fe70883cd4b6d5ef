"""Does a file's reader hear by what its deployed models are named?"""

from __future__ import annotations

from flyball.config.deployed import FOLLOWED, WAYS, tell_deployed
from flyball.core.target import ScalableTarget

PLACE = {"project": "acme", "location": "europe-west4"}


def on(name: str, home: str = "gcp", **resource: str) -> ScalableTarget:
    """Make a target on a resource."""
    return ScalableTarget(name, 1, 4, home=home, resource=PLACE | resource)


def test_each_way_has_one_line_whatever_the_number_of_targets() -> None:
    """With a few of their names."""
    many = [on(f"m{number}", endpoint="1", model="llm") for number in range(5)]
    told = tell_deployed([on("a", endpoint="1"), *many, on("b", endpoint="2", deployed_model="7")])
    assert told == [
        f"m0, m1, m2 and 2 more: deployed model by its model: {FOLLOWED}",
        f"a: deployed model not named: {FOLLOWED}",
        f"b: deployed model {WAYS['deployed_model']}",
    ]


def test_what_has_no_deployed_model_has_no_line() -> None:
    """Pools, versions, and other homes."""
    pool = on("pool", deployment_resource_pool="gpus")
    version = on("version", model="m", version="v1")
    assert tell_deployed([pool, version, on("aws", "aws", endpoint="churn")]) == []
