"""Which adapter is which on Google Cloud, and what does a function's environment say?

Importing it loads no library of Google's: a client is made when a wake first needs it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from flyball.adapters.gcp.control import GcpControl
from flyball.adapters.gcp.firestore import FirestoreLedger
from flyball.adapters.gcp.meant import MeantMetrics
from flyball.adapters.gcp.monitoring import Listing, MonitoringMetrics
from flyball.adapters.gcp.session import Session, read_endpoints
from flyball.address import check_google_words
from flyball.alarm import PREFIX
from flyball.controller import LEASE, SAFETY, Controller
from flyball.core.model import Capacity, CapacityRange, Missing, MissingCause
from flyball.core.shape import NamedTuple
from flyball.core.target import ScalableTarget
from flyball.ports import Clock, Deadline, Ledger, Outcome, Underway
from flyball.wiring.between import Adviser, Reader
from flyball.wiring.machine import SystemClock, engine_version, make_token
from flyball.wiring.settings import (
    HANDFUL_USUAL,
    LEASE_S,
    SettingsError,
    Variables,
    check_installed,
    read_seconds,
)

PROJECT = "FLYBALL_GCP_PROJECT"
PROJECT_TOO = "GOOGLE_CLOUD_PROJECT"
DATABASE = "FLYBALL_FIRESTORE_DATABASE"
TARGETS = "FLYBALL_TARGETS_COLLECTION"
LEDGER = "FLYBALL_LEDGER_COLLECTION"
WAKES_TOPIC = "FLYBALL_WAKES_TOPIC"
DEAD_TOPIC = "FLYBALL_DEAD_TOPIC"
TICK_AUDIENCE = "FLYBALL_TICK_AUDIENCE"
TICK_ACCOUNT = "FLYBALL_TICK_ACCOUNT"
TICK_SIGNATURE = "FLYBALL_TICK_SIGNATURE"
TIMEOUT_S = "FLYBALL_TIMEOUT_S"
TIMEOUT_TOO_S = "CLOUD_RUN_TIMEOUT_SECONDS"
FUNCTION = "FUNCTION_TARGET"
"""Which function this is, as the platform and the framework say it."""
TICK_FUNCTION = "on_tick"

SCHEME = "firestore:"
DEFAULT_DATABASE = "(default)"
SDK = ("google.auth", "google.cloud.monitoring_v3", "google.cloud.scheduler_v1", "requests")
METRICS_SERVICE = "monitoring_grpc"
"""FLYBALL_GCP_ENDPOINT_MONITORING_GRPC: where Google's client is to go, if not to Google."""
TIMEOUT = timedelta(seconds=60)
"""A function's time, where nobody has set it. Source: Cloud Run functions, "Set the timeout"."""
TIMEOUT_LONGEST_S = 3_540.0
LEASE_BEYOND = timedelta(seconds=30)
"""A lease that is not set is this much longer than the function may run."""
_PROJECT = re.compile(r"([a-z0-9.-]+:)?[a-z0-9][a-z0-9-]{2,61}[a-z0-9]")
_DATABASE = re.compile(r"\(default\)|[a-z0-9][a-z0-9-]{2,61}[a-z0-9]")
_COLLECTION = re.compile(r"(?!__)[A-Za-z0-9_.-]{1,100}")
_TOPIC = re.compile(r"(projects/[a-z0-9.:-]+/topics/)?[A-Za-z][A-Za-z0-9._~+%-]{2,254}")
"""Source: Pub/Sub, "Guidelines to name a topic or a subscription"."""
_AUDIENCE = re.compile(r"[\x21-\x7e]{1,2048}")
_ACCOUNT = re.compile(r"[A-Za-z0-9._-]+@[A-Za-z0-9.-]+")
_SIGNATURES = {"": False, "verify": False, "platform": True}


