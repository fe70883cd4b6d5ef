"""Does a fleet keep an objective under a load, and if not: was that the fleet, or the machine?

A load is meant for instances as fast as the one that was load tested. On a machine whose speed
wavers it is held at what its cores do at that moment, and looked at again where they did not.
"""

from __future__ import annotations

import json
import math
import statistics
import time
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML

from tests.cli.programs import run
from tests.sizing.fleet import Fleet
from tests.sizing.loads import Window, run_load

TOO_MUCH = 1
"""The exit code where calls failed under the only load."""
LOOK_S, SLICE_S = 2.0, 1.0
TRIES = 3
ALONE_RATIO = 0.05
"""Of its core: where others had more of it, the load test was not of one instance alone."""
FAILED_RATIO = 0.01
ROWS = 400
"""In each call: some 10 ms of the model."""
NEAR = 0.99
"""Of what so many instances are held at: nearly more than they are to carry."""
FULL, OVER = 0.95, 1.02
"""Of what instances carry: above the one in some second, lateness says nothing of the fleet's size;
below the other in the mean, nothing says that a fleet is too small."""


class Objective(NamedTuple):
    """So much of what is answered comes within so long, and less than 1 % fails."""

    quantile: float
    latency_ms: float


OBJECTIVE = Objective(0.95, 150.0)


class Held(NamedTuple):
    """What came of a load.

    Attributes:
        load: Requests a second, of instances as fast as the one that was load tested.
        instances: That served.
        rate: Requests a second that were sent.
        latency_ms: At the objective's quantile.
        failed_ratio: 0–1.
        is_kept: Whether the objective was.
        nominal: Load as a share of what so many instances carried in the load test.
        mean: Load as a share of what instances carry on cores so fast, if nobody else had them.
        worst: Of what they could carry, in the second and on the core where it was the most.
    """

    load: float
    instances: int
    rate: float
    latency_ms: float
    failed_ratio: float
    is_kept: bool
    nominal: float
    mean: float
    worst: float

    @property
    def is_excused(self) -> bool:
        """Say whether it is the machine, and not the fleet, that made it other than expected."""
        if self.is_kept:
            return self.mean < OVER <= self.nominal
        return self.nominal <= FULL < self.worst

    def __str__(self) -> str:
        """Say it for people."""
        return (
            f"{self.load:.1f}/s on {self.instances}: sent {self.rate:.1f}/s, "
            f"{self.latency_ms:.0f} ms, {self.failed_ratio:.1%} failed; "
            f"{self.mean:.0%} of what they carry in the mean, "
            f"{self.worst:.0%} at worst: {'kept' if self.is_kept else 'not kept'}"
        )


class Bench(NamedTuple):
    """The load test of one instance.

    Attributes:
        path: Its file.
        body: What it sends.
        each: Requests that the instance answered at most, for each computation of its core.
        speed: Computations a second, in the mean.
    """

    path: Path
    body: Path
    each: float
    speed: float


class Sized(NamedTuple):
    """What `flyball size` wrote.

    Attributes:
        target: The scalable target, as it stands in the config.
        each: Requests a second that one instance is held at.
    """

    target: dict[str, Any]
    each: float


def load_one(fleet: Fleet, folder: Path, body: Path, *options: object) -> Bench:
    """Load test the fleet's first instance by itself, as a user does; again where it was not."""
    one, path = fleet.instances[0], folder / "load.json"
    sent = ("--body", body, "--pid", one.pid, "--out", path, "--overwrite")
    for left in reversed(range(TRIES)):
        code, found, windows, err = run_load(folder, one.url, *sent, *options)
        assert code == 0, err
        others = max(one.speed.find_others(*each) for each in windows.values())
        is_alone = others <= ALONE_RATIO and found["ending"] == "saturated"
        if is_alone or not left:
            assert found["ending"] == "saturated", err
            speed = statistics.fmean(one.speed.find_pace(*each) for each in windows.values())
            most = found["saturation"]["invocations_per_minute"] / 60.0
            return Bench(path, body, most / speed, speed)
        say(f"{found['ending']}, and others had {others:.0%} of its core: once more\n{err}")
    raise AssertionError(f"tries: {TRIES}; give one or more")


