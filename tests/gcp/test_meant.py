"""Is the deployed model found that is meant, beside a canary and after a redeploy?"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from flyball.adapters.gcp.resource import DeployedModel
from flyball.adapters.gcp.vertex import Fit, Replicas, find_model, fit_range, read_replicas
from flyball.address import BETA, check_google
from flyball.core.model import Capacity, CapacityRange, Missing
from tests.gcp.entry import OF_VERTEX, ON_VERTEX, PATH, PROJECT, Entry, target
from tests.gcp.measured import DUTY
from tests.gcp.monitoring import Line
from tests.gcp.vertex import Replicas as Deployed
from tests.rig import MINUTE

NO_ID = {key: value for key, value in ON_VERTEX.items() if key != "deployed_model"}
RATIO_S = "10^2.%"
OLD = {"id": "7", "displayName": "llm", "model": "projects/p/locations/l/models/m1@2"}
NEW = {"id": "9", "displayName": "llm", "model": "projects/p/locations/l/models/m2"}
OTHER = {"id": "8", "displayName": "embedder", "model": "projects/p/locations/l/models/m3"}

Enter = Callable[..., Entry]

FOUND: Mapping[str, tuple[Mapping[str, str], Mapping[str, int] | None, str]] = {
    "the only one of a model": ({"model": "embedder"}, {"7": 100}, "8"),
    "by the model's id": ({"model": "m1"}, None, "7"),
    "by the model's full name": ({"model": "projects/p/locations/l/models/m2"}, None, "9"),
    "of a model, the one that is called": ({"model": "llm"}, {"9": 60, "7": 40}, "9"),
    "before it is called": ({"model": "llm"}, {"7": 100}, "7"),
    "of all, the one that is called most": ({}, {"8": 50, "7": 30, "9": 20}, "8"),
    "an id is the id, whoever is called": ({"deployed_model": "7"}, {"9": 100}, "7"),
}


@pytest.mark.parametrize(("named", "split", "found"), FOUND.values(), ids=FOUND)
def test_a_model_is_found_by_its_name_and_by_who_is_called(
    named: Mapping[str, str], split: Mapping[str, int] | None, found: str
) -> None:
    """Its id is another after each redeploy, and nobody edits a file for that."""
    answer = {"deployedModels": [OLD, NEW, OTHER], "trafficSplit": split}
    meant = find_model(answer, DeployedModel("p", "l", "123", **named))
    assert not isinstance(meant, Missing)
    assert meant["id"] == found


LOST: Mapping[str, tuple[Mapping[str, str], str]] = {
    "a tie": ({}, "7 (llm), 9 (llm) have 50 % of the traffic each: name model or deployed_model"),
    "a tie of one model": ({"model": "llm"}, "7 (llm), 9 (llm) have 50 % of the traffic each"),
    "no such model": ({"model": "lm"}, "has 7 (llm), 8 (embedder), 9 (llm): correct model"),
    "an id of before": ({"deployed_model": "6"}, "name model instead of deployed_model"),
}


@pytest.mark.parametrize(("named", "told"), LOST.values(), ids=LOST)
def test_which_is_meant_is_never_guessed(named: Mapping[str, str], told: str) -> None:
    """What cannot be told is missing, with what to do."""
    split = {"7": 50, "9": 50}
    answer = {"deployedModels": [OLD, NEW, OTHER], "trafficSplit": split}
    meant = find_model(answer, DeployedModel("p", "l", "123", **named))
    assert isinstance(meant, Missing)
    assert told in meant.detail


def show(entry: Entry, duty: Mapping[str, float]) -> None:
    """Show one replica's duty cycle of each deployed model."""
    entry.monitoring.lines.clear()
    for model, value in duty.items():
        points = {entry.clock.at - MINUTE * ago: value for ago in range(8)}
        labels = OF_VERTEX | {"metric.labels.deployed_model_id": model}
        entry.monitoring.lines.append(Line(PROJECT, DUTY, labels, points, unit=RATIO_S))


@pytest.mark.enable_socket
@pytest.mark.parametrize("named", [{}, {"model": "llm"}], ids=["unnamed", "by name"])
def test_a_canary_stops_no_scaling_and_its_metrics_are_its_own(
    enter: Enter, named: Mapping[str, str]
) -> None:
    """An idle canary beside a full model: the model gets more, and the canary is left alone."""
    entry = enter()
    entry.model.title = "llm"
    canary = Deployed(1, 1, id="8", title="llm")
    entry.vertex.endpoints[PATH].append(canary)
    entry.vertex.splits[PATH] = {"7": 95, "8": 5}
    entry.register(target({**NO_ID, **named}))
    show(entry, {"7": 0.95, "8": 0.05})
    entry.tick()
    body = entry.only().body or {}
    assert body["deployedModel"]["id"] == "7"
    assert body["deployedModel"]["dedicatedResources"]["minReplicaCount"] == 2
    capacity = entry.records()[-1].observation.capacity
    assert isinstance(capacity, Capacity)
    assert "of 2 models, 7 (llm) is scaled" in capacity.detail
    assert capacity.among == 2


