"""Is everything well with a deployment and the scalable targets that it has?"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from flyball.adapters.local.memory import MemoryLedger
from flyball.core.codec import decode, parse
from flyball.core.record import FOREIGN
from flyball.core.remember import Noticed
from flyball.core.target import ScalableTarget
from flyball.plan.model import Check, Choices, Kind, Level, Plan, Purpose, Wanted
from flyball.ports import Ledger, LedgerError
from flyball.wiring.deploy import Request, Store, draft
from flyball.wiring.machine import engine_version
from flyball.wiring.stack import AWS, find_stack, make_clients, make_home, open_tables
from flyball.wiring.stack import Settings as StackSettings

if TYPE_CHECKING:
    from flyball.adapters.aws.asked import Asked
    from flyball.adapters.aws.checkup import Identity
    from flyball.adapters.aws.clients import Clients
    from flyball.adapters.aws.permissions import Grant, Site
    from flyball.adapters.aws.present import Presence
    from flyball.adapters.aws.stack import Stack

LATE = timedelta(minutes=3)
"""A minute's timer that is later than this does not run."""
SHOWN = 100
NOBODY = "nobody"
"""Whose rows are asked for where no scalable target is registered: there are none."""
RECENT = timedelta(hours=24)
"""Of changes by somebody else."""
PLANNED = ((Kind.TARGET, "configs"), (Kind.ALARM, "alarms"), (Kind.JOB, "job"))
"""What of a plan is counted, by the name of its check."""
T = TypeVar("T")
ABOUT_RESOURCES = frozenset({"capacity", "resource", "tags"})
"""What a plan says of a resource that it cannot read; the doctor has said why already."""
RESTS_ON: Mapping[str, tuple[str, ...]] = {
    "alarm": ("cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource"),
    "in charge": ("application-autoscaling:DescribeScalableTargets",),
    "native scaling": (
        "application-autoscaling:DescribeScalableTargets",
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribePolicies",
        "autoscaling:DescribeScheduledActions",
    ),
    "tags": ("sagemaker:ListTags", "autoscaling:DescribeAutoScalingGroups"),
}
"""By a check of a plan, what it is concluded from: refused, it says nothing."""


