"""Is what was typed for a load test read as it was meant, and refused where it may do harm?"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from flyball.cli.failure import CommandError
from flyball.cli.loads import (
    check_host,
    check_out,
    make_gauge,
    make_ladder,
    make_order,
    make_times,
    read_objective,
)
from flyball.sizing.load.order import Limits, Order

LIMITS = Limits(64, 500.0, timedelta(minutes=10))
URL = "http://localhost:1/p"


def lose(host: str) -> None:
    """Find no host."""
    raise OSError(-2, "no such name", host)


Given = tuple[str | None, list[str], list[Path], str | None]


def make(*, by_rate: bool = False, timeout: str = "10s", **changed: Any) -> Order:
    """Make an order of what was typed."""
    given = {"method": None, "headers": [], "bodies": [], "expect": None, **changed}
    typed: Given = (given["method"], given["headers"], given["bodies"], given["expect"])
    return make_order(URL, LIMITS, typed, timeout, by_rate=by_rate)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("p95<=200ms", (200.0, 0.95)),
        (" p95 <= 200 ms ", (200.0, 0.95)),
        ("p99.9 <= 1.5s", (1_500.0, 0.999)),
        ("p50<3ms", (3.0, 0.5)),
    ],
)
def test_an_objective_is_a_quantile_and_a_time(text: str, expected: tuple[float, float]) -> None:
    """In milliseconds or seconds."""
    assert read_objective(text) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "200ms", "p95", "p100<=1s", "p0<=1s", "p95<=0ms", "p95>=1s"])
def test_another_objective_is_refused(text: str) -> None:
    """With one as an example."""
    with pytest.raises(CommandError, match="--latency: .*p95<=200ms"):
        read_objective(text)


def test_a_body_makes_a_post_of_its_type(tmp_path: Path) -> None:
    """JSON where it is, unless a header says otherwise."""
    (tmp_path / "a").write_bytes(b'{"a": 1}')
    (tmp_path / "b").write_bytes(b"\x00")
    assert (make().method, make().headers, make().expect) == ("GET", (), ())
    order = make(bodies=[tmp_path / "a"], expect="200,204")
    assert (order.method, order.bodies, order.expect) == ("POST", (b'{"a": 1}',), (200, 204))
    assert order.headers == (("Content-Type", "application/json"),)
    order = make(bodies=[tmp_path / "a", tmp_path / "b"], method="put", timeout="2s")
    assert (order.method, order.timeout) == ("PUT", timedelta(seconds=2))
    assert order.headers == (("Content-Type", "application/octet-stream"),)
    named = make(bodies=[tmp_path / "b"], headers=["content-type: x/y"])
    assert named.headers == (("content-type", "x/y"),)


def test_a_header_that_comes_twice_is_refused() -> None:
    """One of its values would be sent, and the other one not; neither is shown."""
    with pytest.raises(CommandError, match="--header: x-key comes twice") as caught:
        make(headers=["x-key: secret", "X-Key: hidden"])
    assert not {"secret", "hidden"} & set(str(caught.value).split())


def test_headers_may_stand_in_a_file(tmp_path: Path) -> None:
    """A line each."""
    path = tmp_path / "headers"
    path.write_text("A: b:c\n\nX-Key:  s3cret \n", encoding="utf-8")
    order = make(headers=["D: e", f"@{path}"])
    assert order.headers == (("D", "e"), ("A", "b:c"), ("X-Key", "s3cret"))
    path.write_text("A: b\ns3cret\n", encoding="utf-8")
    with pytest.raises(CommandError, match="headers: line 2: expected `Name: value`") as caught:
        make(headers=[f"@{path}"])
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"headers": ["s3cret"]}, "--header: line 1"),
        ({"headers": ["a b: s3cret"]}, "headers: a name is none"),
        ({"expect": "ok"}, "--expect: got 'ok', expected 200"),
        ({"expect": "700"}, "expect: 700 is no status"),
        ({"timeout": "soon"}, "--timeout"),
        ({"method": "G E T"}, "method"),
    ],
)
def test_what_cannot_be_sent_is_refused(changed: dict[str, Any], message: str) -> None:
    """A header's value is not repeated."""
    with pytest.raises(CommandError, match=message) as caught:
        make(**changed)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "limits", "yes", "refused"),
    [
        ("http://localhost/", LIMITS, False, False),
        ("http://example.com/", LIMITS, True, False),
        ("http://example.com/", LIMITS._replace(users=10, rate=50.0), False, False),
        ("http://example.com/", LIMITS._replace(users=10), False, True),
        ("http://example.com/", LIMITS._replace(rate=50.0), False, True),
    ],
)
def test_another_machine_is_loaded_only_where_somebody_says_so(
    url: str, limits: Limits, yes: bool, refused: bool
) -> None:
    """Above a stated load, which the message says."""
    if not refused:
        check_host(url, limits, yes=yes, find=lose)
        return
    with pytest.raises(CommandError, match="example.com is not this machine.*--yes.*users 10 "):
        check_host(url, limits, yes=yes, find=str)
    with pytest.raises(CommandError, match="URL: example.com: the host is not found: no such name"):
        check_host(url, limits, yes=yes, find=lose)


