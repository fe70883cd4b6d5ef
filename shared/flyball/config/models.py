"""What may be written in flyball.yaml, key by key?"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from flyball.config.amazon import (
    AwsScalingPolicies,
    AwsScalingPolicy,
    AwsScheduledAction,
    AwsScheduledActions,
)
from flyball.config.fields import (
    WHOLE,
    ClockEnd,
    ClockTime,
    Count,
    Date,
    Day,
    Duration,
    Given,
    Instant,
    Item,
    Number,
    Period,
    PrintableName,
    Strict,
    Texts,
    Version,
)
from flyball.config.policies import PolicySettings
from flyball.core.check import CAPACITY_LIMIT

Groups = tuple[tuple[str, ...], ...]


def _choose(value: Any) -> str | None:
    if isinstance(value, str):
        return "<file>"
    if isinstance(value, list):
        return "<list>"
    return "<printed>" if isinstance(value, dict) else None


PolicyFile = Annotated[
    Annotated[str, Tag("<file>")]
    | Annotated[AwsScalingPolicies, Tag("<printed>")]
    | Annotated[list[Item[AwsScalingPolicy]], Tag("<list>")],
    Discriminator(_choose),
]
ActionFile = Annotated[
    Annotated[str, Tag("<file>")]
    | Annotated[AwsScheduledActions, Tag("<printed>")]
    | Annotated[list[Item[AwsScheduledAction]], Tag("<list>")],
    Discriminator(_choose),
]


class MetricSettings(Strict):
    """Something measured."""

    name: PrintableName = Field(
        description="Unique in its scalable target.", examples=["invocations"]
    )
    unit: Literal["number", "percent", "ratio"] = Field(
        default="number",
        description="What the source emits. `ratio` is 0-1: its values are multiplied by "
        "100, and policies on it are "
        "written in percent.",
    )
    per: Literal["instance", "total"] = Field(
        default="instance",
        description="Whether one value is of one instance (a mean, or a sum divided by "
        "instances) or of all.",
    )
    period: Given[Period] = Field(
        default=None, description="Length of one datapoint. Default: 60s.", examples=["60s"]
    )
    max_age: Given[Period] = Field(
        default=None,
        description="A newest datapoint older than this is missing data. Default: 5m (10m "
        "with `home: gcp`), and at "
        "least twice the period.",
    )
    source: Texts = Field(
        default_factory=dict,
        description="How the home finds it; nested keys are joined by dots.",
        examples=[
            {"namespace": "AWS/SageMaker", "metric": "InvocationsPerInstance", "statistic": "Sum"}
        ],
    )


class WindowSettings(Strict):
    """A floor, a ceiling or both, from a start to an end; afterwards it is as before."""

    exclusive: ClassVar[Groups] = (
        ("start", "from"),
        ("start", "days"),
        ("end", "duration", "to"),
        ("start", "to"),
        ("from", "end"),
        ("pin", "floor"),
        ("pin", "ceiling"),
    )
    required_one: ClassVar[Groups] = (
        ("start", "from"),
        ("end", "duration", "to"),
        ("floor", "ceiling", "pin"),
    )

    name: PrintableName = Field(
        description="Unique in its scalable target; shown in reasons.", examples=["business-hours"]
    )
    start: Given[str] = Field(
        default=None,
        description="`cron(...)` or `at(...)`, local time.",
        examples=["cron(0 8 ? * MON-FRI *)"],
    )
    end: Given[str] = Field(
        default=None,
        description="Likewise; the first one after the start ends it.",
        examples=["cron(0 18 ? * MON-FRI *)"],
    )
    duration: Given[Period] = Field(
        default=None, description="In place of an end.", examples=["10h"]
    )
    days: Given[Annotated[list[Day], Field(min_length=1)]] = Field(
        default=None,
        description="Short form: the days on which it starts. Default: daily.",
        examples=[["mon-fri"]],
    )
    from_: Given[ClockTime] = Field(
        default=None, alias="from", description="Short form: its start.", examples=["08:00"]
    )
    to: Given[ClockEnd] = Field(
        default=None,
        description="Short form: its end; at or before `from` it is on the next day.",
        examples=["18:00"],
    )
    time_zone: Given[str] = Field(
        default=None,
        description="IANA name, of start, end and dates; otherwise the scalable target's.",
        examples=["Europe/Berlin"],
    )
    floor: Given[Count] = Field(
        default=None, description="The least capacity while active.", examples=[6]
    )
    ceiling: Given[Count] = Field(
        default=None, description="The most capacity while active.", examples=[12]
    )
    pin: Given[Count] = Field(default=None, description="Floor and ceiling in one.", examples=[4])
    priority: Annotated[int, Field(ge=-1_000_000, le=1_000_000), WHOLE] = Field(
        default=0, description="Of the active windows only those with the highest count."
    )
    except_: list[Date] = Field(
        default_factory=list,
        alias="except",
        description="Local dates without a start.",
        examples=[["2026-12-25"]],
    )
    also: list[Date] = Field(
        default_factory=list,
        description="Local dates with a start besides.",
        examples=[["2026-11-28"]],
    )
    valid_from: Given[Instant] = Field(
        default=None, description="Never active before this instant."
    )
    valid_until: Given[Instant] = Field(
        default=None, description="Never active from this instant on."
    )


class RateSettings(Strict):
    """At most so much change in a period."""

    exclusive: ClassVar[Groups] = (("count", "percent"),)
    required_one: ClassVar[Groups] = (("count", "percent"),)

    count: Given[Annotated[int, Field(ge=1, le=CAPACITY_LIMIT), WHOLE]] = Field(
        default=None, description="Instances.", examples=[4]
    )
    percent: Given[Annotated[Number, Field(gt=0)]] = Field(
        default=None, description="Percent of the capacity at the period's start.", examples=[100]
    )
    period: Period = Field(description="In which it is counted.", examples=["60s"])


class DirectionSettings(Strict):
    """What holds back one direction, whatever the policies ask for."""

    stabilization_window: Given[Duration] = Field(
        default=None,
        description="Scale-out takes the least, scale-in the most, of the recommendations "
        "in it. Default: by profile.",
        examples=["300s"],
    )
    rates: Given[list[RateSettings]] = Field(
        default=None, description="Rate limits. Default: by profile."
    )
    select: Given[Literal["max", "min", "disabled"]] = Field(
        default=None,
        description="Of several rates, the one that allows the largest change (`max`) or "
        "the smallest (`min`); "
        "`disabled` stops this direction. Default: `max`.",
    )


class ZeroSettings(Strict):
    """When a scalable target may go to zero, and how it comes back."""

    metric: PrintableName = Field(
        description="The metric that says whether anybody is there.", examples=["backlog"]
    )
    activation_threshold: Number = Field(
        default=0, description="Active while the value is above this."
    )
    idle_after: Given[Duration] = Field(
        default=None, description="To zero after this long without activity. Default: 5m."
    )


class FallbackSettings(Strict):
    """What to have at least when a metric has been missing for a while; never below current."""

    capacity: Count = Field(description="Instances.", examples=[6])
    after: Given[Duration] = Field(default=None, description="Missing for this long. Default: 3m.")


class NodeMetric(Strict):
    """A metric of AI Platform's autoscaler."""

    name: Literal["CPU_USAGE", "GPU_DUTY_CYCLE"] = Field(description="Which one.")
    target: Annotated[int, Field(ge=1, le=100), WHOLE] = Field(default=60, description="Percent.")


