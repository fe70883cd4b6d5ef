"""How are the steps of a deployment carried out, so that a second time nothing is changed?"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from deploy.gcp.step import (
    Command,
    Enable,
    Ensure,
    Grant,
    Learn,
    Step,
    UnknownError,
    When,
    fill,
    fill_all,
    has_binding,
    holds,
    write_command,
)

Ask = Callable[[Sequence[str]], str]
"""Runs gcloud with these words, and gives what it prints; raises CommandError."""
Say = Callable[[str], None]


class CommandError(Exception):
    """A command of gcloud failed; the message has the command and gcloud's own words."""


def ask_gcloud(words: Sequence[str]) -> str:
    """Run gcloud.

    Raises:
        CommandError: It is not installed, or it failed.
    """
    try:
        ran = subprocess.run(  # noqa: S603  (our own arguments)
            ["gcloud", *words],  # noqa: S607  (as a person has it)
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise CommandError(
            "gcloud is not installed here: https://cloud.google.com/sdk/docs/install"
        ) from None
    if ran.returncode:
        raise CommandError(f"{write_command(tuple(words))}\n{ran.stderr.strip()}")
    return ran.stdout


def make(steps: Sequence[Step], ask: Ask, say: Say, known: dict[str, str] | None = None) -> int:
    """Carry out steps; broken off anywhere, the next run makes the rest.

    Args:
        steps: In order.
        ask: Runs gcloud.
        say: Told what is changed.
        known: What was learned is put into it.

    Returns:
        How many of them changed something.

    Raises:
        CommandError: A command failed.
        UnknownError: Something that was asked for was not told.
    """
    learned = {} if known is None else known
    return sum(_make(step, learned, ask, say) for step in steps)


def undo(steps: Sequence[Step], ask: Ask, say: Say) -> int:
    """Undo steps, the last one first; what is not there any more is passed over.

    Returns:
        How many of them changed something.

    Raises:
        CommandError: A command failed.
    """
    known: dict[str, str] = {}
    return sum(_undo(step, known, ask, say) for step in reversed(steps))


def _make(step: Step, known: dict[str, str], ask: Ask, say: Say) -> bool:
    match step:
        case Learn():
            told = ask(fill(step.ask, known)).strip()
            if not told:
                raise UnknownError(f"{step.title}: nothing was told by {write_command(step.ask)}")
            known[step.name] = told
            return False
        case Enable():
            found = json.loads(ask(step.find) or "[]")
            names = {each.get("config", {}).get("name") for each in found}
            lacking = [each for each in step.services if each not in names]
            if lacking:
                say(f"+ {step.title}: {', '.join(lacking)}")
                _run((step.enable(lacking), *step.then), known, ask)
            return bool(lacking)
        case Ensure():
            return _ensure(step, known, ask, say)
        case Grant():
            has = _has(step, known, ask)
            if has == step.is_wanted:
                return False
            say(f"{'+' if step.is_wanted else '-'} {step.title}")
            ask(fill(step.add if step.is_wanted else step.remove, known))
            return True
        case When():
            if _find(step.find, known, ask) is None:
                return False
            say(f"~ {step.title}")
            _run(step.then, known, ask)
            return True


def _ensure(step: Ensure, known: dict[str, str], ask: Ask, say: Say) -> bool:
    found = _find(step.find, known, ask)
    if found is None:
        if not step.create:
            raise UnknownError(f"{step.title}: it is not there, and nothing of ours makes it")
        say(f"+ {step.title}")
        _run(step.create, known, ask)
        if step.known:
            _learn(step, _find(step.find, known, ask) or {}, known)
        return True
    _learn(step, found, known)
    if step.look:
        found = json.loads(ask(fill(step.look, known)))
    if not step.update or holds(fill_all(step.wanted, known), found):
        return False
    say(f"~ {step.title}")
    _run(step.update, known, ask)
    return True


def _undo(step: Step, known: dict[str, str], ask: Ask, say: Say) -> bool:
    match step:
        case Ensure() if step.delete:
            found = _find(step.find, known, ask)
            if found is not None:
                _learn(step, found, known)
                say(f"- {step.title}")
                _run(step.delete, known, ask)
                return True
        case Grant() if not step.outlives and _has(step, known, ask):
            say(f"- {step.title}")
            ask(fill(step.remove, known))
            return True
        case _:
            pass
    return False


def _has(grant: Grant, known: Mapping[str, str], ask: Ask) -> bool:
    policy = json.loads(ask(fill(grant.find, known)) or "{}")
    return has_binding(policy, grant, fill((grant.member,), known)[0])


def _find(find: Command, known: Mapping[str, str], ask: Ask) -> Mapping[str, Any] | None:
    found = json.loads(ask(fill(find, known)) or "[]")
    return found[0] if found else None


def _learn(step: Ensure, found: Mapping[str, Any], known: dict[str, str]) -> None:
    for name, field in step.known.items():
        if field in found:
            known[name] = str(found[field])


def _run(commands: Sequence[Command], known: Mapping[str, str], ask: Ask) -> None:
    for command in commands:
        ask(fill(command, known))