def test_what_is_no_name_at_all_is_told() -> None:
    """What cannot even be asked for is not found either."""
    with pytest.raises(CommandError, match="the host is not found: it is no name; mend"):
        check_host("http://a..b/", LIMITS, yes=False, find=lambda host: host.encode("idna"))


def test_a_file_is_kept_only_where_it_may_be(tmp_path: Path) -> None:
    """Never over what is sent; over another only where somebody says so."""
    out, body = tmp_path / "out.json", tmp_path / "row.json"
    body.write_text("{}", encoding="utf-8")
    check_out(None, [], overwrite=False)
    check_out(out, [body, tmp_path / "none"], overwrite=False)
    assert list(tmp_path.iterdir()) == [body]
    out.write_text("mine", encoding="utf-8")
    check_out(out, [body], overwrite=True)
    for path, overwrite, message in (
        (out, False, "there is a file already; name another, or give --overwrite"),
        (tmp_path, True, "it is a folder"),
        (tmp_path / "no" / "out.json", True, "there is no folder"),
        (body, True, "--body or --header reads this file"),
        (tmp_path / ("n" * 254), False, "it cannot be written: File name too long"),
    ):
        with pytest.raises(CommandError, match=message):
            check_out(path, [body], overwrite=overwrite)
    assert (out.read_text(encoding="utf-8"), body.read_text(encoding="utf-8")) == ("mine", "{}")


def test_a_ladder_is_of_users_or_of_a_rate() -> None:
    """Up to the hard limit of that."""
    assert make_ladder(1.0, 2.0, None, LIMITS, by_rate=False) == (
        *(1.0, 2.0, 64.0, True),
        *((), None),
    )
    assert make_ladder(0.5, 3.0, "1,2.5", LIMITS, by_rate=True) == (
        *(0.5, 3.0, 500.0, False),
        *((1.0, 2.5), None),
    )
    assert make_ladder(1.0, None, None, LIMITS, by_rate=False, add=3.0) == (
        *(1.0, 2.0, 64.0, True),
        *((), 3.0),
    )
    assert make_ladder(1.0, None, None, LIMITS, by_rate=True, add=0.5).added == 0.5


@pytest.mark.parametrize(
    ("add", "factor", "steps", "message"),
    [
        (3.0, 2.0, None, "--add, --factor: give one of them"),
        (3.0, None, "1,2", "--add, --steps: give one of them"),
        (0.0, None, None, "--add: got 0, expected more than 0"),
        (-1.0, None, None, "--add: got -1, expected more than 0"),
        (float("nan"), None, None, "--add: got nan, expected more than 0"),
        (float("inf"), None, None, "--add: got inf, expected more than 0"),
        (0.5, None, None, "--add: got 0.5, but users are whole; with --rate"),
    ],
)
def test_what_is_added_is_said_once_and_is_more(
    add: float, factor: float | None, steps: str | None, message: str
) -> None:
    """In whole users."""
    with pytest.raises(CommandError, match=message):
        make_ladder(1.0, factor, steps, LIMITS, by_rate=False, add=add)


@pytest.mark.parametrize(
    ("start", "steps", "message"),
    [
        (1.0, "2,2", "--steps: got '2,2', expected loads above 0 that rise, up to 64"),
        (1.0, "0,2", "--steps"),
        (1.0, "1,65", "--steps"),
        (1.0, "a", "--steps: got 'a'"),
        (1.5, None, "users are whole"),
        (1.0, "1.5", "users are whole"),
        (65.0, None, "--start: got 65, more than the hard limit of 64"),
    ],
)
def test_another_ladder_is_refused(start: float, steps: str | None, message: str) -> None:
    """The option is named."""
    with pytest.raises(CommandError, match=message):
        make_ladder(start, 2.0, steps, LIMITS, by_rate=False)


def test_times_fit_into_the_hard_limit() -> None:
    """A step must have room."""
    assert make_times("3s", "10s", LIMITS, make()) == (3.0, 10.0, 600.0, 10.0)
    for settle, hold in (("3s", "0.5s"), ("9m", "2m")):
        with pytest.raises(CommandError, match="--hold, --settle"):
            make_times(settle, hold, LIMITS, make())


def test_what_is_measured_knows_its_cores() -> None:
    """Those on which the processes may run, unless somebody says otherwise."""
    assert make_gauge([], None, "ml.c5.large") == (None, ("ml.c5.large", 1, 0, None))
    gauge, machine = make_gauge([os.getpid()], None, "")
    assert gauge is not None
    assert gauge.cores == machine.cores == len(os.sched_getaffinity(0))
    _, machine = make_gauge([os.getpid()], 2, "")
    assert machine.cores == 2
    with pytest.raises(CommandError, match="--pid: 4194305: there is no such process"):
        make_gauge([4_194_305], None, "")
