"""How are requests sent, by Locust, in a program of its own?

    python -m flyball.sizing.load.generator

Locust makes the standard library's sockets and threads over when it is imported, so nothing else of
Flyball runs here. An order comes on stdin, then a load a line; on stdout go ticks, one a line.
Where stdin ends, whoever asked is gone, and so is this: no endpoint is loaded that nobody watches.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import gevent
from gevent import ssl
from gevent.event import Event
from gevent.fileobject import FileObjectPosix
from gevent.lock import BoundedSemaphore
from locust import FastHttpUser, task
from locust.contrib.fasthttp import LocustBadStatusCode
from locust.env import Environment

from flyball.sizing.load.order import Order, decode_order
from flyball.sizing.load.pace import Pace
from flyball.sizing.load.tally import (
    BROKEN,
    DROPPED,
    REFUSED,
    TIMED_OUT,
    UNKNOWN_HOST,
    UNTRUSTED,
    Tick,
    encode_tick,
    find_bin,
)

TICK_S = 0.25
PATIENCE_S = 0.5
"""Longer than the timeout of a call, until what dribbles on is cut off."""
BREATHER_S = 0.1
"""After a connection that failed, so that who refuses is not asked a thousand times a second."""
IDLE_S = 1.0
"""A connection that nobody used for longer is opened anew: the server may have hung up."""
LATE_S = 0.1
"""What was due for longer, and not sent because this program was stopped, is left out."""
OVERTIME_S = 5.0
"""Past the order's time, at which this ends by itself."""
FAILURES = {
    "ConnectionRefusedError": REFUSED,
    "SSLCertVerificationError": UNTRUSTED,
    "Timeout": TIMED_OUT,
    "TimeoutError": TIMED_OUT,
    "gaierror": UNKNOWN_HOST,
    "timeout": TIMED_OUT,
}
"""What its class, or one that it is a kind of, says of a failure."""


def main() -> None:
    """Do as stdin says, until it ends."""
    lines = FileObjectPosix(sys.stdin.fileno(), "rb", close=False)
    first = json.loads(lines.readline())
    callers = Callers(decode_order(first["order"]), first["hold_s"])
    callers.start()
    while line := lines.readline():
        asked = json.loads(line)
        if "probe" in asked:
            _write({"probe": callers.probe()})
        else:
            callers.load(float(asked["load"]))
    os._exit(0)  # calls that are under way are cut off


