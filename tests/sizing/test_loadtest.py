"""Does `flyball loadtest` find what an endpoint carries, and leave it in peace when it should?"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from flyball.sizing.load.record import decode_benchmark, read_benchmark
from tests.cli.programs import finish, run, run_on_terminal, start, wait_for

REPOSITORY = Path(__file__).resolve().parents[2]
QUICK = ("--hold", "2s", "--settle", "0.5s")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        find_spec("locust") is None, reason="locust is not installed: flyball[loadtest]"
    ),
]


@contextmanager
def serving(behaviour: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Start an endpoint; its URL, and its program."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.sizing.endpoint", behaviour],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(program.stdout.readline())}/", program
        finally:
            program.kill()


def load(tmp_path: Path, url: str, *options: object) -> tuple[int, dict[str, Any], str]:
    """Load an endpoint: exit code, what JSON says, stderr."""
    code, out, err = run("loadtest", url, *QUICK, "--json", *options, cwd=tmp_path)
    return code, json.loads(out) if out else {}, err


def test_what_an_endpoint_carries_is_found_and_kept(tmp_path: Path) -> None:
    """By users: four at a time, each 50 ms, are 80 a second; its file is a benchmark again."""
    kept = tmp_path / "kept.json"
    with serving("well") as (url, program):
        code, found, err = load(
            tmp_path, url, "--start", 2, "--pid", program.pid, "--out", kept, "--cores", 2
        )
    assert code == 0, err
    assert found["ending"] == "saturated"
    assert found["saturation"]["cause"] == "flat"
    assert found["saturation"]["invocations_per_minute"] == pytest.approx(4_800, rel=0.1)
    assert found["saturation"]["bottleneck"] == "concurrency"
    benchmark = read_benchmark(kept)
    assert benchmark == decode_benchmark(found["benchmark"], "stdout")
    assert benchmark.source == url
    assert benchmark.machine.cores == 2
    assert err.count("users ") == len(benchmark.steps)


def test_a_rate_finds_the_same(tmp_path: Path) -> None:
    """Calls are sent whether answered or not; those in between are tried."""
    with serving("well") as (url, _):
        code, found, err = load(tmp_path, url, "--rate", "--start", 50, "--max-users", 100)
    assert code == 0, err
    assert found["saturation"]["invocations_per_minute"] == pytest.approx(4_800, rel=0.1)
    assert found["benchmark"]["steps"][0]["users"] is None


def test_users_may_come_so_many_at_a_time(tmp_path: Path) -> None:
    """Three more in each step: a ramp, which is flat from four users on."""
    with serving("well") as (url, _):
        code, found, err = load(tmp_path, url, "--add", 3)
    assert (code, found["ending"]) == (0, "saturated"), err
    users = sorted(step["users"] for step in found["benchmark"]["steps"])
    assert users[:3] == [1, 4, 7]
    assert found["saturation"]["cause"] == "flat"
    assert found["saturation"]["invocations_per_minute"] == pytest.approx(4_800, rel=0.1)


def test_an_objective_ends_it_earlier(tmp_path: Path) -> None:
    """Eight users at a time wait for 100 ms."""
    with serving("well") as (url, _):
        code, found, _ = load(tmp_path, url, "--latency", "p90<=75ms", "--start", 2)
    assert (code, found["ending"]) == (0, "saturated")
    assert max(step["users"] for step in found["benchmark"]["steps"]) == 8
    assert 3 <= found["saturation"]["load"] <= 8


def test_failures_end_it(tmp_path: Path) -> None:
    """A load at which two thirds fail is not held to its end; the least one is no measure."""
    with serving("fail") as (url, _):
        code, found, _ = load(tmp_path, url, "--start", 2, "--hold", "6s")
    assert (code, found["saturation"]["cause"]) == (1, "failures")
    assert found["failed"]["503"] > 0
    assert found["elapsed_s"] < 25


@pytest.mark.parametrize(
    ("behaviour", "cause"), [("cut", "connection broken"), ("dribble", "timed out")]
)
def test_half_an_answer_is_none(behaviour: str, cause: str, tmp_path: Path) -> None:
    """Its status was well, and the rest of it never came."""
    with serving(behaviour) as (url, _):
        code, found, err = load(tmp_path, url, "--start", 2, "--timeout", "1s")
    assert code == 1, err
    assert found["failed"].keys() == {cause}
    assert found["benchmark"]["broke"]


@pytest.mark.parametrize(
    ("behaviour", "options", "ending", "within_s"),
    [
        ("go", (), "refused", 15),
        ("hang", ("--timeout", "2s"), "hangs", 20),
    ],
)
def test_a_server_in_trouble_is_left_in_peace(
    behaviour: str, options: tuple[str, ...], ending: str, within_s: float, tmp_path: Path
) -> None:
    """What was found before is kept, and the exit code says that it did not go as it should."""
    kept = tmp_path / "kept.json"
    with serving(behaviour) as (url, _):
        code, found, err = load(tmp_path, url, "--start", 2, "--out", kept, *options)
    assert (code, found["ending"]) == (1, ending), err
    benchmark = read_benchmark(kept)
    assert benchmark.broke
    assert "any more" in benchmark.notes[0]
    assert max(step["answered"] for step in found["benchmark"]["steps"]) > 1_000
    assert found["elapsed_s"] < within_s


def test_hard_limits_are_kept(tmp_path: Path) -> None:
    """Of users, of the rate, and of the time."""
    with serving("well") as (url, _):
        _, few, _ = load(tmp_path, url, "--start", 1, "--max-users", 2)
        _, rare, _ = load(tmp_path, url, "--start", 1, "--max-rate", 10)
        _, quick, _ = load(tmp_path, url, "--start", 1, "--max-time", "4s")
    assert few["ending"] == "limit"
    assert [step["users"] for step in few["benchmark"]["steps"]] == [1, 2]
    assert (rare["ending"], rare["left_out"]) == ("limit", [1])
    assert rare["benchmark"] is None
    assert quick["ending"] == "time"
    assert quick["elapsed_s"] < 5


def test_a_burst_is_no_rate(tmp_path: Path) -> None:
    """16 users who are answered at once call at once, and 320 times in a second."""
    with serving("batch") as (url, _):
        code, found, err = load(tmp_path, url, "--steps", "8,16", "--max-rate", 500)
    assert (code, found["left_out"]) == (0, []), err
    assert [step["users"] for step in found["benchmark"]["steps"]] == [8, 16]


def test_who_was_stopped_sends_no_burst(tmp_path: Path) -> None:
    """What was due while the sender stood still is left out: never above the hard limit."""
    options = ("--rate", "--steps", 100, "--max-rate", 100, "--hold", "6s", "--settle", "0s")
    with serving("clock") as (url, server):
        with start("loadtest", url, *options, "--json", cwd=tmp_path) as program:
            wait_for(lambda: len(children(program.pid)) == 1, "the generator's start")
            time.sleep(3)
            (generator,) = children(program.pid)
            os.kill(generator, signal.SIGSTOP)
            time.sleep(1.5)
            os.kill(generator, signal.SIGCONT)
            code, out, err = finish(program)
        server.kill()
        assert server.stdout is not None
        came = [float(each) for each in server.stdout.read().split()]
    assert code == 0, err
    assert json.loads(out)["failed"] == {}
    assert len(came) > 300
    most = max(sum(at <= each < at + 0.9 for each in came) for at in came)
    assert most <= 110  # two calls or so may be under way when it is stopped


def test_what_is_sent_is_what_was_asked_for(tmp_path: Path) -> None:
    """Bodies in turn, and a header that is shown nowhere."""
    for name in "ab":
        (tmp_path / name).write_text(f'"{name}"', encoding="utf-8")
    (tmp_path / "headers").write_text("X-Key: s3cret\n", encoding="utf-8")
    bodies = ("--body", tmp_path / "a", "--body", tmp_path / "b")
    with serving("echo") as (url, program):
        code, out, err = run(
            *("loadtest", f"{url}p?q=1", *QUICK, "--steps", 1, "--header", "@headers", *bodies),
            *("--out", "kept.json"),
            cwd=tmp_path,
        )
        program.kill()
        assert program.stdout is not None
        came = program.stdout.read().splitlines()
    assert code == 0, err
    assert came[:3] == [f'POST /p?q=1 s3cret "{each}"' for each in "aba"]
    kept = (tmp_path / "kept.json").read_text(encoding="utf-8")
    assert "s3cret" not in out + err + kept
    assert "q=1" not in out + err + kept


@pytest.mark.parametrize(
    ("behaviour", "options", "message"),
    [
        ("missing", (), "it answers 404 to GET; mend --method"),
        ("redirect", (), "it answers 302, which leads elsewhere"),
        ("mute", ("--timeout", "1s"), "no answer within 1 s"),
    ],
)
def test_what_would_only_fail_is_not_loaded(
    behaviour: str, options: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    """One call says so."""
    with serving(behaviour) as (url, _):
        code, found, err = load(tmp_path, url, *options)
    assert (code, found) == (2, {})
    assert message in err


def test_a_file_that_is_there_is_not_lost(tmp_path: Path) -> None:
    """Nothing is sent before that is told; the body never becomes the file."""
    body, kept = tmp_path / "row.json", tmp_path / "kept.json"
    for each in (body, kept):
        each.write_text("{}", encoding="utf-8")
    with serving("echo") as (url, program):
        for out, more in ((kept, ()), (body, ()), (body, ("--overwrite",))):
            code, _, err = load(tmp_path, url, "--body", body, "--out", out, *more)
            assert code == 2
            assert f"--out: {out}" in err
            assert out.read_text(encoding="utf-8") == "{}"
        code, _, err = load(tmp_path, url, "--steps", 1, "--out", kept, "--overwrite")
        assert code == 0, err
        program.kill()
        assert program.stdout is not None
        assert all(line.startswith("GET") for line in program.stdout.read().splitlines())
    assert read_benchmark(kept).notes == ("All loads that were given were held.",)


def test_a_server_that_fails_from_the_first_is_no_success(tmp_path: Path) -> None:
    """Most calls of one user fail: exit code 1, which the file says as well."""
    with serving("flaky") as (url, _):
        code, out, _ = run("loadtest", url, *QUICK, "--out", "kept.json", cwd=tmp_path)
    assert code == 1
    assert "This is no measure of an instance: " in out
    benchmark = read_benchmark(tmp_path / "kept.json")
    assert "status 500" in benchmark.notes[-1]
    assert not benchmark.broke


def test_a_port_that_nobody_has_is_named(tmp_path: Path) -> None:
    """And a status that was expected is an answer."""
    with serving("missing") as (url, program):
        code, _, _ = load(tmp_path, url, "--expect", "404", "--steps", 1)
        assert code == 0
        program.kill()
        program.wait()
        code, _, err = load(tmp_path, url)
    assert code == 2
    assert "nothing takes connections there" in err


@contextmanager
def under_way(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Load an endpoint, until the first step is kept."""
    with serving("well") as (url, _):
        program = start(
            *("loadtest", url, *QUICK, "--hold", "3s", "--json", "--out", "kept.json"), cwd=tmp_path
        )
        with program:
            try:
                wait_for((tmp_path / "kept.json").exists, "the first step")
                yield program
            finally:
                program.kill()


