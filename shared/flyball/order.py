"""What is a cloud to try of a model, and how?

Whatever no service would take is refused here, with the field's name.

Source: Amazon SageMaker API Reference, CreateInferenceRecommendationsJob and the types of its
fields; Developer Guide, "Run a custom load test".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from hashlib import sha256

from flyball.core.shape import NamedTuple

NAME_LETTERS = 64
SLUG_LETTERS = 32
MARK_LETTERS = 32
FEWEST_USERS, MOST_USERS = 1, 3
SHORTEST, LONGEST = timedelta(seconds=120), timedelta(seconds=3_600)
"""Of one phase."""
LONGEST_TRIAL = timedelta(seconds=18_000)
MOST_CANDIDATES = 10
MOST_RANGES, MOST_CHOICES = 5, 3
"""Names of a candidate's environment, and values of one of them."""

_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,63}")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/.+")
_STRANGE = re.compile(r"[^a-zA-Z0-9]+")


class TrialError(Exception):
    """A trial cannot be had; the message says of which, why, and the remedy."""


class UnknownTrialError(TrialError):
    """There is none of that name."""


class BusyTrialError(TrialError):
    """It was asked too often, or nobody answered; later it may be asked again."""


class Phase(NamedTuple):
    """Load that grows evenly.

    Attributes:
        users: At its beginning, 1–3.
        spawn_rate: New users a minute, >= 0.
        duration: 2 to 60 minutes.
    """

    users: int
    spawn_rate: int
    duration: timedelta


class Stairs(NamedTuple):
    """Load that grows by steps.

    Attributes:
        steps: How many, >= 1.
        users: New ones in each step, 1–3.
        duration: Of each step.
    """

    steps: int
    users: int
    duration: timedelta


class Candidate(NamedTuple):
    """What is to be tried.

    Attributes:
        instance_type: Such as "ml.c5.xlarge".
        environment: Values to try, by a variable of the container; up to 3 of each of up to 5.
        specification: Which inference specification of the model package; "": its own.
    """

    instance_type: str
    environment: Mapping[str, tuple[str, ...]] = {}
    specification: str = ""


class Payload(NamedTuple):
    """What is sent to the model, and what it is.

    Attributes:
        url: Of an archive of samples, such as "s3://bucket/payload.tar.gz".
        content_types: That the model takes, such as "text/csv".
        domain: Such as "MACHINE_LEARNING"; "": not said, as for those below.
        task: Such as "REGRESSION".
        framework: Such as "SKLEARN".
        framework_version: Such as "1.2-1".
        nearest_model: A known model that this one is like.
    """

    url: str
    content_types: tuple[str, ...] = ()
    domain: str = ""
    task: str = ""
    framework: str = ""
    framework_version: str = ""
    nearest_model: str = ""


