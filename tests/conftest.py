"""Which rules hold for every test, whatever it is about?"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

REPOSITORY = Path(__file__).resolve().parent.parent

# Suites that speak to a real engine over a socket; everywhere else it is blocked.
SOCKET_SUITES = frozenset({"contract", "e2e"})

# A shared machine may be slow for a while: time is no reason for a property to
# fail, and the same seed on every run makes a failure everyone's.
settings.register_profile(
    "check", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
# Looks for new counterexamples: pytest --hypothesis-profile=search
settings.register_profile("search", deadline=None, max_examples=5_000)
settings.load_profile("check")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let golden decisions be written again, with the fragment that says why."""
    parser.addoption(
        "--rewrite-golden",
        metavar="NAME",
        default=None,
        help="write tests/golden again; changelog.d/NAME.behaviour.md says what changed",
    )


@pytest.fixture(scope="session")
def repository() -> Path:
    """Give the root of the repository."""
    return REPOSITORY


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Open sockets for the suites that are about what lies behind them."""
    tests = REPOSITORY / "tests"
    for item in items:
        if item.path.is_relative_to(tests):
            suite = item.path.relative_to(tests).parts[0]
            if suite in SOCKET_SUITES:
                item.add_marker(pytest.mark.enable_socket)