class Settings(NamedTuple):
    """What the environment of a function says.

    Attributes:
        project: FLYBALL_GCP_PROJECT, else GOOGLE_CLOUD_PROJECT: whose Firestore and topics.
        database: FLYBALL_FIRESTORE_DATABASE: the ledger's database.
        targets_collection: FLYBALL_TARGETS_COLLECTION: of items.
        ledger_collection: FLYBALL_LEDGER_COLLECTION: of rows.
        wakes_topic: FLYBALL_WAKES_TOPIC: where a tick puts what is more than a handful, with its
            project; "": a tick handles everything itself.
        dead_topic: FLYBALL_DEAD_TOPIC: where messages go that nobody understands; "": they fail,
            and are delivered again.
        alarm_prefix: FLYBALL_ALARM_PREFIX: first part of our alarms' names.
        lease: FLYBALL_LEASE_S: longer than the function may run.
        handful: FLYBALL_HANDFUL: how many due targets a tick handles itself.
        advises_only: FLYBALL_MODE is advise: nothing is changed, whatever the configs say.
        timeout: FLYBALL_TIMEOUT_S, else CLOUD_RUN_TIMEOUT_SECONDS: how long the function may run.
        tick_audience: FLYBALL_TICK_AUDIENCE: whom a tick's token is for.
        tick_account: FLYBALL_TICK_ACCOUNT: the service account that ticks.
        is_tick: FUNCTION_TARGET is on_tick, for whose answer nobody waits.
        trusts_platform: FLYBALL_TICK_SIGNATURE is platform: the token's signature was checked, and
            taken off, before the call got here; else it is verified here.
        endpoints: FLYBALL_GCP_ENDPOINT_<SERVICE>: URLs that are not Google's own.
    """

    project: str
    database: str = DEFAULT_DATABASE
    targets_collection: str = "targets"
    ledger_collection: str = "ledger"
    wakes_topic: str = ""
    dead_topic: str = ""
    alarm_prefix: str = PREFIX
    lease: timedelta = LEASE
    handful: int = HANDFUL_USUAL
    advises_only: bool = False
    timeout: timedelta = TIMEOUT
    tick_audience: str = ""
    tick_account: str = ""
    is_tick: bool = False
    trusts_platform: bool = False
    endpoints: Mapping[str, str] = MappingProxyType({})

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
        read, given = variables.match, variables.all
        name = PROJECT if given.get(PROJECT) or not given.get(PROJECT_TOO) else PROJECT_TOO
        project = read(name, _PROJECT, "the id of a project", None)
        is_tick = given.get(FUNCTION) == TICK_FUNCTION
        ticks = None if is_tick else ""
        timeout = _read_timeout(given, variables.problems)
        settings = cls(
            project=project,
            database=read(DATABASE, _DATABASE, "the id of a database", DEFAULT_DATABASE),
            targets_collection=read(TARGETS, _COLLECTION, "the id of a collection", "targets"),
            ledger_collection=read(LEDGER, _COLLECTION, "the id of a collection", "ledger"),
            wakes_topic=_place(read(WAKES_TOPIC, _TOPIC, "the name of a topic", ""), project),
            dead_topic=_place(read(DEAD_TOPIC, _TOPIC, "the name of a topic", ""), project),
            alarm_prefix=variables.alarm_prefix(),
            lease=variables.lease(max(LEASE, timeout + LEASE_BEYOND), 2 * SAFETY.total_seconds()),
            handful=variables.handful(),
            advises_only=variables.advises_only(),
            timeout=timeout,
            tick_audience=read(TICK_AUDIENCE, _AUDIENCE, "the audience of a tick's token", ticks),
            tick_account=read(TICK_ACCOUNT, _ACCOUNT, "a service account's e-mail", ticks),
            is_tick=is_tick,
            trusts_platform=_read_signature(given, variables.problems),
            endpoints=_read_endpoints(given, variables.problems),
        )
        variables.problems += _check(settings)
        variables.refuse()
        return settings


class Noting:
    """Capacity, of which is noted whose could not be read though a later look may.

    Args:
        control: Reads and sets it.
        session: By which that is done; it counts what it gives up.
    """

    def __init__(self, control: GcpControl, session: Session) -> None:
        self._control = control
        self._session = session
        self._unread: set[str] = set()

    def prefetch(self, targets: Sequence[ScalableTarget], now: datetime) -> None:
        """Read ahead."""
        self._control.prefetch(targets, now)

    def describe(
        self, scalable_target: ScalableTarget, now: datetime, underway: Underway | None = None
    ) -> Capacity | Missing:
        """Read what the provider has."""
        lost = self._session.lost
        found = self._control.describe(scalable_target, now, underway)
        self._unread.discard(scalable_target.id)
        is_gone = isinstance(found, Missing) and found.cause is MissingCause.UNAVAILABLE
        if isinstance(found, Missing) and not is_gone and self._session.lost > lost:
            self._unread.add(scalable_target.id)
        return found

    def apply(
        self,
        scalable_target: ScalableTarget,
        capacity: CapacityRange,
        now: datetime,
        deadline: Deadline | None = None,
    ) -> Outcome:
        """Set an absolute range, once."""
        return self._control.apply(scalable_target, capacity, now, deadline)

    def is_unread(self, scalable_target_id: str) -> bool:
        """Say whether its last look found a service that may answer again."""
        return scalable_target_id in self._unread


def check_sdk() -> None:
    """See that Google's libraries are there.

    Raises:
        SettingsError: One is not; the message has the command that installs them.
    """
    check_installed(SDK, "gcp")


