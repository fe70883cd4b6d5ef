"""What is around Google's functions, in these tests?"""

from __future__ import annotations

import pytest

from tests.unit.functions.gcp.stage import Stage


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Stage:
    """Set up a ledger and three scalable targets that ask for five instances each."""
    return Stage(monkeypatch, capsys)
