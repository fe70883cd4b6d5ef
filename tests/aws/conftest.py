"""Which parts of the rig does a test of AWS ask for?"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.aws.rig import Server, lent_ministack


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Lend this process's MiniStack."""
    with lent_ministack(tmp_path_factory.getbasetemp() / "ministack") as server:
        yield server
