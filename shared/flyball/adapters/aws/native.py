"""Who else scales this resource: is native auto scaling registered on it, and not suspended?

Two controllers on one number fight. A look takes an answer that is up to five minutes old, so that
looks stay cheap; right before a change is sent it is asked afresh, so that none is sent against a
registration that is older than the moment. Where that cannot be asked, an answer of the last five
minutes stands; without one nobody knows, and capacity is not taken away.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from flyball.adapters.aws.answer import Answer, join, read_pages, read_text
from flyball.adapters.aws.clients import Clients, error_code
from flyball.adapters.aws.refusal import DENIED, is_throttled, tell
from flyball.adapters.aws.resource import Group, Resource, name_resource
from flyball.ports import OutcomeKind

FRESH = timedelta(minutes=5)
"""An answer is good for a look for so long."""
IDS_LIMIT = 50
"""Resource ids in one DescribeScalableTargets."""
KEPT_LIMIT = 4_096
"""Answers kept, so that a long-lived program does not grow."""

VARIANT_DIMENSION = "sagemaker:variant:DesiredInstanceCount"
COMPONENT_DIMENSION = "sagemaker:inference-component:DesiredCopyCount"
SUSPENSIONS = (
    "DynamicScalingInSuspended",
    "DynamicScalingOutSuspended",
    "ScheduledScalingSuspended",
)

ALARMS = "AlarmNotification"
SCHEDULES = "ScheduledActions"
"""Processes of a group; while one is suspended, what it carries out does not act."""


class Owner(NamedTuple):
    """Who else scales a resource.

    Attributes:
        name: Who; "" for nobody, as far as is known.
        remark: Why it could not be asked this time; "" where it could.
        refusal: Where no answer is young enough to stand: what comes of a change that must not be
            sent without; else None.
    """

    name: str = ""
    remark: str = ""
    refusal: OutcomeKind | None = None


class Actor(NamedTuple):
    """Something that changes a capacity by itself.

    Attributes:
        name: For people.
        process: The group's process that carries it out, "" where none could be suspended.
    """

    name: str
    process: str = ""


class _Asked(NamedTuple):
    """What was asked, when it was last answered in full, and why it was not this time."""

    at: datetime
    actors: tuple[Actor, ...]
    answered_at: datetime | None
    remark: str = ""
    refusal: OutcomeKind = OutcomeKind.ABORTED


class Owners:
    """Asks who else scales a resource, and remembers the answer for a while."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._asked: dict[str, _Asked] = {}

    def find(
        self,
        resource: Resource,
        now: datetime,
        suspended: frozenset[str] = frozenset(),
        *,
        afresh: bool = False,
    ) -> Owner:
        """Say who else scales a resource.

        A question that fails leaves the last answer in force, with a remark: not being allowed to
        ask must not blind the look.

        Args:
            resource: Whose capacity.
            now: Aware UTC.
            suspended: Processes of the group that are suspended.
            afresh: Take no remembered answer.
        """
        key = name_resource(resource)
        found = self._asked.get(key)
        if found is None or afresh or abs(now - found.at) >= FRESH:
            found = self._ask(resource, key, now)
        acting = [each.name for each in found.actors if each.process not in suspended]
        known = found.answered_at is not None and abs(now - found.answered_at) < FRESH
        refusal = found.refusal if found.remark and not known else None
        return Owner(", ".join(acting), found.remark, refusal)

    def prefetch(self, resources: Sequence[Resource], now: datetime) -> None:
        """Ask for many resources of SageMaker at once; those that are remembered are left out."""
        keys = {name_resource(each) for each in resources if not isinstance(each, Group)}
        due = sorted(key for key in keys if not self._is_fresh(key, now))
        for start in range(0, len(due), IDS_LIMIT):
            part = due[start : start + IDS_LIMIT]
            try:
                actors = self._ask_registered(part)
            except Exception:  # noqa: BLE001  (each look asks for itself, and says why it cannot)
                return
            for key in part:
                self._keep(key, _Asked(now, actors.get(key, ()), now))

    def _is_fresh(self, key: str, now: datetime) -> bool:
        found = self._asked.get(key)
        return found is not None and abs(now - found.at) < FRESH

    def _ask(self, resource: Resource, key: str, now: datetime) -> _Asked:
        """Ask about one resource; where that fails, the last answer stays."""
        before = self._asked.get(key, _Asked(now, (), None))
        try:
            if isinstance(resource, Group):
                asked = self._ask_group(resource.auto_scaling_group, before, now)
            else:
                asked = _Asked(now, self._ask_registered([key]).get(key, ()), now)
        except Exception as error:  # noqa: BLE001  (whatever fails must not blind the look)
            remark = f"whether native auto scaling is registered is not known ({tell(error)})"
            asked = _Asked(now, before.actors, before.answered_at, remark, _read_kind(error))
        self._keep(key, asked)
        return asked

    def _keep(self, key: str, asked: _Asked) -> None:
        if len(self._asked) >= KEPT_LIMIT:
            self._asked.clear()
        self._asked[key] = asked

    def _ask_registered(self, keys: Sequence[str]) -> dict[str, tuple[Actor, ...]]:
        """Ask Application Auto Scaling which of these it scales.

        Source: Application Auto Scaling API Reference, DescribeScalableTargets: ids that are not
            registered are left out of the answer.
        """
        client = self._clients.get("application-autoscaling")
        actors: dict[str, tuple[Actor, ...]] = {}
        pages = read_pages(
            client.describe_scalable_targets,
            "ScalableTargets",
            ServiceNamespace="sagemaker",
            ResourceIds=list(keys),
        )
        for target in pages:
            if _acts(target):
                bounds = f"{target.get('MinCapacity')}–{target.get('MaxCapacity')}"
                key = read_text(target, "ResourceId")
                actors[key] = (Actor(f"Application Auto Scaling ({bounds})"),)
        return actors

    def _ask_group(self, name: str, before: _Asked, now: datetime) -> _Asked:
        """Ask which policies and scheduled actions a group has; the policies alone are something.

        Raises:
            botocore.exceptions.ClientError: Not even the policies could be asked for.
        """
        client = self._clients.get("autoscaling")
        policies = read_pages(
            client.describe_policies, "ScalingPolicies", AutoScalingGroupName=name
        )
        actors = [_read_policy(policy) for policy in policies if _scales(policy)]
        try:
            actions = read_pages(
                client.describe_scheduled_actions,
                "ScheduledUpdateGroupActions",
                AutoScalingGroupName=name,
            )
        except Exception as error:  # noqa: BLE001  (the policies are known all the same)
            actors += [each for each in before.actors if each.process == SCHEDULES]
            remark = f"the group's scheduled actions are not known ({tell(error)})"
            return _Asked(now, tuple(actors), before.answered_at, remark, _read_kind(error))
        for action in actions:
            label = read_text(action, "ScheduledActionName")
            actors.append(Actor(f"EC2 Auto Scaling scheduled action {label}", SCHEDULES))
        return _Asked(now, tuple(actors), now)


