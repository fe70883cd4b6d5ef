"""How is capacity on AWS read and set, whatever kind of resource it is of?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from flyball.adapters.aws.answer import Answer, join
from flyball.adapters.aws.auto_scaling_group import (
    fetch_groups,
    read_group,
    read_suspended,
    set_group,
)
from flyball.adapters.aws.clients import Clients
from flyball.adapters.aws.component import fetch_component, read_component, set_component
from flyball.adapters.aws.native import Owners, describe_owner
from flyball.adapters.aws.refusal import read_refusal, tell
from flyball.adapters.aws.resource import (
    Component,
    Group,
    Resource,
    ResourceError,
    Variant,
    name_resource,
    read_resource,
)
from flyball.adapters.aws.sagemaker import fetch_endpoint, read_variant, set_variant
from flyball.adapters.aws.warmup import Warmups
from flyball.core.model import Capacity, CapacityRange, Missing, MissingCause
from flyball.core.target import ScalableTarget
from flyball.ports import Outcome, OutcomeKind

SHARED_FOR = timedelta(seconds=10)
"""What was fetched for many is good for a look of each for so long."""


class AwsControl:
    """Capacity of SageMaker variants and inference components, and of EC2 Auto Scaling groups."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._owners = Owners(clients)
        self._warmups = Warmups(clients)
        self._fetched: dict[tuple[str, str], tuple[datetime, Answer]] = {}

    def prefetch(self, targets: Sequence[ScalableTarget], now: datetime) -> None:
        """Read ahead, for the looks that follow within seconds, what one call tells of many.

        Groups and native registrations come many in a call; an endpoint is fetched here where
        several targets are its variants. What fails is left to each target's own look to say.
        """
        resources = []
        for target in targets:
            try:
                resources.append(read_resource(target.resource))
            except ResourceError:
                continue
        self._fetched.clear()
        groups = sorted({each.auto_scaling_group for each in resources if isinstance(each, Group)})
        endpoints = Counter(each.endpoint for each in resources if isinstance(each, Variant))
        try:
            for name, group in fetch_groups(self._clients, groups).items() if groups else ():
                self._fetched["group", name] = (now, group)
            for name, count in endpoints.items():
                if count > 1:
                    endpoint = fetch_endpoint(self._clients, name)
                    self._fetched["endpoint", name] = (now, endpoint)
        except Exception:  # noqa: BLE001  (each target's own look says what fails)
            self._fetched.clear()
        self._owners.prefetch(resources, now)

    def describe(self, scalable_target: ScalableTarget, now: datetime) -> Capacity | Missing:
        """Read desired and ready capacity, the status, and who else scales the resource."""
        try:
            resource = read_resource(scalable_target.resource)
            capacity, suspended = self._look(resource, now)
        except ResourceError as error:
            return Missing(MissingCause.SOURCE_FAILED, str(error))
        except Exception as error:  # noqa: BLE001  (whatever cannot be read is not known)
            return Missing(MissingCause.SOURCE_FAILED, tell(error))
        if isinstance(capacity, Missing) or capacity.owner:
            return capacity
        owner = self._owners.find(resource, now, suspended)
        detail = join((capacity.detail, owner.remark))
        return capacity._replace(owner=owner.name, detail=detail)

    def apply(
        self, scalable_target: ScalableTarget, capacity: CapacityRange, now: datetime
    ) -> Outcome:
        """Set an absolute capacity once.

        Who else scales the resource is asked afresh before. If somebody does by now, nothing is
        sent (ABORTED), and the next look finds the owner and blocks.

        Returns:
            What the service did; a refusal is an outcome.

        Raises:
            Exception: It may have landed: nobody knows until the provider is read again.
        """
        try:
            resource = read_resource(scalable_target.resource)
        except ResourceError as error:
            return Outcome(OutcomeKind.FAILED, f"not sent: {error}")
        self._fetched.clear()
        match resource:
            case Variant():
                return self._guard(resource, now) or set_variant(
                    self._clients, resource, capacity.floor
                )
            case Component():
                return self._guard(resource, now) or set_component(
                    self._clients, resource, capacity.floor
                )
            case Group():
                return self._apply_group(resource, capacity.floor, now)

    def _guard(
        self, resource: Resource, now: datetime, suspended: frozenset[str] = frozenset()
    ) -> Outcome | None:
        """Refuse to send where somebody else scales the resource."""
        owner = self._owners.find(resource, now, suspended, afresh=True)
        if not owner.name:
            return None
        return Outcome(OutcomeKind.ABORTED, describe_owner(resource, owner))

    def _apply_group(self, resource: Group, count: int, now: datetime) -> Outcome:
        """Set a group's capacity inside the bounds that it has now."""
        name = resource.auto_scaling_group
        try:
            group = fetch_groups(self._clients, [name]).get(name)
        except Exception as error:  # noqa: BLE001  (only read so far: nothing can have landed)
            outcome = read_refusal(error, count)
            return outcome._replace(detail=f"not sent: {outcome.detail}")
        if group is None:
            return Outcome(OutcomeKind.FAILED, f"not sent: {_tell_no_group(resource)}")
        refused = self._guard(resource, now, read_suspended(group))
        return refused or set_group(self._clients, group, resource, count)

    def _look(self, resource: Resource, now: datetime) -> tuple[Capacity | Missing, frozenset[str]]:
        """Read the capacity, and which of a group's processes are suspended."""
        match resource:
            case Variant(endpoint):
                answer = self._take("endpoint", endpoint, now)
                if answer is None:
                    answer = fetch_endpoint(self._clients, endpoint)
                return read_variant(answer, resource), frozenset()
            case Component(component):
                answer = fetch_component(self._clients, component)
                return read_component(answer, resource), frozenset()
            case Group(name):
                group = self._take("group", name, now)
                if group is None:
                    group = fetch_groups(self._clients, [name]).get(name)
                if group is None:
                    detail = _tell_no_group(resource)
                    return Missing(MissingCause.SOURCE_FAILED, detail), frozenset()
                return read_group(group, resource, self._warmups, now), read_suspended(group)

    def _take(self, kind: str, name: str, now: datetime) -> Answer | None:
        """Take what was fetched for many, while it is new."""
        at, answer = self._fetched.get((kind, name), (None, None))
        return answer if at is not None and abs(now - at) <= SHARED_FOR else None


def _tell_no_group(resource: Group) -> str:
    return f"{name_resource(resource)}: could not find the group; name one of this region"
