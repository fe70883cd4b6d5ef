"""Does a benchmark come back from its file exactly, and is every other file refused?"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.sizing.benchmark import Benchmark, BenchmarkError, Machine, Resource, Step
from flyball.sizing.load.record import (
    check_place,
    decode_benchmark,
    encode_benchmark,
    read_benchmark,
    write_benchmark,
)

NUMBERS = st.floats(0, 1e9, allow_nan=False)
RATIOS = st.floats(0, 1)
STEPS = st.builds(
    lambda low, more, users, lasted, latency, used, served: Step(
        answered=low,
        offered=low + more,
        users=users,
        duration=lasted,
        latency_ms=latency,
        used_ratio=used,
        instances=served,
    ),
    NUMBERS,
    NUMBERS,
    st.none() | NUMBERS,
    st.timedeltas(timedelta(microseconds=1), timedelta(days=100)),
    st.dictionaries(RATIOS, NUMBERS, max_size=3),
    st.dictionaries(st.sampled_from(Resource), RATIOS, max_size=3),
    st.none() | st.floats(1e-6, 1e6),
)
MACHINES = st.builds(
    Machine, st.text(max_size=5), st.integers(1, 96), st.integers(0, 8), st.none() | NUMBERS
)
BENCHMARKS = st.builds(
    Benchmark,
    st.lists(STEPS, min_size=1, max_size=4).map(tuple),
    MACHINES,
    st.text(max_size=9),
    st.lists(st.text(max_size=5), max_size=2).map(tuple),
    broke=st.booleans(),
)
ONE = Benchmark((Step(answered=1.0, offered=2.0),), source="http://localhost/")


@given(BENCHMARKS)
def test_a_benchmark_comes_back_exactly(benchmark: Benchmark) -> None:
    """Each number of it, however odd."""
    text = json.dumps(encode_benchmark(benchmark), allow_nan=False)
    assert decode_benchmark(json.loads(text), "x") == benchmark


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    """In place of the one before, and nothing is left beside it."""
    path = tmp_path / "load.json"
    write_benchmark(path, Benchmark((Step(3.0, 3.0),)))
    write_benchmark(path, ONE)
    assert read_benchmark(path) == ONE
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_of_before_says_nothing_of_its_end() -> None:
    """It had neither notes, nor whether the server broke."""
    stored = dict(encode_benchmark(ONE))
    del stored["notes"], stored["broke"]
    assert decode_benchmark(stored, "x") == ONE


def test_a_place_is_tried_before_it_is_needed(tmp_path: Path) -> None:
    """What is there stays, and nothing is left beside it."""
    path = tmp_path / "load.json"
    write_benchmark(path, ONE)
    check_place(path)
    assert read_benchmark(path) == ONE
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(OSError, match="too long"):
        check_place(tmp_path / ("n" * 250))


def change(*where: Any, to: Any) -> Callable[[dict[str, Any]], None]:
    """Change a value of the file."""

    def apply(stored: dict[str, Any]) -> None:
        place: Any = stored
        for each in where[:-1]:
            place = place[each]
        place[where[-1]] = to

    return apply


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (change("kind", to="other"), "kind, version: expected flyball-benchmark"),
        (change("version", to=2), "kind, version"),
        (change("steps", to={}), "steps: expected a list"),
        (change("steps", to=[]), "no step"),
        (change("steps", 0, to=3), r"steps\[0\]: expected an object"),
        (change("steps", 0, "answered", to="1"), r"steps\[0\]\.answered: got '1', expected a numb"),
        (change("steps", 0, "answered", to=True), r"steps\[0\]\.answered: got True"),
        (change("steps", 0, "answered", to=9.0), r"steps\[0\]: answered: 9.0 is not a number"),
        (change("steps", 0, "users", to="1"), r"steps\[0\]\.users"),
        (change("steps", 0, "instances", to="1"), r"steps\[0\]\.instances: got '1'"),
        (change("steps", 0, "instances", to=0), r"steps\[0\]: instances: 0 answer nothing"),
        (change("steps", 0, "duration_s", to=1e300), r"steps\[0\]: .*make it again"),
        (change("steps", 0, "latency_ms", to={"x": 1}), r"steps\[0\]: .*make it again"),
        (change("steps", 0, "used_ratio", to={"wind": 1}), r"steps\[0\]: .*wind"),
        (change("machine", to=None), "machine: expected an object"),
        (change("machine", "instance_type", to=1), "machine.instance_type: got 1, expected text"),
        (change("source", to=None), "source: got None"),
        (change("notes", to="x"), "notes: expected a list"),
        (change("notes", to=["x", 1]), r"notes\[1\]: got 1, expected text"),
        (change("broke", to=1), "broke: got 1, expected true or false"),
    ],
)
def test_another_file_is_refused(
    broken: Callable[[dict[str, Any]], None], message: str, tmp_path: Path
) -> None:
    """The file, the field and why are named."""
    stored: dict[str, Any] = json.loads(json.dumps(encode_benchmark(ONE)))
    broken(stored)
    path = tmp_path / "load.json"
    path.write_text(json.dumps(stored), encoding="utf-8")
    with pytest.raises(BenchmarkError, match=message) as caught:
        read_benchmark(path)
    assert "load.json" in str(caught.value) or "no step" in str(caught.value)


def test_what_is_no_json_or_no_file_is_refused(tmp_path: Path) -> None:
    """Or no object at all."""
    path = tmp_path / "load.json"
    with pytest.raises(BenchmarkError, match="cannot be read"):
        read_benchmark(path)
    for text, message in (("{", "no JSON"), ("[]", "expected an object")):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(BenchmarkError, match=message):
            read_benchmark(path)
