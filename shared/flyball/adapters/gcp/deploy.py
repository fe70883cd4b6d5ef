"""What stands in Google Cloud for a config's policies, what should, and how is a difference mended?

Nothing is remembered between runs: an alert policy is found again, and is ours, by its user labels;
the job of every minute by its name.
There is nothing to take over or hand back: Vertex AI goes on picking inside the range that is set.

Source: Google Cloud Monitoring API v3, AlertPolicy; Google Cloud Observability pricing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import unquote

from flyball.adapters.gcp.alerting import Alerting, Written, write_policy
from flyball.adapters.gcp.labels import Labelled, read_labels
from flyball.adapters.gcp.live import Scene, judge, share
from flyball.adapters.gcp.policies import NoConditionError, define
from flyball.adapters.gcp.prices import count_conditions, read_prices
from flyball.adapters.gcp.resource import ResourceError, name_resource, read_resource
from flyball.adapters.gcp.rivals import WHAT, ReadTarget, find_rivals
from flyball.adapters.gcp.session import CallError
from flyball.adapters.gcp.tick import Found, TickJob
from flyball.alarm import Alarm, alarm_name, define_alarms, is_static
from flyball.core.target import Mode, ScalableTarget
from flyball.plan.compare import flatten
from flyball.plan.leftover import tell_leftover
from flyball.plan.live import Live
from flyball.plan.model import (
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
from flyball.price import Prices

GCP = "gcp"
JOB = {"scheduler.jobs": 1.0}
"""What a job is charged by in a month, by the names of the table of prices."""
OURS = "flyball-"
"""How the keys of our user labels begin; others may be added by anybody."""
CONDITION = (
    "filter",
    "comparison",
    "threshold_value",
    "duration",
    "evaluation_missing_data",
    "denominator_filter",
    "denominator_aggregations",
    "forecast_options",
)
"""What of a condition is ours to set, beside its aggregations and trigger."""
TRIGGERS: tuple[Mapping[str, int], ...] = ({}, {"count": 1})
"""What stands for any series that breaches, as it does where it is left out."""


class Place(NamedTuple):
    """Where a deployment is.

    Attributes:
        project: Its id.
        database: The ledger's, which also names the deployment.
        channel: The notification channel of its topic; "": alert policies tell nobody.
        alarm_prefix: First part of alarms' names.
        mode: advise, where its functions change nothing whatever the configs say; else "".
        region: Of the job that calls the function of every minute; "": not known.
    """

    project: str
    database: str
    channel: str = ""
    alarm_prefix: str = "flyball"
    mode: str = ""
    region: str = ""


class GcpHome:
    """Google Cloud, as far as a plan is about it.

    Args:
        alerting: Alert policies.
        place: The deployment.
        live: Reads the range that a resource has now.
        read_target: Reads a target of another deployment as it is in force.
        tick: The job of every minute; None: no plan is about it.
    """

    def __init__(
        self,
        alerting: Alerting,
        place: Place,
        live: Live,
        read_target: ReadTarget,
        tick: TickJob | None = None,
    ) -> None:
        self._alerting = alerting
        self._place = place
        self._live = live
        self._read_target = read_target
        self._tick = tick
        self._wanted: dict[str, Written] = {}
        self._found: dict[str, Written] = {}
        self._policies: list[Written] = []

    @property
    def place(self) -> Mapping[str, str]:
        """Say which project, database and channel."""
        return self._place._asdict()

    def key(self, target: ScalableTarget) -> str:
        """Name a target's resource; "": it is none of Google's."""
        try:
            return name_resource(read_resource(target.resource))
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
        """Find the alert policies of these targets and the deployment's job; say what should be.

        Raises:
            CallError: They cannot be listed.
        """
        checks: list[Check] = []
        staying = [each for each in scope.staying if self._is_sound(each, checks)]
        ids = {each.id for each in (*staying, *scope.leaving)}
        self._wanted = {
            alarm.name: made for target in staying for alarm, made in self._define(target, checks)
        }
        self._found = dict(self._find(ids, scope, checks))
        whose = (_owner(name) for name in self._found)
        checks += tell_leftover(each for each in whose if scope.is_left_over(each))
        for name, made in self._wanted.items():
            _keep_theirs(made, self._found.get(name, {}))
        checks += [
            *self._check_place(),
            *judge(
                Scene(
                    scope._replace(staying=staying),
                    choices,
                    memory,
                    now,
                    self._live,
                    self._advises,
                ),
                advance,
            ),
            *self._check_rivals(staying),
        ]
        job = Found() if self._tick is None else self._tick.survey(scope, choices)
        wanted, found = ([part] if part else [] for part in (job.wanted, job.found))
        return Survey(
            [*(self._part(name, made) for name, made in self._wanted.items()), *wanted],
            [*(self._part(name, policy) for name, policy in self._found.items()), *found],
            [*checks, *job.checks],
            self._price(wanted, found),
        )

    def carry_out(self, change: Change, now: datetime) -> None:  # noqa: ARG002  (the port's)
        """Make, change or remove an alert policy, or the job.

        Raises:
            CallError: It was refused, or it is not known whether it was done.
        """
        if change.kind is Kind.JOB:
            if self._tick is not None:
                self._tick.carry_out(change)
        elif change.verb is Verb.DELETE:
            self._alerting.delete(self._found[change.name]["name"])
        elif change.verb is Verb.CREATE:
            self._alerting.create(self._place.project, self._wanted[change.name])
        else:
            name = self._found[change.name]["name"]
            self._alerting.update({**self._wanted[change.name], "name": name})

    def is_refusal(self, error: BaseException) -> bool:
        """Say whether Google refused a change for certain."""
        return isinstance(error, CallError) and not error.doubtful and not error.passes

    def _is_sound(self, target: ScalableTarget, checks: list[Check]) -> bool:
        """Say whether a target names a resource; that it does not is a problem of the plan."""
        try:
            read_resource(target.resource)
        except ResourceError as error:
            checks.append(Check("resource", Level.FAIL, str(error), "", target.id))
            return False
        return True

    def _define(
        self, target: ScalableTarget, checks: list[Check]
    ) -> Iterator[tuple[Alarm, Written]]:
        """Write a target's alert policies; one that would be refused is a problem of the plan."""
        for alarm in define_alarms(target, self._place.alarm_prefix):
            name = alarm.name.partition("/")[2]
            remedy = "none is made: the target is looked at on every tick"
            if not is_static(alarm):
                text = f"{name}: its threshold moves with the instances"
                checks.append(Check("alarm", Level.OK, text, remedy, target.id))
                continue
            try:
                yield alarm, write_policy(define(alarm, self._place.channel))
            except NoConditionError as error:
                checks.append(Check("alarm", Level.OK, f"{name}: {error}", remedy, target.id))
            except ValueError as error:
                checks.append(Check("alarm", Level.FAIL, str(error), "", target.id))

    def _find(
        self, ids: set[str], scope: Scope, checks: list[Check]
    ) -> Iterator[tuple[str, Written]]:
        """Find our alert policies by their labels, of these targets or of nobody, and name each.

        Of two with the same labels, which a lost answer may leave, the later one has a name that
        nothing wants.
        """
        count: dict[str, int] = {}
        self._policies = sorted(self._alerting.list(self._place.project), key=_made_at)
        for policy in self._policies:
            labelled = self._read(policy, checks)
            target = "" if labelled is None else labelled.scalable_target_id
            is_left = scope.is_left_over(target) and self._wakes_us(policy)
            if labelled is None or not (target in ids or is_left):
                continue
            prefix, side = labelled.prefix, labelled.side
            name = alarm_name(target, labelled.policy, side, prefix)
            count[name] = count.get(name, 0) + 1
            yield name if count[name] == 1 else f"{name}/{count[name]}", policy

    def _wakes_us(self, policy: Written) -> bool:
        """Say whether a policy wakes this deployment, or nobody.

        One that wakes somebody else has its target in another ledger, though under our prefix.
        """
        channels = policy.get("notification_channels", ())
        return not channels or self._place.channel in channels

    def _read(self, policy: Written, checks: list[Check]) -> Labelled | None:
        """Read whose a policy is; None: none of this deployment's that it made."""
        labels = policy.get("user_labels", {})
        try:
            labelled = read_labels(labels)
        except ValueError as error:
            shown = policy.get("display_name", policy.get("name", "?"))
            text = f"{shown} has labels that cannot be read ({error}), so it is left alone"
            checks.append(Check("alarm", Level.WARN, text, "mend its labels, or delete it"))
            return None
        if labelled is None or labelled.prefix != self._place.alarm_prefix or not labelled.side:
            return None
        return labelled

    def _check_rivals(self, staying: Sequence[ScalableTarget]) -> Iterator[Check]:
        """Look at other deployments on the same resources."""
        ours = {each.id: each for each in staying}
        rivals = find_rivals(self._policies, staying, self._place.alarm_prefix)

        def read_mode(rival: Rival) -> Mode | None:
            theirs = self._read_target(rival)
            is_on = theirs is not None and share(theirs, ours[rival.scalable_target_id])
            return theirs.mode if theirs is not None and is_on else None

        yield from check_rivals(rivals, read_mode, staying, WHAT, advises=self._advises)

    @property
    def _advises(self) -> bool:
        return self._place.mode == Mode.ADVISE.value

    def _check_place(self) -> Iterator[Check]:
        """Say what the deployment does not do."""
        if self._wanted and not self._place.channel:
            text = "no notification channel is known, so alert policies would wake nobody"
            remedy = "set FLYBALL_ALERT_CHANNEL, as the deployment's functions have it"
            yield Check("alarm", Level.WARN, text, remedy)

    def _price(self, wanted: Sequence[Part], found: Sequence[Part]) -> Cost:
        """Price alert policies and the job, as they are and as they should be."""
        prices = read_prices()
        job_usd = prices.usd(JOB)
        each = {name: price([made], prices) for name, made in self._wanted.items()}
        alarms = len(each)
        each |= {part.name: job_usd for part in wanted}
        before = price(self._found.values(), prices) + job_usd * len(found)
        begins = prices.begins
        free = [f"alarms are charged from {begins} on"] if alarms and begins else []
        if wanted:
            free.append("three jobs of a billing account are free")
        return Cost(alarms, before, sum(each.values()), each, len(wanted), tuple(free))

    def _part(self, name: str, policy: Written) -> Part:
        return Part(Kind.ALARM, name, _owner(name), GCP, normalize(policy))


