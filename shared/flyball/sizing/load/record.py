"""How does a benchmark stand in a file, so that it comes back exactly?"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

from flyball.sizing.benchmark import Benchmark, BenchmarkError, Machine, Resource, Step

KIND = "flyball-benchmark"
VERSION = 1


def encode_benchmark(benchmark: Benchmark) -> dict[str, object]:
    """Write a benchmark as JSON's values; `decode_benchmark` gives it back."""
    return {
        "kind": KIND,
        "version": VERSION,
        "source": benchmark.source,
        "broke": benchmark.broke,
        "notes": list(benchmark.notes),
        "machine": benchmark.machine._asdict(),
        "steps": [
            {
                "answered": step.answered,
                "offered": step.offered,
                "users": step.users,
                "duration_s": step.duration.total_seconds(),
                "latency_ms": {repr(float(each)): ms for each, ms in step.latency_ms.items()},
                "used_ratio": {each.value: used for each, used in step.used_ratio.items()},
                **({} if step.instances is None else {"instances": step.instances}),
            }
            for step in benchmark.steps
        ],
    }


def write_benchmark(path: Path, benchmark: Benchmark) -> None:
    """Put a benchmark into a file, whole or not at all.

    Raises:
        OSError: It cannot be written; the file is as it was.
    """
    text = json.dumps(encode_benchmark(benchmark), indent=2, allow_nan=False)
    beside = _stand_beside(path)
    try:
        beside.write_text(text + "\n", encoding="utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def check_place(path: Path) -> None:
    """Try whether a benchmark may be put there; what is there is as it was.

    Raises:
        OSError: It may not.
    """
    beside = _stand_beside(path)
    beside.touch()
    beside.unlink()


def read_benchmark(path: Path) -> Benchmark:
    """Read what `write_benchmark` wrote.

    Raises:
        BenchmarkError: It is not that; the message names the file, the field and the remedy.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BenchmarkError(f"{path}: it cannot be read: {error}") from None
    try:
        stored = json.loads(text)
    except ValueError as error:
        raise BenchmarkError(f"{path}: it is no JSON: {error}; make it again") from None
    return decode_benchmark(stored, str(path))


def decode_benchmark(stored: object, where: str) -> Benchmark:
    """Read what `encode_benchmark` wrote.

    Args:
        stored: JSON's values.
        where: The file, for messages.

    Raises:
        BenchmarkError: It is not that; the message names the file, the field and the remedy.
    """
    reading = _Reading(where)
    top = reading.mapping("", stored)
    if top.get("kind") != KIND or top.get("version") != VERSION:
        reading.fail(
            "kind, version",
            f"expected {KIND} and {VERSION}; `flyball loadtest --out` writes such a file",
        )
    machine = reading.mapping("machine", top.get("machine"))
    steps = top.get("steps")
    if not isinstance(steps, list):
        reading.fail("steps", "expected a list")
    return Benchmark(
        steps=tuple(_decode_step(reading, f"steps[{n}]", each) for n, each in enumerate(steps)),
        machine=Machine(
            instance_type=reading.text("machine.instance_type", machine.get("instance_type")),
            cores=int(reading.number("machine.cores", machine.get("cores"))),
            gpus=int(reading.number("machine.gpus", machine.get("gpus"))),
            price_per_hour=reading.optional(
                "machine.price_per_hour", machine.get("price_per_hour")
            ),
        ),
        source=reading.text("source", top.get("source")),
        notes=tuple(reading.texts("notes", top.get("notes", []))),
        broke=reading.truth("broke", top.get("broke", False)),
    )


def _stand_beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}")


def _decode_step(reading: _Reading, field: str, stored: object) -> Step:
    step = reading.mapping(field, stored)
    latencies = reading.mapping(f"{field}.latency_ms", step.get("latency_ms"))
    used = reading.mapping(f"{field}.used_ratio", step.get("used_ratio"))
    try:
        return Step(
            answered=reading.number(f"{field}.answered", step.get("answered")),
            offered=reading.number(f"{field}.offered", step.get("offered")),
            users=reading.optional(f"{field}.users", step.get("users")),
            duration=timedelta(
                seconds=reading.number(f"{field}.duration_s", step.get("duration_s"))
            ),
            latency_ms={
                float(each): reading.number(f"{field}.latency_ms.{each}", latencies[each])
                for each in latencies
            },
            used_ratio={
                Resource(each): reading.number(f"{field}.used_ratio.{each}", used[each])
                for each in used
            },
            instances=reading.optional(f"{field}.instances", step.get("instances")),
        )
    except BenchmarkError as error:
        if str(error).startswith(reading.where):
            raise
        reading.fail(field, str(error))
    except (ValueError, OverflowError) as error:
        reading.fail(field, f"{error}; make it again")


class _Reading:
    """Reads values of a file, and says where one is wrong."""

    def __init__(self, where: str) -> None:
        self.where = where

    def fail(self, field: str, why: str) -> NoReturn:
        raise BenchmarkError(f"{self.where}: {field}: {why}" if field else f"{self.where}: {why}")

    def mapping(self, field: str, value: object) -> Mapping[str, object]:
        if not isinstance(value, dict):
            self.fail(field, "expected an object; `flyball loadtest --out` writes such a file")
        return value

    def text(self, field: str, value: object) -> str:
        if not isinstance(value, str):
            self.fail(field, f"got {value!r}, expected text")
        return value

    def texts(self, field: str, value: object) -> list[str]:
        if not isinstance(value, list):
            self.fail(field, "expected a list")
        return [self.text(f"{field}[{n}]", each) for n, each in enumerate(value)]

    def truth(self, field: str, value: object) -> bool:
        if not isinstance(value, bool):
            self.fail(field, f"got {value!r}, expected true or false")
        return value

    def number(self, field: str, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.fail(field, f"got {value!r}, expected a number")
        return value

    def optional(self, field: str, value: object) -> float | None:
        return None if value is None else self.number(field, value)
