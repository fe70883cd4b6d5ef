"""Does one file of policies decide the same on both clouds, and does docs/two-clouds.md say so?"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyball.config import compile_config, load, loads
from flyball.config.make import MAX_AGE
from flyball.core.decide import decide
from flyball.core.model import (
    Capacity,
    Datapoint,
    Decision,
    History,
    Missing,
    MissingCause,
    Observation,
    Series,
)
from flyball.core.target import CapacityKind, Mode, Per, ScalableTarget, Unit
from flyball.meter import LATE, SOON
from tests.page import expect_table

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE, PAGE = ROOT / "examples" / "two-clouds.yaml", ROOT / "docs" / "two-clouds.md"
OWN = {"id", "home", "resource", "capacity_kind", "metrics", "lead_time", "heartbeat"}
"""What a target of the example says by itself, or has since its metric on Google is a total."""
NIGHT = datetime(2026, 11, 21, 2, tzinfo=UTC)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
"""A Friday's, within office hours."""
MINUTES = 30
AWS, GCP = (replace(each, mode=Mode.APPLY) for each in load(EXAMPLE).scalable_targets)


@dataclass(frozen=True)
class Scene:
    """What both clouds have, and what is measured there for half an hour.

    Attributes:
        id: In the page's words.
        machines: Asked for, and in service.
        calls: A minute, of each machine; None: nothing is measured.
        gpu: Percent, of each machine.
        at: When.
        floor: Of Google's range, where the service has picked more; None: it picked the floor.
    """

    id: str
    machines: int
    calls: int | None
    gpu: int | None
    at: datetime = NIGHT
    floor: int | None = None


SCENES = (
    Scene("as wanted", 5, 600, 60),
    Scene("half as much again", 4, 900, 80),
    Scene("ten times as much", 3, 6_000, 100),
    Scene("full GPUs, few calls", 4, 300, 97),
    Scene("hardly any calls", 8, 60, 10),
    Scene("a third less", 9, 400, 40),
    Scene("no calls are told", 6, None, 20),
    Scene("nothing is told", 6, None, None),
    Scene("the office is open, and nobody is there", 2, 0, 0, NOON),
)


def look(target: ScalableTarget, scene: Scene) -> Decision:
    """Decide on a scene as this cloud shows it."""
    capacity = Capacity(scene.machines, scene.machines)
    if target.capacity_kind is CapacityKind.RANGE:
        floor = scene.machines if scene.floor is None else scene.floor
        capacity = capacity._replace(desired=floor, ceiling=target.max_capacity)
    values = {"calls": scene.calls, "gpu": scene.gpu}
    metrics: dict[str, Series | Missing] = {
        name: measure(target, name, value, scene) for name, value in values.items()
    }
    return decide(target, Observation(scene.at, capacity, metrics), History(), scene.at)


def measure(target: ScalableTarget, name: str, value: int | None, scene: Scene) -> Series | Missing:
    """Give a metric's series in this cloud's unit, for all machines together where it counts so."""
    if value is None:
        return Missing(MissingCause.NO_DATA)
    metric = target.metric_by_name[name]
    number = value / 100 if metric.unit is Unit.RATIO else float(value)
    number = number * scene.machines if metric.per is Per.TOTAL else number
    minutes = [scene.at - timedelta(minutes=back) for back in reversed(range(MINUTES))]
    return tuple(Datapoint(each, number, scene.machines) for each in minutes)


def test_one_file_compiles_for_both_and_only_what_a_place_is_differs() -> None:
    """Policies, windows, bounds and rules are the same values, from the same lines."""
    assert (AWS.home, GCP.home) == ("aws", "gcp")
    names = {each.name for each in fields(ScalableTarget) if each.init}
    assert {name for name in names if getattr(AWS, name) != getattr(GCP, name)} == OWN
    assert [each.name for each in AWS.policies] == ["calls", "full"]
    assert AWS.policies == GCP.policies
    assert len(AWS.windows) == 1
    assert [each.name for each in AWS.metrics] == [each.name for each in GCP.metrics]
    assert len({each.config_hash for each in compile_config(load(EXAMPLE))}) == 2