class Callers:
    """Those who call an endpoint: as many at once, or as often, as was asked last."""

    def __init__(self, order: Order, hold_s: float) -> None:
        address = urlsplit(order.url)
        self._order = order
        self._hold_s = hold_s
        self._path = f"{address.path or '/'}{'?' if address.query else ''}{address.query}"
        self._host = f"{address.scheme}://{address.netloc}"
        self._bodies = itertools.cycle(order.bodies or (None,))
        self._load = 0.0
        self._ranks = itertools.count()
        self._idle: list[tuple[int, Any]] = []
        self._begun: dict[int, float] = {}
        self._pace = Pace(order.limits.rate)
        self._turn = BoundedSemaphore(1)
        self._released = 0
        self._due_at = 0.0
        self._runner: Any = None
        self._make: Callable[[], Any] = dict
        self._forget()

    def start(self) -> None:
        """Make room for the first callers, and tell what happens from now on."""
        self._runner, self._make = _prepare(self._order, self._host, self._live)
        gevent.spawn(self._tell)
        gevent.spawn_later(self._order.limits.time.total_seconds() + OVERTIME_S, os._exit, 0)
        if self._order.by_rate:
            self._have(self._order.limits.users)
            gevent.spawn(self._arrive)

    def probe(self) -> dict[str, object]:
        """Call once, and say what came back."""
        begun = time.perf_counter()
        failure, client = self._call(self._make())
        del client
        return {"failure": failure, "ms": 1_000.0 * (time.perf_counter() - begun)}

    def load(self, load: float) -> None:
        """Let so many users call, or so many calls be made in a second, within the limits."""
        limits = self._order.limits
        self._load = min(load, limits.rate if self._order.by_rate else float(limits.users))
        self._due_at = time.perf_counter()
        if not self._order.by_rate:
            self._have(int(self._load))
            waiting = [each for each in self._idle if each[0] < self._load]
            self._idle = [each for each in self._idle if each[0] >= self._load]
            for _, gate in waiting:
                gate.set()

    def _have(self, users: int) -> None:
        if users > self._runner.user_count:
            self._runner.start(users, spawn_rate=users)

    def _live(self, user: Any) -> None:  # noqa: ANN401  (Locust's)
        """Be one user, for as long as this runs."""
        rank = next(self._ranks)
        client = user.client
        while True:
            if self._order.by_rate:
                client = self._wait(rank, client)
                self._released -= 1
            elif rank >= self._load:
                client = self._wait(rank, client)
                continue
            else:
                self._hold_back()
                if rank >= self._load:  # it was lowered meanwhile
                    continue
            self._sent += 1
            self._begun[rank] = time.perf_counter()
            self._pace.count(self._begun[rank])
            failure, client = self._call(client)
            taken = time.perf_counter() - self._begun.pop(rank)
            if failure is None:
                self._answered += 1
                self._bins[find_bin(1_000.0 * taken)] += 1
                continue
            self._failed[failure] += 1
            if not failure.isdigit():
                gevent.sleep(BREATHER_S)

    def _wait(self, rank: int, client: Any) -> Any:  # noqa: ANN401  (Locust's)
        """Wait for one's turn, and give who may call then."""
        gate, began = Event(), time.perf_counter()
        self._idle.append((rank, gate))
        gate.wait()
        if time.perf_counter() - began < IDLE_S:
            return client
        client.client.close()
        return self._make()

    def _hold_back(self) -> None:
        """Wait until the hard limit's rate has room for one more call, which is sent at once then.

        One caller waits for it at a time, and the others for their turn.
        """
        with self._turn:
            while (wait_s := self._pace.find_wait(time.perf_counter())) > 0.0:
                self._limited = True
                gevent.sleep(wait_s)

    def _call(self, client: Any) -> tuple[str | None, Any]:  # noqa: ANN401  (Locust's)
        """Call once: why that was no answer, or None; and who may call next."""
        order = self._order
        answer, began, longest_s = None, time.perf_counter(), order.timeout.total_seconds()
        with gevent.Timeout(longest_s + PATIENCE_S, exception=False):
            answer = client.request(
                order.method,
                self._path,
                name="",
                data=next(self._bodies),
                headers=dict(order.headers),
                allow_redirects=False,
                catch_response=True,  # else what fails in the middle of an answer is told nobody
            )
        if answer is None:  # a connection in the middle of an answer is of no use
            return TIMED_OUT, self._make()
        if not answer.status_code:
            return _name_failure(answer.error), client
        if not order.expects(answer.status_code):
            return str(answer.status_code), client
        cut = answer.request_meta["exception"]
        if cut is not None and not isinstance(cut, LocustBadStatusCode):
            return _name_failure(cut), self._make()
        return (TIMED_OUT if time.perf_counter() - began > longest_s else None), client

    def _arrive(self) -> None:
        """Give calls to idle callers, evenly; the one who was busy last is taken first.

        Where this was stopped for a while, calls that are long due are left out: sent all at once
        they would be more load than was asked for.
        """
        while True:
            now = time.perf_counter()
            self._due_at = max(self._due_at, now - LATE_S)
            wait_s = self._give(now) if self._load > 0.0 else TICK_S / 10
            gevent.sleep(min(wait_s, TICK_S))

    def _give(self, now: float) -> float:
        """Give all calls that are due and may be sent; say in how many seconds the next one is."""
        while self._due_at <= now:
            wait_s = self._pace.find_wait(now, self._released)
            if wait_s > 0.0:
                return min(wait_s, TICK_S / 100)
            self._due_at += 1.0 / self._load
            self._due += 1
            if self._idle:
                self._released += 1
                self._idle.pop()[1].set()
            else:
                self._failed[DROPPED] += 1
                self._limited = True
        return max(0.0, self._due_at - time.perf_counter())

    def _tell(self) -> None:
        """Tell what happened, some times a second."""
        told, used = time.perf_counter(), time.process_time()
        while True:
            gevent.sleep(TICK_S)
            now, cpu = time.perf_counter(), time.process_time()
            tick = Tick(
                span_s=now - told,
                sent=self._sent,
                due=self._due,
                answered=self._answered,
                failed=self._failed,
                bins=self._bins,
                waiting=len(self._begun),
                stuck=sum(now - begun >= self._hold_s for begun in self._begun.values()),
                cpu_s=cpu - used,
                limited=self._limited,
            )
            self._forget()
            told, used = now, cpu
            _write({"tick": encode_tick(tick)})

    def _forget(self) -> None:
        self._sent = self._due = self._answered = 0
        self._failed: Counter[str] = Counter()
        self._bins: Counter[int] = Counter()
        self._limited = False


def _prepare(order: Order, host: str, live: Callable[[Any], None]) -> tuple[Any, Callable[[], Any]]:
    """Give Locust's runner of such users, and what makes a client of its own.

    Certificates are checked, which Locust does not do by itself, and nothing is tried again.
    """

    def call(user: Any) -> None:  # noqa: ANN401  (a task is a function that Locust marks)
        live(user)

    context = ssl.create_default_context()
    timeout_s = order.timeout.total_seconds()
    traits = {
        "host": host,
        "insecure": False,
        "ssl_context_factory": staticmethod(lambda: context),
        "connection_timeout": timeout_s,
        "network_timeout": timeout_s,
        "max_retries": 0,
        "max_redirects": 0,
        "concurrency": 1,
        "live": task(call),
    }
    caller = type("Caller", (FastHttpUser,), traits)
    environment = Environment(user_classes=[caller], host=host)
    return environment.create_local_runner(), lambda: caller(environment).client


def _name_failure(error: BaseException) -> str:
    """Say what a failure is, in words of ours: another's may hold what was sent."""
    cause = getattr(error, "original", None) or error  # geventhttpclient wraps what it gives up on
    for each in type(cause).__mro__:
        if each.__name__ in FAILURES:
            return FAILURES[each.__name__]
    return BROKEN


def _write(message: dict[str, object]) -> None:
    try:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        os._exit(0)  # nobody watches any more


if __name__ == "__main__":
    main()
