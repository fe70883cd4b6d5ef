"""What does Google get of a deployment, when its own gcloud sends it?"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from deploy.gcp.__main__ import build
from deploy.gcp.place import Place
from deploy.gcp.step import Ensure, Grant, fill, fill_all, has_binding, holds
from deploy.gcp.steps import list_steps
from tests.gcp.crosscheck import INSTALL
from tests.gcp.discovery import check_request, find_method
from tests.gcp.sent import Call, send

pytestmark = [pytest.mark.enable_socket, pytest.mark.slow]

AT_ONCE = 4
PLACE = Place(
    "acme-ml", "europe-west4", mode="apply", email="ops@example.com", digest="d1", source="source"
)
KNOWN = {"number": "123456", "channel": "projects/acme-ml/notificationChannels/1"}
KNOWN |= {"people": "projects/acme-ml/notificationChannels/2"}
KNOWN |= {"subscription": "projects/acme-ml/subscriptions/eventarc-7"}
KNOWN |= {"subscription_id": "eventarc-7", "dead_man": "projects/acme-ml/alertPolicies/3"}
KNOWN |= {each: f"projects/acme-ml/alertPolicies/{each}" for each in ("fails", "held")}
MADE: Mapping[str, tuple[str, str, str]] = {
    "The service account flyball-run: what both functions run as": ("iam.v1", "serviceAccount", ""),
    "The role flyball.decide: read capacity and metrics": ("iam.v1", "role", ""),
    "The topic flyball-alerts: what Monitoring tells": ("pubsub.v1", "", ""),
    "What keeps the quarantine for a week, for people": ("pubsub.v1", "", ""),
    "The ledger's database flyball": ("firestore.v1", "", ""),
    "No index of ledger.body": ("firestore.v1", "", ""),
    "The channel by which alerts reach its function": ("monitoring.v3", "", ""),
    "The function flyball-alert, of alerts": ("cloudfunctions.v2", "", "state"),
    "What it failed to handle too often is put aside": ("pubsub.v1", "subscription", ""),
    "What pushes handed-on targets to the function of alerts": ("pubsub.v1", "", ""),
    "The function flyball-tick, of every minute": ("cloudfunctions.v2", "", "state"),
    "The job of every minute": ("cloudscheduler.v1", "", "state"),
    "The metric flyball-failed: calls in which a target could not be handled": (
        "logging.v2",
        "",
        "",
    ),
    "The metric flyball-desired: capacity that a change was to: of a range, its floor": (
        "logging.v2",
        "",
        "",
    ),
    "The alert for people: no tick succeeded, or something was put aside": (
        "monitoring.v3",
        "",
        "",
    ),
    "The alert for people: a target is held, or cannot have what it wants": (
        "monitoring.v3",
        "",
        "",
    ),
    "The dashboard": ("monitoring.v1", "", ""),
}
"""By a step's title: Google's document, the field of the body that is the resource ("": all of it),
and what only the service says of it."""
GRANTS = ("What remembering takes, in the one database", "What ticks may call it")
STEPS = {each.title: each for each in list_steps(PLACE)}


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Call]]:
    """Let gcloud send what makes each thing; skips where there is no gcloud, and says why."""
    if shutil.which("gcloud") is None:
        pytest.skip(f"gcloud is not on the PATH, so nothing is sent by it; {INSTALL}")
    folder = tmp_path_factory.mktemp("gcloud")
    (folder / "source").mkdir()
    (folder / "source" / "main.py").write_text("def on_alert(event): ...\n", encoding="utf-8")
    (folder / "source" / "requirements.txt").write_text("functions-framework\n", encoding="utf-8")
    commands: dict[str, list[str]] = {}
    for title in (*MADE, *GRANTS):
        step = STEPS[title]
        assert isinstance(step, Ensure | Grant)
        words = step.add if isinstance(step, Grant) else (step.create or step.update)[0]
        commands[title] = fill(words, KNOWN)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        calls = pool.map(lambda words: send(words, folder), commands.values())
        return dict(zip(commands, calls, strict=True))


@pytest.mark.parametrize("title", MADE)
def test_what_is_sent_is_what_google_knows_and_what_is_looked_for(
    sent: dict[str, list[Call]], title: str
) -> None:
    """One change, of a documented form; found again, it is as it is wanted, so it is left alone."""
    document, field, by_service = MADE[title]
    (call,) = sent[title]
    method = find_method((document,), call.verb, call.path)
    check_request(method, _without_standard(call), call.body)
    step = STEPS[title]
    assert isinstance(step, Ensure)
    sought = fill_all({**step.wanted, **step.fixed}, KNOWN)
    wanted = {key: each for key, each in sought.items() if key != by_service}
    resource = call.body[field] if field else call.body
    assert holds(wanted, resource), (wanted, resource)
    assert wanted or title.startswith("No index")


@pytest.mark.parametrize("title", GRANTS)
def test_a_grant_is_found_as_it_was_sent(sent: dict[str, list[Call]], title: str) -> None:
    """Its condition too: what is sent is the one binding, and found again it is not added again."""
    step = STEPS[title]
    assert isinstance(step, Grant)
    (call,) = sent[title]
    policy = call.body["policy"]
    assert has_binding(policy, step, fill((step.member,), KNOWN)[0])
    (binding,) = policy["bindings"]
    given = dict(zip(("title", "expression"), step.condition or (), strict=False))
    assert binding.get("condition", {}) == given


def test_a_message_that_fails_comes_again(sent: dict[str, list[Call]]) -> None:
    """The trigger of alerts retries, and calls as an account of its own."""
    (call,) = sent["The function flyball-alert, of alerts"]
    trigger: dict[str, Any] = call.body["eventTrigger"]
    assert trigger["retryPolicy"] == "RETRY_POLICY_RETRY"
    assert trigger["pubsubTopic"] == PLACE.topic(PLACE.alerts)
    assert trigger["serviceAccountEmail"] == PLACE.account("trigger")


def test_nothing_of_the_ledger_that_is_large_is_indexed(sent: dict[str, list[Call]]) -> None:
    """An empty configuration stands for none; a missing one would be the database's usual."""
    (call,) = sent["No index of ledger.body"]
    assert call.body["indexConfig"] == {}
    assert call.query["updateMask"] == "indexConfig"


