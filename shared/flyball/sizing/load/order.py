"""What does a load test send, to whom, and what will it never exceed?"""

from __future__ import annotations

import base64
import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

from flyball.core.shape import NamedTuple

SCHEMES = {"http": 80, "https": 443}
STATUSES = range(100, 600)
WELL = range(200, 300)
"""What is an answer, where nobody said which status is."""
HEADER_SIGNS = frozenset("!#$%&'*+-.^_`|~")
"""Beside letters and digits, in a header's name. Source: RFC 9110, section 5.6.2, `token`."""


class OrderError(ValueError):
    """What cannot be sent; the message names the field and the remedy, never a header's value."""


class Limits(NamedTuple):
    """What is exceeded at no time, whatever the endpoint does.

    Attributes:
        users: Requests that are under way at the same time, >= 1.
        rate: Requests that are sent in a second, > 0.
        time: Of the whole test.
    """

    users: int
    rate: float
    time: timedelta


@dataclass(frozen=True, slots=True)
class Order:
    """What is sent.

    Attributes:
        url: Of one host, which somebody named; redirects are not followed.
        limits: Hard ones.
        by_rate: Load is requests a second, sent evenly; else users who each wait for an answer.
        method: Of HTTP.
        headers: Name and value; a value is a secret.
        bodies: Sent in turn; none: no body.
        expect: Which statuses are an answer; none: 200 to 299.
        timeout: What takes longer has failed.
    """

    url: str
    limits: Limits
    by_rate: bool = False
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    bodies: tuple[bytes, ...] = field(default=(), repr=False)
    expect: tuple[int, ...] = ()
    timeout: timedelta = timedelta(seconds=10)

    def __post_init__(self) -> None:
        split_url(self.url)
        if not self.method.isalpha():
            raise OrderError(f"method: {self.method!r} is none; give one such as GET or POST")
        for name, value in self.headers:
            if not name or not all(
                each.isascii() and (each.isalnum() or each in HEADER_SIGNS) for each in name
            ):
                raise OrderError("headers: a name is none; give `Name: value`")
            if not value.isprintable() and value.strip("\t").isprintable() is False:
                raise OrderError(f"headers: {name}: its value has a character that none may have")
        for status in self.expect:
            if status not in STATUSES:
                raise OrderError(f"expect: {status} is no status; give one from 100 to 599")
        if self.timeout <= timedelta(0) or self.limits.time <= timedelta(0):
            raise OrderError("timeout, limits: a time that is above 0 is needed")
        if self.limits.users < 1 or not 0 < self.limits.rate < float("inf"):
            raise OrderError("limits: one user or more, and a rate above 0, are needed")

    @property
    def shown(self) -> str:
        """The URL for people and files: without its query, which may hold a key."""
        address = urlsplit(self.url)
        return f"{address.scheme}://{address.netloc}{address.path or '/'}"

    def expects(self, status: int) -> bool:
        """Say whether a status is an answer."""
        return status in self.expect if self.expect else status in WELL


def split_url(url: str) -> tuple[str, int]:
    """Give the host and the port that a URL names.

    Raises:
        OrderError: It names none that can be loaded.
    """
    try:
        address = urlsplit(url)
        port = address.port
    except ValueError as error:
        raise OrderError(f"URL: it cannot be read: {error}") from None
    if address.scheme not in SCHEMES or not address.hostname:
        raise OrderError("URL: give a whole one, such as http://localhost:8080/predict")
    if address.username is not None or address.password is not None:
        raise OrderError("URL: it holds a password; give it as a header, which nothing shows")
    if any(each.isspace() or not each.isprintable() for each in url):
        raise OrderError("URL: it holds a space or a control character; write it as %20 and so on")
    return address.hostname, port if port is not None else SCHEMES[address.scheme]


def is_local(host: str) -> bool:
    """Say whether a host is this machine by its name or address alone; nothing is looked up."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def encode_order(order: Order) -> str:
    """Write an order on one line of JSON, with its secrets, for the generator alone."""
    return json.dumps(
        {
            "url": order.url,
            "users": order.limits.users,
            "rate": order.limits.rate,
            "time_s": order.limits.time.total_seconds(),
            "by_rate": order.by_rate,
            "method": order.method,
            "headers": [list(each) for each in order.headers],
            "bodies": [base64.b64encode(each).decode("ascii") for each in order.bodies],
            "expect": list(order.expect),
            "timeout_s": order.timeout.total_seconds(),
        }
    )


def decode_order(line: str) -> Order:
    """Read what `encode_order` wrote."""
    stored: Mapping[str, object] = json.loads(line)
    return _decode(**stored)  # type: ignore[arg-type]  # the keys are encode_order's


def _decode(
    *,
    url: str,
    users: int,
    rate: float,
    time_s: float,
    by_rate: bool,
    method: str,
    headers: list[list[str]],
    bodies: list[str],
    expect: list[int],
    timeout_s: float,
) -> Order:
    return Order(
        url=url,
        limits=Limits(users, rate, timedelta(seconds=time_s)),
        by_rate=by_rate,
        method=method,
        headers=tuple((name, value) for name, value in headers),
        bodies=tuple(map(base64.b64decode, bodies)),
        expect=tuple(expect),
        timeout=timedelta(seconds=timeout_s),
    )
