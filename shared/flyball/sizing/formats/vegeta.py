"""What did vegeta find out?

Its JSON reports are a step each, of a whole attack. Its results, encoded as CSV or as JSON, are a
row a request: attacks one after the other are steps, and so are the rates within one.

Source: vegeta's README, "report command" and "encode command"; lib/metrics.go and lib/results.go of
version 12: durations are nanoseconds, `rate` is what was sent by the second of the attack's
duration, `throughput` what succeeded by the second of its duration and its wait, `success` a ratio,
a status from 200 to 399 is a success, and a row's time is that of sending.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple, TextIO

from flyball.sizing.benchmark import BenchmarkError, Step
from flyball.sizing.formats.tally import (
    ERRORS_TOO,
    KEPT_UP_RATIO,
    MINUTE_S,
    Listed,
    Tally,
    list_steps,
)
from flyball.sizing.formats.text import Node, read_number

NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000
LATENCIES = {"50th": 0.5, "90th": 0.9, "95th": 0.95, "99th": 0.99, "max": 1.0}
COLUMNS = 12
"""Of results as CSV: time, status, latency, bytes out and in, error, body, attack, sequence number,
method, URL and headers."""
TIME, STATUS, LATENCY, ATTACK, NUMBER = 0, 1, 2, 7, 8
SUCCESS = range(200, 400)
TWO = 2
BRIEFEST_S = 2.0
"""Attacks that change more often than this run at the same time."""
BACKLOG = "vegeta waited over a tenth of the attack for the last answers: a backlog grew in it"


class Result(NamedTuple):
    """One request of an attack.

    Attributes:
        sent_ns: Unix nanoseconds.
        took_ns: Until its answer.
        status: HTTP status; 0 where there was no answer.
        attack: The name that was given to the attack, mostly "".
        number: Of the request in its attack.
    """

    sent_ns: int
    took_ns: int
    status: int
    attack: str
    number: int


def read_report(node: Node) -> tuple[Step, tuple[str, ...]]:
    """Read what `vegeta report -type=json` says, and what is odd about it.

    Raises:
        BenchmarkError: A field is not there, or is no number.
    """
    rate, success = node.at("rate").number(), node.at("success").number("expected a ratio, 0–1")
    if success > 1:
        raise BenchmarkError(f"{node.at('success').where}: got {success:g}; expected a ratio, 0–1")
    answered, notes = rate * success, [ERRORS_TOO] if success < 1 else []
    duration_s = node.at("duration").number() / NS_PER_S
    throughput = node.at("throughput").number()
    if throughput < KEPT_UP_RATIO * answered:
        answered = throughput
        notes.append(BACKLOG)
    if not duration_s or not rate:
        remedy = "expected an attack of more than one request"
        raise BenchmarkError(f"{node.at('duration').where}: got {duration_s:g} s; {remedy}")
    latencies = node.at("latencies")
    known = {quantile: latencies.at(name).known() for name, quantile in LATENCIES.items()}
    step = Step(
        answered=answered * MINUTE_S,
        offered=rate * MINUTE_S,
        duration=timedelta(seconds=duration_s),
        latency_ms={each: took / NS_PER_MS for each, took in known.items() if took is not None},
    )
    return step, tuple(notes)


def read_csv(path: Path, text: TextIO) -> Iterator[Result]:
    """Read what `vegeta encode -to csv` writes, which has no header.

    Raises:
        BenchmarkError: A row is none of it.
    """
    reader = csv.reader(text)
    for cells in reader:
        where = f"{path}:{reader.line_num}"
        if len(cells) <= NUMBER:
            remedy = f"expected the {COLUMNS} that `vegeta encode -to csv` writes"
            raise BenchmarkError(f"{where}: {len(cells)} columns; {remedy}")
        sent, status, took, number = (
            int(read_number(f"{where}: column {each + 1}", cells[each], "expected a whole number"))
            if not cells[each].isdecimal()
            else int(cells[each])
            for each in (TIME, STATUS, LATENCY, NUMBER)
        )
        yield Result(sent, took, status, cells[ATTACK], number)


def read_json(path: Path, text: TextIO) -> Iterator[Result]:
    """Read what `vegeta encode` writes, an object a line.

    Raises:
        BenchmarkError: A line is none of it.
    """
    for line, each in enumerate(text, start=1):
        where = Path(f"{path}:{line}")
        try:
            node = Node(where, "", json.loads(each))
        except json.JSONDecodeError as error:
            raise BenchmarkError(f"{where}: {error.msg}; expected an object a line") from error
        took, status = node.at("latency").number(), node.at("code").number()
        number, attack = node.at("seq").number(), node.at("attack").text()
        yield Result(_read_time(node.at("timestamp")), int(took), int(status), attack, int(number))


def list_attacks(results: Iterable[Result], settle: timedelta) -> Listed:
    """Make steps of results in any order, as the answers came: of each attack's rates.

    Attacks at the same time are one load, their sum.

    Args:
        results: With one at least.
        settle: Left out of the begin of each rate.
    """
    ordered = sorted(results)
    begins = [
        index
        for index, each in enumerate(ordered)
        if not index or _begins(ordered[index - 1], each)
    ]
    lasted_s = (ordered[-1].sent_ns - ordered[0].sent_ns) / NS_PER_S
    if len(begins) > TWO and lasted_s < len(begins) * BRIEFEST_S:
        begins = [0]
    listed = [
        _list_attack(ordered[begin:end], settle)
        for begin, end in zip(begins, [*begins[1:], len(ordered)], strict=True)
    ]
    notes = dict.fromkeys(note for each in listed for note in each.notes)
    return Listed(tuple(step for each in listed for step in each.steps), tuple(notes))


def _begins(before: Result, each: Result) -> bool:
    """Say whether a result is another attack's than the one before."""
    return each.attack != before.attack or each.number < before.number


def _list_attack(results: Sequence[Result], settle: timedelta) -> Listed:
    tally, origin = Tally(), results[0].sent_ns
    for each in results:
        sent = each.sent_ns - origin
        ended, took_ms = (sent + each.took_ns) // NS_PER_S, each.took_ns / NS_PER_MS
        tally.add(sent // NS_PER_S, ended, took_ms, answered=each.status in SUCCESS)
    return list_steps(tally, settle)


def _read_time(node: Node) -> int:
    """Read a time with nanoseconds, which Python's own times do not have."""
    whole, dot, rest = node.text().partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    try:
        at = datetime.fromisoformat(whole + rest[len(digits) :])
    except ValueError:
        at = None
    if at is None or (dot and not digits):
        raise BenchmarkError(f"{node.where}: got {node.value!r}; expected a time in RFC 3339")
    utc = at if at.tzinfo else at.replace(tzinfo=UTC)
    return math.floor(utc.timestamp()) * NS_PER_S + int(digits[:9].ljust(9, "0"))
