"""Does a trace hold levels and instances, of CSV and of Parquet, as it holds counts?"""

from __future__ import annotations

import importlib.util
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from flyball.sim.cells import TraceError
from flyball.sim.trace import Trace, read_trace

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HAS_PYARROW = importlib.util.find_spec("pyarrow") is not None


def write(tmp_path: Path, step_s: int, *rows: tuple[object, object]) -> Path:
    """Write rows of (value, instances), one each `step_s` seconds from noon."""
    path = tmp_path / "t.csv"
    lines = ["at,value,count"]
    for index, (value, count) in enumerate(rows):
        lines.append(f"{NOON + index * timedelta(seconds=step_s):%FT%TZ},{value},{count}")
    path.write_text("\n".join(lines) + "\n")
    return path


def read(path: Path, *, level: bool, instances: str = "") -> Trace:
    """Read it."""
    return read_trace(path, timestamp="at", requests="value", instances=instances, level=level)


def test_finer_slots_of_a_level_give_their_mean_and_counts_their_sum(tmp_path: Path) -> None:
    """Thirty seconds of 4 and thirty of 8."""
    path = write(tmp_path, 30, (4, 1), (8, 1), (5, 1), (5, 1))
    assert read(path, level=True).requests == (6.0, 5.0)
    assert read(path, level=False).requests == (12.0, 10.0)


def test_a_coarser_slot_of_a_level_has_its_value_in_each_minute(tmp_path: Path) -> None:
    """A count is spread over them."""
    path = write(tmp_path, 120, (4, 1), (8, 1))
    assert read(path, level=True).requests == (4.0, 4.0, 8.0, 8.0)
    assert read(path, level=False).requests == (2.0, 2.0, 4.0, 4.0)


def test_a_level_of_one_instance_is_multiplied(tmp_path: Path) -> None:
    """Nothing is known where either is not."""
    path = write(tmp_path, 60, (40, 3), (50, ""), ("", 4), (10, 2))
    trace = read(path, level=True, instances="count")
    assert trace.requests == (120.0, None, None, 20.0)
    assert trace.instances == ()


def test_what_an_instance_served_is_learned_from_counts(tmp_path: Path) -> None:
    """Of 200 minutes about the third highest; minutes without an instance tell nothing."""
    rows: list[tuple[object, object]] = [(index, 2) for index in range(1, 201)]
    trace = read(write(tmp_path, 60, (9_999, 0), *rows), level=False, instances="count")
    assert trace.instances[:3] == (0.0, 2.0, 2.0)
    assert trace.served_per_instance() == pytest.approx(198.01 / 2)
    assert trace.begin_at(NOON + timedelta(days=1)).instances == trace.instances


def test_nothing_is_learned_without_instances(tmp_path: Path) -> None:
    """Neither without the column nor where nobody ever served."""
    path = write(tmp_path, 60, (5, 0), (7, 0))
    assert read(path, level=False).served_per_instance() is None
    assert read(path, level=False, instances="count").served_per_instance() is None


def test_instances_keep_their_minutes_where_the_ends_are_cut(tmp_path: Path) -> None:
    """A half minute at the beginning is cut from both."""
    path = write(tmp_path, 30, ("", 9), (1, 9), (3, 4), (3, 6), (1, 7), (1, 7))
    trace = read(path, level=False, instances="count")
    assert (trace.requests, trace.instances) == ((6.0, 2.0), (5.0, 7.0))


def test_the_column_of_instances_has_to_be_there(tmp_path: Path) -> None:
    """It is named, with those that there are."""
    path = write(tmp_path, 60, (5, 1), (7, 1))
    with pytest.raises(TraceError, match="no column 'counts'.*did you mean 'count'"):
        read(path, level=False, instances="counts")


@pytest.mark.skipif(HAS_PYARROW, reason="pyarrow is installed")
def test_parquet_without_pyarrow_says_what_to_install(tmp_path: Path) -> None:
    """Or to save it as CSV."""
    path = tmp_path / "t.parquet"
    path.write_bytes(b"PAR1....PAR1")
    with pytest.raises(TraceError, match=r"t\.parquet: .*needs pyarrow: pip install"):
        read(path, level=False)


@pytest.mark.skipif(not HAS_PYARROW, reason="pyarrow is an extra, and is not installed")
def test_parquet_with_nanoseconds_or_damage_is_no_surprise(tmp_path: Path) -> None:
    """Times lose what Python's have not; a damaged page is told with the file."""
    arrow = importlib.import_module("pyarrow")
    parquet = importlib.import_module("pyarrow.parquet")
    stamps = [int(NOON.timestamp()) * 10**9 + 60 * 10**9 * n + 1 for n in range(300)]
    table = {"timestamp": arrow.array(stamps, arrow.timestamp("ns", tz="UTC"))}
    path = tmp_path / "t.parquet"
    parquet.write_table(arrow.table({**table, "requests": list(range(300))}), path)
    assert read_trace(path).requests == tuple(range(300))
    raw = bytearray(path.read_bytes())
    raw[20:200] = b"\xff" * 180
    path.write_bytes(raw)
    with pytest.raises(TraceError, match=r"t\.parquet: it cannot be read to its end: .*; save it"):
        read_trace(path)