def test_what_is_shared_by_an_anchor_compiles_to_the_same() -> None:
    """For a file in which other targets do not share it."""
    text = EXAMPLE.read_text(encoding="utf-8").replace("defaults:\n", "x-shared: &shared\n")
    text = text.replace("    home:", "    <<: *shared\n    home:")
    found = compile_config(loads(text, "flyball.yaml"))
    assert found == compile_config(load(EXAMPLE))


@pytest.mark.parametrize("scene", SCENES, ids=lambda each: each.id)
def test_the_same_scene_is_decided_alike_on_both(scene: Scene) -> None:
    """The same number, and the same action for the same reason; Google gets a ceiling beside it."""
    here, there = look(AWS, scene), look(GCP, scene)
    assert (here.desired, here.action, here.reason) == (there.desired, there.action, there.reason)
    assert (here.ceiling, there.ceiling) == (here.desired, GCP.max_capacity)


@pytest.mark.parametrize(
    ("calls", "aws", "google"),
    [(900, 9, 9), (600, 6, 3), (480, 5, 3), (300, 4, 3), (60, 4, 2)],
)
def test_where_the_service_has_picked_more_than_the_floor_the_way_out_is_the_same(
    calls: int, aws: int, google: int
) -> None:
    """Six serve above a floor of three: more than these is forced, and what is enough is not."""
    scene = Scene("picked", 6, calls, 50, floor=3)
    assert (look(AWS, scene).desired, look(GCP, scene).desired) == (aws, google)


@given(
    machines=st.integers(2, 12),
    calls=st.none() | st.integers(0, 20_000),
    gpu=st.none() | st.integers(0, 100),
    hour=st.integers(0, 23),
)
def test_any_scene_is_decided_alike_on_both(
    machines: int, calls: int | None, gpu: int | None, hour: int
) -> None:
    """As long as the service has picked the floor: one number is then what both have."""
    scene = Scene("any", machines, calls, gpu, NIGHT - timedelta(hours=hour))
    here, there = look(AWS, scene), look(GCP, scene)
    assert (here.desired, here.action, here.reason) == (there.desired, there.action, there.reason)


def test_the_scenes_of_the_page_are_these() -> None:
    """With what is decided; FLYBALL_REWRITE=1 writes the table again."""
    lines = ["| scene | machines | calls each | GPU | decided on both | because |"]
    lines.append("|---|---:|---:|---:|---|---|")
    for scene in SCENES:
        decision = look(GCP, scene)
        seen = ("none" if each is None else f"{each:,}" for each in (scene.calls, scene.gpu))
        moved = (
            f"{scene.machines} → {decision.desired}"
            if decision.desired != scene.machines
            else f"hold {scene.machines}"
        )
        why = decision.reason.value.replace("_", " ")
        lines.append(f"| {scene.id} | {scene.machines} | {' | '.join(seen)} | {moved} | {why} |")
    expect_table(PAGE, "pytest tests/unit/config/test_two_clouds.py", lines)


def test_how_late_the_page_calls_a_metric_is_how_late_the_code_takes_it_for() -> None:
    """Google's two delays, and the age beyond which a value is none, in minutes."""
    late, soon, google, usual = (
        each // timedelta(minutes=1) for each in (LATE, SOON, MAX_AGE["gcp"], MAX_AGE["aws"])
    )
    text = PAGE.read_text(encoding="utf-8")
    assert f"utilization up to {late} minutes, replicas up to {soon}; " in text
    assert f"`max_age` is {google} minutes by itself, not {usual}" in text


def test_every_difference_of_the_page_says_what_holds_it() -> None:
    """A test that fails once it is not so any more, or figures that a command has written."""
    rows = PAGE.read_text(encoding="utf-8").partition("| held by |\n")[2].splitlines()[1:]
    table = rows[: rows.index("")]
    assert len(table) > 10
    held = ("](../tests/", "](ranges.md#what-that-comes-to)")
    assert [row for row in table if not any(each in row.split("|")[4] for each in held)] == []
