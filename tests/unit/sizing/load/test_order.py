"""Is what is sent checked before it is sent, and are its secrets kept?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from flyball.sizing.load.order import (
    Limits,
    Order,
    OrderError,
    decode_order,
    encode_order,
    is_local,
    split_url,
)

LIMITS = Limits(8, 100.0, timedelta(minutes=1))
ORDER = Order("http://localhost:8080/predict?key=abc", LIMITS)


def test_an_order_comes_back_as_it_was() -> None:
    """With bodies of any bytes, headers and all else."""
    order = replace(
        ORDER,
        by_rate=True,
        method="POST",
        headers=(("X-Key", "s3cret"),),
        bodies=(b"\x00\xff", b"{}"),
        expect=(200, 204),
        timeout=timedelta(seconds=2.5),
    )
    assert decode_order(encode_order(order)) == order
    assert "\n" not in encode_order(order)


def test_what_is_shown_holds_no_secret() -> None:
    """Neither a header's value nor a URL's query, nor what a body says."""
    order = replace(ORDER, headers=(("X-Key", "s3cret"),), bodies=(b"s3cret",))
    assert order.shown == "http://localhost:8080/predict"
    assert "s3cret" not in repr(order)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"url": "localhost:8080"}, "URL: give a whole one"),
        ({"url": "ftp://localhost/"}, "URL: give a whole one"),
        ({"url": "http://"}, "URL: give a whole one"),
        ({"url": "http://localhost:99999/"}, "URL: it cannot be read"),
        ({"url": "http://me:s3cret@localhost/"}, "URL: it holds a password"),
        ({"url": "http://localhost/a b"}, "URL: it holds a space"),
        ({"method": "GET /"}, "method: 'GET /' is none"),
        ({"headers": (("a b", "s3cret"),)}, "headers: a name is none"),
        ({"headers": (("", "s3cret"),)}, "headers: a name is none"),
        ({"headers": (("a", "s3cret\r\nb: c"),)}, "headers: a: its value has a character"),
        ({"expect": (99,)}, "expect: 99 is no status"),
        ({"timeout": timedelta(0)}, "a time that is above 0"),
        ({"limits": LIMITS._replace(users=0)}, "one user or more"),
        ({"limits": LIMITS._replace(rate=float("inf"))}, "a rate above 0"),
    ],
)
def test_what_cannot_be_sent_is_refused(changed: dict[str, Any], message: str) -> None:
    """The message names the field, and never a secret."""
    with pytest.raises(OrderError, match=message) as caught:
        replace(ORDER, **changed)
    assert "s3cret" not in str(caught.value)


def test_a_status_is_an_answer_where_it_was_expected() -> None:
    """200 to 299, where nobody said which."""
    assert ORDER.expects(204)
    assert not ORDER.expects(304)
    assert replace(ORDER, expect=(404,)).expects(404)
    assert not replace(ORDER, expect=(404,)).expects(200)


@pytest.mark.parametrize(
    ("url", "host", "port", "local"),
    [
        ("http://localhost", "localhost", 80, True),
        ("https://api.localhost/", "api.localhost", 443, True),
        ("http://127.8.0.1:5/", "127.8.0.1", 5, True),
        ("http://[::1]:5/", "::1", 5, True),
        ("http://10.0.0.1/", "10.0.0.1", 80, False),
        ("http://localhost.example.com/", "localhost.example.com", 80, False),
        ("http://notlocalhost/", "notlocalhost", 80, False),
    ],
)
def test_only_this_machine_is_local(url: str, host: str, port: int, local: bool) -> None:
    """By name or address; a name that only looks so is not."""
    assert split_url(url) == (host, port)
    assert is_local(host) is local
