"""With which project does a command of a deployment speak in a test?"""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.gcp import __main__ as entry
from deploy.gcp.leave import UnaskedError
from deploy.gcp.place import Place
from deploy.gcp.step import Step
from deploy.gcp.steps import list_steps
from tests.gcp.project import Project


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Project:
    """Give an empty project, with which the command speaks, and a folder to build in."""
    made = Project([])

    def steps(place: Place, *, undoing: bool = False, deletes_ledger: bool = False) -> list[Step]:
        listed = list_steps(place, undoing=undoing, deletes_ledger=deletes_ledger)
        made.use(listed)
        return listed

    def targets(_: Place) -> tuple[str, ...]:
        if made.targets is None:
            raise UnaskedError("NO_CREDENTIALS")
        return made.targets

    monkeypatch.setattr(entry, "list_targets", targets)
    monkeypatch.setattr(entry, "list_steps", steps)
    monkeypatch.setattr(entry, "ask_gcloud", made.ask)
    monkeypatch.setattr(entry, "SOURCE", str(tmp_path / "source"))
    return made
