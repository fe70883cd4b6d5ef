"""What stands in AWS for a config's policies, what should, and how is one difference mended?

Nothing is remembered between runs: an alarm is found again by its name, and is ours by its tag.

Source: Amazon CloudWatch API Reference, PutMetricAlarm, DescribeAlarms and "Service quotas".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, NamedTuple

from flyball.adapters.aws.charge import AWS, find_places, settle
from flyball.adapters.aws.clients import Clients
from flyball.adapters.aws.handover import (
    Native,
    count_alarms,
    count_scheduled,
    is_refusal,
    pages,
    read_natives,
    set_state,
)
from flyball.adapters.aws.live import check_capacity, check_zero
from flyball.adapters.aws.pace import NAMES, Pace
from flyball.adapters.aws.prices import count_metrics, read_prices
from flyball.adapters.aws.resource import ResourceError, Variant, read_resource, resource_key
from flyball.adapters.aws.rivals import find_rivals
from flyball.adapters.aws.sagemaker import fetch_endpoint
from flyball.adapters.aws.sight import ANYTHING, Reach, Scene
from flyball.adapters.aws.tags import find_bare
from flyball.alarm import Alarm, define_alarms, find_scalable_target, is_static
from flyball.core.codec import parse
from flyball.core.target import Mode, ScalableTarget
from flyball.plan.compare import flatten
from flyball.plan.leftover import tell_leftover
from flyball.plan.live import Live, look_at_all
from flyball.plan.model import (
    SUSPENDED,
    Change,
    Check,
    Choices,
    Cost,
    Kind,
    Level,
    Memory,
    Part,
    Scope,
    Survey,
    Verb,
)
from flyball.plan.rivals import Rival, check_rivals
from flyball.ports import UnknownTargetError

AT_ONCE = 8
TAG = "flyball:targets-table"
"""Whose alarm it is: its value names the deployment's table of scalable targets."""

_DEFAULTS: Mapping[str, Any] = {
    "AlarmDescription": "",
    "ActionsEnabled": True,
    "OKActions": [],
    "AlarmActions": [],
    "InsufficientDataActions": [],
    "MetricName": None,
    "Namespace": None,
    "Statistic": None,
    "ExtendedStatistic": None,
    "Dimensions": [],
    "Period": None,
    "Unit": None,
    "EvaluationPeriods": None,
    "DatapointsToAlarm": None,
    "Threshold": None,
    "ThresholdMetricId": None,
    "ComparisonOperator": None,
    "TreatMissingData": "missing",
    "EvaluateLowSampleCountPercentile": None,
    "Metrics": [],
}
"""What of an alarm is ours to set, with what CloudWatch takes where it is left out."""


class Place(NamedTuple):
    """Where a deployment is.

    Attributes:
        account: Twelve digits.
        region: Such as eu-central-1.
        targets_table: The table of scalable targets, which also names the deployment.
        ledger_table: The append-only one.
        alarm_topic: The topic's ARN that alarms notify; "": EventBridge finds them by name.
        alarm_prefix: First part of alarms' names.
        mode: advise, where its functions change nothing whatever the configs say; else "".
        stack: The CloudFormation stack's name, where that is how it was found.
    """

    account: str
    region: str
    targets_table: str
    ledger_table: str
    alarm_topic: str = ""
    alarm_prefix: str = "flyball"
    mode: str = ""
    stack: str = ""


Define = Callable[[Alarm], Mapping[str, Any]]
"""Makes PutMetricAlarm's arguments, without tags."""


