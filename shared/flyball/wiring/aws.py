"""Which adapter is which on AWS, and what does a function's environment say?

Importing it loads no SDK: a client is made when a wake first needs it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from importlib.util import find_spec
from typing import TYPE_CHECKING

from flyball.adapters.aws.clients import Clients
from flyball.alarm import PREFIX
from flyball.controller import LEASE, Controller
from flyball.core.shape import dataclass
from flyball.ports import Clock, Ledger, LedgerError
from flyball.wiring.between import Adviser, Reader, Watcher
from flyball.wiring.machine import SystemClock, engine_version, make_token
from flyball.wiring.settings import (
    HANDFUL_USUAL,
    SettingsError,
    Variables,
    check_installed,
    read_switch,
)

if TYPE_CHECKING:
    from flyball.adapters.aws.dynamodb import DynamoLedger

TARGETS_TABLE = "FLYBALL_TARGETS_TABLE"
LEDGER_TABLE = "FLYBALL_LEDGER_TABLE"
WAKES_QUEUE_URL = "FLYBALL_WAKES_QUEUE_URL"
DEAD_QUEUE_URL = "FLYBALL_DEAD_QUEUE_URL"
ALARM_TOPIC = "FLYBALL_ALARM_TOPIC_ARN"
METRICS_NAMESPACE = "FLYBALL_METRICS_NAMESPACE"
TRACE = "FLYBALL_TRACE"
INITIALIZATION = "AWS_LAMBDA_INITIALIZATION_TYPE"

SCHEME = "dynamodb:"
SDK = ("boto3",)
PREPARED = frozenset({"snap-start", "provisioned-concurrency"})
"""Kinds of start that nobody waits for: there all clients are made at once."""
_TABLE = re.compile(r"[A-Za-z0-9_.-]{3,255}")
"""Source: DynamoDB Developer Guide, "Naming rules"."""
_NAMESPACE = re.compile(r"[A-Za-z0-9_.\-/#:]{1,255}")
"""Source: CloudWatch API Reference, "Namespace"."""
_TOPIC = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?")
"""Source: Amazon SNS API Reference, CreateTopic."""
_QUEUE = re.compile(r"https?://[\x21-\x7e]{3,2000}")


LEASE_LEAST_S = 20.0
"""With less there would be no time in which an answer to a change could come; see send.py."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment of a function says.

    Attributes:
        targets_table: FLYBALL_TARGETS_TABLE: the table of items.
        ledger_table: FLYBALL_LEDGER_TABLE: the table of rows.
        wakes_queue_url: FLYBALL_WAKES_QUEUE_URL: where a tick puts what is more than a handful;
            "": a tick handles everything itself.
        dead_queue_url: FLYBALL_DEAD_QUEUE_URL: where messages go that nobody understands; "": they
            fail, and SQS moves them there.
        alarm_prefix: FLYBALL_ALARM_PREFIX: first part of our alarms' names.
        metrics_namespace: FLYBALL_METRICS_NAMESPACE: where Flyball's own metrics go.
        lease: FLYBALL_LEASE_S: longer than the function may run, seconds.
        handful: FLYBALL_HANDFUL: how many due targets a tick handles itself.
        advises_only: FLYBALL_MODE is advise: nothing is changed, whatever the configs say.
        traces: FLYBALL_TRACE: send traces to X-Ray.
        is_prepared: Started where nobody waits for it.
        alarm_topic: FLYBALL_ALARM_TOPIC_ARN: by which alarms wake the function; "": EventBridge
            finds them by their names.
    """

    targets_table: str
    ledger_table: str
    wakes_queue_url: str = ""
    dead_queue_url: str = ""
    alarm_prefix: str = PREFIX
    metrics_namespace: str = "Flyball"
    lease: timedelta = LEASE
    handful: int = HANDFUL_USUAL
    advises_only: bool = False
    traces: bool = False
    is_prepared: bool = False
    alarm_topic: str = ""

    @classmethod
    def from_env(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the environment.

        Args:
            environment: Variables; None: this program's own.

        Raises:
            SettingsError: A variable is missing or wrong; the message names each of them and what
                is expected.
        """
        variables = Variables(environment)
        read = variables.match
        table, queue = "the name of a table", "the URL of a queue"
        settings = cls(
            targets_table=read(TARGETS_TABLE, _TABLE, table, None),
            ledger_table=read(LEDGER_TABLE, _TABLE, table, None),
            wakes_queue_url=read(WAKES_QUEUE_URL, _QUEUE, queue, ""),
            dead_queue_url=read(DEAD_QUEUE_URL, _QUEUE, queue, ""),
            alarm_prefix=variables.alarm_prefix(),
            metrics_namespace=read(
                METRICS_NAMESPACE, _NAMESPACE, "a CloudWatch namespace", "Flyball"
            ),
            lease=variables.lease(LEASE, LEASE_LEAST_S),
            handful=variables.handful(),
            advises_only=variables.advises_only(),
            traces=_read_trace(variables.all, variables.problems),
            is_prepared=variables.all.get(INITIALIZATION, "") in PREPARED,
            alarm_topic=read(ALARM_TOPIC, _TOPIC, "the ARN of a topic", ""),
        )
        variables.refuse()
        return settings


