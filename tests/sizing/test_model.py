"""Is what a load test finds of a real model server what other load generators find?"""

from __future__ import annotations

import json
import math
import random
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.programs import run
from tests.sizing.server import FEATURES

REPOSITORY = Path(__file__).resolve().parents[2]
NEEDED = ("flask", "gunicorn", "locust", "sklearn")
ABSENT = [each for each in NEEDED if find_spec(each) is None]
USERS, SECONDS, WITHIN = 8, 4, 0.10
LEAST, ROUNDS = 3, 6
KNOWN, USABLE = 0.025, 0.05
"""The ratio's standard error at which it is known, and above which it says nothing."""
SCRIPT = """\
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local file = io.open("body.json")
wrk.body = file:read("*a")
file:close()
"""
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(ABSENT), reason=f"not installed: {', '.join(ABSENT)} (make loadtest)"),
]


class Model(NamedTuple):
    """A model server: where it answers, and its first process."""

    url: str
    pid: int
    folder: Path


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Model]:
    """Start a model server of two workers on one core."""
    folder = tmp_path_factory.mktemp("model")
    chance = random.Random(1)
    row = [chance.gauss(0, 1) for _ in range(FEATURES)]
    (folder / "body.json").write_text(json.dumps({"instances": [row]}), encoding="utf-8")
    (folder / "post.lua").write_text(SCRIPT, encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, "-m", "tests.sizing.server", "--workers", "2", "--cores", "1"],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout is not None
        try:
            port = int(program.stdout.readline())
            yield Model(f"http://127.0.0.1:{port}/invocations", program.pid, folder)
        finally:
            program.terminate()


def run_wrk(model: Model) -> float:
    """Load it by wrk: answers a second."""
    said = subprocess.run(
        ["wrk", "-t1", f"-c{USERS}", f"-d{SECONDS}s", "-s", "post.lua", model.url],
        cwd=model.folder,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert "Non-2xx" not in said
    return find_rate(r"Requests/sec:\s+([\d.]+)", said)


def run_hey(model: Model) -> float:
    """Load it by hey: answers a second."""
    options = ("-m", "POST", "-T", "application/json", "-D", "body.json")
    said = subprocess.run(
        ["hey", "-z", f"{SECONDS}s", "-c", str(USERS), *options, model.url],
        cwd=model.folder,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert re.findall(r"\[(\d+)\]\s+\d+ responses", said) == ["200"]
    return find_rate(r"Requests/sec:\s+([\d.]+)", said)


def find_rate(pattern: str, said: str) -> float:
    """Find a figure in what a program has said."""
    found = re.search(pattern, said)
    assert found is not None, said
    return float(found[1])


def run_flyball(model: Model) -> list[float]:
    """Load it by `flyball loadtest`: the saturation found, in answers a second.

    None where the machine sped up while load rose: then it says itself that it found no end.
    """
    code, out, err = run(
        *("loadtest", model.url, "--body", "body.json", "--pid", model.pid, "--json"),
        *("--start", 4, "--hold", "3s", "--settle", "1s", "--max-users", 256),
        cwd=model.folder,
    )
    assert code == 0, err
    found = json.loads(out)
    assert found["failed"] == {}
    assert found["benchmark"]["machine"]["cores"] == 1
    if found["ending"] == "limit":
        assert found["saturation"]["bound"] == "at_least"
        return []
    assert found["ending"] == "saturated"
    return [found["saturation"]["invocations_per_minute"] / 60]


def test_another_generator_finds_the_same(model: Model) -> None:
    """Within a tenth: wrk, or else hey, turn by turn with ours.

    What a core does in a second hangs on what others do beside it, so there are turns until both
    means are known well enough, and no verdict where they are not in the end.
    """
    others = {name: call for name, call in OTHERS.items() if shutil.which(name)}
    if not others:
        pytest.skip(f"none of {', '.join(OTHERS)} is installed")
    name, call = next(iter(others.items()))
    ours: list[float] = []
    theirs = [call(model)]
    rounds = 0
    while rounds < ROUNDS and (len(ours) < LEAST or find_error(ours, theirs) > KNOWN):
        rounds += 1
        ours += run_flyball(model)
        theirs += [call(model), call(model)]
    told = f"{name} {list(map(round, theirs))}, flyball {list(map(round, ours))} a second"
    print(f"\n{told}")  # noqa: T201  (shown by -s)
    if len(ours) < LEAST or find_error(ours, theirs) > USABLE:
        pytest.skip(f"the machine is too busy to compare: {told}")
    ratio = statistics.fmean(ours) / statistics.fmean(theirs)
    assert ratio == pytest.approx(1.0, abs=WITHIN), told


OTHERS = {"wrk": run_wrk, "hey": run_hey}


def find_error(*several: list[float]) -> float:
    """Give the standard error of a ratio of means."""
    parts = [statistics.stdev(each) / statistics.fmean(each) / len(each) ** 0.5 for each in several]
    return math.hypot(*parts)