class AutoScaling(Strict):
    """AI Platform's autoScaling block, in place of bounds and policies."""

    min_nodes: Given[Count] = Field(
        default=None, alias="minNodes", description="In place of min_capacity. Default: 1."
    )
    max_nodes: Given[Count] = Field(
        default=None, alias="maxNodes", description="In place of max_capacity."
    )
    metrics: list[NodeMetric] = Field(
        default_factory=list, description="In place of metrics and policies."
    )


class Settings(Strict):
    """What `defaults` and a scalable target may both say; the target's key replaces it whole."""

    home: Given[Literal["local", "aws", "gcp"]] = Field(
        default=None, description="Where it lives. Default: `local`."
    )
    profile: Given[Literal["flyball", "aws", "hpa"]] = Field(
        default=None,
        description="Whose rules are followed where the services differ, and whose "
        "defaults. Default: `flyball`.",
    )
    mode: Given[Literal["apply", "advise"]] = Field(
        default=None,
        description="Whether decisions are applied, or only recorded. Default: `apply`.",
    )
    capacity_kind: Given[Literal["count", "range"]] = Field(
        default=None,
        description="One number, or a range in which the service picks. Default: by home "
        "(`range` on gcp).",
    )
    time_zone: Given[str] = Field(
        default=None,
        description="IANA name, for schedules and windows without their own. Default: UTC.",
        examples=["Europe/Berlin"],
    )
    min_capacity: Given[Count] = Field(
        default=None, description="Lower bound, instances.", examples=[2]
    )
    max_capacity: Given[Count] = Field(
        default=None, description="Upper bound, instances.", examples=[20]
    )
    hard_min_capacity: Given[Count] = Field(
        default=None, description="Never below, whatever says so. Default: 0."
    )
    hard_max_capacity: Given[Count] = Field(
        default=None,
        description="Never above, whatever says so. Default: max_capacity, or the largest "
        "max_capacity of a scheduled "
        "action above it.",
        examples=[24],
    )
    metrics: Given[list[Item[MetricSettings]]] = Field(
        default=None, description="What is measured."
    )
    policies: Given[list[Item[PolicySettings]]] = Field(
        default=None,
        description="What is asked for: ours, or elements of AWS's ScalingPolicies and "
        "ScheduledActions.",
    )
    windows: Given[list[Item[WindowSettings]]] = Field(
        default=None, description="Floors and ceilings by the calendar."
    )
    scale_out: Given[DirectionSettings] = Field(
        default=None, description="What holds back scale-out."
    )
    scale_in: Given[DirectionSettings] = Field(
        default=None, description="What holds back scale-in."
    )
    zero: Given[ZeroSettings] = Field(
        default=None, description="To and from zero; needs `min_capacity: 0`."
    )
    fallback: Given[FallbackSettings] = Field(default=None, description="What to have when blind.")
    price_per_hour: Given[Annotated[Number, Field(gt=0)]] = Field(
        default=None,
        description="One instance's price an hour, in any one currency.",
        examples=[1.41],
    )
    spend_limit_per_hour: Given[Annotated[Number, Field(ge=0)]] = Field(
        default=None, description="Most to spend an hour, in the same currency.", examples=[40]
    )
    heartbeat: Given[Period] = Field(
        default=None, description="A quiet scalable target is looked at this often. Default: 5m."
    )
    tick: Given[Period] = Field(
        default=None, description="While something lasts it is looked at this often. Default: 60s."
    )
    foreign_hold: Given[Duration] = Field(
        default=None, description="How long a change by somebody else is respected. Default: 15m."
    )
    lead_time: Given[Duration] = Field(
        default=None,
        description="From request to in service, as expected. Default: 5m; with `home: gcp` and a "
        "metric of a GPU's duty cycle 8m.",
    )
    early: Given[Duration] = Field(
        default=None,
        description="A window's floor holds so long before the window begins, so that its "
        "instances serve when it does; at most a day. Default: the lead time with `home: gcp`, "
        "else none.",
        examples=["8m"],
    )