def check_sdk() -> None:
    """See that boto3 is there.

    Raises:
        SettingsError: It is not; the message has the command that installs it.
    """
    check_installed(SDK, "aws")


def open_ledger(url: str, clients: Clients | None = None) -> DynamoLedger:
    """Open the ledger in two tables.

    Args:
        url: dynamodb:<targets table>/<ledger table>, in the environment's region and account.
        clients: None: of the environment's credentials.

    Raises:
        SettingsError: It is no such URL, or boto3 is not installed.
        LedgerError: The SDK cannot reach AWS, such as without a region.
    """
    targets, slash, ledger = url.removeprefix(SCHEME).partition("/")
    good = url.startswith(SCHEME) and slash
    if not good or not _TABLE.fullmatch(targets) or not _TABLE.fullmatch(ledger):
        message = f"ledger: got {url!r}, expected {SCHEME}<targets table>/<ledger table>"
        raise SettingsError(message)
    check_sdk()
    return connect(Clients() if clients is None else clients, targets, ledger)


def connect(clients: Clients, targets: str, ledger: str) -> DynamoLedger:
    """Make the ledger in these two tables; nothing is read yet.

    Raises:
        LedgerError: The SDK cannot make a client, such as without a region.
    """
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415  (the SDK, when first needed)

    from flyball.adapters.aws.dynamodb import DynamoLedger  # noqa: PLC0415  (likewise)

    try:
        return DynamoLedger(clients.get("dynamodb"), targets=targets, ledger=ledger)
    except BotoCoreError as error:
        remedy = "Set AWS_DEFAULT_REGION, or a profile with a region."
        raise LedgerError(f"DynamoDB tables {targets}, {ledger}: {error} {remedy}") from error


def build(
    ledger: Ledger,
    clients: Clients,
    *,
    lease: timedelta = LEASE,
    alarm_prefix: str = PREFIX,
    alarm_topic: str = "",
    advises_only: bool = False,
    clock: Clock | None = None,
    on_step: Callable[[str], None] | None = None,
) -> Controller:
    """Build the controller of scalable targets on AWS.

    Args:
        ledger: Rows and items, wherever they are.
        clients: Makes a service's client when it is first called.
        lease: How long a wake may take before another run takes over.
        alarm_prefix: First part of our alarms' names: while they are calm, no metric is read.
        alarm_topic: ARN of the topic that they must tell, to be believed; "": none.
        advises_only: Change nothing, whatever the configs say.
        clock: None: this machine's.
        on_step: Told the name of each step as it begins.
    """
    from flyball.adapters.aws.cloudwatch import CloudWatchMetrics  # noqa: PLC0415  (when needed)
    from flyball.adapters.aws.control import AwsControl  # noqa: PLC0415  (likewise)
    from flyball.adapters.aws.watch import CloudWatchAlarms  # noqa: PLC0415  (likewise)

    control = AwsControl(clients)
    return Controller(
        ledger=ledger,
        metrics=Reader(CloudWatchMetrics(clients), control),
        control=Adviser(control) if advises_only else control,
        clock=SystemClock() if clock is None else clock,
        token=make_token,
        engine=engine_version(),
        lease=lease,
        on_step=on_step,
        watch=Watcher(CloudWatchAlarms(clients, alarm_topic), control),
        alarm_prefix=alarm_prefix,
    )


def _read_trace(variables: Mapping[str, str], problems: list[str]) -> bool:
    traces = read_switch(variables, TRACE, problems)
    if traces and find_spec("aws_xray_sdk") is None:
        problems.append(f"{TRACE}: aws-xray-sdk is not in this bundle; add it, or set 0")
    return traces