def size(bench: Bench, folder: Path, least: float, most: float, *options: object) -> Sized:
    """Size a fleet by a load test, as a user does, and read the config that was written."""
    written = folder / "flyball.yaml"
    code, out, err = run(
        *("size", bench.path, *options, "--least", least, "--most", most, "--lead-time", "30s"),
        *("--write", written, "--overwrite", "--json"),
        cwd=folder,
    )
    assert code == 0, err
    (found,) = json.loads(out)["instances"]
    (target,) = YAML(typ="safe").load(written)["scalable_targets"]
    assert target["min_capacity"] == found["capacity"]["min_capacity"]
    assert target["max_capacity"] == found["capacity"]["max_capacity"]
    return Sized(target, found["limit"]["invocations_per_instance"]["middle"] / 60.0)


def ask(sized: Sized, folder: Path, load: float) -> int:
    """Say how many instances the written policies come to under a load, by `flyball decide`.

    From the most on, decision by decision, until one leaves it as it is.
    """
    count = int(sized.target["max_capacity"])
    (full,) = (
        each["source"]["full"] for each in sized.target["metrics"] if each["name"] == "calls"
    )
    while True:
        calls = 60.0 * load / count
        seen = {"calls": calls, "use": min(100.0, 100.0 * calls / full)}
        scenario = {
            "scalable_target": sized.target,
            "observation": {"capacity": count, "metrics": seen},
            "history": {},
            "now": "2026-03-02T10:00:00Z",
        }
        (folder / "scenario.json").write_text(json.dumps(scenario), encoding="utf-8")
        code, out, err = run("decide", "scenario.json", cwd=folder)
        assert code == 0, err
        desired = int(json.loads(out)["desired"])
        if desired == count:
            return count
        assert desired < count, f"{load} a second: from {count} instances to {desired}"
        count = desired


def hold(fleet: Fleet, bench: Bench, load: float, count: int) -> Held:
    """Hold a load on so many instances, at the speed that their cores have."""
    fleet.serve_by(count)
    now_s = time.monotonic()
    rate = load * fleet.find_pace(count, now_s - LOOK_S, now_s) / bench.speed
    code, found, windows, err = run_load(
        *(
            bench.path.parent,
            fleet.proxy.url,
            "--body",
            bench.body,
            "--rate",
            "--steps",
            f"{rate:.3f}",
        ),
        *("--hold", "8s", "--settle", "2s", "--max-users", 512),
    )
    assert code in {0, TOO_MUCH}, err
    sent = fleet.serve_by(count)
    assert max(sent[:count]) - min(sent[:count]) <= 1
    assert not any(sent[count:])
    (step,) = found["benchmark"]["steps"]
    latency_ms = step["latency_ms"].get(repr(OBJECTIVE.quantile), math.inf)
    failed = 1.0 - step["answered"] / step["offered"]
    (window,) = windows.values()
    each = rate / (count * bench.each)
    return Held(
        load=load,
        instances=count,
        rate=rate,
        latency_ms=latency_ms,
        failed_ratio=failed,
        is_kept=failed < FAILED_RATIO and latency_ms <= OBJECTIVE.latency_ms,
        nominal=load / (count * bench.each * bench.speed),
        mean=each / fleet.find_pace(count, *window),
        worst=each
        / min(one.speed.mean(*second) for one in fleet.instances[:count] for second in cut(window)),
    )


def cut(window: Window) -> list[Window]:
    """Cut a window into seconds."""
    count = int((window.end_s - window.begin_s) / SLICE_S)
    begins = [window.begin_s + SLICE_S * each for each in range(count)]
    return [Window(each, each + SLICE_S) for each in begins]


def say(line: str) -> None:
    """Say how it goes, where output is shown."""
    print(line)  # noqa: T201  (shown by -s, and beside a failure)
