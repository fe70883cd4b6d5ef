"""What do the metrics of Google's own autoscaler mean, as metrics and policies of flyball.yaml?

Source: Vertex AI API, AutoscalingMetricSpec: with accelerators both the duty cycle and the CPU
count, without only the CPU, each with a target of 60 where none is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from flyball.adapters.gcp.fields import NOTHING, Answer, read_count, read_list, read_part, read_text
from flyball.meter import PLATFORM, POOL, VERTEX
from flyball.plan.adoption import LeftOut

USUAL = 60
"""Percent, where no target is said."""
DUTY, CPU, REQUESTS = (
    f"{VERTEX}accelerator/duty_cycle",
    f"{VERTEX}cpu/utilization",
    f"{VERTEX}request_count",
)
RESPONSES = f"{VERTEX}response_count"
BACKLOG = "pubsub.googleapis.com/subscription/num_undelivered_messages"
SUBSCRIPTION = "pubsub_subscription"
NODE_METRICS: Mapping[str, tuple[str, str]] = {
    "CPU_USAGE": ("cpu", f"{PLATFORM}online/cpu/utilization"),
    "GPU_DUTY_CYCLE": ("duty_cycle", f"{PLATFORM}online/accelerator/duty_cycle"),
}
ABOVE_RATIO, MOST = 1.25, 90
"""So far above Google's target is ours: 75 % beside 60 %; and no utilization above 90 %."""
CORES_A_GPU: Mapping[str, int] = {"a2-highgpu": 12, "a2-ultragpu": 12, "a3-highgpu": 26}
"""Of machine types that are named by their GPUs. Source: Compute Engine, "GPU machine types"."""

_BY_CORES = re.compile(r"[a-z]\w*-(?:standard|highmem|highcpu|megamem|ultramem)-(\d+)")
_BY_GPUS = re.compile(r"([a-z]\w*-\w+)-(\d+)g")


