"""The examples that are shipped say what their comments say."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flyball.config import compile_config, lint, load
from flyball.config.cloud import RETIRED
from flyball.config.scenario import read
from flyball.core.decide import decide
from flyball.core.model import Action, Missing, Reason
from flyball.core.policy import ScheduledPolicy, TrackingPolicy
from flyball.core.target import Mode

NOW = datetime(2026, 11, 21, tzinfo=UTC)
FILES = [
    "adaptive.yaml",
    "ai-platform.yaml",
    "aws.yaml",
    "backtest-cheaper.yaml",
    "backtest.yaml",
    "component.yaml",
    "flyball.yaml",
    "gcp.yaml",
    "hpa.yaml",
    "ranges.yaml",
    "two-clouds.yaml",
]


@pytest.fixture
def examples(repository: Path) -> Path:
    """Give the folder of examples."""
    return repository / "examples"


def test_no_example_is_left_out(examples: Path) -> None:
    """Each file of the folder is one of those below."""
    assert sorted(path.name for path in examples.glob("*.yaml")) == FILES
    assert len(list((examples / "scenarios").iterdir())) == 3


@pytest.mark.parametrize("name", FILES)
def test_an_example_is_sound_and_beyond_doubt(name: str, examples: Path) -> None:
    """No error, and no warning but of the service that is shut down."""
    config = load(examples / name)
    warned = [each.message for each in lint(config, NOW)]
    assert warned == [RETIRED] * (name == "ai-platform.yaml")
    assert all(json.loads(each.config) for each in compile_config(config))


def test_the_example_of_aws_is_taken_over_whole(examples: Path) -> None:
    """Of the file that is about two endpoints, the policies of its own."""
    (target,) = load(examples / "aws.yaml").scalable_targets
    assert [policy.name for policy in target.policies] == [
        "gpu-steps",
        "invocations",
        "morning",
        "evening",
    ]
    actions = [policy for policy in target.policies if isinstance(policy, ScheduledPolicy)]
    assert [policy.max_capacity for policy in actions] == [10, 8]
    assert target.hard_max == 10


@pytest.mark.parametrize(
    ("name", "action", "reason", "desired"),
    [
        ("scale-out.yaml", Action.SET, Reason.ABOVE_TARGET, 15),
        ("blind.yaml", Action.SET, Reason.FALLBACK, 6),
        ("busy.json", Action.DEFER, Reason.BUSY, 10),
    ],
)
def test_a_scenario_decides_as_its_comment_says(
    name: str, action: Action, reason: Reason, desired: int, examples: Path
) -> None:
    """The engine as a calculator."""
    scenario = read(examples / "scenarios" / name)
    decision = decide(*scenario)
    assert (decision.action, decision.reason, decision.desired) == (action, reason, desired)
    assert not isinstance(scenario.observation.capacity, Missing)


def test_the_example_of_google_is_of_vertex_ai_and_only_advises(examples: Path) -> None:
    """Google's own autoscaler holds 60 %, and a floor beside it holds more."""
    (target,) = load(examples / "gcp.yaml").scalable_targets
    assert "endpoint" in target.resource
    assert target.mode is Mode.ADVISE
    held = {p.name: p.target_value for p in target.policies if isinstance(p, TrackingPolicy)}
    assert held["duty-cycle"] == 75
