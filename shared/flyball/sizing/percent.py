"""Which share of an instance is a cloud's percentage?"""

from __future__ import annotations

from flyball.sizing.benchmark import BenchmarkError, Machine, Resource

PERCENT = 100.0
OVER_RATIO = 0.05
"""A mean may be past all there is by so much, since nobody measures at one instant."""


def convert_percent(resource: Resource, percent: float, machine: Machine) -> float:
    """Give use as a share of the whole, 0–1.

    Args:
        resource: Whose use.
        percent: 0–100 times cores of the CPU, times GPUs of these and of their memory; 0–100 of
            memory and disk.
        machine: What it was measured on.

    Raises:
        BenchmarkError: It is more than the machine has, or less than nothing.

    Source: Amazon SageMaker Developer Guide, "Amazon SageMaker AI metrics in Amazon CloudWatch",
        CPUUtilization, GPUUtilization and GPUMemoryUtilization.
    """
    count, what = 1, resource.value.replace("_", " ")
    if resource is Resource.CPU:
        count, what = machine.cores, "cores"
    elif resource in (Resource.GPU, Resource.GPU_MEMORY):
        count, what = machine.gpus, "GPUs"
    if not 0 <= percent <= PERCENT * count * (1 + OVER_RATIO):
        raise BenchmarkError(
            f"{machine.instance_type or 'the instance'}: {resource.value}: {percent:g} % is not "
            f"from 0 to {PERCENT * count:g} %, with {count} × {what}; say how many it has"
        )
    return min(1.0, percent / (PERCENT * count)) if count else 0.0