class Quantile(NamedTuple):
    """A latency that may not be passed: milliseconds, > 0, at 0.95 or 0.99 of the answers."""

    latency_ms: int
    quantile: float = 0.95


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be tried, and how. The service's own defaults stand for None, "" and ().

    Attributes:
        role: ARN of the role with which the service makes endpoints and reads the payload.
        model: Name of a model; or
        package: ARN of a version of a model package.
        is_advanced: A load test of one's own shape; else a quick look over instance types.
        candidates: Instance types; an advanced one needs some.
        traffic: Phases one after the other, or stairs; advanced only.
        payload: What is sent; a model needs one, a package may have its own.
        duration: After which it ends at the latest.
        most_tests: Load tests in all; advanced only, as all below.
        most_at_once: And at the same time.
        most_invocations: It ends when so many a minute are answered.
        latency: It ends when this is passed.
        goes_on_when_flat: Whether it goes on when more users are not answered more.
        endpoint: One that exists, to be compared with.
        subnets: In which instances are started; with security_groups, or neither.
        security_groups: That they have.
        volume_key: By which their volumes are encrypted.
        tags: Of the trial.
    """

    role: str
    model: str = ""
    package: str = ""
    is_advanced: bool = False
    candidates: tuple[Candidate, ...] = ()
    traffic: tuple[Phase, ...] | Stairs | None = None
    payload: Payload | None = None
    duration: timedelta | None = None
    most_tests: int | None = None
    most_at_once: int | None = None
    most_invocations: int | None = None
    latency: Quantile | None = None
    goes_on_when_flat: bool = False
    endpoint: str = ""
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    volume_key: str = ""
    tags: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        for check in (_check_subject, _check_candidates, _check_traffic, _check_limits):
            check(self)


def mark_order(order: Order) -> str:
    """Give what is the same for the same order, and for no other; hex, MARK_LETTERS long."""
    text = json.dumps(asdict(order), default=_write, sort_keys=True)
    return sha256(text.encode()).hexdigest()[:MARK_LETTERS]


def name_order(order: Order, attempt: int = 1) -> str:
    """Name an order's trial, so that to order the same again is to find it.

    Args:
        order: What is tried.
        attempt: 1 for the first; another one makes another name.
    """
    subject = order.model or order.package.rpartition("model-package/")[2]
    slug = _STRANGE.sub("-", subject)[:SLUG_LETTERS].strip("-") or "model"
    again = "" if attempt == 1 else f"-{attempt}"
    return f"flyball-{slug}-{mark_order(order)[:12]}{again}"


def check_name(name: str) -> None:
    """See that a trial may be called so.

    Raises:
        TrialError: It may not.
    """
    if not _NAME.fullmatch(name):
        raise TrialError(
            f"trial {name!r}: a name has 1 to {NAME_LETTERS} letters, digits and hyphens, "
            "and begins and ends with none of the last"
        )


def _write(value: object) -> str:
    return str(value)


def _check_subject(order: Order) -> None:
    if bool(order.model) == bool(order.package):
        raise TrialError("model, package: give one of the two")
    if not _ROLE.fullmatch(order.role):
        raise TrialError(
            f"role: got {order.role!r}, expected the ARN of an IAM role, such as "
            "arn:aws:iam::123456789012:role/NAME"
        )
    if order.model and (order.payload is None or not order.payload.content_types):
        raise TrialError(
            "payload: a model has none of its own; give the URL of an archive of samples, and the "
            "content types that the model takes"
        )
    if bool(order.subnets) != bool(order.security_groups):
        raise TrialError("subnets, security_groups: give both, or neither")


def _check_candidates(order: Order) -> None:
    if len(order.candidates) > MOST_CANDIDATES:
        raise TrialError(
            f"candidates: got {len(order.candidates)}, expected up to {MOST_CANDIDATES}"
        )
    if order.is_advanced and not order.candidates:
        raise TrialError(
            "candidates: an advanced trial needs an instance type, such as ml.c5.large"
        )
    for each in order.candidates:
        if not each.instance_type.startswith("ml."):
            name = each.instance_type
            raise TrialError(f"candidates: {name!r} is no instance type of SageMaker; ml.{name}?")
        if len(each.environment) > MOST_RANGES:
            raise TrialError(
                f"candidates: {each.instance_type}: environment: got {len(each.environment)} "
                f"names, expected up to {MOST_RANGES}"
            )
        for name, values in each.environment.items():
            _check(f"{each.instance_type}: values of {name}", len(values), 1, MOST_CHOICES)


def _check_traffic(order: Order) -> None:
    if isinstance(order.traffic, Stairs):
        _check("traffic: steps", order.traffic.steps, 1)
        _check("traffic: users of a step", order.traffic.users, FEWEST_USERS, MOST_USERS)
        _check("traffic: seconds of a step", order.traffic.duration.total_seconds(), 1)
        return
    longest = min(LONGEST, order.duration or LONGEST)
    for index, phase in enumerate(order.traffic or (), 1):
        where = f"traffic: phase {index}"
        _check(f"{where}: users", phase.users, FEWEST_USERS, MOST_USERS)
        _check(f"{where}: spawn rate", phase.spawn_rate, 0)
        seconds = phase.duration.total_seconds()
        _check(f"{where}: seconds", seconds, SHORTEST.total_seconds(), longest.total_seconds())


def _check_limits(order: Order) -> None:
    limits: dict[str, float | None] = {
        "most tests": order.most_tests,
        "most at once": order.most_at_once,
        "most invocations": order.most_invocations,
        "latency, ms": order.latency and order.latency.latency_ms,
    }
    for name, value in limits.items():
        if value is not None:
            _check(name, value, 1)
    if order.latency is not None and order.latency.quantile not in (0.95, 0.99):
        raise TrialError(f"latency: got quantile {order.latency.quantile:g}, expected 0.95 or 0.99")
    if order.duration is not None:
        longest = LONGEST_TRIAL.total_seconds()
        _check("duration: seconds", order.duration.total_seconds(), 1, longest)
    given = {**limits, "traffic": order.traffic, "flat": order.goes_on_when_flat or None}
    alone = [name for name, value in given.items() if value is not None]
    if alone and not order.is_advanced:
        raise TrialError(f"{', '.join(alone)}: only an advanced trial has that; make it one")


def _check(name: str, value: float, least: float, most: float | None = None) -> None:
    if value < least or (most is not None and value > most):
        bounds = f"{least:g} or more" if most is None else f"from {least:g} to {most:g}"
        raise TrialError(f"{name}: got {value:g}, expected {bounds}")
