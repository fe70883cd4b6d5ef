"""How much CPU and memory do a server's processes use, their children included?

Source: proc_pid_stat(5), proc_pid_status(5), proc_meminfo(5); the kernel's documentation of
smaps_rollup.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from flyball.core.shape import NamedTuple
from flyball.sizing.benchmark import Resource

PROC = Path("/proc")
KIB = 1_024
PARENT, CPU_TIMES = 1, slice(11, 15)
"""Fields of `stat` after the name: the parent; CPU in user and kernel, its own and of children
that have ended."""


class UsageError(ValueError):
    """Processes cannot be measured; the message says which and why."""


class Use(NamedTuple):
    """What processes have used by now.

    Attributes:
        at_s: Seconds of a clock that never goes back.
        cpu_s: CPU since they began.
        memory: Bytes; pages that several share are counted once.
    """

    at_s: float
    cpu_s: float
    memory: int


class Gauge(NamedTuple):
    """What is measured, and against what.

    Attributes:
        pids: Of processes whose children count as well.
        cores: That use is a share of.
        clock: Seconds that never go back.
        proc: Where the kernel tells of processes.
    """

    pids: Sequence[int]
    cores: int
    clock: Callable[[], float]
    proc: Path = PROC

    def begin(self) -> Callable[[], Mapping[Resource, float]]:
        """Begin to measure; what is returned ends it, and gives use by resource, 0–1."""
        began = self.read()

        def finish() -> dict[Resource, float]:
            now = self.read()
            span_s = max(now.at_s - began.at_s, 1e-9)
            cpu = (now.cpu_s - began.cpu_s) / (span_s * self.cores)
            memory = (began.memory + now.memory) / 2 / read_memory(self.proc)
            return {
                Resource.CPU: min(1.0, max(0.0, cpu)),
                Resource.MEMORY: min(1.0, memory),
            }

        return finish

    def read(self) -> Use:
        """Read what the processes have used by now.

        A child that ends meanwhile is its parent's from then on, as the kernel counts.
        """
        family = find_family(self.pids, self.proc)
        ticks = sum(sum(map(int, family[each][CPU_TIMES])) for each in family)
        memory = sum(_read_memory(self.proc / str(each)) for each in family)
        return Use(self.clock(), ticks / os.sysconf("SC_CLK_TCK"), memory)


def find_family(pids: Sequence[int], proc: Path = PROC) -> dict[int, list[str]]:
    """Give the fields of `stat`, after the name, of processes and all that they have started.

    Raises:
        UsageError: There is no such process.
    """
    known = {}
    for folder in proc.iterdir():
        if folder.name.isdigit() and (fields := _read_stat(folder)):
            known[int(folder.name)] = fields
    gone = [str(each) for each in pids if each not in known]
    if gone:
        raise UsageError(f"--pid: {', '.join(gone)}: there is no such process on this machine")
    family = set(pids)
    grown = True
    while grown:
        children = {pid for pid, fields in known.items() if int(fields[PARENT]) in family}
        grown = not children <= family
        family |= children
    return {pid: known[pid] for pid in family}


def count_cores(pids: Sequence[int], proc: Path = PROC) -> int:
    """Count the cores that processes may run on: those that they are not pinned away from."""
    allowed: set[int] = set()
    for pid in find_family(pids, proc):
        try:
            lines = (proc / str(pid) / "status").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue  # it has ended meanwhile
        for line in lines.splitlines():
            if line.startswith("Cpus_allowed_list:"):
                allowed |= _read_list(line.partition(":")[2].strip())
    return max(1, len(allowed))


def read_memory(proc: Path = PROC) -> int:
    """Give the machine's memory, in bytes."""
    for line in (proc / "meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * KIB
    raise UsageError(f"{proc / 'meminfo'}: it does not say MemTotal")


def _read_stat(folder: Path) -> list[str]:
    try:
        text = (folder / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []  # it has ended meanwhile
    return text.rpartition(")")[2].split()


def _read_memory(folder: Path) -> int:
    """Give a process's share of memory, in bytes; all that it has where that may not be read."""
    for name, field in (("smaps_rollup", "Pss:"), ("status", "VmRSS:")):
        try:
            text = (folder / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        for line in text.splitlines():
            if line.startswith(field):
                return int(line.split()[1]) * KIB
    return 0


def _read_list(text: str) -> set[int]:
    """Read the kernel's way of writing numbers, such as 0-3,8."""
    found: set[int] = set()
    for part in filter(None, text.split(",")):
        low, _, high = part.partition("-")
        found |= set(range(int(low), int(high or low) + 1))
    return found
