"""Does a file in which values were set say what it is to say, and nothing else?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import unified_diff
from pathlib import Path as FilePath

from flyball.config.edit import Edit, EditError, edit
from flyball.config.load import Config, loads
from flyball.config.problem import ConfigError, format_path
from flyball.core.target import ScalableTarget


def amend(
    config: Config,
    text: str,
    folder: FilePath,
    edits: Sequence[Edit],
    wanted: Mapping[str, ScalableTarget],
) -> str:
    """Set values in a file's text, and read it again.

    Args:
        config: What the text says.
        text: The file's.
        folder: Where the files that it names are.
        edits: What is set.
        wanted: By id, the scalable targets that it is to say then; all others as they were.

    Raises:
        EditError: It cannot be set, or would say something else too.
    """
    made = edit(text, edits)
    try:
        read = loads(made, config.file, folder).scalable_targets
    except ConfigError as error:
        raise EditError(f"it would not be sound: {error.problems[0]}") from error
    before = {each.id: each for each in config.scalable_targets}
    for each in read:
        if each != wanted.get(each.id, before.get(each.id)):
            fields = ", ".join(format_path(each.path) for each in edits)
            raise EditError(f"{each.id} would say something else too: set by hand {fields}")
    return made


def show_diff(before: str, after: str, name: str) -> str:
    """Write what changes in a file as a unified diff; "" for nothing."""
    lines = unified_diff(
        before.splitlines(keepends=True),
        after.splitlines(keepends=True),
        f"a/{name}",
        f"b/{name}",
    )
    return "".join(each if each.endswith("\n") else f"{each}\n" for each in lines)
