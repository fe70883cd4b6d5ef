"""What may be written in a scenario, key by key?"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Discriminator, Field, Tag, WithJsonSchema

from flyball.config.fields import Count, Given, Instant, Number, Strict
from flyball.config.models import Groups, TargetSettings

Cause = Literal[
    "no_data",
    "stale",
    "not_finite",
    "negative",
    "from_the_future",
    "source_failed",
    "undefined_at_zero",
    "unavailable",
]
Material = Annotated[dict[str, Any], WithJsonSchema({"type": "object"})]


class CapacitySeen(Strict):
    """What the provider has."""

    desired: Count = Field(description="Its setting, instances.", examples=[4])
    ready: Given[Count] = Field(
        default=None,
        description="Instances in service. Default: desired, less warming.",
        examples=[3],
    )
    status: Literal["in_service", "busy", "failed"] = Field(
        default="in_service", description="Whether a change is accepted."
    )
    ceiling: Given[Count] = Field(default=None, description="A range's upper end, on Google.")
    detail: str = Field(default="", description="The provider's own word.")
    owner: str = Field(default="", description="Who else scales it.")
    warming: Count = Field(
        default=0, description="Instances in service beside `ready` that still warm up."
    )
    least: Given[Count] = Field(default=None, description="The provider's own minimum.")
    most: Given[Count] = Field(default=None, description="The provider's own maximum.")
    short: bool = Field(default=False, description="It has no machines for what is desired.")
    picked: Given[Count] = Field(
        default=None, description="What the service chose inside its range, on Google."
    )


class MissingSeen(Strict):
    """A number that could not be known, and why."""

    missing: Cause = Field(description="The cause.")
    detail: str = Field(default="", description="Evidence.")


class PointSeen(Strict):
    """One datapoint."""

    at: str = Field(
        description="The end of its period: an instant, or `now-5m` and the like.",
        examples=["2026-11-21T00:24:00Z", "now-1m"],
    )
    value: Number = Field(description="In the metric's unit.", examples=[150])
    ready: Given[Count] = Field(default=None, description="Instances in service in that period.")
    reporting: Given[Count] = Field(default=None, description="Instances that reported.")


def _choose_capacity(value: Any) -> str | None:
    if isinstance(value, dict):
        return "<missing>" if "missing" in value else "<capacity>"
    return "<number>"


def _choose_metric(value: Any) -> str | None:
    if isinstance(value, dict):
        return "<missing>"
    return "<list>" if isinstance(value, list) else "<number>"


def _choose_item(value: Any) -> str | None:
    if value is None:
        return "<gap>"
    return "<point>" if isinstance(value, dict) else "<number>"


CapacityForm = Annotated[
    Annotated[Count, Tag("<number>")]
    | Annotated[CapacitySeen, Tag("<capacity>")]
    | Annotated[MissingSeen, Tag("<missing>")],
    Discriminator(_choose_capacity),
]
SeriesItem = Annotated[
    Annotated[Number, Tag("<number>")]
    | Annotated[PointSeen, Tag("<point>")]
    | Annotated[None, Tag("<gap>")],
    Discriminator(_choose_item),
]
MetricForm = Annotated[
    Annotated[Number, Tag("<number>")]
    | Annotated[list[SeriesItem], Tag("<list>")]
    | Annotated[MissingSeen, Tag("<missing>")],
    Discriminator(_choose_metric),
]


class ObservationSeen(Strict):
    """What is seen."""

    at: Given[Instant] = Field(default=None, description="When it was read. Default: `now`.")
    capacity: CapacityForm = Field(
        description="A number (desired and in service), a mapping, or why it is not known.",
        examples=[4, {"desired": 8, "ready": 4, "status": "busy"}],
    )
    metrics: dict[str, MetricForm] = Field(
        default_factory=dict,
        description="By metric: a number (in every period that a policy looks back on), a list of "
        "numbers (one a period, the newest last and ending now, null for a gap), a list of "
        "datapoints (oldest first), or why there are none.",
        examples=[{"invocations": 150}, {"invocations": [90, None, 150]}],
    )


class ScenarioSettings(Strict):
    """The file of one decision."""

    exclusive: ClassVar[Groups] = (("scalable_target", "compiled_target"),)
    required_one: ClassVar[Groups] = (("scalable_target", "compiled_target"),)

    scalable_target: Given[TargetSettings] = Field(
        default=None, description="An entry of flyball.yaml."
    )
    compiled_target: Given[Material] = Field(
        default=None, description="Compiled canonical JSON in its place, as a ledger row has it."
    )
    observation: ObservationSeen = Field(description="What is seen.")
    history: Material = Field(
        default_factory=dict,
        description="What is remembered, as a ledger row has it; instants also as `now-5m`.",
        examples=[
            {"changes": [{"at": "now-2m", "before": 10, "after": 12, "policies": ["steps"]}]}
        ],
    )
    now: Given[Instant] = Field(
        default=None,
        description="The instant of the decision. Default: the observation's `at`; one of the two "
        "is needed, since a decision reads no clock.",
        examples=["2026-11-21T00:24:11Z"],
    )