def test_every_kind_of_step_is_sent() -> None:
    """What a deployment makes has its like among what was checked."""
    groups = {_kind(step) for step in STEPS.values() if isinstance(step, Ensure)}
    checked = {_kind(STEPS[title]) for title in MADE}
    assert groups == checked


def _kind(step: object) -> tuple[str, ...]:
    assert isinstance(step, Ensure)
    return step.find[:3] if step.find[0] in {"alpha", "beta", "firestore"} else step.find[:2]


def _without_standard(call: Call) -> dict[str, str]:
    """Leave out what gcloud says in Python's words; proto3's JSON takes both."""
    words = {"True": "true", "False": "false"}
    return {name: words.get(value, value) for name, value in call.query.items()}


def test_what_is_compiled_is_uploaded(tmp_path_factory: pytest.TempPathFactory) -> None:
    """By gcloud's own list: nothing that it ignores by itself is missing."""
    if shutil.which("gcloud") is None:
        pytest.skip(f"gcloud is not on the PATH, so nothing is listed by it; {INSTALL}")
    folder = tmp_path_factory.mktemp("upload")
    build(f"python{sys.version_info.major}{sys.version_info.minor}", folder)
    ran = subprocess.run(
        ["gcloud", "meta", "list-files-for-upload", str(folder)],
        env={"PATH": os.environ["PATH"], "HOME": str(folder.parent / "home")},
        capture_output=True,
        text=True,
        check=True,
    )
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert set(ran.stdout.split()) == there - {".gcloudignore"}
    assert [name for name in there if name.endswith(".pyc")]
    assert any(path.endswith(".pyc") for path in there)
