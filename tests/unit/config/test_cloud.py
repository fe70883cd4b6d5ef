"""Is a resource that a cloud cannot have named where it was written, and what it keeps told?"""

from __future__ import annotations

import pytest

from flyball.config import ConfigError, lint
from flyball.config.load import loads
from tests.unit.config.asking import FILE, NOW

TEXT = """\
version: 1
scalable_targets:
  - id: churn
    home: gcp
    mode: advise
    resource: {resource}
    min_capacity: {least}
    max_capacity: 8
    windows: [{{name: day, from: "08:00", to: "18:00", floor: 2}}]
"""
PLACE = "project: acme-ml, location: europe-west4"
TITLE = "a display name is not an id: `gcloud ai endpoints list` shows both"
WRONG: dict[str, tuple[str, tuple[str, ...]]] = {
    "nothing": ("{}", ("resource: got nothing, expected project, location and endpoint (with",)),
    "a_place_alone": (f"{{{PLACE}}}", ("resource: got location, project, expected project, loc",)),
    "a_project_in_capitals": (
        "{project: ACME, location: europe-west4, endpoint: 42}",
        (
            (
                "6:25: scalable_targets[0].resource.project: got 'ACME', expected a project's id "
                "or number; did you mean acme?"
            ),
        ),
    ),
    "a_project_by_its_title": (
        "{project: Acme ML, location: europe-west4, endpoint: 42}",
        ("expected a project's id or number; a display name is not an id: `gcloud projects list`",),
    ),
    "a_place_of_nowhere": (
        "{project: acme-ml, location: moon, endpoint: 42}",
        ("resource.location: got 'moon', expected a region, such as europe-west4; correct it",),
    ),
    "a_slip_in_the_region": (
        "{project: acme-ml, location: europe_west4, endpoint: 42}",
        ("expected a region, such as europe-west4; did you mean europe-west4?",),
    ),
    "a_zone": (
        "{project: acme-ml, location: europe-west4-a, endpoint: 42}",
        (
            (
                "got 'europe-west4-a', expected a region, such as europe-west4; that is a zone: "
                "write europe-west4"
            ),
        ),
    ),
    "an_endpoint_by_its_title": (
        f"{{{PLACE}, endpoint: Churn model}}",
        ((f"got 'Churn model', expected an endpoint's id, which is a number as a rule; {TITLE}"),),
    ),
    "an_endpoint_by_its_whole_name": (
        f"{{{PLACE}, endpoint: projects/acme-ml/locations/europe-west4/endpoints/42}}",
        ("give the id alone, not the full name: 42",),
    ),
    "a_model_by_its_title": (
        f"{{{PLACE}, endpoint: 42, deployed_model: churn}}",
        ("resource.deployed_model: got 'churn', expected a deployed model's id",),
    ),
    "a_key_of_aws": (
        f"{{{PLACE}, endpoint: 42, variant: AllTraffic}}",
        ("resource.variant: unknown key variant; that is AWS's; write deployed_model",),
    ),
    "a_slip_in_a_key": (
        f"{{{PLACE}, endpont: 42}}",
        ("unknown key endpont; did you mean endpoint?",),
    ),
    "the_other_word_for_a_place": (
        "{project: acme-ml, region: europe-west4, endpoint: 42}",
        ("unknown key region; write location",),
    ),
    "another_version_of_the_api": (
        f"{{{PLACE}, endpoint: 42, api_version: v2}}",
        ("resource.api_version: got 'v2', expected v1 or v1beta1",),
    ),
    "two_kinds": (
        "{project: acme-ml, location: europe-west4, endpoint: 42, deployment_resource_pool: gpus}",
        ("which is of a model on an endpoint and a pool; say which one is scaled",),
    ),
    "a_pool_with_a_models_key": (
        f"{{{PLACE}, deployment_resource_pool: gpus, api_version: v1beta1}}",
        ("which is of a model on an endpoint and a pool",),
    ),
    "half_a_version": (
        "{project: acme-ml, version: v1}",
        ("got project, version, expected a version on AI Platform: add model",),
    ),
}


@pytest.mark.parametrize(("resource", "told"), WRONG.values(), ids=WRONG)
def test_what_google_cannot_have_is_refused_without_asking_there(
    resource: str, told: tuple[str, ...]
) -> None:
    """With its line, its field and the remedy, all of a target's at once."""
    with pytest.raises(ConfigError) as refused:
        loads(TEXT.format(resource=resource, least=1), FILE)
    problems = [str(each) for each in refused.value.problems]
    assert len(problems) == len(told)
    for problem, part in zip(problems, told, strict=True):
        assert problem.startswith(f"{FILE}:6:")
        assert part in problem


DOUBTFUL: dict[str, tuple[str, int, tuple[str, ...]]] = {
    "all_is_well": (f"{{{PLACE}, endpoint: 42}}", 1, ()),
    "a_region_that_is_new": (
        "{project: acme-ml, location: europe-west44, endpoint: 42}",
        1,
        ("europe-west44 is none of the regions that Flyball knows of; did you mean europe-west4?",),
    ),
    "a_region_like_no_other": (
        "{project: acme-ml, location: moon-base1, endpoint: 42}",
        1,
        ("moon-base1 is none of the regions that Flyball knows of; is it a new one?",),
    ),
    "an_endpoint_without_a_number": (
        f"{{{PLACE}, endpoint: churn}}",
        1,
        (f"'churn' is no number, as endpoints' ids are unless somebody chose another; {TITLE}",),
    ),
    "zero_by_v1": (
        f"{{{PLACE}, endpoint: 42}}",
        0,
        (
            (
                "0, and 1 is kept: a model may go to zero only by Vertex AI's v1beta1; add "
                "`api_version: v1beta1` to resource, or set min_capacity: 1"
            ),
        ),
    ),
    "zero_by_v1beta1": (f"{{{PLACE}, endpoint: 42, api_version: v1beta1}}", 0, ()),
    "zero_of_a_pool": (
        f"{{{PLACE}, deployment_resource_pool: gpus}}",
        0,
        ("0, and 1 is kept: a deployment resource pool cannot go to zero; set min_capacity: 1",),
    ),
    "ai_platform": (
        "{project: acme-ml, model: churn, version: v1}",
        0,
        (
            (
                "Google shut AI Platform Prediction down on 2025-01-31 and deleted its models; "
                "deploy the model on Vertex AI, and name its project, location and endpoint"
            ),
            (
                "0, and 1 is kept: on AI Platform only machine types that begin with mls1- went to "
                "zero; set min_capacity: 1"
            ),
        ),
    ),
}


@pytest.mark.parametrize(("resource", "least", "told"), DOUBTFUL.values(), ids=DOUBTFUL)
def test_what_is_probably_not_meant_is_a_warning(
    resource: str, least: int, told: tuple[str, ...]
) -> None:
    """What Google may have by now, or keeps, or has no more."""
    said = lint(loads(TEXT.format(resource=resource, least=least), FILE), NOW)
    shown = [f"{each.message}; {each.hint}" for each in said]
    assert [each for each in shown if "`zero` rule" not in each] == list(told)


def test_a_scheduled_zero_that_google_does_not_take_is_told_too() -> None:
    """It is a floor like any other."""
    action = "policies: [{name: night, kind: scheduled, schedule: rate(1 day), min_capacity: 0}]"
    text = TEXT.format(resource=f"{{{PLACE}, endpoint: 42}}", least=1) + f"    {action}\n"
    told = [each for each in lint(loads(text, FILE), NOW) if "1 is kept" in each.message]
    assert [each.path for each in told] == ["scalable_targets[0].policies[0]"]