def check_names(**given: str) -> None:
    """See that what an option names could be there, before anybody is asked.

    Args:
        given: By the key that it would have in a resource: project, location.

    Raises:
        SettingsError: It could not; the message names the option and the remedy.
    """
    faults = [str(each).replace("resource.", "--", 1) for each in check_google_words(given)]
    if faults:
        raise SettingsError("; ".join(faults))


def open_ledger(url: str, session: Session | None = None) -> FirestoreLedger:
    """Open the ledger in a database of Firestore; nothing is read yet.

    Args:
        url: firestore:<project>, or firestore:<project>/<database>.
        session: None: of the environment's credentials and endpoints.

    Raises:
        SettingsError: It is no such URL, or Google's libraries are not installed.
    """
    project, _, database = url.removeprefix(SCHEME).partition("/")
    database = database or DEFAULT_DATABASE
    good = url.startswith(SCHEME) and not url.endswith("/")
    if not good or not _PROJECT.fullmatch(project) or not _DATABASE.fullmatch(database):
        message = f"ledger: got {url!r}, expected {SCHEME}<project>/<database>"
        raise SettingsError(message)
    check_sdk()
    return FirestoreLedger(session or connect(), project, database=database)


def connect(environment: Mapping[str, str] | None = None) -> Session:
    """Make a session of the environment's credentials and endpoints; nothing is reached yet.

    Raises:
        SettingsError: An endpoint is no URL.
    """
    variables = Variables(environment)
    endpoints = _read_endpoints(variables.all, variables.problems)
    variables.refuse()
    return Session(endpoints)


def build(
    ledger: Ledger,
    session: Session,
    *,
    metrics_endpoint: str = "",
    listing: Listing | None = None,
    lease: timedelta = LEASE,
    alarm_prefix: str = PREFIX,
    advises_only: bool = False,
    clock: Clock | None = None,
    on_step: Callable[[str], None] | None = None,
    control: Noting | None = None,
) -> Controller:
    """Build the controller of scalable targets on Google Cloud.

    Args:
        ledger: Rows and items, wherever they are.
        session: How Google is asked.
        metrics_endpoint: Where Google's client reads metrics, if not at Google's address.
        listing: How metrics are read instead of by Google's client.
        lease: How long a wake may take before another run takes over.
        alarm_prefix: First part of our alarms' names.
        advises_only: Change nothing, whatever the configs say.
        clock: None: this machine's.
        on_step: Told the name of each step as it begins.
        control: Where capacity is read and set; None: by the session.
    """
    control = control or Noting(GcpControl(session), session)
    if listing is None:
        from flyball.adapters.gcp.client import ClientListing  # noqa: PLC0415  (only then)

        listing = ClientListing(metrics_endpoint)
    return Controller(
        ledger=ledger,
        metrics=Reader(MeantMetrics(MonitoringMetrics(listing), session), control),
        control=Adviser(control) if advises_only else control,
        clock=SystemClock() if clock is None else clock,
        token=make_token,
        engine=engine_version(),
        lease=lease,
        on_step=on_step,
        alarm_prefix=alarm_prefix,
    )


def _place(topic: str, project: str) -> str:
    """Give a topic its project, where it was named without."""
    return topic if not topic or "/" in topic else f"projects/{project}/topics/{topic}"


def _read_timeout(variables: Mapping[str, str], problems: list[str]) -> timedelta:
    usual = read_seconds(variables, TIMEOUT_TOO_S, TIMEOUT, 0, TIMEOUT_LONGEST_S, problems)
    usual = usual or TIMEOUT  # the framework takes 0 for no limit
    return read_seconds(variables, TIMEOUT_S, usual, 1, TIMEOUT_LONGEST_S, problems)


def _read_signature(variables: Mapping[str, str], problems: list[str]) -> bool:
    text = variables.get(TICK_SIGNATURE, "")
    if text not in _SIGNATURES:
        problems.append(f"{TICK_SIGNATURE}: got {text!r}, expected verify or platform")
    return _SIGNATURES.get(text, False)


def _read_endpoints(variables: Mapping[str, str], problems: list[str]) -> Mapping[str, str]:
    try:
        return read_endpoints(variables)
    except ValueError as error:
        problems.append(str(error))
        return {}


def _check(settings: Settings) -> list[str]:
    """Say which settings do not go together."""
    problems = []
    if settings.dead_topic and settings.dead_topic == settings.wakes_topic:
        problems.append(f"{DEAD_TOPIC}: it is {WAKES_TOPIC}: poison would come back for ever")
    if settings.lease <= settings.timeout:
        limit_s = settings.timeout.total_seconds()
        problems.append(f"{LEASE_S}: expected more than the {limit_s:g} s that a function may run")
    return problems
