"""Where does a comment go that says why a value of a config was changed?

Right above the line that the value's key begins, below all that stands there already. One that was
put there before is replaced, so that they do not grow from round to round.
"""

from __future__ import annotations

from collections.abc import Mapping

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from flyball.config.problem import Path
from flyball.sizing.layout import find_end, say

THEN = "# Then: "


def comment_above(text: str, told: Mapping[Path, str]) -> str:
    """Put a comment above each of these values; JSON has none.

    Args:
        text: A config, sound.
        told: By a value's path from the root, what to say, without a full stop.
    """
    if text.lstrip()[:1] == "{":
        return text
    root = YAML(typ="safe", pure=True).compose(text.replace("\t", " "))
    lines = text.splitlines(keepends=True)
    newline = "\r\n" if "\r\n" in text else "\n"
    at = {_find_line(root, path): why for path, why in told.items()}
    for line in sorted(at, reverse=True):
        begin, end = _find_old(lines, line)
        margin = lines[line][: len(lines[line]) - len(lines[line].lstrip())]
        said = [f"{margin}{each}{newline}" for each in say(f"Then: {at[line]}.")]
        lines[begin:end] = said
    return "".join(lines)


def _find_line(root: Node, path: Path) -> int:
    """Find the line of the innermost key or item of a path that begins one."""
    node, line = root, 0
    for part in path:
        if isinstance(node, MappingNode):
            key, node = next(
                (key, value)
                for key, value in node.value
                if isinstance(key, ScalarNode) and key.value == part
            )
            line = key.start_mark.line
        elif isinstance(node, SequenceNode) and isinstance(part, int):
            node = node.value[part]
        if getattr(node, "flow_style", False) or isinstance(node, ScalarNode):
            break
    return line


def _find_old(lines: list[str], line: int) -> tuple[int, int]:
    """Find the comment that was put above a line before; nothing right above it, where none was."""
    begin = line
    while begin and lines[begin - 1].lstrip().startswith("#"):
        begin -= 1
        if lines[begin].lstrip().startswith(THEN):
            return begin, min(line, find_end(lines, begin))
    return line, line
