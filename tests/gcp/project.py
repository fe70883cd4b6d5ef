"""What does gcloud say of a project in which steps of a deployment come and go?

It knows what each command makes of what is there, and refuses every other command.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from deploy.gcp.run import CommandError
from deploy.gcp.step import Enable, Ensure, Grant, Learn, Step, When, fill, fill_all

TOLD = {"number": "123456", "subscription": "projects/acme-ml/subscriptions/eventarc-7"}
"""What is asked for by itself."""


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
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        self.found: dict[str, Any] = {}
        self.bindings: set[str] = set()
        self.enabled: set[str] = set()
        self.deleted: set[str] = set()
        self.ran: list[list[str]] = []
        self.fails: int | None = None
        self.use(steps)

    def use(self, steps: Sequence[Step]) -> None:
        """Know the commands of these steps from now on."""
        self.steps = steps
        self._known = dict(TOLD)
        for step in steps:
            if isinstance(step, Ensure):
                self._known |= {
                    name: f"{field} of {step.title}" for name, field in step.known.items()
                }

    def ask(self, words: Sequence[str]) -> str:
        """Carry out a command, as ask_gcloud does."""
        for step in self.steps:
            told = self._answer(step, list(words))
            if told is not None:
                return told
        raise AssertionError(f"no step has the command {words}")

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
            case Enable() if words in [fill(each, self._known) for each in step.then]:
                self._run(words)
                return ""
            case Grant():
                return self._bind(step, words)
            case Ensure():
                return self._hold(step, words)
            case When() if words == fill(step.find, self._known):
                return "[{}]" if step.title in self.deleted else "[]"
            case When() if words in [fill(each, self._known) for each in step.then]:
                self._run(words)
                self.deleted.discard(step.title)
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
            if there is None and not step.create:
                there = self._make(step, {})
            return json.dumps([] if there is None else [there])
        if step.look and words == fill(step.look, self._known):
            return json.dumps(there)
        if words in [fill(each, self._known) for each in (*step.create, *step.update)]:
            self._run(words)
            self.found[step.title] = self._make(step, fill_all(step.wanted, self._known))
            return ""
        if words in [fill(each, self._known) for each in step.delete]:
            self._run(words)
            self.found.pop(step.title, None)
            return ""
        return None

    def _make(self, step: Ensure, wanted: Any) -> dict[str, Any]:
        made = {field: self._known[name] for name, field in step.known.items()}
        return {**wanted, **made, "etag": "etag of The dashboard", "createTime": "then"}

    def _run(self, words: list[str]) -> None:
        if self.fails is not None and len(self.ran) >= self.fails:
            self.fails = None
            raise CommandError("PERMISSION_DENIED")
        self.ran.append(words)
