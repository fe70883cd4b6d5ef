"""What does gcloud say of a project in which steps of a deployment come and go?

It knows what each command makes of what is there, and refuses every other command.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from deploy.gcp.failure import CommandError
from deploy.gcp.step import (
    Enable,
    Ensure,
    Grant,
    Learn,
    Repeat,
    Step,
    When,
    fill,
    fill_all,
)

TOLD = {
    "number": "123456",
    "location": "europe-west4",
    "trigger": "projects/acme-ml/locations/europe-west4/triggers/flyball-alert-7",
    "subscription": "projects/acme-ml/subscriptions/eventarc-7",
    "subscription_id": "eventarc-7",
}
"""What is asked for by itself."""
PEOPLE = "The channel by which people are told"
POLICIES = 6
"""Words of the command that lists all alert policies."""


class Project:
    """A project, as far as these steps are about it.

    Attributes:
        steps: Of a deployment.
        found: By a step's title: what is there.
        bindings: Titles of the grants that are there.
        enabled: Services.
        deleted: Titles of the roles that were deleted lately.
        ran: Every command that changes something, in order.
        fails: So many commands that change something are carried out before one fails.
        lands: That one is carried out all the same, and only its answer is lost.
        says: What it fails with.
        alarms: Alert policies that `flyball apply` made.
        jobs: Regions that have the job of every minute, and nothing else of it.
        targets: In force by the ledger; None: it cannot be asked.
        off: First words of the commands whose service is off before any is switched on.
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        self.found: dict[str, Any] = {}
        self.bindings: set[str] = set()
        self.enabled: set[str] = set()
        self.deleted: set[str] = set()
        self.ran: list[list[str]] = []
        self.fails: int | None = None
        self.lands = False
        self.says = "PERMISSION_DENIED"
        self.alarms: list[dict[str, Any]] = []
        self.jobs: dict[str, str] = {}
        self.targets: tuple[str, ...] | None = ()
        self.off: set[str] = set()
        self.use(steps)

    def use(self, steps: Sequence[Step]) -> None:
        """Know the commands of these steps from now on."""
        self.steps = steps
        self._known = dict(TOLD)
        for step in steps:
            if isinstance(step, Ensure | When):
                of = step.title if isinstance(step, Ensure) else PEOPLE
                self._known |= {name: f"{field} of {of}" for name, field in step.known.items()}

    def ask(self, words: Sequence[str]) -> str:
        """Carry out a command, as ask_gcloud does."""
        surveyed = self._survey(list(words))
        if surveyed is not None:
            return surveyed
        for step in self.steps:
            told = self._answer(step, list(words))
            if told is not None:
                if self.lands and self.fails is not None and len(self.ran) > self.fails:
                    self.fails = None
                    raise CommandError(self.says)
                return told
        raise AssertionError(f"no step has the command {words}")

    def _survey(self, words: list[str]) -> str | None:
        """Tell what is there, whatever the steps are."""
        if words[0] in self.off and not self.enabled:
            raise CommandError("API has not been used in project acme-ml before or it is disabled")
        if words[:2] == ["functions", "list"] and "--regions=-" in words:
            return self._list("The function ")
        if words[:4] == ["alpha", "monitoring", "policies", "list"] and len(words) == POLICIES:
            return json.dumps([*json.loads(self._list("The alert for people")), *self.alarms])
        if words[:3] == ["beta", "monitoring", "channels"] and 'type="email"' in words[-2]:
            return self._list("The channel by which people")
        if words[:3] == ["firestore", "databases", "list"]:
            return self._list("The ledger's database")
        if words[:3] == ["scheduler", "locations", "list"]:
            return "\n".join(sorted({"europe-west1", *self.jobs}))
        if words[:3] == ["scheduler", "jobs", "list"] and not self.steps:
            return json.dumps([{"name": words[5]}] if words[4][11:] in self.jobs else [])
        if words[:2] == ["projects", "describe"]:
            return TOLD["number"] + "\n"
        if words[:2] == ["projects", "get-iam-policy"] and not self.steps:
            return "{}"
        return None

    def _list(self, begins: str) -> str:
        return json.dumps([each for title, each in self.found.items() if title.startswith(begins)])

    def _answer(self, step: Step, words: list[str]) -> str | None:
        match step:
            case Learn() if words == fill(step.ask, self._known):
                return TOLD[step.name] + "\n"
            case Enable() if words == list(step.find):
                return json.dumps([{"config": {"name": each}} for each in sorted(self.enabled)])
            case Enable() if words[:2] == ["services", "enable"]:
                self._run(words)
                self.enabled |= {each for each in words[2:] if not each.startswith("-")}
                return ""
            case Repeat() if words == fill(step.command, self._known):
                assert set(self.enabled), "an agent of a service that is not on"
                return ""
            case Grant():
                return self._bind(step, words)
            case Ensure():
                return self._hold(step, words)
            case When() if words == fill(step.find, self._known) and not step.known:
                return "[{}]" if step.title in self.deleted else "[]"
            case When() if words in [fill(each, self._known) for each in step.then]:
                self._run(words)
                self.deleted.discard(step.title)
                if step.known:
                    self.found.pop(PEOPLE)
                return ""
        return None

    def _bind(self, step: Grant, words: list[str]) -> str | None:
        if words == fill(step.find, self._known):
            same = [
                each
                for each in self.steps
                if isinstance(each, Grant)
                and each.title in self.bindings
                and (each.on, each.name) == (step.on, step.name)
            ]
            return json.dumps({"bindings": [self._write(each) for each in same]})
        if words == fill(step.add, self._known):
            self._run(words)
            self.bindings.add(step.title)
            return ""
        if words == fill(step.remove, self._known):
            self._run(words)
            self.bindings.remove(step.title)
            return ""
        return None

    def _write(self, step: Grant) -> dict[str, Any]:
        made: dict[str, Any] = {"role": step.role, "members": fill((step.member,), self._known)}
        if step.condition is not None:
            made["condition"] = dict(zip(("title", "expression"), step.condition, strict=True))
        return made

    def _hold(self, step: Ensure, words: list[str]) -> str | None:
        there = self.found.get(step.title)
        if words == fill(step.find, self._known):
            named = {each[14:] for each in step.find if each.startswith("--filter=name=pro")}
            if there is not None and named and there.get("name") not in named:
                there = None  # that of another region
            if there is None and not step.create:
                there = self._make(step, {})
            return json.dumps([] if there is None else [there])
        if step.look and words == fill(step.look, self._known):
            return json.dumps(there)
        if words in [fill(each, self._known) for each in (*step.create, *step.update)]:
            self._run(words)
            wanted = {**step.wanted, **step.fixed}
            self.found[step.title] = self._make(step, fill_all(wanted, self._known))
            return ""
        if words in [fill(each, self._known) for each in step.delete]:
            self._run(words)
            self.found.pop(step.title, None)
            return ""
        return None

    def _make(self, step: Ensure, wanted: Any) -> dict[str, Any]:
        name = next((each[14:] for each in step.find if each.startswith("--filter=name=pro")), None)
        named = {"name": name} if name else {}
        made = named | {field: self._known[name] for name, field in step.known.items()}
        return {**wanted, **made, "etag": "etag of The dashboard", "createTime": "then"}

    def _run(self, words: list[str]) -> None:
        if not self.lands and self.fails is not None and len(self.ran) >= self.fails:
            self.fails = None
            raise CommandError(self.says)
        self.ran.append(words)
