"""How are the steps of a deployment carried out, so that a second time nothing is changed?

A step that fails for the moment alone, as just after a service was switched on, is found and made
again. Nothing else is tried twice.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from time import sleep
from typing import Any

from deploy.gcp.failure import INSTALL, CommandError, explain
from deploy.gcp.step import (
    Command,
    Enable,
    Ensure,
    Grant,
    Learn,
    Repeat,
    Step,
    UnknownError,
    When,
    fill,
    fill_all,
    has_binding,
    holds,
    split_given,
    write_command,
)

Ask = Callable[[Sequence[str]], str]
"""Runs gcloud with these words, and gives what it prints; raises CommandError."""
Say = Callable[[str], None]
Rest = Callable[[float], None]
"""Waits so many seconds."""

WAITS_S = (5.0, 10.0, 15.0, *(30.0,) * 19)
"""Before a step is made again: ten minutes in all, as long as a new metric of logs may take."""
LOOKS = 6
"""So often what was just made is looked for: lists lag behind."""
LOOK_S = 5.0


class FixedError(Exception):
    """Something is there that is not as it should be and cannot be changed."""


class UndoError(Exception):
    """Some steps could not be undone; the message has each with its reason."""


def ask_gcloud(words: Sequence[str]) -> str:
    """Run gcloud, which asks nothing back.

    Raises:
        CommandError: It is not installed, or it failed.
    """
    words, given = split_given(words)
    try:
        ran = subprocess.run(  # noqa: S603  (our own arguments)
            ["gcloud", *words],  # noqa: S607  (as a person has it)
            input=given or "",
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "CLOUDSDK_CORE_DISABLE_PROMPTS": "1"},
        )
    except FileNotFoundError:
        raise CommandError(INSTALL, halts=True) from None
    if ran.returncode:
        raise explain(words, write_command(tuple(words)), ran.stderr.strip())
    return ran.stdout


def make(
    steps: Sequence[Step],
    ask: Ask,
    say: Say,
    known: dict[str, str] | None = None,
    rest: Rest = sleep,
) -> int:
    """Carry out steps; broken off anywhere, the next run makes the rest.

    Args:
        steps: In order.
        ask: Runs gcloud.
        say: Told what is changed.
        known: What was learned is put into it.
        rest: Waits before a step is made again.

    Returns:
        How many of them changed something.

    Raises:
        CommandError: A command failed, for good or for ten minutes.
        FixedError: Something is there already, and is another thing.
        UnknownError: Something that was asked for was not told.
    """
    learned = {} if known is None else known
    return sum(_make_at_last(step, learned, ask, say, rest) for step in steps)


def undo(steps: Sequence[Step], ask: Ask, say: Say) -> int:
    """Undo steps, the last one first; what is not there any more is passed over.

    One that cannot be undone keeps no other from being undone.

    Returns:
        How many of them changed something.

    Raises:
        CommandError: gcloud itself is of no use here.
        UndoError: Some could not be undone; the next run tries them again.
    """
    known: dict[str, str] = {}
    count, failed = 0, []
    if steps and isinstance(steps[0], Learn):  # whether there is such a project, before all else
        _make(steps[0], known, ask, say, sleep)
    for step in reversed(steps):
        try:
            count += _undo(step, known, ask, say)
        except CommandError as error:
            if error.halts:
                raise
            if not error.is_gone:
                say(f"! {step.title}")
                failed.append(f"{step.title}: {error}")
    if failed:
        rest = "everything else was undone; run it again for the rest"
        raise UndoError("\n".join([*failed, f"{len(failed)} of {len(steps)} failed, {rest}"]))
    return count


def _make_at_last(step: Step, known: dict[str, str], ask: Ask, say: Say, rest: Rest) -> bool:
    """Carry out a step, again and again while only the moment is wrong."""
    changed = False

    def say_once(line: str) -> None:
        nonlocal changed
        if not changed:
            say(line)
        changed = True

    for wait_s in WAITS_S:
        try:
            return _make(step, known, ask, say_once, rest) or changed
        except CommandError as error:
            if not error.passes:
                raise
            say(f"  not yet, again in {wait_s:g} s: {error.said.splitlines()[0]}")
            rest(wait_s)
    return _make(step, known, ask, say_once, rest) or changed


def _make(step: Step, known: dict[str, str], ask: Ask, say: Say, rest: Rest) -> bool:
    match step:
        case Learn():
            told = ask(fill(step.ask, known)).split()
            if len(told) != 1:
                how_many = "nothing was" if not told else f"{len(told)} words were"
                asked = f"{how_many} told by {write_command(step.ask)}"
                helps = f"\nRemedy: {step.remedy}" if step.remedy else ""
                raise UnknownError(f"{step.title}: {asked}{helps}")
            known[step.name] = told[0]
            return False
        case Enable():
            found = json.loads(ask(step.find) or "[]")
            names = {each.get("config", {}).get("name") for each in found}
            lacking = [each for each in step.services if each not in names]
            if lacking:
                say(f"+ {step.title}: {', '.join(lacking)}")
                ask(step.enable(lacking))
            return bool(lacking)
        case Ensure():
            return _ensure(step, known, ask, say, rest)
        case Grant():
            has = _has(step, known, ask)
            if has == step.is_wanted:
                return False
            say(f"{'+' if step.is_wanted else '-'} {step.title}")
            ask(fill(step.add if step.is_wanted else step.remove, known))
            return True
        case Repeat():
            ask(fill(step.command, known))
            return False
        case When():
            found_one = _find(step.find, known, ask)
            if found_one is None:
                return False
            _learn(step, found_one, known)
            say(f"~ {step.title}")
            _run(step.then, known, ask)
            return True


def _ensure(step: Ensure, known: dict[str, str], ask: Ask, say: Say, rest: Rest) -> bool:
    found = _find(step.find, known, ask)
    if found is None:
        if not step.create:
            raise UnknownError(f"{step.title}: it is not there, and nothing of ours makes it")
        say(f"+ {step.title}")
        _run(step.create, known, ask)
        if step.known:
            _learn(step, _find_made(step, known, ask, rest), known)
        return True
    _learn(step, found, known)
    _refuse_fixed(step, found, known)
    if step.look:
        found = json.loads(ask(fill(step.look, known)))
    if not step.update or holds(fill_all(step.wanted, known), found):
        return False
    say(f"~ {step.title}")
    _run(step.update, known, ask)
    return True


def _find_made(step: Ensure, known: dict[str, str], ask: Ask, rest: Rest) -> Mapping[str, Any]:
    """Find what was made a moment ago: made again, there would be two of it.

    Raises:
        UnknownError: It does not show.
    """
    for _ in range(LOOKS):
        found = _find(step.find, known, ask)
        if found is not None:
            return found
        rest(LOOK_S)
    raise UnknownError(
        f"{step.title}: it was made, and is not listed yet by {write_command(step.find)}; "
        "run the deployment again in a minute"
    )


def _refuse_fixed(step: Ensure, found: Mapping[str, Any], known: Mapping[str, str]) -> None:
    for field, wanted in fill_all(step.fixed, known).items():
        if not holds(wanted, found.get(field)):
            raise FixedError(
                f"{step.title}: there is one whose {field} is {found.get(field)}, not {wanted}, "
                "which cannot be changed. Remedy: name another --name, or the --region of before; "
                "or delete it by hand, if nothing of it is needed"
            )


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


def _learn(step: Ensure | When, found: Mapping[str, Any], known: dict[str, str]) -> None:
    for name, field in step.known.items():
        if field in found:
            known[name] = str(found[field])


def _run(commands: Sequence[Command], known: Mapping[str, str], ask: Ask) -> None:
    for command in commands:
        ask(fill(command, known))
