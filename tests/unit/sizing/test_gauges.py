"""How does a home measure what was sized?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from flyball.core.target import Per, Unit
from flyball.sizing.benchmark import Machine, Resource
from flyball.sizing.gauges import WrittenError, find_gauges
from tests.unit.sizing.sized import ENDPOINT, POOL, VARIANT, VERSION

GPUS = Machine("g", 8, 4)


@dataclass(frozen=True)
class Shown:
    """What is shown of a resource's use."""

    id: str
    home: str
    address: Mapping[str, str]
    resource: Resource
    metric: str
    unit: Unit
    full: float


SHOWN = (
    Shown("cores", "aws", VARIANT, Resource.CPU, "CPUUtilization", Unit.NUMBER, 800.0),
    Shown("GPUs", "aws", VARIANT, Resource.GPU, "GPUUtilization", Unit.NUMBER, 400.0),
    Shown("disk", "aws", VARIANT, Resource.DISK, "DiskUtilization", Unit.PERCENT, 100.0),
    Shown(
        "Vertex's cores",
        "gcp",
        ENDPOINT,
        Resource.CPU,
        "aiplatform.googleapis.com/prediction/online/cpu/utilization",
        Unit.RATIO,
        100.0,
    ),
    Shown(
        "a pool's GPUs",
        "gcp",
        POOL,
        Resource.GPU,
        "aiplatform.googleapis.com/prediction/online/deployment_resource_pool/accelerator/"
        "duty_cycle",
        Unit.RATIO,
        100.0,
    ),
    Shown(
        "a version's GPUs",
        "gcp",
        VERSION,
        Resource.GPU,
        "ml.googleapis.com/prediction/online/accelerator/duty_cycle",
        Unit.RATIO,
        100.0,
    ),
    Shown("local", "local", {}, Resource.CPU, "duty_cycle", Unit.PERCENT, 0.0),
)


@pytest.mark.parametrize("case", SHOWN, ids=lambda case: case.id)
def test_use_is_shown_in_the_homes_units(case: Shown) -> None:
    """CloudWatch counts 100 for each core, Google to the number of cores."""
    use = find_gauges(case.home, case.address, case.resource, GPUS).use
    assert use is not None
    assert use.source["metric"] == case.metric
    assert (use.unit, use.full) == (case.unit, case.full)
    assert use.note


def test_google_counts_predictions_of_all_and_aws_of_each() -> None:
    """And divides its CPU by the cores."""
    theirs = find_gauges("gcp", ENDPOINT, Resource.CPU, GPUS)
    assert theirs.calls is not None
    assert theirs.calls.per is Per.TOTAL
    assert theirs.use is not None
    assert theirs.use.source["cores"] == "8"
    ours = find_gauges("aws", VARIANT, None, GPUS)
    assert ours.calls is not None
    assert ours.calls.per is Per.INSTANCE
    assert ours.use is None


@pytest.mark.parametrize(("home", "address"), [("aws", VARIANT), ("gcp", ENDPOINT), ("local", {})])
def test_without_use_calls_are_tracked(home: str, address: Mapping[str, str]) -> None:
    """Nothing is missing then."""
    found = find_gauges(home, address, None, GPUS)
    assert found.calls is not None
    assert (found.use, found.note) == (None, "")


def test_a_pool_is_tracked_by_use_alone() -> None:
    """Google does not count its predictions."""
    found = find_gauges("gcp", POOL, Resource.CPU, GPUS)
    assert found.calls is None
    assert "does not count" in found.note


def test_what_google_shows_in_bytes_is_told() -> None:
    """A disk is not shown at all."""
    found = find_gauges("gcp", ENDPOINT, Resource.DISK, GPUS)
    assert found.use is None
    assert "disk" in found.note


@dataclass(frozen=True)
class Refused:
    """What cannot be written, and what the message names."""

    id: str
    home: str
    address: Mapping[str, str]
    resource: Resource | None
    named: str


REFUSED = (
    Refused("a group", "aws", {"auto_scaling_group": "g"}, None, "auto_scaling_group"),
    Refused("nothing", "aws", {}, None, "got nothing"),
    Refused("half of Google's", "gcp", {"project": "p"}, None, "deployment_resource_pool"),
    Refused("a pool without use", "gcp", POOL, None, "duty cycle"),
    Refused("a home", "azure", {}, None, "'azure'"),
)


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.id)
def test_what_cannot_be_written_is_named(case: Refused) -> None:
    """With the key, and what is expected."""
    with pytest.raises(WrittenError, match=case.named):
        find_gauges(case.home, case.address, case.resource, GPUS)
