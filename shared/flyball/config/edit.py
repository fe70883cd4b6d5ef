"""How does a value get into a file that people wrote, with every other byte as it was?

The text of the one value is replaced where it stands; a key that is not there is added behind the
others of its mapping. Comments, order, quotes and indentation are never touched: the file is not
written again from what it says.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from flyball.config.problem import Path, format_path

Value = int | float | str


class EditError(Exception):
    """A value cannot be set without changing something else; the message says what to do."""


class Edit(NamedTuple):
    """A value to set.

    Attributes:
        path: From the root of the file.
        value: As it is written; text is a word or a few, such as `2 of 3` or `5m`.
    """

    path: Path
    value: Value


def edit(text: str, edits: Iterable[Edit]) -> str:
    """Set values in the text of a YAML or JSON file.

    Args:
        text: The file's, sound as a file.
        edits: What to set, one after the other. The mapping around a value, or the one around
            that, is there.

    Raises:
        EditError: The value, or what is around it, is shared by an alias or is no plain value.
    """
    for each in edits:
        text = _set(text, each)
    return text


def _set(text: str, wanted: Edit) -> str:
    root = YAML(typ="safe", pure=True).compose(text.replace("\t", " "))
    node: Node | None = root
    for depth, part in enumerate(wanted.path):
        if node is None:
            break
        inner = _find(node, part)
        if inner is None:
            return _insert(text, node, wanted, depth)
        if _is_shared(inner, part, node):
            raise EditError(_refuse(wanted, depth, "is shared, by an alias: write it out there"))
        node = inner
    if not isinstance(node, ScalarNode) or node.style in ("|", ">") or node.anchor:
        raise EditError(_refuse(wanted, len(wanted.path), "is no plain value: write it as one"))
    begin, end = node.start_mark.index, node.end_mark.index
    return text[:begin] + _write(wanted.value, node.style, text[:begin]) + text[end:]


def _refuse(wanted: Edit, depth: int, why: str) -> str:
    return f"{format_path(wanted.path[: depth + 1])} {why}"


def _find(node: Node, part: str | int) -> Node | None:
    """Find an own item or value; what is merged in is somebody else's."""
    if isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
        item: Node = node.value[part]
        return item
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if isinstance(key, ScalarNode) and key.value == part:
                found: Node = value
                return found
    return None


def _is_shared(inner: Node, part: str | int, node: Node) -> bool:
    """Say whether an alias stands there: then it is written somewhere before."""
    before = node.value[:part] if isinstance(part, int) else []
    keys = [] if isinstance(part, int) else [key for key, value in node.value if key.value == part]
    begin = keys[0].end_mark.index if keys else node.start_mark.index
    return bool(inner.start_mark.index < begin) or any(each is inner for each in before)


def _insert(text: str, node: Node, wanted: Edit, depth: int) -> str:
    """Add a key, with a mapping of its own if need be, behind the others."""
    missing = wanted.path[depth:]
    if not isinstance(node, MappingNode) or not all(isinstance(each, str) for each in missing):
        raise EditError(_refuse(wanted, depth, "cannot be added: write it out there"))
    quoted = any(isinstance(key, ScalarNode) and key.style == '"' for key, _ in node.value)
    names = [json.dumps(each) if quoted else str(each) for each in missing]
    value = _write(wanted.value, '"' if quoted else None, "")
    line = f"{names[-1]}: {value}"
    for name in reversed(names[:-1]):
        line = f"{name}: {{{line}}}"
    if not node.value:
        return f"{text[: node.start_mark.index]}{{{line}}}{text[node.end_mark.index :]}"
    first, (key, last) = node.value[0][0], node.value[-1]
    column = first.start_mark.column
    if not node.flow_style:
        end = _find_line_end(text, _find_end(text, key, last, node))
        return f"{text[:end]}{_find_newline(text)}{' ' * column}{line}{text[end:]}"
    end = last.end_mark.index if _is_inside(last, node) else _find_alias_end(text, key)
    gap = " "
    if first.start_mark.line > node.start_mark.line:
        gap = f"{_find_newline(text)}{' ' * column}"
    return f"{text[:end]},{gap}{line}{text[end:]}"


def _find_end(text: str, key: Node, last: Node, around: Node) -> int:
    """Find where the last value of a block mapping ends; a block's own mark is past comments."""
    while _is_inside(last, around):
        end: int = last.end_mark.index
        if isinstance(last, ScalarNode):
            return len(text[:end].rstrip())
        if not isinstance(last, (MappingNode, SequenceNode)) or last.flow_style or not last.value:
            return end
        around, item = last, last.value[-1]
        key, last = item if isinstance(last, MappingNode) else (item, item)
    return _find_alias_end(text, key) if key is not last else int(around.start_mark.index)


def _is_inside(node: Node, around: Node) -> bool:
    return bool(around.start_mark.index <= node.start_mark.index <= around.end_mark.index)


def _find_alias_end(text: str, key: Node) -> int:
    """Find the end of the alias that is a key's value."""
    end = text.index("*", key.end_mark.index)
    while end < len(text) and text[end] not in " ,}\r\n\t":
        end += 1
    return end


def _find_line_end(text: str, index: int) -> int:
    end = text.find("\n", index)
    end = len(text) if end < 0 else end
    return end - 1 if text[end - 1 : end] == "\r" else end


def _find_newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _write(value: Value, style: str | None, before: str) -> str:
    """Write a value, quoted as what it replaces; with a space where that had none."""
    written = value if isinstance(value, str) else repr(value)
    if style == '"':
        written = json.dumps(value)
    elif style == "'":
        written = f"'{written}'"
    return f" {written}" if before.endswith(":") else written
