"""Does a CSV file become minutes, with gaps left as gaps and faults named by line and column?"""

from __future__ import annotations

import time
import tracemalloc
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.core.zone import zone
from flyball.sim.cells import Source, TraceError, read_rows
from flyball.sim.trace import MINUTE, Trace, read_trace, write_trace

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HEADER = "timestamp,requests\n"


def write(folder: Path, text: str | bytes) -> Path:
    """Write a file as it is, line ends included."""
    path = folder / "day.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def rows(*cells: tuple[str, object]) -> str:
    """Make a file of (time on the second of March, value)."""
    return HEADER + "".join(f"2026-03-02T{at}Z,{value}\n" for at, value in cells)


@dataclass(frozen=True)
class Case:
    """A file, and the minutes from noon on that it holds."""

    id: str
    text: str | bytes
    expect: tuple[float | None, ...]
    notes: tuple[str, ...] = ()


PLAIN = rows(("12:00:00", 10), ("12:01:00", 0), ("12:02:00", 30))
CASES = [
    Case("minutes", PLAIN, (10, 0, 30)),
    Case("byte-order-mark", b"\xef\xbb\xbf" + PLAIN.encode(), (10, 0, 30)),
    Case("utf-16", PLAIN.encode("utf-16"), (10, 0, 30)),
    Case("windows-line-ends", PLAIN.replace("\n", "\r\n"), (10, 0, 30)),
    Case("no-last-line-end", PLAIN.rstrip("\n"), (10, 0, 30)),
    Case("empty-lines", PLAIN.replace("\n", "\n\n"), (10, 0, 30)),
    Case("quoted", PLAIN.replace("2026-03-02T12:00:00Z", '"2026-03-02T12:00:00Z"'), (10, 0, 30)),
    Case("semicolons", PLAIN.replace(",", ";"), (10, 0, 30)),
    Case("tabs", PLAIN.replace(",", "\t"), (10, 0, 30)),
    Case("spaces-in-the-header", PLAIN.replace(",requests", ", requests "), (10, 0, 30)),
    Case("more-columns", PLAIN.replace("\n", ",7\n"), (10, 0, 30)),
    Case("naive-stamps", PLAIN.replace("Z", ""), (10, 0, 30)),
    Case("a-space-for-the-t", PLAIN.replace("2T", "2 ").replace("Z", ""), (10, 0, 30)),
    Case("with-an-offset", PLAIN.replace("T12", "T14").replace("Z", "+02:00"), (10, 0, 30)),
    Case("unix-seconds", HEADER + "1772452800,10\n1772452860,0\n1772452920,30\n", (10, 0, 30)),
    Case(
        "unix-milliseconds",
        HEADER + "1772452800000,10\n1772452860000,0\n1772452920000,30\n",
        (10, 0, 30),
    ),
    Case(
        "unix-microseconds",
        HEADER + "1772452800000000,10\n1772452860000000,0\n1772452920000000,30\n",
        (10, 0, 30),
    ),
    Case(
        "unix-nanoseconds",
        HEADER + "1772452800000000000,10\n1772452860000000000,0\n1772452920000000000,30\n",
        (10, 0, 30),
    ),
    Case("utc-by-name", PLAIN.replace("Z", " UTC"), (10, 0, 30)),
    Case("spaces-around-a-time", PLAIN.replace("2026", " 2026").replace("Z", "Z "), (10, 0, 30)),
    Case("empty-cells-past-the-header", PLAIN.replace("0\n", "0,\n"), (10, 0, 30)),
    Case(
        "a-gap-stays-a-gap",
        rows(("12:00:00", 1), ("12:01:00", 2), ("12:02:00", 3), ("12:05:00", 4)),
        (1, 2, 3, None, None, 4),
        ("minutes without a value",),
    ),
    Case(
        "an-empty-cell-is-a-gap",
        rows(("12:00:00", 1), ("12:01:00", ""), ("12:02:00", 3)),
        (1, None, 3),
        ("values that are no count", "minutes without a value"),
    ),
    Case(
        "impossible-values-are-gaps",
        rows(*((f"12:0{n}:00", v) for n, v in enumerate((1, "nan", -5, "inf", "-inf", 6)))),
        (1, None, None, None, None, 6),
        ("values that are no count", "minutes without a value"),
    ),
    Case(
        "unsorted",
        rows(("12:02:00", 3), ("12:00:00", 1), ("12:01:00", 2)),
        (1, 2, 3),
        ("unsorted rows",),
    ),
    Case(
        "of-duplicates-the-last-counts",
        rows(("12:00:00", 1), ("12:01:00", 2), ("12:01:00", 7), ("12:02:00", 3)),
        (1, 7, 3),
        ("duplicate timestamps",),
    ),
    Case(
        "ten-seconds-are-summed",
        rows(*((f"12:0{n // 6}:{n % 6}0", n) for n in range(12))),
        (15, 51),
    ),
    Case(
        "a-minute-with-a-slot-missing-is-a-gap",
        rows(*((f"12:0{n // 6}:{n % 6}0", 1) for n in range(18) if n != 8)),
        (6, None, 6),
        ("minutes without a value",),
    ),
    Case(
        "half-minutes-at-the-ends-are-left-out",
        rows(*((f"{11 + (n + 4) // 6 // 60}:5{9}:{n % 6}0", 1) for n in (4, 5)))
        + rows(*((f"12:00:{n}0", 1) for n in range(6)), ("12:01:00", 1)).removeprefix(HEADER),
        (6,),
    ),
    Case(
        "five-minutes-are-spread",
        rows(("12:00:00", 10), ("12:05:00", 20)),
        (2, 2, 2, 2, 2, 4, 4, 4, 4, 4),
    ),
    Case(
        "a-gap-in-a-coarse-file-is-as-long",
        rows(("12:00:00", 4), ("12:02:00", 6), ("12:06:00", 8)),
        (2, 2, 3, 3, None, None, 4, 4),
        ("minutes without a value",),
    ),
    Case(
        "more-gaps-than-minutes",
        rows(("12:00:00", 1), ("12:01:00", 2), ("12:03:00", 4), ("12:05:00", 6)),
        (1, 2, None, 4, None, 6),
        ("minutes without a value",),
    ),
    Case(
        "stamps-that-waver-by-seconds",
        rows(("12:00:10", 1), ("12:01:09", 2), ("12:02:12", 3), ("12:03:10", 4)),
        (1, 2, 3, 4),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_file_becomes_minutes(case: Case, tmp_path: Path) -> None:
    """Whatever its encoding, order and resolution; what was odd is counted."""
    trace = read_trace(write(tmp_path, case.text))
    assert (trace.start, trace.requests) == (NOON, case.expect)
    assert set(trace.notes) == set(case.notes)


@dataclass(frozen=True)
class Bad:
    """A file that is none, and the words that tell so."""

    id: str
    text: str | bytes
    words: str


BAD = [
    Bad("empty", "", r"day\.csv: the file is empty"),
    Bad("blank", " \r\n \r\n", r"day\.csv: the file is empty"),
    Bad("header-only", HEADER, r"day\.csv: no rows below the header"),
    Bad("one-row", rows(("12:00:00", 1)), r"day\.csv: one timestamp"),
    Bad(
        "wrong-columns",
        "time,request\n1,2\n",
        r"day\.csv:1: no column 'timestamp'; the columns are 'time', 'request'",
    ),
    Bad(
        "a-misspelt-column",
        "timestamp,reqests\n1,2\n",
        r"no column 'requests'; the columns are 'timestamp', 'reqests'; did you mean 'reqests'\?",
    ),
    Bad("no-header", "2026-03-02T12:00:00Z,1\n", r"day\.csv:1: no column 'timestamp'"),
    Bad(
        "no-time",
        HEADER + "2026-03-02T12:00:00Z,1\nyesterday,2\n",
        r"day\.csv:3: column 'timestamp': got 'yesterday', expected a time such as",
    ),
    Bad(
        "no-number",
        HEADER + "2026-03-02T12:00:00Z,many\n",
        r"day\.csv:2: column 'requests': got 'many', expected a number",
    ),
    Bad("a-short-row", PLAIN + "2026-03-02T12:03:00Z\n", r"day\.csv:5: 1 columns, expected at"),
    Bad("no-text", b"timestamp,requests\n\xff\xfa,1\n", r"day\.csv:2: not text in UTF-8"),
    Bad("an-open-quote", HEADER + '"' + "x" * 200_000, r"day\.csv:\d+: field larger than"),
    Bad(
        "a-request-each-row",
        HEADER + "".join(f"{1772452800 + n},1\n" for n in range(9)),
        r"rows are 1 s apart, .* sum the requests to minutes first",
    ),
    Bad(
        "seven-seconds",
        HEADER + "".join(f"{1772452800 + 13 * n},1\n" for n in range(9)),
        r"rows are 13 s apart, expected 10 s to 3600 s",
    ),
    Bad(
        "days",
        HEADER + "".join(f"2026-03-0{n}T00:00:00Z,1\n" for n in (1, 2, 3)),
        r"rows are 86400 s apart",
    ),
    Bad(
        "a-wrong-year",
        PLAIN + "2036-03-02T12:03:00Z,1\n",
        r"day\.csv: 3653 days, expected at most 460; the widest gap is between lines 4 and 5",
    ),
    Bad(
        "only-gaps",
        rows(("12:00:00", ""), ("12:01:00", "-1")),
        r"day\.csv: column 'requests': no row has a number of 0 or more",
    ),
    Bad(
        "no-whole-minute",
        rows(*((f"12:00:{n}0", 1) for n in range(5)), ("12:01:10", 1)),
        r"no minute is complete; expected 6 rows a minute",
    ),
    Bad(
        "a-comma-in-a-number",
        PLAIN + "2026-03-02T12:03:00Z,1,000\n",
        r"day\.csv:5: 3 columns, and the header names 2; is it a number such as 1,000\?",
    ),
    Bad(
        "two-columns-of-one-name",
        "timestamp,requests,requests\n",
        r"day\.csv:1: two columns 'requests'; rename",
    ),
    Bad(
        "a-wrong-year-before",
        PLAIN + "2016-03-02T12:03:00Z,1\n",
        r"days, expected at most 460; the widest gap is between lines 2 and 5",
    ),
    Bad("a-huge-time", HEADER + "1e300,1\n", r"day\.csv:2: column 'timestamp': got '1e300'"),
    Bad("nan-for-a-time", HEADER + "nan,1\n", r"day\.csv:2: column 'timestamp': got 'nan'"),
]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.id)
def test_a_bad_file_is_named_with_line_column_and_remedy(bad: Bad, tmp_path: Path) -> None:
    """The error says where, what was found, and what to do."""
    with pytest.raises(TraceError, match=bad.words):
        read_trace(write(tmp_path, bad.text))


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    """Neither is a traceback."""
    with pytest.raises(TraceError, match=r"none\.csv: No such file"):
        read_trace(tmp_path / "none.csv")
    with pytest.raises(TraceError, match=r"give a CSV file"):
        read_trace(tmp_path)


def test_columns_can_be_chosen(tmp_path: Path) -> None:
    """Other names are as good."""
    path = write(tmp_path, "a,when,n\nx,2026-03-02T12:00:00Z,1\nx,2026-03-02T12:01:00Z,2\n")
    assert read_trace(path, timestamp="when", requests="n").requests == (1, 2)


def test_an_unknown_zone_is_named(tmp_path: Path) -> None:
    """With the file that it was meant for."""
    with pytest.raises(TraceError, match=r"day\.csv: time zone of its timestamps: .*Mars/Base"):
        read_trace(write(tmp_path, PLAIN), timezone="Mars/Base")


def test_naive_stamps_are_of_the_given_zone(tmp_path: Path) -> None:
    """Noon in Tokyo is three in the morning."""
    trace = read_trace(write(tmp_path, PLAIN.replace("Z", "")), timezone="Asia/Tokyo")
    assert trace.start == NOON - timedelta(hours=9)


def test_the_hour_that_comes_twice_in_autumn_is_read_twice(tmp_path: Path) -> None:
    """New York, first of November: 01:00 to 02:00 EDT, then again EST; no gap, no duplicate."""
    stamps = [datetime(2026, 11, 1, 4, 30, tzinfo=UTC) + n * 15 * MINUTE for n in range(16)]
    offsets = [-4 if at < datetime(2026, 11, 1, 6, tzinfo=UTC) else -5 for at in stamps]
    naive = [at + timedelta(hours=o) for at, o in zip(stamps, offsets, strict=True)]
    lines = [f"{at:%Y-%m-%d %H:%M:%S},{n * 15}\n" for n, at in enumerate(naive)]
    path = write(tmp_path, HEADER + "".join(lines))
    trace = read_trace(path, timezone="America/New_York")
    assert trace.start == stamps[0]
    assert trace.requests[::15] == tuple(range(16))
    assert trace.notes == {}


def test_the_newest_row_may_stand_first_in_autumn_too(tmp_path: Path) -> None:
    """Berlin, 25th of October, from the second 02:30 back to before the first one."""
    stamps = [datetime(2026, 10, 25, 1, 30, tzinfo=UTC) - n * MINUTE for n in range(180)]
    naive = [at.astimezone(zone("Europe/Berlin")).replace(tzinfo=None) for at in stamps]
    lines = [f"{at},{n}\n" for n, at in enumerate(naive)]
    trace = read_trace(write(tmp_path, HEADER + "".join(lines)), timezone="Europe/Berlin")
    assert (trace.start, trace.requests) == (stamps[-1], tuple(range(179, -1, -1)))


def test_a_time_that_no_clock_showed_is_refused(tmp_path: Path) -> None:
    """Who wrote it had another time zone: all of the file would be wrong by an hour."""
    lines = [f"2026-03-08 0{h}:00:00,1\n" for h in (0, 1, 2, 3)]
    with pytest.raises(
        TraceError, match=r"day\.csv:4: .*'2026-03-08 02:00:00', and no clock in Am"
    ):
        read_trace(write(tmp_path, HEADER + "".join(lines)), timezone="America/New_York")


def test_a_large_file_is_never_in_memory_as_a_whole(tmp_path: Path) -> None:
    """Eighty thousand rows of a hundred letters that nobody wants take less than the file."""
    letters = "x" * 100
    with (tmp_path / "day.csv").open("w") as file:
        file.write("timestamp,requests,more\n")
        file.writelines(f"{1772452800 + 60 * n},1,{letters}\n" for n in range(80_000))
    size = (tmp_path / "day.csv").stat().st_size
    tracemalloc.start()
    read_rows(Source(tmp_path / "day.csv", ("timestamp", "requests"), UTC, level=False))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < size / 2


def test_an_hour_that_never_was_in_spring_leaves_no_hole(tmp_path: Path) -> None:
    """New York, eighth of March: 01:59 is followed by 03:00."""
    lines = [f"2026-03-08 0{h}:{m}:00,1\n" for h in (1, 3) for m in (0, 15, 30, 45)]
    lines = [line.replace(":0:", ":00:") for line in lines]
    trace = read_trace(write(tmp_path, HEADER + "".join(lines)), timezone="America/New_York")
    assert (len(trace.requests), None in trace.requests) == (120, False)


def test_a_fortnight_of_minutes_is_read_in_well_under_a_second(tmp_path: Path) -> None:
    """20,160 rows."""
    path = tmp_path / "long.csv"
    write_trace(Trace(NOON, tuple(float(n % 977) for n in range(20_160))), path)
    start = time.perf_counter()
    trace = read_trace(path)
    assert time.perf_counter() - start < 1
    assert len(trace.requests) == 20_160


@given(
    requests=st.lists(st.none() | st.floats(0, 1e12), min_size=2, max_size=40).filter(
        lambda values: values[0] is not None and values[-1] is not None
    )
)
def test_what_is_written_is_read_again(
    requests: list[float | None], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Bit for bit, gaps included."""
    path = tmp_path_factory.mktemp("trace") / "day.csv"
    trace = Trace(NOON, tuple(requests))
    write_trace(trace, path)
    again = read_trace(path)
    assert (again.start, again.requests) == (trace.start, trace.requests)


@given(text=st.text(max_size=200) | st.binary(max_size=200))
def test_junk_is_a_trace_error_and_nothing_else(
    text: str | bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever the file holds, below a header too."""
    folder = tmp_path_factory.mktemp("junk")
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    for content in (raw, HEADER.encode() + raw):
        with pytest.raises(TraceError):
            read_trace(write(folder, content))


def test_a_trace_tells_its_minutes_and_nothing_outside() -> None:
    """Before, after and in a gap it is not known."""
    trace = Trace(NOON, (1.0, None, 3.0))
    minutes = [trace.at(NOON + n * MINUTE) for n in range(-1, 4)]
    assert minutes == [None, 1.0, None, 3.0, None]
    assert trace.end == NOON + 3 * MINUTE


def test_a_trace_can_begin_at_another_time() -> None:
    """The same requests, later."""
    later = Trace(NOON, (1.0, 2.0)).begin_at(NOON + timedelta(days=9))
    assert later.at(NOON + timedelta(days=9, minutes=1)) == 2.0


def test_the_proposed_capacity_is_a_twentieth_of_the_peak() -> None:
    """Of the 99.95th percentile, so that one wild minute in a fortnight does not count."""
    requests = (*[1_000.0] * 3_000, 99_999.0)
    assert Trace(NOON, requests).capacity_per_instance() == 50
    assert Trace(NOON, (0.0, 40_000.0)).capacity_per_instance() == pytest.approx(39_980 / 20)
    assert Trace(NOON, (0.0, None)).capacity_per_instance() == 1
    assert Trace(NOON, (None,)).capacity_per_instance() == 1
