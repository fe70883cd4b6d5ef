"""Which deployment of Flyball on AWS is meant, and what speaks to it?

The environment goes before a stack's outputs, so that a function's own variables are enough.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flyball.wiring.deploy import Store
from flyball.wiring.machine import SystemClock
from flyball.wiring.settings import SettingsError

if TYPE_CHECKING:
    from flyball.adapters.aws.clients import Clients
    from flyball.adapters.aws.deploy import AwsHome
    from flyball.adapters.aws.stack import Stack
    from flyball.ports import Ledger

LOCAL, AWS, GCP = "local", "aws", "gcp"
STACK = "FLYBALL_STACK"
TARGETS_TABLE = "FLYBALL_TARGETS_TABLE"
LEDGER_TABLE = "FLYBALL_LEDGER_TABLE"
ALARM_TOPIC = "FLYBALL_ALARM_TOPIC_ARN"
ALARM_PREFIX = "FLYBALL_ALARM_PREFIX"
DEAD_QUEUE = "FLYBALL_DEAD_QUEUE_URL"
MODE = "FLYBALL_MODE"
GCP_PROJECT = "FLYBALL_GCP_PROJECT"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says of a deployment; options of a command go before it.

    Attributes:
        stack: FLYBALL_STACK: the CloudFormation stack whose outputs name the rest.
        targets_table: FLYBALL_TARGETS_TABLE; with the ledger's, no stack is asked.
        ledger_table: FLYBALL_LEDGER_TABLE.
        alarm_topic: FLYBALL_ALARM_TOPIC_ARN.
        alarm_prefix: FLYBALL_ALARM_PREFIX; "": as the stack says.
        dead_queue: FLYBALL_DEAD_QUEUE_URL.
        mode: FLYBALL_MODE: advise, where the functions only advise.
    """

    stack: str = "flyball"
    targets_table: str = ""
    ledger_table: str = ""
    alarm_topic: str = ""
    alarm_prefix: str = ""
    dead_queue: str = ""
    mode: str = ""

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the environment.

        Raises:
            SettingsError: One table is named and the other is not.
        """
        variables = os.environ if environment is None else environment
        targets, ledger = variables.get(TARGETS_TABLE, ""), variables.get(LEDGER_TABLE, "")
        if bool(targets) != bool(ledger):
            named, other = (TARGETS_TABLE, LEDGER_TABLE)[:: 1 if targets else -1]
            raise SettingsError(f"{other}: not set, and {named} is; set both, or neither")
        return cls(
            variables.get(STACK, "") or cls().stack,
            targets,
            ledger,
            variables.get(ALARM_TOPIC, ""),
            variables.get(ALARM_PREFIX, ""),
            variables.get(DEAD_QUEUE, ""),
            variables.get(MODE, ""),
        )


def find_stack(clients: Clients, settings: Settings, name: str | None) -> Stack:
    """Say what a deployment made: by a stack that is named, by the environment, by the default.

    Of a stack that is named nothing comes from the environment, which may be about another.

    Raises:
        StackError: There is no such stack.
    """
    from flyball.adapters.aws.stack import Stack, read_stack  # noqa: PLC0415

    if name is not None:
        return read_stack(clients, name)
    if settings.targets_table:
        found = Stack(settings.targets_table, settings.ledger_table)
    else:
        found = read_stack(clients, settings.stack)
    return found._replace(
        alarm_topic=settings.alarm_topic or found.alarm_topic,
        alarm_prefix=settings.alarm_prefix or found.alarm_prefix,
        dead_queue=settings.dead_queue or found.dead_queue,
        mode=settings.mode or found.mode,
    )


def is_named(stack: str | None, environment: Mapping[str, str] | None = None) -> bool:
    """Say whether a deployment on AWS is meant even if no scalable target names it."""
    variables = os.environ if environment is None else environment
    return bool(stack or variables.get(STACK) or variables.get(TARGETS_TABLE))


def is_google_named(environment: Mapping[str, str] | None = None) -> bool:
    """Say whether a deployment on Google Cloud is meant even if no scalable target names it."""
    variables = os.environ if environment is None else environment
    return bool(variables.get(GCP_PROJECT))


def make_clients(region: str | None) -> Clients:
    """Make what reaches AWS.

    Raises:
        SettingsError: Its SDK is not installed.
    """
    from flyball.adapters.aws.clients import Clients  # noqa: PLC0415
    from flyball.wiring.aws import check_sdk  # noqa: PLC0415  (what a function is built of)

    check_sdk()

    return Clients(region)


def open_tables(clients: Clients, stack: Stack) -> Ledger:
    """Open a deployment's ledger."""
    from flyball.adapters.aws.dynamodb import DynamoLedger  # noqa: PLC0415

    return DynamoLedger(
        clients.get("dynamodb"), targets=stack.targets_table, ledger=stack.ledger_table
    )


