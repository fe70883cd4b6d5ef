"""How do calls come to one instance after the other, of those that are in service?

    python -m tests.sizing.proxy

A reverse proxy that takes instances in turn, whoever is free: HTTP/1.1 with a Content-Length in
both directions, as a model server speaks it. Its first line on stdout is its port. Each line on
stdin is a JSON list of the ports of those in service from then on; what went to which port since
the last line is the answer, as JSON.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
END = b"\r\n\r\n"
UNAVAILABLE = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
LARGEST = 1 << 20
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Proxy:
    """Gives calls to instances, and keeps connections to them."""

    def __init__(self) -> None:
        self._turns: Iterator[int] = iter(())
        self._idle: defaultdict[int, list[Connection]] = defaultdict(list)
        self._sent: Counter[int] = Counter()

    def serve_by(self, ports: list[int]) -> dict[int, int]:
        """Take these from now on; calls since the last time, by port."""
        self._turns = itertools.cycle(ports)
        sent, self._sent = self._sent, Counter()
        return dict(sent)

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass on what comes on a connection, call by call, until it ends."""
        try:
            while True:
                call = await read_message(reader)
                port = next(self._turns, None)
                writer.write(UNAVAILABLE if port is None else await self._ask(port, call))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _ask(self, port: int, call: bytes) -> bytes:
        """Have an instance answer."""
        self._sent[port] += 1
        try:
            idle = self._idle[port]
            while idle and idle[-1][0].at_eof():
                idle.pop()[1].close()  # the instance has hung up on who said nothing for long
            there = idle.pop() if idle else await open_to(port)
            there[1].write(call)
            answer = await read_message(there[0])
        except (asyncio.IncompleteReadError, OSError):
            return UNAVAILABLE
        idle.append(there)
        return answer


async def open_to(port: int) -> Connection:
    """Connect to an instance."""
    return await asyncio.open_connection("127.0.0.1", port, limit=LARGEST)


async def read_message(reader: asyncio.StreamReader) -> bytes:
    """Read a call, or an answer, whole."""
    head = await reader.readuntil(END)
    found = LENGTH.search(head)
    return head + await reader.readexactly(int(found[1])) if found else head


async def main() -> None:
    """Pass calls on until stdin ends."""
    proxy = Proxy()
    server = await asyncio.start_server(proxy.take, "127.0.0.1", 0, limit=LARGEST, backlog=512)
    say(str(server.sockets[0].getsockname()[1]))
    told = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(told), sys.stdin)
    while line := await told.readline():
        say(json.dumps(proxy.serve_by(json.loads(line))))


def say(line: str) -> None:
    """Write a line for who started this."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
