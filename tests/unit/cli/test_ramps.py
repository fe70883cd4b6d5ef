"""Is it taken from a load test of users what each of them sends?"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.commands import expect_refusal, flyball

SLOW = (
    "users,requests,p50_ms,cpu_ratio\n"
    "10,10,40,.2\n20,20,40,.4\n40,40,45,.8\n50,42,900,1\n60,42,2000,1\n"
)
"""Each sends one a second, and pauses."""
QUICK = (
    "users,requests,p50_ms,cpu_ratio\n1,25,40,.25\n2,50,40,.5\n4,98,41,1\n8,98,82,1\n16,98,160,1\n"
)
"""Each sends the next request as soon as it is answered."""
RAMP = ("--cores", 2, "--most", 100, "--shape", "ramp", "--users-per-minute", 3)


@pytest.fixture(autouse=True)
def files(folder: Path, repository: Path) -> Path:
    """Stand beside load tests of users, and of a rate."""
    (folder / "slow.csv").write_text(SLOW)
    (folder / "quick.csv").write_text(QUICK)
    (folder / "rate.csv").write_bytes((repository / "examples" / "loadtest.csv").read_bytes())
    return folder


def flatten(text: str) -> str:
    """Take lines for one."""
    return " ".join(text.split())


def test_a_user_sends_what_those_of_the_load_test_sent() -> None:
    """It is said where that is from, and the ramp is of it."""
    done = flyball("size", "slow.csv", *RAMP)
    assert (done.code, done.err) == (0, "")
    said = flatten(done.out)
    assert "3 new users a minute, of 60 requests a minute each" in said
    assert "each user sends 60 requests a minute, as in slow.csv" in said
    assert "--requests-per-user says another" in said
    assert "pause" not in said


def test_users_who_do_not_pause_are_told() -> None:
    """People do."""
    said = flatten(flyball("size", "quick.csv", *RAMP).out)
    assert "of 1,500 requests a minute each" in said
    assert "did not pause between an answer and the next request" in said


def test_an_option_goes_before_the_load_test() -> None:
    """And nothing is noted."""
    said = flatten(flyball("size", "slow.csv", *RAMP, "--requests-per-user", 6).out)
    assert "of 6 requests a minute each" in said
    assert "says another" not in said


def test_of_several_types_the_first_that_has_users_is_taken() -> None:
    """A rate tells nothing of users."""
    types = ("--machine", "a=rate.csv", "--machine", "b=slow.csv", "--cores", 2)
    done = flyball("size", *types, *RAMP[2:], "--json")
    assert (done.code, done.err) == (0, "")
    assert any("as in slow.csv" in each for each in done.json["notes"])


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("rate.csv", *RAMP), ("--shape ramp", "--requests-per-user")),
        (("slow.csv", *RAMP[:-2]), ("--shape ramp", "--users-per-minute")),
        (("slow.csv", *RAMP[:4], "--users-per-minute", 3), ("only with --shape ramp",)),
        (("slow.csv", *RAMP[:4], "--requests-per-user", 3), ("only with --shape ramp",)),
        (("slow.csv", *RAMP[:-1], 0), ("--users-per-minute", "more than 0")),
        (("slow.csv", *RAMP, "--requests-per-user", "nan"), ("--requests-per-user", "nan")),
    ],
    ids=["a rate", "no users", "no ramp", "no ramp either", "nobody", "no number"],
)
def test_what_does_not_fit_is_refused(words: tuple[object, ...], named: tuple[str, ...]) -> None:
    """With the option that does it."""
    expect_refusal(flyball("size", *words), *named)
