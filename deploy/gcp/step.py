"""What is one step of a deployment: how is it found, and which commands mend what differs?

A word of a command may hold ${names} of what was learned before: a project's number, or the name
that the service gave to something. They are filled in when it is run, and printed as a shell's.
A last word that begins with "<" is no word: the rest of it is what the command reads.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

Command = tuple[str, ...]
"""What comes after `gcloud`."""
Json = Any
READS = "<"
"""How a last word begins that is what the command reads."""

_NAME = re.compile(r"\$\{([a-z_]+)\}")


class UnknownError(Exception):
    """A command needs what nothing before it has told."""


class Learn(NamedTuple):
    """Ask for one text, which later commands name.

    Attributes:
        title: What it is.
        name: Under which it is known from then on.
        ask: Prints it, on one line.
        remedy: Where it prints nothing.
    """

    title: str
    name: str
    ask: Command
    remedy: str = ""


class Ensure(NamedTuple):
    """Something that is to be there, and as it should be.

    Attributes:
        title: What it is.
        find: Prints a JSON list, of one or of none.
        wanted: What has to be among what was found.
        create: Where there is none.
        update: Where it differs; none: it never does, or a service keeps it as it was made.
        delete: When all is undone; none: it goes with something else, or it stays.
        known: Of what was found: the name under which a field is known from then on.
        is_named_later: Another step names it.
        look: Prints the whole of what was found, as JSON; none: `find` does.
        fixed: What has to be among what was found, too, and cannot be changed once it is made.
    """

    title: str
    find: Command
    wanted: Mapping[str, Json]
    create: tuple[Command, ...]
    update: tuple[Command, ...] = ()
    delete: tuple[Command, ...] = ()
    known: Mapping[str, str] = {}
    is_named_later: bool = False
    look: Command = ()
    fixed: Mapping[str, Json] = {}


class Grant(NamedTuple):
    """A role that somebody has on something, or is not to have.

    Attributes:
        title: What for.
        on: The command group and name, such as ("pubsub", "topics") and ("flyball-alerts",).
        name: Of what it is on.
        flags: That all of its commands take.
        role: Its whole name.
        member: Whose.
        condition: (title, expression); None: unconditional.
        is_wanted: Whether it is to be there.
        outlives: What it is on is ours and goes, so that nobody takes the role back.
    """

    title: str
    on: Command
    name: str
    flags: Command
    role: str
    member: str
    condition: tuple[str, str] | None = None
    is_wanted: bool = True
    outlives: bool = False

    @property
    def find(self) -> Command:
        """Print all bindings."""
        return (*self.on, "get-iam-policy", self.name, *self.flags, "--format=json")

    @property
    def add(self) -> Command:
        """Give it."""
        return self._write("add")

    @property
    def remove(self) -> Command:
        """Take it back."""
        return self._write("remove")

    def _write(self, verb: str) -> Command:
        words = (*self.on, f"{verb}-iam-policy-binding", self.name, *self.flags)
        words = (*words, f"--member={self.member}", f"--role={self.role}", "--format=none")
        if self.condition is not None:
            title, expression = self.condition
            return (*words, f"--condition=^;^title={title};expression={expression}")
        return (*words, "--condition=None") if self.on == ("projects",) else words


class Enable(NamedTuple):
    """Services of a project that are to be switched on; they stay on, as others may use them.

    Attributes:
        title: What they are.
        services: Their names.
        flags: That both commands take.
    """

    title: str
    services: tuple[str, ...]
    flags: Command

    @property
    def find(self) -> Command:
        """Print those that are on."""
        return ("services", "list", "--enabled", *self.flags, "--format=json")

    def enable(self, services: Sequence[str]) -> Command:
        """Switch some on."""
        return ("services", "enable", *services, *self.flags)


class When(NamedTuple):
    """Something that is done only where something else is found.

    Attributes:
        title: What it is.
        find: Prints a JSON list.
        then: Where it is not empty.
        known: Of what was found: the name under which a field is known from then on.
    """

    title: str
    find: Command
    then: tuple[Command, ...]
    known: Mapping[str, str] = {}


class Repeat(NamedTuple):
    """Something that is done each time, as it cannot be found; a second time it changes nothing.

    Attributes:
        title: What it is.
        command: Does it.
    """

    title: str
    command: Command


Step = Learn | Enable | Ensure | Grant | When | Repeat


def fill(command: Command, known: Mapping[str, str]) -> list[str]:
    """Put in what was learned.

    Raises:
        UnknownError: Something was not.
    """

    def find(match: re.Match[str]) -> str:
        if match[1] not in known:
            raise UnknownError(f"nothing has told ${{{match[1]}}}, for: gcloud {' '.join(command)}")
        return known[match[1]]

    return [_NAME.sub(find, word) for word in command]


def fill_all(value: Json, known: Mapping[str, str]) -> Json:
    """Put what was learned into every text of JSON material."""
    if isinstance(value, Mapping):
        return {key: fill_all(each, known) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [fill_all(each, known) for each in value]
    return fill((value,), known)[0] if isinstance(value, str) else value


def holds(wanted: Json, found: Json) -> bool:
    """Say whether all that is wanted is among what was found.

    Numbers may be written as text, and what is nought, false or empty may be left out.
    """
    if isinstance(wanted, Mapping):
        if not isinstance(found, Mapping):
            return not wanted and found is None
        return all(holds(each, found.get(key)) for key, each in wanted.items())
    if isinstance(wanted, Sequence) and not isinstance(wanted, str):
        if not isinstance(found, Sequence) or isinstance(found, str):
            return not wanted and found is None
        return len(wanted) == len(found) and all(map(holds, wanted, found))
    if isinstance(wanted, bool):
        return wanted == bool(found)
    if isinstance(wanted, int | float):
        return _is_number(found or 0, wanted)
    return str(wanted) == str(found or "")


def _is_number(found: Json, wanted: float) -> bool:
    try:
        return float(found) == float(wanted)
    except (TypeError, ValueError):
        return False


def has_binding(policy: Json, grant: Grant, member: str) -> bool:
    """Say whether a policy of IAM has a grant."""
    title = grant.condition[0] if grant.condition else None
    return any(
        each.get("role") == grant.role
        and member in each.get("members", ())
        and (each.get("condition") or {}).get("title") == title
        for each in policy.get("bindings", ())
    )


def write_script(steps: Sequence[Step], *, deletes: bool = False) -> Iterator[str]:
    """Write steps as lines of a shell's script, which does what the program does.

    Args:
        steps: In order.
        deletes: Undo them, the last one first.
    """
    for step in reversed(steps) if deletes else steps:
        lines = list(_undo(step) if deletes else _do(step))
        if lines:
            yield ""
            yield f"# {step.title}"
            yield from lines


def write_command(command: Command) -> str:
    """Write a command so that a shell reads it as it is run."""
    words, given = split_given(command)
    written = " ".join(["gcloud", *map(_quote, words)])
    return written if given is None else f"printf %s {_quote(given)} | {written}"


def split_given(command: Sequence[str]) -> tuple[Sequence[str], str | None]:
    """Split a command into its words and what it reads; None: nothing."""
    if command and command[-1].startswith(READS):
        return command[:-1], command[-1].removeprefix(READS)
    return command, None


def _do(step: Step) -> Iterator[str]:
    match step:
        case Learn(_, name, ask, _):
            yield f'{name}="$({write_command(ask)})"'
        case Enable():
            yield f"# found by: {write_command(step.find)}"
            yield write_command(step.enable(step.services))
        case Repeat():
            yield write_command(step.command)
        case Ensure():
            yield from _ensure(step)
        case Grant():
            yield f"# found by: {write_command(step.find)}"
            yield write_command(step.add if step.is_wanted else step.remove) + (
                "" if step.is_wanted else " || true  # it may not be there"
            )
        case When():
            yield from _when(step)


def _ensure(step: Ensure) -> Iterator[str]:
    if step.create in {(), step.update}:
        yield f"# found by: {write_command(step.find)}"
        yield from map(write_command, step.update)
        return
    if step.look:
        yield f"# compared with: {write_command(step.look)}"
    yield f"if [ \"$({write_command(step.find)})\" = '[]' ]; then"
    yield from _indent(step.create)
    if step.update:
        yield "else"
        yield from _look_up(step, "  ")
        yield from _indent(step.update)
    yield "fi"
    if step.is_named_later:
        yield from _look_up(step)


def _undo(step: Step) -> Iterator[str]:
    match step:
        case Ensure() if step.delete:
            yield f"if [ \"$({write_command(step.find)})\" != '[]' ]; then"
            yield from _look_up(step, "  ")
            yield from _indent(step.delete)
            yield "fi"
        case Grant() if not step.outlives:
            yield f"# found by: {write_command(step.find)}"
            yield f"{write_command(step.remove)} || true  # it may not be there"
        case _:
            return


def _when(step: When) -> Iterator[str]:
    yield f"if [ \"$({write_command(step.find)})\" != '[]' ]; then"
    yield from _look_up(step, "  ")
    yield from _indent(step.then)
    yield "fi"


def _indent(commands: Sequence[Command]) -> Iterator[str]:
    yield from (f"  {write_command(each)}" for each in commands)


def _look_up(step: Ensure | When, indent: str = "") -> Iterator[str]:
    for name, field in step.known.items():
        words = (*step.find[:-1], f"--format=value({field})")
        yield f'{indent}{name}="$({write_command(words)})"'


def _quote(word: str) -> str:
    """Quote a word for a shell; the names of what was learned stay a shell's."""
    parts = _NAME.split(word)
    if len(parts) == 1:
        return shlex.quote(word)
    written = []
    for index, part in enumerate(parts):
        if index % 2:
            written.append(f'"${{{part}}}"')
        elif part:
            written.append(shlex.quote(part))
    return "".join(written)
