"""What does a misbehaving SageMaker have at an instant, given what it was asked and how it fares?

Everything lies on a clock that the test moves. A change makes a list of steps with their instants;
moving the clock takes those that are due. Nothing is drawn by chance.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

LEAD_S = 240.0
"""From a change to its first new instance in service."""
SPACING_S = 20.0
"""Between one new instance and the next."""
REMOVAL_S = 30.0
SETTLING_S = 15.0
"""Updating goes on for so long after the last instance came or went."""
PATIENCE_S = 480.0
"""So long a service waits for machines that it does not get."""
UNDOING_S = 60.0
ICE = (
    "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error. "
    "Please retry using a different ML instance type."
)
"""As users report it."""

READY = "InService"
UPDATABLE = frozenset({READY})
DEAD = frozenset({"Failed", "UpdateRollbackFailed", "OutOfService"})


@dataclass
class Counts:
    """A variant's instances, or a component's copies.

    Attributes:
        current: In service.
        desired: Asked for.
        instance_type: What they are, for quotas.
        weight: Of the traffic; a change of the count must leave it alone.
        extra: Further fields of the variant's summary, as the service would have them.
    """

    current: int
    desired: int
    instance_type: str = "ml.g5.xlarge"
    weight: float = 1.0
    extra: Json = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """What becomes of a thing at an instant."""

    at: float
    variant: str = ""
    current: int | None = None
    desired: int | None = None
    status: str = ""
    reason: str = ""


@dataclass
class Thing:
    """An endpoint with its variants, or an inference component, whose one variant is "".

    Attributes:
        variants: By name.
        status: The service's own word.
        reason: FailureReason, "" for none.
        fate: Of the next changes: lands, stalls, rolls_back, fails, rollback_fails.
        stock: With another fate than lands: how many of the added instances come.
        least: A smaller count is refused.
        extra: Further fields of its description, as the service would have them.
        steps: What is to come, earliest first.
    """

    variants: dict[str, Counts]
    status: str = READY
    reason: str = ""
    fate: str = "lands"
    stock: int = 0
    least: int = 0
    modified: float = 0.0
    extra: Json = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)

    def settle(self, now: float) -> None:
        """Take every step that is due."""
        while self.steps and self.steps[0].at <= now:
            step = self.steps.pop(0)
            self.modified = step.at
            counts = self.variants.get(step.variant)
            if counts is not None:
                counts.current = counts.current if step.current is None else step.current
                counts.desired = counts.desired if step.desired is None else step.desired
            if step.status:
                self.status, self.reason = step.status, step.reason
                if step.status == READY:
                    self.extra.pop("PendingDeploymentSummary", None)

    def change(self, variant: str, desired: int, now: float) -> None:
        """Accept a change: from now on it is Updating, and fares as its fate is."""
        counts = self.variants[variant]
        before, ready, added = counts.desired, counts.current, desired - counts.current
        counts.desired, self.status, self.reason, self.modified = desired, "Updating", "", now
        if added <= 0:
            self._land(variant, desired, now + REMOVAL_S)
            return
        comes = added if self.fate == "lands" else min(added, self.stock)
        arrivals = [now + LEAD_S + SPACING_S * index for index in range(comes)]
        self.steps = [
            Step(at, variant, current=ready + index + 1) for index, at in enumerate(arrivals)
        ]
        match self.fate:
            case "lands":
                self.steps.append(Step(arrivals[-1] + SETTLING_S, status=READY))
            case "stalls":
                self.steps.append(Step(now + PATIENCE_S, status=READY))
            case "rolls_back":
                end = now + PATIENCE_S
                self.steps += [
                    Step(end, variant, desired=before, status="RollingBack", reason=ICE),
                    Step(end + UNDOING_S, variant, current=min(ready, before), status=READY),
                ]
            case "fails":
                self.steps.append(Step(now + PATIENCE_S, status="Failed", reason=ICE))
            case "rollback_fails":
                end = now + PATIENCE_S
                self.steps += [
                    Step(end, variant, desired=before, status="RollingBack", reason=ICE),
                    Step(end + UNDOING_S, status="UpdateRollbackFailed", reason=ICE),
                ]
        self.steps.sort(key=lambda step: step.at)

    def _land(self, variant: str, count: int, at: float) -> None:
        self.steps = [Step(at, variant, current=count), Step(at + SETTLING_S, status=READY)]

    def befall(self, status: str, lasts_s: float | None, reason: str, now: float) -> None:
        """Give it a status of its own accord: maintenance, a failure."""
        self.status, self.reason, self.modified = status, reason, now
        self.steps = [] if lasts_s is None else [Step(now + lasts_s, status=READY)]

    def deploy(self, config: str, count: int, lasts_s: float, now: float) -> None:
        """Deploy another configuration, which resets the counts at its end."""
        self.befall("Updating", lasts_s, "", now)
        names = list(self.variants)
        shown = [{"VariantName": name, "DesiredInstanceCount": count} for name in names]
        self.extra["PendingDeploymentSummary"] = {
            "EndpointConfigName": config,
            "ProductionVariants": shown,
            "StartTime": now,
        }
        resets = [Step(now + lasts_s, name, current=count, desired=count) for name in names]
        self.steps = resets + self.steps