class TargetSettings(Settings):
    """One scalable target."""

    id: PrintableName = Field(
        description="Unique in the file and in a ledger.", examples=["churn-model"]
    )
    resource: Texts = Field(
        default_factory=dict,
        description="The home's address of it. AWS: `endpoint` and `variant`, "
        "`inference_component`, or `auto_scaling_group`. Google: `project` and `location` with "
        "`endpoint` or `deployment_resource_pool`; beside `endpoint`, `model` (its id, full name "
        "or display name, which a redeploy keeps) or `deployed_model` (an id, which it does not) "
        "where several are deployed, `api_version` (`v1beta1` for scale to zero) and "
        "`initial_replicas` (with how many it comes back from zero); or `project`, `model` and "
        "`version`. With `home: local` the simulated endpoint's settings: its name "
        "(`endpoint`), and of a range its `machine`, `gpu` or `cpu`.",
        examples=[{"endpoint": "churn", "variant": "AllTraffic"}],
    )
    aws_scaling_policies: Given[PolicyFile] = Field(
        default=None,
        description="What describe-scaling-policies printed: a file, relative to this one, "
        "or inline.",
    )
    aws_scheduled_actions: Given[ActionFile] = Field(
        default=None,
        description="What describe-scheduled-actions printed: a file, relative to this "
        "one, or inline.",
    )
    auto_scaling: Given[AutoScaling] = Field(
        default=None,
        alias="autoScaling",
        description="AI Platform's block, in place of bounds, metrics and policies.",
    )


class Flyball(Strict):
    """The file flyball.yaml. Keys that start with `x-` are yours, for anchors."""

    version: Version = Field(description="Of this format.")
    defaults: Settings = Field(
        default_factory=Settings, description="What every scalable target starts from."
    )
    scalable_targets: Annotated[list[Item[TargetSettings]], Field(min_length=1)] = Field(
        description="What is scaled."
    )