def describe_owner(resource: Resource, owner: Owner) -> str:
    """Say what must be done before a change may be sent."""
    remedy = (
        "suspend its scaling (RegisterScalableTarget, SuspendedState), or set mode: advise"
        if not isinstance(resource, Group)
        else "disable its policies and scheduled actions, or set mode: advise"
    )
    told = f"not sent: {owner.name} scales {name_resource(resource)} too; {remedy}"
    return join((told, owner.remark))


def _read_kind(error: Exception) -> OutcomeKind:
    """Say what a change comes to that is not sent because of this error."""
    if is_throttled(error):
        return OutcomeKind.THROTTLED
    return OutcomeKind.DENIED if error_code(error) in DENIED else OutcomeKind.ABORTED


def _acts(target: Answer) -> bool:
    """Say whether a registration is of a count that is ours too, and not suspended in full."""
    ours = (VARIANT_DIMENSION, COMPONENT_DIMENSION)
    if target.get("ScalableDimension") not in ours:
        return False
    suspended = target.get("SuspendedState") or {}
    return not all(suspended.get(each) is True for each in SUSPENSIONS)


def _scales(policy: Answer) -> bool:
    """Say whether a policy of a group changes its capacity; one that only forecasts does not."""
    if policy.get("Enabled") is False:
        return False
    predictive = policy.get("PredictiveScalingConfiguration")
    return not predictive or predictive.get("Mode") == "ForecastAndScale"


def _read_policy(policy: Answer) -> Actor:
    name = f"EC2 Auto Scaling policy {read_text(policy, 'PolicyName')}"
    return Actor(name, "" if policy.get("PredictiveScalingConfiguration") else ALARMS)
