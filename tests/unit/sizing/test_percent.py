"""Is a cloud's percentage the right share of an instance?"""

from __future__ import annotations

import pytest

from flyball.sizing.benchmark import BenchmarkError, Machine, Resource
from flyball.sizing.percent import convert_percent

TWO = Machine("ml.c5.large", cores=2)
FOUR = Machine("ml.g5.12xlarge", cores=48, gpus=4)


@pytest.mark.parametrize(
    ("resource", "percent", "machine", "share"),
    [
        (Resource.CPU, 100.0, TWO, 0.5),
        (Resource.CPU, 200.0, TWO, 1.0),
        (Resource.CPU, 209.0, TWO, 1.0),
        (Resource.MEMORY, 37.5, TWO, 0.375),
        (Resource.DISK, 37.5, FOUR, 0.375),
        (Resource.GPU, 200.0, FOUR, 0.5),
        (Resource.GPU_MEMORY, 100.0, FOUR, 0.25),
        (Resource.GPU, 0.0, TWO, 0.0),
    ],
)
def test_percent_become_a_share(
    resource: Resource, percent: float, machine: Machine, share: float
) -> None:
    """200 % of two cores are all of them, and a mean may be past that by a little."""
    assert convert_percent(resource, percent, machine) == pytest.approx(share)


@pytest.mark.parametrize(
    ("resource", "percent", "machine", "says"),
    [
        (Resource.CPU, 390.0, TWO, "ml.c5.large: cpu: 390 % is not from 0 to 200 %.*2 × cores"),
        (Resource.CPU, -1.0, TWO, "-1 %"),
        (Resource.CPU, 150.0, Machine(), "the instance: cpu"),
        (Resource.GPU, 10.0, TWO, "0 × GPUs; say how many"),
        (Resource.MEMORY, 110.0, TWO, "1 × memory"),
        (Resource.CPU, float("nan"), TWO, "nan %"),
    ],
)
def test_more_than_there_is_is_refused(
    resource: Resource, percent: float, machine: Machine, says: str
) -> None:
    """It is another machine than was said."""
    with pytest.raises(BenchmarkError, match=says):
        convert_percent(resource, percent, machine)