class AwsHome:
    """AWS, as far as a plan is about it.

    Args:
        clients: The account's.
        place: The deployment.
        define: Makes an alarm's arguments.
        live: Reads what an endpoint has now.
        pace: Holds calls below the alarm API's rates.
        reach: What the deployment's functions may scale, as far as is known.
    """

    def __init__(
        self,
        clients: Clients,
        place: Place,
        define: Define,
        live: Live,
        pace: Pace,
        reach: Reach = ANYTHING,
    ) -> None:
        self._clients = clients
        self._place = place
        self._define = define
        self._live = live
        self._pace = pace
        self._reach = reach
        self._alarms: dict[str, Mapping[str, Any]] = {}
        self._natives: dict[str, Native] = {}
        self._going: dict[str, str] = {}

    @property
    def place(self) -> Mapping[str, str]:
        """Say which account, region, tables and topic."""
        return self._place._asdict()

    def key(self, target: ScalableTarget) -> str:
        """Name a target's resource; "": it is none of AWS's."""
        try:
            return resource_key(target.resource)
        except ResourceError:
            return ""

    def survey(
        self,
        scope: Scope,
        choices: Choices,
        memory: Memory,
        now: datetime,
        advance: Callable[[int], None],
    ) -> Survey:
        """Find the alarms and native scaling of these targets, and say what should be."""
        checks: list[Check] = []
        staying = [each for each in scope.staying if _is_sound(each, checks)]
        leaving = [each for each in scope.leaving if _is_sound(each, [])]  # else it is nowhere
        ids = {each.id for each in (*staying, *scope.leaving)}
        scope = scope._replace(staying=staying, leaving=leaving)
        self._alarms = {
            name: made for target in staying for name, made in self._make_alarms(target, checks)
        }
        found, others = self._find_alarms(ids, scope, checks)
        wanted = [self._part(name, made) for name, made in self._alarms.items()]
        there = [self._part(name, alarm) for name, alarm in found.items()]
        there = self._keep_ours(there, found, checks)
        going = [each for each in there if each.name not in self._alarms]
        self._going = {each.name: each.scalable_target_id for each in going}
        self._natives = read_natives(self._clients, find_places(scope, memory))
        hands = settle(
            Scene(
                scope,
                choices,
                memory,
                now,
                self._natives,
                self._live,
                lambda native: count_scheduled(self._clients, native),
                self._reach,
                self._advises,
                find_bare(self._clients, staying, self._reach.tag),
            )
        )
        checks += [*hands.checks, *self._check_rivals(others, staying)]
        checks += look_at_all(lambda each: self._check_live(each, choices), staying, advance)
        taken = [self._natives[each.name] for each in hands.wanted if _is_suspended(each)]
        checks += [
            *_tell_native_alarms(count_alarms(self._clients, taken)),
            *self._look_at_zero(staying),
        ]
        each = {name: _price([made]) for name, made in self._alarms.items()}
        cost = Cost(len(each), _price(found.values()), sum(each.values()), each)
        return Survey([*wanted, *hands.wanted], [*there, *hands.found], checks, cost)

    def carry_out(self, change: Change, now: datetime) -> None:  # noqa: ARG002  (the port's)
        """Make, change or remove an alarm, or suspend or resume native scaling."""
        client = self._clients.get("cloudwatch")
        if change.kind is Kind.NATIVE:
            state = {each.name: each.after or "" for each in change.fields}
            native = self._natives[change.name]
            set_state(self._clients, native, {**native.state, **state})
        elif change.verb is Verb.DELETE:
            self._delete(change)
        else:
            tags = [{"Key": TAG, "Value": self._place.targets_table}]
            call = self._pace.paced("PutMetricAlarm", client.put_metric_alarm)
            call(**self._alarms[change.name], Tags=tags)

    def _delete(self, change: Change) -> None:
        """Delete an alarm; the first of a target's takes along the others that go, in one call."""
        if change.name not in self._going:
            return
        whose = change.scalable_target_id
        others = [name for name, who in self._going.items() if who == whose and name != change.name]
        names = [change.name, *others][:NAMES]
        client = self._clients.get("cloudwatch")
        self._pace.paced("DeleteAlarms", client.delete_alarms)(AlarmNames=names)
        for name in names:
            del self._going[name]

    def is_refusal(self, error: BaseException) -> bool:
        """Say whether AWS refused a change for certain."""
        return is_refusal(error)

    def _keep_ours(
        self, there: Sequence[Part], found: Mapping[str, Mapping[str, Any]], checks: list[Check]
    ) -> list[Part]:
        """Keep the alarms that are this deployment's; the rest is named."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            owners = list(pool.map(lambda each: self._find_owner(found[each.name]), there))
        checks += [
            self._tell_stranger(part, owner)
            for part, owner in zip(there, owners, strict=True)
            if owner != self._place.targets_table
        ]
        return [
            part
            for part, owner in zip(there, owners, strict=True)
            if owner == self._place.targets_table
        ]

    def _find_owner(self, alarm: Mapping[str, Any]) -> str | None:
        """Name the deployment that made an alarm; None: none did."""
        call = self._clients.get("cloudwatch").list_tags_for_resource
        tags = call(ResourceARN=alarm["AlarmArn"])
        return {each["Key"]: each["Value"] for each in tags.get("Tags", ())}.get(TAG)

    def _tell_stranger(self, part: Part, owner: str | None) -> Check:
        whose = "was not made by Flyball" if owner is None else f"belongs to {owner}"
        taken = part.name in self._alarms
        return Check(
            "alarm",
            Level.FAIL if taken else Level.WARN,
            f"{part.name} {whose}, so it is left alone",
            "delete it by hand, or set another FLYBALL_ALARM_PREFIX" if taken else "",
            part.scalable_target_id,
        )

    def _make_alarms(
        self, target: ScalableTarget, checks: list[Check]
    ) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Write a target's alarms; one that CloudWatch would refuse is a problem of the plan."""
        for alarm in define_alarms(target, self._place.alarm_prefix):
            if not is_static(alarm):
                text = f"{alarm.name.partition('/')[2]}: its threshold moves with the instances"
                remedy = "none is made: the target is looked at on every tick"
                checks.append(Check("alarm", Level.OK, text, remedy, target.id))
                continue
            try:
                yield alarm.name, self._define(alarm)
            except ValueError as error:
                checks.append(Check("alarm", Level.FAIL, str(error), "", target.id))

    def _find_alarms(
        self, ids: set[str], scope: Scope, checks: list[Check]
    ) -> tuple[dict[str, dict[str, Any]], list[dict[str, Any]]]:
        """Read the account's alarms: under our prefix of these or nobody's, and the others."""
        prefix = self._place.alarm_prefix
        call = self._pace.paced("DescribeAlarms", self._clients.get("cloudwatch").describe_alarms)
        found, others, left = {}, [], []
        for alarm in pages(call, "MetricAlarms", MaxRecords=100):
            owner = _target_of(alarm["AlarmName"], prefix)
            if owner is not None and owner not in ids and scope.is_left_over(owner):
                left += [owner] * (is_ours := self._find_owner(alarm) == self._place.targets_table)
            else:
                is_ours = owner in ids
            if is_ours:
                found[alarm["AlarmName"]] = alarm
            else:
                others.append(alarm)
        checks += tell_leftover(left)
        return found, others

    def _check_live(self, target: ScalableTarget, choices: Choices) -> Iterator[Check]:
        """Hold what is live against a config."""
        native = self._natives.get(resource_key(target.resource))
        yield from check_capacity(self._live(target), target, native, choices)

    def _check_rivals(
        self, others: Sequence[Mapping[str, Any]], staying: Sequence[ScalableTarget]
    ) -> Iterator[Check]:
        """Look at other deployments on the same resources."""
        rivals = find_rivals(others, staying, self._find_owner, self._place.targets_table)
        yield from check_rivals(rivals, self._read_mode, staying, "table", advises=self._advises)

    def _read_mode(self, rival: Rival) -> Mode | None:
        """Read how a target of another deployment is in force."""
        from flyball.adapters.aws.dynamodb import DynamoLedger  # noqa: PLC0415

        table = rival.deployment
        there = DynamoLedger(self._clients.get("dynamodb"), targets=table, ledger=table)
        try:
            status = there.status(rival.id)
        except UnknownTargetError:
            return None
        return parse(ScalableTarget, status.config).mode if status.config_hash else None

    def _look_at_zero(self, staying: Sequence[ScalableTarget]) -> Iterator[Check]:
        """Look at variants that may go to zero, which not every endpoint can."""
        for target in staying:
            resource = read_resource(target.resource)
            if isinstance(resource, Variant) and not target.min_capacity:
                try:
                    answer = fetch_endpoint(self._clients, resource.endpoint)
                except Exception:  # noqa: BLE001, S112  (that it cannot be read is said elsewhere)
                    continue
                yield from check_zero(target, answer)

    @property
    def _advises(self) -> bool:
        return self._place.mode == Mode.ADVISE.value

    def _part(self, name: str, alarm: Mapping[str, Any]) -> Part:
        whose = _target_of(name, self._place.alarm_prefix) or ""
        return Part(Kind.ALARM, name, whose, AWS, normalize(alarm))