def children(pid: int) -> list[int]:
    """List the programs that a program has started."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(each) for each in path.read_text(encoding="ascii").split()]


def is_gone(pid: int) -> Callable[[], bool]:
    """Say whether a program has ended."""
    return lambda: not Path(f"/proc/{pid}").exists()


def test_ctrl_c_keeps_what_was_found(tmp_path: Path) -> None:
    """And ends the generator."""
    with under_way(tmp_path) as program:
        (generator,) = children(program.pid)
        program.send_signal(signal.SIGINT)
        code, out, err = finish(program)
    wait_for(is_gone(generator), "the generator's end")
    assert (code, json.loads(out)["ending"]) == (130, "interrupted")
    assert "flyball: interrupted" in err
    assert read_benchmark(tmp_path / "kept.json").steps


def test_nobody_is_loaded_by_a_program_that_was_killed(tmp_path: Path) -> None:
    """The generator ends with whoever started it; what was found is in the file."""
    with under_way(tmp_path) as program:
        (generator,) = children(program.pid)
        os.kill(program.pid, signal.SIGKILL)
        program.wait()
        wait_for(is_gone(generator), "the generator's end")
    assert read_benchmark(tmp_path / "kept.json").steps


def test_a_generator_that_dies_is_named(tmp_path: Path) -> None:
    """What was found before is kept."""
    with under_way(tmp_path) as program:
        (generator,) = children(program.pid)
        os.kill(generator, signal.SIGKILL)
        code, out, _ = finish(program)
    assert (code, json.loads(out)["ending"]) == (1, "lost")


def test_a_terminal_shows_one_line_that_changes(tmp_path: Path) -> None:
    """With the load, the rate, the latency and the failures."""
    with serving("well") as (url, _):
        began = time.monotonic()
        code, written = run_on_terminal("loadtest", url, *QUICK, "--steps", "1,2", cwd=tmp_path)
        assert time.monotonic() - began < 30
    assert code == 0
    assert "2 users  holding" in written
    assert "/s answered" in written
    assert "0.0% failed" in written
