"""Is every command of docs/gcp.md as it is written there, and does it print what stands there?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.gcp.step import Ensure
from tests.aws.rig import Server
from tests.gcp.walk import PATH, PROJECT, Walk, standing
from tests.page import Step, expect_page, matches, read_steps, stop_time

pytestmark = pytest.mark.enable_socket

PAGE = Path(__file__).resolve().parents[2] / "docs" / "gcp.md"


@pytest.fixture
def walk(firestore: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Walk]:
    """Give a project with an endpoint that Google scales, and nothing of Flyball."""
    with standing(firestore, tmp_path, monkeypatch) as made:
        yield made


def test_the_page_is_true(walk: Walk) -> None:
    """From the first command to the last, with what each prints."""
    page = PAGE.read_text(encoding="utf-8")
    steps = list(read_steps(page))
    assert len(list(read_steps(page.partition("## Day by day")[0]))) == 10
    different: list[tuple[Step, str]] = []
    for step in steps:
        if step == steps[8]:
            config = Path("flyball.yaml")
            config.write_text(config.read_text().replace("mode: advise", "mode: apply"))
        printed = stop_time(walk.run(step.command))
        if not matches(printed, step.printed):
            different.append((step, printed))
        if step.command == "flyball apply plan.json":
            walk.pass_minutes()
        if step.command.startswith("flyball ledger list"):
            for said in ("explain churn", "ledger verify", "ledger replay"):
                walk.run(f"flyball {said} --project {PROJECT}")
    expect_page(PAGE, different)
    assert walk.policies.policies == {}
    ours = {each.title for each in walk.gcloud.steps if isinstance(each, Ensure) and each.delete}
    assert not ours & set(walk.gcloud.found)
    assert "The ledger's database flyball" in walk.gcloud.found
    assert len(walk.vertex.operations[PATH]) == 1
    assert (walk.model.floor, walk.model.ceiling) == (4, 6)