@dataclass(frozen=True, slots=True)
class Doctor:
    """What is looked at.

    Attributes:
        wanted: What a file compiles to; None: there is no file, so what is registered.
        file: The file's name.
        stack: The CloudFormation stack; None: as the environment says.
        region: AWS's; None: as the environment or the profile says.
        now: Aware UTC.
    """

    wanted: tuple[Wanted, ...] | None
    file: str
    stack: str | None
    region: str | None
    now: datetime

    def examine_local(self, ledger: Ledger) -> Iterator[Check]:
        """Look at a ledger on this machine."""
        yield from check_tick(ledger, self.now, "is `flyball run` running?")
        if self.wanted is not None:
            plan = draft(self.request(self.wanted), {"local": Store(ledger)}, self.now)
            yield from check_plan(plan, self.file)

    def examine_aws(self) -> Iterator[Check]:
        """Look at a deployment on AWS; what is refused is told last, as one policy."""
        from flyball.adapters.aws.asked import Asked  # noqa: PLC0415  (only where it is asked for)
        from flyball.adapters.aws.checkup import (  # noqa: PLC0415
            check_identity,
            identify,
            tell_refused,
        )
        from flyball.adapters.aws.simulated import simulate  # noqa: PLC0415

        clients = make_clients(self.region)
        try:
            identity = identify(clients, self.now)
        except Exception as error:  # noqa: BLE001  (whatever it is, nothing else can be known)
            yield tell_refused(error)
            return
        yield from check_identity(identity)
        asked = Asked()
        heard = asked.listen(clients)
        stack, problem = self._find_stack(heard, asked)
        site, grants = self._list_grants(clients, identity, stack)
        if problem is not None:
            yield problem
        if stack is not None:
            yield from self._examine_deployment(heard, asked, stack)
            yield from simulate(clients, asked, site.caller, grants)
        yield from asked.checks(grants)

    def examine_gcp(self, project: str | None, database: str | None = None) -> Iterator[Check]:
        """Look at a deployment on Google Cloud; what is refused is told last, as one role.

        Args:
            project: In which the ledger is; None: as the environment says.
            database: The ledger's; None: as the environment says, or the only deployment's.

        Raises:
            SettingsError: Google's libraries are not installed, or the environment is wrong.
        """
        from flyball.wiring.google import examine  # noqa: PLC0415  (only where it is asked for)

        yield from examine(self, project, database)

    def list_permissions(self) -> dict[str, Any]:
        """Write the policy that plan, apply, destroy and doctor need, as IAM takes it.

        Raises:
            botocore.exceptions.BotoCoreError: There are no credentials, or no region.
            botocore.exceptions.ClientError: The stack may not be read.
            StackError: There is no such stack.
        """
        from flyball.adapters.aws.checkup import identify  # noqa: PLC0415
        from flyball.adapters.aws.permissions import write_policy  # noqa: PLC0415

        clients = make_clients(self.region)
        identity = identify(clients, self.now)
        stack = find_stack(clients, StackSettings.from_env(), self.stack)
        return write_policy(self._list_grants(clients, identity, stack)[1])

    def _find_stack(self, clients: Clients, asked: Asked) -> tuple[Stack | None, Check | None]:
        """Find the deployment, or say what is wrong with it; a refusal is told at the end."""
        from flyball.adapters.aws.stack import StackError  # noqa: PLC0415

        try:
            return find_stack(clients, StackSettings.from_env(), self.stack), None
        except StackError as error:
            return None, Check("deployment", Level.FAIL, str(error))
        except Exception as error:  # noqa: BLE001  (whatever it is, the tables are not known)
            if asked.was_refused(error):
                return None, None
            remedy = "set FLYBALL_TARGETS_TABLE and FLYBALL_LEDGER_TABLE, or try again"
            text = f"the stack cannot be read: {error}"
            return None, Check("deployment", Level.FAIL, text, remedy)

    def _list_grants(
        self, clients: Clients, identity: Identity, stack: Stack | None
    ) -> tuple[Site, tuple[Grant, ...]]:
        from flyball.adapters.aws.checkup import find_keys  # noqa: PLC0415
        from flyball.adapters.aws.permissions import Site, list_grants  # noqa: PLC0415
        from flyball.adapters.aws.simulated import find_principal  # noqa: PLC0415

        settings = StackSettings.from_env()
        named = self.stack or ("" if settings.targets_table else settings.stack)
        site = Site(
            identity.arn.split(":")[1],
            clients.get("sts").meta.region_name,
            identity.account,
            find_principal(clients, identity.arn),
            named,
            stack,
            None if stack is None else find_keys(clients, stack),
        )
        return site, list_grants(site)

    def _examine_deployment(self, clients: Clients, asked: Asked, stack: Stack) -> Iterator[Check]:
        from flyball.adapters.aws.checkup import check_dead_letters  # noqa: PLC0415

        yield from check_dead_letters(clients, asked, stack.dead_queue)
        ledger = open_tables(clients, stack)
        remedy = "does the stack's schedule run its tick?"
        registered: tuple[Wanted, ...] | None = ()
        try:
            registered = _unless_refused(asked, lambda: read_registered(ledger))
            late = _unless_refused(asked, lambda: [*check_tick(ledger, self.now, remedy)])
            name = registered[0].id if registered else NOBODY
            _unless_refused(asked, lambda: ledger.latest(1, name))  # may it be read?
        except LedgerError as error:
            yield Check("deployment", Level.FAIL, str(error), "is it deployed, in this region?")
            return
        yield from late or ()
        if registered is not None:
            text = f"tables {stack.targets_table} and {stack.ledger_table}"
            advises = "; it only advises, whatever the configs say" * (stack.mode == "advise")
            yield Check("deployment", Level.OK, text + advises)
        yield from self._examine_targets(clients, asked, stack, ledger, registered)

    def _examine_targets(
        self,
        clients: Clients,
        asked: Asked,
        stack: Stack,
        ledger: Ledger,
        registered: tuple[Wanted, ...] | None,
    ) -> Iterator[Check]:
        from flyball.adapters.aws.checkup import check_deployments  # noqa: PLC0415
        from flyball.adapters.aws.present import find_resources  # noqa: PLC0415
        from flyball.adapters.aws.sources import check_sources  # noqa: PLC0415

        wanted = (registered or ()) if self.wanted is None else self.wanted
        targets = [each for each in map(_target, wanted) if each.home == AWS]
        found = find_resources(clients, asked, targets)
        yield from found.checks
        known = ledger if registered is not None else MemoryLedger()
        stores = {AWS: Store(known, make_home(clients, stack))}
        request = self.request(wanted)._replace(sweeps=registered is not None)
        plan = asked.ask("a plan", lambda: draft(request, stores, self.now), None)
        if plan is not None:
            plan = _keep_known(plan, asked, found, knows_targets=registered is not None)
            yield from check_plan(plan, self.file if self.wanted is not None else "")
        there = [each for each in targets if each.id not in found.absent]
        yield from check_deployments(clients, asked, found.endpoints, there)
        yield from check_sources(clients, asked, there)

    def request(self, wanted: tuple[Wanted, ...]) -> Request:
        """Ask for the plan that would put these into force."""
        return Request(Purpose.APPLY, wanted, Choices(), self.file, engine_version())