def make_home(clients: Clients, stack: Stack) -> AwsHome:
    """Make what plans speak to."""
    from flyball.adapters.aws.alarms import define  # noqa: PLC0415
    from flyball.adapters.aws.control import AwsControl  # noqa: PLC0415
    from flyball.adapters.aws.deploy import AwsHome, Place  # noqa: PLC0415
    from flyball.adapters.aws.pace import Pace  # noqa: PLC0415
    from flyball.adapters.aws.sight import Reach  # noqa: PLC0415

    account = clients.get("sts").get_caller_identity()["Account"]
    region = clients.get("cloudwatch").meta.region_name
    place = Place(
        account,
        region,
        stack.targets_table,
        stack.ledger_table,
        stack.alarm_topic,
        stack.alarm_prefix,
        stack.mode,
        stack.name,
    )
    control, clock = AwsControl(clients), SystemClock()
    return AwsHome(
        clients,
        place,
        lambda alarm: define(alarm, stack.alarm_topic),
        lambda target: control.describe(target, clock.now()),
        Pace(),
        Reach(stack.endpoint_names, stack.component_names, stack.group_names, stack.resource_tag),
    )


@contextmanager
def open_stores(
    homes: set[str],
    ledger: Path | None,
    stack: str | None,
    region: str | None,
    *,
    project: str | None = None,
    database: str | None = None,
    makes: bool = True,
) -> Iterator[Mapping[str, Store]]:
    """Open what these homes need, for the length of a block.

    Args:
        homes: Of the scalable targets that are meant.
        ledger: The local ledger's file; None: as the environment says.
        stack: The CloudFormation stack; None: as the environment says.
        region: AWS's; None: as the environment or the profile says.
        project: Google's, whose deployment is meant; None: as the environment says.
        database: Of its ledger; None: its only deployment's.
        makes: Make a local ledger that is not there; else one in memory stands for it.

    Raises:
        LedgerError: A ledger cannot be opened.
        StackError: There is no such deployment.
    """
    stores: dict[str, Store] = {}
    with ExitStack() as opened:
        if LOCAL in homes:
            stores[LOCAL] = Store(opened.enter_context(closing(_open_local(ledger, makes=makes))))
        if AWS in homes:
            clients = make_clients(region)
            found = find_stack(clients, Settings.from_env(), stack)
            tables = opened.enter_context(closing(open_tables(clients, found)))
            stores[AWS] = Store(tables, make_home(clients, found))
        if GCP in homes:
            from flyball.wiring.gcp_deploy import open_google  # noqa: PLC0415  (where it is asked)

            stores[GCP] = opened.enter_context(open_google(project, database))
        yield stores


def _open_local(ledger: Path | None, *, makes: bool) -> Ledger:
    from flyball.wiring import local  # noqa: PLC0415  (SQLite, only where it is asked for)

    settings = local.Settings.from_env()
    chosen = settings.ledger if ledger is None else ledger
    if not makes and not chosen.exists():
        from flyball.adapters.local.memory import MemoryLedger  # noqa: PLC0415

        return MemoryLedger()
    return local.open_ledger(chosen, settings)