def normalize(policy: Mapping[str, Any]) -> dict[str, str]:
    """Spread what is ours of a policy over fields, as it is written or as Monitoring shows it."""
    said = policy.get("documentation", {})
    labels = policy.get("user_labels", {})
    shown: dict[str, Any] = {
        "display_name": policy.get("display_name"),
        "documentation": said.get("content"),
        "user_labels": {key: value for key, value in labels.items() if key.startswith(OURS)},
        "combiner": policy.get("combiner"),
        "notification_channels": sorted(policy.get("notification_channels", ())),
        "alert_strategy": policy.get("alert_strategy"),
        "enabled": policy.get("enabled", True),
    }
    for number, condition in enumerate(policy.get("conditions", ()), start=1):
        shown["condition" if number == 1 else f"condition {number}"] = _spread(condition)
    return flatten({key: value for key, value in shown.items() if value not in (None, [], {}, "")})


def price(policies: Iterable[Mapping[str, Any]], prices: Prices) -> float:
    """Price alert policies at list price, dollars a month, what is charged only later included."""
    every_s = prices.assumptions["evaluation_s"]
    counts = [count_conditions(each, every_s) for each in policies]
    return sum(prices.usd(each) + prices.usd_later(each) for each in counts)


def _spread(condition: Mapping[str, Any]) -> dict[str, Any]:
    """Spread a condition; one that is of another kind than ours is shown as it is."""
    given = condition.get("condition_threshold")
    if given is None:
        return {key: value for key, value in condition.items() if key != "name"}
    shown = {key: given[key] for key in CONDITION if key in given}
    shown.setdefault("threshold_value", 0.0)
    shown["duration"] = re.sub(r"\.0*s$", "s", str(given.get("duration", "0s")))
    aggregations = given.get("aggregations", [])
    shown["aggregation"] = aggregations[0] if len(aggregations) == 1 else list(aggregations)
    if given.get("trigger", {}) not in TRIGGERS:
        shown["trigger"] = given["trigger"]
    return shown


def _keep_theirs(made: Written, found: Written) -> None:
    """Keep labels that somebody added, and let a condition go on under its name."""
    theirs = {
        key: value
        for key, value in found.get("user_labels", {}).items()
        if key not in made["user_labels"]
    }
    made["user_labels"] = {
        **{key: value for key, value in theirs.items() if not key.startswith(OURS)},
        **made["user_labels"],
    }
    conditions = found.get("conditions", ())
    if conditions and "name" in conditions[0]:
        made["conditions"][0]["name"] = conditions[0]["name"]


def _owner(name: str) -> str:
    """Say whose an alarm is, by its name."""
    return unquote(name.split("/")[1])


def _made_at(policy: Written) -> tuple[str, str]:
    return policy.get("creation_record", {}).get("mutate_time", ""), policy.get("name", "")
