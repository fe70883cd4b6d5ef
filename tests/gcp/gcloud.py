"""How does a program named gcloud answer as a project does that a test has made?

Whoever runs gcloud finds it on the PATH. It hands its words, and what it is given to read, to the
test's own process, and prints what that says.
"""

from __future__ import annotations

import os
import socketserver
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

Ask = Callable[[Sequence[str], str], str]
"""Gives what a command prints, by its words and by what it reads."""
WORD, READS, END = "\037", "\035", b"\036"
PROGRAM = """\
#!/usr/bin/env bash
given="$(cat; printf x)"
exec 3<>/dev/tcp/127.0.0.1/{port}
printf '%s\\037' "$@" >&3
printf '\\035%s\\036' "${{given%x}}" >&3
read -r code <&3
if [ "$code" = 0 ]; then cat <&3; else cat <&3 >&2; fi
exit "$code"
"""


@contextmanager
def installed(folder: Path, ask: Ask) -> Iterator[None]:
    """Have a gcloud first on the PATH, whose every command is asked of `ask`.

    Args:
        folder: For the program.
        ask: Is asked; what it raises is told, and the command has failed.
    """
    folder.mkdir()
    with _Server(("127.0.0.1", 0), _Handler) as server, pytest.MonkeyPatch.context() as patch:
        server.ask = ask
        program = folder / "gcloud"
        program.write_text(PROGRAM.format(port=server.server_address[1]), encoding="utf-8")
        program.chmod(0o755)
        patch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    ask: Ask


class _Handler(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        """Read one command, and answer its exit code and what it prints."""
        given = b""
        while not given.endswith(END):
            more = self.request.recv(65_536)
            if not more:
                return
            given += more
        words, _, reads = given[:-1].decode().rpartition(READS)
        try:
            code, said = 0, self.server.ask(words.split(WORD)[:-1], reads)
        except Exception as error:  # noqa: BLE001  (whoever ran it is told)
            code, said = 1, f"ERROR: (gcloud) {error}\n"
        self.wfile.write(f"{code}\n{said}".encode())
