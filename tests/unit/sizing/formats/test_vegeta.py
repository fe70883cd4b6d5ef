"""Is what vegeta writes read, and what it does not write refused?"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from flyball.sizing.benchmark import BenchmarkError
from flyball.sizing.formats.recognize import recognize
from flyball.sizing.formats.vegeta import Result, list_attacks

FILES = Path(__file__).parent / "files"
SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"rate": None}, r"v\.json: rate: it is not there; expected a number, 0 or more"),
        ({"rate": "4"}, r"v\.json: rate: got '4'"),
        ({"rate": True}, r"v\.json: rate: got True"),
        ({"success": 97.5}, r"v\.json: success: got 97\.5; expected a ratio, 0–1"),
        ({"throughput": -1}, r"v\.json: throughput: got -1"),
        ({"duration": 0}, r"v\.json: duration: got 0 s; expected an attack of more than one"),
        ({"latencies": {"95th": "x"}}, r"v\.json: latencies\.95th: got 'x'"),
    ],
)
def test_a_report_that_is_none_names_its_field(
    tmp_path: Path, changed: dict[str, Any], told: str
) -> None:
    """The file, the field and the remedy."""
    path = tmp_path / "v.json"
    path.write_text(json.dumps(json.loads((FILES / "vegeta_4.json").read_text()) | changed))
    with pytest.raises(BenchmarkError, match=told):
        recognize(path)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("1795282333939457492,200,3\n", r"v\.csv:2: 3 columns; expected the 12 that"),
        ("soon,200,3,0,2,,,,1\n", r"v\.csv:2: column 1: got 'soon'; expected a whole number"),
        ("1795282333939457492,200,-3,0,2,,,,1\n", r"v\.csv:2: column 3: got '-3'"),
    ],
)
def test_a_row_that_is_none_names_its_line(tmp_path: Path, row: str, told: str) -> None:
    """And its column."""
    path = tmp_path / "v.csv"
    path.write_text("1795282313939457492,200,109516266,0,2,,b2s=,,0,GET,http://h/,\n" + row)
    with pytest.raises(BenchmarkError, match=told):
        recognize(path)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", r"v\.json:2: Expecting property name .*; expected an object a line"),
        ('{"seq": 1, "code": 200}', r"v\.json:2: latency: it is not there"),
        (
            '{"seq": 1, "code": 200, "latency": 1, "timestamp": "noon"}',
            r"v\.json:2: timestamp: got 'noon'; expected a time in RFC 3339",
        ),
        (
            '{"seq": 1, "code": 200, "latency": 1, "timestamp": "2026-11-21T17:41:53.Z"}',
            r"v\.json:2: timestamp: got",
        ),
    ],
)
def test_a_result_that_is_none_names_its_line(tmp_path: Path, line: str, told: str) -> None:
    """And its field."""
    path = tmp_path / "v.json"
    path.write_text((FILES / "vegeta_results.json").read_text().splitlines()[0] + f"\n{line}\n")
    with pytest.raises(BenchmarkError, match=told):
        recognize(path)


@pytest.mark.parametrize(
    ("at", "seconds"),
    [
        ("2026-11-21T17:00:05.999999999Z", 5),
        ("2026-11-21T17:00:06", 6),
        ("2026-11-21T18:00:07.5+01:00", 7),
    ],
)
def test_times_are_read_to_the_nanosecond(tmp_path: Path, at: str, seconds: int) -> None:
    """With a zone or in UTC, with a fraction or without: the last second is left out."""
    path = tmp_path / "v.json"
    path.write_text(
        "".join(
            f'{{"attack":"","seq":{number},"code":200,"timestamp":"{each}","latency":1}}\n'
            for number, each in enumerate(("2026-11-21T17:00:00Z", at))
        )
    )
    (step,) = recognize(path).steps
    assert step.duration.seconds == seconds


def attack(name: str, begin_s: int, rate: int, seconds: int, *, status: int = 200) -> list[Result]:
    """Send so many a second."""
    return [
        Result((begin_s * SECOND) + number * SECOND // rate, 5_000_000, status, name, number)
        for number in range(rate * seconds)
    ]


def test_attacks_one_after_the_other_are_steps() -> None:
    """By their names, or because the count begins again."""
    named = attack("a", 0, 10, 20) + attack("b", 20, 10, 20)
    again = attack("", 0, 10, 20) + attack("", 20, 10, 20)
    for results in (named, again):
        steps, notes = list_attacks(reversed(results), timedelta(seconds=10))
        assert notes == ()
        assert [step.offered for step in steps] == [600, 600]
        assert steps[0].latency_ms[0.95] == 5


@pytest.mark.parametrize(("status", "share"), [(200, 1), (399, 1), (400, 0), (503, 0), (0, 0)])
def test_a_success_is_what_vegeta_calls_one(status: int, share: int) -> None:
    """From 200 to 399."""
    (step,) = list_attacks(attack("", 0, 10, 20, status=status), timedelta(seconds=10)).steps
    assert step.answered == share * step.offered


def test_attacks_at_the_same_time_are_one_load() -> None:
    """What the instance gets is their sum."""
    for other in ("b", ""):
        both = attack("", 0, 10, 20) + attack(other, 0, 17, 20)
        (step,), _ = list_attacks(both, timedelta(seconds=10))
        assert step.offered == 27 * 60
