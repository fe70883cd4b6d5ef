"""Is everything well with a deployment and the scalable targets that it has?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from flyball.core.codec import parse
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
    from flyball.adapters.aws.stack import Stack

LATE = timedelta(minutes=3)
"""A minute's timer that is later than this does not run."""
SHOWN = 100


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
            plan = draft(self._request(self.wanted), {"local": Store(ledger)}, self.now)
            yield from check_plan(plan, self.file)

    def examine_aws(self) -> Iterator[Check]:
        """Look at a deployment on AWS; what is refused is told last, as one statement."""
        from flyball.adapters.aws.asked import Asked  # noqa: PLC0415  (only where it is asked for)
        from flyball.adapters.aws.checkup import (  # noqa: PLC0415
            check_identity,
            identify,
            tell_refused,
        )

        clients = make_clients(self.region)
        try:
            identity = identify(clients, self.now)
        except Exception as error:  # noqa: BLE001  (whatever it is, nothing else can be known)
            yield tell_refused(error)
            return
        yield from check_identity(identity)
        asked = Asked()
        yield from self._examine_deployment(clients, asked, identity)
        yield from asked.checks()

    def _examine_deployment(
        self, clients: Clients, asked: Asked, identity: Identity
    ) -> Iterator[Check]:
        from flyball.adapters.aws.checkup import check_dead_letters, simulate  # noqa: PLC0415
        from flyball.adapters.aws.stack import StackError  # noqa: PLC0415

        try:
            stack = find_stack(clients, StackSettings.from_env(), self.stack)
        except StackError as error:
            yield Check("deployment", Level.FAIL, str(error))
            return
        except Exception as error:  # noqa: BLE001  (whatever it is, the tables are not known)
            remedy = "set FLYBALL_TARGETS_TABLE and FLYBALL_LEDGER_TABLE, or allow it"
            yield Check("deployment", Level.FAIL, f"the stack cannot be read: {error}", remedy)
            return
        yield from check_dead_letters(clients, asked, stack.dead_queue)
        names = {
            "prefix": stack.alarm_prefix,
            "targets_table": stack.targets_table,
            "region": clients.get("sts").meta.region_name,
            "partition": identity.arn.split(":")[1],
        }
        yield from simulate(clients, asked, identity, names)
        ledger = open_tables(clients, stack)
        try:
            yield from check_tick(ledger, self.now, "does the stack's schedule run its tick?")
            registered = read_registered(ledger)
        except LedgerError as error:
            yield Check("deployment", Level.FAIL, str(error), "is it deployed, in this region?")
            return
        text = f"tables {stack.targets_table} and {stack.ledger_table}"
        advises = "; it only advises, whatever the configs say" if stack.mode == "advise" else ""
        yield Check("deployment", Level.OK, text + advises)
        yield from self._examine_targets(clients, asked, stack, ledger, registered)

    def _examine_targets(
        self,
        clients: Clients,
        asked: Asked,
        stack: Stack,
        ledger: Ledger,
        registered: tuple[Wanted, ...],
    ) -> Iterator[Check]:
        from flyball.adapters.aws.checkup import check_deployments  # noqa: PLC0415
        from flyball.adapters.aws.sources import check_sources  # noqa: PLC0415

        wanted = registered if self.wanted is None else self.wanted
        plan = asked.ask(
            "cloudwatch:DescribeAlarms",
            lambda: draft(
                self._request(wanted), {AWS: Store(ledger, make_home(clients, stack))}, self.now
            ),
            None,
        )
        if plan is not None:
            yield from check_plan(plan, self.file if self.wanted is not None else "")
        targets = [each for each in map(_target, wanted) if each.home == AWS]
        yield from check_deployments(clients, asked, targets)
        yield from check_sources(clients, asked, targets)

    def _request(self, wanted: tuple[Wanted, ...]) -> Request:
        return Request(Purpose.APPLY, wanted, Choices(), self.file, engine_version())


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


def check_plan(plan: Plan, file: str) -> Iterator[Check]:
    """Say what of a plan is out of date, and what else it saw."""
    counts = Counter(each.kind for each in plan.changes)
    remedy = f"`flyball plan --config {file}` shows them" if file else "`flyball apply` mends them"
    against = file or "what is registered"
    for kind, name in ((Kind.TARGET, "configs"), (Kind.ALARM, "alarms")):
        fine = plan.unchanged.get(kind.value, 0)
        if counts[kind]:
            text = f"{counts[kind]} of {counts[kind] + fine} are not as {against} has them"
            yield Check(name, Level.WARN, text, remedy)
        elif fine and (file or kind is Kind.ALARM):
            yield Check(name, Level.OK, f"{fine} of {fine} are as {against} has them")
    yield from plan.checks


def read_registered(ledger: Ledger) -> tuple[Wanted, ...]:
    """Give the configs that are in force."""
    statuses = map(ledger.status, ledger.scalable_target_ids())
    return tuple(Wanted(each[0], each.config, each.config_hash) for each in statuses)


def _target(wanted: Wanted) -> ScalableTarget:
    return parse(ScalableTarget, wanted.config)
