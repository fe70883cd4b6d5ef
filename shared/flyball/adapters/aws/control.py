"""How is capacity on AWS read and set, whatever kind of resource it is of?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from flyball.adapters.aws.answer import Answer, join
from flyball.adapters.aws.auto_scaling_group import (
    fetch_groups,
    read_group,
    read_suspended,
    set_group,
)
from flyball.adapters.aws.clients import Clients
from flyball.adapters.aws.component import fetch_component, read_component, set_component
from flyball.adapters.aws.native import KEPT_LIMIT, Owners, describe_owner
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
from flyball.adapters.aws.send import due_by
from flyball.adapters.aws.warmup import Warmups
from flyball.core.model import Capacity, CapacityRange, Missing, MissingCause
from flyball.core.target import ScalableTarget
from flyball.ports import Deadline, Outcome, OutcomeKind, Underway

SHARED_FOR = timedelta(seconds=10)
"""What was fetched for many is good for a look of each for so long."""


class _Wish(NamedTuple):
    """A capacity that is wanted of a resource.

    Attributes:
        resource: Whose.
        wanted: Instances or copies.
        shown: The desired capacity that the last look showed; None where there was none.
        now: Aware UTC.
    """

    resource: Resource
    wanted: int
    shown: int | None
    now: datetime

    @property
    def is_in(self) -> bool:
        """Whether it takes capacity away, as far as is known."""
        return self.shown is None or self.wanted < self.shown


class AwsControl:
    """Capacity of SageMaker variants and inference components, and of EC2 Auto Scaling groups."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._owners = Owners(clients)
        self._warmups = Warmups(clients)
        self._fetched: dict[tuple[str, str], tuple[datetime, Answer]] = {}
        self._shown: dict[str, int] = {}

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

    def describe(
        self,
        scalable_target: ScalableTarget,
        now: datetime,
        underway: Underway | None = None,  # noqa: ARG002  (the status tells whether it is busy)
    ) -> Capacity | Missing:
        """Read desired and ready capacity, the status, and who else scales the resource."""
        try:
            resource = read_resource(scalable_target.resource)
            capacity, suspended = self._look(resource, now)
        except ResourceError as error:
            return Missing(MissingCause.SOURCE_FAILED, str(error))
        except Exception as error:  # noqa: BLE001  (whatever cannot be read is not known)
            return Missing(MissingCause.SOURCE_FAILED, tell(error))
        if isinstance(capacity, Missing):
            return capacity
        if len(self._shown) >= KEPT_LIMIT:
            self._shown.clear()
        self._shown[scalable_target.id] = capacity.desired
        if capacity.owner:
            return capacity
        owner = self._owners.find(resource, now, suspended)
        detail = join((capacity.detail, owner.remark))
        return capacity._replace(owner=owner.name, detail=detail)

    def apply(
        self,
        scalable_target: ScalableTarget,
        capacity: CapacityRange,
        now: datetime,
        deadline: Deadline | None = None,
    ) -> Outcome:
        """Set an absolute capacity once.

        Who else scales the resource is asked afresh before. If somebody does by now, nothing is
        sent (ABORTED), and the next look finds the owner and blocks. Where that cannot be known, a
        scale-in is not sent. A group is read again too, anything else before a scale-in: where
        somebody changed the capacity since the look that this was decided on, nothing is sent
        (ABORTED), and the next look finds the foreign change.

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
        wish = _Wish(resource, capacity.floor, self._shown.pop(scalable_target.id, None), now)
        with due_by(deadline):
            match resource:
                case Variant():
                    return self._apply_hosted(wish, partial(set_variant, self._clients, resource))
                case Component():
                    put = partial(set_component, self._clients, resource)
                    return self._apply_hosted(wish, put)
                case Group():
                    return self._apply_group(wish, resource)

    def _apply_hosted(self, wish: _Wish, put: Callable[[int], Outcome]) -> Outcome:
        """Set what SageMaker hosts, if before a scale-in it still has what was seen."""
        refused, remark = self._guard(wish)
        if refused is None and wish.is_in and wish.shown is not None:
            refused = self._compare_hosted(wish)
        return refused or _add(put(wish.wanted), remark)

    def _compare_hosted(self, wish: _Wish) -> Outcome | None:
        """Refuse to send where the capacity is not the one that was decided on, or not known."""
        try:
            found, _ = self._look(wish.resource, wish.now)
        except Exception as error:  # noqa: BLE001  (only read so far: nothing can have landed)
            return _refuse_unread(error, wish.wanted)
        if isinstance(found, Missing):
            return Outcome(OutcomeKind.FAILED, f"not sent: {found.detail}")
        return _compare(wish, found.desired)

    def _apply_group(self, wish: _Wish, resource: Group) -> Outcome:
        """Set a group's capacity inside the bounds that it has now."""
        name = resource.auto_scaling_group
        try:
            group = fetch_groups(self._clients, [name]).get(name)
        except Exception as error:  # noqa: BLE001  (only read so far: nothing can have landed)
            return _refuse_unread(error, wish.wanted)
        if group is None:
            return Outcome(OutcomeKind.FAILED, f"not sent: {_tell_no_group(resource)}")
        refused = _compare(wish, group.get("DesiredCapacity"))
        if refused is not None:
            return refused
        refused, remark = self._guard(wish, read_suspended(group))
        return refused or _add(set_group(self._clients, group, resource, wish.wanted), remark)

    def _guard(
        self, wish: _Wish, suspended: frozenset[str] = frozenset()
    ) -> tuple[Outcome | None, str]:
        """Refuse to send where somebody else scales the resource, or a scale-in where who knows.

        Returns:
            The refusal or None, and what is to be said of a change that is sent.
        """
        owner = self._owners.find(wish.resource, wish.now, suspended, afresh=True)
        if owner.name:
            return Outcome(OutcomeKind.ABORTED, describe_owner(wish.resource, owner)), ""
        if owner.refusal is not None and wish.is_in:
            return Outcome(owner.refusal, f"not sent: {owner.remark}"), ""
        return None, owner.remark

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


def _compare(wish: _Wish, desired: object) -> Outcome | None:
    """Refuse to send where the desired capacity is not the one that was decided on."""
    if wish.shown is None or desired == wish.shown:
        return None
    detail = f"not sent: decided on a desired capacity of {wish.shown}, and by now it is {desired}"
    return Outcome(OutcomeKind.ABORTED, detail)


def _refuse_unread(error: Exception, count: int) -> Outcome:
    """Say what comes of a change before which its resource could not be read."""
    outcome = read_refusal(error, count)
    return outcome._replace(detail=f"not sent: {outcome.detail}")


def _add(outcome: Outcome, remark: str) -> Outcome:
    """Say something more of an outcome."""
    return outcome._replace(detail=join((outcome.detail, remark)))
