"""Is the use of a server's processes read as the kernel tells it?"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flyball.sizing.benchmark import Resource
from flyball.sizing.load.usage import Gauge, UsageError, count_cores, find_family, read_memory

TICKS = os.sysconf("SC_CLK_TCK")


def put(proc: Path, pid: int, parent: int, ticks: int, kib: int, cores: str = "0-3,6") -> None:
    """Write what the kernel tells of a process; its name has all that a name may have."""
    folder = proc / str(pid)
    folder.mkdir(parents=True, exist_ok=True)
    fields = f"S {parent} 1 1 0 -1 4194560 1 1 1 1 {ticks} 0 0 0 20 0"
    (folder / "stat").write_text(f"{pid} (a) b (c) {fields}\n", encoding="utf-8")
    (folder / "status").write_text(
        f"Name:\ta\nVmRSS:\t{kib} kB\nCpus_allowed_list:\t{cores}\n", encoding="utf-8"
    )


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """Make a machine of 1,000 KiB, with a server of three processes, and another one."""
    (tmp_path / "meminfo").write_text("MemTotal:  1000 kB\nMemFree: 1 kB\n", encoding="ascii")
    put(tmp_path, 10, 1, 0, 100, "0-1")
    put(tmp_path, 11, 10, 0, 200, "1-2")
    put(tmp_path, 12, 11, 0, 300, "2")
    put(tmp_path, 99, 1, 5_000, 400)
    (tmp_path / "77").mkdir()
    return tmp_path


def test_children_are_counted_and_others_are_not(proc: Path) -> None:
    """And theirs, at any depth."""
    assert set(find_family([10], proc)) == {10, 11, 12}
    assert set(find_family([11, 99], proc)) == {11, 12, 99}
    assert count_cores([10], proc) == 3
    assert count_cores([99], proc) == 5


def test_use_is_a_share_of_all_cores_and_all_memory(proc: Path) -> None:
    """CPU of the time between; memory of both ends."""
    times = iter([100.0, 104.0])
    finish = Gauge((10,), 2, lambda: next(times), proc).begin()
    put(proc, 11, 10, 3 * TICKS, 400)
    put(proc, 12, 11, TICKS, 300)
    assert finish() == {Resource.CPU: pytest.approx(0.5), Resource.MEMORY: pytest.approx(0.7)}


def test_shared_pages_are_counted_once_where_the_kernel_tells(proc: Path) -> None:
    """Its proportional share is taken before what a process has in all."""
    (proc / "10" / "smaps_rollup").write_text("Rss: 100 kB\nPss:  50 kB\n", encoding="utf-8")
    assert Gauge((10,), 1, lambda: 0.0, proc).read().memory == 550 * 1_024


def test_use_is_never_out_of_its_range(proc: Path) -> None:
    """A child that left takes what it used with it; a clock may be coarse."""
    put(proc, 12, 11, 900 * TICKS, 300)
    times = iter([1.0, 2.0, 2.0, 2.0])
    gauge = Gauge((10,), 1, lambda: next(times), proc)
    finish = gauge.begin()
    for file in (proc / "12").iterdir():
        file.unlink()
    assert finish()[Resource.CPU] == 0.0
    finish = gauge.begin()
    put(proc, 12, 11, 900 * TICKS, 3_000)
    assert finish() == {Resource.CPU: 1.0, Resource.MEMORY: 1.0}


def test_who_is_not_there_is_named(proc: Path) -> None:
    """Before any load."""
    with pytest.raises(UsageError, match="--pid: 5, 6: there is no such process"):
        find_family([10, 5, 6], proc)
    (proc / "meminfo").write_text("MemFree: 1 kB\n", encoding="ascii")
    with pytest.raises(UsageError, match="MemTotal"):
        read_memory(proc)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the kernel tells nothing here")
def test_a_real_process_is_measured() -> None:
    """One that spins for as long as it is looked at uses as much CPU as it says itself."""
    spin = (
        "import time,sys\n"
        "while time.process_time() < 0.5: pass\n"
        "print(time.process_time(), flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", spin], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        said = float(program.stdout.readline())
        used = Gauge((program.pid,), 1, time.monotonic).read()
        program.communicate()
    assert used.cpu_s == pytest.approx(said, abs=0.1)
    assert 1e6 < used.memory < read_memory()