@pytest.mark.enable_socket
def test_a_redeployed_model_is_followed_with_its_metrics(enter: Enter) -> None:
    """The same name under a new id, called by everybody: it is scaled from then on."""
    entry = enter()
    entry.model.title, entry.model.ceiling = "llm", 6
    entry.register(target(NO_ID | {"model": "llm"}))
    show(entry, {"7": 0.6})
    entry.tick()
    assert entry.sent() == []
    entry.vertex.endpoints[PATH][:] = [Deployed(1, 6, id="9", title="llm")]
    entry.pass_time(MINUTE * 5)
    show(entry, {"7": 0.1, "9": 0.95})
    entry.tick()
    assert (entry.only().body or {})["deployedModel"]["id"] == "9"


INITIALS: Mapping[str, tuple[Replicas, CapacityRange, int, str]] = {
    "as it was set there": (Replicas(0, 6, initial=3), CapacityRange(0, 6), 3, ""),
    "no more than the ceiling": (
        Replicas(0, 6, initial=4),
        CapacityRange(0, 3),
        3,
        "initialReplicaCount 4 is above the ceiling: 3 is sent",
    ),
    "as the config says": (Replicas(2, 6, returning=3), CapacityRange(0, 6), 3, ""),
    "the config before what is there": (
        Replicas(0, 6, initial=2, returning=5),
        CapacityRange(0, 6),
        5,
        "",
    ),
    "one, and it is said": (
        Replicas(2, 6),
        CapacityRange(0, 6),
        1,
        "it comes back from zero with 1: resource.initial_replicas is not set",
    ),
    "away from zero it goes, and that is said": (
        Replicas(0, 6, initial=3),
        CapacityRange(2, 6),
        0,
        "to have it back from zero, write resource.initial_replicas: 3",
    ),
    "away from zero, with the config": (
        Replicas(0, 6, initial=3, returning=3),
        CapacityRange(2, 6),
        0,
        "",
    ),
}


@pytest.mark.parametrize(("replicas", "wanted", "initial", "told"), INITIALS.values(), ids=INITIALS)
def test_with_how_many_it_comes_back_from_zero_is_never_lost_in_silence(
    replicas: Replicas, wanted: CapacityRange, initial: int, told: str
) -> None:
    """The service forgets it whenever the floor is above 0; the config does not."""
    fit: Fit = fit_range(replicas, wanted)
    assert fit.initial == initial
    assert fit.remark.endswith(told)
    assert bool(fit.remark) is bool(told)


def test_the_configs_number_is_read_with_the_range() -> None:
    """From resource.initial_replicas."""
    answer = {"deployedModels": [{**OLD, "dedicatedResources": {"minReplicaCount": 2}}]}
    resource = DeployedModel("p", "l", "123", api_version=BETA, initial_replicas="3")
    found = read_replicas(answer, resource)
    assert not isinstance(found, Missing)
    assert found.returning == 3


SHAPES: Mapping[str, tuple[Mapping[str, str], str]] = {
    "a display name": ({"model": "My model, v2"}, ""),
    "a full name": ({"model": "projects/p/locations/l/models/123"}, ""),
    "both": ({"model": "llm", "deployed_model": "7"}, "resource.model: got 'llm' beside"),
    "no replicas": ({"initial_replicas": "0"}, "resource.initial_replicas: got 0, expected"),
    "not a number": ({"initial_replicas": "two"}, "resource.initial_replicas: got 'two'"),
}


@pytest.mark.parametrize(("named", "told"), SHAPES.values(), ids=SHAPES)
def test_a_resource_that_names_its_model_has_a_shape(named: Mapping[str, str], told: str) -> None:
    """Told by validate with its field, and by the adapter."""
    whole = {"project": "acme-ml", "location": "europe-west4", "endpoint": "123", **named}
    faults = [str(each) for each in check_google(whole)]
    assert len(faults) == bool(told)
    assert all(each.startswith(told) for each in faults)


def test_a_version_of_ai_platform_is_still_named_by_ids() -> None:
    """They become a part of a URL."""
    (fault,) = check_google({"project": "acme-ml", "model": "a b", "version": "v1"})
    assert (fault.key, fault.text) == (
        "model",
        "got 'a b', expected letters, digits, '.', '_' and '-'",
    )
