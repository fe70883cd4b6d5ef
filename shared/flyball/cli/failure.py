"""How does a command that cannot go on say so, in one line, and with which exit code?"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

OK = 0
FOUND = 1
"""It is not so: problems were found, a ledger was changed, a replay differs, a wake failed."""
REFUSED = 2
"""It could not be done: called wrongly, bad input, or a file that cannot be used."""
FAULT = 70
"""A fault in Flyball itself."""
INTERRUPTED = 130
"""Ctrl-C, as a shell counts it."""
CLOSED = 141
"""Nobody reads the output any more, as a shell counts it."""


EXPECTED = (
    "flyball.adapters.aws.stack.StackError",
    "flyball.adapters.local.endpoint.LocalFileError",
    "flyball.history.HistoryError",
    "flyball.order.TrialError",
    "flyball.plan.model.PlanError",
    "flyball.ports.LedgerError",
    "flyball.sim.cells.TraceError",
    "flyball.sizing.benchmark.BenchmarkError",
    "flyball.wiring.settings.SettingsError",
)
"""Errors whose message says what, where and the remedy."""
CLOUD = (
    "botocore.exceptions.BotoCoreError",
    "botocore.exceptions.ClientError",
    "flyball.adapters.aws.send.UncertainError",
)
"""A cloud's refusals, in its own words."""
GOOGLE = ("flyball.adapters.gcp.session.CallError",)
CREDENTIALS = (
    "botocore.exceptions.CredentialRetrievalError",
    "botocore.exceptions.NoCredentialsError",
    "botocore.exceptions.NoRegionError",
    "botocore.exceptions.PartialCredentialsError",
    "botocore.exceptions.TokenRetrievalError",
    "botocore.exceptions.UnauthorizedSSOTokenError",
)
"""Those that come before anything is asked: who asks, or where, is not known."""


class CommandError(Exception):
    """A command cannot go on; the message says what, where and the remedy.

    Attributes:
        code: The exit code.
    """

    def __init__(self, message: str, code: int = REFUSED) -> None:
        self.code = code
        super().__init__(message)


@contextmanager
def refusing_with(code: int) -> Iterator[None]:
    """Give every refusal inside the block this exit code: the 2 of a plan says something else."""
    try:
        yield
    except Exception as error:
        error.__dict__["refused_with"] = code
        raise


def refuse(message: str) -> NoReturn:
    """End the command: it was called wrongly, or what it was given cannot be used."""
    raise CommandError(message)


def describe(error: Exception) -> tuple[str, int]:
    """Turn any error into lines for people and an exit code.

    Args:
        error: Whatever a command raised.

    Returns:
        Text without control characters (one line, or one a problem of a file), and the code.
    """
    from flyball.report.plain import plain

    if isinstance(error, CommandError):
        return plain(str(error), 2_000), error.code
    problems = getattr(error, "problems", None)
    if _is_one_of(error, "flyball.config.problem.ConfigError") and problems:
        return "\n".join(plain(str(each), 2_000) for each in problems), REFUSED
    if _is_one_of(error, *EXPECTED):
        return plain(str(error), 2_000), REFUSED
    if _is_one_of(error, *CLOUD):
        return plain(f"AWS: {error}{_find_remedy(error)}", 2_000), REFUSED
    if _is_one_of(error, *GOOGLE):
        return plain(f"Google Cloud: {error}{_find_google_remedy(error)}", 2_000), REFUSED
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return plain(f"{where}{error.strerror or error}", 2_000), REFUSED
    message = f"a fault in Flyball: {type(error).__name__}: {error}"
    return plain(f"{message}; FLYBALL_TRACEBACK=1 shows where; please report it", 2_000), FAULT


def _find_remedy(error: Exception) -> str:
    """Say what to do about a cloud's refusal, where that is known."""
    from flyball.adapters.aws.clients import error_code
    from flyball.adapters.aws.refusal import DENIED, is_throttled

    if is_throttled(error):
        return "; AWS was asked too often: wait a minute, and run it again"
    if error_code(error) in DENIED or _is_one_of(error, *CREDENTIALS):
        return "; `flyball doctor` says what is missing"
    return ""


def _find_google_remedy(error: Exception) -> str:
    """Say what to do about a refusal of Google's, where that is known."""
    from flyball.adapters.gcp.refusal import TOO_MANY
    from flyball.adapters.gcp.session import CallError

    if not isinstance(error, CallError):
        return ""
    if error.code == TOO_MANY:
        return "; Google was asked too often: wait a minute, and run it again"
    if error.status == "UNAUTHENTICATED":
        return "; `gcloud auth application-default login` makes credentials for a person"
    if error.status == "PERMISSION_DENIED":
        return "; `flyball doctor` says what is missing, for a flyball.yaml or a project"
    return ""


def _is_one_of(error: Exception, *names: str) -> bool:
    """Say whether an error is of a class of these names, without loading what did not raise it."""
    classes = {f"{each.__module__}.{each.__qualname__}" for each in type(error).__mro__}
    return not classes.isdisjoint(names)


def complain(text: str) -> None:
    """Write lines of an error, each with the program's name, to stderr."""
    for line in text.split("\n"):
        print(f"flyball: {line}", file=sys.stderr)  # noqa: T201  (this is where it is said)
