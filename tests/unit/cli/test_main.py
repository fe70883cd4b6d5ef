"""Does every command end with an honest code, and say what is wrong on one line?"""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from flyball import __version__
from flyball.cli.failure import CommandError, complain, describe
from flyball.config.problem import ConfigError, Problem
from flyball.ports import LedgerUnavailableError
from tests.unit.cli.commands import expect_refusal, flyball

COMMANDS = (
    "demo",
    "run",
    "validate",
    "schema",
    "decide",
    "explain",
    "pause",
    "resume",
    "schedule preview",
    "ledger list",
    "ledger show",
    "ledger verify",
    "ledger replay",
    "ledger export",
)


def test_the_version_is_printed() -> None:
    """One line, for bug reports."""
    assert flyball("--version") == (0, f"flyball {__version__}\n", "")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    """In words, with every option."""
    done = flyball(*command.split(), "--help")
    assert done.code == 0
    assert f"Usage: flyball {command} " in done.out
    assert flyball(*command.split(), "-h") == done


def test_no_command_shows_the_help() -> None:
    """Whoever types the name alone wants to know what there is."""
    for words in ((), ("ledger",), ("schedule",)):
        done = flyball(*words)
        assert (done.code, done.out) == (2, "")
        assert "Commands:" in done.err


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("dmeo",), "demo"),
        (("demo", "--sed", "3"), "--seed"),
        (("demo", "--days", "0"), "--days"),
        (("demo", "--seed", "x"), "integer"),
        (("explain",), "DECISION"),
        (("pause", "demo"), "--reason"),
        (("run",), "--config"),
        (("schema", "yaml"), "config"),
        (("ledger", "export", "--format", "xml"), "jsonl"),
    ],
)
def test_a_wrong_call_is_one_line_with_a_remedy(arguments: tuple[str, ...], word: str) -> None:
    """Exit code 2, and where to read more."""
    done = flyball(*arguments)
    expect_refusal(done, word, "--help`")


def test_bad_settings_are_named_by_every_command_that_needs_them() -> None:
    """All of them at once."""
    done = flyball("ledger", "list", env={"FLYBALL_WAIT_S": "x", "FLYBALL_LEASE_S": "1"})
    expect_refusal(done, "FLYBALL_WAIT_S", "FLYBALL_LEASE_S")


def test_an_error_shows_where_it_came_from_on_request() -> None:
    """For a bug report; never unasked."""
    asked = {"FLYBALL_TRACEBACK": "1"}
    done = flyball("ledger", "list", env=asked)
    assert done.code == 2
    assert "Traceback" in done.err
    assert done.err.splitlines()[-1].startswith("flyball: ")


@pytest.mark.parametrize(
    ("error", "text", "code"),
    [
        (CommandError("no\x1b[2J"), "no�[2J", 2),
        (CommandError("no", 1), "no", 1),
        (LedgerUnavailableError("l.db: locked"), "l.db: locked", 2),
        (OSError(28, "No space left on device", "a.db"), "a.db: No space left on device", 2),
        (OSError("odd"), "odd", 2),
        (ConfigError([Problem("f", 1, 2, "a", "m"), Problem("f", 3, 4, "b", "n")]), None, 2),
        (KeyError("x"), None, 70),
    ],
)
def test_every_error_has_words_and_a_code(error: Exception, text: str | None, code: int) -> None:
    """Bad input is 2; a fault of ours says that it is one."""
    said, given = describe(error)
    assert given == code
    if text is not None:
        assert said == text
    elif code == 70:
        assert said.startswith("a fault in Flyball: KeyError")
    else:
        assert said == "f:1:2: a: m\nf:3:4: b: n"


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (ClientError({"Error": {"Code": "Throttling"}}, "PutMetricAlarm"), "wait a minute"),
        (ClientError({"Error": {"Code": "AccessDenied"}}, "PutMetricAlarm"), "`flyball doctor`"),
        (NoCredentialsError(), "`flyball doctor`"),
        (ClientError({"Error": {"Code": "LimitExceeded"}}, "PutMetricAlarm"), ""),
        (EndpointConnectionError(endpoint_url="https://nowhere"), ""),
    ],
)
def test_a_cloud_that_was_asked_too_often_is_no_missing_permission(
    error: Exception, remedy: str
) -> None:
    """The doctor is named for what it can find; what else is wrong stands in the cloud's words."""
    said, code = describe(error)
    assert code == 2
    assert said == f"AWS: {error}" if not remedy else remedy in said
    assert ("doctor" in said) is ("doctor" in remedy)


def test_each_line_of_a_complaint_has_the_programs_name(capsys: pytest.CaptureFixture[str]) -> None:
    """In a log of many programs every line says whose it is."""
    complain("a\nb")
    assert capsys.readouterr().err == "flyball: a\nflyball: b\n"


def test_a_fault_of_ours_is_said_and_not_thrown(tmp_path: Path) -> None:
    """A row that decodes to nonsense must not end in a traceback."""
    scenario = tmp_path / "s.json"
    scenario.write_text("[" * 100_000)
    done = flyball("decide", scenario)
    assert done.code == 2
    assert "Traceback" not in done.err
