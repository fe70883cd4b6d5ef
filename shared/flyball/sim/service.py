"""Which service picks inside the range of a simulated endpoint, and what does it keep in use?"""

from __future__ import annotations

from collections.abc import Mapping

from flyball.adapters.local.timeline import ServiceSettings
from flyball.core.target import ScalableTarget

GPU = "gpu"
CPU = "cpu"
MACHINES: Mapping[str, ServiceSettings] = {
    GPU: ServiceSettings(1, 1),
    CPU: ServiceSettings(1, 1, gpu_target=None, cpu_full=100.0),
}
"""By a resource's `machine`: how its service scales it; the range is the target's."""


def choose_service(scalable_target: ScalableTarget) -> ServiceSettings:
    """Make the service of a scalable target's endpoint, with the range that it has at first.

    Its machines have a GPU, or none where its `resource` says `machine: cpu`. It takes a floor of 0
    where the resource says `api_version: v1beta1`, as Google's does.

    Raises:
        ValueError: It says another machine.
    """
    machine = scalable_target.resource.get("machine", GPU)
    if machine not in MACHINES:
        known = " or ".join(sorted(MACHINES))
        raise ValueError(f"{scalable_target.id}: resource.machine: got {machine!r}, write {known}")
    may_empty = scalable_target.resource.get("api_version") == "v1beta1"
    floor = max(1, scalable_target.min_capacity)
    ceiling = max(floor, scalable_target.max_capacity)
    return MACHINES[machine]._replace(floor=floor, ceiling=ceiling, initial=int(may_empty))


def keep(service: ServiceSettings, target_ratio: float) -> ServiceSettings:
    """Let a service keep this share of GPU and CPU in use."""
    percent = 100 * target_ratio
    gpu_target = None if service.gpu_target is None else percent
    return service._replace(gpu_target=gpu_target, cpu_target=percent)
