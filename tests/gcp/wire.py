"""How does a call to Google fail under the real session: refused, or done with its answer lost?

The hook is below the session's retries and above its connections.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from flyball.adapters.gcp.session import Session, read_refusal

ALWAYS = 1_000


class Watch:
    """A clock that only waits move, so that a test of waiting takes no time."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.waits: list[float] = []

    def rest(self, seconds: float) -> None:
        """Let time pass."""
        self.waits.append(seconds)
        self.now_s += seconds

    def clock(self) -> float:
        """Tell the time."""
        return self.now_s


class Sent(NamedTuple):
    """A call as it was sent: what it asks for, and its body."""

    verb: str
    body: Mapping[str, Any]


class Wire(Session):
    """A session whose sendings are noted, and fail as they are told to.

    Attributes:
        sent: Every sending, in order.
        answered: What was answered to each that was answered.
        watch: Its clock.
    """

    def __init__(self, endpoints: Mapping[str, str]) -> None:
        self.watch = Watch()
        super().__init__(endpoints, rest=self.watch.rest, clock=self.watch.clock)
        self.sent: list[Sent] = []
        self.answered: list[tuple[Sent, Any]] = []
        self._faults: list[tuple[str, list[bool], Callable[[Callable[[], Any]], Any]]] = []

    def refuse(
        self,
        verb: str,
        status: str,
        code: int = 400,
        *,
        message: str = "",
        times: int = 1,
        after: int = 0,
    ) -> None:
        """Refuse the next calls of a verb before they are sent, but for so many first ones."""
        said = {"code": code, "message": message or f"{status}!", "status": status}

        def fail(_: Callable[[], Any]) -> Any:
            raise read_refusal(code, json.dumps({"error": said}))

        self._faults.append((verb, [False] * after + [True] * times, fail))

    def lose_answer(self, verb: str) -> None:
        """Let the next call of a verb be done, and its answer be lost on the way back."""

        def lose(send: Callable[[], Any]) -> Any:
            send()
            raise read_refusal(502, "<html>Bad Gateway</html>")

        self._faults.append((verb, [True], lose))

    def before(self, verb: str, act: Callable[[], object]) -> None:
        """Do something else just before the next call of a verb is sent."""

        def meddle(send: Callable[[], Any]) -> Any:
            act()
            return send()

        self._faults.append((verb, [True], meddle))

    def _send(self, service: str, method: str, url: str, body: Any, *rest: Any) -> Any:
        sent = Sent(url.rpartition(":")[2], body)
        self.sent.append(sent)

        def send() -> Any:
            answer = super(Wire, self)._send(service, method, url, body, *rest)
            self.answered.append((sent, answer))
            return answer

        for verb, turns, fault in self._faults:
            if verb in (sent.verb, "") and turns and turns.pop(0):
                return fault(send)
        return send()