def _is_sound(target: ScalableTarget, checks: list[Check]) -> bool:
    """Say whether a target names a resource of AWS; that it does not is a problem of the plan."""
    try:
        resource_key(target.resource)
    except ResourceError as error:
        checks.append(Check("resource", Level.FAIL, str(error), "", target.id))
        return False
    return True


def _is_suspended(part: Part) -> bool:
    return set(part.fields.values()) == {SUSPENDED}


def _tell_native_alarms(count: int) -> Iterator[Check]:
    """Say what native scaling goes on costing once it is suspended."""
    if count:
        dollars = read_prices().usd({"cloudwatch.alarms": count})
        text = f"native scaling's own {count} go on costing ${dollars:.2f} a month while suspended"
        yield Check("alarms", Level.OK, text)


def normalize(alarm: Mapping[str, Any]) -> dict[str, str]:
    """Spread what is ours of an alarm over fields, as PutMetricAlarm takes it or AWS shows it."""
    given = {**_DEFAULTS, **{key: alarm[key] for key in _DEFAULTS if alarm.get(key) is not None}}
    if given["DatapointsToAlarm"] is None:
        given["DatapointsToAlarm"] = given["EvaluationPeriods"]
    given["Threshold"] = None if given["Threshold"] is None else float(given["Threshold"])
    given["Metrics"] = [_normalize_line(line) for line in given["Metrics"]]
    shown = {key: value for key, value in given.items() if value not in (None, [], "")}
    return flatten(shown)


def _normalize_line(line: Mapping[str, Any]) -> dict[str, Any]:
    return {"ReturnData": True, **{key: value for key, value in line.items() if value is not None}}


def _target_of(name: str, prefix: str) -> str | None:
    try:
        return find_scalable_target(name, prefix)
    except ValueError:
        return None


def _price(alarms: Iterable[Mapping[str, Any]]) -> float:
    """Price alarms at list price, dollars a month."""
    counts = [count_metrics(alarm) for alarm in alarms]
    amounts = {
        "cloudwatch.alarms": sum(standard for standard, _ in counts),
        "cloudwatch.high_resolution_alarms": sum(high for _, high in counts),
    }
    return read_prices().usd(amounts)
