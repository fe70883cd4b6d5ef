"""What does a home's own monitoring show where an instance is held at its limit?"""

from __future__ import annotations

from collections.abc import Sequence

from flyball.core.shape import NamedTuple
from flyball.report.figures import number
from flyball.report.sizing import Instance
from flyball.sizing.benchmark import UNKNOWN, Machine, Resource
from flyball.sizing.gauges import convert_to_monitoring

Json = dict[str, object]
GOOGLE = "gcp"


class Shown(NamedTuple):
    """What it shows.

    Attributes:
        name: Of the monitoring.
        values: Lower, target and upper; empty: it does not show this use.
        texts: The same, for people.
        note: What the unit means; "": that is clear.
    """

    name: str
    values: Sequence[float]
    texts: Sequence[str]
    note: str = ""


def show_units(instance: Instance, home: str | None) -> Shown:
    """Say what is shown.

    Args:
        instance: With its limit.
        home: "gcp": Google's; else Amazon's.
    """
    limit, machine = instance.limit, instance.benchmark.machine
    resource, band, target = limit.resource, limit.used_ratio, limit.target_value
    name = "Cloud Monitoring" if home == GOOGLE else "CloudWatch"
    if resource is None or band is None or target is None:
        return Shown(name, (), ())
    if home != GOOGLE:
        texts = [f"{number(round(each, 2))} %" for each in target]
        return Shown(name, tuple(target), texts, _tell_cores(resource, machine, name, "100 %"))
    values = [convert_to_monitoring(resource, each, machine) for each in band]
    known = [each for each in values if each is not None]
    if not known:
        return Shown(name, (), (), f"{name} shows this use in bytes, or not at all.")
    texts = [number(round(each, 2)) for each in known]
    return Shown(name, known, texts, _tell_cores(resource, machine, name, "1"))


def describe_units(shown: Shown) -> Json | None:
    """Give them for other programs; None: it does not show this use."""
    if not shown.values:
        return None
    low, middle, high = shown.values
    return {"in": shown.name, "low": low, "middle": middle, "high": high}


def _tell_cores(resource: Resource, machine: Machine, name: str, one: str) -> str:
    """Say that each core counts."""
    if resource is not Resource.CPU:
        return ""
    if machine == UNKNOWN:
        return (
            f"How many cores it has was not told, so the CPU's limit is of one core: {name} "
            f"counts {one} for each. Give --instance-type or --cores."
        )
    if machine.cores <= 1:
        return ""
    whole = f"{100 * machine.cores:,} %" if one.endswith("%") else f"{machine.cores:,}"
    return f"{name} counts {one} of CPU for each core: all {machine.cores} are {whole}."
