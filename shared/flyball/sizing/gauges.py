"""How does a home measure what was sized: its invocations, and its use?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from flyball.config.full import FULL
from flyball.core.target import Per, Unit
from flyball.sizing.benchmark import Machine, Resource
from flyball.sizing.layout import show_number, show_text
from flyball.sizing.limit import PERCENT, convert_to_cloudwatch
from flyball.sizing.saturation import NAMES

VERTEX = "aiplatform.googleapis.com/prediction/online/"
POOL = f"{VERTEX}deployment_resource_pool/"
PLATFORM = "ml.googleapis.com/prediction/"
VARIANT = {"endpoint", "variant"}
ENDPOINT_KEYS = {"project", "location", "endpoint"}
POOL_KEYS = {"project", "location", "deployment_resource_pool"}
PLATFORM_KEYS = {"project", "model", "version"}
CLOUDWATCH = {
    Resource.CPU: "CPUUtilization",
    Resource.DISK: "DiskUtilization",
    Resource.GPU: "GPUUtilization",
}
"""What holds things is not tracked: more instances free none of it."""
NUMBERS = ("cores", FULL)
"""Keys of a source that hold one."""
GOOGLE = {Resource.CPU: "cpu/utilization", Resource.GPU: "accelerator/duty_cycle"}


class WrittenError(ValueError):
    """A config that cannot be written; the message names the key and the remedy."""


class Gauge(NamedTuple):
    """A metric of a config.

    Attributes:
        name: In the config.
        source: As the config's key of this name.
        unit: What the source emits.
        per: Of one instance, or of all.
        full: The value, as a policy is written, at which all is used; 0: it is no use of hardware.
        note: What its unit means, for people.
    """

    name: str
    source: Mapping[str, str]
    unit: Unit = Unit.NUMBER
    per: Per = Per.INSTANCE
    full: float = 0.0
    note: str = ""


class Gauges(NamedTuple):
    """What a home measures.

    Attributes:
        calls: Invocations a minute; None: the home does not count those of this resource.
        use: Of the resource that is tracked; None: it is not measured there.
        note: Why one of them is missing, for people; "": none is.
    """

    calls: Gauge | None
    use: Gauge | None
    note: str = ""


def find_gauges(
    home: str, address: Mapping[str, str], resource: Resource | None, machine: Machine
) -> Gauges:
    """Say how a home measures.

    Args:
        home: "aws", "gcp" or "local".
        address: What is scaled, as the config's `resource`.
        resource: Whose use is tracked; None: of none.
        machine: What it is in.

    Raises:
        WrittenError: The home, or what is scaled there, is not one that can be written.

    Source: Amazon SageMaker Developer Guide, "Monitor Amazon SageMaker AI with Amazon CloudWatch";
        Google Cloud Monitoring, "Google Cloud metrics: aiplatform" and "ml".
    """
    if home == "local":
        return _local(resource)
    if home == "aws":
        return _aws(address, resource, machine)
    if home == "gcp":
        return _gcp(address, resource, machine)
    raise WrittenError(f"home: got {home!r}, expected aws, gcp or local")


def say_full(gauges: Gauges, invocations: float, used_ratio: float) -> Gauges:
    """Write into the sources what they show where an instance carries no more.

    Args:
        gauges: As find_gauges gives them.
        invocations: A minute, there.
        used_ratio: Of the resource that is tracked, there; of 0 nothing is written.
    """
    calls, use = gauges.calls, gauges.use
    if calls is not None:
        calls = _write_full(calls, invocations)
    if use is not None and use.full:
        use = _write_full(use, float(f"{use.full * used_ratio:.4g}"))
    return gauges._replace(calls=calls, use=use)


def show_source(source: Mapping[str, str]) -> str:
    """Write a source as YAML has it, in one line."""
    shown = {key: value if key in NUMBERS else show_text(value) for key, value in source.items()}
    return f"{{{', '.join(f'{key}: {value}' for key, value in shown.items())}}}"


def _write_full(gauge: Gauge, value: float) -> Gauge:
    if value <= 0.0:
        return gauge
    return gauge._replace(source={**gauge.source, FULL: show_number(value)})


def _local(resource: Resource | None) -> Gauges:
    calls = Gauge("calls", {"metric": "invocations_per_instance"})
    if resource is None:
        return Gauges(calls, None)
    note = "the simulated endpoint shows 100 where an instance carries no more"
    return Gauges(calls, Gauge("use", {"metric": "duty_cycle"}, Unit.PERCENT, note=note))


def _aws(address: Mapping[str, str], resource: Resource | None, machine: Machine) -> Gauges:
    if set(address) != VARIANT:
        raise WrittenError(
            f"resource: got {_list(address)}, expected endpoint and variant: a load test of one "
            "instance tells how a variant of a SageMaker endpoint scales"
        )
    named = {"namespace": "AWS/SageMaker", "metric": "InvocationsPerInstance", "statistic": "Sum"}
    calls = Gauge("calls", named)
    if resource is None:
        return Gauges(calls, None)
    full = convert_to_cloudwatch(resource, 1.0, machine)
    note = f"CloudWatch shows {full:g} where all of it is used"
    count = round(full / PERCENT)
    if count > 1:
        thing = "core" if resource is Resource.CPU else "GPU"
        note = f"CloudWatch counts 100 for each {thing}: {full:g} where all {count} are used"
    source = {
        "namespace": "/aws/sagemaker/Endpoints",
        "metric": CLOUDWATCH[resource],
        "statistic": "Average",
    }
    # Of several cores it is more than 100, which a percentage is not.
    unit = Unit.PERCENT if count <= 1 else Unit.NUMBER
    return Gauges(calls, Gauge(resource.value, source, unit, full=full, note=note))


def _gcp(address: Mapping[str, str], resource: Resource | None, machine: Machine) -> Gauges:
    keys = set(address)
    pool = keys >= POOL_KEYS
    if keys >= PLATFORM_KEYS:
        prefix, counts = f"{PLATFORM}online/", PLATFORM
    elif pool:
        prefix, counts = POOL, ""
    elif keys >= ENDPOINT_KEYS:
        prefix, counts = VERTEX, VERTEX
    else:
        raise WrittenError(
            f"resource: got {_list(address)}, expected project and location with endpoint or "
            "deployment_resource_pool; or project, model and version"
        )
    calls, note = None, "Google does not count a pool's predictions: its use alone is tracked"
    if counts:
        named = {"metric": f"{counts}prediction_count"}
        told = "of all replicas together; it is divided by those that serve"
        calls, note = Gauge("calls", named, per=Per.TOTAL, note=told), ""
    use = _measure_google(prefix, resource, machine)
    if resource is not None and use is None:
        note = f"Google shows {NAMES[resource]} in bytes, or not at all: it is not tracked"
    if calls is None and use is None:
        raise WrittenError(
            "resource: of a pool Google shows CPU and duty cycle only, and the load test has no "
            "use of either; measure one of them"
        )
    return Gauges(calls, use, note)


def _measure_google(prefix: str, resource: Resource | None, machine: Machine) -> Gauge | None:
    if resource not in GOOGLE:
        return None
    source = {"metric": prefix + GOOGLE[resource]}
    note = "of each; a policy is written in percent of one"
    if resource is Resource.CPU:
        source["cores"] = str(machine.cores)
        note = (
            f"Google counts to {machine.cores}, one for each core; a policy tracks percent of all"
        )
    return Gauge(resource.value, source, Unit.RATIO, full=PERCENT, note=note)


def convert_to_monitoring(resource: Resource, used_ratio: float, machine: Machine) -> float | None:
    """Give what Google shows of a use; None: it shows none of this resource.

    Source: Google Cloud Monitoring, "Google Cloud metrics: aiplatform": cpu/utilization is the
        fraction of CPU allocated, which exceeds 1 where a machine has several.
    """
    if resource not in GOOGLE:
        return None
    return used_ratio * (machine.cores if resource is Resource.CPU else 1)


def _list(address: Mapping[str, str]) -> str:
    return ", ".join(sorted(address)) or "nothing"