def _unless_refused(asked: Asked, call: Callable[[], T]) -> T | None:
    """Ask a ledger; None where it is refused, which is told at the end.

    Raises:
        LedgerError: Something else is wrong with it.
    """
    try:
        return call()
    except LedgerError as error:
        if not asked.was_refused(error):
            raise
        return None


def _keep_known(plan: Plan, asked: Asked, found: Presence, *, knows_targets: bool) -> Plan:
    """Leave out of a plan what rests on an answer that was refused, or was said before."""
    unknown = {
        Kind.TARGET: not knows_targets,
        Kind.ALARM: asked.is_denied(*RESTS_ON["alarm"]),
    }
    said = found.absent | found.unread
    return plan._replace(
        changes=tuple(each for each in plan.changes if not unknown.get(each.kind)),
        unchanged={
            kind: count for kind, count in plan.unchanged.items() if not unknown.get(Kind(kind))
        },
        checks=tuple(
            each
            for each in plan.checks
            if not (each.name in ABOUT_RESOURCES and each.scalable_target_id in said)
            and not asked.is_denied(*RESTS_ON.get(each.name, ()))
        ),
    )


def check_tick(ledger: Ledger, now: datetime, remedy: str) -> Iterator[Check]:
    """Say whether anything waits for the minute timer: nothing that runs leaves it waiting."""
    late = ledger.due(now - LATE, SHOWN)
    if not late:
        yield Check("tick", Level.OK, "no scalable target is overdue")
        return
    count = f"{len(late)}{'+' * (len(late) == SHOWN)}"
    since = f"{late[0].wake_at:%Y-%m-%d %H:%M:%S} UTC"
    text = f"{count} scalable targets are overdue, since {since}: {late[0].scalable_target_id} …"
    yield Check("tick", Level.FAIL, text, remedy)


def check_foreign(ledger: Ledger, ids: Sequence[str], now: datetime) -> Iterator[Check]:
    """Name capacities that somebody else changed lately: whatever did it may do so again."""
    for each in ids:
        rows = [row for row in ledger.latest(SHOWN, each, FOREIGN) if now - row.at <= RECENT]
        if not rows:
            continue
        newest = decode(Noticed, json.loads(rows[0].body))
        often = f", the last of {len(rows)} such changes in a day" if len(rows) > 1 else ""
        text = (
            f"somebody else changed it {newest.before} → {newest.after} at "
            f"{newest.at:%Y-%m-%d %H:%M:%S} UTC{often}"
        )
        remedy = (
            "a deployment that sets the counts does so each time: leave them out there (in "
            "Terraform by `ignore_changes`)"
        )
        yield Check("changes", Level.WARN, text, remedy, each)


def check_plan(plan: Plan, file: str) -> Iterator[Check]:
    """Say what of a plan is out of date, and what else it saw."""
    counts = Counter(each.kind for each in plan.changes)
    remedy = f"`flyball plan --config {file}` shows them" if file else "`flyball apply` mends them"
    against = file or "what is registered"
    for kind, name in PLANNED:
        fine = plan.unchanged.get(kind.value, 0)
        if counts[kind]:
            text = f"{counts[kind]} of {counts[kind] + fine} are not as {against} has them"
            yield Check(name, Level.WARN, text, remedy)
        elif fine and (file or kind is not Kind.TARGET):
            yield Check(name, Level.OK, f"{fine} of {fine} are as {against} has them")
    yield from plan.checks


def read_registered(ledger: Ledger) -> tuple[Wanted, ...]:
    """Give the configs that are in force."""
    statuses = map(ledger.status, ledger.scalable_target_ids())
    return tuple(Wanted(each[0], each.config, each.config_hash) for each in statuses)


def _target(wanted: Wanted) -> ScalableTarget:
    return parse(ScalableTarget, wanted.config)
