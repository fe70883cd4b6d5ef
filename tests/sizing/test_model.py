"""Is what a load test finds of a real model server what other load generators find?"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.sizing.loads import run_load
from tests.sizing.ratio import Verdict, compare
from tests.sizing.server import FEATURES
from tests.sizing.speed import Speed, pinned, watch

REPOSITORY = Path(__file__).resolve().parents[2]
NEEDED = ("flask", "gunicorn", "locust", "sklearn")
ABSENT = [each for each in NEEDED if find_spec(each) is None]
USERS, SECONDS, WITHIN = 8, 4, 0.10
ROWS = 100
"""In each call: some milliseconds of the model, beside which it matters little how calls come."""
NEAR = 0.05
"""Steps whose answers are within so much of the saturation's are those that it was read off."""
SCRIPT = """\
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Accept-Encoding"] = "gzip, deflate, br"
wrk.headers["User-Agent"] = "wrk, with as many headers as Locust sends"
local file = io.open("body.json")
wrk.body = file:read("*a")
file:close()
"""
pytestmark = [
    pytest.mark.alone,
    pytest.mark.slow,
    pytest.mark.skipif(bool(ABSENT), reason=f"not installed: {', '.join(ABSENT)} (make loadtest)"),
]


class Model(NamedTuple):
    """A model server.

    Attributes:
        url: Where it answers.
        pid: Its first process.
        folder: Where a body lies.
        others: Cores that are not its own, where there are any.
        speed: How fast its own core is.
    """

    url: str
    pid: int
    folder: Path
    others: set[int]
    speed: Speed


class Sample(NamedTuple):
    """What a generator found: answers a second, as counted, and at how fast a core."""

    rate: float
    speed: float

    @property
    def fair(self) -> float:
        """Answers for each computation that the core would have made meanwhile."""
        return self.rate / self.speed


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Model]:
    """Start a model server of two workers on the last core, and look at how fast that is."""
    folder = tmp_path_factory.mktemp("model")
    chance = random.Random(1)
    rows = [[chance.gauss(0, 1) for _ in range(FEATURES)] for _ in range(ROWS)]
    (folder / "body.json").write_text(json.dumps({"instances": rows}), encoding="utf-8")
    (folder / "post.lua").write_text(SCRIPT, encoding="utf-8")
    *others, core = sorted(os.sched_getaffinity(0))
    with subprocess.Popen(
        [sys.executable, "-m", "tests.sizing.server", "--workers", "2", "--cores", "1"],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout is not None
        try:
            port = int(program.stdout.readline())
            url = f"http://127.0.0.1:{port}/invocations"
            with watch(core, program.pid) as speed, pinned(others or [core]):
                yield Model(url, program.pid, folder, set(others), speed)
        finally:
            program.terminate()


def run_wrk(model: Model) -> Sample:
    """Load it by wrk."""
    said, speed = run_other(
        model, "wrk", "-t1", f"-c{USERS}", f"-d{SECONDS}s", "-s", "post.lua", model.url
    )
    assert "Non-2xx" not in said
    return Sample(find_rate(r"Requests/sec:\s+([\d.]+)", said), speed)


def run_hey(model: Model) -> Sample:
    """Load it by hey."""
    options = ("-m", "POST", "-T", "application/json", "-D", "body.json")
    said, speed = run_other(
        model, "hey", "-z", f"{SECONDS}s", "-c", str(USERS), *options, model.url
    )
    assert re.findall(r"\[(\d+)\]\s+\d+ responses", said) == ["200"]
    return Sample(find_rate(r"Requests/sec:\s+([\d.]+)", said), speed)


def run_other(model: Model, *command: str) -> tuple[str, float]:
    """Run another generator: what it says, and how fast the core was meanwhile."""
    began_s = time.monotonic()
    said = subprocess.run(
        command, cwd=model.folder, check=True, capture_output=True, text=True
    ).stdout
    return said, model.speed.mean(began_s, time.monotonic())


def find_rate(pattern: str, said: str) -> float:
    """Find a figure in what a program has said."""
    found = re.search(pattern, said)
    assert found is not None, said
    return float(found[1])


def run_flyball(model: Model) -> list[Sample]:
    """Load it by `flyball loadtest`: the saturation found.

    None where the machine sped up while load rose: then it says itself that it found no end. The
    saturation is the median of steps that were alike; how fast the core was, of the same steps.
    """
    code, found, windows, err = run_load(
        model.folder,
        model.url,
        *("--body", "body.json", "--pid", model.pid),
        *("--start", 4, "--hold", "3s", "--settle", "1s", "--max-users", 256),
    )
    assert code == 0, err
    assert found["failed"] == {}
    assert found["benchmark"]["machine"]["cores"] == 1
    if found["ending"] == "limit":
        assert found["saturation"]["bound"] == "at_least"
        return []
    assert found["ending"] == "saturated"
    level = found["saturation"]["invocations_per_minute"]
    alike = [
        windows[f"{step['users']:,g}"]
        for step in found["benchmark"]["steps"]
        if step["users"] >= found["saturation"]["load"]
        and abs(step["answered"] / level - 1.0) <= NEAR
    ]
    return [Sample(level / 60, statistics.median(model.speed.mean(*each) for each in alike))]


def test_another_generator_finds_the_same(model: Model) -> None:
    """Within a tenth: wrk, or else hey, turn by turn with ours.

    What a core does in a second hangs on what others do with the machine: what is compared are
    answers for each computation that the server's core would have made meanwhile.
    """
    others = {name: call for name, call in OTHERS.items() if shutil.which(name)}
    if not others:
        pytest.skip(f"none of {', '.join(OTHERS)} is installed; apt install wrk")
    name, call = next(iter(others.items()))
    told = list[str]()

    def turn(ours: list[float], theirs: list[float]) -> None:
        found = {name: [call(model)], "flyball": run_flyball(model)}
        found[name].append(call(model))
        ours += [each.fair for each in found["flyball"]]
        theirs += [each.fair for each in found[name]]
        for who, samples in found.items():
            told.extend(f"{who} {each.rate:.0f}/s, {each.fair:.4f}" for each in samples)

    verdict, ratio = compare(turn, WITHIN)
    said = f"flyball finds {ratio} of what {name} finds: {'; '.join(told)}"
    print(f"\n{said}")  # noqa: T201  (shown by -s)
    if verdict is Verdict.UNKNOWN:
        pytest.skip(f"the machine is too busy to compare: {said}")
    assert verdict is Verdict.SAME, said


OTHERS = {"wrk": run_wrk, "hey": run_hey}