class Rules(NamedTuple):
    """What a resource is scaled by.

    Attributes:
        metrics: Elements for `metrics`.
        policies: Elements for `policies`.
        left_out: What is not among them.
        remarks: What a reader should know.
    """

    metrics: tuple[Mapping[str, Any], ...] = ()
    policies: tuple[Mapping[str, Any], ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    remarks: tuple[str, ...] = ()


class Rule(NamedTuple):
    """One metric, and the target that it is held at."""

    metric: Mapping[str, Any]
    target: int
    remark: str = ""


def read_rules(dedicated: Answer, project: str, *, of_pool: bool = False) -> Rules:
    """Read by what Vertex AI scales a deployed model or a pool.

    Args:
        dedicated: DedicatedResources.
        project: Whose, where a subscription does not say.
        of_pool: They are a pool's, whose metrics are others.
    """
    machine = read_part(dedicated, "machineSpec") or NOTHING
    implied = [DUTY, CPU] if read_count(machine, "acceleratorCount") else [CPU]
    specs: dict[str, Answer] = dict.fromkeys(implied, NOTHING)
    for spec in read_list(dedicated, "autoscalingMetricSpecs"):
        specs[read_text(spec, "metricName")] = spec
    rules: list[Rule] = []
    left_out: list[LeftOut] = []
    for name, spec in specs.items():
        target = read_count(spec, "target") or USUAL
        made = _translate(name, spec, read_text(machine, "machineType"), project, of_pool=of_pool)
        if isinstance(made, LeftOut):
            left_out.append(made)
        else:
            rules.append(made._replace(target=target))
    remarks = [_tell_raised(rules)] if rules else []
    rules = [each._replace(target=raise_target(each)) for each in rules]
    remarks += [each.remark for each in rules if each.remark]
    remarks += _remark_on_zero(dedicated)
    if read_count(machine, "acceleratorCount") and dedicated.get("spot") is True:
        remarks.append("Its machines are Spot ones: they may be taken away at any time.")
    return _gather(rules, left_out, remarks)


def raise_target(rule: Rule) -> int:
    """Say at what a floor tracks a metric that Google's own autoscaler holds at a target.

    Above it: then the service leads in ordinary times, and the floor follows as a net. With the
    same target the floor would keep what the service gives back.
    """
    raised = round(rule.target * ABOVE_RATIO)
    if rule.metric.get("unit") == "ratio":
        return max(rule.target, min(raised, MOST))
    return raised


def read_node_rules(scaling: Answer) -> Rules:
    """Read by what AI Platform scaled a version."""
    rules: list[Rule] = []
    left_out: list[LeftOut] = []
    for spec in read_list(scaling, "metrics"):
        name = read_text(spec, "name")
        if name not in NODE_METRICS:
            left_out.append(LeftOut(f"metric {name}", "Flyball knows no such metric of nodes"))
            continue
        short, metric_type = NODE_METRICS[name]
        metric = {"name": short, "unit": "ratio", "source": {"metric": metric_type}}
        rules.append(Rule(metric, read_count(spec, "target") or USUAL))
    return _gather(rules, left_out, [])


def count_cores(machine: str) -> int | None:
    """Say how many cores a machine type has by its name; None: the name does not say."""
    by_cores = _BY_CORES.fullmatch(machine)
    if by_cores:
        return int(by_cores[1])
    by_gpus = _BY_GPUS.fullmatch(machine)
    each = CORES_A_GPU.get(by_gpus[1]) if by_gpus else None
    return each * int(by_gpus[2]) if by_gpus and each else None


def _tell_raised(rules: list[Rule]) -> str:
    """Say at what Google goes on, and why what is written here is another number."""
    theirs = ", ".join(
        f"{each.metric['name']} at {each.target}{' %' * (each.metric.get('unit') == 'ratio')}"
        for each in rules
    )
    return (
        f"Google's own autoscaler goes on holding {theirs}. The targets here are higher, so that "
        "it leads and Flyball's floor follows as a net: with the same ones the floor would keep "
        "what Google gives back. See docs/ranges.md."
    )


def _gather(rules: list[Rule], left_out: list[LeftOut], remarks: list[str]) -> Rules:
    policies = tuple(
        {
            "name": str(each.metric["name"]).replace("_", "-"),
            "kind": "target_tracking",
            "metric": each.metric["name"],
            "target_value": each.target,
        }
        for each in rules
    )
    return Rules(tuple(each.metric for each in rules), policies, tuple(left_out), tuple(remarks))


def _translate(
    name: str, spec: Answer, machine: str, project: str, *, of_pool: bool
) -> Rule | LeftOut:
    """Say in our words what Google is told to scale by; the target is still to come."""
    here = name.replace(VERTEX, POOL) if of_pool and name in (DUTY, CPU) else name
    who = f"metric {name}"
    match name:
        case _ if name == DUTY:
            return Rule({"name": "duty_cycle", "unit": "ratio", "source": {"metric": here}}, 0)
        case _ if name == CPU:
            cores = count_cores(machine)
            if cores is None:
                reason = (
                    "Google counts each busy core, and the machine type "
                    f"{machine or 'is not told'} does not say how many it has: add it with "
                    "source.cores"
                )
                return LeftOut(who, reason)
            source = {"metric": here, "cores": cores}
            return Rule({"name": "cpu", "unit": "ratio", "source": source}, 0)
        case _ if name == REQUESTS and not of_pool:
            source = {"metric": RESPONSES, "statistic": "sum"}
            remark = (
                "Google's autoscaler counts requests a minute and replica; Flyball counts the "
                "responses, which Cloud Monitoring shows, and holds all of them against the "
                "replicas in service."
            )
            return Rule({"name": "requests", "per": "total", "source": source}, 0, remark)
        case _ if name == BACKLOG:
            return _translate_backlog(spec, project)
    return LeftOut(who, "Flyball knows no series of the resource by that name")


def _translate_backlog(spec: Answer, project: str) -> Rule | LeftOut:
    labels = read_part(spec, "monitoredResourceLabels") or NOTHING
    subscription = read_text(labels, "subscription_id")
    if not subscription:
        return LeftOut(f"metric {BACKLOG}", "it does not say whose: name the subscription")
    source = {
        "metric": BACKLOG,
        "statistic": "mean",
        "project": read_text(labels, "project_id") or project,
        "resource_type": SUBSCRIPTION,
        "resource_labels": {"subscription_id": subscription},
    }
    return Rule({"name": "backlog", "per": "total", "source": source}, 0)


def _remark_on_zero(dedicated: Answer) -> Iterator[str]:
    """Say what of scale to zero is not taken over."""
    zero = read_part(dedicated, "scaleToZeroSpec")
    if zero is None:
        return
    told = ", ".join(f"{key} {value}" for key, value in sorted(zero.items()))
    yield (
        f"scaleToZeroSpec ({told or 'with its defaults'}) is left out: Google goes on by it while "
        "the range begins at 0; add `zero:` to let Flyball decide, and see docs/ranges.md."
    )
