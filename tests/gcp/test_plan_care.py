"""Does a plan for Google Cloud refuse what would leave a range to nobody, or to two?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from flyball.adapters.gcp.firestore import FirestoreLedger
from flyball.config.load import compile_config, load
from flyball.core.model import Missing, MissingCause
from tests.aws.account import look
from tests.gcp.conftest import Store
from tests.gcp.desk import CONFIG, HIGH, Desk, apply, destroy, plan, sit_down, write
from tests.gcp.serving import Server
from tests.gcp.stage import serve
from tests.rig import MINUTE
from tests.unit.cli.commands import Done, flyball

pytestmark = pytest.mark.enable_socket

ADVISING = CONFIG.replace("mode: apply", "mode: advise")
NOT_YET = "no function has looked at it yet: nobody might be in charge"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Serve for all tests of this module."""
    with serve() as found:
        yield found


@pytest.fixture
def desk(server: Server, store: Store, tmp_path: Path) -> Iterator[Desk]:
    """Sit down before an empty project."""
    with sit_down(server, store, tmp_path) as found:
        yield found


def begin(*options: str) -> Done:
    """Plan that it begins to apply, as anybody would."""
    write(CONFIG)
    return flyball("plan", "--config", "flyball.yaml", *options)


def expect_refusal(text: str) -> None:
    """See that it may not begin, and that it may once it is said."""
    done = begin()
    assert done.code == 1, done
    assert f"fail  gpu: in charge: {text}" in done.out, done.out
    assert "set `mode: apply` then; --unseen goes ahead all the same" in done.out
    done = begin("--unseen")
    assert done.code == 2, done
    assert f"warn  gpu: in charge: {text}" in done.out


@contextmanager
def other_stage(desk: Desk) -> Iterator[FirestoreLedger]:
    """Be another deployment in the same project, for the length of a block."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLYBALL_FIRESTORE_DATABASE", "prod")
        patch.setenv("FLYBALL_ALARM_PREFIX", "prod")
        yield FirestoreLedger(desk.store.wire, desk.store.project, database="prod")


def test_what_no_function_has_looked_at_does_not_begin_to_apply(desk: Desk) -> None:
    """Made so at once, or after it only advised; once it was looked at it may."""
    expect_refusal(NOT_YET)
    write(ADVISING)
    assert flyball("apply", "--config", "flyball.yaml", "--yes").code == 0
    expect_refusal(NOT_YET)
    look(desk.store.ledger, "gpu", ago=60 * MINUTE, load=0.5)
    expect_refusal("no function has looked at it since 2")
    look(desk.store.ledger, "gpu", load=0.5)
    done = begin()
    assert done.code == 2, done
    assert "in charge: " not in done.out
    assert flyball("apply", "--config", "flyball.yaml", "--yes").code == 0


def test_what_applies_already_is_not_held_up(desk: Desk) -> None:
    """A function that stands still is the doctor's to tell; the config may be mended meanwhile."""
    assert apply().code == 0
    look(desk.store.ledger, "gpu", ago=timedelta(hours=9), load=0.5)
    write(CONFIG.replace("60}", "70}"))
    done = flyball("plan", "--config", "flyball.yaml")
    assert done.code == 2, done
    assert "in charge: " not in done.out


def test_a_look_that_saw_nothing_or_another_config_is_none(desk: Desk) -> None:
    """Without permission, or under a wrong metric, nothing would be decided."""
    write(ADVISING)
    assert apply().code == 0
    look(desk.store.ledger, "gpu", capacity=Missing(MissingCause.SOURCE_FAILED, "denied"))
    expect_refusal("at its last look it could not see its capacity: denied")
    look(desk.store.ledger, "gpu", load=Missing(MissingCause.NO_DATA))
    expect_refusal("at its last look it could not see any of its metrics: duty")
    look(desk.store.ledger, "gpu", load=0.5)
    write(ADVISING.replace("60}", "70}"))
    assert apply().code == 0
    expect_refusal("no function has looked at it since its config changed")