@pytest.mark.skipif(not HAS_PYARROW, reason="pyarrow is an extra, and is not installed")
def test_parquet_is_read_as_the_same_in_csv_would_be(tmp_path: Path) -> None:
    """Instants with and without a zone, whole numbers and nulls; and what is broken is said."""
    arrow = importlib.import_module("pyarrow")
    parquet = importlib.import_module("pyarrow.parquet")
    expected = read(write(tmp_path, 60, (5, 1), ("", 1), (7.5, 2)), level=False, instances="count")
    ats = [NOON + index * timedelta(minutes=1) for index in range(3)]
    for zone in ("UTC", None):
        stamps = arrow.array([each.replace(tzinfo=None) for each in ats], arrow.timestamp("us"))
        stamps = stamps.cast(arrow.timestamp("us", zone))
        table = {"value": [5, None, 7.5], "at": stamps, "count": [1, 1, 2]}
        parquet.write_table(arrow.table(table), tmp_path / "t.parquet")
        assert read(tmp_path / "t.parquet", level=False, instances="count") == expected
    with pytest.raises(TraceError, match="no column 'values'"):
        read_trace(tmp_path / "t.parquet", timestamp="at", requests="values")
    (tmp_path / "t.parquet").write_bytes(b"PAR1")
    with pytest.raises(TraceError, match="not a Parquet file that can be read"):
        read(tmp_path / "t.parquet", level=False)


@pytest.mark.parametrize(
    ("step_s", "counts", "levels"),
    [
        (10, (60.0, 120.0), (10.0, 20.0)),
        (3_600, (10 / 60,) * 60 + (20 / 60,) * 60, (10.0,) * 60 + (20.0,) * 60),
    ],
    ids=["ten seconds", "an hour"],
)
def test_the_finest_and_the_coarsest_rows_become_minutes(
    tmp_path: Path, step_s: int, counts: tuple[float, ...], levels: tuple[float, ...]
) -> None:
    """Ten-second counts are summed, hourly ones spread evenly; levels keep their height."""
    each = max(1, 60 // step_s)
    path = write(tmp_path, step_s, *[(10, 2)] * each, *[(20, 4)] * each)
    half = len(counts) // 2
    trace = read(path, level=False, instances="count")
    assert trace.requests == pytest.approx(counts)
    assert trace.instances == (2.0,) * half + (4.0,) * half
    assert trace.resolution == timedelta(seconds=step_s)
    assert read(path, level=True).requests == pytest.approx(levels)
    assert sum(each or 0.0 for each in trace.requests) == pytest.approx(30 * each)


def test_an_hour_without_a_row_is_a_gap_of_an_hour(tmp_path: Path) -> None:
    """Nothing is spread into it, whether its row is empty or is not there."""
    path = write(tmp_path, 3_600, (60, 1), (120, 1), ("", 1), (60, 1), (60, 1), (60, 1))
    lines = path.read_text().splitlines()
    for removed in (None, 5):
        kept = [line for index, line in enumerate(lines) if index != removed]
        path.write_text("\n".join(kept) + "\n")
        known = read(path, level=False).requests
        assert known[:120] == (1.0,) * 60 + (2.0,) * 60
        assert known[120:180] == (None,) * 60
        assert known[300:] == (1.0,) * 60
        assert (None in known[180:300]) == (removed is not None)


def test_a_level_that_is_there_twice_counts_once(tmp_path: Path) -> None:
    """Rows that waver into one slot are averaged, not added."""
    path = tmp_path / "t.csv"
    seconds = [*range(0, 300, 10), 92]
    rows = [f"{NOON + timedelta(seconds=each):%FT%TZ},8,1" for each in sorted(seconds)]
    path.write_text("\n".join(["at,value,count", *rows]) + "\n")
    assert read(path, level=True).requests == (8.0,) * 5


def test_a_column_of_instances_is_taken_unless_it_is_refused(tmp_path: Path) -> None:
    """By its own name, with counts; of a level it would change the meaning."""
    path = write(tmp_path, 60, (8, 2), (6, 3))
    path.write_text(path.read_text().replace("count", "instances"))
    columns = partial(read_trace, path, timestamp="at", requests="value")
    assert columns(instances=None).instances == (2.0, 3.0)
    assert columns().instances == ()
    assert columns(instances=None, level=True).requests == (8.0, 6.0)
    with pytest.raises(TraceError, match="No such file"):
        read_trace(tmp_path / "none.csv", instances=None)
    (tmp_path / "none.csv").write_bytes(b"PAR1")
    with pytest.raises(TraceError, match="Parquet"):
        read_trace(tmp_path / "none.csv", instances=None)
