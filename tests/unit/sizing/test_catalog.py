"""Are an instance type's cores and GPUs those that it has?"""

from __future__ import annotations

import gzip
import json
from functools import cache
from importlib.resources import files
from typing import Any

import botocore.session
import pytest

from flyball.sizing.benchmark import BenchmarkError, Machine
from flyball.sizing.catalog import find_machine, tell_source

OLD = ("ml.p2.", "ml.p3.", "ml.dl1.", "ml.p6e-")
"""Whose EC2 types are no longer listed, or not where the list was made."""


@cache
def _read_offered() -> dict[str, Any]:
    """Read what EC2's DescribeInstanceTypes says, as moto ships it."""
    packed = files("moto.ec2").joinpath("resources/instance_types.json.gz").read_bytes()
    offered: dict[str, Any] = json.loads(gzip.decompress(packed))
    return offered


def _list_hosted() -> list[str]:
    """List the instance types on which SageMaker makes endpoints, as the SDK knows them."""
    model = botocore.session.get_session().get_service_model("sagemaker")
    return list(model.shape_for("ProductionVariantInstanceType").enum)


def test_every_type_that_hosts_an_endpoint_is_there() -> None:
    """The SDK knows their names: a new one is missed here at its next update."""
    missing = []
    for name in _list_hosted():
        try:
            find_machine(name)
        except BenchmarkError:
            missing.append(name)
    assert missing == []


def test_cores_and_gpus_are_those_of_ec2() -> None:
    """Type by type, but for those that EC2 no longer lists."""
    compared = 0
    for name in _list_hosted():
        if name.startswith(OLD):
            continue
        offered = _read_offered()[name.removeprefix("ml.")]
        gpus = sum(each["Count"] for each in offered.get("GpuInfo", {}).get("Gpus", ()))
        assert find_machine(name) == Machine(name, offered["VCpuInfo"]["DefaultVCpus"], gpus)
        compared += 1
    assert compared > 250


@pytest.mark.parametrize(
    ("name", "cores", "gpus"),
    [("ml.c5.large", 2, 0), ("ml.p3.8xlarge", 32, 4), ("ml.g5.12xlarge", 48, 4)],
)
def test_a_type_is_found(name: str, cores: int, gpus: int) -> None:
    """With its cores and GPUs; its price is somebody else's."""
    assert find_machine(name) == Machine(name, cores, gpus)


def test_the_table_is_overridden() -> None:
    """By what somebody knows better, also of a type that it has not."""
    assert find_machine("ml.c5.large", cores=1, price_per_hour=0.1) == Machine(
        "ml.c5.large", 1, 0, 0.1
    )
    assert find_machine("ml.g5.xlarge", gpus=2) == Machine("ml.g5.xlarge", 4, 2)
    assert find_machine("ml.new.large", cores=3, gpus=1) == Machine("ml.new.large", 3, 1)


@pytest.mark.parametrize(("name", "says"), [("ml.new.large", "ml.new.large"), ("", "the instance")])
def test_a_type_that_nobody_knows_is_refused(name: str, says: str) -> None:
    """The remedy is named."""
    with pytest.raises(BenchmarkError, match=f"{says}.*give its cores"):
        find_machine(name)


def test_the_table_says_from_where_and_of_when_it_is() -> None:
    """As the tables of prices do."""
    source, as_of = tell_source()
    assert "DescribeInstanceTypes" in source
    assert as_of.startswith("20")
