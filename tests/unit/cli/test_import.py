"""Is what an import writes one file that `flyball validate` accepts, whatever was read?"""

from __future__ import annotations

import sys
from typing import Any

import pytest

from flyball.cli.import_ import keep_sound
from flyball.plan.adoption import Adopted, Adoption, LeftOut
from tests.unit.cli.commands import flyball

POLICY = {
    "PolicyName": "track",
    "TargetTrackingScalingPolicyConfiguration": {
        "TargetValue": 700,
        "PredefinedMetricSpecification": {
            "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
        },
    },
}


def read(name: str, low: int = 1, high: int = 4, **fields: Any) -> Adopted:
    """Make a resource as it was read."""
    resource = {"endpoint": name, "variant": "blue"}
    return Adopted(name, resource, low, high, fields.pop("policies", [POLICY]), **fields)


def test_what_would_be_refused_is_left_out_and_the_rest_is_a_file_that_holds() -> None:
    """A resource whole, where it is wrong by itself or beside another; each with its reason."""
    gone = LeftOut("group gone", "there is no such group")
    adoption = Adoption((read("a"), read("wrong", 5, 2), read("a"), read("b")), (gone,))
    entries, comments = keep_sound(adoption, "aws")
    assert [each.content["id"] for each in entries] == ["a", "b"]
    assert [each.content["policies"] for each in entries] == [[POLICY], [POLICY]]
    first, wrong, twice = comments
    assert first == "Left out: group gone: there is no such group"
    assert wrong.startswith("Left out: wrong: ")
    assert "min_capacity" in wrong
    assert twice == "Left out: a: id: another scalable target has the id a already"


def test_one_policy_that_would_be_refused_spoils_no_other() -> None:
    """It is left out by itself, with what `flyball validate` has against it."""
    odd = {"ScheduledActionName": "odd", "Schedule": "rate(1 hours)"}
    odd["ScalableTargetAction"] = {"MinCapacity": 2}  # type: ignore[assignment]
    (entry,), comments = keep_sound(Adoption((read("a", policies=[odd, POLICY]),)), "aws")
    assert entry.content["policies"] == [POLICY]
    assert comments == []
    assert entry.comments[0].startswith("Left out: odd: policies[0]")


def test_nothing_is_no_file() -> None:
    """Nobody asks the validator about an empty one."""
    assert keep_sound(Adoption(()), "aws") == ([], [])


@pytest.mark.parametrize(
    ("home", "library", "arguments"),
    [("aws", "boto3", ()), ("gcp", "requests", ("--project", "acme-ml", "--location", "us-east1"))],
)
def test_without_a_clouds_library_either_import_is_refused_alike(
    home: str, library: str, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was called where it cannot work, which is another thing than finding nothing."""
    monkeypatch.setitem(sys.modules, library, None)
    done = flyball("import", home, *arguments)
    assert done.code == 2
    assert done.err == f"flyball: {library} is not installed: pip install 'flyball[{home}]'\n"
