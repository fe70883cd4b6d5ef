"""What ends where an instance carries no more, in words?"""

from __future__ import annotations

from collections.abc import Mapping

from flyball.core.word import Word
from flyball.sizing.benchmark import Resource

NAMES = {
    Resource.CPU: "CPU",
    Resource.MEMORY: "memory",
    Resource.DISK: "disk",
    Resource.GPU: "GPU",
    Resource.GPU_MEMORY: "GPU memory",
}
"""As people call them."""


class Bottleneck(Word):
    """What ends at saturation."""

    CPU = "cpu"
    MEMORY = "memory"
    DISK = "disk"
    GPU = "gpu"
    GPU_MEMORY = "gpu_memory"
    CONCURRENCY = "concurrency"
    """No resource that was measured is near its end: the model answers so many at a time."""
    UNKNOWN = "unknown"
    """The use of no resource was measured, or nothing ended."""

    @property
    def resource(self) -> Resource | None:
        """The resource of this name; None for the two that are none."""
        return _RESOURCES.get(self.value)


_RESOURCES = {each.value: each for each in Resource}


def tell_bottleneck(bottleneck: Bottleneck, used: Mapping[Resource, float]) -> str:
    """Say what ends, with the use of each resource there, 0-1."""
    if bottleneck is Bottleneck.UNKNOWN:
        return "What ends there is not known: the use of no resource was measured."
    if bottleneck.resource is not None:
        name = NAMES[bottleneck.resource]
        return f"Its {name} ends there: {used[bottleneck.resource]:.0%} are used."
    listed = ", ".join(f"{NAMES[each]} {ratio:.0%}" for each, ratio in used.items())
    return (
        f"No resource is near its end there ({listed}): the model answers so many requests at a "
        "time; more workers may answer more."
    )