def test_another_resource_is_begun_with_anew(desk: Desk) -> None:
    """A look at one endpoint says nothing of another."""
    assert apply().code == 0
    look(desk.store.ledger, "gpu", load=0.5)
    endpoints = desk.stage.vertex.endpoints
    ((path, models),) = endpoints.items()
    endpoints[path.replace("123", "456")] = models
    write(CONFIG.replace('endpoint: "123"', 'endpoint: "456"'))
    done = flyball("plan", "--config", "flyball.yaml")
    assert done.code == 1, done
    assert f"fail  gpu: in charge: {NOT_YET}" in done.out


def test_a_deployment_that_only_advises_is_in_charge_of_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing begins to apply there, unless it is said; what only advises may come."""
    monkeypatch.setenv("FLYBALL_MODE", "advise")
    done = begin()
    assert done.code == 1
    assert "fail  gpu: in charge: the deployment only advises, so nobody would be" in done.out
    write(ADVISING)
    assert flyball("plan", "--config", "flyball.yaml").code == 2
    assert desk.ours() == []


def test_a_target_under_a_new_name_goes_on(desk: Desk) -> None:
    """--prune puts it in the old one's place: nobody begins."""
    assert apply().code == 0
    write(CONFIG.replace("id: gpu", "id: llm"))
    done = flyball("plan", "--config", "flyball.yaml", "--prune")
    assert done.code == 2, done
    assert "in charge: " not in done.out
    assert desk.ours()


def test_two_deployments_do_not_apply_to_one_model(desk: Desk) -> None:
    """The second is refused, whatever it calls it; once the first only advises, it may."""
    with other_stage(desk):
        assert apply().code == 0
        assert desk.ours() == ["prod/gpu/track/high", "prod/gpu/track/low"]
    write(CONFIG.replace("id: gpu", "id: mine"))
    done = plan()
    assert done.code == 1, done
    theirs = "gpu of another deployment (prefix prod) applies on the same resource"
    assert f"fail  mine: deployments: {theirs} too" in done.out
    assert "both would scale it: set `mode: advise` there first" in done.out
    write(ADVISING)
    done = plan()
    assert done.code == 2, done
    assert f"ok    gpu: deployments: {theirs}: that one is in charge" in done.out
    with other_stage(desk):
        assert apply().code == 0
    write(CONFIG)
    done = plan()
    assert done.code == 2, done
    assert "another deployment" not in done.out


def test_another_deployment_elsewhere_is_no_rival(desk: Desk) -> None:
    """On another model of the endpoint, or gone but for its alert policies."""
    with other_stage(desk):
        assert apply().code == 0
    models = next(iter(desk.stage.vertex.endpoints.values()))
    models.append(type(models[0])(1, 4, id="8"))
    write(CONFIG.replace("project: acme", "project: acme-eu"))
    assert "another deployment" not in plan().out
    write(CONFIG.replace('deployed_model: "7"', 'deployed_model: "8"'))
    assert "another deployment" not in plan().out
    write(CONFIG)
    with other_stage(desk) as ledger:
        (compiled,) = compile_config(load("flyball.yaml"))
        ledger.retire(compiled[0], desk.stage.clock.at)
    done = plan()
    assert done.code == 2, done
    assert "another deployment" not in done.out


def test_a_deployment_whose_database_cannot_be_read_is_named(desk: Desk) -> None:
    """That it may apply is said."""
    assert apply().code == 0
    for policy in desk.policies.policies.values():
        policy.user_labels["flyball-prefix"] = "elsewhere"
    done = plan()
    assert "gpu of another deployment (prefix elsewhere)" not in done.out  # its database is empty
    for policy in desk.policies.policies.values():
        policy.user_labels["flyball-prefix"] = "a_2fb"
    done = plan()
    assert "gpu of another deployment (prefix a/b) is on the same resource, and its" in done.out


def test_who_names_no_model_means_the_only_one(desk: Desk) -> None:
    """So another target of the endpoint is on the same."""
    twin = CONFIG.partition("scalable_targets:\n")[2].replace("id: gpu", "id: any")
    write(CONFIG + twin.replace(', deployed_model: "7"', ""))
    done = plan()
    assert done.code == 1, done
    assert "endpoints/123/deployedModels/- is scaled by gpu too" in done.out
    write(CONFIG)
    assert apply().code == 0
    assert HIGH in desk.ours()
    assert destroy().code == 0
